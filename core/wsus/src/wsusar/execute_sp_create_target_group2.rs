//! ExecuteSPCreateTargetGroup2: makes a group with an id that it is given.

use headwater_model::GroupId;

use super::{ADMINISTRATION, GenericReadableRow};
use crate::soap::operations;
use crate::soap::record::record;

record! {
    /// ApiRemoting30 ExecuteSPCreateTargetGroup2
    ///
    /// Names are unique and shorter than 256 characters, without
    /// ``~!@#$^&*()=+[]\{}|;:'"<>/.``
    pub struct ExecuteSPCreateTargetGroup2 {
        "name" => name: Option<String>,
        "parentGroupId" => parent_group_id: GroupId,
        "id" => id: GroupId,
        "failIfReplica" => fail_if_replica: bool,
    }

    /// ApiRemoting30 ExecuteSPCreateTargetGroup2, response
    pub struct ExecuteSPCreateTargetGroup2Response {
        /// A [`super::TargetGroupRow`].
        "ExecuteSPCreateTargetGroup2Result" => result: Option<GenericReadableRow>,
    }
}

operations!(ADMINISTRATION; ExecuteSPCreateTargetGroup2 => ExecuteSPCreateTargetGroup2Response);
