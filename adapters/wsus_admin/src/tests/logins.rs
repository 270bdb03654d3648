//! Logins: what is sent, on which connection, and how they fail. Whether the proof is right is checked
//! elsewhere, by an acceptor that is not ours.

use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use headwater_model::GroupId;

use super::answers::{GROUP_CELLS, good, one, result, single};
use super::server::{Asked, Reaction, Server, http};
use crate::{Account, Credentials, Error, Password, Patience, Secret};

/// The example of [MS-NLMP] 4.2.4.
const CHALLENGE: &str = include_str!("../../../../core/ntlm/tests/data/challenge.hex");

fn challenge() -> Vec<u8> {
    let hex = CHALLENGE.split_whitespace().map(|byte| u8::from_str_radix(byte, 16).expect("hex"));
    let header = format!(
        "WWW-Authenticate: Negotiate\r\nWWW-Authenticate: NTLM {}\r\n",
        STANDARD.encode(hex.collect::<Vec<_>>())
    );
    http("401 Unauthorized", &header, b"<html>no</html>")
}

fn unauthorized() -> Vec<u8> {
    let header = "WWW-Authenticate: Negotiate\r\nWWW-Authenticate: NTLM\r\n";
    http("401 Unauthorized", header, b"<html>no</html>")
}

/// The number of the NTLM message in a request, 0 without one.
fn leg(asked: &Asked) -> u8 {
    let Some(message) = asked.authorization.as_deref().and_then(|text| text.strip_prefix("NTLM ")) else {
        return 0;
    };
    let message = STANDARD.decode(message).expect("Base64");
    assert!(message.starts_with(b"NTLMSSP\0"));
    message[8]
}

/// A server that takes whoever answers its challenge, and asks each connection once.
fn trusting(asked: &Asked) -> Reaction {
    match leg(asked) {
        1 => Reaction::Answer(challenge()),
        _ => Reaction::Answer(good(&asked.operation).expect("an answer")),
    }
}

fn legs(asked: &[Asked]) -> Vec<(usize, u8)> {
    asked.iter().map(|asked| (asked.connection, leg(asked))).collect()
}

#[tokio::test]
async fn one_login_serves_all_calls_of_a_connection() {
    let server = Server::start(trusting).await;
    let wsus = server.by_ntlm();
    wsus.connect().await.expect("an identity");
    let asked = server.asked();
    assert_eq!(legs(&asked), [(0, 1), (0, 3), (0, 0), (0, 0), (0, 0)]);
    assert_eq!(asked[0].body, asked[1].body);
    assert!(asked[0].body.contains("<GetServerVersion "), "{}", asked[0].body);
    let host = server.address.strip_prefix("http://").expect("a scheme");
    assert!(asked.iter().all(|asked| asked.path == "/ApiRemoting30/WebService.asmx" && asked.host == host));
}

#[tokio::test]
async fn calls_at_the_same_time_follow_each_other() {
    let server = Server::start(trusting).await;
    let wsus = server.by_ntlm();
    let (one, two) = tokio::join!(wsus.connect(), wsus.connect());
    assert_eq!(one.expect("an identity"), two.expect("an identity"));
    assert!(server.asked().iter().all(|asked| asked.connection == 0));
}

#[tokio::test]
async fn a_connection_that_is_gone_is_opened_and_authenticated_again() {
    let server = Server::start(|asked: &Asked| match asked.operation.as_str() {
        "GetServerProtocolVersion" if asked.connection == 0 => Reaction::Close,
        _ => trusting(asked),
    })
    .await;
    server.by_ntlm().connect().await.expect("an identity");
    assert_eq!(legs(&server.asked()), [(0, 1), (0, 3), (0, 0), (1, 1), (1, 3), (1, 0), (1, 0)]);
}

#[tokio::test]
async fn a_connection_that_was_idle_is_not_used_again() {
    let server = Server::start(trusting).await;
    let account = Account::new("wsus", Password::new("hunter2")).expect("an account");
    let patience = Patience { idle: Duration::ZERO, ..Patience::default() };
    server.with(Credentials::Ntlm(account), patience).connect().await.expect("an identity");
    let expected: Vec<_> = (0..4).flat_map(|connection| [(connection, 1), (connection, 3)]).collect();
    assert_eq!(legs(&server.asked()), expected);
}

#[tokio::test]
async fn a_login_that_is_forgotten_is_repeated() {
    let server =
        Server::start(|asked: &Asked| match (asked.connection, asked.operation.as_str(), leg(asked)) {
            (0, "ExecuteSPCreateTargetGroup1", 0) => Reaction::Answer(unauthorized()),
            (1, "ExecuteSPCreateTargetGroup1", 3) => {
                Reaction::Answer(result("ExecuteSPCreateTargetGroup1", &single(&GROUP_CELLS)))
            }
            _ => trusting(asked),
        })
        .await;
    let wsus = server.by_ntlm();
    wsus.create_group("Servers & more", None).await.expect("a group");
    let expected = [(0, 1), (0, 3), (0, 0), (0, 0), (0, 0), (0, 0), (1, 1), (1, 3)];
    assert_eq!(legs(&server.asked()), expected);
}

/// An account is locked after a few wrong passwords, so one is tried once.
#[tokio::test]
async fn an_account_that_is_refused_is_tried_once() {
    let server = Server::start(|asked: &Asked| match leg(asked) {
        1 => Reaction::Answer(challenge()),
        _ => Reaction::Answer(unauthorized()),
    })
    .await;
    let error = server.by_ntlm().connect().await.expect_err("it is refused");
    assert_eq!(error.to_string(), r"it does not accept EXAMPLE\wsus");
    assert!(matches!(error, Error::AccountRefused { .. }));
    assert_eq!(legs(&server.asked()), [(0, 1), (0, 3)]);
}

#[tokio::test]
async fn servers_that_do_not_go_along_with_a_login() {
    let check = async |reaction: fn() -> Reaction, expected: &str, requests: usize| {
        let server = Server::start(move |_| reaction()).await;
        let error = server.by_ntlm().connect().await.expect_err(expected);
        assert_eq!(error.to_string(), expected);
        assert_eq!(server.asked().len(), requests, "{expected}");
    };
    let negotiate = || Reaction::Answer(http("401 No", "WWW-Authenticate: Negotiate\r\n", b""));
    check(negotiate, "it does not take NTLM; it offers Negotiate", 1).await;
    let nothing = || Reaction::Answer(http("401 No", "", b""));
    check(nothing, "it does not take NTLM; it offers nothing", 1).await;
    let damaged = || Reaction::Answer(http("401 No", "WWW-Authenticate: NTLM TlRMTVNTUAA=\r\n", b""));
    check(damaged, "its challenge is not answered", 1).await;
    let again = || Reaction::Answer(unauthorized());
    check(again, "it does not take NTLM; it offers Negotiate, NTLM", 1).await;
    let closes = || {
        let text = String::from_utf8(challenge()).expect("text");
        let text = text.replacen("\r\n", "\r\nConnection: close\r\n", 1);
        Reaction::AnswerAndClose(text.into_bytes())
    };
    check(closes, "it closed the connection in the middle of the login", 1).await;
}

#[tokio::test]
async fn passwords_and_tokens_stand_in_every_request() {
    let basic = Credentials::Basic { user: "anna".to_owned(), password: Secret::new("hunter2") };
    for (credentials, expected) in
        [(basic, "Basic YW5uYTpodW50ZXIy"), (Credentials::Token(Secret::new("abc")), "Bearer abc")]
    {
        let server = Server::start(trusting).await;
        server.with(credentials.clone(), Patience::default()).connect().await.expect("an identity");
        let asked = server.asked();
        assert_eq!(asked.len(), 4);
        assert!(asked.iter().all(|asked| asked.authorization.as_deref() == Some(expected)));

        let server = Server::start(|_| Reaction::Answer(unauthorized())).await;
        let error = server.with(credentials, Patience::default()).connect().await.expect_err("refused");
        assert!(matches!(error, Error::AccountRefused { .. }), "{error}");
        assert_eq!(server.asked().len(), 1);
    }
}

#[tokio::test]
async fn who_has_no_role_or_may_only_read_is_told_so() {
    let role = |role: &'static str| {
        Server::start(one("GetCurrentUserRole", move |_| {
            Reaction::Answer(result("GetCurrentUserRole", role))
        }))
    };
    let error = role("0").await.by_token().connect().await.expect_err("no role");
    assert_eq!(error.to_string(), "the token's account has no role in this WSUS");
    let error = role("7").await.by_token().connect().await.expect_err("no role");
    assert_eq!(error.to_string(), "its answer to GetCurrentUserRole has no role that can be: 7");

    let server = role("1").await;
    let wsus = server.by_token();
    let error = wsus.delete_group(GroupId::from_u128(1), "anna").await.expect_err("read-only");
    let expected = "the token's account may only read, so ExecuteSPDeleteTargetGroup was not asked for";
    assert_eq!(error.to_string(), expected);
    assert!(!server.operations().contains(&"ExecuteSPDeleteTargetGroup".to_owned()));
}
