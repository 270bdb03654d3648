//! Bad answers, and none.

use std::time::Duration;

use headwater_model::GroupId;
use tokio::net::TcpListener;
use tokio::time::Instant;

use super::answers::{answer, envelope, fault, good, one, result, settings};
use super::server::{Asked, Reaction, Server, http};
use crate::{Credentials, Error, Patience, Secret};
use Reaction::{Answer, AnswerAndClose, Close, Endless, Late};

/// Lets a server react so to the first thing that it is asked, and expects this error.
async fn check(reaction: impl Fn() -> Reaction + Send + Sync + 'static, expected: &str) -> Error {
    // A busy machine takes its time for a megabyte.
    check_within(Duration::from_secs(60), reaction, expected).await
}

/// The same, with a limit for the whole of an answer.
async fn check_within(
    whole: Duration,
    reaction: impl Fn() -> Reaction + Send + Sync + 'static,
    expected: &str,
) -> Error {
    let server = Server::start(move |_| reaction()).await;
    let patience = Patience {
        connect: Duration::from_secs(5),
        idle: Duration::from_secs(5),
        small_answer: Duration::from_secs(1),
        large_answer: Duration::from_secs(1),
        piece: Duration::from_secs(1),
        whole,
    };
    let wsus = server.with(Credentials::Token(Secret::new("t")), patience);
    let error = wsus.connect().await.expect_err(expected);
    assert!(error.to_string().starts_with(expected), "{error}");
    error
}

#[tokio::test]
async fn what_is_no_wsus_is_told() {
    let no_wsus = "there is no WSUS: it answered GetServerVersion with HTTP status";
    check(|| Answer(http("404 Not Found", "", b"<html>")), no_wsus).await;
    check(|| Answer(http("405 No", "", b"")), no_wsus).await;
    check(|| Answer(http("302 Found", "Location: http://evil.example/\r\n", b"")), no_wsus).await;
    let no_soap = "its answer to GetServerVersion is no SOAP: ";
    check(|| Answer(http("200 OK", "", b"<html>hello</html>")), no_soap).await;
    check(|| Answer(http("200 OK", "", b"\xff\xfe\x00")), no_soap).await;
    check(|| Answer(http("200 OK", "", b"hello")), no_soap).await;
    let error = check(|| Answer(http("200 OK", "", b"")), no_soap).await;
    assert!(error.advice().is_some_and(|advice| advice.contains("8530")));
    let not_http = check(|| Answer(b"SSH-2.0-OpenSSH_9.6\r\n".to_vec()), "the connection broke").await;
    assert!(std::error::Error::source(&not_http).is_some());
}

#[tokio::test]
async fn what_iis_refuses_is_told() {
    check(|| Answer(http("403 Forbidden", "", b"<html>")), "it lets nobody in who comes this way").await;
    let busy =
        check(|| Answer(http("503 Busy", "", b"")), "it answered GetServerVersion with HTTP status 503")
            .await;
    assert!(busy.advice().is_some_and(|advice| advice.contains("WsusPool")));
    check(|| Answer(http("500 Oops", "", b"<html>")), "it answered GetServerVersion with HTTP status 500")
        .await;
    // A response with the status of a fault is neither.
    let both = || Answer(http("500 Oops", "", envelope("GetServerVersion", "").as_bytes()));
    check(both, "it answered GetServerVersion with HTTP status 500").await;
}

#[tokio::test]
async fn a_fault_gives_its_innermost_reason() {
    let chain = "Server was unable to process request. ---> System.Data.SqlClient.SqlException: outer ---> \
                 System.ArgumentException: The name is in use.\n   at Microsoft.UpdateServices.Api()";
    let expected = "it refused GetServerVersion: System.ArgumentException: The name is in use.";
    let error = check(move || Answer(fault(chain)), expected).await;
    assert_eq!(error.to_string(), expected);
    check(|| Answer(fault("")), "it refused GetServerVersion: a fault without a reason").await;
    let role = "Server was unable to process request. ---> System.Security.SecurityException: Request for \
                principal permission failed.\n   at x";
    let error =
        check(move || Answer(fault(role)), "the token's account has no right to GetServerVersion").await;
    assert!(matches!(error, Error::NotPermitted { .. }));
    let role =
        "---> Attempted to perform an unauthorized operation. ---> System.UnauthorizedAccessException: x";
    check(move || Answer(fault(role)), "the token's account has no right to GetServerVersion").await;
}

#[tokio::test]
async fn what_is_not_whole_is_not_believed() {
    let whole = envelope("GetServerVersion", "<GetServerVersionResult>10.0</GetServerVersionResult>");
    let half = whole[..whole.len() / 2].to_owned();
    let cut = half.clone();
    let said = move || {
        let head = format!("HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n", 2 * cut.len());
        AnswerAndClose([head.as_bytes(), cut.as_bytes()].concat())
    };
    let error = check(said, "its answer to GetServerVersion ends after ").await;
    assert!(matches!(error, Error::CutOff { .. }));
    check(|| Close, "the connection broke before it answered GetServerVersion").await;
    for end in [whole.len() - 1, whole.len() - 30] {
        let text = whole[..end].to_owned();
        let unsaid = move || Answer(http("200 OK", "", text.as_bytes()));
        check(unsaid, "its answer to GetServerVersion cannot be understood: ").await;
    }
    let other = || Answer(good("GetServerProtocolVersion").expect("an answer"));
    check(other, "its answer to GetServerVersion cannot be understood: expected the message").await;
    let gzip = || Answer(http("200 OK", "Content-Encoding: gzip\r\n", b"x"));
    check(gzip, "its answer to GetServerVersion is encoded").await;
}

#[tokio::test]
async fn who_is_late_is_not_waited_for() {
    let late = Duration::from_secs(5);
    let silent = "it was silent for 1 seconds after GetServerVersion";
    check(move || Late(Vec::new(), late, good("GetServerVersion").expect("an answer")), silent).await;
    let head = b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n<a>".to_vec();
    check(move || Late(head.clone(), late, b"<b/></a>".to_vec()), silent).await;
}

/// Calls follow each other on one connection, but a server that is silent is waited for once.
#[tokio::test]
async fn calls_behind_one_that_is_not_answered_end_with_it() {
    let late = Duration::from_secs(20);
    let server = Server::start(move |_| Late(Vec::new(), late, Vec::new())).await;
    let patience = Patience::with_answers_within(Duration::from_secs(1));
    let wsus = server.with(Credentials::Token(Secret::new("t")), patience);
    let begun = Instant::now();
    let (one, other, third) = tokio::join!(wsus.groups(), wsus.approvals(), wsus.groups());
    assert!(begun.elapsed() < late, "{:?}", begun.elapsed());
    let silent = "it was silent for 1 seconds after ExecuteSPGetAllTargetGroups";
    assert_eq!(one.expect_err("silent").to_string(), silent);
    assert!(other.is_err() && third.is_err());
    assert_eq!(server.operations(), ["ExecuteSPGetAllTargetGroups"]);
}

#[tokio::test]
async fn endless_answers_end() {
    let head = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n";
    let piece = [&b"1000\r\n"[..], &[b' '; 4096], b"\r\n"].concat();
    let endless = move || Endless(head.to_vec(), piece.clone(), Duration::ZERO);
    check(endless, "its answer to GetServerVersion has more than 1048576 bytes").await;
    let dripping = move || Endless(head.to_vec(), b"1\r\n \r\n".to_vec(), Duration::from_millis(20));
    let limit = Duration::from_secs(2);
    check_within(limit, dripping, "its answer to GetServerVersion took longer than 2 seconds").await;
}

#[tokio::test]
async fn nobody_there() {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("listens");
    let mut server = Server::start(|_| Close).await;
    server.address = format!("http://{}", listener.local_addr().expect("an address"));
    drop(listener);
    let error = server.by_token().connect().await.expect_err("refused");
    assert!(matches!(&error, Error::Connect(cause) if cause.kind() == std::io::ErrorKind::ConnectionRefused));
    assert!(error.advice().is_some_and(|advice| advice.contains("8530")));
}

/// A read may be asked again; of a write nobody knows whether it was done.
#[tokio::test]
async fn a_write_is_not_repeated_when_the_connection_breaks() {
    let breaks = |asked: &Asked| match (asked.connection, good(&asked.operation)) {
        (_, Some(answer)) => Answer(answer),
        (0, None) => Close,
        (_, None) => Answer(answer(&asked.operation, "")),
    };
    let server = Server::start(breaks).await;
    let wsus = server.by_token();
    wsus.connect().await.expect("an identity");
    wsus.groups().await.expect("groups");
    assert_eq!(server.operations()[4..], ["ExecuteSPGetAllTargetGroups"; 2]);

    let server = Server::start(breaks).await;
    let wsus = server.by_token();
    let error = wsus.delete_group(GroupId::from_u128(1), "anna").await.expect_err("broken");
    assert_eq!(error.to_string(), "the connection broke before it answered ExecuteSPDeleteTargetGroup");
    assert_eq!(error.advice(), Some("look whether it was done, then try again"));
    assert_eq!(server.operations()[4..], ["ExecuteSPDeleteTargetGroup"]);
    // The next call has a connection of its own.
    wsus.delete_group(GroupId::from_u128(1), "anna").await.expect("it is deleted");
}

#[tokio::test]
async fn settings_that_are_not_there_are_not_assumed() {
    for (name, text, expected) in [
        ("ReplicaMode", "-", "no ReplicaMode that can be: nothing"),
        ("ServerTargeting", "-", "no ServerTargeting that can be: nothing"),
        ("SyncToMU", "-", "no SyncToMU that can be: nothing"),
        ("ServerId", "-", "no ServerId that can be: nothing"),
        ("ServerId", "00000000-0000-0000-0000-000000000000", "no ServerId that can be: nothing"),
        ("ReplicaMode", "maybe", "cannot be understood"),
    ] {
        let script = one("ExecuteSPGetConfiguration", move |_| {
            Answer(result("ExecuteSPGetConfiguration", &settings(&[(name, text)])))
        });
        let error = Server::start(script).await.by_token().connect().await.expect_err(expected).to_string();
        assert!(error.contains(expected), "{error}");
    }
}

/// A server may close after any answer, as Headwater does after a fault. What is written next must not go
/// to the connection that is about to end: nobody would know whether it was done.
#[tokio::test(flavor = "multi_thread")]
async fn nothing_is_sent_after_an_answer_that_closes() {
    let server = Server::start(|asked| {
        let answer = good(&asked.operation).unwrap_or_else(|| answer("StartSubscriptionManually", ""));
        let text = String::from_utf8(answer).expect("text");
        Answer(text.replacen("\r\n", "\r\nconnection: Close\r\n", 1).into_bytes())
    })
    .await;
    let wsus = server.by_token();
    wsus.connect().await.expect("connects");
    for _ in 0..500 {
        wsus.start_sync().await.expect("begins");
    }
    let asked = server.asked();
    assert!(asked.iter().enumerate().all(|(call, asked)| asked.connection == call), "{asked:?}");
}
