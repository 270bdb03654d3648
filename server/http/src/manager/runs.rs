//! Runs of the synchronisation command, and when they begin by themselves.

use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse as _, Response};
use headwater_api::{
    NewSchedule, Page, Schedule, StartedRun, SyncEvent, SyncQuery, SyncRequest, SyncRun, SyncRunsQuery,
};
use headwater_manager::{Looking, action_for};
use headwater_operators::Action;
use tokio::sync::mpsc;

use super::Shared;
use crate::caller::{Administrator, Caller};
use crate::json::{Json, Query, lines};
use crate::problem::Refusal;

/// The run goes on to its end even if the client hangs up.
pub(super) async fn begin(
    State(manager): Shared,
    caller: Caller,
    Query(query): Query<SyncQuery>,
    request: Result<Json<SyncRequest>, Refusal>,
) -> Result<Response, Refusal> {
    let Json(request) = match request {
        Ok(request) => request,
        // What cannot be read is no comparison.
        Err(refusal) => return caller.permitted(Action::Write).and(Err(refusal)),
    };
    let before = manager.running().await.filter(|running| !running.has_ended());
    let by = &caller.permitted(action_for(&request))?.name;
    let who = Looking::of(caller.permitted(Action::Write).is_ok());
    let running = manager.synchronise(&request, by, who).await?;
    if query.no_wait {
        let number = running.number;
        let joined = before.is_some_and(|before| before.number == number);
        let otherwise = running.otherwise(&request);
        let started = StartedRun { run: number as u64, joined, otherwise };
        return Ok((StatusCode::ACCEPTED, Json(started)).into_response());
    }
    let (events, received) = mpsc::unbounded_channel();
    let attached = running.otherwise(&request).map(|line| SyncEvent::Attached { line });
    tokio::spawn(async move {
        if attached.is_some_and(|event| events.send(event).is_err()) {
            return;
        }
        let mut seen = 0;
        while let Some(new) = running.lines(seen).await {
            seen += new.len();
            for event in new {
                if events.send(event).is_err() {
                    return;
                }
            }
        }
        let last = match running.result() {
            Some(Ok(report)) => SyncEvent::Finished { report: report.clone() },
            Some(Err(error)) => SyncEvent::Failed { problem: Refusal::from(error).0 },
            None => return,
        };
        let _ = events.send(last);
    });
    Ok(lines(received))
}

pub(super) async fn stop(State(manager): Shared, caller: Caller) -> Result<StatusCode, Refusal> {
    manager.stop_synchronising(&caller.permitted(Action::ForEveryGroup)?.name).await?;
    Ok(StatusCode::NO_CONTENT)
}

pub(super) async fn list(
    State(manager): Shared,
    Query(query): Query<SyncRunsQuery>,
) -> Result<Json<Page<SyncRun>>, Refusal> {
    Ok(Json(manager.sync_runs(&query).await?))
}

pub(super) async fn show(State(manager): Shared, Path(number): Path<u64>) -> Result<Json<SyncRun>, Refusal> {
    Ok(Json(manager.sync_run(number).await?))
}

pub(super) async fn schedule(State(manager): Shared) -> Result<Json<Option<Schedule>>, Refusal> {
    Ok(Json(manager.schedule().await?))
}

pub(super) async fn set_schedule(
    State(manager): Shared,
    Administrator(caller): Administrator,
    Json(new): Json<NewSchedule>,
) -> Result<Json<Option<Schedule>>, Refusal> {
    Ok(Json(manager.set_schedule(&new, &caller.name).await?))
}

pub(super) async fn clear_schedule(
    State(manager): Shared,
    Administrator(caller): Administrator,
) -> Result<StatusCode, Refusal> {
    manager.clear_schedule(&caller.name).await?;
    Ok(StatusCode::NO_CONTENT)
}
