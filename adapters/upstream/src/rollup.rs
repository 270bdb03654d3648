//! Telling an upstream server of servers and computers ([MS-WSUSSS] 3.2.4.5).

use std::time::Duration;

use headwater_model::{ClientId, Guid, ServerId, Timestamp};
use headwater_policy::rollup::{
    Change, ComputerReport, ReportedDetails, RollupConfiguration, RollupLimits, ServerReport, ServerSummary,
    StatusReport, summarization_state,
};
use headwater_wsus::soap::{ErrorCode, Request as SoapRequest, Structure as _};
use headwater_wsus::wsusss::{
    ComputerChangeType, ComputerLastRollupNumber, ComputerRollupDetails, ComputerRollupInfo,
    ComputerStatusRollupInfo, ComputerStatusRollupUpdateStatus, DownstreamServerRollupInfo,
    DownstreamServerRollupServerSummary, EmptyCookie, GetOutOfSyncComputers, GetRollupConfiguration,
    LastTime, RollupComputerStatus, RollupComputers, RollupDownstreamServers,
};
use headwater_wsus::wusp::ComputerInfo;
use headwater_xml::{Limits as XmlLimits, Reader, Writer};

use crate::handshake::{SHORT, post_on};
use crate::link::Limits;
use crate::{Result, Upstream};

const REPORTING: &str = "/ReportingWebService/ReportingWebService.asmx";
/// Answers list some of the ids that were told, at most 20,000 (fact 58); a WSUS takes minutes to
/// write what it was told.
const ROLLUP: Limits =
    Limits { bytes_max: 16 << 20, first_byte: Duration::from_secs(900), whole: Duration::from_secs(1_200) };
/// Characters of what a manufacturer calls something ([MS-WSUSSS] 3.1.4.15.3.3).
const MAKE_CHARS_MAX: usize = 64;
/// Characters of the name of a group ([MS-WSUSSS] 3.1.4.15.3.3).
const GROUP_NAME_CHARS_MAX: usize = 256;
/// What [MS-WSUSSS] <57> says of every computer.
const OS_FAMILY: &str = "Windows";

impl Upstream {
    /// What the server wants to be told. It must know this server before, by the handshake.
    pub async fn rollup_configuration(&self) -> Result<RollupConfiguration> {
        self.cookie().await?;
        let told = self.tell(SHORT, &GetRollupConfiguration::default()).await?.result;
        let max = |max: i32| usize::try_from(max).unwrap_or(1).max(1);
        Ok(RollupConfiguration {
            is_detailed: told.do_detailed_rollup,
            reset: told.rollup_reset_guid,
            server: told.server_id,
            limits: RollupLimits {
                servers_max: max(told.rollup_downstream_servers_max_batch_size),
                computers_max: max(told.rollup_computers_max_batch_size),
                numbers_max: max(told.get_out_of_sync_computers_max_batch_size),
                statuses_max: max(told.rollup_computer_status_max_batch_size),
            },
        })
    }

    pub async fn rollup_servers(&self, servers: &[ServerReport], now: Timestamp) -> Result<()> {
        let request = RollupDownstreamServers {
            cookie: EmptyCookie,
            client_time: now,
            downstream_servers: servers.iter().map(server).collect(),
        };
        self.tell(ROLLUP, &request).await.map(|_| ())
    }

    /// Returns of which computers the server wants otherwise, as far as it names them by an id that
    /// can be one.
    pub async fn rollup_computers(
        &self,
        computers: &[ComputerReport],
        now: Timestamp,
    ) -> Result<Vec<(ClientId, Change)>> {
        let computers = computers.iter().map(computer).collect();
        let request = RollupComputers { cookie: EmptyCookie, client_time: now, computers };
        let changed = self.tell(ROLLUP, &request).await?.changed.into_iter();
        let change = |change| match change {
            ComputerChangeType::Deleted => Change::Deleted,
            ComputerChangeType::NewParent => Change::NewParent,
        };
        Ok(changed.filter_map(|one| Some((one.computer_id.parse().ok()?, change(one.change)))).collect())
    }

    /// Returns the computers of which the server missed a report.
    pub async fn out_of_sync(&self, own: ServerId, numbers: &[(ClientId, i32)]) -> Result<Vec<ClientId>> {
        let number = |(client, number): &(ClientId, i32)| ComputerLastRollupNumber {
            computer_id: client.to_string(),
            rollup_number: *number,
        };
        let request = GetOutOfSyncComputers {
            cookie: EmptyCookie,
            parent_server_id: own,
            last_rollup_numbers: numbers.iter().map(number).collect(),
        };
        let found = self.tell(ROLLUP, &request).await?.computer_ids;
        Ok(found.iter().filter_map(|id| id.parse().ok()).collect())
    }

    /// Says whether the server has taken the reports; otherwise it has no time now.
    pub async fn rollup_status(
        &self,
        own: ServerId,
        reports: &[StatusReport],
        now: Timestamp,
        instance_id: impl Fn() -> Guid,
    ) -> Result<bool> {
        let request = RollupComputerStatus {
            cookie: EmptyCookie,
            client_time: now,
            parent_server_id: own,
            computers: reports.iter().map(|report| status(report, instance_id())).collect(),
        };
        Ok(self.tell(ROLLUP, &request).await?.result)
    }

    /// Calls the reporting service. A server that fails may not know us any more: the next rollup
    /// begins with a handshake.
    async fn tell<R: SoapRequest>(&self, limits: Limits, request: &R) -> Result<R::Response> {
        let answer = post_on(&self.reporting, REPORTING, request, limits).await;
        if let Err(error) = &answer
            && error.code() == Some(ErrorCode::InternalServerError)
        {
            self.forget_cookie().await;
        }
        answer
    }
}

fn server(report: &ServerReport) -> DownstreamServerRollupInfo {
    DownstreamServerRollupInfo {
        server_id: report.server,
        full_domain_name: report.name.clone(),
        last_sync_time: LastTime(report.last_sync),
        parent_server_id: report.parent,
        version: report.version.clone(),
        is_replica: report.is_replica,
        last_rollup_time: LastTime(report.last_rollup),
        server_summary: Some(summary(&report.summary)),
        client_summaries: Vec::new(),
    }
}

fn summary(summary: &ServerSummary) -> DownstreamServerRollupServerSummary {
    let count = |count: u32| i32::try_from(count).unwrap_or(i32::MAX);
    DownstreamServerRollupServerSummary {
        update_count: count(summary.updates),
        declined_update_count: count(summary.declined),
        approved_update_count: count(summary.approved),
        not_approved_update_count: count(summary.not_approved),
        updates_with_stale_update_approvals_count: count(summary.stale_approvals),
        expired_update_count: count(summary.expired),
        critical_or_security_updates_not_approved_for_install_count: count(summary.critical_not_approved),
        wsus_infrastructure_updates_not_approved_for_install_count: count(
            summary.infrastructure_not_approved,
        ),
        updates_with_client_errors_count: count(summary.failed_on_computers),
        updates_with_server_errors_count: count(summary.failed_to_fetch),
        updates_needing_files_count: count(summary.needing_files),
        updates_needed_by_computers_count: count(summary.needed),
        updates_up_to_date_count: count(summary.installed_everywhere),
        custom_computer_target_group_count: count(summary.groups),
        computer_target_count: count(summary.computers),
        computer_targets_needing_updates_count: count(summary.computers_needing),
        computer_targets_with_update_errors_count: count(summary.computers_failing),
        computers_up_to_date_count: count(summary.computers_up_to_date),
    }
}

fn computer(report: &ComputerReport) -> ComputerRollupInfo {
    ComputerRollupInfo {
        computer_id: report.client.to_string(),
        last_sync_time: LastTime(report.last_sync),
        last_sync_result: report.sync_result as i32,
        last_reported_reboot_time: LastTime(report.last_reboot),
        last_reported_status_time: LastTime(report.last_status),
        last_inventory_time: LastTime(report.last_inventory),
        parent_server_id: report.server,
        details: report.details.as_deref().map(details),
    }
}

/// What RegisterComputer told; numbers are zero of a computer that has not registered yet.
fn computer_info(registration: &str) -> ComputerInfo {
    let mut writer = Writer::new();
    writer.element("computerInfo", |writer| writer.raw(registration));
    let text = writer.into_string();
    let mut reader = Reader::new(&text, XmlLimits::MESSAGE);
    match reader.next_child() {
        Ok(Some(_)) => ComputerInfo::read_children(&mut reader).unwrap_or_default(),
        _ => ComputerInfo::default(),
    }
}

fn details(details: &ReportedDetails) -> ComputerRollupDetails {
    let info = computer_info(&details.registration);
    let short = |text: &str, max: usize| text.chars().take(max).collect::<String>();
    let make = |text: &str| short(text, MAKE_CHARS_MAX);
    let groups = details.requested_groups.iter();
    ComputerRollupDetails {
        ip_address: details.address.clone(),
        full_domain_name: details.dns_name.clone(),
        os_major_version: info.os_major_version,
        os_minor_version: info.os_minor_version,
        os_build_number: info.os_build_number,
        os_service_pack_major_number: info.os_service_pack_major_number,
        os_service_pack_minor_number: info.os_service_pack_minor_number,
        os_locale: info.os_locale.unwrap_or_default(),
        os_family: OS_FAMILY.to_owned(),
        os_description: details.os_description.clone(),
        computer_make: make(&details.manufacturer),
        computer_model: make(&details.model),
        bios_version: make(&info.bios_version.unwrap_or_default()),
        bios_name: make(&info.bios_name.unwrap_or_default()),
        bios_release_date: LastTime(info.bios_release_date),
        processor_architecture: details.architecture.clone(),
        // Wider numbers of a stranger's agent than the wire has would make the whole call invalid.
        suite_mask: i32::from(info.suite_mask as i16),
        old_product_type: i32::from(info.old_product_type as u8),
        new_product_type: info.new_product_type,
        system_metrics: info.system_metrics,
        client_version: details.client_version.clone(),
        target_group_id_list: details.groups.clone(),
        requested_target_group_names: groups.map(|name| short(name, GROUP_NAME_CHARS_MAX)).collect(),
    }
}

fn status(report: &StatusReport, instance_id: Guid) -> ComputerStatusRollupInfo {
    let rows = report.rows.iter().map(|row| ComputerStatusRollupUpdateStatus {
        update_id: row.update,
        summarization_state: summarization_state(row.state),
        last_change_time: row.since,
    });
    ComputerStatusRollupInfo {
        instance_id,
        computer_id: report.client.to_string(),
        effective_last_detection_time: LastTime(report.effective_detection),
        rollup_number: report.number,
        is_full_rollup: report.is_full,
        update_status: rows.collect(),
    }
}
