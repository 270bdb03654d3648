//! What a list finds, in which order, and how its pages go on.

use headwater_api::linkage::WsusGroup;
use headwater_api::{GroupRef, ServerRef, UpdateCounts};
use headwater_model::{ServerId, Timestamp, UpdateId};

use super::*;

fn update(number: u128, title: &str, kb: &str) -> UpdateSummary {
    UpdateSummary {
        id: UpdateId::from_u128(number),
        revision: 1,
        title: title.to_owned(),
        kind: UpdateKind::Software,
        classification: Some("Security Updates".to_owned()),
        products: vec!["Windows 11".to_owned()],
        kb: vec![kb.to_owned()],
        cves: vec![format!("CVE-2026-{number:04}")],
        severity: (number == 2).then(|| "Critical".to_owned()),
        state: UpdateState::Approvable,
        approved_groups: 0,
        superseded: false,
        arrived_at: Timestamp::EPOCH.plus_seconds(number as i64),
        needed: number as u64,
        installed: 0,
        failed: 0,
        states: None,
    }
}

fn updates() -> Updates {
    let declined = UpdateSummary { state: UpdateState::Declined, ..update(3, "Old thing", "3") };
    let driver = UpdateSummary { kind: UpdateKind::Driver, failed: 1, ..update(4, "A driver", "4") };
    let part = UpdateSummary { state: UpdateState::Implicit, approved_groups: 1, ..update(5, "A part", "5") };
    let category = UpdateSummary { kind: UpdateKind::Category, ..update(6, "Windows 11", "") };
    let first = update(1, "2026-10 Cumulative Update for Windows 11", "5044284");
    Updates::new(vec![
        UpdateSummary { needed: 0, state: UpdateState::Expired, ..first },
        update(2, "2026-11 Cumulative Update for Windows 10", "5044285"),
        declined,
        driver,
        part,
        category,
    ])
}

#[track_caller]
fn finds(query: &UpdateQuery, expected: &[u128]) {
    let page = updates().find(query, UpdateOrder::default(), Direction::default());
    let found: Vec<UpdateId> = page.items.iter().map(|update| update.id).collect();
    assert_eq!(found, expected.iter().map(|id| UpdateId::from_u128(*id)).collect::<Vec<_>>(), "{query:?}");
}

#[test]
fn updates_are_found_by_all_that_is_said() {
    let search = |text: &str| UpdateQuery { search: Some(text.to_owned()), ..UpdateQuery::default() };
    // The newest arrivals first; categories only where they are asked for.
    finds(&UpdateQuery::default(), &[5, 4, 3, 2, 1]);
    finds(&search("cumulative windows"), &[2, 1]);
    finds(&search("KB5044284"), &[1]);
    finds(&search("kb504"), &[]);
    finds(&search("cve-2026-0002"), &[2]);
    finds(&search(&UpdateId::from_u128(4).to_string()), &[4]);
    finds(&search("00000000-0000"), &[5, 4, 3, 2, 1]);
    let all = UpdateQuery::default;
    finds(&UpdateQuery { severity: Some("critical".to_owned()), ..all() }, &[2]);
    let moment = |seconds| Some(Timestamp::EPOCH.plus_seconds(seconds));
    finds(&UpdateQuery { arrived_since: moment(2), arrived_before: moment(4), ..all() }, &[3, 2]);
    finds(&UpdateQuery { kind: Some(UpdateKind::Category), ..all() }, &[6]);
    finds(&UpdateQuery { declined: Some(true), ..all() }, &[3]);
    finds(&UpdateQuery { implicit: Some(false), declined: Some(false), ..all() }, &[4, 2, 1]);
    finds(&UpdateQuery { expired: Some(true), ..all() }, &[1]);
    finds(&UpdateQuery { needed: Some(false), ..all() }, &[1]);
    finds(&UpdateQuery { needed: Some(true), expired: Some(false), ..all() }, &[5, 4, 3, 2]);
    finds(&UpdateQuery { failed: Some(true), ..all() }, &[4]);
    finds(&UpdateQuery { approval: Some(ApprovalFilter::Approved), ..all() }, &[5]);
    // Declined and withdrawn ones nobody can approve.
    finds(&UpdateQuery { approval: Some(ApprovalFilter::Unapproved), ..all() }, &[4, 2]);
    finds(&UpdateQuery { product: Some("windows 11".to_owned()), limit: Some(1), ..all() }, &[5]);
    finds(&UpdateQuery { classification: Some("Drivers".to_owned()), ..all() }, &[]);
}

#[test]
fn an_order_is_turned_round() {
    let ids = |order, direction| -> Vec<u64> {
        let page = updates().find(&UpdateQuery::default(), order, direction);
        page.items.iter().map(|update| update.needed).collect()
    };
    assert_eq!(ids(UpdateOrder::Needed, Direction::Usual), [5, 4, 3, 2, 0]);
    assert_eq!(ids(UpdateOrder::Needed, Direction::Reversed), [0, 2, 3, 4, 5]);
    assert_eq!(ids(UpdateOrder::Title, Direction::Usual), [0, 2, 4, 5, 3]);
    // What waits for a decision, then what only comes with others, what was withdrawn, and what was declined.
    assert_eq!(ids(UpdateOrder::State, Direction::Usual), [4, 2, 5, 0, 3]);
}

#[test]
fn what_waits_for_a_decision_is_before_what_nobody_can_approve() {
    let in_state = |number, state| UpdateSummary { state, needed: 0, ..update(number, "One", "1") };
    let open = |number| in_state(number, UpdateState::Approvable);
    let updates = Updates::new(vec![
        in_state(1, UpdateState::Declined),
        in_state(2, UpdateState::Expired),
        in_state(3, UpdateState::Implicit),
        UpdateSummary { superseded: true, ..open(4) },
        UpdateSummary { approved_groups: 1, ..open(5) },
        open(6),
        UpdateSummary { needed: 1, ..open(7) },
        in_state(8, UpdateState::Incomplete),
    ]);
    let page = updates.find(&UpdateQuery::default(), UpdateOrder::State, Direction::Usual);
    let order: Vec<UpdateId> = page.items.iter().map(|one| one.id).collect();
    assert_eq!(order, [8, 7, 6, 5, 4, 3, 2, 1].map(UpdateId::from_u128));
}

fn computer(number: u32, group: u128, server: u128) -> ComputerSummary {
    ComputerSummary {
        id: format!("client-{number}").parse().expect("an id"),
        name: format!("PC{number:04}.corp.example"),
        server: Some(ServerRef { id: ServerId::from_u128(server), name: format!("wsus{server}") }),
        address: Some(format!("10.0.0.{number}")),
        groups: vec![GroupRef { id: GroupId::from_u128(group), name: String::new() }],
        os: None,
        os_version: None,
        architecture: None,
        agent_version: None,
        manufacturer: None,
        model: None,
        last_contact_at: Timestamp::EPOCH.plus_seconds(number.into()),
        last_report_at: None,
        note: None,
        silent: false,
        status: UpdateCounts { failed: u64::from(number % 3), ..UpdateCounts::default() },
    }
}

/// Group 2 is beneath group 1.
fn tree() -> TreeView {
    let group = |id, parent: Option<u128>| WsusGroup {
        id: GroupId::from_u128(id),
        name: format!("group {id}"),
        parent: parent.map(GroupId::from_u128),
        built_in: false,
    };
    TreeView { groups: vec![group(1, None), group(2, Some(1)), group(3, None)], ..TreeView::default() }
}

#[test]
fn computers_are_found_in_a_group_and_beneath_it() {
    let computers = Computers::new(vec![computer(3, 3, 7), computer(1, 2, 7), computer(2, 1, 8)]);
    let names = |query: &ComputerQuery| -> Vec<String> {
        let now = Timestamp::EPOCH.plus_seconds(2 * 86_400 + 2);
        let page = computers.find(query, &tree(), now, ComputerOrder::default(), Direction::default());
        page.items.iter().map(|computer| computer.name[..6].to_owned()).collect()
    };
    let all = ComputerQuery::default;
    assert_eq!(names(&all()), ["PC0001", "PC0002", "PC0003"]);
    assert_eq!(names(&ComputerQuery { group: Some(GroupId::from_u128(1)), ..all() }), ["PC0001", "PC0002"]);
    assert_eq!(names(&ComputerQuery { group: Some(GroupId::from_u128(2)), ..all() }), ["PC0001"]);
    assert_eq!(names(&ComputerQuery { server: Some(ServerId::from_u128(8)), ..all() }), ["PC0002"]);
    assert_eq!(names(&ComputerQuery { search: Some("10.0.0.3".to_owned()), ..all() }), ["PC0003"]);
    assert_eq!(names(&ComputerQuery { search: Some("pc0001.CORP".to_owned()), ..all() }), ["PC0001"]);
    assert_eq!(names(&ComputerQuery { silent_days: Some(2), ..all() }), ["PC0001", "PC0002"]);
    assert_eq!(names(&ComputerQuery { contact_days: Some(2), ..all() }), ["PC0003"]);
    assert_eq!(names(&ComputerQuery { silent_days: Some(1), contact_days: Some(2), ..all() }), ["PC0003"]);
}

#[test]
fn the_worst_computer_is_first() {
    let reported =
        |number| ComputerSummary { last_report_at: Some(Timestamp::EPOCH), ..computer(number, 1, 7) };
    let standing = |number, counts| ComputerSummary { status: counts, ..reported(number) };
    let none = UpdateCounts::default;
    let computers = Computers::new(vec![
        ComputerSummary { silent: true, ..computer(1, 1, 7) },
        ComputerSummary { status: none(), ..computer(2, 1, 7) },
        standing(3, none()),
        standing(4, UpdateCounts { pending_restart: 1, ..none() }),
        standing(5, UpdateCounts { downloaded: 1, ..none() }),
        standing(6, UpdateCounts { failed: 1, ..none() }),
    ]);
    let all = ComputerQuery::default();
    let page = computers.find(&all, &tree(), Timestamp::EPOCH, ComputerOrder::State, Direction::Usual);
    let order: Vec<&str> = page.items.iter().map(|one| &one.name[..6]).collect();
    assert_eq!(order, ["PC0006", "PC0005", "PC0004", "PC0003", "PC0002", "PC0001"]);
}

#[test]
fn pages_go_on_where_the_last_one_ended() {
    let computers = Computers::new((0..250).map(|number| computer(number, 1, 7)).collect());
    let mut query = ComputerQuery { limit: Some(100), ..ComputerQuery::default() };
    let (mut seen, mut pages) = (Vec::new(), 0);
    loop {
        let page = computers.find(&query, &tree(), Timestamp::EPOCH, ComputerOrder::Failed, Direction::Usual);
        assert_eq!(page.total, Some(250));
        seen.extend(page.items.into_iter().map(|computer| computer.id));
        pages += 1;
        query.after = page.next;
        if query.after.is_none() {
            break;
        }
    }
    assert_eq!((pages, seen.len()), (3, 250));
    seen.sort_unstable();
    seen.dedup();
    assert_eq!(seen.len(), 250, "none comes twice");
    // The computer that a page ended with is gone: the list begins again.
    query.after = Some("nobody".to_owned());
    let again = computers.find(&query, &tree(), Timestamp::EPOCH, ComputerOrder::Name, Direction::Usual);
    assert_eq!(again.items[0].name, "PC0000.corp.example");
}
