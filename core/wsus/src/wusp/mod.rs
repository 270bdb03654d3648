//! The client web service of [MS-WUSP]: what update agents ask and what they are answered.

mod cookie;
mod deployment;
mod get_config;
mod get_cookie;
mod get_extended_update_info;
mod get_extended_update_info2;
mod get_file_locations;
mod refresh_cache;
mod register_computer;
mod start_category_scan;
mod sync_printer_catalog;
mod sync_updates;
mod system_spec;

pub use cookie::{AuthorizationCookie, Cookie};
pub use deployment::{ChangeDate, Deployment, DeploymentAction};
pub use get_config::{AuthPlugInInfo, Config, ConfigurationProperty, GetConfig, GetConfigResponse};
pub use get_cookie::{GetCookie, GetCookieResponse};
pub use get_extended_update_info::{
    ExtendedUpdateInfo, FileLocation, GetExtendedUpdateInfo, GetExtendedUpdateInfoResponse, UpdateData,
    XmlUpdateFragmentType,
};
pub use get_extended_update_info2::{
    ExtendedUpdateInfo2, FileDecryption, GetExtendedUpdateInfo2, GetExtendedUpdateInfo2Response, Key,
};
pub use get_file_locations::{GetFileLocations, GetFileLocationsResponse, GetFileLocationsResults};
pub use refresh_cache::{RefreshCache, RefreshCacheResponse, RefreshCacheResult};
pub use register_computer::{ComputerInfo, RegisterComputer, RegisterComputerResponse};
pub use start_category_scan::{CategoryRelationship, StartCategoryScan, StartCategoryScanResponse};
pub use sync_printer_catalog::{SyncPrinterCatalog, SyncPrinterCatalogResponse};
pub use sync_updates::{
    CategoryIdentifier, INSTALLED_NON_LEAF_ACCEPTED, SyncInfo, SyncUpdateParameters, SyncUpdates,
    SyncUpdatesResponse, UpdateInfo,
};
pub use system_spec::{
    ComputerHardwareSpecification, Device, DriverRecoveryId, ExtensionDriver, InstalledDriver,
};

use crate::soap::{Dialect, Service, Values};

/// The client web service ([MS-WUSP] 2.2.2.2).
pub const CLIENT: Service = Service {
    namespace: "http://www.microsoft.com/SoftwareDistribution/Server/ClientWebService",
    asks: Dialect::Agent,
    answers: Dialect::Client,
    values: Values::NamedByElements,
};
