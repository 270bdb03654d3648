//! Updates, groups and computers where a managing server and an update server are one process: the same paths are
//! about the linked WSUS.
//!
//! Where that is the process's own, it answers what it knows by itself, for it is the one whose mirror the managing
//! server would read. What is written goes through the managing server, which knows of host groups, of a review and
//! of what else writes. Where it is another WSUS, or a computer or group is changed, the managing server answers.

use std::sync::Arc;

use axum::Router;
use axum::extract::{Request, State};
use axum::http::Method;
use axum::middleware::{self, Next};
use axum::response::{IntoResponse, Response};
use headwater_manager::Manager;
use headwater_model::ServerId;
use tower::ServiceExt as _;

use crate::manager::wsus_router;
use crate::problem::Refusal;

struct Linked {
    manager: Arc<Manager>,
    own: ServerId,
    /// What the managing server answers, and what only the update server has.
    routes: Router,
}

/// The paths of an update server whose id is `own`, beside a managing server.
pub fn router(update_server: Router, manager: Arc<Manager>, own: ServerId) -> Router {
    let routes = wsus_router(manager.clone()).fallback_service(update_server.clone());
    let linked = Arc::new(Linked { manager, own, routes });
    update_server.layer(middleware::from_fn_with_state(linked, choose))
}

async fn choose(State(linked): State<Arc<Linked>>, request: Request, next: Next) -> Response {
    let of = match linked.manager.linked_server().await {
        Ok(of) => of,
        Err(error) => return Refusal::from(error).into_response(),
    };
    let is_read = matches!(*request.method(), Method::GET | Method::HEAD);
    match of {
        None => next.run(request).await,
        Some(of) if of == linked.own && is_read => next.run(request).await,
        Some(_) => match linked.routes.clone().oneshot(request).await {
            Ok(response) => response,
            Err(never) => match never {},
        },
    }
}
