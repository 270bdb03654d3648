//! GetAuthorizationCookie: a downstream server says who it is.

use headwater_model::Guid;

use super::{AuthorizationCookie, DSS_AUTH};
use crate::soap::operations;
use crate::soap::record::record;

record! {
    /// [MS-WSUSSS] 3.1.4.2.2.1 GetAuthorizationCookie
    pub struct GetAuthorizationCookie {
        /// The fully qualified name of the downstream server.
        "accountName" => account_name: String [max 1_024] = String::new(),
        /// Its id, as text: whoever answers refuses what is no GUID.
        "accountGuid" => account_guid: String [max 64] = String::new(),
        /// Empty.
        "programKeys" => program_keys: Vec<Guid> [max crate::soap::ENTRIES_MAX, omit blank],
    }

    /// [MS-WSUSSS] 3.1.4.2.2.2 GetAuthorizationCookieResponse
    pub struct GetAuthorizationCookieResponse {
        "GetAuthorizationCookieResult" => result: AuthorizationCookie,
    }
}

operations!(DSS_AUTH; GetAuthorizationCookie => GetAuthorizationCookieResponse);
