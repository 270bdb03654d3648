//! RollupComputers ([MS-WSUSSS] 3.1.4.15).

use std::collections::HashMap;

use headwater_model::{ClientId, Timestamp};
use headwater_policy::rollup::{Change, ClockDifference, ComputerReport, Reception, TreeError};

use super::{correct, refused};
use crate::error::{AppError, ClientFault};
use crate::live::COMPUTERS_MAX;
use crate::start::App;

impl App {
    /// Keeps what a lower server tells of computers and says of which it shall tell otherwise. Of a
    /// server that is not known nothing is kept.
    pub async fn rollup_computers(
        &self,
        client_time: Timestamp,
        mut reports: Vec<ComputerReport>,
    ) -> Result<Vec<(ClientId, Change)>, ClientFault> {
        let _room = self.room_for_rollup().await?;
        let now = self.clock.now();
        let clock = ClockDifference::new(client_time, now);
        for report in &mut reports {
            correct(clock, &mut report.last_sync);
            correct(clock, &mut report.last_reboot);
            correct(clock, &mut report.last_status);
            correct(clock, &mut report.last_inventory);
        }
        let tree = self.store.server_tree().await.map_err(AppError::from)?;
        if let Some(stranger) = reports.iter().map(|report| report.server).find(|id| !tree.contains(*id)) {
            return Err(refused(TreeError::Unknown(stranger)));
        }
        let _order = self.live.in_order().await;
        let written = self.store.write_computers_below(&reports, now, COMPUTERS_MAX as u64).await;
        let Some(received) = written.map_err(AppError::from)? else {
            tracing::warn!("there are {COMPUTERS_MAX} computers: no more are taken in");
            return Err(ClientFault::ServerBusy);
        };
        self.live.enroll_below(&received.below);
        metrics::counter!("headwater_rollup_computers_total").increment(received.below.len() as u64);
        let changes = changes(&reports, &received.receptions);
        let (computers, taken) = (reports.len(), received.below.len());
        tracing::info!(computers, taken, changes = changes.len(), "a rollup of computers");
        Ok(changes)
    }
}

/// Each computer once, and what was said first about it ([MS-WSUSSS] 3.1.4.15).
fn changes(reports: &[ComputerReport], receptions: &[Reception]) -> Vec<(ClientId, Change)> {
    let mut changes = HashMap::new();
    for (report, reception) in reports.iter().zip(receptions) {
        let change = match reception {
            Reception::Deleted => Change::Deleted,
            Reception::Taken { wants_details: true } => Change::NewParent,
            Reception::Taken { wants_details: false } | Reception::Ignored => continue,
        };
        changes.entry(report.client.clone()).or_insert(change);
    }
    let mut changes: Vec<_> = changes.into_iter().collect();
    changes.sort_unstable_by(|a, b| a.0.cmp(&b.0));
    changes
}
