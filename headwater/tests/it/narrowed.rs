//! Runs of the synchronisation command that do a part of it, reports over a tree, and somebody who changes the
//! same group in another tool meanwhile.

use std::collections::BTreeSet;

use headwater_microsoft_wsus::{ACCOUNT, MicrosoftWsus, PASSWORD};
use headwater_simulated_agent::{Agent, DetectoidsInstalled, Event};
use headwater_testkit::client_id;
use serde_json::Value;
use tempfile::TempDir;

use crate::many_groups::tool;
use crate::process::{run, stderr};
use crate::tree::{
    Node, changed, differences, eventually, exit, known_to_all, linked_with_updates, members, pair, sync,
};

/// What a report says was changed, as server and words.
fn changes(report: &Value) -> BTreeSet<(String, String)> {
    let mut found = BTreeSet::new();
    for server in report["servers"].as_array().expect("servers") {
        let name = server["name"].as_str().expect("a name").replace(".test.example", "");
        for change in server["changed"].as_array().expect("changes") {
            // What comes to a replica by itself came before or with the run.
            let change = change.as_str().expect("a text").replace(".test.example", "");
            let by_itself = name != "munich" && change.contains(" → ");
            if !by_itself && !change.contains("documents came") {
                found.insert((name.clone(), change));
            }
        }
    }
    found
}

fn set(changes: &[(&str, &str)]) -> BTreeSet<(String, String)> {
    changes.iter().map(|(server, what)| ((*server).to_owned(), (*what).to_owned())).collect()
}

/// The lines of a run.
fn lines(manager: &Node, arguments: &[&str]) -> String {
    let mut all = vec!["wsus", "sync", "--output", "json"];
    all.extend(arguments);
    String::from_utf8_lossy(&run(&manager.data, &all).stdout).into_owned()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_run_does_what_it_is_narrowed_to_and_no_more() {
    let folder = tempfile::tempdir().expect("a folder");
    let (manager, top) = linked_with_updates(&folder);
    let berlin = Node::wsus(&folder, "berlin", Some(&top));
    let shop = Node::wsus(&folder, "shop", Some(&berlin));
    let munich = Node::start(&folder, "munich", "\"update-server\", \"linkage\"", Some(&top));
    munich.done(&["upstream", "set", top.server.updates_url(), "--autonomous"]);
    munich.done(&["upstream", "sync", "--wait"]);
    for node in [&berlin, &shop, &munich] {
        pair(&manager, node, node).await;
    }
    manager.done(&["wsus", "server", "set", "munich.test.example", "--follow", "groups,approvals"]);
    let mut agents =
        [berlin.computer(2).await, shop.computer(3).await, munich.computer(4).await, top.computer(5).await];
    let update = known_to_all(&top, &agents)[0];
    let hosts = ["--host", "pc2", "--host", "pc3", "--host", "pc4"];
    manager.done(&[&["hostgroup", "create", "Sites"][..], &hosts].concat());
    manager.done(&["wsus", "group", "apply", "--group", "Sites"]);
    manager.done(&["update", "approve", &update.id.to_string(), "--group", "Sites"]);
    let has_group = |node: &Node| node.json(&["group", "list"])["items"].to_string().contains("\"Sites\"");
    eventually(|| has_group(&berlin) && has_group(&shop)).await;

    let (report, code) = sync(&manager.data, &["--only", "groups"]);
    assert_eq!((code, changes(&report)), (1, set(&[("munich", "group Sites was made")])), "{report}");
    let (report, code) = sync(&manager.data, &["--only", "approvals"]);
    let named = crate::tree::called(&manager, update.id, update.id);
    let approved = format!("{named} for Sites: not approved → install (revision {})", update.revision);
    assert_eq!((code, changes(&report)), (1, set(&[("munich", &approved)])), "{report}");
    let missing = differences(&report);
    assert!(missing.len() == 3 && missing.iter().all(|(_, text)| text.contains("is not in")), "{missing:?}");

    // One branch; its clients only, for which nothing is synchronised.
    let text = lines(&manager, &["--only", "clients", "--below", "BERLIN.test.example"]);
    assert!(!text.contains("synchronising with the server above"), "{text}");
    let last: Value = serde_json::from_str(text.lines().last().expect("a line")).expect("JSON");
    let report = &last["report"];
    let wanted = set(&[("berlin", "pc2 added to Sites"), ("shop", "pc3 added to Sites")]);
    assert_eq!((changes(report), report["servers"].as_array().map(Vec::len)), (wanted, Some(2)), "{report}");
    assert_eq!((members(&shop, "Sites"), members(&munich, "Sites")), (vec!["pc3".to_owned()], vec![]));
    let (report, code) = sync(&manager.data, &["--only", "clients"]);
    assert_eq!((code, changes(&report)), (0, set(&[("munich", "pc4 added to Sites")])), "{report}");
    let (report, code) = sync(&manager.data, &[]);
    assert_eq!((code, changed(&report), differences(&report)), (0, 0, vec![]), "{report}");
    assert_eq!(exit(&manager.data, &["wsus", "sync", "--below", "nowhere"]), 2);
    assert_eq!(exit(&manager.data, &["wsus", "sync", "--at", "nowhere"]), 2);

    // One of them fails; everybody who asks is told, with what the code means.
    let events =
        [Event::inventory(&[('U', &[update.id])]), Event::installation_failed(update, "It", -2_147_024_784)];
    assert!(agents[1].report(&events).await.expect("reports"));
    let csv = || {
        let output = run(&manager.data, &["report", "failures", "--csv"]);
        String::from_utf8_lossy(&output.stdout).into_owned()
    };
    eventually(|| csv().contains("0x80070070")).await;
    let csv = csv();
    let rows: Vec<&str> = csv.lines().collect();
    assert_eq!(
        (rows.len(), rows[0]),
        (2, r#""computer","server","update","meaning","error","since""#),
        "{csv}"
    );
    assert!(rows[1].starts_with(r#""pc3.test.example","shop.test.example","#), "{csv}");
    assert!(rows[1].contains(r#""the disk is full","0x80070070""#), "{csv}");
    let json = &manager.json(&["report", "failures"])["items"];
    assert_eq!(json.as_array().map(Vec::len), Some(1), "{json}");
    assert_eq!(
        (&json[0]["computer_name"], &json[0]["error"]),
        (&"pc3.test.example".into(), &"0x80070070".into())
    );
    assert_eq!(json[0]["update"], update.id.to_string());
}

#[test]
fn the_top_synchronises_with_microsoft_only_when_asked() {
    let Some(microsoft) = MicrosoftWsus::start(&[]) else { return };
    let folder = tempfile::tempdir().expect("a folder");
    let manager = Node::start(&folder, "hq", "\"manager\"", None);
    let password = folder.path().join("password");
    std::fs::write(&password, PASSWORD).expect("is written");
    let wsus = format!(
        "[linkage.microsoft_wsus]\nurl = \"http://127.0.0.1:{}\"\naccount = '{ACCOUNT}'\npassword_file = \"{}\"",
        microsoft.port(),
        password.display()
    );
    let linkage = Node::start_with(&folder, "ms", "\"linkage\"", &wsus);
    manager.done(&["wsus", "link", &linkage.linkage_url(), "--code", &linkage.code()]);
    for (arguments, does) in [(&[][..], false), (&["--with-upstream"], true), (&[], false)] {
        let text = lines(&manager, arguments);
        assert_eq!(text.contains("synchronising with the server above"), does, "{arguments:?}: {text}");
        assert!(text.contains("\"in_step\""), "{text}");
    }
}

/// A computer that reports here under this name.
async fn called(node: &Node, number: u32, name: &str) {
    let url = node.server.updates_url();
    let agent = Agent::new(url, &client_id(number), name, Box::new(DetectoidsInstalled));
    agent.expect("an agent").scan().await.expect("scans");
}

async fn linked(folder: &TempDir) -> (Node, Node) {
    let (manager, top) = linked_with_updates(folder);
    for number in [1, 2, 3] {
        top.computer(number).await;
    }
    manager.done(&["hostgroup", "create", "Pilot", "--host", "pc1"]);
    manager.done(&["wsus", "group", "apply", "--group", "Pilot"]);
    (manager, top)
}

#[tokio::test(flavor = "multi_thread")]
async fn another_tool_that_changes_the_same_group_is_noticed_and_put_right() {
    let folder = tempfile::tempdir().expect("a folder");
    let (manager, top) = linked(&folder).await;
    let tool = tool(&top);
    let groups = tool.groups().await.expect("groups");
    let pilot = groups.iter().find(|group| group.name == "Pilot").expect("it is there").id;
    let client = |number| client_id(number).parse().expect("an id");

    // Between the preview and its application.
    manager.done(&["hostgroup", "add", "Pilot", "pc2"]);
    let plan = folder.path().join("plan.json").display().to_string();
    manager.done(&["wsus", "group", "preview", "Pilot", "--save", &plan]);
    tool.add_to_group(pilot, &client(3)).await.expect("is added");
    let refused = run(&manager.data, &["wsus", "group", "apply", &plan]);
    let said = stderr(&refused).split_whitespace().collect::<Vec<_>>().join(" ");
    assert_eq!(refused.status.code(), Some(1), "{said}");
    assert!(said.contains("pc3.test.example is to be removed from `Pilot`"), "{said}");
    assert_eq!(members(&top, "Pilot"), ["pc1", "pc3"], "nothing was written");
    manager.done(&["wsus", "group", "apply", "--group", "Pilot", "--max-removals", "1"]);
    assert_eq!(members(&top, "Pilot"), ["pc1", "pc2"]);

    // While runs go on: whatever they find, the one after the last change finishes.
    let data = manager.data.clone();
    let runs = tokio::task::spawn_blocking(move || (0..6).map(|_| sync(&data, &[]).1).collect::<Vec<_>>());
    for _ in 0..40 {
        tool.remove_from_group(pilot, &client(1)).await.expect("is removed");
        tool.add_to_group(pilot, &client(3)).await.expect("is added");
    }
    let codes = runs.await.expect("ends");
    assert!(codes.iter().all(|code| [0, 1].contains(code)), "{codes:?}");
    tool.remove_from_group(pilot, &client(1)).await.expect("is removed");
    let (report, code) = sync(&manager.data, &[]);
    assert_eq!((code, differences(&report)), (0, vec![]), "{report}");
    assert_eq!(members(&top, "Pilot"), ["pc1", "pc2"]);

    // Deleted there, it is made again, with its members.
    tool.delete_group(pilot, "anna").await.expect("is deleted");
    let (report, code) = sync(&manager.data, &[]);
    assert_eq!((code, differences(&report)), (0, vec![]), "{report}");
    assert_eq!(members(&top, "Pilot"), ["pc1", "pc2"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_group_is_made_again_by_a_run_for_groups_of_the_top_alone() {
    let folder = tempfile::tempdir().expect("a folder");
    let (manager, top) = linked(&folder).await;
    let berlin = Node::wsus(&folder, "berlin", Some(&top));
    pair(&manager, &berlin, &berlin).await;
    top.done(&["group", "delete", "Pilot"]);
    let runs = || manager.json(&["wsus", "history"])["items"].as_array().map(Vec::len);
    let before = runs();
    assert_eq!(exit(&manager.data, &["wsus", "sync", "--below", "nowhere"]), 2);
    assert_eq!(runs(), before, "it did not begin");
    for narrowed in
        [["--at", "berlin.test.example"], ["--below", "berlin.test.example"], ["--only", "clients"]]
    {
        sync(&manager.data, &narrowed);
        assert!(!top.json(&["group", "list"]).to_string().contains("\"Pilot\""), "{narrowed:?}");
    }
    let (report, _) = sync(&manager.data, &["--only", "groups"]);
    assert!(
        changes(&report).contains(&("top".to_owned(), "group Pilot was made again".to_owned())),
        "{report}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_renamed_computer_stays_in_its_groups() {
    let folder = tempfile::tempdir().expect("a folder");
    let (manager, top) = linked(&folder).await;
    called(&top, 1, "renamed.test.example").await;
    let listed = || manager.json(&["computer", "list", "--search", &client_id(1)])["items"].to_string();
    eventually(|| listed().contains("renamed.test.example")).await;
    assert!(!listed().contains("shared id"), "{}", listed());
    let (report, code) = sync(&manager.data, &[]);
    assert_eq!((code, changed(&report), differences(&report)), (0, 0, vec![]), "{report}");
    assert_eq!(members(&top, "Pilot"), ["renamed"]);
    // By its new name, and by the old one no more.
    manager.done(&["hostgroup", "create", "Lab", "--host", "renamed"]);
    assert_eq!(exit(&manager.data, &["hostgroup", "add", "Lab", "pc1"]), 1);
}
