//! GetRelatedRevisionsForUpdates: in the description of the service, but not in the protocol.

use headwater_model::{UpdateId, UpdateIdentity};

use super::{Cookie, SERVER_SYNC};
use crate::soap::operations;
use crate::soap::record::record;

record! {
    /// [MS-WSUSSS] 3.1.4.9 GetRelatedRevisionsForUpdates
    ///
    /// Servers do not act upon it; a fault answers it.
    pub struct GetRelatedRevisionsForUpdates {
        "cookie" => cookie: Option<Cookie>,
        "updateIDs" => update_ids: Vec<UpdateId>,
    }

    /// [MS-WSUSSS] 3.1.4.9 GetRelatedRevisionsForUpdates, response
    pub struct GetRelatedRevisionsForUpdatesResponse {
        "GetRelatedRevisionsForUpdatesResult" => revisions: Vec<UpdateIdentity>,
    }
}

operations!(SERVER_SYNC; GetRelatedRevisionsForUpdates => GetRelatedRevisionsForUpdatesResponse);
