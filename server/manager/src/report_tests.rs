//! Every computer counts once in each group that has it, and how it stands is the first that holds.

use std::sync::Arc;

use headwater_api::{GroupRef, ServerRef, UpdateCounts, UpdateStates};
use headwater_model::{ServerId, UpdateId};

use super::*;
use crate::mirror::{TreeView, Updates, sample_server, sample_update};

const BERLIN: GroupId = GroupId::from_u128(1);
/// Beneath Berlin.
const KELLER: GroupId = GroupId::from_u128(2);
const HERE: ServerId = ServerId::from_u128(7);

fn computer(name: &str, groups: &[GroupId], status: UpdateCounts) -> ComputerSummary {
    ComputerSummary {
        id: name.parse().expect("an id"),
        name: name.to_owned(),
        server: Some(ServerRef { id: HERE, name: "Here".to_owned() }),
        address: None,
        groups: groups.iter().map(|id| GroupRef { id: *id, name: id.to_string() }).collect(),
        os: None,
        os_version: None,
        architecture: None,
        agent_version: None,
        manufacturer: None,
        model: None,
        last_contact_at: Timestamp::EPOCH,
        last_report_at: Some(Timestamp::EPOCH),
        note: None,
        silent: false,
        status,
    }
}

fn none() -> UpdateCounts {
    UpdateCounts::default()
}

fn mirror() -> Mirror {
    let group = |id, name: &str, parent| WsusGroup { id, name: name.to_owned(), parent, built_in: false };
    let failing = UpdateCounts { failed: 1, needed: 3, ..none() };
    let computers = [
        computer("pc1", &[BERLIN], failing),
        computer("pc2", &[BERLIN, KELLER], UpdateCounts { needed: 1, ..none() }),
        computer("pc3", &[KELLER], UpdateCounts { downloaded: 1, pending_restart: 1, ..none() }),
        computer("pc4", &[KELLER], UpdateCounts { pending_restart: 1, installed: 2, ..none() }),
        ComputerSummary { silent: true, ..computer("pc5", &[BERLIN], failing) },
        ComputerSummary { last_report_at: None, ..computer("pc6", &[], none()) },
        computer("pc7", &[BERLIN], UpdateCounts { installed: 9, ..none() }),
    ];
    Mirror {
        tree: Arc::new(TreeView {
            servers: vec![sample_server(HERE, "Here"), sample_server(ServerId::from_u128(8), "There")],
            groups: vec![group(KELLER, "Keller", Some(BERLIN)), group(BERLIN, "Berlin", None)],
            ..TreeView::default()
        }),
        computers: Arc::new(computers.into_iter().collect()),
        ..Mirror::default()
    }
}

/// Computers, complete, needing, failing, pending restart, unreported, silent.
fn counts(row: &Compliance) -> [u64; 7] {
    let [restart, unreported, silent] =
        [row.pending_restart, row.unreported, row.silent].map(|count| count.expect("is told"));
    let sum = row.complete + row.needing + row.failing + restart + unreported + silent;
    assert_eq!(sum, row.computers, "{row:?}");
    [row.computers, row.complete, row.needing, row.failing, restart, unreported, silent]
}

/// Approved updates of one title each, with what is told of them.
fn of_updates(updates: impl IntoIterator<Item = UpdateSummary>) -> Vec<Compliance> {
    let updates = updates.into_iter().map(|update| UpdateSummary { approved_groups: 1, ..update });
    let updates = Arc::new(Updates::new(updates.collect()));
    Mirror { updates, ..Mirror::default() }.compliance_by_update()
}

#[test]
fn an_update_has_the_computers_that_it_may_be_for_those_in_contact_first() {
    let said = UpdateCounts {
        needed: 6,
        downloaded: 1,
        failed: 3,
        pending_restart: 4,
        unknown: 9,
        installed: 20,
        not_applicable: 100,
    };
    let silent = UpdateCounts { needed: 2, failed: 1, pending_restart: 1, unknown: 8, ..none() };
    let states = Some(UpdateStates::new(said, Some(silent)));
    let update = UpdateSummary { states, ..sample_update(UpdateId::from_u128(1)) };
    let rows = of_updates([update.clone()]);
    assert_eq!(counts(&rows[0]), [43, 20, 5, 2, 3, 1, 12]);
    assert_eq!(rows[0].not_applicable, Some(100));

    // Where a server does not tell who is silent, they are among the others by what they said.
    let states = Some(UpdateStates::new(said, None));
    let row = &of_updates([UpdateSummary { states, ..update.clone() }])[0];
    assert_eq!((row.computers, row.needing, row.failing, row.silent), (43, 7, 3, None));
    assert_eq!((row.pending_restart, row.unreported), (Some(4), Some(9)));

    // Where one tells no states, only what was always told.
    let earlier = UpdateSummary { states: None, needed: 10, failed: 3, installed: 24, ..update };
    let row = &of_updates([earlier])[0];
    assert_eq!((row.computers, row.complete, row.needing, row.failing), (34, 24, 7, 3));
    assert_eq!([row.pending_restart, row.unreported, row.silent, row.not_applicable], [None; 4]);
}

#[test]
fn lists_are_of_a_group_with_those_beneath_and_of_a_server() {
    let mirror = mirror();
    let names = |standing, of: Part| {
        let (group, server) = (of.group, of.server);
        let page = mirror.standing(&StandingQuery { standing, group, server, after: None });
        let names: Vec<String> = page.items.into_iter().map(|one| one.name).collect();
        assert_eq!(names, mirror.that_stand(standing, &of).map(|one| one.name.clone()).collect::<Vec<_>>());
        names
    };
    let (group, server) =
        (|id| Part { group: Some(id), ..Part::default() }, |id| Part { server: Some(id), ..Part::default() });
    assert_eq!(names(Standing::PendingRestart, group(BERLIN)), ["pc4"]);
    assert_eq!(names(Standing::Failing, group(BERLIN)), ["pc1"]);
    assert_eq!(names(Standing::Failing, group(KELLER)), [""; 0]);
    assert_eq!(names(Standing::Silent, server(HERE)), ["pc5"]);
    assert_eq!(names(Standing::Silent, server(ServerId::from_u128(8))), [""; 0]);
}

#[test]
fn a_group_has_the_computers_of_those_beneath_each_once() {
    let rows = mirror().compliance_by_group();
    assert_eq!(rows.iter().map(|row| row.name.as_str()).collect::<Vec<_>>(), ["Berlin", "Keller"]);
    assert_eq!(counts(&rows[0]), [6, 1, 2, 1, 1, 0, 1]);
    assert_eq!(counts(&rows[1]), [3, 0, 2, 0, 1, 0, 0]);
}

#[test]
fn a_server_has_the_computers_that_report_to_it() {
    let rows = mirror().compliance_by_server();
    assert_eq!((rows[0].name.as_str(), counts(&rows[0])), ("Here", [7, 1, 2, 1, 1, 1, 1]));
    assert_eq!((rows[1].name.as_str(), counts(&rows[1])), ("There", [0; 7]));
}

#[test]
fn a_day_has_all_computers() {
    assert_eq!(counts(&mirror().compliance_of_all()), [7, 1, 2, 1, 1, 1, 1]);
}

#[test]
fn pages_go_on_after_the_last_of_the_one_before() {
    let silent = StandingQuery { standing: Standing::Silent, group: None, server: None, after: None };
    let silent = mirror().standing(&silent);
    assert_eq!(silent.items.iter().map(|one| one.name.as_str()).collect::<Vec<_>>(), ["pc5"]);

    let failing = |name: &str, server: &str, failed| ComputerSummary {
        server: Some(ServerRef { id: HERE, name: server.to_owned() }),
        ..computer(name, &[], UpdateCounts { failed, ..none() })
    };
    let all = [failing("pc1", "munich", 1), failing("pc2", "berlin", 0), failing("pc3", "berlin", 9)];
    let all = all.into_iter().chain([failing("pc4", "munich", 4), failing("pc5", "berlin", 1)]);
    let mirror = Mirror { computers: Arc::new(all.collect()), ..Mirror::default() };
    // All pages of two computers each.
    let check = |sort: Option<FailureOrder>, reverse, expected: &[&[&str]]| {
        let mut query = FailuresQuery { sort, reverse, ..FailuresQuery::default() };
        for (number, expected) in expected.iter().enumerate() {
            let page = mirror.failing(&query, 2);
            let names: Vec<String> = page.items.iter().map(|(id, _)| id.to_string()).collect();
            assert_eq!(names, *expected, "page {number} by {sort:?}");
            assert_eq!(page.total, Some(4));
            query.after = page.next;
        }
        assert_eq!(query.after, None);
    };
    check(None, false, &[&["pc1", "pc3"], &["pc4", "pc5"]]);
    check(None, true, &[&["pc5", "pc4"], &["pc3", "pc1"]]);
    check(Some(FailureOrder::Server), false, &[&["pc3", "pc5"], &["pc1", "pc4"]]);
    check(Some(FailureOrder::Failed), false, &[&["pc3", "pc4"], &["pc1", "pc5"]]);
}
