//! ExecuteSPCreateTargetGroup1: makes a group.

use headwater_model::GroupId;

use super::{ADMINISTRATION, GenericReadableRow};
use crate::soap::operations;
use crate::soap::record::record;

record! {
    /// ApiRemoting30 ExecuteSPCreateTargetGroup1
    ///
    /// Names are unique and shorter than 256 characters, without
    /// ``~!@#$^&*()=+[]\{}|;:'"<>/.`` A replica refuses.
    pub struct ExecuteSPCreateTargetGroup1 {
        "name" => name: Option<String>,
        "parentGroupId" => parent_group_id: GroupId,
    }

    /// ApiRemoting30 ExecuteSPCreateTargetGroup1, response
    pub struct ExecuteSPCreateTargetGroup1Response {
        /// A [`super::TargetGroupRow`].
        "ExecuteSPCreateTargetGroup1Result" => result: Option<GenericReadableRow>,
    }
}

operations!(ADMINISTRATION; ExecuteSPCreateTargetGroup1 => ExecuteSPCreateTargetGroup1Response);
