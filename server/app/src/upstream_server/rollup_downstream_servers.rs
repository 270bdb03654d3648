//! RollupDownstreamServers ([MS-WSUSSS] 3.1.4.14).

use headwater_model::Timestamp;
use headwater_policy::rollup::{ClockDifference, ServerReport};

use super::{SERVERS_MAX, correct, refused};
use crate::error::{AppError, ClientFault};
use crate::start::App;

impl App {
    /// Keeps what a lower server tells of itself and of those below it. Counts of installations by
    /// operating system, which may come along, are kept by nobody.
    pub async fn rollup_downstream_servers(
        &self,
        client_time: Timestamp,
        mut reports: Vec<ServerReport>,
    ) -> Result<(), ClientFault> {
        let _room = self.room_for_rollup().await?;
        let now = self.clock.now();
        let clock = ClockDifference::new(client_time, now);
        for report in &mut reports {
            correct(clock, &mut report.last_sync);
            correct(clock, &mut report.last_rollup);
        }
        let _order = self.live.in_order().await;
        let tree = self.store.server_tree().await.map_err(AppError::from)?;
        let placed = tree.place(self.server.id, reports).map_err(refused)?;
        let new = placed.iter().filter(|report| !tree.contains(report.server)).count();
        if tree.len() + new > SERVERS_MAX {
            tracing::warn!("there are {SERVERS_MAX} downstream servers: no more are taken in");
            return Err(ClientFault::ServerBusy);
        }
        self.store.write_servers(&placed, now).await.map_err(AppError::from)?;
        metrics::counter!("headwater_rollup_servers_total").increment(placed.len() as u64);
        if let Some(caller) = placed.iter().find(|report| report.parent.is_nil()) {
            tracing::info!(from = caller.name, servers = placed.len(), new, "a rollup of servers");
        }
        Ok(())
    }
}
