//! Runs of the synchronisation command while others watch, and updates that are halted.

use std::io::{BufRead as _, BufReader};
use std::process::{Child, Command, Stdio};

use headwater_model::UpdateId;
use headwater_wsus::wusp::DeploymentAction;
use serde_json::Value;
use tokio::net::TcpListener;

use crate::process::{HEADWATER, run, stderr};
use crate::tree::{
    Node, differences, eventually, exit, known_to_all, linked_with_updates, pair, states, sync,
};

/// A run of the command whose lines are read as they come.
pub(super) struct Watched {
    process: Child,
    lines: std::io::Lines<BufReader<std::process::ChildStdout>>,
}

impl Watched {
    pub(super) fn start(manager: &Node, options: &[&str]) -> Self {
        let mut command = Command::new(HEADWATER);
        let command = command.args(["wsus", "sync", "--output", "json"]).args(options);
        let command = command.arg("--data").arg(&manager.data);
        let mut process = command.stdout(Stdio::piped()).stderr(Stdio::null()).spawn().expect("starts");
        let lines = BufReader::new(process.stdout.take().expect("a pipe")).lines();
        Self { process, lines }
    }

    /// The next line with this event.
    fn next(&mut self, event: &str) -> Value {
        loop {
            let line = self.lines.next().expect("a line").expect("text");
            let line: Value = serde_json::from_str(&line).expect("JSON");
            if line["event"] == event {
                return line;
            }
        }
    }

    /// Reads on to a line that has these in it.
    pub(super) fn until(&mut self, parts: &[&str]) {
        let mut lines = self.lines.by_ref().map_while(Result::ok);
        let found = lines.any(|line| parts.iter().all(|part| line.contains(part)));
        assert!(found, "it ended before it said {parts:?}");
    }

    /// The report and the exit code.
    pub(super) fn end(mut self) -> (Value, i32) {
        let report = self.next("finished")["report"].clone();
        (report, self.process.wait().expect("ends").code().expect("by itself"))
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_second_run_joins_the_first_and_both_end_when_it_is_stopped() {
    let folder = tempfile::tempdir().expect("a folder");
    let manager = Node::start(&folder, "hq", "\"manager\"", None);
    let top = Node::wsus(&folder, "top", None);
    let berlin = Node::wsus(&folder, "berlin", Some(&top));
    manager.done(&["wsus", "link", &top.linkage_url(), "--code", &top.code()]);
    pair(&manager, &berlin, &berlin).await;
    assert_eq!(exit(&manager.data, &["wsus", "sync", "stop"]), 1, "none is running");

    // The server above takes a connection and never answers: Berlin's synchronisation goes on and on.
    let deaf = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let url = format!("http://{}", deaf.local_addr().expect("an address"));
    berlin.done(&["upstream", "set", &url, "--replica"]);
    let begun = manager.json(&["wsus", "sync", "--no-wait"]);
    assert_eq!(begun["joined"], false, "{begun}");
    let mut first = Watched::start(&manager, &[]);
    let line = first.next("server");
    assert_eq!((&line["name"], &line["seconds"]), (&"top.test.example".into(), &0.into()));
    let mut second = Watched::start(&manager, &[]);
    second.next("server");
    manager.done(&["wsus", "sync", "stop"]);
    let (one, other) = (first.next("finished"), second.next("finished"));
    assert_eq!(one["report"]["run"], other["report"]["run"], "it is the same run");
    assert_eq!(one["report"]["run"], begun["run"], "it is the one that was begun first: {one}");
    assert!(one["report"]["servers"][1]["problem"].to_string().contains("admin stopped the run"), "{one}");
    for watched in [&mut first, &mut second] {
        assert_eq!(watched.process.wait().expect("ends").code(), Some(1));
    }

    // Past its limit it goes on by itself, and the next run joins it.
    let mut third = Watched::start(&manager, &["--server-limit", "1"]);
    let joins = |line: &Value| line["line"].to_string().contains("joining the synchronisation that goes on");
    while !joins(&third.next("server")) {}
    let report = third.next("finished")["report"].clone();
    assert_eq!(states(&report), "in_step still_running", "{report}");
    assert!(differences(&report)[0].1.contains("the next `headwater wsus sync` joins it"), "{report}");
    assert_eq!(third.process.wait().expect("ends").code(), Some(1));
    // Somebody stops it there: it is told as cancelled, and what it lacks comes with the next one.
    berlin.done(&["upstream", "stop"]);
    let last = berlin.json(&["upstream", "history"])["items"][0].clone();
    assert_eq!(last["state"], "cancelled", "{last}");
    assert!(last["problem"].to_string().contains("admin stopped it"), "{last}");
    assert_eq!(exit(&berlin.data, &["upstream", "stop"]), 1, "none is going");
    berlin.done(&["upstream", "set", top.server.updates_url(), "--replica"]);
    let (report, code) = sync(&manager.data, &[]);
    assert_eq!((code, states(&report)), (0, "in_step in_step".to_owned()), "{report}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_halt_is_offered_to_nobody_and_waits_for_a_top_that_is_not_reached() {
    let folder = tempfile::tempdir().expect("a folder");
    let (manager, top) = linked_with_updates(&folder);
    let berlin = Node::wsus(&folder, "berlin", Some(&top));
    pair(&manager, &berlin, &berlin).await;
    let mut agent = berlin.computer(1).await;
    let known = known_to_all(&top, std::slice::from_ref(&agent));
    let (update, later) = (known[0].id, known[1].id);
    for id in [update, later] {
        manager.done(&["update", "approve", &id.to_string(), "--group", "All Computers"]);
    }
    assert_eq!(sync(&manager.data, &[]).1, 0);
    agent.scan().await.expect("scans");
    assert_eq!(agent.action(update), Some(DeploymentAction::Install));

    // Halted, it reaches the server below by itself.
    let halted = manager.json(&["update", "halt", &update.to_string()]);
    assert!(halted["done_at"].is_string(), "{halted}");
    let is_offered = |id: UpdateId| {
        let shown = berlin.json(&["update", "show", &id.to_string()]);
        !shown["approvals"].as_array().expect("approvals").is_empty()
    };
    eventually(|| !is_offered(update)).await;
    let shown = manager.json(&["update", "show", &update.to_string()]);
    for server in [0, 1] {
        assert_eq!(shown["servers"][server]["arrival"], "withdrawn", "{shown}");
    }
    agent.scan().await.expect("scans");
    assert_ne!(agent.action(update), Some(DeploymentAction::Install));
    assert_eq!(agent.action(later), Some(DeploymentAction::Install));

    // Not reached: the halt waits, survives the managing server, and is done first.
    let top = top.kill();
    let waits = manager.json(&["update", "halt", &later.to_string()]);
    assert!(waits["done_at"].is_null(), "{waits}");
    assert_eq!(exit(&manager.data, &["update", "approve", &update.to_string(), "--group", "Pilot"]), 3);
    let manager = manager.kill().start_again();
    let _top = top.start_again();
    let is_done = || {
        let halts = manager.json(&["update", "halts"])["items"].clone();
        halts.as_array().expect("halts").iter().all(|halt| halt["done_at"].is_string())
    };
    eventually(is_done).await;
    eventually(|| !is_offered(later)).await;
    // An approval ends the halt.
    manager.done(&["update", "approve", &later.to_string(), "--group", "All Computers"]);
    let halts = manager.json(&["update", "halts"])["items"].clone();
    assert_eq!(halts.as_array().map(Vec::len), Some(1), "{halts}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_restored_managing_server_writes_nothing_until_somebody_confirms() {
    let folder = tempfile::tempdir().expect("a folder");
    let manager = Node::start(&folder, "hq", "\"manager\"", None);
    let top = Node::wsus(&folder, "top", None);
    manager.done(&["wsus", "link", &top.linkage_url(), "--code", &top.code()]);
    top.computer(1).await;
    manager.done(&["hostgroup", "create", "Pilot", "--host", "pc1"]);
    let backup = |name: &str| folder.path().join(name).display().to_string();
    manager.done(&["backup", &backup("manager-backup")]);
    top.done(&["backup", &backup("top-backup")]);
    manager.done(&["wsus", "group", "apply", "--group", "Pilot"]);

    // The managing server is lost, and comes back as it was before it made the group.
    let (stopped, data) = (manager.kill(), folder.path().join("hq"));
    std::fs::remove_dir_all(&data).expect("is lost");
    let done = run(&data, &["restore", &backup("manager-backup")]);
    assert!(done.status.success(), "{}", stderr(&done));
    let manager = stopped.start_again();
    let said = |arguments: &[&str]| stderr(&run(&manager.data, arguments));
    for command in [&["wsus", "sync"][..], &["wsus", "group", "apply", "--group", "Pilot", "--adopt"]] {
        assert!(
            said(command).contains("under review: the managing server was restored"),
            "{}",
            said(command)
        );
    }
    let asked = run(&top.data, &["wsus", "sync"]);
    assert!(stderr(&asked).contains("under review") && asked.status.code() == Some(1), "{}", stderr(&asked));
    assert!(manager.json(&["wsus", "show"])["review"].is_string());
    // A halt is taken, and waits for that too.
    let update = UpdateId::from_u128(7).to_string();
    let waits = manager.json(&["update", "halt", &update]);
    assert!(
        waits["done_at"].is_null() && waits["waits"].to_string().contains("`headwater wsus confirm`"),
        "{waits}"
    );
    // Reading goes on.
    assert_eq!(sync(&manager.data, &["--dry-run"]).1, 0);
    manager.done(&["wsus", "confirm"]);
    assert_eq!(exit(&manager.data, &["wsus", "confirm"]), 1, "nothing waits for it any more");
    eventually(|| manager.json(&["update", "halts"])["items"][0]["done_at"].is_string()).await;
    manager.done(&["wsus", "group", "apply", "--group", "Pilot", "--adopt"]);

    // A Linkage that is restored with its server is still paired.
    let (stopped, data) = (top.kill(), folder.path().join("top"));
    std::fs::remove_dir_all(&data).expect("is lost");
    let done = run(&data, &["restore", &backup("top-backup")]);
    assert!(done.status.success(), "{}", stderr(&done));
    let _top = stopped.start_again();
    let (report, code) = sync(&manager.data, &[]);
    assert_eq!(code, 0, "{report}");
    assert!(report.to_string().contains("group Pilot was made again"), "{report}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_database_that_was_put_back_by_hand_is_under_review() {
    let folder = tempfile::tempdir().expect("a folder");
    let manager = Node::start(&folder, "hq", "\"manager\"", None);
    let top = Node::wsus(&folder, "top", None);
    manager.done(&["wsus", "link", &top.linkage_url(), "--code", &top.code()]);
    let review = |manager: &Node| manager.json(&["wsus", "show"])["review"].clone();
    let manager = manager.kill().start_again();
    assert!(review(&manager).is_null(), "a crash is no restore");

    // Its files are copied while it does not run, as somebody may copy or dump a database.
    let stopped = manager.kill();
    let data = stopped.data.clone();
    let databases = || {
        let entries = std::fs::read_dir(&data).expect("a folder").map(|one| one.expect("an entry").path());
        entries.filter(|path| path.to_string_lossy().contains("manager.sqlite")).collect::<Vec<_>>()
    };
    let read = |path| (std::fs::read(&path).expect("reads"), path);
    let copies: Vec<_> = databases().into_iter().map(read).collect();
    let manager = stopped.start_again();
    manager.done(&["hostgroup", "create", "Pilot"]);
    let mark = || std::fs::read_to_string(data.join("manager-record.json")).expect("a mark");
    let before = mark();
    manager.done(&["hostgroup", "create", "Lab"]);
    eventually(|| mark() != before).await;
    let stopped = manager.kill();
    for path in databases() {
        std::fs::remove_file(path).expect("is removed");
    }
    for (bytes, path) in copies {
        std::fs::write(path, bytes).expect("is put back");
    }
    let manager = stopped.start_again();
    let reason = review(&manager);
    assert!(reason.as_str().expect("a review").contains("was put back to an earlier state"), "{reason}");
    assert_eq!(exit(&manager.data, &["wsus", "sync"]), 1);
    manager.done(&["wsus", "confirm"]);
    let manager = manager.kill().start_again();
    assert!(review(&manager).is_null());
}
