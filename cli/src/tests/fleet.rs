//! `headwater group` and `headwater computer`.

use serde_json::json;

use super::answers::*;
use super::fake::{Reply, run, run_in};
use super::lines;
use crate::Exit;

const GROUPS: &str = "GET /api/v1/groups";
const PC: &str = "GET /api/v1/computers?limit=1000&search=pc-17";

#[test]
fn groups_stand_below_the_one_above() {
    assert_eq!(
        run("group list", &[(GROUPS, groups())]).out,
        lines(&[
            "NAME                    COMPUTERS  APPROVALS  BUILT IN",
            "All Computers                   0          1  yes",
            "  Pilot                         3         17  –",
            "    Tokyo                       2          0  –",
            "  Unassigned Computers      1,204          0  yes",
        ])
    );
    let built_in = json!([{"id": ALL_COMPUTERS, "name": "All Computers", "built_in": true, "computers": 0,
                           "approvals": 0}]);
    let done = run("group list", &[(GROUPS, page(built_in))]);
    assert!(
        done.out.ends_with("\n\nMake a group of your own with `headwater group create NAME`.\n"),
        "{}",
        done.out
    );
}

#[test]
fn groups_that_name_each_other_as_parents_end() {
    let circle = json!([
        {"id": PILOT, "name": "a", "parent": TOKYO, "built_in": false, "computers": 0, "approvals": 0},
        {"id": TOKYO, "name": "b", "parent": PILOT, "built_in": false, "computers": 0, "approvals": 0},
        {"id": UNASSIGNED, "name": "c", "parent": ALL_COMPUTERS, "built_in": false, "computers": 0,
         "approvals": 0}
    ]);
    let done = run("group list", &[(GROUPS, page(circle))]);
    assert_eq!(done.out, lines(&["NAME  COMPUTERS  APPROVALS  BUILT IN", "c             0          0  –"]));
}

#[test]
fn a_group_is_made_and_deleted() {
    let made = json!({"id": TOKYO, "name": "Tokyo 2", "parent": PILOT, "built_in": false, "computers": 0,
                      "approvals": 0});
    let steps = [(GROUPS, groups()), ("POST /api/v1/groups", Reply::Json(made.clone()))];
    let done = run("group create Tokyo_2 --parent pilot", &steps);
    assert_eq!(done.body(), json!({"name": "Tokyo 2", "parent": PILOT}));
    assert_eq!(
        done.out,
        lines(&[
            "Made the group Tokyo 2 below Pilot",
            "Fill it with `headwater computer move COMPUTER --group \"Tokyo 2\"`.",
        ])
    );

    let done =
        run("group create x", &[("POST /api/v1/groups", Reply::Problem(409, "a group is called X already"))]);
    assert_eq!(done.body(), json!({"name": "x"}));
    assert_eq!((done.exit, done.err.as_str()), (Exit::Refused, "error: a group is called X already\n"));

    let delete = "DELETE /api/v1/groups/11111111-2222-4333-8444-555555555555";
    let done = run("group delete PILOT", &[(GROUPS, groups()), (delete, Reply::Nothing)]);
    assert_eq!((done.exit, done.out.as_str()), (Exit::Done, "Deleted the group Pilot\n"));
    let done = run("group delete PILOT -o json", &[(GROUPS, groups()), (delete, Reply::Nothing)]);
    assert_eq!((done.exit, done.out.as_str()), (Exit::Done, ""));

    let done = run("group delete Nowhere", &[(GROUPS, groups())]);
    assert_eq!(done.exit, Exit::Refused);
    assert_eq!(
        done.err,
        lines(&["error: no group is called Nowhere", "See which there are with `headwater group list`."])
    );
    // What is told from memory may have changed.
    let of_earlier =
        Reply::Json(json!({"items": [], "as_of": "2026-10-04T17:40:00Z", "problem": "hq is not reached"}));
    let done = run("group delete Nowhere", &[(GROUPS, of_earlier)]);
    let said = "error: no group is called Nowhere, as was read at 2026-10-04 17:40 UTC: hq is not reached\n";
    assert_eq!((done.exit, done.err.as_str()), (Exit::Unreachable, said));
}

const MEMBERS: &str = "GET /api/v1/groups/11111111-2222-4333-8444-555555555555/members?limit=100";

#[test]
fn members_fit_80_columns() {
    let members = page(json!([computer(), silent_computer()]));
    assert_eq!(
        run("group members pilot", &[(GROUPS, groups()), (MEMBERS, members)]).out,
        lines(&[
            "NAME                   GROUPS                NEEDED  FAILED  LAST CONTACT",
            "pc-17.example          Pilot, Tokyo               3       1  2 h ago",
            "a-machine-with-a-ver…  Unassigned Computers       0       0  silent, 45 days ago",
        ])
    );
    assert_eq!(
        run("group members pilot", &[(GROUPS, groups()), (MEMBERS, page(json!([])))]).out,
        lines(&[
            "Pilot has no computers. Move one with",
            "`headwater computer move COMPUTER --group Pilot`."
        ])
    );
}

#[test]
fn lists_come_in_the_order_that_is_asked_for() {
    let none = || page(json!([]));
    let members = &*format!("{MEMBERS}&reverse=true&sort=last_contact").leak();
    let done = run("group members pilot --sort contact --reverse", &[(GROUPS, groups()), (members, none())]);
    assert_eq!((done.exit, done.err.as_str()), (Exit::Done, ""));
    let hosts = "GET /api/v1/hostgroups/Pilot/members?limit=100&sort=host_group";
    let done = run("hostgroup members Pilot --sort host-group", &[(hosts, none())]);
    assert_eq!((done.exit, done.err.as_str()), (Exit::Done, ""));
    let failures = "GET /api/v1/reports/failures?reverse=true&sort=server";
    let done = run("report failures --sort server --reverse", &[(failures, none())]);
    assert_eq!((done.exit, done.err.as_str()), (Exit::Done, ""));
    let record = "GET /api/v1/audit?limit=100&reverse=true";
    let done = run("audit list --reverse", &[(record, none())]);
    assert_eq!((done.exit, done.err.as_str()), (Exit::Done, ""));
}

#[test]
fn what_is_odd_about_a_computer_stands_below_the_list() {
    let mut odd = computer();
    odd["note"] = json!("outside the link: Berlin has no WSUS Linkage; pair one there");
    let page = json!({"items": [odd, silent_computer()], "total": 2});
    let done = run(
        "computer list --outside",
        &[("GET /api/v1/computers?limit=100&outside=true", Reply::Json(page))],
    );
    assert_eq!(done.exit, Exit::Done, "{}", done.err);
    let note = "\n\npc-17.example: outside the link: Berlin has no WSUS Linkage; pair one there.\n";
    assert!(done.out.contains(note), "{}", done.out);
}

#[test]
fn computers_are_listed() {
    let list = "GET /api/v1/computers?limit=100";
    let done = run_in("computer list", &[(list, page(json!([computer(), silent_computer()])))], Some(155));
    assert_eq!(
        done.out,
        lines(&[
            "NAME                                                              GROUPS                SYSTEM          \
             ADDRESS     NEEDED  FAILED  LAST CONTACT",
            "pc-17.example                                                     Pilot, Tokyo          Windows 11 Pro  \
             192.0.2.17       3       1  2 h ago",
            "a-machine-with-a-very-long-name.branch-office-osaka.corp.example  Unassigned Computers  –               \
             –                0       0  silent, 45 days ago",
        ])
    );
    assert_eq!(
        run("computer list", &[(list, page(json!([])))]).out,
        lines(&[
            "No computer has come here yet. Give computers the policy that",
            "`headwater client policy` prints.",
        ])
    );
    let silent = ("GET /api/v1/computers?contact_days=60&limit=100&silent_days=30", page(json!([])));
    let done = run("computer list --silent-days 30 --contact-days 60", &[silent]);
    assert_eq!(done.out, "No computer matches. See all of them with `headwater computer list`.\n");
    let filtered = format!("GET /api/v1/computers?group={PILOT}&limit=9&search=pc");
    let steps = [(GROUPS, groups()), (filtered.leak() as &str, page(json!([])))];
    let done = run("computer list --group Pilot --search pc --limit 9", &steps);
    assert_eq!(done.out, "No computer matches. See all of them with `headwater computer list`.\n");
}

#[test]
fn a_computer_is_shown() {
    let mut detail = computer();
    let more = json!({
        "registered_at": "2026-10-01T00:00:00Z", "agent_version": "1507.2601.30012.0", "architecture": "AMD64",
        "manufacturer": "Example", "model": "17", "requested_group": "Pilot",
        "updates": [
            {"id": CUMULATIVE, "title": cumulative()["title"], "state": "failed",
             "since": "2026-10-04T15:03:36Z", "error": "0x80240022"},
            {"id": OFFICE, "title": office()["title"], "state": "pending_restart",
             "since": "2026-10-01T15:03:36Z"}
        ],
        "approvals": [
            {"id": CUMULATIVE, "title": cumulative()["title"], "action": "install",
             "deadline": "2026-12-24T03:00:00Z", "group": {"id": TOKYO, "name": "Tokyo"}},
            {"id": OFFICE, "title": office()["title"], "action": "block",
             "group": {"id": PILOT, "name": "Pilot"}}
        ]
    });
    detail.as_object_mut().expect("fields").extend(more.as_object().expect("fields").clone());
    let show = "GET /api/v1/computers/0f3b8a10-7c1e-4a51-9c55-000000000017";
    let done = run("computer show pc-17", &[(PC, page(json!([computer()]))), (show, Reply::Json(detail))]);
    assert_eq!(
        done.out,
        lines(&[
            "pc-17.example",
            "",
            "Id            0f3b8a10-7c1e-4a51-9c55-000000000017",
            "Address       192.0.2.17",
            "Groups        Pilot, Tokyo",
            "Asks for      Pilot",
            "System        Windows 11 Pro 10.0.26200.6584",
            "Machine       Example 17",
            "Processor     AMD64",
            "Agent         1507.2601.30012.0",
            "Products      not known",
            "Registered    2026-10-01 00:00 UTC",
            "Last contact  2026-10-04 15:03 UTC, 2 h ago",
            "Last report   2026-10-04 15:04 UTC, 2 h ago",
            "Updates       1 failed, 2 needed, 1 downloaded, 1 pending restart, 12 installed,",
            "              4 not applicable",
            "",
            "ID        TITLE                         STATE                         SINCE",
            "56309036  2026-10 Cumulative Update     failed 0x80240022: all its    2 h ago",
            "          for Windows 11, version 25H2  parts failed",
            "          for x64-based Systems",
            "          (KB5044284)",
            "e0789628  Security Update for           pending restart               3 days ago",
            "          Microsoft Office 2016",
            "          (KB5002138) 64-Bit Edition",
            "",
            "ID        IN EFFECT                    ACTION   DEADLINE              DECIDED BY",
            "56309036  2026-10 Cumulative Update…   install  2026-12-24 03:00 UTC  Tokyo",
            "e0789628  Security Update for…         block    –                     Pilot",
        ])
    );
}

#[test]
fn a_computer_is_moved_and_forgotten() {
    let here = (PC, page(json!([computer(), silent_computer()])));
    let groups_of = "POST /api/v1/computers/0f3b8a10-7c1e-4a51-9c55-000000000017/groups";
    let done = run(
        "computer move pc-17 --group tokyo --group Pilot",
        &[(GROUPS, groups()), here.clone(), (groups_of, Reply::Json(computer()))],
    );
    assert_eq!(done.body(), json!({"groups": [TOKYO, PILOT]}));
    assert_eq!(done.out, "pc-17.example is in Pilot, Tokyo now\n");

    let delete = "DELETE /api/v1/computers/0f3b8a10-7c1e-4a51-9c55-000000000017";
    let done = run("computer delete pc-17", &[here, (delete, Reply::Nothing)]);
    assert_eq!(done.out, "Forgot the computer pc-17\n");
}

#[test]
fn names_of_computers() {
    let mut twin = computer();
    twin["id"] = json!("other");
    twin["name"] = json!("PC-17.branch.example");
    let done = run("computer delete pc-17", &[(PC, page(json!([computer(), twin.clone()])))]);
    assert_eq!(done.exit, Exit::Refused);
    assert_eq!(
        done.err,
        lines(&[
            "error: pc-17 is the name of 2 computers; use the id",
            "  0f3b8a10-7c1e-4a51-9c55-000000000017  pc-17.example",
            "  other  PC-17.branch.example",
        ])
    );
    let full = "GET /api/v1/computers?limit=1000&search=pc-17.BRANCH.example";
    let both = page(json!([computer(), twin]));
    let delete = "DELETE /api/v1/computers/other";
    let done = run("computer delete pc-17.BRANCH.example", &[(full, both), (delete, Reply::Nothing)]);
    assert_eq!(done.exit, Exit::Done);

    let done = run("computer show pc-17", &[(PC, page(json!([])))]);
    assert_eq!(done.exit, Exit::Refused);
    assert!(done.err.starts_with("error: no computer is called pc-17\n"), "{}", done.err);
}

#[test]
fn computers_of_lower_servers_say_which() {
    let mut below = computer();
    below["server"] = json!({"id": OFFICE, "name": "osaka.example"});
    let list = "GET /api/v1/computers?limit=100";
    let both = page(json!([below, silent_computer()]));
    let done = run_in("computer list", &[(list, both)], Some(200));
    let mut heads = done.out.lines();
    assert!(
        heads.next().is_some_and(|head| head.starts_with("NAME ") && head.contains("GROUPS  ")),
        "{}",
        done.out
    );
    let column = done.out.find("SERVER").expect("a column");
    let cells: Vec<String> =
        heads.map(|line| line.chars().skip(column).take_while(|c| *c != ' ').collect()).collect();
    assert_eq!(cells[..2], ["osaka.example", "–"]);
    let own = run("computer list", &[(list, page(json!([computer()])))]);
    assert!(!own.out.contains("SERVER"), "{}", own.out);

    let show = "GET /api/v1/computers/0f3b8a10-7c1e-4a51-9c55-000000000017";
    let mut detail = below.clone();
    detail["registered_at"] = json!("2026-10-01T15:03:36Z");
    detail["updates"] = json!([]);
    let done = run("computer show pc-17", &[(PC, page(json!([below]))), (show, Reply::Json(detail))]);
    assert!(done.out.contains("\nServer        osaka.example\n"), "{}", done.out);
}
