//! ExecuteSPSearchComputers: the computers of a scope.

use super::{ADMINISTRATION, RowSet, SETS_MAX};
use crate::soap::operations;
use crate::soap::record::record;

record! {
    /// ApiRemoting30 ExecuteSPSearchComputers
    pub struct ExecuteSPSearchComputers {
        /// As [`super::OWN_COMPUTERS`].
        "computerTargetScopeXml" => computer_target_scope_xml: Option<String>,
    }

    /// ApiRemoting30 ExecuteSPSearchComputers, response
    pub struct ExecuteSPSearchComputersResponse {
        /// Sets of [`super::ComputerRow`]s, [`super::RequestedGroupRow`]s and [`super::MembershipRow`]s.
        "ExecuteSPSearchComputersResult" => result: Vec<RowSet> [max SETS_MAX],
    }
}

operations!(ADMINISTRATION; ExecuteSPSearchComputers => ExecuteSPSearchComputersResponse);
