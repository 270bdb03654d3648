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
    let members = |node: &Node| node.json(&["group", "members", "Berlin"])["items"].to_string();
    assert!(members(&berlin).contains("pc1") && !members(&berlin).contains(&client_id(7)));
    let plan = manager.json(&["wsus", "group", "preview", "Berlin"]);
    let why = plan["groups"][0]["not_registered"].to_string();
    assert!(why.contains("several machines have its client id") && why.contains("wuauserv"), "{why}");
}
