//! ExecuteSPGetUpdateServerStatus: how the server is.

use super::{ADMINISTRATION, RowSet, SETS_MAX};
use crate::soap::operations;
use crate::soap::record::record;

record! {
    /// ApiRemoting30 ExecuteSPGetUpdateServerStatus
    ///
    /// Which numbers the two parameters of bits take nobody has told.
    pub struct ExecuteSPGetUpdateServerStatus {
        "updateSources" => update_sources: i32,
        "includeDownstreamComputers" => include_downstream_computers: bool,
        /// As [`super::ALL_UPDATES`].
        "updateScopeXml" => update_scope_xml: Option<String>,
        /// As [`super::OWN_COMPUTERS`].
        "computerTargetScopeXml" => computer_target_scope_xml: Option<String>,
        /// Such as `en`; titles and descriptions are in it.
        "preferredCulture" => preferred_culture: Option<String>,
        /// As [`super::PUBLISHED_OR_EXPIRED`].
        "publicationState" => publication_state: i32,
        "propertiesToGet" => properties_to_get: i32,
    }

    /// ApiRemoting30 ExecuteSPGetUpdateServerStatus, response
    pub struct ExecuteSPGetUpdateServerStatusResponse {
        /// Sets of which only twelve columns are known; so there is no kind of row for them.
        "ExecuteSPGetUpdateServerStatusResult" => result: Vec<RowSet> [max SETS_MAX],
    }
}

operations!(ADMINISTRATION; ExecuteSPGetUpdateServerStatus => ExecuteSPGetUpdateServerStatusResponse);
