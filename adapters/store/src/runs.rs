//! The runs that took updates from the upstream server.

use headwater_model::{Timestamp, UpdateId};
use sqlx::Row;
use sqlx::any::AnyRow;

use crate::{Error, Result, Store, rows};

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RunState {
    Running,
    Done,
    /// Some documents were kept apart.
    Partial,
    Failed,
    /// Somebody ended it.
    Cancelled,
}

/// What a run is at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RunStep {
    Connecting,
    Categories,
    Updates,
    Approvals,
    Reports,
}

/// A document that a run kept apart.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RunQuarantine {
    pub name: String,
    pub update: Option<UpdateId>,
    pub reason: String,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RunRow {
    /// Counts from 1.
    pub number: i64,
    pub state: RunState,
    pub step: RunStep,
    /// `None` for the schedule or a hint.
    pub by: Option<String>,
    pub started_at: Timestamp,
    pub finished_at: Option<Timestamp>,
    pub documents: u64,
    pub documents_total: Option<u64>,
    pub added: u64,
    pub approvals_changed: u64,
    pub problem: Option<String>,
    pub quarantined: Vec<RunQuarantine>,
}

const RUN: &str = "run_id, state, step, started_by, started_at, finished_at, documents, documents_total, \
     added, approvals_changed, problem";
/// Runs that are remembered.
const RUNS_KEPT: i64 = 1_000;
/// Documents that are remembered of one run.
const QUARANTINED_MAX: usize = 1_000;

impl Store {
    /// Begins a run and forgets very old ones.
    pub async fn begin_run(&self, by: Option<&str>, now: Timestamp) -> Result<RunRow> {
        let mut transaction = self.write.begin().await?;
        let row = sqlx::query(
            "INSERT INTO upstream_runs (state, step, started_by, started_at, documents, added, \
             approvals_changed) VALUES (0, 0, $1, $2, 0, 0, 0) RETURNING run_id",
        )
        .bind(by.map(str::to_owned))
        .bind(now.as_micros())
        .fetch_one(&mut *transaction)
        .await?;
        let number: i64 = row.try_get(0)?;
        sqlx::query("DELETE FROM upstream_runs WHERE run_id <= $1")
            .bind(number - RUNS_KEPT)
            .execute(&mut *transaction)
            .await?;
        transaction.commit().await?;
        Ok(RunRow {
            number,
            state: RunState::Running,
            step: RunStep::Connecting,
            by: by.map(str::to_owned),
            started_at: now,
            finished_at: None,
            documents: 0,
            documents_total: None,
            added: 0,
            approvals_changed: 0,
            problem: None,
            quarantined: Vec::new(),
        })
    }

    /// Writes how a run has ended.
    pub async fn end_run(&self, run: &RunRow) -> Result<()> {
        let mut transaction = self.write.begin().await?;
        sqlx::query(
            "UPDATE upstream_runs SET state = $2, step = $3, finished_at = $4, documents = $5, \
             documents_total = $6, added = $7, approvals_changed = $8, problem = $9 WHERE run_id = $1",
        )
        .bind(run.number)
        .bind(run.state as i64)
        .bind(run.step as i64)
        .bind(run.finished_at.map(Timestamp::as_micros))
        .bind(run.documents as i64)
        .bind(run.documents_total.map(|total| total as i64))
        .bind(run.added as i64)
        .bind(run.approvals_changed as i64)
        .bind(run.problem.as_deref().map(rows::text))
        .execute(&mut *transaction)
        .await?;
        for (position, document) in (0_i64..).zip(run.quarantined.iter().take(QUARANTINED_MAX)) {
            sqlx::query(
                "INSERT INTO upstream_run_quarantine (run_id, position, name, update_id, reason) \
                 VALUES ($1, $2, $3, $4, $5)",
            )
            .bind(run.number)
            .bind(position)
            .bind(rows::text(&document.name))
            .bind(document.update.map(|id| id.as_bytes().to_vec()))
            .bind(rows::text(&document.reason))
            .execute(&mut *transaction)
            .await?;
        }
        transaction.commit().await?;
        Ok(())
    }

    /// Marks runs as failed that no process is working on any more.
    pub async fn end_interrupted_runs(&self, problem: &str, now: Timestamp) -> Result<()> {
        sqlx::query("UPDATE upstream_runs SET state = 3, finished_at = $1, problem = $2 WHERE state = 0")
            .bind(now.as_micros())
            .bind(rows::text(problem))
            .execute(&self.write)
            .await?;
        Ok(())
    }

    /// When updates were last taken from the upstream server; `None` before the first time.
    pub async fn last_sync(&self) -> Result<Option<Timestamp>> {
        let row = sqlx::query("SELECT MAX(finished_at) FROM upstream_runs WHERE state IN (1, 2)")
            .fetch_one(&self.read)
            .await?;
        rows::optional_time(&row, 0)
    }

    /// The last runs, the newest first.
    pub async fn runs(&self, limit: u32) -> Result<Vec<RunRow>> {
        let sql = format!("SELECT {RUN} FROM upstream_runs ORDER BY run_id DESC LIMIT $1");
        self.find_runs(&sql, i64::from(limit)).await
    }

    pub async fn run(&self, number: i64) -> Result<Option<RunRow>> {
        let sql = format!("SELECT {RUN} FROM upstream_runs WHERE run_id = $1");
        Ok(self.find_runs(&sql, number).await?.pop())
    }

    async fn find_runs(&self, sql: &str, parameter: i64) -> Result<Vec<RunRow>> {
        let found =
            sqlx::query(sqlx::AssertSqlSafe(sql.to_owned())).bind(parameter).fetch_all(&self.read).await?;
        let mut runs = found.iter().map(run_row).collect::<Result<Vec<RunRow>>>()?;
        for run in &mut runs {
            let documents = sqlx::query(
                "SELECT name, update_id, reason FROM upstream_run_quarantine WHERE run_id = $1 \
                 ORDER BY position",
            )
            .bind(run.number)
            .fetch_all(&self.read)
            .await?;
            run.quarantined = documents.iter().map(quarantined).collect::<Result<_>>()?;
        }
        Ok(runs)
    }
}

fn quarantined(row: &AnyRow) -> Result<RunQuarantine> {
    Ok(RunQuarantine {
        name: row.try_get(0)?,
        update: rows::optional_id16(row, 1)?.map(UpdateId::from_bytes),
        reason: row.try_get(2)?,
    })
}

fn run_row(row: &AnyRow) -> Result<RunRow> {
    let count = |at: usize| Ok::<u64, Error>(row.try_get::<i64, _>(at)? as u64);
    Ok(RunRow {
        number: row.try_get(0)?,
        state: match row.try_get::<i64, _>(1)? {
            0 => RunState::Running,
            1 => RunState::Done,
            2 => RunState::Partial,
            4 => RunState::Cancelled,
            _ => RunState::Failed,
        },
        step: match row.try_get::<i64, _>(2)? {
            0 => RunStep::Connecting,
            1 => RunStep::Categories,
            2 => RunStep::Updates,
            3 => RunStep::Approvals,
            _ => RunStep::Reports,
        },
        by: row.try_get(3)?,
        started_at: rows::time(row, 4)?,
        finished_at: rows::optional_time(row, 5)?,
        documents: count(6)?,
        documents_total: row.try_get::<Option<i64>, _>(7)?.map(|total| total as u64),
        added: count(8)?,
        approvals_changed: count(9)?,
        problem: row.try_get(10)?,
        quarantined: Vec::new(),
    })
}
