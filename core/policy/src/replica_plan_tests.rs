//! What a replica changes, as data: what is here, what is above, and the plan.

use headwater_model::ServerId;

use super::*;
use crate::approval::Approval;
use crate::group::{DOWNSTREAM_SERVERS, GroupTree, UNASSIGNED_COMPUTERS};
use crate::sync_plan::deployment_guid;

const BERLIN: GroupId = GroupId::from_u128(1);
const PILOT: GroupId = GroupId::from_u128(2);
const U1: UpdateId = UpdateId::from_u128(11);
const U2: UpdateId = UpdateId::from_u128(12);

fn group(id: GroupId, name: &str, parent: Option<GroupId>) -> Group {
    Group { id, name: name.into(), parent }
}

fn built_in() -> Vec<Group> {
    BUILT_IN.iter().map(|(id, name, parent)| group(*id, name, *parent)).collect()
}

fn with(mut groups: Vec<Group>, more: &[Group]) -> Vec<Group> {
    groups.extend_from_slice(more);
    groups
}

fn deployment(number: u64, update: UpdateId, revision: u32, group: GroupId) -> Deployment {
    let id = deployment_guid(ServerId::from_u128(0), number);
    Deployment { id, update, revision, group, action: Action::Install, deadline: None }
}

fn standing(deployment: &Deployment) -> Standing {
    Standing {
        deployment: deployment.id,
        approval: Approval {
            id: 1,
            update: deployment.update,
            group: deployment.group,
            action: Some(deployment.action),
            deadline: deployment.deadline,
            revision: Some(deployment.revision),
            changed_at: Timestamp::EPOCH,
            stamp: 1,
        },
        by: "upstream".into(),
    }
}

fn here(groups: &[Group], deployments: &[Deployment]) -> Here {
    Here {
        groups: with(built_in(), groups),
        standing: deployments.iter().map(standing).collect(),
        ..Here::default()
    }
}

fn above(groups: &[Group], deployments: &[Deployment]) -> Above {
    Above {
        is_whole: true,
        groups: with(built_in(), groups),
        deployments: deployments.to_vec(),
        ..Above::default()
    }
}

#[track_caller]
fn check(here: &Here, above: &Above, expected: &Plan) {
    assert_eq!(plan(here, above).as_ref(), Ok(expected));
}

#[test]
fn groups_are_added_renamed_moved_and_deleted() {
    let berlin = group(BERLIN, "Berlin", Some(ALL_COMPUTERS));
    let pilot = group(PILOT, "Pilot", Some(BERLIN));
    let both = [berlin.clone(), pilot.clone()];
    let saved = Plan { save_groups: both.to_vec(), ..Plan::default() };
    check(&here(&[], &[]), &above(&both, &[]), &saved);
    check(&here(&both, &[]), &above(&both, &[]), &Plan::default());

    let gone = Plan { delete_groups: vec![PILOT, BERLIN], ..Plan::default() };
    check(&here(&both, &[]), &above(&[], &[]), &gone);

    let moved = group(PILOT, "Pilots", Some(ALL_COMPUTERS));
    let change = Plan { save_groups: vec![moved.clone()], ..Plan::default() };
    check(&here(&both, &[]), &above(&[berlin, moved], &[]), &change);
}

#[test]
fn a_group_whose_parents_lead_nowhere_hangs_on_all_computers() {
    let lost = group(BERLIN, "Berlin", Some(GroupId::from_u128(99)));
    let circle = [group(BERLIN, "Berlin", Some(PILOT)), group(PILOT, "Pilot", Some(BERLIN))];
    for groups in [&[lost][..], &circle[..], &[group(BERLIN, "Berlin", None)][..]] {
        let plan = plan(&here(&[], &[]), &above(groups, &[])).expect("a plan");
        let tree = GroupTree::new(with(built_in(), &plan.save_groups));
        for saved in &plan.save_groups {
            assert_eq!(tree.chain(saved.id).last(), Some(ALL_COMPUTERS), "{groups:?}");
        }
    }
}

#[test]
fn groups_that_cannot_be_whole_or_ours_are_refused() {
    let refused = |groups: Vec<Group>| {
        plan(&here(&[], &[]), &Above { groups, is_whole: true, ..Above::default() })
            .expect_err("it is refused")
    };
    assert_eq!(refused(Vec::new()), PlanError::NoRoot);
    let all = |more: &[Group]| with(built_in(), more);
    assert_eq!(refused(all(&[group(BERLIN, " ", None)])), PlanError::GroupName(BERLIN));
    assert_eq!(refused(all(&[group(BERLIN, "a\nb", None)])), PlanError::GroupName(BERLIN));
    let twice = all(&[group(BERLIN, "Berlin", None), group(PILOT, "berlin", None)]);
    assert_eq!(refused(twice), PlanError::SameName("berlin".into()));
    assert_eq!(
        refused(all(&[group(BERLIN, "All computers", None)])),
        PlanError::SameName("All computers".into())
    );
}

#[test]
fn older_servers_lack_built_in_groups_and_ours_stay() {
    let mut old = above(&[], &[]);
    old.groups.retain(|group| ![DOWNSTREAM_SERVERS, UNASSIGNED_COMPUTERS].contains(&group.id));
    check(&here(&[], &[]), &old, &Plan::default());
}

#[test]
fn a_whole_list_replaces_what_was_approved_here() {
    let (own, from_above) = (deployment(1, U1, 1, ALL_COMPUTERS), deployment(2, U2, 5, ALL_COMPUTERS));
    let expected =
        Plan { withdraw: vec![(U1, ALL_COMPUTERS)], approve: vec![from_above.clone()], ..Plan::default() };
    check(&here(&[], std::slice::from_ref(&own)), &above(&[], std::slice::from_ref(&from_above)), &expected);
    check(&here(&[], std::slice::from_ref(&own)), &above(&[], &[own]), &Plan::default());
}

#[test]
fn changes_are_added_to_what_is_here_and_the_ended_are_withdrawn() {
    let (first, second) = (deployment(1, U1, 1, ALL_COMPUTERS), deployment(2, U2, 1, ALL_COMPUTERS));
    let changes = |deployments: &[Deployment], ended: &[Guid]| Above {
        is_whole: false,
        ended: ended.to_vec(),
        ..above(&[], deployments)
    };
    let both = here(&[], &[first.clone(), second.clone()]);
    check(&both, &changes(&[], &[]), &Plan::default());
    let withdrawn = Plan { withdraw: vec![(U1, ALL_COMPUTERS)], ..Plan::default() };
    check(&both, &changes(&[], &[first.id]), &withdrawn);

    let mut later = deployment(3, U1, 1, ALL_COMPUTERS);
    later.deadline = Some(Timestamp::EPOCH);
    let replaced = Plan { approve: vec![later.clone()], ..Plan::default() };
    check(&both, &changes(std::slice::from_ref(&later), &[first.id]), &replaced);
    // An upstream server may also change a deployment in place.
    later.id = first.id;
    let changed = Plan { approve: vec![later.clone()], ..Plan::default() };
    check(&both, &changes(&[later], &[]), &changed);
}

#[test]
fn of_several_deployments_the_stronger_action_counts_then_the_newer_revision() {
    let (old, new) = (deployment(1, U1, 1, ALL_COMPUTERS), deployment(2, U1, 2, ALL_COMPUTERS));
    let approved = |one: &Deployment| Plan { approve: vec![one.clone()], ..Plan::default() };
    check(&here(&[], &[]), &above(&[], &[new.clone(), old.clone()]), &approved(&new));
    check(&here(&[], &[]), &above(&[], &[old.clone(), new.clone()]), &approved(&new));
    let detected = Deployment { action: Action::Detect, ..new.clone() };
    check(&here(&[], &[]), &above(&[], &[old.clone(), detected]), &approved(&old));
    // What was covered counts when it is told alone.
    check(&here(&[], &[new]), &above(&[], std::slice::from_ref(&old)), &approved(&old));
}

/// A WSUS scans on all computers for whatever nobody approved; for a group somebody decided it.
#[test]
fn what_is_scanned_for_on_all_computers_was_decided_by_nobody() {
    let berlin = group(BERLIN, "Berlin", Some(ALL_COMPUTERS));
    let scan = |id, group| Deployment { action: Action::Detect, ..deployment(id, U1, 1, group) };
    let install = deployment(3, U2, 1, ALL_COMPUTERS);
    let told = [scan(1, ALL_COMPUTERS), scan(2, BERLIN), install.clone()];
    let known = here(std::slice::from_ref(&berlin), &[]);
    let expected = Plan { approve: vec![scan(2, BERLIN), install], ..Plan::default() };
    check(&known, &above(&[berlin], &told).only_decided(), &expected);
}

#[test]
fn approvals_go_with_their_group() {
    let berlin = group(BERLIN, "Berlin", Some(ALL_COMPUTERS));
    let approved = deployment(1, U1, 1, BERLIN);
    let known = here(&[berlin], std::slice::from_ref(&approved));
    let gone = Plan { delete_groups: vec![BERLIN], ..Plan::default() };
    check(&known, &above(&[], &[]), &gone);
    check(&known, &above(&[], std::slice::from_ref(&approved)), &gone);
}

#[test]
fn declines_and_licences_are_whole_lists() {
    let eula = EulaId::from_u128(1);
    let known = Here { declined: [U1].into(), accepted_eulas: [eula].into(), ..here(&[], &[]) };
    let told = Above { declined: [U2].into(), ..above(&[], &[]) };
    let expected = Plan { decline: vec![U2], undecline: vec![U1], revoke: vec![eula], ..Plan::default() };
    check(&known, &told, &expected);
    let told = Above { declined: [U1].into(), accepted_eulas: [eula].into(), ..above(&[], &[]) };
    check(&known, &told, &Plan::default());
    let fresh = Plan { decline: vec![U1], accept: vec![eula], ..Plan::default() };
    check(&here(&[], &[]), &told, &fresh);
}
