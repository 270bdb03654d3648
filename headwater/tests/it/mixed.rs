//! Trees that mix Microsoft WSUS and Headwater: a played Microsoft WSUS below an update server of ours, and above
//! one. Each takes from the other by the protocol between servers, and the managing server reaches the played ones
//! by their administration service only. Not verified on a live WSUS.

use std::collections::BTreeSet;
use std::path::Path;

use headwater_microsoft_wsus::{ACCOUNT, LICENCE, MicrosoftWsus, PASSWORD};
use headwater_model::{ClientId, GroupId, UpdateId, UpdateIdentity};
use headwater_simulated_agent::Agent;
use headwater_testkit::builders::{Update, id};
use headwater_wsus_admin as admin;
use serde_json::Value;
use tempfile::TempDir;

use crate::drift::check_offers;
use crate::process::{run, stderr};
use crate::tree::{Node, called, changed, differences, eventually, exit, pair_as, states, sync};

/// A played Microsoft WSUS, with the Linkage before it.
struct Played {
    program: MicrosoftWsus,
    /// What an administrator of it has: its console.
    console: admin::Wsus,
    linkage: Node,
}

impl Played {
    /// `name` is the one that the others know it by. Without a server above it takes from Microsoft. What `more`
    /// may be, `play/__main__.py` explains.
    fn start(
        folder: &TempDir,
        name: &'static str,
        number: u8,
        above: Option<(&str, &Node)>,
        more: &[&str],
        computers: &[&str],
    ) -> Option<Self> {
        let (id, called) =
            (format!("{number}50cee4a-aaff-470c-8fc3-7a94cb3a4293"), format!("{name}.test.example"));
        let mut options = vec!["--id", &id, "--name", &called];
        if let Some((url, _)) = above {
            options.extend(["--upstream", url]);
        }
        options.extend(more);
        options.push("--computers");
        options.extend(computers);
        let program = MicrosoftWsus::start(&options)?;
        let url = format!("http://127.0.0.1:{}", program.port());
        let password = folder.path().join("wsus-password");
        std::fs::write(&password, PASSWORD).expect("is written");
        let parent = above.map(|(_, above)| format!("parent = \"{}\"\n", above.linkage_url()));
        let settings = format!(
            "{}[linkage.microsoft_wsus]\nurl = \"{url}\"\naccount = '{ACCOUNT}'\npassword_file = \"{}\"",
            parent.unwrap_or_default(),
            password.display()
        );
        let linkage = Node::start_with(folder, format!("{name}-linkage").leak(), "\"linkage\"", &settings);
        let account = admin::Account::new(ACCOUNT, admin::Password::new(PASSWORD)).expect("an account");
        let console = admin::Wsus::new(admin::Access {
            address: url.parse().expect("an address"),
            credentials: admin::Credentials::Ntlm(account),
            ca_pem: None,
            plain_http: admin::PlainHttp::OnLoopback,
            patience: admin::Patience::default(),
        });
        Some(Self { program, console: console.expect("a console"), linkage })
    }

    fn url(&self) -> String {
        format!("http://127.0.0.1:{}", self.program.port())
    }

    /// Somebody synchronises it by hand.
    async fn synchronise(&self) {
        let before = self.console.taken().await.expect("a time").last_sync;
        self.console.start_sync().await.expect("starts");
        while self.console.sync_progress().await.expect("progress").is_running {}
        assert!(self.console.taken().await.expect("a time").last_sync > before, "it did not succeed");
    }

    async fn group(&self, name: &str) -> GroupId {
        let groups = self.console.groups().await.expect("groups");
        groups.into_iter().find(|group| group.name == name).expect("the group").id
    }

    /// The names of the groups that were made, and what is approved, as update and name of the group.
    async fn decided(&self) -> (BTreeSet<String>, BTreeSet<(UpdateIdentity, String)>) {
        let groups = self.console.groups().await.expect("groups");
        let approvals = self.console.approvals().await.expect("approvals");
        let name = |id: GroupId| groups.iter().find(|group| group.id == id).expect("a group").name.clone();
        let approvals = approvals.into_iter().map(|one| (one.update, name(one.group))).collect();
        let made = groups.iter().filter(|group| group.kind == admin::GroupKind::Made);
        (made.map(|group| group.name.clone()).collect(), approvals)
    }

    /// The computers of a group.
    async fn members(&self, group: GroupId) -> Vec<ClientId> {
        let computers = self.console.computers(admin::Scope::Own).await.expect("computers");
        computers.into_iter().filter(|one| one.groups.contains(&group)).map(|one| one.id).collect()
    }
}

fn computer(number: u8) -> ClientId {
    format!("00000000-0000-0000-0000-{number:012}").parse().expect("an id")
}

fn names(names: &[&str]) -> BTreeSet<String> {
    names.iter().map(|name| (*name).to_owned()).collect()
}

/// Documents for a server of ours: two updates, one with a licence, and a bundle whose part no console lists.
fn write_documents(folder: &Path) {
    let documents = [
        Update::product(2, "Windows 11"),
        Update::classification(3, "Security Updates"),
        Update::software(10, "First").in_category(2).in_category(3),
        Update::software(11, "Second").in_category(2).in_category(3),
        Update::software(12, "Third").in_category(2).in_category(3).licence(LICENCE.parse().expect("an id")),
        Update::member(13, "A part").in_category(2).in_category(3),
        Update::software(14, "A bundle").in_category(2).in_category(3).bundles(&[13]),
    ];
    std::fs::create_dir_all(folder).expect("a folder");
    for document in documents.map(|update| update.document()) {
        std::fs::write(folder.join(document.file_name()), document.xml).expect("is written");
    }
}

/// What differs, as server and the beginning of the words; each once, and nothing else.
#[track_caller]
fn check_differences(report: &Value, wanted: &[(&str, String)]) {
    let found = differences(report);
    for (server, text) in wanted {
        let is_it = |(at, said): &&(String, String)| at.starts_with(server) && said.starts_with(text);
        assert_eq!(found.iter().filter(is_it).count(), 1, "{server}: {text}: {found:#?}");
    }
    assert_eq!(found.len(), wanted.len(), "{found:#?}");
}

/// Where an update is on each server, in the order of the tree.
fn arrivals(manager: &Node, update: UpdateId) -> Vec<String> {
    let shown = manager.json(&["update", "show", &update.to_string()]);
    let servers = shown["servers"].as_array().expect("servers").iter();
    servers.map(|one| one["arrival"].as_str().expect("a word").to_owned()).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_microsoft_replica_below_our_update_server_is_kept_in_step() {
    let folder = tempfile::tempdir().expect("a folder");
    let manager = Node::start(&folder, "hq", "\"manager\"", None);
    let top = Node::wsus(&folder, "top", None);
    let documents = folder.path().join("documents");
    write_documents(&documents);
    top.done(&["update", "import", &documents.display().to_string()]);
    for group in ["Pilot", "Berlin"] {
        top.done(&["group", "create", group]);
    }
    let above = Some((top.server.updates_url(), &top));
    let Some(berlin) = Played::start(&folder, "berlin", 1, above, &["--replica"], &["4", "5"]) else {
        return;
    };
    berlin.synchronise().await;
    manager.done(&["wsus", "link", &top.linkage_url(), "--code", &top.code()]);
    pair_as(&manager, "berlin.test.example", &berlin.linkage).await;
    let shown = manager.json(&["wsus", "show"])["servers"][1].clone();
    assert_eq!((&shown["kind"], &shown["mode"]), (&"microsoft".into(), &"replica".into()), "{shown}");

    // Approvals come down by its own synchronisation, one for detection only means nothing there; members are written.
    manager.done(&["hostgroup", "import", "--from-wsus"]);
    manager.done(&["hostgroup", "add", "Berlin", "pc4.example", "pc5.example"]);
    let [first, second, third] = [10, 11, 12].map(|number| id(number).to_string());
    manager.done(&["update", "accept-licence", &third]);
    for (update, group) in [(&first, "Berlin"), (&third, "All Computers")] {
        manager.done(&["update", "approve", update, "--group", group]);
    }
    manager.done(&["update", "approve", &second, "--group", "Pilot", "--action", "detect"]);
    let (report, code) = sync(&manager.data, &[]);
    assert_eq!((code, differences(&report)), (0, vec![]), "{report}");
    assert_eq!(states(&report), "in_step in_step");
    let approved = |number| UpdateIdentity { id: id(number), revision: 200 };
    let (groups, approvals) = berlin.decided().await;
    assert_eq!(groups, names(&["Pilot", "Berlin"]));
    let all = "Tous les ordinateurs".to_owned();
    assert_eq!(approvals, [(approved(10), "Berlin".to_owned()), (approved(12), all)].into());
    let group = berlin.group("Berlin").await;
    assert_eq!(berlin.members(group).await, [computer(4), computer(5)]);
    let (report, code) = sync(&manager.data, &[]);
    assert_eq!((code, changed(&report)), (0, 0), "the second run changes nothing: {report}");

    // By hand: a member is moved there, and at the top a group goes and an approval comes.
    berlin.console.add_to_group(berlin.group("Pilot").await, &computer(4)).await.expect("is added");
    berlin.console.remove_from_group(group, &computer(4)).await.expect("is removed");
    top.done(&["group", "create", "Lab"]);
    top.done(&["update", "approve", &second, "--group", "Berlin"]);
    top.done(&["update", "decline", &first]);
    let (report, code) = sync(&manager.data, &["--dry-run"]);
    assert_eq!(code, 1);
    let of = |number| called(&manager, id(number), approved(number));
    let wanted = [
        "Group `Lab` is missing.".to_owned(),
        format!("Approval of {}, install, for `Berlin` is missing.", of(11)),
        format!("Approval of {}, install, for `Berlin` is only here.", of(10)),
        format!("Update {} is not declined.", called(&manager, id(10), id(10))),
        "Computer `pc4.example` is not in `Berlin`.".to_owned(),
        "Computer `pc4.example` is in `Pilot` and is not to be.".to_owned(),
    ];
    check_differences(&report, &wanted.map(|text| ("berlin", text)));
    let (report, code) = sync(&manager.data, &[]);
    assert_eq!((code, differences(&report)), (0, vec![]), "{report}");
    assert_eq!(berlin.decided().await.0, names(&["Pilot", "Berlin", "Lab"]));
    assert_eq!(berlin.members(group).await, [computer(4), computer(5)]);
    let (report, code) = sync(&manager.data, &[]);
    assert_eq!((code, changed(&report)), (0, 0), "{report}");
}

/// A played one at the top, ours below it, and a played one below ours.
struct Tree {
    manager: Node,
    top: Played,
    berlin: Node,
    shop: Played,
    agent: Agent,
}

async fn tree(folder: &TempDir) -> Option<Tree> {
    let manager = Node::start(folder, "hq", "\"manager\"", None);
    let top = Played::start(folder, "top", 1, None, &[], &["1", "2"])?;
    let berlin = Node::start(folder, "berlin", "\"update-server\", \"linkage\"", Some(&top.linkage));
    berlin.done(&["upstream", "set", &top.url(), "--replica"]);
    berlin.done(&["upstream", "sync", "--wait"]);
    let above = Some((berlin.server.updates_url(), &berlin));
    let shop = Played::start(folder, "shop", 2, above, &["--replica"], &["4"])?;
    shop.synchronise().await;
    // What is below it, it tells the top with its next run.
    berlin.done(&["upstream", "sync", "--wait"]);
    manager.done(&["wsus", "link", &top.linkage.linkage_url(), "--code", &top.linkage.code()]);
    pair_as(&manager, "berlin.test.example", &berlin).await;
    pair_as(&manager, "shop.test.example", &shop.linkage).await;
    let agent = berlin.computer(3).await;
    Some(Tree { manager, top, berlin, shop, agent })
}

#[tokio::test(flavor = "multi_thread")]
async fn a_tree_with_a_microsoft_top_and_ours_between_two_is_kept_in_step() {
    let folder = tempfile::tempdir().expect("a folder");
    let Some(Tree { manager, top, berlin, shop, agent }) = tree(&folder).await else { return };
    let shown = manager.json(&["wsus", "show"]);
    let kinds: Vec<&Value> =
        shown["servers"].as_array().expect("servers").iter().map(|one| &one["kind"]).collect();
    assert_eq!(kinds, ["microsoft", "headwater", "microsoft"], "{shown}");
    assert_eq!(exit(&manager.data, &["wsus", "doctor"]), 0);

    // Taken over as it is, it is in step: what nobody approved yet is no difference.
    manager.done(&["hostgroup", "import", "--from-wsus"]);
    let (report, code) = sync(&manager.data, &["--dry-run"]);
    assert_eq!((code, differences(&report)), (0, vec![]), "{report}");

    // A group, its members at all three, and approvals: all of it from the managing server.
    let hosts = ["--host", "pc1.example", "--host", "pc3.test.example", "--host", "pc4.example"];
    manager.done(&[&["hostgroup", "create", "Berlin"][..], &hosts].concat());
    manager.done(&["wsus", "group", "apply", "--group", "Berlin"]);
    let update = UpdateIdentity { id: UpdateId::from_u128(0x5EED_0001), revision: 201 };
    let licensed = UpdateIdentity { id: UpdateId::from_u128(0x5EED_0002), revision: 202 };
    manager.done(&["update", "accept-licence", &licensed.id.to_string()]);
    for (one, group) in [(update, "Berlin"), (licensed, "Tous les ordinateurs")] {
        manager.done(&["update", "approve", &one.id.to_string(), "--group", group]);
    }
    let (report, code) = sync(&manager.data, &[]);
    assert_eq!((code, differences(&report)), (0, vec![]), "{report}");
    assert_eq!(states(&report), "in_step in_step in_step");
    assert_eq!(shop.decided().await, top.decided().await);
    let group = top.group("Berlin").await;
    assert_eq!(top.members(group).await, [computer(1)]);
    assert_eq!(shop.members(group).await, [computer(4)]);
    let mut agents = [agent];
    check_offers(&mut agents, &[update, licensed], &[vec![update, licensed]]).await;
    let (report, code) = sync(&manager.data, &[]);
    assert_eq!((code, changed(&report)), (0, 0), "the second run changes nothing: {report}");

    // By hand, at each of the three.
    shop.console.remove_from_group(group, &computer(4)).await.expect("is removed");
    berlin.done(&["computer", "move", "pc3.test.example", "--group", "Servers & more"]);
    top.console.withdraw(update, group, "bob").await.expect("is withdrawn");
    top.console.decline(UpdateId::from_u128(0x5EED_0003), "bob").await.expect("is declined");
    top.console.create_group("Lab", None).await.expect("is made");
    let (report, code) = sync(&manager.data, &["--dry-run"]);
    assert_eq!(code, 1);
    let mut wanted = Vec::new();
    let declined = UpdateId::from_u128(0x5EED_0003);
    let (approval, declined) = (called(&manager, update.id, update), called(&manager, declined, declined));
    for server in ["berlin", "shop"] {
        wanted.push((server, "Group `Lab` is missing.".to_owned()));
        wanted.push((server, format!("Approval of {approval}, install, for `Berlin` is only here.")));
        wanted.push((server, format!("Update {declined} is not declined.")));
    }
    wanted.push(("berlin", "Computer `pc3.test.example` is not in `Berlin`.".to_owned()));
    wanted
        .push(("berlin", "Computer `pc3.test.example` is in `Servers & more` and is not to be.".to_owned()));
    wanted.push(("shop", "Computer `pc4.example` is not in `Berlin`.".to_owned()));
    check_differences(&report, &wanted);
    let (report, code) = sync(&manager.data, &[]);
    assert_eq!((code, differences(&report)), (0, vec![]), "{report}");
    assert_eq!(shop.decided().await, top.decided().await);
    assert_eq!(shop.members(group).await, [computer(4)]);
    check_offers(&mut agents, &[update, licensed], &[vec![licensed]]).await;
    let (report, code) = sync(&manager.data, &[]);
    assert_eq!((code, changed(&report)), (0, 0), "{report}");
    // One that gives no hints of changes is asked when somebody wants it: the first time, twice by hand, and by
    // the four runs here.
    let history = berlin.json(&["upstream", "history"])["items"].clone();
    assert!(history.as_array().expect("runs").len() <= 7, "{history}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_halt_goes_down_a_mixed_tree() {
    let folder = tempfile::tempdir().expect("a folder");
    let Some(Tree { manager, top, berlin, shop, mut agent }) = tree(&folder).await else { return };
    let update = UpdateIdentity { id: UpdateId::from_u128(0x5EED_0001), revision: 201 };
    let id = update.id.to_string();
    manager.done(&["update", "approve", &id, "--group", "Servers & more"]);
    manager.done(&["update", "approve", &id, "--group", "Tous les ordinateurs"]);
    let (report, code) = sync(&manager.data, &[]);
    assert_eq!((code, differences(&report)), (0, vec![]), "{report}");
    eventually(|| arrivals(&manager, update.id)[1..] == ["as_above", "as_above"]).await;
    check_offers(std::slice::from_mut(&mut agent), &[update], &[vec![update]]).await;

    // The lowest is cut off: the others withdraw, each after the one above it.
    let linkage = shop.linkage.kill();
    let halted = manager.json(&["update", "halt", &id]);
    assert!(halted["done_at"].is_string(), "{halted}");
    assert!(top.decided().await.1.is_empty());
    eventually(|| arrivals(&manager, update.id) == ["withdrawn", "withdrawn", "not_reached"]).await;
    check_offers(std::slice::from_mut(&mut agent), &[update], &[vec![]]).await;
    assert_eq!(shop.console.approvals().await.expect("approvals").len(), 2);
    let _linkage = linkage.start_again();
    eventually(|| arrivals(&manager, update.id) == ["withdrawn", "withdrawn", "withdrawn"]).await;
    assert_eq!(shop.console.approvals().await.expect("approvals"), []);
    let said = run(&manager.data, &["update", "show", &id]);
    assert!(said.status.success(), "{}", stderr(&said));
    drop(berlin);
}

/// What the report says of a server's own things.
fn local(report: &Value, server: usize) -> &Value {
    &report["servers"][server]["local"]
}

#[tokio::test(flavor = "multi_thread")]
async fn what_an_autonomous_microsoft_wsus_does_not_take_is_no_difference() {
    let folder = tempfile::tempdir().expect("a folder");
    let manager = Node::start(&folder, "hq", "\"manager\"", None);
    let top = Node::wsus(&folder, "top", None);
    let documents = folder.path().join("documents");
    write_documents(&documents);
    let office = [
        Update::product(4, "Office"),
        Update::software(15, "For Office").in_category(4).in_category(3),
        Update::software(16, "Also for Office").in_category(4).in_category(3),
    ];
    for document in office.map(|update| update.document()) {
        std::fs::write(documents.join(document.file_name()), document.xml).expect("is written");
    }
    top.done(&["update", "import", &documents.display().to_string()]);
    let above = Some((top.server.updates_url(), &top));
    let [windows, security] = [2, 3].map(|number| id(number).to_string());
    let Some(berlin) =
        Played::start(&folder, "berlin", 1, above, &["--subscribe", &windows, &security], &["4"])
    else {
        return;
    };
    berlin.synchronise().await;
    manager.done(&["wsus", "link", &top.linkage_url(), "--code", &top.code()]);
    pair_as(&manager, "berlin.test.example", &berlin.linkage).await;
    let shown = manager.json(&["wsus", "show"])["servers"][1].clone();
    assert_eq!((&shown["kind"], &shown["mode"]), (&"microsoft".into(), &"autonomous".into()), "{shown}");
    let (report, code) = sync(&manager.data, &[]);
    assert_eq!((code, differences(&report)), (0, vec![]), "{report}");
    let said = "2 updates that its subscription, or one above it, leaves out";
    assert_eq!(local(&report, 1), said, "{report}");

    // Its own groups and approvals are its own, and its members are written where it has the group.
    manager.done(&["hostgroup", "create", "Berlin", "--host", "pc4.example"]);
    manager.done(&["wsus", "group", "apply", "--group", "Berlin"]);
    manager.done(&["update", "approve", &id(10).to_string(), "--group", "Berlin"]);
    manager.done(&["wsus", "server", "set", "berlin.test.example", "--follow", "groups,approvals"]);
    let (report, code) = sync(&manager.data, &[]);
    assert_eq!((code, differences(&report)), (0, vec![]), "{report}");
    let approved = UpdateIdentity { id: id(10), revision: 200 };
    assert_eq!(berlin.decided().await, (names(&["Berlin"]), [(approved, "Berlin".to_owned())].into()));
    assert_eq!(berlin.members(berlin.group("Berlin").await).await, [computer(4)]);
    let (report, code) = sync(&manager.data, &[]);
    assert_eq!((code, changed(&report)), (0, 0), "{report}");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_ours_does_not_take_from_a_microsoft_wsus_is_no_difference() {
    let folder = tempfile::tempdir().expect("a folder");
    let manager = Node::start(&folder, "hq", "\"manager\"", None);
    let Some(top) = Played::start(&folder, "top", 1, None, &[], &["1"]) else { return };
    let berlin = Node::start(&folder, "berlin", "\"update-server\", \"linkage\"", Some(&top.linkage));
    berlin.done(&["upstream", "set", &top.url(), "--autonomous"]);
    berlin.done(&["upstream", "sync", "--wait"]);
    manager.done(&["wsus", "link", &top.linkage.linkage_url(), "--code", &top.linkage.code()]);
    pair_as(&manager, "berlin.test.example", &berlin).await;
    let (report, code) = sync(&manager.data, &[]);
    assert_eq!((code, differences(&report), local(&report, 1)), (0, vec![], &Value::Null), "{report}");
    // What is there stays, and what comes from now on must be of the other product.
    berlin.done(&["upstream", "filter", "--product", "Office"]);
    top.console.start_sync().await.expect("starts");
    while top.console.sync_progress().await.expect("progress").is_running {}
    let (report, code) = sync(&manager.data, &[]);
    assert_eq!((code, differences(&report)), (0, vec![]), "{report}");
    assert_eq!(local(&report, 1), "1 update that its subscription, or one above it, leaves out", "{report}");
}
