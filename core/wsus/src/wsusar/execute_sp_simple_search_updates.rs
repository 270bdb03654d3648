//! ExecuteSPSimpleSearchUpdates: the updates in whose texts something stands.

use super::{ADMINISTRATION, CompleteUpdates};
use crate::soap::operations;
use crate::soap::record::record;

record! {
    /// ApiRemoting30 ExecuteSPSimpleSearchUpdates
    pub struct ExecuteSPSimpleSearchUpdates {
        /// Such as `en`; titles and descriptions are in it.
        "preferredCulture" => preferred_culture: Option<String>,
        "searchText" => search_text: Option<String>,
    }

    /// ApiRemoting30 ExecuteSPSimpleSearchUpdates, response
    pub struct ExecuteSPSimpleSearchUpdatesResponse {
        "ExecuteSPSimpleSearchUpdatesResult" => result: Option<CompleteUpdates>,
    }
}

operations!(ADMINISTRATION; ExecuteSPSimpleSearchUpdates => ExecuteSPSimpleSearchUpdatesResponse);
