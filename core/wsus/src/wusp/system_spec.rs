//! The hardware that a driver synchronization is about: [MS-WUSP] 2.2.2.2.4, *SystemSpec* and
//! *ComputerSpec*.

use std::fmt::Display;

use headwater_model::{Guid, Timestamp};
use headwater_xml::Error as XmlError;

use crate::soap::record::record;
use crate::soap::{Lexical, lexical_fields};

/// Devices of one computer. A PC has about 75 (fact 26), a large server some hundred.
pub(super) const DEVICES_MAX: usize = 2_000;
/// Ids of one device or driver; a few dozen at most.
pub(super) const HARDWARE_IDS_MAX: usize = 1_000;

record! {
    /// [MS-WUSP] 2.2.2.2.4 Device
    pub struct Device: "Device" {
        /// The most specific first.
        "HardwareIDs" => hardware_ids: Vec<String> [max HARDWARE_IDS_MAX, omit blank],
        "CompatibleIDs" => compatible_ids: Vec<String> [max HARDWARE_IDS_MAX, omit blank],
        "installedDriver" => installed_driver: Option<InstalledDriver>,
        "extensionDriver" => extension_drivers: Vec<ExtensionDriver> [max HARDWARE_IDS_MAX, omit blank],
        /// Ids of updates that the agent itself installed.
        "DriverRecoveryIDs" => driver_recovery_ids: Vec<DriverRecoveryId> [max HARDWARE_IDS_MAX, omit blank],
        /// Bit 0: not found by Plug and Play.
        "DeviceFlags" => device_flags: Option<u8>,
    }

    /// [MS-WUSP] 2.2.2.2.4 InstalledDriver
    pub struct InstalledDriver {
        /// The hardware id by which it was chosen.
        "MatchingID" => matching_id: Option<String>,
        "DriverVerDate" => driver_ver_date: Timestamp,
        /// Four parts of 16 bits each.
        "DriverVerVersion" => driver_ver_version: i64,
        "Class" => class: Option<String>,
        "Manufacturer" => manufacturer: Option<String>,
        "Provider" => provider: Option<String>,
        "Model" => model: Option<String>,
        "MatchingComputerHWID" => matching_computer_hwid: Option<Guid>,
        "DriverRank" => driver_rank: i32 = 0,
    }

    /// [MS-WUSP] 2.2.2.2.4 extensionDriver
    pub struct ExtensionDriver: "extensionDriver" {
        "ExtensionId" => extension_id: String,
        "DriverVerDate" => driver_ver_date: Timestamp,
        "DriverVerVersion" => driver_ver_version: i64,
        "Class" => class: String,
        "DriverRank" => driver_rank: i32 = 0,
        "MatchingComputerHWID" => matching_computer_hwid: Option<Guid>,
    }

    /// [MS-WUSP] 2.2.2.2.4 ComputerHardwareSpecification
    #[derive(Default)]
    pub struct ComputerHardwareSpecification {
        "HardwareIDs" => hardware_ids: Vec<Guid> [max HARDWARE_IDS_MAX, omit blank],
    }
}

/// The id of the update by which the agent installed a driver.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DriverRecoveryId(pub String);

impl Lexical for DriverRecoveryId {
    fn parse(name: &'static str, text: &str, max: usize) -> Result<Self, XmlError> {
        Lexical::parse(name, text, max).map(Self)
    }

    fn display(&self) -> impl Display {
        &self.0
    }
}

lexical_fields!(DriverRecoveryId: "DriverRecoveryID");
