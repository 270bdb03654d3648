//! Reports: how the computers stand, counted from the mirror; and what failed on them, asked at their servers.

use std::cmp::Reverse;
use std::collections::{BTreeSet, HashMap, HashSet};

use futures_util::stream::{self, StreamExt as _};
use headwater_api::linkage::WsusGroup;
use headwater_api::{
    Caveat, Compliance, ComplianceBy, ComputerDetail, ComputerSummary, ComputerUpdateState, FailureOrder,
    FailuresQuery, PAGE_LIMIT_MAX, Page, ServerRef, Standing, StandingQuery, Told, UpdateFailure,
    UpdateSummary,
};
use headwater_model::{ClientId, GroupId, ServerId, Timestamp};

use crate::details::Silent;
use crate::mirror::{is_in, page};
use crate::{Direction, Manager, ManagerError, Mirror};

/// Computers of one page of a list.
const PAGE: u32 = PAGE_LIMIT_MAX;
/// Computers of one page of failures, each of which is asked for.
const ASKED_PAGE: u32 = 200;
/// Computers that are asked for at the same time.
const ASKED_AT_ONCE: usize = 16;
const SECONDS_PER_DAY: i64 = 86_400;

/// How a computer stands: the first that holds.
pub fn standing(computer: &ComputerSummary) -> Standing {
    let status = &computer.status;
    match () {
        () if computer.silent => Standing::Silent,
        () if computer.last_report_at.is_none() => Standing::Unreported,
        () if status.failed > 0 => Standing::Failing,
        () if status.needed + status.downloaded > 0 => Standing::Needing,
        () if status.pending_restart > 0 => Standing::PendingRestart,
        () => Standing::Complete,
    }
}

/// Of which computers a report is: of all, or of those in a group or beneath it, and of those that report to a server.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Part {
    pub group: Option<GroupId>,
    pub server: Option<ServerId>,
}

impl Mirror {
    /// Of all computers, as they stand.
    fn compliance_of_all(&self) -> Compliance {
        let mut all = nobody(String::new(), String::new());
        for computer in self.computers.all() {
            count(&mut all, standing(computer));
        }
        all
    }

    fn compliance_by_group(&self) -> Vec<Compliance> {
        let tree = self.tree.group_tree();
        let row = |group: &WsusGroup| (group.id, nobody(group.id.to_string(), group.name.clone()));
        let mut rows: HashMap<GroupId, Compliance> = self.tree.groups.iter().map(row).collect();
        for computer in self.computers.all() {
            // It counts for its own groups and for those above them.
            let own = computer.groups.iter().filter(|group| rows.contains_key(&group.id));
            let groups: HashSet<GroupId> = own.flat_map(|group| tree.chain(group.id)).collect();
            for group in groups {
                if let Some(row) = rows.get_mut(&group) {
                    count(row, standing(computer));
                }
            }
        }
        sorted(rows.into_values().collect())
    }

    fn compliance_by_server(&self) -> Vec<Compliance> {
        let mut rows: Vec<Compliance> = Vec::with_capacity(self.tree.servers.len());
        let mut places = HashMap::new();
        for server in &self.tree.servers {
            places.insert(server.server.id, rows.len());
            rows.push(nobody(server.server.id.to_string(), server.server.name.clone()));
        }
        for computer in self.computers.all() {
            let home = computer.server.as_ref().and_then(|home| places.get(&home.id));
            if let Some(row) = home.and_then(|at| rows.get_mut(*at)) {
                count(row, standing(computer));
            }
        }
        rows
    }

    fn compliance_by_update(&self) -> Vec<Compliance> {
        let approved = self.updates.all().iter().filter(|update| update.approved_groups > 0);
        sorted(approved.map(of_update).collect())
    }

    /// All computers of a part that stand so, by name.
    pub fn that_stand(&self, wanted: Standing, of: &Part) -> impl Iterator<Item = &ComputerSummary> {
        let has = self.part(of);
        self.computers.all().iter().filter(move |computer| standing(computer) == wanted && has(computer))
    }

    /// A page of them.
    pub fn standing(&self, query: &StandingQuery) -> Page<ComputerSummary> {
        let has = self.part(&Part { group: query.group, server: query.server });
        let holds = |computer: &ComputerSummary| standing(computer) == query.standing && has(computer);
        let all = self.computers.all();
        let places = (0..all.len()).filter(|at| holds(&all[*at])).collect();
        let key = |at: usize| all[at].id.to_string();
        page(places, Direction::default(), Some(PAGE), query.after.as_deref(), key, |at| all[at].clone())
    }

    /// Whether a computer is of a part of the tree.
    fn part(&self, of: &Part) -> impl Fn(&ComputerSummary) -> bool + use<> {
        let groups = of.group.map(|group| HashSet::from_iter(self.tree.group_tree().subtree(group)));
        let server = of.server;
        move |computer| {
            groups.as_ref().is_none_or(|groups| is_in(computer, groups))
                && server.is_none_or(|id| computer.server.as_ref().is_some_and(|home| home.id == id))
        }
    }

    /// A page of the computers on which an update failed, each by its id and with its server.
    fn failing(&self, query: &FailuresQuery, limit: u32) -> Page<(ClientId, Option<ServerRef>)> {
        let (all, has) =
            (self.computers.all(), self.part(&Part { group: query.group, server: query.server }));
        let fails = |at: &usize| all[*at].status.failed > 0 && has(&all[*at]);
        let mut places: Vec<usize> = (0..all.len()).filter(fails).collect();
        let server = |at: &usize| all[*at].server.as_ref().map_or("", |home| home.name.as_str());
        match query.sort.unwrap_or_default() {
            FailureOrder::Name => {}
            FailureOrder::Server => places.sort_by_key(server),
            FailureOrder::Failed => places.sort_by_key(|at| Reverse(all[*at].status.failed)),
        }
        let (direction, after) = (Direction::of(query.reverse), query.after.as_deref());
        let key = |at: usize| all[at].id.to_string();
        let told = |at: usize| (all[at].id.clone(), all[at].server.clone());
        page(places, direction, Some(limit), after, key, told)
    }
}

impl Manager {
    /// How many computers of each group, server or day stand how; or of each approved update, by how it stands.
    pub async fn compliance(&self, by: ComplianceBy) -> Result<Told<Vec<Compliance>>, ManagerError> {
        let mirror = self.mirror();
        let rows = match by {
            ComplianceBy::Group => mirror.compliance_by_group(),
            ComplianceBy::Server => mirror.compliance_by_server(),
            ComplianceBy::Update => mirror.compliance_by_update(),
            ComplianceBy::Day => self.compliance_by_day().await?,
        };
        let mut told = mirror.told(rows);
        if by == ComplianceBy::Update {
            told.caveat.without = mirror.uncounted.to_vec();
        }
        Ok(told)
    }

    async fn compliance_by_day(&self) -> Result<Vec<Compliance>, ManagerError> {
        let days = self.store.compliance_days().await?;
        let row = |(day, body): &(i64, String)| {
            let date = Timestamp::EPOCH.plus_seconds(day * SECONDS_PER_DAY).date().to_string();
            let counted: Compliance = serde_json::from_str(body).ok()?;
            Some(Compliance { id: date.clone(), name: date, ..counted })
        };
        Ok(days.iter().filter_map(row).collect())
    }

    /// Keeps how all computers stand for the day on which the mirror was read.
    pub(crate) async fn keep_compliance(&self) -> Result<(), ManagerError> {
        let mirror = self.mirror();
        let Some(read_at) = mirror.read_at else { return Ok(()) };
        let day = read_at.as_micros().div_euclid(SECONDS_PER_DAY * 1_000_000);
        let body = serde_json::to_string(&mirror.compliance_of_all()).unwrap_or_default();
        Ok(self.store.keep_compliance_day(day, &body).await?)
    }

    /// What failed on which computer; which computers are asked for, and in which order, is read from the mirror.
    /// Those whose server is not reached are told by the top as far as it knows them, and where it does not, the
    /// server is named. Whoever reads several pages waits for a `silent` server once.
    pub async fn failures(
        &self,
        query: &FailuresQuery,
        silent: &Silent,
    ) -> Result<Told<Page<UpdateFailure>>, ManagerError> {
        let (mirror, way, linkages) = (self.read().await?, self.way().await?, self.store.linkages().await?);
        let Page { items: failing, next, total } = mirror.failing(query, ASKED_PAGE);
        let asked = failing.into_iter().map(async |(client, home)| {
            let told = self.computer_by(&way, &linkages, &client, silent).await;
            (told.map(|detail| failures_of(&client, &detail)), home)
        });
        let asked: Vec<_> = asked.collect();
        let told: Vec<_> = stream::iter(asked).buffered(ASKED_AT_ONCE).collect().await;
        let (mut items, mut without) = (Vec::new(), BTreeSet::new());
        for (told, home) in told {
            match told {
                Ok(failures) => items.extend(failures),
                // It was forgotten meanwhile.
                Err(ManagerError::NotFound(_)) => {}
                Err(error) if error.is_of_a_server() => {
                    without.insert(home.map_or_else(|| way.top.name.clone(), |home| home.name));
                }
                Err(error) => return Err(error),
            }
        }
        let without = Caveat { without: without.into_iter().collect(), ..Caveat::default() };
        Ok(Told { value: Page { items, next, total }, caveat: mirror.caveat().and(without) })
    }
}

fn failures_of(client: &ClientId, detail: &ComputerDetail) -> Vec<UpdateFailure> {
    let failed = detail.updates.iter().filter(|one| one.state == ComputerUpdateState::Failed);
    let failure = |one: &headwater_api::ComputerUpdate| UpdateFailure {
        computer: client.clone(),
        computer_name: detail.summary.name.clone(),
        server: detail.summary.server.as_ref().map(|server| server.name.clone()),
        update: one.id,
        title: one.title.clone(),
        error: one.error.clone(),
        since: one.since,
    };
    failed.map(failure).collect()
}

/// An update on the computers that it may be for, by the words for how computers stand.
fn of_update(update: &UpdateSummary) -> Compliance {
    let row = Compliance { id: update.id.to_string(), name: update.title.clone(), ..Compliance::default() };
    let Some(states) = update.states else {
        return Compliance {
            computers: update.installed + update.needed,
            complete: update.installed,
            needing: update.needed.saturating_sub(update.failed),
            failing: update.failed.min(update.needed),
            ..row
        };
    };
    let (counts, silent) = states.told_apart();
    Compliance {
        computers: counts.open() + counts.installed + silent.unwrap_or_default(),
        complete: counts.installed,
        needing: counts.needed + counts.downloaded,
        failing: counts.failed,
        pending_restart: Some(counts.pending_restart),
        unreported: Some(counts.unknown),
        silent,
        not_applicable: Some(counts.not_applicable),
        ..row
    }
}

/// A row in which nobody is counted yet.
fn nobody(id: String, name: String) -> Compliance {
    let none = Some(0);
    Compliance { id, name, pending_restart: none, unreported: none, silent: none, ..Compliance::default() }
}

fn count(row: &mut Compliance, standing: Standing) {
    row.computers += 1;
    match standing {
        Standing::Failing => row.failing += 1,
        Standing::Needing => row.needing += 1,
        Standing::Complete => row.complete += 1,
        Standing::Silent => *row.silent.get_or_insert_default() += 1,
        Standing::Unreported => *row.unreported.get_or_insert_default() += 1,
        Standing::PendingRestart => *row.pending_restart.get_or_insert_default() += 1,
    }
}

fn sorted(mut rows: Vec<Compliance>) -> Vec<Compliance> {
    rows.sort_by_cached_key(|row| (row.name.to_lowercase(), row.id.clone()));
    rows
}

#[cfg(test)]
#[path = "report_tests.rs"]
mod tests;
