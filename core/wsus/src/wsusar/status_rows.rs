//! What of which update is installed where, as rows.

use headwater_model::{GroupId, UpdateId};

use super::Time;
use super::row::row;

row! {
    /// ApiRemoting30 ExecuteSPGetSummariesPerComputer and ExecuteSPGetSummariesPerUpdate, result
    ///
    /// A row for each state that occurs; the ids by which nobody grouped are nil.
    pub struct SummaryRow: "a summary" [6] {
        0 => update_id: Option<UpdateId>,
        1 => target_group_id: Option<GroupId>,
        2 => computer_id: Option<String>,
        /// 0 unknown, 1 not applicable, 2 not installed, 3 downloaded, 4 installed, 5 failed,
        /// 6 installed and to be restarted. Needed are 2 and 3.
        3 => state: i32,
        4 => count: i32,
        5 => last_updated: Time,
    }

    /// ApiRemoting30 ExecuteSPGetUpdateInstallationInfoForComputer and
    /// ExecuteSPGetUpdateInstallationInfoForUpdate, result
    pub struct InstallationInfoRow: "installation information" [5] {
        0 => update_id: UpdateId,
        1 => computer_id: String,
        /// As in [`SummaryRow`].
        2 => state: i32,
        /// The approval that counts for the computer, and its group.
        3 => effective_action: Option<i32>,
        4 => effective_group_id: Option<GroupId>,
    }
}
