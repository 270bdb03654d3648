//! Pages that are alive in a browser: what moves by itself, what stays still, and what is said when the connection is
//! lost.

use std::process::Command;

use headwater_browser::Browser;
use serde_json::Value;

use crate::console::Console;
use crate::process::{HEADWATER, Server, catalogue, documents, json, run};
use crate::tree::{Node, eventually, free_port};

/// Waits until a script says so.
fn comes(browser: &Browser, script: &str) {
    let holds = || browser.script(script) == true;
    tokio::runtime::Runtime::new().unwrap().block_on(eventually(holds));
}

/// How often the page asked for something of this path since it was opened.
fn asked(browser: &Browser, path: &str) -> usize {
    let script = format!(
        "return performance.getEntriesByType('resource').filter((one) => one.initiatorType === 'fetch' && new \
         URL(one.name).pathname === {path:?}).length"
    );
    browser.script(&script).as_u64().unwrap() as usize
}

#[test]
fn pages_move_by_themselves_and_say_when_they_cannot() {
    let Some(browser) = Browser::start() else { return };
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let folder = tempfile::tempdir().unwrap();
    // A managing server that is found again where it was.
    let data = folder.path().join("hq");
    let password = folder.path().join("first-password");
    std::fs::write(&password, crate::tree::FIRST_PASSWORD).unwrap();
    let config = folder.path().join("hq.toml");
    let text = format!(
        "roles = [\"manager\"]\ndata = \"{}\"\nadmin_password_file = \"{}\"\nname = \"hq.test.example\"\nconsole = \
         \"127.0.0.1:{}\"\n",
        data.display(),
        password.display(),
        free_port()
    );
    std::fs::write(&config, text).unwrap();
    let start = || Server::wait_for(Command::new(HEADWATER).args(["serve", "--config"]).arg(&config));
    let server = start();
    let done = |arguments: &[&str]| assert!(run(&data, arguments).status.success(), "{arguments:?}");

    let top = Node::wsus(&folder, "top", None);
    top.done(&["update", "import", &documents(&catalogue(120))]);
    done(&["wsus", "link", &top.linkage_url(), "--code", &top.code()]);
    let berlin = Node::wsus(&folder, "berlin", Some(&top));
    let name = "berlin.test.example";
    runtime.block_on(eventually(|| json(&data, &["wsus", "show"])["joining"].to_string().contains(name)));
    done(&["wsus", "pair", name, "--code", &berlin.code()]);
    runtime.block_on(top.computer(2));
    runtime.block_on(eventually(|| json(&data, &["computer", "list"])["total"] == 1));
    let updates: Value = json(&data, &["update", "list", "--limit", "1"]);
    let update = updates["items"][0]["id"].as_str().unwrap().to_owned();
    let console = Console::of(browser, server, folder, data.clone(), "1 computer.");
    let browser = &console.browser;

    // A run whose server answers nobody stands still, and moves once that goes on, on the page that is open.
    console.open("/runs");
    berlin.server.pause(true);
    browser.click("button.main");
    browser.wait_text("main", "running");
    browser.script("window.isTheSame = true");
    berlin.server.pause(false);
    console.comes(".verdict", "in step");
    assert_eq!(browser.script("return window.isTheSame === true"), true);
    console.stands_still("a run");

    // A run that ended before its page listened is told all the same.
    let listen = "window.told = 0; const events = new EventSource('/live?since=0-0'); events.addEventListener('run', () \
                  => { window.told += 1; events.close(); })";
    browser.script(listen);
    comes(browser, "return window.told === 1");

    // What asks servers for all that it shows learns the age of what was read, and asks for no more.
    console.open(&format!("/updates/{update}"));
    done(&["group", "create", "Pilot"]);
    comes(
        browser,
        "return performance.getEntriesByType('resource').some((one) => one.name.endsWith('/live/age'))",
    );
    assert_eq!(asked(browser, &format!("/updates/{update}")), 0);
    // What is a list of what was read comes again by itself.
    console.open("/groups");
    done(&["group", "create", "Tokyo"]);
    console.comes("[data-live=wsus-groups]", "Tokyo");
    assert!(asked(browser, "/groups") > 0);
    console.stands_still("groups");

    // A lost connection is said, and found again.
    console.open("/computers");
    browser.script("window.isTheSame = true");
    let is_lost = "return !document.querySelector('[data-lost]').hidden";
    assert_eq!(browser.script(is_lost), false);
    console.is_sound();
    let Console { browser, server, folder, .. } = console;
    server.kill();
    comes(&browser, is_lost);
    let said = browser.text("[data-lost]");
    assert_eq!(said, "Not live: the connection is lost, it is tried again");
    let server = start();
    comes(&browser, "return document.querySelector('[data-lost]').hidden");
    assert_eq!(browser.script("return window.isTheSame === true"), true);
    drop((server, folder));
}
