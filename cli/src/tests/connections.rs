//! How the server is found, and what a command ends with when it is not.

use std::fs;
use std::path::Path;

use serde_json::json;

use super::answers::*;
use super::fake::{Reply, act, run};
use super::lines;
use crate::Exit;

const SERVER: &str = "GET /api/v1/server";

fn status(words: &[&str]) -> (Exit, String, String) {
    let words = ["headwater", "server", "status"].iter().chain(words).map(|word| (*word).to_owned());
    act(&words.collect::<Vec<_>>(), Some(80))
}

fn text(path: &Path) -> &str {
    path.to_str().expect("a path")
}

#[test]
fn exit_codes() {
    for (reply, exit, err) in [
        (Reply::Json(server()), Exit::Done, ""),
        (
            Reply::Problem(409, "the server is being restored"),
            Exit::Refused,
            "error: the server is being restored\n",
        ),
        (
            Reply::Problem(403, "auditors change nothing"),
            Exit::NotPermitted,
            "error: auditors change nothing\n",
        ),
        (
            Reply::Problem(401, "the token is not known"),
            Exit::NotPermitted,
            "error: the token is not known\nThe token is not of this server, or no longer: name another with \
             --token-file.\n",
        ),
        (
            Reply::ProblemOf("/problems/not-linked", 409, "no WSUS is linked"),
            Exit::NotLinked,
            "error: no WSUS is linked\n",
        ),
        (
            Reply::ProblemOf("/problems/not-reached", 502, "wsus.example is not reached"),
            Exit::Unreachable,
            "error: wsus.example is not reached\n",
        ),
        (
            Reply::ProblemOf("/problems/without-linkage", 409, "Osaka has no WSUS Linkage"),
            Exit::WithoutLinkage,
            "error: Osaka has no WSUS Linkage\n",
        ),
        (
            Reply::ProblemOf("/problems/not-linked", 403, "auditors change nothing"),
            Exit::NotPermitted,
            "error: auditors change nothing\n",
        ),
    ] {
        let done = run("server status", &[(SERVER, reply)]);
        assert_eq!((done.exit, done.err.as_str()), (exit, err));
    }
    let done = run("server status", &[(SERVER, Reply::Text("<html>"))]);
    assert_eq!(done.exit, Exit::Unreachable);
    assert!(done.err.contains("does not answer as Headwater does"), "{}", done.err);
    assert_eq!(
        [
            Exit::Done,
            Exit::Refused,
            Exit::WrongArguments,
            Exit::Unreachable,
            Exit::NotLinked,
            Exit::WithoutLinkage,
            Exit::NotPermitted
        ]
        .map(|exit| exit as u8),
        [0, 1, 2, 3, 4, 5, 6]
    );
    // What a server says that a command ends with: never a success that is not one.
    for code in 0..=u8::MAX {
        let expected = if code <= 6 { code } else { 1 };
        assert_eq!(Exit::of(code) as u8, expected);
    }
}

#[test]
fn a_server_that_does_not_run() {
    let folder = tempfile::tempdir().expect("a folder");
    let (exit, _, err) = status(&["--data", text(folder.path())]);
    assert_eq!(exit, Exit::Unreachable);
    assert_eq!(
        err,
        lines(&[
            &format!("error: no server runs in {}: there is no api-url file", folder.path().display()),
            "Start one with `headwater up`, name its folder with --data, or another server with --server and \
             --token-file.",
        ])
    );

    let listener = std::net::TcpListener::bind(("127.0.0.1", 0)).expect("a port");
    let url = format!("http://{}", listener.local_addr().expect("an address"));
    drop(listener);
    fs::write(folder.path().join("api-url"), &url).expect("a file");
    fs::write(folder.path().join("admin.token"), "t0ken").expect("a file");
    let (exit, out, err) = status(&["--data", text(folder.path())]);
    assert_eq!((exit, out.as_str()), (Exit::Unreachable, ""));
    assert_eq!(
        err,
        lines(&[
            &format!("error: {url} cannot be reached: nothing listens there"),
            "See whether it runs, and whether --server or --data names it.",
        ])
    );
}

#[test]
fn a_named_token_and_a_named_server() {
    let folder = tempfile::tempdir().expect("a folder");
    let token = folder.path().join("token");
    fs::write(&token, "other\n").expect("a file");
    let line = format!("server status --token-file {}", token.display());
    assert_eq!(run(&line, &[(SERVER, Reply::Json(server()))]).exit, Exit::Done);

    let (exit, _, err) = status(&["--server", "http://wsus.example:8080", "--token-file", text(&token)]);
    assert_eq!(exit, Exit::WrongArguments);
    assert!(err.contains("is unprotected: the token would be readable on the way"), "{err}");
}

/// The token in the working folder is that of the server there, and goes nowhere else.
#[test]
fn a_token_is_not_sent_to_another_server() {
    let (exit, _, err) = status(&["--server", "https://wsus.example:8443"]);
    assert_eq!(exit, Exit::WrongArguments);
    assert_eq!(
        err,
        lines(&[
            "error: there is no token for https://wsus.example:8443",
            "Name the file that holds it with --token-file, or give it in HEADWATER_TOKEN.",
        ])
    );
}

#[test]
fn files_that_cannot_be_read() {
    let folder = tempfile::tempdir().expect("a folder");
    fs::write(folder.path().join("api-url"), "https://localhost:1").expect("a file");
    let (exit, _, err) = status(&["--data", text(folder.path())]);
    assert_eq!(exit, Exit::WrongArguments);
    assert!(err.contains("admin.token cannot be read: "), "{err}");

    fs::write(folder.path().join("admin.token"), "").expect("a file");
    let (exit, _, err) = status(&["--data", text(folder.path())]);
    assert_eq!(
        (exit, err.as_str()),
        (Exit::WrongArguments, "error: the token has characters that no token has\n")
    );

    fs::write(folder.path().join("admin.token"), "t0ken").expect("a file");
    fs::write(folder.path().join("ca.pem"), "not PEM").expect("a file");
    let (exit, _, err) = status(&["--data", text(folder.path())]);
    assert_eq!(exit, Exit::WrongArguments);
    assert_eq!(err, "error: the CA certificate cannot be read: it is not PEM\n");
}

#[test]
fn a_token_that_only_the_server_may_read_is_a_matter_of_permission() {
    use crate::connection::ConnectionError;
    use crate::failure::Failure;
    let failure = Failure::from(ConnectionError::NotPermitted("headwater-data/admin.token".into()));
    assert_eq!(failure.exit(), Exit::NotPermitted);
    assert!(
        failure.to_string().starts_with("headwater-data/admin.token cannot be read: permission denied\n")
    );
}

#[test]
fn a_reader_that_leaves_is_no_error() {
    let failure = crate::failure::Failure::Output(std::io::ErrorKind::BrokenPipe.into());
    assert_eq!((failure.exit(), failure.is_silent()), (Exit::Done, true));
    let failure = crate::failure::Failure::Output(std::io::ErrorKind::StorageFull.into());
    assert_eq!((failure.exit(), failure.is_silent()), (Exit::Refused, false));
}

#[test]
fn an_answer_may_have_fields_that_are_not_known_here() {
    let mut newer = server();
    newer["mood"] = json!("calm");
    assert_eq!(run("server status", &[(SERVER, Reply::Json(newer))]).exit, Exit::Done);
}

/// `headwater wsus doctor | head -1` and the like.
#[test]
fn a_reader_that_leaves_does_not_change_how_a_check_ended() {
    use crate::failure::{Failure, ended};
    let failed = |kind: std::io::ErrorKind| Err(Failure::Output(kind.into()));
    let left = ended(failed(std::io::ErrorKind::BrokenPipe), Exit::Refused);
    assert!(matches!(left, Ok(Exit::Refused)), "{left:?}");
    let full = ended(failed(std::io::ErrorKind::StorageFull), Exit::Done);
    assert!(matches!(full, Err(Failure::Output(_))), "{full:?}");
}
