//! What a managing server tells while a WSUS, or its Linkage, does not answer: what it last read with its age, and
//! which servers are missing; never nothing as if there were nothing.

use headwater_simulated_agent::Event;
use serde_json::{Value, json};

use crate::process::{catalogue, documents, run, stderr};
use crate::site::Site;
use crate::tree::{Node, eventually, known_to_all, pair};

/// What a command printed as JSON, with its exit code and what it said beside it.
fn told(manager: &Node, arguments: &[&str]) -> (Value, Option<i32>, String) {
    let output = run(&manager.data, &[arguments, &["--output", "json"]].concat());
    let value = serde_json::from_slice(&output.stdout).unwrap_or_default();
    (value, output.status.code(), stderr(&output))
}

fn items(answer: &Value) -> Vec<&str> {
    let all = answer["items"].as_array().map(Vec::as_slice).unwrap_or_default();
    all.iter().filter_map(|one| one["name"].as_str()).collect()
}

/// Every list and sheet that is read is told from memory, with its age in one sentence and in the JSON.
fn is_remembered(manager: &Node, update: &str) {
    let check = |arguments: &[&str], holds: &dyn Fn(&Value) -> bool| {
        let (answer, code, said) = told(manager, arguments);
        assert_eq!(code, Some(0), "{arguments:?}: {answer} {said}");
        assert!(holds(&answer), "{arguments:?}: {answer}");
        assert!(answer["as_of"].is_string() && answer["problem"].is_string(), "{arguments:?}: {answer}");
        assert!(said.starts_with("This is as it was read "), "{arguments:?}: {said}");
    };
    check(&["group", "list"], &|answer| {
        let groups = answer["items"].as_array().expect("groups");
        groups.iter().any(|one| one["name"] == "Pilot" && one["computers"] == 1 && one["approvals"] == 1)
    });
    check(&["group", "members", "Pilot"], &|answer| items(answer) == ["pc2.test.example"]);
    check(&["computer", "list", "--group", "Pilot"], &|answer| items(answer) == ["pc2.test.example"]);
    check(&["update", "show", update], &|answer| {
        answer["approvals"][0]["group_name"] == "Pilot" && answer["status"]["failed"] == 1
    });
    check(&["computer", "show", "pc2"], &|answer| {
        answer["status"]["failed"] == 1 && answer["approvals"][0]["id"] == update
    });
    check(&["computer", "why", "pc2", update], &|answer| {
        let why = "It is approved for Pilot; how far pc2.test.example has come with it is not known while its server \
                   cannot be asked.";
        answer["why"] == why
    });
    check(&["hostgroup", "members", "Pilot"], &|answer| {
        answer["items"][0]["name"] == "pc2.test.example" && answer["items"][0]["registered"] == true
    });
    // Nobody remembers what failed on which computer: it is said whose failures are missing.
    let (answer, code, said) = told(manager, &["report", "failures"]);
    assert_eq!((code, &answer["items"]), (Some(1), &json!([])), "{answer}");
    assert_eq!(answer["without"], json!(["top.test.example"]), "{answer}");
    assert!(said.contains("top.test.example could not be asked: what only it knows is missing."), "{said}");
    let (answer, code, said) = told(manager, &["update", "computers", update]);
    assert_eq!((code.is_some_and(|code| code != 0), answer), (true, Value::Null), "{said}");
}

/// A product is found by its id as by its title; where the WSUS tells no ids, that is said.
fn a_product_is_named_by_its_id(manager: &Node, top: &Node, is_before: bool) {
    let all = manager.json(&["update", "list", "--limit", "200"])["items"].clone();
    let mut products = all.as_array().expect("updates").iter().filter_map(|one| one["products"][0].as_str());
    let title = products.next_back().expect("an update of a product").to_owned();
    let categories = top.json(&["update", "list", "--kind", "category", "--limit", "200"])["items"].clone();
    let category =
        categories.as_array().expect("categories").iter().find(|one| one["title"] == title.as_str());
    let id = category.expect("is known")["id"].as_str().expect("an id");
    let by = |product: &str| told(manager, &["update", "list", "--limit", "200", "--product", product]);
    let (by_id, code, said) = by(id);
    if is_before {
        assert!(code == Some(2) && said.contains("name it by its title"), "{said}");
    } else {
        assert_eq!((by_id["total"].as_u64() > Some(0), by_id), (true, by(&title).0), "{said}");
    }
}

async fn check(is_before: bool) {
    let folder = tempfile::tempdir().expect("a folder");
    let manager = Node::start(&folder, "hq", "\"manager\"", None);
    let top = Site::start(&folder, "top", is_before, None);
    top.done(&["update", "import", &documents(&catalogue(120))]);
    manager.done(&["wsus", "link", &top.linkage_url(), "--code", &top.code()]);
    let agents = [top.computer(2).await];
    let update = known_to_all(&top, &agents)[0];
    let id = update.id.to_string();
    // Before the first reading nothing is known, and that is an error.
    eventually(|| items(&told(&manager, &["computer", "list"]).0) == ["pc2.test.example"]).await;
    manager.done(&["hostgroup", "create", "Pilot", "--host", "pc2"]);
    manager.done(&["wsus", "group", "apply", "--group", "Pilot"]);
    manager.done(&["update", "approve", &id, "--group", "Pilot"]);
    let [mut agent] = agents;
    let events =
        [Event::inventory(&[('U', &[update.id])]), Event::installation_failed(update, "It", -2_147_024_784)];
    assert!(agent.report(&events).await.expect("reports"));
    eventually(|| {
        let all = manager.json(&["computer", "list", "--group", "Pilot"])["items"].to_string();
        let members = manager.json(&["hostgroup", "members", "Pilot"])["items"].to_string();
        let update = manager.json(&["update", "list", "--search", &id])["items"][0]["failed"].clone();
        all.contains("\"failed\":1") && members.contains("\"registered\":true") && update == 1
    })
    .await;
    let (answer, code, said) = told(&manager, &["report", "failures"]);
    assert_eq!((code, said.as_str(), answer["items"].as_array().map(Vec::len)), (Some(0), "", Some(1)));

    a_product_is_named_by_its_id(&manager, &top, is_before);

    let Site { wsus, before } = top;
    let _wsus = wsus.kill();
    let problem = || told(&manager, &["computer", "list"]).0["problem"].is_string();
    eventually(problem).await;
    is_remembered(&manager, &id);
    let Some(linkage) = before else { return };
    let _linkage = linkage.kill();
    is_remembered(&manager, &id);
    // A managing server that starts meanwhile remembers too.
    let manager = manager.stop().start_again();
    eventually(|| told(&manager, &["computer", "list"]).0["problem"].is_string()).await;
    is_remembered(&manager, &id);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_read_is_told_with_its_age_while_the_top_is_down() {
    check(false).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_read_is_told_with_its_age_while_the_wsus_behind_its_linkage_is_down() {
    check(true).await;
}

/// A branch whose server alone knows its computers.
#[tokio::test(flavor = "multi_thread")]
async fn a_report_names_the_branch_that_is_not_reached() {
    let folder = tempfile::tempdir().expect("a folder");
    let manager = Node::start(&folder, "hq", "\"manager\"", None);
    let top = Site::start(&folder, "top", true, None);
    top.done(&["update", "import", &documents(&catalogue(120))]);
    manager.done(&["wsus", "link", &top.linkage_url(), "--code", &top.code()]);
    let munich = Site::start(&folder, "munich", true, Some(&top));
    pair(&manager, &munich, munich.linkage()).await;
    let mut agents = [top.computer(2).await, munich.computer(3).await];
    let update = known_to_all(&top, &agents)[0];
    let events =
        [Event::inventory(&[('U', &[update.id])]), Event::installation_failed(update, "It", -2_147_024_784)];
    for agent in &mut agents {
        assert!(agent.report(&events).await.expect("reports"));
    }
    let failing = || told(&manager, &["report", "failures"]).0["items"].as_array().map(Vec::len);
    eventually(|| failing() == Some(2)).await;

    let _munich = munich.kill();
    let (answer, code, said) = told(&manager, &["report", "failures"]);
    assert_eq!((code, &answer["without"]), (Some(1), &json!(["munich.test.example"])), "{answer}");
    assert_eq!(answer["items"][0]["computer_name"], "pc2.test.example", "{answer}");
    assert!(said.contains("munich.test.example could not be asked"), "{said}");
    let (answer, code, said) = told(&manager, &["update", "computers", &update.id.to_string()]);
    assert_eq!((code, &answer["without"]), (Some(1), &json!(["munich.test.example"])), "{answer}");
    assert_eq!(items(&answer), ["pc2.test.example"], "{said}");
}
