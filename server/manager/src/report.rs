//! Reports: how the computers stand, counted from the mirror; and what failed on them, asked at their servers.

use std::collections::{BTreeSet, HashMap, HashSet};

use futures_util::stream::{self, StreamExt as _};
use headwater_api::{
    Caveat, Compliance, ComplianceBy, ComputerDetail, ComputerSummary, ComputerUpdateState, PAGE_LIMIT_MAX,
    Page, Standing, Told, UpdateFailure,
};
use headwater_model::{ClientId, GroupId, Timestamp};

use crate::details::Silent;
use crate::mirror::page;
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

impl Mirror {
    /// Of all computers, as they stand.
    fn compliance_of_all(&self) -> Compliance {
        let mut all = Compliance::default();
        for computer in self.computers.all() {
            count(&mut all, standing(computer));
        }
        all
    }

    fn compliance_by_group(&self) -> Vec<Compliance> {
        let tree = self.tree.group_tree();
        // The groups that a computer of a group counts for: that one and those above it.
        let mut counts_for: HashMap<GroupId, Vec<GroupId>> = HashMap::new();
        for group in &self.tree.groups {
            for beneath in tree.subtree(group.id) {
                counts_for.entry(beneath).or_default().push(group.id);
            }
        }
        let mut rows: HashMap<GroupId, Compliance> = HashMap::new();
        for computer in self.computers.all() {
            let own = computer.groups.iter().filter_map(|group| counts_for.get(&group.id));
            let groups: HashSet<GroupId> = own.flatten().copied().collect();
            for group in groups {
                count(rows.entry(group).or_default(), standing(computer));
            }
        }
        let row = |group: &headwater_api::linkage::WsusGroup| Compliance {
            id: group.id.to_string(),
            name: group.name.clone(),
            ..rows.remove(&group.id).unwrap_or_default()
        };
        sorted(self.tree.groups.iter().map(row).collect())
    }

    fn compliance_by_server(&self) -> Vec<Compliance> {
        let mut rows: Vec<Compliance> = Vec::with_capacity(self.tree.servers.len());
        let mut places = HashMap::new();
        for server in &self.tree.servers {
            places.insert(server.server.id, rows.len());
            let (id, name) = (server.server.id.to_string(), server.server.name.clone());
            rows.push(Compliance { id, name, ..Compliance::default() });
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
        let row = |update: &headwater_api::UpdateSummary| Compliance {
            id: update.id.to_string(),
            name: update.title.clone(),
            computers: update.installed + update.needed,
            complete: update.installed,
            needing: update.needed.saturating_sub(update.failed),
            failing: update.failed.min(update.needed),
            ..Compliance::default()
        };
        sorted(approved.map(row).collect())
    }

    /// All computers that stand so, by name.
    pub fn that_stand(&self, wanted: Standing) -> impl Iterator<Item = &ComputerSummary> {
        self.computers.all().iter().filter(move |computer| standing(computer) == wanted)
    }

    /// A page of them.
    pub fn standing(&self, wanted: Standing, after: Option<&str>) -> Page<ComputerSummary> {
        self.page_of(|computer| standing(computer) == wanted, PAGE, after, ComputerSummary::clone)
    }

    fn page_of<T>(
        &self,
        holds: impl Fn(&ComputerSummary) -> bool,
        limit: u32,
        after: Option<&str>,
        told: impl Fn(&ComputerSummary) -> T,
    ) -> Page<T> {
        let all = self.computers.all();
        let places = (0..all.len()).filter(|at| holds(&all[*at])).collect();
        let key = |at: usize| all[at].id.to_string();
        page(places, Direction::default(), Some(limit), after, key, |at| told(&all[at]))
    }
}

impl Manager {
    /// How many computers of each group, server or day stand how; or of each approved update, by how it stands.
    pub async fn compliance(&self, by: ComplianceBy) -> Result<Vec<Compliance>, ManagerError> {
        let mirror = self.mirror();
        match by {
            ComplianceBy::Group => Ok(mirror.compliance_by_group()),
            ComplianceBy::Server => Ok(mirror.compliance_by_server()),
            ComplianceBy::Update => Ok(mirror.compliance_by_update()),
            ComplianceBy::Day => self.compliance_by_day().await,
        }
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

    /// What failed on which computer, in the order of their names; which computers are asked for is read from the
    /// mirror. Those whose server is not reached are told by the top as far as it knows them, and where it does not,
    /// the server is named. Whoever reads several pages waits for a `silent` server once.
    pub async fn failures(
        &self,
        after: Option<&str>,
        silent: &Silent,
    ) -> Result<Told<Page<UpdateFailure>>, ManagerError> {
        let (mirror, way, linkages) = (self.read().await?, self.way().await?, self.store.linkages().await?);
        let fails = |computer: &ComputerSummary| computer.status.failed > 0;
        let Page { items: failing, next, total } =
            mirror.page_of(fails, ASKED_PAGE, after, |one| (one.id.clone(), one.server.clone()));
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

fn count(row: &mut Compliance, standing: Standing) {
    row.computers += 1;
    *match standing {
        Standing::Silent => &mut row.silent,
        Standing::Unreported => &mut row.unreported,
        Standing::Failing => &mut row.failing,
        Standing::Needing => &mut row.needing,
        Standing::PendingRestart => &mut row.pending_restart,
        Standing::Complete => &mut row.complete,
    } += 1;
}

fn sorted(mut rows: Vec<Compliance>) -> Vec<Compliance> {
    rows.sort_by_cached_key(|row| (row.name.to_lowercase(), row.id.clone()));
    rows
}

#[cfg(test)]
#[path = "report_tests.rs"]
mod tests;
