//! ExecuteSPGetComponentsWithErrors: which parts of the server are not well.

use super::ADMINISTRATION;
use crate::soap::operations;
use crate::soap::record::record;

record! {
    /// ApiRemoting30 ExecuteSPGetComponentsWithErrors
    #[derive(Copy, Default)]
    pub struct ExecuteSPGetComponentsWithErrors {}

    /// ApiRemoting30 ExecuteSPGetComponentsWithErrors, response
    pub struct ExecuteSPGetComponentsWithErrorsResponse {
        /// Names of parts; empty is well.
        "ExecuteSPGetComponentsWithErrorsResult" => result: Vec<String>,
    }
}

operations!(ADMINISTRATION; ExecuteSPGetComponentsWithErrors => ExecuteSPGetComponentsWithErrorsResponse);
