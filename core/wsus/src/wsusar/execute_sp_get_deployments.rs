//! ExecuteSPGetDeployments: the approvals of the updates of a scope.

use super::{ADMINISTRATION, GenericReadableRow, ROWS_MAX};
use crate::soap::operations;
use crate::soap::record::record;

record! {
    /// ApiRemoting30 ExecuteSPGetDeployments
    pub struct ExecuteSPGetDeployments {
        /// As [`super::ALL_UPDATES`].
        "updateScopeXml" => update_scope_xml: Option<String>,
        /// Such as `en`; titles and descriptions are in it.
        "preferredCulture" => preferred_culture: Option<String>,
        /// As [`super::PUBLISHED_OR_EXPIRED`].
        "publicationState" => publication_state: i32,
    }

    /// ApiRemoting30 ExecuteSPGetDeployments, response
    pub struct ExecuteSPGetDeploymentsResponse {
        /// [`super::DeploymentRow`]s.
        "ExecuteSPGetDeploymentsResult" => result: Vec<GenericReadableRow> [max ROWS_MAX],
    }
}

operations!(ADMINISTRATION; ExecuteSPGetDeployments => ExecuteSPGetDeploymentsResponse);
