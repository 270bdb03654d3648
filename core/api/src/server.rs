//! The server itself: what it holds and where it is reached.

use headwater_model::{ServerId, Timestamp};
use serde::{Deserialize, Serialize};

use crate::{Upstream, UpstreamMode, text};

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ServerStatus {
    /// Headwater's version, such as `0.1.0`.
    pub version: String,
    /// Who this server is to downstream servers.
    #[serde(with = "text")]
    pub server_id: ServerId,
    /// This life of its database; another one after a restore (fact 53).
    #[serde(with = "text")]
    pub epoch: ServerId,
    #[serde(with = "text")]
    pub started_at: Timestamp,
    /// The folder on the server that holds the database and the content.
    pub data_folder: String,
    pub urls: ServerUrls,
    pub catalogue: CatalogueStatus,
    pub computers: ComputersStatus,
    pub content: ContentStatus,
    /// Absent when this server has no upstream server.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub upstream: Option<Upstream>,
    /// The servers below this one, by name.
    #[serde(default)]
    pub downstream: Vec<DownstreamServer>,
}

/// A server by its id and its name.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ServerRef {
    #[serde(with = "text")]
    pub id: ServerId,
    pub name: String,
}

/// A server that takes updates from this one, or from one below.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DownstreamServer {
    #[serde(with = "text")]
    pub id: ServerId,
    /// The full DNS name, as it says.
    pub name: String,
    /// Absent until it tells.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub kind: Option<UpstreamMode>,
    /// The server that it takes from; absent for this one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub parent: Option<ServerRef>,
    /// Of its software, such as `10.0.26100.1`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub version: Option<String>,
    #[serde(with = "text")]
    pub last_contact_at: Timestamp,
    /// When it last took updates, as it says.
    #[serde(default, skip_serializing_if = "Option::is_none", with = "text::option")]
    pub last_sync_at: Option<Timestamp>,
    /// When it last told of itself and its computers.
    #[serde(default, skip_serializing_if = "Option::is_none", with = "text::option")]
    pub last_rollup_at: Option<Timestamp>,
    /// Computers that report to it, and not to those below it.
    pub computers: u64,
}

/// The record of a server below that was deleted, with those of what is below it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DeletedDownstream {
    pub name: String,
    /// The names of the servers below it.
    pub below: Vec<String>,
    /// Computers that reported to any of them.
    pub computers: u64,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ServerUrls {
    /// What update agents and downstream servers are given, such as `https://wsus.example:8531`.
    pub updates: String,
    /// Where people and this API are.
    pub console: String,
}

/// What the catalogue holds. An update counts once, however many revisions it has.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct CatalogueStatus {
    /// Software and drivers, without the members of bundles.
    pub updates: u64,
    /// Every revision of everything.
    pub revisions: u64,
    pub categories: u64,
    pub detectoids: u64,
    /// Those that name updates which are not here.
    pub incomplete: u64,
    pub declined: u64,
    /// Documents that were kept apart because they could not be understood.
    pub quarantined: u64,
    /// Pairs of an update and a group.
    pub approvals: u64,
}

#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ComputersStatus {
    /// Those of servers below included.
    pub total: u64,
    /// Those without a contact for [`silent_after_days`](Self::silent_after_days).
    pub silent: u64,
    pub silent_after_days: u32,
}

/// The files of updates, by their digests.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ContentStatus {
    pub files_held: u64,
    /// Files that should be held, for approved updates or all of them, and are not.
    pub files_wanted: u64,
    pub bytes_held: u64,
    pub bytes_wanted: u64,
    pub state: ContentState,
    /// What is wrong with one of the files wanted, in a sentence.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub problem: Option<String>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ContentState {
    /// Everything that is wanted is held.
    Complete,
    /// Files are being fetched or verified.
    Working,
    /// Files are wanted and no source has them; the administrator must act.
    Missing,
    /// There is no room for files that are wanted; the administrator must act.
    DiskFull,
}
