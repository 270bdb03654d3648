//! Whether a server has what it is to have: a comparison with the top.

use std::collections::{BTreeMap, BTreeSet};

use headwater_model::{ClientId, GroupId, ServerId, Timestamp, UpdateId};

use crate::computer::Computer;
use crate::difference::{Approval, Cause, Comparison, Difference, NamedComputer, NamedGroup, Next, What};
use crate::follow::{own_of_the_name, parent};
use crate::group_plan::{Plan, Reason, Target};
use crate::server::{Follow, Mode, Server, Targeting};

/// What a server holds, but for its computers.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Contents {
    /// The newest revision of every update.
    pub updates: BTreeMap<UpdateId, u32>,
    /// But for the built-in ones.
    pub groups: BTreeMap<GroupId, Group>,
    /// The names of the built-in groups. Each server has its own for them, so they are not compared.
    pub built_in: BTreeMap<GroupId, String>,
    pub approvals: BTreeSet<Approval>,
    pub declined: BTreeSet<UpdateId>,
}

/// What is compared of a group.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Group {
    pub name: String,
    pub parent: Option<GroupId>,
}

/// How a server's last synchronisation went.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LastSync {
    Never,
    Running,
    Failed(Timestamp),
    Done(Timestamp),
}

/// The server that is compared.
#[derive(Debug, Clone, Copy)]
pub struct Compared<'a> {
    pub server: &'a Server,
    pub contents: &'a Contents,
    /// Those that this server has records of.
    pub computers: &'a [Computer],
    pub last_sync: LastSync,
}

/// Who is to be in which managed group on one server.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Wanted {
    pub managed: BTreeSet<GroupId>,
    pub members: BTreeSet<(ClientId, GroupId)>,
    /// Members that nobody writes.
    pub left: BTreeSet<(ClientId, GroupId)>,
    /// Whose policy asks for something else, and the value that is right.
    pub policies: BTreeMap<(ClientId, GroupId), String>,
    /// The names of managed groups that the top does not have any more, and what helps.
    pub gone: BTreeMap<String, Next>,
    /// Groups whose members nobody writes for now, each with the reason.
    pub held: BTreeMap<GroupId, String>,
    /// Updates that do not come to the server, for it or one above it does not take them.
    pub left_out: BTreeSet<UpdateId>,
    /// Computers whose memberships the server did not take, each with the reason.
    pub refused: BTreeMap<ClientId, String>,
}

impl Wanted {
    /// What the plan of all managed groups wants on one server.
    pub fn on(server: ServerId, plan: &Plan) -> Self {
        let mut wanted = Self::default();
        for group in &plan.groups {
            let id = match &group.target {
                Target::Ours(id) | Target::Adopt(id) => *id,
                Target::Create => {
                    wanted.gone.insert(group.name.clone(), Next::MakeAgain);
                    continue;
                }
                Target::Foreign { .. } | Target::BuiltIn { .. } | Target::Refused(_) => {
                    wanted.gone.insert(group.name.clone(), Next::Adopt { name: group.name.clone() });
                    continue;
                }
                Target::Recreate { .. } => continue,
            };
            wanted.managed.insert(id);
            if let Some(members) = group.servers.get(&server) {
                let stay = members.added.iter().chain(&members.unchanged);
                wanted.members.extend(stay.map(|client| (client.clone(), id)));
                wanted.left.extend(members.left.iter().map(|client| (client.clone(), id)));
            }
            for reason in group.unregistered.values() {
                if let Reason::Policy { place, value } = reason
                    && place.server == server
                {
                    wanted.policies.insert((place.client.clone(), id), value.clone());
                }
            }
        }
        wanted
    }
}

/// Compares a server with the top. Of the top itself only the managed groups and their members are compared. At most so many
/// differences of each kind are listed.
pub fn compare(
    top: &Contents,
    here: Compared,
    wanted: &Wanted,
    now: Timestamp,
    listed_per_kind_max: usize,
) -> Comparison {
    let mut found = Comparison::new(here.server.id, &here.server.name, listed_per_kind_max);
    let sides = Sides { top, here, wanted };
    if here.server.mode == Mode::Top {
        sides.gone(&mut found);
    } else {
        sides.updates(&mut found);
        sides.groups(&mut found);
        sides.approvals(&mut found);
        sides.declines(&mut found);
    }
    if here.server.has_managed_groups() {
        sides.members(now, &mut found);
    }
    found
}

fn differs(found: &mut Comparison, what: What, (cause, next): (Cause, Next)) {
    found.differs(Difference { what, cause, next });
}

/// What is compared with what.
struct Sides<'a> {
    top: &'a Contents,
    here: Compared<'a>,
    wanted: &'a Wanted,
}

impl Sides<'_> {
    fn updates(&self, found: &mut Comparison) {
        let (top, here) = (&self.top.updates, &self.here.contents.updates);
        for (&update, &revision) in top {
            let what = match here.get(&update) {
                // It is being cleaned up, from the lowest servers on.
                None if self.top.declined.contains(&update) => continue,
                None if self.wanted.left_out.contains(&update) => {
                    found.is_local(&What::UpdateMissing { update, revision });
                    continue;
                }
                None => What::UpdateMissing { update, revision },
                Some(&here) if here != revision => What::Revision { update, top: revision, here },
                Some(_) => continue,
            };
            differs(found, what, self.not_synchronised());
        }
        for (&update, &revision) in here.iter().filter(|(update, _)| !top.contains_key(update)) {
            let what = What::UpdateExtra { update, revision };
            differs(found, what, (Cause::NotAtTop, Next::CleanUp));
        }
    }

    fn gone(&self, found: &mut Comparison) {
        for (name, next) in &self.wanted.gone {
            differs(found, What::GroupGone(name.clone()), (Cause::Deleted, next.clone()));
        }
    }

    fn groups(&self, found: &mut Comparison) {
        let (top, here) = (&self.top.groups, &self.here.contents.groups);
        for (&id, group) in top.iter().filter(|(id, _)| self.is_from_top(**id)) {
            let named = NamedGroup { id, name: group.name.clone() };
            match here.get(&id) {
                None => differs(found, What::GroupMissing(named), self.group_cause(id)),
                Some(there) => {
                    if there.name != group.name {
                        let what = What::GroupName { top: named.clone(), here: there.name.clone() };
                        differs(found, what, self.not_arrived());
                    }
                    if there.parent != self.parent(id, group) {
                        differs(found, What::GroupParent(named), self.not_arrived());
                    }
                }
            }
        }
        for (&id, group) in here {
            let what = What::GroupExtra(NamedGroup { id, name: group.name.clone() });
            if !self.is_from_top(id) {
                found.is_local(&what);
            } else if !top.contains_key(&id) {
                differs(found, what, self.not_arrived());
            }
        }
    }

    /// Why a group of the top is not here.
    fn group_cause(&self, id: GroupId) -> (Cause, Next) {
        let is_taken = matches!(self.here.server.mode, Mode::Autonomous(_))
            && own_of_the_name(self.top, self.here.contents, id).is_some();
        if is_taken { (Cause::NameTaken, Next::FreeName) } else { self.not_arrived() }
    }

    /// Beneath which group it is to be here.
    fn parent(&self, id: GroupId, group: &Group) -> Option<GroupId> {
        match self.here.server.mode {
            Mode::Autonomous(_) => parent(self.top, id, &self.wanted.managed),
            Mode::Top | Mode::Replica => group.parent,
        }
    }

    fn approvals(&self, found: &mut Comparison) {
        let (top, here) = (by_target(&self.top.approvals), by_target(&self.here.contents.approvals));
        let targets: BTreeSet<&(UpdateId, GroupId)> = top.keys().chain(here.keys()).collect();
        let none = BTreeSet::new();
        for target in targets {
            let (_, id) = *target;
            let above = top.get(target).unwrap_or(&none);
            let below = here.get(target).unwrap_or(&none);
            let group = self.named(id);
            if !self.is_from_top(id) {
                for approval in below {
                    let (approval, group) = ((*approval).clone(), group.clone());
                    found.is_local(&What::ApprovalExtra { approval, group });
                }
                continue;
            }
            // The update itself is listed as left out.
            if self.wanted.left_out.contains(&target.0) && !self.here.contents.updates.contains_key(&target.0)
            {
                continue;
            }
            // It is listed as declined by the server itself.
            if self.here.server.mode != Mode::Replica && self.here.contents.declined.contains(&target.0) {
                continue;
            }
            let missing: Vec<&Approval> = above.difference(below).copied().collect();
            let extra: Vec<&Approval> = below.difference(above).copied().collect();
            if let ([top], [here]) = (missing.as_slice(), extra.as_slice()) {
                let what = What::ApprovalDiffers { top: (*top).clone(), here: (*here).clone(), group };
                differs(found, what, self.approval_cause(top));
                continue;
            }
            for approval in missing {
                let cause = self.approval_cause(approval);
                let (approval, group) = (approval.clone(), group.clone());
                differs(found, What::ApprovalMissing { approval, group }, cause);
            }
            for approval in extra {
                let (approval, group) = (approval.clone(), group.clone());
                differs(found, What::ApprovalExtra { approval, group }, self.not_arrived());
            }
        }
    }

    /// Why an approval of the top is not here.
    fn approval_cause(&self, approval: &Approval) -> (Cause, Next) {
        let here = self.here.contents;
        let (_, synchronise) = self.not_synchronised();
        let (arrival, write) = self.not_arrived();
        let is_custom = self.top.groups.contains_key(&approval.group);
        if here.updates.get(&approval.update).is_none_or(|revision| *revision < approval.revision) {
            (Cause::UpdateNotHere, synchronise)
        } else if is_custom && !here.groups.contains_key(&approval.group) {
            (Cause::GroupNotHere, write)
        } else {
            (arrival, write)
        }
    }

    fn declines(&self, found: &mut Comparison) {
        let (top, here) = (&self.top.declined, &self.here.contents.declined);
        if self.here.server.mode != Mode::Replica {
            here.iter().for_each(|update| found.is_local(&What::DeclineExtra(*update)));
            return;
        }
        // A decline of what one of them does not have means nothing to computers.
        let (top_has, here_has) = (&self.top.updates, &self.here.contents.updates);
        let both_have = |update: &&UpdateId| top_has.contains_key(update) && here_has.contains_key(update);
        for update in top.difference(here).filter(both_have) {
            differs(found, What::DeclineMissing(*update), self.not_synchronised());
        }
        for update in here.difference(top).filter(both_have) {
            differs(found, What::DeclineExtra(*update), self.not_synchronised());
        }
    }

    fn members(&self, now: Timestamp, found: &mut Comparison) {
        let wanted = self.wanted;
        let mut computers: Vec<&Computer> =
            self.here.computers.iter().filter(|computer| computer.is_in_contact(now)).collect();
        computers.sort_by_key(|computer| &computer.client);
        for at in computers {
            let computer = NamedComputer { client: at.client.clone(), name: at.name.clone() };
            for id in &wanted.managed {
                let key = (at.client.clone(), *id);
                let (is_wanted, is_member) = (wanted.members.contains(&key), at.groups.contains(id));
                let (computer, group) = (computer.clone(), self.named(*id));
                if let Some(value) = wanted.policies.get(&key) {
                    self.policy(What::MemberMissing { computer, group }, value, found);
                } else if is_wanted && !is_member {
                    let cause = self.not_written(&at.client, *id);
                    differs(found, What::MemberMissing { computer, group }, cause);
                } else if is_member && !is_wanted && !wanted.left.contains(&key) {
                    let cause = self.not_written(&at.client, *id);
                    differs(found, What::MemberExtra { computer, group }, cause);
                }
            }
        }
    }

    /// Why a computer is not in a group as it is to be.
    fn not_written(&self, computer: &ClientId, group: GroupId) -> (Cause, Next) {
        match (self.wanted.held.get(&group), self.wanted.refused.get(computer)) {
            (Some(why), _) => (Cause::Held(why.clone()), Next::ApplyPlan { name: self.named(group).name }),
            (None, Some(why)) => (Cause::Refused(why.clone()), Next::WriteAgain),
            (None, None) => (Cause::NotWritten, Next::Write),
        }
    }

    fn policy(&self, what: What, value: &str, found: &mut Comparison) {
        match self.here.server.targeting {
            Targeting::ClientAccepted => found.is_local(&what),
            Targeting::Client | Targeting::Server => {
                differs(found, what, (Cause::Policy, Next::SetPolicy { value: value.to_owned() }));
            }
        }
    }

    /// Whether the group, and what is approved for it, is to be as at the top.
    fn is_from_top(&self, group: GroupId) -> bool {
        match self.here.server.mode {
            Mode::Top | Mode::Replica => true,
            Mode::Autonomous(Follow::Nothing) => false,
            Mode::Autonomous(Follow::ManagedGroups) => self.wanted.managed.contains(&group),
        }
    }

    /// Why something has not come by the server's own synchronisation.
    fn not_synchronised(&self) -> (Cause, Next) {
        match self.here.last_sync {
            LastSync::Never => (Cause::NeverSynchronised, Next::Synchronise),
            LastSync::Running => (Cause::Synchronising, Next::Wait),
            LastSync::Failed(at) => (Cause::SynchronisationFailed(at), Next::RepairSynchronisation),
            LastSync::Done(at) => (Cause::SinceSynchronisation(at), Next::Synchronise),
        }
    }

    /// Why a group or an approval is not as at the top: only a replica gets these by itself.
    fn not_arrived(&self) -> (Cause, Next) {
        match self.here.server.mode {
            Mode::Autonomous(_) => (Cause::NotWritten, Next::Write),
            Mode::Top | Mode::Replica => self.not_synchronised(),
        }
    }

    fn named(&self, id: GroupId) -> NamedGroup {
        let custom = |contents: &Contents| contents.groups.get(&id).map(|group| group.name.clone());
        let known = custom(self.top).or_else(|| custom(self.here.contents));
        let known = known.or_else(|| self.top.built_in.get(&id).cloned());
        NamedGroup { id, name: known.unwrap_or_else(|| id.to_string()) }
    }
}

fn by_target(approvals: &BTreeSet<Approval>) -> BTreeMap<(UpdateId, GroupId), BTreeSet<&Approval>> {
    let mut targets: BTreeMap<(UpdateId, GroupId), BTreeSet<&Approval>> = BTreeMap::new();
    for approval in approvals {
        targets.entry((approval.update, approval.group)).or_default().insert(approval);
    }
    targets
}

#[cfg(test)]
#[path = "in_step_tests.rs"]
mod tests;
