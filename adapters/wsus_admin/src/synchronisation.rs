//! Synchronisations of a server with the one above it.

use headwater_model::{Guid, Timestamp};
use headwater_wsus::wsusar::{
    EventHistoryFilter, EventHistoryTableRow, EventIdFilter, ExecuteSPSearchEventHistory,
    GetServerSyncProgress, GetSubscription, GetSubscriptionState, StartSubscriptionManually,
    StopSubscription, SyncProgressRow, Time,
};

use crate::rows::{self, required, text};
use crate::{Error, Result, Wsus};

/// The server's own events.
const NAMESPACE: i32 = 2;
const STARTED_BY_SCHEDULE: i16 = 381;
const STARTED_BY_HAND: i16 = 382;
const SUCCEEDED: i16 = 384;
const CANCELLED: i16 = 385;
const FAILED: i16 = 386;

/// The end of the time in which events are looked for, in seconds from 1970: 2100. The last date of the
/// database might be beyond it in the server's own zone.
const END_SECONDS: i64 = 4_102_444_800;

/// How far a synchronisation is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Progress {
    pub is_running: bool,
    pub phase: SyncPhase,
    pub total: i64,
    pub processed: i64,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SyncPhase {
    None,
    Updates,
    Approvals,
    Categories,
    Other(i32),
}

impl From<i32> for SyncPhase {
    fn from(number: i32) -> Self {
        match number {
            0 => Self::None,
            1 => Self::Updates,
            2 => Self::Approvals,
            3 => Self::Categories,
            other => Self::Other(other),
        }
    }
}

/// What a server has taken from the one above it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Taken {
    /// When it has last synchronised, by its own clock.
    pub last_sync: Option<Timestamp>,
    /// Up to which change; how it is written is the server's own matter.
    pub anchor: Option<String>,
}

/// Something that the server has noted of a synchronisation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SyncEvent {
    pub id: Guid,
    /// By the server's clock.
    pub time: Timestamp,
    pub kind: SyncEventKind,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SyncEventKind {
    Started(SyncStart),
    Succeeded,
    Cancelled,
    /// The number is an HRESULT.
    Failed {
        hresult: i32,
        message: Option<String>,
    },
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SyncStart {
    Schedule,
    Hand,
}

/// The end of the last synchronisation among events in the order of time; `None` where none ended since
/// the last one started.
pub fn outcome(events: &[SyncEvent]) -> Option<&SyncEvent> {
    events.last().filter(|event| !matches!(event.kind, SyncEventKind::Started(_)))
}

impl Wsus {
    /// Begins a synchronisation. What a server does that synchronises already is not known: ask
    /// [`Wsus::sync_progress`] before.
    pub async fn start_sync(&self) -> Result<()> {
        self.call(&StartSubscriptionManually {}).await.map(drop)
    }

    pub async fn stop_sync(&self) -> Result<()> {
        self.call(&StopSubscription {}).await.map(drop)
    }

    /// How far it is. A server says in two places that it synchronises, and either counts.
    pub async fn sync_progress(&self) -> Result<Progress> {
        type O = GetServerSyncProgress;
        let rows = rows::read::<O, SyncProgressRow>(&self.call(&O {}).await?.result)?;
        let [row] = rows.as_slice() else {
            let operation = "GetServerSyncProgress";
            return Err(Error::Count { operation, what: "rows", found: rows.len(), expected: 1 });
        };
        let state = self.call(&GetSubscriptionState {}).await?.result;
        Ok(Progress {
            is_running: row.phase != 0 || matches!(state, 2 | 3),
            phase: row.phase.into(),
            total: row.total,
            processed: row.processed,
        })
    }

    /// What the server has noted of its synchronisations since a time by its own clock, in the order of time.
    pub async fn sync_events(&self, since: Timestamp) -> Result<Vec<SyncEvent>> {
        type O = ExecuteSPSearchEventHistory;
        let end = Timestamp::EPOCH.plus_seconds(END_SECONDS);
        let ids = [STARTED_BY_SCHEDULE, STARTED_BY_HAND, SUCCEEDED, CANCELLED, FAILED];
        let filter = EventHistoryFilter {
            event_instance_id_filter: None,
            event_id_filter: Some(
                ids.map(|event_id| EventIdFilter { namespace_id: NAMESPACE, event_id }).to_vec(),
            ),
            event_source_filter: None,
            event_severity_filter: None,
            update_filter: None,
            from_time_at_target: since,
            to_time_at_target: end,
            from_time_at_server: since,
            to_time_at_server: end,
            target_id: None,
        };
        let rows = self.call(&O { event_history_filter: Some(filter) }).await?.result;
        let mut events =
            rows.into_iter().filter_map(|row| event(row).transpose()).collect::<Result<Vec<_>>>()?;
        // At one time the start stands before the end.
        let is_end = |event: &SyncEvent| !matches!(event.kind, SyncEventKind::Started(_));
        events.sort_by_key(|event| (event.time, is_end(event)));
        Ok(events)
    }

    /// How far the server has taken from the one above it.
    pub async fn taken(&self) -> Result<Taken> {
        type O = GetSubscription;
        let settings = required::<O, _>("subscription", self.call(&O {}).await?.result)?;
        let unread = |source| Error::Message { operation: "GetSubscription", source };
        let time: Option<Time> = settings.value("LastSynchronizationTime").map_err(unread)?;
        Ok(Taken {
            last_sync: required::<O, _>("LastSynchronizationTime", time)?.0,
            anchor: settings.value("Anchor").map_err(unread)?,
        })
    }
}

/// An event of a synchronisation; `None` for another one.
fn event(row: EventHistoryTableRow) -> Result<Option<SyncEvent>> {
    type O = ExecuteSPSearchEventHistory;
    let kind = match (row.namespace_id, row.event_id) {
        (NAMESPACE, STARTED_BY_SCHEDULE) => SyncEventKind::Started(SyncStart::Schedule),
        (NAMESPACE, STARTED_BY_HAND) => SyncEventKind::Started(SyncStart::Hand),
        (NAMESPACE, SUCCEEDED) => SyncEventKind::Succeeded,
        (NAMESPACE, CANCELLED) => SyncEventKind::Cancelled,
        (NAMESPACE, FAILED) => {
            SyncEventKind::Failed { hresult: row.win32_hresult, message: text(row.message_template) }
        }
        _ => return Ok(None),
    };
    let time = required::<O, _>("time of an event", row.time_at_server.0)?;
    Ok(Some(SyncEvent { id: row.event_instance_id, time, kind }))
}
