//! Files of updates over HTTP: one GET, from wherever an earlier one ended.
//!
//! The address came with the metadata of an upstream server or of an export, so it is a stranger's: it must be
//! plain HTTP or HTTPS without a user's name, must not lead into this machine ([`Trust`]), redirections are
//! not followed, and no more bytes are read than the update announces (threats A12, A16). Whether they are the right ones is not decided here: whoever asked
//! compares digests, which came another way. So plain HTTP is good enough for content (fact 51).

mod address;
mod body;
mod connect;
mod error;
mod reach;
#[cfg(test)]
mod tests;

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::{HeaderMap, Request, StatusCode, header};
use http_body_util::Empty;
use hyper::body::Incoming;

pub use address::Address;
pub use body::Download;
pub use error::Error;
pub use reach::Trust;

/// The outcome of a call.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// How patient a download is.
#[derive(Debug, Clone, Copy)]
pub struct Patience {
    /// To connect, with the TLS handshake.
    pub connect: Duration,
    /// From the request to the header of its answer. A server that fetches the file itself first is slow.
    pub answer: Duration,
    /// In every such span [`BYTES_PER_SECOND_MIN`] arrive on average, or the rest.
    pub span: Duration,
}

/// How fast a source is at least. At this pace the largest update, of 15 GB (fact 50), takes three days; a few
/// sources that were slower could hold up all others for months.
pub const BYTES_PER_SECOND_MIN: u64 = 64 * 1024;

impl Default for Patience {
    fn default() -> Self {
        Self {
            connect: Duration::from_secs(20),
            answer: Duration::from_secs(60),
            span: Duration::from_secs(60),
        }
    }
}

/// Fetches files. A clone shares the trust in certificates.
#[derive(Clone)]
pub struct Downloader {
    tls: Arc<rustls::ClientConfig>,
    patience: Patience,
}

impl std::fmt::Debug for Downloader {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Downloader({:?})", self.patience)
    }
}

impl Downloader {
    /// Trusts the public certificate authorities where an address is HTTPS.
    pub fn new(patience: Patience) -> Result<Self> {
        Ok(Self { tls: connect::public_trust()?, patience })
    }

    /// Asks for a file of `size_bytes`, from byte `from` on, where `trust` lets the address lead. An answer may begin earlier, at 0: not every
    /// server knows ranges.
    pub async fn get(&self, address: &Address, trust: Trust, from: u64, size_bytes: u64) -> Result<Download> {
        let mut request = Request::get(address.target())
            .header(header::HOST, address.authority())
            .header(header::USER_AGENT, concat!("headwater/", env!("CARGO_PKG_VERSION")))
            .header(header::ACCEPT_ENCODING, "identity");
        if from > 0 {
            request = request.header(header::RANGE, format!("bytes={from}-"));
        }
        let request = request.body(Empty::<Bytes>::new()).map_err(|_| Error::Address)?;

        let mut connection = connect::connect(address, trust, &self.tls, self.patience.connect).await?;
        let answer = tokio::time::timeout(self.patience.answer, connection.sender.send_request(request));
        let answer = answer.await.map_err(|_| Error::Silent(self.patience.answer))??;
        let (head, body) = answer.into_parts();
        let start = match head.status {
            StatusCode::OK => whole(&head.headers, size_bytes)?,
            StatusCode::PARTIAL_CONTENT => part(&head.headers, from, size_bytes)?,
            StatusCode::NOT_FOUND | StatusCode::GONE => return Err(Error::NotThere),
            status if status.is_redirection() => return Err(Error::Redirected),
            status => return Err(Error::Status(status)),
        };
        if head.headers.get(header::CONTENT_ENCODING).is_some_and(|coding| coding != "identity") {
            return Err(Error::Encoded);
        }
        Ok(self.download(connection, body, start, size_bytes))
    }

    fn download(
        &self,
        connection: connect::Connection,
        body: Incoming,
        start: u64,
        size_bytes: u64,
    ) -> Download {
        Download::new(connection, body, start, size_bytes, self.patience.span)
    }
}

/// The start of a whole file, whose length must be the announced one where it is told.
fn whole(headers: &HeaderMap, size_bytes: u64) -> Result<u64> {
    match text(headers, header::CONTENT_LENGTH).and_then(|length| length.parse().ok()) {
        Some(found_bytes) if found_bytes != size_bytes => Err(Error::Length { found_bytes, size_bytes }),
        _ => Ok(0),
    }
}

/// The start of a part, which must be the one that was asked for, of a file of the announced length.
fn part(headers: &HeaderMap, from: u64, size_bytes: u64) -> Result<u64> {
    let range = text(headers, header::CONTENT_RANGE).ok_or(Error::WrongPart)?;
    let range = range.strip_prefix("bytes ").ok_or(Error::WrongPart)?;
    let (positions, length) = range.split_once('/').ok_or(Error::WrongPart)?;
    if let Ok(found_bytes) = length.parse()
        && found_bytes != size_bytes
    {
        return Err(Error::Length { found_bytes, size_bytes });
    }
    let (first, _) = positions.split_once('-').ok_or(Error::WrongPart)?;
    match first.parse::<u64>() {
        Ok(first) if first == from => Ok(from),
        _ => Err(Error::WrongPart),
    }
}

fn text(headers: &HeaderMap, name: header::HeaderName) -> Option<&str> {
    headers.get(name)?.to_str().ok()
}
