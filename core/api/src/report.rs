//! Reports of a managing server, from what it last read.

use headwater_model::{ClientId, Timestamp, UpdateId};
use serde::{Deserialize, Serialize};

use crate::text;

/// How a computer stands. Each is in exactly one of these states; the first that holds counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Standing {
    /// It has had no contact for longer than its server's limit: what it told is old.
    Silent,
    /// It never told what it needs.
    Unreported,
    /// At least one update failed on it.
    Failing,
    /// It needs at least one update.
    Needing,
    /// It has all it needs, after a restart.
    PendingRestart,
    /// It has all it needs.
    Complete,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ComplianceBy {
    Group,
    Server,
    /// Those that are approved for some group.
    Update,
    /// All computers, as they stood at the end of each day in UTC; of today, as they stand. The oldest first, 400 at
    /// most; a day is missing when the managing server did not run or was not linked.
    Day,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ComplianceQuery {
    pub by: ComplianceBy,
}

/// The computers of a group (those of the groups beneath among them), of a server, or of all on a day, by how they
/// stand; or those that an update applies to. A day has its date as id and name.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Compliance {
    pub id: String,
    pub name: String,
    /// All of them: the sum of the others.
    pub computers: u64,
    pub complete: u64,
    pub needing: u64,
    pub failing: u64,
    /// Not told of an update, where those that wait count as complete.
    pub pending_restart: u64,
    /// Not told of an update.
    pub unreported: u64,
    /// Not told of an update.
    pub silent: u64,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct StandingQuery {
    pub standing: Standing,
    /// The `next` of the page before.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub after: Option<String>,
}

#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FailuresQuery {
    /// The `next` of the page before.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub after: Option<String>,
}

/// An update that failed on a computer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct UpdateFailure {
    #[serde(with = "text")]
    pub computer: ClientId,
    pub computer_name: String,
    /// The server that it reports to, by name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub server: Option<String>,
    #[serde(with = "text")]
    pub update: UpdateId,
    pub title: String,
    /// Such as `0x80070070`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error: Option<String>,
    #[serde(with = "text")]
    pub since: Timestamp,
}
