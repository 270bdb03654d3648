use std::io;
use std::ops::{ControlFlow, Range};
use std::time::{Duration, SystemTime};

use axum::Router;
use axum::body::{Body, to_bytes};
use axum::http::{HeaderName, HeaderValue, Request, Response, header};
use bytes::Bytes;
use headwater_app::content::ContentFile;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::sync::watch;
use tokio::time::timeout;
use tower::ServiceExt as _;

use super::Next;
use crate::listen::{From, Limits};
use crate::patient::PROGRESS_BYTES;
use crate::updates::content::is_content;

/// A longer header, or one that comes in parts, is left to the library.
const HEADER_BYTES_MAX: usize = 4 << 10;
const FIELDS_MAX: usize = 32;

/// What is answered without a file says little.
const BODY_BYTES_MAX: usize = 64 << 10;

/// Fields that change how a request is read or answered, which the library knows; with the value that changes nothing.
const LEFT_TO_THE_LIBRARY: [(HeaderName, &str); 6] = [
    (header::CONNECTION, "keep-alive"),
    (header::CONTENT_LENGTH, "0"),
    (header::EXPECT, ""),
    (header::TE, ""),
    (header::TRANSFER_ENCODING, ""),
    (header::UPGRADE, ""),
];

/// The body of an answer as what it is: a part of a file.
#[derive(Debug, Clone)]
struct FileRange {
    file: ContentFile,
    range: Range<u64>,
}

/// Says which part of which file the body of an answer is.
pub(crate) fn offer(answer: &mut Response<Body>, file: &ContentFile, range: Range<u64>) {
    answer.extensions_mut().insert(FileRange { file: file.clone(), range });
}

/// Answers requests for content for as long as nothing else comes.
pub(crate) async fn serve(
    stream: &mut TcpStream,
    from: &From,
    router: &Router,
    limits: &Limits,
    stop: &mut watch::Receiver<bool>,
) -> io::Result<Next> {
    loop {
        let mut request = match next_request(stream, limits, stop).await? {
            ControlFlow::Continue(request) => request,
            ControlFlow::Break(next) => return Ok(next),
        };
        from.mark(request.extensions_mut());
        let Ok(response) = router.clone().oneshot(request).await;
        answer(stream, response, limits).await?;
    }
}

/// Takes the next request off the stream if it is a plain one for content.
async fn next_request(
    stream: &mut TcpStream,
    limits: &Limits,
    stop: &mut watch::Receiver<bool>,
) -> io::Result<ControlFlow<Next, Request<Body>>> {
    // Room for a header is made when one comes: most connections wait.
    let mut start = [0; 4];
    let peeked = tokio::select! {
        peeked = timeout(limits.header_timeout, stream.peek(&mut start)) => peeked,
        _ = stop.wait_for(|stop| *stop) => return Ok(ControlFlow::Break(Next::End)),
    };
    match peeked {
        Err(_) | Ok(Ok(0)) => return Ok(ControlFlow::Break(Next::End)),
        Ok(peeked) => peeked?,
    };
    if start != *b"GET " {
        return Ok(ControlFlow::Break(Next::Library));
    }
    let mut bytes = vec![0; HEADER_BYTES_MAX];
    let peeked = stream.peek(&mut bytes).await?;
    bytes.truncate(peeked);
    let Some((len, request)) = plain_request(&bytes) else { return Ok(ControlFlow::Break(Next::Library)) };
    bytes.truncate(len);
    stream.read_exact(&mut bytes).await?;
    Ok(ControlFlow::Continue(request))
}

/// A GET for content in HTTP/1.1 that has come whole and has nothing special, and how many bytes it takes.
fn plain_request(bytes: &[u8]) -> Option<(usize, Request<Body>)> {
    let mut fields = [httparse::EMPTY_HEADER; FIELDS_MAX];
    let mut head = httparse::Request::new(&mut fields);
    let httparse::Status::Complete(len) = head.parse(bytes).ok()? else { return None };
    let path = head.path.filter(|path| is_content(path))?;
    if head.method != Some("GET") || head.version != Some(1) {
        return None;
    }
    let mut request = Request::get(path);
    for field in head.headers {
        request = request.header(field.name, field.value);
    }
    let request = request.body(Body::empty()).ok()?;
    let is_plain = LEFT_TO_THE_LIBRARY.iter().all(|(name, harmless)| {
        let mut values = request.headers().get_all(name).iter();
        values.all(|value| value.as_bytes().eq_ignore_ascii_case(harmless.as_bytes()))
    });
    is_plain.then_some((len, request))
}

async fn answer(stream: &mut TcpStream, response: Response<Body>, limits: &Limits) -> io::Result<()> {
    let (mut head, body) = response.into_parts();
    let file = head.extensions.remove::<FileRange>();
    let (len, body) = match &file {
        Some(file) => (file.range.end - file.range.start, Bytes::new()),
        None => {
            let body = to_bytes(body, BODY_BYTES_MAX).await.map_err(io::Error::other)?;
            (body.len() as u64, body)
        }
    };
    head.headers.insert(header::CONTENT_LENGTH, HeaderValue::from(len));
    let mut first = header_of(&head);
    first.extend_from_slice(&body);
    timeout(limits.write_timeout, stream.write_all(&first)).await??;
    match file {
        Some(file) => file.send(stream, limits.write_timeout).await,
        None => Ok(()),
    }
}

impl FileRange {
    /// Gives up on a peer that takes nothing, or hardly anything, for so long.
    async fn send(mut self, socket: &TcpStream, patience: Duration) -> io::Result<()> {
        let sent = metrics::counter!("headwater_content_bytes_total");
        while !self.range.is_empty() {
            let goal = self.range.end.min(self.range.start + PROGRESS_BYTES as u64);
            let progress = async {
                while self.range.start < goal {
                    let bytes = self.file.send(socket, self.range.clone()).await?;
                    sent.increment(bytes);
                    self.range.start += bytes;
                }
                io::Result::Ok(())
            };
            timeout(patience, progress).await??;
        }
        Ok(())
    }
}

fn header_of(head: &axum::http::response::Parts) -> Vec<u8> {
    let mut bytes = format!("HTTP/1.1 {}\r\n", head.status).into_bytes();
    let mut field = |name: &str, value: &[u8]| {
        for part in [name.as_bytes(), b": ", value, b"\r\n"] {
            bytes.extend_from_slice(part);
        }
    };
    for (name, value) in &head.headers {
        field(name.as_str(), value.as_bytes());
    }
    field(header::DATE.as_str(), httpdate::fmt_http_date(SystemTime::now()).as_bytes());
    bytes.extend_from_slice(b"\r\n");
    bytes
}

#[cfg(test)]
mod tests;
