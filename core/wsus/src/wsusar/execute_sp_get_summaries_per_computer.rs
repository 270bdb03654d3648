//! ExecuteSPGetSummariesPerComputer: how many updates are in which state on each computer.

use super::{ADMINISTRATION, GenericReadableRow, ROWS_MAX};
use crate::soap::operations;
use crate::soap::record::record;

record! {
    /// ApiRemoting30 ExecuteSPGetSummariesPerComputer
    pub struct ExecuteSPGetSummariesPerComputer {
        /// As [`super::ALL_UPDATES`].
        "updateScopeXml" => update_scope_xml: Option<String>,
        /// As [`super::OWN_COMPUTERS`].
        "computerTargetScopeXml" => computer_target_scope_xml: Option<String>,
        /// Such as `en`; titles and descriptions are in it.
        "preferredCulture" => preferred_culture: Option<String>,
        /// As [`super::PUBLISHED_OR_EXPIRED`].
        "publicationState" => publication_state: i32,
    }

    /// ApiRemoting30 ExecuteSPGetSummariesPerComputer, response
    pub struct ExecuteSPGetSummariesPerComputerResponse {
        /// [`super::SummaryRow`]s.
        "ExecuteSPGetSummariesPerComputerResult" => result: Vec<GenericReadableRow> [max ROWS_MAX],
    }
}

operations!(ADMINISTRATION; ExecuteSPGetSummariesPerComputer => ExecuteSPGetSummariesPerComputerResponse);
