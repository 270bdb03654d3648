//! The record of what operators did.

use headwater_model::Timestamp;
use serde::{Deserialize, Serialize};

use crate::text;

/// Which part of the record to list, the newest first. All that is said must hold.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AuditQuery {
    /// Only what this operator did.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub by: Option<String>,
    /// Only what was done then or later.
    #[serde(default, skip_serializing_if = "Option::is_none", with = "text::option")]
    pub since: Option<Timestamp>,
    /// Only what was done earlier than then.
    #[serde(default, skip_serializing_if = "Option::is_none", with = "text::option")]
    pub before: Option<Timestamp>,
    /// The oldest first.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub reverse: bool,
    /// The `next` of the page before.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub after: Option<String>,
    /// At most so many items, up to [`PAGE_LIMIT_MAX`](crate::PAGE_LIMIT_MAX).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub limit: Option<u32>,
}

/// One thing that was done.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AuditEntry {
    #[serde(with = "text")]
    pub at: Timestamp,
    /// The operator, or the part of the server that did it.
    pub by: String,
    pub what: String,
    /// To what it was done.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub detail: String,
    /// What was there before, for people.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub before: Option<String>,
    /// What is there now.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub after: Option<String>,
}
