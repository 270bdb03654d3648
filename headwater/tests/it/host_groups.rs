//! Host groups and the WSUS groups that are made from them: taken over, nested, by rule, held, undone.

use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;

use headwater_model::UpdateIdentity;
use headwater_simulated_agent::Agent;
use headwater_wsus::wusp::DeploymentAction;
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::drift::Cable;
use crate::process::{HEADWATER, catalogue, documents, run, stderr};
use crate::site::Site;
use crate::tree::{Node, changed, differences, eventually, exit, known_to_all, members, pair, sync};

/// A managing server linked with one WSUS, and computers that report there.
async fn linked(folder: &TempDir, computers: u32) -> (Node, Node) {
    let manager = Node::start(folder, "hq", "\"manager\"", None);
    let top = Node::start(folder, "top", "\"update-server\", \"linkage\"", None);
    manager.done(&["wsus", "link", &top.linkage_url(), "--code", &top.code()]);
    for number in 1..=computers {
        top.computer(number).await;
    }
    (manager, top)
}

fn refused(data: &Path, arguments: &[&str], words: &str) {
    let output = run(data, arguments);
    let said = stderr(&output).split_whitespace().collect::<Vec<_>>().join(" ");
    // What is refused now, and what can never be.
    assert!(matches!(output.status.code(), Some(1 | 2)), "{arguments:?}: {said}");
    assert!(said.contains(words), "{arguments:?}: {said}");
}

/// Unlinked and linked again, a WSUS is taken over without a question for each group, unless one would be overwritten.
#[tokio::test(flavor = "multi_thread")]
async fn the_same_wsus_is_taken_over_once_more_after_an_unlink() {
    let folder = tempfile::tempdir().expect("a folder");
    let (manager, top) = linked(&folder, 2).await;
    for (group, computer) in [("Pilot", "pc1.test.example"), ("Office", "pc2.test.example")] {
        top.done(&["group", "create", group]);
        top.done(&["computer", "move", computer, "--group", group]);
    }
    let import = ["hostgroup", "import", "--from-wsus"];
    manager.done(&import);
    // One beneath another has a WSUS group of a longer name.
    manager.done(&["hostgroup", "create", "Ring", "--parent", "Pilot", "--host", "pc1"]);
    manager.done(&["wsus", "group", "apply", "--group", "Pilot"]);
    let names = || manager.json(&["hostgroup", "list"])["items"].as_array().map(Vec::len);
    assert_eq!(names(), Some(3));
    let again = || {
        manager.done(&["wsus", "unlink"]);
        manager.done(&["wsus", "link", &top.linkage_url(), "--code", &top.code()]);
    };
    again();
    let imported = manager.json(&import);
    let said = (&imported["created"], imported["unchanged"].as_array().map(Vec::len));
    assert_eq!(said, (&json!([]), Some(3)), "{imported}");
    assert_eq!(names(), Some(3));
    let (report, code) = sync(&manager.data, &[]);
    assert_eq!((code, changed(&report)), (0, 0), "{report}");
    assert!(manager.json(&["audit", "list"])["items"].to_string().contains("take WSUS group over"));

    // Somebody moves a computer while nobody is linked: what would be overwritten is asked about.
    manager.done(&["wsus", "unlink"]);
    top.done(&["computer", "move", "pc2.test.example", "--group", "Pilot"]);
    manager.done(&["wsus", "link", &top.linkage_url(), "--code", &top.code()]);
    refused(&manager.data, &import, "whose members are others: take that over with");
    let wsus_groups = manager.json(&["hostgroup", "list"])["items"].to_string();
    assert!(!wsus_groups.contains("wsus_group"), "nothing was imported: {wsus_groups}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_foreign_group_is_adopted_once_and_what_was_done_is_undone() {
    let folder = tempfile::tempdir().expect("a folder");
    let (manager, top) = linked(&folder, 2).await;
    top.done(&["group", "create", "Pilot"]);
    top.done(&["computer", "move", "pc1.test.example", "--group", "Pilot"]);
    manager.done(&["hostgroup", "create", "pilot", "--host", "pc2"]);

    refused(&manager.data, &["wsus", "group", "preview", "pilot"], "take it over with `--adopt`");
    let plan = folder.path().join("plan.json").display().to_string();
    manager.done(&["wsus", "group", "preview", "pilot", "--adopt", "--save", &plan]);
    let held = "`pilot` would lose 1 of its 1 members, more than 10 %";
    refused(&manager.data, &["wsus", "group", "apply", &plan], held);
    refused(
        &manager.data,
        &["wsus", "group", "apply", &plan, "--max-removals", "0"],
        "more than the 0 allowed",
    );
    assert_eq!(members(&top, "Pilot"), ["pc1"], "nothing was written");
    manager.done(&["wsus", "group", "apply", &plan, "--max-removals", "1"]);
    assert_eq!(members(&top, "Pilot"), ["pc2"]);
    assert_eq!(sync(&manager.data, &["--dry-run"]).1, 0);

    // Undone, the members are as before, and no run writes them until a plan is applied.
    manager.done(&["wsus", "group", "undo", "pilot"]);
    assert_eq!(members(&top, "Pilot"), ["pc1"]);
    let (report, code) = sync(&manager.data, &[]);
    let said = differences(&report);
    assert_eq!((code, changed(&report), said.len()), (1, 0, 2), "{report}");
    assert!(said.iter().all(|(_, text)| text.contains("are held: admin undid the last plan")), "{said:?}");
    assert_eq!(members(&top, "Pilot"), ["pc1"]);
    refused(&manager.data, &["wsus", "group", "undo", "pilot"], "no plan was applied to `pilot`");
    manager.done(&["wsus", "group", "apply", "--group", "pilot", "--max-removals", "1"]);
    assert_eq!((members(&top, "Pilot"), sync(&manager.data, &[]).1), (vec!["pc2".to_owned()], 0));
}

#[tokio::test(flavor = "multi_thread")]
async fn groups_beneath_each_other_and_rules() {
    let folder = tempfile::tempdir().expect("a folder");
    let (manager, top) = linked(&folder, 3).await;
    manager.done(&["hostgroup", "create", "Berlin", "--host", "pc1"]);
    manager.done(&[
        "hostgroup",
        "create",
        "Keller",
        "--parent",
        "Berlin",
        "--rule",
        "name=pc3*",
        "--rule",
        "manufacturer=headw*",
        "--rule",
        "architecture=amd64",
    ]);
    refused(&manager.data, &["hostgroup", "create", "Loop", "--rule", "group=Pilot"], "would feed on itself");
    refused(&manager.data, &["hostgroup", "add", "Keller", "pc1"], "the rule of `Keller` decides");
    refused(&manager.data, &["hostgroup", "set", "Berlin", "--parent", "Keller"], "or beneath it");
    refused(&manager.data, &["hostgroup", "delete", "Berlin"], "`Keller` is beneath `Berlin`");

    // Who is in it, before there is a WSUS group and after, page by page.
    let hosts = |more: &[&str]| {
        let page = manager.json(&[&["hostgroup", "members", "Berlin"], more].concat());
        let told = |one: &Value| {
            let text = |field: &str| one[field].as_str().unwrap_or_default().to_owned();
            let on = one["server"]["name"].as_str().unwrap_or_default();
            [text("name"), on.to_owned(), text("host_group"), text("reason")].join(" | ")
        };
        let all: Vec<String> = page["items"].as_array().expect("hosts").iter().map(told).collect();
        (all, page["next"].as_str().map(str::to_owned), page["total"].as_u64())
    };
    let why = "no WSUS group is made from the host group yet";
    let pc1 = format!("pc1.test.example | top.test.example | Berlin | {why}");
    let pc3 = format!("pc3.test.example | top.test.example | Keller | {why}");
    // It is told as the servers were last read.
    let comes = async |expected: &[&str]| eventually(|| hosts(&[]).0 == expected).await;
    comes(&[&pc1, &pc3]).await;
    let (first, next, total) = hosts(&["--limit", "1"]);
    assert_eq!((first, total), (vec![pc1], Some(2)));
    assert_eq!(hosts(&["--limit", "1", "--after", &next.expect("goes on")]).0, [pc3]);

    // Each becomes a group of its own, and the upper one has the hosts of both.
    manager.done(&["wsus", "group", "apply", "--group", "Berlin"]);
    let nobody = "0f0e0d0c-0000-4000-8000-000000000001";
    manager.done(&["hostgroup", "add", "Berlin", nobody]);
    let registered = [
        "pc1.test.example | top.test.example | Berlin | ",
        "pc3.test.example | top.test.example | Keller | ",
    ];
    let unseen = format!("{nobody} |  | Berlin | no WSUS of the tree has seen it yet");
    comes(&[&unseen, registered[0], registered[1]]).await;
    manager.done(&["hostgroup", "remove", "Berlin", nobody]);
    comes(&registered).await;
    refused(&manager.data, &["group", "create", "A/B"], "cannot contain '/'; `A-B` can be one");
    assert_eq!(members(&top, "Berlin"), ["pc1", "pc3"]);
    assert_eq!(members(&top, "Berlin - Keller"), ["pc3"]);

    // A plan is undone as it was made: for the host group and those beneath it.
    let undone = manager.json(&["wsus", "group", "undo", "Berlin"]);
    assert_eq!((&undone["host_groups"], &undone["removed"]), (&json!(["Berlin", "Keller"]), &3.into()));
    assert_eq!((members(&top, "Berlin"), members(&top, "Berlin - Keller")), (vec![], vec![]));
    manager.done(&["wsus", "group", "apply", "--group", "Berlin"]);
    assert_eq!(members(&top, "Berlin"), ["pc1", "pc3"]);

    // A computer that the rule names is registered by the next run, wherever it came from.
    top.computer(30).await;
    let (report, code) = sync(&manager.data, &[]);
    assert_eq!((code, changed(&report)), (0, 2), "{report}");
    assert_eq!(members(&top, "Berlin"), ["pc1", "pc3", "pc30"]);

    // A plan is carried out as it was seen, or names what is otherwise.
    manager.done(&["hostgroup", "set", "Berlin", "--direct"]);
    let plan = folder.path().join("plan.json").display().to_string();
    manager.done(&["wsus", "group", "preview", "Berlin", "--save", &plan]);
    manager.done(&["hostgroup", "add", "Berlin", "pc2"]);
    let arguments = ["wsus", "group", "apply", &plan, "--max-removals", "9"];
    refused(&manager.data, &arguments, "(pc2.test.example is to be added to `Berlin`)");
    // So many are not to be removed: then nothing is written, and that is said of each.
    let (report, code) = sync(&manager.data, &["--max-removals", "1"]);
    assert_eq!((code, changed(&report), differences(&report).len()), (1, 0, 3), "{report}");
    assert!(report.to_string().contains("removes 2 members, more than the 1 allowed"), "{report}");
    // A run by schedule looks at each group: this one would lose more than a tenth.
    let (report, code) = sync(&manager.data, &["--hold-removals"]);
    assert_eq!((code, changed(&report), differences(&report).len()), (1, 0, 3), "{report}");
    assert!(report.to_string().contains("would lose 2 of its 3 members, more than 10 %"), "{report}");
    assert_eq!(sync(&manager.data, &["--max-removals", "2"]).1, 0);
    assert_eq!(members(&top, "Berlin"), ["pc1", "pc2"]);

    // A host group that is called otherwise keeps its WSUS group, which stays when the host group goes.
    manager.done(&["hostgroup", "set", "Keller", "--name", "Cellar", "--no-parent"]);
    assert_eq!(sync(&manager.data, &["--dry-run"]).1, 0);
    manager.done(&["hostgroup", "delete", "Cellar"]);
    assert_eq!(members(&top, "Berlin - Keller"), ["pc3", "pc30"]);
    assert_eq!(exit(&manager.data, &["hostgroup", "delete", "Cellar"]), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_renamed_group_is_made_again_and_nobody_loses_an_approval() {
    renamed(false).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_renamed_group_is_made_again_through_the_administration_service() {
    renamed(true).await;
}

/// `is_before`: each Linkage stands before its WSUS and speaks only the administration service.
async fn renamed(is_before: bool) {
    let folder = tempfile::tempdir().expect("a folder");
    let manager = Node::start(&folder, "hq", "\"manager\"", None);
    let top = Site::start(&folder, "top", is_before, None);
    top.done(&["update", "import", &documents(&catalogue(120))]);
    manager.done(&["wsus", "link", &top.linkage_url(), "--code", &top.code()]);
    let berlin = Site::start(&folder, "berlin", is_before, Some(&top));
    pair(&manager, &berlin, berlin.linkage()).await;
    let cable = Cable::to(top.server.updates_url()).await;
    berlin.done(&["upstream", "set", &cable.url(), "--replica"]);
    berlin.done(&["upstream", "sync", "--wait"]);
    let mut agents = [top.computer(1).await, berlin.computer(2).await];
    manager.done(&["hostgroup", "create", "Pilot", "--host", "pc1", "--host", "pc2"]);
    manager.done(&["wsus", "group", "apply", "--group", "Pilot"]);
    let known = known_to_all(&top, &agents);
    for update in &known[..2] {
        let id = update.id.to_string();
        manager.done(&["update", "approve", &id, "--group", "Pilot", "--deadline", "2027-01-01T00:00:00Z"]);
    }
    assert_eq!(sync(&manager.data, &[]).1, 0);
    let offered = async |agents: &mut [Agent]| {
        for agent in agents {
            agent.scan().await.expect("scans");
            let installs =
                |update: &&UpdateIdentity| agent.action(update.id) == Some(DeploymentAction::Install);
            assert_eq!(known.iter().filter(installs).count(), 2);
        }
    };
    offered(&mut agents).await;
    let groups = |node: &Node| node.json(&["group", "list"])["items"].to_string();

    // The WSUS group keeps its name until that is asked; a name that is taken is refused before anything is written.
    manager.done(&["hostgroup", "set", "Pilot", "--name", "Testers"]);
    let preview = ["wsus", "group", "preview", "Testers", "--recreate"];
    assert!(manager.json(&preview[..4])["groups"][0]["recreates"].is_null());
    top.done(&["group", "create", "TESTERS"]);
    refused(&manager.data, &preview, "take it over with `--adopt`");
    top.done(&["group", "delete", "TESTERS"]);
    let plan = manager.json(&preview)["groups"][0].clone();
    assert_eq!((&plan["recreates"]["name"], &plan["recreates"]["approvals"]), (&"Pilot".into(), &2.into()));
    assert_eq!(plan["add"].as_array().map(Vec::len), Some(2), "{plan}");

    // Cut off at some moments, the next one completes it. Nothing comes below meanwhile.
    cable.is_whole.send_replace(false);
    let apply = ["wsus", "group", "apply", "--group", "Testers", "--recreate"];
    let mut manager = manager;
    for moment_ms in [60, 110, 160, 210] {
        let mut applying = Command::new(HEADWATER);
        let applying = applying.args(apply).arg("--data").arg(&manager.data);
        let mut applying = applying.stdout(Stdio::null()).stderr(Stdio::null()).spawn().expect("starts");
        std::thread::sleep(Duration::from_millis(moment_ms));
        manager = manager.kill().start_again();
        applying.wait().expect("ends");
        offered(&mut agents).await;
    }
    eventually(|| manager.json(&["wsus", "show"])["servers"][1]["reached"] == true).await;
    manager.done(&apply);
    offered(&mut agents).await;
    assert_eq!(members(&top, "Testers"), ["pc1"], "who reports below follows with the synchronisation");
    assert!(groups(&top).contains("\"Pilot\""), "and until then the old one stays: {}", groups(&top));
    let berlin = berlin.kill();
    let (report, code) = sync(&manager.data, &[]);
    assert_eq!(code, 1);
    assert!(report.to_string().contains("Group `Pilot` stays, for the computers of berlin"), "{report}");
    let berlin = berlin.start_again();
    cable.is_whole.send_replace(true);
    eventually(|| manager.json(&["wsus", "show"])["servers"][1]["reached"] == true).await;
    // Somebody approved an update for it meanwhile: that would go with it.
    let late = known[2].id.to_string();
    top.done(&["update", "approve", &late, "--group", "Pilot"]);
    let (report, code) = sync(&manager.data, &[]);
    assert_eq!(code, 1, "{report}");
    assert!(report.to_string().contains("approved for it and not likewise for `Testers`"), "{report}");
    top.done(&["update", "unapprove", &late, "--group", "Pilot"]);
    let (report, code) = sync(&manager.data, &["--dry-run"]);
    let still_there = "Group `Pilot`, whose place `Testers` took, is still there with its 2 approvals";
    assert!(code == 1 && report.to_string().contains(still_there), "{report}");
    assert!(groups(&top).contains("\"Pilot\""));
    let (report, code) = sync(&manager.data, &[]);
    assert_eq!(code, 0, "{report}");
    assert!(report.to_string().contains("group Pilot was deleted"), "{report}");
    offered(&mut agents).await;
    assert!(!groups(&top).contains("\"Pilot\""));
    eventually(|| !groups(&berlin).contains("\"Pilot\"")).await;
    let (report, code) = sync(&manager.data, &[]);
    assert_eq!((code, changed(&report)), (0, 0), "{report}");
    offered(&mut agents).await;
    assert!(manager.json(&preview)["groups"][0]["recreates"].is_null());
}
