//! What downstream servers ask: one file per operation of MS-WSUSSS, named after it. (We are the
//! *upstream server* here, the USS of the specification.)

mod changes;
mod download_files;
mod get_auth_config;
mod get_authorization_cookie;
mod get_config_data;
mod get_cookie;
mod get_deployments;
mod get_out_of_sync_computers;
mod get_revision_id_list;
mod get_rollup_configuration;
mod get_update_data;
mod get_update_decryption_data;
mod rollup_computer_status;
mod rollup_computers;
mod rollup_downstream_servers;
mod session;

pub use get_auth_config::AuthConfig;
pub(crate) use get_authorization_cookie::ENROLLING_MAX;
pub use get_config_data::ConfigData;
pub use get_deployments::{Deployments, Standing};
pub use get_revision_id_list::{RevisionFilter, RevisionList, Wanted};
pub(crate) use get_update_data::Packed;
pub use get_update_data::{Blob, DocumentForm, FileUrl, UpdateData, UpdateDocuments};
pub use session::{Mark, ServerSession};

use std::time::Duration;

use headwater_policy::rollup::{ClockDifference, TreeError};
use tokio::sync::SemaphorePermit;

use crate::error::ClientFault;
use crate::start::App;

/// The most updates of one GetUpdateData (fact 47).
pub const UPDATES_PER_REQUEST_MAX: usize = 100;
/// Rollups that are taken in at the same time: each may be tens of megabytes (fact 58).
pub(crate) const ROLLUPS: usize = 2;
/// How long a rollup waits for those before it.
const ROLLUP_PATIENCE: Duration = Duration::from_secs(10);
/// Servers that are remembered: anybody can say to be one (fact 44), so there is an end.
const SERVERS_MAX: usize = 10_000;

/// The most files of one DownloadFiles ([MS-WSUSSS] 3.1.4.11).
pub const FILES_PER_REQUEST_MAX: usize = 100;

impl App {
    /// Room to take in a rollup. Servers that tell at the same moment wait for each other: whoever is
    /// refused comes back after more than a minute.
    async fn room_for_rollup(&self) -> Result<SemaphorePermit<'_>, ClientFault> {
        let room = tokio::time::timeout(ROLLUP_PATIENCE, self.rollups.acquire()).await;
        room.ok().and_then(Result::ok).ok_or(ClientFault::ServerBusy)
    }
}

/// Refuses a rollup by a server that is not known, or about one.
fn refused(error: TreeError) -> ClientFault {
    metrics::counter!("headwater_rollups_refused_total").increment(1);
    tracing::warn!(%error, "a rollup was refused");
    error.into()
}

/// Corrects a time that may be none.
fn correct(clock: ClockDifference, time: &mut Option<headwater_model::Timestamp>) {
    *time = time.map(|time| clock.correct(time));
}
