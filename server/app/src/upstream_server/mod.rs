//! What downstream servers ask: one file per operation of MS-WSUSSS, named after it. (We are the
//! *upstream server* here, the USS of the specification.)

mod changes;
mod download_files;
mod get_auth_config;
mod get_authorization_cookie;
mod get_config_data;
mod get_cookie;
mod get_deployments;
mod get_revision_id_list;
mod get_update_data;
mod get_update_decryption_data;
mod session;

pub use get_auth_config::AuthConfig;
pub(crate) use get_authorization_cookie::ENROLLING_MAX;
pub use get_config_data::ConfigData;
pub use get_deployments::{Deployments, Standing};
pub use get_revision_id_list::{RevisionFilter, RevisionList, Wanted};
pub(crate) use get_update_data::Packed;
pub use get_update_data::{Blob, FileUrl, UpdateData, UpdateDocuments};
pub use session::{Mark, ServerSession};

/// The most updates of one GetUpdateData (fact 47).
pub const UPDATES_PER_REQUEST_MAX: usize = 100;
/// The most files of one DownloadFiles ([MS-WSUSSS] 3.1.4.11).
pub const FILES_PER_REQUEST_MAX: usize = 100;
