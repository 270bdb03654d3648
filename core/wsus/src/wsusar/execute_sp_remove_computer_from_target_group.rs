//! ExecuteSPRemoveComputerFromTargetGroup: takes a computer out of a group.

use headwater_model::GroupId;

use super::ADMINISTRATION;
use crate::soap::operations;
use crate::soap::record::record;

record! {
    /// ApiRemoting30 ExecuteSPRemoveComputerFromTargetGroup
    ///
    /// Not for the built-in groups.
    pub struct ExecuteSPRemoveComputerFromTargetGroup {
        "targetGroupId" => target_group_id: GroupId,
        "computerId" => computer_id: Option<String>,
    }

    /// ApiRemoting30 ExecuteSPRemoveComputerFromTargetGroup, response
    #[derive(Copy, Default)]
    pub struct ExecuteSPRemoveComputerFromTargetGroupResponse {}
}

operations!(ADMINISTRATION; ExecuteSPRemoveComputerFromTargetGroup => ExecuteSPRemoveComputerFromTargetGroupResponse);
