//! GetConfig: what a server requires of its clients.

use headwater_model::Timestamp;

use super::CLIENT;
use crate::soap::operations;
use crate::soap::record::record;

record! {
    /// [MS-WUSP] 2.2.2.2.1 GetConfig, request
    pub struct GetConfig {
        /// The client's version. Not insisted on: agents say 2.90 (fact 10).
        "protocolVersion" => protocol_version: String [max 32] = String::new(),
    }

    /// [MS-WUSP] 2.2.2.2.1 GetConfig, response
    pub struct GetConfigResponse {
        "GetConfigResult" => result: Config,
    }

    /// [MS-WUSP] 2.2.2.2.1 Config
    pub struct Config {
        /// Changes with the configuration, never with a restart (fact 53).
        "LastChange" => last_change: Timestamp,
        "IsRegistrationRequired" => is_registration_required: bool,
        /// Exactly one.
        "AuthInfo" => auth_info: Vec<AuthPlugInInfo>,
        "AllowedEventIds" => allowed_event_ids: Vec<i32> [max crate::soap::ENTRIES_MAX, omit blank],
        "Properties" => properties: Vec<ConfigurationProperty>,
    }

    /// [MS-WUSP] 2.2.2.2.1 AuthPlugInInfo, [MS-WSUSSS] 3.1.4.1.3.3 AuthPlugInInfo
    pub struct AuthPlugInInfo: "AuthPlugInInfo" {
        /// `SimpleTargeting` or `DssTargeting`.
        "PlugInID" => plug_in_id: String = String::new(),
        /// Relative to the server's root (fact 11).
        "ServiceUrl" => service_url: String = String::new(),
        /// Empty.
        "Parameter" => parameter: String = String::new(),
    }

    /// [MS-WUSP] 2.2.2.2.1 ConfigurationProperty
    pub struct ConfigurationProperty: "ConfigurationProperty" {
        "Name" => name: String = String::new(),
        "Value" => value: String = String::new(),
    }
}

operations!(CLIENT; GetConfig => GetConfigResponse);
