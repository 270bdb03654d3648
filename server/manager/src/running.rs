//! A run of the synchronisation command, for those who watch it.

use std::sync::{Mutex, MutexGuard, OnceLock, PoisonError};

use headwater_api::{SyncEvent, SyncPhase, SyncReport, SyncRequest};
use headwater_model::{ServerId, Timestamp};
use tokio::sync::watch;

use crate::ManagerError;

/// Lines that are kept of one run: who watches late reads these, and the memory has an end.
const LINES_MAX: usize = 20_000;

/// A run that goes on, or went on in this process.
pub struct Running {
    /// Absent where nothing is changed and nothing kept.
    pub number: Option<i64>,
    pub request: SyncRequest,
    pub started_by: String,
    pub started_at: Timestamp,
    log: Mutex<Log>,
    /// How many lines were told; changes once more at the end.
    told: watch::Sender<usize>,
    /// Told of every change too: for whoever watches all there is.
    changed: watch::Sender<u64>,
    ended: OnceLock<Result<SyncReport, ManagerError>>,
    stopped_by: OnceLock<String>,
}

#[derive(Default)]
struct Log {
    lines: Vec<SyncEvent>,
    /// What was last said of each server.
    last: Vec<LastLine>,
}

/// What was last said of a server.
#[derive(Debug, Clone)]
pub struct LastLine {
    pub server: ServerId,
    pub phase: SyncPhase,
    pub line: String,
}

impl Running {
    pub(crate) fn new(
        number: Option<i64>,
        request: SyncRequest,
        by: &str,
        now: Timestamp,
        changed: watch::Sender<u64>,
    ) -> Self {
        Self {
            number,
            request,
            started_by: by.to_owned(),
            started_at: now,
            log: Mutex::default(),
            told: watch::Sender::new(0),
            changed,
            ended: OnceLock::new(),
            stopped_by: OnceLock::new(),
        }
    }

    pub(crate) fn tell(&self, server: ServerId, name: &str, phase: SyncPhase, line: String) {
        let mut log = self.log();
        log.last.retain(|one| one.server != server);
        log.last.push(LastLine { server, phase, line: line.clone() });
        if log.lines.len() < LINES_MAX || phase == SyncPhase::Done {
            log.lines.push(SyncEvent::Server { name: name.to_owned(), phase, line });
        }
        let told = log.lines.len();
        drop(log);
        self.told.send_replace(told);
        self.changed.send_modify(|number| *number += 1);
    }

    pub(crate) fn end(&self, result: Result<SyncReport, ManagerError>) {
        let _ = self.ended.set(result);
        self.told.send_modify(|_| {});
        self.changed.send_modify(|number| *number += 1);
    }

    pub(crate) fn stop(&self, by: &str) {
        let _ = self.stopped_by.set(by.to_owned());
    }

    pub(crate) fn stopped_by(&self) -> Option<&str> {
        self.stopped_by.get().map(String::as_str)
    }

    pub fn has_ended(&self) -> bool {
        self.ended.get().is_some()
    }

    /// How it ended; absent while it goes on.
    pub fn result(&self) -> Option<&Result<SyncReport, ManagerError>> {
        self.ended.get()
    }

    /// What was last said of each server, the latest last.
    pub fn last_lines(&self) -> Vec<LastLine> {
        self.log().last.clone()
    }

    /// The lines after the first `seen` ones; none once it has ended and all are seen.
    pub async fn lines(&self, seen: usize) -> Option<Vec<SyncEvent>> {
        let mut changes = self.told.subscribe();
        loop {
            // In this order: what is said before the end is there when the end is seen.
            let has_ended = self.has_ended();
            let new = self.log().lines.get(seen..).map(<[_]>::to_vec).unwrap_or_default();
            if !new.is_empty() {
                return Some(new);
            }
            if has_ended || changes.changed().await.is_err() {
                return None;
            }
        }
    }

    fn log(&self) -> MutexGuard<'_, Log> {
        self.log.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
