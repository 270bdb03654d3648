//! Ping: in the description of the services, but not in the protocol.

use headwater_model::Timestamp;

use super::MONITORABLE;
use crate::soap::operations;
use crate::soap::record::record;

record! {
    /// [MS-WSUSSS] 3.1.4.12 Ping
    #[derive(Copy)]
    pub struct Ping {
        "pingLevel" => ping_level: i32 = 0,
    }

    /// [MS-WSUSSS] 3.1.4.12 Ping, response
    pub struct PingResponse {
        "PingResult" => result: MonitoredServicesResponse,
    }

    /// [MS-WSUSSS] 3.1.4.12 MonitoredServicesResponse
    ///
    /// What it says about files and databases of a server is nobody's business and left out.
    pub struct MonitoredServicesResponse {
        "SuccessFlag" => success_flag: bool,
        "ServicesTime" => services_time: Timestamp,
        "ServicesName" => services_name: Option<String>,
        "ServicesMachine" => services_machine: Option<String>,
        "IsHttps" => is_https: bool,
        "RequestContentType" => request_content_type: Option<String>,
        "ConfigFileLastModifiedTime" => config_file_last_modified_time: Timestamp,
        "ConfigFileVersion" => config_file_version: Option<String>,
        "ConfigFileNextExpirationTime" => config_file_next_expiration_time: Timestamp,
        "ConfigFileExpirationModuloInMinutes" => config_file_expiration_modulo_in_minutes: i32 = 0,
    }
}

operations!(MONITORABLE; Ping => PingResponse);
