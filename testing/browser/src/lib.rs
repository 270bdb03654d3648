//! A browser that belongs to one test: Chromium without a window, driven through ChromeDriver.
//!
//! Its methods block. Each panics, and says where, when the browser refuses: nothing matches the selector,
//! something covers the element, the page does not answer. Without a word to the contrary a selector means
//! the first element that it matches. A browser takes a second to start and a processor while it loads, so a
//! test opens all of its pages in one.
//!
//! A page needs no scripts for any of this: what is executed here runs with scripts off and under any policy.

// A test fails by panicking.
#![allow(clippy::unwrap_used)]

pub mod checks;
mod driver;
mod keys;
mod pages;
mod traffic;
mod watch;

use std::io::{BufRead as _, BufReader, Read as _};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdout, Command, Stdio};

use serde_json::json;

use crate::driver::Driver;
pub use crate::traffic::Weight;
pub use crate::watch::Seen;

/// Runs ChromeDriver until its input ends.
const DRIVE: &str = include_str!("drive.sh");
const FLAGS: &[&str] = &[
    "--headless=new",
    // It refuses to run as root otherwise, and all that it opens is ours.
    "--no-sandbox",
    // Containers have 64 MB of shared memory, less than a long page takes.
    "--disable-dev-shm-usage",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
];
/// How often ChromeDriver is started before that counts as failed.
const STARTS: usize = 5;
/// What pages are opened at unless a test says otherwise.
const SIZE: (u32, u32) = (1_400, 900);

/// One browser with one tab.
#[derive(Debug)]
pub struct Browser {
    driver: Driver,
    process: Process,
}

/// ChromeDriver and all that it started. They end when the pipe to the script is closed, even if this process
/// is killed.
#[derive(Debug)]
struct Process {
    script: Child,
    /// ChromeDriver must not fail because nobody listens.
    said: BufReader<ChildStdout>,
}

impl Browser {
    /// Starts a browser that trusts any certificate and shows pages 1400 pixels wide in their light colours,
    /// or answers `None`, said aloud, where Chromium or ChromeDriver are missing.
    ///
    /// # Panics
    /// Where they are missing in CI, which must not skip tests in silence.
    pub fn start() -> Option<Self> {
        let (chromium, chromedriver) = (program("chromium")?, program("chromedriver")?);
        let started = (0..STARTS).find_map(|_| Process::start(&chromedriver));
        let (process, folder, port) = started.expect("ChromeDriver starts");
        let profile = format!("--user-data-dir={folder}/profile");
        let flags: Vec<&str> = FLAGS.iter().copied().chain([profile.as_str()]).collect();
        let capabilities = json!({
            "acceptInsecureCerts": true,
            "goog:chromeOptions": { "binary": chromium, "args": flags },
            "goog:loggingPrefs": { "browser": "ALL" },
        });
        let browser = Self { driver: Driver::begin(port, &capabilities), process };
        // Elements take the focus only in a tab that has it.
        browser.driver.devtools("Emulation.setFocusEmulationEnabled", &json!({ "enabled": true }));
        browser.resize(SIZE.0, SIZE.1);
        browser.dark(false);
        browser.watch();
        Some(browser)
    }

    /// The process of the script; all others of this browser are below it.
    pub fn process_id(&self) -> u32 {
        self.process.script.id()
    }
}

impl Process {
    /// With its folder and its port, unless ChromeDriver ends before it names one: the port that it chose may be
    /// in use in the other family of addresses.
    fn start(chromedriver: &Path) -> Option<(Self, String, u16)> {
        let mut command = Command::new("sh");
        command.args(["-c", DRIVE, "sh"]).arg(chromedriver);
        let mut script = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
        let said = BufReader::new(script.stdout.take().unwrap());
        // From here on the script ends with this value, whatever fails below.
        let mut process = Self { script, said };
        let mut lines = process.said.by_ref().lines().map_while(Result::ok);
        let folder = lines.next().expect("a folder");
        let port = lines.find_map(|line| port(&line))?;
        Some((process, folder, port))
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        // That closes the pipe first.
        let _ = self.script.wait();
    }
}

fn port(line: &str) -> Option<u16> {
    line.strip_prefix("ChromeDriver was started successfully on port ")?.trim_end_matches('.').parse().ok()
}

#[allow(clippy::print_stderr)]
fn program(name: &str) -> Option<PathBuf> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let found = std::env::split_paths(&path).map(|folder| folder.join(name)).find(|file| file.is_file());
    if found.is_none() {
        assert!(std::env::var("CI").as_deref() != Ok("true"), "{name} is missing");
        eprintln!("skipped: {name} is missing");
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nobody_waits_for_a_driver_that_ended() {
        assert!(Process::start(Path::new("/bin/false")).is_none());
    }
}
