//! The bytes of an answer, bounded in number and pace.

use std::time::Duration;

use bytes::Bytes;
use http_body_util::BodyExt as _;
use hyper::body::Incoming;
use tokio::time::{Instant, timeout};

use crate::connect::Connection;
use crate::{BYTES_PER_SECOND_MIN, Error, Result};

/// A file on its way.
pub struct Download {
    /// Held until all is read.
    _connection: Connection,
    body: Incoming,
    start: u64,
    at: u64,
    size_bytes: u64,
    span: Duration,
    /// What is left of this span. Only waiting for the source counts, not what is done with the bytes.
    patience: Duration,
    span_bytes: u64,
}

impl Download {
    pub(crate) fn new(
        connection: Connection,
        body: Incoming,
        start: u64,
        size_bytes: u64,
        span: Duration,
    ) -> Self {
        Self {
            _connection: connection,
            body,
            start,
            at: start,
            size_bytes,
            span,
            patience: span,
            span_bytes: 0,
        }
    }

    /// The position of the first byte: what was asked for, or 0.
    pub fn start(&self) -> u64 {
        self.start
    }

    /// The next bytes; `None` when the file is whole. Never more than were announced.
    pub async fn chunk(&mut self) -> Result<Option<Bytes>> {
        loop {
            let Some(bytes) = self.next().await? else {
                let (at_bytes, size_bytes) = (self.at, self.size_bytes);
                let cut = || Error::Cut { at_bytes, size_bytes, source: None };
                return if at_bytes == size_bytes { Ok(None) } else { Err(cut()) };
            };
            self.at += bytes.len() as u64;
            self.span_bytes += bytes.len() as u64;
            if self.at > self.size_bytes {
                return Err(Error::TooLong { size_bytes: self.size_bytes });
            }
            if !bytes.is_empty() {
                return Ok(Some(bytes));
            }
        }
    }

    /// What comes next, within the patience there is.
    async fn next(&mut self) -> Result<Option<Bytes>> {
        loop {
            let since = Instant::now();
            let frame = timeout(self.patience, self.body.frame()).await;
            self.patience = self.patience.saturating_sub(since.elapsed());
            match frame {
                Err(_) => self.next_span()?,
                Ok(None) => return Ok(None),
                Ok(Some(Ok(frame))) => return Ok(Some(frame.into_data().unwrap_or_default())),
                Ok(Some(Err(error))) => {
                    let (at_bytes, size_bytes) = (self.at, self.size_bytes);
                    return Err(Error::Cut { at_bytes, size_bytes, source: Some(error) });
                }
            }
        }
    }

    fn next_span(&mut self) -> Result<()> {
        match self.span_bytes {
            0 => Err(Error::Silent(self.span)),
            bytes if bytes < bytes_min(self.span) => Err(Error::Slow { bytes, span: self.span }),
            _ => {
                self.patience = self.span;
                self.span_bytes = 0;
                Ok(())
            }
        }
    }
}

/// What arrives in a span, at least.
pub(crate) fn bytes_min(span: Duration) -> u64 {
    (BYTES_PER_SECOND_MIN as f64 * span.as_secs_f64()) as u64
}
