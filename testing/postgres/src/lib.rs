//! A PostgreSQL server that belongs to one run of tests, each of which gets a database of its own.
//!
//! The server listens on a socket in a folder of its own and nowhere else, and writes nothing
//! through to the disk. It ends with the process that started it, even when that is killed.

// A test fails by panicking.
#![allow(clippy::unwrap_used)]

use std::io::{BufRead as _, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU32, Ordering};

/// Runs the server until its input ends.
const SERVE: &str = include_str!("serve.sh");
/// Where Debian has the programs that are not in the path, one folder for each version.
const DEBIAN: &str = "/usr/lib/postgresql";
/// PostgreSQL refuses to run as root; Debian's package has this account for it.
const ACCOUNT: &str = "postgres";

/// The server of this process.
struct Server {
    programs: PathBuf,
    folder: PathBuf,
    /// The end of the pipe in here stays open for as long as this process lives.
    _script: Child,
}

/// The URL of a new and empty database, or `None`, said aloud, where there is no PostgreSQL.
///
/// # Panics
/// Where there is none in CI, which must not skip tests in silence.
#[allow(clippy::print_stderr)]
pub fn database() -> Option<String> {
    static SERVER: OnceLock<Option<Server>> = OnceLock::new();
    static DATABASES: AtomicU32 = AtomicU32::new(1);
    let Some(server) = SERVER.get_or_init(|| programs().map(Server::start)) else {
        assert!(std::env::var("CI").as_deref() != Ok("true"), "PostgreSQL is missing");
        eprintln!("skipped: PostgreSQL is missing");
        return None;
    };
    let name = format!("test_{}", DATABASES.fetch_add(1, Ordering::Relaxed));
    let mut command = Command::new(server.programs.join("createdb"));
    command.arg("-h").arg(&server.folder).args(["-U", "postgres", &name]);
    let output = command.output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    Some(format!("postgres://postgres@localhost/{name}?host={}", server.folder.display()))
}

impl Server {
    fn start(programs: PathBuf) -> Self {
        let mut command = match is_root() {
            true => Command::new("runuser"),
            false => Command::new("sh"),
        };
        if is_root() {
            command.args(["-u", ACCOUNT, "--", "sh"]);
        }
        command.args(["-c", SERVE, "sh"]).arg(&programs).current_dir("/");
        let mut script = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
        let mut folder = String::new();
        BufReader::new(script.stdout.take().unwrap()).read_line(&mut folder).unwrap();
        assert!(!folder.is_empty(), "PostgreSQL did not start; its words are above");
        Self { programs, folder: PathBuf::from(folder.trim_end()), _script: script }
    }
}

/// The folder of the programs: one in the path, else Debian's newest.
fn programs() -> Option<PathBuf> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let mut debian: Vec<(u32, PathBuf)> = std::fs::read_dir(DEBIAN)
        .into_iter()
        .flatten()
        .filter_map(|entry| {
            let entry = entry.ok()?;
            Some((entry.file_name().to_str()?.parse().ok()?, entry.path().join("bin")))
        })
        .collect();
    debian.sort();
    let debian = debian.into_iter().rev().map(|(_, folder)| folder);
    std::env::split_paths(&path).chain(debian).find(|folder| holds_all(folder))
}

fn holds_all(folder: &Path) -> bool {
    ["initdb", "postgres", "pg_ctl", "pg_isready", "createdb"]
        .iter()
        .all(|program| folder.join(program).is_file())
}

fn is_root() -> bool {
    let output = Command::new("id").arg("-u").output();
    output.is_ok_and(|output| output.stdout.trim_ascii() == b"0")
}
