use headwater_model::UpdateId;

use super::*;
use crate::compliance::UpdateNumber;
use crate::rollup::{ServerSummary, SyncResult};

fn at(second: i64) -> Timestamp {
    Timestamp::EPOCH.plus_seconds(second)
}

fn server(id: u128, parent: u128) -> ServerReport {
    ServerReport {
        server: ServerId::from_u128(id),
        name: format!("server{id}.example"),
        parent: ServerId::from_u128(parent),
        version: "1.0".into(),
        is_replica: false,
        last_sync: None,
        last_rollup: None,
        summary: ServerSummary::default(),
    }
}

#[test]
fn parents_come_before_their_children_and_this_server_last() {
    let below = vec![server(4, 3), server(5, 9), server(3, 2), server(2, 0), server(6, 0)];
    let told = servers(server(1, 0), below);
    let pairs: Vec<(ServerId, ServerId)> = told.iter().map(|one| (one.server, one.parent)).collect();
    let expected = [(2, 1), (6, 1), (3, 2), (4, 3), (1, 0)];
    assert_eq!(pairs, expected.map(|(id, parent)| (ServerId::from_u128(id), ServerId::from_u128(parent))));
}

fn ids() -> UpdateNumbers {
    (1..=9).map(|number| (UpdateNumber(number), UpdateId::from_u128(number.into()))).collect()
}

/// A status with rows of an update, a state and a second.
fn known(detection: Option<i64>, rows: &[(u32, State, i64)]) -> ComputerStatus {
    let report = StatusReport {
        client: "pc".parse().expect("an id"),
        number: 1,
        is_full: true,
        effective_detection: detection.map(at),
        rows: rows.iter().map(|row| row_of(*row)).collect(),
    };
    ComputerStatus::default().with_report(&report, &ids()).0
}

fn row_of((update, state, second): (u32, State, i64)) -> ReportedRow {
    ReportedRow { update: UpdateId::from_u128(update.into()), state, since: at(second) }
}

fn candidate(name: &str, status: Option<ComputerStatus>, told: Told) -> Candidate {
    let report = ComputerReport {
        client: name.parse().expect("an id"),
        server: ServerId::from_u128(1),
        last_sync: None,
        sync_result: SyncResult::Unknown,
        last_reboot: None,
        last_status: None,
        last_inventory: None,
        details: Some(Box::default()),
    };
    Candidate { report, details: [7; 8], status, told }
}

#[test]
fn details_are_told_when_they_changed_or_are_wanted() {
    let told = |details| candidate("pc", None, Told { details, ..Told::default() });
    let candidates = [told(None), told(Some([7; 8])), told(Some([8; 8]))];
    let has_details: Vec<bool> = computers(&candidates).iter().map(|one| one.details.is_some()).collect();
    assert_eq!(has_details, [true, false, true]);

    let candidates = [candidate("a", None, Told::default()), candidate("b", None, Told::default())];
    let again = computers_again(&candidates, &["b".parse().expect("an id")].into());
    assert_eq!(again.iter().map(|one| one.client.as_str()).collect::<Vec<_>>(), ["b"]);
    assert!(again[0].details.is_some());
}

#[test]
fn numbers_are_asked_of_computers_that_were_told() {
    let told = |number| Told { number, ..Told::default() };
    let candidates = [
        candidate("a", Some(known(None, &[])), told(3)),
        candidate("b", Some(known(None, &[])), told(0)),
        candidate("c", None, told(3)),
    ];
    assert_eq!(numbers(&candidates), [("a".parse().expect("an id"), 3)]);
}

#[test]
fn the_newest_update_that_was_there_counts_as_the_time_of_detection() {
    let arrivals: Arrivals = [at(30), at(10), at(20), at(10)].into_iter().collect();
    assert_eq!(arrivals.newest_before(at(10)), None);
    assert_eq!(arrivals.newest_before(at(11)), Some(at(10)));
    assert_eq!(arrivals.newest_before(at(30)), Some(at(20)));
    assert_eq!(arrivals.newest_before(at(31)), Some(at(30)));
}

struct Expected<'a> {
    number: i32,
    is_full: bool,
    detection: Option<i64>,
    rows: &'a [(u32, State, i64)],
}

/// What is told of a status after `told` was. Updates came at 10 and 20.
#[track_caller]
fn check_status(
    told: Option<ComputerStatus>,
    now: Option<ComputerStatus>,
    is_out_of_sync: bool,
    expected: Option<Expected<'_>>,
) {
    let told = Told { number: if told.is_some() { 4 } else { 0 }, status: told, details: None };
    let arrivals: Arrivals = [at(10), at(20)].into_iter().collect();
    let found = status(&candidate("pc", now, told), is_out_of_sync, &arrivals, &ids());
    let expected = expected.map(|expected| StatusReport {
        client: "pc".parse().expect("an id"),
        number: expected.number,
        is_full: expected.is_full,
        effective_detection: expected.detection.map(at),
        rows: expected.rows.iter().map(|row| row_of(*row)).collect(),
    });
    assert_eq!(found, expected);
}

use State::{Downloaded, Installed, NotApplicable, NotInstalled};

#[test]
fn status_is_told_whole_the_first_time_and_then_what_changed() {
    let before = [(1, NotInstalled, 5), (2, Installed, 6)];
    check_status(None, None, false, None);
    let first = Expected { number: 1, is_full: true, detection: Some(10), rows: &before };
    check_status(None, Some(known(Some(15), &before)), false, Some(first));
    let first = Expected { number: 1, is_full: true, detection: None, rows: &[] };
    check_status(None, Some(known(None, &[])), false, Some(first));

    let told = || Some(known(Some(15), &before));
    check_status(told(), told(), false, None);
    // It looked again, and there was nothing new to look at.
    check_status(told(), Some(known(Some(16), &before)), false, None);
    let looked = Expected { number: 5, is_full: false, detection: Some(20), rows: &[] };
    check_status(told(), Some(known(Some(25), &before)), false, Some(looked));

    let now = [(1, Downloaded, 17), (3, NotInstalled, 16)];
    let rows = [(1, Downloaded, 17), (3, NotInstalled, 16), (2, NotApplicable, 16)];
    let changes = Expected { number: 5, is_full: false, detection: Some(10), rows: &rows };
    check_status(told(), Some(known(Some(16), &now)), false, Some(changes));
    // To another state and back again is a change too ([MS-WSUSSS] 3.1.4.17.3.2).
    let now = [(1, NotInstalled, 9), (2, Installed, 6)];
    let back = Expected { number: 5, is_full: false, detection: Some(10), rows: &now[..1] };
    check_status(told(), Some(known(Some(15), &now)), false, Some(back));
}

#[test]
fn status_is_told_whole_when_a_report_was_missed() {
    let before = [(1, NotInstalled, 5), (2, Installed, 6)];
    let whole = Expected { number: 5, is_full: true, detection: Some(10), rows: &before };
    let told = known(Some(15), &before);
    check_status(Some(told.clone()), Some(told), true, Some(whole));
}

#[test]
fn requests_are_cut_by_computers_and_by_rows() {
    let report = |rows: usize| StatusReport {
        client: "pc".parse().expect("an id"),
        number: 1,
        is_full: true,
        effective_detection: None,
        rows: vec![row_of((1, Installed, 1)); rows],
    };
    let check = |rows: &[usize], expected: &[usize]| {
        let reports = rows.iter().map(|rows| report(*rows)).collect();
        let cut: Vec<usize> = batches(reports, 3, 10).iter().map(Vec::len).collect();
        assert_eq!(cut, expected);
    };
    check(&[], &[]);
    check(&[1, 1, 1, 1], &[3, 1]);
    check(&[6, 4, 1], &[2, 1]);
    check(&[50, 1, 9, 1], &[1, 2, 1]);
}
