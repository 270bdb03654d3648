//! GetServerVersion: which WSUS this is.

use super::ADMINISTRATION;
use crate::soap::operations;
use crate::soap::record::record;

record! {
    /// ApiRemoting30 GetServerVersion
    #[derive(Copy, Default)]
    pub struct GetServerVersion {}

    /// ApiRemoting30 GetServerVersion, response
    pub struct GetServerVersionResponse {
        /// Such as `10.0.26100.1`.
        "GetServerVersionResult" => result: Option<String> [max 64],
    }
}

operations!(ADMINISTRATION; GetServerVersion => GetServerVersionResponse);
