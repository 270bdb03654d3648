//! The fragment file: what agents are sent of each revision, escaped for a message and packed in
//! xpress blocks, so that an answer repeats stored bytes.
//!
//! The file is local and rebuildable: the documents in the database are the truth. It is a
//! sequence of records that are only ever appended; see [`record`] for their layout. Records are
//! synchronised to the disk before the database commits the revisions they belong to. A torn
//! record at the end, as a crash leaves it, is cut off when the file is opened; a revision
//! without a record is derived again by the caller.

mod file;
mod record;

pub use file::{FragmentFile, Location};
pub use record::{Entry, Locale, PackedText, Record, Section, pack};

/// Why the fragment file could not be used.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    #[error("the fragment file `{path}` failed")]
    Io { path: String, source: std::io::Error },
    #[error(
        "the fragment file `{path}` is damaged at byte {offset}: {reason}; delete it, it is rebuilt at the next start"
    )]
    Damaged { path: String, offset: u64, reason: &'static str },
    #[error("the fragments of one revision have {0} bytes, more than a record holds")]
    TooLarge(u64),
}
