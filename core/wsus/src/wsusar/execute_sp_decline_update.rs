//! ExecuteSPDeclineUpdate: declines an update.

use headwater_model::UpdateId;

use super::ADMINISTRATION;
use crate::soap::operations;
use crate::soap::record::record;

record! {
    /// ApiRemoting30 ExecuteSPDeclineUpdate
    pub struct ExecuteSPDeclineUpdate {
        "updateId" => update_id: UpdateId,
        /// For the history of the server, which does not check it.
        "adminName" => admin_name: Option<String>,
        /// Whether a replica refuses, as it should: its upstream server would undo it.
        "failIfReplica" => fail_if_replica: bool,
    }

    /// ApiRemoting30 ExecuteSPDeclineUpdate, response
    #[derive(Copy, Default)]
    pub struct ExecuteSPDeclineUpdateResponse {}
}

operations!(ADMINISTRATION; ExecuteSPDeclineUpdate => ExecuteSPDeclineUpdateResponse);
