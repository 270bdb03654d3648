//! The executable for Windows, which `.ci/run` builds and names in `HEADWATER_WINDOWS`, under Wine. Wine shows that
//! it runs and answers; it has no accounts of services, and takes every right for granted.

use std::io::Read as _;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use ureq::tls::TlsConfig;

use crate::tree::{a_microsoft_wsus_is_linked_through, free_port};

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
fn the_services_are_installed_run_and_end_in_order() {
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

    let service = Installed("HeadwaterLinkage");
    let shown = said(&mut command);
    let code = std::fs::read_to_string(data.join("pairing-code")).expect("it shows a code");
    assert!(shown.contains(&code) && shown.contains(&format!("127.0.0.1:{port}/linkage")), "{shown}");
    let answer = answer(port);
    assert!(answer.contains("\"paired\":false"), "{answer}");

    service.stop(&data.join("linkage.log"));

    // A managing server alone is one too.
    let (config, data) = (folder.path().join("hq.toml"), folder.path().join("hq"));
    std::fs::write(&config, format!("roles = [\"manager\"]\nconsole = \"127.0.0.1:{}\"\n", free_port()))
        .expect("writes");
    let Some(mut command) = headwater() else { return };
    let service = Installed("Headwater");
    let folders = [on_drive(&config), on_drive(&data)];
    let shown = said(command.args(["service", "install", "--config", &folders[0], "--data", &folders[1]]));
    assert!(shown.contains(r"service   Headwater, as NT SERVICE\Headwater"), "{shown}");
    let log = data.join("headwater.log");
    assert!(shown.contains("headwater.log"), "{shown}");
    wait_for("password  ", &log);
    service.stop(&log);
}

/// Somebody who is signed in: Wine ends its services a moment after the last program that is none.
struct Session(Child);

impl Session {
    /// It waits for a line that never comes, once it has said who it is: whichever program starts Wine leaves its
    /// output open for as long as Wine runs, and whoever reads that to its end waits for it.
    fn open() -> Self {
        let mut shell = Command::new("wine");
        let shell = shell.arg("cmd").stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null());
        let mut shell = shell.spawn().expect("Wine starts");
        let mut first = [0];
        shell.stdout.as_mut().expect("is piped").read_exact(&mut first).expect("it says something");
        Self(shell)
    }
}

impl Drop for Session {
    fn drop(&mut self) {
        drop(self.0.stdin.take());
        let _ = self.0.wait();
    }
}

/// A service would start again with everything that Wine runs.
struct Installed(&'static str);

impl Installed {
    /// Waits until it has ended in order.
    fn stop(&self, log: &Path) {
        said(Command::new("wine").args(["sc", "stop", self.0]));
        wait_for("headwater::serve: stopped", log);
    }
}

fn wait_for(words: &str, log: &Path) {
    let begun = Instant::now();
    while !std::fs::read_to_string(log).expect("a log").contains(words) {
        assert!(begun.elapsed().as_secs() < 60, "the log does not say `{words}`");
        std::thread::sleep(Duration::from_millis(200));
    }
}

impl Drop for Installed {
    fn drop(&mut self) {
        let both = format!("sc stop {name} & sc delete {name}", name = self.0);
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
