//! One connection that is kept open, on which requests follow each other: bounded in bytes and time.

use std::io;
use std::sync::Arc;
use std::time::{Duration, UNIX_EPOCH};

use bytes::Bytes;
use headwater_model::Timestamp;
use headwater_ntlm::{ChannelBindings, ServiceName};
use headwater_wsus::soap::SoapVersion;
use http::{HeaderMap, HeaderValue, Request, StatusCode, header};
use http_body_util::{BodyExt as _, Full};
use hyper::body::Incoming;
use hyper::client::conn::http1::{SendRequest, handshake};
use hyper_util::rt::TokioIo;
use rustls::pki_types::ServerName;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio::task::JoinHandle;
use tokio::time::{Instant, timeout, timeout_at};
use tokio_rustls::TlsConnector;

use crate::operation::Effect;
use crate::{Access, Address, Credentials, Error, Result, bindings, login, trust};

const PATH: &str = "/ApiRemoting30/WebService.asmx";

/// A call as it is sent, as often as it takes.
#[derive(Debug)]
pub(crate) struct Call {
    pub operation: &'static str,
    /// The header `SOAPAction`.
    pub action: String,
    pub body: Bytes,
    pub effect: Effect,
    pub bytes_max: usize,
    /// Until the answer begins, from when it was asked for here, and when that has passed.
    pub allowed: Duration,
    pub begins_by: Instant,
    pub piece: Duration,
    /// Until the answer ends, from its beginning on.
    pub whole: Duration,
}

#[derive(Debug)]
pub(crate) struct Answer {
    pub status: StatusCode,
    pub headers: HeaderMap,
    pub body: Vec<u8>,
}

impl Answer {
    /// When the server says that it answered.
    fn date(&self) -> Option<Timestamp> {
        let date = httpdate::parse_http_date(self.headers.get(header::DATE)?.to_str().ok()?).ok()?;
        let since_1970 = date.duration_since(UNIX_EPOCH).ok()?;
        Some(Timestamp::EPOCH.plus_seconds(i64::try_from(since_1970.as_secs()).ok()?))
    }

    /// Whether the server closes the connection after it: what were sent there would be lost on its way.
    fn closes(&self) -> bool {
        let options = self.headers.get_all(header::CONNECTION).iter().filter_map(|value| value.to_str().ok());
        options.flat_map(|value| value.split(',')).any(|option| option.trim().eq_ignore_ascii_case("close"))
    }
}

/// Whether the connection was found closed before anything went over it.
fn was_not_sent(error: &hyper::Error) -> bool {
    error.is_canceled() || error.is_closed()
}

/// A connection to one server, opened when it is needed.
#[derive(Debug)]
pub(crate) struct Link {
    address: Address,
    credentials: Credentials,
    /// What stands in every request, unless the connection is authenticated.
    header: Option<HeaderValue>,
    service: ServiceName,
    tls: Arc<rustls::ClientConfig>,
    connect: Duration,
    idle: Duration,
    open: Option<Open>,
    /// What the server's clock showed with its last answer.
    pub clock: Option<Timestamp>,
}

/// An open connection, closed on drop.
#[derive(Debug)]
pub(crate) struct Open {
    sender: SendRequest<Full<Bytes>>,
    pub bindings: ChannelBindings,
    /// The server knows who is at the other end.
    accepted: bool,
    /// When it was opened, or its last answer was whole.
    used: Instant,
    /// Moves the bytes; what goes wrong there is told to whoever reads the answer.
    driver: JoinHandle<()>,
}

impl Drop for Open {
    fn drop(&mut self) {
        self.driver.abort();
    }
}

/// How an attempt failed.
enum Failure {
    /// The server has forgotten who is at the other end, and did nothing.
    Forgotten,
    Error(Error),
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        Self::Error(error)
    }
}

impl Link {
    pub fn new(access: &Access) -> Result<Self> {
        access.check()?;
        Ok(Self {
            address: access.address.clone(),
            credentials: access.credentials.clone(),
            header: access.credentials.header()?,
            service: ServiceName::http(access.address.host()).map_err(Error::Ntlm)?,
            tls: trust::client_config(access.ca_pem.as_deref())?,
            connect: access.patience.connect,
            idle: access.patience.idle,
            open: None,
            clock: None,
        })
    }

    /// Makes a call. A connection that was idle may be gone, or its login forgotten; then the call is made
    /// once more on a new one, but a write only if the server cannot have seen it or has refused it.
    pub async fn exchange(&mut self, call: &Call) -> Result<Answer> {
        let was_idle = self.open.is_some();
        match self.attempt(call).await {
            Ok(answer) => return Ok(answer),
            Err(Failure::Forgotten) => {}
            Err(Failure::Error(Error::Broken { source, .. }))
                if was_idle && (call.effect == Effect::Read || was_not_sent(&source)) => {}
            Err(Failure::Error(error)) => return Err(error),
        }
        self.attempt(call).await.map_err(|failure| match failure {
            Failure::Forgotten => Error::AccountRefused { account: self.credentials.name() },
            Failure::Error(error) => error,
        })
    }

    async fn attempt(&mut self, call: &Call) -> Result<Answer, Failure> {
        // It goes back only after a whole answer: whatever else happens, it is closed.
        let mut open = match self.open.take().filter(|open| open.may_be_used(self.idle)) {
            Some(open) => open,
            None => timeout(self.connect, connect(&self.address, &self.tls))
                .await
                .unwrap_or_else(|_| Err(Error::Connect(io::ErrorKind::TimedOut.into())))?,
        };
        let was_accepted = open.accepted;
        let answer = match &self.credentials {
            Credentials::Ntlm(account) if !was_accepted => {
                login::introduce(&mut open, &self.address, account, &self.service, call).await?
            }
            _ => open.send(&self.address, call, self.header.clone()).await?,
        };
        self.clock = answer.date();
        if answer.status == StatusCode::UNAUTHORIZED {
            let forgotten = was_accepted && matches!(self.credentials, Credentials::Ntlm(_));
            let refused = || Error::AccountRefused { account: self.credentials.name() };
            return Err(if forgotten { Failure::Forgotten } else { refused().into() });
        }
        if !answer.closes() {
            open.accepted = true;
            open.used = Instant::now();
            self.open = Some(open);
        }
        Ok(answer)
    }
}

impl Open {
    fn may_be_used(&self, idle: Duration) -> bool {
        !self.sender.is_closed() && self.used.elapsed() < idle
    }

    /// Sends the call once and reads its answer.
    pub async fn send(
        &mut self,
        address: &Address,
        call: &Call,
        authorization: Option<HeaderValue>,
    ) -> Result<Answer> {
        let operation = call.operation;
        let request = request(address, call, authorization);
        let sent = async {
            self.sender.ready().await?;
            self.sender.send_request(request).await
        };
        let waited = call.allowed;
        let response =
            timeout_at(call.begins_by, sent).await.map_err(|_| Error::Silent { operation, waited })?;
        let (head, body) = response.map_err(|source| Error::Broken { operation, source })?.into_parts();
        let read = timeout_at(Instant::now() + call.whole, collect(call, body)).await;
        let body = read.map_err(|_| Error::Slow { operation, allowed: call.whole })??;
        Ok(Answer { status: head.status, headers: head.headers, body })
    }

    /// Whether the server keeps the connection after an answer.
    pub async fn is_kept(&mut self) -> bool {
        self.sender.ready().await.is_ok()
    }
}

fn request(address: &Address, call: &Call, authorization: Option<HeaderValue>) -> Request<Full<Bytes>> {
    let mut request = Request::new(Full::new(call.body.clone()));
    *request.method_mut() = http::Method::POST;
    *request.uri_mut() = http::Uri::from_static(PATH);
    let headers = request.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(SoapVersion::V11.content_type()));
    headers.insert(
        header::USER_AGENT,
        HeaderValue::from_static(concat!("headwater/", env!("CARGO_PKG_VERSION"))),
    );
    let texts = [(header::HOST, address.authority()), (SOAP_ACTION, format!("\"{}\"", call.action))];
    for (name, text) in texts {
        // Both are made of a host's and a program's names.
        if let Ok(value) = HeaderValue::try_from(text) {
            headers.insert(name, value);
        }
    }
    if let Some(value) = authorization {
        headers.insert(header::AUTHORIZATION, value);
    }
    request
}

const SOAP_ACTION: header::HeaderName = header::HeaderName::from_static("soapaction");

async fn connect(address: &Address, tls: &Arc<rustls::ClientConfig>) -> Result<Open> {
    let stream = TcpStream::connect((address.host(), address.port())).await.map_err(Error::Connect)?;
    // Requests are written whole; waiting to fill packets only delays them.
    let _ = stream.set_nodelay(true);
    if !address.is_https() {
        return speak(stream, ChannelBindings::NONE).await;
    }
    let name = ServerName::try_from(address.host().to_owned())
        .map_err(|_| Error::Tls(io::Error::other("its name can be in no certificate")))?;
    let stream = TlsConnector::from(Arc::clone(tls)).connect(name, stream).await.map_err(Error::Tls)?;
    let certificates = stream.get_ref().1.peer_certificates();
    let bindings = certificates
        .and_then(|chain| chain.first())
        .map_or(ChannelBindings::NONE, |own| bindings::of_certificate(own));
    speak(stream, bindings).await
}

async fn speak<S>(stream: S, bindings: ChannelBindings) -> Result<Open>
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let speaking = handshake(TokioIo::new(stream)).await;
    let (sender, connection) = speaking.map_err(|error| Error::Connect(io::Error::other(error)))?;
    let driver = tokio::spawn(async {
        // The same error reaches whoever waits for the answer or its body.
        let _ = connection.await;
    });
    Ok(Open { sender, bindings, accepted: false, used: Instant::now(), driver })
}

async fn collect(call: &Call, mut body: Incoming) -> Result<Vec<u8>> {
    let (operation, bytes_max) = (call.operation, call.bytes_max);
    let mut whole = Vec::new();
    loop {
        let piece = timeout(call.piece, body.frame()).await;
        let piece = piece.map_err(|_| Error::Silent { operation, waited: call.piece })?;
        let cut_off = |source| Error::CutOff { operation, bytes: whole.len(), source };
        let Some(frame) = piece.transpose().map_err(cut_off)? else { return Ok(whole) };
        if let Ok(data) = frame.into_data() {
            if whole.len() + data.len() > bytes_max {
                return Err(Error::TooLong { operation, bytes_max });
            }
            whole.extend_from_slice(&data);
        }
    }
}
