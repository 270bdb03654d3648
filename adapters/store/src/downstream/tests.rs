use headwater_policy::rollup::{ComputerReport, SyncResult};

use super::*;
use crate::test_database::{TestDatabase, on_both_engines};

on_both_engines!(
    a_full_table_makes_room_only_of_servers_that_never_synchronised,
    a_deletion_takes_the_computers_of_these_servers_and_no_others,
);

fn at(seconds: i64) -> Timestamp {
    Timestamp::EPOCH.plus_seconds(seconds)
}

async fn enroll(store: &Store, server: u128, seconds: i64) -> bool {
    store.enroll_server(ServerId::from_u128(server), "wsus.example", at(seconds), 3).await.expect("answers")
}

async fn known(store: &Store) -> Vec<u128> {
    let servers = store.downstream_servers().await.expect("reads");
    servers.iter().map(|server| u128::from_be_bytes(*server.id.as_bytes())).collect()
}

async fn a_full_table_makes_room_only_of_servers_that_never_synchronised(on: TestDatabase) {
    let store = on.open().await;
    for (server, seconds) in [(1, 0), (2, 10), (3, 20), (2, 30)] {
        assert!(enroll(&store, server, seconds).await);
    }
    assert!(enroll(&store, 4, 40).await, "the first, which was not heard of again, makes room");
    assert_eq!(known(&store).await, [2, 3, 4]);

    sqlx::query("UPDATE downstream_servers SET last_rollup = 50")
        .execute(&store.write)
        .await
        .expect("writes");
    assert!(!enroll(&store, 5, 60).await);
    assert!(enroll(&store, 3, 70).await, "a known one needs no room");
    sqlx::query("UPDATE downstream_servers SET last_rollup = NULL, last_sync = last_contact")
        .execute(&store.write)
        .await
        .expect("writes");
    assert!(!enroll(&store, 5, 80).await);
    assert_eq!(known(&store).await, [2, 3, 4]);
}

async fn a_deletion_takes_the_computers_of_these_servers_and_no_others(on: TestDatabase) {
    let store = on.open().await;
    store.server(ServerId::from_u128(9), at(0)).await.expect("a server");
    for server in 1..=3 {
        assert!(enroll(&store, server, 0).await);
    }
    let report = |client: &str, server| ComputerReport {
        client: client.parse().expect("an id"),
        server: ServerId::from_u128(server),
        last_sync: Some(at(10)),
        sync_result: SyncResult::Succeeded,
        last_reboot: None,
        last_status: None,
        last_inventory: None,
        details: None,
    };
    let reports = [report("pc1", 1), report("pc2", 2), report("pc3", 3), report("pc4", 2)];
    store.write_computers_below(&reports, at(20), 10).await.expect("writes").expect("there is room");

    let mut leaving = store.downstream_servers().await.expect("reads");
    leaving.retain(|one| one.id != ServerId::from_u128(3));
    let mut gone = store.delete_servers("wsus.example", &leaving, "anna", at(30)).await.expect("deletes");
    gone.sort();
    assert_eq!(gone.iter().map(ClientId::as_str).collect::<Vec<_>>(), ["pc1", "pc2", "pc4"]);
    assert_eq!(known(&store).await, [3]);
    let left = store.computers_by_server().await.expect("reads");
    assert_eq!(left, HashMap::from([(ServerId::from_u128(3), 1)]));
    let change = store.changes(None, None, 1).await.expect("reads").remove(0);
    assert_eq!(
        (&*change.what, &*change.detail, change.after),
        ("delete downstream server", "wsus.example", None)
    );
    let before = change.before.expect("what was there");
    assert!(before.starts_with("2 servers with 3 computers: wsus.example (00000000-"), "{before}");
    assert_eq!(store.rollup_resets().await.expect("reads"), 1);
    // What is told again is taken again: nothing says of those computers that they were deleted.
    assert!(enroll(&store, 2, 40).await);
    let again = store.write_computers_below(&reports[1..2], at(50), 10).await.expect("writes");
    assert_eq!(again.expect("there is room").below.len(), 1);
}
