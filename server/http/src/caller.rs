//! The operator of a request.

use axum::extract::{FromRequestParts, Request};
use axum::http::request::Parts;
use axum::http::{StatusCode, header};
use axum::middleware::Next;
use axum::response::Response;
use headwater_model::Timestamp;
use headwater_operators::{Operator, Operators};

use crate::problem::Refusal;

/// Lets in who has a token, and remembers who it is for the handlers.
pub(crate) async fn admit(
    operators: &Operators,
    now: Timestamp,
    mut request: Request,
    next: Next,
) -> Result<Response, Refusal> {
    let unauthorized = || {
        let detail =
            "send `Authorization: Bearer …` with a token; the commands find theirs in the data folder";
        Refusal::new(StatusCode::UNAUTHORIZED, "not permitted", detail)
    };
    let header = request.headers().get(header::AUTHORIZATION).and_then(|value| value.to_str().ok());
    let token = header.and_then(|value| value.strip_prefix("Bearer ")).ok_or_else(unauthorized)?;
    let operator = operators.operator(token.trim(), now).await?.ok_or_else(unauthorized)?;
    request.extensions_mut().insert(Caller(operator));
    Ok(next.run(request).await)
}

/// The operator of a request that was let in.
#[derive(Debug, Clone)]
pub(crate) struct Caller(pub Operator);

impl<S: Send + Sync> FromRequestParts<S> for Caller {
    type Rejection = Refusal;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Refusal> {
        let caller = parts.extensions.get::<Self>().cloned();
        caller.ok_or_else(|| Refusal::new(StatusCode::UNAUTHORIZED, "not permitted", "sign in first"))
    }
}
