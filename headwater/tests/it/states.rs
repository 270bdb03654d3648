//! How an approved update stands on computers, told apart in the reports of a managing server: one waits for a
//! restart, on one it failed, one has it, one told nothing, and one fell silent.

use std::time::SystemTime;

use headwater_model::Timestamp;
use headwater_simulated_agent::Event;
use headwater_store::{ComputerWrite, Place, Store};
use headwater_testkit::builders::{Update, id};
use headwater_testkit::client_id;
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::tree::{Node, administered, eventually};

const PRODUCT: u32 = 2;
const UPDATE: u32 = 10;
const DISK_FULL: i32 = 0x8007_0070_u32 as i32;

/// The linked WSUS and its Linkage, which speaks only the administration service where it stands before it.
fn top(folder: &TempDir, speaks_the_service: bool) -> (Node, Option<Node>) {
    if !speaks_the_service {
        return (Node::wsus(folder, "top", None), None);
    }
    let top = Node::start_with(folder, "top", "\"update-server\"", "");
    let more = administered(folder, top.server.updates_url());
    let linkage = Node::start_with(folder, "top-linkage", "\"linkage\"", &more);
    (top, Some(linkage))
}

/// Starts again with a computer whose last contact is 40 days ago.
async fn with_silent(top: Node, number: u32) -> Node {
    let stopped = top.stop();
    let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).expect("is later").as_secs();
    let at = Timestamp::EPOCH.plus_seconds(now as i64 - 40 * 86_400);
    let place = Place::file(stopped.data.join("headwater.sqlite"));
    let store = Store::open(&place).await.expect("opens");
    let client = client_id(number).parse().expect("an id");
    store.write_computers(&[ComputerWrite::Contact { client, at, synced: true }]).await.expect("writes");
    store.close().await;
    stopped.start_again()
}

async fn check(speaks_the_service: bool) {
    let folder = tempfile::tempdir().expect("a folder");
    let documents = tempfile::tempdir().expect("a folder");
    let update = Update::software(UPDATE, "Needed").in_category(PRODUCT);
    for document in [Update::product(PRODUCT, "Product").document(), update.document()] {
        std::fs::write(documents.path().join(document.file_name()), &document.xml).expect("is written");
    }
    let manager = Node::start(&folder, "hq", "\"manager\"", None);
    let (top, linkage) = top(&folder, speaks_the_service);
    top.done(&["update", "import", documents.path().to_str().expect("a path")]);
    let of_linkage = linkage.as_ref().unwrap_or(&top);
    manager.done(&["wsus", "link", &of_linkage.linkage_url(), "--code", &of_linkage.code()]);
    manager.done(&["group", "create", "Nobody"]);
    manager.done(&["update", "approve", &id(UPDATE).to_string(), "--group", "All Computers"]);

    let needs = || Event::inventory(&[('U', &[id(UPDATE)])]);
    let failed = Event::installation_failed(update.identity(), "Needed", DISK_FULL);
    for (number, events) in [
        (1, vec![Event::inventory(&[('W', &[id(UPDATE)])])]),
        (2, vec![needs(), failed]),
        (3, vec![needs()]),
        (4, vec![]),
        (5, vec![Event::inventory(&[('V', &[id(UPDATE)])])]),
    ] {
        let mut agent = top.computer(number).await;
        for event in events {
            agent.report(&[event]).await.expect("reports");
        }
    }
    let row = || manager.json(&["report", "compliance", "--by", "update"])["items"][0].clone();
    let expected = |needing: u64, silent: u64| {
        json!({"id": id(UPDATE).to_string(), "name": "Needed", "computers": 5, "complete": 1, "needing": needing,
            "failing": 1, "pending_restart": 1, "unreported": 1, "silent": silent, "not_applicable": 0})
    };
    eventually(|| row() == expected(1, 0)).await;
    let top = with_silent(top, 3).await;
    eventually(|| row() == expected(0, 1)).await;

    // The page of the update says the same, and so do computers by group and by server.
    let shown = manager.json(&["update", "show", &id(UPDATE).to_string()]);
    let status = ["installed", "needed", "failed", "pending_restart", "unknown"];
    assert_eq!(status.map(|state| shown["status"][state].as_u64()), [1, 0, 1, 1, 1].map(Some), "{shown}");
    assert_eq!(shown["silent"], 1, "{shown}");
    let standing = ["computers", "complete", "failing", "pending_restart", "unreported", "silent"];
    for by in ["group", "server"] {
        let rows = manager.json(&["report", "compliance", "--by", by])["items"].clone();
        let all = rows.as_array().expect("rows").iter().find(|row| row["computers"] == 5).expect("has all");
        assert_eq!(standing.map(|state| all[state].as_u64()), [5, 1, 1, 1, 1, 1].map(Some), "{all}");
    }

    // The lists, whole and of a part.
    let names = |list: &[&str], of: &[&str]| {
        let rows = manager.json(&[&["report"], list, of].concat())["items"].clone();
        let name = |one: &Value| one["computer_name"].as_str().or(one["name"].as_str()).map(str::to_owned);
        rows.as_array().expect("rows").iter().filter_map(name).collect::<Vec<_>>()
    };
    for (list, expected) in [
        (&["computers", "--standing", "pending-restart"][..], "pc1.test.example"),
        (&["computers", "--standing", "silent"], "pc3.test.example"),
        (&["computers", "--standing", "unreported"], "pc4.test.example"),
        (&["failures"], "pc2.test.example"),
    ] {
        for part in [&[][..], &["--group", "All Computers"], &["--at", "top.test.example"]] {
            assert_eq!(names(list, part), [expected], "{list:?} {part:?}");
        }
        assert_eq!(names(list, &["--group", "Nobody"]), [""; 0], "{list:?}");
    }
    let failure = manager.json(&["report", "failures"])["items"][0].clone();
    // The administration service does not tell why.
    let error = (!speaks_the_service).then_some("0x80070070");
    assert_eq!(failure["error"].as_str(), error, "{failure}");
    drop((top, linkage));
}

#[tokio::test(flavor = "multi_thread")]
async fn an_update_is_told_apart_by_state_in_reports() {
    check(false).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_update_is_told_apart_by_state_through_the_administration_service() {
    check(true).await;
}
