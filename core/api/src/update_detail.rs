//! Everything about one update.

use headwater_model::{EulaId, Sha1Digest, Sha256Digest, Timestamp};
use serde::{Deserialize, Serialize};

use crate::{Approval, Change, ServerRef, UpdateCounts, UpdateRef, UpdateSummary, text};

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct UpdateDetail {
    #[serde(flatten)]
    pub summary: UpdateSummary,
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub description: String,
    /// The locales of its texts, such as `en` and `pt-br`.
    pub languages: Vec<String>,
    /// The files of all its languages, in the document's order.
    pub files: Vec<UpdateFile>,
    /// Every clause must hold; a clause holds when one of its updates is installed.
    pub prerequisites: Vec<Vec<UpdateRef>>,
    /// What it consists of.
    pub bundles: Vec<UpdateRef>,
    pub bundled_by: Vec<UpdateRef>,
    pub supersedes: Vec<UpdateRef>,
    pub superseded_by: Vec<UpdateRef>,
    /// In the order of the groups' names.
    pub approvals: Vec<Approval>,
    /// The newest first.
    pub revisions: Vec<Revision>,
    /// What was done with it, the newest first, at most the last hundred.
    pub history: Vec<Change>,
    /// Absent where it has none, or where that is not known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub licence: Option<UpdateLicence>,
    /// Why it is incomplete: one sentence each, empty when it is not.
    pub incomplete: Vec<String>,
    /// What the computers said, of the whole tree below as far as it is told. Silent ones of which it is not known
    /// that they have it, or that it is not for them, are not among these.
    pub status: UpdateCounts,
    /// Those: without contact for 30 days.
    #[serde(default)]
    pub silent: u64,
    /// What the computers said that report to this very server, silent ones among them.
    #[serde(default)]
    pub here: UpdateCounts,
    /// Of a managing server: how far it has come on each server of the tree, the top one first.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub servers: Vec<UpdateOnServer>,
}

impl UpdateDetail {
    /// What is known of an update of which only the summary is told.
    pub fn bare(summary: UpdateSummary) -> Self {
        Self {
            summary,
            description: String::new(),
            languages: Vec::new(),
            files: Vec::new(),
            prerequisites: Vec::new(),
            bundles: Vec::new(),
            bundled_by: Vec::new(),
            supersedes: Vec::new(),
            superseded_by: Vec::new(),
            approvals: Vec::new(),
            revisions: Vec::new(),
            history: Vec::new(),
            licence: None,
            incomplete: Vec::new(),
            status: UpdateCounts::default(),
            silent: 0,
            here: UpdateCounts::default(),
            servers: Vec::new(),
        }
    }
}

/// How far an update has come on one server of the tree.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct UpdateOnServer {
    pub server: ServerRef,
    pub arrival: Arrival,
    /// The newest that it has; absent where it has none, or did not tell.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub revision: Option<u32>,
    /// How many approvals it has there.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub approvals: Option<u64>,
    /// Files that are there, and how many there are; absent where the server tells of none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub files_held: Option<u64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub files: Option<u64>,
    /// Computers that report there and have downloaded it, whether they installed it or not.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub downloaded: Option<u64>,
}

/// What a server does with an update, beside what the top one decides.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Arrival {
    NotReached,
    /// It does not have it, or does not tell.
    NotKnown,
    DecidesByItself,
    /// Neither does the top.
    NotOffered,
    AsAbove,
    /// It has no approval, and the top has.
    NotYet,
    Otherwise,
    /// It is halted, and offered here still.
    Offered,
    /// It is halted, and offered here no more.
    Withdrawn,
}

/// The licence terms of an update.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct UpdateLicence {
    /// Of the licence, which other updates may have too.
    #[serde(with = "text")]
    pub id: EulaId,
    /// Before that, the update is not approved for installation.
    pub accepted: bool,
}

/// A file of an update.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct UpdateFile {
    pub name: String,
    pub size_bytes: u64,
    /// Its name in the protocols, in hexadecimal.
    #[serde(with = "text")]
    pub sha1: Sha1Digest,
    /// Absent in old documents.
    #[serde(default, skip_serializing_if = "Option::is_none", with = "text::option")]
    pub sha256: Option<Sha256Digest>,
    /// Whether this server holds it.
    pub held: bool,
    /// Why it is not held, where that is known, in a sentence.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub problem: Option<String>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Revision {
    pub revision: u32,
    #[serde(with = "text")]
    pub arrived_at: Timestamp,
}
