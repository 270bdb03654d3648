//! The managing server's part of the JSON API.

mod licence;
mod runs;

use std::sync::Arc;

use axum::Router;
use axum::extract::{DefaultBodyLimit, Path, Request, State};
use axum::http::StatusCode;
use axum::middleware::{self, Next};
use axum::response::Response;
use axum::routing::{any, delete, get, patch, post};
use headwater_api::{
    ApplyCleanUp, ApplyGroupPlan, ApplyRelink, ApprovalPreview, ApprovalRequest, ApprovalWithdrawal,
    CleanUpPlan, CleanUpQuery, CleanUpReport, ComputerDetail, ComputerQuery, ComputerSummary, ComputerUpdate,
    DeclineRequest, DeleteServer, Finding, Group, GroupPlan, GroupPlanQuery, Halt, HaltRequest, HaltsQuery,
    HostGroup, HostGroupChange, HostGroupMember, HostGroupMembers, HostGroupMembersQuery, ImportedGroups,
    LinkRequest, MembersQuery, MoveRequest, NewGroup, NewHostGroup, Page, PairRequest, PreviewComputer,
    PreviewComputersRequest, RelinkPlan, RelinkRequest, Relinked, RevokeRequest, Revoked, ServerChange,
    ServerDeletion, StatesQuery, Told, TreeServer, UndonePlan, UpdateComputer, UpdateComputersQuery,
    UpdateDetail, UpdateQuery, UpdateSummary, UpdatesOutcome, WhyNot, WsusLink, path,
};
use headwater_manager::{Direction, ErrorKind, Manager, ManagerError, Terms};
use headwater_model::{ClientId, chain};
use headwater_operators::{Action, GroupPath};

use crate::caller::{Administrator, Caller, Present, admit, admit_everybody};
use crate::console::{harden, parse_id};
use crate::elsewhere;
use crate::json::{Json, Query};
use crate::problem::Refusal;
use crate::reports;

/// The longest JSON body, in bytes: a plan of a group with every computer.
const JSON_BYTES_MAX: usize = 64 << 20;

/// What a managing server adds to the console's URL space.
pub fn router(manager: Arc<Manager>) -> Router {
    // What only compares writes nothing, though it is asked for by POST: the handler says who may do more.
    let of_everybody = Router::new()
        .route(path::APPROVALS_PREVIEW, post(preview_approval))
        .route(path::APPROVALS_PREVIEW_COMPUTERS, post(preview_computers))
        .route(path::WSUS_SYNC, post(runs::begin))
        .layer(DefaultBodyLimit::max(JSON_BYTES_MAX))
        .layer(middleware::from_fn_with_state(manager.clone(), let_in))
        .layer(middleware::from_fn(harden))
        .with_state(manager.clone());
    Router::new()
        .route(path::WSUS, get(show).post(link).delete(unlink))
        .route(path::WSUS_PAIR, post(pair))
        .route(path::WSUS_REVOKE, post(revoke))
        .route(path::WSUS_SERVER, patch(set_server))
        .route(path::WSUS_SERVER_DELETION, get(plan_server_deletion).post(delete_server))
        .route(path::WSUS_DOCTOR, get(doctor))
        .route(path::WSUS_CONFIRM, post(confirm))
        .route(path::WSUS_RELINK_PLAN, post(plan_relink))
        .route(path::WSUS_RELINK, post(apply_relink))
        .route(path::WSUS_SYNC, delete(runs::stop))
        .route(path::WSUS_SYNC_RUNS, get(runs::list))
        .route(path::WSUS_SYNC_RUN, get(runs::show))
        .route(path::COMPUTER_WHY, get(why_not))
        .route(path::WSUS_GROUP_PLAN, get(plan_group).post(apply_group_plan))
        .route(path::WSUS_GROUP_UNDO, post(undo_group_plan))
        .route(path::WSUS_CLEAN_UP, get(plan_clean_up).post(clean_up))
        .route(path::WSUS_SCHEDULE, get(runs::schedule).put(runs::set_schedule).delete(runs::clear_schedule))
        .route(path::REPORT_COMPLIANCE, get(reports::compliance))
        .route(path::REPORT_COMPUTERS, get(reports::standing))
        .route(path::REPORT_FAILURES, get(reports::failures))
        .route(path::HALTS, get(halts).post(halt))
        .route(path::HOST_GROUPS, get(host_groups).post(create_host_group))
        .route(path::HOST_GROUPS_IMPORT, post(import_host_groups))
        .route(path::HOST_GROUP, patch(set_host_group).delete(delete_host_group))
        .route(path::HOST_GROUP_MEMBERS, get(host_group_members).post(change_host_group))
        .layer(DefaultBodyLimit::max(JSON_BYTES_MAX))
        .layer(middleware::from_fn_with_state(manager.clone(), authorize))
        .layer(middleware::from_fn(harden))
        .with_state(manager)
        .merge(of_everybody)
}

/// What a managing server answers in place of an update server: the same paths, about the linked WSUS.
pub fn wsus_router(manager: Arc<Manager>) -> Router {
    Router::new()
        .route(path::GROUPS, get(groups).post(create_group))
        .route(path::APPROVALS, post(approve).delete(withdraw))
        .route(path::UPDATES, get(updates))
        .route(path::UPDATE, get(update))
        .route(path::UPDATE_COMPUTERS, get(update_computers))
        .route(path::UPDATE_LICENCE, get(licence::show).post(licence::accept))
        .route(path::COMPUTERS, get(computers))
        .route(path::COMPUTER, get(computer).delete(delete_computer))
        .route(path::GROUP, delete(delete_group))
        .route(path::COMPUTER_UPDATES, get(computer_updates))
        .route(path::COMPUTER_GROUPS, post(move_computer))
        .route(path::GROUP_MEMBERS, get(members))
        .route(path::DECLINE, post(decline))
        .route(path::UNDECLINE, post(undecline))
        .layer(DefaultBodyLimit::max(JSON_BYTES_MAX))
        .layer(middleware::from_fn_with_state(manager.clone(), authorize))
        .layer(middleware::from_fn(harden))
        .with_state(manager)
}

/// Where to ask for what no managing server does, for one without an update server in its process.
pub fn elsewhere_router(manager: Arc<Manager>) -> Router {
    Router::new()
        .route(path::IMPORTS, any(elsewhere::imports))
        .route(path::SERVER, any(elsewhere::server))
        .route(path::STATUS, any(elsewhere::status))
        .route(path::HISTORY, any(elsewhere::history))
        .route(path::POLICY, any(elsewhere::policy))
        .route(path::DOWNSTREAM, any(elsewhere::downstream))
        .route(path::DOWNSTREAM_SERVER, any(elsewhere::downstream))
        .route(path::UPSTREAM, any(elsewhere::upstream))
        .route(path::UPSTREAM_FILTER, any(elsewhere::upstream))
        .route(path::UPSTREAM_SYNC, any(elsewhere::synchronise))
        .route(path::UPSTREAM_RUNS, any(elsewhere::runs))
        .route(path::UPSTREAM_RUN, any(elsewhere::runs))
        .layer(middleware::from_fn_with_state(manager.clone(), authorize))
        .layer(middleware::from_fn(harden))
        .with_state(manager)
}

pub(crate) type Shared = State<Arc<Manager>>;

/// Lets in who has a token.
async fn authorize(State(manager): Shared, request: Request, next: Next) -> Result<Response, Refusal> {
    admit(&manager.operators, manager.now(), request, next).await
}

/// The same for what auditors may ask for too.
async fn let_in(State(manager): Shared, request: Request, next: Next) -> Result<Response, Refusal> {
    admit_everybody(&manager.operators, manager.now(), request, next).await
}

async fn show(State(manager): Shared) -> Result<Json<WsusLink>, Refusal> {
    Ok(Json(manager.show().await?))
}

async fn link(
    State(manager): Shared,
    Present(caller): Present,
    Json(request): Json<LinkRequest>,
) -> Result<Json<WsusLink>, Refusal> {
    manager.link(&request.url, &request.code, &caller.name).await?;
    show(State(manager)).await
}

async fn unlink(State(manager): Shared, Administrator(caller): Administrator) -> Result<StatusCode, Refusal> {
    manager.unlink(&caller.name).await?;
    Ok(StatusCode::NO_CONTENT)
}

async fn pair(
    State(manager): Shared,
    Present(caller): Present,
    Json(request): Json<PairRequest>,
) -> Result<Json<WsusLink>, Refusal> {
    manager.pair(&request.linkage, &request.code, &caller.name).await?;
    show(State(manager)).await
}

async fn confirm(
    State(manager): Shared,
    Administrator(caller): Administrator,
) -> Result<StatusCode, Refusal> {
    manager.confirm(&caller.name).await?;
    Ok(StatusCode::NO_CONTENT)
}

async fn plan_relink(
    State(manager): Shared,
    Present(caller): Present,
    Json(request): Json<RelinkRequest>,
) -> Result<Json<RelinkPlan>, Refusal> {
    Ok(Json(manager.plan_relink(&request, &caller.name).await?))
}

async fn apply_relink(
    State(manager): Shared,
    Present(caller): Present,
    Json(apply): Json<ApplyRelink>,
) -> Result<Json<Relinked>, Refusal> {
    Ok(Json(manager.apply_relink(&apply, &caller.name).await?))
}

async fn revoke(
    State(manager): Shared,
    Present(caller): Present,
    Json(request): Json<RevokeRequest>,
) -> Result<Json<Revoked>, Refusal> {
    Ok(Json(manager.revoke(&request.linkage, &caller.name).await?))
}

async fn set_server(
    State(manager): Shared,
    Administrator(caller): Administrator,
    Path(name): Path<String>,
    Json(change): Json<ServerChange>,
) -> Result<Json<TreeServer>, Refusal> {
    Ok(Json(manager.set_server(&name, &change, &caller.name).await?))
}

async fn plan_server_deletion(
    State(manager): Shared,
    Path(name): Path<String>,
) -> Result<Json<ServerDeletion>, Refusal> {
    Ok(Json(manager.plan_server_deletion(&name).await?))
}

async fn delete_server(
    State(manager): Shared,
    Present(caller): Present,
    Path(name): Path<String>,
    Json(delete): Json<DeleteServer>,
) -> Result<Json<ServerDeletion>, Refusal> {
    Ok(Json(manager.delete_server(&name, &delete, &caller.name).await?))
}

async fn doctor(State(manager): Shared) -> Result<Json<Vec<Finding>>, Refusal> {
    Ok(Json(manager.doctor().await?))
}

async fn preview_approval(
    State(manager): Shared,
    Json(request): Json<ApprovalRequest>,
) -> Result<Json<ApprovalPreview>, Refusal> {
    Ok(Json(manager.preview_approval(&request.updates, request.group, request.action).await?))
}

async fn preview_computers(
    State(manager): Shared,
    Json(request): Json<PreviewComputersRequest>,
) -> Result<Json<Page<PreviewComputer>>, Refusal> {
    Ok(Json(manager.preview_computers(&request).await?))
}

async fn why_not(
    State(manager): Shared,
    Path((computer, update)): Path<(String, String)>,
) -> Result<Json<Told<WhyNot>>, Refusal> {
    let client: ClientId = parse_id(&computer, "a computer")?;
    Ok(Json(manager.why_not(&client, parse_id(&update, "an update")?).await?))
}

async fn plan_group(
    State(manager): Shared,
    Query(query): Query<GroupPlanQuery>,
) -> Result<Json<GroupPlan>, Refusal> {
    Ok(Json(manager.plan_group(&query).await?))
}

async fn apply_group_plan(
    State(manager): Shared,
    caller: Caller,
    Json(apply): Json<ApplyGroupPlan>,
) -> Result<Json<GroupPlan>, Refusal> {
    let operator = manager.for_plan(caller.asking(), &apply.plan).await??;
    Ok(Json(manager.apply_group_plan(&apply, &operator.name).await?))
}

async fn undo_group_plan(
    State(manager): Shared,
    caller: Caller,
    Path(name): Path<String>,
) -> Result<Json<UndonePlan>, Refusal> {
    let operator = manager.for_host_group(caller.asking(), &name).await??;
    Ok(Json(manager.undo_group_plan(&name, &operator.name).await?))
}

async fn plan_clean_up(
    State(manager): Shared,
    Query(query): Query<CleanUpQuery>,
) -> Result<Json<CleanUpPlan>, Refusal> {
    Ok(Json(manager.plan_clean_up(&query).await?))
}

async fn clean_up(
    State(manager): Shared,
    Administrator(caller): Administrator,
    Json(apply): Json<ApplyCleanUp>,
) -> Result<Json<CleanUpReport>, Refusal> {
    Ok(Json(manager.clean_up(&apply, &caller.name).await?))
}

async fn updates(
    State(manager): Shared,
    Query(query): Query<UpdateQuery>,
) -> Result<Json<Told<Page<UpdateSummary>>>, Refusal> {
    let mirror = manager.read().await?;
    let query = manager.by_titles(query).await?;
    let (order, direction) = (query.sort.unwrap_or_default(), Direction::of(query.reverse));
    Ok(Json(mirror.find_updates(&query, order, direction)))
}

async fn update(State(manager): Shared, Path(id): Path<String>) -> Result<Json<Told<UpdateDetail>>, Refusal> {
    Ok(Json(manager.update(parse_id(&id, "an update")?).await?))
}

async fn update_computers(
    State(manager): Shared,
    Path(id): Path<String>,
    Query(query): Query<UpdateComputersQuery>,
) -> Result<Json<Told<Page<UpdateComputer>>>, Refusal> {
    Ok(Json(manager.computers_of_update(parse_id(&id, "an update")?, &query).await?))
}

async fn computer_updates(
    State(manager): Shared,
    Path(id): Path<String>,
    Query(query): Query<StatesQuery>,
) -> Result<Json<Told<Page<ComputerUpdate>>>, Refusal> {
    Ok(Json(manager.updates_of_computer(&parse_id(&id, "a computer")?, &query).await?))
}

async fn computers(
    State(manager): Shared,
    Query(query): Query<ComputerQuery>,
) -> Result<Json<Told<Page<ComputerSummary>>>, Refusal> {
    let mirror = manager.read().await?;
    let (order, direction) = (query.sort.unwrap_or_default(), Direction::of(query.reverse));
    let found = mirror.computers.find(&query, &mirror.tree, manager.now(), order, direction);
    Ok(Json(mirror.told(found)))
}

async fn computer(
    State(manager): Shared,
    Path(id): Path<String>,
) -> Result<Json<Told<ComputerDetail>>, Refusal> {
    Ok(Json(manager.computer(&parse_id(&id, "a computer")?).await?))
}

async fn move_computer(
    State(manager): Shared,
    Path(id): Path<String>,
    caller: Caller,
    Json(request): Json<MoveRequest>,
) -> Result<Json<ComputerSummary>, Refusal> {
    let client: ClientId = parse_id(&id, "a computer")?;
    Ok(Json(manager.move_computer(&client, &request.groups, caller.asking()).await??))
}

async fn delete_computer(
    State(manager): Shared,
    Path(id): Path<String>,
    caller: Caller,
) -> Result<StatusCode, Refusal> {
    let client: ClientId = parse_id(&id, "a computer")?;
    manager.delete_computer(&client, caller.asking()).await??;
    Ok(StatusCode::NO_CONTENT)
}

async fn delete_group(
    State(manager): Shared,
    Path(id): Path<String>,
    caller: Caller,
) -> Result<StatusCode, Refusal> {
    let group = parse_id(&id, "a group")?;
    let operator = manager.for_group(caller.asking(), group).await??;
    manager.delete_group(group, &operator.name).await?;
    Ok(StatusCode::NO_CONTENT)
}

async fn members(
    state: Shared,
    Path(id): Path<String>,
    Query(query): Query<MembersQuery>,
) -> Result<Json<Told<Page<ComputerSummary>>>, Refusal> {
    let group = Some(parse_id(&id, "a group")?);
    let MembersQuery { sort, reverse, limit, after } = query;
    let query = ComputerQuery { group, sort, reverse, limit, after, ..ComputerQuery::default() };
    computers(state, Query(query)).await
}

async fn groups(State(manager): Shared) -> Result<Json<Told<Page<Group>>>, Refusal> {
    let Told { value: items, caveat } = manager.groups().await?;
    Ok(Json(Told { value: Page { items, next: None, total: None }, caveat }))
}

async fn create_group(
    State(manager): Shared,
    caller: Caller,
    Json(new): Json<NewGroup>,
) -> Result<(StatusCode, Json<Group>), Refusal> {
    let operator = match new.parent {
        Some(parent) => manager.for_group(caller.asking(), parent).await??,
        None => caller.for_groups(&[GroupPath::named(&new.name)])?,
    };
    Ok((StatusCode::CREATED, Json(manager.create_group(&new, &operator.name).await?)))
}

async fn approve(
    State(manager): Shared,
    caller: Caller,
    Json(request): Json<ApprovalRequest>,
) -> Result<Json<UpdatesOutcome>, Refusal> {
    let operator = manager.for_group(caller.asking(), request.group).await??;
    let ApprovalRequest { updates, group, action, deadline, new_revisions, seen } = request;
    let terms = Terms { action, deadline, new_revisions };
    Ok(Json(manager.approve(&updates, group, Some(terms), &seen, &operator.name).await?))
}

async fn withdraw(
    State(manager): Shared,
    caller: Caller,
    Json(request): Json<ApprovalWithdrawal>,
) -> Result<Json<UpdatesOutcome>, Refusal> {
    let operator = manager.for_group(caller.asking(), request.group).await??;
    let ApprovalWithdrawal { updates, group, seen } = request;
    Ok(Json(manager.approve(&updates, group, None, &seen, &operator.name).await?))
}

async fn decline(
    State(manager): Shared,
    Administrator(caller): Administrator,
    Json(request): Json<DeclineRequest>,
) -> Result<Json<UpdatesOutcome>, Refusal> {
    Ok(Json(manager.decline(&request.updates, true, &request.seen, &caller.name).await?))
}

async fn undecline(
    State(manager): Shared,
    Administrator(caller): Administrator,
    Json(request): Json<DeclineRequest>,
) -> Result<Json<UpdatesOutcome>, Refusal> {
    Ok(Json(manager.decline(&request.updates, false, &request.seen, &caller.name).await?))
}

async fn halts(State(manager): Shared, Query(query): Query<HaltsQuery>) -> Result<Json<Page<Halt>>, Refusal> {
    Ok(Json(manager.find_halts(&query).await?))
}

async fn halt(
    State(manager): Shared,
    caller: Caller,
    Json(request): Json<HaltRequest>,
) -> Result<Json<Halt>, Refusal> {
    Ok(Json(manager.halt(request.update, &caller.permitted(Action::ForEveryGroup)?.name).await?))
}

async fn host_groups(State(manager): Shared) -> Result<Json<Page<HostGroup>>, Refusal> {
    let items = manager.host_groups().await?;
    Ok(Json(Page { items, next: None, total: None }))
}

async fn create_host_group(
    State(manager): Shared,
    caller: Caller,
    Json(new): Json<NewHostGroup>,
) -> Result<(StatusCode, Json<HostGroup>), Refusal> {
    let operator = manager.for_new_host_group(caller.asking(), &new).await??;
    let made = manager.create_host_group(&new, &operator.name).await?;
    Ok((StatusCode::CREATED, Json(made)))
}

async fn set_host_group(
    State(manager): Shared,
    caller: Caller,
    Path(name): Path<String>,
    Json(change): Json<HostGroupChange>,
) -> Result<Json<HostGroup>, Refusal> {
    let operator = manager.for_host_group_change(caller.asking(), &name, &change).await??;
    Ok(Json(manager.set_host_group(&name, &change, &operator.name).await?))
}

async fn delete_host_group(
    State(manager): Shared,
    caller: Caller,
    Path(name): Path<String>,
) -> Result<StatusCode, Refusal> {
    let operator = manager.for_host_group(caller.asking(), &name).await??;
    manager.delete_host_group(&name, &operator.name).await?;
    Ok(StatusCode::NO_CONTENT)
}

async fn import_host_groups(
    State(manager): Shared,
    Administrator(caller): Administrator,
) -> Result<Json<ImportedGroups>, Refusal> {
    Ok(Json(manager.import_host_groups(&caller.name).await?))
}

async fn host_group_members(
    State(manager): Shared,
    Path(name): Path<String>,
    Query(query): Query<HostGroupMembersQuery>,
) -> Result<Json<Told<Page<HostGroupMember>>>, Refusal> {
    Ok(Json(manager.host_group_members(&name, &query).await?))
}

async fn change_host_group(
    State(manager): Shared,
    caller: Caller,
    Path(name): Path<String>,
    Json(members): Json<HostGroupMembers>,
) -> Result<Json<HostGroup>, Refusal> {
    let operator = manager.for_members(caller.asking(), &name, &members.add).await??;
    Ok(Json(manager.change_host_group(&name, &members, &operator.name).await?))
}

impl From<ManagerError> for Refusal {
    fn from(error: ManagerError) -> Self {
        Self::from(&error)
    }
}

impl From<&ManagerError> for Refusal {
    fn from(error: &ManagerError) -> Self {
        let (status, kind, title) = match error.kind() {
            ErrorKind::NotLinked => (StatusCode::CONFLICT, "/problems/not-linked", "no WSUS is linked"),
            ErrorKind::NotReached => {
                (StatusCode::BAD_GATEWAY, "/problems/not-reached", "a hop is not reached")
            }
            ErrorKind::NotFound => (StatusCode::NOT_FOUND, "about:blank", "not found"),
            ErrorKind::Refused => (StatusCode::CONFLICT, "about:blank", "refused"),
            ErrorKind::Invalid => (StatusCode::BAD_REQUEST, "about:blank", "the request is not valid"),
            ErrorKind::NotUnderstood => {
                (StatusCode::BAD_GATEWAY, "about:blank", "a Linkage is not understood")
            }
            ErrorKind::Internal => {
                tracing::error!(error = chain(error), "a request failed");
                let detail = "the server failed; its log says why";
                return Self::new(StatusCode::INTERNAL_SERVER_ERROR, "the server failed", detail);
            }
        };
        let mut refusal = Self::new(status, title, chain(error));
        refusal.0.kind = kind.to_owned();
        refusal
    }
}
