//! ExecuteSPGetUpdateCount: how many updates a scope has.

use super::ADMINISTRATION;
use crate::soap::operations;
use crate::soap::record::record;

record! {
    /// ApiRemoting30 ExecuteSPGetUpdateCount
    pub struct ExecuteSPGetUpdateCount {
        /// As [`super::ALL_UPDATES`].
        "updateScopeXml" => update_scope_xml: Option<String>,
        /// Such as `en`; titles and descriptions are in it.
        "preferredCulture" => preferred_culture: Option<String>,
        /// As [`super::PUBLISHED_OR_EXPIRED`].
        "publicationState" => publication_state: i32,
    }

    /// ApiRemoting30 ExecuteSPGetUpdateCount, response
    #[derive(Copy)]
    pub struct ExecuteSPGetUpdateCountResponse {
        "ExecuteSPGetUpdateCountResult" => result: i32,
    }
}

operations!(ADMINISTRATION; ExecuteSPGetUpdateCount => ExecuteSPGetUpdateCountResponse);
