//! What a computer is, as its agent tells it.

use headwater_wsus::wusp::{ComputerInfo, Device, InstalledDriver};

/// The name of the protocol in calls (fact 10).
pub(crate) const PROTOCOL_VERSION: &str = "2.90";
/// The version of the agent, as events have it.
pub(crate) const CLIENT_VERSION: &str = "1507.2601.30012.0";

/// A computer with its agent.
#[derive(Debug, Clone)]
pub struct Computer {
    pub client_id: String,
    pub dns_name: String,
    /// The groups that its policy asks for, separated by semicolons.
    pub target_group: Option<String>,
    pub info: ComputerInfo,
    /// What the driver pass is about.
    pub devices: Vec<Device>,
}

impl Computer {
    /// A desktop of Windows 11 25H2, with the values that a real one told (fact 15).
    pub fn new(client_id: &str, dns_name: &str) -> Self {
        Self {
            client_id: client_id.to_owned(),
            dns_name: dns_name.to_owned(),
            target_group: None,
            info: desktop(dns_name),
            devices: devices(),
        }
    }
}

fn desktop(dns_name: &str) -> ComputerInfo {
    let text = |value: &str| Some(value.to_owned());
    ComputerInfo {
        dns_name: dns_name.to_owned(),
        os_major_version: 10,
        os_minor_version: 0,
        os_build_number: 26200,
        os_service_pack_major_number: 0,
        os_service_pack_minor_number: 0,
        os_locale: text("en-US"),
        computer_manufacturer: text("Headwater"),
        computer_model: text("Simulated computer"),
        bios_version: text("unknown"),
        bios_name: text("unknown"),
        bios_release_date: "2022-02-02T00:00:00Z".parse().ok(),
        processor_architecture: text("AMD64"),
        suite_mask: 256,
        old_product_type: 1,
        new_product_type: 48,
        system_metrics: 0,
        client_version_major_number: 1507,
        client_version_minor_number: 2601,
        client_version_build_number: 30012,
        client_version_qfe_number: 0,
        os_description: text("Windows 10 Pro"),
        oem: text("Headwater"),
        device_type: text("Simulated computer"),
        firmware_version: text("unknown"),
        mobile_operator: text("Not Present"),
    }
}

/// A few of the some seventy devices of a real computer, with and without a driver.
fn devices() -> Vec<Device> {
    let device = |hardware_id: &str, installed_driver| Device {
        hardware_ids: vec![hardware_id.to_owned()],
        compatible_ids: vec!["PCI\\CC_0200".to_owned()],
        installed_driver,
        extension_drivers: Vec::new(),
        driver_recovery_ids: Vec::new(),
        device_flags: Some(0),
    };
    let driver = "2022-02-02T00:00:00Z".parse().ok().map(|date| InstalledDriver {
        matching_id: Some("PCI\\VEN_1AF4&DEV_1041".to_owned()),
        driver_ver_date: date,
        driver_ver_version: 10 << 48,
        class: Some("Net".to_owned()),
        manufacturer: Some("Headwater".to_owned()),
        provider: Some("Headwater".to_owned()),
        model: Some("Simulated network".to_owned()),
        matching_computer_hwid: None,
        driver_rank: 0,
    });
    vec![device("PCI\\VEN_1AF4&DEV_1041", driver), device("PCI\\VEN_8086&DEV_2918", None)]
}
