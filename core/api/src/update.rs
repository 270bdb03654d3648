//! Updates in lists: software, drivers, and the categories and detectoids that they hang on.

use headwater_model::{Timestamp, UpdateId};
use serde::{Deserialize, Serialize};

use crate::{UpdateStates, text};

/// Which updates to list. All that is said must hold.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct UpdateQuery {
    /// Words that the title holds, without regard to case; or `KB5044284`; or `CVE-2026-0001`; or an id, or at least
    /// the first eight digits of one, as tables show it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub search: Option<String>,
    /// Without it, software and drivers; a search for an id finds every kind.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub kind: Option<UpdateKind>,
    /// The id or the exact title of a product, without regard to case.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub product: Option<String>,
    /// The id or the exact title of a classification, without regard to case.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub classification: Option<String>,
    /// The publisher's word, such as `Critical`, without regard to case.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub severity: Option<String>,
    /// Only those whose newest revision came then or later.
    #[serde(default, skip_serializing_if = "Option::is_none", with = "text::option")]
    pub arrived_since: Option<Timestamp>,
    /// Only those whose newest revision came before.
    #[serde(default, skip_serializing_if = "Option::is_none", with = "text::option")]
    pub arrived_before: Option<Timestamp>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub approval: Option<ApprovalFilter>,
    /// `true`: those only; `false`: none of them; absent: both. The next four likewise.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub declined: Option<bool>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub incomplete: Option<bool>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub superseded: Option<bool>,
    /// Those that are not approved by themselves.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub implicit: Option<bool>,
    /// Those that their publisher has withdrawn.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expired: Option<bool>,
    /// Those that at least one computer needs, of a managing server.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub needed: Option<bool>,
    /// Those that failed on at least one computer, of a managing server.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub failed: Option<bool>,
    /// In this order instead of their arrival's, of a managing server.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sort: Option<UpdateOrder>,
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

/// What an update is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum UpdateKind {
    Software,
    Driver,
    /// A product, a product family, a company or a classification.
    Category,
    /// A question to a computer that others use as a prerequisite.
    Detectoid,
}

/// By what updates are listed.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum UpdateOrder {
    /// The newest first.
    #[default]
    Arrival,
    Title,
    /// What waits for a decision first, what nobody can approve last.
    State,
    /// The most first.
    Needed,
    /// The most first.
    Installed,
    /// The most first.
    Failed,
}

/// Whether any group has an approval of an update.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ApprovalFilter {
    /// For at least one group, whatever the action.
    Approved,
    /// For none, though it could be: one that is declined, withdrawn by its publisher or only comes with others is
    /// not among them.
    Unapproved,
}

/// What an administrator can do with an update. The first that applies, from the top.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum UpdateState {
    /// Declined here: no computer is offered it.
    Declined,
    /// Withdrawn by its publisher: it can no longer be approved.
    Expired,
    /// It names updates which are not here, and cannot be approved before they are.
    Incomplete,
    /// Not approved by itself: a category, a detectoid, or a member of a bundle, which follows the
    /// bundle (`ExplicitlyDeployable` is false in its document).
    Implicit,
    /// It can be approved.
    Approvable,
}

/// An update as others name it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct UpdateRef {
    #[serde(with = "text")]
    pub id: UpdateId,
    /// Absent when the catalogue does not have this update.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub title: Option<String>,
}

/// An update in a list: its newest revision, and what computers said about it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct UpdateSummary {
    #[serde(with = "text")]
    pub id: UpdateId,
    pub revision: u32,
    pub title: String,
    pub kind: UpdateKind,
    /// The title of its classification.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub classification: Option<String>,
    /// The titles of its products.
    pub products: Vec<String>,
    /// The numbers of its articles, without the letters: `5044284`.
    pub kb: Vec<String>,
    /// The vulnerabilities that its document names, such as `CVE-2026-0001`; most documents name none, nor does a
    /// Microsoft WSUS.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub cves: Vec<String>,
    /// The publisher's word, such as `Critical`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub severity: Option<String>,
    pub state: UpdateState,
    /// For how many groups it is approved.
    pub approved_groups: u64,
    /// Whether another update that is here and not declined replaces it.
    pub superseded: bool,
    /// When this server got the newest revision.
    #[serde(with = "text")]
    pub arrived_at: Timestamp,
    /// Computers that need it and do not have it, failed ones included.
    pub needed: u64,
    /// Computers that have it, those that wait for a restart included.
    pub installed: u64,
    /// Computers on which it failed.
    pub failed: u64,
    /// The same by state, as a managing server knows it of its whole tree; absent where a server does not tell it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub states: Option<UpdateStates>,
}
