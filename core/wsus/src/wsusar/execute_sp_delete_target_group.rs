//! ExecuteSPDeleteTargetGroup: removes a group.

use headwater_model::GroupId;

use super::ADMINISTRATION;
use crate::soap::operations;
use crate::soap::record::record;

record! {
    /// ApiRemoting30 ExecuteSPDeleteTargetGroup
    pub struct ExecuteSPDeleteTargetGroup {
        "id" => id: GroupId,
        /// For the history of the server, which does not check it.
        "adminName" => admin_name: Option<String>,
        /// Whether a replica refuses.
        "failIfReplica" => fail_if_replica: bool,
    }

    /// ApiRemoting30 ExecuteSPDeleteTargetGroup, response
    #[derive(Copy, Default)]
    pub struct ExecuteSPDeleteTargetGroupResponse {}
}

operations!(ADMINISTRATION; ExecuteSPDeleteTargetGroup => ExecuteSPDeleteTargetGroupResponse);
