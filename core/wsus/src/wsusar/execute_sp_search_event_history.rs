//! ExecuteSPSearchEventHistory: what happened on the server and its computers.

use headwater_model::{Guid, Timestamp, UpdateId};

use super::{ADMINISTRATION, ROWS_MAX, Time};
use crate::soap::operations;
use crate::soap::record::record;

record! {
    /// ApiRemoting30 ExecuteSPSearchEventHistory
    pub struct ExecuteSPSearchEventHistory {
        "eventHistoryFilter" => event_history_filter: Option<EventHistoryFilter>,
    }

    /// ApiRemoting30 ExecuteSPSearchEventHistory, response
    pub struct ExecuteSPSearchEventHistoryResponse {
        "ExecuteSPSearchEventHistoryResult" => result: Vec<EventHistoryTableRow> [max ROWS_MAX],
    }

    /// ApiRemoting30 EventHistoryFilter
    ///
    /// An absent list lets everything pass. The description has the four times twice, with a small
    /// and with a capital first letter; the small ones are what a server takes.
    pub struct EventHistoryFilter {
        "eventInstanceIdFilter" => event_instance_id_filter: Option<Vec<Guid>>,
        "eventIdFilter" => event_id_filter: Option<Vec<EventIdFilter>>,
        "eventSourceFilter" => event_source_filter: Option<Vec<EventSourceFilter>>,
        "eventSeverityFilter" => event_severity_filter: Option<Vec<i32>>,
        "updateFilter" => update_filter: Option<UpdateRevisionIdentifier>,
        "fromTimeAtTarget" => from_time_at_target: Timestamp,
        "toTimeAtTarget" => to_time_at_target: Timestamp,
        "fromTimeAtServer" => from_time_at_server: Timestamp,
        "toTimeAtServer" => to_time_at_server: Timestamp,
        "targetId" => target_id: Option<String>,
    }

    /// ApiRemoting30 EventIdFilter
    ///
    /// Of the server's own events, namespace 2: 381 and 382 are the start of a synchronisation by
    /// schedule and by hand, 384 its success, 385 its cancellation, 386 its failure.
    #[derive(Copy)]
    pub struct EventIdFilter: "EventIdFilter" {
        "NamespaceId" => namespace_id: i32,
        "EventId" => event_id: i16,
    }

    /// ApiRemoting30 EventSourceFilter
    #[derive(Copy)]
    pub struct EventSourceFilter: "EventSourceFilter" {
        "NamespaceId" => namespace_id: i32,
        "SourceId" => source_id: i16,
    }

    /// ApiRemoting30 UpdateRevisionIdentifier
    #[derive(Copy)]
    pub struct UpdateRevisionIdentifier {
        "UpdateID" => update_id: UpdateId,
        "RevisionNumber" => revision_number: i32,
    }

    /// ApiRemoting30 EventHistoryTableRow
    pub struct EventHistoryTableRow: "EventHistoryTableRow" {
        "EventInstanceId" => event_instance_id: Guid,
        "EventId" => event_id: i16,
        "NamespaceId" => namespace_id: i32,
        "SourceId" => source_id: i16,
        "TimeAtTarget" => time_at_target: Time,
        "TimeAtServer" => time_at_server: Time,
        "StateId" => state_id: i32,
        "SeverityId" => severity_id: i32,
        /// Why a synchronisation failed, among others.
        "Win32HResult" => win32_hresult: i32,
        "MessageTemplate" => message_template: Option<String>,
        "ComputerId" => computer_id: Option<String>,
        "AppName" => app_name: Option<String>,
        "MiscData" => misc_data: Option<Vec<String>>,
        "ReplacementStrings" => replacement_strings: Option<Vec<String>>,
        "UpdateId" => update_id: UpdateId,
        "RevisionNumber" => revision_number: i32,
        "DeviceId" => device_id: Option<String>,
    }
}

operations!(ADMINISTRATION; ExecuteSPSearchEventHistory => ExecuteSPSearchEventHistoryResponse);
