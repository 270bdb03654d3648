//! ExecuteSPGetDownstreamServerRollupSummary: how a server below is.

use headwater_model::ServerId;

use super::row::row;
use super::{ADMINISTRATION, RowSet, SETS_MAX};
use crate::soap::operations;
use crate::soap::record::record;

record! {
    /// ApiRemoting30 ExecuteSPGetDownstreamServerRollupSummary
    #[derive(Copy)]
    pub struct ExecuteSPGetDownstreamServerRollupSummary {
        "serverId" => server_id: ServerId,
    }

    /// ApiRemoting30 ExecuteSPGetDownstreamServerRollupSummary, response
    pub struct ExecuteSPGetDownstreamServerRollupSummaryResponse {
        /// Two sets: one [`ServerSummaryRow`], and another that nobody has seen.
        "ExecuteSPGetDownstreamServerRollupSummaryResult" => result: Vec<RowSet> [max SETS_MAX],
    }
}

row! {
    /// ApiRemoting30 ExecuteSPGetDownstreamServerRollupSummary, result
    ///
    /// The columns after these are not known.
    pub struct ServerSummaryRow: "a server's summary" [6] {
        0 => updates: i32,
        1 => declined: i32,
        2 => not_approved: i32,
        3 => expired: i32,
        4 => critical_not_approved: i32,
        5 => infrastructure_not_approved: i32,
    }
}

operations!(ADMINISTRATION; ExecuteSPGetDownstreamServerRollupSummary => ExecuteSPGetDownstreamServerRollupSummaryResponse);
