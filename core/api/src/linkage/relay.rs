//! How orders travel down to Linkages that nobody can dial.

use headwater_model::{LinkageId, Timestamp};
use serde::{Deserialize, Serialize};

use super::{LinkVersion, Pairing, PairingAnswer, Signed, SignedRevocations};
use crate::text;

/// What a Linkage brings to the one above: reports, and who can be reached through it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Hold {
    #[serde(with = "text")]
    pub linkage: LinkageId,
    /// Those below it that hold a connection.
    #[serde(with = "text::list")]
    pub below: Vec<LinkageId>,
    /// Reports of orders that were handed down before.
    pub reports: Vec<Signed>,
    /// Each of a [`RunRequest`](super::RunRequest) that it or one below it makes and that goes on.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub runs: Vec<Signed>,
    /// Whether to wait for orders; otherwise this only brings reports.
    pub wait: bool,
}

/// Linkages below that one [`Hold`] names, and runs that it brings: far more than a tree has of either.
pub const HOLD_MAX: usize = 10_000;

impl Hold {
    /// Refuses one that brings too much. Reports are limited by the length of the whole alone.
    pub fn check(&self) -> Result<(), &'static str> {
        if self.below.len() > HOLD_MAX || self.runs.len() > HOLD_MAX {
            return Err(
                "a held connection names at most 10,000 Linkages below and brings at most 10,000 runs",
            );
        }
        Ok(())
    }
}

/// What is handed down: as soon as there is anything, and empty after a while.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Handed {
    pub orders: Vec<Signed>,
    /// Said to a Linkage that this list names, and nothing else is: so that it knows why from the managing
    /// server itself.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub revoked: Option<SignedRevocations>,
}

/// A Linkage that the asked one can reach.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Reached {
    #[serde(with = "text")]
    pub linkage: LinkageId,
    /// Through which one it is reached: the asked one, or one of those that it reaches.
    #[serde(with = "text")]
    pub through: LinkageId,
    /// When it last asked for orders.
    #[serde(with = "text")]
    pub last_contact_at: Timestamp,
}

/// A Linkage that has no managing server yet waits at the one above it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Join {
    #[serde(with = "text")]
    pub linkage: LinkageId,
    /// The name of its machine, for people; nobody has shown yet that it is true.
    pub name: String,
    #[serde(default)]
    pub speaks: LinkVersion,
    /// The answer to what came with the last answer.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub answer: Option<PairingAnswer>,
}

/// What the managing server says to a Linkage that waits.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Introduction {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pairing: Option<Pairing>,
}

/// One that waits to be paired.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Joining {
    #[serde(with = "text")]
    pub linkage: LinkageId,
    pub name: String,
    #[serde(default)]
    pub speaks: LinkVersion,
    #[serde(with = "text")]
    pub since: Timestamp,
}
