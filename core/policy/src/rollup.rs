//! What servers tell each other about themselves and their computers ([MS-WSUSSS] 3.1.4.13 to
//! 3.1.4.17), and what the server that is told makes of it. What the server that tells has to say
//! is in [`rollup_plan`](crate::rollup_plan).

use std::collections::{HashMap, HashSet};

use headwater_model::{ClientId, GroupId, Guid, ServerId, Timestamp, UpdateId};

use crate::compliance::State;

/// The parent of a server that takes from the server that is told ([MS-WSUSSS] 3.1.4.14.3.2).
pub const ASKED_SERVER: ServerId = ServerId::from_u128(0);

/// What an upstream server wants to be told ([MS-WSUSSS] 3.1.4.13.3.1).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RollupConfiguration {
    /// Whether computers are told one by one.
    pub is_detailed: bool,
    /// Another one asks for everything again.
    pub reset: Guid,
    pub server: ServerId,
    pub limits: RollupLimits,
}

/// How much fits into one request; each is 1 at least.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RollupLimits {
    pub servers_max: usize,
    pub computers_max: usize,
    /// Numbers of GetOutOfSyncComputers.
    pub numbers_max: usize,
    /// Computers of RollupComputerStatus.
    pub statuses_max: usize,
}

/// The limits that every WSUS announces ([MS-WSUSSS] <46> to <49>, fact 58).
pub const LIMITS: RollupLimits =
    RollupLimits { servers_max: 5_000, computers_max: 1_500, numbers_max: 20_000, statuses_max: 500 };

/// What a server tells of itself, or of a server below it ([MS-WSUSSS] 3.1.4.14.3.2).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ServerReport {
    pub server: ServerId,
    pub name: String,
    /// [`ASKED_SERVER`] where it takes from the server that is told.
    pub parent: ServerId,
    pub version: String,
    pub is_replica: bool,
    pub last_sync: Option<Timestamp>,
    pub last_rollup: Option<Timestamp>,
    pub summary: ServerSummary,
}

/// The counts of a server, in the order of [MS-WSUSSS] 3.1.4.14.3.3.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct ServerSummary {
    pub updates: u32,
    pub declined: u32,
    pub approved: u32,
    pub not_approved: u32,
    /// Approved in a revision that is not the newest.
    pub stale_approvals: u32,
    pub expired: u32,
    pub critical_not_approved: u32,
    pub infrastructure_not_approved: u32,
    pub failed_on_computers: u32,
    /// Their files could not be fetched.
    pub failed_to_fetch: u32,
    pub needing_files: u32,
    pub needed: u32,
    pub installed_everywhere: u32,
    pub groups: u32,
    pub computers: u32,
    pub computers_needing: u32,
    pub computers_failing: u32,
    pub computers_up_to_date: u32,
}

impl ServerSummary {
    /// How many counts there are.
    pub const LEN: usize = 18;

    pub fn counts(&self) -> [u32; Self::LEN] {
        [
            self.updates,
            self.declined,
            self.approved,
            self.not_approved,
            self.stale_approvals,
            self.expired,
            self.critical_not_approved,
            self.infrastructure_not_approved,
            self.failed_on_computers,
            self.failed_to_fetch,
            self.needing_files,
            self.needed,
            self.installed_everywhere,
            self.groups,
            self.computers,
            self.computers_needing,
            self.computers_failing,
            self.computers_up_to_date,
        ]
    }

    pub fn of(counts: [u32; Self::LEN]) -> Self {
        let [updates, declined, approved, not_approved, stale_approvals, expired, rest @ ..] = counts;
        let [critical_not_approved, infrastructure_not_approved, failed_on_computers, rest @ ..] = rest;
        let [failed_to_fetch, needing_files, needed, installed_everywhere, groups, rest @ ..] = rest;
        let [computers, computers_needing, computers_failing, computers_up_to_date] = rest;
        Self {
            updates,
            declined,
            approved,
            not_approved,
            stale_approvals,
            expired,
            critical_not_approved,
            infrastructure_not_approved,
            failed_on_computers,
            failed_to_fetch,
            needing_files,
            needed,
            installed_everywhere,
            groups,
            computers,
            computers_needing,
            computers_failing,
            computers_up_to_date,
        }
    }
}

/// How a computer's last scan went ([MS-WSUSSS] 3.1.4.15.3.2, *LastSyncResult*).
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
#[repr(u8)]
pub enum SyncResult {
    #[default]
    Unknown = 0,
    Succeeded = 1,
    Failed = 2,
}

impl SyncResult {
    pub fn of(number: i64) -> Option<Self> {
        [Self::Unknown, Self::Succeeded, Self::Failed].into_iter().find(|result| *result as i64 == number)
    }
}

/// What a server tells of a computer ([MS-WSUSSS] 3.1.4.15.3.2).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ComputerReport {
    pub client: ClientId,
    /// The server that the computer gets its updates from.
    pub server: ServerId,
    pub last_sync: Option<Timestamp>,
    pub sync_result: SyncResult,
    pub last_reboot: Option<Timestamp>,
    /// When it last told which updates it needs.
    pub last_status: Option<Timestamp>,
    pub last_inventory: Option<Timestamp>,
    /// Told when they changed.
    pub details: Option<Box<ReportedDetails>>,
}

/// What a computer is ([MS-WSUSSS] 3.1.4.15.3.3).
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ReportedDetails {
    pub address: String,
    pub dns_name: String,
    /// Such as `10.0.26200`.
    pub os_version: String,
    pub os_description: String,
    pub architecture: String,
    pub manufacturer: String,
    pub model: String,
    pub client_version: String,
    /// All of it as the XML that RegisterComputer would bring ([MS-WUSP] 2.2.2.2.3).
    pub registration: String,
    pub groups: Vec<GroupId>,
    /// Names of groups, also of such as do not exist.
    pub requested_groups: Vec<String>,
}

/// What the server that is told wants otherwise ([MS-WSUSSS] 3.1.4.15.4.1).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Change {
    /// No more reports of the computer.
    Deleted,
    /// The details, with the next report.
    NewParent,
}

/// What a server tells of the updates on a computer ([MS-WSUSSS] 3.1.4.17.3.2).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StatusReport {
    pub client: ClientId,
    /// Greater with every report; 1 in the first.
    pub number: i32,
    /// Whether these are all rows, and not those that changed.
    pub is_full: bool,
    /// When the newest update came to that server which the computer has judged.
    pub effective_detection: Option<Timestamp>,
    pub rows: Vec<ReportedRow>,
}

/// The state of an update on a computer; a row that is no more is [`State::NotApplicable`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ReportedRow {
    pub update: UpdateId,
    pub state: State,
    pub since: Timestamp,
}

/// The state of a *SummarizationState* ([MS-WSUSSS] 3.1.4.17.3.4); `None` for what is not in the
/// table. 1 is not in it, but in that of 3.1.1.
pub fn state(number: i32) -> Option<State> {
    match number {
        0 | 1 => Some(State::NotApplicable),
        other => State::explicit(u8::try_from(other).ok()?),
    }
}

/// The *SummarizationState* of a state.
pub fn summarization_state(state: State) -> i32 {
    match state {
        State::Unknown | State::NotApplicable => 0,
        explicit => explicit as i32,
    }
}

/// What is added to the times of a server whose clock is wrong ([MS-WSUSSS] <50>, <54>, <61>).
#[derive(Debug, Clone, Copy)]
pub struct ClockDifference {
    micros: i64,
    now: Timestamp,
}

/// Clocks that differ by less are taken to be right ([MS-WSUSSS] <50>).
const CLOCK_DIFFERENCE_MAX_MICROS: u64 = 60_000_000;

impl ClockDifference {
    pub fn new(client_time: Timestamp, now: Timestamp) -> Self {
        let difference = now.as_micros().saturating_sub(client_time.as_micros());
        let is_right = difference.unsigned_abs() <= CLOCK_DIFFERENCE_MAX_MICROS;
        Self { micros: if is_right { 0 } else { difference }, now }
    }

    /// The time by our clock. Nothing has happened in the future: who says so would be believed
    /// more than all others.
    pub fn correct(&self, time: Timestamp) -> Timestamp {
        Timestamp::from_micros(time.as_micros().saturating_add(self.micros)).min(self.now)
    }
}

/// A server below, as it is known before a report.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct KnownServer {
    /// [`ASKED_SERVER`] where it takes from this server.
    pub parent: ServerId,
    pub last_rollup: Option<Timestamp>,
}

/// The servers below this one.
#[derive(Debug, Clone, Default)]
pub struct ServerTree(HashMap<ServerId, KnownServer>);

/// Why what a server tells of servers is refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum TreeError {
    #[error("the server {0} is not known here")]
    Unknown(ServerId),
    #[error("the server {0} would be below itself")]
    Circle(ServerId),
}

impl FromIterator<(ServerId, KnownServer)> for ServerTree {
    fn from_iter<T: IntoIterator<Item = (ServerId, KnownServer)>>(servers: T) -> Self {
        Self(servers.into_iter().collect())
    }
}

impl ServerTree {
    pub fn contains(&self, server: ServerId) -> bool {
        self.0.contains_key(&server)
    }

    pub fn len(&self) -> usize {
        self.0.len()
    }

    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The server, those that take from it, and so on down. Empty if it is not known.
    pub fn subtree(&self, server: ServerId) -> HashSet<ServerId> {
        let is_in = |at: &ServerId| self.chain(*at).any(|above| above == server);
        if self.contains(server) { self.0.keys().copied().filter(is_in).collect() } else { HashSet::new() }
    }

    /// What of a report is to be written ([MS-WSUSSS] 3.1.4.14): what is older than what is known
    /// is ignored. `own` is this server. The caller is the server whose parent we are; it has come
    /// through the handshake, for a stranger is not believed (fact 58).
    pub fn place(&self, own: ServerId, reports: Vec<ServerReport>) -> Result<Vec<ServerReport>, TreeError> {
        let mut next = self.clone();
        let mut placed = Vec::with_capacity(reports.len());
        for mut report in reports {
            if report.parent == own {
                report.parent = ASKED_SERVER;
            }
            next.check(own, &report)?;
            let known = next.0.get(&report.server);
            if known.is_some_and(|known| known.last_rollup > report.last_rollup) {
                continue;
            }
            let (parent, last_rollup) = (report.parent, report.last_rollup);
            next.0.insert(report.server, KnownServer { parent, last_rollup });
            placed.push(report);
        }
        Ok(placed)
    }

    fn check(&self, own: ServerId, report: &ServerReport) -> Result<(), TreeError> {
        let (server, parent) = (report.server, report.parent);
        let introduced = if parent == ASKED_SERVER { server } else { parent };
        if server == ASKED_SERVER {
            return Err(TreeError::Unknown(server));
        }
        if !self.contains(introduced) {
            return Err(TreeError::Unknown(introduced));
        }
        if server == own || self.chain(parent).any(|above| above == server) {
            return Err(TreeError::Circle(server));
        }
        Ok(())
    }

    /// The server, the one that it takes from, and so on up to this one.
    fn chain(&self, server: ServerId) -> impl Iterator<Item = ServerId> + '_ {
        std::iter::successors(Some(server), |at| self.0.get(at).map(|known| known.parent))
            .take(self.len() + 1)
    }
}

/// A computer as it is known before a report.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct KnownComputer {
    /// `None` for this server.
    pub server: Option<ServerId>,
    pub last_contact: Timestamp,
    pub last_sync: Option<Timestamp>,
}

/// What becomes of a report about a computer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reception {
    /// What is known here is newer.
    Ignored,
    /// It was deleted here after it was last seen there.
    Deleted,
    Taken {
        /// Its details are not known here, or are another server's.
        wants_details: bool,
    },
}

/// Judges a report about a computer ([MS-WSUSSS] 3.1.4.15). Where the specification compares the
/// times of the last scans, a computer of our own also counts as seen when it only said hello.
pub fn receive(
    known: Option<&KnownComputer>,
    deleted_at: Option<Timestamp>,
    report: &ComputerReport,
) -> Reception {
    let is_new_here = match known {
        None if deleted_at.is_some_and(|deleted_at| report.last_sync < Some(deleted_at)) => {
            return Reception::Deleted;
        }
        None => true,
        Some(KnownComputer { server: None, last_contact, .. }) if Some(*last_contact) > report.last_sync => {
            return Reception::Ignored;
        }
        Some(known) if known.last_sync > report.last_sync => return Reception::Ignored,
        Some(known) => known.server != Some(report.server),
    };
    Reception::Taken { wants_details: is_new_here && report.details.is_none() }
}

#[cfg(test)]
#[path = "rollup_tests.rs"]
mod tests;
