//! The server at a glance, its history, and the policy for clients.

use axum::extract::State;
use axum::http::header;
use axum::response::{IntoResponse, Response};
use headwater_api::{
    CatalogueStatus, Change, ComputersStatus, ContentState, ContentStatus, HistoryQuery, Page, PolicyFormat,
    PolicyQuery, ServerStatus, ServerUrls,
};
use headwater_app::admin;
use headwater_app::content::{self, ContentReport};
use headwater_model::ServerId;
use headwater_views::{computers, history};

use super::{Json, Query, Shared, downstream, upstream};
use crate::problem::Refusal;

pub(super) async fn show(State(console): Shared) -> Result<Json<ServerStatus>, Refusal> {
    let app = &console.app;
    let counts = app.catalogue_counts();
    let silent = app.silent_computers(computers::silent_since(app.clock.now())).await?;
    Ok(Json(ServerStatus {
        version: env!("CARGO_PKG_VERSION").to_owned(),
        server_id: app.server.id,
        epoch: ServerId::from_u128(app.server.epoch as u128),
        started_at: app.started_at,
        data_folder: app.settings.data.display().to_string(),
        urls: ServerUrls { updates: console.updates_url.clone(), console: console.console_url.clone() },
        catalogue: CatalogueStatus {
            updates: counts.updates,
            revisions: counts.revisions,
            categories: counts.categories,
            detectoids: counts.detectoids,
            incomplete: counts.incomplete,
            declined: counts.declined,
            quarantined: counts.quarantined,
            approvals: counts.approvals,
        },
        computers: ComputersStatus {
            total: app.live.computers() as u64,
            silent,
            silent_after_days: computers::SILENT_AFTER_DAYS,
        },
        content: content(app.content_report().await?),
        upstream: app.upstream_report().await?.map(upstream::upstream),
        downstream: downstream::told(&app.downstream_servers().await?),
    }))
}

fn content(report: ContentReport) -> ContentStatus {
    ContentStatus {
        files_held: report.files_held,
        files_wanted: report.files_wanted,
        bytes_held: report.bytes_held,
        bytes_wanted: report.bytes_wanted,
        state: match report.state {
            content::ContentState::Complete => ContentState::Complete,
            content::ContentState::Working => ContentState::Working,
            content::ContentState::Missing => ContentState::Missing,
            content::ContentState::DiskFull => ContentState::DiskFull,
        },
        problem: report.problem,
    }
}

pub(super) async fn policy(State(console): Shared, Query(query): Query<PolicyQuery>) -> Response {
    let format = match query.format {
        PolicyFormat::Reg => admin::policy::PolicyFormat::Registry,
        PolicyFormat::Powershell => admin::policy::PolicyFormat::PowerShell,
    };
    let text = admin::policy::client_policy(format, &console.updates_url, None);
    ([(header::CONTENT_TYPE, "text/plain; charset=utf-8")], text).into_response()
}

pub(super) async fn history(
    State(console): Shared,
    Query(query): Query<HistoryQuery>,
) -> Result<Json<Page<Change>>, Refusal> {
    Ok(Json(history::list(&console.app, &query).await?))
}

/// Answers while the snapshots are there, which is always once the listeners are up.
pub(super) async fn health() -> &'static str {
    "ok\n"
}

pub(super) async fn metrics(State(console): Shared) -> Response {
    rendered(&(console.metrics)())
}

pub(super) fn rendered(metrics: &str) -> Response {
    ([(header::CONTENT_TYPE, "text/plain; version=0.0.4")], metrics.to_owned()).into_response()
}
