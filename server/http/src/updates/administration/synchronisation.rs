//! Synchronisations: beginning one, and how they went.

use headwater_app::AppError;
use headwater_app::downstream_server::{RunRow, RunState, RunStep};
use headwater_model::{Guid, Timestamp, UpdateId};
use headwater_wsus::wsusar::*;

use super::updates::category_type;
use super::{Asked, int, invalid};

/// The server's own events (fact 76).
const NAMESPACE: i32 = 2;
const STARTED_BY_SCHEDULE: i16 = 381;
const STARTED_BY_HAND: i16 = 382;
const SUCCEEDED: i16 = 384;
const CANCELLED: i16 = 385;
const FAILED: i16 = 386;
/// `E_FAIL`: it failed, for a reason that has no number.
const UNSPECIFIED: i32 = 0x8000_4005_u32 as i32;

const IDLE: i32 = 1;
const RUNNING: i32 = 3;

pub(super) async fn start(
    asked: &Asked<'_>,
    _: StartSubscriptionManually,
) -> Result<StartSubscriptionManuallyResponse, AppError> {
    asked.app.synchronise_now(asked.operator()?).await?;
    Ok(StartSubscriptionManuallyResponse {})
}

/// There is nothing to do where none goes.
pub(super) async fn stop(
    asked: &Asked<'_>,
    _: StopSubscription,
) -> Result<StopSubscriptionResponse, AppError> {
    if running(asked).await?.is_some() {
        asked.app.stop_synchronising(asked.operator()?).await?;
    }
    Ok(StopSubscriptionResponse {})
}

async fn running(asked: &Asked<'_>) -> Result<Option<RunRow>, AppError> {
    let Some(number) = asked.app.upstream_report().await?.and_then(|report| report.running) else {
        return Ok(None);
    };
    let run = asked.app.run(number).await?;
    Ok(Some(run).filter(|run| run.state == RunState::Running))
}

pub(super) async fn progress(
    asked: &Asked<'_>,
    _: GetServerSyncProgress,
) -> Result<GetServerSyncProgressResponse, AppError> {
    let run = running(asked).await?;
    let phase = |step| match step {
        RunStep::Connecting | RunStep::Reports => 0,
        RunStep::Updates => 1,
        RunStep::Approvals => 2,
        RunStep::Categories => 3,
    };
    let long = |number: u64| i64::try_from(number).unwrap_or(i64::MAX);
    let row = SyncProgressRow {
        phase: run.as_ref().map_or(0, |run| phase(run.step)),
        total: run.as_ref().and_then(|run| run.documents_total).map_or(0, long),
        processed: run.as_ref().map_or(0, |run| long(run.documents)),
    };
    Ok(GetServerSyncProgressResponse { result: vec![row.to_row()] })
}

pub(super) async fn state(
    asked: &Asked<'_>,
    _: GetSubscriptionState,
) -> Result<GetSubscriptionStateResponse, AppError> {
    let result = if running(asked).await?.is_some() { RUNNING } else { IDLE };
    Ok(GetSubscriptionStateResponse { result })
}

/// Headwater synchronises at every hint, and in any case after an interval.
pub(super) async fn subscription(
    asked: &Asked<'_>,
    _: GetSubscription,
) -> Result<GetSubscriptionResponse, AppError> {
    const DAY_SECONDS: u64 = 86_400;
    let has_upstream = asked.app.upstream_report().await?.is_some();
    let runs = asked.app.runs().await?;
    let took = runs.iter().find(|run| matches!(run.state, RunState::Done | RunState::Partial));
    let every = asked.app.settings.downstream.every.as_secs().max(1);
    let mut known = TableRow::default();
    known.set("LastSynchronizationTime", Some(&Time(took.and_then(|run| run.finished_at))));
    // Whoever reads the updates only where something changed looks at it.
    let revisions = asked.app.live.served().catalogue.index.revisions().len();
    known.set("Anchor", Some(&revisions.to_string()));
    known.set("SynchronizeAutomatically", Some(&has_upstream));
    known.set("NumberOfSynchronizationsPerDay", Some(&int(DAY_SECONDS.div_ceil(every))));
    Ok(GetSubscriptionResponse { result: Some(TableRow::subscription(&known)) })
}

/// In English, as all of what is listed.
pub(super) async fn subscribed(
    asked: &Asked<'_>,
    message: GetSubscriptionCategories,
) -> Result<GetSubscriptionCategoriesResponse, AppError> {
    let takes = asked.app.subscription().unwrap_or_else(|| asked.app.whole_subscription());
    let ids = if message.retrieve_update_classifications { takes.classifications } else { takes.categories };
    let catalogue = &asked.app.live.served().catalogue;
    let row = |id: UpdateId| {
        let (kind, title) = catalogue.category(id)?;
        let row = CategoryRow {
            local_update_id: Cell::Nil,
            id,
            category_type: Some(category_type(kind).to_owned()),
            prohibits_subcategories: Cell::Nil,
            prohibits_updates: Cell::Nil,
            category_index: Cell::Nil,
            display_order: Cell::Nil,
            title: Some(title.to_owned()),
            description: None,
            release_notes: Cell::Nil,
            arrival_date: Time(None),
            update_source: Cell::Nil,
        };
        Some(row.to_row())
    };
    Ok(GetSubscriptionCategoriesResponse { result: ids.into_iter().filter_map(row).collect() })
}

/// Of synchronisations only; computers' events are told by their status.
pub(super) async fn events(
    asked: &Asked<'_>,
    message: ExecuteSPSearchEventHistory,
) -> Result<ExecuteSPSearchEventHistoryResponse, AppError> {
    let filter = message.event_history_filter;
    if let Some(filter) = &filter {
        must_be_served(filter)?;
    }
    let mut events: Vec<EventHistoryTableRow> =
        asked.app.runs().await?.into_iter().flat_map(|run| events_of(asked, run)).collect();
    events.retain(|event| filter.as_ref().is_none_or(|filter| passes(filter, event)));
    Ok(ExecuteSPSearchEventHistoryResponse { result: events })
}

fn must_be_served(filter: &EventHistoryFilter) -> Result<(), AppError> {
    let parts = [
        ("eventSourceFilter", filter.event_source_filter.is_some()),
        ("eventSeverityFilter", filter.event_severity_filter.is_some()),
        ("updateFilter", filter.update_filter.is_some()),
        ("targetId", filter.target_id.is_some()),
    ];
    match parts.into_iter().find(|(_, is_there)| *is_there) {
        None => Ok(()),
        Some((name, _)) => Err(invalid(format!("filters by `{name}` are not served: leave it out"))),
    }
}

fn passes(filter: &EventHistoryFilter, event: &EventHistoryTableRow) -> bool {
    let ids = filter.event_id_filter.as_ref();
    let instances = filter.event_instance_id_filter.as_ref();
    let is_kind =
        |one: &EventIdFilter| (one.namespace_id, one.event_id) == (event.namespace_id, event.event_id);
    let is_within =
        |from: Timestamp, to: Timestamp, time: Time| time.0.is_some_and(|at| from <= at && at <= to);
    ids.is_none_or(|ids| ids.iter().any(is_kind))
        && instances.is_none_or(|instances| instances.contains(&event.event_instance_id))
        && is_within(filter.from_time_at_server, filter.to_time_at_server, event.time_at_server)
        && is_within(filter.from_time_at_target, filter.to_time_at_target, event.time_at_target)
}

/// The end of a run, if it has ended, and its beginning: the newest first.
fn events_of(asked: &Asked<'_>, run: RunRow) -> impl Iterator<Item = EventHistoryTableRow> {
    let start = if run.by.is_some() { STARTED_BY_HAND } else { STARTED_BY_SCHEDULE };
    let start = event(asked, &run, start, run.started_at, None);
    let end = run.finished_at.map(|at| match run.state {
        RunState::Failed => event(asked, &run, FAILED, at, run.problem.clone()),
        RunState::Cancelled => event(asked, &run, CANCELLED, at, run.problem.clone()),
        RunState::Running | RunState::Done | RunState::Partial => {
            event(asked, &run, SUCCEEDED, at, run.problem.clone())
        }
    });
    end.into_iter().chain([start])
}

fn event(
    asked: &Asked<'_>,
    run: &RunRow,
    event_id: i16,
    at: Timestamp,
    message: Option<String>,
) -> EventHistoryTableRow {
    let is_end = !matches!(event_id, STARTED_BY_SCHEDULE | STARTED_BY_HAND);
    // The same whenever it is asked for: the server, the run and which of its two events it is.
    let mut id = *asked.app.server.id.as_bytes();
    id[8..].copy_from_slice(&(run.number << 1 | i64::from(is_end)).to_be_bytes());
    EventHistoryTableRow {
        event_instance_id: Guid::from_bytes(id),
        event_id,
        namespace_id: NAMESPACE,
        source_id: 0,
        time_at_target: Time(Some(at)),
        time_at_server: Time(Some(at)),
        state_id: 0,
        severity_id: 0,
        win32_hresult: if event_id == FAILED { UNSPECIFIED } else { 0 },
        message_template: message,
        computer_id: None,
        app_name: None,
        misc_data: None,
        replacement_strings: None,
        update_id: UpdateId::from_u128(0),
        revision_number: 0,
        device_id: None,
    }
}
