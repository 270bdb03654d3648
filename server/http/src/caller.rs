//! The operator of a request.

use axum::extract::{FromRequestParts, Request};
use axum::http::request::Parts;
use axum::http::{HeaderMap, StatusCode, header};
use axum::middleware::Next;
use axum::response::Response;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use headwater_model::Timestamp;
use headwater_operators::{Action, Asking, GroupPath, Operator, Operators};

use crate::problem::Refusal;

/// Lets in who has a token, and remembers who it is for the handlers. Whoever may only read gets no further
/// with anything else, whichever handler would answer it.
pub(crate) async fn admit(
    operators: &Operators,
    now: Timestamp,
    request: Request,
    next: Next,
) -> Result<Response, Refusal> {
    let request = let_in(operators, now, request).await?;
    if !request.method().is_safe() {
        let caller = request.extensions().get::<Caller>().ok_or_else(nobody)?;
        caller.permitted(Action::Write)?;
    }
    Ok(next.run(request).await)
}

/// The same for what everybody may do whatever their role.
pub(crate) async fn admit_everybody(
    operators: &Operators,
    now: Timestamp,
    request: Request,
    next: Next,
) -> Result<Response, Refusal> {
    Ok(next.run(let_in(operators, now, request).await?).await)
}

async fn let_in(operators: &Operators, now: Timestamp, mut request: Request) -> Result<Request, Refusal> {
    let unauthorized = || {
        let detail =
            "send `Authorization: Bearer …` with a token; the commands find theirs in the data folder";
        Refusal::new(StatusCode::UNAUTHORIZED, "not permitted", detail)
    };
    let Some(Shown::Token(token)) = Shown::in_headers(request.headers()) else { return Err(unauthorized()) };
    let operator = operators.operator(token, now).await?.ok_or_else(unauthorized)?;
    let is_present = !request.method().is_safe() && operators.is_present(token, now).await?;
    request.extensions_mut().insert(Caller { asking: Asking::new(operator), is_present });
    Ok(request)
}

/// What a request shows for whom it comes from: a token (RFC 6750, 2.1), or a name and a password in
/// UTF-8 (RFC 7617, 2).
pub(crate) enum Shown<'a> {
    Token(&'a str),
    Password { name: String, password: String },
}

impl<'a> Shown<'a> {
    /// `None` for nothing, and for whatever else there may be.
    pub fn in_headers(headers: &'a HeaderMap) -> Option<Self> {
        let (scheme, shown) = headers.get(header::AUTHORIZATION)?.to_str().ok()?.split_once(' ')?;
        if scheme.eq_ignore_ascii_case("Bearer") {
            return Some(Self::Token(shown.trim()));
        }
        let pair = STANDARD.decode(shown.trim()).ok().filter(|_| scheme.eq_ignore_ascii_case("Basic"))?;
        let pair = String::from_utf8(pair).ok()?;
        let (name, password) = pair.split_once(':')?;
        Some(Self::Password { name: name.to_owned(), password: password.to_owned() })
    }
}

/// The operator of a request that was let in. A handler that acts in their name has to say for what.
#[derive(Debug, Clone)]
pub(crate) struct Caller {
    asking: Asking,
    /// Whether the password was given a moment ago, or need not be.
    is_present: bool,
}

impl Caller {
    pub fn permitted(&self, action: Action<'_>) -> Result<&Operator, Refusal> {
        Ok(self.asking.permitted(action)?)
    }

    pub fn for_groups(&self, groups: &[GroupPath]) -> Result<&Operator, Refusal> {
        self.permitted(Action::ForGroups(groups))
    }

    pub fn asking(&self) -> &Asking {
        &self.asking
    }

    /// For what gives somebody access, as the console asks for the password again there.
    pub fn must_be_present(&self) -> Result<(), Refusal> {
        if self.is_present {
            return Ok(());
        }
        let detail = "this asks for the password again: sign in at POST /api/v1/session and show that token within \
                      five minutes, or use the console, or the command on the server's own machine; the token of a \
                      program does not do";
        let mut refusal = Refusal::new(StatusCode::FORBIDDEN, "the password is asked for again", detail);
        refusal.0.kind = "/problems/password-needed".to_owned();
        Err(refusal)
    }
}

fn nobody() -> Refusal {
    Refusal::new(StatusCode::UNAUTHORIZED, "not permitted", "sign in first")
}

impl<S: Send + Sync> FromRequestParts<S> for Caller {
    type Rejection = Refusal;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Refusal> {
        let caller = parts.extensions.get::<Self>().cloned();
        caller.ok_or_else(nobody)
    }
}

/// The operator of a request, who is an administrator.
#[derive(Debug, Clone)]
pub(crate) struct Administrator(pub Operator);

impl<S: Send + Sync> FromRequestParts<S> for Administrator {
    type Rejection = Refusal;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Refusal> {
        let caller = Caller::from_request_parts(parts, state).await?;
        Ok(Self(caller.permitted(Action::Administer)?.clone()))
    }
}

/// The operator of a request, who is an administrator and gave the password a moment ago, or commands on this
/// machine.
#[derive(Debug, Clone)]
pub(crate) struct Present(pub Operator);

impl<S: Send + Sync> FromRequestParts<S> for Present {
    type Rejection = Refusal;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Refusal> {
        let Administrator(operator) = Administrator::from_request_parts(parts, state).await?;
        Caller::from_request_parts(parts, state).await?.must_be_present()?;
        Ok(Self(operator))
    }
}

#[cfg(test)]
mod tests {
    use axum::http::HeaderValue;

    use super::*;

    #[test]
    fn what_a_header_shows() {
        let check = |header: &'static str, expected: Option<&str>| {
            let headers = HeaderMap::from_iter([(header::AUTHORIZATION, HeaderValue::from_static(header))]);
            let shown = Shown::in_headers(&headers).map(|shown| match shown {
                Shown::Token(token) => token.to_owned(),
                Shown::Password { name, password } => format!("{name} with {password}"),
            });
            assert_eq!(shown.as_deref(), expected, "{header}");
        };
        // The examples of RFC 7617, 2 and 2.1, and of RFC 6750, 2.1.
        check("Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ==", Some("Aladdin with open sesame"));
        check("basic dGVzdDoxMjPCow==", Some("test with 123\u{a3}"));
        check("Bearer mF_9.B5f-4.1JqM", Some("mF_9.B5f-4.1JqM"));
        check("Basic YTpiOmM=", Some("a with b:c"));
        // `test:123` and a pound sign in Latin-1, no colon, no Base64, other schemes.
        check("Basic dGVzdDoxMjOj", None);
        check("Basic YWJj", None);
        check("Basic ::", None);
        check("NTLM TlRMTVNTUAABAAAA", None);
        check("Negotiate YIIJvwYGKwYBBQUC", None);
        check("Basic", None);
    }
}
