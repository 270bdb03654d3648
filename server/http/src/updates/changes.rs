//! The hint that something changed, as JSON.

use axum::body::Body;
use axum::extract::Query;
use axum::http::{Method, Request, StatusCode, header};
use axum::response::{IntoResponse, Response};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use headwater_api::{Changes, ChangesQuery};

use super::Updates;

pub(crate) async fn answer(updates: &Updates, request: Request<Body>) -> Response {
    if request.method() != Method::GET {
        return (StatusCode::METHOD_NOT_ALLOWED, [(header::ALLOW, "GET")]).into_response();
    }
    let Ok(Query(query)) = Query::<ChangesQuery>::try_from_uri(request.uri()) else {
        return StatusCode::BAD_REQUEST.into_response();
    };
    let session = cookie(&request).and_then(|cookie| updates.app.server_session(&cookie).ok());
    let Some(session) = session else {
        return (StatusCode::UNAUTHORIZED, [(header::WWW_AUTHENTICATE, Changes::SCHEME)]).into_response();
    };
    let stamp = updates.app.changes(&session, query.after).await;
    ([(header::CACHE_CONTROL, "no-store")], axum::Json(Changes { stamp })).into_response()
}

fn cookie(request: &Request<Body>) -> Option<Vec<u8>> {
    let (scheme, cookie) = request.headers().get(header::AUTHORIZATION)?.to_str().ok()?.split_once(' ')?;
    let known = scheme.eq_ignore_ascii_case(Changes::SCHEME);
    STANDARD.decode(cookie.trim()).ok().filter(|_| known)
}
