//! RegisterComputer: an agent tells what its computer is.

use headwater_model::Timestamp;

use super::{CLIENT, Cookie};
use crate::soap::operations;
use crate::soap::record::record;

record! {
    /// [MS-WUSP] 2.2.2.2.3 RegisterComputer, request
    pub struct RegisterComputer {
        "cookie" => cookie: Cookie,
        "computerInfo" => computer_info: ComputerInfo,
    }

    /// [MS-WUSP] 2.2.2.2.3 RegisterComputer, response
    #[derive(Copy, Default)]
    pub struct RegisterComputerResponse {}

    /// [MS-WUSP] 2.2.2.2.3 ComputerInfo
    ///
    /// Numbers are wider than the wire's `short`, which versions outgrow. A number that is absent
    /// is zero: [MS-WUSP] only asks for most of them, and older agents know fewer.
    pub struct ComputerInfo {
        /// The same name as in GetAuthorizationCookie.
        "DnsName" => dns_name: String = String::new(),
        "OSMajorVersion" => os_major_version: i32 = 0,
        "OSMinorVersion" => os_minor_version: i32 = 0,
        "OSBuildNumber" => os_build_number: i32 = 0,
        "OSServicePackMajorNumber" => os_service_pack_major_number: i32 = 0,
        "OSServicePackMinorNumber" => os_service_pack_minor_number: i32 = 0,
        /// Such as `en-US`.
        "OSLocale" => os_locale: Option<String>,
        "ComputerManufacturer" => computer_manufacturer: Option<String>,
        "ComputerModel" => computer_model: Option<String>,
        "BiosVersion" => bios_version: Option<String>,
        "BiosName" => bios_name: Option<String>,
        "BiosReleaseDate" => bios_release_date: Option<Timestamp>,
        /// Such as `AMD64`; the reports of the same agent say otherwise (fact 15).
        "ProcessorArchitecture" => processor_architecture: Option<String>,
        "SuiteMask" => suite_mask: i32 = 0,
        "OldProductType" => old_product_type: i32 = 0,
        "NewProductType" => new_product_type: i32 = 0,
        "SystemMetrics" => system_metrics: i32 = 0,
        "ClientVersionMajorNumber" => client_version_major_number: i32 = 0,
        "ClientVersionMinorNumber" => client_version_minor_number: i32 = 0,
        "ClientVersionBuildNumber" => client_version_build_number: i32 = 0,
        "ClientVersionQfeNumber" => client_version_qfe_number: i32 = 0,
        /// "Windows 10 Pro" on Windows 11 (fact 15).
        "OSDescription" => os_description: Option<String>,
        "OEM" => oem: Option<String>,
        "DeviceType" => device_type: Option<String>,
        "FirmwareVersion" => firmware_version: Option<String>,
        "MobileOperator" => mobile_operator: Option<String>,
    }
}

operations!(CLIENT; RegisterComputer => RegisterComputerResponse);
