//! Lists of the runs that are kept, in any order. A report may be long and changes no more, so it is read once for
//! what a list tells of it.

use std::cmp::Reverse;
use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use headwater_api::{Page, RunKind, RunOrder, RunResult, SyncRun, SyncRunsQuery, page_limit};
use headwater_model::Timestamp;
use headwater_store::SyncRunRow;
use headwater_words::synchronisation::in_step;

use super::kept;
use crate::{Direction, Manager, ManagerError};

/// Reports that are read at a time.
const READ_AT_ONCE: usize = 100;

/// What a list tells of a run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RunSummary {
    pub run: u64,
    pub started_by: String,
    pub started_at: Timestamp,
    pub finished_at: Option<Timestamp>,
    pub standing: RunStanding,
    /// What it changed.
    pub changes: u64,
    pub dry_run: bool,
}

/// How a run stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RunStanding {
    Running,
    /// It failed as a whole.
    Failed,
    /// It was cut off.
    NotEnded,
    /// So many servers of all are in step.
    Ended {
        in_step: u64,
        servers: u64,
    },
}

impl RunSummary {
    fn of(row: SyncRunRow) -> Self {
        // One that failed or goes on has no report to say that it only compares.
        let dry_run = row.is_dry;
        let run = kept(row);
        let report = run.report.as_ref();
        let servers = report.map_or(&[][..], |report| &report.servers);
        Self {
            run: run.run,
            started_by: run.started_by,
            started_at: run.started_at,
            finished_at: run.finished_at,
            standing: match (report, run.finished_at) {
                (Some(_), _) => {
                    RunStanding::Ended { in_step: in_step(servers), servers: servers.len() as u64 }
                }
                (None, Some(_)) => RunStanding::Failed,
                (None, None) => RunStanding::NotEnded,
            },
            changes: servers.iter().map(|one| one.changed.len() as u64).sum(),
            dry_run,
        }
    }

    /// How it ended; nothing while it goes on.
    pub fn result(&self) -> Option<RunResult> {
        match self.standing {
            RunStanding::Running => None,
            RunStanding::Failed | RunStanding::NotEnded => Some(RunResult::Failed),
            RunStanding::Ended { in_step, servers } if in_step == servers => Some(RunResult::InStep),
            RunStanding::Ended { .. } => Some(RunResult::Differs),
        }
    }

    fn is_wanted(&self, query: &SyncRunsQuery) -> bool {
        let by = query.by.as_deref().map(str::to_lowercase);
        query.result.is_none_or(|wanted| self.result() == Some(wanted))
            && query.kind.is_none_or(|wanted| self.dry_run == (wanted == RunKind::Dry))
            && by.is_none_or(|by| self.started_by.to_lowercase().contains(&by))
    }

    /// Its place in the order of results.
    fn badness(&self) -> (u8, Reverse<u64>) {
        match self.standing {
            RunStanding::Running => (0, Reverse(0)),
            RunStanding::Failed | RunStanding::NotEnded => (1, Reverse(0)),
            RunStanding::Ended { in_step, servers } if in_step == servers => (3, Reverse(0)),
            RunStanding::Ended { in_step, servers } => (2, Reverse(servers.saturating_sub(in_step))),
        }
    }

    fn took_micros(&self) -> Option<i64> {
        self.finished_at.map(|end| end.as_micros().saturating_sub(self.started_at.as_micros()))
    }
}

/// Runs of a page with their reports.
const RUNS_MAX: u32 = 100;

/// Runs that ended, by their numbers.
#[derive(Default)]
pub(crate) struct Ended(Mutex<HashMap<i64, RunSummary>>);

impl Manager {
    /// A page of the runs that are kept, with their reports, which are long: a hundred at most.
    pub async fn sync_runs(&self, query: &SyncRunsQuery) -> Result<Page<SyncRun>, ManagerError> {
        let limit = query.limit.unwrap_or(RUNS_MAX).min(RUNS_MAX);
        let query = SyncRunsQuery { limit: Some(limit), ..query.clone() };
        let Page { items, next, total } = self.find_runs(&query).await?;
        let mut runs = Vec::with_capacity(items.len());
        for one in items {
            match self.sync_run(one.run).await {
                Ok(run) => runs.push(run),
                // It was forgotten meanwhile.
                Err(ManagerError::NotFound(_)) => {}
                Err(error) => return Err(error),
            }
        }
        Ok(Page { items: runs, next, total })
    }

    /// The same without their reports.
    pub async fn find_runs(&self, query: &SyncRunsQuery) -> Result<Page<RunSummary>, ManagerError> {
        let heads = self.store.sync_run_heads().await?;
        self.read_ended(&heads).await?;
        let mut found = Vec::with_capacity(heads.len());
        for head in heads {
            let number = head.run as u64;
            let ended = self.ended_runs().get(&head.run).cloned();
            let mut run = ended.unwrap_or_else(|| RunSummary::of(head));
            if run.standing == RunStanding::NotEnded
                && self.run_here(number).await.is_some_and(|here| !here.has_ended())
            {
                run.standing = RunStanding::Running;
            }
            found.push(run);
        }
        Ok(listed(found, query))
    }

    /// Reads the reports of runs that ended since this was last asked, and forgets those that are not kept.
    async fn read_ended(&self, heads: &[SyncRunRow]) -> Result<(), ManagerError> {
        let unread: Vec<i64> = {
            let mut ended = self.ended_runs();
            ended.retain(|run, _| heads.iter().any(|head| head.run == *run));
            let has_ended = heads.iter().filter(|head| head.finished_at.is_some()).map(|head| head.run);
            has_ended.filter(|run| !ended.contains_key(run)).collect()
        };
        let (Some(newest), Some(oldest)) = (unread.first(), unread.last()) else { return Ok(()) };
        let mut before = *newest + 1;
        while before > *oldest {
            let limit = unread.len().min(READ_AT_ONCE) as u32;
            let rows = self.store.sync_runs_before(before, limit).await?;
            let Some(last) = rows.last() else { return Ok(()) };
            before = last.run;
            for row in rows.into_iter().filter(|row| row.finished_at.is_some()) {
                self.ended_runs().insert(row.run, RunSummary::of(row));
            }
        }
        Ok(())
    }

    fn ended_runs(&self) -> MutexGuard<'_, HashMap<i64, RunSummary>> {
        self.ended_runs.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A page of runs that are given the newest first.
fn listed(mut runs: Vec<RunSummary>, query: &SyncRunsQuery) -> Page<RunSummary> {
    runs.retain(|run| run.is_wanted(query));
    match query.sort.unwrap_or_default() {
        RunOrder::Started => {}
        RunOrder::Result => runs.sort_by_key(RunSummary::badness),
        RunOrder::Took => runs.sort_by_key(|run| Reverse(run.took_micros())),
        RunOrder::Changes => runs.sort_by_key(|run| Reverse(run.changes)),
        RunOrder::By => runs.sort_by_cached_key(|run| run.started_by.to_lowercase()),
    }
    Direction::of(query.reverse).turn(&mut runs);
    Page::cut(runs, page_limit(query.limit), query.after.as_deref(), |run| run.run.to_string())
}

#[cfg(test)]
mod tests {
    use headwater_api::{SyncReport, SyncServerState};
    use headwater_model::ServerId;
    use headwater_store::RunKind as Kind;

    use super::*;
    use crate::sync::untouched;

    fn numbers(page: &Page<RunSummary>) -> Vec<u64> {
        page.items.iter().map(|run| run.run).collect()
    }

    #[test]
    fn runs_are_listed_by_every_head() {
        let run = |run, by: &str, seconds: Option<i64>, standing, changes| RunSummary {
            run,
            started_by: by.to_owned(),
            started_at: Timestamp::EPOCH,
            finished_at: seconds.map(|seconds| Timestamp::EPOCH.plus_seconds(seconds)),
            standing,
            changes,
            dry_run: run == 3,
        };
        let ended = |in_step| RunStanding::Ended { in_step, servers: 5 };
        let runs = [
            run(6, "bob", None, RunStanding::Running, 0),
            run(5, "ada", Some(9), RunStanding::Failed, 0),
            run(4, "Bob", Some(1), ended(5), 7),
            run(3, "cyd", Some(30), ended(4), 0),
            run(2, "ada", Some(20), ended(1), 9),
            run(1, "ada", None, RunStanding::NotEnded, 0),
        ];
        let check = |query: SyncRunsQuery, expected: &[u64]| {
            assert_eq!(numbers(&listed(runs.to_vec(), &query)), expected, "{query:?}");
        };
        let by = |sort| SyncRunsQuery { sort: Some(sort), ..SyncRunsQuery::default() };
        check(SyncRunsQuery::default(), &[6, 5, 4, 3, 2, 1]);
        check(by(RunOrder::Result), &[6, 5, 1, 2, 3, 4]);
        check(by(RunOrder::Took), &[3, 2, 5, 4, 6, 1]);
        check(by(RunOrder::Changes), &[2, 4, 6, 5, 3, 1]);
        check(by(RunOrder::By), &[5, 2, 1, 6, 4, 3]);
        check(SyncRunsQuery { reverse: true, ..by(RunOrder::Changes) }, &[1, 3, 5, 6, 4, 2]);
        let failed = SyncRunsQuery { result: Some(RunResult::Failed), ..SyncRunsQuery::default() };
        check(failed, &[5, 1]);
        let of_bob = SyncRunsQuery { by: Some("BOB".to_owned()), ..SyncRunsQuery::default() };
        check(of_bob, &[6, 4]);
        check(SyncRunsQuery { kind: Some(RunKind::Dry), ..SyncRunsQuery::default() }, &[3]);

        // A page ends with the key of the next, in any order.
        let mut query = SyncRunsQuery { limit: Some(4), ..by(RunOrder::Took) };
        let page = listed(runs.to_vec(), &query);
        assert_eq!(
            (numbers(&page), page.next.as_deref(), page.total),
            (vec![3, 2, 5, 4], Some("4"), Some(6))
        );
        query.after = page.next;
        let page = listed(runs.to_vec(), &query);
        assert_eq!((numbers(&page), page.next), (vec![6, 1], None));
    }

    #[tokio::test]
    async fn what_ended_is_read_once_and_what_goes_on_each_time() {
        let (_folder, manager) = crate::sample::manager(|| Timestamp::EPOCH).await;
        let begin = async || {
            manager.store.begin_sync_run(Kind::Writes, "ada", Timestamp::EPOCH).await.expect("writes")
        };
        let first = begin().await;
        let standing = async || {
            let found = manager.find_runs(&SyncRunsQuery::default()).await.expect("reads");
            found.items.iter().map(|run| run.standing).collect::<Vec<_>>()
        };
        assert_eq!(standing().await, [RunStanding::NotEnded]);
        let servers = vec![untouched(ServerId::from_u128(1), "berlin", None, SyncServerState::InStep)];
        manager.keep_end(first, &Ok(SyncReport { servers, ..SyncReport::default() })).await;
        let in_step = RunStanding::Ended { in_step: 1, servers: 1 };
        assert_eq!(standing().await, [in_step]);
        let second = begin().await;
        manager.keep_end(second, &Err(ManagerError::NotLinked)).await;
        begin().await;
        assert_eq!(standing().await, [RunStanding::NotEnded, RunStanding::Failed, in_step]);
        assert_eq!(manager.ended_runs().len(), 2);
    }
}
