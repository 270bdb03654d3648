//! `headwater operator`, `token` and `audit`.

use serde_json::json;

use super::answers::page;
use super::fake::{Program, Reply, run};
use super::lines;
use crate::Exit;
use clap::Parser as _;

const ANNA: &str = "PUT /api/v1/operators/anna";

fn anna() -> serde_json::Value {
    json!({
        "name": "anna", "role": "operator", "groups": ["Berlin", "Pilot"], "disabled": false,
        "created_at": "2026-10-04T15:00:00Z"
    })
}

#[test]
fn operators_are_listed() {
    let operators = json!([
        {"name": "admin", "role": "administrator", "disabled": false, "created_at": "2026-10-02T12:00:00Z",
         "locked_until": "2026-10-04T18:10:00Z"},
        anna(),
        {"name": "bob", "role": "auditor", "disabled": true, "created_at": "2026-10-04T17:30:00Z"}
    ]);
    let done = super::fake::run_in("operator list", &[("GET /api/v1/operators", page(operators))], None);
    assert_eq!(
        done.out,
        lines(&[
            "NAME   ROLE           SCOPE             STATE                              CREATED",
            "admin  administrator  everything        locked until 2026-10-04 18:10 UTC  2 days ago",
            "anna   operator       Berlin, Pilot     may sign in                        3 h ago",
            "bob    auditor        reads everything  disabled                           30 min ago",
        ])
    );
}

#[test]
fn a_password_is_never_an_argument() {
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("password");
    std::fs::write(&file, "correct horse battery\nanother line\n").expect("a file");
    let make = format!(
        "operator create anna --role operator --group Berlin --group Pilot --password-file {}",
        file.display()
    );
    let done = run(&make, &[("POST /api/v1/operators", Reply::Json(anna()))]);
    let body = json!({
        "name": "anna", "role": "operator", "groups": ["Berlin", "Pilot"], "password": "correct horse battery"
    });
    assert_eq!((done.exit, done.body()), (Exit::Done, body));
    assert_eq!(done.out, "Made anna: operator, Berlin, Pilot\n");
    let set = format!("operator password anna --password-file {}", file.display());
    let done = run(&set, &[("PUT /api/v1/operators/anna/password", Reply::Nothing)]);
    assert_eq!(done.body(), json!({"password": "correct horse battery"}));
    assert_eq!(done.out, "anna has another password, and no session any more\n");
    let words = ["headwater", "operator", "password", "anna", "--password", "secret"];
    Program::try_parse_from(words).expect_err("no argument holds a password");
    let done = run("operator password anna --password-file /nowhere", &[]);
    assert_eq!(done.exit, Exit::WrongArguments);
}

#[test]
fn an_operator_is_changed_in_what_is_said_only() {
    for (line, body) in [
        ("operator set anna --group Berlin", json!({"groups": ["Berlin"]})),
        ("operator set anna --all-groups", json!({"groups": []})),
        ("operator set anna --role auditor", json!({"role": "auditor"})),
        ("operator disable anna", json!({"disabled": true})),
        ("operator enable anna", json!({"disabled": false})),
    ] {
        let done = run(line, &[(ANNA, Reply::Json(anna()))]);
        assert_eq!((done.exit, done.body()), (Exit::Done, body), "{line}");
    }
    let last = Reply::Problem(409, "`anna` is the last administrator who can sign in");
    let done = run("operator delete anna", &[("DELETE /api/v1/operators/anna", last)]);
    assert_eq!(done.exit, Exit::Refused);
    let unlock = "POST /api/v1/operators/anna/unlock";
    assert_eq!(run("operator unlock anna", &[(unlock, Reply::Json(anna()))]).exit, Exit::Done);
}

#[test]
fn who_may_not_is_told_what_it_needs() {
    let why = "anna has the role auditor, which changes nothing";
    let refused = Reply::ProblemOf("/problems/not-permitted", 403, why);
    let done = run("operator disable anna", &[(ANNA, refused)]);
    assert_eq!((done.exit, done.err), (Exit::NotPermitted, format!("error: {why}\n")));
}

#[test]
fn a_token_is_shown_once() {
    let token = json!({
        "name": "report", "operator": "admin", "role": "auditor", "created_at": "2026-10-04T17:30:00Z",
        "expires_at": "2027-06-29T22:00:00Z"
    });
    let made = json!({"secret": "abcdefgh", "token": token});
    let line = "token create --name report --role auditor --expires 2027-06-30T00:00";
    let done = run(line, &[("POST /api/v1/tokens", Reply::Json(made))]);
    let body = json!({"name": "report", "role": "auditor", "expires_at": "2027-06-29T22:00:00Z"});
    assert_eq!(done.body(), body);
    assert!(
        done.out.starts_with("abcdefgh\n\nMade the token report in the name of admin: auditor"),
        "{}",
        done.out
    );
    let done = run("token list", &[("GET /api/v1/tokens", page(json!([token])))]);
    assert!(done.out.contains("never") && !done.out.contains("abcdefgh"), "{}", done.out);
    let done = run("token revoke report", &[("DELETE /api/v1/tokens/report", Reply::Nothing)]);
    assert_eq!(done.exit, Exit::Done);
}

#[test]
fn the_record_is_listed() {
    let entry = json!({
        "at": "2026-10-04T17:30:00Z", "by": "anna", "what": "change host group", "detail": "Berlin",
        "before": "2 hosts", "after": "3 hosts, added pc-17"
    });
    let asked = "GET /api/v1/audit?by=anna&limit=100&since=2026-10-03T22%3A00%3A00Z";
    let line = "audit list --by anna --since 2026-10-04T00:00";
    let before = "GET /api/v1/audit?after=7.3&before=2026-10-04T22%3A00%3A00Z&limit=1";
    let page_of_one = Reply::Json(json!({"items": [entry.clone()], "next": "6.3"}));
    let done = run("audit list --before 2026-10-05T00:00 --after 7.3 --limit 1", &[(before, page_of_one)]);
    assert!(done.out.ends_with("\n1 shown. Go on with --after 6.3\n"), "{}", done.out);
    let done = super::fake::run_in(line, &[(asked, page(json!([entry])))], None);
    assert_eq!(
        done.out,
        lines(&[
            "WHEN                  BY    WHAT               TO WHAT  BEFORE   AFTER",
            "2026-10-04 17:30 UTC  anna  change host group  Berlin   2 hosts  3 hosts, added pc-17",
        ])
    );
}
