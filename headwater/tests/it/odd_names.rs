//! Groups with names of every kind of character, which another tool made at the top: taken over, shown, written
//! as CSV and synchronised as they are. What a WSUS forbids is refused before anything is written, with a name
//! that can be.

use headwater_api::{HostGroupMembers, NewHostGroup};
use headwater_wsus_admin::Error;

use crate::many_groups::{administrator, tool};
use crate::process::{run, stderr};
use crate::tree::{
    FIRST_PASSWORD, Node, changed, differences, eventually, linked_with_updates, members, pair, sync,
};

/// Names that a WSUS takes.
fn taken() -> Vec<String> {
    let names = ["-1 - 2", "משרד ראשי", "Cafe\u{301}", "👩\u{200d}👧 ward", "a_b\u{a0}c", "İzmir"];
    let mut names: Vec<String> = names.iter().map(|name| (*name).to_owned()).collect();
    names.push("W".repeat(255));
    names.push("🐧".repeat(127));
    names
}

/// Names that none takes, each with what can be instead.
fn refused() -> Vec<(String, String)> {
    let mut names: Vec<(String, String)> =
        r#"~!@#$^&*()=+[]\{}|;:'"<>/.?,%`"#
            .chars()
            .chain(['\n', '\t', '\u{1b}', '\u{9b}', '\u{2028}', '\u{202e}'])
            .map(|c| {
                (format!("Odd{c}name"), if c.is_whitespace() { "Odd name" } else { "Odd-name" }.to_owned())
            })
            .collect();
    names.push(("W".repeat(256), "W".repeat(255)));
    names.push(("🐧".repeat(128), "🐧".repeat(127)));
    names.push((" Odd name".to_owned(), "Odd name".to_owned()));
    names
}

#[tokio::test(flavor = "multi_thread")]
async fn groups_with_odd_names_are_handled_and_what_cannot_be_is_refused() {
    let folder = tempfile::tempdir().expect("a folder");
    let (manager, top) = linked_with_updates(&folder);
    let berlin = Node::wsus(&folder, "berlin", Some(&top));
    pair(&manager, &berlin, &berlin).await;
    berlin.computer(1).await;
    let tool = tool(&top);
    for name in taken() {
        tool.create_group(&name, None).await.unwrap_or_else(|error| panic!("{name:?}: {error}"));
    }
    // No message can hold an escape.
    for (name, _) in refused().into_iter().filter(|(name, _)| !name.contains('\u{1b}')) {
        let error = tool.create_group(&name, None).await.expect_err(&name);
        assert!(matches!(error, Error::Refused { .. }), "{name:?}: {error}");
    }
    let error =
        tool.create_group("MUNICH OFFICE", None).await.and(tool.create_group("munich office", None).await);
    assert!(matches!(error, Err(Error::Refused { .. })), "{error:?}");

    // Taken over, the first difference is empty; each gets a member that the replica knows.
    manager.done(&["hostgroup", "import", "--from-wsus"]);
    assert_eq!(sync(&manager.data, &[]).1, 0);
    let operator = administrator(&manager);
    for name in taken() {
        let members = HostGroupMembers { add: vec!["pc1".to_owned()], ..HostGroupMembers::default() };
        operator.ask(move |api| api.change_host_group(&name, &members)).await.expect("is added");
    }
    let (report, code) = sync(&manager.data, &[]);
    assert_eq!((code, differences(&report), changed(&report)), (0, vec![], taken().len()), "{report}");
    for name in taken() {
        assert!(report.to_string().contains(&name), "{name}: {report}");
    }
    let listed = berlin.json(&["group", "list"])["items"].to_string();
    for name in taken() {
        assert!(listed.contains(&name), "{name}: {listed}");
    }
    assert_eq!(members(&berlin, "Cafe\u{301}"), ["pc1"]);

    // A table, a CSV without formulas, and pages.
    let list = run(&manager.data, &["hostgroup", "list"]);
    assert!(String::from_utf8_lossy(&list.stdout).contains("משרד ראשי"));
    let csv = || {
        let csv = run(&manager.data, &["report", "compliance", "--by", "group", "--csv"]);
        String::from_utf8_lossy(&csv.stdout).into_owned()
    };
    eventually(|| csv().contains("\"'-1 - 2\"") && csv().contains("👩\u{200d}👧 ward")).await;

    // Of a host group too, before anything is written; and by the JSON API.
    let before = top.json(&["group", "list"])["items"].as_array().map(Vec::len);
    for (name, instead) in refused() {
        let new = NewHostGroup { name: name.clone(), ..NewHostGroup::default() };
        let refused = operator.ask(move |api| api.create_host_group(&new)).await;
        let said = refused.expect_err(&name).to_string();
        assert!(said.contains(&format!("`{instead}` can be one")), "{name:?}: {said}");
    }
    let output = run(&manager.data, &["hostgroup", "create", "Odd\u{1b}[2J\u{9b}\u{202e}name"]);
    let said = stderr(&output);
    assert!(output.status.code() == Some(2) && said.contains("`Odd--2J--name` can be one"), "{said}");
    assert!(!said.contains(['\u{1b}', '\u{9b}', '\u{202e}']), "{said:?}");
    assert_eq!(top.json(&["group", "list"])["items"].as_array().map(Vec::len), before);

    let console = manager.server.told("console ");
    let agent = ureq::Agent::new_with_config(ureq::Agent::config_builder().max_redirects(0).build());
    let form = [("name", "admin"), ("password", FIRST_PASSWORD)];
    let signed_in = agent.post(format!("{console}/sign-in")).send_form(form).expect("answers");
    let cookie = signed_in.headers()["set-cookie"].to_str().expect("a text").to_owned();
    let session = cookie.split(';').next().expect("a cookie");
    let page = agent.get(format!("{console}/groups")).header("cookie", session).call().expect("answers");
    let page = page.into_body().read_to_string().expect("text");
    for name in taken() {
        assert!(page.contains(&name), "{name}");
    }
}
