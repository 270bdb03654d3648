use std::path::PathBuf;

use headwater_model::{Timestamp, UpdateId, UpdateIdentity};
use proptest::prelude::*;
use roaring::RoaringBitmap;

use super::State::{Downloaded, Failed, Installed, InstalledPendingReboot, NotInstalled};
use super::*;

/// Ten updates, numbered from 1; the id of each is its number.
fn numbers() -> UpdateNumbers {
    (1..=10).map(|number| (UpdateNumber(number), UpdateId::from_u128(u128::from(number)))).collect()
}

fn at(seconds: i64) -> Timestamp {
    Timestamp::EPOCH.plus_seconds(seconds)
}

fn about(seconds: i64, id: u16, update: u128, hresult: i32) -> Event {
    let update = UpdateIdentity { id: UpdateId::from_u128(update), revision: 200 };
    Event { at: at(seconds), id, update: Some(update), hresult, inventory: None }
}

fn event(seconds: i64, id: u16, update: u128) -> Event {
    about(seconds, id, update, 0)
}

fn plain(seconds: i64, id: u16) -> Event {
    Event { at: at(seconds), id, update: None, hresult: 0, inventory: None }
}

/// Event 156 with lists such as `U=1;2`.
fn inventory(seconds: i64, lists: &[&str]) -> Event {
    let expand = |list: &&str| {
        let (tag, ids) = list.split_once('=').expect("a tag");
        let ids = ids.split(';').map(|id| UpdateId::from_u128(id.parse().expect("a number")).to_string());
        format!("{tag}={}", ids.collect::<Vec<_>>().join(";"))
    };
    let strings: Vec<String> = lists.iter().map(expand).collect();
    let inventory = Inventory::read(strings.iter().map(String::as_str));
    Event { inventory: Some(inventory), ..plain(seconds, 156) }
}

/// The rows after batches, one after the other: update, state, second since when, HRESULT.
fn rows_after(batches: &[Vec<Event>]) -> Vec<(u32, State, i64, i32)> {
    let mut status = ComputerStatus::default();
    for batch in batches {
        status = apply(&status, batch, &numbers()).0;
        assert_eq!(ComputerStatus::from_bytes(&status.to_bytes()).as_ref(), Ok(&status));
    }
    let since = |row: &Row| row.since.as_micros() / 1_000_000;
    status.rows().iter().map(|row| (row.update.0, row.state, since(row), row.hresult)).collect()
}

#[track_caller]
fn check(batches: &[Vec<Event>], expected: &[(u32, State, i64, i32)]) {
    assert_eq!(rows_after(batches), expected);
    let resent: Vec<Vec<Event>> = batches.iter().flat_map(|batch| [batch.clone(), batch.clone()]).collect();
    assert_eq!(rows_after(&resent), expected, "every batch twice");
}

#[test]
fn an_inventory_is_the_whole_truth_and_keeps_times() {
    let first = vec![inventory(100, &["U=1;2", "V=3"])];
    check(
        std::slice::from_ref(&first),
        &[(1, NotInstalled, 100, 0), (2, NotInstalled, 100, 0), (3, Installed, 100, 0)],
    );
    let second = vec![inventory(200, &["U=2", "V=1;4"])];
    check(&[first, second], &[(1, Installed, 200, 0), (2, NotInstalled, 100, 0), (4, Installed, 200, 0)]);
}

#[test]
fn a_good_installation_in_the_order_that_was_observed() {
    let scan = vec![plain(100, 147), inventory(101, &["U=1"])];
    let mut until_download = scan.clone();
    until_download.extend([event(110, 167, 1), event(150, 162, 1), event(151, 181, 1)]);
    check(&[scan], &[(1, NotInstalled, 101, 0)]);
    check(&[until_download.clone()], &[(1, Downloaded, 150, 0)]);
    check(&[until_download.clone(), vec![event(300, 183, 1)]], &[(1, Installed, 300, 0)]);
    // Pending, with WU_S_REBOOT_REQUIRED: not installed yet.
    check(&[until_download.clone(), vec![about(300, 201, 1, 0x0024_0005)]], &[(1, Downloaded, 150, 0)]);
    check(&[until_download.clone(), vec![event(300, 184, 1)]], &[(1, InstalledPendingReboot, 300, 0)]);
    let restarted = vec![inventory(400, &["V=1"])];
    check(&[until_download, vec![event(300, 184, 1)], restarted], &[(1, Installed, 400, 0)]);
}

#[test]
fn a_failure_stays_with_its_reason_until_something_else_is_known() {
    let scan = vec![inventory(100, &["U=1;2"])];
    let failure = vec![about(200, 182, 1, -2_145_124_318), about(201, 161, 2, -1)];
    let failed = [(1, Failed, 200, -2_145_124_318), (2, Failed, 201, -1)];
    check(&[scan.clone(), failure.clone()], &failed);
    check(&[scan.clone(), failure.clone(), vec![inventory(300, &["U=1;2"])]], &failed);
    check(&[scan.clone(), failure.clone(), vec![inventory(300, &["U=1;2", "g=1;2"])]], &failed);
    check(
        &[scan.clone(), failure.clone(), vec![inventory(300, &["V=1", "U=2"])]],
        &[(1, Installed, 300, 0), (2, Failed, 201, -1)],
    );
    // It fails again: since when does not change, the reason does.
    check(
        &[scan.clone(), failure.clone(), vec![about(300, 195, 1, -7)]],
        &[(1, Failed, 200, -7), (2, Failed, 201, -1)],
    );
    check(&[scan, failure, vec![event(300, 162, 1), inventory(301, &["U=1"])]], &[(1, Downloaded, 300, 0)]);
}

#[test]
fn uninstalling_and_what_changes_nothing() {
    let installed = vec![inventory(100, &["V=1"])];
    check(&[installed.clone(), vec![event(200, 222, 1)]], &[(1, NotInstalled, 200, 0)]);
    check(&[installed.clone(), vec![about(200, 221, 1, -5)]], &[(1, Failed, 200, -5)]);
    for id in [162, 163, 167, 181, 186, 201, 223, 224, 226, 521, 546, 999] {
        check(&[installed.clone(), vec![event(200, id, 1)]], &[(1, Installed, 100, 0)]);
    }
}

#[test]
fn what_happened_counts_in_its_order_not_in_that_of_arrival() {
    let late = vec![event(150, 162, 1), event(120, 182, 1)];
    check(&[vec![event(300, 183, 1)], late.clone()], &[(1, Installed, 300, 0)]);
    check(&[vec![inventory(200, &["U=1"])], late.clone()], &[(1, NotInstalled, 200, 0)]);
    check(&[late], &[(1, Downloaded, 150, 0)]);
    check(&[vec![inventory(200, &["U=1"])], vec![event(150, 183, 2)]], &[(1, NotInstalled, 200, 0)]);
    // An older inventory comes after a newer event, or after a newer inventory.
    check(
        &[vec![event(300, 183, 1)], vec![inventory(200, &["U=1;2"])]],
        &[(1, Installed, 300, 0), (2, NotInstalled, 200, 0)],
    );
    check(
        &[vec![event(300, 183, 1)], vec![inventory(200, &["U=2"])]],
        &[(1, Installed, 300, 0), (2, NotInstalled, 200, 0)],
    );
    check(&[vec![inventory(300, &["V=1"])], vec![inventory(200, &["U=1;2"])]], &[(1, Installed, 300, 0)]);
    // All at one moment: as they stand.
    check(
        &[vec![inventory(100, &["U=1"]), event(100, 162, 1), event(100, 183, 1)]],
        &[(1, Installed, 100, 0)],
    );
}

#[test]
fn what_the_catalogue_never_had_is_counted() {
    let events = [inventory(100, &["U=1;77", "V=78"]), event(200, 183, 79), event(50, 183, 1)];
    let (status, changes) = apply(&ComputerStatus::default(), &events, &numbers());
    assert_eq!(status.rows().len(), 1);
    assert_eq!(changes, Changes { inventory: true, unknown_updates: 3, rejected: 0, stale: 0 });
    let (_, again) = apply(&status, &events, &numbers());
    assert_eq!(again, Changes { inventory: false, unknown_updates: 1, rejected: 0, stale: 2 });
}

#[test]
fn without_a_row_the_detection_decides() {
    let (status, _) = apply(&ComputerStatus::default(), &[inventory(100, &["U=1"])], &numbers());
    let state = |update, arrived| status.state_of(UpdateNumber(update), at(arrived));
    assert_eq!(state(1, 500), NotInstalled);
    assert_eq!(state(2, 99), State::NotApplicable);
    assert_eq!(state(2, 100), State::Unknown);
    assert_eq!(ComputerStatus::default().state_of(UpdateNumber(2), Timestamp::MIN), State::Unknown);
}

/// What stands in the server's own table of events decides what a failure is (fact 42).
#[test]
fn effects_agree_with_the_table_of_a_real_server() {
    let shared = std::env::var_os("HEADWATER_SHARED").map_or_else(
        || PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../../../shared")),
        PathBuf::from,
    );
    let table = match std::fs::read_to_string(shared.join("wsus-data/client-event-table.csv")) {
        Ok(table) => table,
        Err(_) if std::env::var("CI").as_deref() == Ok("true") => panic!("the shared data is missing"),
        Err(_) => return println!("skipped: the shared data is missing"),
    };
    let mut checked = 0;
    for line in table.lines().skip(1).filter(|line| !line.is_empty()) {
        let fields: Vec<&str> = line.split("\",\"").map(|field| field.trim_matches('"')).collect();
        let [_, id, kind, severity, _, template] = fields[..] else { panic!("{line}") };
        // Downloads, installations, uninstallations, rollbacks, commits; 1 is an error. The table has
        // the beginning of an uninstallation among the errors.
        let begins = template.contains("Started");
        let is_failure = matches!(kind, "7" | "8" | "9" | "15" | "16") && severity == "1" && !begins;
        let state = effect(id.parse().expect("an id"));
        assert_eq!(state == Some(Failed), is_failure, "{line}");
        checked += usize::from(is_failure);
        if template.starts_with("Installation successful and restart required") {
            assert_eq!(state, Some(InstalledPendingReboot), "{line}");
        } else if template.starts_with("Installation Success") || template.starts_with("Installation succ") {
            assert_eq!(state, Some(Installed), "{line}");
        } else if template.starts_with("Download succeeded") {
            assert_eq!(state, Some(Downloaded), "{line}");
        }
    }
    assert!(checked > 10, "{checked}");
}

#[test]
fn a_log_keeps_the_latest_of_each_id_and_the_last_about_updates() {
    let mut log = EventLog::default();
    log.add(
        &[plain(5, 148), plain(9, 148), plain(7, 148), plain(8, 147), inventory(8, &["U=1"])],
        &numbers(),
    );
    log.add(&[event(6, 183, 1), event(6, 183, 1), event(6, 183, 77), about(6, 182, 2, -3)], &numbers());
    let short = |log: &EventLog| -> Vec<(i64, u16, Option<u32>, i32)> {
        let of = |entry: &Logged| {
            (entry.at.as_micros() / 1_000_000, entry.event, entry.update.map(|u| u.0.0), entry.hresult)
        };
        log.entries().iter().map(of).collect()
    };
    let expected = [(6, 182, Some(2), -3), (6, 183, Some(1), 0), (8, 147, None, 0), (9, 148, None, 0)];
    assert_eq!(short(&log), expected);
    assert_eq!(EventLog::from_bytes(&log.to_bytes()).as_ref(), Ok(&log));

    let many: Vec<Event> = (0..300).map(|second| event(second, 162, 1)).collect();
    log.add(&many, &numbers());
    assert_eq!(log.entries().iter().filter(|entry| entry.update.is_some()).count(), UPDATE_EVENTS_MAX);
    assert!(log.entries().iter().any(|entry| entry.event == 148));
    let ids: Vec<Event> = (0..300).map(|id| plain(1000, id)).collect();
    log.add(&ids, &numbers());
    assert_eq!(log.entries().len(), UPDATE_EVENTS_MAX + LATEST_MAX);
    assert!(log.to_bytes().len() < 2048, "{}", log.to_bytes().len());
}

#[test]
fn packed_rows_are_small() {
    let numbers: UpdateNumbers =
        (1..=300).map(|n| (UpdateNumber(n * 17), UpdateId::from_u128(u128::from(n * 17)))).collect();
    let now = 1_791_126_216;
    let mut events: Vec<Event> =
        (1..=250).map(|n| event(now + n % 9 * 86_400, 183, n as u128 * 17)).collect();
    events.extend((251..=300).map(|n| about(now + n, 182, n as u128 * 17, -2_145_124_318)));
    let (status, _) = apply(&ComputerStatus::default(), &events, &numbers);
    assert_eq!(status.rows().len(), 300);
    let bytes = status.to_bytes().len();
    assert!(bytes < 2_200, "{bytes}");
    let scanned: Vec<String> = (1..=300).map(|n| (n * 17).to_string()).collect();
    let (status, _) = apply(
        &ComputerStatus::default(),
        &[inventory(now, &[&format!("V={}", scanned.join(";"))])],
        &numbers,
    );
    assert!(status.to_bytes().len() < 1_000, "{}", status.to_bytes().len());
}

#[test]
fn damaged_rows_are_refused() {
    let (status, _) = apply(&ComputerStatus::default(), &[inventory(100, &["U=1;2"])], &numbers());
    let mut bytes = status.to_bytes();
    assert_eq!(ComputerStatus::from_bytes(&bytes[..bytes.len() - 1]), Err(PackedError::Damaged));
    bytes[0] = 9;
    assert_eq!(ComputerStatus::from_bytes(&bytes), Err(PackedError::Version(9)));
    assert_eq!(ComputerStatus::from_bytes(&[]), Err(PackedError::Damaged));
    // A detection at 0, then a row in the state 1, which no row has.
    assert_eq!(ComputerStatus::from_bytes(&[1, 1, 0, 1 << 3 | 1, 0]), Err(PackedError::Damaged));
}

/// A computer that is counted by hand.
fn recount(
    statuses: &[ComputerStatus],
    update: UpdateNumber,
    arrived: Timestamp,
    members: &RoaringBitmap,
) -> Counts {
    let mut counts = Counts::default();
    for computer in members {
        counts.add(statuses[computer as usize].state_of(update, arrived), 1);
    }
    counts
}

fn verdict_by_hand(statuses: &[ComputerStatus], members: &RoaringBitmap) -> Verdict {
    let mut verdict = Verdict::default();
    for status in members.iter().map(|computer| &statuses[computer as usize]) {
        let any = |states: &[State]| status.rows().iter().any(|row| states.contains(&row.state));
        if any(&[Failed]) {
            verdict.failed += 1;
        } else if any(&[NotInstalled, Downloaded]) {
            verdict.needing += 1;
        } else if status.last_effective_detection().is_none() {
            verdict.unknown += 1;
        } else {
            verdict.up_to_date += 1;
        }
    }
    verdict
}

fn any_event() -> impl Strategy<Value = Event> {
    let lists = proptest::collection::vec((1..12u128, 0..5usize), 0..6);
    prop_oneof![
        (0..50i64, lists).prop_map(|(seconds, listed)| {
            let lists: Vec<String> =
                listed.iter().map(|(id, tag)| format!("{}={id}", ["U", "V", "W", "g", "h"][*tag])).collect();
            inventory(seconds, &lists.iter().map(String::as_str).collect::<Vec<_>>())
        }),
        (
            0..50i64,
            proptest::sample::select(vec![161u16, 162, 181, 182, 183, 184, 201, 222]),
            1..12u128,
            -3..3i32
        )
            .prop_map(|(seconds, id, update, hresult)| about(seconds, id, update, hresult)),
        (0..50i64, 140..160u16).prop_map(|(seconds, id)| plain(seconds, id)),
    ]
}

proptest! {
    #[test]
    fn the_index_equals_a_recount(
        batches in proptest::collection::vec((0..4u32, proptest::collection::vec(any_event(), 0..8)), 0..20),
        members in proptest::collection::btree_set(0..4u32, 0..4),
        removed in proptest::collection::btree_set(0..4u32, 0..4),
        arrivals in proptest::collection::vec((1..=10u32, 0..50i64), 0..12),
    ) {
        let numbers = numbers();
        let mut statuses = vec![ComputerStatus::default(); 4];
        let mut index = StatusIndex::default();
        for (computer, events) in &batches {
            let (new, _) = apply(&statuses[*computer as usize], events, &numbers);
            index.replace(*computer, &statuses[*computer as usize], &new);
            statuses[*computer as usize] = new;
        }
        index.remove(&removed.iter().copied().collect());
        for computer in removed {
            statuses[computer as usize] = ComputerStatus::default();
        }
        let members: RoaringBitmap = members.into_iter().collect();
        for update in 1..=10 {
            let counts = index.counts(UpdateNumber(update), at(20), &members);
            prop_assert_eq!(counts, recount(&statuses, UpdateNumber(update), at(20), &members));
            let rows = index.rows(UpdateNumber(update), &members);
            prop_assert!(State::EXPLICIT.iter().all(|state| rows.get(*state) == counts.get(*state)));
            for state in State::EXPLICIT.into_iter().chain([State::Unknown, State::NotApplicable]) {
                let found = index.in_state(UpdateNumber(update), at(20), state, &members);
                let is_in = |one: &u32| index.state_of(UpdateNumber(update), at(20), *one) == state;
                prop_assert_eq!(found, members.iter().filter(is_in).collect::<RoaringBitmap>());
            }
        }
        let arrivals: Vec<_> =
            arrivals.iter().map(|(update, seconds)| (UpdateNumber(*update), at(*seconds))).collect();
        let each = arrivals.iter().map(|(update, at)| recount(&statuses, *update, *at, &members));
        prop_assert_eq!(index.counts_of_all(&arrivals, &members), each.collect::<Vec<_>>());
        let verdict = index.verdict((1..=10).map(UpdateNumber), &members);
        prop_assert_eq!(verdict, verdict_by_hand(&statuses, &members));
        for (computer, status) in (0..).zip(&statuses) {
            index.replace(computer, status, &ComputerStatus::default());
        }
        prop_assert_eq!(index.bitmap_bytes(), 0);
    }

    #[test]
    fn a_count_is_the_sum_of_the_states(
        events in proptest::collection::vec(any_event(), 0..20),
        arrivals in proptest::collection::btree_map(1..14u32, (0..50i64, any::<bool>()), 0..12),
    ) {
        let (status, _) = apply(&ComputerStatus::default(), &events, &numbers());
        let updates = arrivals.iter().map(|(number, (seconds, is_inventoried))| CountedUpdate {
            number: UpdateNumber(*number),
            arrived_at: at(*seconds),
            is_inventoried: *is_inventoried,
        });
        let mut sum = Counts::default();
        for update in updates.clone() {
            if update.is_inventoried || status.row(update.number).is_some() {
                sum.add(status.state_of(update.number, update.arrived_at), 1);
            }
        }
        prop_assert_eq!(CountedUpdates::from_iter(updates).on(&status), sum);
    }

    #[test]
    fn rows_come_back_and_a_batch_counts_once_in_any_order(
        events in proptest::collection::vec(any_event(), 0..20),
        order in any::<proptest::sample::Index>(),
    ) {
        let numbers = numbers();
        let mut events = events;
        for (second, event) in (0..).zip(&mut events) {
            event.at = at(second);
        }
        let (status, _) = apply(&ComputerStatus::default(), &events, &numbers);
        prop_assert_eq!(ComputerStatus::from_bytes(&status.to_bytes()), Ok(status.clone()));
        prop_assert_eq!(&apply(&status, &events, &numbers).0, &status);
        let mut log = EventLog::default();
        log.add(&events, &numbers);
        prop_assert_eq!(EventLog::from_bytes(&log.to_bytes()), Ok(log));
        if !events.is_empty() {
            let middle = order.index(events.len());
            events.rotate_left(middle);
            prop_assert_eq!(&apply(&ComputerStatus::default(), &events, &numbers).0, &status);
        }
    }

    #[test]
    fn no_bytes_make_the_readers_panic(bytes in proptest::collection::vec(any::<u8>(), 0..60)) {
        let mut versioned = vec![1];
        versioned.extend(&bytes);
        for bytes in [&bytes, &versioned] {
            if let Ok(status) = ComputerStatus::from_bytes(bytes) {
                prop_assert_eq!(ComputerStatus::from_bytes(&status.to_bytes()), Ok(status));
            }
            if let Ok(log) = EventLog::from_bytes(bytes) {
                prop_assert_eq!(EventLog::from_bytes(&log.to_bytes()), Ok(log));
            }
        }
    }

    #[test]
    fn no_text_makes_the_inventory_panic(texts in proptest::collection::vec("[UVWgh]=\\PC{0,80}", 0..4)) {
        Inventory::read(texts.iter().map(String::as_str));
    }
}
