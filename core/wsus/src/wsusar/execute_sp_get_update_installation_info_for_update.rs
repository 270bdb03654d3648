//! ExecuteSPGetUpdateInstallationInfoForUpdate: the state of an update on each computer.

use headwater_model::UpdateId;

use super::{ADMINISTRATION, GenericReadableRow, ROWS_MAX};
use crate::soap::operations;
use crate::soap::record::record;

record! {
    /// ApiRemoting30 ExecuteSPGetUpdateInstallationInfoForUpdate
    pub struct ExecuteSPGetUpdateInstallationInfoForUpdate {
        "updateId" => update_id: UpdateId,
        /// As [`super::OWN_COMPUTERS`].
        "computerTargetScopeXml" => computer_target_scope_xml: Option<String>,
    }

    /// ApiRemoting30 ExecuteSPGetUpdateInstallationInfoForUpdate, response
    pub struct ExecuteSPGetUpdateInstallationInfoForUpdateResponse {
        /// [`super::InstallationInfoRow`]s.
        "ExecuteSPGetUpdateInstallationInfoForUpdateResult" => result: Vec<GenericReadableRow> [max ROWS_MAX],
    }
}

operations!(ADMINISTRATION; ExecuteSPGetUpdateInstallationInfoForUpdate => ExecuteSPGetUpdateInstallationInfoForUpdateResponse);
