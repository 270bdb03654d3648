//! The values everybody names: ids, digests, timestamps and versions.
//!
//! Nothing here does I/O, reads a clock or draws a random number.

mod chain;
mod digest;
mod id;
pub mod oracle;
mod serial;
mod text;
mod timestamp;
mod version;

pub use chain::chain;
pub use digest::{DigestError, Sha1Digest, Sha256Digest};
pub use id::{
    ClientId, ClientIdError, EulaId, GroupId, Guid, HostGroupId, HostId, IdError, LinkageId, RevisionId,
    ServerId, UpdateId, UpdateIdentity,
};
pub use text::is_unprintable;
pub use timestamp::{Timestamp, TimestampError};
pub use version::ProtocolVersion;
