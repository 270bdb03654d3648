//! What a managing server is asked, and how its synchronisation is followed.

use std::io::{BufRead, BufReader, Write};
use std::net::TcpListener;
use std::sync::mpsc;
use std::thread;
use std::time::Duration;

use headwater_api::{
    CleanUpQuery, GroupPlanQuery, HostGroupMembers, LinkRequest, ServerChange, ServerFollow, SyncReport,
    SyncRequest,
};

use super::client;
use super::fake::{Fake, Request, json};
use crate::Error;

const BERLIN: &str = r#"{"event":"server","name":"Berlin","phase":"updates","line":"340 documents"}"#;
const FINISHED: &str = r#"{"event":"finished","report":{"dry_run":true,"servers":[],"exit":0}}"#;

/// The result, the events' lines and the request.
fn sync(answer: String) -> (Result<SyncReport, Error>, Vec<String>, Request) {
    let fake = Fake::answering(&[answer]);
    let mut lines = Vec::new();
    let request = SyncRequest { dry_run: true, below: Some("Berlin".into()), ..SyncRequest::default() };
    let result = client(&fake.url).sync_wsus(&request, &mut |_, line| lines.push(line.to_owned()));
    (result, lines, fake.requests().remove(0))
}

fn compact(request: &Request) -> String {
    request.text().split_whitespace().collect()
}

#[test]
fn every_event_of_a_synchronisation_is_told() {
    let (result, lines, request) = sync(json("200 OK", &format!("{BERLIN}\n{FINISHED}\n")));
    assert!(result.expect("a report").dry_run);
    assert_eq!(lines, [BERLIN, FINISHED]);
    assert_eq!(request.line, "POST /api/v1/wsus/sync");
    assert_eq!(compact(&request), r#"{"dry_run":true,"below":"Berlin"}"#);
}

#[track_caller]
fn broken(answer: String, told: &[&str]) {
    let (result, lines, _) = sync(answer);
    let error = result.expect_err("a broken run");
    assert!(matches!(error, Error::Unreachable { .. }), "{error:?}");
    assert!(error.to_string().contains("broke off before the run was done"), "{error}");
    assert_eq!(lines, told);
}

#[test]
fn a_synchronisation_that_breaks_off_is_no_success() {
    let longer = |body: &str| format!("HTTP/1.1 200 OK\r\nContent-Length: 9999\r\n\r\n{body}");
    let chunk = |body: &str| {
        format!("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n{:x}\r\n{body}\r\n", body.len())
    };
    let line = format!("{BERLIN}\n");
    broken(json("200 OK", ""), &[]);
    broken(json("200 OK", &line), &[BERLIN]);
    broken(longer(&line), &[BERLIN]);
    broken(chunk(&line), &[BERLIN]);
    // In the middle of the very line that says success.
    for cut in 1..FINISHED.len() {
        broken(json("200 OK", &format!("{line}{}", &FINISHED[..cut])), &[BERLIN]);
    }
}

#[test]
fn a_synchronisation_that_fails_says_why() {
    let failed = r#"{"event":"failed","problem":{"type":"/problems/not-linked","title":"No","status":409}}"#;
    let (result, lines, _) = sync(json("200 OK", failed));
    let error = result.expect_err("a failure");
    assert!(matches!(&error, Error::Refused(problem) if problem.kind == "/problems/not-linked"), "{error:?}");
    assert_eq!(lines, [failed]);
    let (result, ..) = sync(json("200 OK", "{\"event\":\"tea\"}\n"));
    assert!(matches!(result, Err(Error::Foreign { .. })), "{result:?}");
}

/// The second line is sent only when the first was seen.
#[test]
fn events_are_told_as_they_come() {
    let listener = TcpListener::bind(("127.0.0.1", 0)).expect("a port");
    let url = format!("http://{}", listener.local_addr().expect("an address"));
    let (seen, was_seen) = mpsc::channel();
    let server = thread::spawn(move || {
        let mut stream = BufReader::new(listener.accept().expect("a connection").0);
        let mut head = String::new();
        while !head.ends_with("\r\n\r\n") {
            stream.read_line(&mut head).expect("a line");
        }
        let mut send = |text: &str| stream.get_mut().write_all(text.as_bytes()).expect("a connection");
        send(&format!("HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n{BERLIN}\n"));
        was_seen.recv_timeout(Duration::from_secs(20)).expect("the first line was told");
        send(&format!("{FINISHED}\n"));
    });
    let watch = &mut |_: &_, _: &str| {
        let _ = seen.send(());
    };
    let report = client(&url).sync_wsus(&SyncRequest::default(), watch);
    server.join().expect("the server");
    assert_eq!(report.expect("a report").exit, 0);
}

#[test]
fn paths_and_bodies() {
    let problem = || json("409 Conflict", r#"{"title":"No","status":409}"#);
    let fake = Fake::answering(&[problem(), problem(), problem(), problem(), problem(), problem()]);
    let client = client(&fake.url);
    let members = HostGroupMembers { add: vec!["pc-17".into()], remove: vec![] };
    let link = LinkRequest { url: "https://w.example:8532/linkage".into(), code: "1234-5678".into() };
    client.change_host_group("Büro 3/a", &members).expect_err("refused");
    let query = GroupPlanQuery { group: "Büro & Lab".into(), ..GroupPlanQuery::default() };
    client.plan_group(&query).expect_err("refused");
    client.link_wsus(&link).expect_err("refused");
    client.import_host_groups().expect_err("refused");
    client.plan_clean_up(&CleanUpQuery::default()).expect_err("refused");
    let change = ServerChange { follow: Some(ServerFollow::GroupsAndApprovals), ..ServerChange::default() };
    client.set_server("Büro 3", &change).expect_err("refused");
    let requests: Vec<_> = fake.requests();
    let lines: Vec<_> =
        requests.iter().map(|request| format!("{} {}", request.line, compact(request))).collect();
    assert_eq!(
        lines,
        [
            r#"POST /api/v1/hostgroups/B%C3%BCro%203%2Fa/members {"add":["pc-17"],"remove":[]}"#,
            "GET /api/v1/wsus/groups/plan?group=B%C3%BCro%20%26%20Lab ",
            r#"POST /api/v1/wsus {"url":"https://w.example:8532/linkage","code":"1234-5678"}"#,
            "POST /api/v1/hostgroups/import {}",
            "GET /api/v1/wsus/cleanup?declined_days=30&silent_days=30&superseded_days=30 ",
            r#"PATCH /api/v1/wsus/servers/B%C3%BCro%203 {"follow":"groups,approvals"}"#,
        ]
    );
}
