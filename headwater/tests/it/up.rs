//! `headwater up`: all roles in one process, linked with each other.

use std::path::Path;

use serde_json::Value;

use crate::process::{Server, json, run, stderr};
use crate::tree::{Node, exit};

/// Asserts that the one server of the tree is the linked top.
#[track_caller]
fn is_linked(data: &Path, server: &Server) -> Value {
    let shown = json(data, &["wsus", "show"]);
    let servers = shown["servers"].as_array().expect("servers");
    assert_eq!(servers.len(), 1, "{shown}");
    assert_eq!((&servers[0]["mode"], &servers[0]["reached"]), (&"top".into(), &true.into()), "{shown}");
    assert_eq!(shown["url"], server.told("linkage "), "{shown}");
    assert!(server.said("linked ") && !server.said("code ") && !server.said("warning "));
    shown
}

#[test]
fn a_fresh_folder_is_linked_and_the_next_start_finds_the_link() {
    let folder = tempfile::tempdir().expect("a folder");
    let server = Server::start(folder.path());
    let first = is_linked(folder.path(), &server);
    assert_eq!(exit(folder.path(), &["wsus", "doctor"]), 0);
    assert_eq!(exit(folder.path(), &["wsus", "sync"]), 0);
    server.kill();
    // At other ports: the link follows.
    let server = Server::start(folder.path());
    let second = is_linked(folder.path(), &server);
    assert_eq!(first["linkage"], second["linkage"]);
}

#[test]
fn a_folder_of_an_update_server_alone_gets_the_other_roles() {
    let folder = tempfile::tempdir().expect("a folder");
    let alone = Node::start(&folder, "old", "\"update-server\"", None);
    alone.done(&["group", "create", "Before"]);
    let old = alone.kill();
    let server = Server::start(&old.data);
    is_linked(&old.data, &server);
    let groups = json(&old.data, &["group", "list"]).to_string();
    assert!(groups.contains("Before"), "{groups}");
}

#[test]
fn a_server_that_takes_from_another_is_not_linked_and_works() {
    let folder = tempfile::tempdir().expect("a folder");
    let alone = Node::start(&folder, "lower", "\"update-server\"", None);
    alone.done(&["upstream", "set", "http://127.0.0.1:9", "--replica"]);
    let old = alone.kill();
    let server = Server::start(&old.data);
    assert_eq!(exit(&old.data, &["wsus", "show"]), 4);
    assert!(server.said("code ") && !server.said("linked ") && !server.said("warning "));
}

#[test]
fn a_linkage_that_forgot_its_managing_server_is_told_and_stops_nothing() {
    let folder = tempfile::tempdir().expect("a folder");
    Server::start(folder.path()).kill();
    let misspelt = folder.path().join("misspelt");
    let refused = stderr(&run(&misspelt, &["linkage", "unpair"]));
    assert!(refused.contains("no Linkage ran in") && !misspelt.exists(), "{refused}");
    assert_eq!(exit(folder.path(), &["linkage", "unpair"]), 0);
    let server = Server::start(folder.path());
    assert!(server.told("warning ").contains("wsus unlink"), "{}", server.told("warning "));
    assert_eq!(exit(folder.path(), &["wsus", "unlink"]), 0);
    server.kill();
    is_linked(folder.path(), &Server::start(folder.path()));
}

#[test]
fn a_linked_top_that_gains_an_upstream_is_told() {
    let folder = tempfile::tempdir().expect("a folder");
    let server = Server::start(folder.path());
    assert_eq!(exit(folder.path(), &["upstream", "set", "http://127.0.0.1:9", "--replica"]), 0);
    server.kill();
    let server = Server::start(folder.path());
    let warning = server.told("warning ");
    assert!(warning.contains("http://127.0.0.1:9") && warning.contains("wsus unlink"), "{warning}");
    assert!(!server.said("linked "));
}

#[tokio::test(flavor = "multi_thread")]
async fn beside_an_update_server_what_is_written_goes_through_the_managing_server() {
    let folder = tempfile::tempdir().expect("a folder");
    let all = Node::start(&folder, "all", "\"manager\", \"update-server\", \"linkage\"", None);
    all.done(&["wsus", "link", &all.linkage_url(), "--code", &all.code()]);
    all.computer(1).await;
    all.done(&["group", "create", "Pilot"]);
    all.done(&["hostgroup", "create", "Berlin", "--host", "pc1"]);
    all.done(&["wsus", "group", "apply", "--group", "Berlin"]);
    assert_eq!(exit(&all.data, &["wsus", "sync"]), 0);
    let moved = run(&all.data, &["computer", "move", "pc1.test.example", "--group", "Pilot"]);
    let said = stderr(&moved).split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(said.contains("is made from that host group"), "{said}");
    assert!(all.json(&["group", "members", "Berlin"])["items"].to_string().contains("pc1"));
}

#[test]
fn beside_an_update_server_of_another_tree_commands_are_about_the_linked_wsus() {
    let folder = tempfile::tempdir().expect("a folder");
    let both = Node::start(&folder, "both", "\"manager\", \"update-server\"", None);
    let top = Node::wsus(&folder, "top", None);
    both.done(&["group", "create", "Own"]);
    both.done(&["wsus", "link", &top.linkage_url(), "--code", &top.code()]);
    both.done(&["group", "create", "Linked"]);
    assert!(top.json(&["group", "list"])["items"].to_string().contains("Linked"));
    let listed = both.json(&["group", "list"])["items"].to_string();
    assert!(listed.contains("Linked") && !listed.contains("Own"), "{listed}");
    // Unlinked, they are about the update server in the same process again.
    both.done(&["wsus", "unlink"]);
    let listed = both.json(&["group", "list"])["items"].to_string();
    assert!(listed.contains("Own") && !listed.contains("Linked"), "{listed}");
}
