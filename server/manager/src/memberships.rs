//! Writing memberships on one server: in orders that a Linkage carries out in time, and on past what is refused.

use std::collections::HashSet;

use headwater_api::linkage::{Decided, Memberships};
use headwater_model::ClientId;
use headwater_store::LinkageRow;

use crate::ask::{Way, orders};
use crate::{Manager, ManagerError};

/// What became of changes.
#[derive(Debug, Default)]
pub(crate) struct Written {
    pub done: Decided,
    /// The computers of an order that failed: the server may have written it, or some of it.
    pub unknown: HashSet<ClientId>,
    /// Why those that are in no list of `done` were given up. Orders after the one that failed were not begun.
    pub failed: Option<ManagerError>,
}

impl Manager {
    /// Writes memberships, as many as there are. A server that fails is asked no more.
    pub(crate) async fn write_members(
        &self,
        way: &Way,
        of: &LinkageRow,
        memberships: Memberships,
    ) -> Written {
        let mut written = Written::default();
        for order in orders(memberships) {
            let computers = order.add.iter().chain(&order.remove).map(|change| change.client.clone());
            let computers: HashSet<ClientId> = computers.collect();
            match self.change_memberships_on(way, of, order).await {
                Ok(done) => {
                    written.done.applied.extend(done.applied);
                    written.done.unchanged.extend(done.unchanged);
                    written.done.refused.extend(done.refused);
                }
                Err(error) => {
                    written.unknown = computers;
                    written.failed = Some(error);
                    break;
                }
            }
        }
        written
    }
}
