//! `headwater wsus sync` and its history.

use serde_json::{Value, json};

use super::answers::*;
use super::fake::{Done, Reply, act, run};
use super::lines;
use crate::Exit;

const SYNC: &str = "POST /api/v1/wsus/sync";
const BERLIN: &str = r#"{"event":"server","name":"Berlin","phase":"updates","line":"120 documents","done":120,"total":340,"seconds":65}"#;
const KOBE: &str = r#"{"event":"server","name":"Kobe","phase":"clients","line":"2 memberships to write"}"#;

fn server(name: &str, state: &str) -> Value {
    json!({"id": PILOT, "name": name, "mode": "replica", "state": state, "changed": [], "differences": [],
           "differences_total": 0, "files_held": 340, "files_wanted": 340, "ms": 3_210})
}

fn report(servers: Value, exit: u8) -> Value {
    json!({"run": 7, "dry_run": false, "servers": servers, "exit": exit})
}

/// One of each state.
fn mixed() -> Value {
    let mut top = server("wsus.example", "in_step");
    top["mode"] = json!("top");
    let mut berlin = server("Berlin", "differs");
    berlin["changed"] = json!(["pc-17 added to Pilot"]);
    berlin["differences"] = json!([{"kind": "approval", "text": "KB5044284 is not approved for Pilot."}]);
    berlin["differences_total"] = json!(1_204);
    berlin["files_held"] = json!(212);
    let mut kobe = server("Kobe", "failed");
    kobe["problem"] = json!("its synchronisation failed: the disk is full");
    let mut nara = server("Nara", "not_reached");
    nara["problem"] = json!("Kobe, above it, failed");
    let mut osaka = server("Osaka", "no_linkage");
    osaka.as_object_mut().expect("fields").remove("mode");
    json!([top, berlin, kobe, nara, osaka])
}

#[track_caller]
fn sync(options: &str, events: &[&str], last: Value) -> Done {
    let text = events.iter().map(|line| format!("{line}\n")).collect::<String>() + &format!("{last}\n");
    run(&format!("wsus sync{options}"), &[(SYNC, Reply::Text(text.leak()))])
}

fn finished(report: Value) -> Value {
    json!({"event": "finished", "report": report})
}

#[test]
fn a_run_is_told_and_shown() {
    let done = sync("", &[BERLIN, KOBE], finished(report(mixed(), 5)));
    assert_eq!(done.exit, Exit::WithoutLinkage);
    assert_eq!(done.body(), json!({"dry_run": false}));
    assert_eq!(
        done.err,
        lines(&[
            "Berlin: updates, 120 of 340: 120 documents (1 min 5 s)",
            "Kobe: clients: 2 memberships to write (0 s)"
        ])
    );
    assert_eq!(
        done.out,
        lines(&[
            "1 of 5 servers is in step.",
            "",
            "SERVER        MODE     STATE              CHANGED  FILES        TIME",
            "wsus.example  top      in step                  0  –           3.2 s",
            "Berlin        replica  1,204 differences        1  212 of 340  3.2 s",
            "Kobe          replica  failed                   0  –           3.2 s",
            "Nara          replica  not reached              –  –               –",
            "Osaka         –        no Linkage               –  –               –",
            "",
            "Berlin: pc-17 added to Pilot",
            "Berlin: KB5044284 is not approved for Pilot.",
            "Berlin: 1,203 more differences",
            "Kobe: its synchronisation failed: the disk is full",
            "Nara: Kobe, above it, failed",
        ])
    );
    // The page of the run has the same to copy.
    let report = serde_json::from_value(report(mixed(), 5)).expect("a report");
    assert_eq!(done.out, headwater_words::synchronisation::text(&report));
}

#[test]
fn a_run_ends_with_what_the_report_says() {
    for (code, exit) in [
        (0, Exit::Done),
        (1, Exit::Refused),
        (3, Exit::Unreachable),
        (4, Exit::NotLinked),
        (5, Exit::WithoutLinkage),
        (77, Exit::Refused),
    ] {
        let report = report(json!([server("Berlin", "in_step")]), code);
        assert_eq!(sync("", &[], finished(report.clone())).exit, exit);
        assert_eq!(sync(" --output json", &[], finished(report)).exit, exit);
    }
}

#[track_caller]
fn verdict(report: Value, expected: &str) {
    let done = sync("", &[], finished(report));
    assert_eq!(done.out.lines().next(), Some(expected));
}

#[test]
fn the_verdict_comes_first() {
    let in_step = || server("Berlin", "in_step");
    let mut changed = in_step();
    changed["changed"] = json!(["12 documents came"]);
    verdict(report(json!([in_step(), in_step()]), 0), "All 2 servers are in step. Nothing was changed.");
    verdict(report(json!([in_step(), changed]), 0), "All 2 servers are in step.");
    verdict(report(json!([in_step()]), 0), "The server is in step. Nothing was changed.");
    verdict(
        report(json!([server("Berlin", "failed")]), 1),
        "The server is not in step. Nothing was changed.",
    );
    verdict(report(json!([]), 0), "No server was looked at. Nothing was changed.");
    let mut dry = report(json!([in_step(), server("Kobe", "differs")]), 1);
    dry["dry_run"] = json!(true);
    verdict(dry, "1 of 2 servers is in step. This was a dry run: nothing was changed.");
}

#[test]
fn many_changes_are_counted() {
    let mut berlin = server("Berlin", "in_step");
    berlin["changed"] = (0..1_210).map(|number| format!("pc-{number} added to Pilot")).collect();
    let done = sync("", &[], finished(report(json!([berlin]), 0)));
    assert!(done.out.ends_with("Berlin: pc-9 added to Pilot\nBerlin: 1,200 more changes\n"), "{}", done.out);
}

#[test]
fn a_run_may_be_limited() {
    let done = sync(" --dry-run --below Berlin_2", &[], finished(report(json!([]), 0)));
    assert_eq!(done.body(), json!({"dry_run": true, "below": "Berlin 2"}));
}

#[test]
fn programs_get_every_event_of_a_run() {
    let last = finished(report(mixed(), 1));
    let done = sync(" --output json", &[BERLIN, KOBE], last.clone());
    assert_eq!(done.out, lines(&[BERLIN, KOBE, &last.to_string()]));
    assert_eq!((done.exit, done.err.as_str()), (Exit::Refused, ""));
}

#[test]
fn a_run_that_fails_says_why() {
    for (kind, exit) in [
        ("/problems/not-linked", Exit::NotLinked),
        ("/problems/not-reached", Exit::Unreachable),
        ("/problems/without-linkage", Exit::WithoutLinkage),
        ("about:blank", Exit::Refused),
    ] {
        let problem = json!({"type": kind, "title": "No", "status": 409, "detail": "it is so"});
        let failed = json!({"event": "failed", "problem": problem});
        let done = sync("", &[BERLIN], failed.clone());
        assert_eq!((done.exit, done.out.as_str()), (exit, ""));
        assert_eq!(
            done.err,
            lines(&["Berlin: updates, 120 of 340: 120 documents (1 min 5 s)", "error: it is so"])
        );
        let done = sync(" -o json", &[], failed.clone());
        assert_eq!((done.exit, done.out), (exit, format!("{failed}\n")));
    }
}

/// Whatever has come by then, even most of the line that says that all is in step.
#[test]
fn a_run_that_breaks_off_is_no_success() {
    let last = finished(report(json!([server("Berlin", "in_step")]), 0)).to_string();
    let most = &last[..last.len() - 1];
    for options in ["", " --output json"] {
        for text in ["".to_owned(), format!("{BERLIN}\n"), format!("{BERLIN}\n{most}"), most.to_owned()] {
            let text: &'static str = text.leak();
            for reply in [Reply::Text(text), Reply::Cut(text)] {
                let done = run(&format!("wsus sync{options}"), &[(SYNC, reply)]);
                assert_eq!(done.exit, Exit::Unreachable);
                assert!(done.err.contains("broke off before the run was done"), "{}", done.err);
                assert!(!done.out.contains("finished"), "{}", done.out);
            }
        }
    }
}

const RUNS: &str = "GET /api/v1/wsus/sync/runs?limit=100";

#[test]
fn the_last_runs() {
    let runs = json!([
        {"run": 8, "started_by": "admin", "started_at": "2026-10-04T17:00:00Z"},
        {"run": 7, "started_by": "kiku", "started_at": "2026-10-04T15:00:00Z",
         "finished_at": "2026-10-04T15:03:00Z", "report": report(mixed(), 5)},
        {"run": 6, "started_by": "kiku", "started_at": "2026-10-04T14:00:00Z",
         "finished_at": "2026-10-04T14:00:05Z", "report": {"dry_run": true, "servers": [], "exit": 0}}
    ]);
    let done = run("wsus runs", &[(RUNS, page(runs.clone()))]);
    assert_eq!(
        done.out,
        lines(&[
            "RUN  STARTED           TOOK       DRY RUN  IN STEP    CHANGED  BY",
            "  8  2026-10-04 17:00  –          –        not ended  –        admin",
            "  7  2026-10-04 15:00  3 min 0 s  –        1 of 5     1        kiku",
            "  6  2026-10-04 14:00  5.0 s      yes      0 of 0     0        kiku",
        ])
    );
    let done = run("wsus runs -o json", &[(RUNS, page(runs.clone()))]);
    assert_eq!((done.exit, done.out), (Exit::Done, format!("{}\n", json!({"items": runs}))));
    let done = run("wsus runs", &[(RUNS, page(json!([])))]);
    assert_eq!(done.out, "There was no run yet. Begin one with `headwater wsus sync`.\n");
    let ask =
        "GET /api/v1/wsus/sync/runs?after=7&by=kiku&kind=dry&limit=2&result=in_step&reverse=true&sort=took";
    let words = "wsus runs --result in-step --by kiku --kind dry --sort took --reverse --limit 2 --after 7";
    let done = run(words, &[(ask, page(json!([])))]);
    assert_eq!(done.out, "No run that is kept matches. See all of them with `headwater wsus runs`.\n");
    let part = json!({"items": [runs[0]], "next": "8", "total": 3});
    let done = run("wsus runs --limit 1", &[("GET /api/v1/wsus/sync/runs?limit=1", Reply::Json(part))]);
    assert!(done.out.ends_with("\n1 of 3 runs shown. Go on with --after 8\n"), "{}", done.out);
}

#[test]
fn the_tree_is_synchronised_at_set_times() {
    let schedule =
        json!({"at": "03:00", "days": ["mon", "thu"], "max_removals": 20, "next_at": "2026-10-05T01:00:00Z"});
    let done = run(
        "wsus schedule set 03:00 --day mon --day thu --max-removals 20",
        &[("PUT /api/v1/wsus/schedule", Reply::Json(schedule.clone()))],
    );
    assert_eq!(done.body(), json!({"at": "03:00", "days": ["mon", "thu"], "max_removals": 20}));
    assert!(done.out.starts_with("The tree is synchronised at 03:00 on Mon, Thu;"), "{}", done.out);
    assert!(done.out.replace('\n', " ").contains("Next: 2026-10-05 01:00"), "{}", done.out);
    let done = run("wsus schedule show", &[("GET /api/v1/wsus/schedule", Reply::Json(json!(null)))]);
    assert!(done.out.starts_with("There is no schedule."), "{}", done.out);
    let done = run("wsus schedule off", &[("DELETE /api/v1/wsus/schedule", Reply::Nothing)]);
    assert_eq!(done.out, "The tree is synchronised by command only.\n");
}

#[test]
fn where_a_linkage_runs_alone_it_is_asked() {
    let folder = tempfile::tempdir().expect("a folder");
    let data = folder.path().to_str().expect("a path");
    let sync = |options: &[&str]| {
        let words = [&["headwater", "wsus", "sync", "--data", data], options].concat();
        act(&words.into_iter().map(str::to_owned).collect::<Vec<_>>(), None)
    };
    let (exit, _, err) = sync(&[]);
    assert_eq!(exit, Exit::Unreachable, "no server and no Linkage: {err}");
    std::fs::write(folder.path().join(crate::LINKAGE_URL_FILE), "https://berlin:8532/linkage")
        .expect("a file");
    let (exit, out, err) = sync(&["--only", "clients"]);
    assert_eq!((exit, err.as_str()), (Exit::Refused, "Berlin: compare: asked for Some(Clients) (3 s)\n"));
    assert!(!out.contains("event"), "{out}");
    let (exit, out, _) = sync(&["--dry-run", "--output", "json"]);
    assert_eq!((exit, out.lines().count()), (Exit::Done, 1));
    for option in
        [&["--at", "Kobe"][..], &["--below", "Kobe"], &["--max-removals", "9"], &["--with-upstream"]]
    {
        let (exit, _, err) = sync(option);
        assert!(exit == Exit::WrongArguments && err.contains("its own server alone"), "{option:?}: {err}");
    }
}

#[test]
fn a_run_is_begun_and_not_waited_for() {
    let begun = r#"{"run": 12, "joined": false}"#;
    let done = run(
        "wsus sync --no-wait",
        &[("POST /api/v1/wsus/sync?no_wait=true", Reply::Json(serde_json::from_str(begun).expect("JSON")))],
    );
    assert_eq!(done.exit, Exit::Done);
    assert!(done.out.starts_with("Run 12 has begun. Watch it with `headwater wsus sync`"), "{}", done.out);
    assert_eq!(done.body(), json!({"dry_run": false}));
    // What comes last counts.
    let done = sync(" --no-wait --wait", &[], finished(report(json!([]), 0)));
    assert_eq!(done.exit, Exit::Done);
}

#[test]
fn one_run_with_all_that_it_changed() {
    let run_7 = json!({"run": 7, "started_by": "kiku", "started_at": "2026-10-04T15:00:00Z",
        "finished_at": "2026-10-04T15:03:00Z", "report": report(mixed(), 5)});
    let done = run("wsus runs 7", &[("GET /api/v1/wsus/sync/runs/7", Reply::Json(run_7.clone()))]);
    assert!(done.out.starts_with("Run 7, begun 2026-10-04 15:00 UTC by kiku.\n"), "{}", done.out);
    let changed = run_7["report"]["servers"].as_array().expect("servers").iter();
    let changed = changed.flat_map(|server| server["changed"].as_array().expect("changes").clone());
    for line in changed {
        let line = line.as_str().expect("a line").to_owned();
        let said = done.out.split_whitespace().collect::<Vec<_>>().join(" ");
        assert!(said.contains(&line), "{line}: {}", done.out);
    }
    let failed = json!({"run": 8, "started_by": "schedule", "started_at": "2026-10-04T03:00:00Z",
        "finished_at": "2026-10-04T03:02:00Z", "failed": "the WSUS is suspended: see `headwater wsus show`"});
    let done = run("wsus runs 8", &[("GET /api/v1/wsus/sync/runs/8", Reply::Json(failed))]);
    assert!(
        done.out.ends_with("It failed: the WSUS is suspended: see `headwater wsus show`.\n"),
        "{}",
        done.out
    );
    let gone = Reply::Problem(404, "run 9 is not kept");
    assert_eq!(run("wsus runs 9", &[("GET /api/v1/wsus/sync/runs/9", gone)]).exit, Exit::Refused);
}
