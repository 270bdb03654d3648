//! The linked WSUS is lost, and a rebuilt or promoted one takes its place: agents are offered exactly what was
//! approved before.

use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;

use headwater_browser::Browser;
use headwater_model::UpdateIdentity;
use headwater_simulated_agent::Agent;
use serde_json::Value;
use tempfile::TempDir;

use crate::console::Console;
use crate::drift::check_offers;
use crate::process::{HEADWATER, catalogue, documents, run, stderr};
use crate::site::Site;
use crate::tree::{FIRST_PASSWORD, Node, Stopped, differences, eventually, exit, known_to_all, pair, sync};

/// A top with a replica below it, and all that can be decided there.
struct Before {
    folder: TempDir,
    catalogue: TempDir,
    manager: Node,
    top: Site,
    berlin: Site,
    /// The first and the third report at the top, the second in Berlin.
    agents: Vec<Agent>,
    updates: Vec<UpdateIdentity>,
    expected: Vec<Vec<UpdateIdentity>>,
}

const DEADLINE: &str = "2027-12-24T03:00:00Z";

/// `is_before`: each Linkage stands before its WSUS and speaks only the administration service.
async fn before(is_before: bool) -> Before {
    let folder = tempfile::tempdir().expect("a folder");
    let catalogue = catalogue(120);
    let manager = Node::start(&folder, "hq", "\"manager\"", None);
    let top = Site::start(&folder, "top", is_before, None);
    top.done(&["update", "import", &documents(&catalogue)]);
    for group in ["Pilot", "Berlin"] {
        top.done(&["group", "create", group]);
    }
    let berlin = Site::start(&folder, "berlin", is_before, Some(&top));
    manager.done(&["wsus", "link", &top.linkage_url(), "--code", &top.code()]);
    pair(&manager, &berlin, berlin.linkage()).await;
    manager.done(&["hostgroup", "import", "--from-wsus"]);
    let mut agents = vec![top.computer(1).await, berlin.computer(2).await, top.computer(3).await];
    manager.done(&["hostgroup", "add", "Pilot", "pc1"]);
    manager.done(&["hostgroup", "add", "Berlin", "pc2"]);
    // A group that nobody made here, beneath another: what is approved for that one holds for its members too.
    top.done(&["group", "create", "Lab", "--parent", "Pilot"]);
    top.computer(4).await;
    for computer in ["pc3.test.example", "pc4.test.example"] {
        top.done(&["computer", "move", computer, "--group", "Lab"]);
    }
    let updates = known_to_all(&top, &agents);
    let [for_all, for_pilot, for_berlin, for_lab, declined] = updates[..5] else { panic!("{updates:?}") };
    let approve = |update: UpdateIdentity, group: &str, more: &[&str]| {
        let id = update.id.to_string();
        manager.done(&[&["update", "approve", &id, "--group", group], more].concat());
    };
    approve(for_all, "All Computers", &[]);
    approve(for_pilot, "Pilot", &["--deadline", DEADLINE]);
    approve(for_berlin, "Berlin", &[]);
    approve(for_lab, "Lab", &[]);
    manager.done(&["update", "decline", &declined.id.to_string()]);
    let (report, code) = sync(&manager.data, &[]);
    assert_eq!((code, differences(&report)), (0, vec![]), "{report}");
    let expected =
        vec![vec![for_all, for_pilot], vec![for_all, for_berlin], vec![for_all, for_pilot, for_lab]];
    check_offers(&mut agents, &updates, &expected).await;
    eventually(|| is_mirrored(&manager)).await;
    Before { folder, catalogue, manager, top, berlin, agents, updates, expected }
}

/// Whether all of it was read.
fn is_mirrored(manager: &Node) -> bool {
    let items = |arguments: &[&str]| match manager.json(arguments)["items"].take() {
        Value::Array(items) => items,
        other => panic!("no list: {other}"),
    };
    let computers = items(&["computer", "list"]);
    let is_in = |computer: &&Value, group: &str| computer["groups"].to_string().contains(group);
    let in_groups =
        ["Pilot", "Berlin", "Lab"].map(|group| computers.iter().filter(|one| is_in(one, group)).count());
    let decided =
        ["--approval=approved", "--declined"].map(|filter| items(&["update", "list", filter]).len());
    (in_groups, decided) == ([1, 1, 2], [4, 1])
}

/// It stands empty at the same address.
pub(super) fn emptied(stopped: Stopped, kept: &[&str]) -> Node {
    for entry in std::fs::read_dir(&stopped.data).expect("a folder") {
        let path = entry.expect("an entry").path();
        if kept.iter().any(|name| path.ends_with(name)) {
            continue;
        }
        match path.is_dir() {
            true => std::fs::remove_dir_all(path).expect("is lost"),
            false => std::fs::remove_file(path).expect("is lost"),
        }
    }
    stopped.start_again()
}

/// With a Linkage that nobody knows.
fn installed_anew(linkage: Node) -> Node {
    let stopped = linkage.kill();
    std::fs::remove_file(stopped.data.join("linkage.json")).expect("is lost");
    stopped.start_again()
}

/// How many steps of each kind a plan has: groups, declines, approvals, members.
fn steps(plan: &Value) -> [usize; 4] {
    let steps = plan["steps"].as_array().expect("steps");
    let of = |kind: &str| steps.iter().filter(|step| step["do"] == kind).count();
    let found = [of("create_group"), of("decline"), of("approve"), of("add_member")];
    assert_eq!(found.iter().sum::<usize>(), steps.len(), "{plan}");
    found
}

fn said(data: &Path, arguments: &[&str]) -> String {
    stderr(&run(data, arguments)).split_whitespace().collect::<Vec<_>>().join(" ")
}

#[tokio::test(flavor = "multi_thread")]
async fn a_top_that_was_built_anew_gets_all_that_was_decided() {
    built_anew(false).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_top_that_was_built_anew_gets_it_through_the_administration_service() {
    built_anew(true).await;
}

async fn built_anew(is_before: bool) {
    let Before { folder, catalogue, manager, top, berlin, mut agents, updates, expected } =
        before(is_before).await;
    let Site { wsus, before } = top;
    let top =
        Site { wsus: emptied(wsus.kill(), &[]), before: before.map(|linkage| emptied(linkage.kill(), &[])) };
    top.done(&["update", "import", &documents(&catalogue)]);
    // Its Linkage is another one: the linked WSUS is not reached, and what was read stays.
    let why = said(&manager.data, &["wsus", "sync"]);
    assert!(why.contains("is not the one that was paired"), "{why}");
    assert_eq!(exit(&manager.data, &["wsus", "sync"]), 3);
    assert!(is_mirrored(&manager));
    for agent in [0, 2] {
        agents[agent].scan().await.expect("scans");
    }
    let plan = folder.path().join("relink.json").display().to_string();
    let url = top.linkage_url();
    assert!(said(&manager.data, &["wsus", "relink", &url]).contains("name the code that it shows"));
    let preview = ["wsus", "relink", &url, "--code", &top.code(), "--save", &plan];
    let seen = manager.json(&preview);
    assert_eq!(steps(&seen), [3, 1, 4, 2], "{seen:#}");
    let open = seen["open"].to_string();
    assert!(
        open.contains("pc4.test.example is to be in `Lab`: no server of the tree knows it yet"),
        "{open}"
    );
    let groups = top.json(&["group", "list"])["items"].to_string();
    assert!(!groups.contains("Pilot"), "nothing was written: {groups}");

    // What somebody saw otherwise is not written, and who comes later is left for later; a plan that was cut off is
    // completed by the same command.
    let mut other = seen.clone();
    let steps_of_other = other["steps"].as_array_mut().expect("steps");
    let deadline = steps_of_other.iter_mut().find(|step| step["deadline"] == DEADLINE).expect("an approval");
    deadline["deadline"] = Value::Null;
    let other_file = folder.path().join("other.json").display().to_string();
    std::fs::write(&other_file, other.to_string()).expect("is written");
    let refused = said(&manager.data, &["wsus", "relink", "--apply", &other_file]);
    assert!(refused.contains("is to be approved for `Pilot`"), "{refused}");
    assert!(refused.contains("make a new preview"), "{refused}");
    top.computer(4).await;
    let mut manager = manager;
    for moment_ms in [40, 90, 140, 190] {
        let mut applying = Command::new(HEADWATER);
        let applying = applying.args(["wsus", "relink", "--apply", &plan, "--data"]).arg(&manager.data);
        let mut applying = applying.stdout(Stdio::null()).stderr(Stdio::null()).spawn().expect("starts");
        std::thread::sleep(Duration::from_millis(moment_ms));
        manager = manager.kill().start_again();
        applying.wait().expect("ends");
    }
    manager.done(&["wsus", "relink", "--apply", &plan]);
    let again = manager.json(&["wsus", "relink", "--apply", &plan]);
    let open = again["open"].to_string();
    assert!(open.contains("pc4.test.example is to be in `Lab`: it appeared after the preview"), "{again}");
    check_offers(&mut agents[..1], &updates, &expected[..1]).await;
    check_offers(&mut agents[2..], &updates, &expected[2..]).await;
    assert!(manager.json(&["wsus", "show"])["review"].is_null());

    // The server below takes from the new one, and follows.
    eventually(|| manager.json(&["wsus", "show"])["servers"].to_string().contains("berlin")).await;
    eventually(|| sync(&manager.data, &[]).1 == 0).await;
    check_offers(&mut agents, &updates, &expected).await;
    let shown = berlin.json(&["update", "show", &expected[0][1].id.to_string()]);
    assert!(shown["approvals"].to_string().contains(DEADLINE), "{shown}");

    // The computer that came late, and then nothing is left.
    let rest = manager.json(&["wsus", "relink", &url, "--save", &plan]);
    assert_eq!(steps(&rest), [0, 0, 0, 1], "{rest:#}");
    manager.done(&["wsus", "relink", "--apply", &plan]);
    let members = top.json(&["group", "members", "Lab"])["items"].clone();
    assert_eq!(members.as_array().map(Vec::len), Some(2), "{members}");
    assert!(said(&manager.data, &["wsus", "relink", &url]).contains("nothing is left to write"));
    let record = manager.json(&["audit", "list"]).to_string();
    assert_eq!(record.matches("\"relink\"").count(), 2, "{record}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_replica_that_was_promoted_lacks_only_who_reported_above() {
    promoted(false).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_promoted_replica_is_relinked_through_the_administration_service() {
    promoted(true).await;
}

async fn promoted(is_before: bool) {
    let Before { folder, manager, top, berlin, mut agents, updates, expected, .. } = before(is_before).await;
    let shop = Site::start(&folder, "shop", is_before, Some(&berlin));
    pair(&manager, &shop, shop.linkage()).await;
    assert_eq!(sync(&manager.data, &[]).1, 0);
    top.kill();
    let url = berlin.linkage_url();
    assert!(said(&manager.data, &["wsus", "relink", &url]).contains("make it the top one first"));
    berlin.done(&["upstream", "clear"]);
    // The computers of the lost server report here from now on.
    agents[0] = berlin.computer(1).await;
    agents[2] = berlin.computer(3).await;

    let plan = folder.path().join("relink.json").display().to_string();
    // Its Linkage has put the first into its group by itself: that one was kept for later. Of the group that nobody
    // made here it knows nothing.
    eventually(|| steps(&manager.json(&["wsus", "relink", &url])) == [0, 0, 0, 1]).await;
    let seen = manager.json(&["wsus", "relink", &url, "--save", &plan]);
    assert_eq!(steps(&seen), [0, 0, 0, 1], "{seen:#}");
    assert_eq!(seen["open"].as_array().map(Vec::len), Some(1), "{seen:#}");
    manager.done(&["wsus", "relink", "--apply", &plan]);
    check_offers(&mut agents, &updates, &expected).await;
    let (report, code) = sync(&manager.data, &[]);
    assert_eq!((code, differences(&report)), (0, vec![]), "{report}");
    let names: Vec<&Value> =
        report["servers"].as_array().expect("servers").iter().map(|one| &one["name"]).collect();
    assert_eq!(names, ["berlin.test.example", "shop.test.example"]);
    assert_eq!(exit(&manager.data, &["wsus", "doctor"]), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn another_wsus_behind_the_same_linkage_is_under_review() {
    another_wsus(false).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn another_wsus_is_noticed_through_the_administration_service() {
    another_wsus(true).await;
}

async fn another_wsus(is_before: bool) {
    let Before { folder, catalogue, manager, top, berlin: _berlin, mut agents, updates, expected } =
        before(is_before).await;
    let Site { wsus, before } = top;
    let top = Site { wsus: emptied(wsus.kill(), &["linkage.json"]), before };
    let reason = "is another WSUS than the one that was linked";
    for command in [&["wsus", "sync"][..], &["group", "create", "Oslo"], &["wsus", "confirm"]] {
        let said = said(&manager.data, command);
        assert!(said.contains(reason) && said.contains("`headwater wsus relink https://"), "{said}");
    }
    let shown = manager.json(&["wsus", "show"]);
    assert!(shown["review"].as_str().expect("a review").contains(reason), "{shown}");
    assert!(is_mirrored(&manager), "reading goes on");

    // What cannot be approved yet is named, and can be later.
    let plan = folder.path().join("relink.json").display().to_string();
    let relink = ["wsus", "relink", &top.linkage_url(), "--save", &plan];
    let seen = manager.json(&relink);
    assert_eq!((steps(&seen), seen["open"].to_string().matches("not there yet").count()), ([3, 0, 0, 0], 5));
    manager.done(&["wsus", "relink", "--apply", &plan]);
    assert!(manager.json(&["wsus", "show"])["review"].is_null());
    top.done(&["update", "import", &documents(&catalogue)]);
    for agent in [0, 2] {
        agents[agent].scan().await.expect("scans");
    }
    let seen = manager.json(&relink);
    assert_eq!(steps(&seen)[1..3], [1, 4], "{seen:#}");
    manager.done(&["wsus", "relink", "--apply", &plan]);
    eventually(|| sync(&manager.data, &[]).1 == 0).await;
    check_offers(&mut agents, &updates, &expected).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_linked_wsus_behind_a_linkage_that_was_installed_anew_is_linked_again() {
    linkage_installed_anew(false).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_linkage_that_was_installed_anew_before_its_wsus_is_linked_again() {
    linkage_installed_anew(true).await;
}

async fn linkage_installed_anew(is_before: bool) {
    let Before { folder: _folder, manager, top, berlin: _berlin, mut agents, updates, expected, .. } =
        before(is_before).await;
    let Site { wsus, before } = top;
    let top = match before {
        Some(linkage) => Site { wsus, before: Some(installed_anew(linkage)) },
        None => Site { wsus: installed_anew(wsus), before: None },
    };
    assert_eq!(exit(&manager.data, &["wsus", "sync"]), 3);
    let url = top.linkage_url();
    assert!(said(&manager.data, &["wsus", "relink", &url]).contains("name the code that it shows"));
    let relinked = manager.json(&["wsus", "relink", &url, "--code", &top.code()]);
    assert_eq!((steps(&relinked), &relinked["linked"]), ([0; 4], &Value::Bool(true)), "{relinked}");
    assert!(said(&manager.data, &["wsus", "relink", &url]).contains("nothing is left to write"));
    eventually(|| sync(&manager.data, &[]).1 == 0).await;
    check_offers(&mut agents, &updates, &expected).await;
    let record = manager.json(&["audit", "list"]).to_string();
    assert_eq!(record.matches("\"relink\"").count(), 1, "{record}");
}

#[test]
fn a_top_that_was_built_anew_is_taken_on_the_page() {
    let Some(browser) = Browser::start() else { return };
    let runtime = tokio::runtime::Runtime::new().expect("a runtime");
    let Before { folder, catalogue, manager, top, berlin: _berlin, mut agents, updates, expected } =
        runtime.block_on(before(false));
    let top = emptied(top.wsus.kill(), &[]);
    top.done(&["update", "import", &documents(&catalogue)]);
    for agent in [0, 2] {
        runtime.block_on(agents[agent].scan()).expect("scans");
    }
    let Node { server, data, .. } = manager;
    let console = Console::of(browser, server, folder, data, "4 computers.");
    let browser = &console.browser;
    let asks = |code: &str, password: &str| {
        browser.script("document.querySelector('#relink ~ details').open = true");
        browser.type_into("#relink-url", &top.linkage_url());
        browser.type_into("#relink-code", code);
        browser.type_into("#relink-password", password);
        browser.click("form[action='/link/relink'] button");
    };
    console.open("/link");
    asks("", FIRST_PASSWORD);
    browser.wait_text(".banner[role=alert]", "name the code that it shows");
    console.check("relink-refused");
    asks(&top.code(), FIRST_PASSWORD);
    browser.wait_text("h1.verdict", "top.test.example lacks 3 groups, 1 decline, 4 approvals, 2 members.");
    console.check("relink");
    let open = browser.text("main");
    assert!(open.contains("pc4.test.example is to be in Lab: no server of the tree knows it yet"), "{open}");
    let groups = top.json(&["group", "list"])["items"].to_string();
    assert!(!groups.contains("Pilot"), "nothing was written: {groups}");

    // Of another state than the one on screen.
    runtime.block_on(top.computer(4));
    let writes = |password: &str| {
        browser.type_into("#password", password);
        browser.click("form[action='/link/relink/apply'] button.main");
    };
    writes(FIRST_PASSWORD);
    browser.wait_text(".banner[role=alert]", "look at it again. Nothing was written.");
    let now = "top.test.example lacks 3 groups, 1 decline, 4 approvals, 3 members.";
    browser.wait_text("h1.verdict", now);
    console.check("relink-changed");
    // A password that is mistyped does not lose the preview.
    writes("not the password");
    browser.wait_text(".banner[role=alert]", "The password is wrong. Nothing was written.");
    browser.wait_text("h1.verdict", now);
    writes(FIRST_PASSWORD);
    browser.wait_text("main", &top.linkage_url());
    assert!(browser.address().ends_with("/link"), "{}", browser.address());
    runtime.block_on(check_offers(&mut agents[..1], &updates, &expected[..1]));
    runtime.block_on(check_offers(&mut agents[2..], &updates, &expected[2..]));
    runtime.block_on(eventually(|| sync(&console.data, &[]).1 == 0));
    runtime.block_on(check_offers(&mut agents, &updates, &expected));
    // Without the linked WSUS there is a banner with the hop that fails, and reading goes on.
    console.open("/computers");
    console.comes("h1", "4 computers.");
    drop(top);
    console.comes(
        "[data-live=banner]",
        "What you see is as old as it says above; nothing is written until it is back.",
    );
    assert!(browser.text("h1").contains("4 computers."));
    console.check("not-reached");
    console.is_sound();
}
