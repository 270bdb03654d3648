//! RollupComputerStatus ([MS-WSUSSS] 3.1.4.17).

use headwater_model::{ServerId, Timestamp};
use headwater_policy::rollup::{ClockDifference, StatusReport, TreeError};

use super::{correct, refused};
use crate::error::{AppError, ClientFault};
use crate::start::App;

impl App {
    /// Keeps what a lower server tells of the updates on its computers and on those of the servers
    /// below it. Says whether that is done: a server that hears no sends it again later.
    pub async fn rollup_computer_status(
        &self,
        client_time: Timestamp,
        server: ServerId,
        mut reports: Vec<StatusReport>,
    ) -> Result<bool, ClientFault> {
        let Ok(_room) = self.room_for_rollup().await else { return Ok(false) };
        let clock = ClockDifference::new(client_time, self.clock.now());
        for report in &mut reports {
            correct(clock, &mut report.effective_detection);
            for row in &mut report.rows {
                row.since = clock.correct(row.since);
            }
        }
        let servers = self.store.server_tree().await.map_err(AppError::from)?.subtree(server);
        if servers.is_empty() {
            return Err(refused(TreeError::Unknown(server)));
        }
        let served = self.live.served_full();
        let _order = self.live.in_order().await;
        let written = self.store.write_status_below(&reports, &servers, &served.catalogue.numbers).await;
        let written = written.map_err(AppError::from)?;
        self.live.change_status(&written.changed);
        metrics::counter!("headwater_rollup_statuses_total").increment(reports.len() as u64);
        tracing::info!(
            %server,
            computers = reports.len(),
            changed = written.changed.len(),
            foreign = written.foreign,
            unknown_updates = written.unknown_updates,
            "a rollup of status"
        );
        Ok(true)
    }
}
