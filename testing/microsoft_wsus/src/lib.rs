//! Something to play a Microsoft WSUS, which no test can have: the program in `play/`, in Python and with none of
//! our code. It answers administrators and the servers below it, and may stand below another server. Not verified
//! on a live WSUS.
//!
//! pyspnego verifies the logins there, zeep and libxml2 hold each request, and each answer of a server above, to
//! the description of its service. A request that does not keep to it is answered with a fault that begins with
//! *Broken request*.

// A test fails by panicking.
#![allow(clippy::unwrap_used)]

use std::io::{BufRead as _, BufReader};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};

/// The account that the program knows, and its password.
pub const ACCOUNT: &str = r"EXAMPLE\wsus";
pub const PASSWORD: &str = "Pässw0rd";

/// A licence that one of its updates needs.
pub const LICENCE: &str = "5b8cbf1c-2b8f-4c6e-8b27-7d4b2d3f6a11";

/// The interpreter, where it is not the first `python3` in the path; what it needs is in
/// `requirements.txt`.
const PYTHON: &str = "HEADWATER_PYTHON";

/// The program while it runs.
#[derive(Debug)]
pub struct MicrosoftWsus {
    /// It ends when the pipe in here is closed, even if this process is killed.
    program: Child,
    port: u16,
}

impl MicrosoftWsus {
    /// Starts the program with options that `play/__main__.py` explains, or answers `None`, said aloud,
    /// where Python, its packages or the description of the service are missing.
    ///
    /// # Panics
    /// Where they are missing in CI, which must not skip tests in silence.
    pub fn start(options: &[&str]) -> Option<Self> {
        let (python, description) = (python()?, description()?);
        let mut program = Command::new(python)
            // It leaves nothing in the folder of its source.
            .arg("-B")
            .arg(concat!(env!("CARGO_MANIFEST_DIR"), "/play"))
            .arg("--wsdl")
            .arg(description)
            .args(options)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut port = String::new();
        BufReader::new(program.stdout.take().unwrap()).read_line(&mut port).unwrap();
        let port = port.trim().parse().expect("the program did not start; its words are above");
        Some(Self { program, port })
    }

    /// The port on 127.0.0.1.
    pub fn port(&self) -> u16 {
        self.port
    }
}

impl Drop for MicrosoftWsus {
    fn drop(&mut self) {
        // That closes the pipe first.
        let _ = self.program.wait();
    }
}

/// Python with zeep, or `None`, said aloud.
///
/// # Panics
/// Where it is missing in CI.
pub fn python() -> Option<PathBuf> {
    let python = std::env::var_os(PYTHON).map_or_else(|| PathBuf::from("python3"), PathBuf::from);
    let imports = "import cryptography, lxml, spnego, zeep";
    let found = Command::new(&python).args(["-c", imports]).stderr(Stdio::null()).status();
    if found.is_ok_and(|status| status.success()) {
        return Some(python);
    }
    skip(&format!("{} with the packages in testing/microsoft_wsus/requirements.txt", python.display()))
}

/// The description that a real server gives of its administration service, which is no part of the project, as are
/// those of the other services beside it; likewise.
pub fn description() -> Option<PathBuf> {
    let shared = std::env::var_os("HEADWATER_SHARED").map_or_else(
        || PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../../../shared")),
        PathBuf::from,
    );
    let path = shared.join("wsdl/apiremoting30.wsdl");
    if path.exists() { Some(path) } else { skip(&path.display().to_string()) }
}

#[allow(clippy::print_stderr)]
fn skip<T>(what: &str) -> Option<T> {
    assert!(std::env::var("CI").as_deref() != Ok("true"), "{what} is missing");
    eprintln!("skipped: {what} is missing");
    None
}

#[cfg(test)]
mod tests {
    use std::io::{Read as _, Write as _};
    use std::net::TcpStream;

    use super::*;

    /// The answer to a request with this header. `close` ends it, so that it can be read to its end.
    fn ask(program: &MicrosoftWsus, header: &str) -> String {
        let mut stream = TcpStream::connect(("127.0.0.1", program.port())).unwrap();
        let head = "POST /ApiRemoting30/WebService.asmx HTTP/1.1\r\nHost: localhost\r\nContent-Length: 0\r\n";
        write!(stream, "{head}Connection: close\r\n{header}\r\n").unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        answer
    }

    #[test]
    fn nobody_gets_in_without_a_login() {
        let Some(program) = MicrosoftWsus::start(&[]) else { return };
        for header in ["", "Authorization: Basic RVhBTVBMRVx3c3VzOlDDpHNzdzByZA==\r\n"] {
            let answer = ask(&program, header);
            assert!(answer.starts_with("HTTP/1.1 401 "), "{answer}");
            assert!(answer.contains("WWW-Authenticate: NTLM\r\n"), "{answer}");
        }
    }
}
