//! The Linkage's listener: `headwater_api::linkage` says what its paths are for.

use std::sync::Arc;

use axum::Router;
use axum::extract::{DefaultBodyLimit, FromRequestParts, State};
use axum::http::StatusCode;
use axum::http::request::Parts;
use axum::routing::{get, post};
use headwater_api::linkage::{
    About, BODY_BYTES_MAX, HOLD, Handed, Hold, Introduction, JOIN, Join, ORDERS, PAIR, Pairing,
    PairingAnswer, ROOT, RUN, RUN_NEWS, RunNews, RunWanted, RunWatch, Signed,
};
use headwater_linkage::{Linkage, LinkageError};

use crate::json::Json;
use crate::listen::PeerCertificate;
use crate::problem::Refusal;

/// The longest message of somebody who is nobody yet, in bytes.
const STRANGER_BYTES_MAX: usize = 64 << 10;

/// The Linkage's whole URL space.
pub fn router(linkage: Arc<Linkage>) -> Router {
    Router::new()
        .route(ORDERS, post(order))
        .route(HOLD, post(hold))
        .layer(DefaultBodyLimit::max(BODY_BYTES_MAX))
        .route(ROOT, get(about))
        .route(PAIR, post(pair).layer(DefaultBodyLimit::max(STRANGER_BYTES_MAX)))
        .route(JOIN, post(join).layer(DefaultBodyLimit::max(STRANGER_BYTES_MAX)))
        .route(RUN, post(ask_for_run).layer(DefaultBodyLimit::max(STRANGER_BYTES_MAX)))
        .route(RUN_NEWS, post(run_news).layer(DefaultBodyLimit::max(STRANGER_BYTES_MAX)))
        .fallback(async || Refusal::unknown_path())
        .with_state(linkage)
}

type Shared = State<Arc<Linkage>>;

/// The certificate of the connection, where one was shown.
struct Peer(Option<PeerCertificate>);

impl<S: Send + Sync> FromRequestParts<S> for Peer {
    type Rejection = Refusal;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Refusal> {
        Ok(Self(parts.extensions.get::<PeerCertificate>().cloned()))
    }
}

async fn about(State(linkage): Shared) -> Json<About> {
    Json(linkage.about())
}

async fn pair(State(linkage): Shared, Json(step): Json<Pairing>) -> Json<PairingAnswer> {
    Json(linkage.pair(&step))
}

async fn order(
    State(linkage): Shared,
    Peer(peer): Peer,
    Json(order): Json<Signed>,
) -> Result<Json<Signed>, Refusal> {
    Ok(Json(linkage.take_order(order, peer.as_ref().map(|peer| &peer.0)).await?))
}

async fn hold(
    State(linkage): Shared,
    Peer(peer): Peer,
    Json(hold): Json<Hold>,
) -> Result<Json<Handed>, Refusal> {
    Ok(Json(linkage.hold(hold, peer.as_ref().map(|peer| &peer.0)).await?))
}

async fn join(State(linkage): Shared, Json(join): Json<Join>) -> Result<Json<Introduction>, Refusal> {
    Ok(Json(linkage.join(join).await?))
}

async fn ask_for_run(
    State(linkage): Shared,
    Peer(peer): Peer,
    Json(wanted): Json<RunWanted>,
) -> Result<Json<RunWatch>, Refusal> {
    Ok(Json(linkage.ask_for_run(wanted, peer.as_ref().map(|peer| &peer.0))?))
}

async fn run_news(
    State(linkage): Shared,
    Peer(peer): Peer,
    Json(watch): Json<RunWatch>,
) -> Result<Json<RunNews>, Refusal> {
    Ok(Json(linkage.run_news(watch, peer.as_ref().map(|peer| &peer.0)).await?))
}

impl From<LinkageError> for Refusal {
    fn from(error: LinkageError) -> Self {
        let status = match &error {
            LinkageError::NotPermitted => StatusCode::FORBIDDEN,
            LinkageError::NotReached(_) => StatusCode::GATEWAY_TIMEOUT,
            LinkageError::Refused(_) | LinkageError::Pairing(_) => StatusCode::CONFLICT,
            LinkageError::State(_) | LinkageError::Tls(_) => StatusCode::INTERNAL_SERVER_ERROR,
        };
        let title = status.canonical_reason().unwrap_or_default();
        Self::new(status, title, error.to_string())
    }
}
