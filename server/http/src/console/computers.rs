//! Computers.

use axum::extract::{Path, State};
use axum::http::StatusCode;
use headwater_api::{
    ComputerDetail, ComputerQuery, ComputerSummary, ComputerUpdate, ComputerUpdateState, MoveRequest, Page,
    ServerRef,
};
use headwater_app::Served;
use headwater_app::admin::computers::ComputerRow;
use headwater_app::admin::status::{self as use_case, Counts, State as UpdateState};
use headwater_model::{ClientId, GroupId, Timestamp};

use super::{Caller, Console, Json, Query, Shared, groups, page, page_limit, parse_id, status};
use crate::problem::Refusal;

/// A computer without contact for so long is silent.
pub(super) const SILENT_AFTER_DAYS: u32 = 30;

/// Updates of one computer that are shown.
const UPDATES_MAX: usize = 1_000;

pub(super) async fn list(
    State(console): Shared,
    Query(query): Query<ComputerQuery>,
) -> Result<Json<Page<ComputerSummary>>, Refusal> {
    find(&console, query.search, query.group, query.after, query.limit).await.map(Json)
}

pub(super) async fn find(
    console: &Console,
    search: Option<String>,
    group: Option<GroupId>,
    after: Option<String>,
    limit: Option<u32>,
) -> Result<Page<ComputerSummary>, Refusal> {
    let limit = page_limit(limit);
    let after = after.map(|after| parse_id(&after, "a page")).transpose()?.unwrap_or(0);
    let rows = console.app.computers(search, group, after, limit as u32 + 1).await?;
    let total = (group.is_none() && after == 0).then(|| console.app.live.computers() as u64);
    let page = page(rows, limit, |row| row.computer.to_string(), total);
    let items = summaries(console, &console.app.live.served_full(), &page.items).await?;
    Ok(Page { items, next: page.next, total: page.total })
}

pub(super) async fn show(
    State(console): Shared,
    Path(id): Path<String>,
) -> Result<Json<ComputerDetail>, Refusal> {
    let row = console.app.computer(&parse_id(&id, "a computer")?).await?;
    let served = console.app.live.served_full();
    let updates = console.app.computer_updates(&served, &row).await?;
    let text = |value: &str| Some(value.to_owned()).filter(|value| !value.is_empty());
    Ok(Json(ComputerDetail {
        summary: summary_of(&console, &row).await?,
        registered_at: row.first_contact,
        agent_version: text(&row.client_version),
        architecture: text(&row.architecture),
        manufacturer: text(&row.manufacturer),
        model: text(&row.model),
        requested_group: text(&row.requested_group),
        updates: updates.iter().filter_map(|one| update(&served, one)).take(UPDATES_MAX).collect(),
    }))
}

pub(super) async fn move_to(
    State(console): Shared,
    Path(id): Path<String>,
    caller: Caller,
    Json(request): Json<MoveRequest>,
) -> Result<Json<ComputerSummary>, Refusal> {
    let client: ClientId = parse_id(&id, "a computer")?;
    let row = console.app.move_computer(&caller.0, &client, &request.groups).await?;
    summary_of(&console, &row).await.map(Json)
}

pub(super) async fn remove(
    State(console): Shared,
    Path(id): Path<String>,
    caller: Caller,
) -> Result<StatusCode, Refusal> {
    console.app.delete_computer(&caller.0, &parse_id(&id, "a computer")?).await?;
    Ok(StatusCode::NO_CONTENT)
}

pub(super) fn silent_since(now: Timestamp) -> Timestamp {
    now.plus_seconds(-i64::from(SILENT_AFTER_DAYS) * 86_400)
}

async fn summary_of(console: &Console, row: &ComputerRow) -> Result<ComputerSummary, Refusal> {
    let found = summaries(console, &console.app.live.served_full(), std::slice::from_ref(row)).await?;
    found.into_iter().next().ok_or_else(Refusal::unknown_path)
}

async fn summaries(
    console: &Console,
    served: &Served,
    rows: &[ComputerRow],
) -> Result<Vec<ComputerSummary>, Refusal> {
    let counts = console.app.computer_counts(served, rows).await?;
    let silent_since = silent_since(console.app.clock.now());
    let servers = match rows.iter().any(|row| row.server.is_some()) {
        true => console.app.downstream_servers().await?,
        false => Vec::new(),
    };
    let named = |row: &ComputerRow| {
        let id = row.server?;
        let known = servers.iter().find(|one| one.server.id == id);
        Some(ServerRef { id, name: known.map_or_else(|| id.to_string(), |one| one.server.name.clone()) })
    };
    let rows = rows.iter().zip(&counts);
    rows.map(|(row, counts)| summary(served, row, named(row), counts, silent_since)).collect()
}

fn summary(
    served: &Served,
    row: &ComputerRow,
    server: Option<ServerRef>,
    counts: &Counts,
    silent_since: Timestamp,
) -> Result<ComputerSummary, Refusal> {
    let text = |value: &str| Some(value.to_owned()).filter(|value| !value.is_empty());
    Ok(ComputerSummary {
        id: parse_id(&row.client, "a computer")?,
        name: row.dns_name.clone(),
        server,
        address: text(&row.address),
        groups: row.groups.iter().map(|group| groups::reference(served, *group)).collect(),
        os: text(&row.os_description),
        os_version: text(&row.os_version),
        last_contact_at: row.last_contact,
        last_report_at: row.last_report,
        silent: row.last_contact < silent_since,
        status: status::counts(counts),
    })
}

fn update(served: &Served, one: &use_case::ComputerUpdate) -> Option<ComputerUpdate> {
    let newest = served.newest(one.update);
    Some(ComputerUpdate {
        id: served.catalogue.index.update(one.update).id,
        title: served.catalogue.card(newest).title.to_string(),
        state: match one.state {
            UpdateState::Failed => ComputerUpdateState::Failed,
            UpdateState::NotInstalled => ComputerUpdateState::Needed,
            UpdateState::Downloaded => ComputerUpdateState::Downloaded,
            UpdateState::InstalledPendingReboot => ComputerUpdateState::PendingRestart,
            UpdateState::Installed | UpdateState::NotApplicable | UpdateState::Unknown => return None,
        },
        since: one.since,
        error: (one.hresult != 0).then(|| format!("{:#010x}", one.hresult)),
    })
}
