//! ExecuteSPGetAllDownstreamServers: the servers below.

use headwater_model::ServerId;

use super::row::row;
use super::{ADMINISTRATION, GenericReadableRow, ROWS_MAX, Time};
use crate::soap::operations;
use crate::soap::record::record;

record! {
    /// ApiRemoting30 ExecuteSPGetAllDownstreamServers
    #[derive(Copy)]
    pub struct ExecuteSPGetAllDownstreamServers {
        /// Zeros for the server that is asked.
        "parentServerId" => parent_server_id: ServerId,
        "includeNestedChildren" => include_nested_children: bool,
    }

    /// ApiRemoting30 ExecuteSPGetAllDownstreamServers, response
    pub struct ExecuteSPGetAllDownstreamServersResponse {
        /// [`DownstreamServerRow`]s.
        "ExecuteSPGetAllDownstreamServersResult" => result: Vec<GenericReadableRow> [max ROWS_MAX],
    }
}

row! {
    /// ApiRemoting30 ExecuteSPGetAllDownstreamServers, result
    pub struct DownstreamServerRow: "a downstream server" [7] {
        0 => full_domain_name: Option<String>,
        1 => server_id: ServerId,
        2 => last_sync_time: Time,
        3 => parent_server_id: Option<ServerId>,
        4 => last_rollup_time: Time,
        5 => version: Option<String>,
        6 => is_replica: bool,
    }
}

operations!(ADMINISTRATION; ExecuteSPGetAllDownstreamServers => ExecuteSPGetAllDownstreamServersResponse);
