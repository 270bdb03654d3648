//! One connection to a server, kept open as agents keep theirs.

use std::time::Duration;

use bytes::Bytes;
use headwater_encoding::xpress;
use http::{HeaderMap, Request, Response, StatusCode, header};
use http_body_util::{BodyExt as _, Full, Limited};
use hyper::body::Incoming;
use hyper::client::conn::http1::{self, SendRequest};
use hyper_util::rt::TokioIo;
use rand::Rng as _;
use tokio::net::TcpStream;

use crate::Exchange;
use crate::computer::{CLIENT_VERSION, PROTOCOL_VERSION};

/// The longest body that is read, before and after decompression; pages of 51 MB are real (fact 30).
const BODY_BYTES_MAX: usize = 256 << 20;
/// How long an answer may take.
const ANSWER_TIMEOUT: Duration = Duration::from_secs(120);

/// Why there is no answer.
#[derive(Debug, thiserror::Error)]
pub enum ConnectionError {
    #[error("`{0}` is no URL such as http://wsus.example:8530")]
    Url(String),
    #[error("the server cannot be reached: {0}")]
    Connect(#[from] std::io::Error),
    #[error("the exchange failed: {0}")]
    Http(#[from] hyper::Error),
    #[error("the request is not valid: {0}")]
    Request(#[from] http::Error),
    #[error("the body of the answer broke off or is too long: {0}")]
    Body(Box<dyn std::error::Error + Send + Sync>),
    #[error("there was no answer within {} s", ANSWER_TIMEOUT.as_secs())]
    Timeout,
    #[error("the answer is not decoded: {0}")]
    Xpress(#[from] xpress::XpressError),
    #[error("the answer has the coding `{0}`, which was not accepted")]
    Coding(String),
    #[error("the answer is not UTF-8")]
    NotText,
    #[error("the answer is sent in chunks or without its length (fact 5)")]
    Chunked,
    #[error("the server answered with the status {0}")]
    Status(StatusCode),
}

/// An answer to a message.
#[derive(Debug, Clone)]
pub struct Answer {
    pub status: StatusCode,
    pub headers: HeaderMap,
    /// The body, decompressed.
    pub text: String,
    /// The length of the body as it came.
    pub wire_bytes: usize,
}

/// A connection, opened when it is needed.
#[derive(Debug)]
pub struct Connection {
    authority: String,
    /// Whether answers are asked for in xpress.
    pub accept_xpress: bool,
    sender: Option<SendRequest<Full<Bytes>>>,
}

impl Connection {
    /// To the server of a URL such as `http://wsus.example:8530`; what follows the port is ignored.
    pub fn new(url: &str) -> Result<Self, ConnectionError> {
        let (authority, _) = split_url(url)?;
        Ok(Self { authority: authority.to_owned(), accept_xpress: true, sender: None })
    }

    /// Opens the connection ahead of its first request.
    pub async fn open(&mut self) -> Result<&mut SendRequest<Full<Bytes>>, ConnectionError> {
        let stream = TcpStream::connect(&self.authority).await?;
        stream.set_nodelay(true)?;
        let (sender, connection) = http1::handshake(TokioIo::new(stream)).await?;
        // Its error is also the error of the request.
        tokio::spawn(async move { connection.await.unwrap_or_default() });
        Ok(self.sender.insert(sender))
    }

    /// Sends a message with the headers of a real agent (fact 2). The answer may be a fault; what is
    /// neither is an error.
    pub async fn post(&mut self, exchange: &Exchange) -> Result<Answer, ConnectionError> {
        let mut request = Request::post(&exchange.path)
            .header(header::CACHE_CONTROL, "no-cache")
            .header(header::CONNECTION, "Keep-Alive")
            .header(header::PRAGMA, "no-cache")
            .header(header::CONTENT_TYPE, "text/xml; charset=utf-8");
        if self.accept_xpress {
            request = request.header(header::ACCEPT_ENCODING, "xpress");
        }
        let user_agent = format!("Windows-Update-Agent/{CLIENT_VERSION} Client-Protocol/{PROTOCOL_VERSION}");
        let request = request
            .header(header::USER_AGENT, user_agent)
            .header("SOAPAction", format!("\"{}\"", exchange.action))
            .header("MS-CV", correlation_vector())
            .header(header::HOST, &self.authority)
            .body(Full::new(Bytes::from(exchange.body.clone())))?;
        let response = self.send(request).await?;
        if !matches!(response.status(), StatusCode::OK | StatusCode::INTERNAL_SERVER_ERROR) {
            return Err(ConnectionError::Status(response.status()));
        }
        self.read_answer(response).await
    }

    /// Sends any request. A kept connection may have been closed by the server meanwhile: then the
    /// request goes out once more on a new one.
    pub async fn send(
        &mut self,
        request: Request<Full<Bytes>>,
    ) -> Result<Response<Incoming>, ConnectionError> {
        if let Some(sender) = self.sender.as_mut().filter(|sender| !sender.is_closed()) {
            match timely(sender.send_request(request.clone())).await? {
                Ok(response) => return Ok(response),
                Err(error) if error.is_canceled() || error.is_closed() || error.is_incomplete_message() => {}
                Err(error) => return Err(error.into()),
            }
        }
        let sender = self.open().await?;
        Ok(timely(sender.send_request(request)).await??)
    }

    async fn read_answer(&self, response: Response<Incoming>) -> Result<Answer, ConnectionError> {
        let (parts, body) = response.into_parts();
        let chunked = parts.headers.contains_key(header::TRANSFER_ENCODING);
        if chunked || !parts.headers.contains_key(header::CONTENT_LENGTH) {
            return Err(ConnectionError::Chunked);
        }
        let body = read_body(body).await?;
        let coding = parts.headers.get(header::CONTENT_ENCODING).map(|coding| coding.as_bytes());
        let plain = match coding {
            None => body.to_vec(),
            Some(b"xpress") if self.accept_xpress => xpress::decode(&body, BODY_BYTES_MAX)?,
            Some(other) => return Err(ConnectionError::Coding(String::from_utf8_lossy(other).into())),
        };
        let text = String::from_utf8(plain).map_err(|_| ConnectionError::NotText)?;
        Ok(Answer { status: parts.status, headers: parts.headers, text, wire_bytes: body.len() })
    }
}

pub(crate) async fn read_body(body: Incoming) -> Result<Bytes, ConnectionError> {
    let whole = timely(Limited::new(body, BODY_BYTES_MAX).collect()).await?;
    whole.map(|body| body.to_bytes()).map_err(ConnectionError::Body)
}

/// Reads a body without keeping it; says how long it was.
pub async fn read_and_drop(mut body: Incoming) -> Result<u64, ConnectionError> {
    let mut bytes = 0;
    while let Some(frame) = timely(body.frame()).await? {
        bytes += frame?.data_ref().map_or(0, |data| data.len() as u64);
    }
    Ok(bytes)
}

async fn timely<T>(work: impl Future<Output = T>) -> Result<T, ConnectionError> {
    tokio::time::timeout(ANSWER_TIMEOUT, work).await.map_err(|_| ConnectionError::Timeout)
}

/// The authority and the path of a URL. Only plain HTTP is spoken.
pub(crate) fn split_url(url: &str) -> Result<(&str, &str), ConnectionError> {
    let unknown = || ConnectionError::Url(url.chars().take(256).collect());
    let rest = url.strip_prefix("http://").ok_or_else(unknown)?;
    let (authority, path) = rest.split_at(rest.find('/').unwrap_or(rest.len()));
    if authority.is_empty() { Err(unknown()) } else { Ok((authority, path)) }
}

/// Sixteen characters of base64 and counters, as the captured one.
fn correlation_vector() -> String {
    const LETTERS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let number: u128 = rand::rng().random();
    let letters = (0..16).map(|at| LETTERS[(number >> (6 * at)) as usize & 63] as char);
    letters.collect::<String>() + ".1.0.0"
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn urls_name_a_server_and_a_path() {
        let split = |url| split_url(url).expect("a URL");
        assert_eq!(split("http://192.0.2.1:8530"), ("192.0.2.1:8530", ""));
        assert_eq!(
            split("http://wsus.example:8530/Content/A2/x.cab"),
            ("wsus.example:8530", "/Content/A2/x.cab")
        );
        assert!(split_url("https://wsus.example").is_err());
        assert!(split_url("http:///Content").is_err());
    }
}
