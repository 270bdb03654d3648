//! What update agents ask for: one file per operation of MS-WUSP, named after it.

mod get_authorization_cookie;
mod get_config;
mod get_cookie;
mod get_extended_update_info;
mod get_file_locations;
mod refresh_cache;
mod register_computer;
mod report_event_batch;
mod session;
mod start_category_scan;
mod sync_updates;

pub use get_config::ServerConfig;
pub use get_extended_update_info::{ExtendedInfo, Fragment, InfoType};
pub use get_file_locations::FileLocation;
pub use headwater_policy::compliance::Reported;
pub use headwater_store::ComputerDetails;
pub use refresh_cache::Refreshed;
pub use report_event_batch::ReportedEvent;
pub use session::{Session, Token};
pub use start_category_scan::{CategoryRelationship, CategoryScan};
pub use sync_updates::{Page, SyncRequest};

/// The protocol that this server speaks towards agents (fact 11).
pub const PROTOCOL_VERSION: headwater_model::ProtocolVersion = headwater_model::ProtocolVersion::new(3, 2);
/// The most revisions of one GetExtendedUpdateInfo (fact 11).
pub const EXTENDED_UPDATES_MAX: usize = 50;
