//! The products that computers have by their own scans, and host groups by rules over them.

use std::collections::HashSet;

use headwater_catalog::{Category, CategoryKind, Facts, UpdateKind};
use headwater_fleet::{Catalogue, Spec};
use headwater_model::UpdateId;
use headwater_simulated_agent::{Agent, Core, Evaluation, Evaluator as _, Stage};
use headwater_testkit::client_id;
use serde_json::Value;

use crate::process::{run, stderr};
use crate::site::Site;
use crate::tree::{Node, changed, eventually, members, sync};

/// The documents of a small catalogue, and one of its products: another update asks for it, and no other product is
/// called so.
fn catalogue_with_a_product() -> (Catalogue, UpdateId, String) {
    let catalogue = Catalogue::new(Spec::new(120)).expect("a catalogue");
    let read = |xml: &str| headwater_catalog::read(xml).expect("a document").facts;
    let all: Vec<Facts> = catalogue.documents().map(|document| read(&document.xml)).collect();
    let asked_for: HashSet<UpdateId> = all
        .iter()
        .flat_map(|facts| &facts.prerequisites)
        .flat_map(|clause| clause.alternatives.iter().copied())
        .collect();
    let is_product = |facts: &&Facts| {
        matches!(&facts.kind, UpdateKind::Category(Category { kind: CategoryKind::Product, .. }))
    };
    let title = |facts: &Facts| {
        let own = facts.localized.iter().find(|texts| texts.language == facts.default_language);
        own.expect("a title").title.clone()
    };
    let titles: Vec<String> = all.iter().filter(is_product).map(title).collect();
    let found = all.iter().filter(is_product).find(|facts| {
        let same = titles.iter().filter(|other| **other == title(facts)).count();
        same == 1 && asked_for.contains(&facts.identity.id)
    });
    let found = found.expect("such a product");
    let (id, title) = (found.identity.id, title(found));
    (catalogue, id, title)
}

/// A computer that reports at a server and has every product but this one.
fn without(top: &Node, number: u32, product: UpdateId) -> Agent {
    let has = move |core: &Core<'_>| match core.identity.id == product {
        true => Evaluation::NOT_APPLICABLE,
        false => headwater_simulated_agent::DetectoidsInstalled.evaluate(core),
    };
    let name = format!("pc{number}.test.example");
    Agent::new(top.server.updates_url(), &client_id(number), &name, Box::new(has)).expect("an agent")
}

fn products(at: &Node, computer: &str) -> Option<Vec<String>> {
    let told = at.json(&["computer", "show", computer])["products"].clone();
    serde_json::from_value(told).expect("titles")
}

#[tokio::test(flavor = "multi_thread")]
async fn a_rule_finds_computers_by_what_their_scans_say_is_installed() {
    let (folder, files) = (tempfile::tempdir().expect("a folder"), tempfile::tempdir().expect("a folder"));
    let (catalogue, product, title) = catalogue_with_a_product();
    headwater_fleet::write(&catalogue, files.path()).expect("is written");
    let manager = Node::start(&folder, "hq", "\"manager\"", None);
    let top = Node::wsus(&folder, "top", None);
    top.done(&["update", "import", &files.path().display().to_string()]);
    manager.done(&["wsus", "link", &top.linkage_url(), "--code", &top.code()]);

    // The first has not that product, the second has, and the third never scanned.
    let mut first = without(&top, 1, product);
    first.scan().await.expect("scans");
    top.computer(2).await;
    let up_to_registration =
        [Stage::GetConfig, Stage::GetAuthorizationCookie, Stage::GetCookie, Stage::RegisterComputer];
    without(&top, 3, product).run(up_to_registration).await.expect("registers");
    let has = |at: &Node, computer: &str| products(at, computer).map(|all| all.contains(&title));
    let known = |at: &Node| ["pc1", "pc2", "pc3"].map(|computer| has(at, computer));
    eventually(|| known(&top) == [Some(false), Some(true), None]).await;
    eventually(|| run(&manager.data, &["computer", "show", "pc3"]).status.success()).await;
    eventually(|| known(&manager) == [Some(false), Some(true), None]).await;
    let sheet = run(&manager.data, &["computer", "show", "pc3"]);
    assert!(String::from_utf8_lossy(&sheet.stdout).contains("not known"), "{}", stderr(&sheet));

    let rule = |name: &str, is: &str| {
        manager.done(&[
            "hostgroup",
            "create",
            name,
            "--rule",
            &format!("product{is}{}*", title.to_uppercase()),
        ]);
        manager.done(&["wsus", "group", "apply", "--group", name]);
    };
    rule("With", "=");
    rule("Without", "!=");
    let in_groups = || (members(&top, "With"), members(&top, "Without"));
    let only = |name: &str| vec![name.to_owned()];
    assert_eq!(in_groups(), (only("pc2"), only("pc1")));
    let group = |name: &str| -> Value {
        let all = manager.json(&["hostgroup", "list"])["items"].clone();
        let found = all.as_array().expect("groups").iter().find(|one| one["name"] == name);
        found.expect("a group").clone()
    };
    let told = |name: &str| (group(name)["hosts"].as_u64(), group(name)["products_unknown"].as_u64());
    eventually(|| (told("With"), told("Without")) == ((Some(1), Some(1)), (Some(1), Some(1)))).await;

    // Installed later, the next scan says so, and the next run moves it.
    first.installed(product);
    first.scan().await.expect("scans");
    eventually(|| has(&top, "pc1") == Some(true)).await;
    let (report, code) = sync(&manager.data, &["--max-removals", "1"]);
    assert_eq!((code, changed(&report)), (0, 2), "{report}");
    assert_eq!(in_groups(), (vec!["pc1".to_owned(), "pc2".to_owned()], vec![]));

    // Both servers know it after a new start, the managing one without asking.
    eventually(|| known(&manager) == [Some(true), Some(true), None]).await;
    let (stopped, top) = (manager.stop(), top.stop());
    let manager = stopped.start_again();
    eventually(|| known(&manager) == [Some(true), Some(true), None]).await;
    let top = top.start_again();
    assert_eq!(known(&top), [Some(true), Some(true), None]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_linkage_that_speaks_only_the_administration_service_knows_no_products_and_says_so() {
    let (folder, files) = (tempfile::tempdir().expect("a folder"), tempfile::tempdir().expect("a folder"));
    let (catalogue, product, title) = catalogue_with_a_product();
    headwater_fleet::write(&catalogue, files.path()).expect("is written");
    let manager = Node::start(&folder, "hq", "\"manager\"", None);
    let top = Site::start(&folder, "top", true, None);
    top.done(&["update", "import", &files.path().display().to_string()]);
    manager.done(&["wsus", "link", &top.linkage_url(), "--code", &top.code()]);
    without(&top, 1, product).scan().await.expect("scans");
    top.computer(2).await;
    eventually(|| products(&top, "pc1").is_some() && products(&top, "pc2").is_some()).await;

    // The update server knows them, and nobody above it does.
    let is_read = || run(&manager.data, &["computer", "show", "pc2"]).status.success();
    eventually(is_read).await;
    assert_eq!((products(&manager, "pc1"), products(&manager, "pc2")), (None, None));
    for (name, is) in [("With", "="), ("Without", "!=")] {
        let made =
            run(&manager.data, &["hostgroup", "create", name, "--rule", &format!("product{is}{title}")]);
        let said = String::from_utf8_lossy(&made.stdout).split_whitespace().collect::<Vec<_>>().join(" ");
        assert!(
            said.contains("with 0 hosts The products of 2 computers are not known"),
            "{said} {}",
            stderr(&made)
        );
        manager.done(&["wsus", "group", "apply", "--group", name]);
        assert_eq!(members(&top, name), [""; 0]);
    }
}
