//! Computers.

use axum::extract::{Path, State};
use axum::http::StatusCode;
use headwater_api::{ComputerDetail, ComputerQuery, ComputerSummary, MoveRequest, Page};
use headwater_model::ClientId;
use headwater_views::computers;

use super::{Caller, Json, Query, Shared, parse_id};
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

pub(super) async fn move_to(
    State(console): Shared,
    Path(id): Path<String>,
    caller: Caller,
    Json(request): Json<MoveRequest>,
) -> Result<Json<ComputerSummary>, Refusal> {
    let client: ClientId = parse_id(&id, "a computer")?;
    let row = console.app.move_computer(&caller.0, &client, &request.groups).await?;
    Ok(Json(computers::summary_of(&console.app, &row).await?))
}

pub(super) async fn remove(
    State(console): Shared,
    Path(id): Path<String>,
    caller: Caller,
) -> Result<StatusCode, Refusal> {
    console.app.delete_computer(&caller.0, &parse_id(&id, "a computer")?).await?;
    Ok(StatusCode::NO_CONTENT)
}
