//! Cleaning up the tree: what is declined at the top, what is deleted everywhere, and which computers are deleted
//! where they report.

use headwater_model::{ClientId, ServerId, Timestamp, UpdateId};
use serde::{Deserialize, Serialize};

use crate::text;

/// Days that an update is superseded before it is declined, and declined before it is deleted; and that a computer is
/// silent before it is.
pub const CLEAN_UP_DAYS: u32 = 30;

fn days() -> u32 {
    CLEAN_UP_DAYS
}

/// When updates are obsolete enough, and computers silent enough.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CleanUpQuery {
    /// Days that an update is superseded before it is declined.
    #[serde(default = "days")]
    pub superseded_days: u32,
    /// Days that an update is declined before it is deleted.
    #[serde(default = "days")]
    pub declined_days: u32,
    /// Days without a contact before a computer is deleted.
    #[serde(default = "days")]
    pub silent_days: u32,
}

impl Default for CleanUpQuery {
    fn default() -> Self {
        Self { superseded_days: CLEAN_UP_DAYS, declined_days: CLEAN_UP_DAYS, silent_days: CLEAN_UP_DAYS }
    }
}

/// Why nobody misses an update.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ObsoleteBecause {
    Declined,
    /// Its publisher has withdrawn it.
    Expired,
    Superseded,
}

/// What a clean-up would do. Nothing is done that it does not say.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CleanUpPlan {
    pub superseded_days: u32,
    pub declined_days: u32,
    #[serde(default = "days")]
    pub silent_days: u32,
    /// When it was made: days are counted from then.
    #[serde(with = "text")]
    pub at: Timestamp,
    /// To be declined at the top.
    pub decline: Vec<CleanUpUpdate>,
    /// To be deleted on every server.
    pub delete: Vec<CleanUpUpdate>,
    /// Those that would be declined or deleted if nothing stood against it.
    pub kept: Vec<KeptUpdate>,
    /// To be deleted where they report, unless they make contact before.
    #[serde(default)]
    pub computers: Vec<CleanUpComputer>,
    /// The servers in the order in which they delete: none before those below it.
    pub servers: Vec<CleanUpServer>,
    /// What was read to make the plan. It is begun only while that is so.
    pub state: String,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CleanUpUpdate {
    #[serde(with = "text")]
    pub id: UpdateId,
    pub title: String,
    pub because: ObsoleteBecause,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct KeptUpdate {
    #[serde(with = "text")]
    pub id: UpdateId,
    pub title: String,
    /// One sentence each.
    pub why: Vec<String>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CleanUpServer {
    #[serde(with = "text")]
    pub id: ServerId,
    pub name: String,
    /// How many of the updates to be deleted it has.
    pub delete: u64,
    /// How many of the computers to be deleted report to it.
    #[serde(default)]
    pub computers: u64,
    /// Why all of its computers stay, in a sentence.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub doubt: Option<String>,
}

/// The record of a computer that nobody misses.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CleanUpComputer {
    #[serde(with = "text")]
    pub server: ServerId,
    #[serde(with = "text")]
    pub client: ClientId,
    pub name: String,
    #[serde(with = "text")]
    pub last_contact_at: Timestamp,
    pub because: GoneBecause,
}

/// Why nobody misses the record of a computer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum GoneBecause {
    Silent,
    /// Its machine has another client id by now.
    Reimaged,
}

impl CleanUpPlan {
    pub fn is_empty(&self) -> bool {
        self.decline.is_empty() && self.delete.is_empty() && self.computers.is_empty()
    }
}

/// Carry out a plan, or go on with the one that was begun.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ApplyCleanUp {
    pub plan: CleanUpPlan,
}

/// What a clean-up did, and what is left of it.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct CleanUpReport {
    /// Updates of the plan that are declined at the top now.
    pub declined: u64,
    /// In the order in which they delete.
    pub servers: Vec<CleanedServer>,
    /// Whether the time of one request is over: the same plan goes on when it is applied again.
    pub goes_on: bool,
    /// What was not done, one sentence each.
    pub problems: Vec<String>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CleanedServer {
    #[serde(with = "text")]
    pub id: ServerId,
    pub name: String,
    /// By this request.
    pub deleted: u64,
    /// Updates of the plan that it still has, as far as that is known.
    pub left: u64,
    /// Computers that were deleted by this request.
    #[serde(default)]
    pub computers: u64,
    /// Computers of the plan that it still has, as far as that is known.
    #[serde(default)]
    pub computers_left: u64,
    /// Computers that made contact after the plan was begun, and stay.
    #[serde(default)]
    pub computers_back: u64,
    /// Why something is left.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub problem: Option<String>,
}

impl CleanUpReport {
    pub fn deleted(&self) -> u64 {
        self.servers.iter().map(|server| server.deleted).sum()
    }

    pub fn computers(&self) -> u64 {
        self.servers.iter().map(|server| server.computers).sum()
    }

    pub fn computers_back(&self) -> u64 {
        self.servers.iter().map(|server| server.computers_back).sum()
    }

    /// Updates and computers that are still there.
    pub fn left(&self) -> u64 {
        self.servers.iter().map(|server| server.left + server.computers_left).sum()
    }
}
