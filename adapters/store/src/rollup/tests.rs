use headwater_model::{Guid, UpdateId, UpdateIdentity};
use headwater_policy::compliance::{Event, Inventory, State};
use headwater_policy::rollup::{ReportedRow, ServerReport, ServerSummary, SyncResult};

use super::*;
use crate::test_database::{TestDatabase, on_both_engines};
use crate::{Acknowledged, ComputerDetails, ComputerWrite, NewGroup, NewRevision, Report, ToldRow};

on_both_engines!(
    computers_of_lower_servers_stand_beside_our_own,
    a_computer_that_comes_back_is_in_its_own_groups_and_registers,
    a_deleted_computer_does_not_come_back_by_older_reports,
    there_is_an_end_to_computers,
    status_of_lower_computers_is_replaced_or_changed,
    servers_are_kept_with_their_counts,
    what_was_told_is_told_again_only_when_it_changed_or_is_asked_for,
);

const OWN: ServerId = ServerId::from_u128(1);
const LOWER: ServerId = ServerId::from_u128(2);
const OTHER: ServerId = ServerId::from_u128(3);
const PILOT: GroupId = GroupId::from_u128(0x77);

fn at(seconds: i64) -> Timestamp {
    Timestamp::EPOCH.plus_seconds(seconds)
}

fn client(name: &str) -> ClientId {
    name.parse().expect("an id")
}

fn update(number: u128) -> UpdateId {
    UpdateId::from_u128(number)
}

/// A database with three updates, a group, two lower servers and a computer of its own, `own`.
async fn database(on: &TestDatabase) -> Store {
    let store = on.open().await;
    store.server(OWN, at(0)).await.expect("a server");
    let revision = |id| NewRevision {
        identity: UpdateIdentity { id: update(id), revision: 200 },
        document: Vec::new(),
        document_bytes: 0,
        document_hash: [0; 8],
        facts: Vec::new(),
        facts_version: 1,
        core_bytes: 0,
    };
    store.add_revisions((1..=3).map(revision).collect(), at(0)).await.expect("revisions");
    let group = NewGroup { id: PILOT, name: "Pilot".into(), parent: ALL_COMPUTERS };
    store.add_group(&group, "test", at(0)).await.expect("a group");
    for (id, name) in [(LOWER, "lower.example"), (OTHER, "other.example")] {
        assert!(store.enroll_server(id, name, at(0), 10).await.expect("enrolled"));
    }
    enroll(&store, "own", 100).await;
    store
}

async fn enroll(store: &Store, name: &str, second: i64) {
    let client = client(name);
    let details = ComputerDetails { dns_name: format!("{name}.example"), ..ComputerDetails::default() };
    let writes = [
        ComputerWrite::Enroll {
            client: client.clone(),
            dns_name: format!("{name}.example"),
            requested_group: String::new(),
            groups: None,
            at: at(second),
        },
        ComputerWrite::Register { client: client.clone(), details: Box::new(details), at: at(second) },
        ComputerWrite::Contact { client, at: at(second), synced: true },
    ];
    store.write_computers(&writes).await.expect("a computer");
}

fn report(name: &str, server: ServerId, second: i64) -> ComputerReport {
    ComputerReport {
        client: client(name),
        server,
        last_sync: Some(at(second)),
        sync_result: SyncResult::Succeeded,
        last_reboot: None,
        last_status: Some(at(second)),
        last_inventory: None,
        details: None,
    }
}

fn detailed(name: &str, server: ServerId, second: i64, groups: &[GroupId]) -> ComputerReport {
    let details = ReportedDetails {
        address: "192.0.2.7".into(),
        dns_name: format!("{name}.below.example"),
        os_version: "10.0.26200".into(),
        groups: groups.to_vec(),
        requested_groups: vec!["Pilot".into(), "Nowhere".into()],
        ..ReportedDetails::default()
    };
    ComputerReport { details: Some(Box::new(details)), ..report(name, server, second) }
}

async fn receive_all(store: &Store, reports: &[ComputerReport]) -> Received {
    store.write_computers_below(reports, at(1_000), 100).await.expect("written").expect("there is room")
}

async fn row(store: &Store, name: &str) -> crate::ComputerRow {
    store.computer(&client(name)).await.expect("a row").expect("a computer")
}

fn status(name: &str, number: i32, is_full: bool, rows: &[(u128, State, i64)]) -> StatusReport {
    let row = |(id, state, second): &(u128, State, i64)| ReportedRow {
        update: update(*id),
        state: *state,
        since: at(*second),
    };
    StatusReport {
        client: client(name),
        number,
        is_full,
        effective_detection: Some(at(50)),
        rows: rows.iter().map(row).collect(),
    }
}

async fn rows_of(store: &Store, name: &str) -> Vec<(u128, State)> {
    let computer = row(store, name).await.computer;
    let numbers = store.update_numbers().await.expect("numbers");
    let status = store.status_of(&[computer]).await.expect("a status").remove(&computer).unwrap_or_default();
    let id = |number| u128::from_be_bytes(*numbers.id(number).expect("an id").as_bytes());
    status.rows().iter().map(|row| (id(row.update), row.state)).collect()
}

async fn computers_of_lower_servers_stand_beside_our_own(on: TestDatabase) {
    let store = database(&on).await;
    let nowhere = GroupId::from_u128(0x99);
    let received = receive_all(
        &store,
        &[detailed("pc", LOWER, 200, &[PILOT, nowhere, ALL_COMPUTERS]), report("bare", LOWER, 200)],
    )
    .await;
    assert_eq!(
        received.receptions,
        [Reception::Taken { wants_details: false }, Reception::Taken { wants_details: true }]
    );
    let pc = row(&store, "pc").await;
    assert_eq!(
        (pc.server, pc.dns_name.as_str(), pc.address.as_str()),
        (Some(LOWER), "pc.below.example", "192.0.2.7")
    );
    assert_eq!((pc.groups, pc.requested_group.as_str()), (vec![PILOT], "Pilot;Nowhere"));
    assert_eq!((pc.last_contact, pc.last_sync, pc.last_report), (at(200), Some(at(200)), Some(at(200))));
    assert_eq!(row(&store, "bare").await.groups, [UNASSIGNED_COMPUTERS]);
    let rosters = store.roster().await.expect("rosters");
    assert_eq!(rosters.own.keys().collect::<Vec<_>>(), [&client("own")]);
    assert_eq!((rosters.below.size(), &*rosters.below[&client("pc")].groups), (2, &[PILOT][..]));
    assert_eq!(store.computers_by_server().await.expect("counts"), HashMap::from([(LOWER, 2)]));
}

async fn a_computer_that_comes_back_is_in_its_own_groups_and_registers(on: TestDatabase) {
    let store = database(&on).await;
    store.move_computer(&client("own"), &[PILOT], "test", at(150)).await.expect("moved").expect("known");
    let stale = receive_all(&store, &[detailed("own", LOWER, 99, &[])]).await;
    assert_eq!(stale.receptions, [Reception::Ignored]);
    receive_all(&store, &[detailed("own", LOWER, 200, &[])]).await;
    let away = row(&store, "own").await;
    assert_eq!((away.server, away.groups), (Some(LOWER), vec![UNASSIGNED_COMPUTERS]));
    // Nothing that was meant for our own computer reaches it there.
    assert_eq!(store.move_computer(&client("own"), &[PILOT], "test", at(210)).await.expect("asked"), None);
    assert!(!store.delete_computer(&client("own"), "test", at(210)).await.expect("asked"));
    let contact = ComputerWrite::Contact { client: client("own"), at: at(220), synced: true };
    store.write_computers(&[contact]).await.expect("written");
    assert_eq!(row(&store, "own").await.last_sync, Some(at(200)));

    let hello = ComputerWrite::Enroll {
        client: client("own"),
        dns_name: "own.example".into(),
        requested_group: String::new(),
        groups: None,
        at: at(300),
    };
    let back = store.write_computers(&[hello]).await.expect("written");
    assert_eq!((&*back[0].member.groups, back[0].member.registered), (&[PILOT][..], false));
    assert_eq!(row(&store, "own").await.server, None);
}

async fn a_deleted_computer_does_not_come_back_by_older_reports(on: TestDatabase) {
    let store = database(&on).await;
    let contact = row(&store, "own").await.last_contact;
    let delete = async |since| {
        store.delete_silent_computer(&client("own"), since, "test", at(300)).await.expect("asked")
    };
    assert!(!delete(contact.plus_seconds(-1)).await, "it made contact after that");
    assert!(delete(contact).await);
    let received = receive_all(&store, &[detailed("own", LOWER, 299, &[])]).await;
    assert_eq!(received.receptions, [Reception::Deleted]);
    assert_eq!(store.computer(&client("own")).await.expect("asked"), None);
    let received = receive_all(&store, &[detailed("own", LOWER, 301, &[])]).await;
    assert_eq!(received.receptions, [Reception::Taken { wants_details: false }]);
    // Whether one of a lower server is deleted knows that server: it may be back, and has yet to scan.
    receive_all(&store, &[detailed("pc", LOWER, 200, &[])]).await;
    let deleted = store.delete_silent_computer(&client("pc"), Timestamp::MAX, "test", at(300)).await;
    assert!(deleted.expect("asked"));
    let received = receive_all(&store, &[detailed("pc", LOWER, 299, &[])]).await;
    assert_eq!(received.receptions, [Reception::Taken { wants_details: false }]);
}

async fn there_is_an_end_to_computers(on: TestDatabase) {
    let store = database(&on).await;
    let two = [detailed("a", LOWER, 200, &[]), detailed("b", LOWER, 200, &[])];
    assert!(store.write_computers_below(&two, at(1_000), 2).await.expect("asked").is_none());
    assert_eq!(store.computer(&client("a")).await.expect("asked"), None);
    assert!(store.write_computers_below(&two, at(1_000), 3).await.expect("asked").is_some());
    // Those that are known are told of for ever.
    assert!(store.write_computers_below(&two, at(1_000), 2).await.expect("asked").is_some());
}

async fn status_of_lower_computers_is_replaced_or_changed(on: TestDatabase) {
    use State::{Installed, NotApplicable, NotInstalled};
    let store = database(&on).await;
    receive_all(&store, &[detailed("pc", LOWER, 200, &[])]).await;
    let numbers = store.update_numbers().await.expect("numbers");
    let write = async |report: StatusReport| {
        store.write_status_below(&[report], &HashSet::from([LOWER]), &numbers).await.expect("written")
    };
    let first =
        write(status("pc", 1, true, &[(1, NotInstalled, 10), (2, Installed, 10), (99, Installed, 10)])).await;
    assert_eq!((first.unknown_updates, first.changed.len()), (1, 1));
    assert_eq!(rows_of(&store, "pc").await, [(1, NotInstalled), (2, Installed)]);
    // What is older than the row is ignored ([MS-WSUSSS] 3.1.4.17).
    write(status("pc", 2, false, &[(1, Installed, 9), (2, NotApplicable, 11), (3, NotInstalled, 11)])).await;
    assert_eq!(rows_of(&store, "pc").await, [(1, NotInstalled), (3, NotInstalled)]);
    write(status("pc", 3, true, &[(2, Installed, 5)])).await;
    assert_eq!(rows_of(&store, "pc").await, [(2, Installed)]);

    // Our own computers and those of other servers are not theirs to tell of.
    receive_all(&store, &[detailed("foreign", OTHER, 200, &[])]).await;
    for name in ["own", "foreign", "nobody"] {
        let written = write(status(name, 1, true, &[(1, Installed, 10)])).await;
        assert_eq!((written.foreign, written.changed.len()), (1, 0), "{name}");
    }
    let ask = async |number: i32, server: ServerId| {
        let asked = [(client("pc"), number), (client("own"), 7), (client("nobody"), 7)];
        store.out_of_sync(&asked, &HashSet::from([server])).await.expect("an answer")
    };
    assert_eq!(ask(3, LOWER).await, []);
    assert_eq!(ask(2, LOWER).await, [client("pc")]);
    assert_eq!(ask(2, OTHER).await, []);
    // Another server counts anew.
    receive_all(&store, &[report("pc", OTHER, 300)]).await;
    assert_eq!(ask(3, OTHER).await, [client("pc")]);
}

async fn servers_are_kept_with_their_counts(on: TestDatabase) {
    let store = database(&on).await;
    let summary = ServerSummary { updates: 7, computers_up_to_date: 3, ..ServerSummary::default() };
    let report = |server: ServerId, parent: ServerId| ServerReport {
        server,
        name: "Deep.Example".into(),
        parent,
        version: "10.0".into(),
        is_replica: true,
        last_sync: Some(at(10)),
        last_rollup: Some(at(20)),
        summary,
    };
    let deep = ServerId::from_u128(9);
    store
        .write_servers(&[report(deep, LOWER), report(LOWER, ServerId::from_u128(0))], at(500))
        .await
        .expect("written");
    let servers = store.downstream_servers().await.expect("servers");
    let found = |id| servers.iter().find(|one| one.id == id).expect("a server");
    assert_eq!(
        (found(deep).parent, found(deep).last_contact, found(deep).summary),
        (LOWER, at(500), Some(summary))
    );
    assert_eq!((found(LOWER).last_contact, found(LOWER).is_replica), (at(500), Some(true)));
    assert_eq!(found(OTHER).summary, None);
    let tree = store.server_tree().await.expect("a tree");
    assert_eq!(tree.subtree(LOWER), HashSet::from([LOWER, deep]));
}

async fn untold(store: &Store) -> Vec<ToldRow> {
    store.untold(OWN, 0, 10).await.expect("computers")
}

async fn what_was_told_is_told_again_only_when_it_changed_or_is_asked_for(on: TestDatabase) {
    let store = database(&on).await;
    receive_all(&store, &[detailed("pc", LOWER, 200, &[PILOT])]).await;
    let (upper, reset) = (ServerId::from_u128(50), Guid::from_u128(1));
    assert_eq!(store.begin_rollup(upper, reset).await.expect("begun"), None);
    store.servers_told([1; 8]).await.expect("remembered");
    assert_eq!(store.begin_rollup(upper, reset).await.expect("begun"), Some([1; 8]));

    let all = untold(&store).await;
    let servers: Vec<(&str, ServerId)> =
        all.iter().map(|one| (one.report.client.as_str(), one.report.server)).collect();
    assert_eq!(servers, [("own", OWN), ("pc", LOWER)]);
    assert_eq!(all[0].report.sync_result, SyncResult::Succeeded);
    assert_eq!(all[1].report.details.as_ref().expect("details").groups, [PILOT]);
    assert!(all.iter().all(|one| one.told == headwater_policy::rollup_plan::Told::default()));
    let tell = async |rows: &[ToldRow]| {
        let details: Vec<_> = rows.iter().map(|one| (one.computer, Some([9; 8]))).collect();
        store.details_told(&details).await.expect("remembered");
        let status =
            Acknowledged { computer: rows[0].computer, number: 4, status: ComputerStatus::default() };
        store.status_told(&[status]).await.expect("remembered");
        let changes: Vec<_> = rows.iter().map(|one| (one.computer, one.changes)).collect();
        store.changes_told(&changes).await.expect("remembered");
    };
    tell(&all).await;
    assert!(!store.is_untold().await.expect("asked"));

    // A scan, a report, a move: each is something to tell.
    enroll(&store, "own", 400).await;
    assert_eq!(untold(&store).await.len(), 1);
    tell(&untold(&store).await).await;
    let numbers = store.update_numbers().await.expect("numbers");
    let states = [(update(1), State::Installed)].into_iter().collect();
    let inventory = Inventory { states, rejected: 0 };
    let event = Event { at: at(410), id: 156, update: None, hresult: 0, inventory: Some(inventory) };
    let events = Report { computer: all[0].computer, at: at(410), events: vec![event] };
    store.write_reports(&[events], &numbers).await.expect("written");
    assert!(untold(&store).await[0].status.is_some());
    tell(&untold(&store).await).await;
    store.move_computer(&client("own"), &[PILOT], "test", at(420)).await.expect("moved");
    assert_eq!(untold(&store).await.len(), 1);
    tell(&untold(&store).await).await;
    store.delete_group(PILOT, "test", at(430)).await.expect("deleted");
    assert_eq!(untold(&store).await.len(), 2);
    tell(&untold(&store).await).await;

    // Another reset asks for everything and goes on counting; another server begins anew.
    assert_eq!(store.begin_rollup(upper, Guid::from_u128(2)).await.expect("begun"), None);
    let again = untold(&store).await;
    assert_eq!((again.len(), again[0].told.number, again[0].told.details), (2, 4, None));
    assert_eq!(again[0].told.status, None);
    assert_eq!(store.begin_rollup(OTHER, Guid::from_u128(2)).await.expect("begun"), None);
    assert_eq!(untold(&store).await[0].told.number, 0);

    store.forget_computers(&[client("pc"), client("nobody")], "upstream", at(440)).await.expect("forgotten");
    assert_eq!(untold(&store).await.len(), 1);
    let received = receive_all(&store, &[detailed("pc", LOWER, 430, &[])]).await;
    assert_eq!(received.receptions, [Reception::Deleted]);
}
