//! ExecuteSPDeployUpdate1: approves an update for a group, or takes that back.

use headwater_model::GroupId;

use super::{ADMINISTRATION, Deadline, GenericReadableRow, UpdateRevisionId};
use crate::soap::operations;
use crate::soap::record::record;

record! {
    /// ApiRemoting30 ExecuteSPDeployUpdate1
    pub struct ExecuteSPDeployUpdate1 {
        "updateId" => update_id: Option<UpdateRevisionId>,
        /// 0 installs, 1 uninstalls, 2 does not approve and lifts a decline, 3 blocks. The printed
        /// description has 3 for not approved, which servers contradict.
        "deploymentAction" => deployment_action: i32,
        "targetGroupId" => target_group_id: GroupId,
        "deadline" => deadline: Deadline,
        /// For the history of the server, which does not check it.
        "adminName" => admin_name: Option<String>,
        "isAssigned" => is_assigned: bool,
    }

    /// ApiRemoting30 ExecuteSPDeployUpdate1, response
    pub struct ExecuteSPDeployUpdate1Response {
        /// A [`super::DeploymentRow`].
        "ExecuteSPDeployUpdate1Result" => result: Option<GenericReadableRow>,
    }
}

operations!(ADMINISTRATION; ExecuteSPDeployUpdate1 => ExecuteSPDeployUpdate1Response);
