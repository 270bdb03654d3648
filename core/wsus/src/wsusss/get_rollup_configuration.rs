//! GetRollupConfiguration: which reports an upstream server wants.

use headwater_model::{Guid, ServerId};

use super::{EmptyCookie, ROLLUP};
use crate::soap::operations;
use crate::soap::record::record;

record! {
    /// [MS-WSUSSS] 3.1.4.13.2.1 GetRollupConfiguration
    #[derive(Copy, Default)]
    pub struct GetRollupConfiguration {
        "cookie" => cookie: EmptyCookie = EmptyCookie,
    }

    /// [MS-WSUSSS] 3.1.4.13.2.2 GetRollupConfigurationResponse
    #[derive(Copy)]
    pub struct GetRollupConfigurationResponse {
        "GetRollupConfigurationResult" => result: RollupConfiguration,
    }

    /// [MS-WSUSSS] 3.1.4.13.3.1 RollupConfiguration
    ///
    /// A real server takes 5,000, 1,500, 20,000 and 500 at once (fact 58).
    #[derive(Copy)]
    pub struct RollupConfiguration {
        /// Whether computers are reported one by one.
        "DoDetailedRollup" => do_detailed_rollup: bool,
        /// A new one makes downstream servers report everything again.
        "RollupResetGuid" => rollup_reset_guid: Guid,
        "ServerId" => server_id: ServerId,
        /// Summaries of clients, over all servers of a request.
        "RollupDownstreamServersMaxBatchSize" => rollup_downstream_servers_max_batch_size: i32,
        "RollupComputersMaxBatchSize" => rollup_computers_max_batch_size: i32,
        "GetOutOfSyncComputersMaxBatchSize" => get_out_of_sync_computers_max_batch_size: i32,
        "RollupComputerStatusMaxBatchSize" => rollup_computer_status_max_batch_size: i32,
    }
}

operations!(ROLLUP; GetRollupConfiguration => GetRollupConfigurationResponse);
