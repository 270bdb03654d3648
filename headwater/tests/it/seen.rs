//! A decision about something that is no longer what its operator saw is refused, and changes nothing.

use headwater_testkit::builders::{Update, id};
use serde_json::{Value, json};
use ureq::http::Request;

use crate::tree::{Node, administered};

const BERLIN: &str = "Berlin";

#[test]
fn what_changed_meanwhile_is_neither_replaced_nor_declined() {
    check(false);
}

#[test]
fn the_same_through_the_administration_service() {
    check(true);
}

/// With the Linkage of the top in the update server, or before it.
fn check(is_before: bool) {
    let folder = tempfile::tempdir().expect("a folder");
    let documents = tempfile::tempdir().expect("a folder");
    let updates = [Update::product(2, "Product"), Update::software(10, "An update").in_category(2)];
    for document in updates.iter().map(Update::document) {
        std::fs::write(documents.path().join(document.file_name()), &document.xml).expect("writes");
    }
    let manager = Node::start(&folder, "hq", "\"manager\"", None);
    let roles = if is_before { "\"update-server\"" } else { "\"update-server\", \"linkage\"" };
    let top = Node::start(&folder, "top", roles, None);
    top.done(&["update", "import", documents.path().to_str().expect("a path")]);
    let before = is_before.then(|| {
        let more = administered(&folder, top.server.updates_url());
        Node::start_with(&folder, "top-linkage", "\"linkage\"", &more)
    });
    let linkage = before.as_ref().unwrap_or(&top);
    manager.done(&["wsus", "link", &linkage.linkage_url(), "--code", &linkage.code()]);
    let group = manager.json(&["group", "create", BERLIN])["id"].clone();
    let update = id(10).to_string();

    let ask = |node: &Node, method: &str, path: &str, body: &Value| {
        let token = std::fs::read_to_string(node.data.join("admin.token")).expect("a token");
        let url = format!("{}/api/v1/{path}", node.server.told("console "));
        let request = Request::builder()
            .method(method)
            .uri(url)
            .header("authorization", format!("Bearer {}", token.trim()))
            .header("content-type", "application/json")
            .body(body.to_string())
            .expect("a request");
        let agent = ureq::agent();
        let request = agent.configure_request(request).allow_non_standard_methods(true).build();
        let answer = agent.run(request).expect("answers").into_body().read_to_string().expect("reads");
        let answer: Value = serde_json::from_str(&answer).expect("JSON");
        let reason = answer["refused"][0]["reason"].as_str().map(str::to_owned);
        reason.map_or(Ok(answer["applied"].as_array().map_or(0, Vec::len)), Err)
    };
    let seen = |approvals: Value| json!([{ "update": update, "approvals": approvals }]);
    let approve = |node: &Node, action: &str, seen: Value| {
        ask(
            node,
            "POST",
            "approvals",
            &json!({ "updates": [update], "group": group, "action": action, "seen": seen }),
        )
    };
    let blocked = json!([{ "group": group, "action": "block" }]);
    let action = || top.json(&["update", "show", &update])["approvals"][0]["action"].clone();

    // Somebody blocks it at the top while an operator looks at it.
    top.done(&["update", "approve", &update, "--group", BERLIN, "--action", "block"]);
    let meanwhile = Err("meanwhile it was blocked: look at it again".to_owned());
    assert_eq!(approve(&manager, "install", seen(json!([]))), meanwhile);
    assert_eq!(action(), "block");
    let decline = json!({ "updates": [update], "seen": seen(json!([])) });
    let told = "meanwhile it was blocked for a group: look at it again".to_owned();
    assert_eq!(ask(&manager, "POST", "updates/decline", &decline), Err(told));
    assert_eq!(top.json(&["update", "show", &update])["state"], "approvable");
    // The update server holds to the same.
    assert_eq!(approve(&top, "install", seen(json!([]))), meanwhile);

    // Whoever saw it may replace it, and what was done from here needs no look.
    assert_eq!(approve(&manager, "install", seen(blocked.clone())), Ok(1));
    manager.done(&["update", "approve", &update, "--group", BERLIN, "--action", "block"]);
    manager.done(&["update", "unapprove", &update, "--group", BERLIN]);
    manager.done(&["update", "approve", &update, "--group", BERLIN]);
    assert_eq!(action(), "install");
    let withdraw = json!({ "updates": [update], "group": group, "seen": seen(blocked) });
    let told = "meanwhile it was approved for installation: look at it again".to_owned();
    assert_eq!(ask(&manager, "DELETE", "approvals", &withdraw), Err(told));
    assert_eq!(action(), "install");
}
