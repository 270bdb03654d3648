//! A server that follows a script, over a real socket, and a terminal that remembers.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use clap::Parser;
use headwater_api::linkage::RunWanted;
use headwater_api::{Problem, SyncEvent, SyncPart, SyncPhase, SyncReport};
use jiff::tz::TimeZone;
use serde_json::Value;

use crate::terminal::Terminal;
use crate::{Command, Exit, execute};

#[derive(Debug, Parser)]
#[command(name = "headwater")]
pub struct Program {
    #[command(subcommand)]
    pub command: Command,
}

/// A request that is expected, such as `GET /api/v1/groups`, and what it is answered.
pub type Step = (&'static str, Reply);

#[derive(Debug, Clone)]
pub enum Reply {
    Json(Value),
    Text(&'static str),
    /// 204
    Nothing,
    /// The status and the detail of a problem.
    Problem(u16, &'static str),
    /// The same with its type.
    ProblemOf(&'static str, u16, &'static str),
    /// A text after which the connection breaks off.
    Cut(&'static str),
}

impl Reply {
    fn text(&self) -> String {
        let mut missing = 0;
        let (status, body) = match self {
            Self::Json(value) => (200, value.to_string()),
            Self::Text(text) => (200, (*text).to_owned()),
            Self::Cut(text) => {
                missing = 1_000;
                (200, (*text).to_owned())
            }
            Self::Nothing => return "HTTP/1.1 204 No Content\r\nConnection: close\r\n\r\n".into(),
            Self::Problem(status, detail) => {
                (*status, serde_json::json!({"title": "No", "status": status, "detail": detail}).to_string())
            }
            Self::ProblemOf(kind, status, detail) => {
                let problem =
                    serde_json::json!({"type": kind, "title": "No", "status": status, "detail": detail});
                (*status, problem.to_string())
            }
        };
        format!(
            "HTTP/1.1 {status} x\r\nConnection: close\r\nContent-Length: {}\r\n\r\n{body}",
            body.len() + missing
        )
    }
}

/// What a command did.
#[derive(Debug)]
pub struct Done {
    pub exit: Exit,
    pub out: String,
    pub err: String,
    /// The bodies of the requests, in order.
    pub bodies: Vec<String>,
}

impl Done {
    /// The body of the last request.
    pub fn body(&self) -> Value {
        serde_json::from_str(self.bodies.last().expect("a request")).expect("JSON")
    }
}

/// Runs a command against a script, in a window of 80 columns. Words of the line are separated by
/// spaces; `_` within a word stands for one.
#[track_caller]
pub fn run(line: &str, script: &[Step]) -> Done {
    run_in(line, script, Some(80))
}

#[track_caller]
pub fn run_in(line: &str, script: &[Step], width: Option<u16>) -> Done {
    let folder = tempfile::tempdir().expect("a folder");
    let server = Script::start(script);
    let data = folder.path().join("data");
    std::fs::create_dir(&data).expect("a folder");
    std::fs::write(data.join(crate::API_URL_FILE), format!("{}\n", server.url)).expect("a file");
    std::fs::write(data.join(crate::TOKEN_FILE), "t0ken\n").expect("a file");
    let mut words: Vec<String> = vec!["headwater".into()];
    words.extend(line.split(' ').map(|word| word.replace('_', " ")));
    words.extend(["--data".into(), data.to_str().expect("a path").to_owned()]);
    let (exit, out, err) = act(&words, width);
    let bodies = server.finish();
    Done { exit, out, err, bodies }
}

/// A Linkage whose server lacks members.
fn linkage(_: &Path, wanted: &RunWanted, watch: &mut dyn FnMut(&SyncEvent)) -> Result<SyncReport, Problem> {
    let line = format!("asked for {:?}", wanted.only);
    watch(&SyncEvent::Server {
        name: "Berlin".to_owned(),
        phase: SyncPhase::Compare,
        line,
        done: 0,
        total: None,
        seconds: 3,
    });
    let exit = u8::from(wanted.only == Some(SyncPart::Clients));
    Ok(SyncReport { dry_run: wanted.dry_run, exit, ..SyncReport::default() })
}

/// Runs a command with all its words as they are.
pub fn act(words: &[String], width: Option<u16>) -> (Exit, String, String) {
    let command = Program::try_parse_from(words).expect("arguments").command;
    let (mut out, mut err) = (Vec::new(), Vec::new());
    let exit = execute(
        &command,
        linkage,
        &mut Terminal {
            out: &mut out,
            err: &mut err,
            width,
            has_bar: false,
            now: "2026-10-04T18:00:00Z".parse().expect("a time"),
            zone: TimeZone::posix("CET-1CEST,M3.5.0,M10.5.0/3").expect("a zone"),
            patience: Duration::ZERO,
        },
    );
    let text = |bytes| String::from_utf8(bytes).expect("UTF-8");
    (exit, text(out), text(err))
}

struct Script {
    url: String,
    is_over: Arc<AtomicBool>,
    thread: JoinHandle<Vec<(String, String)>>,
    expected: Vec<&'static str>,
}

impl Script {
    fn start(script: &[Step]) -> Self {
        let listener = TcpListener::bind(("127.0.0.1", 0)).expect("a port");
        let url = format!("http://{}", listener.local_addr().expect("an address"));
        let is_over = Arc::new(AtomicBool::new(false));
        let over = Arc::clone(&is_over);
        let replies: Vec<String> = script.iter().map(|(_, reply)| reply.text()).collect();
        let thread = thread::spawn(move || {
            let mut requests = Vec::new();
            for stream in listener.incoming() {
                if over.load(Ordering::SeqCst) {
                    break;
                }
                let reply = replies.get(requests.len()).cloned().unwrap_or_default();
                requests.push(exchange(stream.expect("a connection"), &reply));
            }
            requests
        });
        Self { url, is_over, thread, expected: script.iter().map(|(line, _)| *line).collect() }
    }

    /// Checks that exactly the expected requests came, and gives their bodies.
    #[track_caller]
    fn finish(self) -> Vec<String> {
        self.is_over.store(true, Ordering::SeqCst);
        drop(TcpStream::connect(self.url.trim_start_matches("http://")));
        let (lines, bodies): (Vec<_>, Vec<_>) = self.thread.join().expect("the script").into_iter().unzip();
        assert_eq!(lines, self.expected);
        bodies
    }
}

/// Method with target, and the body.
fn exchange(stream: TcpStream, reply: &str) -> (String, String) {
    let mut stream = BufReader::new(stream);
    let mut head = String::new();
    while !head.ends_with("\r\n\r\n") {
        assert_ne!(stream.read_line(&mut head).expect("a line"), 0, "a cut request: {head}");
    }
    assert!(
        head.contains("uthorization: Bearer t0ken\r\n") || head.contains("uthorization: Bearer other\r\n")
    );
    let lower = head.to_ascii_lowercase();
    if lower.contains("expect: 100-continue") {
        stream.get_mut().write_all(b"HTTP/1.1 100 Continue\r\n\r\n").expect("a connection");
    }
    let mut body = Vec::new();
    if lower.contains("transfer-encoding: chunked") {
        while !body.ends_with(b"\r\n0\r\n\r\n") {
            assert_ne!(stream.read_until(b'\n', &mut body).expect("a chunk"), 0, "a cut body");
        }
    }
    let len = lower.lines().find_map(|line| line.strip_prefix("content-length: "));
    let len = len.map_or(0, |len| len.parse().expect("a length"));
    (&mut stream).take(len).read_to_end(&mut body).expect("a body");
    stream.get_mut().write_all(reply.as_bytes()).expect("a connection");
    let line = head.lines().next().expect("a line").trim_end_matches(" HTTP/1.1").to_owned();
    (line, String::from_utf8_lossy(&body).into_owned())
}
