//! What a server tells the servers above it: of itself, those below it and all their computers.

use std::sync::{Arc, Mutex};

use headwater_api::{ApprovalAction, ComputerSummary, DownstreamServer, UpdateCounts};
use headwater_app::downstream_server::RolledUp;
use headwater_model::{Guid, ServerId};
use headwater_policy::group::ALL_COMPUTERS;
use headwater_simulated_agent::{Agent, DetectoidsInstalled, Event};
use headwater_testkit::builders::{Update, id};
use headwater_testkit::{ServerOptions, TestClock, TestServer, client_id};
use headwater_upstream::{Access, Upstream};
use headwater_wsus::soap::{Envelope, Message, SoapVersion, decode, encode_response};
use headwater_wsus::wsusss::*;
use tokio::io::{AsyncBufReadExt as _, AsyncReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::net::{TcpListener, TcpStream};

use crate::server_sync::call;

const REPORTING: &str = "/ReportingWebService/ReportingWebService.asmx";

/// A server with a product and two updates, which came a minute later than those of the server
/// before it.
async fn server(clock: &TestClock) -> TestServer {
    clock.advance(60);
    let options = ServerOptions { clock: Some(clock.clone()), ..ServerOptions::default() };
    let server = TestServer::start_with(options).await;
    let updates = [
        Update::product(2, "Product").document(),
        Update::software(10, "First").in_category(2).document(),
        Update::software(11, "Second").in_category(2).document(),
    ];
    server.admin.import(&updates).await.expect("imports");
    server
}

fn upstream(server: &TestServer, url: &str, name: &str) -> Upstream {
    let access = Access {
        address: url.parse().expect("an address"),
        ca_pem: None,
        account_name: name.to_owned(),
        account_id: server.app().server.id,
    };
    Upstream::new(access).expect("an upstream server")
}

/// Three servers, each above the next, of which the lower two have a computer that has scanned.
async fn three(clock: &TestClock) -> ([TestServer; 3], Agent) {
    let servers = [server(clock).await, server(clock).await, server(clock).await];
    clock.advance(60);
    let [_, middle, bottom] = &servers;
    let (mut first, mut second) =
        (bottom.agent(1, DetectoidsInstalled), middle.agent(2, DetectoidsInstalled));
    scan(&mut first).await;
    scan(&mut second).await;
    (servers, first)
}

/// Tells `above` what `below` knows.
async fn roll_up(below: &TestServer, name: &str, above: &TestServer) -> RolledUp {
    let upstream = upstream(below, &above.updates_url, name);
    below.app().roll_up(&upstream).await.expect("is taken")
}

async fn scan(agent: &mut Agent) {
    agent.scan().await.expect("scans");
    let events = [Event::detected(0), Event::status(agent.walk.cache())];
    assert!(agent.report(&events).await.expect("reports"));
}

/// A scan without an inventory after it. Contacts are written at the latest with the next report.
async fn look(agent: &mut Agent) {
    agent.scan().await.expect("scans");
    assert!(agent.report(&[Event::detected(0)]).await.expect("reports"));
}

async fn find(server: &TestServer, number: u32) -> Option<ComputerSummary> {
    let computers = server.admin.computers().await.expect("lists");
    computers.into_iter().find(|computer| computer.id.as_str() == client_id(number))
}

async fn counts(server: &TestServer, update: u32) -> UpdateCounts {
    server.admin.update(id(update)).await.expect("is known").status
}

async fn below(server: &TestServer) -> Vec<DownstreamServer> {
    server.admin.server().await.expect("a status").downstream
}

fn told(servers: usize, computers: usize, statuses: usize) -> RolledUp {
    RolledUp { servers, computers, statuses, later: false }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_in_the_middle_passes_everything_on() {
    let clock = TestClock::of_the_captures();
    let ([top, middle, bottom], mut first) = three(&clock).await;
    assert_eq!(roll_up(&bottom, "bottom.example", &middle).await, told(1, 1, 1));
    assert_eq!(roll_up(&middle, "middle.example", &top).await, told(2, 2, 2));

    let servers = below(&top).await;
    let names: Vec<(&str, Option<&str>, u64)> = servers
        .iter()
        .map(|one| (one.name.as_str(), one.parent.as_ref().map(|parent| parent.name.as_str()), one.computers))
        .collect();
    assert_eq!(names, [("bottom.example", Some("middle.example"), 1), ("middle.example", None, 1)]);
    let of =
        |computer: Option<ComputerSummary>| computer.and_then(|one| one.server).map(|server| server.name);
    assert_eq!(of(find(&top, 1).await).as_deref(), Some("bottom.example"));
    assert_eq!(of(find(&top, 2).await).as_deref(), Some("middle.example"));
    let mut seen = find(&bottom, 1).await.expect("is known");
    seen.server = find(&top, 1).await.expect("is known").server;
    assert_eq!(find(&top, 1).await.expect("is known"), seen);
    assert_eq!(counts(&top, 10).await, UpdateCounts { needed: 2, ..UpdateCounts::default() });

    // Nothing is new.
    assert_eq!(roll_up(&middle, "middle.example", &top).await, RolledUp::default());
    let bottom = bottom.restart().await;
    assert_eq!(roll_up(&bottom, "bottom.example", &middle).await, RolledUp::default());

    // Changes are told, and only they.
    clock.advance(60);
    bottom.admin.approve(id(10), ALL_COMPUTERS, ApprovalAction::Install).await.expect("approves");
    first.move_to(&bottom.updates_url).expect("moves");
    first.scan().await.expect("scans");
    let identity = first.cached(id(10)).expect("is offered").identity;
    first.installed(id(10));
    assert!(first.report(&[Event::installation_succeeded(identity, "First")]).await.expect("reports"));
    assert_eq!(roll_up(&bottom, "bottom.example", &middle).await, told(1, 1, 1));
    assert_eq!(roll_up(&middle, "middle.example", &top).await, told(2, 1, 1));
    assert_eq!(counts(&top, 10).await, UpdateCounts { installed: 1, needed: 1, ..UpdateCounts::default() });

    // Another life of the server above wants everything again ([MS-WSUSSS] 3.1.4.13.3.1).
    middle.app().store.begin_epoch("2026-11-24T00:00:00Z".parse().unwrap()).await.expect("begins");
    let middle = middle.restart().await;
    assert_eq!(roll_up(&bottom, "bottom.example", &middle).await, told(1, 1, 1));
    let top = top.restart().await;
    assert_eq!(counts(&top, 10).await, UpdateCounts { installed: 1, needed: 1, ..UpdateCounts::default() });
}

/// Its record is deleted while it is alive, and while the one below it is: both are known again, with all that they
/// told before.
#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_was_deleted_and_is_alive_tells_everything_again() {
    let clock = TestClock::of_the_captures();
    let ([top, middle, bottom], _) = three(&clock).await;
    let mut own = top.agent(3, DetectoidsInstalled);
    scan(&mut own).await;
    let from_middle = upstream(&middle, &top.updates_url, "middle.example");
    let tell = async || middle.app().roll_up(&from_middle).await;
    roll_up(&bottom, "bottom.example", &middle).await;
    tell().await.expect("is taken");
    assert_eq!(counts(&top, 10).await.needed, 3);
    let known = below(&top).await;

    let by = headwater_app::Operator::administrator("anna");
    let middle_id = middle.app().server.id;
    let refused =
        top.app().delete_downstream_server(&by, middle_id, Some(&[])).await.expect_err("is refused");
    assert!(refused.to_string().contains("below middle.example than was shown: bottom.example"), "{refused}");
    assert_eq!(counts(&top, 10).await.needed, 3, "nothing is done");
    let deleted = top.app().delete_downstream_server(&by, middle_id, None).await.expect("deletes");
    let expected = ("middle.example".to_owned(), vec!["bottom.example".to_owned()], 2);
    assert_eq!((deleted.name, deleted.below, deleted.computers), expected);
    assert_eq!((below(&top).await, counts(&top, 10).await.needed), (vec![], 1), "its own computer stays");
    let unknown = top.app().delete_downstream_server(&by, middle_id, None).await.expect_err("is unknown");
    assert!(unknown.to_string().contains("there is no downstream server"), "{unknown}");

    // It still has its cookie, by which it is not made known; the rollup after one that fails begins with that.
    clock.advance(60);
    tell().await.expect_err("nobody knows it");
    assert_eq!(tell().await.expect("is taken"), told(2, 2, 2));
    let names = |servers: Vec<DownstreamServer>| servers.into_iter().map(|one| one.name).collect::<Vec<_>>();
    assert_eq!(names(below(&top).await), names(known));
    assert_eq!(counts(&top, 10).await.needed, 3);
    assert!(find(&top, 1).await.is_some() && find(&top, 2).await.is_some());
    let top = top.restart().await;
    assert_eq!(counts(&top, 10).await.needed, 3);
    let again = upstream(&middle, &top.updates_url, "middle.example");
    assert_eq!(
        middle.app().roll_up(&again).await.expect("is taken"),
        RolledUp::default(),
        "it is not asked twice"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn what_the_server_above_has_missed_is_told_whole() {
    let clock = TestClock::of_the_captures();
    let (top, bottom) = (server(&clock).await, server(&clock).await);
    clock.advance(60);
    let mut agent = bottom.agent(1, DetectoidsInstalled);
    scan(&mut agent).await;
    roll_up(&bottom, "bottom.example", &top).await;
    // The answer to a second report never came here.
    let lost = RollupComputerStatus {
        cookie: EmptyCookie,
        client_time: clock.now(),
        parent_server_id: bottom.app().server.id,
        computers: vec![ComputerStatusRollupInfo {
            instance_id: Guid::from_u128(1),
            computer_id: client_id(1),
            effective_last_detection_time: LastTime(None),
            rollup_number: 2,
            is_full_rollup: true,
            update_status: Vec::new(),
        }],
    };
    assert!(call(&top, REPORTING, &lost).await.expect("is taken").result);
    assert_eq!(counts(&top, 10).await.needed, 0);
    clock.advance(60);
    look(&mut agent).await;
    // The scan alone is no news of updates; that a report was missed is.
    assert_eq!(roll_up(&bottom, "bottom.example", &top).await, told(1, 1, 1));
    assert_eq!(counts(&top, 10).await.needed, 1);
    assert_eq!(roll_up(&bottom, "bottom.example", &top).await, RolledUp::default());
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_deleted_above_is_forgotten_and_what_moved_is_told_in_full() {
    let clock = TestClock::of_the_captures();
    let (top, left, right) = (server(&clock).await, server(&clock).await, server(&clock).await);
    clock.advance(60);
    let mut agent = left.agent(1, DetectoidsInstalled);
    scan(&mut agent).await;
    roll_up(&left, "left.example", &top).await;
    clock.advance(60);
    agent.move_to(&right.updates_url).expect("moves");
    scan(&mut agent).await;
    roll_up(&right, "right.example", &top).await;
    let of =
        |computer: Option<ComputerSummary>| computer.and_then(|one| one.server).map(|server| server.name);
    assert_eq!(of(find(&top, 1).await).as_deref(), Some("right.example"));

    // It comes back to the server that has told its details long ago.
    clock.advance(60);
    agent.move_to(&left.updates_url).expect("moves");
    scan(&mut agent).await;
    right.admin.create_group("Only here", None).await.expect("a group");
    roll_up(&left, "left.example", &top).await;
    assert_eq!(of(find(&top, 1).await).as_deref(), Some("left.example"));
    assert_eq!(counts(&top, 10).await.needed, 1);

    // It comes to the top and is deleted there; what others saw of it before is no more.
    clock.advance(60);
    agent.move_to(&top.updates_url).expect("moves");
    scan(&mut agent).await;
    clock.advance(60);
    top.admin.delete_computer(&client_id(1)).await.expect("deletes");
    top.app().store.begin_epoch("2026-11-24T00:00:00Z".parse().unwrap()).await.expect("begins");
    let top = top.restart().await;
    roll_up(&left, "left.example", &top).await;
    assert_eq!((find(&left, 1).await, find(&top, 1).await), (None, None));
    assert_eq!(left.app().live.computers(), 0);
}

/// An upstream server by hand, which says of itself what a test wants, and writes down what it was
/// asked.
struct Fake {
    url: String,
    asked: Arc<Mutex<Vec<(String, String)>>>,
}

/// What a fake says.
#[derive(Clone)]
struct Words {
    configuration: RollupConfiguration,
    takes_status: bool,
}

impl Fake {
    async fn start(words: Words) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("listens");
        let url = format!("http://{}", listener.local_addr().expect("an address"));
        let asked: Arc<Mutex<Vec<(String, String)>>> = Arc::default();
        let seen = asked.clone();
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                tokio::spawn(serve(stream, words.clone(), seen.clone()));
            }
        });
        Self { url, asked }
    }

    /// The operations of the reporting service since the last time, and the messages of one.
    fn asked<M: Message>(&self) -> (Vec<String>, Vec<M>) {
        let asked = std::mem::take(&mut *self.asked.lock().expect("a list"));
        let messages = asked.iter().filter(|(name, _)| name == M::NAME);
        let messages = messages.map(|(_, text)| decode(text).expect("a message")).collect();
        let handshake = ["GetAuthConfig", "GetAuthorizationCookie", "GetCookie"];
        let names =
            asked.into_iter().map(|(name, _)| name).filter(|name| !handshake.contains(&name.as_str()));
        (names.collect(), messages)
    }
}

async fn serve(stream: TcpStream, words: Words, seen: Arc<Mutex<Vec<(String, String)>>>) {
    let mut stream = BufReader::new(stream);
    loop {
        let mut length = 0;
        loop {
            let mut line = String::new();
            if stream.read_line(&mut line).await.expect("reads") == 0 {
                return;
            }
            if let Some(value) = line.to_ascii_lowercase().strip_prefix("content-length:") {
                length = value.trim().parse().expect("a length");
            }
            if line == "\r\n" {
                break;
            }
        }
        let mut body = vec![0; length];
        stream.read_exact(&mut body).await.expect("a body");
        let text = String::from_utf8(body).expect("text");
        let name = Envelope::parse(&text).expect("an envelope").name;
        let answer = answer(&name, &words);
        seen.lock().expect("a list").push((name, text));
        let head =
            format!("HTTP/1.1 200 OK\r\nContent-Type: text/xml\r\nContent-Length: {}\r\n\r\n", answer.len());
        stream.write_all(&[head.as_bytes(), &answer].concat()).await.expect("writes");
    }
}

fn answer(operation: &str, words: &Words) -> Vec<u8> {
    let version = SoapVersion::V11;
    let cookie =
        || Cookie { expiration: "2030-01-01T00:00:00Z".parse().expect("a time"), encrypted_data: vec![1] };
    let text = match operation {
        "GetAuthConfig" => encode_response(
            &GetAuthConfigResponse {
                result: ServerAuthConfig {
                    last_change: "2026-01-01T00:00:00Z".parse().expect("a time"),
                    auth_info: Vec::new(),
                    allowed_event_ids: Vec::new(),
                },
            },
            version,
        ),
        "GetAuthorizationCookie" => encode_response(
            &GetAuthorizationCookieResponse {
                result: AuthorizationCookie { plug_in_id: "DssTargeting".into(), cookie_data: vec![1] },
            },
            version,
        ),
        "GetCookie" => encode_response(&GetCookieResponse { result: cookie() }, version),
        "GetRollupConfiguration" => {
            encode_response(&GetRollupConfigurationResponse { result: words.configuration }, version)
        }
        "RollupDownstreamServers" => encode_response(&RollupDownstreamServersResponse {}, version),
        "RollupComputers" => encode_response(&RollupComputersResponse { changed: Vec::new() }, version),
        "GetOutOfSyncComputers" => {
            encode_response(&GetOutOfSyncComputersResponse { computer_ids: Vec::new() }, version)
        }
        "RollupComputerStatus" => {
            encode_response(&RollupComputerStatusResponse { result: words.takes_status }, version)
        }
        other => panic!("{other} was not expected"),
    };
    text.into_bytes()
}

fn configuration(is_detailed: bool) -> RollupConfiguration {
    RollupConfiguration {
        do_detailed_rollup: is_detailed,
        rollup_reset_guid: Guid::from_u128(5),
        server_id: ServerId::from_u128(6),
        rollup_downstream_servers_max_batch_size: 5_000,
        rollup_computers_max_batch_size: 2,
        get_out_of_sync_computers_max_batch_size: 1,
        rollup_computer_status_max_batch_size: 1,
    }
}

/// A server with three computers.
async fn with_computers(clock: &TestClock) -> (TestServer, Vec<Agent>) {
    let server = server(clock).await;
    clock.advance(60);
    let mut agents: Vec<Agent> = (1..=3).map(|number| server.agent(number, DetectoidsInstalled)).collect();
    for agent in &mut agents {
        scan(agent).await;
    }
    (server, agents)
}

#[tokio::test(flavor = "multi_thread")]
async fn requests_are_as_the_specification_has_them() {
    let clock = TestClock::of_the_captures();
    let (server, mut agents) = with_computers(&clock).await;
    let own = server.app().server.id;
    let fake = Fake::start(Words { configuration: configuration(true), takes_status: true }).await;
    let upstream = upstream(&server, &fake.url, "lower.example");
    assert_eq!(server.app().roll_up(&upstream).await.expect("is taken"), told(1, 3, 3));
    let (names, servers) = fake.asked::<RollupDownstreamServers>();
    let (servers_step, computers, status) =
        ("RollupDownstreamServers", "RollupComputers", "RollupComputerStatus");
    assert_eq!(names, ["GetRollupConfiguration", servers_step, computers, status, status, computers, status]);
    let told_of = &servers[0].downstream_servers[0];
    assert_eq!((told_of.server_id, told_of.parent_server_id), (own, ServerId::from_u128(0)));
    assert_eq!((told_of.full_domain_name.as_str(), told_of.is_replica), ("lower.example", false));
    assert_eq!(
        (told_of.last_sync_time, told_of.last_rollup_time),
        (LastTime(None), LastTime(Some(clock.now())))
    );
    let summary = told_of.server_summary.expect("a summary");
    assert_eq!(
        (summary.update_count, summary.not_approved_update_count, summary.computer_target_count),
        (2, 2, 3)
    );
    assert_eq!(
        (summary.updates_needed_by_computers_count, summary.computer_targets_needing_updates_count),
        (2, 3)
    );

    // Nothing is new: the configuration alone is asked for.
    assert_eq!(server.app().roll_up(&upstream).await.expect("is taken"), RolledUp::default());
    assert_eq!(fake.asked::<RollupComputers>().0, ["GetRollupConfiguration"]);

    clock.advance(60);
    look(&mut agents[0]).await;
    assert_eq!(server.app().roll_up(&upstream).await.expect("is taken"), told(1, 1, 0));
    let (names, computers) = fake.asked::<RollupComputers>();
    assert_eq!(names, ["GetRollupConfiguration", servers_step, "RollupComputers", "GetOutOfSyncComputers"]);
    let computer = &computers[0].computers[0];
    assert_eq!((computer.computer_id.as_str(), computer.parent_server_id), (&*client_id(1), own));
    assert_eq!((computer.last_sync_time, computer.last_sync_result), (LastTime(Some(clock.now())), 1));
    assert_eq!((computer.last_reported_reboot_time, computer.details.is_none()), (LastTime(None), true));

    agents[1].installed(id(10));
    let identity = agents[1].cached(id(10)).expect("is offered").identity;
    assert!(agents[1].report(&[Event::installation_succeeded(identity, "First")]).await.expect("reports"));
    assert_eq!(server.app().roll_up(&upstream).await.expect("is taken"), told(1, 1, 1));
    let report = fake.asked::<RollupComputerStatus>().1.remove(0);
    assert_eq!(report.parent_server_id, own);
    let one = &report.computers[0];
    assert_eq!((one.rollup_number, one.is_full_rollup, one.computer_id.as_str()), (2, false, &*client_id(2)));
    assert_eq!(
        one.update_status.iter().map(|row| (row.update_id, row.summarization_state)).collect::<Vec<_>>(),
        [(id(10), 4)]
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_wants_no_details_is_told_of_servers_only() {
    let clock = TestClock::of_the_captures();
    let (server, _agents) = with_computers(&clock).await;
    let fake = Fake::start(Words { configuration: configuration(false), takes_status: true }).await;
    let upstream = upstream(&server, &fake.url, "lower.example");
    assert_eq!(server.app().roll_up(&upstream).await.expect("is taken"), told(1, 0, 0));
    assert_eq!(fake.asked::<RollupComputers>().0, ["GetRollupConfiguration", "RollupDownstreamServers"]);
    assert_eq!(server.app().roll_up(&upstream).await.expect("is taken"), RolledUp::default());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_without_time_is_told_later() {
    let clock = TestClock::of_the_captures();
    let (server, _agents) = with_computers(&clock).await;
    let busy = Fake::start(Words { configuration: configuration(true), takes_status: false }).await;
    let later = server.app().roll_up(&upstream(&server, &busy.url, "lower.example")).await.expect("is heard");
    assert_eq!(later, RolledUp { servers: 1, computers: 2, statuses: 0, later: true });
    // The same server has time now: what it took is not told again, what it did not take is.
    let server = server.crash().await;
    let fake = Fake::start(Words { configuration: configuration(true), takes_status: true }).await;
    assert_eq!(
        server.app().roll_up(&upstream(&server, &fake.url, "lower.example")).await.expect("is taken"),
        told(1, 3, 3)
    );
    let (_, computers) = fake.asked::<RollupComputers>();
    let details: Vec<bool> =
        computers.iter().flat_map(|request| &request.computers).map(|one| one.details.is_some()).collect();
    assert_eq!(details, [false, false, true]);
}
