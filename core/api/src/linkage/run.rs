//! A run of the synchronisation command that is asked for at a lower server, through its Linkage.

use headwater_model::{Guid, LinkageId, Timestamp};
use serde::{Deserialize, Serialize};

use crate::{SyncEvent, SyncPart, SyncRequest, text};

/// What a Linkage may ask for: a run for its own server and no other, which never removes more members than
/// a scheduled run does.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RunWanted {
    /// Only list what differs.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub dry_run: bool,
    /// Only one part of it; absent: all.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub only: Option<SyncPart>,
    /// Leave the server for later if its time window is closed.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub keep_windows: bool,
}

impl RunWanted {
    /// The run that the managing server begins for it, at this server.
    pub fn at(&self, server: String) -> SyncRequest {
        let Self { dry_run, only, keep_windows } = *self;
        SyncRequest {
            dry_run,
            at: Some(server),
            only,
            hold_removals: true,
            keep_windows,
            ..SyncRequest::default()
        }
    }
}

/// Signed by the Linkage of the server, and brought up the tree to the managing server by those above.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RunRequest {
    /// Done once.
    #[serde(with = "text")]
    pub id: Guid,
    #[serde(with = "text")]
    pub from: LinkageId,
    /// By the clock of the Linkage.
    #[serde(with = "text")]
    pub at: Timestamp,
    pub wanted: RunWanted,
}

/// How a run goes that a Linkage asked for. Nothing new says that it goes on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RunNews {
    #[serde(with = "text")]
    pub id: Guid,
    /// What was said since the news before, of that server alone; `finished` or `failed` is the last of all.
    pub events: Vec<SyncEvent>,
}

/// What somebody on the Linkage's machine follows, and how many events were seen.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RunWatch {
    #[serde(with = "text")]
    pub id: Guid,
    pub seen: usize,
}

/// Who asked for a run gives it up when nothing is heard of it for so many seconds.
pub const RUN_QUIET_SECONDS: u64 = 120;
/// The longest request as it is signed, in bytes.
pub const RUN_REQUEST_BYTES_MAX: usize = 1_024;
