//! GetCurrentUserRole: what the caller may do.

use super::ADMINISTRATION;
use crate::soap::operations;
use crate::soap::record::record;

record! {
    /// ApiRemoting30 GetCurrentUserRole
    #[derive(Copy, Default)]
    pub struct GetCurrentUserRole {}

    /// ApiRemoting30 GetCurrentUserRole, response
    #[derive(Copy)]
    pub struct GetCurrentUserRoleResponse {
        /// 0 nothing, 1 read, 2 everything.
        "GetCurrentUserRoleResult" => result: i32,
    }
}

operations!(ADMINISTRATION; GetCurrentUserRole => GetCurrentUserRoleResponse);
