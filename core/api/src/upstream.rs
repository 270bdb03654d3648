//! The upstream server: where updates come from, and the runs that fetch them.

use headwater_model::Timestamp;
use serde::{Deserialize, Serialize};

use crate::{Quarantined, text};

/// What is taken from the upstream server.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum UpstreamMode {
    /// Updates, groups, approvals and declines: this server is a copy, and decides nothing itself.
    Replica,
    /// Updates only.
    Autonomous,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Upstream {
    /// Such as `https://wsus.example:8531`.
    pub url: String,
    pub mode: UpstreamMode,
    pub filter: UpstreamFilter,
    /// The number of the run that is going.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub running: Option<u64>,
    /// The last run that has ended.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_run: Option<Run>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct UpstreamRequest {
    pub url: String,
    pub mode: UpstreamMode,
    /// The authority of its certificate, in PEM, for one that public authorities do not know.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ca_pem: Option<String>,
}

/// Which updates an autonomous server takes; a replica takes what its upstream server has. Setting
/// it replaces all three lists; an empty list is no limit.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct UpstreamFilter {
    /// Ids or exact titles of products or product families.
    #[serde(default)]
    pub products: Vec<String>,
    /// Ids or exact titles of classifications.
    #[serde(default)]
    pub classifications: Vec<String>,
    /// Locales of files, such as `en` and `ja`.
    #[serde(default)]
    pub languages: Vec<String>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct StartedRun {
    /// The run's number.
    pub run: u64,
    /// Whether that run was going already and none was started.
    pub joined: bool,
    /// What that one does otherwise than was asked for, in a sentence.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub otherwise: Option<String>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RunState {
    Running,
    /// All was taken.
    Done,
    /// Some documents were kept apart, the rest was taken.
    Partial,
    Failed,
    /// Somebody ended it; the next run takes the rest.
    Cancelled,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RunStep {
    Connecting,
    Categories,
    Updates,
    Approvals,
    /// Telling the upstream server of servers, computers and their status.
    Reports,
}

/// One synchronisation with the upstream server.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Run {
    /// Counts from 1 on this server.
    pub number: u64,
    pub state: RunState,
    /// What it is at, or was at when it failed.
    pub step: RunStep,
    /// Who asked for it; absent when the schedule did.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub by: Option<String>,
    #[serde(with = "text")]
    pub started_at: Timestamp,
    /// Absent while it is running.
    #[serde(default, skip_serializing_if = "Option::is_none", with = "text::option")]
    pub finished_at: Option<Timestamp>,
    /// Documents taken so far, those kept apart included.
    pub documents: u64,
    /// How many there are in this step, once that is known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub documents_total: Option<u64>,
    /// Revisions that were new here.
    pub added: u64,
    /// Groups and approvals that were added, changed or taken back; only of a replica.
    pub approvals_changed: u64,
    /// Documents that were kept apart. The first thousand are named.
    pub quarantined: Vec<Quarantined>,
    /// Why it failed and what to do, in a sentence or two.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub problem: Option<String>,
}
