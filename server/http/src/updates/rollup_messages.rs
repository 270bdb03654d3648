//! The messages of rollups and our values. What is not of its form or too long is `None`: the whole
//! call is refused then, as the protocol knows no other answer.

use headwater_policy::rollup::{
    Change, ComputerReport, ReportedDetails, ReportedRow, RollupConfiguration, ServerReport, ServerSummary,
    StatusReport, SyncResult, state,
};
use headwater_wsus::soap::Structure as _;
use headwater_wsus::wsusss::{
    ComputerChangeType, ComputerRollupDetails, ComputerRollupInfo, ComputerStatusRollupInfo,
    ComputerStatusRollupUpdateStatus, DownstreamServerRollupInfo, DownstreamServerRollupServerSummary,
    GetRollupConfigurationResponse, RollupConfiguration as WireConfiguration,
};
use headwater_wsus::wusp::ComputerInfo;
use headwater_xml::Writer;

/// The longest name of a host ([RFC1035] 2.3.4).
const NAME_BYTES_MAX: usize = 255;
/// Bytes of any other text. Manufacturers and models have 64 characters at most.
const TEXT_BYTES_MAX: usize = 512;
/// Groups of one computer, or names of groups that it asks for.
const GROUPS_MAX: usize = 1_000;
/// Characters of the name of a group ([MS-WSUSSS] 3.1.4.15.3.3).
const GROUP_NAME_CHARS_MAX: usize = 256;

pub(crate) fn configuration(configuration: &RollupConfiguration) -> GetRollupConfigurationResponse {
    let limits = configuration.limits;
    let max = |max: usize| i32::try_from(max).unwrap_or(i32::MAX);
    GetRollupConfigurationResponse {
        result: WireConfiguration {
            do_detailed_rollup: configuration.is_detailed,
            rollup_reset_guid: configuration.reset,
            server_id: configuration.server,
            rollup_downstream_servers_max_batch_size: max(limits.servers_max),
            rollup_computers_max_batch_size: max(limits.computers_max),
            get_out_of_sync_computers_max_batch_size: max(limits.numbers_max),
            rollup_computer_status_max_batch_size: max(limits.statuses_max),
        },
    }
}

pub(crate) fn change(change: Change) -> ComputerChangeType {
    match change {
        Change::Deleted => ComputerChangeType::Deleted,
        Change::NewParent => ComputerChangeType::NewParent,
    }
}

/// A text without what no screen should see.
fn text(text: &str, bytes_max: usize) -> Option<String> {
    let text = text.trim();
    (text.len() <= bytes_max && !text.chars().any(char::is_control)).then(|| text.to_owned())
}

pub(crate) fn server_report(info: DownstreamServerRollupInfo) -> Option<ServerReport> {
    Some(ServerReport {
        server: info.server_id,
        name: text(&info.full_domain_name, NAME_BYTES_MAX)?,
        parent: info.parent_server_id,
        version: text(&info.version, TEXT_BYTES_MAX)?,
        is_replica: info.is_replica,
        last_sync: info.last_sync_time.0,
        last_rollup: info.last_rollup_time.0,
        summary: info.server_summary.map_or_else(ServerSummary::default, |counts| summary(&counts)),
    })
}

/// Counts are never negative ([MS-WSUSSS] 3.1.4.14.3.3).
fn summary(counts: &DownstreamServerRollupServerSummary) -> ServerSummary {
    let count = |count: i32| u32::try_from(count).unwrap_or(0);
    ServerSummary {
        updates: count(counts.update_count),
        declined: count(counts.declined_update_count),
        approved: count(counts.approved_update_count),
        not_approved: count(counts.not_approved_update_count),
        stale_approvals: count(counts.updates_with_stale_update_approvals_count),
        expired: count(counts.expired_update_count),
        critical_not_approved: count(counts.critical_or_security_updates_not_approved_for_install_count),
        infrastructure_not_approved: count(counts.wsus_infrastructure_updates_not_approved_for_install_count),
        failed_on_computers: count(counts.updates_with_client_errors_count),
        failed_to_fetch: count(counts.updates_with_server_errors_count),
        needing_files: count(counts.updates_needing_files_count),
        needed: count(counts.updates_needed_by_computers_count),
        installed_everywhere: count(counts.updates_up_to_date_count),
        groups: count(counts.custom_computer_target_group_count),
        computers: count(counts.computer_target_count),
        computers_needing: count(counts.computer_targets_needing_updates_count),
        computers_failing: count(counts.computer_targets_with_update_errors_count),
        computers_up_to_date: count(counts.computers_up_to_date_count),
    }
}

pub(crate) fn computer_report(info: ComputerRollupInfo) -> Option<ComputerReport> {
    let details = match &info.details {
        Some(told) => Some(Box::new(details(told, &info.computer_id)?)),
        None => None,
    };
    Some(ComputerReport {
        client: info.computer_id.parse().ok()?,
        server: info.parent_server_id,
        last_sync: info.last_sync_time.0,
        sync_result: SyncResult::of(info.last_sync_result.into())?,
        last_reboot: info.last_reported_reboot_time.0,
        last_status: info.last_reported_status_time.0,
        last_inventory: info.last_inventory_time.0,
        details,
    })
}

fn details(told: &ComputerRollupDetails, id: &str) -> Option<ReportedDetails> {
    let info = computer_info(told)?;
    let mut registration = Writer::new();
    info.write_children(&mut registration);
    let is_name = |name: &&String| name.chars().count() <= GROUP_NAME_CHARS_MAX && !name.contains(';');
    let groups = (&told.target_group_id_list, &told.requested_target_group_names);
    if groups.0.len() > GROUPS_MAX || groups.1.len() > GROUPS_MAX {
        return None;
    }
    Some(ReportedDetails {
        address: text(&told.ip_address, TEXT_BYTES_MAX)?,
        dns_name: if info.dns_name.is_empty() { id.to_lowercase() } else { info.dns_name.to_lowercase() },
        os_version: format!("{}.{}.{}", info.os_major_version, info.os_minor_version, info.os_build_number),
        os_description: info.os_description.unwrap_or_default(),
        architecture: info.processor_architecture.unwrap_or_default(),
        manufacturer: info.computer_manufacturer.unwrap_or_default(),
        model: info.computer_model.unwrap_or_default(),
        client_version: text(&told.client_version, TEXT_BYTES_MAX)?,
        registration: registration.into_string(),
        groups: groups.0.clone(),
        requested_groups: groups.1.iter().filter(is_name).filter_map(|name| text(name, usize::MAX)).collect(),
    })
}

/// What the computer would say of itself in RegisterComputer.
fn computer_info(told: &ComputerRollupDetails) -> Option<ComputerInfo> {
    let some = |value: &str| Some(Some(text(value, TEXT_BYTES_MAX)?).filter(|text| !text.is_empty()));
    let mut version = told.client_version.split('.').map(|part| part.trim().parse().unwrap_or(0));
    let mut next = || version.next().unwrap_or(0);
    Some(ComputerInfo {
        dns_name: text(&told.full_domain_name, NAME_BYTES_MAX)?,
        os_major_version: told.os_major_version,
        os_minor_version: told.os_minor_version,
        os_build_number: told.os_build_number,
        os_service_pack_major_number: told.os_service_pack_major_number,
        os_service_pack_minor_number: told.os_service_pack_minor_number,
        os_locale: some(&told.os_locale)?,
        computer_manufacturer: some(&told.computer_make)?,
        computer_model: some(&told.computer_model)?,
        bios_version: some(&told.bios_version)?,
        bios_name: some(&told.bios_name)?,
        bios_release_date: told.bios_release_date.0,
        processor_architecture: some(&told.processor_architecture)?,
        suite_mask: told.suite_mask,
        old_product_type: told.old_product_type,
        new_product_type: told.new_product_type,
        system_metrics: told.system_metrics,
        client_version_major_number: next(),
        client_version_minor_number: next(),
        client_version_build_number: next(),
        client_version_qfe_number: next(),
        os_description: some(&told.os_description)?,
        oem: None,
        device_type: None,
        firmware_version: None,
        mobile_operator: None,
    })
}

pub(crate) fn status_report(info: ComputerStatusRollupInfo) -> Option<StatusReport> {
    let row = |status: &ComputerStatusRollupUpdateStatus| {
        let state = state(status.summarization_state)?;
        Some(ReportedRow { update: status.update_id, state, since: status.last_change_time })
    };
    Some(StatusReport {
        client: info.computer_id.parse().ok()?,
        number: Some(info.rollup_number).filter(|number| *number >= 1)?,
        is_full: info.is_full_rollup,
        effective_detection: info.effective_last_detection_time.0,
        rows: info.update_status.iter().map(row).collect::<Option<_>>()?,
    })
}
