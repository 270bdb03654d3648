//! What agents report over a socket, and what administrators are then told.

use headwater_api::{
    ComputerDetail, ComputerUpdateState, ComputersVerdict, StatusQuery, StatusSummary, UpdateCounts,
    UpdateQuery, UpdatesVerdict,
};
use headwater_model::{Guid, Timestamp, UpdateId};
use headwater_policy::group::DOWNSTREAM_SERVERS;
use headwater_simulated_agent::{Agent, AgentError, DetectoidsInstalled, Event, Stage, WalkError, batch};
use headwater_testkit::builders::{REVISION, Update, id};
use headwater_testkit::{ServerOptions, TestClock, TestServer, client_id};
use headwater_wsus::reporting::{ReportEventBatch, ReportingEvent};
use headwater_wsus::soap::ErrorCode;
use headwater_wsus::wusp::Cookie;

/// The first of the updates that a computer can have or need.
const FIRST_LEAF: u32 = 10;

/// With so many leaves, which arrived a day ago.
async fn server(leaves: u32) -> TestServer {
    let clock = TestClock::of_the_captures();
    let options = ServerOptions { clock: Some(clock.clone()), ..ServerOptions::default() };
    let server = TestServer::start_with(options).await;
    let software = (FIRST_LEAF..FIRST_LEAF + leaves).map(|number| Update::software(number, "Software"));
    let updates: Vec<Update> = software.map(|update| update.in_category(2)).collect();
    let documents: Vec<_> =
        [Update::product(2, "Product")].iter().chain(&updates).map(Update::document).collect();
    server.admin.import(&documents).await.expect("imports");
    clock.advance(86_400);
    server
}

fn leaf(number: u32) -> UpdateId {
    id(FIRST_LEAF + number)
}

fn failed(update: UpdateId) -> Event {
    let identity = headwater_model::UpdateIdentity { id: update, revision: REVISION };
    Event::installation_failed(identity, "Software", -2_145_124_318)
}

/// The agent of a computer that has registered and not scanned.
async fn registered(server: &TestServer, number: u32) -> Agent {
    let mut agent = server.agent(number, DetectoidsInstalled);
    agent.run([Stage::RegisterComputer]).await.expect("registers");
    agent
}

/// When an event of this second happened.
fn at(agent: &Agent, second: i64) -> Timestamp {
    agent.now().plus_seconds(second - 3600)
}

/// Events with the seconds at which they happened.
fn events(agent: &Agent, events: &[(i64, Event)]) -> Vec<ReportingEvent> {
    let one = |(second, event): &(i64, Event)| {
        let none = Cookie { expiration: Timestamp::EPOCH, encrypted_data: Vec::new() };
        let instance = || Guid::from_u128(*second as u128);
        let time = at(agent, *second);
        batch(&agent.walk.computer, none, time, std::slice::from_ref(event), instance).event_batch
    };
    events.iter().flat_map(one).collect()
}

/// Sends a report; says what the server answered.
async fn report(agent: &mut Agent, event_batch: Vec<ReportingEvent>) -> bool {
    let cookie = agent.walk.cookie().cloned().expect("a cookie");
    let message = ReportEventBatch { cookie, client_time: agent.now(), event_batch };
    agent.call(&message).await.expect("an answer").expect("no fault").result
}

async fn computer(server: &TestServer, number: u32) -> ComputerDetail {
    let id = client_id(number).parse().expect("an id");
    server.admin.ask(move |client| client.computer(&id)).await.expect("is known").value
}

async fn summary(server: &TestServer, query: StatusQuery) -> StatusSummary {
    server.admin.ask(move |client| client.status(&query)).await.expect("a summary").value
}

#[tokio::test(flavor = "multi_thread")]
async fn a_report_without_our_cookie_is_refused() {
    let server = server(1).await;
    let mut agent = registered(&server, 1).await;
    agent.walk.set_cookie(Some(Cookie { expiration: agent.now(), encrypted_data: vec![0; 224] }));
    match agent.report(&[Event::detected(0)]).await {
        Err(AgentError::Walk { source: WalkError::Refused { fault, .. }, .. }) => {
            assert_eq!(fault.code, Some(ErrorCode::InvalidCookie));
        }
        other => panic!("{other:?}"),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn administrators_see_what_computers_reported() {
    const LEAVES: u32 = 8;
    let server = server(LEAVES).await;
    let (mut first, mut second) = (registered(&server, 1).await, registered(&server, 2).await);
    let (needed, installed, failing) = (leaf(0), leaf(1), leaf(2));
    let mut inventory = Event::inventory(&[('U', &[needed, failing]), ('V', &[installed])]);
    inventory.misc.push("w=0".to_owned());
    let scan = events(&first, &[(1, Event::detected(2)), (2, inventory)]);
    assert!(report(&mut first, scan.clone()).await);
    let failure = events(&first, &[(5, failed(failing))]);
    assert!(report(&mut first, failure).await);
    let pending = events(&second, &[(2, Event::inventory(&[('W', &[needed])]))]);
    assert!(report(&mut second, pending).await);

    check(&server, &first, LEAVES).await;
    // Once more: an agent that did not hear the answer.
    assert!(report(&mut first, scan).await);
    check(&server, &first, LEAVES).await;
    let server = server.restart().await;
    check(&server, &first, LEAVES).await;
}

async fn check(server: &TestServer, first: &Agent, leaves: u32) {
    let (needed, installed, failing) = (leaf(0), leaf(1), leaf(2));
    let all = summary(server, StatusQuery::default()).await;
    let computers = ComputersVerdict { failed: 1, needing: 0, unknown: 0, up_to_date: 1, silent: 0 };
    let updates = UpdatesVerdict { approved: 0, needed: 2, needed_unapproved: 2, failed: 1 };
    assert_eq!((all.computers, all.updates), (computers, updates));
    let nobody = summary(server, StatusQuery { group: Some(DOWNSTREAM_SERVERS) }).await;
    assert_eq!(nobody.computers, ComputersVerdict::default());
    assert_eq!(nobody.group.expect("a group").name, "Downstream Servers");

    let listed = server.admin.updates(UpdateQuery::default()).await.expect("lists");
    let of = |id: UpdateId| {
        let update = listed.iter().find(|update| update.id == id).expect("an update");
        (update.needed, update.installed, update.failed)
    };
    assert_eq!((of(needed), of(installed), of(failing)), ((1, 1, 0), (0, 1, 0), (1, 0, 1)));
    let status = server.admin.update(needed).await.expect("is known").status;
    assert_eq!(status, UpdateCounts { needed: 1, pending_restart: 1, ..UpdateCounts::default() });
    let status = server.admin.update(installed).await.expect("is known").status;
    assert_eq!(status, UpdateCounts { installed: 1, not_applicable: 1, ..UpdateCounts::default() });

    let computer = computer(server, 1).await;
    let not_applicable = u64::from(leaves) - 3;
    let counts =
        UpdateCounts { installed: 1, needed: 1, failed: 1, not_applicable, ..UpdateCounts::default() };
    assert_eq!(computer.summary.status, counts);
    assert_eq!(computer.summary.last_report_at, Some(first.now()));
    let open: Vec<(UpdateId, ComputerUpdateState, Timestamp, Option<&str>)> = computer
        .updates
        .iter()
        .map(|update| (update.id, update.state, update.since, update.error.as_deref()))
        .collect();
    assert_eq!(
        open,
        [
            (failing, ComputerUpdateState::Failed, at(first, 5), Some("0x80240022")),
            (needed, ComputerUpdateState::Needed, at(first, 2), None),
        ]
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_reports_in_the_name_of_another() {
    let server = server(3).await;
    let (victim, mut forger) = (registered(&server, 1).await, registered(&server, 2).await);
    let mut forged = events(&victim, &[(4, Event::inventory(&[('V', &[leaf(0)])]))]);
    forged.extend(events(&forger, &[(3, Event::inventory(&[]))]));
    assert!(report(&mut forger, forged).await);
    let victim = computer(&server, 1).await.summary;
    assert_eq!(victim.status, UpdateCounts { unknown: 3, ..UpdateCounts::default() });
    assert_eq!(victim.last_report_at, None);
    let forger = computer(&server, 2).await.summary;
    assert_eq!(forger.status, UpdateCounts { not_applicable: 3, ..UpdateCounts::default() });
    let computers = summary(&server, StatusQuery::default()).await.computers;
    assert_eq!((computers.unknown, computers.up_to_date), (1, 1));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_deleted_computer_no_longer_counts() {
    let server = server(1).await;
    let mut agent = registered(&server, 1).await;
    let needs = events(&agent, &[(2, Event::inventory(&[('U', &[leaf(0)])]))]);
    assert!(report(&mut agent, needs).await);
    assert_eq!(summary(&server, StatusQuery::default()).await.updates.needed, 1);
    server.admin.delete_computer(&client_id(1)).await.expect("deletes");
    let all = summary(&server, StatusQuery::default()).await;
    assert_eq!((all.computers, all.updates.needed), (ComputersVerdict::default(), 0));
}
