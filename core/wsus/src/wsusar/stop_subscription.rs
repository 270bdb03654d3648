//! StopSubscription: ends a synchronisation.

use super::ADMINISTRATION;
use crate::soap::operations;
use crate::soap::record::record;

record! {
    /// ApiRemoting30 StopSubscription
    #[derive(Copy, Default)]
    pub struct StopSubscription {}

    /// ApiRemoting30 StopSubscription, response
    #[derive(Copy, Default)]
    pub struct StopSubscriptionResponse {}
}

operations!(ADMINISTRATION; StopSubscription => StopSubscriptionResponse);
