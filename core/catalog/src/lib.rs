//! Update documents as facts, relationships, files and client fragments; the immutable index.

mod bits;
mod document;
mod facts;
mod index;
mod limits;
mod lists;
pub mod oracle;
mod scribe;
mod search;

pub use bits::Bits;
pub use document::{Document, DocumentError, EulaFragment, Fragments, LocalizedFragment, Reason, read};
pub use facts::{
    Behavior, Category, CategoryKind, Clause, Driver, Eula, EulaFile, FACTS_VERSION, Facts, FactsError,
    FeatureScore, File, Impact, Localized, Patching, Publication, Reboot, Severity, UpdateKind,
};
pub use index::{Entry, Index, Kind, RequirementIx, Revision, RevisionIx, Update, UpdateIx};
pub use limits::DOCUMENT_BYTES_MAX;
pub use search::Search;
