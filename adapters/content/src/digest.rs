//! Both digests of a file in one pass.

use std::io::{self, Read};

use headwater_model::{Sha1Digest, Sha256Digest};
use sha1::{Digest as _, Sha1};
use sha2::Sha256;

/// Large enough that reading costs little beside digesting, small enough for the second-level cache.
const BUFFER_BYTES: usize = 256 * 1024;

/// What identifies a file: its name on the wire, its name in the store, and its length.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FileDigests {
    pub sha1: Sha1Digest,
    pub sha256: Sha256Digest,
    pub size_bytes: u64,
}

impl FileDigests {
    /// Reads to the end. Memory does not grow with the file.
    pub fn of(reader: impl Read) -> io::Result<Self> {
        Ok(Digester::over(reader)?.finish())
    }
}

/// The digests of the bytes so far.
#[derive(Debug, Clone, Default)]
pub(crate) struct Digester {
    sha1: Sha1,
    sha256: Sha256,
    size_bytes: u64,
}

impl Digester {
    pub fn over(mut reader: impl Read) -> io::Result<Self> {
        let mut digester = Self::default();
        let mut buffer = vec![0; BUFFER_BYTES];
        loop {
            match reader.read(&mut buffer) {
                Ok(0) => return Ok(digester),
                Ok(len) => digester.update(buffer.get(..len).unwrap_or_default()),
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
    }

    pub fn update(&mut self, bytes: &[u8]) {
        self.sha1.update(bytes);
        self.sha256.update(bytes);
        self.size_bytes += bytes.len() as u64;
    }

    pub fn size_bytes(&self) -> u64 {
        self.size_bytes
    }

    pub fn finish(self) -> FileDigests {
        FileDigests {
            sha1: Sha1Digest(self.sha1.finalize().into()),
            sha256: Sha256Digest(self.sha256.finalize().into()),
            size_bytes: self.size_bytes,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The messages and digests are the examples of FIPS 180-4.
    #[test]
    fn the_examples_of_the_standard() {
        let of = |message: &[u8]| FileDigests::of(message).unwrap();
        let abc = of(b"abc");
        assert_eq!(abc.sha1.to_string(), "a9993e364706816aba3e25717850c26c9cd0d89d");
        let sha256 = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
        assert_eq!(abc.sha256.to_string(), sha256);
        assert_eq!(abc.size_bytes, 3);
        let a_million = of(&vec![b'a'; 1_000_000]);
        assert_eq!(a_million.sha1.to_string(), "34aa973cd4c4daa4f61eeb2bdbad27316534016f");
        let sha256 = "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0";
        assert_eq!(a_million.sha256.to_string(), sha256);
        assert_eq!(a_million.size_bytes, 1_000_000);
    }
}
