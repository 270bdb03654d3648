//! Runs that are kept.

use headwater_api::SyncRun;
use headwater_store::SyncRunRow;

use crate::{Manager, ManagerError};

impl Manager {
    /// One run, if it is kept.
    pub async fn sync_run(&self, number: u64) -> Result<SyncRun, ManagerError> {
        let row = match i64::try_from(number) {
            Ok(number) => self.store.sync_run(number).await?,
            Err(_) => None,
        };
        row.map(kept_run).ok_or_else(|| ManagerError::NotFound(format!("run {number} is not kept")))
    }
}

pub(super) fn kept_run(row: SyncRunRow) -> SyncRun {
    SyncRun {
        run: row.run as u64,
        started_by: row.started_by,
        started_at: row.started_at,
        finished_at: row.finished_at,
        report: serde_json::from_str(&row.report).ok(),
    }
}
