//! One connection that is kept open, and a request on it: bounded in bytes and time.

use std::io::{self, Read as _};
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use headwater_encoding::xpress;
use http::{HeaderMap, Request, StatusCode, header};
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

use crate::{Address, Error, Result};

/// To connect, with the TLS handshake.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(20);
/// Between two pieces of an answer.
const PIECE_TIMEOUT: Duration = Duration::from_secs(60);

/// What an answer may cost.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Limits {
    /// Of the message, however it was compressed.
    pub bytes_max: usize,
    /// Until the answer begins: a WSUS with a large database takes minutes for some questions.
    pub first_byte: Duration,
    /// Until it ends.
    pub whole: Duration,
}

/// An answer, decompressed.
#[derive(Debug)]
pub(crate) struct Answer {
    pub status: StatusCode,
    pub charset: Option<String>,
    pub body: Vec<u8>,
}

/// A connection to one server, opened when it is needed.
#[derive(Debug)]
pub(crate) struct Link {
    address: Address,
    tls: Arc<rustls::ClientConfig>,
    open: Option<Open>,
}

#[derive(Debug)]
struct Open {
    sender: SendRequest<Full<Bytes>>,
    /// Moves the bytes; what goes wrong there is told to whoever reads the answer.
    driver: JoinHandle<()>,
}

impl Drop for Open {
    fn drop(&mut self) {
        self.driver.abort();
    }
}

impl Link {
    pub fn new(address: Address, tls: Arc<rustls::ClientConfig>) -> Self {
        Self { address, tls, open: None }
    }

    /// Sends a request and reads its answer. A connection that the server closed while it was idle
    /// is opened once more; all that is asked may be asked twice.
    pub async fn exchange(
        &mut self,
        operation: &'static str,
        request: &Request<Bytes>,
        limits: Limits,
    ) -> Result<Answer> {
        let was_idle = self.open.is_some();
        match self.attempt(operation, request, limits).await {
            Err(Error::Broken(_)) if was_idle => self.attempt(operation, request, limits).await,
            done => done,
        }
    }

    async fn attempt(
        &mut self,
        operation: &'static str,
        request: &Request<Bytes>,
        limits: Limits,
    ) -> Result<Answer> {
        // It goes back only after a whole answer: whatever else happens, it is closed.
        let mut open = match self.open.take().filter(|open| !open.sender.is_closed()) {
            Some(open) => open,
            None => timeout(CONNECT_TIMEOUT, connect(&self.address, &self.tls))
                .await
                .unwrap_or_else(|_| Err(Error::Connect(io::ErrorKind::TimedOut.into())))?,
        };
        let request = self.complete(request);
        let deadline = Instant::now() + limits.whole;
        let waited = limits.first_byte;
        let sent = async {
            open.sender.ready().await?;
            open.sender.send_request(request).await
        };
        let response = timeout(waited, sent).await.map_err(|_| Error::Silent { operation, waited })??;
        let (head, body) = response.into_parts();
        let read = timeout_at(deadline, collect(operation, body, limits.bytes_max)).await;
        let body = read.map_err(|_| Error::Slow { operation, allowed: limits.whole })??;
        self.open = Some(open);
        let body = decompress(operation, &head.headers, body, limits.bytes_max)?;
        Ok(Answer { status: head.status, charset: charset(&head.headers), body })
    }

    /// The request with what the connection adds.
    fn complete(&self, request: &Request<Bytes>) -> Request<Full<Bytes>> {
        let mut complete = Request::new(Full::new(request.body().clone()));
        *complete.method_mut() = request.method().clone();
        *complete.uri_mut() = request.uri().clone();
        *complete.headers_mut() = request.headers().clone();
        if let Ok(host) = self.address.authority().parse() {
            complete.headers_mut().insert(header::HOST, host);
        }
        complete
    }
}

async fn connect(address: &Address, tls: &Arc<rustls::ClientConfig>) -> Result<Open> {
    let stream = TcpStream::connect((address.host(), address.port())).await.map_err(Error::Connect)?;
    // Requests are written whole; waiting to fill packets only delays them.
    let _ = stream.set_nodelay(true);
    if !address.is_https() {
        return speak(stream).await;
    }
    let name = ServerName::try_from(address.host().to_owned())
        .map_err(|_| Error::Tls(io::Error::other("its name can be in no certificate")))?;
    let stream = TlsConnector::from(Arc::clone(tls)).connect(name, stream).await.map_err(Error::Tls)?;
    speak(stream).await
}

async fn speak<S>(stream: S) -> Result<Open>
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let (sender, connection) = handshake(TokioIo::new(stream)).await?;
    let driver = tokio::spawn(async {
        // The same error reaches whoever waits for the answer or its body.
        let _ = connection.await;
    });
    Ok(Open { sender, driver })
}

async fn collect(operation: &'static str, mut body: Incoming, bytes_max: usize) -> Result<Vec<u8>> {
    let mut whole = Vec::new();
    loop {
        let piece = timeout(PIECE_TIMEOUT, body.frame()).await;
        let piece = piece.map_err(|_| Error::Silent { operation, waited: PIECE_TIMEOUT })?;
        let Some(frame) = piece.transpose()? else { return Ok(whole) };
        if let Ok(data) = frame.into_data() {
            if whole.len() + data.len() > bytes_max {
                return Err(Error::TooLong { operation, bytes_max });
            }
            whole.extend_from_slice(&data);
        }
    }
}

fn decompress(
    operation: &'static str,
    headers: &HeaderMap,
    body: Vec<u8>,
    bytes_max: usize,
) -> Result<Vec<u8>> {
    match headers.get(header::CONTENT_ENCODING).map(|coding| coding.as_bytes().to_ascii_lowercase()) {
        None => Ok(body),
        Some(coding) if coding == b"identity" => Ok(body),
        Some(coding) if coding == b"xpress" => {
            xpress::decode(&body, bytes_max).map_err(|error| match error {
                xpress::XpressError::OutputTooLarge { .. } => Error::TooLong { operation, bytes_max },
                _ => Error::Encoding { operation },
            })
        }
        Some(coding) if coding == b"zstd" => expand_zstd(operation, &body, bytes_max),
        Some(_) => Err(Error::Encoding { operation }),
    }
}

fn expand_zstd(operation: &'static str, body: &[u8], bytes_max: usize) -> Result<Vec<u8>> {
    let wrong = |_| Error::Encoding { operation };
    let mut whole = Vec::new();
    let mut decoder = zstd::Decoder::new(body).map_err(wrong)?.take(bytes_max as u64 + 1);
    decoder.read_to_end(&mut whole).map_err(wrong)?;
    if whole.len() > bytes_max { Err(Error::TooLong { operation, bytes_max }) } else { Ok(whole) }
}

fn charset(headers: &HeaderMap) -> Option<String> {
    let media_type = headers.get(header::CONTENT_TYPE)?.to_str().ok()?;
    let mut parameters = media_type.split(';').skip(1).filter_map(|one| one.trim().split_once('='));
    parameters.find(|(name, _)| name.eq_ignore_ascii_case("charset")).map(|(_, charset)| charset.to_owned())
}
