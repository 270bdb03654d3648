//! Every computer counts once in each group that has it, and how it stands is the first that holds.

use std::sync::Arc;

use headwater_api::linkage::WsusGroup;
use headwater_api::{GroupRef, ServerRef, UpdateCounts};
use headwater_model::ServerId;

use super::*;
use crate::mirror::{TreeView, sample_server};

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
    let sum = row.complete + row.needing + row.failing + row.pending_restart + row.unreported + row.silent;
    assert_eq!(sum, row.computers, "{row:?}");
    [row.computers, row.complete, row.needing, row.failing, row.pending_restart, row.unreported, row.silent]
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
    let mirror = mirror();
    let page = |after| mirror.page_of(|_| true, 3, after, |one| one.name.clone());
    let first = page(None);
    assert_eq!((first.items.len(), first.next.as_deref(), first.total), (3, Some("pc3"), Some(7)));
    let last = page(Some("pc4"));
    assert_eq!((last.items, last.next), (vec!["pc5".to_owned(), "pc6".into(), "pc7".into()], None));
    let silent = mirror.standing(Standing::Silent, None);
    assert_eq!(silent.items.iter().map(|one| one.name.as_str()).collect::<Vec<_>>(), ["pc5"]);
}
