//! What can go wrong with content.

use std::io;
use std::path::{Path, PathBuf};

use headwater_model::{Sha1Digest, Sha256Digest};

/// Why content could not be stored or read. `sha1` is the announced name of the file concerned.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// No space, or a quota is used up. What was staged stays, and is resumed when there is space again.
    #[error("the disk of {} is full: {needed_bytes} bytes are still to be written", path.display())]
    DiskFull { path: PathBuf, needed_bytes: u64 },
    /// Two downloads of one file at the same time.
    #[error("the file {sha1} is already being staged")]
    AlreadyStaging { sha1: Sha1Digest },
    /// The source sends more than it announced; nothing of the surplus was written.
    #[error("the file {sha1} is longer than the {size_bytes} bytes announced")]
    TooLong { sha1: Sha1Digest, size_bytes: u64 },
    /// The source sent less than it announced. What was staged stays.
    #[error("the file {sha1} is incomplete: {staged_bytes} of {size_bytes} bytes are staged")]
    Incomplete { sha1: Sha1Digest, staged_bytes: u64, size_bytes: u64 },
    /// The bytes are not those announced; they are deleted.
    #[error("the file {expected} has the SHA-1 {found}")]
    WrongSha1 { expected: Sha1Digest, found: Sha1Digest },
    /// The bytes have the announced SHA-1 but not the announced SHA-256; they are deleted.
    #[error("the file {sha1} has the SHA-256 {found}, expected {expected}")]
    WrongSha256 { sha1: Sha1Digest, expected: Sha256Digest, found: Sha256Digest },
    /// Whoever brings a file cannot say what is in it.
    #[error("what was to be taken in cannot be read")]
    Unreadable(#[source] io::Error),
    #[error("cannot {action} {}", path.display())]
    Io { action: &'static str, path: PathBuf, source: io::Error },
}

impl Error {
    /// For `map_err`: says what was done to which path.
    pub(crate) fn io(action: &'static str, path: &Path) -> impl FnOnce(io::Error) -> Self {
        Self::io_needing(action, path, 0)
    }

    /// The same where `needed_bytes` of a file are still to be written.
    pub(crate) fn io_needing(
        action: &'static str,
        path: &Path,
        needed_bytes: u64,
    ) -> impl FnOnce(io::Error) -> Self {
        move |source| match source.kind() {
            io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => {
                Self::DiskFull { path: path.to_owned(), needed_bytes }
            }
            _ => Self::Io { action, path: path.to_owned(), source },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_full_disk_and_a_used_up_quota_are_one_state() {
        for kind in [io::ErrorKind::StorageFull, io::ErrorKind::QuotaExceeded] {
            let error = Error::io_needing("write", Path::new("a"), 7)(kind.into());
            assert!(matches!(error, Error::DiskFull { needed_bytes: 7, .. }), "{error}");
        }
        let error = Error::io("write", Path::new("a"))(io::ErrorKind::PermissionDenied.into());
        assert_eq!(error.to_string(), "cannot write a");
    }

    #[cfg(unix)]
    #[test]
    fn the_kernel_says_so_with_enospc_and_edquot() {
        for errno in [rustix::io::Errno::NOSPC, rustix::io::Errno::DQUOT] {
            let error = Error::io("write", Path::new("a"))(errno.into());
            assert!(matches!(error, Error::DiskFull { .. }), "{error}");
        }
    }
}
