//! GetSubscriptionState: whether it synchronises.

use super::ADMINISTRATION;
use crate::soap::operations;
use crate::soap::record::record;

record! {
    /// ApiRemoting30 GetSubscriptionState
    #[derive(Copy, Default)]
    pub struct GetSubscriptionState {}

    /// ApiRemoting30 GetSubscriptionState, response
    #[derive(Copy)]
    pub struct GetSubscriptionStateResponse {
        /// 1 idle, 2 requested, 3 running.
        "GetSubscriptionStateResult" => result: i32,
    }
}

operations!(ADMINISTRATION; GetSubscriptionState => GetSubscriptionStateResponse);
