//! GetSubscription: when and from where it synchronises.

use super::{ADMINISTRATION, TableRow};
use crate::soap::operations;
use crate::soap::record::record;

record! {
    /// ApiRemoting30 GetSubscription
    #[derive(Copy, Default)]
    pub struct GetSubscription {}

    /// ApiRemoting30 GetSubscription, response
    pub struct GetSubscriptionResponse {
        "GetSubscriptionResult" => result: Option<TableRow>,
    }
}

operations!(ADMINISTRATION; GetSubscription => GetSubscriptionResponse);
