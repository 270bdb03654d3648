//! Our own driver of the administration service manages our own server over a socket. What is expected are
//! the meanings of the service (facts 70 to 84); the same verbs go to a Microsoft WSUS.

mod access;
mod foreign;

use headwater_api::{ApprovalAction as Approve, UpstreamMode};
use headwater_model::{ClientId, EulaId, GroupId, ServerId, Timestamp, UpdateIdentity};
use headwater_policy::group::{ALL_COMPUTERS, DOWNSTREAM_SERVERS, UNASSIGNED_COMPUTERS};
use headwater_simulated_agent::{DetectoidsInstalled, Event};
use headwater_testkit::builders::{Document, REVISION, Update, id};
use headwater_testkit::{PASSWORD, ServerOptions, TestServer, client_id, eventually};
use headwater_wsus::wsusar::{
    Deadline, ExecuteSPDeployUpdate1, ExecuteSPGetDownstreamServerRollupSummary, RowKind as _,
    ServerSummaryRow,
};
use headwater_wsus::wusp::DeploymentAction;
use headwater_wsus_admin::{
    Access, Action, ApprovalAction, Approving, Credentials, Error, GroupKind, Home, InstallationState, Mode,
    Patience, PlainHttp, Role, Scope, Secret, Source, SyncEventKind, SyncStart, Targeting, Wsus,
};

const LICENCE: EulaId = EulaId::from_u128(0x5b8c_bf1c_2b8f_4c6e_8b27_7d4b_2d3f_6a11);
const WHO: &str = r"EXAMPLE\anna";

fn documents() -> Vec<Document> {
    vec![
        Update::product(1, "Windows 11").document(),
        Update::classification(2, "Security Updates").document(),
        Update::detectoid(3, "A detectoid").document(),
        Update::software(10, "First & <foremost>").in_category(1).in_category(2).requires(3).document(),
        Update::software(11, "Second").in_category(1).in_category(2).licence(LICENCE).document(),
        Update::software(12, "Third").in_category(2).supersedes(10).bundles(&[13]).document(),
        Update::member(13, "A member").document(),
    ]
}

async fn server(options: ServerOptions) -> TestServer {
    let server = TestServer::start_with(options).await;
    server.admin.import(&documents()).await.expect("imports");
    server
}

fn password() -> Credentials {
    Credentials::Basic { user: "admin".to_owned(), password: Secret::new(PASSWORD) }
}

fn driver_with(server: &TestServer, credentials: Credentials, ca_pem: Option<String>) -> Wsus {
    Wsus::new(Access {
        address: server.updates_url.parse().expect("an address"),
        credentials,
        ca_pem: ca_pem.map(String::into_bytes),
        plain_http: PlainHttp::OnLoopback,
        patience: Patience::default(),
    })
    .expect("a driver")
}

fn driver(server: &TestServer) -> Wsus {
    driver_with(server, password(), None)
}

fn revision(number: u32) -> UpdateIdentity {
    UpdateIdentity { id: id(number), revision: REVISION }
}

fn install(update: u32, group: GroupId) -> Approving<'static> {
    Approving { update: revision(update), group, action: ApprovalAction::Install, deadline: None, who: WHO }
}

/// Expects the server's own refusal, with these words.
#[track_caller]
fn refused<T: std::fmt::Debug>(outcome: Result<T, Error>, words: &str) {
    match outcome.expect_err(words) {
        Error::Refused { reason, .. } => assert!(reason.contains(words), "{reason}"),
        other => panic!("{other}"),
    }
}

fn client(number: u32) -> ClientId {
    client_id(number).parse().expect("an id")
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_says_who_it_is() {
    let server = server(ServerOptions::default()).await;
    let identity = driver(&server).connect().await.expect("connects");
    assert_eq!(identity.id, server.app().server.id);
    assert_eq!((identity.role, identity.mode), (Role::Administrator, Mode::Autonomous));
    assert_eq!((identity.targeting, identity.source), (Targeting::Server, Source::MicrosoftUpdate));
    assert_eq!(identity.version, env!("CARGO_PKG_VERSION"));
    let token = driver_with(&server, Credentials::Token(Secret::new(server.token.as_str())), None);
    assert_eq!(token.connect().await.expect("connects").id, server.app().server.id);
    let database = token.database().await.expect("a database");
    assert_eq!((database.server, database.name.as_deref()), (None, Some("headwater")));
    assert!(token.failing_components().await.expect("components").is_empty());
    assert!(token.downstream_servers().await.expect("servers").is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn groups() {
    let server = server(ServerOptions::default()).await;
    let wsus = driver(&server);
    let made = wsus.create_group("Berlin – Été", None).await.expect("is made");
    assert_eq!(
        (made.name.as_str(), made.parent, made.kind),
        ("Berlin – Été", Some(ALL_COMPUTERS), GroupKind::Made)
    );
    let below = wsus.create_group("Keller", Some(made.id)).await.expect("is made");
    let all = wsus.groups().await.expect("groups");
    let parent = |id: GroupId| all.iter().find(|group| group.id == id).expect("is there").parent;
    assert_eq!(all.len(), 5);
    assert_eq!((parent(ALL_COMPUTERS), parent(DOWNSTREAM_SERVERS)), (None, None));
    assert_eq!((parent(UNASSIGNED_COMPUTERS), parent(below.id)), (Some(ALL_COMPUTERS), Some(made.id)));
    assert_eq!(wsus.group(made.id).await.expect("an answer"), Some(made.clone()));

    refused(wsus.create_group("BERLIN – été", None).await, "exists already");
    refused(wsus.create_group("a/b", None).await, "cannot contain '/'");
    refused(wsus.create_group("Paris", Some(GroupId::from_u128(9))).await, "no such group");
    refused(wsus.delete_group(ALL_COMPUTERS, WHO).await, "built in");
    wsus.delete_group(below.id, WHO).await.expect("is deleted");
    assert_eq!(wsus.group(below.id).await.expect("an answer"), None);
    refused(wsus.delete_group(below.id, WHO).await, "no such group");
    let changes = server.app().history(None, Some(made.id), 1).await.expect("changes");
    assert_eq!(changes[0].by, "admin", "who is signed in, not who says to be somebody");
}

#[tokio::test(flavor = "multi_thread")]
async fn updates_as_lists_show_them_and_one_whole() {
    let server = server(ServerOptions::default()).await;
    let wsus = driver(&server);
    let mut updates = wsus.updates("en").await.expect("updates");
    updates.sort_by_key(|update| update.identity);
    let titles: Vec<&str> = updates.iter().filter_map(|update| update.title.as_deref()).collect();
    assert_eq!(titles, ["First & <foremost>", "Second", "Third"], "and no part of a bundle");
    assert_eq!(wsus.update_count().await.expect("a count"), 3);
    let first = &updates[0];
    assert_eq!(first.identity, revision(10));
    assert_eq!(
        (first.classifications.as_slice(), first.products.as_slice()),
        (["Security Updates".to_owned()].as_slice(), ["Windows 11".to_owned()].as_slice())
    );
    assert_eq!((first.is_superseded, first.is_latest_revision, first.is_approved), (Some(true), true, false));
    assert_eq!(first.update_type.as_deref(), Some("Software"));
    assert_eq!((updates[1].licence, updates[1].licence_must_be_accepted), (Some(LICENCE), true));
    assert_eq!((first.licence, first.licence_must_be_accepted), (None, false));

    let german = wsus.update(revision(10), "de-AT").await.expect("an answer").expect("an update");
    assert_eq!(german.title.as_deref(), Some("First & <foremost> (de)"));
    let created: Timestamp = "2026-09-02T08:19:36.190Z".parse().expect("a time");
    assert_eq!(german.created, Some(created));
    let older = UpdateIdentity { id: id(10), revision: REVISION - 1 };
    assert_eq!(wsus.update(older, "en").await.expect("an answer"), None);
    assert_eq!(wsus.update(revision(1), "en").await.expect("an answer"), None, "a category");

    let found = wsus.search_updates("second", "en").await.expect("updates");
    assert_eq!(found.iter().map(|update| update.identity).collect::<Vec<_>>(), [revision(11)]);
}

#[tokio::test(flavor = "multi_thread")]
async fn approvals_reach_agents_and_are_taken_back() {
    let server = server(ServerOptions::default()).await;
    let wsus = driver(&server);
    let mut agent = server.agent(1, DetectoidsInstalled);
    agent.scan().await.expect("scans");
    let deadline = Some("2026-12-24T03:00:00Z".parse().expect("a time"));
    let approving = Approving { deadline, ..install(10, ALL_COMPUTERS) };
    let made = wsus.approve(approving).await.expect("is made");
    assert_eq!((made.update, made.group, made.action), (revision(10), ALL_COMPUTERS, Action::Install));
    assert_eq!((made.deadline, made.who.as_deref()), (deadline, Some("admin")));
    assert!(!made.is_pending && !made.is_optional);
    agent.scan().await.expect("scans");
    let cached = agent.cached(id(10)).expect("is known").deployment.clone();
    assert_eq!((cached.action, cached.deadline), (DeploymentAction::Install, deadline));

    let berlin = wsus.create_group("Berlin", None).await.expect("is made").id;
    let block = Approving { action: ApprovalAction::Block, ..install(10, berlin) };
    wsus.approve(block).await.expect("is made");
    wsus.approve(Approving { action: ApprovalAction::Uninstall, ..install(11, berlin) })
        .await
        .expect("is made");
    let mut approvals = wsus.approvals().await.expect("approvals");
    approvals.sort_by_key(|approval| (approval.update, approval.group));
    let told = approvals.iter().map(|one| (one.update, one.group, one.action)).collect::<Vec<_>>();
    let mut expected = [
        (revision(10), ALL_COMPUTERS, Action::Install),
        (revision(10), berlin, Action::Block),
        (revision(11), berlin, Action::Uninstall),
    ];
    expected.sort_by_key(|(update, group, _)| (*update, *group));
    assert_eq!(told, expected);
    let unique: std::collections::HashSet<_> = approvals.iter().map(|approval| approval.id).collect();
    assert_eq!(unique.len(), 3);

    wsus.withdraw(revision(10), ALL_COMPUTERS, WHO).await.expect("is withdrawn");
    agent.scan().await.expect("scans");
    assert_eq!(
        agent.cached(id(10)).expect("is known").deployment.action,
        DeploymentAction::PreDeploymentCheck
    );
    assert_eq!(wsus.approvals().await.expect("approvals").len(), 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_cannot_be_approved_is_refused_with_its_reason() {
    let server = server(ServerOptions::default()).await;
    let wsus = driver(&server);
    refused(wsus.approve(install(13, ALL_COMPUTERS)).await, "approve the bundle");
    refused(wsus.approve(install(99, ALL_COMPUTERS)).await, "no update");
    refused(wsus.approve(install(1, ALL_COMPUTERS)).await, "no update");
    refused(wsus.approve(install(10, GroupId::from_u128(9))).await, "no group");
    refused(wsus.approve(install(10, DOWNSTREAM_SERVERS)).await, "update servers are not computers");
    let older = UpdateIdentity { id: id(10), revision: REVISION - 1 };
    refused(wsus.approve(Approving { update: older, ..install(10, ALL_COMPUTERS) }).await, "newest revision");
    let mut optional = ExecuteSPDeployUpdate1 {
        update_id: Some(revision(10).into()),
        deployment_action: 0,
        target_group_id: ALL_COMPUTERS,
        deadline: Deadline(None),
        admin_name: None,
        is_assigned: false,
    };
    refused(wsus.call(&optional).await, "isAssigned");
    (optional.deployment_action, optional.is_assigned) = (5, true);
    refused(wsus.call(&optional).await, "no action 5");
    assert!(wsus.approvals().await.expect("approvals").is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn declines_and_licences() {
    let server = server(ServerOptions::default()).await;
    let wsus = driver(&server);
    let is_declined = async || {
        let update = wsus.update(revision(10), "en").await.expect("an answer").expect("an update");
        update.is_declined
    };
    wsus.decline(id(10), WHO).await.expect("is declined");
    assert!(is_declined().await);
    refused(wsus.approve(install(10, ALL_COMPUTERS)).await, "undecline");
    wsus.undo_decline(revision(10), WHO).await.expect("is taken back");
    assert!(!is_declined().await);
    refused(wsus.decline(id(3), WHO).await, "detectoids");

    let must_accept = async || {
        let update = wsus.update(revision(11), "en").await.expect("an answer").expect("an update");
        update.licence_must_be_accepted
    };
    refused(wsus.accept_licence(EulaId::from_u128(9), revision(11), WHO).await, "no licence");
    assert!(must_accept().await);
    wsus.accept_licence(LICENCE, revision(11), WHO).await.expect("is accepted");
    assert!(!must_accept().await);
}

#[tokio::test(flavor = "multi_thread")]
async fn licence_terms_are_read_in_a_language() {
    let server = TestServer::start().await;
    let update = Update::software(10, "With terms").licence(LICENCE);
    let update = update.terms("en", "en.txt", b"Read this").terms("de", "de.txt", b"Lies das");
    let folder = tempfile::tempdir().expect("a folder");
    std::fs::write(folder.path().join("10.xml"), update.document().xml).expect("writes");
    std::fs::write(folder.path().join("en.txt"), "Read this").expect("writes");
    server.admin.import_path(folder.path()).await.expect("imports");
    let wsus = driver(&server);
    let file = async |language| wsus.licence_file(LICENCE, revision(10), language).await;
    assert_eq!(file("en-GB").await.expect("a file"), Some(b"Read this".to_vec()));
    refused(file("de").await, "nobody is known to have the file");
    refused(wsus.licence_file(EulaId::from_u128(9), revision(10), "en").await, "no licence");
    refused(wsus.licence_file(LICENCE, revision(11), "en").await, "no update");
}

#[tokio::test(flavor = "multi_thread")]
async fn computers_are_found_and_moved() {
    let server = server(ServerOptions::default()).await;
    let wsus = driver(&server);
    for number in [1, 2] {
        server.agent(number, DetectoidsInstalled).scan().await.expect("scans");
    }
    let berlin = wsus.create_group("Berlin", None).await.expect("is made").id;
    let paris = wsus.create_group("Paris", None).await.expect("is made").id;
    let groups = async || {
        let computers = wsus.computers(Scope::Own).await.expect("computers");
        let mut groups = computers.into_iter().find(|one| one.id == client(1)).expect("is there").groups;
        groups.sort_unstable();
        groups
    };
    let sorted = |mut groups: Vec<GroupId>| {
        groups.sort_unstable();
        groups
    };
    let computers = wsus.computers(Scope::Own).await.expect("computers");
    assert_eq!((computers.len(), wsus.computer_count(Scope::WithDownstream).await.expect("a count")), (2, 2));
    let one = computers.iter().find(|one| one.id == client(1)).expect("is there");
    assert_eq!((one.name.as_deref(), one.home), (Some("pc1.test.example"), Home::This));
    let version = one.os_version.expect("a version");
    assert_eq!((version.major, version.minor), (10, 0));
    assert!(one.last_contact.is_some() && one.os.is_some() && one.client_version.is_some());

    assert_eq!(groups().await, sorted(vec![ALL_COMPUTERS, UNASSIGNED_COMPUTERS]));
    wsus.add_to_group(berlin, &client(1)).await.expect("is added");
    wsus.add_to_group(paris, &client(1)).await.expect("is added");
    wsus.add_to_group(paris, &client(1)).await.expect("it is there already");
    assert_eq!(groups().await, sorted(vec![ALL_COMPUTERS, berlin, paris]));
    wsus.remove_from_group(berlin, &client(1)).await.expect("is taken out");
    wsus.remove_from_group(paris, &client(1)).await.expect("is taken out");
    assert_eq!(groups().await, sorted(vec![ALL_COMPUTERS, UNASSIGNED_COMPUTERS]));
    refused(wsus.add_to_group(ALL_COMPUTERS, &client(1)).await, "built-in");
    refused(wsus.remove_from_group(UNASSIGNED_COMPUTERS, &client(1)).await, "built-in");
    refused(wsus.add_to_group(berlin, &client(7)).await, "no computer");
}

#[tokio::test(flavor = "multi_thread")]
async fn groups_by_policy_are_told_and_not_changed() {
    let options =
        ServerOptions { targeting: headwater_app::Targeting::ClientSide, ..ServerOptions::default() };
    let server = server(options).await;
    let wsus = driver(&server);
    let berlin = wsus.create_group("Berlin", None).await.expect("is made").id;
    let mut agent = server.agent(1, DetectoidsInstalled);
    agent.walk.computer.target_group = Some("Berlin; Nowhere".to_owned());
    agent.scan().await.expect("scans");
    assert_eq!(wsus.connect().await.expect("connects").targeting, Targeting::Client);
    let computers = wsus.computers(Scope::Own).await.expect("computers");
    assert_eq!(computers[0].requested_groups, ["Berlin", "Nowhere"]);
    assert!(computers[0].groups.contains(&berlin));
    refused(wsus.remove_from_group(berlin, &client(1)).await, "by policy");
}

#[tokio::test(flavor = "multi_thread")]
async fn status_of_updates_and_computers() {
    use InstallationState::{Failed, Installed, NotInstalled};
    let server = server(ServerOptions::default()).await;
    let wsus = driver(&server);
    for number in [1, 2] {
        let mut agent = server.agent(number, DetectoidsInstalled);
        agent.scan().await.expect("scans");
        let inventory = Event::inventory(&[('U', &[id(10)]), ('V', &[id(11)])]);
        agent.report(&[Event::detected(1), inventory]).await.expect("reports");
    }
    let mut agent = server.agent(2, DetectoidsInstalled);
    agent.scan().await.expect("scans");
    agent.report(&[Event::installation_failed(revision(10), "First", -1)]).await.expect("reports");
    wsus.approve(install(10, UNASSIGNED_COMPUTERS)).await.expect("approves");

    let state = async |computer, update| {
        let found = wsus.installations_on(&client(computer)).await.expect("an answer");
        found.into_iter().find(|one| one.update == id(update))
    };
    // What an agent reports is written after it was answered.
    eventually("the status", async || {
        let failed = state(2, 10).await?.state == Failed && state(1, 10).await?.state == NotInstalled;
        failed.then_some(())
    })
    .await;
    let needed = state(1, 10).await.expect("a state");
    assert_eq!((needed.action, needed.group), (Some(Action::Install), Some(UNASSIGNED_COMPUTERS)));
    let installed = state(1, 11).await.expect("a state");
    assert_eq!((installed.state, installed.action), (Installed, None));

    let of_update = wsus.installations_of(id(10), Scope::Own).await.expect("an answer");
    let mut states: Vec<_> = of_update.iter().map(|one| (one.computer.to_string(), one.state)).collect();
    states.sort_unstable();
    assert_eq!(states, [(client_id(1), NotInstalled), (client_id(2), Failed)]);

    let updates = wsus.update_summaries(Scope::Own).await.expect("summaries");
    let counts = updates.iter().find(|one| one.update == id(10)).expect("is counted").counts;
    assert_eq!((counts.of(NotInstalled), counts.of(Failed), counts.of(Installed)), (1, 1, 0));
    let computers = wsus.computer_summaries(Scope::Own).await.expect("summaries");
    let counts = computers.iter().find(|one| one.computer == client(1)).expect("is counted").counts;
    assert_eq!((counts.of(NotInstalled), counts.of(Failed), counts.of(Installed)), (1, 0, 1));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_replica_synchronises_and_refuses_decisions() {
    let above = server(ServerOptions::default()).await;
    let replica = TestServer::start().await;
    let wsus = driver(&replica);
    refused(wsus.start_sync().await, "no upstream server is set");
    assert!(!wsus.sync_progress().await.expect("progress").is_running);
    assert_eq!(wsus.taken().await.expect("an answer").last_sync, None);
    wsus.stop_sync().await.expect("there is nothing to stop");

    replica.admin.follow(&above.updates_url, UpstreamMode::Replica).await.expect("is set");
    let identity = wsus.connect().await.expect("connects");
    assert_eq!(identity.mode, Mode::Replica);
    assert_eq!(identity.source, Source::Upstream { name: "127.0.0.1".to_owned(), tls: false });
    wsus.start_sync().await.expect("begins");
    let (events, _) = eventually("the end of the run", async || {
        let progress = wsus.sync_progress().await.expect("progress");
        let events = wsus.sync_events(Timestamp::EPOCH).await.expect("events");
        (!progress.is_running && events.len() >= 2).then_some(events)
    })
    .await;
    let kinds: Vec<&SyncEventKind> = events.iter().map(|event| &event.kind).collect();
    assert!(matches!(kinds[0], SyncEventKind::Started(SyncStart::Hand | SyncStart::Schedule)), "{kinds:?}");
    assert!(kinds.contains(&&SyncEventKind::Succeeded), "{kinds:?}");
    assert_eq!(events, wsus.sync_events(Timestamp::EPOCH).await.expect("events")[..events.len()], "ids stay");
    assert!(wsus.taken().await.expect("an answer").last_sync.is_some());
    assert_eq!(wsus.update_count().await.expect("a count"), 3);

    let servers = driver(&above).downstream_servers().await.expect("servers");
    let found: Vec<_> = servers.iter().map(|one| (one.id, one.parent, one.mode)).collect();
    assert_eq!(found, [(identity.id, Some(above.app().server.id), Mode::Replica)]);
    let of = format!("<serverId>{}</serverId>", identity.id);
    let told = access::answered::<ExecuteSPGetDownstreamServerRollupSummary>(&above, &of).await;
    let sets = told.result;
    assert_eq!((sets.len(), sets[0].0.len(), sets[1].0.len()), (2, 1, 0), "{sets:?}");
    let told = ServerSummaryRow::read(&sets[0].0[0]).expect("a summary");
    let all = [told.updates, told.declined, told.not_approved, told.expired];
    assert_eq!(all.map(|count| count <= told.updates), [true; 4], "{told:?}");
    assert!(told.updates > 0 && told.critical_not_approved <= told.not_approved, "{told:?}");

    let words = "this server is a replica of";
    refused(wsus.create_group("Berlin", None).await, words);
    refused(wsus.delete_group(GroupId::from_u128(9), WHO).await, words);
    refused(wsus.decline(id(10), WHO).await, words);
    refused(wsus.accept_licence(LICENCE, revision(11), WHO).await, words);
    let not_sent = wsus.approve(install(10, ALL_COMPUTERS)).await.expect_err("is refused");
    assert!(matches!(not_sent, Error::Replica { .. }), "{not_sent}");
    let deploy = ExecuteSPDeployUpdate1 {
        update_id: Some(revision(10).into()),
        deployment_action: 0,
        target_group_id: ALL_COMPUTERS,
        deadline: Deadline(None),
        admin_name: None,
        is_assigned: true,
    };
    refused(wsus.call(&deploy).await, words);
    above.admin.approve(id(10), ALL_COMPUTERS, Approve::Install).await.expect("above it is decided");

    // The record of one below goes, by whoever administers that server.
    refused(
        driver(&above).delete_downstream_server(ServerId::from_u128(9)).await,
        "there is no downstream server",
    );
    driver(&above).delete_downstream_server(identity.id).await.expect("is deleted");
    assert_eq!(driver(&above).downstream_servers().await.expect("servers"), []);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_failed_synchronisation_says_why() {
    let above = TestServer::start().await;
    let replica = TestServer::start().await;
    replica.admin.follow(&above.updates_url, UpstreamMode::Autonomous).await.expect("is set");
    above.stop().await;
    let wsus = driver(&replica);
    wsus.start_sync().await.expect("begins");
    eventually("a failure", async || {
        let events = wsus.sync_events(Timestamp::EPOCH).await.expect("events");
        let failure = |kind: &SyncEventKind| {
            matches!(kind, SyncEventKind::Failed { hresult, message: Some(_) } if *hresult < 0)
        };
        events.iter().any(|event| failure(&event.kind)).then_some(())
    })
    .await;
    let last: Option<Timestamp> = wsus.taken().await.expect("an answer").last_sync;
    assert_eq!(last, None, "what failed is no synchronisation");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_synchronisation_that_is_stopped_is_cancelled_and_the_next_one_takes_the_rest() {
    let above = server(ServerOptions::default()).await;
    let replica = TestServer::start().await;
    let wsus = driver(&replica);
    // It takes a connection and never answers.
    let deaf = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let url = format!("http://{}", deaf.local_addr().expect("an address"));
    replica.admin.follow(&url, UpstreamMode::Replica).await.expect("is set");
    wsus.start_sync().await.expect("begins");
    assert!(wsus.sync_progress().await.expect("progress").is_running);
    wsus.stop_sync().await.expect("is stopped");
    assert!(!wsus.sync_progress().await.expect("progress").is_running);
    let events = wsus.sync_events(Timestamp::EPOCH).await.expect("events");
    let is_cancelled = events.iter().any(|event| event.kind == SyncEventKind::Cancelled);
    assert!(is_cancelled, "{events:?}");
    assert_eq!(wsus.taken().await.expect("an answer").last_sync, None);

    replica.admin.follow(&above.updates_url, UpstreamMode::Replica).await.expect("is set");
    wsus.start_sync().await.expect("begins");
    eventually("the end of the next one", async || wsus.taken().await.expect("an answer").last_sync).await;
    assert_eq!(wsus.update_count().await.expect("a count"), 3);
}
