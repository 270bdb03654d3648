//! Computers: what their update agents said about themselves and about updates.

use headwater_model::{ClientId, GroupId, ServerId, Timestamp, UpdateId};
use serde::{Deserialize, Serialize};

use crate::{ApprovalAction, GroupRef, ServerRef, Standing, UpdateCounts, UpdateRef, page_limit, text};

/// Which computers to list, in the order of their names.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ComputerQuery {
    /// A part of the name, an address or an id.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub search: Option<String>,
    /// Those in this group or beneath it.
    #[serde(default, skip_serializing_if = "Option::is_none", with = "text::option")]
    pub group: Option<GroupId>,
    /// Those that report to this server, of a managing server.
    #[serde(default, skip_serializing_if = "Option::is_none", with = "text::option")]
    pub server: Option<ServerId>,
    /// Those that report to a server without a Linkage of the tree, of a managing server.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub outside: bool,
    /// Those without a contact for so many days.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub silent_days: Option<u32>,
    /// Those in contact within so many days.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub contact_days: Option<u32>,
    /// Those that stand so, of a managing server.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub state: Option<Standing>,
    /// In this order instead of their names', of a managing server.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sort: Option<ComputerOrder>,
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

impl ComputerQuery {
    /// The last contact of those that are listed is at this time at the latest.
    pub fn contact_until(&self, now: Timestamp) -> Option<Timestamp> {
        self.silent_days.map(|days| days_before(now, days))
    }

    /// The last contact of those that are listed is after this time.
    pub fn contact_after(&self, now: Timestamp) -> Option<Timestamp> {
        self.contact_days.map(|days| days_before(now, days))
    }
}

fn days_before(now: Timestamp, days: u32) -> Timestamp {
    now.plus_seconds(-i64::from(days) * 86_400)
}

/// By what computers are listed.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ComputerOrder {
    #[default]
    Name,
    Server,
    /// The worst first: failing, needing, pending restart, complete, unreported, silent.
    State,
    /// The latest first.
    LastContact,
    /// The most first.
    Needed,
    /// The most first.
    Failed,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ComputerSummary {
    #[serde(with = "text")]
    pub id: ClientId,
    /// The full DNS name where the agent knows it.
    pub name: String,
    /// The server below that it reports to; absent for this one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub server: Option<ServerRef>,
    /// Where it is seen, as far as that is told.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub address: Option<String>,
    /// The groups that it is in, by name.
    pub groups: Vec<GroupRef>,
    /// Such as `Windows 11 Pro`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub os: Option<String>,
    /// Such as `10.0.26200.6584`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub os_version: Option<String>,
    /// Such as `AMD64`; a Microsoft WSUS does not tell it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub architecture: Option<String>,
    /// Of the update agent, such as `1507.2601.30012.0`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub agent_version: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub manufacturer: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub model: Option<String>,
    #[serde(with = "text")]
    pub last_contact_at: Timestamp,
    /// When it last told which updates it needs; absent before the first time.
    #[serde(default, skip_serializing_if = "Option::is_none", with = "text::option")]
    pub last_report_at: Option<Timestamp>,
    /// Whether it has had no contact for longer than the server's limit.
    pub silent: bool,
    /// Its updates by state.
    pub status: UpdateCounts,
    /// What is odd about it over the tree of a managing server, and what to do: why it is not registered, or
    /// where it was.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub note: Option<String>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ComputerDetail {
    #[serde(flatten)]
    pub summary: ComputerSummary,
    #[serde(with = "text")]
    pub registered_at: Timestamp,
    /// The name of the group that its policy asks for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub requested_group: Option<String>,
    /// The products that it has by its last scan, by title; absent where that is not known, as behind a Microsoft
    /// WSUS.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub products: Option<Vec<String>>,
    /// The updates that it needs, fails on or waits with, failed ones first; at most a thousand.
    pub updates: Vec<ComputerUpdate>,
    /// What is in effect for it, of its own groups and those above them, by title; at most a thousand.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub approvals: Vec<EffectiveApproval>,
    /// Of a managing server: the groups that it is in, and those that host groups want it in.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub memberships: Vec<ComputerMembership>,
    /// Of a managing server: others of its name, at most a hundred.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub namesakes: Vec<Namesake>,
    /// Of a managing server: how it was seen before something of that changed, the latest first: servers of the last
    /// 90 days, names of 14 and addresses of 2; at most 32.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub seen: Vec<SeenAs>,
}

impl ComputerDetail {
    /// What is known of a computer of which only the summary is told.
    pub fn bare(summary: ComputerSummary) -> Self {
        Self {
            summary,
            registered_at: Timestamp::EPOCH,
            requested_group: None,
            products: None,
            updates: Vec::new(),
            approvals: Vec::new(),
            memberships: Vec::new(),
            namesakes: Vec::new(),
            seen: Vec::new(),
        }
    }
}

/// What a computer is to do with an update after all its groups were asked: the nearest approval of each
/// counts, Install before Uninstall before the rest.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct EffectiveApproval {
    #[serde(with = "text")]
    pub id: UpdateId,
    pub title: String,
    pub action: ApprovalAction,
    /// The earliest of those that say the same.
    #[serde(default, skip_serializing_if = "Option::is_none", with = "text::option")]
    pub deadline: Option<Timestamp>,
    /// The group that decided it.
    pub group: GroupRef,
}

/// What one computer said about one update.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ComputerUpdate {
    #[serde(with = "text")]
    pub id: UpdateId,
    pub title: String,
    pub state: ComputerUpdateState,
    /// Since when it is in that state.
    #[serde(with = "text")]
    pub since: Timestamp,
    /// Why it failed, such as `0x80240022`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error: Option<String>,
}

/// The states of an update on a computer ([MS-WUSP] 2.2.2.3.1), the worst first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ComputerUpdateState {
    Failed,
    Needed,
    Downloaded,
    PendingRestart,
    /// It was not reported since the update is there.
    Unknown,
    Installed,
    NotApplicable,
}

impl ComputerUpdateState {
    pub const ALL: [Self; 7] = [
        Self::Failed,
        Self::Needed,
        Self::Downloaded,
        Self::PendingRestart,
        Self::Unknown,
        Self::Installed,
        Self::NotApplicable,
    ];
    /// Where something is left to do.
    pub const OPEN: [Self; 4] = [Self::Failed, Self::Needed, Self::Downloaded, Self::PendingRestart];
}

/// Which states of an update on a computer to list.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct StatesQuery {
    /// Only this one; without it, those where something is left to do.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub state: Option<ComputerUpdateState>,
    /// Every state.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub all: bool,
    /// At most so many items, up to [`PAGE_LIMIT_MAX`](crate::PAGE_LIMIT_MAX).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub limit: Option<u32>,
    /// The `next` of the page before.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub after: Option<String>,
}

impl StatesQuery {
    pub fn states(&self) -> Vec<ComputerUpdateState> {
        match self.state {
            Some(state) => vec![state],
            None if self.all => ComputerUpdateState::ALL.to_vec(),
            None => ComputerUpdateState::OPEN.to_vec(),
        }
    }

    pub fn limit(&self) -> usize {
        page_limit(self.limit)
    }
}

/// Which computers of an update to list, by its state on them, in the order of their names.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct UpdateComputersQuery {
    /// Only those on which it is in this one; without it, those where something is left to do.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub state: Option<ComputerUpdateState>,
    /// Every state.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub all: bool,
    /// In this order instead of their names', of a managing server.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sort: Option<UpdateComputerOrder>,
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

impl UpdateComputersQuery {
    /// The same without an order.
    pub fn filter(&self) -> StatesQuery {
        StatesQuery { state: self.state, all: self.all, limit: self.limit, after: self.after.clone() }
    }
}

/// By what the computers of an update are listed; those that are alike in it by name.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum UpdateComputerOrder {
    #[default]
    Name,
    Server,
    /// The worst first, as [`ComputerUpdateState`] has them.
    State,
    /// By why it failed; those without a reason last.
    Error,
    /// The latest change first; those of which it is not told last.
    Since,
}

/// A computer with the state of one update on it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct UpdateComputer {
    #[serde(with = "text")]
    pub client: ClientId,
    pub name: String,
    /// The server below that it reports to; absent for this one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub server: Option<ServerRef>,
    /// Whether it has had no contact for long, so that the state is old.
    pub silent: bool,
    pub state: ComputerUpdateState,
    /// Since when it is in that state, where that is told.
    #[serde(default, skip_serializing_if = "Option::is_none", with = "text::option")]
    pub since: Option<Timestamp>,
    /// Why it failed, such as `0x80240022`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error: Option<String>,
}

/// A group that a computer is in, or that a host group wants it in.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ComputerMembership {
    /// Of the WSUS group, or of the host group where no WSUS group is made from it.
    pub group: String,
    /// The WSUS group.
    #[serde(default, skip_serializing_if = "Option::is_none", with = "text::option")]
    pub id: Option<GroupId>,
    /// The host group that has it, itself or beneath it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub host_group: Option<String>,
    /// Whether it is in the WSUS group.
    pub member: bool,
    /// Whether a host group decides who is in the WSUS group.
    #[serde(default)]
    pub managed: bool,
    /// What put it there, or what is left to do.
    pub because: String,
}

/// Another computer with the same name.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Namesake {
    #[serde(with = "text")]
    pub id: ClientId,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub server: Option<ServerRef>,
    #[serde(with = "text")]
    pub last_contact_at: Timestamp,
}

/// Under which name, at which address and server a computer was seen.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SeenAs {
    #[serde(with = "text")]
    pub at: Timestamp,
    pub name: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub address: Option<String>,
    /// By the name that it had then.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub server: Option<String>,
}

/// Why an update is not offered to a computer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct WhyNot {
    pub update: UpdateRef,
    #[serde(with = "text")]
    pub computer: ClientId,
    /// One sentence.
    pub why: String,
}

/// Put a computer into exactly these groups.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct MoveRequest {
    /// None means Unassigned Computers.
    #[serde(with = "text::list")]
    pub groups: Vec<GroupId>,
}
