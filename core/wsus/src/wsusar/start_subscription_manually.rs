//! StartSubscriptionManually: begins a synchronisation.

use super::ADMINISTRATION;
use crate::soap::operations;
use crate::soap::record::record;

record! {
    /// ApiRemoting30 StartSubscriptionManually
    #[derive(Copy, Default)]
    pub struct StartSubscriptionManually {}

    /// ApiRemoting30 StartSubscriptionManually, response
    #[derive(Copy, Default)]
    pub struct StartSubscriptionManuallyResponse {}
}

operations!(ADMINISTRATION; StartSubscriptionManually => StartSubscriptionManuallyResponse);
