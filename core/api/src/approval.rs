//! Approvals (*deployments* on the wire): what a group does with an update.

use headwater_model::{ClientId, GroupId, ServerId, Timestamp, UpdateId};
use serde::{Deserialize, Serialize};

use crate::{GroupRef, ServerRef, UpdateRef, text};

/// What the computers of a group do with an update.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ApprovalAction {
    Install,
    /// Only for updates that say they can be removed.
    Uninstall,
    /// Report whether they need it, and do nothing more.
    Detect,
    /// Be offered nothing, though a group above has an approval.
    Block,
}

impl ApprovalAction {
    /// Whether computers are offered something to do.
    pub fn offers(self) -> bool {
        matches!(self, Self::Install | Self::Uninstall)
    }
}

/// One approval, as an update's page shows it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Approval {
    #[serde(with = "text")]
    pub group: GroupId,
    pub group_name: String,
    pub action: ApprovalAction,
    /// When computers act without waiting for their user; absent: never.
    #[serde(default, skip_serializing_if = "Option::is_none", with = "text::option")]
    pub deadline: Option<Timestamp>,
    /// Who approved it.
    pub by: String,
    #[serde(with = "text")]
    pub at: Timestamp,
    /// The revision that it holds for, when that is not the newest.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub revision: Option<u32>,
    /// Made by another tool, on the WSUS itself. A managing server says it of the linked WSUS.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub outside: bool,
}

/// Approve updates for one group; an approval that is there is replaced.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ApprovalRequest {
    /// At most [`UPDATES_PER_REQUEST_MAX`](crate::UPDATES_PER_REQUEST_MAX).
    #[serde(with = "text::list")]
    pub updates: Vec<UpdateId>,
    #[serde(with = "text")]
    pub group: GroupId,
    pub action: ApprovalAction,
    #[serde(default, skip_serializing_if = "Option::is_none", with = "text::option")]
    pub deadline: Option<Timestamp>,
    #[serde(default)]
    pub new_revisions: NewRevisions,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub seen: Vec<SeenUpdate>,
}

/// The approvals of an update, as the operator saw them before deciding. If something else stands when the
/// decision is written, the update is refused. One that is not named is not compared, but on a managing
/// server, which compares it with what it shows itself.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SeenUpdate {
    #[serde(with = "text")]
    pub update: UpdateId,
    pub approvals: Vec<SeenApproval>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SeenApproval {
    #[serde(with = "text")]
    pub group: GroupId,
    pub action: ApprovalAction,
    #[serde(default, skip_serializing_if = "Option::is_none", with = "text::option")]
    pub deadline: Option<Timestamp>,
}

/// What an approval would mean. Nothing is changed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ApprovalPreview {
    pub group: GroupRef,
    pub action: ApprovalAction,
    pub updates: Vec<UpdateRef>,
    /// Computers of the group and of those beneath it.
    pub computers: u64,
    /// Those of them that act: that need one of the updates, or have it where it is to be removed.
    pub acting: u64,
    /// Those of which that is not known.
    pub unknown: u64,
    /// The servers that have such a computer or fetch something, the top one first. Of a server that decides by
    /// itself nothing is told.
    pub servers: Vec<ServerPreview>,
}

/// What an approval would mean on one server.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ServerPreview {
    pub server: ServerRef,
    /// Where it fetches files from; absent for the top one, which has them from their source.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub parent: Option<ServerRef>,
    pub computers: u64,
    pub acting: u64,
    pub unknown: u64,
    /// Those without contact for long.
    pub silent: u64,
    /// What it has yet to fetch from there, in bytes, each file once; absent where a part of it is not known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub bytes_fetched: Option<u64>,
    /// The part that is known.
    #[serde(default)]
    pub bytes_fetched_at_least: u64,
    /// The updates whose part is not.
    #[serde(default)]
    pub updates_of_unknown_size: u64,
    /// What its computers that act fetch from it, in bytes, each file once for each of them; absent where a part of
    /// it is not known, or some of them may act too.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub bytes_sent: Option<u64>,
    /// The part that is known.
    #[serde(default)]
    pub bytes_sent_at_least: u64,
    /// The updates of which some computer fetches a part that is not.
    #[serde(default)]
    pub updates_sent_of_unknown_size: u64,
    /// The first of those that act, by name; [`PreviewComputersRequest`] asks for all.
    pub names: Vec<String>,
}

/// Which computers would act on an approval, or may. Nothing is changed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PreviewComputersRequest {
    /// At most [`UPDATES_PER_REQUEST_MAX`](crate::UPDATES_PER_REQUEST_MAX).
    #[serde(with = "text::list")]
    pub updates: Vec<UpdateId>,
    #[serde(with = "text")]
    pub group: GroupId,
    pub action: ApprovalAction,
    /// Only those that report to this server.
    #[serde(default, skip_serializing_if = "Option::is_none", with = "text::option")]
    pub server: Option<ServerId>,
    /// At most so many items, up to [`PAGE_LIMIT_MAX`](crate::PAGE_LIMIT_MAX).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub limit: Option<u32>,
    /// The `next` of the page before.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub after: Option<String>,
}

/// A computer that would act on an approval, or may.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PreviewComputer {
    #[serde(with = "text")]
    pub id: ClientId,
    pub name: String,
    pub server: ServerRef,
    /// Whether it has had no contact for long.
    pub silent: bool,
    /// Whether it acts; otherwise that is not known.
    pub acts: bool,
    /// What it fetches, in bytes, each file once; absent where a part of it is not known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub bytes: Option<u64>,
    /// The part that is known.
    pub bytes_at_least: u64,
    /// The updates whose part is not.
    pub updates_of_unknown_size: u64,
}

/// What becomes of an approval when a new revision of its update arrives.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum NewRevisions {
    /// It holds for the newest.
    #[default]
    Follow,
    /// It holds for the one that is the newest now, until it is approved once more.
    Wait,
}

impl NewRevisions {
    /// Whether it is what is meant where nothing is said, so that a Linkage of before understands it.
    pub(crate) fn is_follow(&self) -> bool {
        *self == Self::Follow
    }
}

/// Take back the approvals of updates for one group.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ApprovalWithdrawal {
    /// At most [`UPDATES_PER_REQUEST_MAX`](crate::UPDATES_PER_REQUEST_MAX).
    #[serde(with = "text::list")]
    pub updates: Vec<UpdateId>,
    #[serde(with = "text")]
    pub group: GroupId,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub seen: Vec<SeenUpdate>,
}

/// Decline updates, which takes back their approvals, or undo that, which does not restore them.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DeclineRequest {
    /// At most [`UPDATES_PER_REQUEST_MAX`](crate::UPDATES_PER_REQUEST_MAX).
    #[serde(with = "text::list")]
    pub updates: Vec<UpdateId>,
    /// Declining is refused where it would take back what was not seen.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub seen: Vec<SeenUpdate>,
}

/// Stop an update on a managing server.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct HaltRequest {
    #[serde(with = "text")]
    pub update: UpdateId,
}

/// An update that was stopped: its approvals are taken back at the top, and the servers below synchronise.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Halt {
    #[serde(with = "text")]
    pub update: UpdateId,
    pub asked_by: String,
    #[serde(with = "text")]
    pub asked_at: Timestamp,
    /// Absent while it waits, as while the linked WSUS is not reached: it is tried until it is done.
    #[serde(default, skip_serializing_if = "Option::is_none", with = "text::option")]
    pub done_at: Option<Timestamp>,
    /// Why it is not done yet, and what to do.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub waits: Option<String>,
}

/// Which part of the halts to list, the newest first.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct HaltsQuery {
    /// In this order instead of their age's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sort: Option<HaltOrder>,
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

/// By what halts are listed; those that are alike in it by when they were asked for.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum HaltOrder {
    /// The latest first.
    #[default]
    Asked,
    /// By the title of the update.
    Title,
    /// Those that wait first.
    State,
    /// By who asked for them.
    By,
    /// The latest first; those that wait last.
    Done,
}

/// What became of each update of a request: each is in exactly one list. The status is 200 even
/// when all were refused, for the request itself was in order.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct UpdatesOutcome {
    pub applied: Vec<UpdateRef>,
    /// Those that were in the wanted state already.
    pub unchanged: Vec<UpdateRef>,
    pub refused: Vec<Refusal>,
}

/// An update that a request could not be done for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Refusal {
    pub update: UpdateRef,
    /// Why, and what to do, in a sentence.
    pub reason: String,
}
