//! The administration service of Microsoft WSUS, `ApiRemoting30`: what consoles ask and are answered.
//!
//! Its description fixes the names, orders and types of the messages. Most answers are rows without
//! names: a [`GenericReadableRow`] has what came, a [`RowKind`] says what we know of it. Nothing
//! here was verified on a live WSUS.

mod cell;
mod complete_updates;
mod computer_rows;
mod deployment_row;
mod execute_sp_accept_eula;
mod execute_sp_add_computer_to_target_group_allow_multiple_groups;
mod execute_sp_create_target_group1;
mod execute_sp_create_target_group2;
mod execute_sp_decline_update;
mod execute_sp_delete_computer;
mod execute_sp_delete_downstream_server;
mod execute_sp_delete_target_group;
mod execute_sp_delete_update;
mod execute_sp_delete_update_by_update_id;
mod execute_sp_deploy_update1;
mod execute_sp_get_all_downstream_servers;
mod execute_sp_get_all_target_groups;
mod execute_sp_get_components_with_errors;
mod execute_sp_get_computer_count;
mod execute_sp_get_configuration;
mod execute_sp_get_deployments;
mod execute_sp_get_downstream_server_rollup_summary;
mod execute_sp_get_eula_file;
mod execute_sp_get_summaries_per_computer;
mod execute_sp_get_summaries_per_update;
mod execute_sp_get_target_group_by_id;
mod execute_sp_get_update_by_id;
mod execute_sp_get_update_count;
mod execute_sp_get_update_installation_info_for_computer;
mod execute_sp_get_update_installation_info_for_update;
mod execute_sp_get_update_server_status;
mod execute_sp_remove_computer_from_target_group;
mod execute_sp_search_computers;
mod execute_sp_search_event_history;
mod execute_sp_search_updates;
mod execute_sp_simple_search_updates;
mod generic_readable_row;
mod get_current_user_role;
mod get_database_configuration;
mod get_server_protocol_version;
mod get_server_sync_progress;
mod get_server_version;
mod get_subscription;
mod get_subscription_categories;
mod get_subscription_state;
mod refusal;
mod row;
mod scope;
mod settings;
mod start_subscription_manually;
mod status_rows;
mod stop_subscription;
mod table_row;
mod target_group_row;
mod time;
mod update_revision_id;
mod update_rows;

pub use cell::{Cell, CellType};
pub use complete_updates::CompleteUpdates;
pub use computer_rows::{ComputerRow, MembershipRow, RequestedGroupRow};
pub use deployment_row::DeploymentRow;
pub use execute_sp_accept_eula::{ExecuteSPAcceptEula, ExecuteSPAcceptEulaResponse};
pub use execute_sp_add_computer_to_target_group_allow_multiple_groups::{
    ExecuteSPAddComputerToTargetGroupAllowMultipleGroups,
    ExecuteSPAddComputerToTargetGroupAllowMultipleGroupsResponse,
};
pub use execute_sp_create_target_group1::{ExecuteSPCreateTargetGroup1, ExecuteSPCreateTargetGroup1Response};
pub use execute_sp_create_target_group2::{ExecuteSPCreateTargetGroup2, ExecuteSPCreateTargetGroup2Response};
pub use execute_sp_decline_update::{ExecuteSPDeclineUpdate, ExecuteSPDeclineUpdateResponse};
pub use execute_sp_delete_computer::{ExecuteSPDeleteComputer, ExecuteSPDeleteComputerResponse};
pub use execute_sp_delete_downstream_server::{
    ExecuteSPDeleteDownstreamServer, ExecuteSPDeleteDownstreamServerResponse,
};
pub use execute_sp_delete_target_group::{ExecuteSPDeleteTargetGroup, ExecuteSPDeleteTargetGroupResponse};
pub use execute_sp_delete_update::{ExecuteSPDeleteUpdate, ExecuteSPDeleteUpdateResponse};
pub use execute_sp_delete_update_by_update_id::{
    ExecuteSPDeleteUpdateByUpdateID, ExecuteSPDeleteUpdateByUpdateIDResponse,
};
pub use execute_sp_deploy_update1::{ExecuteSPDeployUpdate1, ExecuteSPDeployUpdate1Response};
pub use execute_sp_get_all_downstream_servers::{
    DownstreamServerRow, ExecuteSPGetAllDownstreamServers, ExecuteSPGetAllDownstreamServersResponse,
};
pub use execute_sp_get_all_target_groups::{
    ExecuteSPGetAllTargetGroups, ExecuteSPGetAllTargetGroupsResponse,
};
pub use execute_sp_get_components_with_errors::{
    ExecuteSPGetComponentsWithErrors, ExecuteSPGetComponentsWithErrorsResponse,
};
pub use execute_sp_get_computer_count::{ExecuteSPGetComputerCount, ExecuteSPGetComputerCountResponse};
pub use execute_sp_get_configuration::{
    AllConfigurationTableRows, AuthorizationPlugInTableRow, ExecuteSPGetConfiguration,
    ExecuteSPGetConfigurationResponse, GroupAuthorizationTableRow,
};
pub use execute_sp_get_deployments::{ExecuteSPGetDeployments, ExecuteSPGetDeploymentsResponse};
pub use execute_sp_get_downstream_server_rollup_summary::{
    ExecuteSPGetDownstreamServerRollupSummary, ExecuteSPGetDownstreamServerRollupSummaryResponse,
    ServerSummaryRow,
};
pub use execute_sp_get_eula_file::{ExecuteSPGetEulaFile, ExecuteSPGetEulaFileResponse};
pub use execute_sp_get_summaries_per_computer::{
    ExecuteSPGetSummariesPerComputer, ExecuteSPGetSummariesPerComputerResponse,
};
pub use execute_sp_get_summaries_per_update::{
    ExecuteSPGetSummariesPerUpdate, ExecuteSPGetSummariesPerUpdateResponse,
};
pub use execute_sp_get_target_group_by_id::{
    ExecuteSPGetTargetGroupById, ExecuteSPGetTargetGroupByIdResponse,
};
pub use execute_sp_get_update_by_id::{ExecuteSPGetUpdateById, ExecuteSPGetUpdateByIdResponse};
pub use execute_sp_get_update_count::{ExecuteSPGetUpdateCount, ExecuteSPGetUpdateCountResponse};
pub use execute_sp_get_update_installation_info_for_computer::{
    ExecuteSPGetUpdateInstallationInfoForComputer, ExecuteSPGetUpdateInstallationInfoForComputerResponse,
};
pub use execute_sp_get_update_installation_info_for_update::{
    ExecuteSPGetUpdateInstallationInfoForUpdate, ExecuteSPGetUpdateInstallationInfoForUpdateResponse,
};
pub use execute_sp_get_update_server_status::{
    ExecuteSPGetUpdateServerStatus, ExecuteSPGetUpdateServerStatusResponse,
};
pub use execute_sp_remove_computer_from_target_group::{
    ExecuteSPRemoveComputerFromTargetGroup, ExecuteSPRemoveComputerFromTargetGroupResponse,
};
pub use execute_sp_search_computers::{ExecuteSPSearchComputers, ExecuteSPSearchComputersResponse};
pub use execute_sp_search_event_history::{
    EventHistoryFilter, EventHistoryTableRow, EventIdFilter, EventSourceFilter, ExecuteSPSearchEventHistory,
    ExecuteSPSearchEventHistoryResponse, UpdateRevisionIdentifier,
};
pub use execute_sp_search_updates::{ExecuteSPSearchUpdates, ExecuteSPSearchUpdatesResponse};
pub use execute_sp_simple_search_updates::{
    ExecuteSPSimpleSearchUpdates, ExecuteSPSimpleSearchUpdatesResponse,
};
pub use generic_readable_row::{COLUMNS_MAX, GenericReadableRow, ROW_BYTES_MAX, ROWS_MAX, RowSet, SETS_MAX};
pub use get_current_user_role::{GetCurrentUserRole, GetCurrentUserRoleResponse};
pub use get_database_configuration::{GetDatabaseConfiguration, GetDatabaseConfigurationResponse};
pub use get_server_protocol_version::{GetServerProtocolVersion, GetServerProtocolVersionResponse};
pub use get_server_sync_progress::{GetServerSyncProgress, GetServerSyncProgressResponse, SyncProgressRow};
pub use get_server_version::{GetServerVersion, GetServerVersionResponse};
pub use get_subscription::{GetSubscription, GetSubscriptionResponse};
pub use get_subscription_categories::{
    CategoryRow, GetSubscriptionCategories, GetSubscriptionCategoriesResponse,
};
pub use get_subscription_state::{GetSubscriptionState, GetSubscriptionStateResponse};
pub use refusal::reason;
pub use row::{CellValue, RowError, RowKind};
pub use scope::{
    ALL_COMPUTERS, ALL_UPDATES, ApprovedStates, DECLINED_UPDATES, Decision, EXPIRED, OWN_COMPUTERS,
    PUBLISHED, PUBLISHED_OR_EXPIRED, ScopeError, approved_states, with_downstream,
};
pub use start_subscription_manually::{StartSubscriptionManually, StartSubscriptionManuallyResponse};
pub use status_rows::{InstallationInfoRow, SummaryRow};
pub use stop_subscription::{StopSubscription, StopSubscriptionResponse};
pub use table_row::{NAMED_COLUMNS_MAX, SETTING_BYTES_MAX, TableRow};
pub use target_group_row::TargetGroupRow;
pub use time::{Deadline, Time};
pub use update_revision_id::UpdateRevisionId;
pub use update_rows::{CategoryTitleRow, UpdateRow, UpdateTextRow};

use crate::soap::{Dialect, Service, Values};

/// Groups of one server.
const GROUPS_MAX: usize = 100_000;

/// The administration web service.
pub const ADMINISTRATION: Service = Service {
    namespace: "http://www.microsoft.com/SoftwareDistribution/Server/ApiRemotingWebService",
    asks: Dialect::Asmx,
    answers: Dialect::Asmx,
    values: Values::NameTheirTypes,
};
