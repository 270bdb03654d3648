//! The reasons, in the order in which they are looked for.

use headwater_api::linkage::{WsusApproval, WsusGroup};
use headwater_api::{ComputerSummary, ComputerUpdate, GroupRef, ServerRef, UpdateCounts};
use headwater_model::{Timestamp, UpdateId};

use super::*;
use crate::mirror::{sample_server, sample_update};

const PILOT: GroupId = GroupId::from_u128(1);
const ALL: GroupId = GroupId::from_u128(2);
const HOME: ServerId = ServerId::from_u128(3);
const UPDATE: UpdateId = UpdateId::from_u128(4);

fn update(state: UpdateState) -> UpdateSummary {
    UpdateSummary { state, ..sample_update(UPDATE) }
}

fn computer() -> ComputerDetail {
    ComputerDetail::bare(ComputerSummary {
        id: "c1".parse().expect("an id"),
        name: "PC1".to_owned(),
        server: Some(ServerRef { id: HOME, name: "Berlin".to_owned() }),
        address: None,
        groups: vec![GroupRef { id: PILOT, name: "Pilot".to_owned() }],
        os: None,
        os_version: None,
        architecture: None,
        agent_version: None,
        manufacturer: None,
        model: None,
        last_contact_at: Timestamp::EPOCH,
        last_report_at: None,
        note: None,
        silent: false,
        status: UpdateCounts::default(),
    })
}

/// Pilot below All Computers; one server, in step; these approvals.
fn tree(approvals: &[(GroupId, ApprovalAction)]) -> TreeView {
    let group = |id, name: &str, parent| WsusGroup { id, name: name.to_owned(), parent, built_in: false };
    TreeView {
        servers: vec![sample_server(HOME, "Berlin")],
        groups: vec![group(ALL, "All Computers", None), group(PILOT, "Pilot", Some(ALL))],
        approvals: approvals
            .iter()
            .map(|(group, action)| WsusApproval {
                update: UPDATE,
                revision: 1,
                group: *group,
                action: *action,
                deadline: None,
            })
            .collect(),
        ..TreeView::default()
    }
}

#[track_caller]
fn check(update: &UpdateSummary, computer: &ComputerDetail, tree: &TreeView, expected: &str) {
    let found = why(Question { update, is_halted: false, computer, is_remembered: false, tree });
    assert!(found.contains(expected), "{found}");
}

#[test]
fn an_update_that_nobody_can_get() {
    let (pc, approved) = (computer(), tree(&[(PILOT, ApprovalAction::Install)]));
    check(&update(UpdateState::Declined), &pc, &approved, "declined");
    check(&update(UpdateState::Expired), &pc, &approved, "withdrawn");
    check(&update(UpdateState::Incomplete), &pc, &approved, "does not have");
    check(&update(UpdateState::Implicit), &pc, &approved, "follows");
    let halted = Question {
        update: &update(UpdateState::Approvable),
        is_halted: true,
        computer: &pc,
        is_remembered: false,
        tree: &approved,
    };
    assert_eq!(why(halted), "It is halted.");
    // What is not known of the computer now is not said to be so.
    let remembered = Question { is_halted: false, is_remembered: true, ..halted };
    assert!(
        why(remembered).ends_with("is not known while its server cannot be asked."),
        "{}",
        why(remembered)
    );
}

#[test]
fn the_nearest_approval_counts() {
    let (approvable, pc) = (update(UpdateState::Approvable), computer());
    check(&approvable, &pc, &tree(&[]), "not approved for Pilot");
    check(&approvable, &pc, &tree(&[(ALL, ApprovalAction::Install)]), "approved for All Computers");
    let blocked = tree(&[(ALL, ApprovalAction::Install), (PILOT, ApprovalAction::Block)]);
    check(&approvable, &pc, &blocked, "blocked for Pilot");
    check(&approvable, &pc, &tree(&[(PILOT, ApprovalAction::Detect)]), "only looked for");
}

#[test]
fn a_server_that_is_behind() {
    let (approvable, pc) = (update(UpdateState::Approvable), computer());
    let mut behind = tree(&[(PILOT, ApprovalAction::Install)]);
    let state = |tree: &mut TreeView, state| tree.servers[0].standing.state = state;
    state(&mut behind, SyncServerState::NotReached);
    check(&approvable, &pc, &behind, "Berlin is not reached");
    state(&mut behind, SyncServerState::Differs);
    check(&approvable, &pc, &behind, "Berlin is not in step");
}

#[test]
fn a_computer_that_is_silent_or_at_work() {
    let (approvable, approved) = (update(UpdateState::Approvable), tree(&[(PILOT, ApprovalAction::Install)]));
    let mut pc = computer();
    check(&approvable, &pc, &approved, "has it already");
    pc.updates.push(ComputerUpdate {
        id: UPDATE,
        title: String::new(),
        state: ComputerUpdateState::Needed,
        since: Timestamp::EPOCH,
        error: None,
    });
    check(&approvable, &pc, &approved, "after its next contact");
    pc.updates[0].state = ComputerUpdateState::Failed;
    check(&approvable, &pc, &approved, "failed on PC1");
    pc.summary.silent = true;
    check(&approvable, &pc, &approved, "no contact for long");
}
