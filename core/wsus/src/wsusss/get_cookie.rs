//! GetCookie: an authorization cookie becomes a cookie.

use super::{AuthorizationCookie, Cookie, SERVER_SYNC};
use crate::soap::operations;
use crate::soap::record::record;

record! {
    /// [MS-WSUSSS] 3.1.4.3.2.1 GetCookie
    pub struct GetCookie {
        /// Exactly one in a valid request.
        "authCookies" => auth_cookies: Vec<AuthorizationCookie> [max 16],
        "oldCookie" => old_cookie: Option<Cookie>,
        /// The version of the downstream server; its first part must be 1.
        "protocolVersion" => protocol_version: String [max 32] = String::new(),
    }

    /// [MS-WSUSSS] 3.1.4.3.2.2 GetCookieResponse
    pub struct GetCookieResponse {
        "GetCookieResult" => result: Cookie,
    }
}

operations!(SERVER_SYNC; GetCookie => GetCookieResponse);
