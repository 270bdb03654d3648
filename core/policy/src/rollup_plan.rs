//! What a server tells the server above it ([MS-WSUSSS] 3.2.4.5): of which servers and computers,
//! in which order, all of it or what changed, and in how many requests.

use std::collections::{HashMap, HashSet};

use headwater_model::{ClientId, ServerId, Timestamp};

use crate::compliance::{ComputerStatus, Row, State, UpdateNumbers};
use crate::rollup::{ASKED_SERVER, ComputerReport, ReportedRow, ServerReport, StatusReport};

/// Rows of one request, which has about 200 bytes for each.
pub const ROWS_PER_REQUEST_MAX: usize = 100_000;

/// What the server above has acknowledged of a computer.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Told {
    /// The hash of the details; `None` when they are to be told.
    pub details: Option<[u8; 8]>,
    /// The number of the last report of status; 0 before the first.
    pub number: i32,
    /// That status; `None` when all of it is to be told.
    pub status: Option<ComputerStatus>,
}

/// A computer of which something may be told.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Candidate {
    /// With its details.
    pub report: ComputerReport,
    /// Their hash.
    pub details: [u8; 8],
    /// What it said about updates; `None` before the first time.
    pub status: Option<ComputerStatus>,
    pub told: Told,
}

/// The servers in the order in which they are told: parents before their children, and this one
/// last, which the handshake has made known. What takes from this server has it as its parent.
/// Servers whose parent is not there cannot be told.
pub fn servers(own: ServerReport, below: Vec<ServerReport>) -> Vec<ServerReport> {
    let mut by_parent: HashMap<ServerId, Vec<ServerReport>> = HashMap::new();
    for report in below {
        by_parent.entry(report.parent).or_default().push(report);
    }
    let mut order = Vec::new();
    let mut level = by_parent.remove(&ASKED_SERVER).unwrap_or_default();
    for report in &mut level {
        report.parent = own.server;
    }
    while !level.is_empty() {
        let ids: Vec<ServerId> = level.iter().map(|report| report.server).collect();
        order.append(&mut level);
        level = ids.iter().filter_map(|id| by_parent.remove(id)).flatten().collect();
    }
    order.push(own);
    order
}

/// What is told of computers: details where they are not known above as they are.
pub fn computers(candidates: &[Candidate]) -> Vec<ComputerReport> {
    let report = |one: &Candidate| match one.told.details == Some(one.details) {
        true => ComputerReport { details: None, ..one.report.clone() },
        false => one.report.clone(),
    };
    candidates.iter().map(report).collect()
}

/// What is told once more, because the server above asked for details.
pub fn computers_again(candidates: &[Candidate], wanted: &HashSet<ClientId>) -> Vec<ComputerReport> {
    let wanted = candidates.iter().filter(|one| wanted.contains(&one.report.client));
    wanted.map(|one| one.report.clone()).collect()
}

/// The computers of which the server above may have missed a report, with the number of the last.
/// Of those without one everything is told anyway.
pub fn numbers(candidates: &[Candidate]) -> Vec<(ClientId, i32)> {
    let told = candidates.iter().filter(|one| one.status.is_some() && one.told.number > 0);
    told.map(|one| (one.report.client.clone(), one.told.number)).collect()
}

/// When updates came to this server.
#[derive(Debug, Clone, Default)]
pub struct Arrivals(Vec<Timestamp>);

impl FromIterator<Timestamp> for Arrivals {
    fn from_iter<T: IntoIterator<Item = Timestamp>>(times: T) -> Self {
        let mut times: Vec<Timestamp> = times.into_iter().collect();
        times.sort_unstable();
        times.dedup();
        Self(times)
    }
}

impl Arrivals {
    /// When the newest update came that was there at that time ([MS-WSUSSS] 3.1.4.17.3.2,
    /// *EffectiveLastDetectionTime*): the server above has it for longer.
    pub fn newest_before(&self, time: Timestamp) -> Option<Timestamp> {
        let earlier = self.0.partition_point(|arrival| *arrival < time);
        self.0.get(earlier.checked_sub(1)?).copied()
    }
}

/// What is told of the updates on a computer; `None` for nothing new. All of it is told the first
/// time and when the server above has missed a report.
pub fn status(
    one: &Candidate,
    is_out_of_sync: bool,
    arrivals: &Arrivals,
    ids: &UpdateNumbers,
) -> Option<StatusReport> {
    let now = one.status.as_ref()?;
    let detection = |status: &ComputerStatus| arrivals.newest_before(status.last_effective_detection()?);
    let effective_detection = detection(now);
    let told = one.told.status.as_ref().filter(|_| !is_out_of_sync);
    let rows = match told {
        None => now.rows().iter().filter_map(|row| reported(row, ids)).collect(),
        Some(told) => changed(told, now, ids),
    };
    if told.is_some_and(|told| rows.is_empty() && detection(told) == effective_detection) {
        return None;
    }
    Some(StatusReport {
        client: one.report.client.clone(),
        number: one.told.number.saturating_add(1),
        is_full: told.is_none(),
        effective_detection,
        rows,
    })
}

/// Rows that are new, other or no more. What is no more was so when the computer last told.
fn changed(told: &ComputerStatus, now: &ComputerStatus, ids: &UpdateNumbers) -> Vec<ReportedRow> {
    let is_new = |row: &&Row| {
        let before = told.row(row.update);
        before.is_none_or(|before| (before.state, before.since) != (row.state, row.since))
    };
    let mut rows: Vec<ReportedRow> =
        now.rows().iter().filter(is_new).filter_map(|row| reported(row, ids)).collect();
    let gone = told.rows().iter().filter(|row| now.row(row.update).is_none());
    rows.extend(gone.filter_map(|row| {
        let since = now.last_effective_detection().map_or(row.since, |at| at.max(row.since));
        Some(ReportedRow { update: ids.id(row.update)?, state: State::NotApplicable, since })
    }));
    rows
}

fn reported(row: &Row, ids: &UpdateNumbers) -> Option<ReportedRow> {
    Some(ReportedRow { update: ids.id(row.update)?, state: row.state, since: row.since })
}

/// Cuts reports into requests of so many computers and rows; each has one computer at least.
pub fn batches(reports: Vec<StatusReport>, computers_max: usize, rows_max: usize) -> Vec<Vec<StatusReport>> {
    let mut batches: Vec<Vec<StatusReport>> = Vec::new();
    let mut rows = 0;
    for report in reports {
        rows += report.rows.len();
        match batches.last_mut() {
            Some(batch) if batch.len() < computers_max && rows <= rows_max => batch.push(report),
            _ => {
                rows = report.rows.len();
                batches.push(vec![report]);
            }
        }
    }
    batches
}

#[cfg(test)]
#[path = "rollup_plan_tests.rs"]
mod tests;
