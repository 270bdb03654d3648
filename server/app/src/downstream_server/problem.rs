//! Why a run did not take everything, in words for an administrator.

use headwater_policy::fetch_plan::FetchError;
use headwater_policy::replica_plan::PlanError;
use headwater_upstream::Error as UpstreamError;

use crate::admin::chain;
use crate::error::AppError;

/// Why a run failed.
#[derive(Debug, thiserror::Error)]
pub(super) enum SyncError {
    #[error(transparent)]
    Upstream(#[from] UpstreamError),
    #[error(transparent)]
    Fetch(#[from] FetchError),
    #[error(transparent)]
    Decisions(#[from] PlanError),
    #[error("the filter names {}, which the upstream server does not have", quoted(.0))]
    Filter(Vec<String>),
    #[error("the setting was changed while the run was going")]
    SettingChanged,
    #[error(transparent)]
    App(#[from] AppError),
}

impl From<headwater_store::Error> for SyncError {
    fn from(error: headwater_store::Error) -> Self {
        Self::App(error.into())
    }
}

impl SyncError {
    /// What happened, to what, and what to do.
    pub fn in_words(&self, url: &str) -> String {
        let happened = chain(self);
        match self.advice() {
            Some(advice) => format!("{url}: {happened}; {advice}"),
            None => format!("{url}: {happened}"),
        }
    }

    fn advice(&self) -> Option<&'static str> {
        match self {
            Self::Upstream(error) => advice(error),
            Self::Filter(_) => Some("correct it with `headwater upstream filter`"),
            Self::SettingChanged => Some("the next run takes the new one"),
            Self::Fetch(_) | Self::Decisions(_) => Some("nothing of it was taken; look at that server"),
            Self::App(_) => None,
        }
    }
}

fn advice(error: &UpstreamError) -> Option<&'static str> {
    match error {
        UpstreamError::Connect(_) => {
            Some("check the address and whether that server runs; it is tried again by itself")
        }
        UpstreamError::Tls(_) => Some(
            "give its authority's certificate with `headwater upstream set URL --ca FILE`, for a Headwater \
             its `ca.pem`",
        ),
        UpstreamError::Status { .. } | UpstreamError::Message { .. } => {
            Some("check that the address is that of a WSUS")
        }
        error if error.refuses_our_id() => Some(
            "it has the id of this server: it is this server itself, or one of the two runs on a copy of the \
             other's data folder",
        ),
        UpstreamError::Broken(_) | UpstreamError::Silent { .. } | UpstreamError::Slow { .. } => {
            Some("it is tried again by itself")
        }
        _ => None,
    }
}

/// At most three names, and how many more there are.
fn quoted(names: &[String]) -> String {
    let shown: Vec<String> = names.iter().take(3).map(|name| format!("`{name}`")).collect();
    match names.len().saturating_sub(3) {
        0 => shown.join(" and "),
        more => format!("{} and {more} more", shown.join(", ")),
    }
}
