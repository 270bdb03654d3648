//! Who may administer: operators with a token or a password. NTLM is neither asked for nor taken (threat A3).

use std::net::{IpAddr, Ipv6Addr, SocketAddr};
use std::sync::Arc;

use axum::extract::ConnectInfo;
use axum::http::uri::Scheme;
use axum::http::{Extensions, HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use headwater_app::{App, admin};
use headwater_operators::{Asking, NotLetIn, OperatorsError};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use crate::caller::Shown;

/// Calls that are answered at the same time: a list of all that a server has takes hundreds of megabytes
/// with the text that is made of it.
const CALLS_MAX: usize = 4;

const CHALLENGE: HeaderValue = HeaderValue::from_static("Basic realm=\"Headwater\", charset=\"UTF-8\"");

/// The places of calls that are being answered.
#[derive(Debug, Clone)]
pub(crate) struct Turns(Arc<Semaphore>);

impl Default for Turns {
    fn default() -> Self {
        Self(Arc::new(Semaphore::new(CALLS_MAX)))
    }
}

/// Who was let in, and has a place until the call is answered.
#[derive(Debug)]
pub(crate) struct Administrator {
    pub asking: Asking,
    _turn: OwnedSemaphorePermit,
}

/// Why nobody was let in.
#[derive(Debug)]
pub(crate) enum Kept {
    /// Others could read a password on its way, so none is asked for.
    PlainHttp,
    /// A page of a stranger can make a browser post a form, with a password that the browser knows.
    NoXml,
    Unknown,
    /// Until so many seconds have passed.
    Later(i64),
    Failed,
}

impl IntoResponse for Kept {
    fn into_response(self) -> Response {
        let (status, words) = match self {
            Self::PlainHttp => (
                StatusCode::FORBIDDEN,
                "administration is not answered over plain HTTP beyond this machine: use https",
            ),
            Self::NoXml => (StatusCode::UNSUPPORTED_MEDIA_TYPE, "send text/xml or application/soap+xml"),
            Self::Unknown => (StatusCode::UNAUTHORIZED, "show an operator's password or token"),
            Self::Later(_) => (
                StatusCode::TOO_MANY_REQUESTS,
                "too many wrong passwords came from there, or were given for this name",
            ),
            Self::Failed => (StatusCode::INTERNAL_SERVER_ERROR, "the server failed; its log says why"),
        };
        let mut response = (status, [(header::CONNECTION, "close")], words).into_response();
        let headers = response.headers_mut();
        match self {
            Self::Unknown => drop(headers.insert(header::WWW_AUTHENTICATE, CHALLENGE)),
            Self::Later(seconds) => drop(headers.insert(header::RETRY_AFTER, seconds.into())),
            Self::PlainHttp | Self::NoXml | Self::Failed => {}
        }
        response
    }
}

impl From<OperatorsError> for Kept {
    fn from(error: OperatorsError) -> Self {
        tracing::error!(error = admin::chain(&error), "an operator could not be looked up");
        Self::Failed
    }
}

/// Lets in who shows a token, or the password of an account, on a way that others cannot read.
pub(crate) async fn admit(
    app: &App,
    turns: &Turns,
    headers: &HeaderMap,
    connection: &Extensions,
) -> Result<Administrator, Kept> {
    let peer = peer(connection);
    let is_private = connection.get::<Scheme>() == Some(&Scheme::HTTPS) || peer.is_loopback();
    if !is_private {
        return Err(Kept::PlainHttp);
    }
    if !is_xml(headers) {
        return Err(Kept::NoXml);
    }
    let now = app.clock.now();
    let operator = match Shown::in_headers(headers) {
        None => return Err(Kept::Unknown),
        Some(Shown::Token(token)) => app.operators.operator(token, now).await?,
        Some(Shown::Password { name, password }) => {
            match app.operators.check_password(&name, &password, peer, now).await? {
                Ok(operator) => Some(operator),
                Err(NotLetIn::Wrong) => None,
                Err(NotLetIn::Later(seconds) | NotLetIn::Locked(seconds)) => {
                    return Err(Kept::Later(seconds));
                }
            }
        }
    };
    let Some(operator) = operator else {
        // Without the name: people mistake its field for that of the password.
        tracing::warn!(%peer, "an administrator was not let in");
        metrics::counter!("headwater_administrators_refused_total").increment(1);
        return Err(Kept::Unknown);
    };
    let closed = |_| Kept::from(OperatorsError::Internal("the server stops"));
    let turn = Arc::clone(&turns.0).acquire_owned().await.map_err(closed)?;
    Ok(Administrator { asking: Asking::new(operator), _turn: turn })
}

/// Where a request comes from; from anywhere if that is not known.
fn peer(connection: &Extensions) -> IpAddr {
    let known = connection.get::<ConnectInfo<SocketAddr>>();
    known.map_or(Ipv6Addr::UNSPECIFIED.into(), |info| info.0.ip().to_canonical())
}

fn is_xml(headers: &HeaderMap) -> bool {
    let media_type = headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok());
    let essence = media_type.unwrap_or_default().split(';').next().unwrap_or_default().trim();
    ["text/xml", "application/soap+xml"].iter().any(|known| essence.eq_ignore_ascii_case(known))
}
