//! Updates that a WSUS could do without.

use headwater_model::{ClientId, Timestamp, UpdateId};
use serde::{Deserialize, Serialize};

use crate::{ObsoleteBecause, UpdateState, UpdateSummary, text};

/// An update that is declined; or that is expired or superseded, is not approved, and stands for itself.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ObsoleteUpdate {
    #[serde(with = "text")]
    pub update: UpdateId,
    pub title: String,
    pub because: ObsoleteBecause,
    /// Since when, if the WSUS tells it.
    #[serde(default, skip_serializing_if = "Option::is_none", with = "text::option")]
    pub since: Option<Timestamp>,
    /// Computers that need it, of those that the WSUS counts.
    pub needed: u64,
    /// Why this WSUS would not delete it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub kept: Option<String>,
}

impl ObsoleteUpdate {
    /// What a list tells; `None` for one that is not obsolete.
    pub fn listed(update: &UpdateSummary) -> Option<Self> {
        let is_free = update.approved_groups == 0 && update.state != UpdateState::Implicit;
        let because = match update.state {
            UpdateState::Declined => ObsoleteBecause::Declined,
            UpdateState::Expired if is_free => ObsoleteBecause::Expired,
            _ if is_free && update.superseded => ObsoleteBecause::Superseded,
            _ => return None,
        };
        let (id, title, needed) = (update.id, update.title.clone(), update.needed);
        Some(Self { update: id, title, because, since: None, needed, kept: None })
    }
}

/// Delete declined updates on this very server, and on no other.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DeleteUpdates {
    pub by: String,
    #[serde(with = "text::list")]
    pub updates: Vec<UpdateId>,
}

/// Delete the records that this very server has of computers, unless they have made contact meanwhile.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DeleteComputers {
    pub by: String,
    pub computers: Vec<SilentComputer>,
}

/// A computer and its last contact, as it was when somebody decided that it may go.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SilentComputer {
    #[serde(with = "text")]
    pub client: ClientId,
    #[serde(with = "text")]
    pub last_contact_at: Timestamp,
}
