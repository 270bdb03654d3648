use super::*;

const OWN: u128 = 100;

fn at(second: i64) -> Timestamp {
    Timestamp::EPOCH.plus_seconds(second)
}

fn server(id: u128) -> ServerId {
    ServerId::from_u128(id)
}

fn tree(servers: &[(u128, u128, Option<i64>)]) -> ServerTree {
    let known = |(id, parent, last): &(u128, u128, Option<i64>)| {
        (server(*id), KnownServer { parent: server(*parent), last_rollup: last.map(at) })
    };
    servers.iter().map(known).collect()
}

fn report(id: u128, parent: u128, last: Option<i64>) -> ServerReport {
    ServerReport {
        server: server(id),
        name: format!("server{id}.example"),
        parent: server(parent),
        version: String::new(),
        is_replica: true,
        last_sync: None,
        last_rollup: last.map(at),
        summary: ServerSummary::default(),
    }
}

/// What is written of these reports, as pairs of a server and its parent.
#[track_caller]
fn check_place(
    known: &[(u128, u128, Option<i64>)],
    reports: &[(u128, u128, Option<i64>)],
    expected: Result<&[(u128, u128)], TreeError>,
) {
    let reports = reports.iter().map(|(id, parent, last)| report(*id, *parent, *last)).collect();
    let placed = tree(known).place(server(OWN), reports);
    let pairs = placed.map(|placed| placed.iter().map(|one| (one.server, one.parent)).collect::<Vec<_>>());
    let expected =
        expected.map(|expected| expected.iter().map(|(id, parent)| (server(*id), server(*parent))).collect());
    assert_eq!(pairs, expected);
}

#[test]
fn a_server_that_is_known_tells_of_itself_and_of_those_below_it() {
    check_place(&[(1, 0, None)], &[(1, 0, Some(5))], Ok(&[(1, 0)]));
    check_place(&[(1, 0, None)], &[(1, OWN, Some(5))], Ok(&[(1, 0)]));
    // Parents come before their children; the caller is last ([MS-WSUSSS] 3.2.4.5).
    check_place(
        &[(1, 0, None)],
        &[(2, 1, None), (3, 2, None), (1, 0, Some(5))],
        Ok(&[(2, 1), (3, 2), (1, 0)]),
    );
    // One that asked here before takes from another now.
    check_place(&[(1, 0, None), (2, 0, Some(4))], &[(2, 1, Some(5))], Ok(&[(2, 1)]));
}

#[test]
fn strangers_and_their_children_are_refused() {
    let unknown = |id| Err(TreeError::Unknown(server(id)));
    check_place(&[], &[(1, 0, Some(5))], unknown(1));
    check_place(&[(1, 0, None)], &[(2, 9, None)], unknown(9));
    check_place(&[(1, 0, None)], &[(3, 2, None), (2, 1, None)], unknown(2));
    check_place(&[(1, 0, None)], &[(0, 1, None)], unknown(0));
    check_place(&[(1, 0, None)], &[(1, 0, Some(5)), (2, 0, None)], unknown(2));
}

#[test]
fn no_server_is_below_itself() {
    let circle = |id| Err(TreeError::Circle(server(id)));
    check_place(&[(1, 0, None)], &[(1, 1, Some(5))], circle(1));
    check_place(&[(1, 0, None), (2, 1, None)], &[(1, 2, Some(5))], circle(1));
    check_place(&[(1, 0, None)], &[(OWN, 1, Some(5))], circle(OWN));
    // The first report is older than what is known and moves nothing.
    check_place(&[(1, 2, Some(9)), (2, 0, None)], &[(1, 0, Some(5)), (2, 1, Some(9))], circle(2));
}

#[test]
fn older_reports_of_a_server_are_ignored() {
    check_place(&[(1, 0, Some(5))], &[(1, 0, Some(4))], Ok(&[]));
    check_place(&[(1, 0, Some(5))], &[(1, 0, None)], Ok(&[]));
    check_place(&[(1, 0, Some(5))], &[(1, 0, Some(5))], Ok(&[(1, 0)]));
}

#[test]
fn a_subtree_has_all_that_take_from_a_server() {
    let tree = tree(&[(1, 0, None), (2, 1, None), (3, 2, None), (4, 0, None)]);
    let mut below: Vec<ServerId> = tree.subtree(server(1)).into_iter().collect();
    below.sort();
    assert_eq!(below, [server(1), server(2), server(3)]);
    assert!(tree.subtree(server(9)).is_empty());
}

fn computer(by: u128, last_sync: Option<i64>, has_details: bool) -> ComputerReport {
    ComputerReport {
        client: "pc".parse().expect("an id"),
        server: server(by),
        last_sync: last_sync.map(at),
        sync_result: SyncResult::Succeeded,
        last_reboot: None,
        last_status: None,
        last_inventory: None,
        details: has_details.then(Box::default),
    }
}

const NEW_PARENT: Reception = Reception::Taken { wants_details: true };
const TAKEN: Reception = Reception::Taken { wants_details: false };

#[track_caller]
fn check_receive(
    known: Option<(Option<u128>, i64, Option<i64>)>,
    report: &ComputerReport,
    expected: Reception,
) {
    let known = known.map(|(of, last_contact, last_sync)| KnownComputer {
        server: of.map(server),
        last_contact: at(last_contact),
        last_sync: last_sync.map(at),
    });
    assert_eq!(receive(known.as_ref(), None, report), expected);
}

#[test]
fn who_saw_a_computer_last_has_it() {
    // New here ([MS-WSUSSS] 3.1.4.15, 4.1).
    check_receive(None, &computer(1, Some(5), true), TAKEN);
    check_receive(None, &computer(1, Some(5), false), NEW_PARENT);
    check_receive(None, &computer(1, None, false), NEW_PARENT);
    // Known of the same server (4.2, 4.3).
    check_receive(Some((Some(1), 5, Some(5))), &computer(1, Some(5), false), TAKEN);
    check_receive(Some((Some(1), 5, Some(5))), &computer(1, Some(6), false), TAKEN);
    check_receive(Some((Some(1), 5, Some(5))), &computer(1, Some(4), false), Reception::Ignored);
    check_receive(Some((Some(1), 5, Some(5))), &computer(1, None, true), Reception::Ignored);
    check_receive(Some((Some(1), 5, None)), &computer(1, None, false), TAKEN);
    // Of another server (5.2).
    check_receive(Some((Some(1), 5, Some(5))), &computer(2, Some(6), false), NEW_PARENT);
    check_receive(Some((Some(1), 5, Some(5))), &computer(2, Some(6), true), TAKEN);
    check_receive(Some((Some(1), 5, Some(5))), &computer(2, Some(4), true), Reception::Ignored);
    // Of our own.
    check_receive(Some((None, 5, Some(5))), &computer(1, Some(6), false), NEW_PARENT);
    check_receive(Some((None, 5, Some(5))), &computer(1, Some(4), true), Reception::Ignored);
    check_receive(Some((None, 5, None)), &computer(1, Some(4), true), Reception::Ignored);
    check_receive(Some((None, 5, None)), &computer(1, None, true), Reception::Ignored);
}

#[test]
fn what_was_deleted_here_after_it_was_seen_there_is_deleted_there() {
    let deleted = |last_sync| receive(None, Some(at(10)), &computer(1, last_sync, true));
    assert_eq!(deleted(Some(9)), Reception::Deleted);
    assert_eq!(deleted(None), Reception::Deleted);
    assert_eq!(deleted(Some(10)), TAKEN);
}

#[test]
fn a_difference_of_more_than_a_minute_is_added_and_nothing_is_in_the_future() {
    let correct = |client_time, time| ClockDifference::new(at(client_time), at(1_000)).correct(at(time));
    assert_eq!(correct(1_000, 500), at(500));
    assert_eq!(correct(940, 500), at(500));
    assert_eq!(correct(939, 500), at(561));
    assert_eq!(correct(1_061, 500), at(439));
    assert_eq!(correct(1_000, 1_001), at(1_000));
    assert_eq!(correct(0, 1_000), at(1_000));
}

#[test]
fn states_have_the_numbers_of_the_protocol() {
    let numbers = [0, 2, 3, 4, 5, 6];
    let known: Vec<i32> = numbers.into_iter().filter_map(state).map(summarization_state).collect();
    assert_eq!(known, numbers);
    assert_eq!(state(1), Some(State::NotApplicable));
    assert_eq!((state(7), state(-1), state(256 + 2)), (None, None, None));
}

#[test]
fn counts_keep_their_places() {
    let mut counts = [0; ServerSummary::LEN];
    for (count, number) in counts.iter_mut().zip(1..) {
        *count = number;
    }
    let summary = ServerSummary::of(counts);
    assert_eq!((summary.updates, summary.groups, summary.computers_up_to_date), (1, 14, 18));
    assert_eq!(summary.counts(), counts);
}
