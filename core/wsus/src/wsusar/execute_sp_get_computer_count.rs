//! ExecuteSPGetComputerCount: how many computers a scope has.

use super::ADMINISTRATION;
use crate::soap::operations;
use crate::soap::record::record;

record! {
    /// ApiRemoting30 ExecuteSPGetComputerCount
    pub struct ExecuteSPGetComputerCount {
        /// As [`super::OWN_COMPUTERS`].
        "computerTargetScopeXml" => computer_target_scope_xml: Option<String>,
    }

    /// ApiRemoting30 ExecuteSPGetComputerCount, response
    #[derive(Copy)]
    pub struct ExecuteSPGetComputerCountResponse {
        "ExecuteSPGetComputerCountResult" => result: i32,
    }
}

operations!(ADMINISTRATION; ExecuteSPGetComputerCount => ExecuteSPGetComputerCountResponse);
