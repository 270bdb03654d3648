//! Who is let in and who is not, as bytes on a socket.

use std::net::{IpAddr, UdpSocket};
use std::sync::Arc;

use headwater_testkit::{PASSWORD, ServerOptions, TestAuthority, TestClock, TestServer};
use headwater_wsus::soap::{Envelope, Request, decode_response};
use headwater_wsus::wsusar::reason;
use headwater_wsus_admin::{Credentials, Error, Secret};

use super::{driver_with, password};
use crate::wire::{Answer, post};

const PATH: &str = "/ApiRemoting30/WebService.asmx";
const XML: &str = "Content-Type: text/xml; charset=utf-8\r\n";
/// `admin:` and a password that is none; an NTLM message of the first kind, whose use nobody may have.
const WRONG: &str = "Basic YWRtaW46d3Jvbmc=";
const NTLM: &str = "NTLM TlRMTVNTUAABAAAAB4IIogAAAAAAAAAAAAAAAAAAAAAKAGFKAAAADw==";

fn call(operation: &str, parameters: &str) -> String {
    format!(
        "<soap:Envelope xmlns:soap=\"http://schemas.xmlsoap.org/soap/envelope/\"><soap:Body><{operation} \
         xmlns=\"http://www.microsoft.com/SoftwareDistribution/Server/ApiRemotingWebService\">{parameters}\
         </{operation}></soap:Body></soap:Envelope>"
    )
}

fn bearer(server: &TestServer) -> String {
    format!("Bearer {}", server.token)
}

async fn ask(server: &TestServer, authorization: &str, body: &str) -> Answer {
    let headers = match authorization {
        "" => XML.to_owned(),
        shown => format!("{XML}Authorization: {shown}\r\n"),
    };
    post(server, PATH, &headers, body.as_bytes()).await
}

/// What an operation answers that our own driver does not ask.
pub(super) async fn answered<R: Request>(server: &TestServer, parameters: &str) -> R::Response {
    let answer = ask(server, &bearer(server), &call(R::NAME, parameters)).await;
    let response = decode_response::<R>(&answer.text()).expect("an answer");
    response.unwrap_or_else(|fault| panic!("{fault:?}"))
}

/// The text of a fault, which has no codes.
#[track_caller]
fn refusal(answer: &Answer) -> String {
    assert_eq!(answer.status(), 500, "{}", answer.head);
    let text = answer.text();
    let fault = Envelope::parse(&text).expect("an envelope").decode_fault().expect("a fault");
    assert_eq!(fault.code, None);
    reason(&fault).to_owned()
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_is_let_in_without_a_password_or_a_token() {
    let server = TestServer::start().await;
    let negotiate = NTLM.replace("NTLM", "Negotiate");
    for shown in ["", WRONG, NTLM, &negotiate, "Bearer wrong", "Basic", "Basic !!", "Bearer "] {
        let answer = ask(&server, shown, &call("GetCurrentUserRole", "")).await;
        assert_eq!(answer.status(), 401, "{shown}");
        let challenges: Vec<&str> =
            answer.head.lines().filter(|line| line.starts_with("www-authenticate")).collect();
        assert_eq!(challenges, ["www-authenticate: basic realm=\"headwater\", charset=\"utf-8\""], "{shown}");
        assert!(!answer.text().contains("Envelope"), "{shown}");
    }
    let answer = ask(&server, &bearer(&server), &call("GetCurrentUserRole", "")).await;
    assert!(answer.text().contains("<GetCurrentUserRoleResult>2<"), "{}", answer.text());
    let other_case = PATH.to_uppercase();
    assert_eq!(post(&server, &other_case, XML, b"").await.status(), 401, "in any letter case");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_password_is_hashed_once_and_guesses_are_paced() {
    let clock = TestClock::of_the_captures();
    let options = ServerOptions { clock: Some(clock.clone()), ..ServerOptions::default() };
    let server = TestServer::start_with(options).await;
    let role = call("GetCurrentUserRole", "");
    let known = driver_with(&server, password(), None);
    known.connect().await.expect("connects");
    for _ in 0..5 {
        assert_eq!(ask(&server, WRONG, &role).await.status(), 401);
    }
    let answer = ask(&server, WRONG, &role).await;
    assert_eq!(answer.status(), 429);
    assert!(answer.head.contains("retry-after: 10\r\n"), "{}", answer.head);
    // It is remembered, so that no guess of another keeps it out; nor does one keep out a token.
    let started = std::time::Instant::now();
    for _ in 0..50 {
        known.connect().await.expect("connects");
    }
    assert!(started.elapsed().as_secs() < 10, "200 calls are no 200 hashes");
    assert_eq!(ask(&server, &bearer(&server), &role).await.status(), 200);
    let stranger = Credentials::Basic { user: "anna".to_owned(), password: Secret::new(PASSWORD) };
    let error = driver_with(&server, stranger, None).connect().await.expect_err("is refused");
    assert!(matches!(error, Error::Status { .. }), "{error}");
    clock.advance(10);
    assert_eq!(ask(&server, WRONG, &role).await.status(), 401);
}

/// An address of this machine that others can reach too.
fn own_address() -> Option<IpAddr> {
    let socket = UdpSocket::bind("0.0.0.0:0").ok()?;
    // Nothing is sent: it only makes the system choose an address.
    socket.connect("192.0.2.1:9").ok()?;
    Some(socket.local_addr().ok()?.ip()).filter(|own| !own.is_loopback())
}

#[tokio::test(flavor = "multi_thread")]
async fn beyond_this_machine_it_takes_tls() {
    let Some(own) = own_address() else {
        eprintln!("skipped: this machine has no address beyond loopback");
        return;
    };
    let server = TestServer::start_with(ServerOptions { updates_ip: own, ..ServerOptions::default() }).await;
    for shown in ["", WRONG, &bearer(&server)] {
        let answer = ask(&server, shown, &call("GetCurrentUserRole", "")).await;
        assert_eq!(answer.status(), 403, "{shown}");
        assert!(answer.text().contains("use https"), "{}", answer.text());
        assert!(!answer.head.contains("www-authenticate"), "a challenge would draw a password out");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_driver_comes_over_tls_with_a_password_or_a_token() {
    let authority = Arc::new(TestAuthority::new());
    let options = ServerOptions { authority: Some(authority.clone()), ..ServerOptions::default() };
    let server = TestServer::start_with(options).await;
    assert!(server.updates_url.starts_with("https://"));
    for credentials in [password(), Credentials::Token(Secret::new(server.token.as_str()))] {
        let wsus = driver_with(&server, credentials, Some(authority.pem()));
        assert_eq!(wsus.connect().await.expect("connects").id, server.app().server.id);
    }
    let wrong = Credentials::Basic { user: "admin".to_owned(), password: Secret::new("wrong") };
    let error = driver_with(&server, wrong, Some(authority.pem())).connect().await.expect_err("is refused");
    assert!(matches!(error, Error::AccountRefused { .. }), "{error}");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_no_call_has_one_clear_answer() {
    let server = TestServer::start().await;
    let shown = bearer(&server);
    let answer = ask(&server, &shown, &call("ExecuteSPGetUpdateServerStatus", "")).await;
    assert!(refusal(&answer).ends_with("does not serve the operation `ExecuteSPGetUpdateServerStatus`"));
    let scope =
        "<computerTargetScopeXml>&lt;ComputerTargetScope NameIncludes=\"pc\"/></computerTargetScopeXml>";
    let answer = ask(&server, &shown, &call("ExecuteSPGetComputerCount", scope)).await;
    assert!(refusal(&answer).contains("scopes by `NameIncludes` are not served"));
    let answer = ask(&server, &shown, &call("ExecuteSPCreateTargetGroup1", "<name>a</name>")).await;
    assert!(refusal(&answer).contains("parentGroupId"));
    let answer = ask(&server, &shown, &call("ExecuteSPDeclineUpdate", "<updateId>x</updateId>")).await;
    assert!(refusal(&answer).contains("updateId"));

    let long = call("GetServerVersion", &"x".repeat(256 << 10));
    assert_eq!(ask(&server, &shown, &long).await.status(), 413);
    let authorized = format!("Authorization: {shown}\r\n");
    let form = format!("Content-Type: text/plain\r\n{authorized}");
    let role = call("GetCurrentUserRole", "");
    assert_eq!(
        post(&server, PATH, &form, role.as_bytes()).await.status(),
        415,
        "a stranger's page can do that"
    );
    assert_eq!(post(&server, PATH, &authorized, role.as_bytes()).await.status(), 415);
    let get = format!("GET {PATH} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n{authorized}\r\n");
    assert_eq!(crate::wire::raw(&server, get.as_bytes()).await.status(), 405);

    let soap_12 =
        role.replace("http://schemas.xmlsoap.org/soap/envelope/", "http://www.w3.org/2003/05/soap-envelope");
    let headers = format!("Content-Type: application/soap+xml; charset=utf-8\r\n{authorized}");
    let answer = post(&server, PATH, &headers, soap_12.as_bytes()).await;
    assert!(answer.head.contains("content-type: application/soap+xml"), "{}", answer.head);
    assert!(answer.text().contains("<GetCurrentUserRoleResult>2<"), "{}", answer.text());
}
