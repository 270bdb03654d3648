//! Runs: asking for one, and how they went.

use headwater_store::RunRow;

use crate::admin::operators::Operator;
use crate::error::AppError;
use crate::start::App;

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
        self.downstream.asked.notify_one();
        Ok(started)
    }

    /// The last runs, the newest first.
    pub async fn runs(&self) -> Result<Vec<RunRow>, AppError> {
        let mut runs = self.store.runs(RUNS_LISTED).await?;
        let current = self.downstream.current().clone();
        if let Some(current) = current {
            runs.iter_mut().filter(|run| run.number == current.number).for_each(|run| *run = current.clone());
        }
        Ok(runs)
    }

    /// One run, as far as it is.
    pub async fn run(&self, number: i64) -> Result<RunRow, AppError> {
        let current = self.downstream.current().clone().filter(|run| run.number == number);
        let run = match current {
            Some(run) => Some(run),
            None => self.store.run(number).await?,
        };
        run.ok_or_else(|| {
            AppError::NotFound(format!("there was no run {number}; `upstream history` lists all"))
        })
    }

    /// The run that is going, or a new one.
    pub(super) async fn begin_run(&self, by: Option<&str>) -> Result<StartedRun, AppError> {
        let _one_at_a_time = self.downstream.beginning.lock().await;
        let going = self.downstream.current().as_ref().map(|run| run.number);
        if let Some(number) = going {
            return Ok(StartedRun { number, joined: true });
        }
        let run = self.store.begin_run(by, self.clock.now()).await?;
        let number = run.number;
        *self.downstream.current() = Some(run);
        Ok(StartedRun { number, joined: false })
    }

    /// Changes what is told of the run that is going.
    pub(super) fn tell(&self, change: impl FnOnce(&mut RunRow)) {
        if let Some(run) = self.downstream.current().as_mut() {
            change(run);
        }
    }

    /// Writes how the run that is going has ended.
    pub(super) async fn end_run(&self, end: impl FnOnce(&mut RunRow)) -> Result<(), AppError> {
        let now = self.clock.now();
        let ended = self.downstream.current().as_mut().map(|run| {
            end(run);
            run.finished_at = Some(now);
            run.clone()
        });
        let Some(run) = ended else { return Ok(()) };
        let written = self.store.end_run(&run).await;
        *self.downstream.current() = None;
        Ok(written?)
    }
}
