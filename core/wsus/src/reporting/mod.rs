//! The reporting web service of [MS-WUSP]: what happened on a computer.

mod report_event_batch;

pub use report_event_batch::{
    BasicData, ComputerTargetIdentifier, DetailedVersion, ExtendedData, PrivateData, ReportEventBatch,
    ReportEventBatchResponse, ReportingEvent,
};

use crate::soap::{Dialect, Service, Values};

/// The reporting web service as agents know it ([MS-WUSP] 2.2.2.3). Downstream servers ask it too,
/// under the same namespace.
pub const REPORTING: Service = Service {
    namespace: "http://www.microsoft.com/SoftwareDistribution",
    asks: Dialect::Agent,
    answers: Dialect::Asmx,
    values: Values::NamedByElements,
};
