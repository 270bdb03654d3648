use std::time::Instant;

use headwater_model::{ClientId, ServerId, UpdateId, UpdateIdentity};
use headwater_policy::compliance::{Inventory, State, StatusIndex};

use super::*;
use crate::test_database::{TestDatabase, on_both_engines};
use crate::{ComputerWrite, NewRevision};

on_both_engines!(
    reports_are_rows_after_one_transaction,
    a_change_tells_what_the_index_needs,
    computers_that_are_gone_take_their_status_along,
    numbers_follow_the_arrival_and_stay,
    a_damaged_row_refuses_nobody,
);

const NOW: Timestamp = Timestamp::EPOCH;

fn at(seconds: i64) -> Timestamp {
    NOW.plus_seconds(seconds)
}

/// A database with updates and computers, both numbered from 1.
async fn database(on: &TestDatabase, updates: u32, computers: u32) -> (Store, UpdateNumbers) {
    let store = on.open().await;
    store.server(ServerId::from_u128(1), NOW).await.expect("a server");
    add_updates(&store, 1..=updates).await;
    for chunk in (1..=computers).collect::<Vec<_>>().chunks(1000) {
        let enroll = |number: &u32| ComputerWrite::Enroll {
            client: client(*number),
            dns_name: format!("pc{number}.example"),
            requested_group: String::new(),
            groups: None,
            at: NOW,
        };
        let writes: Vec<ComputerWrite> = chunk.iter().map(enroll).collect();
        store.write_computers(&writes).await.expect("computers");
    }
    let numbers = store.update_numbers().await.expect("numbers");
    (store, numbers)
}

async fn add_updates(store: &Store, ids: impl Iterator<Item = u32>) {
    let revision = |id: u32| NewRevision {
        identity: UpdateIdentity { id: update(id), revision: 200 },
        document: Vec::new(),
        document_bytes: 0,
        document_hash: [0; 8],
        facts: Vec::new(),
        facts_version: 1,
        core_bytes: 0,
    };
    store.add_revisions(ids.map(revision).collect(), NOW).await.expect("revisions");
}

fn client(number: u32) -> ClientId {
    format!("client-{number}").parse().expect("an id")
}

fn update(id: u32) -> UpdateId {
    UpdateId::from_u128(u128::from(id) << 96)
}

fn event(second: i64, id: u16, of: u32) -> Event {
    let update = (of != 0).then(|| UpdateIdentity { id: update(of), revision: 200 });
    Event { at: at(second), id, update, hresult: 0, inventory: None }
}

fn inventory(second: i64, needed: &[u32], installed: impl IntoIterator<Item = u32>) -> Event {
    let needed = needed.iter().map(|id| (update(*id), State::NotInstalled));
    let states = installed.into_iter().map(|id| (update(id), State::Installed)).chain(needed).collect();
    Event { inventory: Some(Inventory { states, rejected: 0 }), ..event(second, 156, 0) }
}

/// The rows of a computer: the ids of updates and their states.
async fn rows_of(store: &Store, computer: i64) -> Vec<(u32, State)> {
    let numbers = store.update_numbers().await.expect("numbers");
    let status = store.status_of(&[computer]).await.expect("a status").remove(&computer).unwrap_or_default();
    let id = |number| (u128::from_be_bytes(*numbers.id(number).expect("an id").as_bytes()) >> 96) as u32;
    status.rows().iter().map(|row| (id(row.update), row.state)).collect()
}

async fn reports_are_rows_after_one_transaction(on: TestDatabase) {
    let (store, numbers) = database(&on, 3, 2).await;
    let reports = [
        Report { computer: 1, at: at(10), events: vec![event(5, 147, 0), inventory(6, &[1], [2])] },
        Report { computer: 2, at: at(10), events: vec![inventory(6, &[3], [])] },
        Report { computer: 1, at: at(10), events: vec![event(9, 183, 1)] },
    ];
    let written = store.write_reports(&reports, &numbers).await.expect("written");
    assert_eq!(written.changed.iter().map(|change| change.computer).collect::<Vec<_>>(), [1, 2]);
    assert_eq!(rows_of(&store, 1).await, [(1, State::Installed), (2, State::Installed)]);
    assert_eq!(rows_of(&store, 2).await, [(3, State::NotInstalled)]);
    let log = store.event_log(1).await.expect("a log");
    assert_eq!(log.entries().iter().map(|entry| entry.event).collect::<Vec<_>>(), [147, 183]);
    let computer = store.computer(&client(1)).await.expect("a row").expect("a computer");
    assert_eq!(computer.last_report, Some(at(10)));

    // The same once more changes nothing.
    let later = reports.map(|report| Report { at: at(20), ..report });
    let again = store.write_reports(&later, &numbers).await.expect("written");
    assert!(again.changed.is_empty());
    assert_eq!(store.event_log(1).await.expect("a log"), log);
    let computer = store.computer(&client(1)).await.expect("a row").expect("a computer");
    assert_eq!(computer.last_report, Some(at(10)));
}

async fn a_change_tells_what_the_index_needs(on: TestDatabase) {
    let (store, numbers) = database(&on, 5, 3).await;
    let mut index = StatusIndex::default();
    for (second, needed) in [(1, 1), (2, 5), (3, 2)] {
        let report = |computer| Report {
            computer,
            at: NOW,
            events: vec![
                inventory(second, &[needed], 3..=computer as u32),
                event(second, 161, computer as u32),
            ],
        };
        let reports: Vec<Report> = (1..=3).map(report).collect();
        for change in store.write_reports(&reports, &numbers).await.expect("written").changed {
            index.replace(change.computer as u32, &change.old, &change.new);
        }
    }
    let mut loaded = StatusIndex::default();
    store
        .each_status(|computer, status| loaded.replace(computer as u32, &ComputerStatus::default(), &status))
        .await
        .expect("loaded");
    let members = (1..=3).collect();
    for number in (1..=5).map(UpdateNumber) {
        assert_eq!(index.counts(number, NOW, &members), loaded.counts(number, NOW, &members));
    }
    assert_eq!(loaded.verdict((1..=5).map(UpdateNumber), &members).failed, 3);
}

async fn computers_that_are_gone_take_their_status_along(on: TestDatabase) {
    let (store, numbers) = database(&on, 1, 2).await;
    let report = |computer| Report { computer, at: NOW, events: vec![inventory(1, &[1], [])] };
    store.write_reports(&[report(1), report(2)], &numbers).await.expect("written");
    assert!(store.delete_computer(&client(1), "admin", NOW).await.expect("deleted"));
    let written = store.write_reports(&[report(1), report(77)], &numbers).await.expect("written");
    assert!(written.changed.is_empty());
    let mut known = Vec::new();
    store.each_status(|computer, _| known.push(computer)).await.expect("loaded");
    assert_eq!(known, [2]);
    assert!(store.event_log(1).await.expect("a log").entries().is_empty());
}

async fn numbers_follow_the_arrival_and_stay(on: TestDatabase) {
    let (store, numbers) = database(&on, 3, 0).await;
    assert_eq!(
        (1..=3).map(|id| numbers.number(update(id)).expect("a number").0).collect::<Vec<_>>(),
        [1, 2, 3]
    );
    add_updates(&store, 2..=5).await;
    sqlx::query("DELETE FROM revisions WHERE revision_id <= 2").execute(&store.write).await.expect("deleted");
    let numbers = store.update_numbers().await.expect("numbers");
    let known: Vec<u32> = (1..=5).map(|id| numbers.number(update(id)).expect("a number").0).collect();
    assert_eq!(known, [1, 2, 3, 4, 5]);
}

async fn a_damaged_row_refuses_nobody(on: TestDatabase) {
    let (store, numbers) = database(&on, 1, 2).await;
    let reports = [1, 2].map(|computer| Report { computer, at: NOW, events: vec![inventory(1, &[1], [])] });
    store.write_reports(&reports, &numbers).await.expect("written");
    sqlx::query("UPDATE status SET packed = $1 WHERE computer_id = 1")
        .bind(vec![1_u8, 0xff])
        .execute(&store.write)
        .await
        .expect("damaged");
    assert_eq!(rows_of(&store, 1).await, []);
    let reports = [1, 2].map(|computer| Report { computer, at: NOW, events: vec![inventory(2, &[], [1])] });
    store.write_reports(&reports, &numbers).await.expect("written");
    assert_eq!(rows_of(&store, 1).await, [(1, State::Installed)]);
    assert_eq!(rows_of(&store, 2).await, [(1, State::Installed)]);
}

/// Run by hand: `cargo test -p headwater-store --release -- --ignored --nocapture durable`.
/// Each report is of ten events, an inventory of 300 updates among them, and changes the status.
#[tokio::test]
#[ignore = "prints how many events are made durable in a second"]
async fn durable_events() {
    const COMPUTERS: u32 = 20_000;
    let on = TestDatabase::sqlite();
    let (store, numbers) = database(&on, 1_500, COMPUTERS).await;
    let report = |round: i64, computer: u32| {
        let (first, second) = (computer % 1_200 + 1, round * 1_000);
        let mut events =
            vec![event(second, 147, 0), inventory(second + 1, &[first, first + 1], first + 2..first + 300)];
        for of in [first, first + 1] {
            let steps = [(2, 167), (3, 162), (4, 181), (5, 183)];
            events.extend(steps.map(|(after, id)| event(second + after, id, of)));
        }
        Report { computer: i64::from(computer), at: at(second), events }
    };
    for (round, batch) in [(1, 1_024), (2, 1_024), (3, 256), (4, 64)] {
        let reports: Vec<Report> = (1..=COMPUTERS).map(|computer| report(round, computer)).collect();
        let started = Instant::now();
        for batch in reports.chunks(batch) {
            let written = store.write_reports(batch, &numbers).await.expect("written");
            assert_eq!(written.changed.len(), batch.len());
        }
        let seconds = started.elapsed().as_secs_f64();
        let rate = f64::from(COMPUTERS) * 10.0 / seconds;
        println!("round {round}, {batch} reports in a transaction: {rate:.0} events/s");
    }
    let started = Instant::now();
    let mut index = StatusIndex::default();
    store
        .each_status(|computer, status| index.replace(computer as u32, &ComputerStatus::default(), &status))
        .await
        .expect("loaded");
    println!("{COMPUTERS} computers loaded in {:?}", started.elapsed());
}
