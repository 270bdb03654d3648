//! GetAuthConfig: where downstream servers get their authorization.

use headwater_model::Timestamp;

use super::{AuthPlugInInfo, SERVER_SYNC};
use crate::soap::operations;
use crate::soap::record::record;

record! {
    /// [MS-WSUSSS] 3.1.4.1.2.1 GetAuthConfig
    #[derive(Copy, Default)]
    pub struct GetAuthConfig {}

    /// [MS-WSUSSS] 3.1.4.1.2.2 GetAuthConfigResponse
    pub struct GetAuthConfigResponse {
        "GetAuthConfigResult" => result: ServerAuthConfig,
    }

    /// [MS-WSUSSS] 3.1.4.1.3.1 ServerAuthConfig
    pub struct ServerAuthConfig {
        "LastChange" => last_change: Timestamp,
        /// Exactly one, `DssTargeting`.
        "AuthInfo" => auth_info: Vec<AuthPlugInInfo>,
        "AllowedEventIds" => allowed_event_ids: Vec<i32> [max crate::soap::ENTRIES_MAX, omit blank],
    }
}

operations!(SERVER_SYNC; GetAuthConfig => GetAuthConfigResponse);
