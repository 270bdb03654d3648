//! ExecuteSPGetDownstreamServerRollupSummary: how a server below is.

use headwater_model::ServerId;

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
        /// Two sets, of which only six columns are known; so there is no kind of row for them.
        "ExecuteSPGetDownstreamServerRollupSummaryResult" => result: Vec<RowSet> [max SETS_MAX],
    }
}

operations!(ADMINISTRATION; ExecuteSPGetDownstreamServerRollupSummary => ExecuteSPGetDownstreamServerRollupSummaryResponse);
