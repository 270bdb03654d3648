//! GetServerProtocolVersion: which version of this service it speaks.

use super::ADMINISTRATION;
use crate::soap::operations;
use crate::soap::record::record;

record! {
    /// ApiRemoting30 GetServerProtocolVersion
    #[derive(Copy, Default)]
    pub struct GetServerProtocolVersion {}

    /// ApiRemoting30 GetServerProtocolVersion, response
    pub struct GetServerProtocolVersionResponse {
        "GetServerProtocolVersionResult" => result: Option<String> [max 64],
    }
}

operations!(ADMINISTRATION; GetServerProtocolVersion => GetServerProtocolVersionResponse);
