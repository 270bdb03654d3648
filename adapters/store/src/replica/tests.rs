//! Decisions that go from server to server.

use std::collections::HashSet;

use headwater_model::{GroupId, Guid, ServerId, UpdateId};
use headwater_policy::approval::Action;
use headwater_policy::group::ALL_COMPUTERS;
use headwater_policy::replica_plan::{Above, Here, plan};

use super::*;
use crate::deployments::renew_deployments;
use crate::test_database::{TestDatabase, on_both_engines};
use crate::{SharedDecisions, UpstreamMode, UpstreamSetting};

on_both_engines!(
    each_change_of_an_approval_is_another_deployment,
    a_new_revision_is_another_deployment,
    a_replica_takes_over_and_gives_up_what_its_upstream_server_has,
    what_was_asked_before_the_setting_changed_is_not_done,
    a_licence_is_accepted_once_and_servers_below_are_told,
);

const NOW: Timestamp = Timestamp::EPOCH;
const UPDATE: UpdateId = UpdateId::from_u128(7);
const BERLIN: GroupId = GroupId::from_u128(1);
const PARIS: GroupId = GroupId::from_u128(2);

async fn store(on: &TestDatabase) -> Store {
    let store = on.open().await;
    store.server(ServerId::from_u128(1), NOW).await.expect("a server");
    store
}

fn approval_of(action: Option<Action>, deadline: Option<Timestamp>) -> NewApproval {
    NewApproval { update: UPDATE, group: ALL_COMPUTERS, action, deadline, revision: None, deployment: None }
}

async fn approve(store: &Store, action: Option<Action>, deadline: Option<Timestamp>) -> SharedDecisions {
    store.approve(&[approval_of(action, deadline)], "admin", NOW).await.expect("approves");
    store.shared_decisions().await.expect("decisions")
}

fn standing(decisions: &SharedDecisions) -> Vec<Guid> {
    decisions.standing.iter().map(|standing| standing.deployment).collect()
}

fn ended(decisions: &SharedDecisions) -> HashSet<Guid> {
    decisions.ended.iter().map(|ended| ended.deployment).collect()
}

async fn each_change_of_an_approval_is_another_deployment(on: TestDatabase) {
    let store = store(&on).await;
    let first = approve(&store, Some(Action::Install), None).await;
    let same = approve(&store, Some(Action::Install), None).await;
    assert_eq!((standing(&same), same.ended.len()), (standing(&first), 0));

    let second = approve(&store, Some(Action::Install), Some(NOW)).await;
    assert_ne!(standing(&second), standing(&first));
    assert_eq!(ended(&second), standing(&first).into_iter().collect());

    let none = approve(&store, None, None).await;
    assert!(none.standing.is_empty());
    assert_eq!(ended(&none), standing(&first).into_iter().chain(standing(&second)).collect());
    let again = approve(&store, Some(Action::Install), None).await;
    assert!(ended(&again).is_disjoint(&standing(&again).into_iter().collect()));
}

async fn a_new_revision_is_another_deployment(on: TestDatabase) {
    let store = store(&on).await;
    let first = approve(&store, Some(Action::Install), None).await;
    let mut connection = store.write.acquire().await.expect("a connection");
    renew_deployments(&mut connection, &[UPDATE].into()).await.expect("renews");
    drop(connection);
    let renewed = store.shared_decisions().await.expect("decisions");
    assert_ne!(standing(&renewed), standing(&first));
    assert_eq!(ended(&renewed), standing(&first).into_iter().collect());
    assert!(renewed.standing[0].approval.stamp > renewed.ended[0].stamp);
}

async fn become_replica(store: &Store) -> UpstreamSetting {
    store
        .set_upstream("http://127.0.0.1:1", None, UpstreamMode::Replica, "admin", NOW)
        .await
        .expect("is set");
    store.upstream().await.expect("a setting").expect("a setting")
}

fn group(id: GroupId, name: &str) -> Group {
    Group { id, name: name.into(), parent: Some(ALL_COMPUTERS) }
}

/// Makes the store agree with what is above and expects that nothing is left to do then.
async fn follow(store: &Store, above: &Above, generation: i64) -> SharedDecisions {
    let here = |shared: SharedDecisions| Here {
        groups: shared.groups,
        standing: shared.standing,
        declined: shared.declined,
        accepted_eulas: shared.accepted_eulas,
    };
    let before = here(store.shared_decisions().await.expect("decisions"));
    let todo = plan(&before, above).expect("a plan");
    assert!(store.apply_replica_plan(&todo, "anchor", generation, "upstream", NOW).await.expect("applies"));
    let after = store.shared_decisions().await.expect("decisions");
    assert_eq!(plan(&here(after.clone()), above), Ok(Plan::default()));
    after
}

async fn a_replica_takes_over_and_gives_up_what_its_upstream_server_has(on: TestDatabase) {
    let store = store(&on).await;
    approve(&store, Some(Action::Install), None).await;
    let setting = become_replica(&store).await;
    let root = Group { id: ALL_COMPUTERS, name: "All Computers".into(), parent: None };
    let deployment = Deployment {
        id: Guid::from_u128(5),
        update: UPDATE,
        revision: 3,
        group: BERLIN,
        action: Action::Install,
        deadline: Some(NOW),
    };
    let mut above = Above {
        is_whole: true,
        groups: vec![root, group(BERLIN, "Berlin"), group(PARIS, "Paris")],
        deployments: vec![deployment],
        ended: Vec::new(),
        declined: [UPDATE].into(),
        accepted_eulas: [EulaId::from_u128(9)].into(),
    };
    let first = follow(&store, &above, setting.generation).await;
    assert_eq!(standing(&first), [Guid::from_u128(5)]);
    assert_eq!((first.declined.len(), first.accepted_eulas.len(), first.groups.len()), (1, 1, 5));
    assert_eq!(store.upstream_anchors().await.expect("anchors").deployments.as_deref(), Some("anchor"));

    // The two groups swap their names, and the decline is taken back.
    above.groups[1].name = "Paris".into();
    above.groups[2].name = "Berlin".into();
    above.declined.clear();
    above.deployments[0].group = PARIS;
    let second = follow(&store, &above, setting.generation).await;
    assert!(second.declined.is_empty());
    assert_eq!(second.standing[0].approval.group, PARIS);

    above.groups.truncate(1);
    above.deployments.clear();
    let last = follow(&store, &above, setting.generation).await;
    assert_eq!((last.standing.len(), last.groups.len()), (0, 3));
    assert!(ended(&last).contains(&Guid::from_u128(5)), "servers below are told");
}

async fn what_was_asked_before_the_setting_changed_is_not_done(on: TestDatabase) {
    let store = store(&on).await;
    let old = become_replica(&store).await;
    assert!(store.advance_anchors("a", "b", old.generation).await.expect("advances"));
    let new = become_replica(&store).await;
    assert_eq!(store.upstream_anchors().await.expect("anchors"), crate::Anchors::default());
    assert!(!store.advance_anchors("a", "b", old.generation).await.expect("answers"));
    let decline = Plan { decline: vec![UPDATE], ..Plan::default() };
    let applied = store.apply_replica_plan(&decline, "x", old.generation, "upstream", NOW).await;
    assert!(!applied.expect("answers"));
    assert!(store.shared_decisions().await.expect("decisions").declined.is_empty());
    assert!(store.advance_anchors("a", "b", new.generation).await.expect("advances"));
}

async fn a_licence_is_accepted_once_and_servers_below_are_told(on: TestDatabase) {
    let store = store(&on).await;
    let licence = EulaId::from_u128(9);
    let before = store.decisions().await.expect("decisions").stamp;
    for _ in 0..2 {
        store.accept_licence(licence, UPDATE, "anna", NOW).await.expect("is written");
    }
    assert_eq!(store.shared_decisions().await.expect("decisions").accepted_eulas, [licence].into());
    assert!(store.decisions().await.expect("decisions").stamp > before);
    let changes = store.changes(Some(UPDATE), None, 10).await.expect("changes");
    assert_eq!((changes[0].what.as_str(), changes[0].by.as_str()), ("accept licence", "anna"));
    assert_eq!(store.licence_acceptance(licence).await.expect("is read"), Some(("anna".to_owned(), NOW)));
    assert_eq!(store.licence_acceptance(EulaId::from_u128(10)).await.expect("is read"), None);
}
