//! That no browser outlives what started it.

use std::io::{BufRead as _, BufReader};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use headwater_browser::Browser;

/// In a process that is to be killed.
const VICTIM: &str = "HEADWATER_BROWSER_VICTIM";

/// The processes that any thread of this one started. Needs Linux.
fn children(process: u32) -> Vec<u32> {
    let threads = std::fs::read_dir(format!("/proc/{process}/task")).into_iter().flatten();
    let lists = threads.map(|thread| std::fs::read_to_string(thread.unwrap().path().join("children")));
    let ids = lists.map(Result::unwrap_or_default).collect::<Vec<_>>().concat();
    ids.split_whitespace().map(|id| id.parse().unwrap()).collect()
}

/// Dead is also what nobody has asked for its end yet.
fn is_dead(process: u32) -> bool {
    let status = std::fs::read_to_string(format!("/proc/{process}/status")).unwrap_or_default();
    !status.contains("State:") || status.contains("State:\tZ")
}

fn all_below(process: u32) -> Vec<u32> {
    children(process).into_iter().flat_map(|child| [vec![child], all_below(child)].concat()).collect()
}

/// What is killed takes a moment to die, and the system tells only its parent.
fn all_die(processes: &[u32]) {
    let begun = Instant::now();
    while !processes.iter().all(|process| is_dead(*process)) {
        assert!(begun.elapsed() < Duration::from_secs(20), "{processes:?} are alive");
        std::thread::sleep(Duration::from_millis(20));
    }
}

#[test]
fn it_ends_with_its_value() {
    let Some(browser) = Browser::start() else { return };
    let processes = all_below(browser.process_id());
    assert!(processes.len() > 3, "ChromeDriver, Chromium and its parts, but {processes:?}");
    drop(browser);
    all_die(&processes);
}

#[test]
fn it_ends_with_a_process_that_is_killed() {
    if std::env::var_os(VICTIM).is_some() {
        let browser = Browser::start().unwrap();
        println!("\nscript {}", browser.process_id());
        std::thread::sleep(Duration::from_secs(60));
    }
    if Browser::start().is_none() {
        return;
    }
    let name = "survival::it_ends_with_a_process_that_is_killed";
    let mut command = Command::new(std::env::current_exe().unwrap());
    command.args([name, "--exact", "--nocapture"]).env(VICTIM, "1").stdout(Stdio::piped());
    let mut victim = command.spawn().unwrap();
    let mut said = BufReader::new(victim.stdout.take().unwrap()).lines().map_while(Result::ok);
    let script = said.find_map(|line| line.strip_prefix("script ")?.parse().ok()).unwrap();
    let processes = [vec![script], all_below(script)].concat();
    victim.kill().unwrap();
    victim.wait().unwrap();
    assert!(processes.len() > 4, "{processes:?}");
    all_die(&processes);
}
