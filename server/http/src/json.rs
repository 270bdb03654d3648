//! JSON and queries, with problems instead of plain texts.

use std::convert::Infallible;

use axum::body::{Body, Bytes};
use axum::extract::{FromRequest, FromRequestParts, Request};
use axum::http::header;
use axum::http::request::Parts;
use axum::response::{IntoResponse, Response};
use headwater_api::ImportEvent;
use serde::Serialize;
use serde::de::DeserializeOwned;
use tokio::sync::mpsc::UnboundedReceiver;

use crate::problem::Refusal;

/// JSON in and out, with problems instead of plain texts.
pub(crate) struct Json<T>(pub T);

impl<T: DeserializeOwned, S: Send + Sync> FromRequest<S> for Json<T> {
    type Rejection = Refusal;

    async fn from_request(request: Request, state: &S) -> Result<Self, Refusal> {
        let read = axum::Json::<T>::from_request(request, state).await;
        read.map(|axum::Json(value)| Self(value)).map_err(|error| Refusal::invalid(error.body_text()))
    }
}

impl<T: Serialize> IntoResponse for Json<T> {
    fn into_response(self) -> Response {
        axum::Json(self.0).into_response()
    }
}

/// The query of a URL.
pub(crate) struct Query<T>(pub T);

impl<T: DeserializeOwned, S: Send + Sync> FromRequestParts<S> for Query<T> {
    type Rejection = Refusal;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Refusal> {
        let read = axum::extract::Query::<T>::from_request_parts(parts, state).await;
        read.map(|axum::extract::Query(value)| Self(value))
            .map_err(|error| Refusal::invalid(error.body_text()))
    }
}

/// An answer that is a line of JSON for each event, sent as it comes.
pub(crate) fn lines<T: Serialize + Send + 'static>(events: UnboundedReceiver<T>) -> Response {
    let lines = futures_util::stream::unfold(events, async |mut events| {
        let mut line = serde_json::to_vec(&events.recv().await?).unwrap_or_default();
        line.push(b'\n');
        Some((Ok::<Bytes, Infallible>(line.into()), events))
    });
    ([(header::CONTENT_TYPE, ImportEvent::MEDIA_TYPE)], Body::from_stream(lines)).into_response()
}
