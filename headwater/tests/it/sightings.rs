//! Who a computer is, over a whole tree: one that moved, and two machines with one id.

use headwater_simulated_agent::{Agent, DetectoidsInstalled};
use headwater_testkit::client_id;

use crate::tree::{Node, changed, eventually, linked_with_updates, sync};

/// A machine that calls itself so and reports here, with an id that others may have too.
async fn machine(node: &Node, number: u32, name: &str) {
    let (id, name) = (client_id(number), format!("{name}.test.example"));
    let mut agent = Agent::new(node.server.updates_url(), &id, &name, Box::new(DetectoidsInstalled));
    agent.as_mut().expect("an agent").scan().await.expect("scans");
}

/// Waits until the managing server has read of a computer what is to be read.
async fn reads(manager: &Node, number: u32, words: &[&str]) {
    let search = client_id(number);
    let list = || manager.json(&["computer", "list", "--search", &search])["items"].to_string();
    eventually(|| words.iter().all(|word| list().contains(word))).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_copied_id_is_nobodys_and_a_computer_that_moved_is_one() {
    let folder = tempfile::tempdir().expect("a folder");
    let (manager, top) = linked_with_updates(&folder);
    let berlin = Node::wsus(&folder, "berlin", Some(&top));

    // What reports to a server that has no Linkage yet is outside the link.
    machine(&berlin, 9, "pc9").await;
    let outside = || manager.json(&["computer", "list", "--outside"])["items"].to_string();
    eventually(|| outside().contains("outside the link: berlin.test.example has no WSUS Linkage")).await;
    manager.done(&["wsus", "pair", "berlin.test.example", "--code", &berlin.code()]);

    machine(&top, 1, "pc1").await;
    machine(&berlin, 7, "pc7").await;
    reads(&manager, 1, &["pc1"]).await;
    manager.done(&["hostgroup", "create", "Berlin", "--host", "pc1", "--host", &client_id(7)]);

    // Another machine with the same id, and then the first one again.
    for name in ["pc8", "pc7"] {
        reads(&manager, 7, &[if name == "pc7" { "pc8" } else { "pc7" }]).await;
        machine(&berlin, 7, name).await;
    }
    machine(&berlin, 1, "pc1").await;
    reads(&manager, 7, &["pc7", "shared id: several machines have it", "SusClientId"]).await;
    reads(&manager, 1, &["berlin.test.example"]).await;
    eventually(|| outside() == "[]").await;

    // The one is registered where it is now, once; the other nowhere, and that is said.
    manager.done(&["wsus", "group", "apply", "--group", "Berlin"]);
    let (report, code) = sync(&manager.data, &[]);
    assert_eq!((code, changed(&report) > 0), (0, true), "{report}");

    assert!(members(&berlin).contains("pc1") && !members(&berlin).contains(&client_id(7)));
    let plan = manager.json(&["wsus", "group", "preview", "Berlin"]);
    let why = plan["groups"][0]["not_registered"].to_string();
    assert!(why.contains("several machines have its client id") && why.contains("wuauserv"), "{why}");

    a_reimaged_machine_stays_in_its_group(&manager, &berlin).await;
    twins_are_left_alone(&manager, &top, &berlin).await;
}

/// The ids of a WSUS group's members.
fn members(node: &Node) -> String {
    node.json(&["group", "members", "Berlin"])["items"].to_string()
}

/// pc1 is a member by its first id, gets another one, and its first record is deleted after that.
async fn a_reimaged_machine_stays_in_its_group(manager: &Node, berlin: &Node) {
    let (old, new) = (client_id(1), client_id(5));
    machine(berlin, 5, "pc1").await;
    let (report, code) = sync(&manager.data, &[]);
    assert_eq!((code, changed(&report)), (0, 1), "{report}");
    assert!(members(berlin).contains(&new), "{}", members(berlin));
    assert_eq!(changed(&sync(&manager.data, &[]).0), 0);
    let plan = manager.json(&["wsus", "group", "preview", "Berlin"]);
    assert!(!plan["groups"][0]["not_registered"].to_string().contains("pc1"), "{plan}");

    reads(manager, 1, &["re-imaged", &new]).await;
    manager.done(&["computer", "delete", &old]);
    assert!(members(berlin).contains(&new) && !members(berlin).contains(&old), "{}", members(berlin));
    let done = manager.json(&["audit", "list"])["items"].clone();
    let done = done.as_array().expect("entries").iter();
    let follows = done.filter(|one| one["what"] == "change host group" && one["before"] == old.as_str());
    let follows: Vec<_> = follows.map(|one| (&one["detail"], one["after"].as_str())).collect();
    let after = format!("{new}, the same machine re-imaged");
    assert_eq!(follows, [(&"Berlin".into(), Some(after.as_str()))]);
    let (report, code) = sync(&manager.data, &[]);
    assert_eq!((code, changed(&report)), (0, 0), "{report}");
    assert!(members(berlin).contains(&new));
}

/// Two computers in contact under one name: one is to be a member and the other is one.
async fn twins_are_left_alone(manager: &Node, top: &Node, berlin: &Node) {
    machine(top, 11, "twin").await;
    machine(berlin, 12, "twin").await;
    machine(top, 11, "twin").await;
    manager.done(&["hostgroup", "add", "Berlin", &client_id(11)]);
    berlin.done(&["computer", "move", &client_id(12), "--group", "Berlin"]);
    let (report, code) = sync(&manager.data, &[]);
    assert_eq!((code, changed(&report)), (0, 0), "{report}");
    assert!(!members(top).contains(&client_id(11)) && members(berlin).contains(&client_id(12)));
    let plan = manager.json(&["wsus", "group", "preview", "Berlin"]);
    let why = plan["groups"][0]["not_registered"].to_string();
    assert!(why.contains("twin.test.example") && why.contains("2 computers have its name"), "{why}");
    reads(manager, 12, &["duplicate name", &client_id(11)]).await;
}
