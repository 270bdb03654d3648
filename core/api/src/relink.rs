//! Taking a rebuilt or promoted WSUS in the place of the linked one.

use headwater_model::{ClientId, GroupId, LinkageId, ServerId, Timestamp, UpdateId};
use serde::{Deserialize, Serialize};

use crate::{ApprovalAction, text};

/// Plan what the WSUS behind a Linkage lacks to take the place of the linked one.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RelinkRequest {
    /// Of its Linkage.
    pub url: String,
    /// What the Linkage shows on its machine; needed where it has no managing server.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub code: Option<String>,
}

/// What would be written to the WSUS, and what could not. Afterwards it is the linked one.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RelinkPlan {
    /// Of its Linkage.
    pub url: String,
    #[serde(with = "text")]
    pub linkage: LinkageId,
    #[serde(with = "text")]
    pub server: ServerId,
    pub name: String,
    /// The age of what is written: when the WSUS before was last read.
    #[serde(with = "text")]
    pub read_at: Timestamp,
    /// In the order in which they are carried out.
    pub steps: Vec<RelinkStep>,
    /// In sentences: what cannot be done yet, and what never.
    pub open: Vec<String>,
    /// In sentences: approvals that the WSUS before did not have. They stay.
    pub only_there: Vec<String>,
    /// Whether it is the linked WSUS already, whose Linkage was installed anew: nothing is left to apply.
    #[serde(default)]
    pub linked: bool,
    /// Of all steps.
    pub state: String,
}

/// One thing to write, with the names of what it is about. Groups have the ids of the WSUS before.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(tag = "do", rename_all = "snake_case", deny_unknown_fields)]
pub enum RelinkStep {
    CreateGroup {
        #[serde(with = "text")]
        group: GroupId,
        name: String,
        /// Absent for All Computers.
        #[serde(default, skip_serializing_if = "Option::is_none", with = "text::option")]
        parent: Option<GroupId>,
    },
    /// The update was halted.
    Withdraw {
        #[serde(with = "text")]
        update: UpdateId,
        title: String,
        #[serde(with = "text")]
        group: GroupId,
        group_name: String,
    },
    Decline {
        #[serde(with = "text")]
        update: UpdateId,
        title: String,
    },
    Approve {
        #[serde(with = "text")]
        update: UpdateId,
        title: String,
        revision: u32,
        #[serde(with = "text")]
        group: GroupId,
        group_name: String,
        action: ApprovalAction,
        #[serde(default, skip_serializing_if = "Option::is_none", with = "text::option")]
        deadline: Option<Timestamp>,
        /// What stands there for the same update and group, in words.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        replaces: Option<String>,
    },
    AddMember {
        #[serde(with = "text")]
        server: ServerId,
        #[serde(with = "text")]
        client: ClientId,
        name: String,
        #[serde(with = "text")]
        group: GroupId,
        group_name: String,
    },
}

/// Carry out a plan: nothing that it does not show, and what of it is not done already.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ApplyRelink {
    pub plan: RelinkPlan,
}

/// What was done; the WSUS is the linked one now.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Relinked {
    pub name: String,
    pub done: RelinkCounts,
    /// In sentences: what the WSUS did not take.
    pub refused: Vec<String>,
    /// In sentences: what cannot be done yet. Another plan for the same address does it once it can.
    pub open: Vec<String>,
}

/// How many things of each kind are written.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct RelinkCounts {
    pub groups: u64,
    pub withdrawn: u64,
    pub declines: u64,
    pub approvals: u64,
    pub members: u64,
}

impl RelinkCounts {
    pub fn of<'a>(steps: impl IntoIterator<Item = &'a RelinkStep>) -> Self {
        let mut counts = Self::default();
        for step in steps {
            *match step {
                RelinkStep::CreateGroup { .. } => &mut counts.groups,
                RelinkStep::Withdraw { .. } => &mut counts.withdrawn,
                RelinkStep::Decline { .. } => &mut counts.declines,
                RelinkStep::Approve { .. } => &mut counts.approvals,
                RelinkStep::AddMember { .. } => &mut counts.members,
            } += 1;
        }
        counts
    }
}
