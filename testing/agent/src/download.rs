//! Content as Delivery Optimization fetches it (fact 38): closed ranges of 1 MiB in shuffled order
//! over a few kept connections, with neither HEAD nor conditions.

use std::ops::Range;
use std::sync::{Arc, Mutex};

use bytes::Bytes;
use headwater_model::{Sha1Digest, Sha256Digest};
use http::{HeaderValue, Request, Response, StatusCode, header};
use http_body_util::Full;
use hyper::body::Incoming;
use rand::seq::SliceRandom as _;
use sha2::Digest as _;

use crate::connection::{read_body, split_url};
use crate::{Connection, ConnectionError, PayloadFile};

/// The length of a range but the last.
pub const RANGE_BYTES: u64 = 1 << 20;
/// Requests under way at once.
const CONNECTIONS: usize = 4;
/// The largest file that is downloaded, for it is kept in memory.
const FILE_BYTES_MAX: u64 = 1 << 30;

/// A file that was downloaded and verified.
#[derive(Debug, Clone)]
pub struct Download {
    pub file: PayloadFile,
    pub content: Vec<u8>,
    pub requests: usize,
}

/// Why a file could not be downloaded.
#[derive(Debug, thiserror::Error)]
pub enum DownloadError {
    #[error(transparent)]
    Connection(#[from] ConnectionError),
    #[error("`{0}` has {1} bytes, more than {FILE_BYTES_MAX}")]
    TooLarge(String, u64),
    #[error("bytes {range:?} were answered with the status {status}, not 206")]
    Status { range: Range<u64>, status: StatusCode },
    #[error("bytes {range:?} were answered with `{header}: {value}`")]
    Header { range: Range<u64>, header: &'static str, value: String },
    #[error("bytes {range:?} were answered with {found} bytes")]
    Length { range: Range<u64>, found: usize },
    #[error("the ETag changed from {0:?} to {1:?} between two ranges")]
    OtherTag(Option<HeaderValue>, Option<HeaderValue>),
    #[error("`{name}` has the {algorithm} digest {found}, not {expected}")]
    Digest { name: String, algorithm: &'static str, found: String, expected: String },
    #[error("a part of the download was stopped")]
    Stopped,
}

/// Downloads a file and verifies it by its length, SHA-1 and SHA-256.
pub async fn download(url: &str, file: PayloadFile) -> Result<Download, DownloadError> {
    if file.bytes > FILE_BYTES_MAX {
        return Err(DownloadError::TooLarge(file.name, file.bytes));
    }
    let mut ranges = ranges(file.bytes);
    let requests = ranges.len();
    ranges.shuffle(&mut rand::rng());
    let ranges = Arc::new(Mutex::new(ranges));
    let workers: Vec<_> = (0..CONNECTIONS.min(requests))
        .map(|_| tokio::spawn(fetch_ranges(url.to_owned(), file.bytes, ranges.clone())))
        .collect();
    let mut content = vec![0; file.bytes as usize];
    let mut tag: Option<Option<HeaderValue>> = None;
    for worker in workers {
        for part in worker.await.map_err(|_| DownloadError::Stopped)?? {
            let known = tag.get_or_insert_with(|| part.tag.clone());
            if *known != part.tag {
                return Err(DownloadError::OtherTag(known.clone(), part.tag));
            }
            content[part.range.start as usize..part.range.end as usize].copy_from_slice(&part.bytes);
        }
    }
    verify(&file, &content)?;
    Ok(Download { file, content, requests })
}

/// All of a file; one range where it has less than 1 MiB.
pub fn ranges(bytes: u64) -> Vec<Range<u64>> {
    (0..bytes.div_ceil(RANGE_BYTES)).map(|at| at * RANGE_BYTES..((at + 1) * RANGE_BYTES).min(bytes)).collect()
}

struct Part {
    range: Range<u64>,
    bytes: Bytes,
    tag: Option<HeaderValue>,
}

async fn fetch_ranges(
    url: String,
    file_bytes: u64,
    ranges: Arc<Mutex<Vec<Range<u64>>>>,
) -> Result<Vec<Part>, DownloadError> {
    let mut connection = Connection::new(&url)?;
    let mut parts = Vec::new();
    loop {
        let next = ranges.lock().unwrap_or_else(|poisoned| poisoned.into_inner()).pop();
        let Some(range) = next else { return Ok(parts) };
        parts.push(fetch(&mut connection, &url, file_bytes, range).await?);
    }
}

async fn fetch(
    connection: &mut Connection,
    url: &str,
    file_bytes: u64,
    range: Range<u64>,
) -> Result<Part, DownloadError> {
    let (parts, body) = open_range(connection, url, file_bytes, range.clone()).await?.into_parts();
    let bytes = read_body(body).await?;
    if bytes.len() as u64 != range.end - range.start {
        return Err(DownloadError::Length { range, found: bytes.len() });
    }
    Ok(Part { range, bytes, tag: parts.headers.get(header::ETAG).cloned() })
}

/// Asks for a range and checks the head of the answer, whose body is still to come.
pub async fn open_range(
    connection: &mut Connection,
    url: &str,
    file_bytes: u64,
    range: Range<u64>,
) -> Result<Response<Incoming>, DownloadError> {
    let response = ask(connection, url, &range).await?;
    let expect = |name: &'static str, expected: String| match field(&response, name) {
        found if found == expected => Ok(()),
        value => Err(DownloadError::Header { range: range.clone(), header: name, value }),
    };
    expect("content-range", format!("bytes {}-{}/{file_bytes}", range.start, range.end - 1))?;
    expect("content-length", (range.end - range.start).to_string())?;
    Ok(response)
}

/// The length of a file, out of the answer to a range of one byte.
pub async fn file_bytes(connection: &mut Connection, url: &str) -> Result<u64, DownloadError> {
    let range = 0..1;
    let response = ask(connection, url, &range).await?;
    let value = field(&response, "content-range");
    read_body(response.into_body()).await?;
    let length = value.strip_prefix("bytes 0-0/").and_then(|length| length.parse().ok());
    length.ok_or(DownloadError::Header { range, header: "content-range", value })
}

async fn ask(
    connection: &mut Connection,
    url: &str,
    range: &Range<u64>,
) -> Result<Response<Incoming>, DownloadError> {
    let (authority, path) = split_url(url)?;
    let request = Request::get(path)
        .header(header::CONNECTION, "Keep-Alive")
        .header(header::ACCEPT, "*/*")
        .header(header::RANGE, format!("bytes={}-{}", range.start, range.end - 1))
        .header(header::USER_AGENT, "Microsoft-Delivery-Optimization/10.1")
        .header(header::CONTENT_LENGTH, 0)
        .header(header::HOST, authority)
        .body(Full::new(Bytes::new()))
        .map_err(ConnectionError::from)?;
    let response = connection.send(request).await?;
    match response.status() {
        StatusCode::PARTIAL_CONTENT => Ok(response),
        status => Err(DownloadError::Status { range: range.clone(), status }),
    }
}

fn field(response: &Response<Incoming>, name: &str) -> String {
    let value = response.headers().get(name).map(|value| String::from_utf8_lossy(value.as_bytes()));
    value.unwrap_or_default().into_owned()
}

fn verify(file: &PayloadFile, content: &[u8]) -> Result<(), DownloadError> {
    let wrong = |algorithm, found: String, expected: String| {
        Err(DownloadError::Digest { name: file.name.clone(), algorithm, found, expected })
    };
    let sha1 = Sha1Digest(sha1::Sha1::digest(content).into());
    if sha1 != file.sha1 {
        return wrong("SHA-1", sha1.to_string(), file.sha1.to_string());
    }
    let sha256 = Sha256Digest(sha2::Sha256::digest(content).into());
    match file.sha256 {
        Some(expected) if expected != sha256 => wrong("SHA-256", sha256.to_string(), expected.to_string()),
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_cut_into_ranges_of_one_mebibyte() {
        let cut = |bytes| ranges(bytes).into_iter().map(|range| (range.start, range.end)).collect::<Vec<_>>();
        assert_eq!(cut(0), []);
        assert_eq!(cut(1), [(0, 1)]);
        assert_eq!(cut(RANGE_BYTES), [(0, RANGE_BYTES)]);
        assert_eq!(cut(RANGE_BYTES + 1), [(0, RANGE_BYTES), (RANGE_BYTES, RANGE_BYTES + 1)]);
    }

    #[test]
    fn a_file_is_verified_by_both_digests() {
        let mut file = PayloadFile {
            name: "a.txt".to_owned(),
            bytes: 3,
            sha1: "a9993e364706816aba3e25717850c26c9cd0d89d".parse().expect("a digest"),
            sha256: "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad".parse().ok(),
        };
        assert!(verify(&file, b"abc").is_ok());
        assert!(matches!(verify(&file, b"abd"), Err(DownloadError::Digest { algorithm: "SHA-1", .. })));
        file.sha256 = Some(Sha256Digest([0; 32]));
        assert!(matches!(verify(&file, b"abc"), Err(DownloadError::Digest { algorithm: "SHA-256", .. })));
    }
}
