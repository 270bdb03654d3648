//! The synchronisation command: what it is asked, what it says while it runs, how it ends.

use headwater_model::{ServerId, Timestamp};
use serde::{Deserialize, Serialize};

use crate::linkage::WsusMode;
use crate::{Problem, text};

#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SyncRequest {
    /// Only list what differs.
    #[serde(default)]
    pub dry_run: bool,
    /// Only this server and those below it, by name or id.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub below: Option<String>,
    /// Only this server, by name or id.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub at: Option<String>,
    /// Only one part of it; absent: all.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub only: Option<SyncPart>,
    /// Let the top synchronise with Microsoft Update first.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub with_upstream: bool,
    /// How many members the run may remove from groups; beyond it none is removed or added. Absent: any number.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max_removals: Option<u64>,
    /// Write no members of groups that would lose over a tenth of theirs, or all.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub hold_removals: bool,
    /// Leave servers for later whose time window is closed; else windows are not looked at.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub keep_windows: bool,
    /// After so many seconds a server is left to synchronise by itself; absent: [`SERVER_LIMIT_SECONDS`].
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub server_limit_seconds: Option<u64>,
}

/// How long the own synchronisation of a server is waited for.
pub const SERVER_LIMIT_SECONDS: u64 = 3_600;

/// How a run is asked for.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SyncQuery {
    /// Whether the answer is a [`StartedRun`](crate::StartedRun) at once, and no events.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub no_wait: bool,
}

/// A part of what a run does. A replica gets groups and approvals by the same synchronisation.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SyncPart {
    Groups,
    Approvals,
    Clients,
}

/// One line of the answer, which is `application/x-ndjson`. The last one is `finished` or `failed`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "event", rename_all = "snake_case")]
pub enum SyncEvent {
    /// Another run goes on and is watched: what it does otherwise than was asked for, in a sentence.
    Attached {
        line: String,
    },
    Server {
        name: String,
        phase: SyncPhase,
        line: String,
        /// What was done in this phase: documents, groups, approvals or memberships.
        #[serde(default)]
        done: u64,
        /// Of how many, where that is known.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        total: Option<u64>,
        /// Since the run came to this server.
        #[serde(default)]
        seconds: u64,
    },
    Finished {
        report: SyncReport,
    },
    Failed {
        problem: Problem,
    },
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SyncPhase {
    /// Taking updates from the server above.
    Updates,
    /// Making groups.
    Groups,
    /// Writing approvals; a replica takes its groups and its approvals together.
    Approvals,
    /// Writing the members of groups.
    Clients,
    /// Comparing with the top.
    Compare,
    Done,
}

/// How a run ended, or what it would have to do.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct SyncReport {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub run: Option<u64>,
    pub dry_run: bool,
    /// The top one first, each after the one above it.
    pub servers: Vec<SyncServer>,
    /// Of the command: 0 all in step, 1 differences or failures remain, 5 a server without Linkage.
    pub exit: u8,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SyncServer {
    #[serde(with = "text")]
    pub id: ServerId,
    pub name: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub mode: Option<WsusMode>,
    pub state: SyncServerState,
    /// What the run changed here, for people.
    pub changed: Vec<String>,
    /// The first of those that remain.
    pub differences: Vec<SyncDifference>,
    /// How many remain.
    pub differences_total: u64,
    pub files_held: u64,
    pub files_wanted: u64,
    pub ms: u64,
    /// What is its own and no difference, such as `2 groups, 1 approval`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub local: Option<String>,
    /// Why it failed, was not reached or was left for later.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub problem: Option<String>,
}

/// The same words as in the console.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SyncServerState {
    InStep,
    Differs,
    Failed,
    /// Past its limit: it synchronises on by itself, and the next run joins it.
    StillRunning,
    NotReached,
    NoLinkage,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DifferenceKind {
    Update,
    Group,
    Approval,
    Decline,
    Member,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SyncDifference {
    pub kind: DifferenceKind,
    /// A sentence: what differs, why, and what makes it equal.
    pub text: String,
}

/// A run that was kept.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SyncRun {
    pub run: u64,
    pub started_by: String,
    #[serde(with = "text")]
    pub started_at: Timestamp,
    #[serde(default, skip_serializing_if = "Option::is_none", with = "text::option")]
    pub finished_at: Option<Timestamp>,
    /// Absent while it runs, where it was cut off, and where it failed as a whole.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub report: Option<SyncReport>,
    /// Why it failed as a whole.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub failed: Option<String>,
}

/// Which of the runs that are kept to list, the newest first. All that is said must hold.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SyncRunsQuery {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub result: Option<RunResult>,
    /// A part of the name of who began it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub by: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub kind: Option<RunKind>,
    /// In this order instead of their age's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sort: Option<RunOrder>,
    /// The other way round.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub reverse: bool,
    /// At most so many items, up to [`PAGE_LIMIT_MAX`](crate::PAGE_LIMIT_MAX).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub limit: Option<u32>,
    /// The `next` of the page before.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub after: Option<String>,
}

/// How a run ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RunResult {
    /// Every server is in step.
    InStep,
    /// Not every server is.
    Differs,
    /// It failed as a whole, or did not end.
    Failed,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RunKind {
    /// One that may write.
    Run,
    /// One that only compared.
    Dry,
}

/// By what runs are listed; those that are alike in it by their age.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RunOrder {
    /// The latest first.
    #[default]
    Started,
    /// Those that go on first, then the worst first: of those that ended with differences those with the most servers
    /// out of step.
    Result,
    /// The longest first; those without an end last.
    Took,
    /// The most first.
    Changes,
    /// By who began them.
    By,
}
