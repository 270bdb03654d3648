//! What is offered beside the plain case: pages, places in the graph, targeting, many at once.

use headwater_api::ApprovalAction;
use headwater_app::Targeting;
use headwater_model::Timestamp;
use headwater_policy::group::ALL_COMPUTERS;
use headwater_policy::offer::PageLimits;
use headwater_simulated_agent::{Agent, BySet, DetectoidsInstalled, Evaluation, Scan, StopRule};
use headwater_testkit::builders::{Document, Update, id};
use headwater_testkit::{ServerOptions, TestServer, client_id};
use headwater_wsus::soap::encode_request;
use headwater_wsus::wusp::{DeploymentAction, SyncUpdateParameters, SyncUpdates};

use crate::wire::{CLIENT, post, texts, with};

fn documents() -> Vec<Document> {
    let documents = [
        Update::product(2, "Product"),
        Update::detectoid(3, "Gate").requires(2),
        Update::detectoid(4, "Leaf").requires(2),
        Update::software(10, "First").in_category(2).requires(3),
        Update::software(11, "Second").in_category(2).requires(3).supersedes(10),
    ];
    documents.iter().map(Update::document).collect()
}

async fn started() -> TestServer {
    let server = TestServer::start().await;
    server.admin.import(&documents()).await.expect("imports");
    server
}

/// What came in a scan: new, changed and forgotten.
fn counts(scan: &Scan) -> (usize, usize, usize) {
    (scan.new.len(), scan.changed.len(), scan.out_of_scope.len())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_move_is_told_once() {
    let server = started().await;
    let pilot = server.admin.create_group("Pilot", None).await.expect("is made");
    server.admin.approve(id(10), pilot, ApprovalAction::Install).await.expect("approves");
    let mut agent = server.agent(1, DetectoidsInstalled);
    agent.scan().await.expect("scans");
    assert_eq!(counts(&agent.scan().await.expect("scans")), (0, 0, 0), "a new computer knows all");
    server.admin.move_computer(&client_id(1), &[pilot]).await.expect("moves");
    assert_eq!(counts(&agent.scan().await.expect("scans")), (0, 1, 0));
    assert_eq!(counts(&agent.scan().await.expect("scans")), (0, 0, 0));
    server.admin.move_computer(&client_id(1), &[]).await.expect("moves");
    assert_eq!(counts(&agent.scan().await.expect("scans")), (0, 1, 0));
    assert_eq!(agent.action(id(10)), Some(DeploymentAction::PreDeploymentCheck));
    assert_eq!(counts(&agent.scan().await.expect("scans")), (0, 0, 0));
}

#[tokio::test(flavor = "multi_thread")]
async fn an_agent_that_stops_at_leaves_misses_nothing() {
    let server = started().await;
    let mut agent = server.agent(1, DetectoidsInstalled);
    agent.walk.stop = StopRule::OnlyLeaves;
    let scan = agent.scan().await.expect("scans");
    assert_eq!(counts(&scan), (5, 0, 0));
    assert_eq!(counts(&agent.scan().await.expect("scans")), (0, 0, 0));
    server.admin.approve(id(10), ALL_COMPUTERS, ApprovalAction::Install).await.expect("approves");
    assert_eq!(counts(&agent.scan().await.expect("scans")), (0, 1, 0));
    assert_eq!(agent.to_install(), [id(10)]);
    assert_eq!(counts(&agent.scan().await.expect("scans")), (0, 0, 0));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_leaf_that_is_required_from_now_on_is_told_and_opens_what_requires_it() {
    let server = started().await;
    let mut agent = server.agent(1, DetectoidsInstalled);
    agent.scan().await.expect("scans");
    assert!(agent.cached(id(4)).expect("is known").is_leaf);
    let later = Update::software(12, "Third").requires(4);
    server.admin.import(&[later.document()]).await.expect("imports");
    let scan = agent.scan().await.expect("scans");
    assert_eq!(scan.changed.len(), 1);
    assert!(!agent.cached(id(4)).expect("is known").is_leaf);
    // Whoever stops when nothing is new gets it in the scan after.
    agent.scan().await.expect("scans");
    assert_eq!(agent.action(id(12)), Some(DeploymentAction::PreDeploymentCheck));
    server.admin.decline(id(12)).await.expect("declines");
    agent.scan().await.expect("scans");
    assert_eq!(agent.action(id(12)), None);
    assert!(!agent.cached(id(4)).expect("is known").is_leaf, "the catalogue still requires it");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_product_that_is_gone_takes_its_updates_with_it_and_brings_them_back() {
    let server = started().await;
    let mut agent = server.agent(1, DetectoidsInstalled);
    agent.scan().await.expect("scans");
    agent.walk.evaluate_again(id(3), Evaluation::NOT_APPLICABLE);
    let scan = agent.scan().await.expect("scans");
    assert_eq!(counts(&scan), (0, 0, 2), "what required it (fact 21)");
    server.admin.approve(id(10), ALL_COMPUTERS, ApprovalAction::Install).await.expect("approves");
    assert_eq!(counts(&agent.scan().await.expect("scans")), (0, 0, 0));
    agent.walk.evaluate_again(id(3), Evaluation::INSTALLED);
    assert_eq!(counts(&agent.scan().await.expect("scans")), (2, 0, 0));
    assert_eq!(agent.to_install(), [id(10)]);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_agent_whose_cache_was_deleted_gets_everything_again() {
    let server = started().await;
    let mut agent = server.agent(1, DetectoidsInstalled);
    agent.scan().await.expect("scans");
    server.admin.approve(id(10), ALL_COMPUTERS, ApprovalAction::Install).await.expect("approves");
    agent.scan().await.expect("scans");
    agent.walk.clear_cache();
    let scan = agent.scan().await.expect("scans");
    assert_eq!((counts(&scan), scan.faults.len()), ((5, 0, 0), 0));
    assert_eq!(agent.to_install(), [id(10)]);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_policy_of_a_computer_puts_it_into_the_groups_of_these_names() {
    let options = ServerOptions { targeting: Targeting::ClientSide, ..ServerOptions::default() };
    let server = TestServer::start_with(options).await;
    server.admin.import(&documents()).await.expect("imports");
    let first = server.admin.create_group("Berlin", None).await.expect("is made");
    let second = server.admin.create_group("Büro", None).await.expect("is made");
    let early: Timestamp = "2026-12-01T00:00:00Z".parse().expect("a time");
    let late: Timestamp = "2026-12-24T00:00:00Z".parse().expect("a time");
    for (group, deadline) in [(first, late), (second, early)] {
        let approved =
            server.admin.approve_until(id(10), group, ApprovalAction::Install, Some(deadline)).await;
        approved.expect("approves");
    }
    for (number, policy, groups, deadline) in [
        (1, Some("berlin"), vec!["Berlin"], Some(late)),
        (2, Some("BERLIN; büro"), vec!["Berlin", "Büro"], Some(early)),
        (3, Some("Paris;Büro"), vec!["Büro"], Some(early)),
        (4, Some("Paris"), vec!["Unassigned Computers"], None),
        (5, Some(" ; "), vec!["Unassigned Computers"], None),
        (6, None, vec!["Unassigned Computers"], None),
    ] {
        let mut agent = server.agent(number, DetectoidsInstalled);
        agent.walk.computer.target_group = policy.map(str::to_owned);
        agent.scan().await.expect("scans");
        let computers = server.admin.computers().await.expect("lists");
        let computer = computers.iter().find(|known| known.name == format!("pc{number}.test.example"));
        let mut found: Vec<&str> =
            computer.expect("is known").groups.iter().map(|group| group.name.as_str()).collect();
        found.sort_unstable();
        assert_eq!(found, groups, "{policy:?}");
        assert_eq!(agent.cached(id(10)).expect("is offered").deployment.deadline, deadline, "{policy:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn pages_end_at_their_limit_and_hold_one_update_at_least() {
    let limits = PageLimits { updates_max: 7, bytes_max: 40_000 };
    let server = TestServer::start_with(ServerOptions { page: limits, ..ServerOptions::default() }).await;
    let small = (100..130).map(|number| Update::software(number, "Small").document());
    let middle = (200..206).map(|number| Update::software(number, "Middle").padded(15_000).document());
    let huge = (300..302).map(|number| Update::software(number, "Huge").padded(9 << 20).document());
    server.admin.import(&small.chain(middle).chain(huge).collect::<Vec<_>>()).await.expect("imports");
    for xpress in [true, false] {
        let mut agent = server.agent(u32::from(xpress), DetectoidsInstalled);
        agent.connection.accept_xpress = xpress;
        let scan = agent.scan().await.expect("scans");
        assert_eq!(scan.new.len(), 38);
        assert!(scan.sync_calls <= 16, "{}", scan.sync_calls);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_answer_is_the_same_text_whether_it_is_packed_or_not() {
    let server = started().await;
    let padded = Update::software(20, "Ä <&> \"'").padded(70_000);
    server.admin.import(&[padded.document()]).await.expect("imports");
    let mut agent = server.agent(1, DetectoidsInstalled);
    agent.scan().await.expect("scans");
    let cookie = agent.walk.cookie().expect("has one").clone();
    let request = encode_request(&SyncUpdates { cookie, parameters: SyncUpdateParameters::default() });
    let mut answers = Vec::new();
    for (headers, packed) in [
        ("Accept-Encoding: xpress\r\n", true),
        ("Accept-Encoding: gzip, XPRESS;q=0.5\r\n", true),
        ("Accept-Encoding: gzip\r\n", false),
        ("Accept-Encoding: xpress;q=0\r\n", false),
        ("", false),
    ] {
        let answer = post(&server, CLIENT, headers, request.as_bytes()).await;
        assert_eq!(answer.head.contains("content-encoding: xpress"), packed, "{headers}");
        assert!(answer.head.contains(&format!("content-length: {}", answer.body.len())));
        answers.push(with(&answer.text(), "EncryptedData", ""));
    }
    assert!(answers.iter().all(|answer| *answer == answers[0]));
    assert!(texts(&answers[0], "Xml").iter().any(|xml| xml.len() > 70_000));
}

#[tokio::test(flavor = "multi_thread")]
async fn ids_that_mean_nothing_are_out_of_scope() {
    let server = started().await;
    let mut agent = server.agent(1, DetectoidsInstalled);
    agent.scan().await.expect("scans");
    let parameters = SyncUpdateParameters {
        installed_non_leaf_update_ids: vec![i32::MIN, -1, 0],
        other_cached_update_ids: vec![99_999, i32::MAX],
        ..SyncUpdateParameters::default()
    };
    let cookie = agent.walk.cookie().expect("has one").clone();
    let info = agent.call(&SyncUpdates { cookie, parameters }).await.expect("answers").expect("no fault");
    let mut gone = info.result.out_of_scope_revision_ids;
    gone.sort_unstable();
    assert_eq!(gone, [i32::MIN, -1, 0, 99_999, i32::MAX]);
}

/// Scans again and again while everything changes; an answer that breaks a rule is an error.
async fn restless(mut agent: Agent, scans: usize) -> Agent {
    for _ in 0..scans {
        agent.scan().await.expect("scans");
    }
    agent
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn answers_keep_to_the_rules_while_everything_changes() {
    let server = started().await;
    let pilot = server.admin.create_group("Pilot", None).await.expect("is made");
    let agents: Vec<_> =
        (1..=4).map(|number| tokio::spawn(restless(server.agent(number, DetectoidsInstalled), 25))).collect();
    for round in 0..8 {
        let gate = 1000 + 10 * round;
        let documents = [
            Update::detectoid(gate, "Gate").requires(4),
            Update::software(gate + 1, "Software").requires(gate).bundles(&[gate + 2]),
            Update::member(gate + 2, "Part").requires(gate),
            Update::software(10, "First").requires(gate).revision(300 + round),
        ];
        let documents: Vec<_> = documents.iter().map(Update::document).collect();
        server.admin.import(&documents).await.expect("imports");
        server.admin.approve(id(10), pilot, ApprovalAction::Install).await.expect("approves");
        server.admin.decline(id(11)).await.expect("declines");
        server.admin.undecline(id(11)).await.expect("undeclines");
    }
    let mut settled = Vec::new();
    for agent in agents {
        let mut agent = agent.await.expect("keeps to the rules");
        // A flip of a leaf takes effect in the scan after it.
        while counts(&agent.scan().await.expect("scans")) != (0, 0, 0) {}
        let cached = agent.walk.cache().iter().map(|(id, cached)| (id, cached.is_leaf)).collect::<Vec<_>>();
        settled.push((cached, agent.cached(id(10)).expect("is offered").identity.revision));
    }
    assert!(settled.iter().all(|one| *one == settled[0]));
    assert_eq!((settled[0].0.len(), settled[0].1), (5 + 3 * 8, 307));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_computer_without_the_product_gets_the_roots_only() {
    let server = started().await;
    let mut agent = server.agent(1, BySet::default());
    let scan = agent.scan().await.expect("scans");
    assert_eq!(counts(&scan), (1, 0, 0));
    assert_eq!(agent.action(id(2)), Some(DeploymentAction::Evaluate));
}
