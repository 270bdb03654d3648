//! What an agent is told, from its first scan on, over real sockets.

use headwater_api::ApprovalAction;
use headwater_model::GroupId;
use headwater_simulated_agent::{Agent, DetectoidsInstalled};
use headwater_testkit::builders::{Document, Update, id};
use headwater_testkit::{ServerOptions, TestClock, TestServer, client_id, postgres};
use headwater_wsus::soap::ErrorCode;
use headwater_wsus::wusp::DeploymentAction::{
    self, Bundle, Evaluate, Install, PreDeploymentCheck, Uninstall,
};

/// A company and a product, a detectoid, software 10 for them, and 11 with its part 12.
fn documents() -> Vec<Document> {
    [
        Update::company(1, "Company"),
        Update::product(2, "Product").in_category(1),
        Update::detectoid(3, "x64").requires(2),
        Update::software(10, "First").in_category(2).requires(3).file("first.exe", b"first"),
        Update::member(12, "Part").requires(3).file("part.exe", b"part"),
        Update::software(11, "Bundle").in_category(2).requires(3).bundles(&[12]),
    ]
    .iter()
    .map(Update::document)
    .collect()
}

/// A server with the documents, and an agent that has scanned it once.
async fn scanned() -> (TestServer, Agent) {
    let server = TestServer::start().await;
    server.admin.import(&documents()).await.expect("imports");
    let mut agent = server.agent(1, DetectoidsInstalled);
    agent.scan().await.expect("scans");
    (server, agent)
}

async fn pilot(server: &TestServer) -> GroupId {
    let pilot = server.admin.create_group("Pilot", None).await.expect("is made");
    server.admin.move_computer(&client_id(1), &[pilot]).await.expect("moves");
    pilot
}

#[track_caller]
fn check(agent: &Agent, update: u32, action: Option<DeploymentAction>) {
    assert_eq!(agent.action(id(update)), action, "update {update}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_first_scan_brings_what_the_computer_is_ready_for() {
    first_scan(TestServer::start().await).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_on_postgres_answers_a_first_scan_and_after_a_crash_knows_it() {
    let Some(place) = postgres() else { return };
    let options = ServerOptions { database: Some(place), ..ServerOptions::default() };
    let server = first_scan(TestServer::start_with(options).await).await;
    assert!(server.data().join("data").is_dir());
    assert!(!server.data().join("data").join(headwater_app::DATABASE).exists());
    let server = server.crash().await;
    assert_eq!(server.admin.computers().await.expect("lists").len(), 1);
}

async fn first_scan(server: TestServer) -> TestServer {
    let summary = server.admin.import(&documents()).await.expect("imports");
    assert_eq!((summary.added, summary.quarantined.len()), (6, 0));

    let mut agent = server.agent(1, DetectoidsInstalled);
    let scan = agent.scan().await.expect("scans");
    assert_eq!(scan.new.len(), 6);
    check(&agent, 1, Some(Evaluate));
    check(&agent, 10, Some(PreDeploymentCheck));
    check(&agent, 11, Some(PreDeploymentCheck));
    check(&agent, 12, Some(Bundle));
    let later = agent.scan().await.expect("scans");
    assert_eq!((later.new.len(), later.changed.len()), (0, 0));
    assert_eq!(later.sync_calls, 2, "one pass for software and one for drivers");
    assert_eq!(server.admin.computers().await.expect("lists").len(), 1);
    server
}

#[tokio::test(flavor = "multi_thread")]
async fn an_approval_is_in_the_next_answer_and_a_withdrawal_too() {
    let (server, mut agent) = scanned().await;
    let pilot = pilot(&server).await;
    server.admin.approve(id(10), pilot, ApprovalAction::Install).await.expect("approves");
    let scan = agent.scan().await.expect("scans");
    check(&agent, 10, Some(Install));
    assert_eq!(scan.new.len(), 0, "known updates come as changed");
    assert_eq!(agent.scan().await.expect("scans").changed.len(), 0, "and only once");

    server.admin.withdraw(id(10), pilot).await.expect("withdraws");
    agent.scan().await.expect("scans");
    check(&agent, 10, Some(PreDeploymentCheck));
}

#[tokio::test(flavor = "multi_thread")]
async fn each_action_reaches_the_agent_and_a_deadline_with_it() {
    let (server, mut agent) = scanned().await;
    let pilot = pilot(&server).await;
    let deadline = "2026-12-24T03:00:00Z".parse().expect("a time");
    for (asked, told) in [
        (ApprovalAction::Uninstall, Uninstall),
        (ApprovalAction::Detect, PreDeploymentCheck),
        (ApprovalAction::Install, Install),
        (ApprovalAction::Block, PreDeploymentCheck),
    ] {
        server.admin.approve_until(id(10), pilot, asked, Some(deadline)).await.expect("approves");
        agent.scan().await.expect("scans");
        check(&agent, 10, Some(told));
    }
    server
        .admin
        .approve_until(id(10), pilot, ApprovalAction::Install, Some(deadline))
        .await
        .expect("approves");
    agent.scan().await.expect("scans");
    let cached = agent.cached(id(10)).expect("is known");
    assert_eq!(cached.deployment.deadline, Some(deadline));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_declined_update_is_forgotten_and_comes_back() {
    let (server, mut agent) = scanned().await;
    server.admin.decline(id(11)).await.expect("declines");
    let scan = agent.scan().await.expect("scans");
    assert_eq!(scan.out_of_scope.len(), 2, "the bundle and its part");
    check(&agent, 11, None);
    server.admin.undecline(id(11)).await.expect("undeclines");
    agent.scan().await.expect("scans");
    check(&agent, 11, Some(PreDeploymentCheck));
    check(&agent, 12, Some(Bundle));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_computer_that_moves_learns_what_is_approved_where_it_is() {
    let (server, mut agent) = scanned().await;
    let berlin = server.admin.create_group("Berlin", None).await.expect("is made");
    let pilot = server.admin.create_group("Pilot", Some(berlin)).await.expect("is made");
    server.admin.approve(id(10), berlin, ApprovalAction::Install).await.expect("approves");
    agent.scan().await.expect("scans");
    check(&agent, 10, Some(PreDeploymentCheck));

    server.admin.move_computer(&client_id(1), &[pilot]).await.expect("moves");
    agent.scan().await.expect("scans");
    check(&agent, 10, Some(Install));
    server.admin.approve(id(10), pilot, ApprovalAction::Block).await.expect("approves");
    agent.scan().await.expect("scans");
    check(&agent, 10, Some(PreDeploymentCheck));
    server.admin.withdraw(id(10), pilot).await.expect("withdraws");
    agent.scan().await.expect("scans");
    check(&agent, 10, Some(Install));
    server.admin.delete_group(pilot).await.expect("deletes");
    agent.scan().await.expect("scans");
    check(&agent, 10, Some(PreDeploymentCheck));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_new_revision_takes_the_place_of_the_old_with_its_approval() {
    let (server, mut agent) = scanned().await;
    let pilot = pilot(&server).await;
    server.admin.approve(id(10), pilot, ApprovalAction::Install).await.expect("approves");
    agent.scan().await.expect("scans");
    let newer = Update::software(10, "First, again").in_category(2).requires(3).revision(201);
    server.admin.import(&[newer.document()]).await.expect("imports");
    let scan = agent.scan().await.expect("scans");
    assert_eq!((scan.new.len(), scan.out_of_scope.len()), (1, 1));
    check(&agent, 10, Some(Install));
    assert_eq!(agent.cached(id(10)).expect("is known").identity.revision, 201);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_bad_document_is_quarantined_and_stops_nothing() {
    let server = TestServer::start().await;
    let mut documents = documents();
    documents[3].xml = documents[3].xml.replace("UpdateType=\"Software\"", "UpdateType=\"Nonsense\"");
    let summary = server.admin.import(&documents).await.expect("imports");
    assert_eq!((summary.added, summary.quarantined.len()), (5, 1));
    assert!(summary.quarantined[0].reason.contains("Nonsense"), "{:?}", summary.quarantined);
    let again = server.admin.import(&documents).await.expect("imports");
    assert_eq!((again.added, again.unchanged, again.quarantined.len()), (0, 5, 1));
    assert_eq!(server.admin.server().await.expect("answers").catalogue.quarantined, 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_incomplete_bundle_is_shown_refused_and_never_offered() {
    let server = TestServer::start().await;
    let mut documents = documents();
    documents.remove(4);
    server.admin.import(&documents).await.expect("imports");
    let mut agent = server.agent(1, DetectoidsInstalled);
    agent.scan().await.expect("scans");
    check(&agent, 11, None);
    let pilot = pilot(&server).await;
    let outcome = server.admin.approve(id(11), pilot, ApprovalAction::Install).await.expect("answers");
    assert_eq!(outcome.applied.len(), 0);
    assert!(outcome.refused[0].reason.contains("incomplete"), "{outcome:?}");
    let category = server.admin.approve(id(2), pilot, ApprovalAction::Install).await.expect("answers");
    assert_eq!(category.refused.len(), 1);
    assert_eq!(server.admin.update(id(11)).await.expect("answers").incomplete.len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_expired_cookie_is_renewed_and_a_deleted_computer_registers_again() {
    let clock = TestClock::of_the_captures();
    let server =
        TestServer::start_with(ServerOptions { clock: Some(clock.clone()), ..ServerOptions::default() })
            .await;
    server.admin.import(&documents()).await.expect("imports");
    let mut agent = server.agent(1, DetectoidsInstalled);
    agent.scan().await.expect("scans");
    clock.advance(22 * 3600);
    let scan = agent.scan().await.expect("scans");
    assert_eq!((scan.new.len(), scan.out_of_scope.len()), (0, 0), "its cache is still good");

    server.admin.delete_computer(&client_id(1)).await.expect("deletes");
    agent.scan().await.expect("scans");
    assert_eq!(server.admin.computers().await.expect("lists").len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn another_server_makes_the_agent_refresh_its_cache() {
    let (_first, mut agent) = scanned().await;
    let (second, _) = scanned().await;
    agent.move_to(&second.updates_url).expect("an address");
    let scan = agent.scan().await.expect("scans");
    assert!(
        scan.faults.iter().any(|fault| matches!(fault, ErrorCode::InvalidCookie | ErrorCode::ServerChanged)),
        "{:?}",
        scan.faults
    );
    check(&agent, 10, Some(PreDeploymentCheck));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_category_scan_stays_within_its_product() {
    let server = TestServer::start().await;
    let mut documents = documents();
    documents.push(Update::product(20, "Other").in_category(1).document());
    documents.push(Update::software(21, "For the other").in_category(20).document());
    server.admin.import(&documents).await.expect("imports");
    let mut agent = server.agent(1, DetectoidsInstalled);
    agent.category_scan(vec![id(2)]).await.expect("scans");
    check(&agent, 10, Some(PreDeploymentCheck));
    check(&agent, 21, None);
    agent.scan().await.expect("scans");
    check(&agent, 21, Some(PreDeploymentCheck));
    let narrowed = agent.category_scan(vec![id(2)]).await.expect("scans");
    assert_eq!(narrowed.out_of_scope.len(), 0, "what is deployed elsewhere is not forgotten");
    assert_eq!(narrowed.deployed_out_of_scope.len(), 2);
}
