//! Licence terms: an update that has some is approved for installation only once somebody accepted them, at
//! the top; the servers below take that over. Before that everybody can read them.

use std::path::Path;

use headwater_api::{ApprovalAction, LicenceTerms, UpstreamMode};
use headwater_app::Operator;
use headwater_app::content::ContentSettings;
use headwater_browser::Browser;
use headwater_model::{EulaId, Sha1Digest, Sha256Digest};
use headwater_policy::group::ALL_COMPUTERS;
use headwater_simulated_agent::{DetectoidsInstalled, PayloadFile, download};
use headwater_testkit::builders::{Update, id};
use headwater_testkit::{Refused, ServerOptions, TestServer, eventually};
use headwater_wsus::wusp::GetFileLocations;
use sha2::Digest as _;

use crate::console::Console;
use crate::process::{Server, run};
use crate::tree::{Node, administered, exit, pair, sync};

const LICENCE: EulaId = EulaId::from_u128(0x5b8c_bf1c_2b8f_4c6e_8b27_7d4b_2d3f_6a11);

/// As somebody reads it whose language is English; its file is in UTF-16.
const ENGLISH: &str = "Licence terms \u{2013} please read.\n1.\tNothing is yours.\n";

fn english() -> Vec<u8> {
    let text = ENGLISH.replace('\n', "\r\n");
    let units = ["\u{feff}", &text].concat();
    units.encode_utf16().flat_map(u16::to_le_bytes).collect()
}

/// In the code page of Western Europe.
fn german() -> Vec<u8> {
    b"L\xf6schen Sie nichts.\r\n\r\n2. Ende\r\n".to_vec()
}

/// Software with terms in two languages.
fn with_terms(number: u32) -> Update {
    let update = Update::software(number, "With terms").licence(LICENCE);
    update.terms("en", "terms-en.txt", &english()).terms("de", "terms-de.txt", &german())
}

/// Makes a package of updates with these files.
fn write(folder: &Path, updates: &[Update], files: &[(&str, Vec<u8>)]) {
    for document in updates.iter().map(Update::document) {
        std::fs::write(folder.join(document.file_name()), &document.xml).expect("writes");
    }
    for (name, content) in files {
        std::fs::write(folder.join(name), content).expect("writes");
    }
}

/// Imports updates, and these files with them.
async fn import(server: &TestServer, updates: &[Update], files: &[(&str, Vec<u8>)]) {
    let folder = tempfile::tempdir().expect("a folder");
    write(folder.path(), updates, files);
    server.admin.import_path(folder.path()).await.expect("imports");
}

async fn terms(server: &TestServer, update: u32, language: Option<&str>) -> LicenceTerms {
    server.admin.licence(id(update), language).await.expect("an answer")
}

/// The text, or why there is none.
fn read(terms: LicenceTerms) -> Result<String, String> {
    match (terms.text, terms.missing) {
        (Some(text), None) => Ok(text),
        (None, Some(missing)) => Err(missing),
        other => panic!("a text or a reason is expected, not {other:?}"),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn terms_are_read_before_anything_is_approved_and_go_with_their_update() {
    let server = TestServer::start().await;
    import(&server, &[with_terms(10)], &[("en", english()), ("de", german())]).await;
    let english = terms(&server, 10, None).await;
    assert_eq!((english.id, english.accepted, english.accepted_by.as_deref()), (LICENCE, false, None));
    assert_eq!((english.language.as_deref(), english.languages.join(" ")), (Some("en"), "de en".to_owned()));
    assert_eq!(read(english), Ok(ENGLISH.to_owned()));
    let german = terms(&server, 10, Some("de-at")).await;
    assert_eq!(german.language.as_deref(), Some("de"));
    assert_eq!(read(german), Ok("L\u{f6}schen Sie nichts.\n\n2. Ende\n".to_owned()));
    assert_eq!(terms(&server, 10, Some("ja")).await.language.as_deref(), Some("en"));

    server.admin.ask(|client| client.accept_licence(id(10))).await.expect("accepts");
    let accepted = terms(&server, 10, None).await;
    assert_eq!((accepted.accepted, accepted.accepted_by.as_deref()), (true, Some("admin")));
    assert!(accepted.accepted_at.is_some());

    server.admin.decline(id(10)).await.expect("declines");
    assert_eq!(server.admin.server().await.expect("a status").content.files_held, 2);
    let app = server.app();
    app.delete_updates(&Operator::administrator("anna"), &[id(10)]).await.expect("deletes");
    assert_eq!(server.admin.server().await.expect("a status").content.files_held, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn who_cannot_read_the_terms_yet_is_told_why() {
    let content = ContentSettings { languages: vec!["de".to_owned()], ..ContentSettings::default() };
    let server = TestServer::start_with(ServerOptions { content, ..ServerOptions::default() }).await;
    let long = vec![b'x'; (1 << 20) + 1];
    let updates = [
        with_terms(10).terms("ja", "terms-ja.txt", b"not kept"),
        Update::software(11, "Long").licence(LICENCE).terms("en", "long.txt", &long),
        Update::software(12, "Withdrawn").licence(LICENCE).terms("en", "w.txt", b"withdrawn").expired(),
        Update::software(13, "Blank").licence(LICENCE).terms("en", "blank.txt", b" \r\n"),
        Update::software(14, "Free"),
    ];
    import(&server, &updates, &[("blank.txt", b" \r\n".to_vec())]).await;
    let wanted = async || server.admin.server().await.expect("a status").content.files_wanted;
    assert_eq!(wanted().await, 2, "those in German and in English");
    let why = async |update, language| read(terms(&server, update, language).await).expect_err("no text");
    assert!(why(10, Some("de")).await.starts_with("nobody is known to have the file"));
    assert!(why(10, Some("ja")).await.starts_with("the licence terms in ja are not kept here"));
    assert!(why(11, None).await.contains("has 1048577 bytes"));
    assert!(why(12, None).await.starts_with("its publisher withdrew it"));
    assert_eq!(why(13, None).await, "the file with its licence terms has no text");
    server.admin.decline(id(10)).await.expect("declines");
    assert!(why(10, None).await.starts_with("it is declined"));
    assert_eq!(wanted().await, 0);

    let refused = async |update, language| match server.admin.licence(id(update), language).await {
        Err(Refused::Refused(problem)) => (problem.status, problem.detail),
        other => panic!("{other:?}"),
    };
    assert_eq!(refused(14, None).await, (404, "it has no licence".to_owned()));
    let (status, said) = refused(10, Some(&"x".repeat(36))).await;
    assert!(status == 400 && said.starts_with("name a language"), "{said}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_replica_and_an_agent_get_the_file_where_they_are_told_it_is() {
    let (top, replica) = (TestServer::start().await, TestServer::start().await);
    replica.admin.follow(&top.updates_url, UpstreamMode::Replica).await.expect("is set");
    import(&top, &[with_terms(10)], &[("en", english()), ("de", german())]).await;
    top.admin.ask(|client| client.accept_licence(id(10))).await.expect("accepts");
    top.admin.approve(id(10), ALL_COMPUTERS, ApprovalAction::Install).await.expect("approves");
    eventually("the approval and the terms", async || {
        let held = replica.admin.server().await.ok()?.content.files_held;
        let is_approved = !replica.admin.update(id(10)).await.ok()?.approvals.is_empty();
        (held == 2 && is_approved).then_some(())
    })
    .await;
    let taken = terms(&replica, 10, None).await;
    assert_eq!((taken.accepted, taken.accepted_by.as_deref()), (true, None), "it was accepted above");
    assert_eq!(read(taken), Ok(ENGLISH.to_owned()));

    let content = english();
    let file = PayloadFile {
        name: "terms-en.txt".to_owned(),
        bytes: content.len() as u64,
        sha1: Sha1Digest(sha1::Sha1::digest(&content).into()),
        sha256: Some(Sha256Digest(sha2::Sha256::digest(&content).into())),
    };
    for server in [&top, &replica] {
        let mut agent = server.agent(1, DetectoidsInstalled);
        agent.scan().await.expect("keeps to the rules");
        let told = agent.walk.location(file.sha1).expect("a location in GetExtendedUpdateInfo").to_owned();
        let cookie = agent.walk.cookie().cloned().expect("a cookie");
        let request = GetFileLocations { cookie, file_digests: vec![file.sha1] };
        let found = agent.call(&request).await.expect("an answer").expect("no fault").result;
        assert_eq!(found.file_locations[0].url, told);
        assert_eq!(download(&told, file.clone()).await.expect("downloads").content, content);
    }
}

#[test]
fn a_page_shows_the_terms_with_the_button_that_accepts_them() {
    let Some(browser) = Browser::start() else { return };
    let (folder, package) = (tempfile::tempdir().expect("a folder"), tempfile::tempdir().expect("a folder"));
    write(package.path(), &[with_terms(10)], &[("en.txt", english()), ("de.txt", german())]);
    let (data, server) = (folder.path().to_owned(), Server::start(folder.path()));
    let imported = run(&data, &["update", "import", package.path().to_str().expect("a path")]);
    assert!(imported.status.success(), "{}", String::from_utf8_lossy(&imported.stderr));
    let console = Console::of(browser, server, folder, data, "No computer matches.");
    let browser = &console.browser;
    console.open(&format!("/updates/{}", id(10)));
    browser.wait_text("h1", "With terms");
    browser.click("a[href$='/licence']");
    browser.wait_text("pre.terms", "Nothing is yours.");
    console.check("licence");
    browser.click("#language option[value=de]");
    browser.click("form.filters button");
    browser.wait_text("pre.terms", "L\u{f6}schen Sie nichts.");
    browser.click("form[action$='/accept-licence'] button");
    browser.wait_text("h1", "With terms");
    assert!(!browser.text("main").contains("has to be accepted"), "{}", browser.text("main"));
    browser.click("a[href$='/licence']");
    browser.wait_text("dl.facts", "yes, by admin on");
    console.is_sound();
}

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
        with_terms(10).in_category(2),
        Update::software(11, "With the same").in_category(2).licence(LICENCE),
        Update::software(12, "Free").in_category(2),
    ];
    write(documents.path(), &updates, &[("en.txt", english()), ("de.txt", german())]);
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

    // What is accepted can be read before, where it is decided and where it lies.
    for node in [&manager, &top] {
        let german = run(&node.data, &["update", "licence", &ids[0], "--language", "de-AT"]);
        let german = String::from_utf8_lossy(&german.stdout).into_owned();
        assert!(german.contains("\nL\u{f6}schen Sie nichts.\n\n2. Ende\n"), "{german}");
        let english = node.json(&["update", "licence", &ids[0]]);
        assert_eq!((english["text"].as_str(), english["accepted"].as_bool()), (Some(ENGLISH), Some(false)));
    }
    let unread = run(&manager.data, &["update", "licence", &ids[1]]);
    let said = String::from_utf8_lossy(&unread.stderr).into_owned();
    assert!(said.contains("names no file with the terms"), "{said}");
    assert_eq!(unread.status.code(), Some(1), "there is nothing to read");
    assert_eq!(exit(&manager.data, &["update", "licence", &ids[2]]), 1, "it has no licence");
    assert_eq!(exit(&manager.data, &["update", "accept-licence", &ids[2]]), 1, "it has none");

    // Accepted once, for all with the same; who did it, and when, is told where it was done.
    manager.done(&["update", "accept-licence", &ids[0]]);
    manager.done(&["update", "accept-licence", &ids[1]]);
    assert_eq!([0, 1].map(|at| accepted(&manager, &ids[at])), [Some(true), Some(true)]);
    let terms = top.json(&["update", "licence", &ids[0]]);
    assert_eq!(terms["accepted_by"].as_str(), Some("admin"), "{terms}");
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
