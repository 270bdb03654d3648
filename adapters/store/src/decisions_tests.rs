use headwater_model::ServerId;
use headwater_policy::group::ALL_COMPUTERS;

use super::*;
use crate::test_database::{TestDatabase, on_both_engines};

on_both_engines!(
    every_change_draws_a_stamp_and_is_recorded,
    declining_withdraws_approvals_and_undeclining_does_not_restore_them,
    a_deleted_group_withdraws_its_approvals,
    group_names_are_unique_without_regard_to_case,
    what_was_written_is_there_after_opening_again,
);

const UPDATE: UpdateId = UpdateId::from_u128(7);
const PILOT: GroupId = GroupId::from_u128(0xB1);
const NOW: Timestamp = Timestamp::EPOCH;

async fn store(on: &TestDatabase) -> Store {
    let store = on.open().await;
    store.server(ServerId::from_u128(1), NOW).await.expect("is made");
    let pilot = NewGroup { id: PILOT, name: "Pilot".into(), parent: ALL_COMPUTERS };
    store.add_group(&pilot, "admin", NOW).await.expect("is made");
    store
}

fn install(deadline: Option<Timestamp>) -> NewApproval {
    NewApproval {
        update: UPDATE,
        group: PILOT,
        action: Some(Action::Install),
        deadline,
        revision: None,
        deployment: None,
    }
}

async fn every_change_draws_a_stamp_and_is_recorded(on: TestDatabase) {
    let store = store(&on).await;
    let before = store.decisions().await.expect("reads").stamp;
    assert_eq!(store.approve(&[install(None)], "ada", NOW).await.expect("writes"), [true]);
    assert_eq!(store.approve(&[install(None)], "ada", NOW).await.expect("writes"), [false]);
    let decisions = store.decisions().await.expect("reads");
    assert_eq!((decisions.stamp, decisions.approvals[0].stamp), (before + 1, before + 1));

    let deadline = Timestamp::EPOCH.plus_seconds(60);
    assert_eq!(store.approve(&[install(Some(deadline))], "bob", NOW).await.expect("writes"), [true]);
    let changes = store.changes(Some(UPDATE), None, 9).await.expect("reads");
    let told: Vec<(&str, Option<&str>, Option<&str>)> = changes
        .iter()
        .map(|change| (change.by.as_str(), change.before.as_deref(), change.after.as_deref()))
        .collect();
    assert_eq!(
        told,
        [("bob", Some("install"), Some("install by 1970-01-01T00:01:00Z")), ("ada", None, Some("install")),]
    );
}

async fn declining_withdraws_approvals_and_undeclining_does_not_restore_them(on: TestDatabase) {
    let store = store(&on).await;
    store.approve(&[install(None)], "ada", NOW).await.expect("writes");
    let before = store.decisions().await.expect("reads").stamp;
    let changed = store.decline(&[UPDATE], Decline::Declined, "ada", NOW).await.expect("writes");
    assert_eq!(changed, [true]);
    let declined = store.decisions().await.expect("reads");
    assert!(declined.declined.contains(&UPDATE));
    assert_eq!(declined.approvals[0].action, None);
    assert!(declined.approvals[0].stamp > before, "agents are told");

    store.decline(&[UPDATE], Decline::Undeclined, "ada", NOW).await.expect("writes");
    let back = store.decisions().await.expect("reads");
    assert!(back.declined.is_empty());
    assert_eq!(back.approvals[0].action, None);
    assert_eq!(store.decline(&[UPDATE], Decline::Undeclined, "ada", NOW).await.expect("writes"), [false]);
}

async fn a_deleted_group_withdraws_its_approvals(on: TestDatabase) {
    let store = store(&on).await;
    store.approve(&[install(None)], "ada", NOW).await.expect("writes");
    let deletion = store.delete_group(PILOT, "ada", NOW).await.expect("deletes");
    assert_eq!(deletion, GroupDeletion { members: 0, approvals: 1 });
    assert_eq!(store.decisions().await.expect("reads").approvals[0].action, None);
    let built_in = store.delete_group(ALL_COMPUTERS, "ada", NOW).await;
    assert!(matches!(built_in, Err(GroupError::BuiltIn(_))));
    assert!(matches!(store.delete_group(PILOT, "ada", NOW).await, Err(GroupError::Unknown)));
}

async fn group_names_are_unique_without_regard_to_case(on: TestDatabase) {
    let store = store(&on).await;
    let again = NewGroup { id: GroupId::from_u128(9), name: "PILOT".into(), parent: ALL_COMPUTERS };
    assert!(matches!(store.add_group(&again, "ada", NOW).await, Err(GroupError::NameTaken(_))));
    let lost = NewGroup { id: GroupId::from_u128(9), name: "Lost".into(), parent: GroupId::from_u128(8) };
    assert!(matches!(store.add_group(&lost, "ada", NOW).await, Err(GroupError::Unknown)));
}

async fn what_was_written_is_there_after_opening_again(on: TestDatabase) {
    let store = store(&on).await;
    store.approve(&[install(None)], "ada", NOW).await.expect("writes");
    let before = store.decisions().await.expect("reads");
    store.close().await;
    let store = on.open().await;
    let server = store.server(ServerId::from_u128(2), NOW).await.expect("is there");
    assert_eq!(server.id, ServerId::from_u128(1), "the first id stays");
    let after = store.decisions().await.expect("reads");
    assert_eq!((after.stamp, after.approvals.len(), after.groups.iter().count()), (before.stamp, 1, 4));
}
