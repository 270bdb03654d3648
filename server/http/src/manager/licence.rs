//! The licence terms of an update, to be read and accepted at the linked WSUS.

use axum::extract::{Path, State};
use headwater_api::{LicenceQuery, LicenceTerms, UpdateDetail};

use super::Shared;
use crate::caller::Administrator;
use crate::console::parse_id;
use crate::json::{Json, Query};
use crate::problem::Refusal;

pub(super) async fn show(
    State(manager): Shared,
    Path(id): Path<String>,
    Query(query): Query<LicenceQuery>,
) -> Result<Json<LicenceTerms>, Refusal> {
    Ok(Json(manager.licence(parse_id(&id, "an update")?, query.language).await?))
}

pub(super) async fn accept(
    State(manager): Shared,
    Administrator(caller): Administrator,
    Path(id): Path<String>,
) -> Result<Json<UpdateDetail>, Refusal> {
    Ok(Json(manager.accept_licence(parse_id(&id, "an update")?, &caller.name).await?))
}
