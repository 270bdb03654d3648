//! Files of updates, whole or in ranges ([MS-WSUSSS] 2.1, fact 38).
//!
//! A path is never a path here: it must spell a SHA-1, and the file behind that is found by its digest. So
//! nothing else can be reached, whatever a URL says (threat A16).

use std::sync::Arc;

use axum::Router;
use axum::body::Body;
use axum::extract::State;
use axum::http::{HeaderMap, HeaderValue, Method, Request, StatusCode, header};
use axum::response::{IntoResponse, Response};
use futures_util::StreamExt as _;
use headwater_app::content::ContentFile;
use headwater_app::{App, admin};
use headwater_content::range::{self, Answer};
use headwater_model::Sha1Digest;

use crate::direct;

/// A listener for content and nothing else: what may travel without TLS beside HTTPS (fact 51).
pub fn router(app: Arc<App>) -> Router {
    let dispatch =
        async |State(app): State<Arc<App>>, request: Request<Body>| match is_content(request.uri().path()) {
            true => answer(&app, request).await,
            false => not_here(),
        };
    Router::new().fallback(dispatch).with_state(app)
}

/// Whether a path, in any letter case, is one of this service (fact 1).
pub(crate) fn is_content(path: &str) -> bool {
    path.get(..CONTENT.len()).is_some_and(|start| start.eq_ignore_ascii_case(CONTENT))
}

const CONTENT: &str = "/Content/";

/// Answers a request for a file.
pub(super) async fn answer(app: &App, request: Request<Body>) -> Response {
    let (head, _) = request.into_parts();
    if !matches!(head.method, Method::GET | Method::HEAD) {
        return (StatusCode::METHOD_NOT_ALLOWED, [(header::ALLOW, "GET, HEAD")]).into_response();
    }
    let Some(sha1) = digest(head.uri.path()) else { return not_here() };
    match app.open_content(sha1).await {
        Ok(Some(file)) if head.method == Method::HEAD => respond(&file, &Answer::Whole, Body::empty()),
        Ok(Some(file)) => send(&file, &head.headers),
        Ok(None) => not_here(),
        Err(error) => {
            tracing::error!(file = %sha1, error = admin::chain(&error), "a file cannot be read");
            StatusCode::INTERNAL_SERVER_ERROR.into_response()
        }
    }
}

/// The SHA-1 that a path spells: `/Content/<folder>/<SHA-1>.<extension>`. Folder and extension repeat what is
/// known and are not looked at.
pub(crate) fn digest(path: &str) -> Option<Sha1Digest> {
    let (_folder, file) = path.get(CONTENT.len()..)?.split_once('/')?;
    let (name, _extension) = file.split_once('.').unwrap_or((file, ""));
    name.parse().ok()
}

/// What is announced may arrive at any time, so nobody should remember that it was not here.
fn not_here() -> Response {
    (StatusCode::NOT_FOUND, [(header::CACHE_CONTROL, "no-store")]).into_response()
}

fn send(file: &ContentFile, headers: &HeaderMap) -> Response {
    let text = |name| headers.get(name).and_then(|value: &HeaderValue| value.to_str().ok());
    let answer = range::decide(text(header::RANGE), text(header::IF_RANGE), &file.etag(), file.len());
    let bytes = match &answer {
        Answer::Whole => 0..file.len(),
        Answer::Part(part) => part.clone(),
        Answer::Unsatisfiable => return respond(file, &answer, Body::empty()),
    };
    let sent = metrics::counter!("headwater_content_bytes_total");
    let stream = file.stream(bytes.clone()).inspect(move |chunk| {
        if let Ok(bytes) = chunk {
            sent.increment(bytes.len() as u64);
        }
    });
    let mut response = respond(file, &answer, Body::from_stream(stream));
    direct::offer(&mut response, file, bytes);
    response
}

fn respond(file: &ContentFile, answer: &Answer, body: Body) -> Response {
    let (status, len) = match answer {
        Answer::Whole => (StatusCode::OK, file.len()),
        Answer::Part(part) => (StatusCode::PARTIAL_CONTENT, part.end - part.start),
        Answer::Unsatisfiable => (StatusCode::RANGE_NOT_SATISFIABLE, 0),
    };
    metrics::counter!("headwater_content_answers_total", "status" => status.as_u16().to_string())
        .increment(1);
    let fields = [
        (header::CONTENT_LENGTH, len.to_string()),
        (header::CONTENT_TYPE, "application/octet-stream".to_owned()),
        (header::ACCEPT_RANGES, "bytes".to_owned()),
        (header::ETAG, file.etag()),
    ];
    let content_range = answer.content_range(file.len()).map(|range| [(header::CONTENT_RANGE, range)]);
    (status, fields, content_range, body).into_response()
}
