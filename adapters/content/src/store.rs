//! The folder of files: opening, verifying, listing and reclaiming.

use std::fs::{self, File, Metadata, OpenOptions};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::SystemTime;

use headwater_model::{Sha1Digest, Sha256Digest};

use crate::incoming::remove_left_over;
use crate::staged::{Claim, Claims};
use crate::{ContentFile, Error, Expected, FileDigests, Result, Staged, platform};

/// Content-addressed files in one folder, which belongs to one process. A clone is the same store.
#[derive(Debug, Clone)]
pub struct ContentStore {
    layout: Arc<Layout>,
    claims: Claims,
}

/// A file as the folder has it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct StoredFile {
    pub sha256: Sha256Digest,
    pub size_bytes: u64,
}

/// What a second look at a file finds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    Whole,
    /// The disk changed it: it must be removed and fetched again.
    Damaged {
        found: Sha256Digest,
    },
    Missing,
}

impl ContentStore {
    /// Opens a folder, creating what is missing of it.
    pub fn open(folder: impl Into<PathBuf>) -> Result<Self> {
        let layout = Arc::new(Layout { root: folder.into() });
        for folder in [layout.files(), layout.staging()] {
            fs::create_dir_all(&folder).map_err(Error::io("create", &folder))?;
        }
        remove_left_over(&layout.staging())?;
        Ok(Self { layout, claims: Claims::default() })
    }

    pub(crate) fn layout(&self) -> &Layout {
        &self.layout
    }

    /// Begins a file, or resumes it: the digests of what is already there are computed again, at the speed of
    /// the disk. Fails early when the rest does not fit on the disk, though nothing is reserved.
    pub fn stage(&self, expected: Expected) -> Result<Staged> {
        let claim = Claim::take(&self.claims, expected.sha1)?;
        Staged::resume(Arc::clone(&self.layout), expected, claim)
    }

    /// A file that was verified when it got its name; `None` when it is not there (yet), which is no error,
    /// because files are announced before they are fetched (fact 34).
    pub fn open_verified(&self, sha256: &Sha256Digest) -> Result<Option<ContentFile>> {
        let path = self.layout.file(sha256);
        match open_plain(&path) {
            Ok((file, len)) => Ok(Some(ContentFile::new(file, *sha256, len))),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(Error::io("open", &path)(error)),
        }
    }

    /// Reads a whole file and compares; for a sweep that finds what a disk lost.
    pub fn verify(&self, sha256: &Sha256Digest) -> Result<Verdict> {
        Ok(match self.digests(sha256)? {
            None => Verdict::Missing,
            Some(found) if found.sha256 == *sha256 => Verdict::Whole,
            Some(found) => Verdict::Damaged { found: found.sha256 },
        })
    }

    /// Reads a whole file for its digests, whatever its name says; `None` when it is not there.
    pub fn digests(&self, sha256: &Sha256Digest) -> Result<Option<FileDigests>> {
        let path = self.layout.file(sha256);
        match open_plain(&path).and_then(|(file, _)| FileDigests::of(file)) {
            Ok(digests) => Ok(Some(digests)),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(Error::io("read", &path)(error)),
        }
    }

    /// Every file of the store in the order of digests. What is not where its digest belongs is left out.
    pub fn list(&self) -> Result<Vec<StoredFile>> {
        let mut stored = Vec::new();
        for (folder, metadata) in entries(&self.layout.files())? {
            if !metadata.is_dir() {
                continue;
            }
            let folder = self.layout.files().join(folder);
            for (name, metadata) in entries(&folder)? {
                if let Ok(sha256) = name.parse()
                    && metadata.is_file()
                    && self.layout.file(&sha256) == folder.join(&name)
                {
                    stored.push(StoredFile { sha256, size_bytes: metadata.len() });
                }
            }
        }
        stored.sort_unstable_by_key(|file| file.sha256);
        Ok(stored)
    }

    /// Gives the space of a file back, when its last reader is done; tells whether it was there.
    pub fn remove(&self, sha256: &Sha256Digest) -> Result<bool> {
        remove(&self.layout.file(sha256))
    }

    /// Removes parts that nobody has written to since `before` and nobody is writing; tells how many.
    pub fn remove_stale_parts(&self, before: SystemTime) -> Result<usize> {
        let mut removed = 0;
        for (name, metadata) in entries(&self.layout.staging())? {
            let Some(Ok(sha1)) = name.strip_suffix(PART).map(str::parse) else { continue };
            let Ok(_claim) = Claim::take(&self.claims, sha1) else { continue };
            let path = self.layout.part(&sha1);
            let written = metadata.modified().map_err(Error::io("inspect", &path))?;
            if written < before && remove(&path)? {
                removed += 1;
            }
        }
        Ok(removed)
    }

    /// What can still be written to the disk of the store; `None` where the system is not asked (Windows).
    pub fn free_bytes(&self) -> Result<Option<u64>> {
        let folder = &self.layout.root;
        platform::free_bytes(folder).map_err(Error::io("ask for the free space of", folder))
    }
}

/// The end of the name of a part, after its SHA-1.
const PART: &str = ".part";

/// Where things are: `files/<first two digits>/<SHA-256>` and `staging/<SHA-1>.part`.
#[derive(Debug)]
pub(crate) struct Layout {
    root: PathBuf,
}

impl Layout {
    pub fn files(&self) -> PathBuf {
        self.root.join("files")
    }

    pub fn staging(&self) -> PathBuf {
        self.root.join("staging")
    }

    pub fn folder_of(&self, sha256: &Sha256Digest) -> PathBuf {
        let [first, ..] = sha256.as_bytes();
        self.files().join(format!("{first:02x}"))
    }

    pub fn file(&self, sha256: &Sha256Digest) -> PathBuf {
        self.folder_of(sha256).join(sha256.to_string())
    }

    pub fn part(&self, sha1: &Sha1Digest) -> PathBuf {
        self.staging().join(format!("{sha1}{PART}"))
    }
}

/// Opens a file for reading, and nothing else that may bear its name.
fn open_plain(path: &Path) -> io::Result<(File, u64)> {
    let file = platform::not_through_a_link(OpenOptions::new().read(true)).open(path)?;
    let metadata = file.metadata()?;
    match metadata.is_file() {
        true => Ok((file, metadata.len())),
        false => Err(io::Error::new(io::ErrorKind::InvalidData, "not a plain file")),
    }
}

/// The names in a folder, as far as they are text, with what they stand for; links are not followed.
fn entries(folder: &Path) -> Result<Vec<(String, Metadata)>> {
    let mut entries = Vec::new();
    for entry in fs::read_dir(folder).map_err(Error::io("list", folder))? {
        let entry = entry.map_err(Error::io("list", folder))?;
        match (entry.file_name().into_string(), entry.metadata()) {
            (Ok(name), Ok(metadata)) => entries.push((name, metadata)),
            (Ok(_), Err(error)) if error.kind() != io::ErrorKind::NotFound => {
                return Err(Error::io("inspect", &entry.path())(error));
            }
            _ => {}
        }
    }
    Ok(entries)
}

fn remove(path: &Path) -> Result<bool> {
    match fs::remove_file(path) {
        Ok(()) => Ok(true),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(false),
        Err(error) => Err(Error::io("delete", path)(error)),
    }
}

#[cfg(test)]
mod tests;
