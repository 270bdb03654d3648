//! Runs of the synchronisation command that are asked for on a lower server: its Linkage dials the one above it
//! and nobody dials it.

use serde_json::Value;

use crate::process::{run, stderr};
use crate::tree::{Node, changed, exit, linked_with_updates, members, pair, states, sync};

/// Who begun the runs that the managing server keeps, the newest first.
fn begun_by(manager: &Node) -> Vec<String> {
    let runs = manager.json(&["wsus", "history"])["items"].clone();
    let by = |run: &Value| run["started_by"].as_str().expect("a name").to_owned();
    runs.as_array().expect("runs").iter().map(by).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn somebody_at_a_lower_server_asks_for_a_run_of_that_one_alone() {
    let folder = tempfile::tempdir().expect("a folder");
    let (manager, top) = linked_with_updates(&folder);
    let berlin = Node::wsus(&folder, "berlin", Some(&top));
    pair(&manager, &berlin, &berlin).await;
    let shop = Node::wsus(&folder, "shop", Some(&berlin));
    let not_paired = run(&shop.data, &["wsus", "sync"]);
    assert!(stderr(&not_paired).contains("has no managing server"), "{}", stderr(&not_paired));
    assert_eq!(not_paired.status.code(), Some(4));
    pair(&manager, &shop, &shop).await;
    berlin.computer(1).await;
    shop.computer(2).await;
    manager.done(&["hostgroup", "create", "Night", "--host", "pc1", "--host", "pc2"]);
    manager.done(&["wsus", "group", "apply", "--group", "Night"]);
    berlin.done(&["upstream", "sync", "--wait"]);

    // Two Linkages lie between the shop and the managing server.
    let (report, code) = sync(&shop.data, &[]);
    assert_eq!((code, states(&report)), (0, "in_step".to_owned()), "{report}");
    assert_eq!(report["servers"][0]["name"], "shop.test.example");
    assert!(changed(&report) > 0, "{report}");
    assert_eq!(members(&shop, "Night"), ["pc2"]);
    let has_pc1 = || members(&berlin, "Night").contains(&"pc1".to_owned());
    assert!(!has_pc1(), "the run was for the shop alone");
    assert_eq!(begun_by(&manager), ["the Linkage of shop.test.example"]);
    let record = manager.json(&["audit", "list"]).to_string();
    assert!(record.contains("the Linkage of shop.test.example"), "{record}");

    // Not again at once, nor for others, nor with more removals than a schedule makes.
    let again = run(&shop.data, &["wsus", "sync"]);
    assert!(stderr(&again).contains("ask again in"), "{}", stderr(&again));
    assert_eq!(again.status.code(), Some(1));
    assert_eq!(exit(&shop.data, &["wsus", "sync", "--at", "berlin.test.example"]), 2);
    assert_eq!(sync(&manager.data, &[]).1, 0);
    assert!(has_pc1());
    manager.done(&["hostgroup", "remove", "Night", "pc1"]);
    let asked = run(&berlin.data, &["wsus", "sync"]);
    let said = format!("{}{}", String::from_utf8_lossy(&asked.stdout), stderr(&asked));
    assert!(asked.status.code() == Some(1) && said.contains("berlin.test.example"), "{said}");
    assert!(has_pc1(), "it is held: {said}");
    assert_eq!(begun_by(&manager)[0], "the Linkage of berlin.test.example");
}
