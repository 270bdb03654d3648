//! ExecuteSPGetConfiguration: all settings of the server.

use headwater_model::Guid;

use super::{ADMINISTRATION, TableRow};
use crate::soap::operations;
use crate::soap::record::record;

record! {
    /// ApiRemoting30 ExecuteSPGetConfiguration
    #[derive(Copy, Default)]
    pub struct ExecuteSPGetConfiguration {}

    /// ApiRemoting30 ExecuteSPGetConfiguration, response
    pub struct ExecuteSPGetConfigurationResponse {
        "ExecuteSPGetConfigurationResult" => result: Option<AllConfigurationTableRows>,
    }

    /// ApiRemoting30 AllConfigurationTableRows
    #[derive(Default)]
    pub struct AllConfigurationTableRows {
        /// Among its columns are ServerId, ReplicaMode, ServerTargeting, SyncToMU and
        /// UpstreamServerName.
        "Configuration" => configuration: Option<TableRow>,
        "GroupAuthorization" => group_authorization: Vec<GroupAuthorizationTableRow>,
        "Authorization" => authorization: Vec<AuthorizationPlugInTableRow>,
    }

    /// ApiRemoting30 GroupAuthorizationTableRow
    pub struct GroupAuthorizationTableRow: "GroupAuthorizationTableRow" {
        "Group" => group: Guid,
        "PlugInId" => plug_in_id: Option<String>,
    }

    /// ApiRemoting30 AuthorizationPlugInTableRow
    #[derive(Default)]
    pub struct AuthorizationPlugInTableRow: "AuthorizationPlugInTableRow" {
        "PlugInId" => plug_in_id: Option<String>,
        "AssemblyName" => assembly_name: Option<String>,
        "ClassName" => class_name: Option<String>,
        "Data" => data: Option<Vec<u8>>,
        "Url" => url: Option<String>,
        "Parameter" => parameter: Option<String>,
    }
}

operations!(ADMINISTRATION; ExecuteSPGetConfiguration => ExecuteSPGetConfigurationResponse);
