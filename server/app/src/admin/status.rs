//! How far the computers are: by update, by computer, and altogether.

use std::collections::HashSet;

use headwater_catalog::{Kind, UpdateIx};
use headwater_model::{ClientId, GroupId, Timestamp};
use headwater_policy::compliance::{Computers, CountedUpdate, CountedUpdates, UpdateNumber};
pub use headwater_policy::compliance::{Counts, State, Verdict};

use super::computers::ComputerRow;
use crate::error::AppError;
use crate::live::{Served, number};
use crate::start::App;

/// How far the computers of a group, or all, are.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct StatusSummary {
    pub computers: Verdict,
    /// Those of them without contact for long.
    pub silent: u64,
    /// Updates that are approved for at least one of the groups.
    pub approved: u64,
    /// Updates that at least one computer needs.
    pub needed: u64,
    /// Needed updates that are approved for none of the groups.
    pub needed_unapproved: u64,
    /// Updates that failed on at least one computer.
    pub failed: u64,
}

/// What a computer said about an update.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ComputerUpdate {
    pub update: UpdateIx,
    pub state: State,
    /// Absent where it follows from what was never said.
    pub since: Option<Timestamp>,
    /// 0 where it did not fail, or did not say why.
    pub hresult: i32,
}

/// The state of one update on a computer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UpdateOnComputer {
    pub client: ClientId,
    pub state: State,
    /// Absent where it follows from what was never said.
    pub since: Option<Timestamp>,
    /// 0 where it did not fail, or did not say why.
    pub hresult: i32,
}

impl App {
    /// What all computers said about updates, each by its rows alone.
    pub fn update_rows(&self, served: &Served, updates: &[UpdateIx]) -> Vec<Counts> {
        let members = self.live.members(None);
        let status = self.live.status();
        let rows = |at: &UpdateIx| served.number(*at).map(|number| status.rows(number, &members));
        updates.iter().map(|at| rows(at).unwrap_or_default()).collect()
    }

    /// The state of an update on these computers. Of what agents take no inventory of, only what
    /// they said counts.
    pub fn update_counts(&self, served: &Served, at: UpdateIx, members: &Computers) -> Counts {
        let Some(number) = served.number(at) else { return Counts::default() };
        match served.is_inventoried(at) {
            true => self.live.status().counts(number, served.arrived_at(at), members),
            false => self.live.status().rows(number, members),
        }
    }

    /// The states of many updates on these computers, each as [`App::update_counts`] counts them.
    pub fn updates_counts(&self, served: &Served, updates: &[UpdateIx], members: &Computers) -> Vec<Counts> {
        let mut counts = vec![Counts::default(); updates.len()];
        let (mut places, mut inventoried) = (Vec::new(), Vec::new());
        let status = self.live.status();
        for (place, at) in updates.iter().enumerate() {
            let Some(number) = served.number(*at) else { continue };
            if served.is_inventoried(*at) {
                places.push(place);
                inventoried.push((number, served.arrived_at(*at)));
            } else {
                counts[place] = status.rows(number, members);
            }
        }
        for (place, counted) in places.into_iter().zip(status.counts_of_all(&inventoried, members)) {
            counts[place] = counted;
        }
        counts
    }

    /// The state of an update on each of these computers, as [`App::update_counts`] counts them.
    pub fn update_states(
        &self,
        served: &Served,
        at: UpdateIx,
        computers: &[ComputerRow],
    ) -> Vec<Option<State>> {
        let Some(update) = served.number(at) else { return vec![None; computers.len()] };
        let (arrived_at, is_inventoried) = (served.arrived_at(at), served.is_inventoried(at));
        let status = self.live.status();
        let state = |row: &ComputerRow| {
            let state = status.state_of(update, arrived_at, number(row.computer)?);
            (is_inventoried || State::EXPLICIT.contains(&state)).then_some(state)
        };
        computers.iter().map(state).collect()
    }

    /// The state of each update on a computer, as [`App::computer_counts`] counts them.
    pub async fn computer_states(
        &self,
        served: &Served,
        computer: &ComputerRow,
    ) -> Result<Vec<(UpdateIx, State)>, AppError> {
        let status = self.store.status_of(&[computer.computer]).await?.remove(&computer.computer);
        let status = status.unwrap_or_default();
        let state = |(at, update): (UpdateIx, CountedUpdate)| {
            let counts = update.is_inventoried || status.row(update.number).is_some();
            counts.then(|| (at, status.state_of(update.number, update.arrived_at)))
        };
        Ok(served.counted().filter_map(state).collect())
    }

    /// The states of all updates on each of these computers.
    pub async fn computer_counts(
        &self,
        served: &Served,
        computers: &[ComputerRow],
    ) -> Result<Vec<Counts>, AppError> {
        let ids: Vec<i64> = computers.iter().map(|row| row.computer).collect();
        let mut status = self.store.status_of(&ids).await?;
        let counted: CountedUpdates = served.counted().map(|(_, update)| update).collect();
        Ok(ids.iter().map(|id| counted.on(&status.remove(id).unwrap_or_default())).collect())
    }

    /// The updates that are in one of these states on a computer, in the order of the states, then by title.
    pub async fn computer_updates(
        &self,
        served: &Served,
        computer: &ComputerRow,
        states: &[State],
    ) -> Result<Vec<ComputerUpdate>, AppError> {
        let status = self.store.status_of(&[computer.computer]).await?.remove(&computer.computer);
        let status = status.unwrap_or_default();
        let known = |(at, update): (UpdateIx, CountedUpdate)| {
            let row = status.row(update.number);
            let counts = update.is_inventoried || row.is_some();
            let state = status.state_of(update.number, update.arrived_at);
            (counts && states.contains(&state)).then(|| ComputerUpdate {
                update: at,
                state,
                since: row.map(|row| row.since),
                hresult: row.map_or(0, |row| row.hresult),
            })
        };
        let mut updates: Vec<ComputerUpdate> = served.counted().filter_map(known).collect();
        let title = |at: UpdateIx| &*served.catalogue.card(served.newest(at)).title;
        let place = |state: State| states.iter().position(|one| *one == state);
        updates.sort_by_key(|one| (place(one.state), title(one.update)));
        Ok(updates)
    }

    /// The computers without contact since then.
    pub async fn silent_members(&self, since: Timestamp) -> Result<Computers, AppError> {
        Ok(self.store.silent(since).await?.into_iter().filter_map(number).collect())
    }

    /// The computers on which an update is in one of these states, as [`App::update_counts`] counts them: those
    /// after a client in the order of clients, so many at most.
    pub async fn update_computers(
        &self,
        served: &Served,
        at: UpdateIx,
        states: &[State],
        after: Option<&ClientId>,
        limit: usize,
    ) -> Result<Vec<UpdateOnComputer>, AppError> {
        let Some(update) = served.number(at) else { return Ok(Vec::new()) };
        let (arrived_at, is_inventoried) = (served.arrived_at(at), served.is_inventoried(at));
        let mut found: Vec<(ClientId, i64, State)> = {
            let clients = self.live.clients();
            let status = self.live.status();
            let known = |(client, computer): (ClientId, i64)| {
                let state = status.state_of(update, arrived_at, number(computer)?);
                let counts = is_inventoried || State::EXPLICIT.contains(&state);
                (counts && states.contains(&state)).then_some((client, computer, state))
            };
            let wanted = clients.into_iter().filter(|(client, _)| after.is_none_or(|after| client > after));
            wanted.filter_map(known).collect()
        };
        found.sort_unstable_by(|one, other| one.0.cmp(&other.0));
        found.truncate(limit);
        // What has no row was not told at any time.
        let rows = found.iter().filter(|(.., state)| State::EXPLICIT.contains(state));
        let status =
            self.store.status_of(&rows.map(|(_, computer, _)| *computer).collect::<Vec<_>>()).await?;
        let told = |(client, computer, state): (ClientId, i64, State)| {
            let row = status.get(&computer).and_then(|status| status.row(update));
            let (since, hresult) = (row.map(|row| row.since), row.map_or(0, |row| row.hresult));
            UpdateOnComputer { client, state, since, hresult }
        };
        Ok(found.into_iter().map(told).collect())
    }

    /// How far the computers in a group and beneath it are, or all.
    pub async fn status_summary(
        &self,
        group: Option<GroupId>,
        silent_since: Timestamp,
    ) -> Result<StatusSummary, AppError> {
        let silent = self.silent_members(silent_since).await?;
        let served = self.live.served();
        let groups =
            group.map(|group| served.offers.groups.subtree(group).into_iter().collect::<HashSet<_>>());
        if groups.as_ref().is_some_and(HashSet::is_empty) {
            return Err(AppError::NotFound("there is no such group; `group list` shows all".to_owned()));
        }
        let members = self.live.members(groups.as_ref());
        // What is approved for a group above reaches its computers too.
        let reaching = groups.map(|mut groups| {
            groups.extend(group.into_iter().flat_map(|group| served.offers.groups.chain(group)));
            groups
        });
        let mut summary =
            StatusSummary { silent: silent.intersection_len(&members), ..StatusSummary::default() };
        let counted = served.not_declined();
        let status = self.live.status();
        for (at, number) in &counted {
            let rows = status.rows(*number, &members);
            let approved = served.is_approved(*at, reaching.as_ref());
            summary.approved += u64::from(approved);
            summary.needed += u64::from(rows.needed() > 0);
            summary.needed_unapproved += u64::from(rows.needed() > 0 && !approved);
            summary.failed += u64::from(rows.get(State::Failed) > 0);
        }
        summary.computers = status.verdict(counted.iter().map(|(_, number)| *number), &members);
        Ok(summary)
    }
}

impl Served {
    pub(super) fn number(&self, at: UpdateIx) -> Option<UpdateNumber> {
        self.catalogue.numbers.number(self.catalogue.index.update(at).id)
    }

    /// When the first revision of an update arrived that is still here.
    pub(super) fn arrived_at(&self, at: UpdateIx) -> Timestamp {
        let index = &self.catalogue.index;
        let arrivals = index.update(at).revisions.iter().map(|at| index.revision(*at).arrived_at);
        arrivals.min().unwrap_or(Timestamp::MAX)
    }

    /// Whether agents take inventory of an update: of leaf software that can stand alone (fact 41).
    pub(super) fn is_inventoried(&self, at: UpdateIx) -> bool {
        let index = &self.catalogue.index;
        let newest = index.revision(self.newest(at));
        newest.kind == Kind::Software && newest.explicitly_deployable && index.update(at).is_leaf
    }

    /// Software and drivers that are not declined: computers have a state of these only.
    fn not_declined(&self) -> Vec<(UpdateIx, UpdateNumber)> {
        let index = &self.catalogue.index;
        let counts = |at: &UpdateIx| {
            matches!(index.revision(self.newest(*at)).kind, Kind::Software | Kind::Driver)
                && !self.offers.declined.contains(&index.update(*at).id)
        };
        let updates = (0..index.updates().len() as u32).map(UpdateIx).filter(counts);
        updates.filter_map(|at| Some((at, self.number(at)?))).collect()
    }

    /// The updates of which computers have a state. Of what agents take no inventory of, only what they said counts.
    fn counted(&self) -> impl Iterator<Item = (UpdateIx, CountedUpdate)> {
        self.not_declined().into_iter().map(|(at, number)| {
            let (arrived_at, is_inventoried) = (self.arrived_at(at), self.is_inventoried(at));
            (at, CountedUpdate { number, arrived_at, is_inventoried })
        })
    }

    fn is_approved(&self, at: UpdateIx, groups: Option<&HashSet<GroupId>>) -> bool {
        self.offers.approvals(at).any(|approval| {
            approval.action.is_some() && groups.is_none_or(|groups| groups.contains(&approval.group))
        })
    }
}
