//! What is decided while a run of the synchronisation command goes on: a run takes hours in a large tree, and what it
//! read at its beginning holds no longer.

use std::process::{Command, Stdio};

use serde_json::Value;
use tempfile::TempDir;

use crate::gate::Gate;
use crate::process::{HEADWATER, catalogue, documents};
use crate::runs::Watched;
use crate::tree::{
    Node, administered, changed, differences, eventually, exit, known_to_all, linked_with_updates, members,
    pair, states, sync,
};

/// By this a replica asks what is new.
const ASKS: &str = "GetRevisionIdList";

/// A replica that asks its upstream server through a gate, and an autonomous server below it that follows.
async fn branch(folder: &TempDir, top: &Node, manager: &Node) -> (Node, Node, Gate) {
    let gate = Gate::before(top.server.updates_url());
    let berlin = Node::start(folder, "berlin", "\"update-server\", \"linkage\"", Some(top));
    berlin.done(&["upstream", "set", &gate.url(top.server.updates_url()), "--replica"]);
    berlin.done(&["upstream", "sync", "--wait"]);
    let shop = Node::start(folder, "shop", "\"update-server\", \"linkage\"", Some(&berlin));
    shop.done(&["upstream", "set", berlin.server.updates_url(), "--autonomous"]);
    shop.done(&["upstream", "sync", "--wait"]);
    for node in [&berlin, &shop] {
        pair(manager, node, node).await;
    }
    manager.done(&["wsus", "server", "set", "shop.test.example", "--follow", "groups,approvals"]);
    (berlin, shop, gate)
}

fn approved(node: &Node, update: &str) -> Vec<Value> {
    let shown = node.json(&["update", "show", update]);
    shown["approvals"].as_array().expect("approvals").iter().map(|one| one["group_name"].clone()).collect()
}

/// The own synchronisation of a replica goes on until its gate is opened: it begins one for a new group.
fn synchronises(top: &Node, gate: &Gate, group: &str) {
    gate.hold(ASKS);
    top.done(&["group", "create", group]);
    gate.wait();
}

/// A run goes on, which has read what there is and waits for its first lower server.
fn waiting(manager: &Node, top: &Node, gate: &Gate, group: &str) -> Watched {
    synchronises(top, gate, group);
    let mut run = Watched::start(manager, &[]);
    run.until(&["berlin", "joining the synchronisation that goes on"]);
    run
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_decided_at_the_top_during_a_run_holds_on_every_server() {
    let folder = tempfile::tempdir().expect("a folder");
    let (manager, top) = linked_with_updates(&folder);
    let (berlin, shop, gate) = branch(&folder, &top, &manager).await;
    let agents = [berlin.computer(2).await, shop.computer(3).await];
    let [halted, late] = [0, 1].map(|at| known_to_all(&top, &agents)[at].id.to_string());
    manager.done(&["hostgroup", "create", "Sites", "--host", "pc2", "--host", "pc3"]);
    manager.done(&["wsus", "group", "apply", "--group", "Sites"]);
    assert_eq!(sync(&manager.data, &[]).1, 0);
    manager.done(&["update", "approve", &halted, "--group", "Sites"]);

    let run = waiting(&manager, &top, &gate, "Gate");
    manager.done(&["update", "halt", &halted]);
    manager.done(&["update", "approve", &late, "--group", "Sites"]);
    manager.done(&["group", "create", "Late"]);
    gate.release();
    let (report, code) = run.end();
    assert_eq!((code, differences(&report)), (0, vec![]), "{report}");
    assert_eq!(approved(&shop, &halted), Vec::<Value>::new(), "a halted update was approved again");
    assert_eq!(
        (approved(&shop, &late), approved(&berlin, &late)),
        (vec!["Sites".into()], vec!["Sites".into()])
    );
    let (report, code) = sync(&manager.data, &[]);
    assert_eq!((code, differences(&report)), (0, vec![]), "{report}");
}

#[tokio::test(flavor = "multi_thread")]
async fn who_leaves_a_host_group_during_a_run_is_not_written() {
    let folder = tempfile::tempdir().expect("a folder");
    let (manager, top) = linked_with_updates(&folder);
    let (berlin, shop, gate) = branch(&folder, &top, &manager).await;
    let _agents = [berlin.computer(2).await, shop.computer(3).await, shop.computer(4).await];
    manager.done(&["hostgroup", "create", "Sites", "--host", "pc2"]);
    manager.done(&["wsus", "group", "apply", "--group", "Sites"]);
    assert_eq!(sync(&manager.data, &[]).1, 0);
    manager.done(&["hostgroup", "add", "Sites", "pc3"]);

    // One leaves and another one comes after the run has read the host groups.
    let run = waiting(&manager, &top, &gate, "Gate");
    manager.done(&["hostgroup", "remove", "Sites", "pc3"]);
    manager.done(&["hostgroup", "add", "Sites", "pc4"]);
    gate.release();
    let (report, code) = run.end();
    assert_eq!((code, differences(&report)), (0, vec![]), "{report}");
    assert_eq!(members(&shop, "Sites"), ["pc4"]);

    // What a plan wrote and somebody undid meanwhile is held.
    manager.done(&["hostgroup", "add", "Sites", "pc3"]);
    manager.done(&["wsus", "group", "apply", "--group", "Sites"]);
    let run = waiting(&manager, &top, &gate, "Gate again");
    manager.done(&["wsus", "group", "undo", "Sites"]);
    gate.release();
    let (report, code) = run.end();
    assert_eq!((code, members(&shop, "Sites")), (1, vec!["pc4".to_owned()]), "{report}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_comes_back_during_a_run_gets_its_members() {
    let folder = tempfile::tempdir().expect("a folder");
    let (manager, top) = linked_with_updates(&folder);
    let (berlin, shop, gate) = branch(&folder, &top, &manager).await;
    let _agents = [berlin.computer(2).await, shop.computer(3).await];
    manager.done(&["hostgroup", "create", "Sites", "--host", "pc2", "--host", "pc3"]);
    manager.done(&["wsus", "group", "apply", "--group", "Sites"]);
    let shop = shop.kill();
    let reached = |wanted: bool| {
        let shown = manager.json(&["wsus", "show"]);
        let servers = shown["servers"].as_array().expect("servers").clone();
        servers.iter().any(|one| one["name"] == "shop.test.example" && one["reached"] == wanted)
    };
    eventually(|| reached(false)).await;
    let run = waiting(&manager, &top, &gate, "Gate");
    let shop = shop.start_again();
    eventually(|| reached(true)).await;
    gate.release();
    let (report, code) = run.end();
    assert_eq!((code, states(&report)), (0, "in_step in_step in_step".to_owned()), "{report}");
    assert_eq!(members(&shop, "Sites"), ["pc3"]);
}

/// The top takes from another server, which plays Microsoft's; its Linkage says that it is the top.
#[tokio::test(flavor = "multi_thread")]
async fn what_comes_to_the_top_with_a_run_comes_to_its_replicas() {
    let folder = tempfile::tempdir().expect("a folder");
    let manager = Node::start(&folder, "hq", "\"manager\"", None);
    let microsoft = Node::start(&folder, "microsoft", "\"update-server\"", None);
    let top = Node::start(&folder, "top", "\"update-server\"", None);
    let above = Gate::before(microsoft.server.updates_url());
    top.done(&["upstream", "set", &above.url(microsoft.server.updates_url()), "--autonomous"]);
    top.done(&["upstream", "sync", "--wait"]);
    let from_microsoft = ("<SyncToMU>false</SyncToMU>", "<SyncToMU>true</SyncToMU >");
    let service = Gate::telling(top.server.updates_url(), Some(from_microsoft));
    let more = administered(&folder, &service.url(top.server.updates_url()));
    let linkage = Node::start_with(&folder, "top-linkage", "\"linkage\"", &more);
    manager.done(&["wsus", "link", &linkage.linkage_url(), "--code", &linkage.code()]);
    let berlin = Node::start(&folder, "berlin", "\"update-server\", \"linkage\"", Some(&linkage));
    berlin.done(&["upstream", "set", top.server.updates_url(), "--replica"]);
    berlin.done(&["upstream", "sync", "--wait"]);
    pair(&manager, &berlin, &berlin).await;
    assert_eq!(sync(&manager.data, &[]).1, 0);

    above.hold(ASKS);
    microsoft.done(&["update", "import", &documents(&catalogue(120))]);
    above.wait();
    let mut run = Watched::start(&manager, &["--with-upstream"]);
    run.until(&["top", "joining the synchronisation that goes on"]);
    above.release();
    let (report, code) = run.end();
    assert_eq!((code, differences(&report)), (0, vec![]), "{report}");
    let updates =
        |node: &Node| node.json(&["update", "list", "--limit", "200"])["items"].as_array().map(Vec::len);
    assert_eq!(updates(&berlin), updates(&microsoft));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_second_run_attaches_to_the_first_and_says_what_differs() {
    let folder = tempfile::tempdir().expect("a folder");
    let (manager, top) = linked_with_updates(&folder);
    let (_berlin, _shop, gate) = branch(&folder, &top, &manager).await;
    synchronises(&top, &gate, "Gate");
    // As by schedule.
    let mut first = Watched::start(&manager, &["--keep-windows"]);
    first.until(&["berlin", "joining"]);
    let mut second = Watched::start(&manager, &[]);
    second.until(&["attached", "it leaves servers for later whose time window is closed"]);
    // One that asks for more has its turn afterwards.
    assert_eq!(exit(&manager.data, &["wsus", "sync", "--with-upstream"]), 1);
    gate.release();
    let (first, second) = (first.end(), second.end());
    assert_eq!((first.1, &first), (0, &second));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_difference_says_how_the_last_synchronisation_of_its_server_went() {
    let folder = tempfile::tempdir().expect("a folder");
    let (manager, top) = linked_with_updates(&folder);
    let (_berlin, _shop, gate) = branch(&folder, &top, &manager).await;
    synchronises(&top, &gate, "Gate");
    top.done(&["group", "create", "Late"]);
    let said = |wanted: &str| {
        let differences = differences(&sync(&manager.data, &["--dry-run"]).0);
        differences.iter().any(|(_, text)| text.starts_with(&format!("Group `Late` is missing. {wanted}")))
    };
    assert!(said("The server is synchronising. Compare again when it is done."));
    gate.cut();
    gate.release();
    eventually(|| said("Its synchronisation failed at ")).await;
    gate.mend();
    let (report, code) = sync(&manager.data, &[]);
    assert_eq!((code, differences(&report)), (0, vec![]), "{report}");
}

/// A replica below a replica, whose Linkage is reached and reaches its WSUS through gates, and what the second one
/// is asked for each computer.
struct Deep {
    manager: Node,
    shop: Node,
    _others: [Node; 3],
    link: Gate,
    service: Gate,
}

const ADDS: &str = "ExecuteSPAddComputerToTargetGroupAllowMultipleGroups";

async fn deep(folder: &TempDir) -> Deep {
    let (manager, top) = linked_with_updates(folder);
    let berlin = Node::wsus(folder, "berlin", Some(&top));
    pair(&manager, &berlin, &berlin).await;
    let shop = Node::start(folder, "shop", "\"update-server\"", None);
    shop.done(&["upstream", "set", berlin.server.updates_url(), "--replica"]);
    shop.done(&["upstream", "sync", "--wait"]);
    let (link, service) = (Gate::before(&berlin.linkage_url()), Gate::before(shop.server.updates_url()));
    let wsus = administered(folder, &service.url(shop.server.updates_url()));
    let more = format!("parent = \"{}\"\n{wsus}", link.url(&berlin.linkage_url()));
    let linkage = Node::start_with(folder, "shop-linkage", "\"linkage\"", &more);
    pair(&manager, &shop, &linkage).await;
    for number in [3, 4] {
        shop.computer(number).await;
    }
    manager.done(&["hostgroup", "create", "Sites", "--host", "pc3", "--host", "pc4"]);
    manager.done(&["wsus", "group", "apply", "--group", "Sites"]);
    Deep { manager, shop, _others: [top, berlin, linkage], link, service }
}

/// Nothing is half done, and nothing is done twice.
fn completed(manager: &Node, shop: &Node) {
    let (report, code) = sync(&manager.data, &[]);
    assert_eq!((code, differences(&report)), (0, vec![]), "{report}");
    let mut there = members(shop, "Sites");
    there.sort();
    assert_eq!(there, ["pc3", "pc4"]);
    let (report, code) = sync(&manager.data, &[]);
    assert_eq!((code, changed(&report)), (0, 0), "{report}");
    let record = shop.json(&["audit", "list"]);
    let writes = record.to_string().matches("move computer ").count();
    assert_eq!(writes, 2, "{record}");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_managing_server_is_killed_while_computers_are_put_into_groups() {
    let folder = tempfile::tempdir().expect("a folder");
    let Deep { manager, shop, service, _others, .. } = deep(&folder).await;
    service.hold(ADDS);
    let _run = Watched::start(&manager, &[]);
    service.wait();
    let manager = manager.kill();
    // The Linkage carries out the order that it has.
    service.release();
    completed(&manager.start_again(), &shop);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_link_between_two_linkages_is_cut_while_computers_are_put_into_groups() {
    let folder = tempfile::tempdir().expect("a folder");
    let Deep { manager, shop, link, service, _others } = deep(&folder).await;
    service.hold(ADDS);
    let run = Watched::start(&manager, &[]);
    service.wait();
    link.cut();
    let (report, code) = run.end();
    assert_eq!((code, states(&report)), (1, "in_step in_step not_reached".to_owned()), "{report}");
    service.release();
    link.mend();
    let is_reached = || {
        let shown = manager.json(&["wsus", "show"]);
        shown["servers"].as_array().expect("servers").iter().all(|one| one["reached"] == true)
    };
    eventually(is_reached).await;
    completed(&manager, &shop);
}

#[tokio::test(flavor = "multi_thread")]
async fn who_began_a_plan_is_on_the_record_when_the_managing_server_is_killed() {
    let folder = tempfile::tempdir().expect("a folder");
    let manager = Node::start(&folder, "hq", "\"manager\"", None);
    let top = Node::start(&folder, "top", "\"update-server\"", None);
    let service = Gate::before(top.server.updates_url());
    let wsus = administered(&folder, &service.url(top.server.updates_url()));
    let linkage = Node::start_with(&folder, "top-linkage", "\"linkage\"", &wsus);
    manager.done(&["wsus", "link", &linkage.linkage_url(), "--code", &linkage.code()]);
    top.computer(2).await;
    manager.done(&["hostgroup", "create", "Sites", "--host", "pc2"]);

    service.hold("ExecuteSPCreateTargetGroup");
    let mut apply = Command::new(HEADWATER);
    let apply = apply.args(["wsus", "group", "apply", "--group", "Sites", "--data"]).arg(&manager.data);
    let mut apply = apply.stdout(Stdio::null()).stderr(Stdio::null()).spawn().expect("starts");
    service.wait();
    let manager = manager.kill();
    service.release();
    assert!(!apply.wait().expect("ends").success());
    let manager = manager.start_again();
    let record = || manager.json(&["audit", "list"]).to_string();
    let begun = record();
    assert!(begun.contains("begun for 1 group: 1 member to add, 0 members to remove"), "{begun}");
    assert!(!begun.contains("apply group plan"), "{begun}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_run_after_a_stop_says_at_once_what_it_waits_for() {
    let folder = tempfile::tempdir().expect("a folder");
    let Deep { manager, shop, service, _others, .. } = deep(&folder).await;
    service.hold(ADDS);
    let mut first = Watched::start(&manager, &[]);
    service.wait();
    manager.done(&["wsus", "sync", "stop"]);
    let said = "what this server was last asked is waited for, two minutes at most";
    first.until(&["shop", "admin stopped the run: ", said]);
    let mut second = Watched::start(&manager, &[]);
    second.until(&["shop", "waits for run ", "which admin stopped: ", said]);
    service.release();
    // The call that was waited for was the last one that the stopped run had to make.
    let (one, other) = (first.end().0, second.end().0);
    for report in [&one, &other] {
        assert_eq!(states(report), "in_step in_step in_step", "{report}");
    }
    assert_ne!(one["run"], other["run"]);
    completed(&manager, &shop);
}
