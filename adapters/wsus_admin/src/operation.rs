//! Which operations of the service are asked for, and what each may do and cost.

use headwater_wsus::soap::Request;
use headwater_wsus::wsusar::*;

/// Whether an operation changes anything.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Effect {
    Read,
    /// Only an administrator may, and it is not repeated where it may have been carried out.
    Write,
}

/// What an answer costs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Weight {
    Small,
    Large,
}

impl Weight {
    /// Bytes of an answer. A large one grows with the server: some 10 MB for 2,200 updates are reported, so
    /// this is room for more than 50,000. It is held whole, and its rows besides. Small ones have a few rows;
    /// the configuration, the largest, has 121 settings.
    pub const fn bytes_max(self) -> usize {
        match self {
            Self::Small => 1 << 20,
            Self::Large => 256 << 20,
        }
    }
}

/// An operation that a server is asked for.
pub trait Operation: Request<Response: Send + 'static> + Sync {
    const EFFECT: Effect;
    const WEIGHT: Weight;
}

macro_rules! operations {
    ($($effect:ident $weight:ident: $($name:ident),+;)+) => {
        $($(
            impl Operation for $name {
                const EFFECT: Effect = Effect::$effect;
                const WEIGHT: Weight = Weight::$weight;
            }
        )+)+
    };
}

operations! {
    Read Small:
        GetServerVersion,
        GetServerProtocolVersion,
        GetCurrentUserRole,
        GetDatabaseConfiguration,
        ExecuteSPGetConfiguration,
        ExecuteSPGetComponentsWithErrors,
        ExecuteSPGetTargetGroupById,
        ExecuteSPGetUpdateCount,
        ExecuteSPGetComputerCount,
        GetServerSyncProgress,
        GetSubscriptionState,
        GetSubscription;
    Read Large:
        GetSubscriptionCategories,
        ExecuteSPSearchUpdates,
        ExecuteSPSimpleSearchUpdates,
        ExecuteSPGetEulaFile,
        ExecuteSPGetUpdateById,
        ExecuteSPGetDeployments,
        ExecuteSPGetAllTargetGroups,
        ExecuteSPSearchComputers,
        ExecuteSPGetSummariesPerComputer,
        ExecuteSPGetSummariesPerUpdate,
        ExecuteSPGetUpdateInstallationInfoForComputer,
        ExecuteSPGetUpdateInstallationInfoForUpdate,
        ExecuteSPSearchEventHistory,
        ExecuteSPGetAllDownstreamServers;
    Write Small:
        ExecuteSPDeployUpdate1,
        ExecuteSPDeclineUpdate,
        ExecuteSPAcceptEula,
        ExecuteSPCreateTargetGroup1,
        ExecuteSPCreateTargetGroup2,
        ExecuteSPDeleteComputer,
        ExecuteSPDeleteDownstreamServer,
        ExecuteSPDeleteTargetGroup,
        ExecuteSPDeleteUpdate,
        ExecuteSPDeleteUpdateByUpdateID,
        ExecuteSPAddComputerToTargetGroupAllowMultipleGroups,
        ExecuteSPRemoveComputerFromTargetGroup,
        StartSubscriptionManually,
        StopSubscription;
}
