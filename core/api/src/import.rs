//! Imports: documents and files that an administrator brings.

use headwater_model::UpdateId;
use serde::{Deserialize, Serialize};

use crate::{Problem, text};

/// How the body of an import is called. Its media type says what it is:
/// [`CABINET`](Self::CABINET) or [`TAR`](Self::TAR).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ImportQuery {
    /// The name of the file or folder that is imported, for the history.
    pub name: String,
}

impl ImportQuery {
    /// The media type of a `wsusutil export`.
    pub const CABINET: &str = "application/vnd.ms-cab-compressed";
    /// The media type of a folder, packed: first the documents, which end in `.xml`, then their files.
    /// So a file's update is known when the file arrives.
    pub const TAR: &str = "application/x-tar";
}

/// One line of the answer to an import, which is `application/x-ndjson`. The last line is
/// `finished` or `failed`; an answer that ends otherwise was cut off.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "event", rename_all = "snake_case")]
pub enum ImportEvent {
    Progress(ImportProgress),
    Finished { summary: ImportSummary },
    Failed { problem: Problem },
}

impl ImportEvent {
    /// The media type of the lines.
    pub const MEDIA_TYPE: &str = "application/x-ndjson";
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ImportProgress {
    /// Documents read so far.
    pub documents: u64,
    /// How many there are, once that is known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub documents_total: Option<u64>,
    /// Files read so far.
    pub files: u64,
}

#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ImportSummary {
    /// Documents read: those `added`, `unchanged` and `quarantined` together.
    pub documents: u64,
    /// Revisions that are new here.
    pub added: u64,
    /// Revisions that were here already.
    pub unchanged: u64,
    /// How many of those `added` are categories; the next three likewise.
    pub categories: u64,
    pub detectoids: u64,
    pub software: u64,
    pub drivers: u64,
    /// How many of those `added` name updates which are not here.
    pub incomplete: u64,
    /// Documents that were kept apart. The first thousand are named.
    pub quarantined: Vec<Quarantined>,
    /// Files that belong to an update and were not held before.
    pub files_added: u64,
    /// Files that are not those of an update; they are not kept.
    pub files_unknown: u64,
    /// The first thousand of them.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub files_refused: Vec<RefusedFile>,
    pub duration_ms: u64,
}

/// A document that could not be taken into the catalogue.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Quarantined {
    /// Its name within what was imported, or the update's id for one from an upstream server.
    pub name: String,
    /// The update, where that much could be read.
    #[serde(default, skip_serializing_if = "Option::is_none", with = "text::option")]
    pub update_id: Option<UpdateId>,
    /// Why, in a sentence.
    pub reason: String,
}

/// A file that was not kept.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RefusedFile {
    /// Its name within what was imported.
    pub name: String,
    /// Why, in a sentence.
    pub reason: String,
}
