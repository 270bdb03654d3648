//! Whole rows of settings, for a server that answers with them.

use Kind::{Flag, Id, Number, Text, Time};
use headwater_model::Guid;

use super::TableRow;

/// What a setting is, as far as it matters for one that means nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Number,
    Flag,
    Time,
    Id,
    /// It is left out where there is none; bytes too.
    Text,
}

/// The names of a row in their order.
type Columns = &'static [(Kind, &'static [&'static str])];

#[rustfmt::skip]
const CONFIGURATION: Columns = &[
    (Number, &[
        "maxDeltaSyncPeriod", "anonymousCookieExpirationTime", "simpleTargetingCookieExpirationTime",
        "maximumServerCookieExpirationTime", "dssTargetingCookieExpirationTime",
        "subscriptionFailureWaitBetweenRetriesTime", "dispatchManagerPollingInterval",
        "stateMachineTransitionErrorCaptureLength", "eventLogFloodProtectTime",
        "autoPurgeClientEventAgeThreshold", "autoPurgeServerEventAgeThreshold",
        "bitsHealthScanningInterval", "autoPurgeDetectionPeriod", "revisionDeletionTimeThreshold",
        "computerDeletionTimeThreshold", "configurationChangeNumber",
    ]),
    (Flag, &["detectConfigChange"]),
    (Time, &["LastConfigChange"]),
    (Flag, &["DssAnonymousTargeting", "IsRegistrationRequired"]),
    (Text, &["ReportingServiceUrl"]),
    (Id, &["ServerId"]),
    (Flag, &["ServerTargeting", "SyncToMU"]),
    (Text, &["UpstreamServerName"]),
    (Number, &[
        "RedirectorChangeNumber", "MaxCoreUpdatesPerRequest", "MaxExtendedUpdatesPerRequest",
        "MaxUpdatesPerRequestInGetUpdateDecryptionData",
    ]),
    (Text, &["DownloadRegulationUrl", "DownloadRegulationWebServiceUrl"]),
    (Flag, &["LoadOdfLocally"]),
    (Text, &["OdfFilePath"]),
    (Flag, &["DoServerSyncCompression"]),
    (Number, &["MaxNumberOfIdsToRequestDataFromUss", "WsusInstallType"]),
    (Text, &["ServerString"]),
    (Flag, &["AutoDeployMandatory", "UseClientIPHttpHeader"]),
    (Text, &["ClientIPHttpHeader"]),
    (Flag, &["OobeInitialized"]),
    (Text, &["MUUrl"]),
    (Number, &["ServerPortNumber"]),
    (Flag, &["UpstreamServerUseSsl", "UseProxy"]),
    (Text, &["ProxyName"]),
    (Number, &["ProxyServerPort"]),
    (Flag, &["UseSeparateProxyForSsl"]),
    (Text, &["SslProxyName"]),
    (Number, &["SslProxyServerPort"]),
    (Flag, &["AnonymousProxyAccess"]),
    (Text, &["ProxyUserName", "ProxyUserDomain"]),
    (Flag, &[
        "AllowProxyCredentialsOverNonSsl", "ServerSupportsAllLanguages",
        "ServerSupportsAllAvailableLanguages", "HostOnMu",
    ]),
    (Text, &["LocalContentCacheLocation"]),
    (Flag, &["LazySync", "DownloadExpressPackages"]),
    (Text, &["ImportLocalPath"]),
    (Flag, &[
        "AutoRefreshDeployments", "AutoRefreshDeploymentsDeclineExpired",
        "StateMachineTransitionLoggingEnabled",
    ]),
    (Number, &["MaxSimultaneousFileDownloads"]),
    (Flag, &["BitsDownloadPriorityForeground"]),
    (Text, &["EncryptionKey"]),
    (Number, &["SubscriptionFailureNumberOfRetries"]),
    (Text, &["StatsDotNetWebServiceUri"]),
    (Number, &[
        "StatsDotNetMaximumBatchSize", "QueueFlushTimeInMS", "QueueFlushCount", "QueueRejectCount",
        "DispatchMaximumSimultaneousHandlerCalls", "SleepTimeAfterErrorInMS",
    ]),
    (Flag, &["UseCookieValidation", "DoReportingDataValidation", "DoReportingSummarization"]),
    (Number, &["ClientReportingLevel"]),
    (Flag, &["CollectClientInventory", "DoDetailedRollup"]),
    (Id, &["RollupResetGuid"]),
    (Flag, &["MURollupOptin"]),
    (Number, &["DssRollupChunkSize"]),
    (Flag, &[
        "TrackDynamicCategories", "DisableSyncPrinterCatalog", "DisableSyncDrivers",
        "DisableNonCriticalDrivers",
    ]),
    (Number, &[
        "MaxXmlPerRequest", "MaxXmlPerRequestInServerSync", "DeploymentChangeDeferral",
        "MaxTargetComputers", "MaxEventInstances", "MaxConcurrentDatabaseCalls",
        "CategoryScanRequestTrackingReportingInterval", "CategoryScanRequestTrackingMaxEntries",
        "RevisionDeletionSizeThreshold",
    ]),
    (Flag, &["ReplicaMode", "UssSupportsAllLanguages", "GetContentFromMU"]),
    (Number, &[
        "LocalPublishingMaxCabSize", "HmDetectIntervalInSeconds", "HmRefreshIntervalInSeconds",
        "HmCoreDiskSpaceGreenMegabytes", "HmCoreDiskSpaceRedMegabytes",
        "HmCoreCatalogSyncIntervalInDays", "HmClientsInstallUpdatesGreenPercent",
        "HmClientsInstallUpdatesRedPercent", "HmClientsInventoryGreenPercent",
        "HmClientsInventoryRedPercent", "HmClientsInventoryScanDiffInHours",
        "HmClientsSilentGreenPercent", "HmClientsSilentRedPercent", "HmClientsSilentDays",
        "HmClientsTooManyGreenPercent", "HmClientsTooManyRedPercent", "HmCoreFlags", "HmClientsFlags",
        "HmDatabaseFlags", "HmWebServicesFlags",
    ]),
    (Flag, &["DetectConfigChange"]),
];

const SUBSCRIPTION: Columns = &[
    (Number, &["synchronizeAutomaticallyTimeOfDay"]),
    (Text, &["LastModifiedBy"]),
    (Time, &["LastModifiedTime", "LastSynchronizationTime"]),
    (Flag, &["SynchronizeAutomatically"]),
    (Text, &["Anchor", "DeploymentAnchor"]),
    (Number, &["NumberOfSynchronizationsPerDay"]),
    (Flag, &["IsCategoryOnly"]),
];

impl TableRow {
    /// The 121 settings of ExecuteSPGetConfiguration. What is not in `known` says nothing: 0, false, no
    /// id, never, and no text at all.
    pub fn configuration(known: &Self) -> Self {
        whole(CONFIGURATION, known)
    }

    /// The nine of GetSubscription, likewise.
    pub fn subscription(known: &Self) -> Self {
        whole(SUBSCRIPTION, known)
    }
}

fn whole(columns: Columns, known: &TableRow) -> TableRow {
    let mut row = TableRow::default();
    for (kind, names) in columns {
        for name in *names {
            match (known.text(name), kind) {
                (Some(text), _) => row.set(name, Some(&text.to_owned())),
                (None, Number) => row.set(name, Some(&0)),
                (None, Flag) => row.set(name, Some(&false)),
                (None, Time) => row.set(name, Some(&super::Time(None))),
                (None, Id) => row.set(name, Some(&Guid::from_u128(0))),
                (None, Text) => {}
            }
        }
    }
    row
}
