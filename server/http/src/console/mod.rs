//! The console listener: the JSON API, health and metrics. Pages come later.

mod computers;
mod downstream;
mod groups;
mod imports;
mod server;
mod status;
mod updates;
mod upstream;

use std::sync::Arc;

use axum::Router;
use axum::extract::{DefaultBodyLimit, Request, State};
use axum::http::{HeaderValue, header};
use axum::middleware::{self, Next};
use axum::response::Response;
use axum::routing::{delete, get, post, put};
use headwater_api::path;
use headwater_app::App;

use crate::caller::{Administrator, Caller, admit};
use crate::json::{Json, Query};
use crate::problem::Refusal;

/// What the console needs to know beside the server.
#[derive(Clone)]
pub struct Console {
    pub app: Arc<App>,
    /// What agents are told, such as `https://wsus.example:8531`.
    pub updates_url: String,
    pub console_url: String,
    /// Renders the metrics.
    pub metrics: Arc<dyn Fn() -> String + Send + Sync>,
}

/// The longest JSON body, in bytes.
const JSON_BYTES_MAX: usize = 1 << 20;

/// The console's whole URL space.
pub fn router(console: Console) -> Router {
    let state = Arc::new(console);
    Router::new()
        .route(path::SERVER, get(server::show))
        .route(path::STATUS, get(status::show))
        .route(path::POLICY, get(server::policy))
        .route(path::HISTORY, get(server::history))
        .route(path::UPDATES, get(updates::list))
        .route(path::UPDATE, get(updates::show))
        .route(path::UPDATE_COMPUTERS, get(updates::computers))
        .route(path::UPDATE_LICENCE, get(updates::licence).post(updates::accept_licence))
        .route(path::DECLINE, post(updates::decline))
        .route(path::UNDECLINE, post(updates::undecline))
        .route(path::APPROVALS, post(updates::approve).delete(updates::withdraw))
        .route(path::GROUPS, get(groups::list).post(groups::create))
        .route(path::GROUP, delete(groups::remove))
        .route(path::GROUP_MEMBERS, get(groups::members))
        .route(path::COMPUTERS, get(computers::list))
        .route(path::COMPUTER, get(computers::show).delete(computers::remove))
        .route(path::COMPUTER_UPDATES, get(computers::updates))
        .route(path::COMPUTER_GROUPS, post(computers::move_to))
        .route(path::DOWNSTREAM, get(downstream::list))
        .route(path::DOWNSTREAM_SERVER, delete(downstream::remove))
        .route(path::UPSTREAM, get(upstream::show).put(upstream::set).delete(upstream::clear))
        .route(path::UPSTREAM_FILTER, put(upstream::filter))
        .route(path::UPSTREAM_SYNC, post(upstream::synchronise).delete(upstream::stop))
        .route(path::UPSTREAM_RUNS, get(upstream::runs))
        .route(path::UPSTREAM_RUN, get(upstream::show_run))
        .layer(DefaultBodyLimit::max(JSON_BYTES_MAX))
        .route(path::IMPORTS, post(imports::import).layer(DefaultBodyLimit::disable()))
        .layer(middleware::from_fn_with_state(state.clone(), authorize))
        .route("/health", get(server::health))
        .route("/metrics", get(server::metrics))
        .fallback(async || Refusal::unknown_path())
        .layer(middleware::from_fn(harden))
        .with_state(state)
}

/// Health and metrics of a process without an update server.
pub fn monitoring(metrics: Arc<dyn Fn() -> String + Send + Sync>) -> Router {
    let render = async move || server::rendered(&metrics());
    Router::new()
        .route("/health", get(server::health))
        .route("/metrics", get(render))
        .fallback(async || Refusal::unknown_path())
        .layer(middleware::from_fn(harden))
}

type Shared = State<Arc<Console>>;

/// Lets in who has a token.
async fn authorize(State(console): Shared, request: Request, next: Next) -> Result<Response, Refusal> {
    admit(&console.app.operators, console.app.clock.now(), request, next).await
}

/// Headers that every answer carries: nothing here is a page of another, or kept by a proxy.
pub(crate) async fn harden(request: Request, next: Next) -> Response {
    let mut response = next.run(request).await;
    let headers = response.headers_mut();
    headers.insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    headers.insert(header::X_FRAME_OPTIONS, HeaderValue::from_static("DENY"));
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    headers.insert(
        header::CONTENT_SECURITY_POLICY,
        HeaderValue::from_static("default-src 'none'; frame-ancestors 'none'"),
    );
    response
}

/// An id in a path.
pub(crate) fn parse_id<T: std::str::FromStr>(text: &str, noun: &str) -> Result<T, Refusal> {
    text.parse().map_err(|_| {
        Refusal::invalid(format!("`{}` is not the id of {noun}", text.chars().take(64).collect::<String>()))
    })
}
