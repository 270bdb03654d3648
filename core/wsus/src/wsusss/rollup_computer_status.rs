//! RollupComputerStatus: which updates the computers of the servers below have.

use headwater_model::{Guid, ServerId, Timestamp, UpdateId};

use super::{EmptyCookie, LastTime, ROLLUP};
use crate::soap::operations;
use crate::soap::record::record;

/// Computers of one request: some times the 500 that a server announces.
const COMPUTERS_MAX: usize = 5_000;
/// Updates of one computer.
const UPDATES_MAX: usize = 100_000;

record! {
    /// [MS-WSUSSS] 3.1.4.17.2.1 RollupComputerStatus
    pub struct RollupComputerStatus {
        "cookie" => cookie: EmptyCookie = EmptyCookie,
        /// The clock of the caller.
        "clientTime" => client_time: Timestamp,
        /// The caller.
        "parentServerId" => parent_server_id: ServerId,
        "computers" => computers: Vec<ComputerStatusRollupInfo> [max COMPUTERS_MAX],
    }

    /// [MS-WSUSSS] 3.1.4.17.2.2 RollupComputerStatusResponse
    #[derive(Copy)]
    pub struct RollupComputerStatusResponse {
        /// False asks the caller to try again later (fact 58).
        "RollupComputerStatusResult" => result: bool,
    }

    /// [MS-WSUSSS] 3.1.4.17.3.2 ComputerStatusRollupInfo
    pub struct ComputerStatusRollupInfo: "ComputerStatusRollupInfo" {
        /// New in every report.
        "InstanceId" => instance_id: Guid,
        "ComputerId" => computer_id: String,
        /// When the newest update that the computer has judged was there to be judged.
        "EffectiveLastDetectionTime" => effective_last_detection_time: LastTime,
        /// Greater than that of the report before; 1 in the first.
        "RollupNumber" => rollup_number: i32,
        /// Whether all updates are listed, and not only those that changed.
        "IsFullRollup" => is_full_rollup: bool,
        "UpdateStatus" => update_status: Vec<ComputerStatusRollupUpdateStatus> [max UPDATES_MAX],
    }

    /// [MS-WSUSSS] 3.1.4.17.3.4 ComputerStatusRollupUpdateStatus
    #[derive(Copy)]
    pub struct ComputerStatusRollupUpdateStatus: "ComputerStatusRollupUpdateStatus" {
        "UpdateId" => update_id: UpdateId,
        /// 0 not applicable, 2 not installed, 3 downloaded, 4 installed, 5 failed, 6 installed,
        /// restart pending.
        "SummarizationState" => summarization_state: i32,
        "LastChangeTime" => last_change_time: Timestamp,
    }
}

operations!(ROLLUP; RollupComputerStatus => RollupComputerStatusResponse);
