//! GetConfigData: what an upstream server can and how much it takes at once.

use super::{Cookie, SERVER_SYNC};
use crate::soap::operations;
use crate::soap::record::record;

record! {
    /// [MS-WSUSSS] 3.1.4.4.2.1 GetConfigData
    pub struct GetConfigData {
        "cookie" => cookie: Cookie,
        /// What the last response said; absent in the first call.
        "configAnchor" => config_anchor: Option<String> [max super::ANCHOR_BYTES_MAX],
    }

    /// [MS-WSUSSS] 3.1.4.4.2.2 GetConfigDataResponse
    pub struct GetConfigDataResponse {
        "GetConfigDataResult" => result: ServerSyncConfigData,
    }

    /// [MS-WSUSSS] 3.1.4.4.3.1 ServerSyncConfigData
    ///
    /// In the order of a WSUS; Microsoft Update has another.
    pub struct ServerSyncConfigData {
        /// Whether there is no content to be had here, as from Microsoft Update (fact 44).
        "CatalogOnlySync" => catalog_only_sync: bool,
        /// Whether content is fetched only when it is needed.
        "LazySync" => lazy_sync: bool,
        /// Whether there are express files.
        "ServerHostsPsfFiles" => server_hosts_psf_files: bool,
        /// Zero for a WSUS, as the next two (fact 61).
        "MaxNumberOfComputerIdsInRequest" => max_number_of_computer_ids_in_request: i32 = 0,
        "MaxNumberOfDriverSetsPerRequest" => max_number_of_driver_sets_per_request: i32 = 0,
        "MaxNumberOfPnpHardwareIdsInRequest" => max_number_of_pnp_hardware_ids_in_request: i32 = 0,
        /// For GetUpdateData; 100.
        "MaxNumberOfUpdatesPerRequest" => max_number_of_updates_per_request: i32,
        "NewConfigAnchor" => new_config_anchor: String [max super::ANCHOR_BYTES_MAX] = String::new(),
        "ProtocolVersion" => protocol_version: Option<String> [max 32],
        /// Those whose setting changed since the anchor.
        "LanguageUpdateList" => language_update_list: Vec<ServerSyncLanguageData>,
        "MaxUpdatesPerRequestInGetUpdateDecryptionData" =>
            max_updates_per_request_in_get_update_decryption_data: Option<i32>,
    }

    /// [MS-WSUSSS] 3.1.4.4.3.3 ServerSyncLanguageData
    pub struct ServerSyncLanguageData: "ServerSyncLanguageData" {
        /// An LCID, or zero for all languages.
        "LanguageID" => language_id: i32,
        /// Such as `zh-tw`, or `all`.
        "ShortLanguage" => short_language: String = String::new(),
        "LongLanguage" => long_language: String = String::new(),
        "Enabled" => enabled: bool,
    }
}

operations!(SERVER_SYNC; GetConfigData => GetConfigDataResponse);
