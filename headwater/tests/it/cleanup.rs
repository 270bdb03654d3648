//! What nobody needs any more leaves a tree: declined at the top, deleted from the lowest server up, by
//! processes that are killed in between.

use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;

use headwater_model::UpdateId;
use headwater_simulated_agent::{Agent, Event};
use headwater_testkit::builders::{Update, id};
use headwater_testkit::client_id;
use headwater_wsus::wusp::DeploymentAction;
use serde_json::Value;
use tempfile::TempDir;

use crate::memberships::lower;
use crate::process::{HEADWATER, kills, seeded};
use crate::tree::{Node, administered, eventually, exit, linked_with_updates, members, pair, states, sync};

/// Replaced by the next one, which is to stay.
const OLD: u32 = 10;
const NEW: u32 = 11;
/// A bundle that is replaced, with its part, and one that another one requires.
const BUNDLE: u32 = 12;
const PART: u32 = 13;
const REQUIRED: u32 = 14;
const REQUIRING: u32 = 15;
/// Replaced, and a computer needs it.
const NEEDED: u32 = 16;

fn documents() -> TempDir {
    let updates = [
        Update::product(2, "Product"),
        Update::detectoid(3, "Has it"),
        Update::software(OLD, "Old").in_category(2).requires(3).file("old.cab", b"old"),
        Update::member(PART, "Part").file("part.cab", b"part"),
        Update::software(BUNDLE, "Old bundle").in_category(2).bundles(&[PART]),
        Update::software(REQUIRED, "Required").in_category(2),
        Update::software(REQUIRING, "Requiring").in_category(2).requires(REQUIRED),
        Update::software(NEEDED, "Needed").in_category(2),
        Update::software(NEW, "New")
            .in_category(2)
            .supersedes(OLD)
            .supersedes(BUNDLE)
            .supersedes(REQUIRED)
            .supersedes(NEEDED)
            .file("new.cab", b"new"),
    ];
    let folder = tempfile::tempdir().expect("a folder");
    for document in updates.iter().map(Update::document) {
        std::fs::write(folder.path().join(document.file_name()), &document.xml).expect("writes");
    }
    for name in ["old", "part", "new"] {
        std::fs::write(folder.path().join(format!("{name}.cab")), name).expect("writes");
    }
    folder
}

fn ids(list: &Value) -> Vec<UpdateId> {
    let items = list.as_array().expect("a list").iter();
    items.map(|one| one["id"].as_str().expect("an id").parse().expect("an id")).collect()
}

/// Those of the updates that a server has.
fn held(node: &Node, updates: &[u32]) -> Vec<u32> {
    let has = |number: &u32| exit(&node.data, &["update", "show", &id(*number).to_string()]) == 0;
    updates.iter().copied().filter(has).collect()
}

fn content_files(node: &Node) -> usize {
    let folders = std::fs::read_dir(node.data.join("content/files")).expect("a folder");
    folders.map(|folder| std::fs::read_dir(folder.expect("a folder").path()).expect("a folder").count()).sum()
}

fn installs(agent: &Agent, number: u32) -> bool {
    agent.action(id(number)) == Some(DeploymentAction::Install)
}

/// A plan in a file, for what is obsolete at all.
fn preview(manager: &Node, file: &Path) -> Value {
    let file = file.to_str().expect("a path");
    let at_once = ["--superseded-days", "0", "--declined-days", "0", "--save", file];
    manager.json(&[&["wsus", "cleanup", "preview"], &at_once[..]].concat())
}

#[tokio::test(flavor = "multi_thread")]
async fn obsolete_updates_leave_the_tree_from_the_lowest_server_up() {
    check(Linkage::InTheServer, kills()).await;
}

/// As it would be before a Microsoft WSUS.
#[tokio::test(flavor = "multi_thread")]
async fn obsolete_updates_leave_through_the_administration_service() {
    check(Linkage::BeforeIt, 1).await;
}

/// Where the Linkage of the lower server is.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Linkage {
    InTheServer,
    BeforeIt,
}

async fn check(of_berlin: Linkage, kills: u64) {
    let folder = tempfile::tempdir().expect("a folder");
    let documents = documents();
    let import = documents.path().to_str().expect("a path");
    let mut manager = Node::start(&folder, "hq", "\"manager\"", None);
    let top = Node::wsus(&folder, "top", None);
    top.done(&["update", "import", import]);
    let (berlin, before) = match of_berlin {
        Linkage::InTheServer => (Node::wsus(&folder, "berlin", Some(&top)), None),
        Linkage::BeforeIt => {
            let berlin = Node::start_with(&folder, "berlin", "\"update-server\"", "");
            berlin.done(&["upstream", "set", top.server.updates_url(), "--replica"]);
            berlin.done(&["upstream", "sync", "--wait"]);
            let more = format!(
                "parent = \"{}\"\n{}",
                top.linkage_url(),
                administered(&folder, berlin.server.updates_url())
            );
            (berlin, Some(Node::start_with(&folder, "berlin-linkage", "\"linkage\"", &more)))
        }
    };
    manager.done(&["wsus", "link", &top.linkage_url(), "--code", &top.code()]);
    pair(&manager, &berlin, before.as_ref().unwrap_or(&berlin)).await;
    manager.done(&["update", "approve", &id(NEW).to_string(), "--group", "All Computers"]);
    assert_eq!(sync(&manager.data, &[]).1, 0);
    let mut agent = berlin.computer(1).await;
    assert!(installs(&agent, NEW) && agent.cached(id(OLD)).is_some());
    agent.report(&[Event::inventory(&[('U', &[id(NEEDED)])])]).await.expect("reports");

    // By itself nothing is obsolete for long enough; at once, but for what is needed.
    let plan = manager.json(&["wsus", "cleanup", "preview"]);
    assert_eq!((ids(&plan["decline"]), ids(&plan["delete"])), (vec![], vec![]), "{plan}");
    let file = folder.path().join("plan.json");
    let needs = || preview(&manager, &file)["kept"].to_string().contains("computers need it");
    eventually(needs).await;
    let plan = preview(&manager, &file);
    assert_eq!(ids(&plan["decline"]), [OLD, BUNDLE, REQUIRED].map(id), "{plan}");
    assert_eq!(ids(&plan["kept"]), [id(NEEDED)], "{plan}");
    // Of another state: somebody approved one of them.
    let apply = ["wsus", "cleanup", "apply", file.to_str().expect("a path")];
    manager.done(&["update", "approve", &id(OLD).to_string(), "--group", "All Computers"]);
    assert_eq!(exit(&manager.data, &apply), 1);
    manager.done(&["update", "unapprove", &id(OLD).to_string(), "--group", "All Computers"]);
    manager.done(&apply);
    for node in [&top, &berlin] {
        let declined = node.json(&["update", "list", "--declined"]);
        assert_eq!(declined["total"], 3, "{declined}");
    }

    // What is declined everywhere is to go, but for what another one requires.
    let plan = preview(&manager, &file);
    assert_eq!(
        (ids(&plan["decline"]), ids(&plan["delete"])),
        (vec![], [OLD, BUNDLE].map(id).into()),
        "{plan}"
    );
    let servers = plan["servers"].as_array().expect("servers").iter();
    let servers: Vec<_> = servers.map(|one| (one["name"].as_str(), one["delete"].as_u64())).collect();
    assert_eq!(servers, [(Some("berlin.test.example"), Some(2)), (Some("top.test.example"), Some(2))]);
    let kept = plan["kept"].to_string();
    assert!(kept.contains("requires or bundles it") && kept.contains("\"Required\""), "{kept}");
    // While the lower one is not reached, nothing is deleted anywhere.
    let berlin = berlin.kill();
    let unreached = preview(&manager, &folder.path().join("other.json"));
    assert_eq!(ids(&unreached["delete"]), [], "{unreached}");
    let berlin = berlin.start_again();
    eventually(|| preview(&manager, &file)["delete"].as_array().map(Vec::len) == Some(2)).await;

    let gone = [OLD, BUNDLE, PART];
    assert_eq!((held(&top, &gone), content_files(&top)), (gone.to_vec(), 3));
    manager.done(&apply);
    assert_eq!((held(&top, &gone), held(&berlin, &gone)), (vec![], vec![]));
    assert_eq!(held(&top, &[NEW, REQUIRED, REQUIRING, NEEDED]), [NEW, REQUIRED, REQUIRING, NEEDED]);
    assert_eq!(content_files(&top), 1, "the files of what is gone are gone");
    let when = |node: &Node| {
        let done = node.json(&["audit", "list"]);
        let done = done["items"].as_array().expect("entries").iter();
        done.filter(|one| one["what"] == "delete update").map(|one| one["at"].to_string()).collect::<Vec<_>>()
    };
    let (at_top, below) = (when(&top), when(&berlin));
    assert_eq!((at_top.len(), below.len()), (3, 3));
    assert!(below.iter().max() < at_top.iter().min(), "{below:?} {at_top:?}");

    // It is over: in step, nothing comes back, and the agent has what it is to have.
    berlin.done(&["upstream", "sync", "--wait"]);
    assert!(held(&berlin, &gone).is_empty());
    let (report, code) = sync(&manager.data, &["--dry-run"]);
    assert_eq!((code, states(&report)), (0, "in_step in_step".to_owned()), "{report}");
    agent.scan().await.expect("scans");
    assert!(installs(&agent, NEW) && gone.iter().all(|number| agent.cached(id(*number)).is_none()));
    assert_eq!(exit(&manager.data, &apply), 1, "the plan is of another state");
    let again = preview(&manager, &file);
    assert_eq!((ids(&again["decline"]), ids(&again["delete"])), (vec![], vec![]), "{again}");

    // What comes back is declined still. Killed at seeded moments, the same plan goes on to its end.
    let mut random = seeded(11);
    for _ in 0..kills {
        top.done(&["update", "import", import]);
        assert_eq!(sync(&manager.data, &[]).1, 0);
        let plan = preview(&manager, &file);
        assert_eq!(ids(&plan["delete"]), [OLD, BUNDLE].map(id), "{plan}");
        let mut running = Command::new(HEADWATER);
        let running = running.args(apply).arg("--data").arg(&manager.data);
        let mut running = running.stdout(Stdio::null()).stderr(Stdio::null()).spawn().expect("starts");
        std::thread::sleep(Duration::from_millis(random(500)));
        manager = manager.kill().start_again();
        running.wait().expect("ends");
        // Done already, or done now.
        let is_left = !held(&top, &gone).is_empty() || !held(&berlin, &gone).is_empty();
        assert!(exit(&manager.data, &apply) == 0 || !is_left);
        assert_eq!((held(&top, &gone), held(&berlin, &gone)), (vec![], vec![]));
    }
}

/// Who is silent is deleted where it reports, unless it speaks before that, and is known again once it does.
async fn silent_computers(of_berlin: Linkage) {
    let folder = tempfile::tempdir().expect("a folder");
    let (manager, top) = linked_with_updates(&folder);
    let (berlin, linkage) = lower(&folder, &top, &manager, of_berlin == Linkage::BeforeIt).await;
    top.computer(1).await;
    top.computer(2).await;
    for number in [3, 4] {
        berlin.computer(number).await;
    }
    let mut fourth = berlin.computer(4).await;
    let hosts = [3, 4].map(client_id);
    manager.done(&["hostgroup", "create", "Berlin", "--host", &hosts[0], "--host", &hosts[1]]);
    manager.done(&["wsus", "group", "apply", "--group", "Berlin"]);
    assert_eq!(sync(&manager.data, &[]).1, 0);
    assert_eq!(members(&berlin, "Berlin"), ["pc3", "pc4"]);

    // Everybody has just been in contact.
    let silent = |plan: &Value| {
        let computers = plan["computers"].as_array().expect("computers").iter();
        let mut names: Vec<_> =
            computers.map(|one| one["name"].as_str().expect("a name").to_owned()).collect();
        names.sort_unstable();
        names.iter().map(|name| name.replace(".test.example", "")).collect::<Vec<_>>()
    };
    assert_eq!(silent(&manager.json(&["wsus", "cleanup", "preview"])), [""; 0]);
    let file = folder.path().join("plan.json");
    let file = file.to_str().expect("a path");
    let preview = || manager.json(&["wsus", "cleanup", "preview", "--silent-days", "0", "--save", file]);
    // Of a server that is not reached nobody is deleted.
    let (berlin, linkage) = match linkage {
        Some(linkage) => {
            let linkage = linkage.kill();
            let plan = preview();
            assert_eq!(silent(&plan), ["pc1", "pc2"], "{plan}");
            assert!(plan["servers"].to_string().contains("it is not reached"), "{plan}");
            (berlin, Some(linkage.start_again()))
        }
        None => (berlin, None),
    };
    eventually(|| silent(&preview()) == ["pc1", "pc2", "pc3", "pc4"]).await;
    let plan = preview();
    let count = |name: &str| {
        let servers = plan["servers"].as_array().expect("servers");
        let server = servers.iter().find(|one| one["name"].as_str().is_some_and(|it| it.starts_with(name)));
        server.and_then(|server| server["computers"].as_u64())
    };
    assert_eq!((count("top"), count("berlin")), (Some(2), Some(2)), "{plan}");

    // One of them makes contact before it is carried out.
    fourth.scan().await.expect("scans");
    let apply = ["wsus", "cleanup", "apply", file];
    manager.done(&apply);
    let there = |node: &Node| {
        let listed = node.json(&["computer", "list"]);
        let listed = listed["items"].as_array().expect("computers").iter();
        let mut names: Vec<_> = listed.map(|one| one["name"].as_str().expect("a name").to_owned()).collect();
        names.sort_unstable();
        names
    };
    assert_eq!(there(&berlin), ["pc4.test.example"]);
    // The top is told by the server that they reported to.
    eventually(|| there(&top) == ["pc4.test.example"]).await;
    let done = manager.json(&["audit", "list"]).to_string();
    assert!(done.contains(" computers to delete"), "{done}");

    // It is in its groups again when it comes back, though no run goes before.
    let manager = manager.kill();
    berlin.computer(3).await;
    // In the order in which they became known.
    eventually(|| members(&berlin, "Berlin") == ["pc4", "pc3"]).await;
    let manager = manager.start_again();
    eventually(|| exit(&manager.data, &apply) == 0).await;
    assert_eq!(there(&berlin), ["pc3.test.example", "pc4.test.example"], "who made contact stays");
    drop(linkage);
}

#[tokio::test(flavor = "multi_thread")]
async fn silent_computers_are_deleted_where_they_report() {
    silent_computers(Linkage::InTheServer).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn silent_computers_are_deleted_through_the_administration_service() {
    silent_computers(Linkage::BeforeIt).await;
}
