//! Computers.

use headwater_api::{
    ComputerDetail, ComputerQuery, ComputerSummary, ComputerUpdate, ComputerUpdateState, EffectiveApproval,
    Page, ServerRef, StatesQuery,
};
use headwater_app::admin::computers::{ComputerRow, Contact};
use headwater_app::admin::status::{self as use_case, Counts};
use headwater_app::{App, AppError, Served};
use headwater_catalog::UpdateIx;
use headwater_model::{ClientId, GroupId, Timestamp, UpdateId};

use crate::{groups, paging, status};

/// A computer without contact for so long is silent.
pub const SILENT_AFTER_DAYS: u32 = 30;

/// Updates of one computer that are shown.
const UPDATES_MAX: usize = 1_000;

/// A page of the computers that match.
pub async fn find(app: &App, query: ComputerQuery) -> Result<Page<ComputerSummary>, AppError> {
    let is_of_a_tree = query.server.is_some() || query.outside || query.state.is_some();
    if is_of_a_tree || query.sort.is_some() || query.reverse {
        return Err(AppError::Invalid(
            "only a managing server of its own lists computers by server or state, those outside the link, or in \
             another order"
                .to_owned(),
        ));
    }
    let limit = paging::limit(query.limit);
    let after = paging::begin(query.after.as_deref())?.unwrap_or(0);
    let group = query.group;
    let now = app.clock.now();
    let contact = Contact { after: query.contact_after(now), until: query.contact_until(now) };
    let is_whole = group.is_none() && contact == Contact::default() && after == 0;
    let rows = app.computers(query.search, group, contact, after, limit as u32 + 1).await?;
    let total = is_whole.then(|| app.live.computers() as u64);
    let page = paging::page(rows, limit, |row| row.computer.to_string(), total);
    let items = summaries(app, &app.live.served_full(), &page.items).await?;
    Ok(Page { items, next: page.next, total: page.total })
}

/// Everything about one computer.
pub async fn show(app: &App, client: &ClientId) -> Result<ComputerDetail, AppError> {
    let row = app.computer(client).await?;
    let served = app.live.served_full();
    let open = status::asked(&ComputerUpdateState::OPEN);
    let updates = app.computer_updates(&served, &row, &open).await?;
    let text = |value: &str| Some(value.to_owned()).filter(|value| !value.is_empty());
    Ok(ComputerDetail {
        summary: summary_of(app, &row).await?,
        registered_at: row.first_contact,
        requested_group: text(&row.requested_group),
        products: row.products.as_deref().map(|products| product_titles(&served, products)),
        updates: updates.iter().map(|one| update(&served, one)).take(UPDATES_MAX).collect(),
        approvals: in_effect(&served, &row.groups),
        memberships: Vec::new(),
        namesakes: Vec::new(),
        seen: Vec::new(),
    })
}

/// What products are called, in order; by their ids where they have left the catalogue.
pub fn product_titles(served: &Served, products: &[UpdateId]) -> Vec<String> {
    let title = |id: &UpdateId| match served.catalogue.title(*id) {
        Some(title) => title.to_owned(),
        None => id.to_string(),
    };
    let mut titles: Vec<String> = products.iter().map(title).collect();
    titles.sort();
    titles.dedup();
    titles
}

/// A page of the updates that are in a state on a computer.
pub async fn updates(
    app: &App,
    client: &ClientId,
    query: &StatesQuery,
) -> Result<Page<ComputerUpdate>, AppError> {
    let row = app.computer(client).await?;
    let served = app.live.served_full();
    let found = app.computer_updates(&served, &row, &status::asked(&query.states())).await?;
    let updates = found.iter().map(|one| update(&served, one)).collect();
    Ok(Page::cut(updates, query.limit(), query.after.as_deref(), |one| one.id.to_string()))
}

fn in_effect(served: &Served, groups: &[GroupId]) -> Vec<EffectiveApproval> {
    let updates = (0..).map(UpdateIx).zip(served.catalogue.index.updates());
    let mut found: Vec<EffectiveApproval> = updates
        .filter_map(|(at, update)| {
            let (approval, resolved) = served.effective_approval(at, groups)?;
            Some(EffectiveApproval {
                id: update.id,
                title: crate::updates::reference(served, update.id).title.unwrap_or_default(),
                action: crate::approvals::told(resolved.action?),
                deadline: resolved.deadline,
                group: groups::reference(served, approval.group),
            })
        })
        .collect();
    found.sort_by(|one, other| (&one.title, one.id).cmp(&(&other.title, other.id)));
    found.truncate(UPDATES_MAX);
    found
}

/// Whoever had no contact since then is silent.
pub fn silent_since(now: Timestamp) -> Timestamp {
    now.plus_seconds(-i64::from(SILENT_AFTER_DAYS) * 86_400)
}

/// One computer as lists show it.
pub async fn summary_of(app: &App, row: &ComputerRow) -> Result<ComputerSummary, AppError> {
    let found = summaries(app, &app.live.served_full(), std::slice::from_ref(row)).await?;
    found.into_iter().next().ok_or(AppError::Internal("a computer was lost"))
}

async fn summaries(
    app: &App,
    served: &Served,
    rows: &[ComputerRow],
) -> Result<Vec<ComputerSummary>, AppError> {
    let counts = app.computer_counts(served, rows).await?;
    let silent_since = silent_since(app.clock.now());
    let servers = match rows.iter().any(|row| row.server.is_some()) {
        true => app.downstream_servers().await?,
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
) -> Result<ComputerSummary, AppError> {
    let text = |value: &str| Some(value.to_owned()).filter(|value| !value.is_empty());
    Ok(ComputerSummary {
        id: row.client.parse().map_err(|_| AppError::Internal("a stored client id is none"))?,
        name: row.dns_name.clone(),
        server,
        address: text(&row.address),
        groups: row.groups.iter().map(|group| groups::reference(served, *group)).collect(),
        os: text(&row.os_description),
        os_version: text(&row.os_version),
        architecture: text(&row.architecture),
        agent_version: text(&row.client_version),
        manufacturer: text(&row.manufacturer),
        model: text(&row.model),
        last_contact_at: row.last_contact,
        last_report_at: row.last_report,
        note: None,
        silent: row.last_contact < silent_since,
        status: status::counts(counts),
    })
}

fn update(served: &Served, one: &use_case::ComputerUpdate) -> ComputerUpdate {
    let newest = served.newest(one.update);
    ComputerUpdate {
        id: served.catalogue.index.update(one.update).id,
        title: served.catalogue.card(newest).title.to_string(),
        state: status::told(one.state),
        since: one.since.unwrap_or(Timestamp::EPOCH),
        error: status::error(one.hresult),
    }
}
