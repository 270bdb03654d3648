//! The upstream server and the runs that take from it.

use axum::extract::{Path, State};
use axum::http::StatusCode;
use headwater_api::{
    Page, Quarantined, Run, RunState, RunStep, StartedRun, Upstream, UpstreamFilter, UpstreamMode,
    UpstreamRequest,
};
use headwater_app::AppError;
use headwater_app::downstream_server::{self as app, RunRow, UpstreamReport};

use super::{Administrator, Json, Shared, parse_id};
use crate::problem::Refusal;

pub(super) async fn show(State(console): Shared) -> Result<Json<Upstream>, Refusal> {
    let report = console.app.upstream_report().await?;
    Ok(Json(report.map(upstream).ok_or_else(app::none_is_set)?))
}

pub(super) async fn set(
    State(console): Shared,
    Administrator(operator): Administrator,
    Json(request): Json<UpstreamRequest>,
) -> Result<Json<Upstream>, Refusal> {
    let mode = match request.mode {
        UpstreamMode::Replica => app::UpstreamMode::Replica,
        UpstreamMode::Autonomous => app::UpstreamMode::Autonomous,
    };
    console.app.set_upstream(&operator, &request.url, request.ca_pem.as_deref(), mode).await?;
    show(State(console)).await
}

pub(super) async fn filter(
    State(console): Shared,
    Administrator(operator): Administrator,
    Json(request): Json<UpstreamFilter>,
) -> Result<Json<Upstream>, Refusal> {
    let UpstreamFilter { products, classifications, languages } = request;
    let filter = app::UpstreamFilter { products, classifications, languages };
    console.app.filter_upstream(&operator, &filter).await?;
    show(State(console)).await
}

pub(super) async fn clear(
    State(console): Shared,
    Administrator(operator): Administrator,
) -> Result<StatusCode, Refusal> {
    console.app.clear_upstream(&operator).await?;
    Ok(StatusCode::NO_CONTENT)
}

pub(super) async fn stop(
    State(console): Shared,
    Administrator(operator): Administrator,
) -> Result<StatusCode, Refusal> {
    match console.app.stop_synchronising(&operator).await? {
        Some(_) => Ok(StatusCode::NO_CONTENT),
        None => Err(AppError::Refused("no run is going".to_owned()).into()),
    }
}

pub(super) async fn synchronise(
    State(console): Shared,
    Administrator(operator): Administrator,
) -> Result<(StatusCode, Json<StartedRun>), Refusal> {
    let started = console.app.synchronise_now(&operator).await?;
    let started = StartedRun { run: started.number as u64, joined: started.joined, otherwise: None };
    Ok((StatusCode::ACCEPTED, Json(started)))
}

pub(super) async fn runs(State(console): Shared) -> Result<Json<Page<Run>>, Refusal> {
    let items = console.app.runs().await?.into_iter().map(run).collect();
    Ok(Json(Page { items, next: None, total: None }))
}

pub(super) async fn show_run(
    State(console): Shared,
    Path(number): Path<String>,
) -> Result<Json<Run>, Refusal> {
    let number = parse_id(&number, "a run")?;
    Ok(Json(run(console.app.run(number).await?)))
}

pub(super) fn upstream(report: UpstreamReport) -> Upstream {
    let filter = report.setting.filter;
    Upstream {
        url: report.setting.url,
        mode: match report.setting.mode {
            app::UpstreamMode::Replica => UpstreamMode::Replica,
            app::UpstreamMode::Autonomous => UpstreamMode::Autonomous,
        },
        filter: UpstreamFilter {
            products: filter.products,
            classifications: filter.classifications,
            languages: filter.languages,
        },
        running: report.running.map(|number| number as u64),
        last_run: report.last_run.map(run),
    }
}

fn run(row: RunRow) -> Run {
    let quarantined = row.quarantined.into_iter();
    Run {
        number: row.number as u64,
        state: match row.state {
            app::RunState::Running => RunState::Running,
            app::RunState::Done => RunState::Done,
            app::RunState::Partial => RunState::Partial,
            app::RunState::Failed => RunState::Failed,
            app::RunState::Cancelled => RunState::Cancelled,
        },
        step: match row.step {
            app::RunStep::Connecting => RunStep::Connecting,
            app::RunStep::Categories => RunStep::Categories,
            app::RunStep::Updates => RunStep::Updates,
            app::RunStep::Approvals => RunStep::Approvals,
            app::RunStep::Reports => RunStep::Reports,
        },
        by: row.by,
        started_at: row.started_at,
        finished_at: row.finished_at,
        documents: row.documents,
        documents_total: row.documents_total,
        added: row.added,
        approvals_changed: row.approvals_changed,
        quarantined: quarantined
            .map(|one| Quarantined { name: one.name, update_id: one.update, reason: one.reason })
            .collect(),
        problem: row.problem,
    }
}
