//! RollupDownstreamServers: how the servers below are.

use headwater_model::{ServerId, Timestamp, UpdateId};

use super::{EmptyCookie, LastTime, ROLLUP};
use crate::soap::operations;
use crate::soap::record::record;

/// Servers, or summaries of one server: twice the 5,000 summaries that a server announces.
const SUMMARIES_MAX: usize = 10_000;
/// Updates about which one summary tells.
const UPDATES_MAX: usize = 100_000;

record! {
    /// [MS-WSUSSS] 3.1.4.14.2.1 RollupDownstreamServers
    pub struct RollupDownstreamServers {
        "cookie" => cookie: EmptyCookie = EmptyCookie,
        /// The clock of the caller.
        "clientTime" => client_time: Timestamp,
        /// Parents before their children (fact 58).
        "downstreamServers" => downstream_servers: Vec<DownstreamServerRollupInfo> [max SUMMARIES_MAX],
    }

    /// [MS-WSUSSS] 3.1.4.14.2.2 RollupDownstreamServersResponse
    #[derive(Copy, Default)]
    pub struct RollupDownstreamServersResponse {}

    /// [MS-WSUSSS] 3.1.4.14.3.2 DownstreamServerRollupInfo
    pub struct DownstreamServerRollupInfo: "DownstreamServerRollupInfo" {
        "ServerId" => server_id: ServerId,
        "FullDomainName" => full_domain_name: String = String::new(),
        "LastSyncTime" => last_sync_time: LastTime,
        /// Zeros where the parent is the server that is asked.
        "ParentServerId" => parent_server_id: ServerId,
        /// One to four numbers.
        "Version" => version: String [max 32] = String::new(),
        "IsReplica" => is_replica: bool,
        "LastRollupTime" => last_rollup_time: LastTime,
        "ServerSummary" => server_summary: Option<DownstreamServerRollupServerSummary>,
        "ClientSummaries" => client_summaries: Vec<DownstreamServerRollupClientSummary> [max SUMMARIES_MAX],
    }

    /// [MS-WSUSSS] 3.1.4.14.3.3 DownstreamServerRollupServerSummary
    #[derive(Copy, Default)]
    pub struct DownstreamServerRollupServerSummary {
        "UpdateCount" => update_count: i32 = 0,
        "DeclinedUpdateCount" => declined_update_count: i32 = 0,
        "ApprovedUpdateCount" => approved_update_count: i32 = 0,
        "NotApprovedUpdateCount" => not_approved_update_count: i32 = 0,
        "UpdatesWithStaleUpdateApprovalsCount" => updates_with_stale_update_approvals_count: i32 = 0,
        "ExpiredUpdateCount" => expired_update_count: i32 = 0,
        "CriticalOrSecurityUpdatesNotApprovedForInstallCount" =>
            critical_or_security_updates_not_approved_for_install_count: i32 = 0,
        "WsusInfrastructureUpdatesNotApprovedForInstallCount" =>
            wsus_infrastructure_updates_not_approved_for_install_count: i32 = 0,
        "UpdatesWithClientErrorsCount" => updates_with_client_errors_count: i32 = 0,
        "UpdatesWithServerErrorsCount" => updates_with_server_errors_count: i32 = 0,
        "UpdatesNeedingFilesCount" => updates_needing_files_count: i32 = 0,
        "UpdatesNeededByComputersCount" => updates_needed_by_computers_count: i32 = 0,
        "UpdatesUpToDateCount" => updates_up_to_date_count: i32 = 0,
        "CustomComputerTargetGroupCount" => custom_computer_target_group_count: i32 = 0,
        "ComputerTargetCount" => computer_target_count: i32 = 0,
        "ComputerTargetsNeedingUpdatesCount" => computer_targets_needing_updates_count: i32 = 0,
        "ComputerTargetsWithUpdateErrorsCount" => computer_targets_with_update_errors_count: i32 = 0,
        "ComputersUpToDateCount" => computers_up_to_date_count: i32 = 0,
    }

    /// [MS-WSUSSS] 3.1.4.14.3.5 DownstreamServerRollupClientSummary
    ///
    /// Computers of one operating system, and how many there are.
    pub struct DownstreamServerRollupClientSummary: "DownstreamServerRollupClientSummary" {
        "OSMajorVersion" => os_major_version: i32 = 0,
        "OSMinorVersion" => os_minor_version: i32 = 0,
        "OSBuildNumber" => os_build_number: i32 = 0,
        "OSServicePackMajorNumber" => os_service_pack_major_number: i32 = 0,
        "OSServicePackMinorNumber" => os_service_pack_minor_number: i32 = 0,
        "OSLocale" => os_locale: Option<String>,
        "SuiteMask" => suite_mask: i32 = 0,
        "OldProductType" => old_product_type: i32 = 0,
        "NewProductType" => new_product_type: i32 = 0,
        "SystemMetrics" => system_metrics: i32 = 0,
        "ProcessorArchitecture" => processor_architecture: Option<String>,
        "Count" => count: i32 = 0,
        "ActivitySummaries" => activity_summaries: Vec<DownstreamServerRollupClientActivitySummary>
            [max UPDATES_MAX],
    }

    /// [MS-WSUSSS] 3.1.4.14.3.7 DownstreamServerRollupClientActivitySummary
    #[derive(Copy)]
    pub struct DownstreamServerRollupClientActivitySummary: "DownstreamServerRollupClientActivitySummary" {
        "UpdateId" => update_id: UpdateId,
        "RevisionNumber" => revision_number: u32,
        "InstallSuccessCount" => install_success_count: i32 = 0,
        "InstallFailureCount" => install_failure_count: i32 = 0,
    }
}

operations!(ROLLUP; RollupDownstreamServers => RollupDownstreamServersResponse);
