//! What is in effect is what an update server decides ([MS-WSUSOD] 1.1.1.5): the nearest approval of each
//! group, and Install before the rest.

use headwater_api::linkage::WsusGroup;
use headwater_api::{ComputerDetail, ServerRef};
use headwater_model::ServerId;

use super::*;
use crate::mirror::{Updates, sample_computer, sample_server, sample_update};

const BERLIN: GroupId = GroupId::from_u128(10);
const SERVERS: GroupId = GroupId::from_u128(11);
const HOME: ServerId = ServerId::from_u128(3);
const ONE: UpdateId = UpdateId::from_u128(1);
const TWO: UpdateId = UpdateId::from_u128(2);

fn group(id: GroupId, name: &str) -> WsusGroup {
    let parent = (id != ALL_COMPUTERS).then_some(ALL_COMPUTERS);
    WsusGroup { id, name: name.to_owned(), parent, built_in: false }
}

fn mirror(approvals: Vec<WsusApproval>) -> Mirror {
    let groups =
        vec![group(ALL_COMPUTERS, "All Computers"), group(BERLIN, "Berlin"), group(SERVERS, "Servers")];
    let mut servers = vec![sample_server(HOME, "top")];
    servers[0].server.mode = Some(WsusMode::Replica);
    let tree = TreeView { approvals, groups, servers, ..TreeView::default() };
    let updates = Updates::new(vec![sample_update(ONE), sample_update(TWO)]);
    Mirror { tree: tree.into(), updates: updates.into(), ..Mirror::default() }
}

fn approve(update: UpdateId, group: GroupId, action: ApprovalAction, deadline: Option<i64>) -> WsusApproval {
    let deadline = deadline.map(|seconds| Timestamp::EPOCH.plus_seconds(seconds));
    WsusApproval { update, revision: 1, group, action, deadline }
}

fn computer(groups: &[(GroupId, &str)]) -> ComputerDetail {
    let mut summary = sample_computer("c1", "PC1");
    summary.server = Some(ServerRef { id: HOME, name: "top".to_owned() });
    summary.groups = groups.iter().map(|(id, name)| GroupRef { id: *id, name: (*name).to_owned() }).collect();
    ComputerDetail::bare(summary)
}

fn told(computer: &ComputerDetail, mirror: &Mirror) -> Vec<(UpdateId, ApprovalAction, Option<i64>, String)> {
    let found = in_effect(computer, mirror);
    let seconds = |at: Timestamp| at.as_micros() / 1_000_000;
    found.into_iter().map(|one| (one.id, one.action, one.deadline.map(seconds), one.group.name)).collect()
}

#[test]
fn of_several_groups_install_counts_with_the_earliest_deadline() {
    let mirror = mirror(vec![
        approve(ONE, BERLIN, ApprovalAction::Block, None),
        approve(ONE, SERVERS, ApprovalAction::Install, Some(60)),
        approve(TWO, BERLIN, ApprovalAction::Install, Some(90)),
        approve(TWO, SERVERS, ApprovalAction::Install, Some(30)),
    ]);
    let found = told(&computer(&[(BERLIN, "Berlin"), (SERVERS, "Servers")]), &mirror);
    assert_eq!(found[0], (ONE, ApprovalAction::Install, Some(60), "Servers".to_owned()));
    assert_eq!((found[1].0, found[1].1, found[1].2), (TWO, ApprovalAction::Install, Some(30)));
    assert_eq!(found.len(), 2);
}

#[test]
fn what_a_group_says_itself_beats_what_the_one_above_says() {
    let mirror = mirror(vec![
        approve(ONE, ALL_COMPUTERS, ApprovalAction::Install, None),
        approve(ONE, BERLIN, ApprovalAction::Block, None),
    ]);
    let told = |groups: &[(GroupId, &str)]| told(&computer(groups), &mirror);
    assert_eq!(told(&[(BERLIN, "Berlin")]), [(ONE, ApprovalAction::Block, None, "Berlin".to_owned())]);
    let inherited = [(ONE, ApprovalAction::Install, None, "All Computers".to_owned())];
    assert_eq!(told(&[(SERVERS, "Servers")]), inherited);
    assert_eq!(told(&[]), inherited, "everybody is in All Computers");
}

#[test]
fn of_a_server_that_decides_by_itself_nothing_is_said() {
    let mut mirror = mirror(vec![approve(ONE, ALL_COMPUTERS, ApprovalAction::Install, None)]);
    let mut tree = (*mirror.tree).clone();
    tree.servers[0].server.mode = Some(WsusMode::Autonomous);
    mirror.tree = tree.into();
    assert_eq!(told(&computer(&[]), &mirror), []);
}
