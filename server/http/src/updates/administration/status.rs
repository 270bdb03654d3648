//! What is installed where.

use std::collections::HashSet;

use headwater_app::admin::computers::ComputerRow;
use headwater_app::admin::status::{Counts, State};
use headwater_app::{AppError, Served};
use headwater_catalog::UpdateIx;
use headwater_model::UpdateId;
use headwater_wsus::wsusar::*;

use super::{Asked, client_id, computers, int, invalid, updates};

/// By their numbers, which are the service's too.
const STATES: [State; 7] = [
    State::Unknown,
    State::NotApplicable,
    State::NotInstalled,
    State::Downloaded,
    State::Installed,
    State::Failed,
    State::InstalledPendingReboot,
];

/// A row for each state that occurs.
fn rows<'a>(
    update: Option<UpdateId>,
    computer: Option<&'a str>,
    counts: &'a Counts,
) -> impl Iterator<Item = GenericReadableRow> {
    let row = move |state: State| SummaryRow {
        update_id: update,
        target_group_id: None,
        computer_id: computer.map(str::to_owned),
        state: state as i32,
        count: int(counts.get(state)),
        last_updated: Time(None),
    };
    STATES.into_iter().filter(|state| counts.get(*state) > 0).map(move |state| row(state).to_row())
}

pub(super) async fn per_update(
    asked: &Asked<'_>,
    message: ExecuteSPGetSummariesPerUpdate,
) -> Result<ExecuteSPGetSummariesPerUpdateResponse, AppError> {
    let (app, served) = (asked.app, asked.app.live.served_full());
    let found =
        updates::in_scope(asked, &served, message.update_scope_xml.as_deref(), message.publication_state)?;
    let members = match with_downstream(message.computer_target_scope_xml.as_deref()).map_err(invalid)? {
        true => app.live.members(None),
        false => app.live.own_members(),
    };
    let mut result = Vec::new();
    for (at, counts) in found.iter().zip(app.updates_counts(&served, &found, &members)) {
        result.extend(rows(Some(served.catalogue.index.update(*at).id), None, &counts));
    }
    Ok(ExecuteSPGetSummariesPerUpdateResponse { result })
}

/// Of updates that are not declined, as everywhere in Headwater.
pub(super) async fn per_computer(
    asked: &Asked<'_>,
    message: ExecuteSPGetSummariesPerComputer,
) -> Result<ExecuteSPGetSummariesPerComputerResponse, AppError> {
    let served = asked.app.live.served_full();
    updates::must_be_all(message.update_scope_xml.as_deref(), message.publication_state)?;
    let computers = computers::in_scope(asked, message.computer_target_scope_xml.as_deref()).await?;
    let mut result = Vec::new();
    // Their status is read from the database, and not for all at once.
    for some in computers.chunks(1_000) {
        let counts = asked.app.computer_counts(&served, some).await?;
        for (computer, counts) in some.iter().zip(&counts) {
            result.extend(rows(None, Some(&computer.client), counts));
        }
    }
    Ok(ExecuteSPGetSummariesPerComputerResponse { result })
}

pub(super) async fn of_update(
    asked: &Asked<'_>,
    message: ExecuteSPGetUpdateInstallationInfoForUpdate,
) -> Result<ExecuteSPGetUpdateInstallationInfoForUpdateResponse, AppError> {
    let served = asked.app.live.served_full();
    let at = updates::known(&served, message.update_id)?;
    let computers = computers::in_scope(asked, message.computer_target_scope_xml.as_deref()).await?;
    let states = asked.app.update_states(&served, at, &computers);
    let rows = computers.iter().zip(states);
    let result = rows.filter_map(|(computer, state)| Some(installation(&served, at, computer, state?)));
    Ok(ExecuteSPGetUpdateInstallationInfoForUpdateResponse { result: result.collect() })
}

pub(super) async fn of_computer(
    asked: &Asked<'_>,
    message: ExecuteSPGetUpdateInstallationInfoForComputer,
) -> Result<ExecuteSPGetUpdateInstallationInfoForComputerResponse, AppError> {
    let served = asked.app.live.served_full();
    let found =
        updates::in_scope(asked, &served, message.update_scope_xml.as_deref(), message.publication_state)?;
    let found: HashSet<UpdateIx> = found.into_iter().collect();
    let computer = asked.app.computer(&client_id(message.computer_id)?).await?;
    let states = asked.app.computer_states(&served, &computer).await?;
    let states = states.into_iter().filter(|(at, _)| found.contains(at));
    let rows = states.map(|(at, state)| installation(&served, at, &computer, state));
    Ok(ExecuteSPGetUpdateInstallationInfoForComputerResponse { result: rows.collect() })
}

fn installation(served: &Served, at: UpdateIx, computer: &ComputerRow, state: State) -> GenericReadableRow {
    let effective = served.effective_approval(at, &computer.groups).map(|(approval, _)| approval);
    InstallationInfoRow {
        update_id: served.catalogue.index.update(at).id,
        computer_id: computer.client.clone(),
        state: state as i32,
        effective_action: effective.map(|approval| updates::number(approval.action)),
        effective_group_id: effective.map(|approval| approval.group),
    }
    .to_row()
}
