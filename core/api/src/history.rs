//! What was done, by whom and when.

use headwater_model::{GroupId, Timestamp, UpdateId};
use serde::{Deserialize, Serialize};

use crate::{GroupRef, UpdateRef, text};

/// Which changes to list, the newest first. All that is said must hold.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct HistoryQuery {
    #[serde(default, skip_serializing_if = "Option::is_none", with = "text::option")]
    pub update: Option<UpdateId>,
    #[serde(default, skip_serializing_if = "Option::is_none", with = "text::option")]
    pub group: Option<GroupId>,
    /// At most so many items, up to [`PAGE_LIMIT_MAX`](crate::PAGE_LIMIT_MAX).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub limit: Option<u32>,
    /// The `next` of the page before.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub after: Option<String>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Change {
    #[serde(with = "text")]
    pub at: Timestamp,
    /// The administrator, or the part of the server that did it.
    pub by: String,
    /// What was done, in the past tense: `approved`, `declined`, `group created`.
    pub what: String,
    /// What it was done to; the next one likewise.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub update: Option<UpdateRef>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub group: Option<GroupRef>,
    /// What was there before, for people: `install until 2026-12-24T02:00:00Z`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub from: Option<String>,
    /// What is there now.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub to: Option<String>,
    /// Made by another tool, on the WSUS itself. A managing server says it of the linked WSUS.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub outside: bool,
}
