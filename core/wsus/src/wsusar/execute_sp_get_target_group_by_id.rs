//! ExecuteSPGetTargetGroupById: one group.

use headwater_model::GroupId;

use super::{ADMINISTRATION, GenericReadableRow};
use crate::soap::operations;
use crate::soap::record::record;

record! {
    /// ApiRemoting30 ExecuteSPGetTargetGroupById
    #[derive(Copy)]
    pub struct ExecuteSPGetTargetGroupById {
        "id" => id: GroupId,
    }

    /// ApiRemoting30 ExecuteSPGetTargetGroupById, response
    pub struct ExecuteSPGetTargetGroupByIdResponse {
        /// A [`super::TargetGroupRow`].
        "ExecuteSPGetTargetGroupByIdResult" => result: Option<GenericReadableRow>,
    }
}

operations!(ADMINISTRATION; ExecuteSPGetTargetGroupById => ExecuteSPGetTargetGroupByIdResponse);
