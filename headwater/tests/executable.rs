//! What the executable does by itself, on every system for which it is built.

use std::io::{BufRead as _, BufReader};
use std::process::{Command, Stdio};

const HEADWATER: &str = env!("CARGO_BIN_EXE_headwater");

#[test]
fn its_own_example_is_a_configuration() {
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("headwater.toml");
    let example = Command::new(HEADWATER).args(["check-config", "--example"]).output().expect("starts");
    std::fs::write(&file, example.stdout).expect("is written");
    let checked = Command::new(HEADWATER).arg("check-config").arg(&file).output().expect("starts");
    assert!(checked.status.success(), "{}", String::from_utf8_lossy(&checked.stderr));
}

/// With an update server beside it, and so with a database of its own; twice, in a folder with a blank.
#[test]
fn a_linkage_says_where_it_is_and_finds_its_key_again() {
    let folder = tempfile::tempdir().expect("a folder");
    let (file, data) = (folder.path().join("headwater.toml"), folder.path().join("its data"));
    let text = "updates = \"127.0.0.1:0\"\nconsole = \"127.0.0.1:0\"\n[linkage]\nlisten = \"127.0.0.1:0\"\n";
    std::fs::write(&file, text).expect("is written");
    let fingerprint = || {
        let mut command = Command::new(HEADWATER);
        command.args(["linkage", "run", "--config"]).arg(&file).arg("--data").arg(&data);
        let mut process = command.stdout(Stdio::piped()).spawn().expect("starts");
        let lines = BufReader::new(process.stdout.take().expect("a pipe")).lines().map_while(Result::ok);
        let said: Vec<String> = lines.take_while(|line| line != "headwater: ready").collect();
        process.kill().expect("is killed");
        process.wait().expect("ends");
        let at = said.iter().position(|line| line.starts_with("linkage   https://127.0.0.1:"));
        let at = at.unwrap_or_else(|| panic!("no address in {said:?}"));
        assert!(said.iter().any(|line| line.starts_with("code      ")), "{said:?}");
        said[at + 1].trim().to_owned()
    };
    let first = fingerprint();
    assert_eq!((first.split(' ').count(), fingerprint()), (8, first));
}
