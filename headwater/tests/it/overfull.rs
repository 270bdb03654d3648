//! Pages of a server with as many groups as a large organisation has, each with the longest name there is.

use headwater_browser::Browser;
use headwater_model::{GroupId, Timestamp};
use headwater_policy::group::ALL_COMPUTERS;
use headwater_store::{NewGroup, Place, Store};

use crate::console::{Console, first_password};
use crate::process::{Server, catalogue, documents, json, run};

const GROUPS: usize = 4_000;

/// No word of it ends, which is the worst for a page.
fn name(number: usize) -> String {
    format!("{number:04}{}", "W".repeat(251))
}

#[test]
fn pages_with_long_names_and_many_groups_fit() {
    let Some(browser) = Browser::start() else { return };
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().to_owned();
    let fresh = Server::start(&data);
    let password = first_password(&fresh);
    fresh.kill();
    // One by one through the server they would take minutes, for it reads all that is decided after each.
    let runtime = tokio::runtime::Runtime::new().unwrap();
    runtime.block_on(async {
        let store = Store::open(&Place::file(data.join("headwater.sqlite"))).await.unwrap();
        for number in 0..GROUPS {
            let id = GroupId::from_u128(1_000 + number as u128);
            let group = NewGroup { id, name: name(number), parent: ALL_COMPUTERS };
            store.add_group(&group, "admin", Timestamp::EPOCH).await.unwrap();
        }
        store.close().await;
    });
    let server = Server::start(&data);
    assert!(run(&data, &["update", "import", &documents(&catalogue(120))]).status.success());
    json(&data, &["hostgroup", "import", "--from-wsus"]);
    let console = Console::signed_in(browser, server, folder, data, &password, "No computer matches.");
    let browser = &console.browser;

    console.look_at("/groups", "overfull-groups");
    assert!(browser.text("h1").contains("4,000 host groups: choose one."));
    let last = name(GROUPS - 1);
    console.look_at(&format!("/groups?group={last}&find=399"), "overfull-group");
    assert!(browser.text("h1").contains("is as its host group wants it"));
    console.look_at(&format!("/groups/host?group={last}"), "overfull-members");
    console.look_at("/updates", "overfull-updates");
    console.comes("tbody", "KB");
    let update = console.first("/updates");
    console.look_at(&update, "overfull-update");
    assert!(browser.text("[data-live=grid]").contains("0000WWW"), "{}", browser.text("[data-live=grid]"));
    console.look_at("/reports", "overfull-reports");
    console.look_at("/computers", "overfull-computers");
    console.look_at("/", "overfull-overview");

    // A page of the record goes on with the next, either way; what is exported is all of it.
    console.look_at("/history", "overfull-history");
    assert!(browser.text("h1").contains("The last 100 entries"), "{}", browser.text("h1"));
    let first = browser.text("tbody tr:first-child");
    browser.click("main p a.button");
    browser.wait_text("h1", "Of those before, 100 entries");
    assert_ne!(browser.text("tbody tr:first-child"), first);
    console.open("/history?order=reversed");
    browser.click("main p a.button");
    browser.wait_text("h1", "Of those after, 100 entries");
    let (newest_first, oldest_first) =
        (console.fetched("/history.csv"), console.fetched("/history.csv?order=reversed"));
    assert!(newest_first.lines().count() > GROUPS, "{} lines", newest_first.lines().count());
    let lines: Vec<&str> = oldest_first.lines().skip(1).collect();
    assert!(newest_first.lines().skip(1).eq(lines.into_iter().rev()));
    console.is_sound();
}
