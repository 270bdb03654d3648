//! Runs: asking for one, and how they went.

use headwater_store::{RunRow, RunState};
use tokio::sync::MutexGuard;

use super::Current;
use super::problem::SyncError;
use crate::error::AppError;
use crate::start::App;
use headwater_operators::Operator;

/// A run that somebody asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct StartedRun {
    pub number: i64,
    /// It was going already.
    pub joined: bool,
}

/// Runs that are listed.
const RUNS_LISTED: u32 = 100;

impl App {
    /// Asks for a run now, or joins the one that is going.
    pub async fn synchronise_now(&self, operator: &Operator) -> Result<StartedRun, AppError> {
        self.must_have_upstream()?;
        let started = self.begin_run(Some(&operator.name)).await?;
        if !started.joined {
            self.downstream.asked.notify_one();
        }
        Ok(started)
    }

    /// Ends the run that is going, and says which one that is. What it has taken is kept, and the next run takes the
    /// rest.
    pub async fn stop_synchronising(&self, operator: &Operator) -> Result<Option<i64>, AppError> {
        self.must_have_upstream()?;
        let Some(number) = self.downstream.running() else { return Ok(None) };
        self.downstream.stopped.send_replace(Some((number, operator.name.clone())));
        let problem = format!("{} stopped it; the next run takes the rest", operator.name);
        self.end_run(number, RunState::Cancelled, Some(problem)).await?;
        Ok(Some(number))
    }

    /// The last runs, the newest first.
    pub async fn runs(&self) -> Result<Vec<RunRow>, AppError> {
        let mut runs = self.store.runs(RUNS_LISTED).await?;
        let current = self.downstream.current().clone();
        if let Some(Current { run: current, .. }) = current {
            runs.iter_mut().filter(|run| run.number == current.number).for_each(|run| *run = current.clone());
        }
        Ok(runs)
    }

    /// One run, as far as it is.
    pub async fn run(&self, number: i64) -> Result<RunRow, AppError> {
        let current = self.downstream.current().clone().filter(|current| current.run.number == number);
        let run = match current {
            Some(current) => Some(current.run),
            None => self.store.run(number).await?,
        };
        run.ok_or_else(|| AppError::NotFound(format!("there was no run {number}; `upstream runs` lists all")))
    }

    /// The run that is going under the present setting, or a new one.
    pub(super) async fn begin_run(&self, by: Option<&str>) -> Result<StartedRun, AppError> {
        let _one_at_a_time = self.downstream.beginning.lock().await;
        let generation = self.must_have_upstream()?.setting.generation;
        self.end_stale_run(generation).await?;
        if let Some(number) = self.downstream.running() {
            return Ok(StartedRun { number, joined: true });
        }
        let run = self.store.begin_run(by, self.clock.now()).await?;
        let number = run.number;
        *self.downstream.current() = Some(Current { run, generation });
        Ok(StartedRun { number, joined: false })
    }

    /// Keeps runs from beginning for as long as it is held; `None` while one is going.
    pub(crate) async fn no_run(&self) -> Option<MutexGuard<'_, ()>> {
        let none_begins = self.downstream.beginning.lock().await;
        self.downstream.running().is_none().then_some(none_begins)
    }

    /// Writes how a run has ended, unless that is written already.
    pub(super) async fn end_run(
        &self,
        number: i64,
        state: RunState,
        problem: Option<String>,
    ) -> Result<(), AppError> {
        let ended = self.downstream.current().take_if(|current| current.run.number == number);
        let Some(Current { mut run, .. }) = ended else { return Ok(()) };
        run.state = state;
        run.problem = problem;
        run.finished_at = Some(self.clock.now());
        Ok(self.store.end_run(&run).await?)
    }

    /// Ends a run that began under another setting.
    pub(super) async fn end_stale_run(&self, generation: i64) -> Result<(), AppError> {
        let current = self.downstream.current().clone();
        match current {
            Some(stale) if stale.generation != generation => {
                let problem = SyncError::SettingChanged.to_string();
                self.end_run(stale.run.number, RunState::Failed, Some(problem)).await
            }
            _ => Ok(()),
        }
    }
}
