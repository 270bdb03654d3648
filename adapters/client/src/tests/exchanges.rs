//! What goes over the wire, and what comes of each kind of answer.

use headwater_api::{
    ApprovalWithdrawal, ComputerQuery, MoveRequest, NewGroup, PolicyFormat, UpdateKind, UpdateQuery,
    UpstreamMode, UpstreamRequest,
};

use super::client;
use super::fake::{Fake, Request, json};
use crate::{Access, Client, Error};

const GROUP: &str = "a0a08746-4dbe-4a37-9adf-9e7652c0b421";
const EMPTY_PAGE: &str = r#"{ "items": [] }"#;
const OUTCOME: &str = r#"{"applied":[],"unchanged":[],"refused":[]}"#;

#[track_caller]
fn exchange<T>(answer: String, act: impl FnOnce(&Client) -> T) -> (T, Request) {
    let fake = Fake::answering(&[answer]);
    let result = act(&client(&fake.url));
    (result, fake.requests().remove(0))
}

#[test]
fn a_list_is_asked_for_with_the_token_and_a_flat_query() {
    let query = UpdateQuery {
        search: Some("Windows 11 & more".into()),
        kind: Some(UpdateKind::Driver),
        declined: Some(false),
        limit: Some(7),
        ..UpdateQuery::default()
    };
    let (answer, request) = exchange(json("200 OK", EMPTY_PAGE), |client| client.updates(&query));
    assert_eq!(
        request.line,
        "GET /api/v1/updates?declined=false&kind=driver&limit=7&search=Windows%2011%20%26%20more"
    );
    assert_eq!(request.header("authorization"), "Bearer t0ken");
    assert_eq!(request.header("user-agent"), concat!("headwater/", env!("CARGO_PKG_VERSION")));
    let answer = answer.expect("a page");
    assert_eq!(answer.value.items, []);
    assert_eq!(answer.json, EMPTY_PAGE, "the very text");
}

#[test]
fn methods_paths_and_bodies() {
    let id = "a/b c".parse().expect("an id");
    let (_, request) = exchange(json("200 OK", OUTCOME), |client| {
        client.move_computer(&id, &MoveRequest { groups: vec![GROUP.parse().expect("an id")] })
    });
    assert_eq!(request.line, "POST /api/v1/computers/a%2Fb%20c/groups");
    let body: serde_json::Value = serde_json::from_str(request.text()).expect("JSON");
    assert_eq!(body, serde_json::json!({"groups": [GROUP]}));

    let (outcome, request) = exchange(json("200 OK", OUTCOME), |client| {
        client.withdraw(&ApprovalWithdrawal {
            updates: vec![],
            group: GROUP.parse().expect("an id"),
            seen: vec![],
        })
    });
    assert_eq!(request.line, "DELETE /api/v1/approvals");
    assert!(request.text().contains(GROUP), "a body goes with this deletion");
    assert_eq!(outcome.expect("an outcome").value.refused, []);

    let (deleted, request) = exchange("HTTP/1.1 204 No Content\r\n\r\n".into(), |client| {
        client.delete_group(GROUP.parse().expect("an id"))
    });
    deleted.expect("deleted");
    assert_eq!(request.line, format!("DELETE /api/v1/groups/{GROUP}"));
    assert_eq!(request.body, b"");

    let upstream = r#"{"url":"https://up.example","mode":"replica","filter":{}}"#;
    let (set, request) = exchange(json("200 OK", upstream), |client| {
        client.set_upstream(&UpstreamRequest {
            url: "https://up.example".into(),
            mode: UpstreamMode::Replica,
            ca_pem: None,
        })
    });
    assert_eq!(request.line, "PUT /api/v1/upstream");
    assert_eq!(set.expect("an upstream").value.mode, UpstreamMode::Replica);

    let policy = "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\n\r\nWindows Registry Editor";
    let (text, request) = exchange(policy.into(), |client| client.policy(PolicyFormat::Reg));
    assert_eq!(request.line, "GET /api/v1/policy?format=reg");
    assert_eq!(text.expect("a text"), "Windows Registry Editor");
}

#[test]
fn a_refusal_says_what_the_server_said() {
    let problem = r#"{"type":"/problems/group-exists","title":"Conflict","status":409,
        "detail":"a group is called Pilot already"}"#;
    let group = NewGroup { name: "pilot".into(), parent: None };
    let (refused, _) = exchange(json("409 Conflict", problem), |client| client.create_group(&group));
    let error = refused.expect_err("a refusal");
    assert!(matches!(&error, Error::Refused(problem) if problem.status == 409), "{error:?}");
    assert_eq!(error.to_string(), "a group is called Pilot already");

    let (refused, _) =
        exchange(json("404 Not Found", r#"{"title":"Not Found","status":404}"#), |client| client.upstream());
    assert_eq!(refused.expect_err("a refusal").to_string(), "Not Found (status 404)");
}

#[test]
fn a_refusal_without_words_is_one_when_it_is_about_permission() {
    let (refused, _) = exchange("HTTP/1.1 401 Unauthorized\r\n\r\n".into(), |client| client.groups());
    let error = refused.expect_err("a refusal");
    assert!(matches!(&error, Error::Refused(problem) if problem.status == 401), "{error:?}");
}

#[track_caller]
fn foreign(answer: &str, reason: &str) {
    let (answer, _) = exchange(answer.into(), |client| client.computers(&ComputerQuery::default()));
    let error = answer.expect_err("not an answer of Headwater");
    assert!(matches!(error, Error::Foreign { .. }), "{error:?}");
    assert!(error.to_string().contains(reason), "{error}");
}

#[test]
fn what_is_not_headwater_is_called_so() {
    foreign("HTTP/1.1 404 Not Found\r\nContent-Type: text/html\r\n\r\n<html>", "404 Not Found");
    foreign("HTTP/1.1 502 Bad Gateway\r\n\r\n", "502 Bad Gateway");
    foreign("HTTP/1.1 302 Found\r\nLocation: http://127.0.0.1:1/\r\n\r\n", "302 Found");
    foreign("HTTP/1.1 200 OK\r\n\r\n<html>", "expected value");
    foreign("HTTP/1.1 200 OK\r\n\r\n{}", "missing field `items`");
    foreign("SSH-2.0-x\r\n\r\n", "");
}

#[test]
fn silence_and_absence_are_named() {
    let (answer, _) = exchange(String::new(), |client| client.server());
    let error = answer.expect_err("no answer");
    assert!(matches!(error, Error::Unreachable { .. }), "{error:?}");
    assert!(error.to_string().ends_with("cannot be reached: the connection broke off"), "{error}");

    let port =
        std::net::TcpListener::bind(("127.0.0.1", 0)).expect("a port").local_addr().expect("it").port();
    let error = client(&format!("http://127.0.0.1:{port}")).server().expect_err("nobody");
    assert_eq!(
        error.to_string(),
        format!("http://127.0.0.1:{port} cannot be reached: nothing listens there")
    );

    let error = client("https://no-such-name.invalid").server().expect_err("nobody");
    assert!(matches!(error, Error::Unreachable { .. }), "{error:?}");
}

#[test]
fn a_token_with_strange_characters_is_refused() {
    for token in ["", " \n", "a b", "a\r\nHost: x", "ü"] {
        let access = Access { url: "https://wsus.example".into(), token: token.into(), ca_pem: None };
        assert!(matches!(Client::new(&access), Err(Error::Token)), "{token:?}");
    }
}
