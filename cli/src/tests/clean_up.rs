//! `headwater wsus cleanup`.

use serde_json::{Value, json};

use super::answers::*;
use super::fake::{Reply, run, run_in};
use super::lines;
use crate::Exit;

const PLAN: &str = "GET /api/v1/wsus/cleanup?declined_days=30&silent_days=30&superseded_days=30";
const APPLY: &str = "POST /api/v1/wsus/cleanup";

fn plan() -> Value {
    json!({
        "superseded_days": 30, "declined_days": 30, "silent_days": 30, "at": "2026-10-04T18:00:00Z",
        "decline": [{"id": OFFICE, "title": "Office 2024", "because": "superseded"}],
        "delete": [{"id": DRIVER, "title": "A driver", "because": "declined"}],
        "kept": [{"id": PILOT, "title": "Servicing", "why": ["berlin has not declined it"]}],
        "computers": [
            {"server": PILOT, "client": "c1", "name": "pc1", "last_contact_at": "2026-08-01T06:00:00Z",
             "because": "silent"},
            {"server": OFFICE, "client": "c2", "name": "pc2", "last_contact_at": "2026-10-01T06:00:00Z",
             "because": "reimaged"}
        ],
        "servers": [
            {"id": TOKYO, "name": "shop", "delete": 0, "computers": 0, "doubt": "its clock differs by 90 s"},
            {"id": PILOT, "name": "berlin", "delete": 1, "computers": 1},
            {"id": OFFICE, "name": "top", "delete": 1, "computers": 1}
        ],
        "state": "2f"
    })
}

fn server(name: &str, deleted: u64, left: u64, problem: Option<&str>) -> Value {
    json!({"id": if name == "top" { OFFICE } else { PILOT }, "name": name, "deleted": deleted, "left": left,
           "computers": deleted / 40, "computers_left": 0, "computers_back": deleted / 240, "problem": problem})
}

#[test]
fn a_preview_says_what_goes_and_what_stays() {
    let done = run_in("wsus cleanup preview", &[(PLAN, Reply::Json(plan()))], Some(100));
    assert_eq!(done.exit, Exit::Done);
    assert_eq!(
        done.out,
        lines(&[
            "1 update to decline, 1 to delete on 2 servers, 2 computers to delete.",
            "",
            "CHANGE   UPDATE       BECAUSE",
            "decline  Office 2024  superseded",
            "delete   A driver     declined",
            "",
            "COMPUTER  SERVER  LAST CONTACT  BECAUSE",
            "pc1       berlin  2026-08-01    silent",
            "pc2       top     2026-10-01    re-imaged: another record has its name",
            "",
            "SERVER, THE LOWEST FIRST  TO DELETE  COMPUTERS",
            "shop                              0          0",
            "berlin                            1          1",
            "top                               1          1",
            "",
            "KEPT       WHY",
            "Servicing  berlin has not declined it",
            "",
            "The computers of shop stay: its clock differs by 90 s.",
            "",
            "Keep the plan with `--save FILE` to apply it.",
        ])
    );
    let query = "GET /api/v1/wsus/cleanup?declined_days=0&silent_days=60&superseded_days=7";
    let mut nothing = plan();
    for list in ["decline", "delete", "kept", "computers", "servers"] {
        nothing[list] = json!([]);
    }
    let line = "wsus cleanup preview --superseded-days 7 --declined-days 0 --silent-days 60";
    let done = run(line, &[(query, Reply::Json(nothing))]);
    assert_eq!(done.out, "There is nothing to clean up.\n");
}

/// One request does a part; the sum of all is told.
#[test]
fn a_plan_is_applied_until_nothing_is_left_to_try() {
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("cleanup.json");
    let path = file.display();
    let save = format!("wsus cleanup preview --save {path}");
    let done = run_in(&save, &[(PLAN, Reply::Json(plan()))], None);
    let end = format!("\nApply it with `headwater wsus cleanup apply {path}`.\n");
    assert!(done.out.ends_with(&end), "{}", done.out);

    let part = json!({"declined": 1, "servers": [server("berlin", 200, 40, None)], "goes_on": true,
                      "problems": []});
    let rest = json!({"declined": 1, "goes_on": false, "problems": [],
                      "servers": [server("berlin", 40, 0, None), server("top", 240, 0, None)]});
    let steps = [(APPLY, Reply::Json(part.clone())), (APPLY, Reply::Json(rest))];
    let done = run(&format!("wsus cleanup apply {path}"), &steps);
    for body in &done.bodies {
        assert_eq!(serde_json::from_str::<Value>(body).expect("JSON"), json!({"plan": plan()}));
    }
    assert_eq!((done.exit, done.bodies.len()), (Exit::Done, 2));
    let said = "1 update is declined, 480 deletions done, 12 computers deleted, 1 computer made\ncontact meanwhile.\n";
    assert!(done.out.starts_with(said), "{}", done.out);
    assert!(done.err.contains("205 deletions done so far"), "{}", done.err);

    let stuck = json!({"declined": 0, "goes_on": false, "problems": ["`Office 2024` is not declined: it is \
                       not obsolete now"], "servers": [server("top", 0, 1, Some("it is required"))]});
    let done = run(&format!("wsus cleanup apply {path}"), &[(APPLY, Reply::Json(stuck))]);
    assert_eq!(done.exit, Exit::Refused);
    assert_eq!(
        done.out,
        lines(&[
            "0 updates are declined, 0 deletions done, 1 left.",
            "",
            "SERVER, THE LOWEST FIRST  DELETED  COMPUTERS  LEFT  WHY",
            "top                             0          0     1  it is required",
            "",
            "Not done: `Office 2024` is not declined: it is not obsolete now.",
        ])
    );
    let steps = [(APPLY, Reply::Json(part)), (APPLY, Reply::Problem(409, "a clean-up goes on already"))];
    let done = run(&format!("wsus cleanup apply {path}"), &steps);
    assert_eq!((done.exit, done.out.as_str()), (Exit::Refused, ""));
    let done = run("wsus cleanup apply nowhere.json", &[]);
    assert_eq!(done.exit, Exit::WrongArguments);
}
