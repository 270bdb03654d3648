//! What went wrong, as a page: what happened, since when, what to do, and by what the log is searched.

use std::fmt::Write as _;

use askama::Template;
use axum::extract::{Request, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::middleware::Next;
use axum::response::{Html, IntoResponse, Response};
use headwater_manager::{ErrorKind, Manager, ManagerError};
use headwater_model::chain;
use headwater_operators::Refused;
use ring::rand::{SecureRandom as _, SystemRandom};

use crate::Shared;
use crate::fields::Fields;
use crate::frame::{Frame, place_of};
use crate::look::When;
use crate::session::{Visitor, local};

/// A request that was not carried out.
#[derive(Debug, Clone)]
pub(crate) struct Failure {
    status: StatusCode,
    what: String,
    /// Where to go on, and what is there.
    back: Option<(String, String)>,
}

impl Failure {
    pub fn new(status: StatusCode, what: impl Into<String>) -> Self {
        Self { status, what: what.into(), back: None }
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

    /// What was decided from is not so any more.
    pub fn changed(what: impl Into<String>) -> Self {
        Self::new(StatusCode::CONFLICT, what)
    }

    /// Leads to a place of this console, other than where the request came from.
    pub fn back_to(mut self, href: impl Into<String>, words: impl Into<String>) -> Self {
        self.back = Some((href.into(), words.into()));
        self
    }

    /// What to do about it, besides what it says itself.
    fn advice(&self) -> &'static str {
        match self.status {
            StatusCode::UNAUTHORIZED => "Sign in, and repeat it.",
            StatusCode::FORBIDDEN => {
                "Nothing was changed. Somebody with that role can do it, or give it to you."
            }
            StatusCode::NOT_FOUND => "It may have been deleted or renamed: look for it in its list.",
            StatusCode::CONFLICT => "Look at it again, and repeat it if it is still what you want.",
            StatusCode::BAD_REQUEST => "Nothing was changed. Go back, mend it, and send it again.",
            StatusCode::TOO_MANY_REQUESTS => "Nothing was changed. Wait, and try again.",
            StatusCode::BAD_GATEWAY => {
                "`Link` shows every hop and what to do where one fails; then try again."
            }
            _ => "Search the log of the managing server for the id below.",
        }
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
                return Self::new(StatusCode::INTERNAL_SERVER_ERROR, "the managing server failed");
            }
        };
        Self::new(status, chain(&error))
    }
}

impl From<askama::Error> for Failure {
    fn from(error: askama::Error) -> Self {
        tracing::error!(%error, "a page cannot be rendered");
        Self::new(StatusCode::INTERNAL_SERVER_ERROR, "the page cannot be rendered")
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
    advice: &'static str,
    /// Since when a hop fails, where it is for that.
    since: Option<When>,
    at: When,
    id: String,
    back: Option<(String, String)>,
}

impl IntoResponse for Failure {
    /// [`shown`] makes a page of it: what is around the page is not known here.
    fn into_response(self) -> Response {
        let mut response = self.status.into_response();
        response.extensions_mut().insert(self);
        response
    }
}

/// Makes pages of failures, each with an id under which the log has it.
pub(crate) async fn shown(State(manager): Shared, request: Request, next: Next) -> Response {
    let method = request.method().clone();
    let path = request.uri().path().to_owned();
    let from = came_from(request.headers());
    let mut response = next.run(request).await;
    let Some(failure) = response.extensions_mut().remove::<Failure>() else { return response };
    let visitor = response.extensions_mut().remove::<Visitor>();
    let id = id();
    let status = failure.status.as_u16();
    match failure.status.is_server_error() {
        true => tracing::warn!(id, status, %method, path, what = failure.what, "a page failed"),
        false => tracing::info!(id, status, %method, path, what = failure.what, "a page was refused"),
    }
    let html = page(&manager, visitor.as_ref(), &path, failure, from, id).render().unwrap_or_default();
    (response.status(), Html(html)).into_response()
}

fn page(
    manager: &Manager,
    visitor: Option<&Visitor>,
    path: &str,
    failure: Failure,
    from: Option<String>,
    id: String,
) -> Page {
    let now = manager.now();
    let problem = manager.mirror().problem.as_ref().map(|problem| When::new(problem.since, now));
    Page {
        frame: match visitor {
            Some(visitor) => Frame::new(manager, visitor, place_of(path), "Not done", &Fields::default()),
            None => Frame::bare("Not done"),
        },
        advice: failure.advice(),
        since: problem.filter(|_| failure.status == StatusCode::BAD_GATEWAY),
        at: When::new(now, now),
        id,
        back: failure.back.or_else(|| from.map(|from| (from, "Back to where you were".to_owned()))),
        what: sentence(&failure.what),
    }
}

/// The page of this console that a request came from.
fn came_from(headers: &HeaderMap) -> Option<String> {
    let referer = headers.get(header::REFERER)?.to_str().ok()?;
    let (_, rest) = referer.split_once("://")?;
    let place = &rest[rest.find('/')?..];
    (local(place) == place && place != "/").then(|| place.to_owned())
}

/// Of one failure, for whoever searches the log.
fn id() -> String {
    let mut bytes = [0_u8; 4];
    // Without randomness it is the id of nothing, and the time still finds it.
    let _ = SystemRandom::new().fill(&mut bytes);
    bytes.iter().fold(String::new(), |mut id, byte| {
        let _ = write!(id, "{byte:02x}");
        id
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_failure_leads_back_within_the_console_only() {
        for (referer, place) in [
            ("https://hq.example:8443/groups?group=Pilot", Some("/groups?group=Pilot")),
            ("https://hq.example:8443/", None),
            ("https://hq.example//evil.example", None),
            ("hq.example", None),
        ] {
            let mut headers = HeaderMap::new();
            headers.insert(header::REFERER, referer.parse().expect("a header"));
            assert_eq!(came_from(&headers).as_deref(), place, "{referer}");
        }
        assert_eq!(id().len(), 8);
        assert_ne!(id(), id());
    }
}
