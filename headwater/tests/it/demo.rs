//! `headwater up --demo`: the whole picture in one process, found again by the next start.

use std::collections::BTreeSet;
use std::path::Path;
use std::process::Command;

use serde_json::Value;

use crate::process::{HEADWATER, Server, UP, json, stderr};
use crate::tree::{changed, differences, eventually, states, sync};

fn start(data: &Path) -> Server {
    Server::wait_for(Command::new(HEADWATER).args(UP).args(["--demo", "--data"]).arg(data))
}

/// The servers of the tree with their modes; those that are not reached in brackets.
fn tree(data: &Path) -> String {
    let shown = json(data, &["wsus", "show"]);
    let text = |value: &Value| value.as_str().expect("a text").to_owned();
    let server = |one: &Value| match one["reached"].as_bool() {
        Some(true) => format!("{} {}", text(&one["name"]), text(&one["mode"])),
        _ => format!("({} {})", text(&one["name"]), text(&one["mode"])),
    };
    let servers = shown["servers"].as_array().expect("servers");
    servers.iter().map(server).collect::<Vec<_>>().join(", ")
}

const TREE: &str = "Headquarters top, Berlin replica, Potsdam replica, Lab autonomous, (Munich replica)";

#[tokio::test(flavor = "multi_thread")]
async fn the_whole_picture_comes_up_is_repaired_and_found_again() {
    let folder = tempfile::tempdir().expect("a folder");
    let data = folder.path();
    let server = start(data);
    assert_eq!(tree(data), TREE);
    let computers = json(data, &["computer", "list", "--limit", "100"]);
    assert!(computers["items"].as_array().is_some_and(|items| items.len() >= 14), "{computers}");

    // One member was moved by hand: missing in one group, too many in another. Munich is silent.
    let (report, code) = sync(data, &["--dry-run"]);
    assert_eq!((code, states(&report)), (1, "in_step differs in_step not_reached in_step".to_owned()));
    let found = differences(&report);
    let servers: BTreeSet<&str> = found.iter().map(|(server, _)| server.as_str()).collect();
    assert_eq!((found.len(), servers), (2, BTreeSet::from(["Berlin"])), "{found:?}");
    assert!(found.iter().all(|(_, text)| text.contains("`ber-ws-002.corp.example`")), "{found:?}");

    let (report, code) = sync(data, &[]);
    assert_eq!((code, differences(&report), changed(&report)), (1, vec![], 2), "{report}");
    let (report, code) = sync(data, &[]);
    assert_eq!((code, changed(&report)), (1, 0), "{report}");
    assert_eq!(states(&report), "in_step in_step in_step not_reached in_step");

    // The computers are alive: some install, and one update fails on several.
    eventually(|| {
        json(data, &["update", "list", "--limit", "500"])["items"].as_array().is_some_and(|items| {
            let failed = |one: &&Value| one["failed"].as_u64().unwrap_or_default() > 0;
            items.iter().filter(failed).count() == 1
        })
    })
    .await;

    server.kill();
    let again = start(data);
    assert!(!again.said("password "));
    assert_eq!(tree(data), TREE);
    let (report, code) = sync(data, &["--dry-run"]);
    assert_eq!((code, differences(&report)), (1, vec![]), "{report}");
}

#[test]
fn what_the_demonstration_cannot_do_is_refused_before_anything_is_written() {
    let folder = tempfile::tempdir().expect("a folder");
    let refused = |updates: &str, data: &Path| {
        let mut command = Command::new(HEADWATER);
        command.args(["up", "--demo", "--updates", updates]).args(&UP[3..]).arg("--data").arg(data);
        let refused = command.output().expect("the executable starts");
        assert_eq!(refused.status.code(), Some(1));
        stderr(&refused)
    };
    let data = folder.path().join("data");
    let said = refused("0.0.0.0:0", &data);
    assert!(said.contains("keep `updates` on loopback") && !data.exists(), "{said}");
    // It would approve updates on somebody's server.
    Server::start(&data).kill();
    let said = refused("127.0.0.1:0", &data);
    assert!(said.contains("no demonstration") && !data.join("berlin").exists(), "{said}");
}
