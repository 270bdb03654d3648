use super::*;
use crate::test_database::{TestDatabase, on_both_engines};

on_both_engines!(a_full_table_makes_room_only_of_servers_that_never_synchronised,);

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
