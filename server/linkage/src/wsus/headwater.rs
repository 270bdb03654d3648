//! Headwater's own update server as a WSUS of the tree.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::sync::Arc;
use std::time::Duration;

use headwater_api::linkage::{
    Approve, COMPUTERS_PER_PAGE, Contents, Decided, Decline, Failure, FailureKind, LastSync, LinkVersion,
    Memberships, StartedSync, StateOnComputer, SubscribedCategory, Subscription, SyncProgress, SyncState,
    UpdateCount, WsusApproval, WsusComputer, WsusComputers, WsusGroup, WsusIdentity, WsusKind, WsusLower,
    WsusMode, WsusTargeting,
};
use headwater_api::{
    ComputerDetail, ComputerQuery, ComputerSummary, ComputerUpdate, ComputerUpdateState, LicenceTerms,
    PAGE_LIMIT_MAX, Page, StatesQuery, UpdateDetail, UpdateQuery, UpdateSummary,
};
use headwater_app::admin::approvals::{self, NewRevisions, Outcome, Terms};
use headwater_app::downstream_server::{self, RunState, RunStep, UpstreamMode};
use headwater_app::{App, AppError, Operator, Served, Targeting, admin};
use headwater_catalog::{CategoryKind, Kind, UpdateIx};
use headwater_model::{ClientId, GroupId, ServerId, Timestamp, UpdateId};
use headwater_policy::group::is_built_in;
use headwater_views::{
    approvals as approval_views, computers as computer_views, licence as licence_views,
    updates as update_views,
};

use super::Answer;
use crate::kept::Pace;

/// Both are looked up in memory.
pub(super) const PACE: Pace = Pace { count: Duration::from_secs(1), list: Duration::from_secs(10) };

pub(super) fn refusal(error: AppError) -> Failure {
    let kind = match &error {
        AppError::NotFound(_) => FailureKind::NotFound,
        AppError::Refused(_) | AppError::Invalid(_) => FailureKind::Refused,
        AppError::Busy(_) => FailureKind::Busy,
        _ => FailureKind::Wsus,
    };
    Failure { kind, detail: admin::chain(&error) }
}

/// The managing server has decided that they may.
pub(super) fn operator(name: &str) -> Operator {
    Operator::administrator(name)
}

pub(super) async fn identity(app: &App, now: Timestamp) -> Answer<WsusIdentity> {
    let upstream = app.upstream_report().await.map_err(refusal)?.map(|report| report.setting);
    let upstream_id = match &upstream {
        Some(_) => app.upstream_id().await.map_err(refusal)?,
        None => None,
    };
    Ok(WsusIdentity {
        server: app.server.id,
        name: app.settings.downstream.name.clone(),
        kind: WsusKind::Headwater,
        version: env!("CARGO_PKG_VERSION").to_owned(),
        mode: upstream.as_ref().map_or(WsusMode::Top, |setting| mode(setting.mode)),
        upstream: upstream.map(|setting| setting.url),
        upstream_id,
        targeting: match app.settings.targeting {
            Targeting::ServerSide => WsusTargeting::Server,
            Targeting::ClientSide => WsusTargeting::Client,
        },
        subscription: app.subscription().map(|subscription| subscribed(app, &subscription)),
        read_only: false,
        computers: app.live.own_computers() as u64,
        at: now,
        speaks: LinkVersion::own(),
    })
}

fn subscribed(app: &App, to: &downstream_server::Subscription) -> Subscription {
    let catalogue = &app.live.served().catalogue;
    let category = |id: &UpdateId| {
        let (kind, title) = catalogue.category(*id)?;
        let (title, is_product) = (Some(title.to_owned()), kind == CategoryKind::Product);
        Some(SubscribedCategory { id: *id, title, is_product })
    };
    Subscription {
        categories: to.categories.iter().filter_map(category).collect(),
        classifications: to.classifications.iter().filter_map(category).collect(),
    }
}

fn mode(mode: UpstreamMode) -> WsusMode {
    match mode {
        UpstreamMode::Replica => WsusMode::Replica,
        UpstreamMode::Autonomous => WsusMode::Autonomous,
    }
}

pub(super) async fn contents(app: &App) -> Answer<Contents> {
    let served = app.live.served_full();
    let index = &served.catalogue.index;
    let mut contents = Contents { groups: groups(app), ..Contents::default() };
    for (at, update) in (0..).map(UpdateIx).zip(index.updates()) {
        let newest = index.revision(served.newest(at));
        // What a Microsoft WSUS lists too: the rest comes with what needs it (fact 24).
        if !newest.explicitly_deployable || !matches!(newest.kind, Kind::Software | Kind::Driver) {
            continue;
        }
        let newest = newest.identity;
        contents.updates.push(newest.to_string());
        for approval in served.offers.approvals(at) {
            let Some(action) = approval.action else { continue };
            contents.approvals.push(WsusApproval {
                update: update.id,
                revision: approval.revision.unwrap_or(newest.revision),
                group: approval.group,
                action: approval_views::told(action),
                deadline: approval.deadline,
            });
        }
    }
    contents.declined = served.offers.declined.iter().copied().collect();
    contents.updates.sort_unstable();
    contents.approvals.sort_unstable();
    contents.declined.sort_unstable();
    let content = app.content_report().await.map_err(refusal)?;
    (contents.files_held, contents.files_wanted) = (content.files_held, content.files_wanted);
    contents.last_sync = last_sync(app).await?;
    Ok(contents)
}

async fn last_sync(app: &App) -> Answer<Option<LastSync>> {
    let Some(report) = app.upstream_report().await.map_err(refusal)? else { return Ok(None) };
    let run = match report.running {
        Some(number) => Some(app.run(number).await.map_err(refusal)?),
        None => report.last_run,
    };
    Ok(run.map(|run| LastSync { state: state(run.state), at: run.finished_at.unwrap_or(run.started_at) }))
}

pub(super) fn left_out(app: &App, of: &Subscription) -> Vec<UpdateId> {
    let ids = |of: &[SubscribedCategory]| of.iter().map(|one| one.id).collect::<Vec<_>>();
    app.left_out(&ids(&of.categories), &ids(&of.classifications))
}

pub(super) fn groups(app: &App) -> Vec<WsusGroup> {
    let served = app.live.served();
    let mut groups: Vec<WsusGroup> = served
        .offers
        .groups
        .iter()
        .map(|group| WsusGroup {
            id: group.id,
            name: group.name.clone(),
            parent: group.parent,
            built_in: is_built_in(group.id),
        })
        .collect();
    groups.sort_by_key(|group| group.id);
    groups
}

pub(super) async fn create_group(
    app: &App,
    name: &str,
    parent: Option<GroupId>,
    id: Option<GroupId>,
    by: &str,
) -> Answer<WsusGroup> {
    let by = operator(by);
    let made = match id {
        None => app.create_group(&by, name, parent).await,
        Some(id) => app.copy_group(&by, id, name, parent).await,
    };
    let made = made.map_err(refusal)?.group;
    Ok(WsusGroup { id: made.id, name: made.name, parent: made.parent, built_in: false })
}

pub(super) async fn delete_group(app: &App, id: GroupId, by: &str) -> Answer<()> {
    app.delete_group(&operator(by), id).await.map_err(refusal).map(drop)
}

/// Of the computers that report here, in the order of the database's numbers.
pub(super) async fn computers(app: &App, after: Option<String>) -> Answer<WsusComputers> {
    let after = after.and_then(|after| after.parse().ok()).unwrap_or(0);
    let limit = COMPUTERS_PER_PAGE as u32;
    let rows = app
        .computers(None, None, admin::computers::Contact::default(), after, limit)
        .await
        .map_err(refusal)?;
    let next = rows.last().filter(|_| rows.len() == COMPUTERS_PER_PAGE).map(|row| row.computer.to_string());
    let own = rows.into_iter().filter(|row| row.server.is_none());
    let (served, mut shared) = (app.live.served_full(), SharedProducts::default());
    let computer = |row: admin::computers::ComputerRow| {
        Some(WsusComputer {
            client: row.client.parse().ok()?,
            product_set: row.products.map(|products| shared.place(products, &served)),
            name: row.dns_name,
            address: row.address,
            os: row.os_description,
            os_version: row.os_version,
            architecture: row.architecture,
            agent_version: row.client_version,
            manufacturer: row.manufacturer,
            model: row.model,
            first_contact_at: Some(row.first_contact),
            last_contact_at: row.last_contact,
            requested_group: row.requested_group,
            groups: row.groups.to_vec(),
        })
    };
    let items = own.filter_map(computer).collect();
    Ok(WsusComputers { items, next, products: shared.titles, product_sets: shared.sets })
}

/// The products of a page of computers, each title and each set of them once.
#[derive(Default)]
struct SharedProducts {
    titles: Vec<String>,
    places: HashMap<String, u32>,
    sets: Vec<Vec<u32>>,
    set_places: HashMap<Arc<[UpdateId]>, u32>,
}

impl SharedProducts {
    /// Where the set is that has these products.
    fn place(&mut self, products: Arc<[UpdateId]>, served: &Served) -> u32 {
        if let Some(place) = self.set_places.get(&products) {
            return *place;
        }
        let titles = computer_views::product_titles(served, &products);
        let set = titles.into_iter().map(|title| {
            let next = self.titles.len() as u32;
            *self.places.entry(title).or_insert_with_key(|title| {
                self.titles.push(title.clone());
                next
            })
        });
        let set = set.collect();
        let place = self.sets.len() as u32;
        self.sets.push(set);
        self.set_places.insert(products, place);
        place
    }
}

pub(super) fn here_of(app: &App, clients: &HashSet<&ClientId>) -> Vec<ClientId> {
    clients
        .iter()
        .filter(|client| app.live.member(client).is_some())
        .map(|client| (*client).clone())
        .collect()
}

pub(super) async fn updates(app: &App, after: Option<String>) -> Answer<Page<UpdateSummary>> {
    let mut page = listed(app, after)?;
    update_views::add_states(app, &mut page.items).await.map_err(refusal)?;
    Ok(page)
}

fn listed(app: &App, after: Option<String>) -> Answer<Page<UpdateSummary>> {
    let query = UpdateQuery { limit: Some(PAGE_LIMIT_MAX), after, ..UpdateQuery::default() };
    update_views::find(app, query).map_err(refusal)
}

pub(super) async fn update_counts(app: &App) -> Answer<Vec<UpdateCount>> {
    let mut all = Vec::new();
    let mut after = None;
    loop {
        let page = listed(app, after.take())?;
        all.extend(page.items);
        match page.next {
            Some(next) => after = Some(next),
            None => break,
        }
    }
    update_views::add_states(app, &mut all).await.map_err(refusal)?;
    Ok(all.iter().filter_map(UpdateCount::listed).collect())
}

pub(super) async fn update(app: &App, id: UpdateId) -> Answer<UpdateDetail> {
    update_views::show(app, id).await.map_err(refusal)
}

pub(super) async fn tree_computers(app: &App, after: Option<String>) -> Answer<Page<ComputerSummary>> {
    let query = ComputerQuery { limit: Some(PAGE_LIMIT_MAX), after, ..ComputerQuery::default() };
    computer_views::find(app, query).await.map_err(refusal)
}

pub(super) async fn computer(app: &App, client: &ClientId) -> Answer<ComputerDetail> {
    computer_views::show(app, client).await.map_err(refusal)
}

pub(super) async fn states_of_update(
    app: &App,
    update: UpdateId,
    states: &[ComputerUpdateState],
    after: Option<String>,
) -> Answer<Page<StateOnComputer>> {
    let found = update_views::states(app, update, states, after.as_deref(), COMPUTERS_PER_PAGE).await;
    found.map_err(refusal)
}

pub(super) async fn states_on_computer(
    app: &App,
    client: &ClientId,
    query: &StatesQuery,
) -> Answer<Page<ComputerUpdate>> {
    computer_views::updates(app, client, query).await.map_err(refusal)
}

/// Each computer is written once, whatever is changed about it.
pub(super) async fn change_memberships(app: &App, memberships: Memberships) -> Answer<Decided> {
    app.must_target_here().map_err(refusal)?;
    let mut changes: BTreeMap<ClientId, (Vec<GroupId>, Vec<GroupId>)> = BTreeMap::new();
    for change in memberships.add {
        changes.entry(change.client).or_default().0.push(change.group);
    }
    for change in memberships.remove {
        changes.entry(change.client).or_default().1.push(change.group);
    }
    let by = operator(&memberships.by);
    let mut decided = Decided::default();
    for (client, (add, remove)) in changes {
        match app.change_groups(&by, &client, &add, &remove).await {
            Ok(true) => decided.applied.push(client.to_string()),
            Ok(false) => decided.unchanged.push(client.to_string()),
            Err(error) => decided.refused.push((client.to_string(), refusal(error).detail)),
        }
    }
    Ok(decided)
}

pub(super) async fn approve(app: &App, approve: Approve) -> Answer<Decided> {
    let terms = approve.action.map(|action| Terms {
        action: approval_views::asked(action),
        deadline: approve.deadline,
        new_revisions: match approve.new_revisions {
            headwater_api::NewRevisions::Follow => NewRevisions::Follow,
            headwater_api::NewRevisions::Wait => NewRevisions::Wait,
        },
    });
    let (by, seen) = (operator(&approve.by), approval_views::seen(&approve.seen));
    let done = app.approve(&by, &approve.updates, approve.group, terms, &seen).await;
    done.map(decided).map_err(refusal)
}

pub(super) async fn decline(app: &App, decline: Decline) -> Answer<Decided> {
    let what = if decline.decline { approvals::Decline::Declined } else { approvals::Decline::Undeclined };
    let seen = approval_views::seen(&decline.seen);
    let done = app.decline(&operator(&decline.by), &decline.updates, what, &seen).await;
    done.map(decided).map_err(refusal)
}

pub(super) async fn licence(app: &App, update: UpdateId, language: Option<&str>) -> Answer<LicenceTerms> {
    licence_views::terms(app, update, language).await.map_err(refusal)
}

pub(super) async fn accept_licence(app: &App, update: UpdateId, by: &str) -> Answer<()> {
    app.accept_licence_of(&operator(by), update).await.map_err(refusal)
}

pub(super) fn decided(outcome: Outcome) -> Decided {
    Decided {
        applied: outcome.applied.iter().map(ToString::to_string).collect(),
        unchanged: outcome.unchanged.iter().map(ToString::to_string).collect(),
        refused: outcome.refused.into_iter().map(|(id, reason)| (id.to_string(), reason)).collect(),
    }
}

pub(super) async fn lower(app: &App) -> Answer<Vec<WsusLower>> {
    let servers = app.downstream_servers().await.map_err(refusal)?;
    let kind = |is_replica| if is_replica { WsusMode::Replica } else { WsusMode::Autonomous };
    let lower = |one: admin::downstream::LowerServer| WsusLower {
        server: one.server.id,
        name: one.server.name,
        parent: Some(one.server.parent).filter(|parent| !parent.is_nil()),
        mode: one.server.is_replica.map(kind),
        first_contact_at: Some(one.server.first_contact),
        last_contact_at: one.server.last_contact,
        last_sync_at: one.server.last_sync,
        computers: one.computers,
    };
    Ok(servers.into_iter().map(lower).collect())
}

pub(super) async fn delete_lower(app: &App, server: ServerId, below: &[ServerId], by: &str) -> Answer<()> {
    app.delete_downstream_server(&operator(by), server, Some(below)).await.map_err(refusal).map(drop)
}

pub(super) async fn synchronise(app: &App, by: &str) -> Answer<StartedSync> {
    let started = app.synchronise_now(&operator(by)).await.map_err(refusal)?;
    Ok(StartedSync { run: started.number as u64, joined: started.joined })
}

fn state(state: RunState) -> SyncState {
    match state {
        RunState::Running => SyncState::Running,
        RunState::Done => SyncState::Done,
        RunState::Partial => SyncState::Partial,
        RunState::Failed | RunState::Cancelled => SyncState::Failed,
    }
}

pub(super) async fn sync_progress(app: &App, run: u64) -> Answer<SyncProgress> {
    let run = app.run(run as i64).await.map_err(refusal)?;
    Ok(SyncProgress {
        state: state(run.state),
        decisions: run.step == RunStep::Approvals,
        documents: run.documents,
        documents_total: run.documents_total.unwrap_or(0),
        added: run.added,
        approvals_changed: run.approvals_changed,
        problem: run.problem,
    })
}
