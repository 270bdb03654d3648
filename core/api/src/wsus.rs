//! The WSUS that a managing server is linked with, and the tree below it.

use headwater_model::{LinkageId, ServerId, Timestamp};
use serde::{Deserialize, Serialize};

use crate::linkage::{Joining, WsusKind, WsusMode};
use crate::text;

/// Link the managing server with the top WSUS of a tree.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LinkRequest {
    /// Of its Linkage, such as `https://wsus.example:8532/linkage`.
    pub url: String,
    /// What the Linkage shows on its machine.
    pub code: String,
}

/// Pair with a Linkage that waits for it somewhere in the tree.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PairRequest {
    /// Its id, or its name where that is the only one of the name.
    pub linkage: String,
    pub code: String,
}

/// The link and what is beneath it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct WsusLink {
    pub url: String,
    #[serde(with = "text")]
    pub linkage: LinkageId,
    /// Why the top Linkage or its WSUS does not answer; absent when it does.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub problem: Option<String>,
    /// Why nothing is written until an administrator confirms what differs.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub review: Option<String>,
    /// The top one first, each after the one above it.
    pub servers: Vec<TreeServer>,
    /// Linkages that wait to be paired.
    pub joining: Vec<Joining>,
}

/// One WSUS of the tree.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TreeServer {
    #[serde(with = "text")]
    pub id: ServerId,
    pub name: String,
    #[serde(default, skip_serializing_if = "Option::is_none", with = "text::option")]
    pub parent: Option<ServerId>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub kind: Option<WsusKind>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub mode: Option<WsusMode>,
    /// Absent where no Linkage of it was paired.
    #[serde(default, skip_serializing_if = "Option::is_none", with = "text::option")]
    pub linkage: Option<LinkageId>,
    /// Whether its Linkage is connected.
    pub reached: bool,
    #[serde(default, skip_serializing_if = "Option::is_none", with = "text::option")]
    pub last_contact_at: Option<Timestamp>,
    #[serde(default, skip_serializing_if = "Option::is_none", with = "text::option")]
    pub last_sync_at: Option<Timestamp>,
    /// Those that report to it and to none below it.
    pub computers: u64,
}

/// What `wsus doctor` found.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Finding {
    pub level: FindingLevel,
    pub what: String,
    /// What to do; empty where nothing is.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub advice: String,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FindingLevel {
    Good,
    Warning,
    Problem,
}
