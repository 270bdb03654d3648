//! How far the computers are.

use axum::extract::State;
use headwater_api::{StatusQuery, StatusSummary};
use headwater_views::status;

use super::{Json, Query, Shared};
use crate::problem::Refusal;

pub(super) async fn show(
    State(console): Shared,
    Query(query): Query<StatusQuery>,
) -> Result<Json<StatusSummary>, Refusal> {
    Ok(Json(status::summary(&console.app, query.group).await?))
}
