//! Licence terms: an update that has some is approved for installation only once somebody accepted them, at
//! the top; the servers below take that over.

use headwater_model::EulaId;
use headwater_testkit::builders::{Update, id};

use crate::process::run;
use crate::tree::{Node, administered, exit, pair, sync};

const LICENCE: EulaId = EulaId::from_u128(0x5b8c_bf1c_2b8f_4c6e_8b27_7d4b_2d3f_6a11);

#[tokio::test(flavor = "multi_thread")]
async fn an_update_is_approved_once_its_licence_is_accepted() {
    check(false).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_licence_is_accepted_through_the_administration_service() {
    check(true).await;
}

/// With the Linkage of the top in the update server, or before it.
async fn check(is_before: bool) {
    let folder = tempfile::tempdir().expect("a folder");
    let documents = tempfile::tempdir().expect("a folder");
    let updates = [
        Update::product(2, "Product"),
        Update::software(10, "With terms").in_category(2).licence(LICENCE),
        Update::software(11, "With the same").in_category(2).licence(LICENCE),
        Update::software(12, "Free").in_category(2),
    ];
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
    let berlin = Node::start(&folder, "berlin", "\"update-server\", \"linkage\"", Some(linkage));
    berlin.done(&["upstream", "set", top.server.updates_url(), "--replica"]);
    pair(&manager, &berlin, &berlin).await;

    let ids = [10, 11, 12].map(|number| id(number).to_string());
    let accepted = |node: &Node, update: &str| {
        let shown = node.json(&["update", "show", update]);
        shown["licence"]["accepted"].as_bool()
    };
    let approve =
        |update: &str| exit(&manager.data, &["update", "approve", update, "--group", "All Computers"]);
    assert_eq!([0, 1, 2].map(|at| accepted(&manager, &ids[at])), [Some(false), Some(false), None]);
    let shown = run(&manager.data, &["update", "show", &ids[0]]);
    let shown = String::from_utf8_lossy(&shown.stdout).into_owned();
    assert!(shown.contains("update accept-licence"), "{shown}");
    assert_eq!([0, 1, 2].map(|at| approve(&ids[at])), [1, 1, 0]);
    assert_eq!(exit(&manager.data, &["update", "accept-licence", &ids[2]]), 1, "it has none");

    // Accepted once, for all with the same; who did it, and when, is told where it was done.
    manager.done(&["update", "accept-licence", &ids[0]]);
    manager.done(&["update", "accept-licence", &ids[1]]);
    assert_eq!([0, 1].map(|at| accepted(&manager, &ids[at])), [Some(true), Some(true)]);
    let entry = manager.json(&["audit", "list"])["items"][0].clone();
    let told = (&entry["what"], &entry["before"], entry["after"].as_str());
    let after = format!("accepted: {LICENCE}");
    assert_eq!(told, (&"accept licence".into(), &"not accepted".into(), Some(after.as_str())));
    let history = top.json(&["update", "show", &ids[0]])["history"].clone();
    assert!(history.to_string().contains("accept licence"), "{history}");
    assert_eq!([0, 1].map(|at| approve(&ids[at])), [0, 0]);
    assert_eq!(sync(&manager.data, &[]).1, 0);
    assert_eq!(accepted(&berlin, &ids[1]), Some(true));
}
