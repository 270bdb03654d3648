//! Reports of a managing server.

use axum::extract::State;
use headwater_api::{
    Compliance, ComplianceQuery, ComputerSummary, FailuresQuery, Page, StandingQuery, Told, UpdateFailure,
};
use headwater_manager::Silent;

use crate::json::{Json, Query};
use crate::manager::Shared;
use crate::problem::Refusal;

pub(crate) async fn compliance(
    State(manager): Shared,
    Query(query): Query<ComplianceQuery>,
) -> Result<Json<Told<Page<Compliance>>>, Refusal> {
    manager.read().await?;
    let Told { value: items, caveat } = manager.compliance(query.by).await?;
    Ok(Json(Told { value: Page { items, next: None, total: None }, caveat }))
}

pub(crate) async fn standing(
    State(manager): Shared,
    Query(query): Query<StandingQuery>,
) -> Result<Json<Told<Page<ComputerSummary>>>, Refusal> {
    let mirror = manager.read().await?;
    Ok(Json(mirror.told(mirror.standing(&query))))
}

pub(crate) async fn failures(
    State(manager): Shared,
    Query(query): Query<FailuresQuery>,
) -> Result<Json<Told<Page<UpdateFailure>>>, Refusal> {
    Ok(Json(manager.failures(&query, &Silent::default()).await?))
}
