//! Deleting the record of a WSUS server that is gone for good.

use headwater_model::{LinkageId, ServerId, Timestamp};
use serde::{Deserialize, Serialize};

use crate::{ServerRef, text};

/// What goes with the record of a server, or went with it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ServerDeletion {
    #[serde(with = "text")]
    pub id: ServerId,
    pub name: String,
    #[serde(default, skip_serializing_if = "Option::is_none", with = "text::option")]
    pub last_contact_at: Option<Timestamp>,
    /// Computers whose records go: those that reported to it and to those below it.
    pub computers: u64,
    /// The servers below it, whose records go too.
    pub below: Vec<ServerBelow>,
    /// The servers that have a record of it, in the order in which it is deleted there: the lowest first.
    pub held_by: Vec<ServerRef>,
    /// Its Linkage, which is revoked; absent where none is paired.
    #[serde(default, skip_serializing_if = "Option::is_none", with = "text::option")]
    pub linkage: Option<LinkageId>,
    /// The server that has its name now, which gets its settings.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub replaced_by: Option<ServerRef>,
    /// Servers whose Linkages could not be told yet that its own is revoked; they are as soon as they are reached.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub not_told: Vec<String>,
}

/// A server below one whose record is deleted. Its Linkage stays paired.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ServerBelow {
    #[serde(with = "text")]
    pub id: ServerId,
    pub name: String,
    pub computers: u64,
}

/// Delete what this plan names, or nothing if there is more by now.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DeleteServer {
    pub plan: ServerDeletion,
}
