//! The scheduled run that came to nothing, or did not begin at all.

use headwater_api::{NewSchedule, SyncRun};
use headwater_model::Timestamp;
use jiff::tz::TimeZone;

use crate::runs::kept;
use crate::schedule::{BY, next};
use crate::{Manager, ManagerError};

/// Runs that are read at a time: mostly the last one says it already.
const RUNS_READ: u32 = 10;
/// A run that is due is begun within seconds, or tried again after a quarter of an hour at most.
const LATE_SECONDS: i64 = 1_200;

/// Why the last scheduled run has done nothing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum LostRun {
    /// It failed as a whole, or the managing server ended before it did.
    Failed(SyncRun),
    /// It was due then and has not begun: the managing server did not run, or the tree could not be read.
    NotBegun(Timestamp),
}

/// What the runs say that did more than compare.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Last {
    /// One goes on here, and nobody knows yet.
    GoesOn,
    /// One ended and whoever began it saw how, or a scheduled one came to nothing.
    Begun { at: Timestamp, lost: Option<SyncRun> },
    /// Nothing yet: those before have to be looked at.
    Nothing,
}

/// From a part of them, the newest first. `here` is the last one that this process began.
fn last(runs: Vec<SyncRun>, here: Option<u64>) -> Last {
    for run in runs {
        let (at, is_scheduled) = (run.started_at, run.started_by == BY);
        match &run.report {
            // A part of one that compares.
            Some(report) if report.dry_run => {}
            Some(_) => return Last::Begun { at, lost: None },
            None if here == Some(run.run) && run.finished_at.is_none() => return Last::GoesOn,
            None if is_scheduled => return Last::Begun { at, lost: Some(run) },
            None => {}
        }
    }
    Last::Nothing
}

/// When a run was due after a moment that is late by now.
fn overdue(when: &NewSchedule, since: Timestamp, now: Timestamp, zone: &TimeZone) -> Option<Timestamp> {
    next(when, since, zone).filter(|due| due.plus_seconds(LATE_SECONDS) <= now)
}

impl Manager {
    /// The last scheduled run if it came to nothing or did not begin, and none that writes has ended since: whoever
    /// began that one saw how it ended.
    pub async fn lost_run(&self) -> Result<Option<LostRun>, ManagerError> {
        self.lost_run_in(&TimeZone::system()).await
    }

    async fn lost_run_in(&self, zone: &TimeZone) -> Result<Option<LostRun>, ManagerError> {
        let way = match self.way().await {
            Err(ManagerError::NotLinked) => return Ok(None),
            way => way?,
        };
        let (mut before, mut since, mut lost) = (i64::MAX, way.top.paired_at, None);
        loop {
            let rows = self.store.writing_runs_before(before, RUNS_READ).await?;
            // Afterwards, for one that begins in between would seem to be of another process.
            let here = self.running().await.map(|run| run.number as u64);
            let Some(oldest) = rows.last().map(|row| row.run) else { break };
            match last(rows.into_iter().map(kept).collect(), here) {
                Last::GoesOn => return Ok(None),
                Last::Begun { at, lost: found } => {
                    (since, lost) = (since.max(at), found);
                    break;
                }
                Last::Nothing => before = oldest,
            }
        }
        let Some(when) = self.kept_schedule().await? else { return Ok(lost.map(LostRun::Failed)) };
        let now = self.now();
        if overdue(&when, since, now, zone).is_some() {
            let set_at = self.store.schedule_set_at().await?.unwrap_or(since);
            if let Some(due) = overdue(&when, since.max(set_at), now, zone) {
                return Ok(Some(LostRun::NotBegun(due)));
            }
        }
        Ok(lost.map(LostRun::Failed))
    }
}

#[cfg(test)]
mod tests {
    use headwater_api::SyncReport;
    use headwater_store::RunKind;

    use super::*;
    use crate::sample;

    fn run(number: u64, by: &str, report: Option<SyncReport>) -> SyncRun {
        SyncRun {
            run: number,
            started_by: by.to_owned(),
            started_at: Timestamp::EPOCH.plus_seconds(number as i64),
            finished_at: Some(Timestamp::EPOCH),
            failed: None,
            report,
        }
    }

    #[test]
    fn a_scheduled_run_is_lost_until_one_has_ended() {
        let ended = || Some(SyncReport::default());
        let lost = |runs: Vec<SyncRun>, here| match last(runs, here) {
            Last::Begun { lost, .. } => Ok(lost.map(|run| run.run)),
            Last::GoesOn => Err("goes on"),
            Last::Nothing => Err("nothing"),
        };
        let failed = || run(3, BY, None);
        let open = || SyncRun { finished_at: None, ..failed() };
        assert_eq!((lost(vec![failed()], None), lost(vec![failed()], Some(3))), (Ok(Some(3)), Ok(Some(3))));
        assert_eq!(lost(vec![open()], Some(3)), Err("goes on"));
        assert_eq!(lost(vec![open()], None), Ok(Some(3)), "this process began none");
        assert_eq!(lost(vec![run(4, "ada", ended()), failed()], None), Ok(None), "she saw how that ended");
        assert_eq!(lost(vec![run(4, "ada", None), failed()], None), Ok(Some(3)), "that failed too");
        assert_eq!(lost(vec![run(4, BY, ended()), failed()], None), Ok(None));
        assert_eq!(lost(vec![run(4, "ada", None)], None), Err("nothing"), "who began it knows");
    }

    #[tokio::test]
    async fn a_run_that_was_missed_is_told_and_one_long_ago_that_failed_too() {
        // Five in the morning of the 27th.
        const NOW: fn() -> Timestamp = || Timestamp::from_micros(1_795_755_600_000_000);
        let (_folder, manager, _silent) = sample::linked_with_a_silent_server(NOW).await;
        let lost = async || manager.lost_run_in(&TimeZone::UTC).await.expect("reads");
        let at = |text: &str| text.parse::<Timestamp>().expect("a time");
        assert_eq!(lost().await, None, "there is no schedule");
        let when = |at: &str| {
            let when = NewSchedule { at: at.to_owned(), days: vec![], max_removals: None };
            serde_json::to_string(&when).expect("is JSON")
        };
        let set = async |time: &str, since: &str| {
            manager.store.set_schedule(Some(&when(time)), "ada", at(since)).await.expect("writes");
        };
        set("03:00", "2026-11-27T02:30:00Z").await;
        assert_eq!(lost().await, Some(LostRun::NotBegun(at("2026-11-27T03:00:00Z"))));
        // A quarter of an hour is no reason to worry, and what was set afterwards was not due then.
        set("04:50", "2026-11-27T02:30:00Z").await;
        assert_eq!(lost().await, None);
        set("03:00", "2026-11-27T04:00:00Z").await;
        assert_eq!(lost().await, None);

        // The last one that began came to nothing, and many after it were others'.
        set("03:00", "2026-11-20T04:00:00Z").await;
        let begin =
            async |kind, by, since| manager.store.begin_sync_run(kind, by, at(since)).await.expect("writes");
        let failed = begin(RunKind::Writes, BY, "2026-11-27T03:00:05Z").await;
        manager.keep_end(failed, &Err(ManagerError::NotLinked)).await;
        for _ in 0..25 {
            begin(RunKind::Dry, "ada", "2026-11-27T03:10:00Z").await;
            let other = begin(RunKind::Writes, "ada", "2026-11-27T03:10:00Z").await;
            manager.keep_end(other, &Err(ManagerError::NotLinked)).await;
        }
        let found = lost().await;
        assert!(matches!(&found, Some(LostRun::Failed(run)) if run.run == failed as u64), "{found:?}");
        // One that ended since is as good.
        let ended = begin(RunKind::Writes, "ada", "2026-11-27T04:00:00Z").await;
        manager.keep_end(ended, &Ok(SyncReport::default())).await;
        assert_eq!(lost().await, None);
    }
}
