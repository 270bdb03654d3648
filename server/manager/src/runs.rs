//! Runs of the synchronisation command by their numbers, those that only compare among them.

mod list;

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use headwater_api::{SyncReport, SyncRequest, SyncRun};
use headwater_model::chain;
use headwater_operators::Action;
use headwater_store::SyncRunRow;
use serde::{Deserialize, Serialize};

pub(crate) use list::Ended;
pub use list::{RunStanding, RunSummary};

use crate::{Manager, ManagerError, Running};

/// Comparisons that have ended and are still known with their lines, and with why they failed.
const ENDED_MAX: usize = 16;
/// Comparisons that go on at a time, of those who may write and of those who may not.
const GOING_MAX: usize = 4;

/// Who has a comparison made. Nobody who only looks keeps out those who have to decide.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Looking {
    Writer,
    Reader,
}

impl Looking {
    pub fn of(may_write: bool) -> Self {
        if may_write { Self::Writer } else { Self::Reader }
    }
}

/// What somebody must be permitted to ask for a run. What only compares writes nothing; what the top takes from
/// Microsoft is no matter of groups.
pub fn action_for(request: &SyncRequest) -> Action<'static> {
    match request.dry_run {
        true => Action::Read,
        false if request.with_upstream => Action::Administer,
        false => Action::ForEveryGroup,
    }
}

/// The runs of this process that only list what differs. Several may go on, for none changes anything.
#[derive(Default)]
pub(crate) struct Comparisons(Mutex<Vec<(Looking, Arc<Running>)>>);

impl Comparisons {
    /// Refuses more at a time than somebody who looks needs.
    pub fn must_be_few(&self, who: Looking) -> Result<(), ManagerError> {
        let going = self.all().iter().filter(|(of, one)| *of == who && !one.has_ended()).count();
        if going < GOING_MAX {
            return Ok(());
        }
        Err(ManagerError::Busy(format!("{going} dry runs go on: try again when one has ended")))
    }

    pub fn add(&self, who: Looking, running: Arc<Running>) {
        self.all().push((who, running));
    }

    /// Lets go of those that ended first.
    pub fn forget_old(&self) {
        let mut all = self.all();
        let ended = all.iter().filter(|(_, one)| one.has_ended()).count();
        let mut leaving = ended.saturating_sub(ENDED_MAX);
        all.retain(|(_, one)| {
            let leaves = leaving > 0 && one.has_ended();
            leaving -= usize::from(leaves);
            !leaves
        });
    }

    fn of(&self, number: u64) -> Option<Arc<Running>> {
        let all = self.all();
        all.iter().find(|(_, one)| one.number as u64 == number).map(|(_, one)| one.clone())
    }

    fn all(&self) -> MutexGuard<'_, Vec<(Looking, Arc<Running>)>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// What is kept of a run that failed as a whole, in the place of its report.
#[derive(Serialize, Deserialize)]
struct Failed {
    failed: String,
}

impl Manager {
    /// Keeps how a run ended.
    pub(crate) async fn keep_end(&self, number: i64, ended: &Result<SyncReport, ManagerError>) {
        let text = match ended {
            Ok(report) => serde_json::to_string(report),
            Err(error) => serde_json::to_string(&Failed { failed: error.with_advice() }),
        };
        if let Err(error) = self.store.end_sync_run(number, &text.unwrap_or_default(), self.now()).await {
            tracing::error!(error = chain(&error), "the end of a synchronisation could not be kept");
        }
    }

    /// A run that goes on here, or one of the last that did, by its number.
    pub async fn run_here(&self, number: u64) -> Option<Arc<Running>> {
        let last = self.running().await.filter(|running| running.number as u64 == number);
        last.or_else(|| self.comparisons.of(number))
    }

    /// A page of the runs that are kept, the newest first: those before a number, or the last ones.
    pub async fn sync_runs_before(
        &self,
        before: Option<u64>,
        limit: u32,
    ) -> Result<Vec<SyncRun>, ManagerError> {
        let before = before.map_or(i64::MAX, |before| i64::try_from(before).unwrap_or(i64::MAX));
        let rows = self.store.sync_runs_before(before, limit).await?;
        Ok(rows.into_iter().map(kept).collect())
    }

    /// One of the runs that are kept.
    pub async fn sync_run(&self, number: u64) -> Result<SyncRun, ManagerError> {
        let row = match i64::try_from(number) {
            Ok(number) => self.store.sync_run(number).await?,
            Err(_) => None,
        };
        row.map(kept).ok_or_else(|| {
            ManagerError::NotFound(format!("run {number} is not kept, or there never was one"))
        })
    }
}

pub(crate) fn kept(row: SyncRunRow) -> SyncRun {
    let report: Option<SyncReport> = serde_json::from_str(&row.report).ok();
    // A report may be long: it is read once.
    let why = || serde_json::from_str(&row.report).ok().map(|Failed { failed }| failed);
    SyncRun {
        run: row.run as u64,
        failed: if report.is_none() { why() } else { None },
        started_by: row.started_by,
        started_at: row.started_at,
        finished_at: row.finished_at,
        report,
    }
}

#[cfg(test)]
mod tests {
    use headwater_model::Timestamp;
    use headwater_store::RunKind;
    use tokio::sync::watch;

    use super::*;

    #[tokio::test]
    async fn why_a_run_failed_is_kept() {
        let (_folder, manager) = crate::sample::manager(|| Timestamp::EPOCH).await;
        let number =
            manager.store.begin_sync_run(RunKind::Writes, "anna", Timestamp::EPOCH).await.expect("writes");
        manager.keep_end(number, &Err(ManagerError::NotLinked)).await;
        let kept = manager.sync_run(number as u64).await.expect("is kept");
        assert_eq!((kept.report, kept.failed), (None, Some(ManagerError::NotLinked.with_advice())));
        manager.keep_end(number, &Ok(SyncReport::default())).await;
        let kept = manager.sync_run(number as u64).await.expect("is kept");
        assert_eq!((kept.report, kept.failed), (Some(SyncReport::default()), None));
    }

    #[test]
    fn who_only_looks_keeps_no_operator_out() {
        let comparisons = Comparisons::default();
        let running = || {
            let (request, changed) = (SyncRequest::default(), watch::Sender::default());
            Arc::new(Running::new(1, request, "anna", Timestamp::EPOCH, changed))
        };
        let last = running();
        comparisons.add(Looking::Reader, last.clone());
        for _ in 1..GOING_MAX {
            assert!(comparisons.must_be_few(Looking::Reader).is_ok());
            comparisons.add(Looking::Reader, running());
        }
        assert!(comparisons.must_be_few(Looking::Reader).is_err());
        assert!(comparisons.must_be_few(Looking::Writer).is_ok());
        last.end(Ok(SyncReport::default()));
        assert!(comparisons.must_be_few(Looking::Reader).is_ok());
    }
}
