//! ExecuteSPGetUpdateById: one update.

use super::{ADMINISTRATION, CompleteUpdates, UpdateRevisionId};
use crate::soap::operations;
use crate::soap::record::record;

record! {
    /// ApiRemoting30 ExecuteSPGetUpdateById
    pub struct ExecuteSPGetUpdateById {
        /// Such as `en`; titles and descriptions are in it.
        "preferredCulture" => preferred_culture: Option<String>,
        "id" => id: Option<UpdateRevisionId>,
    }

    /// ApiRemoting30 ExecuteSPGetUpdateById, response
    pub struct ExecuteSPGetUpdateByIdResponse {
        "ExecuteSPGetUpdateByIdResult" => result: Option<CompleteUpdates>,
    }
}

operations!(ADMINISTRATION; ExecuteSPGetUpdateById => ExecuteSPGetUpdateByIdResponse);
