//! ExecuteSPDeleteUpdate: deletes an update with all its revisions.

use super::ADMINISTRATION;
use crate::soap::operations;
use crate::soap::record::record;

record! {
    /// ApiRemoting30 ExecuteSPDeleteUpdate
    #[derive(Copy)]
    pub struct ExecuteSPDeleteUpdate {
        /// The update's number on this server, which stands in its rows.
        "localUpdateID" => local_update_id: i32,
    }

    /// ApiRemoting30 ExecuteSPDeleteUpdate, response
    #[derive(Copy, Default)]
    pub struct ExecuteSPDeleteUpdateResponse {}
}

operations!(ADMINISTRATION; ExecuteSPDeleteUpdate => ExecuteSPDeleteUpdateResponse);
