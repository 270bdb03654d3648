//! A reader of a known length.

use std::io::{self, Read};

/// Reads exactly `left` more bytes; an earlier end is an error, what follows is not read.
pub(crate) struct Exact<R> {
    inner: R,
    left: u64,
}

impl<R> Exact<R> {
    pub(crate) fn new(inner: R, len: u64) -> Self {
        Self { inner, left: len }
    }
}

impl<R: Read> Read for Exact<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let wanted = usize::try_from(self.left).unwrap_or(usize::MAX).min(buffer.len());
        if wanted == 0 {
            return Ok(0);
        }
        let read = self.inner.read(&mut buffer[..wanted])?;
        if read == 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        self.left -= read as u64;
        Ok(read)
    }
}
