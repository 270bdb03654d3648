//! What agents report over a socket, and what administrators are then told.

mod server;

use headwater_api::{
    ComputerDetail, ComputerUpdateState, ComputersVerdict, Page, StatusSummary, UpdateCounts, UpdateDetail,
    UpdateSummary, UpdatesVerdict,
};
use headwater_model::{Guid, Timestamp, UpdateId, UpdateIdentity};
use headwater_wsus::reporting::{
    BasicData, ComputerTargetIdentifier, ExtendedData, ReportEventBatch, ReportingEvent,
};
use headwater_wsus::soap::{decode, decode_response, encode_request};
use headwater_wsus::wusp::Cookie;
use headwater_xml::lexical::to_base64;

use server::{Server, now};

const REPORTING: &str = "/ReportingWebService/ReportingWebService.asmx";
/// The computer of the captures.
const CAPTURED: &str = "e1da06a3-5601-43c9-bac3-52d5db701494";
const OTHER: &str = "00000000-0000-4000-8000-000000000002";

/// Event 156 with these lists in MiscData, or another event about an update.
fn event(sid: &str, second: i64, id: i32, update: Option<UpdateId>, misc_data: &[String]) -> ReportingEvent {
    ReportingEvent {
        basic_data: BasicData {
            target_id: ComputerTargetIdentifier { sid: sid.to_owned() },
            sequence_number: 0,
            time_at_target: now().plus_seconds(second - 3600),
            event_instance_id: Guid::from_u128(second as u128),
            namespace_id: 1,
            event_id: id,
            source_id: 101,
            update_id: Some(UpdateIdentity {
                id: update.unwrap_or(UpdateId::from_u128(0)),
                revision: if update.is_some() { 200 } else { 0 },
            }),
            win32_hresult: if id == 182 { -2_145_124_318 } else { 0 },
            app_name: None,
        },
        extended_data: Some(ExtendedData {
            replacement_strings: Vec::new(),
            misc_data: misc_data.to_vec(),
            computer_brand: None,
            computer_model: None,
            bios_revision: None,
            processor_architecture: Some("Amd64Compatible".to_owned()),
            os_version: None,
            os_locale_id: 1033,
            device_id: None,
        }),
        private_data: None,
    }
}

fn list(tag: &str, ids: &[UpdateId]) -> String {
    let ids: Vec<String> = ids.iter().map(|id| id.to_string().to_uppercase()).collect();
    format!("{tag}={}", ids.join(";"))
}

/// Sends a report; says what the server answered.
async fn report(server: &Server, client: &str, event_batch: Vec<ReportingEvent>) -> bool {
    let cookie = Cookie { expiration: now(), encrypted_data: server.cookie(client).await };
    let message = ReportEventBatch { cookie, client_time: now(), event_batch };
    let (status, answer) = server.post(REPORTING, &encode_request(&message)).await;
    assert_eq!(status, 200, "{answer}");
    decode_response::<ReportEventBatch>(&answer).expect("an answer").expect("no fault").result
}

#[tokio::test]
async fn the_captured_report_is_kept() {
    let Some(captured) = server::shared("wsus-data/captures/client-install/016-ReportEventBatch.request.xml")
    else {
        return;
    };
    let server = Server::start().await;
    server.enroll(CAPTURED).await;
    let (before, rest) = captured.split_once("<EncryptedData>").expect("a cookie");
    let (_, after) = rest.split_once("</EncryptedData>").expect("a cookie");
    let token = to_base64(&server.cookie(CAPTURED).await);
    let text = format!("{before}<EncryptedData>{token}</EncryptedData>{after}");

    let (status, answer) = server.post(REPORTING, &text).await;
    assert_eq!(status, 200, "{answer}");
    assert!(answer.contains("<ReportEventBatchResult>true</ReportEventBatchResult>"), "{answer}");
    // Of the three 148 the latest stays, or one of those at the same moment (fact 43).
    let member = server.app.live.member(&CAPTURED.parse().expect("an id")).expect("a computer");
    let log = server.app.store.event_log(member.computer).await.expect("a log");
    let kept: Vec<(u16, i32)> = log.entries().iter().map(|entry| (entry.event, entry.hresult)).collect();
    assert_eq!(kept, [(147, 0), (148, -2_145_123_272)]);
    let sent: ReportEventBatch = decode(&captured).expect("the capture");
    assert_eq!(log.entries()[0].at, sent.event_batch[0].basic_data.time_at_target);
    server.stop().await;
}

#[tokio::test]
async fn a_report_without_our_cookie_is_refused() {
    let server = Server::start().await;
    server.enroll(OTHER).await;
    let cookie = Cookie { expiration: now(), encrypted_data: vec![0; 224] };
    let message = ReportEventBatch { cookie, client_time: now(), event_batch: Vec::new() };
    let (status, answer) = server.post(REPORTING, &encode_request(&message)).await;
    assert_eq!(status, 500);
    assert!(answer.contains("InvalidCookie"), "{answer}");
    server.stop().await;
}

#[tokio::test]
async fn administrators_see_what_computers_reported() {
    let server = Server::start().await;
    for client in [CAPTURED, OTHER] {
        server.enroll(client).await;
    }
    let leaves = server.leaves();
    let [needed, installed, failing] = leaves[..3] else { panic!("{} leaves", leaves.len()) };
    let lists = [list("U", &[needed, failing]), list("V", &[installed]), "w=0".to_owned()];
    let scan = vec![event(CAPTURED, 1, 147, None, &[]), event(CAPTURED, 2, 156, None, &lists)];
    assert!(report(&server, CAPTURED, scan.clone()).await);
    assert!(report(&server, CAPTURED, vec![event(CAPTURED, 5, 182, Some(failing), &[])]).await);
    assert!(report(&server, OTHER, vec![event(OTHER, 2, 156, None, &[list("W", &[needed])])]).await);

    check(&server, &leaves).await;
    // Once more: an agent that did not hear the answer.
    assert!(report(&server, CAPTURED, scan).await);
    check(&server, &leaves).await;
    let server = server.restart().await;
    check(&server, &leaves).await;
    server.stop().await;
}

async fn check(server: &Server, leaves: &[UpdateId]) {
    let [needed, installed, failing] = leaves[..3] else { panic!("{} leaves", leaves.len()) };
    let summary: StatusSummary = server.get("/api/v1/status").await;
    let computers = ComputersVerdict { failed: 1, needing: 0, unknown: 0, up_to_date: 1, silent: 0 };
    let updates = UpdatesVerdict { approved: 0, needed: 2, needed_unapproved: 2, failed: 1 };
    assert_eq!((summary.computers, summary.updates), (computers, updates));
    let nobody = "d374f42a-9be2-4163-a0fa-3c86a401b7a7";
    let summary: StatusSummary = server.get(&format!("/api/v1/status?group={nobody}")).await;
    assert_eq!(summary.computers, ComputersVerdict::default());
    assert_eq!(summary.group.expect("a group").name, "Downstream Servers");

    let page: Page<UpdateSummary> = server.get("/api/v1/updates?limit=1000").await;
    let of = |id: UpdateId| {
        let update = page.items.iter().find(|update| update.id == id).expect("an update");
        (update.needed, update.installed, update.failed)
    };
    assert_eq!((of(needed), of(installed), of(failing)), ((1, 1, 0), (0, 1, 0), (1, 0, 1)));
    let update: UpdateDetail = server.get(&format!("/api/v1/updates/{needed}")).await;
    assert_eq!(update.status, UpdateCounts { needed: 1, pending_restart: 1, ..UpdateCounts::default() });
    let update: UpdateDetail = server.get(&format!("/api/v1/updates/{installed}")).await;
    assert_eq!(update.status, UpdateCounts { installed: 1, not_applicable: 1, ..UpdateCounts::default() });

    let computer: ComputerDetail = server.get(&format!("/api/v1/computers/{CAPTURED}")).await;
    let not_applicable = leaves.len() as u64 - 3;
    let counts =
        UpdateCounts { installed: 1, needed: 1, failed: 1, not_applicable, ..UpdateCounts::default() };
    assert_eq!(computer.summary.status, counts);
    assert_eq!(computer.summary.last_report_at, Some(now()));
    let open: Vec<(UpdateId, ComputerUpdateState, Timestamp, Option<&str>)> = computer
        .updates
        .iter()
        .map(|update| (update.id, update.state, update.since, update.error.as_deref()))
        .collect();
    assert_eq!(
        open,
        [
            (failing, ComputerUpdateState::Failed, now().plus_seconds(5 - 3600), Some("0x80240022")),
            (needed, ComputerUpdateState::Needed, now().plus_seconds(2 - 3600), None),
        ]
    );
}

#[tokio::test]
async fn nobody_reports_in_the_name_of_another() {
    let server = Server::start().await;
    for client in [CAPTURED, OTHER] {
        server.enroll(client).await;
    }
    let leaves = server.leaves();
    let lists = [list("V", &leaves[..1])];
    let forged = vec![event(CAPTURED, 4, 156, None, &lists), event(OTHER, 3, 156, None, &[])];
    assert!(report(&server, OTHER, forged).await);
    let computer: ComputerDetail = server.get(&format!("/api/v1/computers/{CAPTURED}")).await;
    let unknown = leaves.len() as u64;
    assert_eq!(computer.summary.status, UpdateCounts { unknown, ..UpdateCounts::default() });
    assert_eq!(computer.summary.last_report_at, None);
    let computer: ComputerDetail = server.get(&format!("/api/v1/computers/{OTHER}")).await;
    let not_applicable = leaves.len() as u64;
    assert_eq!(computer.summary.status, UpdateCounts { not_applicable, ..UpdateCounts::default() });
    let summary: StatusSummary = server.get("/api/v1/status").await;
    assert_eq!((summary.computers.unknown, summary.computers.up_to_date), (1, 1));
    server.stop().await;
}

#[tokio::test]
async fn a_deleted_computer_no_longer_counts() {
    let server = Server::start().await;
    server.enroll(CAPTURED).await;
    let leaves = server.leaves();
    assert!(report(&server, CAPTURED, vec![event(CAPTURED, 2, 156, None, &[list("U", &leaves[..1])])]).await);
    server.delete(&format!("/api/v1/computers/{CAPTURED}")).await;
    let summary: StatusSummary = server.get("/api/v1/status").await;
    assert_eq!((summary.computers, summary.updates.needed), (ComputersVerdict::default(), 0));
    server.stop().await;
}

/// Run by hand: `cargo test -p headwater-http --release --test reporting -- --ignored --nocapture`.
/// Each computer sends ten events, an inventory among them, on a connection of its own.
#[allow(clippy::print_stdout, reason = "a figure")]
#[tokio::test(flavor = "multi_thread")]
#[ignore = "prints how many events a second are made durable over sockets"]
async fn durable_events_over_sockets() {
    const COMPUTERS: usize = 2_000;
    const AT_ONCE: usize = 128;
    let server = std::sync::Arc::new(Server::with_documents(4_000).await);
    let mut leaves = server.leaves();
    leaves.truncate(300);
    let client = |number: usize| format!("00000000-0000-4000-8000-{number:012}");
    for number in 0..COMPUTERS {
        server.enroll(&client(number)).await;
    }
    let started = std::time::Instant::now();
    let senders = (0..AT_ONCE).map(|sender| {
        let (server, leaves) = (server.clone(), leaves.clone());
        tokio::spawn(async move {
            for number in (sender..COMPUTERS).step_by(AT_ONCE) {
                let sid = client(number);
                let lists = [list("U", &leaves[..2]), list("V", &leaves[2..])];
                let mut events = vec![event(&sid, 1, 147, None, &[]), event(&sid, 2, 156, None, &lists)];
                for (second, id) in [(3, 167), (4, 162), (5, 181), (6, 183)] {
                    events.extend(leaves[..2].iter().map(|leaf| event(&sid, second, id, Some(*leaf), &[])));
                }
                assert!(report(&server, &sid, events).await);
            }
        })
    });
    for sender in senders.collect::<Vec<_>>() {
        sender.await.expect("sent");
    }
    let rate = COMPUTERS as f64 * 10.0 / started.elapsed().as_secs_f64();
    println!("{rate:.0} events/s of {} updates in each inventory", leaves.len());
}
