//! What is wanted of single servers of the tree: an autonomous one that follows, and time windows.

use std::path::Path;
use std::time::{SystemTime, UNIX_EPOCH};

use headwater_testkit::builders::Update;
use serde_json::Value;
use tempfile::TempDir;

use crate::gate::Gate;
use crate::process::{run, stderr};
use crate::relink::emptied;
use crate::tree::{
    Node, administered, changed, differences, eventually, exit, known_to_all, linked_with_updates, pair,
    states, sync,
};

/// An autonomous server below the top, and its Linkage, which stands before it or in its process.
async fn autonomous(
    folder: &TempDir,
    top: &Node,
    manager: &Node,
    speaks_the_service: bool,
) -> (Node, Option<Node>) {
    let parent = format!("parent = \"{}\"\n", top.linkage_url());
    let roles = if speaks_the_service { "\"update-server\"" } else { "\"update-server\", \"linkage\"" };
    let shop = Node::start_with(folder, "shop", roles, if speaks_the_service { "" } else { &parent });
    shop.done(&["upstream", "set", top.server.updates_url(), "--autonomous"]);
    shop.done(&["upstream", "sync", "--wait"]);
    let linkage = speaks_the_service.then(|| {
        let more = format!("{parent}{}", administered(folder, shop.server.updates_url()));
        Node::start_with(folder, "shop-linkage", "\"linkage\"", &more)
    });
    pair(manager, &shop, linkage.as_ref().unwrap_or(&shop)).await;
    (shop, linkage)
}

fn group_id(node: &Node, name: &str) -> Option<String> {
    let groups = node.json(&["group", "list"])["items"].clone();
    let found = groups.as_array().expect("groups").iter().find(|one| one["name"] == name).cloned();
    found.map(|group| group["id"].as_str().expect("an id").to_owned())
}

/// The approvals for a group, `update action`, in order.
fn approved(node: &Node, group: &str) -> usize {
    let groups = node.json(&["group", "list"])["items"].clone();
    let of = |one: &Value| one["name"] == group;
    let found = groups.as_array().expect("groups").iter().find(|one| of(one)).expect("the group").clone();
    usize::try_from(found["approvals"].as_u64().expect("a number")).expect("a number")
}

/// One update more, of a classification that is new.
fn import_more(top: &Node, folder: &Path) {
    let documents = folder.join("more");
    std::fs::create_dir_all(&documents).expect("a folder");
    for update in [
        Update::product(0xF2, "Windows 12"),
        Update::classification(0xF3, "Updates"),
        Update::software(0xF4, "Later").in_category(0xF2).in_category(0xF3),
    ] {
        let document = update.document();
        std::fs::write(documents.join(document.file_name()), document.xml).expect("is written");
    }
    top.done(&["update", "import", &documents.display().to_string()]);
}

async fn check(speaks_the_service: bool) {
    let folder = tempfile::tempdir().expect("a folder");
    let (manager, top) = linked_with_updates(&folder);
    let (shop, _linkage) = autonomous(&folder, &top, &manager, speaks_the_service).await;
    let agents = [top.computer(1).await, shop.computer(2).await];
    let known = known_to_all(&top, &agents);
    let [first, second, third] = [0, 1, 2].map(|at| known[at].id.to_string());

    // What the server has of its own, before anybody follows anything.
    shop.done(&["group", "create", "Own"]);
    shop.done(&["update", "approve", &first, "--group", "Own"]);
    shop.done(&["update", "decline", &third]);
    manager.done(&["hostgroup", "create", "Berlin", "--host", "pc1", "--host", "pc2"]);
    manager.done(&["wsus", "group", "apply", "--group", "Berlin"]);
    manager.done(&["update", "approve", &first, "--group", "Berlin"]);
    manager.done(&["update", "approve", &third, "--group", "Berlin"]);
    assert_eq!(sync(&manager.data, &[]).1, 0);
    assert_eq!(group_id(&shop, "Berlin"), None, "it takes updates only");

    // A replica or the top follows by itself; this one is told to.
    let set = ["wsus", "server", "set"];
    let refused = [&set[..], &["top.test.example", "--follow", "groups,approvals"]].concat();
    assert_eq!(exit(&manager.data, &refused), 1);
    manager.done(&[&set[..], &["shop.test.example", "--follow", "groups,approvals"]].concat());
    let (report, code) = sync(&manager.data, &["--dry-run"]);
    assert_eq!(code, 1, "{report}");
    let found = differences(&report);
    assert!(
        found.iter().all(|(server, text)| server.starts_with("shop") && text.contains("Berlin")),
        "{found:?}"
    );
    let (report, code) = sync(&manager.data, &[]);
    assert_eq!((code, differences(&report)), (0, vec![]), "{report}");
    let (report, code) = sync(&manager.data, &[]);
    assert_eq!((code, changed(&report)), (0, 0), "the second run changes nothing: {report}");

    // The group has the id of the top, its member and the one approval; the decline of its own stands.
    assert_eq!(group_id(&shop, "Berlin"), group_id(&top, "Berlin"));
    assert!(shop.json(&["group", "members", "Berlin"])["items"].to_string().contains("pc2"));
    assert_eq!((approved(&shop, "Berlin"), approved(&shop, "Own")), (1, 1));
    assert_eq!(shop.json(&["update", "show", &third])["state"], "declined");
    let local = report["servers"][1]["local"].to_string();
    assert!(local.contains("1 group, 1 approval, 1 decline"), "{local}");

    // What somebody approves there for the group is taken back, and what is withdrawn at the top too.
    shop.done(&["update", "approve", &second, "--group", "Berlin"]);
    manager.done(&["update", "unapprove", &first, "--group", "Berlin"]);
    assert_eq!(differences(&sync(&manager.data, &["--dry-run"]).0).len(), 2);
    assert_eq!(sync(&manager.data, &[]).1, 0);
    assert_eq!((approved(&shop, "Berlin"), approved(&shop, "Own")), (0, 1));

    // What is halted is withdrawn there without a run, for it synchronises no approvals.
    manager.done(&["update", "approve", &second, "--group", "Berlin"]);
    assert_eq!(sync(&manager.data, &[]).1, 0);
    assert_eq!(approved(&shop, "Berlin"), 1);
    manager.done(&["update", "halt", &second]);
    eventually(|| approved(&shop, "Berlin") == 0).await;
    assert_eq!(approved(&shop, "Own"), 1, "its own approvals stay");
    // Whoever approves it there again does so for nobody.
    shop.done(&["update", "approve", &second, "--group", "Berlin"]);
    eventually(|| approved(&shop, "Berlin") == 0).await;
    assert_eq!(approved(&shop, "Own"), 1);

    // A group of its own in the way of another one is named, and left.
    shop.done(&["group", "create", "Cellar"]);
    manager.done(&["hostgroup", "create", "Cellar", "--host", "pc2"]);
    manager.done(&["wsus", "group", "apply", "--group", "Cellar"]);
    let (report, code) = sync(&manager.data, &[]);
    let said = differences(&report);
    assert!(
        code == 1 && said.iter().any(|(_, text)| text.contains("a group of its own with that name")),
        "{said:?}"
    );
    manager.done(&[&set[..], &["shop.test.example", "--follow", "nothing"]].concat());
    assert_eq!(sync(&manager.data, &[]).1, 0, "nobody follows any more");

    // What it does not take from now on it does not miss.
    shop.done(&["upstream", "filter", "--classification", "Security Updates"]);
    import_more(&top, folder.path());
    let (report, code) = sync(&manager.data, &[]);
    assert_eq!((code, differences(&report)), (0, vec![]), "{report}");
    let local = report["servers"][1]["local"].to_string();
    assert!(local.contains("1 update that its subscription, or one above it, leaves out"), "{local}");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_autonomous_server_follows_the_managed_groups_and_keeps_its_own() {
    check(false).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_autonomous_server_follows_through_the_administration_service() {
    check(true).await;
}

/// A time of the day that is hours away, by whichever clock.
fn in_some_hours() -> String {
    let since_1970 = SystemTime::now().duration_since(UNIX_EPOCH).expect("a time");
    let hour = since_1970.as_secs() / 3_600 + 12;
    format!("{:02}:59", hour % 24)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_whose_window_is_closed_is_left_for_later() {
    let folder = tempfile::tempdir().expect("a folder");
    let (manager, top) = linked_with_updates(&folder);
    let berlin = Node::wsus(&folder, "berlin", Some(&top));
    pair(&manager, &berlin, &berlin).await;
    // The group comes to a replica by itself; its member is written by a run.
    berlin.computer(2).await;
    manager.done(&["hostgroup", "create", "Night", "--host", "pc2"]);
    manager.done(&["wsus", "group", "apply", "--group", "Night"]);
    berlin.done(&["upstream", "sync", "--wait"]);

    let set = |window: &'static str| ["wsus", "server", "set", "berlin.test.example", "--window", window];
    let wrong = run(&manager.data, &set("22-05"));
    assert!(stderr(&wrong).contains("write it as 22:00-05:00"), "{}", stderr(&wrong));
    // Whatever the time is, one half of the day is over or has not begun.
    let is_closed = |window: &&'static str| {
        manager.done(&set(window));
        sync(&manager.data, &["--keep-windows", "--dry-run"]).0["servers"][1]["problem"].is_string()
    };
    let window = ["00:00-12:00", "12:00-00:00"].into_iter().find(is_closed).expect("one of them");
    assert_eq!(manager.json(&["wsus", "show"])["servers"][1]["window"], window);

    // As by schedule: nothing is written there, and that is said.
    let (report, code) = sync(&manager.data, &["--keep-windows"]);
    assert_eq!((code, changed(&report), states(&report)), (1, 0, "in_step differs".to_owned()), "{report}");
    let why = report["servers"][1]["problem"].to_string();
    assert!(why.contains(window) && why.contains("left for later"), "{why}");
    assert_eq!(berlin.json(&["group", "members", "Night"])["items"], Value::Array(vec![]));
    // For the one server, as whoever stands before it asks the managing server; its own Linkage knows one alone.
    assert_eq!(states(&sync(&manager.data, &["--at", "top.test.example"]).0), "in_step");
    let refused = run(&berlin.data, &["wsus", "sync", "--at", "berlin.test.example"]);
    assert!(stderr(&refused).contains("name the managing server with"), "{}", stderr(&refused));
    // By hand: it goes on.
    let (report, code) = sync(&manager.data, &[]);
    assert_eq!((code, states(&report)), (0, "in_step in_step".to_owned()), "{report}");
    manager.done(&set("always"));
    assert_eq!(manager.json(&["wsus", "show"])["servers"][1]["window"], Value::Null);

    // What a scheduled run left for later is not forgotten when the managing server stops.
    manager.done(&set(window));
    assert_eq!(sync(&manager.data, &["--keep-windows"]).1, 0, "it is compared");
    manager.done(&["wsus", "schedule", "set", &in_some_hours()]);
    let manager = manager.kill().start_again();
    manager.done(&set("always"));
    eventually(|| manager.json(&["wsus", "history"])["items"][0]["started_by"] == "schedule").await;
}

/// A WSUS that tells all but its computers.
#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_does_not_tell_its_computers_is_not_called_in_step() {
    let folder = tempfile::tempdir().expect("a folder");
    let (manager, top) = linked_with_updates(&folder);
    let wsus = Node::start(&folder, "berlin", "\"update-server\"", None);
    wsus.done(&["upstream", "set", top.server.updates_url(), "--replica"]);
    wsus.done(&["upstream", "sync", "--wait"]);
    let garbled = ("ExecuteSPSearchComputersResult>", "ExecuteSPSearchCamputersResult>");
    let service = Gate::telling(wsus.server.updates_url(), Some(garbled));
    let service = administered(&folder, &service.url(wsus.server.updates_url()));
    let more = format!("parent = \"{}\"\n{service}", top.linkage_url());
    let linkage = Node::start_with(&folder, "berlin-linkage", "\"linkage\"", &more);
    pair(&manager, &wsus, &linkage).await;

    let soon = in_some_hours();
    let window = format!("{}:58-{soon}", &soon[..2]);
    manager.done(&["wsus", "server", "set", "berlin.test.example", "--window", &window]);
    for options in [&["--dry-run"] as &[&str], &["--keep-windows"], &[]] {
        let (report, code) = sync(&manager.data, options);
        assert_eq!((code, states(&report)), (1, "in_step failed".to_owned()), "{options:?}: {report}");
        let why = report["servers"][1]["problem"].to_string();
        assert!(why.contains("ExecuteSPSearchComputers"), "{options:?}: {why}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn policies_that_are_meant_to_group_computers_are_no_difference() {
    let folder = tempfile::tempdir().expect("a folder");
    let (manager, top) = linked_with_updates(&folder);
    // The end of the line of roles is a comment.
    let roles = "\"update-server\", \"linkage\"]\ntargeting = \"client\" #";
    let lab = Node::start(&folder, "lab", roles, Some(&top));
    lab.done(&["upstream", "set", top.server.updates_url(), "--replica"]);
    lab.done(&["upstream", "sync", "--wait"]);
    pair(&manager, &lab, &lab).await;
    lab.computer(2).await;
    manager.done(&["hostgroup", "create", "Night", "--host", "pc2"]);
    manager.done(&["wsus", "group", "apply", "--group", "Night"]);
    let (report, code) = sync(&manager.data, &[]);
    let found = differences(&report);
    assert!(code == 1 && found.iter().any(|(_, text)| text.contains("policy")), "{report}");
    let set = |meant| {
        manager.done(&["wsus", "server", "set", "lab.test.example", "--client-targeting", meant]);
        sync(&manager.data, &["--dry-run"]).1
    };
    assert_eq!((set("yes"), set("no"), set("yes")), (0, 1, 0));
    assert_eq!(manager.json(&["wsus", "show"])["servers"][1]["client_targeting"], true);
}

/// A server that is not, or no more, in the linked tree is named with what to do, and nobody else suffers from it.
#[tokio::test(flavor = "multi_thread")]
async fn what_leaves_the_tree_is_listed_and_left_alone() {
    let folder = tempfile::tempdir().expect("a folder");
    let (manager, top) = linked_with_updates(&folder);
    // Its Linkage waits at the top's, its WSUS takes from another one.
    let other = Node::start(&folder, "other", "\"update-server\"", None);
    let lost = Node::start(&folder, "lost", "\"update-server\", \"linkage\"", Some(&top));
    lost.done(&["upstream", "set", other.server.updates_url(), "--replica"]);
    lost.done(&["upstream", "sync", "--wait"]);
    let shop = Node::wsus(&folder, "shop", Some(&lost));
    let waits = || manager.json(&["wsus", "show"])["joining"].to_string().contains("lost.test.example");
    eventually(waits).await;
    let pairing = ["wsus", "pair", "lost.test.example", "--code", &lost.code()];
    let refused = run(&manager.data, &pairing);
    let said = stderr(&refused);
    assert!(said.contains("is not in the linked tree: it takes from http://"), "{said}");
    assert!(said.contains("upstream set"), "{said}");
    // It waits again, with another code; and takes from the tree it is paired, with the one below it.
    lost.done(&["upstream", "set", top.server.updates_url(), "--replica"]);
    lost.done(&["upstream", "sync", "--wait"]);
    pair(&manager, &lost, &lost).await;
    pair(&manager, &shop, &shop).await;
    let (report, code) = sync(&manager.data, &[]);
    assert_eq!((code, states(&report)), (0, "in_step in_step in_step".to_owned()), "{report}");

    lost.done(&["upstream", "set", other.server.updates_url(), "--replica"]);
    lost.done(&["upstream", "sync", "--wait"]);
    let runs = || lost.json(&["upstream", "history"]).to_string();
    let outside = |shown: &Value| -> String {
        let all = shown["outside"].as_array().cloned().unwrap_or_default();
        all.iter().map(|one| format!("{} {}\n", one["name"], one["why"])).collect()
    };
    let shown = manager.json(&["wsus", "show"]);
    let names = outside(&shown);
    assert!(names.contains("lost.test.example") && names.contains("it takes from http://"), "{shown}");
    assert!(names.contains("it takes from lost.test.example, which is outside the link"), "{shown}");
    assert!(names.contains("headwater wsus revoke lost.test.example"), "{shown}");
    let doctor = run(&manager.data, &["wsus", "doctor"]);
    let doctor = String::from_utf8_lossy(&doctor.stdout).into_owned();
    assert!(doctor.contains("lost.test.example is outside the link"), "{doctor}");
    // The others are in step, the mirror is read, and a halt lets nobody outside synchronise.
    let (report, code) = sync(&manager.data, &[]);
    assert_eq!((code, states(&report)), (0, "in_step".to_owned()), "{report}");
    let refused = run(&manager.data, &["wsus", "sync", "--at", "lost.test.example"]);
    assert!(stderr(&refused).contains("is outside the link"), "{}", stderr(&refused));
    let before = runs();
    let update = top.json(&["update", "list", "--limit", "1"])["items"][0]["id"].clone();
    manager.done(&["update", "halt", update.as_str().expect("an id")]);
    assert_eq!(runs(), before);
    // It comes back as it went.
    lost.done(&["upstream", "set", top.server.updates_url(), "--replica"]);
    lost.done(&["upstream", "sync", "--wait"]);
    let (report, code) = sync(&manager.data, &[]);
    assert_eq!((code, states(&report)), (0, "in_step in_step in_step".to_owned()), "{report}");

    // A server that was rebuilt behind its Linkage is named, and is not taken for the one that was paired.
    let shop = emptied(shop.kill(), &["linkage.json"]);
    shop.done(&["upstream", "set", lost.server.updates_url(), "--replica"]);
    shop.done(&["upstream", "sync", "--wait"]);
    let (report, code) = sync(&manager.data, &[]);
    let said = report["servers"].to_string();
    assert!(code != 0 && states(&report).starts_with("in_step in_step "), "{report}");
    assert!(said.contains("another WSUS than the one that was paired answers"), "{report}");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_subscription_leaves_out_is_no_difference() {
    let folder = tempfile::tempdir().expect("a folder");
    let (manager, top) = linked_with_updates(&folder);
    let shop = Node::start(&folder, "shop", "\"update-server\", \"linkage\"", Some(&top));
    shop.done(&["upstream", "set", top.server.updates_url(), "--autonomous"]);
    shop.done(&["upstream", "filter", "--classification", "Security Updates"]);
    shop.done(&["upstream", "sync", "--wait"]);
    // What does not come to the one does not come to the one below it.
    let kiosk = Node::wsus(&folder, "kiosk", Some(&shop));
    for node in [&shop, &kiosk] {
        pair(&manager, node, node).await;
    }
    let updates = |node: &Node| {
        let all = node.json(&["update", "list", "--limit", "200"])["items"].clone();
        // Parts of bundles come with what needs them, and are not compared.
        all.as_array().expect("updates").iter().filter(|one| one["state"] != "implicit").count()
    };
    let left_out = updates(&top) - updates(&shop);
    assert!(left_out > 0 && updates(&shop) > 0 && updates(&kiosk) == updates(&shop));
    let (report, code) = sync(&manager.data, &[]);
    assert_eq!((code, states(&report)), (0, "in_step in_step in_step".to_owned()), "{report}");
    let said = format!("{left_out} updates that its subscription, or one above it, leaves out");
    for server in [1, 2] {
        assert_eq!(report["servers"][server]["local"], said, "{report}");
    }
    // It takes all from now on, and nothing is left out any more.
    shop.done(&["upstream", "filter", "--all"]);
    let (report, code) = sync(&manager.data, &[]);
    assert_eq!((code, &report["servers"][2]["local"]), (0, &Value::Null), "{report}");
    assert_eq!(updates(&kiosk), updates(&top));
}
