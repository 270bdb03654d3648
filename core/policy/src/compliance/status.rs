//! The status of one computer: a row for each update that it needs, has or failed on.

use std::collections::BTreeMap;

use headwater_model::Timestamp;

use super::event::INVENTORY_EVENT;
use super::packed::{PackedError, Packer, Unpacker, millis, whole_millis};
use super::{Event, Inventory, State, UpdateNumber, UpdateNumbers, effect};
use crate::rollup::StatusReport;

/// The form of the packed bytes.
const VERSION: u8 = 1;
/// The bits of a row's first number that hold its state.
const STATE_BITS: u32 = 3;

/// What a computer said about one update.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Row {
    pub update: UpdateNumber,
    /// One of [`State::EXPLICIT`].
    pub state: State,
    /// When the update came into that state, to the millisecond.
    pub since: Timestamp,
    /// Why it failed; 0 in other states and where the agent did not say.
    pub hresult: i32,
}

/// All that a computer said about updates.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ComputerStatus {
    /// Sorted by update, each once.
    rows: Vec<Row>,
    last_effective_detection: Option<Timestamp>,
}

/// What applying events came to, beside the new status.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Changes {
    /// Whether an inventory was taken in.
    pub inventory: bool,
    /// Updates that were named and that the catalogue never had.
    pub unknown_updates: usize,
    /// What stood in an inventory and is no id of an update.
    pub rejected: usize,
    /// Inventories and events that something newer had overtaken.
    pub stale: usize,
}

impl ComputerStatus {
    pub fn rows(&self) -> &[Row] {
        &self.rows
    }

    pub fn row(&self, update: UpdateNumber) -> Option<&Row> {
        self.rows.get(self.position(update).ok()?)
    }

    /// When the computer last looked at all updates there were; `None` before the first time
    /// ([MS-WSUSSS] 3.1.1, *EffectiveLastDetectionTime*).
    pub fn last_effective_detection(&self) -> Option<Timestamp> {
        self.last_effective_detection
    }

    /// The state of an update that arrived here at a time. Without a row the computer does not
    /// need it if it could have seen it, and has not told yet otherwise (fact 41).
    pub fn state_of(&self, update: UpdateNumber, arrived_at: Timestamp) -> State {
        match self.row(update) {
            Some(row) => row.state,
            None if self.last_effective_detection > Some(arrived_at) => State::NotApplicable,
            None => State::Unknown,
        }
    }

    /// The form in which the row is kept: about four bytes for each update.
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut packer = Packer::new(VERSION);
        let mut previous = self.last_effective_detection.map_or(0, millis);
        packer.number(u64::from(self.last_effective_detection.is_some()));
        packer.signed(previous);
        let mut number = 0;
        for row in &self.rows {
            packer.number(u64::from(row.update.0 - number) << STATE_BITS | row.state as u64);
            packer.signed(millis(row.since) - previous);
            if row.state == State::Failed {
                packer.signed(i64::from(row.hresult));
            }
            (number, previous) = (row.update.0, millis(row.since));
        }
        packer.finish()
    }

    pub fn from_bytes(bytes: &[u8]) -> Result<Self, PackedError> {
        let mut unpacker = Unpacker::new(bytes, VERSION)?;
        let mut previous = 0;
        let known: u8 = unpacker.small()?;
        let detection = unpacker.time_after(&mut previous)?;
        let mut rows: Vec<Row> = Vec::new();
        let mut number: u32 = 0;
        while !unpacker.is_empty() {
            let head = unpacker.number()?;
            let step = u32::try_from(head >> STATE_BITS).map_err(|_| PackedError::Damaged)?;
            if step == 0 && !rows.is_empty() {
                return Err(PackedError::Damaged);
            }
            number = number.checked_add(step).ok_or(PackedError::Damaged)?;
            let state = State::explicit(head as u8 & ((1 << STATE_BITS) - 1)).ok_or(PackedError::Damaged)?;
            let since = unpacker.time_after(&mut previous)?;
            let hresult = if state == State::Failed { unpacker.hresult()? } else { 0 };
            rows.push(Row { update: UpdateNumber(number), state, since, hresult });
        }
        Ok(Self { rows, last_effective_detection: (known != 0).then_some(detection) })
    }

    /// Takes in what the server told that the computer reports to ([MS-WSUSSS] 3.1.4.17). Counts
    /// the updates that the catalogue never had.
    pub fn with_report(&self, report: &StatusReport, numbers: &UpdateNumbers) -> (Self, usize) {
        let known = if report.is_full { &[][..] } else { &self.rows };
        let mut rows: BTreeMap<UpdateNumber, Row> = known.iter().map(|row| (row.update, *row)).collect();
        let mut unknown = 0;
        for reported in &report.rows {
            let Some(update) = numbers.number(reported.update) else {
                unknown += 1;
                continue;
            };
            let (state, since) = (reported.state, whole_millis(reported.since));
            let old = rows.get(&update).copied();
            if old.is_some_and(|old| old.since > since) {
                continue;
            }
            if State::explicit(state as u8).is_none() {
                rows.remove(&update);
                continue;
            }
            let hresult = old.filter(|old| old.state == state).map_or(0, |old| old.hresult);
            rows.insert(update, Row { update, state, since, hresult });
        }
        let last_effective_detection = report.effective_detection.map(whole_millis);
        (Self { rows: rows.into_values().collect(), last_effective_detection }, unknown)
    }

    fn position(&self, update: UpdateNumber) -> Result<usize, usize> {
        self.rows.binary_search_by_key(&update, |row| row.update)
    }

    /// Makes the rows those of an inventory. What is known of an update from a later event stays.
    fn take_inventory(&mut self, at: Timestamp, states: BTreeMap<UpdateNumber, State>) {
        let mut rows: BTreeMap<UpdateNumber, Row> = states
            .into_iter()
            .map(|(update, state)| (update, Row { update, state, since: at, hresult: 0 }))
            .collect();
        for old in &self.rows {
            match rows.get_mut(&old.update) {
                Some(row) if old.since > at || confirms(row.state, old.state) => *row = *old,
                None if old.since > at => drop(rows.insert(old.update, *old)),
                _ => {}
            }
        }
        self.rows = rows.into_values().collect();
        self.last_effective_detection = Some(at);
    }

    /// Takes in that an update came into a state; says whether nothing newer was known.
    fn take_state(&mut self, at: Timestamp, update: UpdateNumber, state: State, hresult: i32) -> bool {
        if self.last_effective_detection > Some(at) {
            return false;
        }
        let hresult = if state == State::Failed { hresult } else { 0 };
        let row = Row { update, state, since: at, hresult };
        match self.position(update) {
            Err(place) => self.rows.insert(place, row),
            Ok(place) => {
                let Some(old) = self.rows.get_mut(place) else { return false };
                if old.since > at {
                    return false;
                }
                if old.state == state {
                    old.hresult = hresult;
                } else if !(state == State::Downloaded && old.state.is_installed()) {
                    *old = row;
                }
            }
        }
        true
    }
}

/// Whether an inventory says nothing new of an update. An agent that lists what it needs may not
/// list once more, on its own, what it has downloaded or failed on (fact 41): both are needed.
fn confirms(listed: State, known: State) -> bool {
    listed == known || (listed == State::NotInstalled && matches!(known, State::Downloaded | State::Failed))
}

/// Applies what an agent reported, in the order in which it happened, not in which it arrived
/// (fact 41). Events that were applied before change nothing when they come again.
pub fn apply(
    status: &ComputerStatus,
    events: &[Event],
    numbers: &UpdateNumbers,
) -> (ComputerStatus, Changes) {
    let (mut next, mut changes) = (status.clone(), Changes::default());
    let mut in_order: Vec<&Event> = events.iter().collect();
    in_order.sort_by_key(|event| event.at);
    for event in in_order {
        let at = whole_millis(event.at);
        match &event.inventory {
            Some(inventory) if event.id == INVENTORY_EVENT => {
                if next.last_effective_detection >= Some(at) {
                    changes.stale += 1;
                    continue;
                }
                next.take_inventory(at, numbered(inventory, numbers, &mut changes));
                changes.inventory = true;
            }
            _ => {
                let (Some(update), Some(state)) = (event.update, effect(event.id)) else { continue };
                match numbers.number(update.id) {
                    Some(update) if next.take_state(at, update, state, event.hresult) => {}
                    Some(_) => changes.stale += 1,
                    None => changes.unknown_updates += 1,
                }
            }
        }
    }
    (next, changes)
}

fn numbered(
    inventory: &Inventory,
    numbers: &UpdateNumbers,
    changes: &mut Changes,
) -> BTreeMap<UpdateNumber, State> {
    let states: BTreeMap<UpdateNumber, State> =
        inventory.states.iter().filter_map(|(id, state)| Some((numbers.number(*id)?, *state))).collect();
    changes.unknown_updates += inventory.states.len() - states.len();
    changes.rejected += inventory.rejected;
    states
}
