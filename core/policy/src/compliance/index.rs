//! The status of all computers by update, as bitmaps: a summary is an intersection.
//!
//! A row takes two bytes where few computers have it, and less the more have it: 100,000 computers
//! with 300 rows each take 26 MB in the benchmark and cannot take more than 60 MB.

use std::collections::HashMap;

use headwater_model::Timestamp;
use roaring::RoaringBitmap;

use super::{ComputerStatus, Row, State, UpdateNumber};

/// Computers by the database's numbers for them.
pub type Computers = RoaringBitmap;

/// How many computers are in each state.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Counts([u64; 7]);

impl Counts {
    pub fn get(&self, state: State) -> u64 {
        self.0[state as usize]
    }

    pub fn add(&mut self, state: State, more: u64) {
        self.0[state as usize] += more;
    }

    fn sum(&self) -> u64 {
        self.0.iter().sum()
    }

    /// Those that need the update and do not have it, failed ones included.
    pub fn needed(&self) -> u64 {
        self.get(State::NotInstalled) + self.get(State::Downloaded) + self.get(State::Failed)
    }

    /// Those that have the update, those that wait for a restart included.
    pub fn installed(&self) -> u64 {
        self.get(State::Installed) + self.get(State::InstalledPendingReboot)
    }
}

/// How computers are; each is in one of these only, where it is worst.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Verdict {
    /// At least one update failed.
    pub failed: u64,
    /// None failed, at least one is needed.
    pub needing: u64,
    /// Nothing is known of it yet.
    pub unknown: u64,
    /// It has all that it needs.
    pub up_to_date: u64,
}

/// The computers in each of [`State::EXPLICIT`].
type ByState = [Computers; State::EXPLICIT.len()];

/// The rows of all computers by update. Made of the rows, and equal to them at any time.
#[derive(Debug, Default)]
pub struct StatusIndex {
    updates: HashMap<UpdateNumber, ByState>,
    detections: HashMap<u32, Timestamp>,
}

impl StatusIndex {
    /// Takes in that the status of a computer changed. `old` must be what was put in before.
    pub fn replace(&mut self, computer: u32, old: &ComputerStatus, new: &ComputerStatus) {
        for row in old.rows().iter().filter(|row| !is_in(new, row)) {
            self.clear(computer, row);
        }
        for row in new.rows().iter().filter(|row| !is_in(old, row)) {
            self.set(computer, row);
        }
        match new.last_effective_detection() {
            Some(detection) => drop(self.detections.insert(computer, detection)),
            None => drop(self.detections.remove(&computer)),
        }
    }

    /// Forgets computers, in one walk over all updates however many they are.
    pub fn remove(&mut self, computers: &Computers) {
        for computer in computers {
            self.detections.remove(&computer);
        }
        self.updates.retain(|_, states| {
            for bitmap in states.iter_mut() {
                *bitmap -= computers;
            }
            states.iter().any(|bitmap| !bitmap.is_empty())
        });
    }

    /// The computers in a state; `None` for none, and for states that follow from there being
    /// no row.
    pub fn computers(&self, update: UpdateNumber, state: State) -> Option<&Computers> {
        self.updates.get(&update)?.get(slot(state)?)
    }

    /// The members on which an update that arrived here at a time is in a state.
    pub fn in_state(
        &self,
        update: UpdateNumber,
        arrived_at: Timestamp,
        state: State,
        members: &Computers,
    ) -> Computers {
        if slot(state).is_some() {
            return self.computers(update, state).map(|of_all| of_all & members).unwrap_or_default();
        }
        let mut others = members.clone();
        for explicit in State::EXPLICIT {
            if let Some(computers) = self.computers(update, explicit) {
                others -= computers;
            }
        }
        let seen = |computer: &u32| self.detections.get(computer).is_some_and(|at| *at > arrived_at);
        others.into_iter().filter(|computer| seen(computer) == (state == State::NotApplicable)).collect()
    }

    /// How many of the members have a row of an update, by its state.
    pub fn rows(&self, update: UpdateNumber, members: &Computers) -> Counts {
        let mut counts = Counts::default();
        for state in State::EXPLICIT {
            counts.add(state, self.count(update, state, members));
        }
        counts
    }

    /// The states of an update that arrived here at a time, on the members; each counts once.
    pub fn counts(&self, update: UpdateNumber, arrived_at: Timestamp, members: &Computers) -> Counts {
        let mut counts = Counts::default();
        let mut others = members.clone();
        for state in State::EXPLICIT {
            counts.add(state, self.count(update, state, members));
            if let Some(computers) = self.computers(update, state) {
                others -= computers;
            }
        }
        let seen = |computer: &u32| self.detections.get(computer).is_some_and(|at| *at > arrived_at);
        let not_applicable = others.iter().filter(seen).count() as u64;
        counts.add(State::NotApplicable, not_applicable);
        counts.add(State::Unknown, others.len() - not_applicable);
        counts
    }

    /// The same of many updates, each with when it arrived. Who has told nothing since is not looked for anew for each
    /// of them: a catalogue has tens of thousands of updates, and a server as many computers.
    pub fn counts_of_all(&self, updates: &[(UpdateNumber, Timestamp)], members: &Computers) -> Vec<Counts> {
        let detection = |computer: u32| Some((*self.detections.get(&computer)?, computer));
        let mut detections: Vec<(Timestamp, u32)> = members.iter().filter_map(detection).collect();
        detections.sort_unstable();
        let mut in_order: Vec<usize> = (0..updates.len()).collect();
        in_order.sort_by_key(|at| updates[*at].1);
        // Who has told nothing since one update arrived has told nothing since a later one did.
        let mut unheard: Computers =
            members.iter().filter(|computer| !self.detections.contains_key(computer)).collect();
        let mut left = detections.into_iter().peekable();
        let mut all = vec![Counts::default(); updates.len()];
        for at in in_order {
            let (update, arrived_at) = updates[at];
            while let Some((_, computer)) = left.next_if(|(detection, _)| *detection <= arrived_at) {
                unheard.insert(computer);
            }
            let (counts, of_unheard) = (self.rows(update, members), self.rows(update, &unheard));
            let unknown = unheard.len() - of_unheard.sum();
            all[at] = counts;
            all[at].add(State::Unknown, unknown);
            all[at].add(State::NotApplicable, members.len() - counts.sum() - unknown);
        }
        all
    }

    /// The state of an update that arrived here at a time, on a computer (fact 41).
    pub fn state_of(&self, update: UpdateNumber, arrived_at: Timestamp, computer: u32) -> State {
        let is_in =
            |state: &State| self.computers(update, *state).is_some_and(|in_it| in_it.contains(computer));
        let seen = || self.detections.get(&computer).is_some_and(|at| *at > arrived_at);
        match State::EXPLICIT.into_iter().find(is_in) {
            Some(state) => state,
            None if seen() => State::NotApplicable,
            None => State::Unknown,
        }
    }

    /// How the members are with regard to these updates.
    pub fn verdict(&self, updates: impl IntoIterator<Item = UpdateNumber>, members: &Computers) -> Verdict {
        let (mut failed, mut needing) = (Computers::new(), Computers::new());
        for states in updates.into_iter().filter_map(|update| self.updates.get(&update)) {
            for (state, computers) in State::EXPLICIT.iter().zip(states) {
                match state {
                    State::Failed => failed |= computers,
                    State::NotInstalled | State::Downloaded => needing |= computers,
                    _ => {}
                }
            }
        }
        failed &= members;
        needing &= members;
        needing -= &failed;
        let rest = members - (&failed | &needing);
        let up_to_date = rest.iter().filter(|computer| self.detections.contains_key(computer)).count() as u64;
        Verdict { failed: failed.len(), needing: needing.len(), unknown: rest.len() - up_to_date, up_to_date }
    }

    /// What the bitmaps take, in bytes, to within a few percent.
    pub fn bitmap_bytes(&self) -> usize {
        self.updates.values().flatten().map(Computers::serialized_size).sum()
    }

    fn count(&self, update: UpdateNumber, state: State, members: &Computers) -> u64 {
        self.computers(update, state).map_or(0, |computers| computers.intersection_len(members))
    }

    fn set(&mut self, computer: u32, row: &Row) {
        let states = self.updates.entry(row.update).or_default();
        if let Some(bitmap) = slot(row.state).and_then(|slot| states.get_mut(slot)) {
            bitmap.insert(computer);
        }
    }

    fn clear(&mut self, computer: u32, row: &Row) {
        let Some(states) = self.updates.get_mut(&row.update) else { return };
        if let Some(bitmap) = slot(row.state).and_then(|slot| states.get_mut(slot)) {
            bitmap.remove(computer);
        }
        if states.iter().all(Computers::is_empty) {
            self.updates.remove(&row.update);
        }
    }
}

fn is_in(status: &ComputerStatus, row: &Row) -> bool {
    status.row(row.update).is_some_and(|known| known.state == row.state)
}

/// Where the bitmap of a state is.
fn slot(state: State) -> Option<usize> {
    State::EXPLICIT.iter().position(|explicit| *explicit == state)
}
