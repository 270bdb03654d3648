//! Approvals as rows.

use headwater_model::{GroupId, Guid, UpdateId};

use super::row::row;
use super::{Deadline, Time};

row! {
    /// ApiRemoting30 ExecuteSPGetDeployments and ExecuteSPDeployUpdate1, result
    pub struct DeploymentRow: "an approval" [11] {
        0 => deployment_time: Time,
        /// 1 is active, 0 pending.
        1 => status: Option<i32>,
        /// As in [`super::ExecuteSPDeployUpdate1`].
        2 => action: i32,
        3 => go_live_time: Time,
        4 => deadline: Deadline,
        5 => admin_name: Option<String>,
        6 => deployment_id: Guid,
        7 => is_assigned: Option<bool>,
        8 => update_id: UpdateId,
        9 => revision_number: i32,
        10 => target_group_id: GroupId,
    }
}
