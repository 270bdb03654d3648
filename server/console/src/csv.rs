//! Lists as CSV (RFC 4180).

use axum::body::Body;
use axum::http::header;
use axum::response::{IntoResponse, Response};

/// A file to keep.
pub(crate) fn csv(name: &str, text: String) -> Response {
    sent_as_read(name, Body::from(text))
}

/// The same of which the text comes by and by.
pub(crate) fn sent_as_read(name: &str, text: Body) -> Response {
    let disposition = format!("attachment; filename=\"{name}\"");
    (
        [
            (header::CONTENT_TYPE, "text/csv; charset=utf-8".to_owned()),
            (header::CONTENT_DISPOSITION, disposition),
        ],
        text,
    )
        .into_response()
}
