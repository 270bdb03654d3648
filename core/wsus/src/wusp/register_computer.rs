//! RegisterComputer: an agent tells what its computer is.

use headwater_model::Timestamp;

use super::{CLIENT, Cookie};
use crate::soap::operations;
use crate::soap::record::record;

/// Bytes of a text. Names of computers have 255, and no manufacturer or model comes near.
const TEXT_BYTES_MAX: usize = 512;

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
    #[derive(Default)]
    pub struct ComputerInfo {
        /// The same name as in GetAuthorizationCookie.
        "DnsName" => dns_name: String [max TEXT_BYTES_MAX] = String::new(),
        "OSMajorVersion" => os_major_version: i32 = 0,
        "OSMinorVersion" => os_minor_version: i32 = 0,
        "OSBuildNumber" => os_build_number: i32 = 0,
        "OSServicePackMajorNumber" => os_service_pack_major_number: i32 = 0,
        "OSServicePackMinorNumber" => os_service_pack_minor_number: i32 = 0,
        /// Such as `en-US`.
        "OSLocale" => os_locale: Option<String> [max TEXT_BYTES_MAX],
        "ComputerManufacturer" => computer_manufacturer: Option<String> [max TEXT_BYTES_MAX],
        "ComputerModel" => computer_model: Option<String> [max TEXT_BYTES_MAX],
        "BiosVersion" => bios_version: Option<String> [max TEXT_BYTES_MAX],
        "BiosName" => bios_name: Option<String> [max TEXT_BYTES_MAX],
        "BiosReleaseDate" => bios_release_date: Option<Timestamp>,
        /// Such as `AMD64`; the reports of the same agent say otherwise (fact 15).
        "ProcessorArchitecture" => processor_architecture: Option<String> [max TEXT_BYTES_MAX],
        "SuiteMask" => suite_mask: i32 = 0,
        "OldProductType" => old_product_type: i32 = 0,
        "NewProductType" => new_product_type: i32 = 0,
        "SystemMetrics" => system_metrics: i32 = 0,
        "ClientVersionMajorNumber" => client_version_major_number: i32 = 0,
        "ClientVersionMinorNumber" => client_version_minor_number: i32 = 0,
        "ClientVersionBuildNumber" => client_version_build_number: i32 = 0,
        "ClientVersionQfeNumber" => client_version_qfe_number: i32 = 0,
        /// "Windows 10 Pro" on Windows 11 (fact 15).
        "OSDescription" => os_description: Option<String> [max TEXT_BYTES_MAX],
        "OEM" => oem: Option<String> [max TEXT_BYTES_MAX],
        "DeviceType" => device_type: Option<String> [max TEXT_BYTES_MAX],
        "FirmwareVersion" => firmware_version: Option<String> [max TEXT_BYTES_MAX],
        "MobileOperator" => mobile_operator: Option<String> [max TEXT_BYTES_MAX],
    }
}

operations!(CLIENT; RegisterComputer => RegisterComputerResponse);
