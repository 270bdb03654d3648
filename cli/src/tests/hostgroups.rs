//! `headwater hostgroup`.

use serde_json::json;

use super::answers::*;
use super::fake::{Reply, run};
use super::lines;
use crate::Exit;

const GROUPS: &str = "GET /api/v1/hostgroups";
const MAKE: &str = "POST /api/v1/hostgroups";

#[test]
fn host_groups_are_listed() {
    let groups = json!([
        {"name": "Pilot", "hosts": 1_204, "wsus_group": PILOT, "held": "anna undid the last plan"},
        {"name": "Büro 3", "hosts": 0, "parent": "Pilot", "rule": ["name=b3-*", "os!=Windows 10*"]}
    ]);
    let done = run("hostgroup list", &[(GROUPS, page(groups.clone()))]);
    assert_eq!(
        done.out,
        lines(&[
            "NAME    BENEATH  HOSTS  WSUS GROUP  RULE",
            "Pilot   –        1,204  11111111    –",
            "Büro 3  Pilot        0  –           name=b3-*, os!=Windows 10*",
            "",
            "The members of Pilot are held: anna undid the last plan",
        ])
    );
    let done = run("hostgroup list -o json", &[(GROUPS, page(groups.clone()))]);
    assert_eq!((done.exit, done.out), (Exit::Done, format!("{}\n", json!({"items": groups}))));
    let done = run("hostgroup list", &[(GROUPS, page(json!([])))]);
    assert_eq!(done.out, "There is no host group yet. Make one with `headwater hostgroup create NAME`.\n");
}

#[test]
fn a_host_group_is_made() {
    let made = json!({"name": "Büro 3", "hosts": 2});
    let done = run(
        "hostgroup create Büro_3 --host pc-17 --host pc-18.example",
        &[(MAKE, Reply::Json(made.clone()))],
    );
    assert_eq!(done.body(), json!({"name": "Büro 3", "hosts": ["pc-17", "pc-18.example"]}));
    assert_eq!(
        done.out,
        lines(&[
            "Made the host group Büro 3 with 2 hosts",
            "See what a WSUS group would have with `headwater wsus group preview \"Büro 3\"`.",
        ])
    );
    let done = run("hostgroup create Pilot -o json", &[(MAKE, Reply::Json(made.clone()))]);
    assert_eq!(done.body(), json!({"name": "Pilot", "hosts": []}));
    assert_eq!((done.exit, done.out), (Exit::Done, format!("{made}\n")));

    let taken = Reply::Problem(409, "a host group named `Pilot` exists already");
    let done = run("hostgroup create Pilot", &[(MAKE, taken)]);
    assert_eq!(
        (done.exit, done.err.as_str()),
        (Exit::Refused, "error: a host group named `Pilot` exists already\n")
    );
    let done = run("hostgroup create Pilot", &[(MAKE, Reply::Problem(403, "auditors change nothing"))]);
    assert_eq!(done.exit, Exit::NotPermitted);
}

#[test]
fn a_host_group_has_a_place_and_a_rule() {
    let made = json!({"name": "Pilot", "hosts": 2});
    let line = "hostgroup create Pilot --parent Berlin --direct --rule name=pc-* --rule os=Windows_11*";
    let done = run(line, &[(MAKE, Reply::Json(made.clone()))]);
    let rule = json!(["name=pc-*", "os=Windows 11*"]);
    let body = json!({"name": "Pilot", "hosts": [], "rule": rule, "parent": "Berlin", "direct": true});
    assert_eq!(done.body(), body);
    let patch = "PATCH /api/v1/hostgroups/Pilot";
    let check = |options: &str, body: serde_json::Value| {
        let done = run(&format!("hostgroup set Pilot {options}"), &[(patch, Reply::Json(made.clone()))]);
        assert_eq!((done.body(), done.out.as_str()), (body, "Pilot has 2 hosts now\n"));
    };
    check("--name Piloten --parent Lab", json!({"name": "Piloten", "parent": "Lab"}));
    check("--no-parent --with-beneath", json!({"parent": "", "direct": false}));
    check("--direct --no-rule", json!({"direct": true, "rule": []}));
    check("--rule name=x", json!({"rule": ["name=x"]}));
    let done = run("hostgroup delete Pilot", &[("DELETE /api/v1/hostgroups/Pilot", Reply::Nothing)]);
    assert_eq!(done.out, "Deleted the host group Pilot\n");
}

#[test]
fn hosts_are_put_in_and_taken_out() {
    let members = "POST /api/v1/hostgroups/B%C3%BCro%203/members";
    let group = json!({"name": "Büro 3", "hosts": 1});
    let done = run("hostgroup add Büro_3 pc-17 pc-18", &[(members, Reply::Json(group.clone()))]);
    assert_eq!(done.body(), json!({"add": ["pc-17", "pc-18"], "remove": []}));
    assert_eq!((done.exit, done.out.as_str()), (Exit::Done, "Büro 3 has 1 host now\n"));

    let linked = json!({"name": "Büro 3", "hosts": 0, "wsus_group": PILOT});
    let done = run("hostgroup remove Büro_3 pc-17", &[(members, Reply::Json(linked.clone()))]);
    assert_eq!(done.body(), json!({"add": [], "remove": ["pc-17"]}));
    assert_eq!(
        done.out,
        lines(&[
            "Büro 3 has 0 hosts now",
            "Its WSUS group follows with `headwater wsus group apply --group \"Büro 3\"`.",
        ])
    );
    let done = run("hostgroup remove Büro_3 pc-17 -o json", &[(members, Reply::Json(linked.clone()))]);
    assert_eq!(done.out, format!("{linked}\n"));

    let unknown = Reply::Problem(404, "no WSUS of the tree knows a computer `pc-99`");
    let done = run("hostgroup add Büro_3 pc-99", &[(members, unknown)]);
    assert_eq!(
        (done.exit, done.err.as_str()),
        (Exit::Refused, "error: no WSUS of the tree knows a computer `pc-99`\n")
    );
}

#[test]
fn host_groups_are_made_from_the_wsus() {
    let import = "POST /api/v1/hostgroups/import";
    let imported = json!({"created": ["Pilot", "Büro 3"], "unchanged": ["Lab"], "hosts": 1_204});
    let done = run("hostgroup import --from-wsus", &[(import, Reply::Json(imported.clone()))]);
    assert_eq!(
        done.out,
        lines(&["Made 2 host groups with 1,204 hosts; 1 was there already", "  Pilot", "  Büro 3"])
    );
    let done = run("hostgroup import --from-wsus -o json", &[(import, Reply::Json(imported.clone()))]);
    assert_eq!((done.exit, done.out), (Exit::Done, format!("{imported}\n")));
}

#[test]
fn the_members_of_a_host_group_are_listed_with_why_they_are_not_registered() {
    let hosts = json!([
        {"client": "client-1", "name": "pc-17.example", "server": {"id": PILOT, "name": "Berlin"},
         "host_group": "Pilot", "registered": true},
        {"client": "client-2", "name": "client-2", "host_group": "Keller", "registered": false,
         "reason": "no WSUS of the tree has seen it yet"}
    ]);
    let list = "GET /api/v1/hostgroups/Pilot/members?limit=100";
    let done = run("hostgroup members Pilot", &[(list, page(hosts))]);
    assert_eq!(
        done.out,
        lines(&[
            "NAME           ID        SERVER  HOST GROUP  REGISTERED",
            "pc-17.example  client-1  Berlin  Pilot       yes",
            "client-2       client-2  –       Keller      no: no WSUS of the tree has seen it",
            "                                             yet",
        ])
    );
    let done = run("hostgroup members Pilot", &[(list, page(json!([])))]);
    assert_eq!(done.out, "Pilot has no hosts. Put one into it with `headwater hostgroup add Pilot HOST`.\n");
}
