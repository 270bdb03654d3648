//! Computer groups (*target groups* on the wire).

use headwater_model::GroupId;
use serde::{Deserialize, Serialize};

use crate::{ComputerOrder, text};

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Group {
    #[serde(with = "text")]
    pub id: GroupId,
    /// Unique without regard to case, at most
    /// [`GROUP_NAME_CHARS_MAX`](crate::GROUP_NAME_CHARS_MAX).
    pub name: String,
    /// The group above; absent for the topmost one, All Computers.
    #[serde(default, skip_serializing_if = "Option::is_none", with = "text::option")]
    pub parent: Option<GroupId>,
    /// Made by WSUS itself (fact 59): it can be neither deleted nor renamed.
    pub built_in: bool,
    /// Computers that are in this very group.
    pub computers: u64,
    /// Approvals of this very group.
    pub approvals: u64,
}

/// A group as others name it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct GroupRef {
    #[serde(with = "text")]
    pub id: GroupId,
    pub name: String,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NewGroup {
    pub name: String,
    /// Without it, All Computers.
    #[serde(default, skip_serializing_if = "Option::is_none", with = "text::option")]
    pub parent: Option<GroupId>,
}

/// Which part of a group's members to list, in the order of their names.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct MembersQuery {
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
