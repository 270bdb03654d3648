//! Cookies: [MS-WUSP] 2.2.3.4 and 2.2.3.5, [MS-WSUSSS] 2.2.4.7 and 2.2.4.8.

use headwater_model::Timestamp;

use crate::soap::record::record;

record! {
    /// [MS-WUSP] 2.2.3.5 Cookie
    ///
    /// What a server wants to remember about its caller, readable to the server alone.
    pub struct Cookie {
        /// A copy for the client; the server trusts only what is encrypted.
        "Expiration" => expiration: Timestamp,
        /// Empty in the first GetCookie of an agent (fact 13).
        "EncryptedData" => encrypted_data: Vec<u8> [max crate::soap::BINARY_BYTES_MAX, omit blank] = Vec::new(),
    }

    /// [MS-WUSP] 2.2.3.4 AuthorizationCookie
    pub struct AuthorizationCookie: "AuthorizationCookie" {
        /// `SimpleTargeting` or `DssTargeting`. The name ends in a small d here and only here
        /// (fact 12).
        "PlugInId" => plug_in_id: String = String::new(),
        "CookieData" => cookie_data: Vec<u8> = Vec::new(),
    }
}
