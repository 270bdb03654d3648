//! How trust goes on after the pairing: certificates that are renewed, Linkages that are revoked.

use headwater_model::{LinkageId, Timestamp};
use serde::{Deserialize, Serialize};

use crate::text;

/// How a Linkage stands with its certificate and with what it was told of others.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Trust {
    /// From when until when its certificate holds.
    #[serde(with = "text")]
    pub from: Timestamp,
    #[serde(with = "text")]
    pub until: Timestamp,
    /// The list that it holds; absent while it was told of none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub revocations: Option<SignedRevocations>,
    /// Revoked ones that tried to hold a connection here since it started.
    pub refused: Vec<Refused>,
}

/// A Linkage that was revoked and still dials.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Refused {
    #[serde(with = "text")]
    pub linkage: LinkageId,
    #[serde(with = "text")]
    pub at: Timestamp,
}

/// A certificate in place of the one of the pairing, or of an earlier one of these. Bytes are in base64.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Renewal {
    /// The certificate of the managing server's authority, DER: of the same key as before.
    pub authority: String,
    /// The Linkage's certificate, DER.
    pub certificate: String,
}

/// All Linkages that the managing server ever revoked. A Linkage that holds such a list takes none that lacks
/// one of it: what was revoked stays so, whichever list comes late.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Revocations {
    #[serde(with = "text::list")]
    pub linkages: Vec<LinkageId>,
}

/// [`Revocations`] signed by the managing server (ECDSA with P-256 and SHA-256, base64), for anybody to show.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SignedRevocations {
    /// The JSON.
    pub body: String,
    pub signature: String,
}
