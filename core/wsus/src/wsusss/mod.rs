//! The services of [MS-WSUSSS]: what downstream servers ask and what they are answered.

mod anchor;
mod cookie;
mod download_files;
mod get_auth_config;
mod get_authorization_cookie;
mod get_config_data;
mod get_cookie;
mod get_deployments;
mod get_out_of_sync_computers;
mod get_related_revisions_for_updates;
mod get_revision_id_list;
mod get_rollup_configuration;
mod get_update_data;
mod get_update_decryption_data;
mod language;
mod ping;
mod rollup_computer_status;
mod rollup_computers;
mod rollup_downstream_servers;
mod time;

pub use crate::wusp::{AuthPlugInInfo, AuthorizationCookie, Cookie};
pub use anchor::{Anchor, AnchorError};
pub use cookie::EmptyCookie;
pub use download_files::{DOWNLOAD_FILES_ACCEPTED, DownloadFiles, DownloadFilesResponse};
pub use get_auth_config::{GetAuthConfig, GetAuthConfigResponse, ServerAuthConfig};
pub use get_authorization_cookie::{GetAuthorizationCookie, GetAuthorizationCookieResponse};
pub use get_config_data::{
    GetConfigData, GetConfigDataResponse, ServerSyncConfigData, ServerSyncLanguageData,
};
pub use get_cookie::{GetCookie, GetCookieResponse};
pub use get_deployments::{
    GetDeployments, GetDeploymentsResponse, ServerSyncDeployment, ServerSyncDeploymentResult,
    ServerSyncTargetGroup,
};
pub use get_out_of_sync_computers::{
    ComputerLastRollupNumber, GetOutOfSyncComputers, GetOutOfSyncComputersResponse,
};
pub use get_related_revisions_for_updates::{
    GetRelatedRevisionsForUpdates, GetRelatedRevisionsForUpdatesResponse,
};
pub use get_revision_id_list::{
    GetRevisionIdList, GetRevisionIdListResponse, IdAndDelta, LanguageAndDelta, RevisionIdList,
    ServerSyncFilter,
};
pub use get_rollup_configuration::{
    GetRollupConfiguration, GetRollupConfigurationResponse, RollupConfiguration,
};
pub use get_update_data::{
    GetUpdateData, GetUpdateDataResponse, ServerSyncUpdateData, ServerSyncUrlData, ServerUpdateData,
};
pub use get_update_decryption_data::{
    GetUpdateDecryptionData, GetUpdateDecryptionDataResponse, ServerDecryptionData, ServerSyncFileDecryption,
    ServerSyncUpdateFileDecryption,
};
pub use language::{ALL_LANGUAGES, LANGUAGES, Language};
pub use ping::{MonitoredServicesResponse, Ping, PingResponse};
pub use rollup_computer_status::{
    ComputerStatusRollupInfo, ComputerStatusRollupUpdateStatus, RollupComputerStatus,
    RollupComputerStatusResponse,
};
pub use rollup_computers::{
    ChangedComputer, ComputerChangeType, ComputerRollupDetails, ComputerRollupInfo, RollupComputers,
    RollupComputersResponse,
};
pub use rollup_downstream_servers::{
    DownstreamServerRollupClientActivitySummary, DownstreamServerRollupClientSummary,
    DownstreamServerRollupInfo, DownstreamServerRollupServerSummary, RollupDownstreamServers,
    RollupDownstreamServersResponse,
};
pub use time::{Deadline, LastTime};

use crate::soap::{Dialect, Service, Values};

/// Bytes of an anchor. Ours and WSUS's have about 30 (fact 45); other servers' are opaque.
const ANCHOR_BYTES_MAX: usize = 1_024;

const fn service(namespace: &'static str) -> Service {
    Service { namespace, asks: Dialect::Asmx, answers: Dialect::Asmx, values: Values::NamedByElements }
}

/// The server synchronization web service.
pub const SERVER_SYNC: Service = service("http://www.microsoft.com/SoftwareDistribution");
/// The authorization web service for downstream servers.
pub const DSS_AUTH: Service =
    service("http://www.microsoft.com/SoftwareDistribution/Server/DssAuthWebService");
/// The reporting web service as downstream servers know it.
pub const ROLLUP: Service = service(crate::reporting::REPORTING.namespace);
/// What every one of the three services answers about itself.
pub const MONITORABLE: Service = service("http://www.microsoft.com/SoftwareDistribution/Server/IMonitorable");
