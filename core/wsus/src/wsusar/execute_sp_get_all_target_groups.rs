//! ExecuteSPGetAllTargetGroups: all groups.

use super::{ADMINISTRATION, GROUPS_MAX, GenericReadableRow};
use crate::soap::operations;
use crate::soap::record::record;

record! {
    /// ApiRemoting30 ExecuteSPGetAllTargetGroups
    #[derive(Copy, Default)]
    pub struct ExecuteSPGetAllTargetGroups {}

    /// ApiRemoting30 ExecuteSPGetAllTargetGroups, response
    pub struct ExecuteSPGetAllTargetGroupsResponse {
        /// [`super::TargetGroupRow`]s.
        "ExecuteSPGetAllTargetGroupsResult" => result: Vec<GenericReadableRow> [max GROUPS_MAX],
    }
}

operations!(ADMINISTRATION; ExecuteSPGetAllTargetGroups => ExecuteSPGetAllTargetGroupsResponse);
