//! A managing server and a tree of WSUS servers, each a process of its own: linked, paired, taken over,
//! brought in step, and once more after somebody changed something by hand.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use headwater_microsoft_wsus::{ACCOUNT, MicrosoftWsus, PASSWORD};
use headwater_model::{UpdateId, UpdateIdentity};
use headwater_simulated_agent::{Agent, DetectoidsInstalled};
use headwater_testkit::client_id;
use headwater_wsus::wusp::DeploymentAction;
use serde_json::Value;
use tempfile::TempDir;

use crate::process::{HEADWATER, Server, catalogue, documents, json, kills, run, seeded, stderr};

/// Of the first administrator of every process.
pub(super) const FIRST_PASSWORD: &str = "correct horse battery staple";

/// One process with its folder and its configuration, on ports that stay.
pub(super) struct Node {
    pub(super) name: &'static str,
    pub(super) data: PathBuf,
    config: PathBuf,
    pub(super) server: Server,
}

/// The same while it does not run.
pub(super) struct Stopped {
    name: &'static str,
    pub(super) data: PathBuf,
    config: PathBuf,
}

impl Stopped {
    /// With more of its configuration, from the Linkage's part on.
    fn configured(folder: &TempDir, name: &'static str, roles: &str, more: &str) -> Self {
        let data = folder.path().join(name);
        let password = folder.path().join("first-password");
        std::fs::write(&password, FIRST_PASSWORD).expect("is written");
        // A Linkage before a WSUS calls it as it calls itself.
        let called = name.trim_end_matches("-linkage");
        let text = format!(
            "roles = [{roles}]\ndata = \"{}\"\nadmin_password_file = \"{}\"\nname = \
             \"{called}.test.example\"\nupdates = \"127.0.0.1:{}\"\nconsole = \"127.0.0.1:0\"\n[linkage]\nlisten = \
             \"127.0.0.1:{}\"\n{}",
            data.display(),
            password.display(),
            free_port(),
            free_port(),
            more
        );
        let config = folder.path().join(format!("{name}.toml"));
        std::fs::write(&config, text).expect("is written");
        Self { name, data, config }
    }

    /// Agents are asked to come to the ports that IIS holds on a WSUS; only an update server listens there.
    fn beside_iis(self) -> Self {
        let text = std::fs::read_to_string(&self.config).expect("reads");
        let lines = text.lines().map(|line| match line.starts_with("updates = ") {
            true => "updates = \"127.0.0.1:8530\"",
            false => line,
        });
        std::fs::write(&self.config, lines.collect::<Vec<_>>().join("\n")).expect("is written");
        self
    }

    pub(super) fn start_again(self) -> Node {
        self.start_by(Command::new(HEADWATER).args(["serve", "--config"]))
    }

    fn start_by(self, command: &mut Command) -> Node {
        let Self { name, data, config } = self;
        let server = Server::wait_for(command.arg(&config));
        Node { name, data, config, server }
    }
}

/// A port that nobody has at the moment.
pub(super) fn free_port() -> u16 {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").expect("a port");
    listener.local_addr().expect("an address").port()
}

impl Node {
    pub(super) fn start(folder: &TempDir, name: &'static str, roles: &str, parent: Option<&Node>) -> Self {
        let parent = parent.map(|parent| format!("parent = \"{}\"", parent.linkage_url()));
        Self::start_with(folder, name, roles, &parent.unwrap_or_default())
    }

    /// With more of its configuration, from the Linkage's part on.
    pub(super) fn start_with(folder: &TempDir, name: &'static str, roles: &str, more: &str) -> Self {
        Stopped::configured(folder, name, roles, more).start_again()
    }

    pub(super) fn kill(self) -> Stopped {
        self.server.kill();
        Stopped { name: self.name, data: self.data, config: self.config }
    }

    /// Ends it in order.
    pub(super) fn stop(self) -> Stopped {
        self.server.stop();
        Stopped { name: self.name, data: self.data, config: self.config }
    }

    pub(super) fn wsus(folder: &TempDir, name: &'static str, parent: Option<&Node>) -> Self {
        let node = Self::start(folder, name, "\"update-server\", \"linkage\"", parent);
        if let Some(parent) = parent {
            node.done(&["upstream", "set", parent.server.updates_url(), "--replica"]);
            node.done(&["upstream", "sync", "--wait"]);
        }
        node
    }

    pub(super) fn linkage_url(&self) -> String {
        self.server.told("linkage ").to_owned()
    }

    pub(super) fn code(&self) -> String {
        std::fs::read_to_string(self.data.join("pairing-code")).expect("it shows a code")
    }

    pub(super) fn done(&self, arguments: &[&str]) {
        let output = run(&self.data, arguments);
        let said = String::from_utf8_lossy(&output.stdout);
        assert!(output.status.success(), "{}: {arguments:?}: {said} {}", self.name, stderr(&output));
    }

    pub(super) fn json(&self, arguments: &[&str]) -> Value {
        json(&self.data, arguments)
    }

    /// A computer that reports here.
    pub(super) async fn computer(&self, number: u32) -> Agent {
        let (id, name) = (client_id(number), format!("pc{number}.test.example"));
        let url = self.server.updates_url();
        let mut agent = Agent::new(url, &id, &name, Box::new(DetectoidsInstalled)).expect("an agent");
        agent.scan().await.expect("scans");
        agent
    }
}

pub(super) fn exit(data: &Path, arguments: &[&str]) -> i32 {
    run(data, arguments).status.code().expect("ends by itself")
}

/// The report of `wsus sync`, which is its last line, and its exit code.
pub(super) fn sync(data: &Path, arguments: &[&str]) -> (Value, i32) {
    let mut all = vec!["wsus", "sync", "--output", "json"];
    all.extend(arguments);
    let output = run(data, &all);
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    let last = text.lines().last().unwrap_or_default();
    let last: Value = serde_json::from_str(last).unwrap_or_else(|_| panic!("{text} {}", stderr(&output)));
    let code = output.status.code().expect("ends by itself");
    assert!(code != 1 || last["report"].is_object(), "{text}");
    (last["report"].clone(), code)
}

pub(super) fn differences(report: &Value) -> Vec<(String, String)> {
    let mut found = Vec::new();
    for server in report["servers"].as_array().expect("servers") {
        for difference in server["differences"].as_array().expect("differences") {
            let text = |value: &Value| value.as_str().expect("a text").to_owned();
            found.push((text(&server["name"]), text(&difference["text"])));
        }
    }
    found
}

/// An update as differences call it: by its title, and exactly.
pub(super) fn called(manager: &Node, update: UpdateId, exactly: impl std::fmt::Display) -> String {
    let detail = manager.json(&["update", "show", &update.to_string()]);
    format!("“{}” ({exactly})", detail["title"].as_str().expect("a title"))
}

/// The names of a WSUS group's members, without their domain.
pub(super) fn members(top: &Node, group: &str) -> Vec<String> {
    let found = top.json(&["group", "members", group])["items"].clone();
    let name = |one: &Value| one["name"].as_str().expect("a name").replace(".test.example", "");
    found.as_array().expect("members").iter().map(name).collect()
}

/// A managing server that is linked with a top WSUS, which has a small catalogue.
pub(super) fn linked_with_updates(folder: &TempDir) -> (Node, Node) {
    let manager = Node::start(folder, "hq", "\"manager\"", None);
    let top = Node::wsus(folder, "top", None);
    top.done(&["update", "import", &documents(&catalogue(120))]);
    manager.done(&["wsus", "link", &top.linkage_url(), "--code", &top.code()]);
    (manager, top)
}

pub(super) fn changed(report: &Value) -> usize {
    let servers = report["servers"].as_array().expect("servers");
    servers.iter().map(|one| one["changed"].as_array().expect("changes").len()).sum()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_tree_of_five_processes_is_linked_and_brought_in_step() {
    let folder = tempfile::tempdir().expect("a folder");
    let catalogue = catalogue(120);
    let manager = Node::start(&folder, "hq", "\"manager\"", None);
    let top = Node::wsus(&folder, "top", None);
    top.done(&["update", "import", &documents(&catalogue)]);
    for group in ["Pilot", "Berlin"] {
        top.done(&["group", "create", group]);
    }
    let berlin = Node::wsus(&folder, "berlin", Some(&top));
    let munich = Node::wsus(&folder, "munich", Some(&top));
    let shop = Node::wsus(&folder, "shop", Some(&berlin));

    // Nothing is linked yet; a wrong code, what is no Linkage, and a server that is not the top are refused.
    assert_eq!(exit(&manager.data, &["wsus", "sync"]), 4);
    let link =
        |node: &Node, code: &str| exit(&manager.data, &["wsus", "link", &node.linkage_url(), "--code", code]);
    let wrong = if top.code() == "1234-5678" { "1234-5679" } else { "1234-5678" };
    assert_eq!(link(&top, wrong), 1);
    assert_eq!(link(&berlin, &berlin.code()), 1);
    let console = manager.server.told("console ").replace("http://", "https://");
    assert_eq!(exit(&manager.data, &["wsus", "link", &console, "--code", wrong]), 2);
    let plain = format!("https://{}/linkage", top.server.updates_url().trim_start_matches("http://"));
    let refused = stderr(&run(&manager.data, &["wsus", "link", &plain, "--code", wrong]));
    assert!(refused.contains("it does not speak TLS"), "{refused}");
    let before = held(&top);
    assert_eq!(link(&top, &top.code()), 0);
    assert_eq!(held(&top), before, "linking changes nothing in the WSUS");
    assert_eq!(link(&top, wrong), 1);

    // The servers below have no Linkage yet; each is paired through the one above it.
    assert_eq!(sync(&manager.data, &["--dry-run"]).1, 5);
    for node in [&berlin, &munich, &shop] {
        let name = format!("{}.test.example", node.name);
        manager.done(&["wsus", "pair", &name, "--code", &node.code()]);
    }
    assert_eq!(exit(&manager.data, &["wsus", "doctor"]), 0);

    // Computers report at three servers; one is in a group already.
    let mut agents = vec![top.computer(1).await, berlin.computer(2).await, shop.computer(3).await];
    top.done(&["computer", "move", "pc1.test.example", "--group", "Pilot"]);
    manager.done(&["hostgroup", "import", "--from-wsus"]);
    let plan = manager.json(&["wsus", "group", "preview", "Pilot"]);
    let plan = &plan["groups"][0];
    assert_eq!((plan["add"].as_array().map(Vec::len), plan["unchanged"].as_u64()), (Some(0), Some(1)));

    // Two hosts below are to be in Berlin; an update is approved for it at the top.
    manager.done(&["hostgroup", "add", "Berlin", "pc2", "pc3.test.example"]);
    let update = known_to_all(&top, &agents)[0].id;
    manager.done(&["update", "approve", &update.to_string(), "--group", "Berlin"]);
    let approvals = manager.json(&["group", "list"])["items"].clone();
    let berlin_group = approvals.as_array().expect("groups").iter().find(|one| one["name"] == "Berlin");
    assert_eq!(berlin_group.expect("it is there")["approvals"], 1);
    let (report, code) = sync(&manager.data, &["--dry-run"]);
    assert_eq!(code, 1, "{report}");
    let members = differences(&report).into_iter().filter(|(_, text)| text.contains("pc")).count();
    assert_eq!(members, 2, "{report}");
    let (report, code) = sync(&manager.data, &[]);
    assert_eq!((code, differences(&report)), (0, vec![]), "{report}");
    let (report, code) = sync(&manager.data, &[]);
    assert_eq!((code, changed(&report)), (0, 0), "the second run changes nothing: {report}");

    // A host group without a WSUS group gets one by its plan, and its members with it.
    manager.done(&["hostgroup", "create", "Shop", "--host", "pc3"]);
    let plan = folder.path().join("plan.json").display().to_string();
    manager.done(&["wsus", "group", "preview", "Shop", "--save", &plan]);
    manager.done(&["wsus", "group", "apply", &plan]);
    assert_eq!(exit(&manager.data, &["wsus", "group", "apply", &plan]), 1, "the plan is of another state");
    assert_eq!(sync(&manager.data, &[]).1, 0);
    let members = shop.json(&["group", "members", "Shop"])["items"].clone();
    assert_eq!(members.as_array().map(Vec::len), Some(1), "{members}");

    // What was approved for Berlin is offered to its members, wherever they report, and to nobody else.
    for (agent, wanted) in agents.iter_mut().zip([false, true, true]) {
        agent.scan().await.expect("scans");
        let installs = agent.action(update) == Some(DeploymentAction::Install);
        assert_eq!(installs, wanted, "{:?}", agent.action(update));
    }

    // Somebody moves a member by hand: exactly that is named, and repaired.
    shop.done(&["computer", "move", "pc3.test.example", "--group", "Pilot"]);
    let (report, code) = sync(&manager.data, &["--dry-run"]);
    let found = differences(&report);
    assert_eq!(code, 1);
    assert!(
        found.iter().all(|(server, text)| server.starts_with("shop") && text.contains("pc3")),
        "{found:?}"
    );
    assert_eq!(found.len(), 3, "it is missing in two groups and too many in one: {found:?}");
    assert_eq!(sync(&manager.data, &[]).1, 0);
    assert_eq!(sync(&manager.data, &["--dry-run"]).1, 0);

    // The branch is cut off while members differ in it: that is said of it and of what is below it.
    shop.done(&["computer", "move", "pc3.test.example", "--group", "Pilot"]);
    let berlin = berlin.kill();
    let (report, code) = sync(&manager.data, &[]);
    assert_eq!(
        (code, states(&report)),
        (1, "in_step not_reached in_step not_reached".to_owned()),
        "{report}"
    );
    let berlin = berlin.start_again();
    eventually(|| sync(&manager.data, &["--dry-run"]).0["servers"].to_string().contains("pc3")).await;

    // The top gains an upstream server: nothing is written until it is the top again.
    top.done(&["upstream", "set", "http://127.0.0.1:9", "--autonomous"]);
    assert_eq!(exit(&manager.data, &["wsus", "sync"]), 1);
    assert_eq!(exit(&manager.data, &["update", "approve", &update.to_string(), "--group", "Pilot"]), 1);
    assert_eq!(exit(&manager.data, &["wsus", "doctor"]), 1);
    let suspended = manager.json(&["wsus", "show"])["suspended"].to_string();
    assert!(suspended.contains("takes from http://127.0.0.1:9 now: nothing is written"), "{suspended}");
    top.done(&["upstream", "clear"]);

    // The managing server is killed while it synchronises, at seeded moments; the next run completes it.
    let mut manager = manager;
    let mut random = seeded(7);
    for _ in 0..kills() {
        shop.done(&["computer", "move", "pc3.test.example", "--group", "Pilot"]);
        berlin.done(&["computer", "move", "pc2.test.example", "--group", "Pilot"]);
        let mut running = Command::new(HEADWATER);
        let running = running.args(["wsus", "sync", "--data"]).arg(&manager.data);
        let mut running = running.stdout(Stdio::null()).stderr(Stdio::null()).spawn().expect("starts");
        std::thread::sleep(Duration::from_millis(random(700)));
        manager = manager.kill().start_again();
        running.wait().expect("ends");
        let (report, code) = sync(&manager.data, &[]);
        assert_eq!((code, differences(&report)), (0, vec![]), "{report}");
        assert_eq!(changed(&sync(&manager.data, &[]).0), 0);
    }
    // The top has heard in which groups the last run left what was moved below.
    let groups = |wsus: &Node| held(wsus).1.into_iter().find(|one| one[1] == "pc2.test.example");
    eventually(|| groups(&top) == groups(&berlin)).await;
    // Unlinked, every WSUS is as it was.
    let before = [held(&top), held(&shop)];
    manager.done(&["wsus", "unlink"]);
    assert_eq!([held(&top), held(&shop)], before);
    assert_eq!(exit(&manager.data, &["wsus", "sync"]), 4);
}

/// What a WSUS decides: groups, who is in which, and what is approved or declined.
fn held(wsus: &Node) -> (Value, Vec<Value>, Vec<Value>) {
    let items = |arguments: &[&str]| wsus.json(arguments)["items"].as_array().cloned().expect("a list");
    let computers = items(&["computer", "list", "--limit", "200"]);
    let updates = items(&["update", "list", "--limit", "200"]);
    let of = |one: &Value, fields: [&str; 3]| Value::Array(fields.map(|field| one[field].clone()).into());
    (
        wsus.json(&["group", "list"])["items"].clone(),
        computers.iter().map(|one| of(one, ["id", "name", "groups"])).collect(),
        updates.iter().map(|one| of(one, ["id", "state", "approved_groups"])).collect(),
    )
}

/// A Linkage that speaks only Microsoft's administration service, towards a program that plays the server.
#[test]
fn a_microsoft_wsus_is_linked_through_a_linkage_before_it() {
    let mut command = Command::new(HEADWATER);
    a_microsoft_wsus_is_linked_through(command.args(["serve", "--config"]));
}

/// `command` runs the Linkage; what it lacks is the file of its configuration.
pub(super) fn a_microsoft_wsus_is_linked_through(command: &mut Command) {
    let Some(microsoft) = MicrosoftWsus::start(&["--below", "lower.example"]) else { return };
    let folder = tempfile::tempdir().expect("a folder");
    // As beside IIS. Where another test or a server holds a port, that is as good.
    let _iis = [8530, 8531].map(|port| std::net::TcpListener::bind(("127.0.0.1", port)));
    let manager = Stopped::configured(&folder, "hq", "\"manager\"", "").beside_iis().start_again();
    let password = folder.path().join("password");
    std::fs::write(&password, PASSWORD).expect("is written");
    let wsus = format!(
        "[linkage.microsoft_wsus]\nurl = \"http://127.0.0.1:{}\"\naccount = '{ACCOUNT}'\npassword_file = \"{}\"",
        microsoft.port(),
        password.display()
    );
    let stopped = Stopped::configured(&folder, "ms", "\"linkage\"", &wsus);
    let linkage = stopped.beside_iis().start_by(command);
    manager.done(&["wsus", "link", &linkage.linkage_url(), "--code", &linkage.code()]);
    let shown = manager.json(&["wsus", "show"]);
    assert_eq!(
        (&shown["servers"][0]["kind"], &shown["servers"][0]["mode"]),
        (&"microsoft".into(), &"top".into())
    );
    // It knows of a server below that has no Linkage: that is a problem, and what exit code 5 says.
    assert_eq!(exit(&manager.data, &["wsus", "doctor"]), 1);

    // Taken over, it is in step; a host that is taken out of its group is a difference until it is written.
    manager.done(&["hostgroup", "import", "--from-wsus"]);
    let (report, code) = sync(&manager.data, &["--dry-run"]);
    assert_eq!((code, states(&report)), (5, "in_step no_linkage".to_owned()), "{report}");
    let groups = manager.json(&["hostgroup", "list"])["items"].clone();
    let name = groups[0]["name"].as_str().expect("a name").to_owned();
    manager.done(&["hostgroup", "add", &name, "pc1.example"]);
    let (report, _) = sync(&manager.data, &["--dry-run"]);
    assert_eq!(differences(&report).len(), 1, "{report}");
    manager.done(&["wsus", "group", "apply", "--group", &name]);
    let members = manager.json(&["wsus", "group", "preview", &name]);
    let members = &members["groups"][0];
    assert_eq!((members["unchanged"].as_u64(), members["add"].as_array().map(Vec::len)), (Some(1), Some(0)));
    manager.done(&["group", "create", "Pilots of Berlin"]);
    manager.done(&["hostgroup", "create", "New"]);
    let plan = folder.path().join("plan.json").display().to_string();
    manager.done(&["wsus", "group", "preview", "New", "--save", &plan]);
    manager.done(&["wsus", "group", "apply", &plan]);
    let (report, code) = sync(&manager.data, &[]);
    assert_eq!((code, states(&report)), (5, "in_step no_linkage".to_owned()), "{report}");
    let groups = manager.json(&["group", "list"])["items"].to_string();
    assert!(groups.contains("Pilots of Berlin") && groups.contains("\"New\""), "{groups}");
}

/// The states of the servers, in the order of the tree.
pub(super) fn states(report: &Value) -> String {
    let servers = report["servers"].as_array().expect("servers").iter();
    servers.map(|one| one["state"].as_str().expect("a state")).collect::<Vec<_>>().join(" ")
}

/// The part of a Linkage's configuration by which it asks the administration service of an update server here.
pub(super) fn administered(folder: &TempDir, wsus: &str) -> String {
    let password = folder.path().join("first-password");
    format!(
        "[linkage.microsoft_wsus]\nurl = \"{wsus}\"\naccount = \"admin\"\nauthentication = \"basic\"\npassword_file \
         = \"{}\"\n",
        password.display()
    )
}

/// Pairs the Linkage of a lower WSUS as soon as it waits at the one above it.
pub(super) async fn pair(manager: &Node, wsus: &Node, linkage: &Node) {
    pair_as(manager, &format!("{}.test.example", wsus.name), linkage).await;
}

/// The same, by the name of the WSUS.
pub(super) async fn pair_as(manager: &Node, name: &str, linkage: &Node) {
    eventually(|| manager.json(&["wsus", "show"])["joining"].to_string().contains(name)).await;
    manager.done(&["wsus", "pair", name, "--code", &linkage.code()]);
}

/// Waits until something holds. A busy machine takes its time, and nothing waits that long where all is well.
pub(super) async fn eventually(holds: impl Fn() -> bool) {
    let begun = Instant::now();
    while !holds() {
        assert!(begun.elapsed().as_secs() < 180, "it never held");
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
}

/// The updates that can be approved and that every one of the computers evaluates.
pub(super) fn known_to_all(top: &Node, agents: &[Agent]) -> Vec<UpdateIdentity> {
    let page: Value = top.json(&["update", "list", "--limit", "200"]);
    let items = page["items"].as_array().expect("updates").iter();
    let approvable = items.filter(|one| one["state"] == "approvable");
    let identities = approvable.map(|one| UpdateIdentity {
        id: one["id"].as_str().expect("an id").parse().expect("an id"),
        revision: u32::try_from(one["revision"].as_u64().expect("a number")).expect("a revision"),
    });
    identities.filter(|one| agents.iter().all(|agent| agent.action(one.id).is_some())).collect()
}
