//! Servers below servers: replicas, a replica's replica, and an autonomous server.

use std::collections::BTreeMap;

use headwater_api::{ApprovalAction, RunState, UpdateCounts, UpdateQuery, UpstreamFilter, UpstreamMode};

use headwater_model::{GroupId, UpdateId};
use headwater_policy::group::ALL_COMPUTERS;
use headwater_simulated_agent::{Agent, DetectoidsInstalled, Event};
use headwater_testkit::builders::{Document, Update, id};
use headwater_testkit::{Refused as Error, ServerOptions, TestServer, client_id, eventually, postgres};

/// Servers of which each is a replica of the one before.
async fn chain(length: usize) -> Vec<TestServer> {
    chain_of((0..length).map(|_| ServerOptions::default()).collect()).await
}

async fn chain_of(options: Vec<ServerOptions>) -> Vec<TestServer> {
    let mut servers: Vec<TestServer> = Vec::new();
    for options in options {
        let server = TestServer::start_with(options).await;
        if let Some(above) = servers.last() {
            server.admin.follow(&above.updates_url, UpstreamMode::Replica).await.expect("is set");
        }
        servers.push(server);
    }
    servers
}

fn payload() -> Vec<u8> {
    (0..(3_u32 << 20) + 5).map(|at| (at % 249) as u8).collect()
}

fn documents() -> Vec<Document> {
    vec![
        Update::product(1, "Windows 11").document(),
        Update::classification(2, "Security Updates").document(),
        Update::detectoid(3, "A detectoid").document(),
        Update::software(10, "First").in_category(1).in_category(2).requires(3).document(),
        Update::software(11, "Second").in_category(1).in_category(2).file("s.cab", &payload()).document(),
        Update::software(12, "Third").in_category(1).in_category(2).bundles(&[13]).document(),
        Update::member(13, "A member").document(),
    ]
}

/// Imports documents, and files for them.
async fn import(server: &TestServer, documents: &[Document], files: &[(&str, Vec<u8>)]) {
    let folder = tempfile::tempdir().expect("a folder");
    for document in documents {
        std::fs::write(folder.path().join(document.file_name()), &document.xml).expect("writes");
    }
    for (name, content) in files {
        std::fs::write(folder.path().join(name), content).expect("writes");
    }
    server.admin.import_path(folder.path()).await.expect("imports");
}

/// What a server decides: groups by name, and the approvals and declines of each update.
type Decisions = (Vec<(String, GroupId)>, BTreeMap<UpdateId, (String, String)>);

async fn decisions(server: &TestServer) -> Decisions {
    let groups = server.admin.groups().await.expect("groups");
    let groups = groups.into_iter().map(|group| (group.name, group.id)).collect();
    let mut updates = BTreeMap::new();
    for update in server.admin.updates(UpdateQuery::default()).await.expect("updates") {
        let detail = server.admin.update(update.id).await.expect("an update");
        let approvals =
            detail.approvals.iter().map(|one| format!("{:?} {:?} {:?}", one.group, one.action, one.deadline));
        updates.insert(
            update.id,
            (approvals.collect::<Vec<_>>().join("; "), format!("{:?}", detail.summary.state)),
        );
    }
    (groups, updates)
}

/// Waits until a server decides as the first does.
async fn agrees(server: &TestServer, top: &TestServer) -> std::time::Duration {
    let wanted = decisions(top).await;
    eventually("agreement", async || (decisions(server).await == wanted).then_some(())).await.1
}

/// The updates that an agent is to install, after a scan.
async fn wanted(agent: &mut Agent) -> Vec<UpdateId> {
    agent.scan().await.expect("keeps to the rules");
    let mut wanted = agent.to_install();
    wanted.sort_unstable();
    wanted
}

#[tokio::test(flavor = "multi_thread")]
async fn a_chain_of_replicas_agrees_with_the_top_within_seconds() {
    agree_within_seconds(chain(3).await).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_chain_over_both_engines_agrees_too() {
    let (Some(top), Some(middle)) = (postgres(), postgres()) else { return };
    let on = |database| ServerOptions { database, ..ServerOptions::default() };
    agree_within_seconds(chain_of(vec![on(Some(top)), on(Some(middle)), on(None)]).await).await;
}

async fn agree_within_seconds(servers: Vec<TestServer>) {
    let [top, middle, bottom] = &*servers else { unreachable!() };
    import(top, &documents(), &[("s.cab", payload())]).await;
    let berlin = top.admin.create_group("Berlin", None).await.expect("a group");
    let pilot = top.admin.create_group("Pilot", Some(berlin)).await.expect("a group");
    let deadline = "2026-12-24T03:00:00Z".parse().ok();
    top.admin.approve(id(10), berlin, ApprovalAction::Install).await.expect("approves");
    top.admin.approve_until(id(11), pilot, ApprovalAction::Install, deadline).await.expect("approves");
    top.admin.decline(id(12)).await.expect("declines");
    for server in [middle, bottom] {
        agrees(server, top).await;
        let status = server.admin.server().await.expect("a status");
        assert_eq!(status.catalogue, top.admin.server().await.expect("a status").catalogue);
    }

    // A change above is known below within five seconds per hop.
    top.admin.approve(id(10), ALL_COMPUTERS, ApprovalAction::Block).await.expect("approves");
    top.admin.withdraw(id(10), berlin).await.expect("withdraws");
    top.admin.undecline(id(12)).await.expect("undeclines");
    let took = agrees(bottom, top).await;
    assert!(took < std::time::Duration::from_secs(10), "{took:?}");
    top.admin.delete_group(pilot).await.expect("deletes");
    agrees(bottom, top).await;

    // An agent is told the same at every server, downloads the same and verifies it.
    top.admin.approve(id(11), berlin, ApprovalAction::Install).await.expect("approves");
    top.admin.approve(id(12), berlin, ApprovalAction::Install).await.expect("approves");
    agrees(bottom, top).await;
    for (server, number) in servers.iter().zip(1..) {
        let mut agent = server.agent(number, DetectoidsInstalled);
        assert_eq!(wanted(&mut agent).await, []);
        server.admin.move_computer(&client_id(number), &[berlin]).await.expect("moves");
        assert_eq!(wanted(&mut agent).await, [id(11), id(12)]);
        eventually("the file", async || {
            let content = server.admin.server().await.expect("a status").content;
            (content.files_held == 1 && content.files_wanted == 0).then_some(())
        })
        .await;
        let downloads = agent.download(id(11)).await.expect("downloads");
        assert!(downloads[0].content == payload());
        let identity = agent.cached(id(11)).expect("is offered").identity;
        agent.installed(id(11));
        let events = [Event::status(agent.walk.cache()), Event::installation_succeeded(identity, "Second")];
        assert!(agent.report(&events).await.expect("reports"));
    }

    // Each server knows the computers below it, and what is installed there.
    for (server, computers) in servers.iter().zip([3, 2, 1]) {
        let expected = UpdateCounts { installed: computers, ..UpdateCounts::default() };
        let told = async || {
            let status = server.admin.update(id(11)).await.expect("an update").status;
            let known = server.admin.computers().await.expect("computers").len() as u64;
            (status == expected && known == computers).then_some(())
        };
        eventually("the reports", told).await;
    }
    let status = top.admin.server().await.expect("a status");
    let known = status.downstream.iter().filter(|server| server.last_sync_at.is_some()).count();
    assert_eq!((known, status.downstream.len()), (2, 2), "{:?}", status.downstream);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_replica_decides_nothing_itself_until_it_is_one_no_more() {
    let servers = chain(2).await;
    let [top, replica] = &*servers else { unreachable!() };
    import(top, &documents(), &[]).await;
    agrees(replica, top).await;
    let refused = |done: Result<(), Error>| match done {
        Err(Error::Refused(problem)) => {
            assert!(problem.detail.contains("is a replica of http://127.0.0.1:"), "{}", problem.detail);
        }
        other => panic!("{other:?}"),
    };
    let admin = &replica.admin;
    refused(admin.create_group("Paris", None).await.map(drop));
    refused(admin.approve(id(10), ALL_COMPUTERS, ApprovalAction::Install).await.map(drop));
    refused(admin.withdraw(id(10), ALL_COMPUTERS).await.map(drop));
    refused(admin.decline(id(10)).await.map(drop));
    refused(admin.delete_group(ALL_COMPUTERS).await.map(drop));
    admin.ask(|client| client.clear_upstream()).await.expect("clears");
    admin.approve(id(10), ALL_COMPUTERS, ApprovalAction::Install).await.expect("approves");
    assert!(matches!(admin.upstream().await, Err(Error::Refused(problem)) if problem.status == 404));
}

#[tokio::test(flavor = "multi_thread")]
async fn an_autonomous_server_takes_what_its_filter_names_and_decides_itself() {
    let (top, below) = (TestServer::start().await, TestServer::start().await);
    let mut all = documents();
    all.push(Update::product(5, "Office").document());
    all.push(Update::software(20, "For Office").in_category(5).in_category(2).document());
    import(&top, &all, &[]).await;
    top.admin.create_group("Berlin", None).await.expect("a group");
    top.admin.approve(id(20), ALL_COMPUTERS, ApprovalAction::Install).await.expect("approves");

    below.admin.follow(&top.updates_url, UpstreamMode::Autonomous).await.expect("is set");
    let set = async |products: &[&str]| {
        let products = products.iter().map(ToString::to_string).collect();
        let filter = UpstreamFilter { products, ..UpstreamFilter::default() };
        below.admin.ask(move |client| client.set_upstream_filter(&filter)).await.expect("is set");
        below.admin.synchronise().await.expect("a run")
    };
    let failed = set(&["Windows 95"]).await;
    let problem = failed.problem.expect("a problem");
    assert!(problem.contains("the filter names `Windows 95`"), "{problem}");
    let done = set(&["office"]).await;
    assert_eq!((done.state, done.problem), (RunState::Done, None));
    let titles = async || -> Vec<String> {
        let updates = below.admin.updates(UpdateQuery::default()).await.expect("updates");
        updates.into_iter().map(|update| update.title).collect()
    };
    assert_eq!(titles().await, ["For Office"]);
    let update = below.admin.update(id(20)).await.expect("an update");
    assert_eq!((update.approvals.len(), below.admin.groups().await.expect("groups").len()), (0, 3));
    below.admin.approve(id(20), ALL_COMPUTERS, ApprovalAction::Block).await.expect("approves");

    // A wider filter takes what is older, too; nothing that is here goes.
    set(&["Office", "Windows 11"]).await;
    assert_eq!(titles().await.len(), 5);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_upstream_server_that_is_not_there_is_told_and_waited_for() {
    let (top, below) = (TestServer::start().await, TestServer::start().await);
    import(&top, &documents(), &[]).await;
    let silent = std::net::TcpListener::bind("127.0.0.1:0").expect("a port");
    let url = format!("http://{}", silent.local_addr().expect("an address"));
    drop(silent);
    below.admin.follow(&url, UpstreamMode::Replica).await.expect("is set");
    let run = below.admin.synchronise().await.expect("a run");
    assert_eq!(run.state, RunState::Failed);
    let problem = run.problem.expect("a problem");
    assert!(problem.starts_with(&format!("{url}: it cannot be reached: ")), "{problem}");
    assert!(problem.contains("check the address"), "{problem}");

    // An agent's page is no WSUS, and neither is the console.
    below.admin.follow(&top.console_url, UpstreamMode::Replica).await.expect("is set");
    let run = below.admin.synchronise().await.expect("a run");
    assert!(run.problem.expect("a problem").contains("check that the address is that of a WSUS"));

    below.admin.follow(&top.updates_url, UpstreamMode::Replica).await.expect("is set");
    agrees(&below, &top).await;
    for url in ["", "wsus", "ftp://wsus.example", "http://wsus.example:8530", "https://u@wsus.example"] {
        let refused = below.admin.follow(url, UpstreamMode::Replica).await;
        assert!(matches!(refused, Err(Error::Refused(_))), "{url}: {refused:?}");
    }
    agrees(&below, &top).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_takes_nothing_from_itself() {
    let server = TestServer::start().await;
    server.admin.follow(&server.updates_url, UpstreamMode::Replica).await.expect("is set");
    let run = server.admin.synchronise().await.expect("a run");
    assert_eq!(run.state, RunState::Failed);
    let problem = run.problem.expect("a problem");
    assert!(problem.contains("it has the id of this server"), "{problem}");
    let status = server.admin.server().await.expect("a status");
    assert_eq!(status.downstream.len(), 0, "it is not below itself");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_replica_and_its_upstream_server_go_on_after_crashes() {
    let (mut top, mut below) = (TestServer::start().await, TestServer::start().await);
    import(&top, &documents(), &[]).await;
    below.admin.follow(&top.updates_url, UpstreamMode::Replica).await.expect("is set");
    agrees(&below, &top).await;
    below = below.crash().await;
    top.admin.create_group("Berlin", None).await.expect("a group");
    agrees(&below, &top).await;

    top = top.crash().await;
    below.admin.follow(&top.updates_url, UpstreamMode::Replica).await.expect("is set");
    top.admin.create_group("Paris", None).await.expect("a group");
    agrees(&below, &top).await;
    let again = below.admin.synchronise().await.expect("a run");
    assert_eq!((again.state, again.documents, again.approvals_changed), (RunState::Done, 0, 0));
}
