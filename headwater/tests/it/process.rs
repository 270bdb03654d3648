//! The real executable as a process: started, stopped, killed, started wrongly.

use std::io::{BufRead as _, BufReader};
use std::ops::Range;
use std::path::Path;
use std::process::{Child, Command, Output, Stdio};

use headwater_fleet::{Catalogue, Spec};
use headwater_model::UpdateIdentity;
use headwater_simulated_agent::{Agent, DetectoidsInstalled, Event, Stage};
use headwater_testkit::builders::Update;
use headwater_testkit::client_id;
use serde_json::Value;
use tempfile::TempDir;

pub(super) const HEADWATER: &str = env!("CARGO_BIN_EXE_headwater");

/// The arguments of `headwater up` on ports of its own.
pub(super) const UP: [&str; 7] =
    ["up", "--updates", "127.0.0.1:0", "--console", "127.0.0.1:0", "--linkage", "127.0.0.1:0"];

/// A running `headwater up` on ports of its own. It is killed when dropped.
pub(super) struct Server {
    process: Child,
    said: Vec<String>,
}

impl Server {
    /// Starts and waits for `headwater: ready`.
    pub(super) fn start(data: &Path) -> Self {
        Self::wait_for(Command::new(HEADWATER).args(UP).arg("--data").arg(data))
    }

    /// Starts with this address for agents and servers below.
    fn start_at(data: &Path, updates: &str) -> Self {
        let mut command = Command::new(HEADWATER);
        command.args(["up", "--updates", updates]).args(&UP[3..]).arg("--data").arg(data);
        Self::wait_for(&mut command)
    }

    pub(super) fn wait_for(command: &mut Command) -> Self {
        // A file, for a pipe that nobody reads holds up whoever writes into it.
        let log = tempfile::NamedTempFile::new().expect("a file");
        let stderr = log.reopen().expect("opens");
        let started = command.stdout(Stdio::piped()).stderr(stderr).spawn();
        let mut server = Self { process: started.expect("the executable starts"), said: Vec::new() };
        let lines = BufReader::new(server.process.stdout.take().expect("a pipe")).lines();
        for line in lines.map_while(Result::ok) {
            if line == "headwater: ready" {
                return server;
            }
            server.said.push(line);
        }
        let log = std::fs::read_to_string(log.path()).unwrap_or_default();
        panic!("the server ended before it was ready: {:?}\n{log}", server.said);
    }

    pub(super) fn kill(mut self) {
        self.process.kill().expect("is killed");
        self.process.wait().expect("ends");
    }

    /// Holds it still, as a machine that answers nobody and breaks no connection, or lets it go on.
    pub(super) fn pause(&self, is_paused: bool) {
        let signal = if is_paused { "-STOP" } else { "-CONT" };
        let signalled = Command::new("kill").args([signal, &self.process.id().to_string()]).status();
        assert!(signalled.expect("kill runs").success());
    }

    /// Ends it in order: it keeps what it would have kept.
    pub(super) fn stop(mut self) {
        let signalled = Command::new("kill").args(["-TERM", &self.process.id().to_string()]).status();
        assert!(signalled.expect("kill runs").success());
        assert!(self.process.wait().expect("ends").success());
    }

    /// Where agents and servers below ask, such as `http://127.0.0.1:40123`.
    pub(super) fn updates_url(&self) -> &str {
        self.told("updates ")
    }

    /// What follows a word at the beginning of a line.
    pub(super) fn told(&self, word: &str) -> &str {
        let line = self.said.iter().find_map(|line| line.strip_prefix(word));
        line.expect("it says its addresses").trim()
    }

    pub(super) fn said(&self, word: &str) -> bool {
        self.said.iter().any(|line| line.starts_with(word))
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // A server that has ended already is what the test wanted.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// Runs a command of the executable to its end.
pub(super) fn run(data: &Path, arguments: &[&str]) -> Output {
    let mut command = Command::new(HEADWATER);
    command.args(arguments).arg("--data").arg(data);
    command.output().expect("the executable starts")
}

pub(super) fn json(data: &Path, arguments: &[&str]) -> Value {
    let mut arguments = arguments.to_vec();
    arguments.extend(["--output", "json"]);
    let output = run(data, &arguments);
    let said = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "{arguments:?}: {} {said} {}", output.status, stderr(&output));
    serde_json::from_slice(&output.stdout).expect("JSON")
}

pub(super) fn stderr(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

/// A small generated catalogue in a folder.
pub(super) fn catalogue(updates: u32) -> TempDir {
    let folder = tempfile::tempdir().expect("a folder");
    let catalogue = Catalogue::new(Spec::new(updates)).expect("a catalogue");
    headwater_fleet::write(&catalogue, &folder.path().join("documents")).expect("is written");
    folder
}

pub(super) fn documents(folder: &TempDir) -> String {
    folder.path().join("documents").display().to_string()
}

/// How often each operation is killed: a release run asks for more.
pub(super) fn kills() -> u64 {
    std::env::var("HEADWATER_KILLS").map_or(5, |kills| kills.parse().expect("a number"))
}

/// Numbers that look random and are the same in every run.
pub(super) fn seeded(seed: u64) -> impl FnMut(u64) -> u64 {
    let mut state = seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1;
    move |below| {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        state % below
    }
}

#[test]
fn a_server_on_every_address_is_called_by_its_name_and_needs_its_first_password_once() {
    let folder = tempfile::tempdir().unwrap();
    let (data, password) = (folder.path().join("data"), folder.path().join("first-password"));
    std::fs::write(&password, crate::tree::FIRST_PASSWORD).unwrap();
    let config = folder.path().join("wsus.toml");
    let text = format!(
        "roles = [\"update-server\"]\ndata = \"{}\"\nadmin_password_file = \"{}\"\nname = \"wsus.test.example\"\nupdates = \
         \"0.0.0.0:0\"\nconsole = \"127.0.0.1:0\"\ninsecure_http = true\n",
        data.display(),
        password.display()
    );
    std::fs::write(&config, text).unwrap();
    let start = || Server::wait_for(Command::new(HEADWATER).args(["serve", "--config"]).arg(&config));
    let server = start();
    let policy = run(&data, &["client", "policy", "--format", "reg"]);
    let text = String::from_utf8_lossy(&policy.stdout).into_owned();
    assert!(text.contains("\"WUServer\"=\"http://wsus.test.example:"), "{text}");
    server.kill();
    std::fs::remove_file(password).unwrap();
    start();
}

#[test]
fn the_first_start_shows_the_password_and_the_next_does_not() {
    let folder = tempfile::tempdir().expect("a folder");
    let data = folder.path().join("data");
    let server = Server::start(&data);
    assert!(server.said("password  ") && server.said("updates   http://127.0.0.1:"));
    let first = json(&data, &["server", "status"]);
    server.kill();
    let server = Server::start(&data);
    assert!(!server.said("password"));
    let second = json(&data, &["server", "status"]);
    assert_eq!(first["server_id"], second["server_id"]);
}

#[test]
fn a_second_process_on_the_same_folder_is_refused() {
    let folder = tempfile::tempdir().expect("a folder");
    let _first = Server::start(folder.path());
    let second = run(folder.path(), &UP);
    assert_eq!(second.status.code(), Some(1));
    assert!(stderr(&second).contains("another headwater works on"), "{}", stderr(&second));
}

#[test]
fn a_taken_port_is_named_and_nothing_is_written() {
    let taken = std::net::TcpListener::bind("127.0.0.1:0").expect("a port");
    let address = taken.local_addr().expect("an address").to_string();
    let folder = tempfile::tempdir().expect("a folder");
    let data = folder.path().join("data");
    let refused = run(&data, &[&["up", "--updates", &address], &UP[3..]].concat());
    assert_eq!(refused.status.code(), Some(1));
    assert!(stderr(&refused).contains(&format!("cannot listen on {address}")), "{}", stderr(&refused));
    assert!(!data.exists());
}

#[test]
fn wrong_arguments_and_no_server_have_their_exit_codes() {
    let folder = tempfile::tempdir().expect("a folder");
    assert_eq!(run(folder.path(), &["up", "--nonsense"]).status.code(), Some(2));
    assert_eq!(run(folder.path(), &["server", "status"]).status.code(), Some(3));
    let _server = Server::start(folder.path());
    std::fs::write(folder.path().join("admin.token"), "wrong").expect("writes");
    assert_eq!(run(folder.path(), &["server", "status"]).status.code(), Some(6));
}

#[cfg(unix)]
#[test]
fn a_stop_signal_ends_it_with_success() {
    let folder = tempfile::tempdir().expect("a folder");
    // The moment at which it says that it is ready is the hardest one.
    for _ in 0..5 {
        let mut server = Server::start(folder.path());
        let signalled = Command::new("kill").args(["-TERM", &server.process.id().to_string()]).status();
        assert!(signalled.expect("kill runs").success());
        let ended = server.process.wait().expect("ends");
        assert!(ended.success(), "{ended}");
    }
}

#[test]
fn an_import_that_is_killed_leaves_whole_documents_and_the_next_completes_it() {
    let folder = catalogue(1_500);
    for seed in 0..kills() {
        let mut random = seeded(seed + 1);
        let data = tempfile::tempdir().expect("a folder");
        let server = Server::start(data.path());
        let mut import = Command::new(HEADWATER)
            .args(["update", "import", &documents(&folder), "--data"])
            .arg(data.path())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .expect("the executable starts");
        std::thread::sleep(std::time::Duration::from_millis(random(1_200)));
        server.kill();
        import.wait().expect("ends");

        let _server = Server::start(data.path());
        let half = json(data.path(), &["server", "status"]);
        let again = run(data.path(), &["update", "import", &documents(&folder), "--output", "json"]);
        let last = String::from_utf8_lossy(&again.stdout).lines().last().unwrap_or_default().to_owned();
        let summary: Value = serde_json::from_str(&last).expect("JSON");
        let summary = &summary["summary"];
        assert_eq!(summary["documents"], 1_500, "seed {seed}: {} {last} {}", again.status, stderr(&again));
        assert_eq!(summary["unchanged"], half["catalogue"]["revisions"], "seed {seed}");
        let whole = json(data.path(), &["server", "status"]);
        assert_eq!(whole["catalogue"]["revisions"], 1_500, "seed {seed}");
        assert_eq!(whole["catalogue"]["incomplete"], 0, "seed {seed}");
    }
}

/// A kill between the two writes of a batch leaves fragments whose revisions were never committed.
#[test]
fn fragments_without_their_revisions_do_not_count_as_known() {
    let folder = catalogue(300);
    let (whole, torn) = (tempfile::tempdir().expect("a folder"), tempfile::tempdir().expect("a folder"));
    let server = Server::start(whole.path());
    assert!(run(whole.path(), &["update", "import", &documents(&folder)]).status.success());
    server.kill();
    std::fs::copy(whole.path().join("fragments"), torn.path().join("fragments")).expect("copies");
    let _server = Server::start(torn.path());
    assert!(run(torn.path(), &["update", "import", &documents(&folder)]).status.success());
    let status = json(torn.path(), &["server", "status"]);
    assert_eq!(status["catalogue"]["revisions"], 300);
}

#[test]
fn acknowledged_approvals_survive_a_kill() {
    let folder = catalogue(300);
    for seed in 0..kills() {
        let mut random = seeded(seed + 1);
        let data = tempfile::tempdir().expect("a folder");
        let server = Server::start(data.path());
        assert!(run(data.path(), &["update", "import", &documents(&folder)]).status.success());
        assert!(run(data.path(), &["group", "create", "Pilot"]).status.success());
        let found = json(data.path(), &["update", "list", "--limit", "200"]);
        let approvable = found["items"].as_array().expect("a list").iter();
        let ids: Vec<String> = approvable
            .filter(|update| update["state"] == "approvable")
            .map(|update| update["id"].as_str().expect("an id").to_owned())
            .collect();
        assert!(ids.len() > 10);

        let killed_after = std::time::Duration::from_millis(50 + random(400));
        let killer = std::thread::spawn(move || {
            std::thread::sleep(killed_after);
            server.kill();
        });
        let acknowledged: Vec<&String> = ids
            .iter()
            .take_while(|id| {
                run(data.path(), &["update", "approve", id, "--group", "Pilot"]).status.success()
            })
            .collect();
        killer.join().expect("kills");

        let _server = Server::start(data.path());
        for id in &acknowledged {
            let update = json(data.path(), &["update", "show", id]);
            assert_eq!(update["approvals"][0]["action"], "install", "seed {seed}, {id}");
        }
        let approved = json(data.path(), &["server", "status"])["catalogue"]["approvals"].as_u64();
        let approved = approved.expect("a number") as usize;
        assert!((acknowledged.len()..=acknowledged.len() + 1).contains(&approved), "seed {seed}");
    }
}

/// The agents of one server, and how far they come.
const REPORTING: usize = 4;
/// The most reports of one agent; the kill comes before all have sent them.
const REPORTS_MAX: usize = 24;

/// The report of this number tells of so many updates that are needed, of as many others that are
/// installed, and in another event that the last of the needed ones failed.
fn numbered_report(number: usize, updates: &[UpdateIdentity]) -> [Event; 2] {
    let ids = |range: Range<usize>| updates[range].iter().map(|update| update.id).collect::<Vec<_>>();
    let (needed, installed) = (ids(0..number), ids(REPORTS_MAX..REPORTS_MAX + number));
    let inventory = Event::inventory(&[('U', &needed), ('V', &installed)]);
    [inventory, Event::installation_failed(updates[number - 1], "Software", -2_145_124_318)]
}

/// Lets all agents report at once and kills the server when so many reports are acknowledged; says
/// how many each agent knows to be.
async fn report_until_killed(server: Server, updates: &[UpdateIdentity], killed_after: usize) -> Vec<usize> {
    let (acknowledged, mut heard) = tokio::sync::mpsc::unbounded_channel();
    let mut agents = Vec::new();
    for number in 0..REPORTING as u32 {
        let (id, name) = (client_id(number), format!("pc{number}.test.example"));
        let mut agent = Agent::new(server.updates_url(), &id, &name, Box::new(DetectoidsInstalled)).unwrap();
        agent.run([Stage::RegisterComputer]).await.expect("registers");
        let (acknowledged, updates) = (acknowledged.clone(), updates.to_vec());
        agents.push(tokio::spawn(async move {
            for number in 1..=REPORTS_MAX {
                if !matches!(agent.report(&numbered_report(number, &updates)).await, Ok(true)) {
                    return number - 1;
                }
                acknowledged.send(()).expect("is heard");
            }
            REPORTS_MAX
        }));
    }
    for _ in 0..killed_after {
        heard.recv().await.expect("a report");
    }
    server.kill();
    let mut reports = Vec::new();
    for agent in agents {
        reports.push(agent.await.expect("ends"));
    }
    reports
}

#[test]
fn acknowledged_reports_survive_a_kill_and_none_is_there_by_half() {
    let software: Vec<Update> =
        (0..2 * REPORTS_MAX as u32).map(|n| Update::software(10 + n, "Some")).collect();
    let updates: Vec<UpdateIdentity> = software.iter().map(Update::identity).collect();
    let folder = tempfile::tempdir().expect("a folder");
    for update in software.into_iter().map(|update| update.in_category(2)).chain([Update::product(2, "All")])
    {
        let document = update.document();
        std::fs::write(folder.path().join(document.file_name()), document.xml).expect("writes");
    }
    let runtime = tokio::runtime::Runtime::new().expect("a runtime");
    for seed in 0..kills() {
        let data = tempfile::tempdir().expect("a folder");
        let server = Server::start(data.path());
        let imported = run(data.path(), &["update", "import", folder.path().to_str().expect("a path")]);
        assert!(imported.status.success(), "{}", stderr(&imported));
        let killed_after = 4 + seeded(seed + 1)(80) as usize;
        let acknowledged = runtime.block_on(report_until_killed(server, &updates, killed_after));
        assert!(acknowledged.iter().sum::<usize>() >= killed_after);

        let _server = Server::start(data.path());
        let mut needing_the_first = 0;
        for (number, acknowledged) in acknowledged.into_iter().enumerate() {
            let computer = json(data.path(), &["computer", "show", &client_id(number as u32)]);
            let count = |state: &str| computer["status"][state].as_u64().unwrap_or_default() as usize;
            let kept = count("installed");
            let context = format!("seed {seed}, computer {number}, {acknowledged} acknowledged: {computer}");
            // A report may be kept whose answer nobody heard.
            assert!((acknowledged..=acknowledged + 1).contains(&kept), "{context}");
            assert_eq!(count("needed") + count("failed"), kept, "{context}");
            let last = kept.checked_sub(1).map(|last| updates[last].id.to_string());
            let open = computer["updates"].as_array().expect("a list");
            let failed = |id: &String| open.iter().any(|u| u["id"] == **id && u["state"] == "failed");
            assert!(last.iter().all(failed), "{context}");
            needing_the_first += u64::from(kept > 0);
        }
        let first = json(data.path(), &["update", "show", &updates[0].id.to_string()]);
        let count = |state: &str| first["status"][state].as_u64().unwrap_or_default();
        assert_eq!(count("needed") + count("failed"), needing_the_first, "seed {seed}: {first}");
    }
}

#[test]
fn a_backup_of_a_running_server_is_restored_as_a_new_epoch() {
    let folder = catalogue(300);
    let (data, copies) = (tempfile::tempdir().expect("a folder"), tempfile::tempdir().expect("a folder"));
    let (backup, restored) = (copies.path().join("backup"), copies.path().join("restored"));
    let server = Server::start(data.path());
    assert!(run(data.path(), &["update", "import", &documents(&folder)]).status.success());
    assert!(run(data.path(), &["group", "create", "Before"]).status.success());
    let before = json(data.path(), &["server", "status"]);
    let done = run(data.path(), &["backup", backup.to_str().expect("a path")]);
    assert!(done.status.success(), "{}", stderr(&done));
    assert!(run(data.path(), &["group", "create", "After"]).status.success());
    let running = run(data.path(), &["migrate"]);
    assert!(stderr(&running).contains("another headwater works on"), "{}", stderr(&running));
    server.kill();
    let migrated = run(data.path(), &["migrate"]);
    let done = String::from_utf8_lossy(&migrated.stdout).into_owned();
    for role in ["update server", "managing server"] {
        assert!(done.contains(&format!("The database of the {role} is up to date")), "{done}");
    }

    let backup = backup.to_str().expect("a path");
    let done = run(&restored, &["restore", backup]);
    assert!(done.status.success(), "{}", stderr(&done));
    assert_eq!(run(&restored, &["restore", backup]).status.code(), Some(1), "nothing is overwritten");
    let _server = Server::start(&restored);
    let after = json(&restored, &["server", "status"]);
    assert_eq!(after["server_id"], before["server_id"]);
    assert_ne!(after["epoch"], before["epoch"]);
    assert_eq!(after["catalogue"], before["catalogue"]);
    let groups = json(&restored, &["group", "list"]);
    let names: Vec<&str> = groups["items"]
        .as_array()
        .expect("a list")
        .iter()
        .filter_map(|group| group["name"].as_str())
        .collect();
    assert!(names.contains(&"Before") && !names.contains(&"After"), "{names:?}");
}

/// A server on PostgreSQL, whose URL is in a file.
#[test]
fn a_server_on_postgres_is_migrated_and_refers_to_its_own_backups() {
    let Some(url) = headwater_private_postgres::database() else { return };
    let folder = tempfile::tempdir().expect("a folder");
    let (data, file) = (folder.path().join("data"), folder.path().join("headwater.toml"));
    std::fs::write(folder.path().join("url"), format!("{url}&password=secret\n")).expect("writes");
    let named = format!("database_url_file = '{}'", folder.path().join("url").display());
    std::fs::write(&file, named).expect("writes");
    let config = file.to_str().expect("a path");
    let server = |data: &Path| {
        let mut command = Command::new(HEADWATER);
        Server::wait_for(command.args(UP).args(["--config", config, "--data"]).arg(data))
    };
    let first = server(&data);
    assert!(run(&data, &["group", "create", "Berlin"]).status.success());
    let epoch = json(&data, &["server", "status"])["epoch"].clone();
    let second = run(&folder.path().join("other"), &["migrate", "--config", config]);
    assert!(stderr(&second).contains("another headwater works on the database"), "{}", stderr(&second));
    first.kill();

    for command in ["backup", "restore"] {
        let refused = run(&data, &[command, "somewhere", "--config", config]);
        assert_eq!(refused.status.code(), Some(1));
        let told = stderr(&refused);
        assert!(told.contains("PostgreSQL, database ") && told.contains("pg_"), "{told}");
        assert!(!told.contains("secret"), "{told}");
    }
    let migrated = run(&data, &["migrate", "--restored", "--config", config]);
    assert!(migrated.status.success(), "{}", stderr(&migrated));
    let _server = server(&data);
    assert_ne!(json(&data, &["server", "status"])["epoch"], epoch);
    let groups = json(&data, &["group", "list"]);
    assert!(groups.to_string().contains("Berlin"), "{groups}");
}

/// What two servers must agree on: the catalogue in numbers, groups, and each update's approvals.
fn state(data: &Path) -> (Value, Value, Value) {
    let groups = json(data, &["group", "list"]);
    let approved = json(data, &["update", "list", "--approval", "approved", "--limit", "1000"]);
    let groups = groups["items"].as_array().expect("a list").iter();
    let mut groups: Vec<Value> =
        groups.map(|group| serde_json::json!([group["id"], group["name"], group["approvals"]])).collect();
    groups.sort_by_key(Value::to_string);
    let approved = approved["items"].as_array().expect("a list").iter();
    let mut approved: Vec<String> = approved.map(|update| update["id"].to_string()).collect();
    approved.sort();
    (json(data, &["server", "status"])["catalogue"].clone(), groups.into(), approved.into())
}

/// Waits until a replica is in the state of its upstream server.
fn agrees(replica: &Path, top: &Path) {
    let wanted = state(top);
    let begun = std::time::Instant::now();
    while state(replica) != wanted {
        assert!(begun.elapsed().as_secs() < 60, "{:?}\n{:?}", state(replica), wanted);
        std::thread::sleep(std::time::Duration::from_millis(100));
    }
}

/// A server with a catalogue, a group and approvals.
fn approving(data: &Path, folder: &TempDir) -> Server {
    let server = Server::start(data);
    assert!(run(data, &["update", "import", &documents(folder)]).status.success());
    assert!(run(data, &["group", "create", "Pilot"]).status.success());
    let found = json(data, &["update", "list", "--limit", "100"]);
    let found = found["items"].as_array().expect("a list").iter();
    let approvable = found.filter(|update| update["state"] == "approvable");
    let ids: Vec<&str> = approvable.filter_map(|update| update["id"].as_str()).collect();
    assert!(ids.len() > 10);
    let approve = [&["update", "approve"], &*ids, &["--group", "Pilot"]].concat();
    assert!(run(data, &approve).status.success());
    server
}

#[test]
fn a_synchronisation_that_is_killed_on_either_side_is_completed_by_the_next() {
    let folder = catalogue(1_500);
    let above = tempfile::tempdir().expect("a folder");
    let mut top = approving(above.path(), &folder);
    let url = top.updates_url().to_owned();
    for seed in 0..kills() {
        let mut random = seeded(seed + 1);
        let data = tempfile::tempdir().expect("a folder");
        let mut replica = Server::start(data.path());
        assert!(run(data.path(), &["upstream", "set", &url, "--replica"]).status.success());
        std::thread::sleep(std::time::Duration::from_millis(random(1_500)));
        if random(2) == 0 {
            replica.kill();
            replica = Server::start(data.path());
        } else {
            top.kill();
            top = Server::start_at(above.path(), url.trim_start_matches("http://"));
        }
        agrees(data.path(), above.path());
        let runs = json(data.path(), &["upstream", "history"]);
        let states: Vec<&str> = runs["items"]
            .as_array()
            .expect("a list")
            .iter()
            .filter_map(|run| run["state"].as_str())
            .collect();
        assert!(states.contains(&"done"), "seed {seed}: {states:?}");
        drop(replica);
    }
}

#[test]
fn a_replica_of_a_restored_server_begins_anew() {
    let folder = catalogue(300);
    let (above, below) = (tempfile::tempdir().expect("a folder"), tempfile::tempdir().expect("a folder"));
    let (backup, restored) = (above.path().join("backup"), above.path().join("restored"));
    let data = above.path().join("data");
    let top = approving(&data, &folder);
    let url = top.updates_url().to_owned();
    assert!(run(&data, &["backup", backup.to_str().expect("a path")]).status.success());
    let _replica = Server::start(below.path());
    assert!(run(below.path(), &["upstream", "set", &url, "--replica"]).status.success());
    assert!(run(&data, &["group", "create", "Lost"]).status.success());
    agrees(below.path(), &data);

    // The restored server gets past the point that the replica knows before it is asked again.
    top.kill();
    assert!(run(&restored, &["restore", backup.to_str().expect("a path")]).status.success());
    let elsewhere = Server::start(&restored);
    // What was restored is looked at before it writes.
    assert!(run(&restored, &["wsus", "confirm"]).status.success());
    for number in 0..4 {
        assert!(run(&restored, &["group", "create", &format!("Found {number}")]).status.success());
    }
    elsewhere.kill();
    let _top = Server::start_at(&restored, url.trim_start_matches("http://"));
    agrees(below.path(), &restored);
}

#[test]
fn secrets_come_from_the_environment_or_a_file() {
    let folder = tempfile::tempdir().expect("a folder");
    let data = folder.path().join("data");
    let password = folder.path().join("password");
    std::fs::write(&password, "short\n").expect("writes");
    let config = folder.path().join("headwater.toml");
    std::fs::write(&config, format!("admin_password_file = {password:?}\n")).expect("writes");
    let up = [&UP[..], &["--config", config.to_str().expect("a path")]].concat();
    let refused = run(&data, &up);
    assert!(stderr(&refused).contains("fewer than 12 characters"), "{}", stderr(&refused));

    let mut command = Command::new(HEADWATER);
    command.args(UP).arg("--data").arg(&data);
    command.env("HEADWATER_ADMIN_PASSWORD", "correct horse battery");
    let server = Server::wait_for(&mut command);
    assert!(!server.said("password") && !server.said.iter().any(|line| line.contains("horse")));

    // The token of the folder, given in the environment, to a command that is shown no folder.
    let token = std::fs::read_to_string(data.join("admin.token")).expect("a token");
    let url = std::fs::read_to_string(data.join("api-url")).expect("an address");
    let status = |token: Option<&str>| {
        let mut command = Command::new(HEADWATER);
        command.args(["server", "status", "--server", url.trim()]).current_dir(folder.path());
        command.env_remove("HEADWATER_TOKEN");
        command.envs(token.map(|token| ("HEADWATER_TOKEN", token)));
        command.output().expect("the executable starts").status.code()
    };
    assert_eq!((status(Some(&token)), status(Some("wrong"))), (Some(0), Some(6)));
    assert_eq!(status(None), Some(2));
}

#[test]
fn updates_are_listed_by_severity_and_arrival() {
    let folder = catalogue(300);
    let data = tempfile::tempdir().expect("a folder");
    let _server = Server::start(data.path());
    assert!(run(data.path(), &["update", "import", &documents(&folder)]).status.success());
    let list = |filters: &[&str]| -> Vec<Value> {
        let found = json(data.path(), &[&["update", "list", "--limit", "1000"], filters].concat());
        found["items"].as_array().expect("items").clone()
    };
    let all = list(&[]);
    let critical = all.iter().filter(|update| update["severity"] == "Critical").count();
    assert!(critical > 0 && critical < all.len(), "{critical}");
    let found = list(&["--severity", "critical"]);
    assert!(
        found.len() == critical && found.iter().all(|update| update["severity"] == "Critical"),
        "{found:?}"
    );
    assert_eq!(list(&["--since", "2020-01-01T00:00"]).len(), all.len());
    assert_eq!(list(&["--since", "2999-01-01T00:00"]), Vec::<Value>::new());
    assert_eq!(list(&["--before", "2020-01-01T00:00Z"]), Vec::<Value>::new());
}
