//! ExecuteSPGetEulaFile: the file with the terms of a licence.

use headwater_model::{Guid, UpdateId};

use super::ADMINISTRATION;
use crate::soap::operations;
use crate::soap::record::record;

/// The most bytes of one file, the same as are shown anywhere.
const EULA_BYTES_MAX: usize = 1 << 20;

record! {
    /// ApiRemoting30 ExecuteSPGetEulaFile
    pub struct ExecuteSPGetEulaFile {
        /// Such as `de`.
        "preferredCulture" => preferred_culture: Option<String>,
        /// Of the licence.
        "id" => id: Guid,
        /// An update that needs the licence.
        "updateId" => update_id: UpdateId,
        "revisionNumber" => revision_number: i32,
    }

    /// ApiRemoting30 ExecuteSPGetEulaFile, response
    pub struct ExecuteSPGetEulaFileResponse {
        "ExecuteSPGetEulaFileResult" => result: Option<Vec<u8>> [max EULA_BYTES_MAX],
    }
}

operations!(ADMINISTRATION; ExecuteSPGetEulaFile => ExecuteSPGetEulaFileResponse);
