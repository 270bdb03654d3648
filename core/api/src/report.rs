//! Reports of a managing server, from what it last read.

use headwater_model::{ClientId, GroupId, ServerId, Timestamp, UpdateId};
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
/// stand; or by how an update stands on them. A day has its date as id and name.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Compliance {
    pub id: String,
    pub name: String,
    /// All of them: the sum of the others, but for those that an update does not apply to.
    pub computers: u64,
    /// Of an update those that have it.
    pub complete: u64,
    /// Of an update those that need it, whether they have downloaded it or not.
    pub needing: u64,
    pub failing: u64,
    /// Absent where a server does not tell it of an update, and then among those that are complete.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pending_restart: Option<u64>,
    /// Of an update those that have told nothing since it arrived; absent where a server does not tell it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub unreported: Option<u64>,
    /// Of an update those of which it is not known that they have it, or that it is not for them; absent where a
    /// server does not tell who they are, and then among the others by what they said last.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub silent: Option<u64>,
    /// Of an update alone, where it is told.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub not_applicable: Option<u64>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct StandingQuery {
    pub standing: Standing,
    /// Only those in this group or beneath it.
    #[serde(default, skip_serializing_if = "Option::is_none", with = "text::option")]
    pub group: Option<GroupId>,
    /// Only those that report to this server.
    #[serde(default, skip_serializing_if = "Option::is_none", with = "text::option")]
    pub server: Option<ServerId>,
    /// The `next` of the page before.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub after: Option<String>,
}

#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FailuresQuery {
    /// Only on computers in this group or beneath it.
    #[serde(default, skip_serializing_if = "Option::is_none", with = "text::option")]
    pub group: Option<GroupId>,
    /// Only on computers that report to this server.
    #[serde(default, skip_serializing_if = "Option::is_none", with = "text::option")]
    pub server: Option<ServerId>,
    /// In this order instead of their names'.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sort: Option<FailureOrder>,
    /// The other way round.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub reverse: bool,
    /// The `next` of the page before.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub after: Option<String>,
}

/// By what the computers on which something failed are listed; those that are alike in it by name. What failed on a
/// computer is asked when its page is read, so there is no order of all failures by that.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FailureOrder {
    #[default]
    Name,
    Server,
    /// Those on which the most updates failed first.
    Failed,
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
