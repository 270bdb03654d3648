//! `headwater wsus`, but the synchronisation.

use serde_json::{Value, json};

use super::answers::*;
use super::fake::{Reply, run, run_in};
use super::lines;
use crate::Exit;

const SHOW: &str = "GET /api/v1/wsus";
const PLAN: &str = "GET /api/v1/wsus/groups/plan?group=Pilot";
const APPLY: &str = "POST /api/v1/wsus/groups/plan";
const TOP: &str = OFFICE;
const BERLIN: &str = DRIVER;
const LINKAGE: &str = "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef";

fn link() -> Value {
    let linkage = "aaaaaaaa-0000-4000-8000-000000000001";
    json!({
        "url": "https://wsus.example:8532/linkage", "linkage": linkage,
        "servers": [
            {"id": TOP, "name": "wsus.example", "kind": "microsoft", "mode": "top", "linkage": linkage,
             "reached": true, "last_contact_at": "2026-10-04T17:59:50Z",
             "last_sync_at": "2026-10-04T15:00:00Z", "computers": 1_204},
            {"id": PILOT, "name": "Osaka", "parent": TOP, "reached": false,
             "last_contact_at": "2026-10-04T15:00:00Z", "computers": 3},
            {"id": BERLIN, "name": "Berlin", "parent": TOP, "kind": "headwater", "mode": "replica",
             "linkage": "aaaaaaaa-0000-4000-8000-000000000002", "reached": true, "computers": 0},
            {"id": TOKYO, "name": "Kobe", "parent": PILOT, "mode": "autonomous",
             "linkage": "aaaaaaaa-0000-4000-8000-000000000003", "reached": false, "computers": 0}
        ],
        "joining": []
    })
}

#[test]
fn a_link_shows_the_tree() {
    let done = run_in("wsus show", &[(SHOW, Reply::Json(link()))], Some(100));
    assert_eq!(done.exit, Exit::Done);
    assert_eq!(
        done.out,
        lines(&[
            "Linkage  https://wsus.example:8532/linkage",
            "Id       aaaaaaaa-0000-4000-8000-000000000001",
            "",
            "NAME          KIND       MODE        LINKAGE      LAST CONTACT  LAST SYNC  COMPUTERS",
            "wsus.example  Microsoft  top         connected    just now      3 h ago        1,204",
            "  Osaka       –          –           none         3 h ago       –                  3",
            "    Kobe      –          autonomous  not reached  –             –                  0",
            "  Berlin      Headwater  replica     connected    –             –                  0",
        ])
    );
    let done = run("wsus show --output json", &[(SHOW, Reply::Json(link()))]);
    assert_eq!(done.out, format!("{}\n", link()));
}

#[test]
fn what_keeps_from_writing_and_what_is_outside_is_said() {
    let mut link = link();
    link["suspended"] =
        json!("wsus.example is linked as the top WSUS and takes from http://a now: nothing is written");
    link["servers"][2]["read_only"] = json!(true);
    link["outside"] = json!([{"id": OFFICE, "name": "Lab", "why": "it takes from no server: let it go"}]);
    let done = run_in("wsus show", &[(SHOW, Reply::Json(link))], Some(140));
    for said in [
        "Suspended  wsus.example is linked as the top WSUS and takes from http://a now",
        "Read-only  The Linkage of Berlin may only read: nothing is written there.",
        "replica, read-only",
        "OUTSIDE THE LINK  WHY, AND WHAT TO DO",
        "Lab               it takes from no server: let it go",
    ] {
        assert!(done.out.contains(said), "{said}\n{}", done.out);
    }
}

#[test]
fn those_that_wait_come_with_the_command_that_pairs_them() {
    let waiting = |number: u8, name: &str| {
        json!({"linkage": format!("aaaaaaaa-0000-4000-8000-00000000000{number}"), "name": name,
               "since": "2026-10-04T15:00:00Z"})
    };
    let mut link = link();
    link["problem"] = json!("wsus.example: its administration service does not answer");
    link["servers"] = json!([]);
    // What a machine calls itself is not to become part of a command that is copied.
    link["joining"] = json!([
        waiting(4, "wsus-kyoto"),
        waiting(5, "nara"),
        waiting(6, "NARA"),
        waiting(7, "x\";$(reboot)"),
        waiting(8, "--code")
    ]);
    let done = run_in("wsus show", &[(SHOW, Reply::Json(link))], Some(120));
    assert_eq!(
        done.out,
        lines(&[
            "Linkage  https://wsus.example:8532/linkage",
            "Id       aaaaaaaa-0000-4000-8000-000000000001",
            "Problem  wsus.example: its administration service does not answer",
            "",
            "WAITS TO BE PAIRED  SINCE    PAIR IT WITH THE CODE THAT IT SHOWS",
            "wsus-kyoto          3 h ago  headwater wsus pair wsus-kyoto --code CODE",
            "nara                3 h ago  headwater wsus pair aaaaaaaa-0000-4000-8000-000000000005 --code CODE",
            "NARA                3 h ago  headwater wsus pair aaaaaaaa-0000-4000-8000-000000000006 --code CODE",
            "x\";$(reboot)        3 h ago  headwater wsus pair aaaaaaaa-0000-4000-8000-000000000007 --code CODE",
            "--code              3 h ago  headwater wsus pair aaaaaaaa-0000-4000-8000-000000000008 --code CODE",
        ])
    );
}

#[test]
fn a_wsus_is_linked_paired_and_unlinked() {
    let done = run(
        "wsus link https://wsus.example:8532/linkage --code 1234-5678",
        &[("POST /api/v1/wsus", Reply::Json(link()))],
    );
    assert_eq!(done.body(), json!({"url": "https://wsus.example:8532/linkage", "code": "1234-5678"}));
    assert_eq!(done.exit, Exit::Done);
    assert!(done.out.starts_with("Linkage  https://wsus.example:8532/linkage\n"), "{}", done.out);

    let pair = "POST /api/v1/wsus/pair";
    let done = run("wsus pair Berlin --code 12345678 -o json", &[(pair, Reply::Json(link()))]);
    assert_eq!(done.body(), json!({"linkage": "Berlin", "code": "12345678"}));
    assert_eq!((done.exit, done.out), (Exit::Done, format!("{}\n", link())));

    let done =
        run("wsus pair Berlin --code 1234-5678", &[(pair, Reply::Problem(409, "the code is not right"))]);
    assert_eq!((done.exit, done.err.as_str()), (Exit::Refused, "error: the code is not right\n"));

    let unlink = "DELETE /api/v1/wsus";
    let done = run("wsus unlink", &[(unlink, Reply::Nothing)]);
    assert_eq!(done.out, "No WSUS is linked any more; nothing in it was changed\n");
    let done = run("wsus unlink", &[(unlink, Reply::ProblemOf("/problems/not-linked", 409, "none"))]);
    assert_eq!((done.exit, done.err.as_str()), (Exit::NotLinked, "error: none\n"));
}

#[test]
fn a_linkage_is_revoked_with_what_follows_from_it() {
    let revoke = "POST /api/v1/wsus/revoke";
    let answer = json!({"name": "Berlin", "below": ["Shop", "Depot"], "not_told": ["Shop"]});
    let done = run("wsus revoke Berlin", &[(revoke, Reply::Json(answer.clone()))]);
    assert_eq!((done.exit, done.body()), (Exit::Done, json!({"linkage": "Berlin"})));
    assert_eq!(
        done.out,
        lines(&[
            "The Linkage of Berlin is trusted no more. To use the server again, run `headwater linkage unpair` on \
             its machine unless its Linkage says that it was revoked, and pair it anew",
            "Not reached any more, for they are below it: Shop, Depot. Pair Berlin anew, or give their Linkages \
             another one above",
            "Could not be told yet, and are when they are reached: Shop",
        ])
    );
    let done = run("wsus revoke Berlin -o json", &[(revoke, Reply::Json(answer.clone()))]);
    assert_eq!(done.out, format!("{answer}\n"));
    let alone = json!({"name": "Berlin", "below": [], "not_told": []});
    let done = run("wsus revoke Berlin", &[(revoke, Reply::Json(alone))]);
    assert_eq!(done.out.lines().count(), 1, "{}", done.out);
    let done = run("wsus revoke top", &[(revoke, Reply::Problem(409, "it is the linked WSUS"))]);
    assert_eq!((done.exit, done.err.as_str()), (Exit::Refused, "error: it is the linked WSUS\n"));
}

#[test]
fn a_server_is_deleted_as_it_was_seen_and_only_when_that_is_said() {
    const SHOP: &str = "11111111-aaff-470c-8fc3-7a94cb3a4293";
    let deletion = json!({
        "id": DRIVER, "name": "berlin.example", "last_contact_at": "2026-10-04T15:00:00Z", "computers": 31,
        "below": [{"id": SHOP, "name": "shop.example", "computers": 12}],
        "held_by": [{"id": PILOT, "name": "top.example"}], "linkage": DRIVER
    });
    let plan = "GET /api/v1/wsus/servers/berlin.example/deletion";
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("berlin.json");
    let file = file.to_str().expect("text");
    let save = format!("wsus server delete berlin.example --save {file}");
    let done = run(&save, &[(plan, Reply::Json(deletion.clone()))]);
    assert_eq!(done.exit, Exit::Done);
    // Wherever the lines break.
    let said = |text: &str| text.split_whitespace().collect::<Vec<_>>().join(" ");
    for part in [
        "Would delete the records of berlin.example, 1 server below it and 31 computers.",
        "shop.example, 12 computers",
        "The record is deleted at top.example. Its Linkage is revoked",
        &format!("Delete it with `headwater wsus server delete --apply {file}`."),
    ] {
        assert!(said(&done.out).contains(part), "{}", done.out);
    }
    let done = run("wsus server delete berlin.example", &[(plan, Reply::Json(deletion.clone()))]);
    assert!(said(&done.out).contains("Keep the plan with `--save FILE` to apply it."), "{}", done.out);
    // What is deleted is what was shown: nothing is planned anew.
    let apply = "POST /api/v1/wsus/servers/8c3fcc84-7410-4a95-8b89-a166a0190486/deletion";
    let mut carried_out = deletion.clone();
    carried_out["not_told"] = json!(["munich.example"]);
    let command = format!("wsus server delete --apply {file}");
    let done = run(&command, &[(apply, Reply::Json(carried_out))]);
    assert_eq!((done.exit, done.body()), (Exit::Done, json!({"plan": deletion})));
    assert!(
        done.out.starts_with("Deleted the records of berlin.example, 1 server below it and 31 computers.")
    );
    assert!(said(&done.out).contains("could not be told yet"), "{}", done.out);
    let answers = || Reply::Problem(409, "the Linkage of berlin.example answers");
    assert_eq!(run(&command, &[(apply, answers())]).exit, Exit::Refused);
    assert_eq!(run("wsus server delete berlin.example", &[(plan, answers())]).exit, Exit::Refused);
}

const DOCTOR: &str = "GET /api/v1/wsus/doctor";

#[test]
fn a_doctor_that_finds_a_problem_ends_with_1() {
    let good = json!({"level": "good", "what": "wsus.example answers"});
    let warning = json!({"level": "warning", "what": "the clock of Berlin differs by 90 s",
                         "advice": "let all machines follow one source of time"});
    let problem = json!({"level": "problem", "what": "Osaka has no WSUS Linkage",
                         "advice": "run `headwater linkage install` there, then `headwater wsus pair`"});
    let all = json!([good, warning, problem]);
    let done = run("wsus doctor", &[(DOCTOR, Reply::Json(all.clone()))]);
    assert_eq!(done.exit, Exit::Refused);
    assert_eq!(
        done.out,
        lines(&[
            "1 problem found, 1 warning.",
            "",
            "ok       wsus.example answers",
            "warning  the clock of Berlin differs by 90 s",
            "         let all machines follow one source of time",
            "problem  Osaka has no WSUS Linkage",
            "         run `headwater linkage install` there, then `headwater wsus pair`",
        ])
    );
    let done = run("wsus doctor -o json", &[(DOCTOR, Reply::Json(all.clone()))]);
    assert_eq!((done.exit, done.out), (Exit::Refused, format!("{all}\n")));
    let done = run("wsus doctor", &[(DOCTOR, Reply::Json(json!([good, warning])))]);
    assert_eq!(done.exit, Exit::Done);
    assert!(done.out.starts_with("No problem was found, 1 warning.\n"), "{}", done.out);
}

fn plan(group: Option<&str>) -> Value {
    let change =
        |server: &str, name: &str| json!({"server": server, "client": format!("id of {name}"), "name": name});
    let mut planned = json!({
        "host_group": "Pilot", "name": "Pilot", "add": [change(TOP, "pc-17"), change(BERLIN, "pc-18")],
        "remove": [change(TOKYO, "pc-1")], "unchanged": 1_200,
        "not_registered": [["pc-99", "no WSUS of the tree has seen it yet"]]
    });
    if let Some(group) = group {
        planned["group"] = json!(group);
    }
    json!({"host_group": "Pilot", "groups": [planned], "state": LINKAGE})
}

#[test]
fn a_preview_tells_every_change() {
    let steps = [(PLAN, Reply::Json(plan(Some(PILOT)))), (SHOW, Reply::Json(link()))];
    let done = run("wsus group preview Pilot", &steps);
    assert_eq!(done.exit, Exit::Done);
    assert_eq!(
        done.out,
        lines(&[
            "Pilot: 2 to add, 1 to remove, 1,200 unchanged, 1 not registered",
            "",
            "CHANGE     COMPUTER  SERVER",
            "to add     pc-17     wsus.example",
            "to add     pc-18     Berlin",
            "to remove  pc-1      Kobe",
            "",
            "NOT REGISTERED  WHY",
            "pc-99           no WSUS of the tree has seen it yet",
            "",
            "Apply it with `headwater wsus group apply --group Pilot`.",
        ])
    );
    let done = run("wsus group preview Pilot -o json", &[(PLAN, Reply::Json(plan(None)))]);
    assert_eq!(done.out, format!("{}\n", plan(None)));

    // Names are a courtesy.
    let gone = Reply::ProblemOf("/problems/not-reached", 502, "gone");
    let done = run("wsus group preview Pilot", &[(PLAN, Reply::Json(plan(Some(PILOT)))), (SHOW, gone)]);
    assert_eq!(done.exit, Exit::Done);
    assert!(done.out.contains(&format!("to add     pc-18     {BERLIN}\n")), "{}", done.out);
}

#[test]
fn a_plan_without_changes_is_not_to_be_applied() {
    let mut same = plan(Some(PILOT));
    for part in ["add", "remove", "not_registered"] {
        same["groups"][0][part] = json!([]);
    }
    let done = run("wsus group preview Pilot", &[(PLAN, Reply::Json(same))]);
    assert_eq!(done.out, "Pilot: 0 to add, 0 to remove, 1,200 unchanged, 0 not registered\n");
}

#[test]
fn exactly_the_plan_that_was_saved_is_applied() {
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("pilot.json");
    let path = file.display();
    let steps = [(PLAN, Reply::Json(plan(None))), (SHOW, Reply::Json(link()))];
    let done = run_in(&format!("wsus group preview Pilot --save {path}"), &steps, None);
    let end = format!("\nApply it with `headwater wsus group apply {path}`.\n");
    assert!(done.out.ends_with(&end), "{}", done.out);
    assert!(done.out.starts_with("Pilot (a new WSUS group): 2 to add, "), "{}", done.out);

    let steps = [(APPLY, Reply::Json(plan(None))), (SHOW, Reply::Json(link()))];
    let done = run(&format!("wsus group apply {path}"), &steps);
    assert_eq!(serde_json::from_str::<Value>(&done.bodies[0]).expect("JSON"), json!({"plan": plan(None)}));
    assert_eq!(done.exit, Exit::Done);
    let start = "Pilot (a new WSUS group): 2 added, 1 removed, 1,200 unchanged, 1 not registered\n";
    assert!(done.out.starts_with(start), "{}", done.out);
    let end = "\nMembers on lower servers follow with `headwater wsus sync`.\n";
    assert!(done.out.ends_with(end), "{}", done.out);

    let changed = Reply::Problem(409, "what the plan was made from has changed: make a new preview");
    let done = run(&format!("wsus group apply {path}"), &[(APPLY, changed)]);
    assert_eq!((done.exit, done.out.as_str()), (Exit::Refused, ""));
}

#[test]
fn a_plan_is_made_and_applied_at_once() {
    let plan = plan(Some(PILOT));
    let steps = [(PLAN, Reply::Json(plan.clone())), (APPLY, Reply::Json(plan.clone()))];
    let done = run("wsus group apply --group Pilot -o json", &steps);
    assert_eq!(done.body(), json!({"plan": plan}));
    assert_eq!((done.exit, done.out), (Exit::Done, format!("{plan}\n")));
}

#[test]
fn a_plan_that_is_held_says_what_lets_it_through() {
    let mut held = plan(Some(PILOT));
    held["held"] = json!(["`Pilot` would lose all its 1 members"]);
    let steps = [(PLAN, Reply::Json(held.clone())), (SHOW, Reply::Json(link()))];
    let done = run("wsus group preview Pilot", &steps);
    let end = lines(&[
        "Held: `Pilot` would lose all its 1 members.",
        "Apply it with `headwater wsus group apply --group Pilot --max-removals 1`.",
    ]);
    assert!(done.out.ends_with(&end), "{}", done.out);
    let steps = [(PLAN, Reply::Json(held.clone())), (APPLY, Reply::Json(held.clone()))];
    let done = run("wsus group apply --group Pilot --max-removals 1 -o json", &steps);
    assert_eq!(done.body(), json!({"plan": held, "max_removals": 1}));
}

#[test]
fn a_foreign_group_is_taken_over_with_those_beneath() {
    let mut adopted = plan(Some(PILOT));
    (adopted["adopt"], adopted["groups"][0]["adopted"]) = (json!(true), json!(true));
    let mut beneath = adopted["groups"][0].clone();
    (beneath["name"], beneath["host_group"]) = (json!("Pilot - Büro 3"), json!("Büro 3"));
    adopted["groups"].as_array_mut().expect("groups").push(beneath);
    let query = "GET /api/v1/wsus/groups/plan?adopt=true&group=Pilot";
    let steps = [(query, Reply::Json(adopted.clone())), (SHOW, Reply::Json(link()))];
    let done = run("wsus group preview Pilot --adopt", &steps);
    assert!(done.out.starts_with("Pilot (a WSUS group that is taken over): 2 to add, "), "{}", done.out);
    assert!(
        done.out.contains("\nPilot - Büro 3 (a WSUS group that is taken over): 2 to add, "),
        "{}",
        done.out
    );
    let end = "\nApply it with `headwater wsus group apply --group Pilot --adopt`.\n";
    assert!(done.out.ends_with(end), "{}", done.out);
}

#[test]
fn a_plan_is_undone() {
    let undone = json!({"host_group": "Pilot", "applied_by": "anna", "restored": 1_200, "removed": 2,
        "refused": [["pc-1", "it does not report to this server"]]});
    let undo = "POST /api/v1/wsus/groups/Pilot/undo";
    let done = run("wsus group undo Pilot", &[(undo, Reply::Json(undone.clone()))]);
    assert_eq!(
        done.out,
        lines(&[
            "Pilot: what anna applied is undone: 1,200 members restored, 2 taken out. The",
            "members are held: runs of `headwater wsus sync` leave them until a plan is",
            "applied again.",
            "Not written: pc-1: it does not report to this server",
        ])
    );
    let none = Reply::Problem(409, "no plan was applied to `Pilot`");
    assert_eq!(run("wsus group undo Pilot", &[(undo, none)]).exit, Exit::Refused);
}

#[test]
fn files_that_are_no_plans() {
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("plan.json");
    let apply = |path: &std::path::Path| run(&format!("wsus group apply {}", path.display()), &[]);
    let done = apply(&file);
    assert_eq!(done.exit, Exit::WrongArguments);
    assert!(done.err.contains("plan.json` cannot be read: "), "{}", done.err);
    for text in ["", "[]", "{\"host_group\":\"Pilot\"}"] {
        std::fs::write(&file, text).expect("a file");
        let done = apply(&file);
        assert_eq!(done.exit, Exit::WrongArguments);
        assert!(done.err.contains("plan.json` cannot be read: it is no plan: "), "{}", done.err);
    }
    let absent = folder.path().join("absent").join("plan.json");
    let line = format!("wsus group preview Pilot --save {}", absent.display());
    let done = run(&line, &[(PLAN, Reply::Json(plan(None)))]);
    assert_eq!((done.exit, done.out.as_str()), (Exit::WrongArguments, ""));
    assert!(done.err.contains("plan.json` cannot be written: "), "{}", done.err);
}

#[test]
fn what_is_wanted_of_a_server_is_set() {
    let server = json!({"id": BERLIN, "name": "Berlin", "parent": TOP, "mode": "autonomous", "reached": true,
                        "computers": 0, "follow": "groups,approvals", "window": "22:00-05:00"});
    let set = |options: &str| {
        let request = "PATCH /api/v1/wsus/servers/Berlin";
        run(&format!("wsus server set Berlin {options}"), &[(request, Reply::Json(server.clone()))])
    };
    let done = set("--follow groups,approvals");
    assert_eq!(done.body(), json!({"follow": "groups,approvals"}));
    assert_eq!(done.out, "Server  Berlin\nMode    autonomous, follows, 22:00-05:00\n");
    assert_eq!(set("--client-targeting yes").body(), json!({"client_targeting": true}));
    assert_eq!(set("--window 22:00-05:00").body(), json!({"window": "22:00-05:00"}));
    assert_eq!(set("--follow nothing --window always").body(), json!({"follow": "nothing", "window": ""}));
    // Where another role would answer.
    let elsewhere = Reply::ProblemOf("/problems/unknown-path", 404, "nothing is at this path");
    let done = run("wsus sync --at Berlin", &[("POST /api/v1/wsus/sync", elsewhere)]);
    assert_eq!(done.exit, Exit::Refused);
    assert!(done.err.contains("name the managing server with --server"), "{}", done.err);
}

#[test]
fn what_is_not_linked_not_reached_or_not_permitted() {
    for (line, request) in [
        ("wsus show", SHOW),
        ("wsus doctor", DOCTOR),
        ("wsus sync", "POST /api/v1/wsus/sync"),
        ("wsus runs", "GET /api/v1/wsus/sync/runs?limit=100"),
        ("wsus group preview Pilot", PLAN),
        ("wsus group apply --group Pilot", PLAN),
        ("hostgroup import --from-wsus", "POST /api/v1/hostgroups/import"),
    ] {
        for (kind, status, exit) in [
            ("/problems/not-linked", 409, Exit::NotLinked),
            ("/problems/not-reached", 502, Exit::Unreachable),
            ("/problems/without-linkage", 409, Exit::WithoutLinkage),
            ("about:blank", 409, Exit::Refused),
            ("about:blank", 403, Exit::NotPermitted),
        ] {
            let done = run(line, &[(request, Reply::ProblemOf(kind, status, "it is so"))]);
            assert_eq!((done.exit, done.err.as_str(), done.out.as_str()), (exit, "error: it is so\n", ""));
        }
    }
}

#[test]
fn another_wsus_takes_the_place_of_the_linked_one() {
    let plan = "POST /api/v1/wsus/relink/plan";
    let (url, folder) = ("https://new.example:8532/linkage", tempfile::tempdir().expect("a folder"));
    let approve = json!({
        "do": "approve", "update": OFFICE, "title": "Office", "revision": 3, "group": PILOT, "group_name": "Pilot",
        "action": "install", "deadline": "2026-12-24T03:00:00Z"
    });
    let member = json!({"do": "add_member", "server": TOP, "client": "c1", "name": "pc-17", "group": PILOT, "group_name": "Pilot"});
    let answer = json!({
        "url": url, "linkage": "aaaaaaaa-0000-4000-8000-000000000001", "server": TOP, "name": "new.example",
        "read_at": "2026-10-04T17:00:00Z",
        "steps": [{"do": "create_group", "group": PILOT, "name": "Pilot"}, approve, member],
        "open": ["pc-18 is to be in `Pilot`: no server of the tree knows it yet"],
        "only_there": [], "linked": false, "state": LINKAGE
    });
    let file = folder.path().join("relink.json").display().to_string();
    let done = run_in(
        &format!("wsus relink {url} --code 1234-5678 --save {file}"),
        &[(plan, Reply::Json(answer.clone()))],
        None,
    );
    assert_eq!((done.exit, done.body()), (Exit::Done, json!({"url": url, "code": "1234-5678"})));
    for line in [
        "new.example: 1 group, 1 approval, 1 member to write. The linked WSUS was last read 1 h ago.",
        "make group  Pilot",
        "add member  pc-17 to Pilot",
        "pc-18 is to be in `Pilot`: no server of the tree knows it yet",
        &format!("Write it and link this WSUS with `headwater wsus relink --apply {file}`."),
    ] {
        assert!(done.out.contains(line), "no `{line}` in:\n{}", done.out);
    }

    // Of the linked WSUS itself only the Linkage was another one.
    let mut same = answer.clone();
    (same["linked"], same["steps"], same["open"]) = (json!(true), json!([]), json!([]));
    let done = run_in(&format!("wsus relink {url} --code 1234-5678"), &[(plan, Reply::Json(same))], None);
    let said = "new.example is the linked WSUS, through its new Linkage from now on. Nothing is to be written to it.\n";
    assert_eq!((done.exit, done.out.as_str()), (Exit::Done, said));

    let applied = "POST /api/v1/wsus/relink";
    let counts = json!({"groups": 1, "withdrawn": 0, "declines": 0, "approvals": 1, "members": 1});
    let relinked = json!({"name": "new.example", "done": counts, "refused": [], "open": []});
    let done = run(&format!("wsus relink --apply {file}"), &[(applied, Reply::Json(relinked))]);
    assert_eq!((done.exit, done.body()), (Exit::Done, json!({"plan": answer})));
    assert_eq!(
        done.out,
        lines(&[
            "new.example is the linked WSUS now; written: 1 group, 1 approval, 1 member.",
            "",
            "Bring the servers below in step with `headwater wsus sync`.",
        ])
    );
}

#[test]
fn a_group_is_made_again_under_its_new_name() {
    let query = "GET /api/v1/wsus/groups/plan?group=Pilot&recreate=true";
    let mut again = plan(None);
    again["recreate"] = json!(true);
    again["groups"][0]["recreates"] = json!({"group": OFFICE, "name": "Testers", "approvals": 2});
    let steps = [(query, Reply::Json(again.clone())), (SHOW, Reply::Json(link()))];
    let done = run("wsus group preview Pilot --recreate", &steps);
    let start = "Pilot (takes the place of Testers, with 2 approvals to copy): 2 to add, 1 to remove, ";
    assert!(done.out.starts_with(start), "{}", done.out);
    assert!(done.out.contains("`headwater wsus group apply --group Pilot --recreate`"), "{}", done.out);
    again["groups"][0]["recreates"]["stays"] = json!("Group `Testers` stays, for pc-17 is in it.");
    let steps = [(query, Reply::Json(plan(None))), (APPLY, Reply::Json(again)), (SHOW, Reply::Json(link()))];
    let done = run("wsus group apply --group Pilot --recreate", &steps);
    assert!(done.out.ends_with("Group `Testers` stays, for pc-17 is in it.\n"), "{}", done.out);
}
