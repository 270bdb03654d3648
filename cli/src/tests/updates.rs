//! `headwater update`, but for the import.

use serde_json::{Value, json};

use super::answers::*;
use super::fake::{Reply, Step, run, run_in};
use super::lines;
use crate::Exit;

const LIST: &str = "GET /api/v1/updates?limit=100";

fn three() -> Value {
    json!([cumulative(), driver(), office()])
}

#[test]
fn a_list_fits_80_columns() {
    let page = Reply::Json(json!({"items": three(), "next": "k3", "total": 4_125}));
    let done = run("update list", &[(LIST, page)]);
    assert_eq!(done.exit, Exit::Done);
    assert_eq!(
        done.out,
        lines(&[
            "ID        ARTICLE    TITLE                            STATE       NEEDED  FAILED",
            "56309036  KB5044284  2026-10 Cumulative Update for…   approved     1,204       1",
            "8c3fcc84  –          Example - Net - 1.2.3            superseded       0       0",
            "e0789628  KB5002138  Security Update for Microsoft…   incomplete      12       0",
            "",
            "3 of 4,125 updates shown. Go on with --after k3",
        ])
    );
}

#[test]
fn a_wide_window_shows_more_and_a_file_everything() {
    let done = run_in("update list", &[(LIST, page(three()))], Some(125));
    let head = done.out.lines().next().expect("a line");
    assert!(head.contains("CLASSIFICATION    ARRIVED     STATE"), "{head}");
    assert!(done.out.lines().all(|line| line.chars().count() <= 125), "{}", done.out);
    let done = run_in("update list", &[(LIST, page(three()))], None);
    assert!(
        done.out.contains("version 25H2 for x64-based Systems (KB5044284)  Security Updates  2026-10-03")
    );
}

#[test]
fn json_is_the_very_answer() {
    let done = run("update list -o json", &[(LIST, page(three()))]);
    assert_eq!(done.out, format!("{}\n", json!({"items": three()})));
}

#[test]
fn filters_are_asked_for() {
    for (line, request) in [
        ("update list --search Windows_11", "GET /api/v1/updates?limit=100&search=Windows%2011"),
        ("update list --kind driver --limit 7", "GET /api/v1/updates?kind=driver&limit=7"),
        ("update list --declined", "GET /api/v1/updates?declined=true&limit=100"),
        (
            "update list --needed --failed --expired=false",
            "GET /api/v1/updates?expired=false&failed=true&limit=100&needed=true",
        ),
        (
            "update list --incomplete=false --superseded=true --after k2",
            "GET /api/v1/updates?after=k2&incomplete=false&limit=100&superseded=true",
        ),
        (
            "update list --approval unapproved --product Windows_11 --classification Updates",
            "GET /api/v1/updates?approval=unapproved&classification=Updates&limit=100&product=Windows%2011",
        ),
        (
            "update list --severity important --since 2026-10-04T00:00 --before 2026-11-01T00:00Z",
            "GET /api/v1/updates?arrived_before=2026-11-01T00%3A00%3A00Z&arrived_since=2026-10-03T22%3A00%3A00Z&limit=100\
             &severity=Important",
        ),
    ] {
        let done = run(line, &[(request, page(json!([])))]);
        assert_eq!(done.out, "No update matches. See all of them with `headwater update list`.\n", "{line}");
    }
}

#[test]
fn an_empty_catalogue_says_what_to_do() {
    assert_eq!(
        run("update list", &[(LIST, page(json!([])))]).out,
        lines(&[
            "There are no software updates and no drivers here yet. Import some with",
            "`headwater update import`, or take them from another server with",
            "`headwater upstream set`.",
        ])
    );
}

#[test]
fn states_of_a_list() {
    for (change, word) in [
        (json!({"state": "declined"}), "declined"),
        (json!({"state": "expired"}), "expired"),
        (json!({"state": "implicit"}), "implicit"),
        (json!({"superseded": true}), "approved"),
        (json!({"approved_groups": 0}), "not approved"),
    ] {
        let done = run("update list", &[(LIST, page(json!([merged(cumulative(), change)])))]);
        let row = done.out.lines().nth(1).expect("a row");
        let cells: Vec<&str> = row.split("  ").map(str::trim).filter(|cell| !cell.is_empty()).collect();
        assert!(cells.contains(&word), "{word}\n{row}");
    }
}

/// Titles and names are chosen by others, and a terminal obeys what it is sent.
#[test]
fn control_characters_do_not_reach_the_terminal() {
    let hostile = merged(driver(), json!({"title": "a\u{1b}[2Jb\nc"}));
    let done = run("update list", &[(LIST, page(json!([hostile])))]);
    assert!(done.out.contains("a\u{fffd}[2Jb c"), "{:?}", done.out);
}

fn merged(mut base: Value, fields: Value) -> Value {
    if let (Value::Object(base), Value::Object(fields)) = (&mut base, fields) {
        base.extend(fields);
    }
    base
}

fn detail() -> Value {
    let counts = json!({
        "installed": 2, "pending_restart": 1, "needed": 1_203, "downloaded": 1, "failed": 1,
        "not_applicable": 4, "unknown": 0
    });
    merged(
        cumulative(),
        json!({
            "description": "Install this update to resolve issues in Windows. For a complete listing of the \
                            issues, see the article.",
            "languages": ["en", "ja"],
            "files": [
                {"name": "Windows11.0-KB5044284-x64.cab", "size_bytes": 642_123_456, "sha1": "00".repeat(20),
                 "held": true},
                {"name": "SSU-26100.6584-x64.psf", "size_bytes": 42, "sha1": "01".repeat(20), "held": false}
            ],
            "prerequisites": [
                [{"id": OFFICE, "title": "Windows 11"}],
                [{"id": OFFICE, "title": "x64-based computers"}, {"id": DRIVER}]
            ],
            "bundles": [], "bundled_by": [],
            "supersedes": [{"id": OFFICE, "title": "2026-09 Cumulative Update for Windows 11, version 25H2 for \
                            x64-based Systems (KB5043080)"}],
            "superseded_by": [],
            "approvals": [{
                "group": PILOT, "group_name": "Pilot", "action": "install", "deadline": "2026-12-24T02:00:00Z",
                "by": "admin", "at": "2026-10-04T15:00:00Z"
            }],
            "revisions": [{"revision": 200, "arrived_at": "2026-10-03T15:03:36Z"}],
            "history": [{
                "at": "2026-10-04T15:00:00Z", "by": "admin", "what": "approved",
                "group": {"id": PILOT, "name": "Pilot"}, "to": "install until 2026-12-24T02:00:00Z"
            }],
            "incomplete": [], "status": counts
        }),
    )
}

const SHOW: &str = "GET /api/v1/updates/56309036-4c77-4dd9-951a-99ee9c246a94";
const BY_ARTICLE: &str = "GET /api/v1/updates?limit=1000&search=KB5044284";

#[test]
fn an_update_is_shown_with_the_decision_first() {
    let done = run(
        "update show kb5044284",
        &[(BY_ARTICLE, page(json!([cumulative()]))), (SHOW, Reply::Json(detail()))],
    );
    assert_eq!(
        done.out,
        lines(&[
            "2026-10 Cumulative Update for Windows 11, version 25H2 for x64-based Systems",
            "(KB5044284)",
            "",
            "Id         56309036-4c77-4dd9-951a-99ee9c246a94, revision 200",
            "Kind       software, Security Updates, Critical",
            "Products   Windows 11",
            "Articles   KB5044284",
            "Languages  en, ja",
            "Arrived    2026-10-03 15:03 UTC",
            "State      approved",
            "Computers  1 failed, 1,203 needed, 1 downloaded, 1 pending restart, 2 installed,",
            "           4 not applicable",
            "",
            "Install this update to resolve issues in Windows. For a complete listing of the",
            "issues, see the article.",
            "",
            "GROUP  ACTION   DEADLINE              BY     SINCE",
            "Pilot  install  2026-12-24 02:00 UTC  admin  3 h ago",
            "",
            "Needs",
            "  Windows 11",
            "  x64-based computers or 8c3fcc84-7410-4a95-8b89-a166a0190486 (not here)",
            "",
            "Replaces",
            "  2026-09 Cumulative Update for Windows 11, version 25H2 for x64-based Systems",
            "  (KB5043080)",
            "",
            "FILE                               SIZE  HELD",
            "Windows11.0-KB5044284-x64.cab  642.1 MB  yes",
            "SSU-26100.6584-x64.psf         42 bytes  no",
            "",
            "WHEN     BY     WHAT      GROUP  FROM  TO",
            "3 h ago  admin  approved  Pilot  –     install until 2026-12-24T02:00:00Z",
        ])
    );
}

#[test]
fn an_incomplete_update_says_why_and_long_lists_are_cut() {
    let members: Vec<_> = (0..124).map(|n| json!({"id": OFFICE, "title": format!("member {n}")})).collect();
    let detail = merged(
        detail(),
        json!({
            "state": "incomplete", "superseded": true, "approved_groups": 0, "approvals": [], "bundles": members,
            "incomplete": ["it names 2 updates that are not here"]
        }),
    );
    let done = run(&format!("update show {CUMULATIVE}"), &[(SHOW, Reply::Json(detail))]);
    for part in [
        "State       incomplete, superseded\nIncomplete  it names 2 updates that are not here\n",
        "Consists of\n  member 0\n",
        "  member 9\n  and 114 more (all with --output json)\n",
    ] {
        assert!(done.out.contains(part), "{part}\n{}", done.out);
    }
}

#[test]
fn names_of_updates() {
    let start: Step =
        ("GET /api/v1/updates?limit=1000&search=56309036", page(json!([cumulative(), driver()])));
    let done = run("update show 56309036", &[start, (SHOW, Reply::Json(detail()))]);
    assert_eq!(done.exit, Exit::Done);

    // A member of a bundle bears the number of the bundle, which is the one that is meant.
    let member = merged(driver(), json!({"state": "implicit", "kb": ["5044284"]}));
    let both: Step = (BY_ARTICLE, page(json!([member, cumulative()])));
    assert_eq!(run("update show KB5044284", &[both, (SHOW, Reply::Json(detail()))]).exit, Exit::Done);

    // A search finds the words of titles as well.
    let other = merged(office(), json!({"title": "replaces KB5044284"}));
    let done = run("update show KB5044284", &[(BY_ARTICLE, page(json!([other])))]);
    assert_eq!(done.exit, Exit::Refused);
    assert_eq!(
        done.err,
        lines(&[
            "error: no update is called KB5044284",
            "Find it with `headwater update list --search TEXT`.",
        ])
    );

    let twin = merged(cumulative(), json!({"id": DRIVER, "title": "the same for arm64"}));
    let done = run("update decline KB5044284", &[(BY_ARTICLE, page(json!([cumulative(), twin])))]);
    assert_eq!(done.exit, Exit::Refused);
    assert_eq!(
        done.err,
        lines(&[
            "error: KB5044284 is the name of 2 updates; use the id",
            "  56309036-4c77-4dd9-951a-99ee9c246a94  2026-10 Cumulative Update for Windows 11, version 25H2 for \
             x64-based Systems (KB5044284)",
            "  8c3fcc84-7410-4a95-8b89-a166a0190486  the same for arm64",
        ])
    );
}

const GROUPS: &str = "GET /api/v1/groups";
const APPROVE: &str = "POST /api/v1/approvals";

#[test]
fn an_approval_names_what_was_not_done() {
    let line =
        format!("update approve {CUMULATIVE} {DRIVER} {OFFICE} --group pilot --deadline 2026-12-24T03:00");
    let reason = "it is incomplete: 2 updates that it names are not here";
    let outcome = outcome(&[CUMULATIVE], &[DRIVER], &[(OFFICE, reason)]);
    let done = run(&line, &[(GROUPS, groups()), (APPROVE, outcome)]);
    assert_eq!(
        done.body(),
        json!({
            "updates": [CUMULATIVE, DRIVER, OFFICE], "group": PILOT, "action": "install",
            "deadline": "2026-12-24T02:00:00Z", "new_revisions": "follow"
        })
    );
    assert_eq!(done.exit, Exit::Refused);
    assert_eq!(
        done.out,
        lines(&[
            "Approved 1 update for Pilot: install, deadline 2026-12-24T02:00:00Z",
            "  56309036  2026-10 Cumulative Update for Windows 11, version 25H2 for x64-based Systems (KB5044284)",
            "1 update had that approval already",
            "  8c3fcc84  Example - Net - 1.2.3",
        ])
    );
    assert_eq!(
        done.err,
        lines(&[
            "error: 1 update refused",
            "  e0789628  Security Update for Microsoft Office 2016 (KB5002138) 64-Bit Edition",
            "    it is incomplete: 2 updates that it names are not here",
        ])
    );
}

#[test]
fn approvals_in_other_words() {
    for (words, body) in [
        ("--action block", json!({"action": "block", "new_revisions": "follow"})),
        (
            "--action uninstall --deadline 2026-12-24T03:00Z --new-revisions wait",
            json!({"action": "uninstall", "deadline": "2026-12-24T03:00:00Z", "new_revisions": "wait"}),
        ),
        (
            "--action detect --deadline 2026-07-24T03:00",
            json!({"action": "detect", "deadline": "2026-07-24T01:00:00Z", "new_revisions": "follow"}),
        ),
    ] {
        let line = format!("update approve {CUMULATIVE} {CUMULATIVE} --group {PILOT} {words}");
        let done = run(&line, &[(GROUPS, groups()), (APPROVE, outcome(&[CUMULATIVE], &[], &[]))]);
        assert_eq!(done.body(), merged(json!({"updates": [CUMULATIVE], "group": PILOT}), body));
        assert_eq!((done.exit, done.err.as_str()), (Exit::Done, ""));
        let is_past = words.contains("2026-07");
        assert_eq!(
            done.out.contains("2026-07-24T01:00:00Z, which has passed: at their next contact"),
            is_past
        );
    }
}

#[test]
fn a_deadline_that_the_clocks_skip_is_a_wrong_argument() {
    let done = run(&format!("update approve {CUMULATIVE} --group Pilot --deadline 2027-03-28T02:30"), &[]);
    assert_eq!(done.exit, Exit::WrongArguments);
    assert!(done.err.starts_with("error: the clocks here skip 2027-03-28T02:30:00"), "{}", done.err);
}

#[test]
fn the_other_decisions() {
    let id = CUMULATIVE;
    let title = "  56309036  2026-10 Cumulative Update for Windows 11, version 25H2 for x64-based Systems (KB5044284)";
    let done = run(
        &format!("update withdraw {id} --group PILOT"),
        &[(GROUPS, groups()), ("DELETE /api/v1/approvals", outcome(&[id], &[], &[]))],
    );
    assert_eq!(done.body(), json!({"updates": [id], "group": PILOT}));
    assert_eq!(done.out, lines(&["Took back the approval of 1 update for Pilot", title]));

    let done =
        run(&format!("update decline {id}"), &[("POST /api/v1/updates/decline", outcome(&[id], &[], &[]))]);
    assert_eq!(done.body(), json!({"updates": [id]}));
    assert_eq!(done.out, lines(&["Declined 1 update", title]));

    let undecline = ("POST /api/v1/updates/undecline", outcome(&[], &[id], &[]));
    let done = run(&format!("update undecline {id}"), &[undecline]);
    assert_eq!((done.exit, done.out), (Exit::Done, lines(&["1 update not declined", title])));

    let refused = outcome(&[], &[], &[(OFFICE, "it is gone")]);
    let done = run(&format!("update decline {OFFICE} -o json"), &[("POST /api/v1/updates/decline", refused)]);
    assert_eq!((done.exit, done.err.as_str()), (Exit::Refused, ""));
    assert!(done.out.starts_with("{\"applied\":[],\"refused\":[{\"reason\":\"it is gone\""), "{}", done.out);
}

#[test]
fn a_licence_is_shown_until_it_is_accepted() {
    let licence = |accepted: bool| {
        let licence = json!({"id": "5b8cbf1c-2b8f-4c6e-8b27-7d4b2d3f6a11", "accepted": accepted});
        Reply::Json(merged(detail(), json!({"licence": licence})))
    };
    let show = format!("update show {CUMULATIVE}");
    let done = run(&show, &[(SHOW, licence(false))]);
    let words = "to be read with `headwater update licence`, and accepted before";
    assert!(done.out.contains(words), "{}", done.out);
    let accept = "POST /api/v1/updates/56309036-4c77-4dd9-951a-99ee9c246a94/licence";
    let done = run(&format!("update accept-licence {CUMULATIVE}"), &[(accept, licence(true))]);
    assert!(done.exit == Exit::Done && done.out.starts_with("Accepted the licence of "), "{}", done.out);
    let done = run(&show, &[(SHOW, licence(true))]);
    assert!(done.out.contains("Licence    accepted"), "{}", done.out);
}

#[test]
fn licence_terms_are_shown_or_why_there_are_none() {
    let ask = "GET /api/v1/updates/56309036-4c77-4dd9-951a-99ee9c246a94/licence?language=de";
    let terms = json!({
        "id": "5b8cbf1c-2b8f-4c6e-8b27-7d4b2d3f6a11", "accepted": true, "accepted_by": "anna",
        "accepted_at": "2026-10-04T17:00:00Z", "language": "de", "languages": ["de", "en"],
        "text": "1.\tL\u{f6}schen\u{1b}[2J Sie nichts.\n\nEnde\n"
    });
    let command = format!("update licence {CUMULATIVE} --language de");
    let done = run(&command, &[(ask, Reply::Json(terms))]);
    assert_eq!(done.exit, Exit::Done);
    assert_eq!(
        done.out,
        lines(&[
            "Licence    5b8cbf1c-2b8f-4c6e-8b27-7d4b2d3f6a11",
            "Accepted   yes, by anna on 2026-10-04 17:00 UTC",
            "Language   de",
            "Languages  de, en",
            "",
            "1.    L\u{f6}schen\u{fffd}[2J Sie nichts.",
            "",
            "Ende",
        ])
    );
    let none = json!({
        "id": "5b8cbf1c-2b8f-4c6e-8b27-7d4b2d3f6a11", "accepted": false, "missing": "they are being fetched"
    });
    let done = run(&command, &[(ask, Reply::Json(none))]);
    assert_eq!((done.exit, done.err.as_str()), (Exit::Refused, "error: they are being fetched\n"));
    assert!(done.out.contains("Accepted  no; before that"), "{}", done.out);
}

#[test]
fn an_update_is_halted() {
    let halt = |done: bool| {
        let mut halt = json!({"update": OFFICE, "asked_by": "anna", "asked_at": "2026-10-04T17:00:00Z"});
        match done {
            true => halt["done_at"] = json!("2026-10-04T17:00:01Z"),
            false => halt["waits"] = json!("wsus.example is not reached"),
        }
        halt
    };
    let ask = "POST /api/v1/wsus/halts";
    let done = run(&format!("update halt {OFFICE}"), &[(ask, Reply::Json(halt(true)))]);
    assert_eq!(done.body(), json!({"update": OFFICE}));
    assert!(done.out.starts_with(&format!("Halted {OFFICE}: the top offers it to nobody")), "{}", done.out);
    let done = run(&format!("update halt {OFFICE}"), &[(ask, Reply::Json(halt(false)))]);
    assert_eq!(done.exit, Exit::Done);
    assert!(done.out.starts_with(&format!("The halt of {OFFICE} is pending")), "{}", done.out);
    assert!(
        done.out.split_whitespace().collect::<Vec<_>>().join(" ").ends_with("wsus.example is not reached.")
    );
    let list = "GET /api/v1/wsus/halts?limit=100";
    let done = run("update halts", &[(list, page(json!([halt(true), halt(false)])))]);
    let lines: Vec<&str> = done.out.lines().collect();
    assert!(lines[1].contains("anna") && lines[2].ends_with("  pending"), "{}", done.out);
    assert_eq!(lines[4], format!("{OFFICE} is pending: wsus.example is not reached."));
    assert_eq!(run("update halts", &[(list, page(json!([])))]).out, "No update is halted.\n");
    let list = "GET /api/v1/wsus/halts?limit=1&reverse=true&sort=done";
    let part = json!({"items": [halt(true)], "next": OFFICE, "total": 2});
    let done = run("update halts --sort done --reverse --limit 1", &[(list, Reply::Json(part))]);
    assert!(
        done.out.ends_with(&format!("1 of 2 halts shown. Go on with --after {OFFICE}\n")),
        "{}",
        done.out
    );
}

#[test]
fn an_approval_is_previewed() {
    let (id, post) = (CUMULATIVE, "POST /api/v1/approvals/preview");
    let server = |name: &str, parent: Value, counts: [u64; 2], bytes: [Value; 2], names: &[&str]| {
        json!({"server": {"id": PILOT, "name": name}, "parent": parent, "computers": counts[0], "acting": counts[1],
               "unknown": 1, "silent": 0, "bytes_fetched": bytes[0], "bytes_sent": bytes[1], "names": names})
    };
    let top = json!({"id": TOKYO, "name": "top"});
    let preview = json!({
        "group": {"id": PILOT, "name": "Pilot"}, "action": "install", "updates": [{"id": id, "title": "A fix"}],
        "computers": 1_206, "acting": 1_003, "unknown": 2,
        "servers": [
            server("top", Value::Null, [2, 0], [json!(0), Value::Null], &[]),
            server("berlin", top, [1_204, 1_003], [json!(7_000_000), json!(7_021_000_000_u64)], &["pc-1", "pc-2"]),
        ]
    });
    let steps = [(GROUPS, groups()), (post, Reply::Json(preview.clone()))];
    let done = run_in(&format!("update approve {id} --group Pilot --dry-run"), &steps, Some(120));
    assert_eq!(
        done.body(),
        json!({"updates": [id], "group": PILOT, "action": "install", "new_revisions": "follow"})
    );
    assert_eq!(
        done.out,
        lines(&[
            "Pilot installs A fix: 1,206 computers, of which 1,003 need it and 2 may.",
            "",
            "SERVER  COMPUTERS    ACT  UNKNOWN  SILENT  FETCHED BY IT    BY COMPUTERS  WHO ACTS",
            "top             2      0        1       0  –                size unknown  –",
            "berlin      1,204  1,003        1       0  7.0 MB from top  7.0 GB        pc-1, pc-2 and 1,001 more",
            "",
            "All computers that act, or may, are listed with --computers.",
            "",
            "Nothing was changed.",
        ])
    );
}

#[test]
fn all_computers_of_a_preview_are_listed() {
    let post = "POST /api/v1/approvals/preview/computers";
    let computer = |name: &str, acts: bool, bytes: Value, at_least: u64, unknown: u64| {
        json!({"id": format!("id-{name}"), "name": name, "server": {"id": PILOT, "name": "berlin"}, "silent": !acts,
               "acts": acts, "bytes": bytes, "bytes_at_least": at_least, "updates_of_unknown_size": unknown})
    };
    let all = json!({"items": [
        computer("pc-1", true, json!(7_000_000), 7_000_000, 0),
        computer("pc-2", true, Value::Null, 7_000_000, 2),
        computer("pc-3", false, Value::Null, 0, 0),
    ], "next": "id-pc-3", "total": 1_005});
    let steps = [(GROUPS, groups()), (post, Reply::Json(all))];
    let line = format!("update approve {CUMULATIVE} --group Pilot --dry-run --computers --limit 3");
    let done = run_in(&line, &steps, Some(120));
    let asked = json!({"updates": [CUMULATIVE], "group": PILOT, "action": "install", "limit": 3});
    assert_eq!(done.body(), asked);
    assert_eq!(
        done.out,
        lines(&[
            "NAME  SERVER  ACTS               FETCHES",
            "pc-1  berlin  yes                7.0 MB",
            "pc-2  berlin  yes                at least 7.0 MB, of 2 updates the size is unknown",
            "pc-3  berlin  not known, silent  size unknown",
            "",
            "3 of 1,005 computers shown. Go on with --after id-pc-3",
            "",
            "Nothing was changed.",
        ])
    );
}

#[test]
fn the_computers_that_lack_an_update_are_listed() {
    let list = "GET /api/v1/updates/56309036-4c77-4dd9-951a-99ee9c246a94/computers?limit=100";
    let computers = json!([
        {"client": PC_17, "name": "pc-17.example", "server": {"id": PILOT, "name": "berlin"}, "silent": false,
         "state": "failed", "since": "2026-10-04T15:03:36Z", "error": "0x80070070"},
        {"client": "client-2", "name": "pc-18.example", "silent": true, "state": "needed"}
    ]);
    let done = run_in(&format!("update computers {CUMULATIVE}"), &[(list, page(computers))], Some(120));
    let told: Vec<&str> = done.out.lines().collect();
    assert_eq!(told[0].split_whitespace().collect::<Vec<_>>(), ["NAME", "SERVER", "STATE", "SINCE"]);
    assert!(told[1].contains("failed 0x80070070: ") && told[1].contains("berlin"), "{}", done.out);
    assert!(told[2].contains("needed, silent"), "{}", done.out);
    let unknown =
        "GET /api/v1/updates/56309036-4c77-4dd9-951a-99ee9c246a94/computers?limit=100&state=unknown";
    let done = run(&format!("update computers {CUMULATIVE} --state unknown"), &[(unknown, page(json!([])))]);
    assert_eq!(done.out, "On no computer is it in that state.\n");
    let sorted = &*format!("{list}&sort=since").leak();
    let done = run(&format!("update computers {CUMULATIVE} --sort since"), &[(sorted, page(json!([])))]);
    assert_eq!((done.exit, done.err.as_str()), (Exit::Done, ""));
}
