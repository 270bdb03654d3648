//! GetOutOfSyncComputers: of which computers an upstream server has missed a report.

use headwater_model::ServerId;

use super::{EmptyCookie, ROLLUP};
use crate::soap::operations;
use crate::soap::record::record;

/// Computers of one request: some times the 20,000 that a server announces.
const COMPUTERS_MAX: usize = 100_000;

record! {
    /// [MS-WSUSSS] 3.1.4.16.2.1 GetOutOfSyncComputers
    pub struct GetOutOfSyncComputers {
        "cookie" => cookie: EmptyCookie = EmptyCookie,
        /// The caller.
        "parentServerId" => parent_server_id: ServerId,
        "lastRollupNumbers" => last_rollup_numbers: Vec<ComputerLastRollupNumber> [max COMPUTERS_MAX],
    }

    /// [MS-WSUSSS] 3.1.4.16.2.2 GetOutOfSyncComputersResponse
    pub struct GetOutOfSyncComputersResponse {
        /// The computers about which everything is to be reported again.
        "GetOutOfSyncComputersResult" => computer_ids: Vec<String> [max COMPUTERS_MAX],
    }

    /// [MS-WSUSSS] 3.1.4.16.3.2 ComputerLastRollupNumber
    pub struct ComputerLastRollupNumber: "ComputerLastRollupNumber" {
        "ComputerId" => computer_id: String,
        /// Of the last report that the caller sent.
        "RollupNumber" => rollup_number: i32,
    }
}

operations!(ROLLUP; GetOutOfSyncComputers => GetOutOfSyncComputersResponse);
