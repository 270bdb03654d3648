//! Bytes on their way into the store.

use std::collections::HashSet;
use std::fs::{self, File, OpenOptions};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use headwater_model::{Sha1Digest, Sha256Digest};

use crate::digest::Digester;
use crate::store::Layout;
use crate::{Error, FileDigests, Result, platform};

/// What an update document announces of a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Expected {
    pub sha1: Sha1Digest,
    /// Absent in old documents only, whose files are then proven by SHA-1 and signed by Microsoft (threat A13).
    pub sha256: Option<Sha256Digest>,
    /// The exact length (fact 35), which is also the most that is written.
    pub size_bytes: u64,
}

/// The beginning of a file, which grows until it is `finish`ed. Dropped without that, it is resumed later.
#[derive(Debug)]
pub struct Staged {
    layout: Arc<Layout>,
    expected: Expected,
    file: File,
    path: PathBuf,
    digester: Digester,
    claim: Claim,
}

impl Staged {
    /// Opens the part of an earlier attempt, or a new one, and digests what is there.
    pub(crate) fn resume(layout: Arc<Layout>, expected: Expected, claim: Claim) -> Result<Self> {
        let path = layout.part(&expected.sha1);
        let mut options = OpenOptions::new();
        options.read(true).write(true).create(true).truncate(false);
        let file = platform::not_through_a_link(&mut options).open(&path);
        let file = file.map_err(Error::io("open", &path))?;
        let on_disk = file.metadata().map_err(Error::io("inspect", &path))?;
        if !on_disk.is_file() {
            return Err(Error::io("stage into", &path)(io::ErrorKind::InvalidInput.into()));
        }
        let mut staged = Self { layout, expected, file, path, digester: Digester::default(), claim };
        if on_disk.len() > expected.size_bytes {
            staged.restart()?;
        }
        staged.digester = Digester::over(&staged.file).map_err(Error::io("read", &staged.path))?;
        check_space(&staged.layout, staged.missing_bytes())?;
        Ok(staged)
    }

    /// How much is there: the offset from which to ask the source for more.
    pub fn len(&self) -> u64 {
        self.digester.size_bytes()
    }

    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// How much is still to be written.
    pub fn missing_bytes(&self) -> u64 {
        self.expected.size_bytes.saturating_sub(self.len())
    }

    /// Appends bytes, all or none as far as [`len`](Self::len) tells, so that a failed write may be repeated.
    pub fn write(&mut self, bytes: &[u8]) -> Result<()> {
        let Expected { sha1, size_bytes, .. } = self.expected;
        if bytes.len() as u64 > self.missing_bytes() {
            return Err(Error::TooLong { sha1, size_bytes });
        }
        platform::write_all_at(&self.file, bytes, self.len()).map_err(Error::io_needing(
            "write",
            &self.path,
            self.missing_bytes(),
        ))?;
        self.digester.update(bytes);
        Ok(())
    }

    /// Forgets what is staged, for a source that can only send from the beginning.
    pub fn restart(&mut self) -> Result<()> {
        self.file.set_len(0).map_err(Error::io("empty", &self.path))?;
        self.digester = Digester::default();
        Ok(())
    }

    /// Verifies size and digests, makes the bytes durable and gives them their name in the store.
    ///
    /// Wrong bytes are deleted, an incomplete file stays to be resumed, and so does a file that the disk
    /// could not take: each is an error of its own.
    pub fn finish(self) -> Result<FileDigests> {
        let Self { layout, expected, file, path, digester, claim } = self;
        let Expected { sha1, size_bytes, .. } = expected;
        if digester.size_bytes() != size_bytes {
            return Err(Error::Incomplete { sha1, staged_bytes: digester.size_bytes(), size_bytes });
        }
        let digests = digester.finish();
        if let Err(wrong) = check_digests(&expected, &digests) {
            drop(file);
            fs::remove_file(&path).map_err(Error::io("delete", &path))?;
            return Err(wrong);
        }
        file.sync_all().map_err(Error::io("make durable", &path))?;
        drop(file);
        promote(&layout, &path, &digests.sha256)?;
        drop(claim);
        Ok(digests)
    }
}

/// Fails where a file that needs so many more bytes does not fit on the disk now.
pub(crate) fn check_space(layout: &Layout, needed_bytes: u64) -> Result<()> {
    let folder = layout.staging();
    match platform::free_bytes(&folder).map_err(Error::io("ask for the free space of", &folder))? {
        Some(free) if free < needed_bytes => Err(Error::DiskFull { path: folder, needed_bytes }),
        _ => Ok(()),
    }
}

pub(crate) fn check_digests(expected: &Expected, found: &FileDigests) -> Result<()> {
    if found.sha1 != expected.sha1 {
        return Err(Error::WrongSha1 { expected: expected.sha1, found: found.sha1 });
    }
    match expected.sha256 {
        Some(sha256) if found.sha256 != sha256 => {
            Err(Error::WrongSha256 { sha1: expected.sha1, expected: sha256, found: found.sha256 })
        }
        _ => Ok(()),
    }
}

/// Renames a durable part into place. The new name is durable when this returns.
pub(crate) fn promote(layout: &Layout, part: &Path, sha256: &Sha256Digest) -> Result<()> {
    let folder = layout.folder_of(sha256);
    let sync = |folder: &Path| platform::sync_folder(folder).map_err(Error::io("make durable", folder));
    match fs::create_dir(&folder) {
        Ok(()) => sync(&layout.files())?,
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
        Err(error) => return Err(Error::io("create", &folder)(error)),
    }
    fs::rename(part, layout.file(sha256)).map_err(Error::io("promote", part))?;
    sync(&folder)
}

/// The names that are being staged in this process: one file has one writer.
pub(crate) type Claims = Arc<Mutex<HashSet<Sha1Digest>>>;

/// The right to write one part, given back on drop.
#[derive(Debug)]
pub(crate) struct Claim {
    claims: Claims,
    sha1: Sha1Digest,
}

impl Claim {
    pub fn take(claims: &Claims, sha1: Sha1Digest) -> Result<Self> {
        let is_free = claims.lock().unwrap_or_else(PoisonError::into_inner).insert(sha1);
        let claim = || Self { claims: Arc::clone(claims), sha1 };
        is_free.then(claim).ok_or(Error::AlreadyStaging { sha1 })
    }
}

impl Drop for Claim {
    fn drop(&mut self) {
        self.claims.lock().unwrap_or_else(PoisonError::into_inner).remove(&self.sha1);
    }
}
