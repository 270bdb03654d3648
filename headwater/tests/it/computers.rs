//! One computer, from the managing server: moved by hand on the server that it reports to, and what is in effect
//! for it with the group that decided.

use serde_json::{Value, json};

use crate::process::{run, stderr};
use crate::tree::{Node, eventually, linked_with_updates, members, pair, sync};

#[tokio::test(flavor = "multi_thread")]
async fn a_computer_is_moved_where_it_reports_and_told_what_is_in_effect() {
    let folder = tempfile::tempdir().expect("a folder");
    let (manager, top) = linked_with_updates(&folder);
    let berlin = Node::wsus(&folder, "berlin", Some(&top));
    pair(&manager, &berlin, &berlin).await;
    for group in ["Loose", "Pilot"] {
        manager.done(&["group", "create", group]);
    }
    sync(&manager.data, &[]);
    berlin.computer(2).await;
    let groups = |node: &Node| {
        let shown = node.json(&["computer", "show", "pc2.test.example"]);
        let groups = shown["groups"].as_array().expect("groups").iter();
        let mut names: Vec<String> =
            groups.filter_map(|one| one["name"].as_str()).map(str::to_owned).collect();
        names.sort();
        names
    };
    eventually(|| manager.json(&["computer", "list"])["items"].as_array().is_some_and(|all| !all.is_empty()))
        .await;

    // Everybody was in contact just now, as the managing server and the update server tell.
    for node in [&manager, &top] {
        let found = |days: &[&str]| node.json(&[&["computer", "list"], days].concat())["items"].to_string();
        assert_eq!(found(&["--silent-days", "1"]), "[]", "{}", node.name);
        assert!(found(&["--contact-days", "1"]).contains("pc2"), "{}", node.name);
    }

    manager.done(&["computer", "move", "pc2", "--group", "Loose", "--group", "Pilot"]);
    assert_eq!(groups(&berlin), ["Loose", "Pilot"]);
    assert_eq!(groups(&manager), ["Loose", "Pilot"], "it is asked where it reports");
    let entry = manager.json(&["audit", "list"])["items"][0].clone();
    let told = [&entry["what"], &entry["detail"], &entry["before"], &entry["after"]].map(Value::as_str);
    let words = ["move computer", "pc2.test.example", "Unassigned Computers", "Loose, Pilot"];
    assert_eq!(told, words.map(Some), "{entry}");
    eventually(|| members(&manager, "Loose") == ["pc2"]).await;

    // Of what its groups say, Install counts, and what they say counts before what is said above them.
    let updates = manager.json(&["update", "list", "--limit", "100"])["items"].clone();
    let approvable = updates.as_array().expect("updates").iter().filter(|one| one["state"] == "approvable");
    let ids: Vec<&str> = approvable.filter_map(|one| one["id"].as_str()).take(2).collect();
    let id = |at: usize| ids[at];
    let approve = |at: usize, more: &[&str]| {
        manager.done(&[&["update", "approve", id(at)], more].concat());
    };
    approve(0, &["--group", "All Computers"]);
    approve(0, &["--group", "Loose", "--action", "block"]);
    approve(0, &["--group", "Pilot", "--deadline", "2030-12-24T03:00:00Z"]);
    approve(1, &["--group", "All Computers", "--action", "detect"]);
    assert_eq!(sync(&manager.data, &[]).1, 0);
    let shown = manager.json(&["computer", "show", "pc2"]);
    let of = |at: usize| {
        let all = shown["approvals"].as_array().expect("approvals");
        let one = all.iter().find(|one| one["id"] == id(at)).expect("is in effect");
        json!([one["action"], one["deadline"], one["group"]["name"]])
    };
    assert_eq!(of(0), json!(["install", "2030-12-24T03:00:00Z", "Pilot"]));
    assert_eq!(of(1), json!(["detect", null, "All Computers"]));

    // What is known over the tree: how far an update came, who put the computer where it is, its states, and why
    // an update is not offered.
    let on = |update: &Value| -> Vec<Value> {
        let servers = update["servers"].as_array().expect("servers").iter();
        servers.map(|one| json!([one["server"]["name"], one["arrival"], one["approvals"]])).collect()
    };
    let expected = ["top.test.example", "berlin.test.example"].map(|name| json!([name, "as_above", 3]));
    assert_eq!(on(&manager.json(&["update", "show", id(0)])), expected);
    let because = "it was put there on the WSUS, or by its policy";
    let told = |one: &Value| json!([one["group"], one["member"], one["because"]]);
    let mut memberships: Vec<Value> =
        shown["memberships"].as_array().expect("memberships").iter().map(told).collect();
    memberships.sort_by_key(Value::to_string);
    assert_eq!(memberships, [json!(["Loose", true, because]), json!(["Pilot", true, because])]);
    let count = |arguments: &[&str]| manager.json(arguments)["items"].as_array().map(Vec::len);
    assert_eq!(count(&["update", "computers", id(0), "--state", "unknown"]), Some(1));
    assert_eq!(count(&["update", "computers", id(0)]), Some(0), "it told nothing yet");
    let states = ["computer", "updates", "pc2", "--state"];
    assert_eq!(count(&[&states[..], &["failed"]].concat()), Some(0));
    assert!(count(&[&states[..], &["unknown"]].concat()) > Some(2));
    let why = manager.json(&["computer", "why", "pc2", id(1)])["why"].clone();
    assert_eq!(why, "For All Computers it is only looked for, and not installed.");

    // What an approval would mean, which changes nothing; and who is where, in an order.
    let dry_run = manager.json(&["update", "approve", id(1), "--group", "Pilot", "--dry-run"]);
    let told = ["computers", "acting", "unknown"].map(|field| dry_run[field].as_u64());
    assert_eq!(told, [Some(1), Some(0), Some(1)], "{dry_run}");
    let mut on_berlin = dry_run["servers"].as_array().expect("servers").iter();
    let on_berlin = on_berlin.rfind(|one| one["server"]["name"] == "berlin.test.example");
    let on_berlin = on_berlin.expect("has a computer of the group");
    assert_eq!(on_berlin["parent"]["name"], "top.test.example");
    assert!(on_berlin["bytes_sent"].is_null(), "whether it needs it is not known: {on_berlin}");
    assert_eq!(manager.json(&["update", "show", id(1)])["approvals"].as_array().map(Vec::len), Some(1));
    assert_eq!(count(&["computer", "list", "--at", "berlin.test.example", "--sort", "contact"]), Some(1));
    assert_eq!(count(&["computer", "list", "--at", "top.test.example"]), Some(0));
    assert_eq!(count(&["computer", "list", "--state", "failing"]), Some(0));
    let last = manager.json(&["wsus", "runs"])["items"][0]["run"].clone();
    let run_of = manager.json(&["wsus", "runs", &last.to_string()]);
    assert_eq!((&run_of["run"], &run_of["report"]["exit"]), (&last, &0.into()));

    // What a managing server does not do itself it says, with where it is done.
    manager.done(&["group", "create", "Looser", "--parent", "Loose"]);
    let parents = top.json(&["group", "list"])["items"].clone();
    let of = |name: &str| parents.as_array().expect("groups").iter().find(|one| one["name"] == name).cloned();
    assert_eq!(of("Looser").expect("is made")["parent"], of("Loose").expect("is there")["id"]);
    manager.done(&["group", "delete", "Looser"]);
    for (arguments, words) in [
        (["server", "status"], "headwater wsus show"),
        (["client", "policy"], "headwater client policy"),
        (["upstream", "show"], "headwater upstream"),
    ] {
        let refused = run(&manager.data, &arguments);
        assert_eq!(refused.status.code(), Some(1), "{arguments:?}");
        assert!(stderr(&refused).contains(words), "{arguments:?}: {}", stderr(&refused));
    }

    // What is deleted is gone where it was, until it makes contact again.
    manager.done(&["group", "create", "Old"]);
    manager.done(&["group", "delete", "Old"]);
    let names = |node: &Node| node.json(&["group", "list"])["items"].to_string();
    assert!(!names(&top).contains("\"Old\"") && names(&top).contains("\"Loose\""));
    berlin.computer(3).await;
    eventually(|| manager.json(&["computer", "list"])["items"].as_array().is_some_and(|all| all.len() == 2))
        .await;
    manager.done(&["computer", "delete", "pc3"]);
    for node in [&berlin, &top] {
        assert!(!node.json(&["computer", "list"])["items"].to_string().contains("pc3"), "{}", node.name);
    }
    eventually(|| !manager.json(&["computer", "list"])["items"].to_string().contains("pc3")).await;

    // A group that is made from a host group has the hosts of that.
    manager.done(&["hostgroup", "import", "--from-wsus"]);
    let refused = run(&manager.data, &["computer", "move", "pc2", "--group", "Loose"]);
    assert_eq!(refused.status.code(), Some(1));
    let words = "the WSUS group of Pilot is made from that host group: change its hosts";
    assert!(stderr(&refused).contains(words), "{}", stderr(&refused));
    assert_eq!(groups(&berlin), ["Loose", "Pilot"]);
    let refused = run(&manager.data, &["group", "delete", "Loose"]);
    assert_eq!(refused.status.code(), Some(1));
    assert!(stderr(&refused).contains("made from the host group Loose"), "{}", stderr(&refused));
}
