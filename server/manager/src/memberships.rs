//! Writing memberships on one server: in orders that a Linkage carries out in time, and on past what is refused.

use headwater_api::linkage::{Decided, Memberships};
use headwater_store::LinkageRow;

use crate::ask::{Way, orders};
use crate::{Manager, ManagerError};

/// What became of changes.
#[derive(Debug, Default)]
pub(crate) struct Written {
    pub done: Decided,
    /// Why those that are in no list of `done` were given up.
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
            match self.change_memberships_on(way, of, order).await {
                Ok(done) => {
                    written.done.applied.extend(done.applied);
                    written.done.unchanged.extend(done.unchanged);
                    written.done.refused.extend(done.refused);
                }
                Err(error) => {
                    written.failed = Some(error);
                    break;
                }
            }
        }
        written
    }
}
