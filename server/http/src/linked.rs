//! Updates, groups and computers where a managing server and an update server are one process: the same paths are
//! about the linked WSUS.
//!
//! Where that is the process's own, it answers its lists and groups, for it knows them before any mirror does. What
//! concerns the whole tree, and all that is written, goes to the managing server, which knows of host groups, of a
//! review and of what else writes. Where another WSUS is linked, the managing server answers all of it.

use std::sync::Arc;

use axum::Router;
use axum::extract::{Request, State};
use axum::http::Method;
use axum::response::{IntoResponse, Response};
use form_urlencoded::parse;
use headwater_api::path;
use headwater_manager::Manager;
use headwater_model::ServerId;
use tower::ServiceExt as _;

use crate::manager::wsus_router;
use crate::problem::Refusal;

struct Linked {
    manager: Arc<Manager>,
    own: ServerId,
    update_server: Router,
    /// What the managing server answers, and what only the update server has.
    linked: Router,
}

/// The paths of an update server whose id is `own`, beside a managing server. The choice stands before any route, so
/// that a path is taken apart once.
pub fn router(update_server: Router, manager: Arc<Manager>, own: ServerId) -> Router {
    let linked = wsus_router(manager.clone()).fallback_service(update_server.clone());
    Router::new().fallback(choose).with_state(Arc::new(Linked { manager, own, update_server, linked }))
}

async fn choose(State(all): State<Arc<Linked>>, request: Request) -> Response {
    let of = match all.manager.linked_server().await {
        Ok(of) => of,
        Err(error) => return Refusal::from(error).into_response(),
    };
    let routes = match of {
        None => &all.update_server,
        Some(of) if of == all.own && is_told_here(&request) => &all.update_server,
        Some(_) => &all.linked,
    };
    match routes.clone().oneshot(request).await {
        Ok(response) => response,
        Err(never) => match never {},
    }
}

/// Whether the update server tells it all: it is read, it is a list, and not one over the tree.
fn is_told_here(request: &Request) -> bool {
    /// By these only a managing server lists.
    const OF_TREE: [&str; 7] = ["server", "outside", "state", "sort", "reverse", "needed", "failed"];
    let uri = request.uri();
    let is_one = [path::UPDATES, path::COMPUTERS]
        .iter()
        .any(|list| uri.path().strip_prefix(list).is_some_and(|rest| rest.starts_with('/')));
    let is_of_tree =
        parse(uri.query().unwrap_or_default().as_bytes()).any(|(name, _)| OF_TREE.contains(&name.as_ref()));
    matches!(*request.method(), Method::GET | Method::HEAD) && !is_one && !is_of_tree
}
