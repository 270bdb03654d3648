//! A run of the synchronisation command, for those who watch it.

use std::collections::BTreeSet;
use std::sync::{Mutex, MutexGuard, OnceLock, PoisonError};
use std::time::{Duration, Instant};

use headwater_api::{SERVER_LIMIT_SECONDS, SyncEvent, SyncPhase, SyncReport, SyncRequest, SyncServer};
use headwater_model::{ServerId, Timestamp};
use headwater_words::quantity::seconds_passed;
use tokio::sync::watch;

use crate::ManagerError;
use crate::ask::PATIENCE;

/// Lines that are kept of one run: who watches late reads these, and the memory has an end.
const LINES_MAX: usize = 20_000;

/// How long a stopped run goes on, for people: its last call has as long as any.
pub(crate) const LAST_CALL: &str = "what this server was last asked is waited for, two minutes at most";

/// Whether what is done for a run is to go on; otherwise who stopped it.
pub(crate) type GoesOn<'a> = &'a (dyn Fn() -> Result<(), ManagerError> + Sync);

/// A run that goes on, or went on in this process.
pub struct Running {
    /// By which it is kept.
    pub number: i64,
    pub request: SyncRequest,
    pub started_by: String,
    pub started_at: Timestamp,
    log: Mutex<Log>,
    /// The servers that it is about, once that is known.
    selected: OnceLock<BTreeSet<ServerId>>,
    /// How many lines were told; changes once more at the end.
    told: watch::Sender<usize>,
    /// Told of every change too: for whoever watches all there is.
    changed: watch::Sender<Changed>,
    ended: OnceLock<Result<SyncReport, ManagerError>>,
    stopped_by: OnceLock<String>,
}

/// How often what pages show has changed since this process started.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Changed {
    /// The mirror, or why it cannot be read.
    pub readings: u64,
    /// What runs do.
    pub runs: u64,
}

#[derive(Default)]
struct Log {
    lines: Vec<SyncEvent>,
    /// What was last said of each server.
    last: Vec<LastLine>,
    /// The servers that are done, as the report will have them.
    ended: Vec<SyncServer>,
}

/// What was last said of a server.
#[derive(Debug, Clone)]
pub struct LastLine {
    pub server: ServerId,
    pub name: String,
    pub phase: SyncPhase,
    pub line: String,
    /// What was done in the phase, and of how many where that is known.
    pub done: u64,
    pub total: Option<u64>,
    begun: Instant,
    ended: Option<Instant>,
}

impl LastLine {
    /// Since the run came to the server; until it was done with it.
    pub fn elapsed(&self) -> Duration {
        self.ended.unwrap_or_else(Instant::now).duration_since(self.begun)
    }
}

/// What is said of a server.
pub(crate) struct Said {
    pub phase: SyncPhase,
    pub line: String,
    pub done: u64,
    pub total: Option<u64>,
}

impl Said {
    pub fn new(phase: SyncPhase, line: impl Into<String>) -> Self {
        Self { phase, line: line.into(), done: 0, total: None }
    }

    pub fn counted(self, done: u64, total: Option<u64>) -> Self {
        Self { done, total, ..self }
    }
}

impl Running {
    pub(crate) fn new(
        number: i64,
        request: SyncRequest,
        by: &str,
        now: Timestamp,
        changed: watch::Sender<Changed>,
    ) -> Self {
        Self {
            number,
            request,
            started_by: by.to_owned(),
            started_at: now,
            log: Mutex::default(),
            selected: OnceLock::new(),
            told: watch::Sender::new(0),
            changed,
            ended: OnceLock::new(),
            stopped_by: OnceLock::new(),
        }
    }

    pub(crate) fn tell(&self, server: ServerId, name: &str, said: Said) {
        let Said { phase, line, done, total } = said;
        let (mut log, now) = (self.log(), Instant::now());
        let begun = log.last.iter().find(|one| one.server == server).map_or(now, |one| one.begun);
        log.last.retain(|one| one.server != server);
        let ended = (phase == SyncPhase::Done).then_some(now);
        let name = name.to_owned();
        log.last.push(LastLine {
            server,
            name: name.clone(),
            phase,
            line: line.clone(),
            done,
            total,
            begun,
            ended,
        });
        if log.lines.len() < LINES_MAX || phase == SyncPhase::Done {
            let seconds = now.duration_since(begun).as_secs();
            log.lines.push(SyncEvent::Server { name, phase, line, done, total, seconds });
        }
        let told = log.lines.len();
        drop(log);
        self.told.send_replace(told);
        self.changed.send_modify(|changed| changed.runs += 1);
    }

    pub(crate) fn select(&self, servers: &BTreeSet<ServerId>) {
        let _ = self.selected.set(servers.clone());
    }

    /// Keeps how a server ended before the run has.
    pub(crate) fn server_ended(&self, server: &SyncServer) {
        self.log().ended.push(server.clone());
    }

    pub(crate) fn end(&self, result: Result<SyncReport, ManagerError>) {
        let _ = self.ended.set(result);
        self.told.send_modify(|_| {});
        self.changed.send_modify(|changed| changed.runs += 1);
    }

    /// Says of each server that it is at what is still waited for.
    pub(crate) fn stop(&self, by: &str) {
        if self.stopped_by.set(by.to_owned()).is_err() {
            return;
        }
        let line = format!("{by} stopped the run: {LAST_CALL}");
        for LastLine { server, name, phase, .. } in self.at_work() {
            self.tell(server, &name, Said::new(phase, line.clone()));
        }
        self.told.send_modify(|_| {});
    }

    /// Waits until somebody stops it, and then as long as its last calls may take.
    pub(crate) async fn given_up(&self) -> &str {
        let mut changes = self.told.subscribe();
        loop {
            if let Some(by) = self.stopped_by() {
                tokio::time::sleep(PATIENCE).await;
                return by;
            }
            // The sender is here, so it does not fail.
            let _ = changes.changed().await;
        }
    }

    /// What was last said of the servers that it is at.
    pub(crate) fn at_work(&self) -> Vec<LastLine> {
        let mut last = self.last_lines();
        last.retain(|one| one.ended.is_none());
        last
    }

    pub(crate) fn stopped_by(&self) -> Option<&str> {
        self.stopped_by.get().map(String::as_str)
    }

    /// Whether it is about all servers that another run would be about, and does all parts of that, be it otherwise.
    pub(crate) fn covers(&self, wanted: &SyncRequest) -> bool {
        let own = &self.request;
        let is_of_all = own.at.is_none() && own.below.is_none();
        (is_of_all || (&own.at, &own.below) == (&wanted.at, &wanted.below))
            && (own.only.is_none() || own.only == wanted.only)
            && (own.with_upstream || !wanted.with_upstream)
    }

    /// What it does otherwise than it is asked for by who attaches to it, in a line; none where it does just that.
    pub fn otherwise(&self, wanted: &SyncRequest) -> Option<String> {
        let own = &self.request;
        let mut does: Vec<String> = Vec::new();
        if (&own.at, &own.below) != (&wanted.at, &wanted.below) {
            does.push("it is about all servers".to_owned());
        }
        if own.only != wanted.only {
            does.push("it does updates, groups, approvals and clients".to_owned());
        }
        if own.with_upstream != wanted.with_upstream {
            does.push("it lets the top synchronise with Microsoft".to_owned());
        }
        if (own.max_removals, own.hold_removals) != (wanted.max_removals, wanted.hold_removals) {
            does.push(match (own.max_removals, own.hold_removals) {
                (Some(max), _) => format!("it removes {max} members at most"),
                (None, true) => "it holds groups that would lose over a tenth of their members".to_owned(),
                (None, false) => "it removes as many members as the host groups want".to_owned(),
            });
        }
        if own.keep_windows != wanted.keep_windows {
            does.push(match own.keep_windows {
                true => "it leaves servers for later whose time window is closed".to_owned(),
                false => "it waits for no time window".to_owned(),
            });
        }
        if own.server_limit_seconds != wanted.server_limit_seconds {
            let limit = own.server_limit_seconds.unwrap_or(SERVER_LIMIT_SECONDS);
            does.push(format!("it waits {} for a server", seconds_passed(limit)));
        }
        (!does.is_empty()).then(|| {
            let (number, by) = (self.number, &self.started_by);
            format!("Run {number}, begun by {by}, goes on instead: {}.", does.join("; "))
        })
    }

    pub fn has_ended(&self) -> bool {
        self.ended.get().is_some()
    }

    /// Waits for its end.
    pub(crate) async fn ended(&self) {
        // It has no lines beyond all of them.
        while self.lines(usize::MAX).await.is_some() {}
    }

    /// How it ended; absent while it goes on.
    pub fn result(&self) -> Option<&Result<SyncReport, ManagerError>> {
        self.ended.get()
    }

    /// Whether a server is one of those that it is about; all are until that is known.
    pub fn is_about(&self, server: ServerId) -> bool {
        self.selected.get().is_none_or(|selected| selected.contains(&server))
    }

    /// The servers that are done, as the report will have them, in the order in which they ended.
    pub fn ended_servers(&self) -> Vec<SyncServer> {
        self.log().ended.clone()
    }

    /// What was last said of each server, the latest last.
    pub fn last_lines(&self) -> Vec<LastLine> {
        self.log().last.clone()
    }

    /// The last lines so far, at most this many.
    pub fn last_events(&self, count: usize) -> Vec<SyncEvent> {
        let log = self.log();
        log.lines[log.lines.len().saturating_sub(count)..].to_vec()
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

#[cfg(test)]
mod tests {
    use headwater_api::SyncPart;

    use super::*;

    #[test]
    fn a_run_is_attached_to_by_who_asks_for_no_more() {
        let all = SyncRequest::default();
        let at = |name: &str| SyncRequest { at: Some(name.to_owned()), ..SyncRequest::default() };
        let below = SyncRequest { below: Some("munich".to_owned()), ..SyncRequest::default() };
        let clients = SyncRequest { only: Some(SyncPart::Clients), ..SyncRequest::default() };
        let upstream = SyncRequest { with_upstream: true, ..SyncRequest::default() };
        let few = SyncRequest { max_removals: Some(0), ..SyncRequest::default() };
        let held = SyncRequest { hold_removals: true, ..SyncRequest::default() };
        let windows = SyncRequest { keep_windows: true, ..SyncRequest::default() };
        let running = |own: &SyncRequest| {
            Running::new(1, own.clone(), "anna", Timestamp::EPOCH, watch::Sender::default())
        };
        let covers = |own: &SyncRequest, wanted: &SyncRequest| running(own).covers(wanted);
        for wanted in [&all, &at("munich"), &below, &clients, &windows, &few, &held] {
            for own in [&all, &upstream, &few, &held, &windows] {
                assert!(covers(own, wanted), "{own:?} {wanted:?}");
                assert_eq!(running(own).otherwise(wanted).is_none(), own == wanted, "{own:?} {wanted:?}");
            }
        }
        // The nightly run, and one by hand.
        let nightly = SyncRequest { hold_removals: true, keep_windows: true, ..SyncRequest::default() };
        let said = "Run 1, begun by anna, goes on instead: it holds groups that would lose over a tenth \
                    of their members; it leaves servers for later whose time window is closed.";
        assert_eq!(running(&nightly).otherwise(&all).as_deref(), Some(said));
        assert!(covers(&at("munich"), &at("munich")) && covers(&clients, &clients));
        let others = [(&at("munich"), &all), (&at("munich"), &at("berlin")), (&below, &at("munich"))];
        for (own, wanted) in others.into_iter().chain([(&clients, &all), (&all, &upstream)]) {
            assert!(!covers(own, wanted), "{own:?} {wanted:?}");
        }
    }
}
