//! Operators, their sessions and tokens, and the record of what they did: the same for every role.

use std::net::SocketAddr;
use std::sync::Arc;

use axum::Router;
use axum::extract::{ConnectInfo, DefaultBodyLimit, Path, Request, State};
use axum::http::{StatusCode, header};
use axum::middleware::{self, Next};
use axum::response::{IntoResponse, Response};
use axum::routing::{delete, get, post, put};
use headwater_api::{
    AuditEntry, AuditQuery, Credentials, MadeToken, NewOperator, NewPassword, NewToken, OperatorAccount,
    OperatorChange, Page, Session, Token, page_limit, path,
};
use headwater_app::{App, Served, admin};
use headwater_manager::{AuditFilter, AuditOrder, AuditRow, Manager};
use headwater_model::Timestamp;
use headwater_operators::{Action, NotLetIn, Operators};

use crate::audit::Merge;
use crate::caller::{Administrator, Caller, Present, admit, admit_everybody};
use crate::console::harden;
use crate::json::{Json, Query};
use crate::problem::Refusal;

/// The longest JSON body, in bytes: a scope of a thousand long names.
const JSON_BYTES_MAX: usize = 1 << 20;

/// The servers of a process that have the same operators.
pub struct Administered {
    operators: Operators,
    now: Box<dyn Fn() -> Timestamp + Send + Sync>,
    app: Option<Arc<App>>,
    manager: Option<Arc<Manager>>,
}

impl Administered {
    /// `None` where there is neither: a Linkage alone has no operators.
    pub fn new(app: Option<Arc<App>>, manager: Option<Arc<Manager>>) -> Option<Self> {
        let operators = match (&app, &manager) {
            (Some(app), _) => app.operators.clone(),
            (None, Some(manager)) => manager.operators.clone(),
            (None, None) => return None,
        };
        let now: Box<dyn Fn() -> Timestamp + Send + Sync> = match (app.clone(), manager.clone()) {
            (Some(app), _) => Box::new(move || app.clock.now()),
            (None, Some(manager)) => Box::new(move || manager.now()),
            (None, None) => return None,
        };
        Some(Self { operators, now, app, manager })
    }

    fn now(&self) -> Timestamp {
        (self.now)()
    }
}

/// What every server with operators adds to the console's URL space.
pub fn router(administered: Administered) -> Router {
    let state = Arc::new(administered);
    let own = Router::new()
        .route(path::OPERATOR_PASSWORD, put(set_password))
        .layer(middleware::from_fn_with_state(state.clone(), authorize_everybody));
    Router::new()
        .route(path::OPERATORS, get(list).post(create))
        .route(path::OPERATOR, put(change).delete(remove))
        .route(path::OPERATOR_UNLOCK, post(unlock))
        .route(path::TOKENS, get(tokens).post(create_token))
        .route(path::TOKEN, delete(revoke_token))
        .route(path::AUDIT, get(audit))
        .layer(middleware::from_fn_with_state(state.clone(), authorize))
        .merge(own)
        .route(path::SESSION, post(sign_in))
        .layer(DefaultBodyLimit::max(JSON_BYTES_MAX))
        .layer(middleware::from_fn(harden))
        .with_state(state)
}

type Shared = State<Arc<Administered>>;

async fn authorize(State(state): Shared, request: Request, next: Next) -> Result<Response, Refusal> {
    admit(&state.operators, state.now(), request, next).await
}

async fn authorize_everybody(
    State(state): Shared,
    request: Request,
    next: Next,
) -> Result<Response, Refusal> {
    admit_everybody(&state.operators, state.now(), request, next).await
}

async fn sign_in(
    State(state): Shared,
    ConnectInfo(peer): ConnectInfo<SocketAddr>,
    Json(credentials): Json<Credentials>,
) -> Result<Response, Refusal> {
    let Credentials { user, password } = credentials;
    match state.operators.sign_in(&user, &password, peer.ip(), state.now()).await? {
        Ok(session) => {
            let session = Session { token: session.token, expires_at: session.expires_at };
            Ok(Json(session).into_response())
        }
        Err(why) => Ok(not_let_in(why)),
    }
}

fn not_let_in(why: NotLetIn) -> Response {
    let (status, wait) = match why {
        NotLetIn::Wrong => (StatusCode::UNAUTHORIZED, None),
        NotLetIn::Later(seconds) | NotLetIn::Locked(seconds) => {
            (StatusCode::TOO_MANY_REQUESTS, Some(seconds))
        }
    };
    let mut response = Refusal::new(status, "not permitted", why.to_string()).into_response();
    if let Some(seconds) = wait {
        response.headers_mut().insert(header::RETRY_AFTER, seconds.into());
    }
    response
}

async fn list(State(state): Shared) -> Result<Json<Page<OperatorAccount>>, Refusal> {
    let items = state.operators.accounts(state.now()).await?;
    Ok(Json(Page { items, next: None, total: None }))
}

async fn create(
    State(state): Shared,
    Present(by): Present,
    Json(new): Json<NewOperator>,
) -> Result<(StatusCode, Json<OperatorAccount>), Refusal> {
    Ok((StatusCode::CREATED, Json(state.operators.create(&new, &by.name, state.now()).await?)))
}

async fn change(
    State(state): Shared,
    Present(by): Present,
    Path(name): Path<String>,
    Json(asked): Json<OperatorChange>,
) -> Result<Json<OperatorAccount>, Refusal> {
    Ok(Json(state.operators.change(&name, &asked, &by.name, state.now()).await?))
}

async fn remove(
    State(state): Shared,
    Administrator(by): Administrator,
    Path(name): Path<String>,
) -> Result<StatusCode, Refusal> {
    state.operators.delete(&name, &by.name, state.now()).await?;
    Ok(StatusCode::NO_CONTENT)
}

async fn unlock(
    State(state): Shared,
    Administrator(by): Administrator,
    Path(name): Path<String>,
) -> Result<Json<OperatorAccount>, Refusal> {
    Ok(Json(state.operators.unlock(&name, &by.name, state.now()).await?))
}

/// An administrator sets any password; everybody else their own, if they know the one before.
async fn set_password(
    State(state): Shared,
    ConnectInfo(peer): ConnectInfo<SocketAddr>,
    caller: Caller,
    Path(name): Path<String>,
    Json(asked): Json<NewPassword>,
) -> Result<Response, Refusal> {
    if !caller.asking().is(&name) {
        caller.permitted(Action::Administer)?;
    }
    if !caller.asking().may(Action::Administer) || asked.current.is_some() {
        let current = asked.current.unwrap_or_default();
        let checked = state.operators.check_password(&name, &current, peer.ip(), state.now()).await?;
        if let Err(why) = checked {
            let detail = format!("{why}: the password of {name} is not changed");
            return Err(Refusal::new(StatusCode::FORBIDDEN, "not permitted", detail));
        }
    } else {
        caller.must_be_present()?;
    }
    let by = &caller.permitted(Action::Read)?.name;
    state.operators.set_password(&name, &asked.password, by, state.now()).await?;
    Ok(StatusCode::NO_CONTENT.into_response())
}

async fn tokens(State(state): Shared) -> Result<Json<Page<Token>>, Refusal> {
    Ok(Json(Page { items: state.operators.tokens().await?, next: None, total: None }))
}

async fn create_token(
    State(state): Shared,
    Present(by): Present,
    Json(new): Json<NewToken>,
) -> Result<(StatusCode, Json<MadeToken>), Refusal> {
    Ok((StatusCode::CREATED, Json(state.operators.create_token(&new, &by.name, state.now()).await?)))
}

async fn revoke_token(
    State(state): Shared,
    Administrator(by): Administrator,
    Path(name): Path<String>,
) -> Result<StatusCode, Refusal> {
    state.operators.revoke_token(&name, &by.name, state.now()).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Of an update server and of a managing server in one process, in the order of time.
async fn audit(
    State(state): Shared,
    Query(query): Query<AuditQuery>,
) -> Result<Json<Page<AuditEntry>>, Refusal> {
    let limit = page_limit(query.limit);
    let begin = query.after.as_deref().map(|after| after.parse().map_err(Refusal::invalid)).transpose()?;
    let order = if query.reverse { AuditOrder::OldestFirst } else { AuditOrder::NewestFirst };
    let mut merge = Merge::begin(begin.unwrap_or_default(), order, limit);
    // What follows an entry in this order.
    let follows = |from: Option<i64>, limit: usize| {
        let (by, since, before, limit) = (query.by.as_deref(), query.since, query.before, limit as u32);
        AuditFilter { by, since, before, order, limit, ..AuditFilter::default() }.going_on(from)
    };
    while merge.goes_on() {
        let changes = match &state.app {
            None => Vec::new(),
            Some(app) => {
                let filter = follows(merge.at.changes, limit + 1);
                let (served, changes) = (app.live.served(), app.audited(&filter).await?);
                changes.into_iter().map(|(id, change)| (id, of_update_server(&served, change))).collect()
            }
        };
        let orders = match &state.manager {
            None => Vec::new(),
            Some(manager) => {
                let filter = follows(merge.orders_from(), merge.orders_limit());
                let orders = manager.audited(&filter).await?;
                orders.into_iter().map(|(id, order)| (id, of_manager(order))).collect()
            }
        };
        merge.take(changes, orders);
    }
    Ok(Json(merge.page()))
}

fn of_update_server(served: &Served, change: admin::updates::Change) -> AuditEntry {
    let title = |id| served.catalogue.title(id).map_or_else(|| format!("update {id}"), str::to_owned);
    let group = |id| match served.offers.groups.get(id) {
        Some(group) => format!("group {}", group.name),
        None => format!("group {id}"),
    };
    let parts = [change.update.map(title), change.group.map(group), Some(change.detail)];
    let parts: Vec<String> = parts.into_iter().flatten().filter(|part| !part.is_empty()).collect();
    let (at, by, what, before, after) = (change.at, change.by, change.what, change.before, change.after);
    AuditEntry { at, by, what, detail: parts.join(", "), before, after }
}

fn of_manager(row: AuditRow) -> AuditEntry {
    let AuditRow { at, operator, what, detail, before, after } = row;
    AuditEntry { at, by: operator, what, detail, before, after }
}
