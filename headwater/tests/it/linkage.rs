//! `headwater linkage` and `headwater service`: run in the foreground, and installed as a service.

use std::path::Path;
use std::process::{Command, Output};

use tempfile::TempDir;

use crate::process::{HEADWATER, Server, run, stderr};
use crate::tree::{Node, administered, eventually, exit, states, sync};

/// The configuration of a Linkage before a Microsoft WSUS that nobody asks here.
fn configuration(folder: &TempDir) -> String {
    let (file, password) = (folder.path().join("headwater.toml"), folder.path().join("password"));
    std::fs::write(&password, "secret\n").expect("writes");
    let text = format!(
        "name = \"wsus.example\"\nconsole = \"127.0.0.1:0\"\n[linkage]\nlisten = \"127.0.0.1:0\"\n\
         [linkage.microsoft_wsus]\nurl = \"http://127.0.0.1:9\"\naccount = 'EXAMPLE\\headwater'\n\
         password_file = '{}'\n",
        password.display()
    );
    std::fs::write(&file, text).expect("writes");
    file.display().to_string()
}

fn install(config: &str, more: &[&str]) -> Output {
    let mut command = Command::new(HEADWATER);
    command.args(["linkage", "install", "--config", config]).args(more);
    command.output().expect("the executable starts")
}

#[test]
fn it_runs_in_the_foreground_and_says_what_a_person_carries() {
    let folder = tempfile::tempdir().expect("a folder");
    let (config, data) = (configuration(&folder), folder.path().join("data"));
    let mut command = Command::new(HEADWATER);
    command.args(["linkage", "run", "--config", &config, "--data"]).arg(&data);
    let linkage = Server::wait_for(&mut command);
    assert!(linkage.told("linkage ").ends_with("/linkage"));
    let code = linkage.told("code ").split_whitespace().next().expect("a code").to_owned();
    let shown = run(&data, &["linkage", "code"]);
    assert_eq!(String::from_utf8_lossy(&shown.stdout).trim(), code);
}

#[test]
fn the_unit_is_one_that_systemd_takes() {
    let folder = tempfile::tempdir().expect("a folder");
    let shown = install(&configuration(&folder), &["--dry-run"]);
    assert!(shown.status.success(), "{}", stderr(&shown));
    let text = String::from_utf8(shown.stdout).expect("a text");
    for line in
        ["DynamicUser=yes", "Restart=on-failure", "ProtectSystem=strict", "StateDirectory=headwater-linkage"]
    {
        assert!(text.lines().any(|one| one == line), "no `{line}` in\n{text}");
    }
    assert!(text.contains("#   systemctl enable headwater-linkage.service"), "{text}");
    assert!(!text.contains("secret"), "{text}");

    verify(&folder, "headwater-linkage.service", &text);
}

/// systemd finds nothing in the unit to complain about.
#[allow(clippy::print_stderr)]
fn verify(folder: &TempDir, name: &str, text: &str) {
    let unit = folder.path().join(name);
    std::fs::write(&unit, text).expect("writes");
    let verified = Command::new("systemd-analyze").arg("verify").arg(&unit).output();
    let Ok(verified) = verified else { return eprintln!("skipped: systemd-analyze is not on this machine") };
    let said = stderr(&verified);
    assert!(verified.status.success() && !said.contains(name), "{said}");
}

#[test]
fn what_cannot_be_installed_is_said_with_what_to_do() {
    let folder = tempfile::tempdir().expect("a folder");
    let config = configuration(&folder);
    let refused = |output: Output, code: i32, words: &str| {
        let said = stderr(&output);
        assert_eq!(output.status.code(), Some(code), "{said}");
        assert!(said.contains(words), "{said}");
    };
    refused(install("/nowhere/headwater.toml", &["--dry-run"]), 1, "cannot be read");
    refused(install(&config, &["--data", "/srv/linkage", "--dry-run"]), 1, "--user");
    refused(install(&config, &["--user", "a b", "--dry-run"]), 1, "no name of an account");
    refused(install(&config, &["--nonsense"]), 2, "--nonsense");
    let mut command = Command::new(HEADWATER);
    refused(command.args(["linkage", "run"]).output().expect("starts"), 2, "--config");
    if !Path::new("/run/systemd/system").exists() {
        refused(install(&config, &[]), 1, "systemd does not run");
    }
}

/// A managing server with all the files that a configuration may name, which are read for it.
#[test]
fn a_server_without_a_linkage_is_a_service_too() {
    let (folder, elsewhere) =
        (tempfile::tempdir().expect("a folder"), tempfile::tempdir().expect("a folder"));
    let file = |name: &str, text: &str| {
        let path = folder.path().join(name);
        std::fs::write(&path, text).expect("writes");
        path.display().to_string()
    };
    let (password, url) = (file("admin-password", "secret\n"), file("url", "postgres://a@db/a\n"));
    let text = format!(
        "roles = [\"manager\"]\nconsole = \"0.0.0.0:443\"\nadmin_password_file = '{password}'\n\
         [manager]\ndatabase_url_file = '{url}'\n"
    );
    let config = file("headwater.toml", &text);
    let install = |config: &str, more: &[&str]| {
        let mut command = Command::new(HEADWATER);
        command.args(["service", "install", "--config", config]).args(more);
        command.output().expect("the executable starts")
    };
    let shown = install(&config, &["--dry-run"]);
    assert!(shown.status.success(), "{}", stderr(&shown));
    let text = String::from_utf8(shown.stdout).expect("a text");
    for line in [
        &format!("LoadCredential=admin-password:{password}"),
        &format!("LoadCredential=manager-database-url:{url}"),
        "StateDirectory=headwater",
        "AmbientCapabilities=CAP_NET_BIND_SERVICE",
        "#   systemctl enable headwater.service",
    ] {
        assert!(text.lines().any(|one| one == line), "no `{line}` in\n{text}");
    }
    assert!(text.contains("headwater serve --config ${CREDENTIALS_DIRECTORY}/headwater.toml"), "{text}");
    assert!(text.contains("# for browsers and commands on other machines: ufw allow 443/tcp"), "{text}");
    verify(&folder, "headwater.service", &text);

    let refused = stderr(&install(&configuration(&elsewhere), &["--dry-run"]));
    assert!(refused.contains("`headwater linkage install` makes it a service"), "{refused}");
    std::fs::remove_file(&url).expect("is removed");
    let refused = stderr(&install(&config, &["--dry-run"]));
    assert!(refused.contains(&url) && refused.contains("cannot be read"), "{refused}");
}

#[test]
fn a_configuration_is_said_to_mean_what_its_roles_use() {
    let folder = tempfile::tempdir().expect("a folder");
    let config = folder.path().join("hq.toml");
    let text = "roles = [\"manager\"]\n[manager]\ndatabase = \"postgres://hq:secret@db.example/hq\"\n";
    std::fs::write(&config, text).expect("writes");
    let checked = Command::new(HEADWATER).arg("check-config").arg(&config).output().expect("starts");
    let said = String::from_utf8(checked.stdout).expect("a text");
    assert!(said.contains("db.example") && said.contains("of the managing server"), "{said}");
    assert!(!said.contains("secret") && !said.contains("updates"), "{said}");
}

/// What systemd hands over is read in the place of the files that the configuration names.
#[tokio::test(flavor = "multi_thread")]
async fn a_service_reads_what_systemd_hands_over() {
    let folder = tempfile::tempdir().expect("a folder");
    let (handed_over, data) = (folder.path().join("credentials"), folder.path().join("data"));
    std::fs::create_dir(&handed_over).expect("a folder");
    std::fs::write(handed_over.join("admin-password"), "what was handed over\n").expect("writes");
    let config = folder.path().join("headwater.toml");
    let text =
        "roles = [\"manager\"]\nconsole = \"127.0.0.1:0\"\nadmin_password_file = '/nowhere/admin-password'\n";
    std::fs::write(&config, text).expect("writes");
    let mut command = Command::new(HEADWATER);
    command.arg("serve").arg("--config").arg(&config).arg("--data").arg(&data);
    let server = Server::wait_for(command.env("CREDENTIALS_DIRECTORY", &handed_over));
    assert_eq!(server.told("data "), data.display().to_string());
    let signed_in = ureq::post(format!("{}/api/v1/session", server.told("console ")))
        .send_json(serde_json::json!({"user": "admin", "password": "what was handed over"}));
    assert!(signed_in.is_ok(), "{signed_in:?}");
}

/// Nothing listens where its WSUS should be: that is said in one line, as the top one and as one below, nothing is
/// kept of it, and it shows another code.
#[tokio::test(flavor = "multi_thread")]
async fn a_linkage_without_a_wsus_behind_it_is_neither_linked_nor_paired() {
    let folder = tempfile::tempdir().expect("a folder");
    let manager = Node::start(&folder, "hq", "\"manager\"", None);
    let dead = administered(&folder, "http://127.0.0.1:9");
    let refused = |arguments: &[&str], whose: &str| {
        let done = run(&manager.data, arguments);
        let said = stderr(&done);
        assert_eq!((done.status.code(), said.trim().lines().count()), (Some(1), 1), "{said}");
        assert!(said.starts_with(&format!("error: {whose}: it cannot be reached")), "{said}");
        assert!(said.contains("check name and port"), "{said}");
    };

    let alone = Node::start_with(&folder, "alone-linkage", "\"linkage\"", &dead);
    let (url, code) = (alone.linkage_url(), alone.code());
    refused(&["wsus", "link", &url, "--code", &code], &format!("the WSUS behind {url}"));
    assert_eq!(exit(&manager.data, &["wsus", "sync"]), 4);
    assert_ne!(alone.code(), code);

    let top = Node::wsus(&folder, "top", None);
    manager.done(&["wsus", "link", &top.linkage_url(), "--code", &top.code()]);
    let below = format!("parent = \"{}\"\n{dead}", top.linkage_url());
    let below = Node::start_with(&folder, "below-linkage", "\"linkage\"", &below);
    let waits = || manager.json(&["wsus", "show"])["joining"].to_string().contains("below.test.example");
    eventually(waits).await;
    let code = below.code();
    refused(&["wsus", "pair", "below.test.example", "--code", &code], "below.test.example");
    eventually(|| below.data.join("pairing-code").exists() && below.code() != code).await;
    eventually(waits).await;
    let (report, code) = sync(&manager.data, &[]);
    assert_eq!((code, states(&report)), (0, "in_step".to_owned()), "{report}");
}
