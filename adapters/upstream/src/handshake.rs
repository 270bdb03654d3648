//! The handshake ([MS-WSUSSS] 3.2.4.1) and calls with its cookie.

use std::time::Duration;

use bytes::Bytes;
use headwater_wsus::soap::{
    self, ErrorCode, Request as SoapRequest, SoapVersion, decode_response, encode_request,
};
use headwater_wsus::wsusss::{Cookie, GetAuthConfig, GetAuthorizationCookie, GetCookie};
use http::{Request, StatusCode, header};
use tokio::sync::Mutex;

use crate::link::{Answer, Limits, Link};
use crate::{Error, Result, Upstream};

pub(crate) const SERVER_SYNC: &str = "/ServerSyncWebService/ServerSyncWebService.asmx";
/// Where the authorization service of a WSUS is, unless it says otherwise.
const DSS_AUTH: &str = "DssAuthWebService/DssAuthWebService.asmx";
/// The version of the protocol that we speak (fact 44).
const PROTOCOL_VERSION: &str = "1.20";

/// For answers that are a few lines.
pub(crate) const SHORT: Limits =
    Limits { bytes_max: 1 << 20, first_byte: Duration::from_secs(60), whole: Duration::from_secs(120) };

impl Upstream {
    /// Makes a call with the cookie, and with a new one if the server does not want it any more.
    /// A server that says to be another than before has to be asked from the beginning.
    pub(crate) async fn call<R: SoapRequest>(
        &self,
        limits: Limits,
        request: impl Fn(Cookie) -> R,
    ) -> Result<R::Response> {
        let (cookie, is_new) = self.cookie().await?;
        let first = self.post(SERVER_SYNC, &request(cookie), limits).await;
        match first.as_ref().err().and_then(Error::code) {
            Some(ErrorCode::ServerChanged) => {
                *self.cookie.lock().await = None;
                Err(Error::ServerChanged)
            }
            Some(code) if !is_new && asks_for_new_cookie(code) => {
                *self.cookie.lock().await = None;
                let (cookie, _) = self.cookie().await?;
                self.post(SERVER_SYNC, &request(cookie), limits).await
            }
            _ => first,
        }
    }

    /// The cookie, and whether it was made just now.
    pub(crate) async fn cookie(&self) -> Result<(Cookie, bool)> {
        let mut kept = self.cookie.lock().await;
        if let Some(cookie) = &*kept {
            return Ok((cookie.clone(), false));
        }
        let cookie = self.handshake().await?;
        Ok((kept.insert(cookie).clone(), true))
    }

    /// Makes a new cookie next time.
    pub(crate) async fn forget_cookie(&self) {
        *self.cookie.lock().await = None;
    }

    async fn handshake(&self) -> Result<Cookie> {
        let config = self.post(SERVER_SYNC, &GetAuthConfig {}, SHORT).await?.result;
        let named = config.auth_info.first().map(|plug_in| plug_in.service_url.as_str());
        let path = service_path(named.unwrap_or(DSS_AUTH))?;
        let account = GetAuthorizationCookie {
            account_name: self.access.account_name.clone(),
            account_guid: self.access.account_id.to_string(),
            program_keys: Vec::new(),
        };
        let authorization = self.post(&path, &account, SHORT).await?.result;
        let request = GetCookie {
            auth_cookies: vec![authorization],
            old_cookie: None,
            protocol_version: PROTOCOL_VERSION.to_owned(),
        };
        Ok(self.post(SERVER_SYNC, &request, SHORT).await?.result)
    }

    /// Posts a message and reads its response.
    async fn post<R: SoapRequest>(&self, path: &str, message: &R, limits: Limits) -> Result<R::Response> {
        post_on(&self.link, path, message, limits).await
    }
}

/// Posts a message on a connection and reads its response.
pub(crate) async fn post_on<R: SoapRequest>(
    link: &Mutex<Link>,
    path: &str,
    message: &R,
    limits: Limits,
) -> Result<R::Response> {
    let request = Request::post(path)
        .header(header::CONTENT_TYPE, SoapVersion::V11.content_type())
        .header("SOAPAction", format!("\"{}\"", R::action()))
        .header(header::ACCEPT_ENCODING, "zstd, xpress")
        .header(header::USER_AGENT, concat!("headwater/", env!("CARGO_PKG_VERSION")))
        .body(Bytes::from(encode_request(message)))
        .map_err(|_| Error::Unsuitable("it names a service at a path that cannot be asked"))?;
    let answer = link.lock().await.exchange(R::NAME, &request, limits).await?;
    read::<R>(answer)
}

fn asks_for_new_cookie(code: ErrorCode) -> bool {
    matches!(
        code,
        ErrorCode::InvalidCookie | ErrorCode::InvalidAuthorizationCookie | ErrorCode::CookieExpired
    )
}

/// A fault comes with status 500, and is no fault of HTTP.
fn read<R: SoapRequest>(answer: Answer) -> Result<R::Response> {
    let operation = R::NAME;
    if !matches!(answer.status, StatusCode::OK | StatusCode::INTERNAL_SERVER_ERROR) {
        return Err(Error::Status { operation, status: answer.status });
    }
    let understood = soap::decode_text(&answer.body, answer.charset.as_deref())
        .and_then(|text| decode_response::<R>(&text));
    match understood {
        Ok(Ok(response)) => Ok(response),
        Ok(Err(fault)) => Err(Error::Fault { operation, fault: Box::new(fault) }),
        Err(_) if answer.status != StatusCode::OK => Err(Error::Status { operation, status: answer.status }),
        Err(source) => Err(Error::Message { operation, source }),
    }
}

/// The path of a service that the server names relative to its root. Another server is not asked
/// on its word (threat A16).
fn service_path(named: &str) -> Result<String> {
    let refused = Err(Error::Unsuitable("it sends us to another server for the authorization"));
    let path = named.trim().trim_start_matches('/');
    let safe = |c: char| c.is_ascii_alphanumeric() || "/._-".contains(c);
    if path.is_empty() || path.len() > 256 || !path.chars().all(safe) || named.trim().starts_with("//") {
        return refused;
    }
    Ok(format!("/{path}"))
}
