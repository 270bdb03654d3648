//! RollupComputers: which computers the servers below have.

use headwater_model::{GroupId, ServerId, Timestamp};

use super::{EmptyCookie, LastTime, ROLLUP};
use crate::soap::operations;
use crate::soap::record::{attributed, enumeration, record};

/// Computers of one request: some times the 1,500 that a server announces.
const COMPUTERS_MAX: usize = 10_000;

record! {
    /// [MS-WSUSSS] 3.1.4.15.2.1 RollupComputers
    pub struct RollupComputers {
        "cookie" => cookie: EmptyCookie = EmptyCookie,
        /// The clock of the caller.
        "clientTime" => client_time: Timestamp,
        "computers" => computers: Vec<ComputerRollupInfo> [max COMPUTERS_MAX],
    }

    /// [MS-WSUSSS] 3.1.4.15.2.2 RollupComputersResponse
    pub struct RollupComputersResponse {
        "RollupComputersResult" => changed: Vec<ChangedComputer> [max COMPUTERS_MAX],
    }
}

attributed! {
    /// [MS-WSUSSS] 3.1.4.15.3.2 ComputerRollupInfo
    pub struct ComputerRollupInfo: "ComputerRollupInfo" {
        attributes {
            "ComputerId" => computer_id: String,
            "LastSyncTime" => last_sync_time: LastTime,
            /// 0 is unknown, 1 succeeded, 2 failed.
            "LastSyncResult" => last_sync_result: i32,
            "LastReportedRebootTime" => last_reported_reboot_time: LastTime,
            "LastReportedStatusTime" => last_reported_status_time: LastTime,
            "LastInventoryTime" => last_inventory_time: LastTime,
            "ParentServerId" => parent_server_id: ServerId,
        }
        elements {
            /// There when the computer is new to the server that is asked.
            "Details" => details: Option<ComputerRollupDetails>,
        }
    }

    /// [MS-WSUSSS] 3.1.4.15.3.3 ComputerRollupDetails
    pub struct ComputerRollupDetails {
        attributes {
            "IPAddress" => ip_address: String = String::new(),
            "FullDomainName" => full_domain_name: String = String::new(),
            "OSMajorVersion" => os_major_version: i32,
            "OSMinorVersion" => os_minor_version: i32,
            "OSBuildNumber" => os_build_number: i32,
            "OSServicePackMajorNumber" => os_service_pack_major_number: i32,
            "OSServicePackMinorNumber" => os_service_pack_minor_number: i32,
            "OSLocale" => os_locale: String = String::new(),
            "OSFamily" => os_family: String = String::new(),
            "OSDescription" => os_description: String = String::new(),
            "ComputerMake" => computer_make: String = String::new(),
            "ComputerModel" => computer_model: String = String::new(),
            "BiosVersion" => bios_version: String = String::new(),
            "BiosName" => bios_name: String = String::new(),
            "BiosReleaseDate" => bios_release_date: LastTime,
            "ProcessorArchitecture" => processor_architecture: String = String::new(),
            "SuiteMask" => suite_mask: i32,
            "OldProductType" => old_product_type: i32,
            "NewProductType" => new_product_type: i32,
            "SystemMetrics" => system_metrics: i32,
            "ClientVersion" => client_version: String = String::new(),
        }
        elements {
            "TargetGroupIdList" => target_group_id_list: Vec<GroupId>,
            /// Also names of groups that do not exist.
            "RequestedTargetGroupNames" => requested_target_group_names: Vec<String>,
        }
    }

    /// [MS-WSUSSS] 3.1.4.15.3.5 ChangedComputer
    pub struct ChangedComputer: "ChangedComputer" {
        attributes {
            "ComputerId" => computer_id: String,
            "Change" => change: ComputerChangeType,
        }
        elements {}
    }
}

enumeration! {
    /// [MS-WSUSSS] 3.1.4.15.4.1 ComputerChangeType
    pub enum ComputerChangeType {
        /// The upstream server wants no more reports about the computer.
        Deleted,
        /// The upstream server has the computer from this server for the first time and wants its details.
        NewParent,
    }
}

operations!(ROLLUP; RollupComputers => RollupComputersResponse);
