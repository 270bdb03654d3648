//! Lower servers that are gone for good, or were built anew under their name.

use serde_json::Value;

use crate::process::{run, stderr};
use crate::relink::emptied;
use crate::tree::{Node, changed, eventually, exit, linked_with_updates, members, pair, states, sync};

const DELETE: [&str; 3] = ["wsus", "server", "delete"];

fn deleting<'a>(name: &'a str, more: &[&'a str]) -> Vec<&'a str> {
    [&DELETE[..], &[name], more].concat()
}

fn id_of(node: &Node) -> String {
    node.json(&["server", "status"])["server_id"].as_str().expect("an id").to_owned()
}

/// A plan to delete the record of a server, in a file and as it is shown.
fn planned(manager: &Node, name: &str) -> (String, Value) {
    let file = manager.data.join(format!("{name}.plan")).display().to_string();
    let plan = manager.json(&deleting(name, &["--save", &file]));
    (file, plan)
}

fn deleted(manager: &Node, name: &str) {
    let (file, _) = planned(manager, name);
    manager.done(&deleting("--apply", &[&file]));
}

/// Why something is not done, on one line.
fn refused(manager: &Node, arguments: &[&str]) -> String {
    let output = run(&manager.data, arguments);
    assert_eq!(output.status.code(), Some(1));
    stderr(&output).split_whitespace().collect::<Vec<_>>().join(" ")
}

/// The names of the servers below one, as it knows them.
fn below(node: &Node) -> Vec<String> {
    let servers = node.json(&["downstream", "list"])["items"].clone();
    let name = |one: &Value| one["name"].as_str().expect("a name").replace(".test.example", "");
    servers.as_array().expect("servers").iter().map(name).collect()
}

/// The names of all computers that a server knows.
fn computers(node: &Node) -> Vec<String> {
    let found = node.json(&["computer", "list"])["items"].clone();
    let name = |one: &Value| one["name"].as_str().expect("a name").replace(".test.example", "");
    let mut names: Vec<String> = found.as_array().expect("computers").iter().map(name).collect();
    names.sort_unstable();
    names
}

/// What was done to a server, of the newest entry of this kind: what it was, and before and after.
fn audited(node: &Node, what: &str) -> Value {
    let entries = node.json(&["audit", "list"])["items"].clone();
    let found = entries.as_array().expect("entries").iter().find(|one| one["what"] == what).cloned();
    found.unwrap_or_else(|| panic!("{what} is not in {entries}"))
}

#[tokio::test(flavor = "multi_thread")]
async fn a_lower_server_that_was_replaced_is_named_and_brought_in_step() {
    let folder = tempfile::tempdir().expect("a folder");
    let (manager, top) = linked_with_updates(&folder);
    let berlin = Node::wsus(&folder, "berlin", Some(&top));
    let munich = Node::wsus(&folder, "munich", Some(&top));
    let shop = Node::wsus(&folder, "shop", Some(&berlin));
    for node in [&berlin, &munich, &shop] {
        pair(&manager, node, node).await;
    }
    top.computer(1).await;
    berlin.computer(2).await;
    shop.computer(3).await;
    manager.done(&["hostgroup", "create", "Berlin", "--host", "pc2", "--host", "pc3"]);
    manager.done(&["wsus", "group", "apply", "--group", "Berlin"]);
    manager.done(&["wsus", "server", "set", "berlin.test.example", "--window", "22:00-05:00"]);
    let (report, code) = sync(&manager.data, &[]);
    assert_eq!(code, 0, "{report}");
    // An upper server lists the members at those below it, once it has heard of them.
    assert!(members(&berlin, "Berlin").contains(&"pc2".to_owned()));
    assert_eq!(members(&shop, "Berlin"), ["pc3"]);

    // The machine is lost, and another one stands at its name, with nothing of what it had.
    let old = id_of(&berlin);
    let berlin = emptied(berlin.kill(), &[]);
    berlin.done(&["upstream", "set", top.server.updates_url(), "--replica"]);
    berlin.done(&["upstream", "sync", "--wait"]);
    let new = id_of(&berlin);
    assert_ne!(old, new);
    shop.done(&["upstream", "sync", "--wait"]);
    // It takes from the new one, which has told the top of it.
    let shop_is_below = || {
        let servers = top.json(&["downstream", "list"])["items"].clone();
        let found =
            servers.as_array().expect("servers").iter().find(|one| one["name"] == "shop.test.example");
        found.is_some_and(|one| one["parent"]["id"] == new.as_str())
    };
    eventually(shop_is_below).await;

    // One line says what happened and what to do, wherever it is asked, once the old one is known to be gone.
    let is_told = || manager.json(&["wsus", "show"]).to_string().contains(" was replaced: ");
    eventually(is_told).await;
    let shown = manager.json(&["wsus", "show"]);
    let servers = shown["servers"].as_array().expect("servers");
    let of = |id: &str| servers.iter().find(|one| one["id"] == id).cloned().expect("it is told of");
    let line = of(&old)["problem"].as_str().expect("it says why").to_owned();
    assert!(line.starts_with("berlin.test.example was replaced: "), "{line}");
    for part in [&old, &new, &format!("`headwater wsus server delete {old}`"), "`headwater wsus pair`"] {
        assert!(line.contains(part), "{line}");
    }
    assert_eq!(of(&new)["problem"], Value::Null);
    let (report, code) = sync(&manager.data, &[]);
    assert_eq!(code, 5, "{report}");
    let said = report["servers"].as_array().expect("servers").iter();
    let said: Vec<&Value> = said.filter(|one| one["problem"] == line.as_str()).collect();
    assert!(said.len() == 1 && said[0]["id"] == old.as_str(), "{report}");
    let doctor = run(&manager.data, &["wsus", "doctor"]);
    assert!(String::from_utf8_lossy(&doctor.stdout).contains("berlin.test.example was replaced"));

    // By its name it is not known which of the two; its id is in the line.
    let output = run(&manager.data, &deleting("berlin.test.example", &[]));
    assert!(!output.status.success());
    let refused = stderr(&output).split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(refused.contains(&format!("{old} (does not answer)")) && refused.contains(&new), "{refused}");
    let (file, plan) = planned(&manager, &old);
    assert_eq!((&plan["name"], &plan["computers"]), (&"berlin.test.example".into(), &1.into()), "{plan}");
    assert_eq!(
        (&plan["below"], &plan["replaced_by"]["id"]),
        (&Value::Array(vec![]), &new.as_str().into()),
        "{plan}"
    );
    assert_eq!(sync(&manager.data, &["--dry-run"]).1, 5, "looking changes nothing");

    pair(&manager, &berlin, &berlin).await;
    manager.done(&deleting("--apply", &[&file]));
    assert_eq!(below(&top), ["berlin", "munich", "shop"]);
    assert_eq!(computers(&top), ["pc1", "pc3"], "pc2 is not known until it comes to the new one");
    let done = audited(&manager, "delete server");
    assert!(
        done["before"].to_string().contains("berlin.test.example and 1 computer; heard of on "),
        "{done}"
    );
    let done = audited(&top, "delete downstream server");
    assert!(done["before"].to_string().contains(&old) && done["by"] == "admin", "{done}");

    // The run brings it in step, and its computer into the group that it is to be in.
    berlin.computer(2).await;
    eventually(|| sync(&manager.data, &[]).1 == 0).await;
    let (report, code) = sync(&manager.data, &[]);
    assert_eq!(
        (code, changed(&report), states(&report)),
        (0, 0, "in_step in_step in_step in_step".to_owned()),
        "{report}"
    );
    assert!(members(&berlin, "Berlin").contains(&"pc2".to_owned()));
    assert_eq!(members(&shop, "Berlin"), ["pc3"]);
    eventually(|| computers(&top) == ["pc1", "pc2", "pc3"]).await;
    let shown = manager.json(&["wsus", "show"]);
    let windows: Vec<&Value> =
        shown["servers"].as_array().expect("servers").iter().map(|one| &one["window"]).collect();
    assert_eq!(windows[1], "22:00-05:00", "what was wanted of the old one is wanted of the new one: {shown}");
    assert_eq!(exit(&manager.data, &deleting("--apply", &[&file])), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn two_living_servers_of_one_name_are_not_taken_for_one_that_was_replaced() {
    let (folder, elsewhere) =
        (tempfile::tempdir().expect("a folder"), tempfile::tempdir().expect("a folder"));
    let (manager, top) = linked_with_updates(&folder);
    let begun = |folder| {
        let node = Node::start(folder, "berlin", "\"update-server\"", None);
        node.done(&["upstream", "set", top.server.updates_url(), "--replica"]);
        node.done(&["upstream", "sync", "--wait"]);
        node
    };
    let older = begun(&folder);
    let newer = begun(&elsewhere);
    // Each has something to tell of, and the older one lives only once it was heard of after the newer one came.
    older.computer(1).await;
    newer.computer(2).await;
    eventually(|| computers(&top) == ["pc1", "pc2"]).await;
    let lives =
        || manager.json(&["wsus", "show"]).to_string().matches("is the name of two servers").count() == 2;
    eventually(lives).await;
    let (shown, ids) = (manager.json(&["wsus", "show"]), [id_of(&older), id_of(&newer)]);
    let servers = shown["servers"].as_array().expect("servers");
    for id in &ids {
        let one = servers.iter().find(|one| one["id"] == id.as_str()).expect("it is told of");
        let line = one["problem"].as_str().unwrap_or_else(|| panic!("it says nothing: {shown}"));
        assert!(line.starts_with("berlin.test.example is the name of two servers"), "{line}");
        assert!(ids.iter().all(|id| line.contains(id)) && line.contains("another name"), "{line}");
    }
    let (report, code) = sync(&manager.data, &["--dry-run"]);
    assert_eq!((code, states(&report)), (5, "in_step no_linkage no_linkage".to_owned()), "{report}");
    let doctor = run(&manager.data, &["wsus", "doctor"]);
    let doctor = String::from_utf8_lossy(&doctor.stdout).into_owned();
    for said in [shown.to_string(), report.to_string(), doctor] {
        assert!(said.contains("is the name of two servers"), "{said}");
        assert!(!said.contains("was replaced") && !said.contains("server delete"), "{said}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn servers_that_are_gone_are_deleted_wherever_they_are_known() {
    let folder = tempfile::tempdir().expect("a folder");
    let (manager, top) = linked_with_updates(&folder);
    let berlin = Node::wsus(&folder, "berlin", Some(&top));
    let shop = Node::wsus(&folder, "shop", Some(&berlin));
    for node in [&berlin, &shop] {
        pair(&manager, node, node).await;
    }
    top.computer(1).await;
    berlin.computer(2).await;
    shop.computer(3).await;
    eventually(|| computers(&top) == ["pc1", "pc2", "pc3"]).await;
    assert_eq!(sync(&manager.data, &[]).1, 0);

    // Who is in use, and the top, are not deleted, and it is said what to do instead.
    let why = refused(&manager, &deleting("shop.test.example", &[]));
    assert!(
        why.contains("the Linkage of shop.test.example answers") && why.contains("upstream clear"),
        "{why}"
    );
    let why = refused(&manager, &deleting("top.test.example", &[]));
    assert!(why.contains("headwater wsus unlink"), "{why}");
    // What the one above it would tell again is not deleted either.
    let _shop = shop.kill();
    let berlin = berlin.kill();
    let gone = |name: &str| {
        let servers = manager.json(&["wsus", "show"])["servers"].clone();
        servers.as_array().expect("servers").iter().any(|one| one["name"] == name && one["reached"] == false)
    };
    eventually(|| gone("shop.test.example") && gone("berlin.test.example")).await;
    let why = refused(&manager, &deleting("shop.test.example", &[]));
    assert!(why.contains("stands below berlin.test.example, which is not reached"), "{why}");

    let berlin = berlin.start_again();
    eventually(|| !gone("berlin.test.example")).await;
    let (file, plan) = planned(&manager, "shop.test.example");
    let at: Vec<&Value> =
        plan["held_by"].as_array().expect("servers").iter().map(|one| &one["name"]).collect();
    assert_eq!(at, ["berlin.test.example", "top.test.example"], "the lowest first: {plan}");
    manager.done(&deleting("--apply", &[&file]));
    assert_eq!((below(&berlin), below(&top)), (vec![], vec!["berlin".to_owned()]));
    assert_eq!((computers(&berlin), computers(&top)), (vec!["pc2".into()], vec!["pc1".into(), "pc2".into()]));
    // It is told of no more, whatever is told.
    berlin.computer(4).await;
    eventually(|| computers(&top) == ["pc1", "pc2", "pc4"]).await;
    assert_eq!(below(&top), ["berlin"]);
    let (report, code) = sync(&manager.data, &[]);
    assert_eq!((code, states(&report)), (0, "in_step in_step".to_owned()), "{report}");

    let known = computers(&top);
    let berlin = berlin.kill();
    eventually(|| gone("berlin.test.example")).await;
    let (file, plan) = planned(&manager, "berlin.test.example");
    assert_eq!(plan["computers"], 2, "{plan}");
    // It comes back, and is in use: what was shown is so no more.
    let berlin = berlin.start_again();
    eventually(|| !gone("berlin.test.example")).await;
    berlin.done(&["upstream", "sync", "--wait"]);
    let why = refused(&manager, &deleting("--apply", &[&file]));
    assert!(why.contains("the Linkage of berlin.test.example answers"), "{why}");
    assert_eq!((below(&top), computers(&top)), (vec!["berlin".to_owned()], known));
    let berlin = berlin.kill();
    eventually(|| gone("berlin.test.example")).await;
    let why = refused(&manager, &deleting("--apply", &[&file]));
    assert!(why.contains("berlin.test.example was heard of") && why.contains("look at it again"), "{why}");
    // Cut off when its record was deleted and its Linkage was not revoked yet, it is completed by the same command.
    let (file, _) = planned(&manager, "berlin.test.example");
    top.done(&["downstream", "delete", "berlin.test.example"]);
    let outside = manager.json(&["wsus", "show"])["outside"].clone();
    assert_eq!(outside[0]["name"], "berlin.test.example", "{outside}");
    manager.done(&deleting("--apply", &[&file]));
    assert_eq!(manager.json(&["wsus", "show"])["outside"], Value::Null, "nothing of it is left");
    let (report, code) = sync(&manager.data, &[]);
    assert_eq!((code, states(&report)), (0, "in_step".to_owned()), "{report}");
    assert_eq!((below(&top), computers(&top)), (vec![], vec!["pc1".to_owned()]));

    // It was not gone after all: its WSUS is known again with its computers, and its Linkage is trusted no more.
    let _berlin = berlin.start_again();
    eventually(|| computers(&top) == ["pc1", "pc2", "pc4"]).await;
    let (report, code) = sync(&manager.data, &[]);
    assert_eq!((code, states(&report)), (5, "in_step no_linkage".to_owned()), "{report}");
    let why = report["servers"][1]["problem"].to_string();
    assert!(why.contains("headwater wsus server delete berlin.test.example"), "{why}");
}

/// A server that keeps its Linkage and has another WSUS behind it.
#[tokio::test(flavor = "multi_thread")]
async fn a_wsus_that_was_rebuilt_behind_its_linkage_is_deleted_and_paired_anew() {
    let folder = tempfile::tempdir().expect("a folder");
    let (manager, top) = linked_with_updates(&folder);
    let berlin = Node::wsus(&folder, "berlin", Some(&top));
    pair(&manager, &berlin, &berlin).await;
    manager.done(&["wsus", "server", "set", "berlin.test.example", "--window", "22:00-05:00"]);
    assert_eq!(sync(&manager.data, &[]).1, 0);
    let berlin = emptied(berlin.kill(), &["linkage.json"]);
    berlin.done(&["upstream", "set", top.server.updates_url(), "--replica"]);
    berlin.done(&["upstream", "sync", "--wait"]);
    let rebuilt = || {
        let shown = manager.json(&["wsus", "show"])["servers"][1]["problem"].to_string();
        shown.contains("another WSUS than the one that was paired")
            && shown.contains("headwater wsus server delete berlin")
    };
    eventually(rebuilt).await;
    let (file, plan) = planned(&manager, "berlin.test.example");
    assert_eq!(plan["replaced_by"]["id"], id_of(&berlin).as_str(), "{plan}");
    manager.done(&deleting("--apply", &[&file]));
    // It hears that it was revoked, and waits with another key.
    pair(&manager, &berlin, &berlin).await;
    let (report, code) = sync(&manager.data, &[]);
    assert_eq!((code, states(&report)), (0, "in_step in_step".to_owned()), "{report}");
    let shown = manager.json(&["wsus", "show"]);
    assert_eq!(shown["servers"][1]["window"], "22:00-05:00", "it is wanted of the new one: {shown}");
}

/// A server that went elsewhere and lives is let go of first.
#[tokio::test(flavor = "multi_thread")]
async fn a_server_outside_the_tree_whose_linkage_answers_is_not_deleted() {
    let folder = tempfile::tempdir().expect("a folder");
    let (manager, top) = linked_with_updates(&folder);
    let berlin = Node::wsus(&folder, "berlin", Some(&top));
    pair(&manager, &berlin, &berlin).await;
    let plan = || run(&manager.data, &deleting("berlin.test.example", &[]));
    berlin.done(&["upstream", "clear"]);
    eventually(|| manager.json(&["wsus", "show"])["outside"][0]["name"] == "berlin.test.example").await;
    let why = stderr(&plan()).split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(why.contains("the Linkage of berlin.test.example answers"), "{why}");
    assert!(why.contains("headwater wsus revoke berlin.test.example"), "{why}");
    assert_eq!(below(&top), ["berlin"]);
    manager.done(&["wsus", "revoke", "berlin.test.example"]);
    deleted(&manager, "berlin.test.example");
    assert_eq!(below(&top), Vec::<String>::new());
    let (report, code) = sync(&manager.data, &[]);
    assert_eq!((code, states(&report)), (0, "in_step".to_owned()), "{report}");
}
