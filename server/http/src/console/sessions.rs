//! Signing in.

use axum::extract::State;
use axum::http::StatusCode;
use headwater_api::{Credentials, Session};

use super::{Json, Shared};
use crate::problem::Refusal;

pub(super) async fn sign_in(
    State(console): Shared,
    Json(credentials): Json<Credentials>,
) -> Result<Json<Session>, Refusal> {
    let now = console.app.clock.now();
    match console.app.operators.sign_in(&credentials.user, &credentials.password, now).await? {
        Some((token, expires_at)) => Ok(Json(Session { token, expires_at })),
        None => {
            let detail = "the name or the password is wrong";
            Err(Refusal::new(StatusCode::UNAUTHORIZED, "not permitted", detail))
        }
    }
}
