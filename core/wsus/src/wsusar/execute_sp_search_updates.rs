//! ExecuteSPSearchUpdates: the updates of a scope.

use super::{ADMINISTRATION, CompleteUpdates};
use crate::soap::operations;
use crate::soap::record::record;

record! {
    /// ApiRemoting30 ExecuteSPSearchUpdates
    ///
    /// The answer has some 5 KB for each update.
    pub struct ExecuteSPSearchUpdates {
        /// As [`super::ALL_UPDATES`].
        "updateScopeXml" => update_scope_xml: Option<String>,
        /// Such as `en`; titles and descriptions are in it.
        "preferredCulture" => preferred_culture: Option<String>,
        /// As [`super::PUBLISHED_OR_EXPIRED`].
        "publicationState" => publication_state: i32,
    }

    /// ApiRemoting30 ExecuteSPSearchUpdates, response
    pub struct ExecuteSPSearchUpdatesResponse {
        "ExecuteSPSearchUpdatesResult" => result: Option<CompleteUpdates>,
    }
}

operations!(ADMINISTRATION; ExecuteSPSearchUpdates => ExecuteSPSearchUpdatesResponse);
