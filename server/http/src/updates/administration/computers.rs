//! Computers.

use headwater_app::AppError;
use headwater_app::admin::computers::ComputerRow as Computer;
use headwater_policy::group::ALL_COMPUTERS;
use headwater_wsus::wsusar::*;

use super::{Asked, client_id, int, invalid};

/// The computers that a scope means.
pub(super) async fn in_scope(asked: &Asked<'_>, scope: Option<&str>) -> Result<Vec<Computer>, AppError> {
    asked.app.all_computers(with_downstream(scope).map_err(invalid)?).await
}

pub(super) async fn search(
    asked: &Asked<'_>,
    message: ExecuteSPSearchComputers,
) -> Result<ExecuteSPSearchComputersResponse, AppError> {
    let computers = in_scope(asked, message.computer_target_scope_xml.as_deref()).await?;
    let (mut requested, mut memberships) = (Vec::new(), Vec::new());
    for computer in &computers {
        let names = computer.requested_group.split(';').map(str::trim).filter(|name| !name.is_empty());
        requested.extend(names.map(|name| {
            RequestedGroupRow { computer_id: computer.client.clone(), group_name: name.to_owned() }.to_row()
        }));
        // Everybody is in the root of the tree, which is not kept for each.
        let groups = computer.groups.iter().copied().chain([ALL_COMPUTERS]);
        memberships.extend(
            groups.map(|group_id| MembershipRow { computer_id: computer.client.clone(), group_id }.to_row()),
        );
    }
    let computers = computers.into_iter().map(row).collect();
    Ok(ExecuteSPSearchComputersResponse {
        result: vec![RowSet(computers), RowSet(requested), RowSet(memberships)],
    })
}

pub(super) async fn count(
    asked: &Asked<'_>,
    message: ExecuteSPGetComputerCount,
) -> Result<ExecuteSPGetComputerCountResponse, AppError> {
    let scope = message.computer_target_scope_xml.as_deref();
    let count = match with_downstream(scope).map_err(invalid)? {
        true => asked.app.live.computers(),
        false => asked.app.live.own_computers(),
    };
    Ok(ExecuteSPGetComputerCountResponse { result: int(count) })
}

pub(super) async fn delete(
    asked: &Asked<'_>,
    message: ExecuteSPDeleteComputer,
) -> Result<ExecuteSPDeleteComputerResponse, AppError> {
    asked.app.delete_computer(asked.operator()?, &client_id(message.id)?).await?;
    Ok(ExecuteSPDeleteComputerResponse {})
}

fn row(computer: Computer) -> GenericReadableRow {
    let text = |text: String| Some(text).filter(|text| !text.is_empty());
    let mut version = computer.os_version.split('.').map(|number| number.parse().ok());
    let mut number = || version.next().flatten();
    ComputerRow {
        computer_id: computer.client,
        last_sync_time: Time(computer.last_sync),
        last_reported_status_time: Time(computer.last_report),
        ip_address: text(computer.address),
        full_domain_name: text(computer.dns_name),
        os_major_version: number(),
        os_minor_version: number(),
        os_build_number: number(),
        os_service_pack_major_number: None,
        os_service_pack_minor_number: None,
        os_locale: None,
        computer_make: text(computer.manufacturer),
        computer_model: text(computer.model),
        bios_version: None,
        bios_name: None,
        bios_release_date: Time(None),
        processor_architecture: text(computer.architecture).write(),
        requested_target_group: text(computer.requested_group),
        last_inventory_time: Time(None),
        parent_server: computer.server.write(),
        last_sync_result: Some(i32::from(computer.last_sync.is_some())),
        suite_mask: Cell::Nil,
        old_product_type: Cell::Nil,
        new_product_type: Cell::Nil,
        system_metrics: Cell::Nil,
        client_version: text(computer.client_version),
        os_family: None,
        os_description: text(computer.os_description),
        oem: Cell::Nil,
        device_type: Cell::Nil,
        firmware_version: Cell::Nil,
        mobile_operator: Cell::Nil,
    }
    .to_row()
}
