//! Synchronisations of a Microsoft WSUS. They have no numbers there: a run is numbered here, and known by
//! what the server had noted before it. Only the server's clock is looked at, so clocks may differ.

use std::collections::{BTreeMap, HashSet};
use std::time::Duration;

use headwater_api::linkage::{Failure, FailureKind, LastSync, StartedSync, SyncProgress, SyncState};
use headwater_model::{Guid, Timestamp};
use headwater_wsus_admin::{SyncEvent, SyncEventKind, SyncPhase, outcome};
use tokio::time::Instant;

use super::Answer;
use super::microsoft::{Microsoft, failure};

/// Runs that are remembered.
const RUNS_MAX: usize = 16;
/// How long a server may neither synchronise nor say how it ended: it may be about to begin, or to note its end.
const SETTLE: Duration = Duration::from_secs(30);

/// The synchronisations that were asked for, the oldest forgotten.
pub(super) struct Runs {
    last: u64,
    runs: BTreeMap<u64, Run>,
}

struct Run {
    before: Before,
    documents: u64,
    documents_total: u64,
    /// Whether it is at groups and approvals.
    decisions: bool,
    /// Since when the server neither synchronises nor says how it ended.
    silent_since: Option<Instant>,
    ended: Option<(SyncState, Option<String>)>,
}

/// What the server had noted before a run.
#[derive(Debug, Default)]
struct Before {
    last_sync: Option<Timestamp>,
    events: HashSet<Guid>,
}

impl Runs {
    /// Numbers are seconds since 1970 at first, so that no run of an earlier process has the same one.
    pub fn new(now: Timestamp) -> Self {
        let seconds = now.as_micros() / 1_000_000;
        Self { last: u64::try_from(seconds).unwrap_or_default(), runs: BTreeMap::new() }
    }

    /// The run that is not known to have ended.
    fn open(&self) -> Option<u64> {
        self.runs.get(&self.last).filter(|run| run.ended.is_none()).map(|_| self.last)
    }

    fn begin(&mut self, before: Before) -> u64 {
        self.last += 1;
        let run = Run {
            before,
            documents: 0,
            documents_total: 0,
            decisions: false,
            silent_since: None,
            ended: None,
        };
        self.runs.insert(self.last, run);
        if self.runs.len() > RUNS_MAX {
            self.runs.pop_first();
        }
        self.last
    }
}

impl Microsoft {
    /// The service has no place for who asked.
    pub(super) async fn synchronise(&self) -> Answer<StartedSync> {
        self.writable().await?;
        // Held until it has begun, so that it does not begin twice.
        let mut runs = self.runs.lock().await;
        // Read before the state: a run that ends in between has its end among the new events.
        let last_sync = self.wsus.taken().await.map_err(failure)?.last_sync;
        let events = self.wsus.sync_events(last_sync.unwrap_or(Timestamp::EPOCH)).await.map_err(failure)?;
        let before = Before { last_sync, events: events.iter().map(|event| event.id).collect() };
        if self.wsus.sync_progress().await.map_err(failure)?.is_running {
            let run = runs.open().unwrap_or_else(|| runs.begin(before));
            return Ok(StartedSync { run, joined: true });
        }
        self.wsus.start_sync().await.map_err(failure)?;
        Ok(StartedSync { run: runs.begin(before), joined: false })
    }

    pub(super) async fn sync_progress(&self, number: u64) -> Answer<SyncProgress> {
        let mut runs = self.runs.lock().await;
        let Some(run) = runs.runs.get_mut(&number) else {
            let detail = format!("this Linkage knows no synchronisation {number}: ask for a new one");
            return Err(Failure { kind: FailureKind::NotFound, detail });
        };
        if run.ended.is_none() {
            self.look(run).await?;
        }
        let (state, problem) = run.ended.clone().unwrap_or((SyncState::Running, None));
        Ok(SyncProgress {
            state,
            decisions: run.decisions,
            documents: run.documents,
            documents_total: run.documents_total,
            // Neither is told.
            added: 0,
            approvals_changed: 0,
            problem,
        })
    }

    /// By what the server has noted, of whoever began it.
    pub(super) async fn last_sync(&self) -> Answer<Option<LastSync>> {
        let is_running = self.wsus.sync_progress().await.map_err(failure)?.is_running;
        let done = self.wsus.taken().await.map_err(failure)?.last_sync;
        let events = self.wsus.sync_events(done.unwrap_or(Timestamp::EPOCH)).await.map_err(failure)?;
        Ok(last(is_running, done, &events))
    }

    async fn look(&self, run: &mut Run) -> Answer<()> {
        let progress = self.wsus.sync_progress().await.map_err(failure)?;
        if progress.is_running {
            run.silent_since = None;
            run.decisions = progress.phase == SyncPhase::Approvals;
            // Each phase counts anew, and only this one counts documents.
            if progress.phase != SyncPhase::Updates {
                return Ok(());
            }
            run.documents = u64::try_from(progress.processed).unwrap_or_default();
            run.documents_total = u64::try_from(progress.total).unwrap_or_default();
            return Ok(());
        }
        let since = run.before.last_sync.unwrap_or(Timestamp::EPOCH);
        let events = self.wsus.sync_events(since).await.map_err(failure)?;
        run.ended = end(&run.before, &events);
        let silent_since = *run.silent_since.get_or_insert_with(Instant::now);
        if run.ended.is_none() && silent_since.elapsed() >= SETTLE {
            let last_sync = self.wsus.taken().await.map_err(failure)?.last_sync;
            run.ended = Some(end_without_event(&run.before, last_sync));
        }
        Ok(())
    }
}

/// The last synchronisation: the one that goes on, the one that ended otherwise than well since the last good one,
/// or that.
fn last(is_running: bool, done: Option<Timestamp>, events: &[SyncEvent]) -> Option<LastSync> {
    let noted = events.last().filter(|event| done.is_none_or(|done| event.time >= done));
    match noted {
        Some(event) if is_running => Some(LastSync { state: SyncState::Running, at: event.time }),
        None if is_running => {
            Some(LastSync { state: SyncState::Running, at: done.unwrap_or(Timestamp::EPOCH) })
        }
        Some(SyncEvent { kind: SyncEventKind::Cancelled | SyncEventKind::Failed { .. }, time, .. }) => {
            Some(LastSync { state: SyncState::Failed, at: *time })
        }
        _ => done.map(|at| LastSync { state: SyncState::Done, at }),
    }
}

/// How a run ended by what the server has noted, if it has.
fn end(before: &Before, events: &[SyncEvent]) -> Option<(SyncState, Option<String>)> {
    let end = outcome(events).filter(|end| !before.events.contains(&end.id))?;
    match &end.kind {
        SyncEventKind::Started(_) => None,
        SyncEventKind::Succeeded => Some((SyncState::Done, None)),
        SyncEventKind::Cancelled => failed("somebody cancelled it on the server".to_owned()),
        SyncEventKind::Failed { hresult, message } => {
            let message = message.iter().map(|message| format!(": {message}")).collect::<String>();
            failed(format!("the server ended it with {hresult:#010X}{message}"))
        }
    }
}

fn failed(problem: String) -> Option<(SyncState, Option<String>)> {
    Some((SyncState::Failed, Some(problem)))
}

/// A server that notes no end still keeps when it has last synchronised.
fn end_without_event(before: &Before, last_sync: Option<Timestamp>) -> (SyncState, Option<String>) {
    if last_sync > before.last_sync {
        return (SyncState::Done, None);
    }
    let problem = "the server neither synchronises nor says how it ended; see its event log";
    (SyncState::Failed, Some(problem.to_owned()))
}

#[cfg(test)]
mod tests {
    use headwater_wsus_admin::SyncStart;

    use super::*;

    fn event(number: u8, kind: SyncEventKind) -> SyncEvent {
        let time = Timestamp::EPOCH.plus_seconds(i64::from(number));
        SyncEvent { id: Guid::from_bytes([number; 16]), time, kind }
    }

    #[test]
    fn the_end_is_the_one_since_the_start() {
        let start = |number| event(number, SyncEventKind::Started(SyncStart::Hand));
        let succeeded = |number| event(number, SyncEventKind::Succeeded);
        let failed = |number| event(number, SyncEventKind::Failed { hresult: -2_147_012_866, message: None });
        let before = Before { last_sync: None, events: HashSet::from([start(1).id, succeeded(2).id]) };
        let cases = [
            (vec![], None),
            (vec![start(1), succeeded(2)], None),
            (vec![start(1), succeeded(2), start(3)], None),
            (vec![start(1), succeeded(2), start(3), succeeded(4)], Some(SyncState::Done)),
            (vec![start(1), succeeded(2), start(3), failed(4)], Some(SyncState::Failed)),
            (vec![start(3), event(4, SyncEventKind::Cancelled)], Some(SyncState::Failed)),
            (vec![start(3), failed(4), start(5)], None),
        ];
        for (events, expected) in cases {
            assert_eq!(end(&before, &events).map(|(state, _)| state), expected, "{events:?}");
        }
        let (_, problem) = end(&before, &[failed(4)]).unwrap();
        assert_eq!(problem.unwrap(), "the server ended it with 0x80072EFE");
    }

    #[test]
    fn the_last_synchronisation_is_the_one_that_goes_on_or_ended_last() {
        let at = |second| Timestamp::EPOCH.plus_seconds(second);
        let start = |number| event(number, SyncEventKind::Started(SyncStart::Hand));
        let failed = |number| event(number, SyncEventKind::Failed { hresult: -1, message: None });
        let succeeded = |number| event(number, SyncEventKind::Succeeded);
        let cases = [
            (false, None, vec![], None),
            (false, Some(at(2)), vec![start(1), succeeded(2)], Some((SyncState::Done, at(2)))),
            (true, Some(at(2)), vec![succeeded(2), start(3)], Some((SyncState::Running, at(3)))),
            (false, Some(at(2)), vec![succeeded(2), start(3), failed(4)], Some((SyncState::Failed, at(4)))),
            (false, Some(at(2)), vec![event(4, SyncEventKind::Cancelled)], Some((SyncState::Failed, at(4)))),
            (false, None, vec![start(3), failed(4)], Some((SyncState::Failed, at(4)))),
            // It began, and nobody knows how it ended.
            (false, Some(at(2)), vec![start(3)], Some((SyncState::Done, at(2)))),
            // Before the last good one.
            (false, Some(at(6)), vec![failed(4)], Some((SyncState::Done, at(6)))),
            (true, None, vec![], Some((SyncState::Running, at(0)))),
        ];
        for (is_running, done, events, expected) in cases {
            let found = last(is_running, done, &events).map(|last| (last.state, last.at));
            assert_eq!(found, expected, "{is_running} {done:?} {events:?}");
        }
    }

    #[test]
    fn without_an_event_the_last_time_counts() {
        let (early, late) = (Timestamp::EPOCH, Timestamp::EPOCH.plus_seconds(60));
        let cases = [
            (None, None, SyncState::Failed),
            (None, Some(early), SyncState::Done),
            (Some(early), Some(early), SyncState::Failed),
            (Some(early), Some(late), SyncState::Done),
        ];
        for (before, after, expected) in cases {
            let before = Before { last_sync: before, events: HashSet::new() };
            assert_eq!(end_without_event(&before, after).0, expected, "{before:?} {after:?}");
        }
    }

    #[test]
    fn numbers_of_runs() {
        let mut runs = Runs::new(Timestamp::EPOCH.plus_seconds(1_000));
        assert_eq!(runs.open(), None);
        let first = runs.begin(Before::default());
        assert_eq!((first, runs.open()), (1_001, Some(1_001)));
        for _ in 0..RUNS_MAX {
            runs.begin(Before::default());
        }
        assert_eq!((runs.runs.len(), runs.runs.contains_key(&first)), (RUNS_MAX, false));
    }
}
