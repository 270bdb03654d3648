//! What approving many updates at once would mean, over sockets: bytes over each link with files that updates share,
//! files that are there already and one whose size nobody tells; and every computer by name.

use headwater_simulated_agent::Event;
use headwater_testkit::builders::{Update, id};
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::tree::{Node, administered, eventually, pair};

const PRODUCT: u32 = 2;
/// More than were once asked about at a time.
const UPDATES: u32 = 30;
const COMPUTERS: u32 = 24;
/// Two updates have it.
const SHARED: &[u8] = &[1; 5_000];
/// The top one holds it.
const HELD: &[u8] = &[2; 700];

fn number(at: u32) -> u32 {
    10 + at
}

/// The first two updates share a file, the first has one that is held, the third is a bundle, the fourth names no
/// file, and every other one has a file of its own of 100 bytes and as many as its number.
fn updates() -> Vec<Update> {
    let member = Update::member(900, "A part").in_category(PRODUCT).file("part.cab", &[3; 40]);
    let update = |at: u32| {
        let update = Update::software(number(at), &format!("Update {at:02}")).in_category(PRODUCT);
        let own = vec![at as u8; 100 + at as usize];
        match at {
            0 => update.file("shared.cab", SHARED).file("held.cab", HELD),
            1 => update.file("shared.cab", SHARED),
            2 => update.bundles(&[900]),
            3 => update,
            _ => update.file(&format!("{at}.cab"), &own),
        }
    };
    (0..UPDATES).map(update).chain([member, Update::product(PRODUCT, "Product")]).collect()
}

/// Of the updates that have one of their own.
fn own_bytes() -> u64 {
    (4..UPDATES).map(|at| u64::from(100 + at)).sum()
}

fn import(folder: &TempDir, top: &Node) {
    let documents = folder.path().join("documents");
    std::fs::create_dir(&documents).expect("is made");
    for document in updates().iter().map(Update::document) {
        std::fs::write(documents.join(document.file_name()), &document.xml).expect("is written");
    }
    std::fs::write(documents.join("held.cab"), HELD).expect("is written");
    top.done(&["update", "import", documents.to_str().expect("a path")]);
}

/// Each computer needs the first two updates, and the first one all.
async fn computers(node: &Node) {
    let all: Vec<_> = (0..UPDATES).map(|at| id(number(at))).collect();
    for one in 1..=COMPUTERS {
        let mut agent = node.computer(one).await;
        let needed = if one == 1 { &all[..] } else { &all[..2] };
        agent.report(&[Event::inventory(&[('U', needed)])]).await.expect("reports");
    }
}

struct Previewed<'a>(&'a Node, Vec<String>);

impl<'a> Previewed<'a> {
    fn of(manager: &'a Node, updates: std::ops::Range<u32>) -> Self {
        Self(manager, updates.map(|at| id(number(at)).to_string()).collect())
    }

    fn told(&self, more: &[&str]) -> Value {
        let ids: Vec<&str> = self.1.iter().map(String::as_str).collect();
        let dry_run = ["--group", "All Computers", "--dry-run"];
        self.0.json(&[&["update", "approve"], &ids[..], &dry_run, more].concat())
    }

    /// What it means on a server.
    fn on(&self, server: &str) -> Value {
        let told = self.told(&[]);
        let mut servers = told["servers"].as_array().expect("servers").iter();
        let found = servers.find(|one| one["server"]["name"] == format!("{server}.test.example"));
        found.cloned().unwrap_or_else(|| panic!("{server} is not in {told}"))
    }
}

fn bytes(on: &Value) -> Value {
    let fields = ["bytes_fetched", "bytes_fetched_at_least", "updates_of_unknown_size"];
    let sent = ["bytes_sent", "bytes_sent_at_least", "updates_sent_of_unknown_size"];
    json!([fields.map(|field| &on[field]), sent.map(|field| &on[field])])
}

#[tokio::test(flavor = "multi_thread")]
async fn many_updates_are_counted_over_every_link_and_every_computer_is_named() {
    let folder = tempfile::tempdir().expect("a folder");
    let manager = Node::start(&folder, "hq", "\"manager\"", None);
    let top = Node::wsus(&folder, "top", None);
    import(&folder, &top);
    manager.done(&["wsus", "link", &top.linkage_url(), "--code", &top.code()]);
    let berlin = Node::wsus(&folder, "berlin", Some(&top));
    pair(&manager, &berlin, &berlin).await;
    computers(&berlin).await;

    let all = Previewed::of(&manager, 0..UPDATES);
    let known = || {
        let told = all.told(&[]);
        (told["computers"].as_u64(), told["acting"].as_u64(), told["unknown"].as_u64())
    };
    let everybody = u64::from(COMPUTERS);
    eventually(|| known() == (Some(everybody), Some(everybody), Some(0))).await;

    // What is held does not count, nor what updates share twice; the one whose size nobody knows is counted aside.
    let rest = 5_000 + 40 + own_bytes();
    let on_top = all.on("top");
    assert_eq!(bytes(&on_top), json!([[null, rest, 1], [0, 0, 0]]), "{on_top}");
    let on_berlin = all.on("berlin");
    let sent = everybody * 5_700 + 40 + own_bytes();
    assert_eq!(bytes(&on_berlin), json!([[null, rest + 700, 1], [null, sent, 1]]), "{on_berlin}");
    // Without that one the sums are whole.
    let two = Previewed::of(&manager, 0..2);
    assert_eq!(bytes(&two.on("top")), json!([[5_000, 5_000, 0], [0, 0, 0]]));
    assert_eq!(
        bytes(&two.on("berlin")),
        json!([[5_700, 5_700, 0], [everybody * 5_700, everybody * 5_700, 0]])
    );
    let unsized_alone = Previewed::of(&manager, 3..4);
    assert_eq!(bytes(&unsized_alone.on("berlin")), json!([[null, 0, 1], [null, 0, 1]]));

    // The first twenty are named with the preview, and all of them page by page.
    assert_eq!(on_berlin["names"].as_array().map(Vec::len), Some(20));
    let (mut names, mut after) = (Vec::new(), None);
    loop {
        let mut more = vec!["--computers", "--limit", "10"];
        more.extend(after.iter().flat_map(|after: &String| ["--after", after.as_str()]));
        let page = all.told(&more);
        assert_eq!(page["total"].as_u64(), Some(everybody), "{page}");
        for one in page["items"].as_array().expect("computers") {
            let name = one["name"].as_str().expect("a name").to_owned();
            let expected = match name.as_str() {
                "pc1.test.example" => json!([null, 5_700 + 40 + own_bytes(), 1]),
                _ => json!([5_700, 5_700, 0]),
            };
            assert_eq!(
                json!([one["bytes"], one["bytes_at_least"], one["updates_of_unknown_size"]]),
                expected
            );
            assert_eq!((&one["acts"], &one["silent"]), (&json!(true), &json!(false)));
            names.push(name);
        }
        after = page["next"].as_str().map(str::to_owned);
        if after.is_none() {
            break;
        }
    }
    let mut expected: Vec<String> = (1..=COMPUTERS).map(|one| format!("pc{one}.test.example")).collect();
    expected.sort();
    assert_eq!(names, expected);
    let at = |server: &str| all.told(&["--computers", "--at", server])["total"].clone();
    assert_eq!((at("berlin.test.example"), at("top.test.example")), (json!(24), json!(0)));

    // What is only looked for, or removed, brings nothing to anybody.
    let looked_for = all.told(&["--action", "detect"]);
    assert_eq!((&looked_for["acting"], &looked_for["unknown"]), (&json!(0), &json!(0)));
    assert_eq!(bytes(&looked_for["servers"][0]), json!([[0, 0, 0], [0, 0, 0]]), "{looked_for}");

    // A server that cannot be asked is no server with nothing to fetch, and of its computers nothing is known where
    // the one above does not tell.
    drop(berlin.kill());
    eventually(|| all.on("berlin")["bytes_fetched_at_least"] == 0).await;
    let cut_off = all.on("berlin");
    assert_eq!(bytes(&cut_off), json!([[null, 0, UPDATES], [null, sent, 1]]), "{cut_off}");
    assert_eq!(manager.json(&["update", "show", &id(10).to_string()])["approvals"], json!([]));
}

/// A Linkage that speaks only the administration service tells who acts, and of files nothing.
#[tokio::test(flavor = "multi_thread")]
async fn sizes_that_the_administration_service_does_not_tell_are_unknown() {
    let folder = tempfile::tempdir().expect("a folder");
    let manager = Node::start(&folder, "hq", "\"manager\"", None);
    let top = Node::start_with(&folder, "top", "\"update-server\"", "");
    import(&folder, &top);
    let more = administered(&folder, top.server.updates_url());
    let linkage = Node::start_with(&folder, "top-linkage", "\"linkage\"", &more);
    manager.done(&["wsus", "link", &linkage.linkage_url(), "--code", &linkage.code()]);
    computers(&top).await;
    // More updates than computers are asked about by computer, fewer by update.
    for (updates, unknown) in [(0..UPDATES, UPDATES), (0..2, 2)] {
        let preview = Previewed::of(&manager, updates);
        let acting = || preview.told(&[])["acting"].as_u64();
        eventually(|| acting() == Some(u64::from(COMPUTERS))).await;
        let on_top = preview.on("top");
        assert_eq!(bytes(&on_top), json!([[null, 0, unknown], [null, 0, unknown]]), "{on_top}");
        assert_eq!(on_top["unknown"], 0, "{on_top}");
        let listed = preview.told(&["--computers"]);
        assert_eq!(listed["items"].as_array().map(Vec::len), Some(COMPUTERS as usize));
    }
}
