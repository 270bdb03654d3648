//! How many updates are in which state on one computer.

use std::collections::HashMap;

use headwater_model::Timestamp;

use super::{ComputerStatus, Counts, State, UpdateNumber};

/// An update of which computers have a state.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CountedUpdate {
    pub number: UpdateNumber,
    /// When its first revision arrived here.
    pub arrived_at: Timestamp,
    /// Whether agents take inventory of it. Of what they do not, only what they said counts.
    pub is_inventoried: bool,
}

/// The updates that count, prepared for many computers.
#[derive(Debug, Clone, Default)]
pub struct CountedUpdates {
    by_number: HashMap<UpdateNumber, CountedUpdate>,
    /// When those arrived of which agents take inventory, sorted.
    arrivals: Vec<Timestamp>,
}

impl FromIterator<CountedUpdate> for CountedUpdates {
    fn from_iter<I: IntoIterator<Item = CountedUpdate>>(updates: I) -> Self {
        let by_number: HashMap<_, _> = updates.into_iter().map(|update| (update.number, update)).collect();
        let inventoried = by_number.values().filter(|update| update.is_inventoried);
        let mut arrivals: Vec<Timestamp> = inventoried.map(|update| update.arrived_at).collect();
        arrivals.sort_unstable();
        Self { by_number, arrivals }
    }
}

impl CountedUpdates {
    /// The states of all updates on a computer, as [`ComputerStatus::state_of`] has each. Takes as long as the computer
    /// has rows: a list asks for thousands of computers, and a catalogue has tens of thousands of updates.
    pub fn on(&self, status: &ComputerStatus) -> Counts {
        let last_detection = status.last_effective_detection();
        let had_arrived = |at: &Timestamp| last_detection > Some(*at);
        let mut not_applicable = self.arrivals.partition_point(had_arrived) as u64;
        let mut unknown = self.arrivals.len() as u64 - not_applicable;
        let mut counts = Counts::default();
        for row in status.rows() {
            let Some(update) = self.by_number.get(&row.update) else { continue };
            counts.add(row.state, 1);
            if update.is_inventoried {
                let without_row =
                    if had_arrived(&update.arrived_at) { &mut not_applicable } else { &mut unknown };
                *without_row -= 1;
            }
        }
        counts.add(State::NotApplicable, not_applicable);
        counts.add(State::Unknown, unknown);
        counts
    }
}
