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

/// Trust a Linkage no more, such as that of a server that was stolen.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RevokeRequest {
    /// The name of its server, or its id.
    pub linkage: String,
}

/// A Linkage that was revoked.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Revoked {
    /// Of its server.
    pub name: String,
    /// Servers with a Linkage below it: none of them is reached until it is paired anew, or their Linkages
    /// are given another one above.
    pub below: Vec<String>,
    /// Servers whose Linkages could not be told yet; they are as soon as they are reached.
    pub not_told: Vec<String>,
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
    /// Why nothing is written because the linked WSUS is not the top one any more.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub suspended: Option<String>,
    /// The top one first, each after the one above it.
    pub servers: Vec<TreeServer>,
    /// Servers that are paired, or below one that is, and in the linked tree no more.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub outside: Vec<OutsideServer>,
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
    /// Whether its Linkage is connected and answers.
    pub reached: bool,
    /// Why it is not reached though its Linkage is connected, or that another one is in its place, and what to do.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub problem: Option<String>,
    /// Whether its Linkage may only read, as a reporter of a Microsoft WSUS: nothing is written to it.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub read_only: bool,
    #[serde(default, skip_serializing_if = "Option::is_none", with = "text::option")]
    pub last_contact_at: Option<Timestamp>,
    #[serde(default, skip_serializing_if = "Option::is_none", with = "text::option")]
    pub last_sync_at: Option<Timestamp>,
    /// Those that report to it and to none below it.
    pub computers: u64,
    #[serde(default, skip_serializing_if = "ServerFollow::is_nothing")]
    pub follow: ServerFollow,
    /// When scheduled runs may work on it, such as `22:00-05:00` by the managing server's clock; absent: always.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub window: Option<String>,
    /// Whether policies are meant to put its computers into groups: then what they ask for is no difference.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub client_targeting: bool,
}

/// One WSUS outside the linked tree. It is listed, and nothing else is done with it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct OutsideServer {
    #[serde(with = "text")]
    pub id: ServerId,
    pub name: String,
    /// Absent where no Linkage of it was paired.
    #[serde(default, skip_serializing_if = "Option::is_none", with = "text::option")]
    pub linkage: Option<LinkageId>,
    /// Why, and what to do, such as `it takes from no server: ...`.
    pub why: String,
}

/// What an autonomous server is to have beside the updates.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum ServerFollow {
    #[default]
    #[serde(rename = "nothing")]
    Nothing,
    /// The managed groups, and the top's approvals for exactly those.
    #[serde(rename = "groups,approvals")]
    GroupsAndApprovals,
}

impl ServerFollow {
    fn is_nothing(&self) -> bool {
        *self == Self::Nothing
    }
}

/// What is to be otherwise with one server; what is absent stays.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ServerChange {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub follow: Option<ServerFollow>,
    /// Empty: at any time.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub window: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub client_targeting: Option<bool>,
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
