//! Update documents as facts, relationships, files and client fragments; the immutable index.

mod bits;
mod index;

pub use bits::Bits;
pub use index::{Entry, Index, Kind, RequirementIx, Revision, RevisionIx, Update, UpdateIx};
