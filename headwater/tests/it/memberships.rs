//! Memberships that a Linkage keeps: a computer of a host group that first reports to a lower server is in its
//! group there, though the managing server does not run.

use headwater_testkit::client_id;
use tempfile::TempDir;

use crate::tree::{Node, administered, changed, eventually, exit, linked_with_updates, members, pair, sync};

/// A lower server and its Linkage, which speaks only the administration service where it stands before it.
pub(super) async fn lower(
    folder: &TempDir,
    top: &Node,
    manager: &Node,
    speaks_the_service: bool,
) -> (Node, Option<Node>) {
    if !speaks_the_service {
        let berlin = Node::wsus(folder, "berlin", Some(top));
        pair(manager, &berlin, &berlin).await;
        return (berlin, None);
    }
    let berlin = Node::start_with(folder, "berlin", "\"update-server\"", "");
    berlin.done(&["upstream", "set", top.server.updates_url(), "--replica"]);
    berlin.done(&["upstream", "sync", "--wait"]);
    let parent = format!("parent = \"{}\"\n", top.linkage_url());
    let more = format!("{parent}{}", administered(folder, berlin.server.updates_url()));
    let linkage = Node::start_with(folder, "berlin-linkage", "\"linkage\"", &more);
    pair(manager, &berlin, &linkage).await;
    (berlin, Some(linkage))
}

async fn check(speaks_the_service: bool) {
    let folder = tempfile::tempdir().expect("a folder");
    let (manager, top) = linked_with_updates(&folder);
    let (berlin, linkage) = lower(&folder, &top, &manager, speaks_the_service).await;

    // One host reports at the top; the other was never seen and is known by the id of its update client.
    top.computer(1).await;
    berlin.computer(3).await;
    manager.done(&["hostgroup", "create", "Berlin", "--host", "pc1", "--host", &client_id(2)]);
    assert_eq!(exit(&manager.data, &["hostgroup", "add", "Berlin", "pc9"]), 1);
    manager.done(&["wsus", "group", "apply", "--group", "Berlin"]);
    let (report, code) = sync(&manager.data, &[]);
    assert_eq!(code, 0, "{report}");
    let (report, code) = sync(&manager.data, &[]);
    assert_eq!((code, changed(&report)), (0, 0), "what is kept is no change: {report}");
    assert_eq!((members(&top, "Berlin"), members(&berlin, "Berlin")), (vec!["pc1".to_owned()], vec![]));

    // The managing server is gone, and the Linkage starts anew with what it keeps.
    let manager = manager.kill();
    let (berlin, linkage) = match linkage {
        Some(linkage) => (berlin, Some(linkage.kill().start_again())),
        None => (berlin.kill().start_again(), None),
    };
    for number in [1, 2, 4] {
        berlin.computer(number).await;
    }
    eventually(|| members(&berlin, "Berlin") == ["pc1", "pc2"]).await;
    assert_eq!(berlin.json(&["computer", "show", "pc4"])["groups"][0]["name"], "Unassigned Computers");

    // Whoever takes one out by hand afterwards is not fought; the next run puts it back.
    berlin.done(&["computer", "move", "pc2.test.example", "--group", "Unassigned Computers"]);
    berlin.computer(5).await;
    assert_eq!(members(&berlin, "Berlin"), ["pc1"]);
    let manager = manager.start_again();
    eventually(|| sync(&manager.data, &[]).1 == 0).await;
    assert_eq!(members(&berlin, "Berlin"), ["pc1", "pc2"]);

    // Unlinked, nothing is kept any more.
    manager.done(&["wsus", "unlink"]);
    let keeps = &linkage.as_ref().unwrap_or(&berlin).data;
    assert!(!keeps.join("memberships.json").exists());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_computer_that_appears_later_is_in_its_groups_without_the_managing_server() {
    check(false).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_same_where_the_linkage_speaks_only_the_administration_service() {
    check(true).await;
}
