//! Content-addressed files: stage, verify, promote, serve ranges.
//!
//! A file is known inside by its SHA-256; its SHA-1 is only the name that the protocols give it (fact 34).
//! Bytes from outside are staged, and become a file of the store when size and digests are as announced:
//! what the store opens has been verified. A kill at any point leaves a part to resume or the whole file.
//!
//! What is deliberately absent: HTTP, the database that maps names to digests, and every decision about which
//! files to have. Calls block on the disk unless they are `async` or a stream.

mod digest;
mod error;
mod file;
mod incoming;
pub mod oracle;
mod platform;
pub mod range;
mod staged;
mod store;

pub use digest::FileDigests;
pub use error::Error;
pub use file::ContentFile;
pub use platform::sync_folder;
pub use staged::{Expected, Staged};
pub use store::{ContentStore, StoredFile, Verdict};

/// The outcome of a call on the store.
pub type Result<T, E = Error> = std::result::Result<T, E>;
