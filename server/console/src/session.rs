//! Who looks at the pages: sign-in, the cookie, and the proof that a POST is theirs.
//!
//! A session is an operator's token in a cookie that scripts cannot read and other sites do not send. The
//! token in every form is derived from it, so that no other page can have it (threat: forged requests).

use std::net::SocketAddr;
use std::sync::Arc;

use askama::Template;
use axum::body::Body;
use axum::extract::{ConnectInfo, FromRequestParts, Request, State};
use axum::http::request::Parts;
use axum::http::uri::Scheme;
use axum::http::{HeaderMap, Method, StatusCode, header};
use axum::middleware::Next;
use axum::response::{Html, IntoResponse, Redirect, Response};
use headwater_manager::{Changed, GroupPaths, Manager, ManagerError};
use headwater_model::GroupId;
use headwater_operators::{Action, Asking, NotLetIn};
use ring::digest::{SHA256, digest};

use crate::Shared;
use crate::failure::{Failure, sentence};
use crate::fields::{FORM_BYTES_MAX, Fields, Form, Query, encoded};
use crate::frame::Frame;

const COOKIE: &str = "headwater_session";
/// The session's token ends after so long, and so does the cookie.
const SESSION_SECONDS: u32 = 12 * 3600;

/// An operator with a page before them.
#[derive(Debug, Clone)]
pub(crate) struct Visitor {
    asking: Asking,
    /// What every form of this session carries.
    pub csrf: String,
    /// What had changed before the page was made.
    pub seen: Changed,
}

impl Visitor {
    pub fn asking(&self) -> &Asking {
        &self.asking
    }

    /// The name of the operator, for something that they may do.
    pub fn permitted(&self, action: Action<'_>) -> Result<&str, Failure> {
        Ok(&self.asking.permitted(action)?.name)
    }

    pub fn may(&self, action: Action<'_>) -> bool {
        self.asking.may(action)
    }

    /// Which groups the operator may decide for.
    pub async fn groups(&self, manager: &Manager) -> Result<Within<'_>, Failure> {
        let paths = match self.may(Action::ForEveryGroup) || !self.may(Action::Write) {
            true => None,
            false => Some(manager.group_paths().await?),
        };
        Ok(Within { visitor: self, paths })
    }

    /// Whatever gives somebody access asks for the password again: a screen that was left open is not enough.
    pub async fn confirmed(
        &self,
        manager: &Manager,
        fields: &Fields,
        peer: SocketAddr,
    ) -> Result<(), Failure> {
        let (name, password) = (self.asking.shown_name(), fields.get("password"));
        let checked = manager.operators.check_password(name, password, peer.ip(), manager.now()).await;
        match checked.map_err(ManagerError::from)? {
            Ok(_) => Ok(()),
            Err(NotLetIn::Wrong) => Err(Failure::new(StatusCode::FORBIDDEN, "the password is wrong")),
            Err(other) => Err(Failure::new(StatusCode::TOO_MANY_REQUESTS, other.to_string())),
        }
    }
}

/// The groups that an operator may decide for.
pub(crate) struct Within<'a> {
    visitor: &'a Visitor,
    /// Where a scope says which.
    paths: Option<GroupPaths>,
}

impl Within<'_> {
    pub fn has(&self, id: GroupId) -> bool {
        match &self.paths {
            Some(paths) => self.visitor.may(Action::ForGroups(&[paths.of(id)])),
            None => self.visitor.may(Action::ForEveryGroup),
        }
    }
}

/// Whoever may only read gets no further with a form, whichever page it is of.
pub(crate) async fn writing(visitor: Visitor, request: Request, next: Next) -> Result<Response, Failure> {
    if request.method() != Method::GET {
        visitor.permitted(Action::Write)?;
    }
    Ok(next.run(request).await)
}

impl<S: Send + Sync> FromRequestParts<S> for Visitor {
    type Rejection = Failure;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Failure> {
        let visitor = parts.extensions.get::<Self>().cloned();
        visitor.ok_or_else(|| Failure::new(StatusCode::UNAUTHORIZED, "sign in first"))
    }
}

/// Lets in who has a session, and lets nobody else's page act for them.
pub(crate) async fn admit(State(manager): Shared, request: Request, next: Next) -> Response {
    let token = cookie(request.headers()).unwrap_or_default().to_owned();
    let known = match token.is_empty() {
        true => Ok(None),
        false => manager.operators.operator(&token, manager.now()).await,
    };
    let operator = match known {
        Ok(Some(operator)) => operator,
        Ok(None) if request.method() == Method::GET => {
            let wanted = request.uri().path_and_query().map_or("/", |wanted| wanted.as_str());
            return Redirect::to(&format!("/sign-in?to={}", encoded(wanted))).into_response();
        }
        Ok(None) => return Failure::new(StatusCode::UNAUTHORIZED, "sign in first").into_response(),
        Err(error) => return Failure::from(ManagerError::from(error)).into_response(),
    };
    let seen = *manager.changes().borrow();
    let visitor = Visitor { asking: Asking::new(operator), csrf: derived(&token), seen };
    let proven = match request.method() {
        &Method::GET => Ok(request),
        _ => proven(request, &visitor).await,
    };
    let mut response = match proven {
        Ok(mut request) => {
            request.extensions_mut().insert(visitor.clone());
            next.run(request).await
        }
        Err(failure) => failure.into_response(),
    };
    // Whatever is shown in place of the answer is still theirs.
    response.extensions_mut().insert(visitor);
    response
}

/// A POST whose form has the session's token in it.
async fn proven(request: Request, visitor: &Visitor) -> Result<Request, Failure> {
    let (parts, body) = request.into_parts();
    let too_long = |_| Failure::new(StatusCode::PAYLOAD_TOO_LARGE, "the form is too long");
    let body = axum::body::to_bytes(body, FORM_BYTES_MAX).await.map_err(too_long)?;
    if Fields::parse(&body).get("csrf") != visitor.csrf {
        let what = "the page that asked for it is of another session: open it again and repeat what you did";
        return Err(Failure::new(StatusCode::FORBIDDEN, what));
    }
    Ok(Request::from_parts(parts, Body::from(body)))
}

fn cookie(headers: &HeaderMap) -> Option<&str> {
    let cookies = headers.get_all(header::COOKIE).iter().filter_map(|value| value.to_str().ok());
    let mut pairs = cookies.flat_map(|value| value.split(';')).filter_map(|pair| pair.trim().split_once('='));
    pairs.find(|(name, _)| *name == COOKIE).map(|(_, value)| value)
}

fn derived(token: &str) -> String {
    let digest = digest(&SHA256, format!("headwater form {token}").as_bytes());
    digest.as_ref().iter().map(|byte| format!("{byte:02x}")).collect()
}

#[derive(Template)]
#[template(path = "sign_in.html")]
struct SignIn {
    frame: Frame,
    to: String,
    name: String,
    /// Why nobody was let in.
    wrong: String,
}

impl SignIn {
    fn page(to: &str, name: &str, wrong: String) -> Result<Html<String>, Failure> {
        let (to, name) = (to.to_owned(), name.to_owned());
        Ok(Html(Self { frame: Frame::bare("Sign in"), to, name, wrong }.render()?))
    }
}

pub(crate) async fn sign_in_page(Query(query): Query) -> Result<Html<String>, Failure> {
    SignIn::page(query.get("to"), "", String::new())
}

pub(crate) async fn sign_in(
    State(manager): State<Arc<Manager>>,
    scheme: Option<axum::Extension<Scheme>>,
    ConnectInfo(peer): ConnectInfo<SocketAddr>,
    Form(form): Form,
) -> Result<Response, Failure> {
    let (name, to) = (form.get("name"), form.get("to"));
    let known = manager.operators.sign_in(name, form.get("password"), peer.ip(), manager.now()).await;
    let token = match known.map_err(ManagerError::from)? {
        Ok(session) => session.token,
        Err(why) => {
            // Without the name: people mistake its field for that of the password.
            tracing::warn!(%peer, %why, "a sign-in failed");
            let status = match why {
                NotLetIn::Wrong => StatusCode::UNAUTHORIZED,
                NotLetIn::Later(_) | NotLetIn::Locked(_) => StatusCode::TOO_MANY_REQUESTS,
            };
            return Ok((status, SignIn::page(to, name, sentence(&why.to_string()))?).into_response());
        }
    };
    let secure = if scheme.is_some_and(|scheme| scheme.0 == Scheme::HTTPS) { "; Secure" } else { "" };
    let cookie =
        format!("{COOKIE}={token}; Path=/; HttpOnly; SameSite=Strict; Max-Age={SESSION_SECONDS}{secure}");
    Ok(([(header::SET_COOKIE, cookie)], Redirect::to(local(to))).into_response())
}

/// Only a place of this console: nobody is sent elsewhere by a link that looks like ours.
pub(crate) fn local(to: &str) -> &str {
    let is_local = to.starts_with('/') && !to.starts_with("//") && !to.contains(['\\', '\r', '\n']);
    if is_local { to } else { "/" }
}

pub(crate) async fn sign_out(State(manager): Shared, headers: HeaderMap) -> Result<Response, Failure> {
    if let Some(token) = cookie(&headers) {
        manager.operators.forget(token).await.map_err(ManagerError::from)?;
    }
    let cookie = format!("{COOKIE}=; Path=/; HttpOnly; SameSite=Strict; Max-Age=0");
    Ok(([(header::SET_COOKIE, cookie)], Redirect::to("/sign-in")).into_response())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nobody_is_sent_elsewhere() {
        for (to, place) in [
            ("/updates?a=b", "/updates?a=b"),
            ("", "/"),
            ("https://evil.example", "/"),
            ("//evil.example", "/"),
            ("/\\evil.example", "/"),
        ] {
            assert_eq!(local(to), place, "{to}");
        }
    }

    #[test]
    fn the_session_is_one_of_the_cookies() {
        let mut headers = HeaderMap::new();
        headers.insert(header::COOKIE, "a=b; headwater_session=token; c=d".parse().expect("a header"));
        assert_eq!(cookie(&headers), Some("token"));
        assert_ne!(derived("token"), derived("token2"));
    }
}
