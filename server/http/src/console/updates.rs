//! Updates and their approvals.

use axum::extract::{Path, State};
use headwater_api::{
    ApprovalRequest, ApprovalWithdrawal, DeclineRequest, LicenceQuery, LicenceTerms, NewRevisions, Page,
    Refusal as RefusedUpdate, UPDATES_PER_REQUEST_MAX, UpdateComputer, UpdateComputersQuery, UpdateDetail,
    UpdateQuery, UpdateSummary, UpdatesOutcome,
};
use headwater_app::Served;
use headwater_app::admin::approvals::{self, Decline, Outcome};
use headwater_model::UpdateId;
use headwater_views::approvals::{asked, seen};
use headwater_views::licence;
use headwater_views::updates::{self, reference};

use super::{Administrator, Caller, Json, Query, Shared, parse_id};
use crate::problem::Refusal;

pub(super) async fn list(
    State(console): Shared,
    Query(query): Query<UpdateQuery>,
) -> Result<Json<Page<UpdateSummary>>, Refusal> {
    Ok(Json(updates::find(&console.app, query)?))
}

pub(super) async fn show(
    State(console): Shared,
    Path(id): Path<String>,
) -> Result<Json<UpdateDetail>, Refusal> {
    Ok(Json(updates::show(&console.app, parse_id(&id, "an update")?).await?))
}

pub(super) async fn computers(
    State(console): Shared,
    Path(id): Path<String>,
    Query(query): Query<UpdateComputersQuery>,
) -> Result<Json<Page<UpdateComputer>>, Refusal> {
    Ok(Json(updates::computers(&console.app, parse_id(&id, "an update")?, &query.filter()).await?))
}

pub(super) async fn licence(
    State(console): Shared,
    Path(id): Path<String>,
    Query(query): Query<LicenceQuery>,
) -> Result<Json<LicenceTerms>, Refusal> {
    let id = parse_id(&id, "an update")?;
    Ok(Json(licence::terms(&console.app, id, query.language.as_deref()).await?))
}

pub(super) async fn accept_licence(
    State(console): Shared,
    Administrator(operator): Administrator,
    Path(id): Path<String>,
) -> Result<Json<UpdateDetail>, Refusal> {
    let id = parse_id(&id, "an update")?;
    console.app.accept_licence_of(&operator, id).await?;
    Ok(Json(updates::show(&console.app, id).await?))
}

pub(super) async fn approve(
    State(console): Shared,
    caller: Caller,
    Json(request): Json<ApprovalRequest>,
) -> Result<Json<UpdatesOutcome>, Refusal> {
    let updates = limited(&request.updates)?;
    let new_revisions = match request.new_revisions {
        NewRevisions::Follow => approvals::NewRevisions::Follow,
        NewRevisions::Wait => approvals::NewRevisions::Wait,
    };
    let operator = caller.for_groups(&[console.app.group_path(request.group)])?;
    let action = asked(request.action);
    let terms = approvals::Terms { action, deadline: request.deadline, new_revisions };
    let seen = seen(&request.seen);
    let outcome = console.app.approve(operator, updates, request.group, Some(terms), &seen).await?;
    Ok(outcome_json(&console.app.live.served(), outcome))
}

pub(super) async fn withdraw(
    State(console): Shared,
    caller: Caller,
    Json(request): Json<ApprovalWithdrawal>,
) -> Result<Json<UpdatesOutcome>, Refusal> {
    let updates = limited(&request.updates)?;
    let operator = caller.for_groups(&[console.app.group_path(request.group)])?;
    let seen = seen(&request.seen);
    let outcome = console.app.approve(operator, updates, request.group, None, &seen).await?;
    Ok(outcome_json(&console.app.live.served(), outcome))
}

pub(super) async fn decline(
    console: Shared,
    administrator: Administrator,
    request: Json<DeclineRequest>,
) -> Result<Json<UpdatesOutcome>, Refusal> {
    set_declined(console, administrator, request, Decline::Declined).await
}

pub(super) async fn undecline(
    console: Shared,
    administrator: Administrator,
    request: Json<DeclineRequest>,
) -> Result<Json<UpdatesOutcome>, Refusal> {
    set_declined(console, administrator, request, Decline::Undeclined).await
}

async fn set_declined(
    State(console): Shared,
    Administrator(operator): Administrator,
    Json(request): Json<DeclineRequest>,
    decline: Decline,
) -> Result<Json<UpdatesOutcome>, Refusal> {
    let (updates, seen) = (limited(&request.updates)?, seen(&request.seen));
    let outcome = console.app.decline(&operator, updates, decline, &seen).await?;
    Ok(outcome_json(&console.app.live.served(), outcome))
}

fn limited(updates: &[UpdateId]) -> Result<&[UpdateId], Refusal> {
    match updates.len() {
        0 => Err(Refusal::invalid("no update is named")),
        1..=UPDATES_PER_REQUEST_MAX => Ok(updates),
        more => {
            Err(Refusal::invalid(format!("{more} updates are more than {UPDATES_PER_REQUEST_MAX} at once")))
        }
    }
}

fn outcome_json(served: &Served, outcome: Outcome) -> Json<UpdatesOutcome> {
    let refs = |ids: Vec<UpdateId>| ids.into_iter().map(|id| reference(served, id)).collect();
    let refused = outcome.refused.into_iter();
    Json(UpdatesOutcome {
        applied: refs(outcome.applied),
        unchanged: refs(outcome.unchanged),
        refused: refused
            .map(|(id, reason)| RefusedUpdate { update: reference(served, id), reason })
            .collect(),
    })
}
