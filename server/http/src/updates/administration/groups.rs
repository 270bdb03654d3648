//! Groups, and which computers are in them.

use headwater_app::AppError;
use headwater_policy::group::{ALL_COMPUTERS, DOWNSTREAM_SERVERS, Group};
use headwater_wsus::wsusar::*;

use super::{Asked, client_id, required};

fn row(group: &Group) -> GenericReadableRow {
    TargetGroupRow {
        // What the group of servers has instead is not known.
        type_name: (group.id != DOWNSTREAM_SERVERS).then(|| "Computers".to_owned()),
        name: group.name.clone(),
        id: group.id,
        order_value: None,
        group_priority: None,
        parent_group_id: group.parent,
    }
    .to_row()
}

pub(super) async fn all(
    asked: &Asked<'_>,
    _: ExecuteSPGetAllTargetGroups,
) -> Result<ExecuteSPGetAllTargetGroupsResponse, AppError> {
    let result = asked.app.groups().iter().map(|summary| row(&summary.group)).collect();
    Ok(ExecuteSPGetAllTargetGroupsResponse { result })
}

pub(super) async fn by_id(
    asked: &Asked<'_>,
    message: ExecuteSPGetTargetGroupById,
) -> Result<ExecuteSPGetTargetGroupByIdResponse, AppError> {
    let served = asked.app.live.served();
    Ok(ExecuteSPGetTargetGroupByIdResponse { result: served.offers.groups.get(message.id).map(row) })
}

pub(super) async fn create(
    asked: &Asked<'_>,
    message: ExecuteSPCreateTargetGroup1,
) -> Result<ExecuteSPCreateTargetGroup1Response, AppError> {
    let name = required(message.name, "name")?;
    let parent = Some(message.parent_group_id).filter(|parent| !parent.is_nil()).unwrap_or(ALL_COMPUTERS);
    let made = asked.app.create_group(asked.operator()?, &name, Some(parent)).await?;
    Ok(ExecuteSPCreateTargetGroup1Response { result: Some(row(&made.group)) })
}

/// A replica refuses whatever *failIfReplica* says.
pub(super) async fn copy(
    asked: &Asked<'_>,
    message: ExecuteSPCreateTargetGroup2,
) -> Result<ExecuteSPCreateTargetGroup2Response, AppError> {
    let name = required(message.name, "name")?;
    let parent = Some(message.parent_group_id).filter(|parent| !parent.is_nil());
    let made = asked.app.copy_group(asked.operator()?, message.id, &name, parent).await?;
    Ok(ExecuteSPCreateTargetGroup2Response { result: Some(row(&made.group)) })
}

pub(super) async fn delete(
    asked: &Asked<'_>,
    message: ExecuteSPDeleteTargetGroup,
) -> Result<ExecuteSPDeleteTargetGroupResponse, AppError> {
    asked.app.delete_group(asked.operator()?, message.id).await?;
    Ok(ExecuteSPDeleteTargetGroupResponse {})
}

pub(super) async fn add_computer(
    asked: &Asked<'_>,
    message: ExecuteSPAddComputerToTargetGroupAllowMultipleGroups,
) -> Result<ExecuteSPAddComputerToTargetGroupAllowMultipleGroupsResponse, AppError> {
    let client = client_id(message.computer_id)?;
    asked.app.change_groups(asked.operator()?, &client, &[message.target_group_id], &[]).await?;
    Ok(ExecuteSPAddComputerToTargetGroupAllowMultipleGroupsResponse {})
}

pub(super) async fn remove_computer(
    asked: &Asked<'_>,
    message: ExecuteSPRemoveComputerFromTargetGroup,
) -> Result<ExecuteSPRemoveComputerFromTargetGroupResponse, AppError> {
    let client = client_id(message.computer_id)?;
    asked.app.change_groups(asked.operator()?, &client, &[], &[message.target_group_id]).await?;
    Ok(ExecuteSPRemoveComputerFromTargetGroupResponse {})
}
