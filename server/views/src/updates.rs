//! Updates and their approvals.

use headwater_api::linkage::StateOnComputer;
use headwater_api::{
    Approval, ApprovalFilter, ComputerUpdateState, Page, Revision, StatesQuery, UpdateComputer, UpdateCounts,
    UpdateDetail, UpdateFile, UpdateKind, UpdateLicence, UpdateQuery, UpdateRef, UpdateState, UpdateStates,
    UpdateSummary,
};
use headwater_app::admin::status::{Counts, State as ComputerState, UpdateOnComputer};
use headwater_app::admin::updates::{self as use_case, UpdateFilter};
use headwater_app::{App, AppError, Served};
use headwater_catalog::{CategoryKind, Kind, UpdateIx};
use headwater_model::{ClientId, UpdateId};

use crate::{computers, groups, history, paging, status};

/// A page of the updates that match, the newest arrivals first.
pub fn find(app: &App, query: UpdateQuery) -> Result<Page<UpdateSummary>, AppError> {
    if query.sort.is_some() || query.reverse {
        return Err(AppError::Invalid(
            "only a managing server of its own lists updates in another order than their arrival's"
                .to_owned(),
        ));
    }
    if query.needed.is_some() || query.failed.is_some() {
        return Err(AppError::Invalid(
            "only a managing server of its own lists updates by whether computers need them, or failed on them"
                .to_owned(),
        ));
    }
    let limit = paging::limit(query.limit);
    let after: Option<UpdateId> = paging::begin(query.after.as_deref())?;
    let filter = UpdateFilter {
        search: query.search,
        kind: query.kind.map(kind_of),
        product: query.product,
        classification: query.classification,
        severity: query.severity,
        arrived_since: query.arrived_since,
        arrived_before: query.arrived_before,
        approved: query.approval.map(|approval| approval == ApprovalFilter::Approved),
        declined: query.declined,
        incomplete: query.incomplete,
        superseded: query.superseded,
        implicit: query.implicit,
        expired: query.expired,
    };
    let served = app.live.served_full();
    let found = app.find_updates(&served, &filter);
    let id = |at: &UpdateIx| served.catalogue.index.update(*at).id;
    let from = match after {
        Some(after) => found.iter().position(|at| id(at) == after).map_or(found.len(), |at| at + 1),
        None => 0,
    };
    let items: Vec<UpdateIx> = found[from..].iter().copied().take(limit + 1).collect();
    let page = paging::page(items, limit, |at| id(at).to_string(), Some(found.len() as u64));
    let rows = app.update_rows(&served, &page.items);
    let items = page.items.iter().zip(&rows).map(|(at, rows)| summary(&served, *at, rows)).collect();
    Ok(Page { items, next: page.next, total: page.total })
}

/// Tells of listed updates on how many computers of the whole tree each is in which state.
pub async fn add_states(app: &App, listed: &mut [UpdateSummary]) -> Result<(), AppError> {
    let served = app.live.served_full();
    let place = |update: &UpdateSummary| served.catalogue.index.update_by_id(update.id);
    let (places, listed): (Vec<_>, Vec<_>) =
        listed.iter_mut().filter_map(|update| Some((place(update)?, update))).unzip();
    let all = app.live.members(None);
    let silent = &app.silent_members(computers::silent_since(app.clock.now())).await? & &all;
    let said = app.updates_counts(&served, &places, &all);
    let of_silent = app.updates_counts(&served, &places, &silent);
    for ((update, said), silent) in listed.into_iter().zip(&said).zip(&of_silent) {
        update.states = Some(UpdateStates::new(status::counts(said), Some(status::counts(silent))));
    }
    Ok(())
}

/// Everything about one update.
pub async fn show(app: &App, id: UpdateId) -> Result<UpdateDetail, AppError> {
    let page = app.update_page(id).await?;
    let served = app.live.served_full();
    let at = served.catalogue.index.update_by_id(id);
    let at = at.ok_or(AppError::Internal("an update left the catalogue"))?;
    let silent = app.silent_members(computers::silent_since(app.clock.now())).await?;
    let all = app.live.members(None);
    let of = |members: &_| status::counts(&app.update_counts(&served, at, members));
    let counts = app.update_counts(&served, at, &all);
    let states = UpdateStates::new(status::counts(&counts), Some(of(&(&silent & &all))));
    let (in_contact, silent) = states.told_apart();
    let accepted = app.standings(&served).await?.accepted_licences;
    let licence = served.eula(id).map(|id| UpdateLicence { id, accepted: accepted.contains(&id) });
    let mut detail = detail(&served, at, page, &counts);
    detail.summary.states = Some(states);
    Ok(UpdateDetail {
        licence,
        status: in_contact,
        silent: silent.unwrap_or_default(),
        here: of(&app.live.own_members()),
        ..detail
    })
}

/// A page of the computers on which an update is in one of these states, in the order of their ids.
pub async fn states(
    app: &App,
    id: UpdateId,
    states: &[ComputerUpdateState],
    after: Option<&str>,
    limit: usize,
) -> Result<Page<StateOnComputer>, AppError> {
    let served = app.live.served_full();
    let at = served.catalogue.index.update_by_id(id);
    let at = at.ok_or_else(|| AppError::NotFound(format!("there is no update {id}")))?;
    let after: Option<ClientId> = paging::begin(after)?;
    let states = status::asked(states);
    let found = app.update_computers(&served, at, &states, after.as_ref(), limit + 1).await?;
    let state = |one: UpdateOnComputer| StateOnComputer {
        client: one.client,
        state: status::told(one.state),
        since: one.since,
        error: status::error(one.hresult),
    };
    let found = found.into_iter().map(state).collect();
    Ok(paging::page(found, limit, |one: &StateOnComputer| one.client.to_string(), None))
}

/// The same with what is known of each computer.
pub async fn computers(
    app: &App,
    id: UpdateId,
    query: &StatesQuery,
) -> Result<Page<UpdateComputer>, AppError> {
    let page = states(app, id, &query.states(), query.after.as_deref(), query.limit()).await?;
    let mut items = Vec::with_capacity(page.items.len());
    for one in page.items {
        // One that was deleted meanwhile is in no state.
        let Ok(row) = app.computer(&one.client).await else { continue };
        let summary = computers::summary_of(app, &row).await?;
        let StateOnComputer { client, state, since, error } = one;
        let (name, server, silent) = (summary.name, summary.server, summary.silent);
        items.push(UpdateComputer { client, name, server, silent, state, since, error });
    }
    Ok(Page { items, next: page.next, total: page.total })
}

/// An update with its title.
pub fn reference(served: &Served, id: UpdateId) -> UpdateRef {
    UpdateRef { id, title: served.catalogue.title(id).map(str::to_owned) }
}

fn kind_of(kind: UpdateKind) -> Kind {
    match kind {
        UpdateKind::Software => Kind::Software,
        UpdateKind::Driver => Kind::Driver,
        UpdateKind::Category => Kind::Category,
        UpdateKind::Detectoid => Kind::Detectoid,
    }
}

fn summary(served: &Served, update: UpdateIx, counts: &Counts) -> UpdateSummary {
    let index = &served.catalogue.index;
    let newest = served.newest(update);
    let (revision, card) = (index.revision(newest), served.catalogue.card(newest));
    let titles = |kind| served.titles(newest, kind).into_iter().map(str::to_owned);
    UpdateSummary {
        id: revision.identity.id,
        revision: revision.identity.revision,
        title: card.title.to_string(),
        kind: match revision.kind {
            Kind::Software => UpdateKind::Software,
            Kind::Driver => UpdateKind::Driver,
            Kind::Category => UpdateKind::Category,
            Kind::Detectoid => UpdateKind::Detectoid,
        },
        classification: titles(CategoryKind::Classification).next(),
        products: titles(CategoryKind::Product).collect(),
        kb: card.kb.iter().map(ToString::to_string).collect(),
        cves: card.cves.iter().map(ToString::to_string).collect(),
        severity: card.severity.map(|severity| severity.name().to_owned()),
        state: match served.state(update) {
            use_case::UpdateState::Declined => UpdateState::Declined,
            use_case::UpdateState::Expired => UpdateState::Expired,
            use_case::UpdateState::Incomplete => UpdateState::Incomplete,
            use_case::UpdateState::Implicit => UpdateState::Implicit,
            use_case::UpdateState::Approvable => UpdateState::Approvable,
        },
        approved_groups: served.approved_groups(update),
        superseded: served.superseded(update),
        arrived_at: revision.arrived_at,
        needed: counts.needed(),
        installed: counts.installed(),
        failed: counts.get(ComputerState::Failed),
        states: None,
    }
}

fn detail(served: &Served, update: UpdateIx, page: use_case::UpdatePage, counts: &Counts) -> UpdateDetail {
    let index = &served.catalogue.index;
    let newest = index.revision(served.newest(update));
    let by_ix = |at: &UpdateIx| reference(served, index.update(*at).id);
    let by_id = |id: &UpdateId| reference(served, *id);
    let facts = page.facts;
    let texts = facts.texts(["en"]);
    UpdateDetail {
        summary: summary(served, update, counts),
        description: texts.and_then(|texts| texts.description.clone()).unwrap_or_default(),
        languages: facts.localized.iter().map(|texts| texts.language.clone()).collect(),
        files: facts
            .files
            .iter()
            .zip(page.files)
            .map(|(file, standing)| UpdateFile {
                name: file.name.clone(),
                size_bytes: file.size_bytes,
                sha1: file.sha1,
                sha256: file.sha256,
                held: standing.is_held,
                problem: standing.problem,
            })
            .collect(),
        prerequisites: facts
            .prerequisites
            .iter()
            .map(|clause| clause.alternatives.iter().map(by_id).collect())
            .collect(),
        bundles: facts.bundles.iter().flatten().map(|member| reference(served, member.id)).collect(),
        bundled_by: index.update(update).bundled_by.iter().map(by_ix).collect(),
        supersedes: facts.supersedes.iter().map(by_id).collect(),
        superseded_by: index.update(update).superseded_by.iter().map(by_ix).collect(),
        approvals: approvals(served, page.approvals),
        revisions: index
            .update(update)
            .revisions
            .iter()
            .map(|at| index.revision(*at))
            .map(|revision| Revision {
                revision: revision.identity.revision,
                arrived_at: revision.arrived_at,
            })
            .collect(),
        licence: None,
        servers: Vec::new(),
        history: page.changes.into_iter().map(|change| history::change(served, change)).collect(),
        incomplete: newest.missing.iter().map(|id| format!("the catalogue lacks the update {id}")).collect(),
        status: UpdateCounts::default(),
        silent: 0,
        here: UpdateCounts::default(),
    }
}

fn approvals(served: &Served, rows: Vec<use_case::ApprovalRow>) -> Vec<Approval> {
    let mut approvals: Vec<Approval> = rows
        .into_iter()
        .filter_map(|row| {
            Some(Approval {
                group: row.approval.group,
                group_name: groups::reference(served, row.approval.group).name,
                action: crate::approvals::told(row.approval.action?),
                deadline: row.approval.deadline,
                by: row.changed_by,
                at: row.approval.changed_at,
                revision: row.approval.revision,
                outside: false,
            })
        })
        .collect();
    approvals.sort_by_key(|approval| approval.group_name.to_lowercase());
    approvals
}
