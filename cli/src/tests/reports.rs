//! `headwater report`.

use serde_json::json;

use super::answers::*;
use super::fake::{Reply, run};
use super::lines;
use crate::Exit;

#[test]
fn compliance_is_a_table_csv_or_json() {
    let row = |name: &str, computers: u64| {
        json!({"id": PILOT, "name": name, "computers": computers, "complete": 1, "needing": 2, "failing": 3,
            "pending_restart": 4, "unreported": 5, "silent": 6})
    };
    let rows = json!([row("Pilot", 21), row("=Büro", 1_021)]);
    let ask = ("GET /api/v1/reports/compliance?by=group", page(rows.clone()));
    let done = run("report compliance", std::slice::from_ref(&ask));
    assert_eq!(
        done.out,
        lines(&[
            "NAME   COMPUTERS  COMPLETE  NEEDING  FAILING  RESTART  UNREPORTED  SILENT",
            "Pilot         21         1        2        3        4           5       6",
            "=Büro       1021         1        2        3        4           5       6",
        ])
    );
    assert_eq!(done.out.lines().count(), 3, "{}", done.out);
    let done = run("report compliance --csv", std::slice::from_ref(&ask));
    assert!(done.out.contains("\"Pilot\",\"21\",\"1\",\"2\",\"3\",\"4\",\"5\",\"6\""), "{}", done.out);
    assert!(done.out.contains("\"'=Büro\","), "a spreadsheet takes it for a text: {}", done.out);
    let done = run("report compliance -o json", &[ask]);
    let told = serde_json::from_str::<serde_json::Value>(&done.out).expect("JSON");
    assert_eq!(told, json!({"items": rows, "total": 2}));
}

#[test]
fn what_is_not_told_of_an_update_is_no_zero() {
    let rows = json!([
        {"id": OFFICE, "name": "Office", "computers": 9, "complete": 1, "needing": 2, "failing": 3,
            "pending_restart": 0, "unreported": 1, "silent": 2, "not_applicable": 4},
        {"id": OFFICE, "name": "Word", "computers": 6, "complete": 1, "needing": 2, "failing": 3}
    ]);
    let ask = ("GET /api/v1/reports/compliance?by=update", page(rows.clone()));
    let done = run("report compliance --by update", std::slice::from_ref(&ask));
    assert_eq!(
        done.out,
        lines(&[
            "NAME    COMPUTERS  COMPLETE  NEEDING  FAILING   RESTART  UNREPORTED    SILENT",
            "Office          9         1        2        3         0           1         2",
            "Word            6         1        2        3  not told    not told  not told",
        ])
    );
    let done = run("report compliance --by update --csv", std::slice::from_ref(&ask));
    assert!(
        done.out.contains("\"pending restart\",\"unreported\",\"silent\",\"not applicable\""),
        "{}",
        done.out
    );
    assert!(done.out.contains("\"3\",\"not told\",\"not told\",\"not told\",\"not told\""), "{}", done.out);
    let done = run("report compliance --by update -o json", &[ask]);
    let told = serde_json::from_str::<serde_json::Value>(&done.out).expect("JSON");
    assert_eq!(told, json!({"items": rows, "total": 2}));
}

#[test]
fn lists_are_narrowed_to_a_group() {
    for (command, asked) in [
        (
            "report failures --group Pilot",
            "GET /api/v1/reports/failures?group=11111111-2222-4333-8444-555555555555",
        ),
        (
            "report computers --standing silent --group Pilot",
            "GET /api/v1/reports/computers?group=11111111-2222-4333-8444-555555555555&standing=silent",
        ),
    ] {
        let done = run(command, &[("GET /api/v1/groups", groups()), (asked, page(json!([])))]);
        assert_eq!((done.exit, done.out), (Exit::Done, lines(&["Nothing to report."])), "{command}");
    }
}

#[test]
fn lists_go_on_over_all_pages() {
    let failure = |name: &str| {
        json!({"computer": name, "computer_name": name, "update": OFFICE, "title": "Office",
            "error": "0x80070070", "since": "2026-10-04T17:00:00Z"})
    };
    let first = Reply::Json(json!({"items": [failure("pc1")], "next": "pc1"}));
    let second = page(json!([failure("pc2")]));
    let steps = [("GET /api/v1/reports/failures", first), ("GET /api/v1/reports/failures?after=pc1", second)];
    let done = run("report failures", &steps);
    assert_eq!(done.out.lines().count(), 3, "{}", done.out);
    assert!(done.out.contains("the disk is full"), "{}", done.out);
    // A part that one server could not tell.
    let part = Reply::Json(json!({"items": [], "without": ["Munich"]}));
    let part = [("GET /api/v1/reports/failures", part)];
    let told = "Munich could not be asked: what only it knows is missing.\n";
    for (command, words) in [
        ("report failures", "not known: the server could not be asked"),
        ("report failures --csv", "\"\",\"Munich\",\"\",\"not known: the server could not be asked\""),
        ("report failures -o json", "\"without\":[\"Munich\"]"),
    ] {
        let done = run(command, &part);
        assert_eq!((done.exit, done.err.as_str()), (Exit::Refused, told), "{command}");
        assert!(done.out.contains(words), "{command}: {}", done.out);
    }
    let none = ("GET /api/v1/reports/computers?standing=pending_restart", page(json!([])));
    let done = run("report computers --standing pending-restart", &[none]);
    assert_eq!((done.exit, done.out), (Exit::Done, lines(&["Nothing to report."])));
}
