//! ExecuteSPGetUpdateInstallationInfoForComputer: the state of each update on a computer.

use super::{ADMINISTRATION, GenericReadableRow, ROWS_MAX};
use crate::soap::operations;
use crate::soap::record::record;

record! {
    /// ApiRemoting30 ExecuteSPGetUpdateInstallationInfoForComputer
    pub struct ExecuteSPGetUpdateInstallationInfoForComputer {
        "computerId" => computer_id: Option<String>,
        /// As [`super::ALL_UPDATES`].
        "updateScopeXml" => update_scope_xml: Option<String>,
        /// Such as `en`; titles and descriptions are in it.
        "preferredCulture" => preferred_culture: Option<String>,
        /// As [`super::PUBLISHED_OR_EXPIRED`].
        "publicationState" => publication_state: i32,
    }

    /// ApiRemoting30 ExecuteSPGetUpdateInstallationInfoForComputer, response
    pub struct ExecuteSPGetUpdateInstallationInfoForComputerResponse {
        /// [`super::InstallationInfoRow`]s.
        "ExecuteSPGetUpdateInstallationInfoForComputerResult" => result: Vec<GenericReadableRow> [max ROWS_MAX],
    }
}

operations!(ADMINISTRATION; ExecuteSPGetUpdateInstallationInfoForComputer => ExecuteSPGetUpdateInstallationInfoForComputerResponse);
