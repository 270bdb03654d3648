//! How far the computers are.

use headwater_api::{ComputerUpdateState, ComputersVerdict, StatusSummary, UpdateCounts, UpdatesVerdict};
use headwater_app::admin::status::{Counts, State as UpdateState};
use headwater_app::{App, AppError};
use headwater_model::GroupId;

use crate::{computers, groups};

/// Of all computers, or of those in a group and beneath it.
pub async fn summary(app: &App, group: Option<GroupId>) -> Result<StatusSummary, AppError> {
    let since = computers::silent_since(app.clock.now());
    let summary = app.status_summary(group, since).await?;
    let verdict = summary.computers;
    Ok(StatusSummary {
        group: group.map(|group| groups::reference(&app.live.served(), group)),
        computers: ComputersVerdict {
            failed: verdict.failed,
            needing: verdict.needing,
            unknown: verdict.unknown,
            up_to_date: verdict.up_to_date,
            silent: summary.silent,
        },
        updates: UpdatesVerdict {
            approved: summary.approved,
            needed: summary.needed,
            needed_unapproved: summary.needed_unapproved,
            failed: summary.failed,
        },
    })
}

/// The state of an update on a computer.
pub(crate) fn told(state: UpdateState) -> ComputerUpdateState {
    match state {
        UpdateState::Failed => ComputerUpdateState::Failed,
        UpdateState::NotInstalled => ComputerUpdateState::Needed,
        UpdateState::Downloaded => ComputerUpdateState::Downloaded,
        UpdateState::InstalledPendingReboot => ComputerUpdateState::PendingRestart,
        UpdateState::Unknown => ComputerUpdateState::Unknown,
        UpdateState::Installed => ComputerUpdateState::Installed,
        UpdateState::NotApplicable => ComputerUpdateState::NotApplicable,
    }
}

/// The states that are asked for, in the order in which they are told.
pub fn asked(states: &[ComputerUpdateState]) -> Vec<UpdateState> {
    let state = |state: &ComputerUpdateState| match state {
        ComputerUpdateState::Failed => UpdateState::Failed,
        ComputerUpdateState::Needed => UpdateState::NotInstalled,
        ComputerUpdateState::Downloaded => UpdateState::Downloaded,
        ComputerUpdateState::PendingRestart => UpdateState::InstalledPendingReboot,
        ComputerUpdateState::Unknown => UpdateState::Unknown,
        ComputerUpdateState::Installed => UpdateState::Installed,
        ComputerUpdateState::NotApplicable => UpdateState::NotApplicable,
    };
    states.iter().map(state).collect()
}

/// Why an update failed, where that was told.
pub(crate) fn error(hresult: i32) -> Option<String> {
    (hresult != 0).then(|| format!("{hresult:#010x}"))
}

/// Counted states.
pub fn counts(counts: &Counts) -> UpdateCounts {
    UpdateCounts {
        installed: counts.get(UpdateState::Installed),
        pending_restart: counts.get(UpdateState::InstalledPendingReboot),
        needed: counts.get(UpdateState::NotInstalled),
        downloaded: counts.get(UpdateState::Downloaded),
        failed: counts.get(UpdateState::Failed),
        not_applicable: counts.get(UpdateState::NotApplicable),
        unknown: counts.get(UpdateState::Unknown),
    }
}
