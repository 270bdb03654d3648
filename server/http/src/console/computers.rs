//! Computers.

use axum::extract::{Path, State};
use axum::http::StatusCode;
use headwater_api::{
    ComputerDetail, ComputerQuery, ComputerSummary, ComputerUpdate, MoveRequest, Page, StatesQuery,
};
use headwater_model::ClientId;
use headwater_views::computers;

use headwater_operators::GroupPath;
use headwater_policy::group::UNASSIGNED_COMPUTERS;

use super::{Caller, Console, Json, Query, Shared, parse_id};
use crate::problem::Refusal;

pub(super) async fn list(
    State(console): Shared,
    Query(query): Query<ComputerQuery>,
) -> Result<Json<Page<ComputerSummary>>, Refusal> {
    Ok(Json(computers::find(&console.app, query).await?))
}

pub(super) async fn show(
    State(console): Shared,
    Path(id): Path<String>,
) -> Result<Json<ComputerDetail>, Refusal> {
    Ok(Json(computers::show(&console.app, &parse_id(&id, "a computer")?).await?))
}

pub(super) async fn updates(
    State(console): Shared,
    Path(id): Path<String>,
    Query(query): Query<StatesQuery>,
) -> Result<Json<Page<ComputerUpdate>>, Refusal> {
    Ok(Json(computers::updates(&console.app, &parse_id(&id, "a computer")?, &query).await?))
}

pub(super) async fn move_to(
    State(console): Shared,
    Path(id): Path<String>,
    caller: Caller,
    Json(request): Json<MoveRequest>,
) -> Result<Json<ComputerSummary>, Refusal> {
    let client: ClientId = parse_id(&id, "a computer")?;
    let mut paths = paths_of(&console, &client).await?;
    paths.extend(request.groups.iter().map(|group| console.app.group_path(*group)));
    let row = console.app.move_computer(caller.for_groups(&paths)?, &client, &request.groups).await?;
    Ok(Json(computers::summary_of(&console.app, &row).await?))
}

pub(super) async fn remove(
    State(console): Shared,
    Path(id): Path<String>,
    caller: Caller,
) -> Result<StatusCode, Refusal> {
    let client: ClientId = parse_id(&id, "a computer")?;
    let operator = caller.for_groups(&paths_of(&console, &client).await?)?;
    console.app.delete_computer(operator, &client).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// The groups that a computer is in. One of no group can be put into any.
async fn paths_of(console: &Console, client: &ClientId) -> Result<Vec<GroupPath>, Refusal> {
    let groups = console.app.computer(client).await?.groups;
    let groups = groups.iter().filter(|group| **group != UNASSIGNED_COMPUTERS);
    Ok(groups.map(|group| console.app.group_path(*group)).collect())
}
