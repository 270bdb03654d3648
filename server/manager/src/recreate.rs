//! WSUS groups that are made again under the new names of their host groups: the new one is made, gets the approvals
//! and the members, and then the old one goes, so that no computer loses an approval in between.
//!
//! What was begun stands in the database before it is done, and a run of the synchronisation command completes it.

use std::collections::{BTreeMap, BTreeSet, HashSet};

use headwater_api::linkage::Approve;
use headwater_api::{
    DifferenceKind, NewRevisions, PlannedGroup, Recreated, SyncDifference, SyncReport, SyncServerState,
};
use headwater_model::{GroupId, ServerId, Sha256Digest, UpdateId, chain};
use headwater_store::{AuditRow, HostGroupRow};
use headwater_tree::computer::{Computer, Place};
use headwater_tree::difference::Approval;
use headwater_tree::group_plan::{GroupPlan, Plan, Target};
use headwater_tree::in_step::Contents;
use headwater_tree::recreate::{Stays, copies, stays};
use headwater_tree::server::Server;

use crate::ask::Way;
use crate::compare::{action, contents, told_approval};
use crate::fingerprint::fingerprint;
use crate::known::{Known, host_group_id};
use crate::running::GoesOn;
use crate::tree::Tree;
use crate::{Manager, ManagerError};

/// Computers that are named of all that keep a group.
const NAMED_MAX: usize = 5;

/// The approvals that are copied, by the group whose place another one takes.
#[derive(Default)]
pub(crate) struct Copied {
    of: BTreeMap<GroupId, (String, Vec<Approval>)>,
}

impl Copied {
    pub fn of(&self, group: &GroupPlan) -> Option<Recreated> {
        let Target::Recreate { old, .. } = group.target else { return None };
        let (name, approvals) = self.of.get(&old)?;
        Some(Recreated { group: old, name: name.clone(), approvals: approvals.len() as u64, stays: None })
    }

    /// What was read to make a plan, the approvals too.
    pub fn state(&self, plan: Sha256Digest) -> String {
        if self.of.is_empty() {
            return plan.to_string();
        }
        let approvals: Vec<_> =
            self.of.values().flat_map(|(_, approvals)| approvals).map(told_approval).collect();
        fingerprint(&(plan.to_string(), approvals)).to_string()
    }
}

/// What is done with the groups whose place others took.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Old {
    Delete,
    /// Nothing is written.
    List,
}

/// What became of the groups whose place others took.
#[derive(Default)]
pub(crate) struct Replaced {
    /// Their names.
    deleted: Vec<String>,
    /// Why others stay, in sentences.
    kept: BTreeMap<GroupId, String>,
    /// Why it is not known of all of them, in a sentence.
    unread: Option<String>,
}

impl Replaced {
    /// Why a group stays, if it does or that is not known.
    pub fn stays(&self, group: GroupId) -> Option<String> {
        self.kept.get(&group).or(self.unread.as_ref()).cloned()
    }

    /// Tells it as done, or as different, at the top.
    pub fn tell(self, report: &mut SyncReport) {
        let Some(top) = report.servers.first_mut() else { return };
        top.changed
            .extend(self.deleted.iter().map(|name| format!("group {name} was deleted, for it was replaced")));
        let stay: Vec<String> = self.kept.into_values().chain(self.unread).collect();
        if stay.is_empty() {
            return;
        }
        top.differences_total += stay.len() as u64;
        let told = stay.into_iter().map(|text| SyncDifference { kind: DifferenceKind::Group, text });
        top.differences.extend(told);
        if top.state == SyncServerState::InStep {
            top.state = SyncServerState::Differs;
        }
        if report.exit == 0 {
            report.exit = 1;
        }
    }
}

/// The groups that were made under new names by plans that were cut off.
pub(crate) fn begun(known: &Known) -> Vec<GroupId> {
    let names: HashSet<String> =
        known.rows.iter().filter_map(|row| row.recreating.as_ref()).map(|name| name.to_lowercase()).collect();
    let groups = known.groups.iter().filter(|group| names.contains(&group.name.to_lowercase()));
    groups.map(|group| group.id).collect()
}

impl Manager {
    /// What is copied where groups are made again, or why that cannot be.
    pub(crate) async fn copied(&self, way: &Way, known: &Known, plan: &Plan) -> Result<Copied, ManagerError> {
        let mut copied = Copied::default();
        let again = plan.groups.iter().filter_map(|group| match group.target {
            Target::Recreate { old, new } => Some((group, old, new)),
            _ => None,
        });
        let again: Vec<_> = again.collect();
        if again.is_empty() {
            return Ok(copied);
        }
        let top = contents(&self.contents_of(way, &way.top).await?);
        for (group, old, new) in again {
            let name = top.groups.get(&old).map_or_else(|| old.to_string(), |known| known.name.clone());
            if known.row(group.group).is_some_and(|row| row.replaced.is_some()) {
                return Err(ManagerError::Refused(format!(
                    "the WSUS group whose place `{name}` took is still there: let `headwater wsus sync` delete it first"
                )));
            }
            let approvals = copies(&top, old, new).map_err(|why| {
                ManagerError::Refused(format!("`{name}` cannot be made again as `{}`: {why}", group.name))
            })?;
            copied.of.insert(old, (name, approvals.into_iter().cloned().collect()));
        }
        Ok(copied)
    }

    /// Makes the group that takes the place of the old one, with its approvals.
    pub(crate) async fn make_again(
        &self,
        way: &Way,
        row: &HostGroupRow,
        planned: &PlannedGroup,
        old: GroupId,
        by: &str,
    ) -> Result<GroupId, ManagerError> {
        self.store.begin_recreate(row.id, &planned.name).await?;
        let top = contents(&self.contents_of(way, &way.top).await?);
        let parent = top.groups.get(&old).and_then(|group| group.parent);
        let group = match planned.group {
            Some(group) => group,
            None => self.create_group_on(way, &way.top, &planned.name, parent, by).await?.id,
        };
        let refused = |reason: String| {
            ManagerError::Refused(format!("the approvals for `{}` cannot be copied: {reason}", planned.name))
        };
        let approvals = copies(&top, old, planned.group).map_err(|why| refused(why.to_string()))?;
        let mut batches: Vec<(Approve, Vec<UpdateId>)> = Vec::new();
        for approval in approvals {
            let approve = Approve {
                by: by.to_owned(),
                updates: Vec::new(),
                group,
                action: Some(action(approval.action)),
                deadline: approval.deadline,
                new_revisions: NewRevisions::default(),
                seen: Vec::new(),
            };
            match batches.iter_mut().find(|(one, _)| *one == approve) {
                Some((_, updates)) => updates.push(approval.update),
                None => batches.push((approve, vec![approval.update])),
            }
        }
        for (approve, updates) in batches {
            for updates in updates.chunks(headwater_api::UPDATES_PER_REQUEST_MAX) {
                let approve = Approve { updates: updates.to_vec(), ..approve.clone() };
                let decided = self.approve_on(way, &way.top, approve).await?;
                if let Some((update, reason)) = decided.refused.first() {
                    return Err(refused(format!("{update}: {reason}")));
                }
            }
        }
        self.store.replace_wsus_group(row.id, group).await?;
        Ok(group)
    }

    /// Deletes the groups whose place others took and that nobody needs any more, or says which would be.
    /// It is looked before each call whether the run goes on.
    pub(crate) async fn delete_replaced(
        &self,
        way: &Way,
        tree: &Tree,
        old: Old,
        by: &str,
        goes_on: GoesOn<'_>,
    ) -> Replaced {
        let mut replaced = Replaced::default();
        if let Err(error) = self.delete_each(way, tree, old, by, goes_on, &mut replaced).await {
            replaced.unread = Some(format!(
                "Not all groups whose place others took are looked after: {}. The next `headwater wsus sync` does it.",
                chain(&error)
            ));
        }
        replaced
    }

    async fn delete_each(
        &self,
        way: &Way,
        tree: &Tree,
        does: Old,
        by: &str,
        goes_on: GoesOn<'_>,
        replaced: &mut Replaced,
    ) -> Result<(), ManagerError> {
        if self.store.host_groups().await?.iter().all(|row| row.replaced.is_none()) {
            return Ok(());
        }
        let (known, unreached) = self.known_for_sure(way, tree, goes_on).await?;
        goes_on()?;
        let top = contents(&self.contents_of(way, &way.top).await?);
        for row in &known.rows {
            let (Some(old), Some(new)) = (row.replaced, row.wsus_group) else { continue };
            let Some(group) = known.groups.iter().find(|group| group.id == old) else {
                if does == Old::Delete {
                    self.store.forget_replaced(row.id).await?;
                }
                continue;
            };
            if let Some(why) = stays(host_group_id(row), old, new, &known.state(), &unreached) {
                replaced.kept.insert(old, sentence(&group.name, &why, &known));
                continue;
            }
            if let Some(why) = self.keeps_approvals(&top, old, new, &group.name, &row.name) {
                replaced.kept.insert(old, why);
                continue;
            }
            if does == Old::List {
                let approvals = top.approvals.iter().filter(|one| one.group == old).count();
                let still_there = format!(
                    "Group `{}`, whose place `{}` took, is still there with its {approvals} approvals, which that one \
                     has too. `headwater wsus sync` deletes it.",
                    group.name, row.name
                );
                replaced.kept.insert(old, still_there);
                continue;
            }
            goes_on()?;
            if let Err(error) = self.delete_group_on(way, &way.top, old, by).await {
                let why = format!("`{}` was replaced and is not deleted: {}", group.name, chain(&error));
                replaced.kept.insert(old, why);
                continue;
            }
            self.store.forget_replaced(row.id).await?;
            let after = Some(format!("deleted: `{}` has its approvals and members", row.name));
            let deleted = AuditRow { after, ..AuditRow::of(self.now(), by, "delete group", &group.name) };
            self.store.audit(&deleted).await?;
            replaced.deleted.push(group.name.clone());
        }
        if !replaced.deleted.is_empty() {
            goes_on()?;
            self.synchronise_below(way, by).await?;
        }
        Ok(())
    }

    /// What somebody approved for a group after another took its place would go with it: which of the two is meant
    /// is theirs to say.
    fn keeps_approvals(
        &self,
        top: &Contents,
        old: GroupId,
        new: GroupId,
        name: &str,
        by: &str,
    ) -> Option<String> {
        let mirror = self.mirror();
        let title = |update: UpdateId| mirror.updates.title(update);
        match copies(top, old, Some(new)) {
            Ok(only_old) if only_old.is_empty() => None,
            Ok(only_old) => {
                let mut named: Vec<String> =
                    only_old.iter().take(NAMED_MAX).map(|one| title(one.update)).collect();
                if only_old.len() > NAMED_MAX {
                    named.push(format!("{} more", only_old.len() - NAMED_MAX));
                }
                Some(format!(
                    "Group `{name}` stays, for these are approved for it and not likewise for `{by}`, which took its \
                     place: {}. Approve them for that one, or not for `{name}`, then run `headwater wsus sync`.",
                    named.join(", ")
                ))
            }
            Err(why) => Some(format!("Group `{name}` stays: {why}.")),
        }
    }

    /// What is known now, and the servers whose computers are not.
    async fn known_for_sure(
        &self,
        way: &Way,
        tree: &Tree,
        goes_on: GoesOn<'_>,
    ) -> Result<(Known, Vec<ServerId>), ManagerError> {
        goes_on()?;
        let known = self.known(way, tree).await?;
        let (asked, others): (Vec<&Server>, Vec<&Server>) =
            known.servers.iter().partition(|server| server.has_managed_groups());
        let of_others =
            known.computers.iter().filter(|one| others.iter().any(|other| other.id == one.server));
        let mut computers: Vec<Computer> = of_others.cloned().collect();
        let mut unreached = Vec::new();
        for server in asked {
            goes_on()?;
            let told = match tree.linkages.get(&server.id) {
                Some(linkage) => self.computers_at(way, tree, linkage).await.ok(),
                None => None,
            };
            match told {
                Some(told) => computers.extend(told),
                None => unreached.push(server.id),
            }
        }
        // Anew, for a rule finds the computers of a server that was not reached at first.
        Ok((Known::of(known.rows, known.groups, computers, known.servers, known.sightings)?, unreached))
    }
}

fn sentence(name: &str, why: &Stays, known: &Known) -> String {
    let names = known.names();
    let list = |places: &BTreeSet<Place>| {
        let name = |place: &Place| {
            names.get(&place.client).map_or_else(|| place.client.to_string(), |name| (*name).to_owned())
        };
        let mut named: Vec<String> = places.iter().take(NAMED_MAX).map(name).collect();
        if places.len() > NAMED_MAX {
            named.push(format!("{} more", places.len() - NAMED_MAX));
        }
        named.join(", ")
    };
    match why {
        Stays::NotReached(server) => format!(
            "Group `{name}` stays, for the computers of {} are not known. Run `headwater wsus sync` when it is reached.",
            known.server_name(*server)
        ),
        Stays::NotMoved(places) => format!(
            "Group `{name}` stays, for these are not in the one that takes its place yet: {}. `headwater wsus sync` \
             writes them.",
            list(places)
        ),
        Stays::Left(places) => format!(
            "Group `{name}` stays, for nobody writes these, which are in it: {}. See why with `headwater wsus group \
             preview`.",
            list(places)
        ),
    }
}

#[cfg(test)]
mod tests {
    use futures_util::FutureExt as _;
    use headwater_model::Timestamp;
    use headwater_store::NewHostGroupRow;

    use super::*;
    use crate::known::sample_known;
    use crate::sample;

    #[tokio::test]
    async fn a_run_that_is_stopped_asks_nothing_more_about_groups() {
        let (_folder, manager, silent) = sample::linked_with_a_silent_server(|| Timestamp::EPOCH).await;
        for (number, name) in (7..).zip(["Berlin", "Munich"]) {
            let new = NewHostGroupRow {
                wsus_group: Some(GroupId::from_u128(number)),
                ..NewHostGroupRow::named(name)
            };
            assert!(manager.store.add_host_group(&new, "ada", Timestamp::EPOCH).await.expect("writes"));
        }
        let way = manager.way().await.expect("is linked");
        let rows = manager.store.host_groups().await.expect("reads");
        let servers = sample_known(&["top"], Vec::new()).servers;
        let known = Known::of(rows.clone(), Vec::new(), Vec::new(), servers, Vec::new()).expect("is known");
        let stopped = || Err(ManagerError::Refused("anna stopped the run".to_owned()));

        let made = manager.make_lost_groups(&way, &known, "ada", &stopped).await;
        assert!(made.is_err_and(|error| error.to_string().contains("anna stopped")));
        manager.store.replace_wsus_group(rows[0].id, GroupId::from_u128(9)).await.expect("writes");
        let replaced = manager.delete_replaced(&way, &Tree::default(), Old::Delete, "ada", &stopped).await;
        let unread = replaced.unread.expect("says why");
        assert!(unread.contains("anna stopped the run") && unread.contains("The next"), "{unread}");
        assert!(silent.accept().now_or_never().is_none(), "nobody was asked");
    }
}
