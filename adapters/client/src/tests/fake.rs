//! A server of few words: one answer for each connection, over a real socket.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpListener;
use std::sync::Arc;
use std::thread::{self, JoinHandle};

use rustls::{ServerConfig, ServerConnection, StreamOwned};

/// A request as it came in.
#[derive(Debug, Clone, Default)]
pub struct Request {
    /// Method and target, such as `GET /api/v1/server`.
    pub line: String,
    pub head: String,
    pub body: Vec<u8>,
}

impl Request {
    #[track_caller]
    pub fn header(&self, name: &str) -> &str {
        let lines = self.head.lines().filter_map(|line| line.split_once(": "));
        let found = lines.into_iter().find(|(found, _)| found.eq_ignore_ascii_case(name));
        found.unwrap_or_else(|| panic!("no {name} in {}", self.head)).1
    }

    pub fn text(&self) -> &str {
        std::str::from_utf8(&self.body).expect("UTF-8")
    }
}

/// Answers so many connections with these texts, which are whole answers from the status on, and
/// gives the requests once all are answered.
pub struct Fake {
    pub url: String,
    thread: JoinHandle<Vec<Request>>,
}

impl Fake {
    pub fn answering(answers: &[String]) -> Self {
        Self::start("http", answers, None)
    }

    pub fn with_tls(config: ServerConfig, answers: &[String]) -> Self {
        Self::start("https", answers, Some(Arc::new(config)))
    }

    fn start(scheme: &str, answers: &[String], tls: Option<Arc<ServerConfig>>) -> Self {
        let listener = TcpListener::bind(("127.0.0.1", 0)).expect("a port");
        let url = format!("{scheme}://localhost:{}", listener.local_addr().expect("an address").port());
        let answers = answers.to_vec();
        let thread = thread::spawn(move || {
            let answer = |answer: String| {
                let (stream, _) = listener.accept().expect("a connection");
                match &tls {
                    None => exchange(stream, &answer),
                    Some(config) => {
                        let session = ServerConnection::new(Arc::clone(config)).expect("a session");
                        exchange(StreamOwned::new(session, stream), &answer)
                    }
                }
            };
            answers.into_iter().map(answer).collect()
        });
        Self { url, thread }
    }

    pub fn requests(self) -> Vec<Request> {
        self.thread.join().expect("the fake server")
    }
}

/// An answer with a JSON body.
pub fn json(status: &str, body: &str) -> String {
    format!(
        "HTTP/1.1 {status}\r\nContent-Type: application/json\r\nContent-Length: {}\r\n\r\n{body}",
        body.len()
    )
}

/// Reads a request and answers it. A broken handshake leaves an empty request. A body that waits
/// for permission gets it, unless the answer is a refusal.
fn exchange<S: Read + Write>(stream: S, answer: &str) -> Request {
    let mut stream = BufReader::new(stream);
    let mut request = Request::default();
    loop {
        let mut line = String::new();
        match stream.read_line(&mut line) {
            Ok(1..) if line != "\r\n" => request.head.push_str(&line),
            Ok(1..) => break,
            _ => return request,
        }
    }
    request.line = request.head.lines().next().unwrap_or_default().replace(" HTTP/1.1", "");
    let head = request.head.to_ascii_lowercase();
    let refuses = answer.starts_with("HTTP/1.1 4");
    if head.contains("expect: 100-continue") && !refuses {
        stream.get_mut().write_all(b"HTTP/1.1 100 Continue\r\n\r\n").expect("a connection");
    }
    if !(head.contains("expect: 100-continue") && refuses) {
        request.body = body(&mut stream, &head);
    }
    let answer = answer.replacen("\r\n", "\r\nConnection: close\r\n", 1);
    stream.get_mut().write_all(answer.as_bytes()).expect("a connection");
    stream.get_mut().flush().expect("a connection");
    request
}

fn body(stream: &mut impl BufRead, head: &str) -> Vec<u8> {
    let mut body = Vec::new();
    if let Some((_, rest)) = head.split_once("content-length: ") {
        let len = rest.lines().next().unwrap_or_default().parse().expect("a length");
        stream.take(len).read_to_end(&mut body).expect("a body");
    }
    while head.contains("transfer-encoding: chunked") {
        let mut line = String::new();
        stream.read_line(&mut line).expect("a chunk");
        let Ok(len) = u64::from_str_radix(line.trim(), 16) else { break };
        stream.take(len).read_to_end(&mut body).expect("a chunk");
        stream.take(2).read_to_end(&mut Vec::new()).expect("its end");
        if len == 0 {
            break;
        }
    }
    body
}
