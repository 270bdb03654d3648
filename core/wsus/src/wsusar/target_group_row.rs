//! Groups as rows.

use headwater_model::GroupId;

use super::row::row;

row! {
    /// ApiRemoting30 ExecuteSPGetAllTargetGroups, ExecuteSPGetTargetGroupById and
    /// ExecuteSPCreateTargetGroup1, result
    pub struct TargetGroupRow: "a group" [6] {
        /// `Computers`, or something else for the group of downstream servers.
        0 => type_name: Option<String>,
        1 => name: String,
        2 => id: GroupId,
        3 => order_value: Option<i32>,
        4 => group_priority: Option<i32>,
        /// `None` at the top of the tree.
        5 => parent_group_id: Option<GroupId>,
    }
}
