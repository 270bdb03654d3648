//! A proxy on loopback between two servers: a test holds what passes until something else has happened, or cuts the
//! line, so that no moment is left to chance.

use std::io::{Read as _, Write as _};
use std::net::{Ipv4Addr, Shutdown, TcpListener, TcpStream};
use std::sync::{Arc, Condvar, Mutex, MutexGuard};
use std::thread;
use std::time::Duration;

/// A line in front of a port on loopback.
pub(super) struct Gate {
    port: u16,
    line: Arc<Line>,
}

/// What is the same for all connections.
struct Line {
    to: u16,
    state: Mutex<State>,
    changed: Condvar,
    /// In answers, this is told for that, of the same length.
    tells: Option<(&'static str, &'static str)>,
}

#[derive(Default)]
struct State {
    /// A request that has this in it waits.
    holds: Option<&'static str>,
    waiting: usize,
    is_cut: bool,
    open: Vec<TcpStream>,
}

impl Gate {
    /// In front of a server with this URL.
    pub(super) fn before(url: &str) -> Self {
        Self::telling(url, None)
    }

    /// In front of one whose answers say something else.
    pub(super) fn telling(url: &str, tells: Option<(&'static str, &'static str)>) -> Self {
        let to = url.trim_end_matches("/linkage").rsplit(':').next().expect("a port");
        let to = to.trim_end_matches('/').parse().expect("a port");
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a port");
        let port = listener.local_addr().expect("an address").port();
        let line = Arc::new(Line { to, state: Mutex::default(), changed: Condvar::new(), tells });
        thread::spawn({
            let line = line.clone();
            move || {
                for stream in listener.incoming() {
                    line.clone().carry(stream.expect("a connection"));
                }
            }
        });
        Self { port, line }
    }

    /// Another server's URL by way of this line.
    pub(super) fn url(&self, of: &str) -> String {
        of.replacen(&format!(":{}", self.line.to), &format!(":{}", self.port), 1)
    }

    /// Lets requests wait that have this in them.
    pub(super) fn hold(&self, part: &'static str) {
        self.line.state().holds = Some(part);
    }

    /// Waits until one is held.
    pub(super) fn wait(&self) {
        let timeout = Duration::from_secs(180);
        let held =
            self.line.changed.wait_timeout_while(self.line.state(), timeout, |state| state.waiting == 0);
        assert!(!held.expect("no panic").1.timed_out(), "nothing came to be held");
    }

    pub(super) fn release(&self) {
        self.line.state().holds = None;
        self.line.changed.notify_all();
    }

    /// Ends all connections, and every new one.
    pub(super) fn cut(&self) {
        let mut state = self.line.state();
        state.is_cut = true;
        for stream in state.open.drain(..) {
            // The other side may have gone already.
            let _ = stream.shutdown(Shutdown::Both);
        }
    }

    pub(super) fn mend(&self) {
        self.line.state().is_cut = false;
    }
}

impl Line {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().expect("no panic")
    }

    fn carry(self: Arc<Self>, from: TcpStream) {
        let Ok(to) = TcpStream::connect((Ipv4Addr::LOCALHOST, self.to)) else { return };
        let copy = |stream: &TcpStream| stream.try_clone().expect("a handle");
        {
            let mut state = self.state();
            if state.is_cut {
                return;
            }
            state.open.extend([copy(&from), copy(&to)]);
        }
        let (back, answers, line) = (copy(&from), copy(&to), self.clone());
        thread::spawn(move || line.requests(from, to));
        thread::spawn(move || self.answers(answers, back));
    }

    /// A request whose last part is held is none yet.
    fn requests(&self, mut from: TcpStream, mut to: TcpStream) {
        let (mut buffer, mut passed) = (vec![0; 1 << 16], Vec::new());
        while let Ok(length @ 1..) = from.read(&mut buffer) {
            passed.extend_from_slice(&buffer[..length]);
            let is_held = |state: &mut State| state.holds.is_some_and(|part| has(&passed, part.as_bytes()));
            let mut state = self.state();
            if is_held(&mut state) {
                state.waiting += 1;
                self.changed.notify_all();
                state = self.changed.wait_while(state, is_held).expect("no panic");
                state.waiting -= 1;
            }
            drop(state);
            if to.write_all(&buffer[..length]).is_err() {
                break;
            }
            // What is looked for may begin at the end of one part.
            passed.drain(..passed.len().saturating_sub(100));
        }
        let _ = to.shutdown(Shutdown::Write);
    }

    fn answers(&self, mut from: TcpStream, mut to: TcpStream) {
        let (mut buffer, mut kept) = (vec![0; 1 << 16], Vec::new());
        while let Ok(length @ 1..) = from.read(&mut buffer) {
            kept.extend_from_slice(&buffer[..length]);
            let mut stays = 0;
            if let Some((said, told)) = self.tells {
                while let Some(at) = find(&kept, said.as_bytes()) {
                    kept.splice(at..at + said.len(), told.bytes());
                }
                let begins = |length: &usize| kept.ends_with(&said.as_bytes()[..*length]);
                stays = (1..said.len()).rev().find(begins).unwrap_or(0);
            }
            let goes: Vec<u8> = kept.drain(..kept.len() - stays).collect();
            if to.write_all(&goes).is_err() {
                break;
            }
        }
        let _ = to.shutdown(Shutdown::Write);
    }
}

fn find(bytes: &[u8], part: &[u8]) -> Option<usize> {
    bytes.windows(part.len()).position(|window| window == part)
}

fn has(bytes: &[u8], part: &[u8]) -> bool {
    find(bytes, part).is_some()
}
