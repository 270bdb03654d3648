//! GetCookie: an authorization cookie, or an old cookie, becomes a cookie.

use headwater_model::Timestamp;

use super::{AuthorizationCookie, CLIENT, Cookie};
use crate::soap::operations;
use crate::soap::record::record;

record! {
    /// [MS-WUSP] 2.2.2.2.2 GetCookie, request
    pub struct GetCookie {
        /// Exactly one in a valid request.
        "authCookies" => auth_cookies: Vec<AuthorizationCookie> [max 16],
        /// Has no data in the first request of an agent (fact 13).
        "oldCookie" => old_cookie: Option<Cookie>,
        /// What GetConfig said.
        "lastChange" => last_change: Timestamp,
        "currentTime" => current_time: Timestamp,
        "protocolVersion" => protocol_version: String [max 32] = String::new(),
    }

    /// [MS-WUSP] 2.2.2.2.2 GetCookie, response
    pub struct GetCookieResponse {
        "GetCookieResult" => result: Cookie,
    }
}

operations!(CLIENT; GetCookie => GetCookieResponse);
