//! A file of the store, read by position from many places at once.

use std::fs::File;
use std::io;
use std::ops::Range;
use std::sync::Arc;

use bytes::{Bytes, BytesMut};
use futures_util::stream::{self, Stream};
use headwater_model::Sha256Digest;

use crate::platform;

/// The unit of reading. Measured over loopback with 1 MiB ranges: smaller costs calls, larger leaves the cache.
const CHUNK_BYTES: usize = 256 * 1024;

/// An open file of the store. It stays readable when the store removes its name; a clone shares the handle.
#[derive(Debug, Clone)]
pub struct ContentFile {
    file: Arc<File>,
    sha256: Sha256Digest,
    len: u64,
}

impl ContentFile {
    pub(crate) fn new(file: File, sha256: Sha256Digest, len: u64) -> Self {
        Self { file: Arc::new(file), sha256, len }
    }

    pub fn sha256(&self) -> Sha256Digest {
        self.sha256
    }

    /// The length in bytes.
    pub fn len(&self) -> u64 {
        self.len
    }

    pub fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// The entity tag with its quotes: strong, and the same on every server that has the file.
    pub fn etag(&self) -> String {
        format!("\"{}\"", self.sha256)
    }

    /// Fills the whole buffer from `offset`, blocking; fails with `UnexpectedEof` where the file ends before.
    pub fn read_at(&self, offset: u64, buffer: &mut [u8]) -> io::Result<()> {
        platform::read_exact_at(&self.file, buffer, offset)
    }

    /// Hands bytes to a socket, at most 256 KiB and as many as it takes, which are never copied into this process.
    /// Waits until the socket takes some. Fails with `UnexpectedEof` where the file ends before.
    ///
    /// What the system does not have in memory is read into it by a blocking thread first, for the call that sends
    /// would wait for the disk.
    #[cfg(target_os = "linux")]
    pub async fn send(&self, socket: &tokio::net::TcpStream, range: Range<u64>) -> io::Result<u64> {
        socket.writable().await?;
        let wanted = (range.end - range.start).min(CHUNK_BYTES as u64) as usize;
        let last = range.start + wanted as u64 - 1;
        let in_memory = |offset| platform::read_cached_at(&self.file, &mut [0], offset).is_some();
        if !in_memory(range.start) || !in_memory(last) {
            let file = Arc::clone(&self.file);
            let offset = range.start;
            let read = move || platform::read_exact_at(&file, &mut vec![0; wanted], offset);
            tokio::task::spawn_blocking(read).await.map_err(io::Error::other)??;
        }
        let send = || platform::send(socket, &self.file, range.start, wanted);
        match socket.async_io(tokio::io::Interest::WRITABLE, send).await? {
            0 => Err(io::ErrorKind::UnexpectedEof.into()),
            sent => Ok(sent as u64),
        }
    }

    /// The bytes of a range, cut at the end of the file, in chunks of at most 256 KiB, in order.
    ///
    /// Needs a tokio runtime. What the system has in memory is copied at once: a fleet asks for the same files
    /// again and again, and a change of threads per chunk cost a quarter to a half. Only a read that would wait
    /// for the disk goes to a blocking thread.
    pub fn stream(&self, range: Range<u64>) -> impl Stream<Item = io::Result<Bytes>> + Send + use<> {
        let rest = range.start..range.end.min(self.len);
        stream::try_unfold((Arc::clone(&self.file), rest, Bytes::new()), async |(file, mut rest, sent)| {
            if rest.is_empty() {
                return Ok(None);
            }
            let wanted = (rest.end - rest.start).min(CHUNK_BYTES as u64) as usize;
            let chunk = next_chunk(&file, rest.start, buffer(sent, wanted)).await?;
            rest.start += chunk.len() as u64;
            Ok(Some((chunk.clone(), (file, rest, chunk))))
        })
    }
}

/// Room for `wanted` bytes: that of the chunk before once its reader is done with it, for making room anew
/// means to fill it with zeros.
fn buffer(sent: Bytes, wanted: usize) -> BytesMut {
    match sent.try_into_mut() {
        Ok(mut buffer) if buffer.len() >= wanted => {
            buffer.truncate(wanted);
            buffer
        }
        _ => BytesMut::zeroed(wanted),
    }
}

/// One byte at least, at most what the buffer takes.
async fn next_chunk(file: &Arc<File>, offset: u64, mut chunk: BytesMut) -> io::Result<Bytes> {
    if let Some(len) = platform::read_cached_at(file, &mut chunk, offset) {
        chunk.truncate(len);
        return Ok(chunk.freeze());
    }
    let file = Arc::clone(file);
    let read = tokio::task::spawn_blocking(move || {
        platform::read_exact_at(&file, &mut chunk, offset)?;
        Ok(chunk.freeze())
    });
    read.await.map_err(io::Error::other)?
}

#[cfg(test)]
mod tests {
    use std::io::Write as _;

    use futures_util::TryStreamExt as _;

    use super::*;

    fn file_of(bytes: &[u8], claimed_len: u64) -> ContentFile {
        let mut file = tempfile::tempfile().unwrap();
        file.write_all(bytes).unwrap();
        ContentFile::new(file, Sha256Digest([0xab; 32]), claimed_len)
    }

    async fn collect(file: &ContentFile, range: Range<u64>) -> io::Result<Vec<Bytes>> {
        file.stream(range).try_collect().await
    }

    #[tokio::test]
    async fn every_range_gives_its_bytes_in_order() {
        let bytes: Vec<u8> = (0..700_001_u32).map(|n| (n / 251) as u8).collect();
        let file = file_of(&bytes, bytes.len() as u64);
        for range in
            [0..0, 0..1, 0..700_001, 5..262_149, 262_144..524_289, 700_000..700_001, 699_000..900_000]
        {
            let expected = &bytes[range.start as usize..range.end.min(700_001) as usize];
            assert_eq!(collect(&file, range.clone()).await.unwrap().concat(), expected, "{range:?}");
        }
        assert!(collect(&file, 700_001..700_002).await.unwrap().is_empty());
    }

    #[tokio::test]
    async fn a_file_cut_short_behind_our_back_is_an_error_and_no_endless_stream() {
        let file = file_of(&[7; 300_000], 600_000);
        let error = collect(&file, 0..600_000).await.unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::UnexpectedEof);
        let mut buffer = [0; 2];
        file.read_at(299_998, &mut buffer).unwrap();
        assert_eq!(buffer, [7, 7]);
        assert!(file.read_at(299_999, &mut buffer).is_err());
    }

    #[test]
    fn the_entity_tag_is_quoted_and_strong() {
        assert_eq!(file_of(&[], 0).etag(), format!("\"{}\"", "ab".repeat(32)));
    }
}
