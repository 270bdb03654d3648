//! How far the computers are.

use axum::extract::State;
use headwater_api::{ComputersVerdict, StatusQuery, StatusSummary, UpdateCounts, UpdatesVerdict};
use headwater_app::admin::status::{Counts, State as UpdateState};

use super::{Json, Query, Shared, computers, groups};
use crate::problem::Refusal;

pub(super) async fn show(
    State(console): Shared,
    Query(query): Query<StatusQuery>,
) -> Result<Json<StatusSummary>, Refusal> {
    let since = computers::silent_since(console.app.clock.now());
    let summary = console.app.status_summary(query.group, since).await?;
    let verdict = summary.computers;
    Ok(Json(StatusSummary {
        group: query.group.map(|group| groups::reference(&console.app.live.served(), group)),
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
    }))
}

pub(super) fn counts(counts: &Counts) -> UpdateCounts {
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
