//! What lower servers tell of themselves and their computers, over real sockets.

use headwater_api::{ApprovalAction, ComputerSummary, UpdateCounts, UpstreamMode};
use headwater_model::{GroupId, ServerId, Timestamp, UpdateId};
use headwater_simulated_agent::{DetectoidsInstalled, Event};
use headwater_testkit::builders::{Update, id};
use headwater_testkit::{ServerOptions, TestClock, TestServer, client_id};
use headwater_wsus::soap::{ErrorCode, Fault, Request};
use headwater_wsus::wsusss::*;

use crate::server_sync::call;

const AUTH: &str = "/DssAuthWebService/DssAuthWebService.asmx";
const REPORTING: &str = "/ReportingWebService/ReportingWebService.asmx";
const HERE: ServerId = ServerId::from_u128(0);

/// A lower server by hand.
struct Lower<'a> {
    server: &'a TestServer,
    clock: &'a TestClock,
    id: ServerId,
}

fn server_id(number: u128) -> ServerId {
    ServerId::from_u128(0x5e77_0000_0000_4000_8000_0000_0000_0000 | number)
}

/// A server whose clock the test moves, with a product and two updates.
async fn upper() -> (TestServer, TestClock) {
    let clock = TestClock::of_the_captures();
    let options = ServerOptions { clock: Some(clock.clone()), ..ServerOptions::default() };
    let server = TestServer::start_with(options).await;
    let updates = [
        Update::product(2, "Product").document(),
        Update::software(10, "First").in_category(2).document(),
        Update::software(11, "Second").in_category(2).document(),
    ];
    server.admin.import(&updates).await.expect("imports");
    clock.advance(3_600);
    (server, clock)
}

impl<'a> Lower<'a> {
    /// A server that went through the handshake.
    async fn of(server: &'a TestServer, clock: &'a TestClock, number: u128) -> Self {
        let id = server_id(number);
        let account = GetAuthorizationCookie {
            account_name: format!("lower{number}.example"),
            account_guid: id.to_string(),
            program_keys: Vec::new(),
        };
        call(server, AUTH, &account).await.expect("a cookie");
        Self { server, clock, id }
    }

    async fn ask<R: Request>(&self, request: &R) -> Result<R::Response, Fault> {
        call(self.server, REPORTING, request).await
    }

    async fn servers(&self, servers: Vec<DownstreamServerRollupInfo>) -> Result<(), Fault> {
        let (cookie, client_time) = (EmptyCookie, self.clock.now());
        let request = RollupDownstreamServers { cookie, client_time, downstream_servers: servers };
        self.ask(&request).await.map(|_| ())
    }

    /// The ids of the computers of which the upper server wants otherwise, and what.
    async fn computers(
        &self,
        computers: Vec<ComputerRollupInfo>,
    ) -> Result<Vec<(String, ComputerChangeType)>, Fault> {
        let request = RollupComputers { cookie: EmptyCookie, client_time: self.clock.now(), computers };
        let changed = self.ask(&request).await?.changed;
        Ok(changed.into_iter().map(|one| (one.computer_id, one.change)).collect())
    }

    async fn out_of_sync(&self, numbers: &[(&str, i32)]) -> Vec<String> {
        let number = |(id, rollup_number): &(&str, i32)| ComputerLastRollupNumber {
            computer_id: (*id).to_owned(),
            rollup_number: *rollup_number,
        };
        let request = GetOutOfSyncComputers {
            cookie: EmptyCookie,
            parent_server_id: self.id,
            last_rollup_numbers: numbers.iter().map(number).collect(),
        };
        self.ask(&request).await.expect("an answer").computer_ids
    }

    async fn status(&self, computers: Vec<ComputerStatusRollupInfo>) -> Result<bool, Fault> {
        let request = RollupComputerStatus {
            cookie: EmptyCookie,
            client_time: self.clock.now(),
            parent_server_id: self.id,
            computers,
        };
        Ok(self.ask(&request).await?.result)
    }

    fn info(&self, parent: ServerId) -> DownstreamServerRollupInfo {
        info(self.id, parent, self.clock.now())
    }

    fn computer(&self, client: &str, seconds_ago: i64) -> ComputerRollupInfo {
        computer(client, self.id, self.clock.now().plus_seconds(-seconds_ago))
    }
}

fn info(server: ServerId, parent: ServerId, now: Timestamp) -> DownstreamServerRollupInfo {
    DownstreamServerRollupInfo {
        server_id: server,
        full_domain_name: format!("{}.EXAMPLE", &server.to_string()[34..]),
        last_sync_time: LastTime(Some(now.plus_seconds(-60))),
        parent_server_id: parent,
        version: "10.0.26100.1".into(),
        is_replica: true,
        last_rollup_time: LastTime(Some(now)),
        server_summary: Some(DownstreamServerRollupServerSummary {
            computer_target_count: 4,
            ..DownstreamServerRollupServerSummary::default()
        }),
        client_summaries: Vec::new(),
    }
}

fn computer(client: &str, server: ServerId, last_sync: Timestamp) -> ComputerRollupInfo {
    ComputerRollupInfo {
        computer_id: client.to_owned(),
        last_sync_time: LastTime(Some(last_sync)),
        last_sync_result: 1,
        last_reported_reboot_time: LastTime(None),
        last_reported_status_time: LastTime(Some(last_sync)),
        last_inventory_time: LastTime(None),
        parent_server_id: server,
        details: None,
    }
}

fn with_details(mut computer: ComputerRollupInfo, groups: &[GroupId]) -> ComputerRollupInfo {
    computer.details = Some(ComputerRollupDetails {
        ip_address: "192.0.2.7".into(),
        full_domain_name: format!("{}.below.example", computer.computer_id),
        os_major_version: 10,
        os_minor_version: 0,
        os_build_number: 26_200,
        os_service_pack_major_number: 0,
        os_service_pack_minor_number: 0,
        os_locale: "en-US".into(),
        os_family: "Windows".into(),
        os_description: "Windows 11 Pro".into(),
        computer_make: "Contoso".into(),
        computer_model: "Model 7".into(),
        bios_version: String::new(),
        bios_name: String::new(),
        bios_release_date: LastTime(None),
        processor_architecture: "AMD64".into(),
        suite_mask: 256,
        old_product_type: 1,
        new_product_type: 48,
        system_metrics: 0,
        client_version: "1507.2601.30012.0".into(),
        target_group_id_list: groups.to_vec(),
        requested_target_group_names: vec!["Pilot".into()],
    });
    computer
}

fn status(
    client: &str,
    number: i32,
    is_full: bool,
    detected: Timestamp,
    rows: &[(UpdateId, i32)],
) -> ComputerStatusRollupInfo {
    let row = |(update_id, summarization_state): &(UpdateId, i32)| ComputerStatusRollupUpdateStatus {
        update_id: *update_id,
        summarization_state: *summarization_state,
        last_change_time: detected,
    };
    ComputerStatusRollupInfo {
        instance_id: headwater_model::Guid::from_u128(7),
        computer_id: client.to_owned(),
        effective_last_detection_time: LastTime(Some(detected)),
        rollup_number: number,
        is_full_rollup: is_full,
        update_status: rows.iter().map(row).collect(),
    }
}

async fn find(server: &TestServer, client: &str) -> Option<ComputerSummary> {
    let computers = server.admin.computers().await.expect("lists");
    computers.into_iter().find(|computer| computer.id.as_str() == client)
}

fn new_parent(client: &str) -> (String, ComputerChangeType) {
    (client.to_owned(), ComputerChangeType::NewParent)
}

#[tokio::test(flavor = "multi_thread")]
async fn the_configuration_is_that_of_a_real_server() {
    let (server, clock) = upper().await;
    let lower = Lower::of(&server, &clock, 1).await;
    let configuration = lower.ask(&GetRollupConfiguration::default()).await.expect("an answer").result;
    assert!(configuration.do_detailed_rollup);
    let sizes = [
        configuration.rollup_downstream_servers_max_batch_size,
        configuration.rollup_computers_max_batch_size,
        configuration.get_out_of_sync_computers_max_batch_size,
        configuration.rollup_computer_status_max_batch_size,
    ];
    assert_eq!(sizes, [5_000, 1_500, 20_000, 500]);
    assert_eq!(configuration.server_id, server.admin.server().await.expect("a status").server_id);
    let again = lower.ask(&GetRollupConfiguration::default()).await.expect("an answer").result;
    assert_eq!(again, configuration);
}

#[tokio::test(flavor = "multi_thread")]
async fn servers_tell_of_themselves_and_of_those_below_them() {
    let (server, clock) = upper().await;
    let lower = Lower::of(&server, &clock, 1).await;
    let before = server.admin.server().await.expect("a status").downstream;
    assert_eq!((before.len(), before[0].kind, before[0].last_rollup_at), (1, None, None));

    let below = info(server_id(2), lower.id, clock.now());
    lower.servers(vec![below, lower.info(HERE)]).await.expect("is taken");
    let servers = server.admin.server().await.expect("a status").downstream;
    let of = |id| servers.iter().find(|one| one.id == id).expect("a server");
    let direct = of(lower.id);
    assert_eq!((direct.kind, direct.parent.as_ref()), (Some(UpstreamMode::Replica), None));
    assert_eq!(
        (direct.last_rollup_at, direct.last_sync_at),
        (Some(clock.now()), Some(clock.now().plus_seconds(-60)))
    );
    assert_eq!((direct.name.as_str(), direct.computers), ("01.example", 4));
    assert_eq!(of(server_id(2)).parent.as_ref().map(|parent| parent.id), Some(lower.id));

    // What is older than what is known is ignored ([MS-WSUSSS] 3.1.4.14).
    let mut older = info(lower.id, HERE, clock.now().plus_seconds(-1));
    older.is_replica = false;
    lower.servers(vec![older]).await.expect("is ignored");
    let servers = server.admin.server().await.expect("a status").downstream;
    assert!(servers.iter().all(|one| one.kind == Some(UpstreamMode::Replica)));
}

#[track_caller]
fn is_refused<T: std::fmt::Debug>(answer: Result<T, Fault>, code: ErrorCode, message: &str) {
    let fault = answer.expect_err("a fault");
    assert_eq!((fault.code, &*fault.message), (Some(code), message));
}

#[tokio::test(flavor = "multi_thread")]
async fn strangers_are_refused_and_so_are_forged_parents() {
    let (server, clock) = upper().await;
    let lower = Lower::of(&server, &clock, 1).await;
    let stranger = Lower { server: &server, clock: &clock, id: server_id(9) };
    let refused = ErrorCode::InternalServerError;
    is_refused(stranger.servers(vec![stranger.info(HERE)]).await, refused, "");
    is_refused(stranger.servers(vec![info(server_id(2), stranger.id, clock.now())]).await, refused, "");
    is_refused(lower.servers(vec![lower.info(lower.id)]).await, refused, "");
    let own = server.admin.server().await.expect("a status").server_id;
    is_refused(lower.servers(vec![info(own, lower.id, clock.now())]).await, refused, "");

    // One of a thousand is enough: nothing of the request is kept.
    let good = with_details(lower.computer("good", 10), &[]);
    for parent in [stranger.id, HERE, own] {
        let forged = computer("forged", parent, clock.now());
        is_refused(lower.computers(vec![good.clone(), forged]).await, refused, "");
    }
    assert_eq!(server.admin.computers().await.expect("lists"), []);
    is_refused(stranger.status(vec![status("good", 1, true, clock.now(), &[])]).await, refused, "");
    // [MS-WSUSSS] 3.1.4.16: no fault, and nothing out of sync.
    assert_eq!(stranger.out_of_sync(&[("good", 7)]).await, [""; 0]);
    let servers = server.admin.server().await.expect("a status").downstream;
    assert_eq!(servers.iter().map(|one| one.id).collect::<Vec<_>>(), [lower.id]);
}

#[tokio::test(flavor = "multi_thread")]
async fn more_than_was_announced_is_refused() {
    let (server, clock) = upper().await;
    let lower = Lower::of(&server, &clock, 1).await;
    let invalid = ErrorCode::InvalidParameters;
    let mut crowded = lower.info(HERE);
    let summary = DownstreamServerRollupClientSummary {
        os_major_version: 10,
        os_minor_version: 0,
        os_build_number: 26_200,
        os_service_pack_major_number: 0,
        os_service_pack_minor_number: 0,
        os_locale: None,
        suite_mask: 0,
        old_product_type: 0,
        new_product_type: 0,
        system_metrics: 0,
        processor_architecture: None,
        count: 1,
        activity_summaries: Vec::new(),
    };
    crowded.client_summaries = vec![summary.clone(); 5_000];
    assert_eq!(lower.servers(vec![crowded.clone()]).await, Ok(()));
    let other = DownstreamServerRollupInfo { client_summaries: vec![summary], ..lower.info(HERE) };
    is_refused(lower.servers(vec![crowded, other]).await, invalid, "downstreamServers");

    let computers = |count: usize| {
        (0..count).map(|at| with_details(lower.computer(&format!("pc{at}"), 10), &[])).collect::<Vec<_>>()
    };
    assert_eq!(lower.computers(computers(1_500)).await, Ok(Vec::new()));
    is_refused(lower.computers(computers(1_501)).await, invalid, "computers");
    let numbers = |count: usize| GetOutOfSyncComputers {
        cookie: EmptyCookie,
        parent_server_id: lower.id,
        last_rollup_numbers: vec![
            ComputerLastRollupNumber { computer_id: "pc1".into(), rollup_number: 0 };
            count
        ],
    };
    assert!(lower.ask(&numbers(20_000)).await.is_ok());
    is_refused(lower.ask(&numbers(20_001)).await, invalid, "lastRollupNumbers");
    let statuses = |count: usize| vec![status("pc1", 1, true, clock.now(), &[]); count];
    assert_eq!(lower.status(statuses(500)).await, Ok(true));
    is_refused(lower.status(statuses(501)).await, invalid, "computers");

    let long = "x".repeat(513);
    let mut wordy = with_details(lower.computer("pc", 10), &[]);
    wordy.details.as_mut().expect("details").computer_make = long;
    let mut odd = lower.computer("pc", 10);
    odd.last_sync_result = 3;
    for bad in [wordy, odd, lower.computer("", 10), lower.computer(&"x".repeat(129), 10)] {
        is_refused(lower.computers(vec![bad]).await, invalid, "computers");
    }
    for bad in [status("pc1", 0, true, clock.now(), &[]), status("pc1", 1, true, clock.now(), &[(id(10), 7)])]
    {
        is_refused(lower.status(vec![bad]).await, invalid, "computers");
    }
}

async fn counts(server: &TestServer, update: u32) -> UpdateCounts {
    server.admin.update(id(update)).await.expect("is known").status
}

#[tokio::test(flavor = "multi_thread")]
async fn computers_of_lower_servers_are_listed_and_counted() {
    let (server, clock) = upper().await;
    let group = server.admin.create_group("Pilot", None).await.expect("a group");
    let lower = Lower::of(&server, &clock, 1).await;
    lower.servers(vec![lower.info(HERE)]).await.expect("is taken");
    let bare = vec![lower.computer("pc1", 10), with_details(lower.computer("pc2", 20), &[])];
    assert_eq!(lower.computers(bare).await, Ok(vec![new_parent("pc1")]));
    let whole = vec![with_details(lower.computer("pc1", 10), &[group, GroupId::from_u128(9)])];
    assert_eq!(lower.computers(whole).await, Ok(Vec::new()));

    let pc1 = find(&server, "pc1").await.expect("is listed");
    assert_eq!((pc1.name.as_str(), pc1.address.as_deref()), ("pc1.below.example", Some("192.0.2.7")));
    assert_eq!(pc1.server.as_ref().map(|one| one.id), Some(lower.id));
    assert_eq!(pc1.groups.iter().map(|group| group.name.as_str()).collect::<Vec<_>>(), ["Pilot"]);
    assert_eq!((pc1.os.as_deref(), pc1.os_version.as_deref()), (Some("Windows 11 Pro"), Some("10.0.26200")));
    assert_eq!(pc1.last_report_at, Some(clock.now().plus_seconds(-10)));

    let detected = clock.now().plus_seconds(-10);
    let rows = [(id(10), 5), (id(11), 2)];
    let first =
        vec![status("pc1", 1, true, detected, &rows), status("pc2", 1, true, detected, &[(id(10), 4)])];
    assert_eq!(lower.status(first).await, Ok(true));
    let expected = UpdateCounts { installed: 1, failed: 1, ..UpdateCounts::default() };
    assert_eq!(counts(&server, 10).await, expected);
    // What a computer does not list is not applicable to it: it came before it looked (fact 41).
    let expected = UpdateCounts { needed: 1, not_applicable: 1, ..UpdateCounts::default() };
    assert_eq!(counts(&server, 11).await, expected);

    clock.advance(60);
    let second = vec![status("pc1", 2, false, clock.now(), &[(id(10), 4), (id(11), 0)])];
    assert_eq!(lower.status(second).await, Ok(true));
    assert_eq!(counts(&server, 10).await, UpdateCounts { installed: 2, ..UpdateCounts::default() });
    assert_eq!(counts(&server, 11).await, UpdateCounts { not_applicable: 2, ..UpdateCounts::default() });

    let computers = server.admin.server().await.expect("a status");
    assert_eq!((computers.computers.total, computers.downstream[0].computers), (2, 2));
    for refused in [
        server.admin.move_computer("pc1", &[group]).await.map(|_| ()),
        server.admin.delete_computer("pc1").await,
    ] {
        let sentence = refused.expect_err("a refusal").to_string();
        assert!(sentence.contains("reports to the server 01.example"), "{sentence}");
    }

    let server = server.restart().await;
    assert_eq!(counts(&server, 10).await, UpdateCounts { installed: 2, ..UpdateCounts::default() });
    assert_eq!(find(&server, "pc1").await.expect("is kept").groups[0].id, group);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_gap_in_the_numbers_asks_for_everything() {
    let (server, clock) = upper().await;
    let lower = Lower::of(&server, &clock, 1).await;
    let other = Lower::of(&server, &clock, 2).await;
    let deep = info(server_id(3), lower.id, clock.now());
    lower.servers(vec![deep, lower.info(HERE)]).await.expect("is taken");
    let deeper = with_details(computer("deep", server_id(3), clock.now()), &[]);
    lower.computers(vec![with_details(lower.computer("pc1", 10), &[]), deeper]).await.expect("are taken");
    other.computers(vec![with_details(other.computer("pc2", 10), &[])]).await.expect("is taken");

    assert_eq!(lower.out_of_sync(&[("pc1", 0), ("deep", 0)]).await, [""; 0]);
    let detected = clock.now();
    lower
        .status(vec![status("pc1", 1, true, detected, &[]), status("deep", 4, true, detected, &[])])
        .await
        .expect("kept");
    assert_eq!(lower.out_of_sync(&[("pc1", 1), ("deep", 4)]).await, [""; 0]);
    assert_eq!(lower.out_of_sync(&[("pc1", 2), ("deep", 3), ("pc2", 3), ("nobody", 3)]).await.len(), 2);
    assert_eq!(other.out_of_sync(&[("pc1", 2), ("pc2", 3)]).await, ["pc2"]);
    // Of the computers of others nobody tells.
    other.status(vec![status("pc1", 9, true, detected, &[(id(10), 4)])]).await.expect("is ignored");
    assert_eq!(lower.out_of_sync(&[("pc1", 1)]).await, [""; 0]);
    assert_eq!(counts(&server, 10).await.installed, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn computers_move_between_servers_and_come_back() {
    let (server, clock) = upper().await;
    let group = server.admin.create_group("Pilot", None).await.expect("a group");
    let lower = Lower::of(&server, &clock, 1).await;
    let mut agent = server.agent(1, DetectoidsInstalled);
    agent.scan().await.expect("scans");
    server.admin.move_computer(&client_id(1), &[group]).await.expect("moves");
    server.admin.approve(id(10), group, ApprovalAction::Install).await.expect("approves");

    // Ours was seen later, whatever the lower server's clock says.
    assert_eq!(lower.computers(vec![lower.computer(&client_id(1), 5)]).await, Ok(Vec::new()));
    assert_eq!(find(&server, &client_id(1)).await.expect("is ours").server, None);

    clock.advance(600);
    assert_eq!(
        lower.computers(vec![lower.computer(&client_id(1), 5)]).await,
        Ok(vec![new_parent(&client_id(1))])
    );
    let moved = with_details(lower.computer(&client_id(1), 5), &[]);
    assert_eq!(lower.computers(vec![moved]).await, Ok(Vec::new()));
    let away = find(&server, &client_id(1)).await.expect("is theirs");
    assert_eq!(away.server.map(|one| one.id), Some(lower.id));
    assert_eq!(away.groups[0].name, "Unassigned Computers");
    let other = Lower::of(&server, &clock, 2).await;
    let later = other.computer(&client_id(1), 1);
    assert_eq!(other.computers(vec![later]).await, Ok(vec![new_parent(&client_id(1))]));

    // The agent returns: it is ours again, in our group, and sees what is approved there.
    clock.advance(600);
    agent.scan().await.expect("scans");
    let back = find(&server, &client_id(1)).await.expect("is ours again");
    assert_eq!((back.server, back.groups[0].id), (None, group));
    assert_eq!(agent.to_install(), [id(10)]);
    assert!(agent.report(&[Event::status(agent.walk.cache())]).await.expect("reports"));
    assert_eq!(counts(&server, 10).await.needed, 1);

    // Deleted here after it was last seen there.
    server.admin.delete_computer(&client_id(1)).await.expect("deletes");
    let stale = with_details(other.computer(&client_id(1), 601), &[]);
    assert_eq!(other.computers(vec![stale]).await, Ok(vec![(client_id(1), ComputerChangeType::Deleted)]));
    assert!(find(&server, &client_id(1)).await.is_none());
}
