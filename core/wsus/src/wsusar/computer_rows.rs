//! The three sets of rows in which computers come.

use headwater_model::GroupId;

use super::row::row;
use super::{Cell, Time};

row! {
    /// ApiRemoting30 ExecuteSPSearchComputers, first set
    ///
    /// Where the type of a column is not told, its cell is kept.
    pub struct ComputerRow: "a computer" [32] {
        0 => computer_id: String,
        1 => last_sync_time: Time,
        2 => last_reported_status_time: Time,
        3 => ip_address: Option<String>,
        4 => full_domain_name: Option<String>,
        5 => os_major_version: Option<i32>,
        6 => os_minor_version: Option<i32>,
        7 => os_build_number: Option<i32>,
        8 => os_service_pack_major_number: Option<i32>,
        9 => os_service_pack_minor_number: Option<i32>,
        10 => os_locale: Option<String>,
        11 => computer_make: Option<String>,
        12 => computer_model: Option<String>,
        13 => bios_version: Option<String>,
        14 => bios_name: Option<String>,
        15 => bios_release_date: Time,
        16 => processor_architecture: Cell,
        17 => requested_target_group: Option<String>,
        18 => last_inventory_time: Time,
        /// Of a computer of a downstream server; nil for one of the server itself.
        19 => parent_server: Cell,
        /// 0 never, 1 success, 2 failure.
        20 => last_sync_result: Option<i32>,
        21 => suite_mask: Cell,
        22 => old_product_type: Cell,
        23 => new_product_type: Cell,
        24 => system_metrics: Cell,
        25 => client_version: Option<String>,
        26 => os_family: Option<String>,
        27 => os_description: Option<String>,
        28 => oem: Cell,
        29 => device_type: Cell,
        30 => firmware_version: Cell,
        31 => mobile_operator: Cell,
    }

    /// ApiRemoting30 ExecuteSPSearchComputers, second set
    pub struct RequestedGroupRow: "a requested group" [2] {
        0 => computer_id: String,
        1 => group_name: String,
    }

    /// ApiRemoting30 ExecuteSPSearchComputers, third set
    pub struct MembershipRow: "a membership" [2] {
        0 => computer_id: String,
        1 => group_id: GroupId,
    }
}
