//! GetAuthorizationCookie: an agent says who it is and in which group it wants to be.

use super::SIMPLE_AUTH;
use crate::soap::operations;
use crate::soap::record::record;
use crate::wusp::AuthorizationCookie;

record! {
    /// [MS-WUSP] 2.2.2.1.1 GetAuthorizationCookie, request
    pub struct GetAuthorizationCookie {
        "clientId" => client_id: String,
        /// Groups that the client wishes to be in, separated by `;`.
        "targetGroupName" => target_group_name: Option<String>,
        "dnsName" => dns_name: String = String::new(),
    }

    /// [MS-WUSP] 2.2.2.1.1 GetAuthorizationCookie, response
    pub struct GetAuthorizationCookieResponse {
        "GetAuthorizationCookieResult" => result: AuthorizationCookie,
    }
}

operations!(SIMPLE_AUTH; GetAuthorizationCookie => GetAuthorizationCookieResponse);
