//! Writing what a plan says, in its order: computers come into groups for which everything is approved.

use std::collections::{BTreeMap, BTreeSet};

use headwater_api::linkage::{
    Approve, Contents, Decided, Decline, MembershipChange, Memberships, WsusApproval, WsusGroup,
};
use headwater_api::{ApprovalAction, NewRevisions, RelinkCounts, RelinkStep, UPDATES_PER_REQUEST_MAX};
use headwater_model::{GroupId, ServerId, Timestamp, UpdateId};
use headwater_policy::group::ALL_COMPUTERS;
use headwater_tree::difference::Approval;
use headwater_tree::relink::{Open, Step};

use super::source::Kept;
use super::{Reading, words};
use crate::ask::Way;
use crate::compare::{action, told_approval};
use crate::{Manager, ManagerError};

/// What came of it.
pub(super) struct Written {
    /// The groups by the ids that they had.
    pub groups: BTreeMap<GroupId, GroupId>,
    /// What the WSUS did not take, each with a sentence.
    pub refused: Vec<(Step, String)>,
}

impl Written {
    /// What was taken of a plan.
    pub fn counts(&self, reading: &Reading) -> RelinkCounts {
        let refused: BTreeSet<&Step> = self.refused.iter().map(|(step, _)| step).collect();
        let steps = reading.plan.steps.iter().zip(&reading.told.steps);
        let done: Vec<RelinkStep> =
            steps.filter(|(step, _)| !refused.contains(step)).map(|(_, told)| told.clone()).collect();
        RelinkCounts::of(&done)
    }
}

impl Manager {
    /// The group of this name at this place of the WSUS, if there is one.
    async fn group_at(
        &self,
        way: &Way,
        name: &str,
        parent: Option<GroupId>,
    ) -> Result<Option<GroupId>, ManagerError> {
        let groups = self.groups_of(way, &way.top).await?;
        let is_it = |one: &&WsusGroup| {
            let place = parent.unwrap_or(ALL_COMPUTERS);
            !one.built_in && one.name.to_lowercase() == name.to_lowercase() && one.parent == Some(place)
        };
        Ok(groups.iter().find(is_it).map(|one| one.id))
    }

    pub(super) async fn carry_out(&self, reading: &Reading, by: &str) -> Result<Written, ManagerError> {
        let way = &reading.way;
        let mut written = Written { groups: reading.plan.groups.clone(), refused: Vec::new() };
        for step in &reading.plan.steps {
            if let Step::CreateGroup { group, name, parent } = step {
                let parent = parent.and_then(|parent| written.groups.get(&parent).copied());
                let again = WsusGroup { id: *group, name: name.clone(), parent, built_in: false };
                let made = match self.copy_group_on(way, &way.top, again, by).await {
                    Ok(made) => made.id,
                    // The order of a managing server that was killed may have been carried out just now.
                    Err(error) => self.group_at(way, name, parent).await?.ok_or(error)?,
                };
                written.groups.insert(*group, made);
            }
        }
        let by = by.to_owned();
        for batch in batches(&reading.plan.steps, &written.groups) {
            let decided = match batch.what {
                What::Decline => {
                    let decline =
                        Decline { by: by.clone(), updates: batch.updates(), decline: true, seen: Vec::new() };
                    self.decline_on(way, &way.top, decline).await?
                }
                What::Approve { group, action, deadline } => {
                    let (by, updates, seen) = (by.clone(), batch.updates(), Vec::new());
                    let new_revisions = NewRevisions::default();
                    let approve = Approve { by, updates, group, action, deadline, new_revisions, seen };
                    self.approve_as_there(way, &way.top, approve).await?
                }
                What::Members(server) => {
                    let Some(linkage) = reading.tree.linkages.get(&server) else { continue };
                    let add = batch.members(&written.groups);
                    let memberships = Memberships { by: by.clone(), add, remove: Vec::new() };
                    self.change_memberships_on(way, linkage, memberships).await?
                }
            };
            note(&mut written.refused, &batch, decided, reading);
        }
        Ok(written)
    }
}

/// What one request asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum What {
    Decline,
    Approve {
        group: GroupId,
        /// `None` takes the approval back.
        action: Option<ApprovalAction>,
        deadline: Option<Timestamp>,
    },
    Members(ServerId),
}

struct Batch<'a> {
    what: What,
    /// With their places in the plan.
    steps: Vec<(usize, &'a Step)>,
}

impl Batch<'_> {
    fn updates(&self) -> Vec<UpdateId> {
        self.steps.iter().filter_map(|(_, step)| update(step)).collect()
    }

    fn members(&self, groups: &BTreeMap<GroupId, GroupId>) -> Vec<MembershipChange> {
        let member = |(_, step): &(usize, &Step)| match step {
            Step::AddMember { place, group } => {
                Some(MembershipChange { client: place.client.clone(), group: *groups.get(group)? })
            }
            _ => None,
        };
        self.steps.iter().filter_map(member).collect()
    }
}

fn update(step: &Step) -> Option<UpdateId> {
    match step {
        Step::Decline(update) => Some(*update),
        Step::Approve { approval, .. } | Step::Withdraw(approval) => Some(approval.update),
        Step::CreateGroup { .. } | Step::AddMember { .. } => None,
    }
}

/// The steps after the groups in requests that hold many of them, in the plan's order of kinds.
fn batches<'a>(steps: &'a [Step], groups: &BTreeMap<GroupId, GroupId>) -> Vec<Batch<'a>> {
    let mut batches: Vec<Batch> = Vec::new();
    // The last one of each.
    let mut open: BTreeMap<What, usize> = BTreeMap::new();
    for (at, step) in steps.iter().enumerate() {
        let what = match step {
            Step::CreateGroup { .. } => continue,
            Step::Withdraw(approval) => What::Approve { group: approval.group, action: None, deadline: None },
            Step::Decline(_) => What::Decline,
            Step::Approve { approval, .. } => match groups.get(&approval.group) {
                Some(group) => What::Approve {
                    group: *group,
                    action: Some(action(approval.action)),
                    deadline: approval.deadline,
                },
                None => continue,
            },
            Step::AddMember { place, .. } => What::Members(place.server),
        };
        let batch = open.get(&what).and_then(|batch| batches.get_mut(*batch));
        match batch.filter(|batch| batch.steps.len() < UPDATES_PER_REQUEST_MAX) {
            Some(batch) => batch.steps.push((at, step)),
            None => {
                open.insert(what, batches.len());
                batches.push(Batch { what, steps: vec![(at, step)] });
            }
        }
    }
    batches
}

/// Finds the steps that were refused.
fn note(refused: &mut Vec<(Step, String)>, batch: &Batch, decided: Decided, reading: &Reading) {
    let reasons: BTreeMap<String, String> = decided.refused.into_iter().collect();
    if reasons.is_empty() {
        return;
    }
    for (at, step) in &batch.steps {
        let part = match step {
            Step::AddMember { place, .. } => place.client.to_string(),
            other => update(other).map_or_else(String::new, |update| update.to_string()),
        };
        if let Some(reason) = reasons.get(&part) {
            let said = reading.told.steps.get(*at).map_or_else(String::new, words::step);
            refused.push(((*step).clone(), format!("{said}: {reason}")));
        }
    }
}

impl Reading {
    /// Leaves out the steps at these places.
    pub(super) fn leave(&mut self, places: &[usize]) {
        let places: BTreeSet<usize> = places.iter().copied().collect();
        let steps = std::mem::take(&mut self.plan.steps).into_iter();
        let told = std::mem::take(&mut self.told.steps);
        for (at, (step, told)) in steps.zip(told).enumerate() {
            if places.contains(&at) {
                self.late.push((step, told));
            } else {
                self.plan.steps.push(step);
                self.told.steps.push(told);
            }
        }
    }

    /// What is not written by the plan, in sentences.
    pub(super) fn still_open(&self) -> Vec<String> {
        let late = self.late.iter();
        let late = late.map(|(_, told)| format!("{}: it appeared after the preview", words::step(told)));
        self.told.open.iter().cloned().chain(late).collect()
    }

    /// What is still to be written when that can be. Members of groups that are made from host groups follow with
    /// the synchronisation.
    pub(super) fn rest(&self, written: &Written, managed: &BTreeSet<GroupId>) -> Kept {
        let mut approvals: BTreeSet<Approval> = BTreeSet::new();
        let mut declined: BTreeSet<UpdateId> = BTreeSet::new();
        let mut members = Vec::new();
        for open in &self.plan.open {
            match open {
                Open::Approval { approval, why } if why.is_open() => drop(approvals.insert(approval.clone())),
                Open::Decline(update) => drop(declined.insert(*update)),
                Open::Member { client, group, why } if why.is_open() => {
                    members.push((client.clone(), *group))
                }
                Open::Approval { .. } | Open::Member { .. } => {}
            }
        }
        let refused = written.refused.iter().map(|(step, _)| step);
        for step in refused.chain(self.late.iter().map(|(step, _)| step)) {
            match step {
                Step::Approve { approval, .. } => drop(approvals.insert(approval.clone())),
                Step::Decline(update) => drop(declined.insert(*update)),
                Step::AddMember { place, group } => members.push((place.client.clone(), *group)),
                // Halts are remembered by themselves.
                Step::Withdraw(_) | Step::CreateGroup { .. } => {}
            }
        }
        let group = |id: &GroupId| written.groups.get(id).copied();
        let approvals: Vec<WsusApproval> = approvals
            .into_iter()
            .filter_map(|one| Some(told_approval(&Approval { group: group(&one.group)?, ..one })))
            .collect();
        let approved: BTreeSet<String> = approvals.iter().map(|one| one.update.to_string()).collect();
        let is_about =
            |update: &&String| update.split_once('/').is_some_and(|(update, _)| approved.contains(update));
        let members = members.into_iter().filter_map(|(client, id)| {
            let group = group(&id).filter(|group| !managed.contains(group))?;
            Some(MembershipChange { client, group })
        });
        Kept {
            read_at: self.kept.read_at,
            members: members.collect(),
            contents: Contents {
                updates: self.kept.contents.updates.iter().filter(is_about).cloned().collect(),
                declined: declined.into_iter().collect(),
                approvals,
                ..Contents::default()
            },
        }
    }
}

#[cfg(test)]
mod tests {
    use headwater_tree::computer::Place;
    use headwater_tree::difference::Action;

    use super::*;

    #[test]
    fn a_request_holds_what_is_asked_alike_and_no_more_than_it_may() {
        let group = GroupId::from_u128;
        let approval = |update: usize, of: u128| Approval {
            update: UpdateId::from_u128(update as u128),
            revision: 1,
            group: group(of),
            action: Action::Install,
            deadline: None,
        };
        let approve =
            |update: usize, of: u128| Step::Approve { approval: approval(update, of), replaces: None };
        let member = |server: u128, client: &str| Step::AddMember {
            place: Place { server: ServerId::from_u128(server), client: client.parse().expect("an id") },
            group: group(1),
        };
        let mut steps = vec![
            Step::CreateGroup { group: group(1), name: "Pilot".to_owned(), parent: None },
            Step::Withdraw(approval(1, 11)),
            Step::Decline(UpdateId::from_u128(2)),
        ];
        // Two groups take turns, and the first one gets one more than a request holds.
        steps.extend(
            (0..=UPDATES_PER_REQUEST_MAX).flat_map(|update| [approve(update, 1), approve(update, 2)]),
        );
        steps.extend([approve(1, 3), member(1, "pc1"), member(2, "pc2"), member(1, "pc3")]);
        let groups = BTreeMap::from([(group(1), group(11)), (group(2), group(12))]);

        let batches = batches(&steps, &groups);
        let approved = |group| What::Approve { group, action: Some(ApprovalAction::Install), deadline: None };
        let withdrawn = What::Approve { group: group(11), action: None, deadline: None };
        let (one, two) = (ServerId::from_u128(1), ServerId::from_u128(2));
        let found: Vec<(What, usize)> = batches.iter().map(|batch| (batch.what, batch.steps.len())).collect();
        assert_eq!(
            found,
            [
                (withdrawn, 1),
                (What::Decline, 1),
                (approved(group(11)), UPDATES_PER_REQUEST_MAX),
                (approved(group(12)), UPDATES_PER_REQUEST_MAX),
                (approved(group(11)), 1),
                (approved(group(12)), 1),
                (What::Members(one), 2),
                (What::Members(two), 1),
            ]
        );
        for (at, step) in batches.iter().flat_map(|batch| &batch.steps) {
            assert_eq!(steps.get(*at), Some(*step));
        }
    }
}
