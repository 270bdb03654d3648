//! The executable for Windows, which `.ci/run` builds and names in `HEADWATER_WINDOWS`, under Wine. Wine shows that
//! it runs and answers; it has no accounts of services, and takes every right for granted.

use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use ureq::tls::TlsConfig;

use crate::tree::{a_microsoft_wsus_is_linked_through, free_port};

const SERVICE: &str = "HeadwaterLinkage";

/// `headwater.exe`, or `None`, said aloud, where there is none.
#[allow(clippy::print_stderr)]
fn headwater() -> Option<Command> {
    let Some(program) = std::env::var_os("HEADWATER_WINDOWS") else {
        assert!(std::env::var("CI").as_deref() != Ok("true"), "HEADWATER_WINDOWS names no headwater.exe");
        eprintln!("skipped: HEADWATER_WINDOWS names no headwater.exe");
        return None;
    };
    let mut command = Command::new("wine");
    command.arg(program);
    Some(command)
}

#[test]
fn a_linkage_on_windows_is_paired_and_carries_out_orders() {
    let Some(mut command) = headwater() else { return };
    a_microsoft_wsus_is_linked_through(command.args(["linkage", "run", "--config"]));
}

#[test]
fn the_service_is_installed_runs_and_ends_in_order() {
    let Some(mut command) = headwater() else { return };
    let _session = Session::open();
    let folder = tempfile::tempdir().expect("a folder");
    let (config, password, data) =
        (folder.path().join("headwater.toml"), folder.path().join("password"), folder.path().join("data"));
    let port = free_port();
    std::fs::write(&password, "secret\n").expect("writes");
    let text = format!(
        "name = \"wsus.example\"\nconsole = \"127.0.0.1:0\"\n[linkage]\nlisten = \"127.0.0.1:{port}\"\n\
         [linkage.microsoft_wsus]\nurl = \"http://127.0.0.1:9\"\naccount = 'EXAMPLE\\headwater'\n\
         password_file = '{}'\n",
        on_drive(&password)
    );
    std::fs::write(&config, text).expect("writes");
    command.args(["linkage", "install", "--config", &on_drive(&config), "--data", &on_drive(&data)]);

    let mut dry_run = Command::new(command.get_program());
    let shown = said(dry_run.args(command.get_args()).arg("--dry-run"));
    assert!(
        shown.contains(r"account   NT SERVICE\HeadwaterLinkage") && shown.contains("/inheritance:r"),
        "{shown}"
    );
    assert!(!data.exists());

    let _service = Installed;
    let shown = said(&mut command);
    let code = std::fs::read_to_string(data.join("pairing-code")).expect("it shows a code");
    assert!(shown.contains(&code) && shown.contains(&format!("127.0.0.1:{port}/linkage")), "{shown}");
    let answer = answer(port);
    assert!(answer.contains("\"paired\":false"), "{answer}");

    said(Command::new("wine").args(["sc", "stop", SERVICE]));
    let log = data.join("linkage.log");
    let begun = Instant::now();
    while !std::fs::read_to_string(&log).expect("a log").contains("headwater::serve: stopped") {
        assert!(begun.elapsed().as_secs() < 60, "it did not end");
        std::thread::sleep(Duration::from_millis(200));
    }
}

/// Somebody who is signed in: Wine ends its services a moment after the last program that is none.
struct Session(Child);

impl Session {
    /// It waits for a line that never comes.
    fn open() -> Self {
        let mut shell = Command::new("wine");
        let shell = shell.arg("cmd").stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::null());
        Self(shell.spawn().expect("Wine starts"))
    }
}

impl Drop for Session {
    fn drop(&mut self) {
        drop(self.0.stdin.take());
        let _ = self.0.wait();
    }
}

/// A service would start again with everything that Wine runs.
struct Installed;

impl Drop for Installed {
    fn drop(&mut self) {
        let both = format!("sc stop {SERVICE} & sc delete {SERVICE}");
        let _ = Command::new("wine").args(["cmd", "/c", &both]).output();
    }
}

/// A path as Windows programs name it: Wine has the folders of this system on drive Z.
fn on_drive(path: &Path) -> String {
    format!("Z:{}", path.display().to_string().replace('/', "\\"))
}

fn said(command: &mut Command) -> String {
    let output = command.output().expect("Wine starts");
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(output.status.success(), "{text}{}", String::from_utf8_lossy(&output.stderr));
    text
}

/// What a Linkage says to anybody; its certificate is of no authority that is known here.
fn answer(port: u16) -> String {
    let tls = TlsConfig::builder().disable_verification(true).build();
    let agent = ureq::Agent::new_with_config(ureq::Agent::config_builder().tls_config(tls).build());
    let url = format!("https://127.0.0.1:{port}/linkage");
    // The key is there a moment before the service listens.
    let begun = Instant::now();
    let mut answer = loop {
        match agent.get(&url).call() {
            Ok(answer) => break answer,
            Err(error) => assert!(begun.elapsed().as_secs() < 60, "it does not answer: {error}"),
        }
        std::thread::sleep(Duration::from_millis(200));
    };
    answer.body_mut().read_to_string().expect("a text")
}
