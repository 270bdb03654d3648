//! The updates listener: what agents, other update servers and administrators' consoles ask.

mod administration;
mod answer;
mod body;
mod changes;
mod client;
mod client_messages;
pub mod content;
mod dss_auth;
mod reporting;
mod rollup;
mod rollup_messages;
mod server_sync;
mod server_sync_messages;
mod simple_auth;

use std::net::SocketAddr;
use std::sync::Arc;

use axum::Router;
use axum::body::Body;
use axum::extract::State;
use axum::http::uri::Scheme;
use axum::http::{Method, Request, StatusCode, header};
use axum::response::{IntoResponse, Response};
use headwater_app::{App, ClientFault, admin};
use headwater_model::Guid;
use headwater_wsus::soap::{Envelope, ErrorCode, Fault, Service, SoapVersion};

use administration::{Administrator, Turns};
use answer::{Answer, Encodings};
use body::Unread;

/// What the updates listener needs to know beside the server.
#[derive(Debug)]
pub struct Updates {
    pub app: Arc<App>,
    /// How content URLs are made.
    pub content: ContentUrls,
}

/// Where agents fetch content: the host they asked, a scheme and a port of ours (facts 34, 51).
#[derive(Debug, Clone)]
pub struct ContentUrls {
    /// Such as `http` and 8530.
    pub scheme: &'static str,
    pub port: u16,
}

impl ContentUrls {
    /// The URL of a file for an agent that named this host.
    fn url(&self, host: &str, path: &str) -> String {
        format!("{}://{host}:{}/Content/{path}", self.scheme, self.port)
    }
}

/// The services behind the updates listener.
pub fn router(updates: Arc<Updates>) -> Router {
    Router::new().fallback(dispatch).with_state((updates, body::Room::default(), Turns::default()))
}

/// What a call brings beside its message.
pub(crate) struct Call<'a> {
    pub updates: &'a Updates,
    /// The name by which the agent knows this server, without port.
    pub host: &'a str,
    pub encodings: Encodings,
    /// Only the administration service lets in administrators only.
    pub administrator: Option<Administrator>,
}

/// The SOAP services behind the listener. Two of them share a namespace, so it is the path that
/// tells them apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Endpoint {
    Client,
    SimpleAuth,
    Reporting,
    ServerSync,
    DssAuth,
    Administration,
}

impl Endpoint {
    const ALL: [Self; 6] = [
        Self::Client,
        Self::SimpleAuth,
        Self::Reporting,
        Self::ServerSync,
        Self::DssAuth,
        Self::Administration,
    ];

    fn of(path: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|endpoint| endpoint.path().eq_ignore_ascii_case(path))
    }

    fn path(self) -> &'static str {
        match self {
            Self::Client => "/ClientWebService/client.asmx",
            Self::SimpleAuth => "/SimpleAuthWebService/SimpleAuth.asmx",
            Self::Reporting => "/ReportingWebService/ReportingWebService.asmx",
            Self::ServerSync => "/ServerSyncWebService/ServerSyncWebService.asmx",
            Self::DssAuth => "/DssAuthWebService/DssAuthWebService.asmx",
            Self::Administration => "/ApiRemoting30/WebService.asmx",
        }
    }

    fn service(self) -> Service {
        match self {
            Self::Client => client::CLIENT,
            Self::SimpleAuth => simple_auth::SIMPLE_AUTH,
            Self::Reporting => reporting::REPORTING,
            Self::ServerSync => server_sync::SERVER_SYNC,
            Self::DssAuth => dss_auth::DSS_AUTH,
            Self::Administration => administration::ADMINISTRATION,
        }
    }

    /// The longest body of a request, in bytes.
    fn body_bytes_max(self) -> usize {
        match self {
            // Names and one GUID.
            Self::SimpleAuth | Self::DssAuth => 64 << 10,
            // One thing is asked for at a time. A filter may name events: 1,000 of them are 100 KB.
            Self::Administration => 256 << 10,
            // Ids: 4,937 of them were seen in 100 KB (fact 20), and a catalogue's worth is 400 KB. In
            // UTF-16 it is twice that.
            Self::Client | Self::ServerSync => 4 << 20,
            // Rollups: thousands of computers, each with the status of its updates (fact 58).
            Self::Reporting => 64 << 20,
        }
    }

    async fn answer(self, call: &Call<'_>, envelope: Envelope<'_>) -> Result<Answer, Failure> {
        match self {
            Self::Client => client::answer(call, envelope).await,
            Self::SimpleAuth => simple_auth::answer(call, envelope).await,
            Self::Reporting => reporting::answer(call, envelope).await,
            Self::ServerSync => server_sync::answer(call, envelope).await,
            Self::DssAuth => dss_auth::answer(call, envelope).await,
            Self::Administration => administration::answer(call, envelope).await,
        }
    }
}

type Shared = State<(Arc<Updates>, body::Room, Turns)>;

async fn dispatch(State((updates, room, turns)): Shared, request: Request<Body>) -> Response {
    let path = request.uri().path();
    if path.eq_ignore_ascii_case(headwater_api::Changes::PATH) {
        return changes::answer(&updates, request).await;
    }
    if content::is_content(path) {
        return content::answer(&updates.app, request).await;
    }
    let Some(endpoint) = Endpoint::of(path) else { return StatusCode::NOT_FOUND.into_response() };
    if request.method() != Method::POST {
        return (StatusCode::METHOD_NOT_ALLOWED, [(header::ALLOW, "POST")]).into_response();
    }
    let administrator = match endpoint {
        Endpoint::Administration => {
            let (headers, connection) = (request.headers(), request.extensions());
            match administration::admit(&updates.app, &turns, headers, connection).await {
                Ok(administrator) => Some(administrator),
                Err(kept) => return kept.into_response(),
            }
        }
        _ => None,
    };
    soap(&updates, &room, endpoint, administrator, request).await
}

async fn soap(
    updates: &Updates,
    room: &body::Room,
    endpoint: Endpoint,
    administrator: Option<Administrator>,
    request: Request<Body>,
) -> Response {
    let service = endpoint.service();
    let encodings = Encodings::of(request.headers());
    let host = host(&request).to_owned();
    let actor = actor(endpoint, &request);
    let peer = request.extensions().get::<axum::extract::ConnectInfo<SocketAddr>>().map(|info| info.0);
    let body = match body::read(request, endpoint.body_bytes_max(), room).await {
        Ok(body) => body,
        Err(Unread::Busy) => {
            return fault(service, SoapVersion::V11, "", actor, &ClientFault::ServerBusy.into());
        }
        Err(Unread::Refused(status, why)) => {
            return (status, [(header::CONNECTION, "close")], why).into_response();
        }
    };
    let envelope = match Envelope::parse(&body.text) {
        Ok(envelope) => envelope,
        Err(error) => return fault(service, SoapVersion::V11, "", actor, &Failure::Message(error)),
    };
    let (version, operation) = (envelope.version, envelope.name.clone());
    let call = Call { updates, host: &host, encodings, administrator };
    let started = std::time::Instant::now();
    let answer = endpoint.answer(&call, envelope).await;
    metrics::histogram!("headwater_soap_seconds", "operation" => known(&operation))
        .record(started.elapsed().as_secs_f64());
    match answer {
        Ok(answer) => answer.respond(version),
        Err(failure) => {
            tracing::debug!(?endpoint, operation, ?peer, error = %failure, "a call was refused");
            fault(service, version, &operation, actor, &failure)
        }
    }
}

/// An operation's name as a label; unknown ones share a label, for agents choose them.
fn known(operation: &str) -> &'static str {
    const OPERATIONS: [&str; 24] = [
        "GetConfig",
        "GetCookie",
        "RegisterComputer",
        "StartCategoryScan",
        "SyncUpdates",
        "RefreshCache",
        "GetExtendedUpdateInfo",
        "GetExtendedUpdateInfo2",
        "GetFileLocations",
        "SyncPrinterCatalog",
        "GetAuthorizationCookie",
        "ReportEventBatch",
        "GetAuthConfig",
        "GetConfigData",
        "GetRevisionIdList",
        "GetUpdateData",
        "GetDeployments",
        "DownloadFiles",
        "GetUpdateDecryptionData",
        "GetRollupConfiguration",
        "RollupDownstreamServers",
        "RollupComputers",
        "GetOutOfSyncComputers",
        "RollupComputerStatus",
    ];
    let all = OPERATIONS.iter().chain(administration::OPERATIONS);
    all.copied().find(|known| *known == operation).unwrap_or("other")
}

/// The host of the request, without its port (fact 34).
fn host(request: &Request<Body>) -> &str {
    let named = request.headers().get(header::HOST).and_then(|host| host.to_str().ok());
    let host = named.or_else(|| request.uri().host()).unwrap_or("localhost");
    match host.rsplit_once(':') {
        Some((name, port)) if port.bytes().all(|b| b.is_ascii_digit()) => name,
        _ => host,
    }
}

/// What a fault of a service between servers names as the failing part: the service's URL.
fn actor(endpoint: Endpoint, request: &Request<Body>) -> Option<String> {
    if !matches!(endpoint, Endpoint::ServerSync | Endpoint::DssAuth) {
        return None;
    }
    let path = endpoint.path();
    let host = request.headers().get(header::HOST).and_then(|host| host.to_str().ok()).unwrap_or("localhost");
    let scheme = request.extensions().get::<Scheme>().map_or("http", Scheme::as_str);
    Some(format!("{scheme}://{host}{path}"))
}

/// Why a call has no answer.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Failure {
    #[error(transparent)]
    Refused(#[from] ClientFault),
    #[error(transparent)]
    Message(#[from] headwater_wsus::soap::Error),
    #[error("this service has no operation `{0}`")]
    UnknownOperation(String),
    /// In the words of a service that has no codes.
    #[error("{0}")]
    Told(String),
}

/// Writes a fault; the connection is closed after it (fact 6).
fn fault(
    service: Service,
    version: SoapVersion,
    operation: &str,
    actor: Option<String>,
    failure: &Failure,
) -> Response {
    let (code, message) = match failure {
        Failure::Refused(refused) => of_client_fault(refused),
        Failure::Message(error) => match error.parameter() {
            Some(path) => (Some(ErrorCode::InvalidParameters), path.to_owned()),
            None => (None, error.to_string()),
        },
        Failure::UnknownOperation(_) | Failure::Told(_) => (None, failure.to_string()),
    };
    let fault = Fault {
        code,
        message,
        id: Some(Guid::from_u128(rand::random())),
        method: if operation.is_empty() { String::new() } else { service.action(operation) },
        actor,
    };
    if let Failure::Refused(ClientFault::Internal(error)) = failure {
        tracing::error!(operation, id = ?fault.id, error = admin::chain(error), "a call failed");
    }
    metrics::counter!("headwater_soap_faults_total", "operation" => known(operation)).increment(1);
    let retry = matches!(failure, Failure::Refused(ClientFault::ServerBusy));
    let body = fault.encode(service.answers, version);
    let mut response = (
        StatusCode::INTERNAL_SERVER_ERROR,
        [(header::CONTENT_TYPE, version.content_type()), (header::CONNECTION, "close")],
        body,
    )
        .into_response();
    if retry {
        let seconds = 30 + i16::from(rand::random::<u8>() / 4);
        response.headers_mut().insert(header::RETRY_AFTER, seconds.into());
    }
    response
}

fn of_client_fault(refused: &ClientFault) -> (Option<ErrorCode>, String) {
    let (code, message) = match refused {
        ClientFault::InvalidCookie => (ErrorCode::InvalidCookie, String::new()),
        ClientFault::InvalidAuthorizationCookie => (ErrorCode::InvalidAuthorizationCookie, String::new()),
        ClientFault::CookieExpired => (ErrorCode::CookieExpired, String::new()),
        ClientFault::ServerChanged => (ErrorCode::ServerChanged, String::new()),
        ClientFault::ConfigChanged => (ErrorCode::ConfigChanged, String::new()),
        ClientFault::RegistrationRequired => (ErrorCode::RegistrationRequired, String::new()),
        ClientFault::InvalidParameters(path) => (ErrorCode::InvalidParameters, (*path).to_owned()),
        ClientFault::IncompatibleProtocolVersion => (ErrorCode::IncompatibleProtocolVersion, String::new()),
        ClientFault::FileDigestsMissing(digests) => {
            let digests: Vec<String> = digests.iter().map(headwater_model::Sha1Digest::to_base64).collect();
            (ErrorCode::FileDigestsMissing, digests.join("|"))
        }
        ClientFault::ServerBusy => (ErrorCode::ServerBusy, String::new()),
        ClientFault::UnknownRevision(_) | ClientFault::Rollup(_) | ClientFault::Internal(_) => {
            (ErrorCode::InternalServerError, String::new())
        }
    };
    (Some(code), message)
}
