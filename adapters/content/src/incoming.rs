//! Files that come before it is known whose they are: their digests tell.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};

use crate::digest::Digester;
use crate::staged::{check_digests, check_space, promote};
use crate::store::Layout;
use crate::{ContentStore, Error, Expected, FileDigests, Result, platform};

/// The end of the name of a file that is coming in, after its number.
pub(crate) const INCOMING: &str = ".incoming";

/// Large enough that calls cost little beside digesting.
const BUFFER_BYTES: usize = 256 * 1024;

impl ContentStore {
    /// Takes in `size_bytes` bytes, or as many as there are, and asks `announced` for the file that has their
    /// digests. With one, it is verified and becomes a file of the store; without, `None` and nothing stays.
    pub fn receive(
        &self,
        reader: &mut dyn Read,
        size_bytes: u64,
        announced: impl FnOnce(&FileDigests) -> Option<Expected>,
    ) -> Result<Option<FileDigests>> {
        let layout = self.layout();
        check_space(layout, size_bytes)?;
        let mut incoming = Incoming::create(layout)?;
        let digests = incoming.copy(reader, size_bytes)?;
        let Some(expected) = announced(&digests) else { return Ok(None) };
        let Expected { sha1, size_bytes, .. } = expected;
        if digests.size_bytes != size_bytes {
            return Err(Error::Incomplete { sha1, staged_bytes: digests.size_bytes, size_bytes });
        }
        check_digests(&expected, &digests)?;
        incoming.file.sync_all().map_err(Error::io("make durable", &incoming.path))?;
        promote(layout, &incoming.path, &digests.sha256)?;
        Ok(Some(digests))
    }
}

/// A file without a name of its own, which is gone when this is dropped unless it was promoted.
struct Incoming {
    file: File,
    path: PathBuf,
}

impl Incoming {
    fn create(layout: &Layout) -> Result<Self> {
        static NUMBER: AtomicU64 = AtomicU64::new(0);
        let number = NUMBER.fetch_add(1, Ordering::Relaxed);
        let path = layout.staging().join(format!("{number}{INCOMING}"));
        let file = OpenOptions::new().write(true).create_new(true).open(&path);
        Ok(Self { file: file.map_err(Error::io("create", &path))?, path })
    }

    fn copy(&mut self, reader: &mut dyn Read, size_bytes: u64) -> Result<FileDigests> {
        let mut digester = Digester::default();
        let mut buffer = vec![0; BUFFER_BYTES];
        let mut reader = reader.take(size_bytes);
        loop {
            let len = match reader.read(&mut buffer) {
                Ok(0) => return Ok(digester.finish()),
                Ok(len) => len,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                Err(error) => return Err(Error::Unreadable(error)),
            };
            let bytes = buffer.get(..len).unwrap_or_default();
            let needed_bytes = size_bytes - digester.size_bytes();
            let written = platform::write_all_at(&self.file, bytes, digester.size_bytes());
            written.map_err(Error::io_needing("write", &self.path, needed_bytes))?;
            digester.update(bytes);
        }
    }
}

impl Drop for Incoming {
    fn drop(&mut self) {
        // A promoted file has another name; what cannot be deleted goes at the next start.
        let _ = fs::remove_file(&self.path);
    }
}

/// Deletes what an earlier process was taking in when it ended.
pub(crate) fn remove_left_over(staging: &Path) -> Result<()> {
    for entry in fs::read_dir(staging).map_err(Error::io("list", staging))? {
        let path = entry.map_err(Error::io("list", staging))?.path();
        if path.extension().is_some_and(|extension| extension == &INCOMING[1..]) {
            fs::remove_file(&path).map_err(Error::io("delete", &path))?;
        }
    }
    Ok(())
}
