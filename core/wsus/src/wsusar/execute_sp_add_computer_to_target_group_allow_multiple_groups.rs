//! ExecuteSPAddComputerToTargetGroupAllowMultipleGroups: puts a computer into one more group.

use headwater_model::GroupId;

use super::ADMINISTRATION;
use crate::soap::operations;
use crate::soap::record::record;

record! {
    /// ApiRemoting30 ExecuteSPAddComputerToTargetGroupAllowMultipleGroups
    ///
    /// Without effect where computers say themselves in which groups they are.
    pub struct ExecuteSPAddComputerToTargetGroupAllowMultipleGroups {
        "targetGroupId" => target_group_id: GroupId,
        "computerId" => computer_id: Option<String>,
    }

    /// ApiRemoting30 ExecuteSPAddComputerToTargetGroupAllowMultipleGroups, response
    #[derive(Copy, Default)]
    pub struct ExecuteSPAddComputerToTargetGroupAllowMultipleGroupsResponse {}
}

operations!(ADMINISTRATION; ExecuteSPAddComputerToTargetGroupAllowMultipleGroups => ExecuteSPAddComputerToTargetGroupAllowMultipleGroupsResponse);
