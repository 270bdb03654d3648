//! What went wrong, as a page.

use askama::Template;
use axum::http::StatusCode;
use axum::response::{Html, IntoResponse, Response};
use headwater_manager::{ErrorKind, ManagerError};
use headwater_model::chain;
use headwater_operators::Refused;

use crate::frame::Frame;

/// A request that was not carried out.
#[derive(Debug)]
pub(crate) struct Failure {
    status: StatusCode,
    what: String,
}

impl Failure {
    pub fn new(status: StatusCode, what: impl Into<String>) -> Self {
        Self { status, what: what.into() }
    }

    pub fn what(&self) -> &str {
        &self.what
    }

    pub fn not_found(what: impl Into<String>) -> Self {
        Self::new(StatusCode::NOT_FOUND, what)
    }

    pub fn invalid(what: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, what)
    }
}

impl From<ManagerError> for Failure {
    /// What is inside the server stays in its log.
    fn from(error: ManagerError) -> Self {
        let status = match error.kind() {
            ErrorKind::NotLinked | ErrorKind::Refused => StatusCode::CONFLICT,
            ErrorKind::NotFound => StatusCode::NOT_FOUND,
            ErrorKind::Invalid => StatusCode::BAD_REQUEST,
            ErrorKind::NotReached | ErrorKind::NotUnderstood => StatusCode::BAD_GATEWAY,
            ErrorKind::Internal => {
                tracing::error!(error = chain(&error), "a page failed");
                return Self::new(StatusCode::INTERNAL_SERVER_ERROR, "the server failed; its log says why");
            }
        };
        Self::new(status, chain(&error))
    }
}

impl From<askama::Error> for Failure {
    fn from(error: askama::Error) -> Self {
        tracing::error!(%error, "a page cannot be rendered");
        Self::new(StatusCode::INTERNAL_SERVER_ERROR, "the page cannot be rendered; the log says why")
    }
}

/// The same with a capital letter.
pub(crate) fn sentence(what: &str) -> String {
    let mut what = what.to_owned();
    if let Some(first) = what.get(..1) {
        let first = first.to_uppercase();
        what.replace_range(..1, &first);
    }
    what
}

impl From<Refused> for Failure {
    fn from(refused: Refused) -> Self {
        Self::new(StatusCode::FORBIDDEN, refused.to_string())
    }
}

#[derive(Template)]
#[template(path = "failure.html")]
struct Page {
    frame: Frame,
    what: String,
}

impl IntoResponse for Failure {
    fn into_response(self) -> Response {
        let what = sentence(&self.what);
        let page = Page { frame: Frame::bare("Not done"), what };
        let html = page.render().unwrap_or_default();
        (self.status, Html(html)).into_response()
    }
}
