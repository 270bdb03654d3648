//! A server of a few pages, as strict about what they may do as the console's.

use std::collections::HashMap;
use std::io::{BufRead as _, BufReader, Write as _};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex};

const POLICY: &str =
    "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self'; form-action 'self'";

/// Ends with the process of the test. What begins with `/lax` may ask other servers.
pub struct Site {
    port: u16,
    files: Arc<Mutex<HashMap<String, String>>>,
}

impl Site {
    pub fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let site = Self { port: listener.local_addr().unwrap().port(), files: Arc::default() };
        let files = site.files.clone();
        std::thread::spawn(move || {
            for stream in listener.incoming() {
                let files = files.clone();
                std::thread::spawn(move || answer(stream.unwrap(), &files));
            }
        });
        site
    }

    pub fn put(&self, path: &str, text: &str) {
        self.files.lock().unwrap().insert(path.to_owned(), text.to_owned());
    }

    pub fn url(&self, path: &str) -> String {
        format!("http://127.0.0.1:{}{path}", self.port)
    }
}

fn answer(mut stream: TcpStream, files: &Mutex<HashMap<String, String>>) {
    let mut lines = BufReader::new(stream.try_clone().unwrap()).lines().map_while(Result::ok);
    // A browser opens connections that it may need.
    let Some(request) = lines.next() else { return };
    lines.find(String::is_empty);
    let path = request.split(' ').nth(1).unwrap().split('?').next().unwrap().to_owned();
    let file = files.lock().unwrap().get(&path).cloned();
    let (status, text) = file.map_or(("404 Not Found", String::new()), |text| ("200 OK", text));
    let kind = match path.rsplit_once('.').map(|(_, end)| end) {
        Some("css") => "text/css",
        Some("js") => "text/javascript",
        Some("svg") => "image/svg+xml",
        _ => "text/html; charset=utf-8",
    };
    let head = format!("HTTP/1.1 {status}\r\nContent-Type: {kind}\r\nContent-Length: {}\r\n", text.len());
    let policy = if path.starts_with("/lax") { "default-src *" } else { POLICY };
    let policy = format!("Content-Security-Policy: {policy}\r\nConnection: close\r\n\r\n");
    // One that it did not need after all is closed.
    let _ = write!(stream, "{head}{policy}{text}");
}
