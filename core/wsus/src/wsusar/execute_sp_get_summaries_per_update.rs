//! ExecuteSPGetSummariesPerUpdate: on how many computers each update is in which state.

use super::{ADMINISTRATION, GenericReadableRow, ROWS_MAX};
use crate::soap::operations;
use crate::soap::record::record;

record! {
    /// ApiRemoting30 ExecuteSPGetSummariesPerUpdate
    pub struct ExecuteSPGetSummariesPerUpdate {
        /// As [`super::ALL_UPDATES`].
        "updateScopeXml" => update_scope_xml: Option<String>,
        /// As [`super::OWN_COMPUTERS`].
        "computerTargetScopeXml" => computer_target_scope_xml: Option<String>,
        /// Such as `en`; titles and descriptions are in it.
        "preferredCulture" => preferred_culture: Option<String>,
        /// As [`super::PUBLISHED_OR_EXPIRED`].
        "publicationState" => publication_state: i32,
    }

    /// ApiRemoting30 ExecuteSPGetSummariesPerUpdate, response
    pub struct ExecuteSPGetSummariesPerUpdateResponse {
        /// [`super::SummaryRow`]s.
        "ExecuteSPGetSummariesPerUpdateResult" => result: Vec<GenericReadableRow> [max ROWS_MAX],
    }
}

operations!(ADMINISTRATION; ExecuteSPGetSummariesPerUpdate => ExecuteSPGetSummariesPerUpdateResponse);
