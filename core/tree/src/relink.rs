//! What a WSUS in the place of another lacks: groups, approvals, declines and members, as they were there.
//!
//! What somebody decided there is left, but for approvals of updates that were halted. What cannot be done yet,
//! for the update or the computer is not there, is named and stays open for a later plan.

use std::collections::{BTreeMap, BTreeSet};

use headwater_model::{ClientId, GroupId, ServerId, UpdateId};

use crate::computer::{Computer, Place, folded};
use crate::difference::{Action, Approval};
use crate::in_step::{Contents, Group};

/// What is to be there again.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Source {
    pub contents: Contents,
    pub members: BTreeSet<(ClientId, GroupId)>,
    /// Updates that nobody is to be offered.
    pub halted: BTreeSet<UpdateId>,
}

/// The WSUS that takes the place, with the servers below it.
#[derive(Debug, Clone, Copy)]
pub struct Successor<'a> {
    pub server: ServerId,
    pub contents: &'a Contents,
    /// Of the whole tree, as far as it is reached.
    pub computers: &'a [Computer],
    pub detecting: Detecting,
}

/// Whether updates can be approved for detection only.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Detecting {
    Approvable,
    /// A Microsoft WSUS detects whatever is not approved.
    Always,
}

/// One thing to write. Groups are named by the ids that they had in the source.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Step {
    CreateGroup {
        group: GroupId,
        name: String,
        /// Of the source; `None` for All Computers.
        parent: Option<GroupId>,
    },
    /// It stands there and the update was halted.
    Withdraw(Approval),
    Decline(UpdateId),
    /// With the revision that is the newest there.
    Approve {
        approval: Approval,
        /// What stands there for the same update and group.
        replaces: Option<Approval>,
    },
    AddMember {
        place: Place,
        group: GroupId,
    },
}

/// What is not done by this plan.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Open {
    Approval { approval: Approval, why: NotApproved },
    Decline(UpdateId),
    Member { client: ClientId, group: GroupId, why: NotMember },
}

/// Why an approval is not written.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, thiserror::Error)]
pub enum NotApproved {
    #[error("the update is not there yet")]
    UpdateNotThere,
    #[error("the update is there in revision {there} only")]
    OlderThere { there: u32 },
    #[error("it was approved in this revision, not in the newest one, and {there} is the newest there")]
    Waits { there: u32 },
    #[error("the update is declined")]
    Declined,
    #[error("a Microsoft WSUS detects whatever is not approved")]
    DetectsAnyway,
    #[error("the group is gone")]
    GroupGone,
}

impl NotApproved {
    /// Whether time may help.
    pub fn is_open(&self) -> bool {
        matches!(self, Self::UpdateNotThere | Self::OlderThere { .. })
    }
}

/// Why a computer is not put into a group.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, thiserror::Error)]
pub enum NotMember {
    #[error("no server of the tree knows it yet")]
    NotSeen,
    #[error("its server gets the group with its next synchronisation")]
    GroupBelow,
    #[error("the group is gone")]
    GroupGone,
}

impl NotMember {
    /// Whether time may help.
    pub fn is_open(self) -> bool {
        self != Self::GroupGone
    }
}

/// All that would be written, in the order in which it is, and what would not.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Plan {
    pub steps: Vec<Step>,
    pub open: BTreeSet<Open>,
    /// Approvals that the source does not have. They stay.
    pub only_there: BTreeSet<Approval>,
    /// The groups that are there already, by the ids that they had in the source.
    pub groups: BTreeMap<GroupId, GroupId>,
}

/// Plans what the successor lacks.
pub fn plan(source: &Source, successor: Successor) -> Plan {
    let there = successor.contents;
    let groups = Groups::matched(&source.contents, there);
    let mut plan = Plan { groups: groups.there.clone(), ..Plan::default() };
    plan.steps.extend(groups.create.iter().map(|(group, Group { name, parent })| Step::CreateGroup {
        group: *group,
        name: name.clone(),
        parent: parent.filter(|parent| source.contents.groups.contains_key(parent)),
    }));
    let halted = there.approvals.iter().filter(|approval| source.halted.contains(&approval.update));
    plan.steps.extend(halted.cloned().map(Step::Withdraw));
    for update in source.contents.declined.difference(&there.declined) {
        match there.updates.contains_key(update) {
            true => plan.steps.push(Step::Decline(*update)),
            false => drop(plan.open.insert(Open::Decline(*update))),
        }
    }
    approvals(source, successor, &groups, &mut plan);
    members(source, successor, &groups, &mut plan);
    plan
}

/// The groups of the source on the other side.
struct Groups<'a> {
    there: BTreeMap<GroupId, GroupId>,
    /// Each after the one above it.
    create: Vec<(GroupId, &'a Group)>,
}

impl<'a> Groups<'a> {
    /// A group is the same by its id, or else by its name.
    fn matched(source: &'a Contents, there: &Contents) -> Self {
        let by_id = there.groups.keys().chain(there.built_in.keys());
        let mut matched: BTreeMap<GroupId, GroupId> = by_id.map(|id| (*id, *id)).collect();
        let taken = |id: &&GroupId| !source.groups.contains_key(id);
        let names: BTreeMap<String, GroupId> =
            there.groups.keys().filter(taken).map(|id| (folded(&there.groups[id].name), *id)).collect();
        let mut create = Vec::new();
        for (id, group) in &source.groups {
            if matched.contains_key(id) {
                continue;
            }
            match names.get(&folded(&group.name)) {
                Some(same) => drop(matched.insert(*id, *same)),
                None => create.push((*id, group)),
            }
        }
        create.sort_by_key(|(id, _)| depth(source, *id));
        Self { there: matched, create }
    }

    fn is_known(&self, id: GroupId) -> bool {
        self.there.contains_key(&id) || self.create.iter().any(|(made, _)| *made == id)
    }
}

fn depth(contents: &Contents, id: GroupId) -> usize {
    let above = |id: &GroupId| contents.groups.get(id).and_then(|group| group.parent);
    std::iter::successors(Some(id), above).take(contents.groups.len() + 1).count()
}

fn approvals(source: &Source, successor: Successor, groups: &Groups, plan: &mut Plan) {
    let there = successor.contents;
    // Of several revisions that are approved for one group the newest counts.
    let wanted: BTreeMap<(UpdateId, GroupId), &Approval> =
        source.contents.approvals.iter().map(|one| ((one.update, one.group), one)).collect();
    let standing: BTreeMap<(UpdateId, GroupId), &Approval> =
        there.approvals.iter().map(|one| ((one.update, one.group), one)).collect();
    let mut matched = BTreeSet::new();
    for ((update, group), approval) in wanted {
        if source.halted.contains(&update) {
            continue;
        }
        let standing = groups.there.get(&group).and_then(|id| standing.get(&(update, *id)));
        matched.extend(standing.copied());
        match approvable(approval, source, successor, groups) {
            Err(why) => drop(plan.open.insert(Open::Approval { approval: approval.clone(), why })),
            Ok(revision) => {
                let is_same = |one: &&&Approval| {
                    let terms = (one.action, one.deadline) == (approval.action, approval.deadline);
                    terms && [revision, approval.revision].contains(&one.revision)
                };
                if standing.filter(is_same).is_none() {
                    let approval = Approval { revision, ..approval.clone() };
                    plan.steps.push(Step::Approve { approval, replaces: standing.copied().cloned() });
                }
            }
        }
    }
    let others = there.approvals.iter().filter(|one| !matched.contains(one));
    plan.only_there.extend(others.filter(|one| !source.halted.contains(&one.update)).cloned());
}

/// The revision that is approved.
fn approvable(
    approval: &Approval,
    source: &Source,
    successor: Successor,
    groups: &Groups,
) -> Result<u32, NotApproved> {
    if !groups.is_known(approval.group) {
        return Err(NotApproved::GroupGone);
    }
    if source.contents.declined.contains(&approval.update) {
        return Err(NotApproved::Declined);
    }
    if approval.action == Action::Detect && successor.detecting == Detecting::Always {
        return Err(NotApproved::DetectsAnyway);
    }
    let there = *successor.contents.updates.get(&approval.update).ok_or(NotApproved::UpdateNotThere)?;
    if there < approval.revision {
        return Err(NotApproved::OlderThere { there });
    }
    let newest = source.contents.updates.get(&approval.update);
    if newest.is_some_and(|newest| *newest > approval.revision) && there > approval.revision {
        return Err(NotApproved::Waits { there });
    }
    Ok(there)
}

/// A computer is written where it reports. A group that is made anew is not on the servers below yet.
fn members(source: &Source, successor: Successor, groups: &Groups, plan: &mut Plan) {
    let mut computers: BTreeMap<&ClientId, &Computer> = BTreeMap::new();
    for computer in successor.computers {
        let known = computers.entry(&computer.client).or_insert(computer);
        if known.last_contact_at < computer.last_contact_at {
            *known = computer;
        }
    }
    for (client, group) in &source.members {
        let open = |why| Open::Member { client: client.clone(), group: *group, why };
        let there = groups.there.get(group);
        match computers.get(client) {
            _ if !groups.is_known(*group) => drop(plan.open.insert(open(NotMember::GroupGone))),
            None => drop(plan.open.insert(open(NotMember::NotSeen))),
            Some(computer) if there.is_some_and(|id| computer.groups.contains(id)) => {}
            Some(computer) if computer.server != successor.server && there != Some(group) => {
                plan.open.insert(open(NotMember::GroupBelow));
            }
            Some(computer) => plan.steps.push(Step::AddMember { place: computer.place(), group: *group }),
        }
    }
}

#[cfg(test)]
#[path = "relink_tests.rs"]
mod tests;
