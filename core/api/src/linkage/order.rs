//! Orders of the managing server, and what became of them.

use headwater_model::{Guid, LinkageId, Timestamp};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::Ask;
use crate::text;

/// A text with a signature over it (ECDSA with P-256 and SHA-256, base64).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Signed {
    /// To whom an order goes, from whom a report comes: for those between, who cannot change what is
    /// signed.
    #[serde(with = "text")]
    pub linkage: LinkageId,
    /// The JSON of an [`Order`] or a [`Report`].
    pub body: String,
    pub signature: String,
}

/// What one Linkage is asked.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Order {
    /// Carried out once.
    #[serde(with = "text")]
    pub id: Guid,
    #[serde(with = "text")]
    pub to: LinkageId,
    /// By the managing server's clock.
    #[serde(with = "text")]
    pub at: Timestamp,
    pub ask: Ask,
}

/// What became of an order.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Report {
    #[serde(with = "text")]
    pub order: Guid,
    #[serde(with = "text")]
    pub from: LinkageId,
    pub result: Result<Value, Failure>,
}

/// Why an order was not carried out.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Failure {
    pub kind: FailureKind,
    /// What happened to what, and what to do: a sentence or two.
    pub detail: String,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FailureKind {
    /// The WSUS refuses it; asking again changes nothing.
    Refused,
    /// The WSUS has to end something first.
    Busy,
    /// What was named is not there.
    NotFound,
    /// The WSUS does not answer, or answers nonsense.
    Wsus,
    /// The Linkage is not connected with the one above it.
    NotReached,
    /// The order is not the managing server's, not for this Linkage, too old, or a repetition.
    Untrusted,
}
