//! ReportEventBatch: an agent tells what happened.

use headwater_model::{Guid, Timestamp, UpdateIdentity};

use super::REPORTING;
use crate::soap::operations;
use crate::soap::record::record;
use crate::wusp::Cookie;

/// Events of one request. Agents collect while they are offline, but send a few dozen at once.
const EVENTS_MAX: usize = 2_000;
/// Texts of one event. About 30 were seen.
const STRINGS_MAX: usize = 500;

record! {
    /// [MS-WUSP] 2.2.2.3.1 ReportEventBatch, request
    pub struct ReportEventBatch {
        "cookie" => cookie: Cookie,
        "clientTime" => client_time: Timestamp,
        "eventBatch" => event_batch: Vec<ReportingEvent> [max EVENTS_MAX],
    }

    /// [MS-WUSP] 2.2.2.3.1 ReportEventBatch, response
    #[derive(Copy)]
    pub struct ReportEventBatchResponse {
        /// Whether the server has the events.
        "ReportEventBatchResult" => result: bool,
    }

    /// [MS-WUSP] 2.2.2.3.1 ReportingEvent
    pub struct ReportingEvent: "ReportingEvent" {
        "BasicData" => basic_data: BasicData,
        "ExtendedData" => extended_data: Option<ExtendedData>,
        /// There and empty (fact 40).
        "PrivateData" => private_data: Option<PrivateData>,
    }

    /// [MS-WUSP] 2.2.2.3.1 BasicData
    pub struct BasicData {
        "TargetID" => target_id: ComputerTargetIdentifier,
        /// Zero.
        "SequenceNumber" => sequence_number: i32 = 0,
        "TimeAtTarget" => time_at_target: Timestamp,
        /// Names this occurrence, so that a repeated batch counts once.
        "EventInstanceID" => event_instance_id: Guid,
        /// One (fact 40).
        "NamespaceID" => namespace_id: i32,
        /// Of the table of events, such as 147 for a finished detection (fact 42).
        "EventID" => event_id: i32,
        /// 101 (fact 40).
        "SourceID" => source_id: i32,
        /// Zeros where the event is about no update.
        "UpdateID" => update_id: Option<UpdateIdentity>,
        "Win32HResult" => win32_hresult: i32 = 0,
        "AppName" => app_name: Option<String>,
    }

    /// [MS-WUSP] 2.2.2.3.1 ComputerTargetIdentifier
    pub struct ComputerTargetIdentifier {
        /// The client id of GetAuthorizationCookie.
        "Sid" => sid: String,
    }

    /// [MS-WUSP] 2.2.2.3.1 ExtendedData
    pub struct ExtendedData {
        /// What stands for %1, %2 and so on in the text of the event.
        "ReplacementStrings" => replacement_strings: Vec<String> [max STRINGS_MAX],
        /// `tag=value` each. In event 156 the tags `U` and `V` are the inventory (fact 41).
        "MiscData" => misc_data: Vec<String> [max STRINGS_MAX],
        "ComputerBrand" => computer_brand: Option<String>,
        "ComputerModel" => computer_model: Option<String>,
        "BiosRevision" => bios_revision: Option<String>,
        /// `Unknown`, `X86Compatible`, `IA64Compatible`, `Amd64Compatible`, or newer.
        "ProcessorArchitecture" => processor_architecture: Option<String>,
        "OSVersion" => os_version: Option<DetailedVersion>,
        /// An LCID, such as 1033.
        "OSLocaleID" => os_locale_id: i32 = 0,
        "DeviceID" => device_id: Option<String>,
    }

    /// [MS-WUSP] 2.2.2.3.1 DetailedVersion
    #[derive(Copy, Default)]
    pub struct DetailedVersion {
        "Major" => major: i32 = 0,
        "Minor" => minor: i32 = 0,
        "Build" => build: i32 = 0,
        "Revision" => revision: i32 = 0,
        "ServicePackMajor" => service_pack_major: i32 = 0,
        "ServicePackMinor" => service_pack_minor: i32 = 0,
    }

    /// [MS-WUSP] 2.2.2.3.1 PrivateData
    #[derive(Default)]
    pub struct PrivateData {
        "ComputerDnsName" => computer_dns_name: Option<String>,
        "UserAccountName" => user_account_name: Option<String>,
    }
}

operations!(REPORTING; ReportEventBatch => ReportEventBatchResponse);
