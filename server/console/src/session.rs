//! Who looks at the pages: sign-in, the cookie, and the proof that a POST is theirs.
//!
//! A session is an operator's token in a cookie that scripts cannot read and other sites do not send. The
//! token in every form is derived from it, so that no other page can have it (threat: forged requests).

use std::sync::Arc;

use askama::Template;
use axum::body::Body;
use axum::extract::{FromRequestParts, Request, State};
use axum::http::request::Parts;
use axum::http::uri::Scheme;
use axum::http::{HeaderMap, Method, StatusCode, header};
use axum::middleware::Next;
use axum::response::{Html, IntoResponse, Redirect, Response};
use headwater_manager::Manager;
use ring::digest::{SHA256, digest};

use crate::Shared;
use crate::failure::Failure;
use crate::fields::{FORM_BYTES_MAX, Fields, Form, Query, encoded};
use crate::frame::Frame;

const COOKIE: &str = "headwater_session";
/// The session's token ends after so long, and so does the cookie.
const SESSION_SECONDS: u32 = 12 * 3600;

/// An operator with a page before them.
#[derive(Debug, Clone)]
pub(crate) struct Visitor {
    pub name: String,
    /// What every form of this session carries.
    pub csrf: String,
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
        Err(error) => return Failure::from(headwater_manager::ManagerError::from(error)).into_response(),
    };
    let visitor = Visitor { name: operator.name, csrf: derived(&token) };
    let mut request = match request.method() {
        &Method::GET => request,
        _ => match proven(request, &visitor).await {
            Ok(request) => request,
            Err(failure) => return failure.into_response(),
        },
    };
    request.extensions_mut().insert(visitor);
    next.run(request).await
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
    wrong: bool,
}

impl SignIn {
    fn page(to: &str, name: &str, wrong: bool) -> Result<Html<String>, Failure> {
        let (to, name) = (to.to_owned(), name.to_owned());
        Ok(Html(Self { frame: Frame::bare("Sign in"), to, name, wrong }.render()?))
    }
}

pub(crate) async fn sign_in_page(Query(query): Query) -> Result<Html<String>, Failure> {
    SignIn::page(query.get("to"), "", false)
}

pub(crate) async fn sign_in(
    State(manager): State<Arc<Manager>>,
    scheme: Option<axum::Extension<Scheme>>,
    Form(form): Form,
) -> Result<Response, Failure> {
    let (name, to) = (form.get("name"), form.get("to"));
    let known = manager.operators.sign_in(name, form.get("password"), manager.now()).await;
    let known = known.map_err(headwater_manager::ManagerError::from)?;
    let Some((token, _)) = known else {
        tracing::warn!(name, "a sign-in failed");
        return Ok((StatusCode::UNAUTHORIZED, SignIn::page(to, name, true)?).into_response());
    };
    let secure = if scheme.is_some_and(|scheme| scheme.0 == Scheme::HTTPS) { "; Secure" } else { "" };
    let cookie =
        format!("{COOKIE}={token}; Path=/; HttpOnly; SameSite=Strict; Max-Age={SESSION_SECONDS}{secure}");
    Ok(([(header::SET_COOKIE, cookie)], Redirect::to(local(to))).into_response())
}

/// Only a place of this console: nobody is sent elsewhere by a link that looks like ours.
fn local(to: &str) -> &str {
    let is_local = to.starts_with('/') && !to.starts_with("//") && !to.contains(['\\', '\r', '\n']);
    if is_local { to } else { "/" }
}

pub(crate) async fn sign_out(State(manager): Shared, headers: HeaderMap) -> Result<Response, Failure> {
    if let Some(token) = cookie(&headers) {
        manager.operators.forget(token).await.map_err(headwater_manager::ManagerError::from)?;
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
