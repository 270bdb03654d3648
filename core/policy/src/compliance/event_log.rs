//! What happened on one computer lately, for those who look into it.
//!
//! A WSUS stops reporting at a million rows of events; here a computer has one row, which bounds
//! itself: no clean-up is needed and nothing is scanned.

use std::collections::HashSet;

use headwater_model::Timestamp;

use super::event::INVENTORY_EVENT;
use super::packed::{PackedError, Packer, Unpacker, millis, whole_millis};
use super::{Event, UpdateNumber, UpdateNumbers};

/// The form of the packed bytes.
const VERSION: u8 = 1;
/// Events about updates that are kept of one computer; the oldest go first. Five updates a month
/// and daily definitions make about as many in a month.
pub const UPDATE_EVENTS_MAX: usize = 128;
/// Events about no update that are kept, one for each id (fact 43).
pub const LATEST_MAX: usize = 64;

const HAS_UPDATE: u64 = 1;
const HAS_HRESULT: u64 = 2;
const FLAG_BITS: u32 = 2;

/// An event that is kept. The same event twice is one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Logged {
    /// To the millisecond.
    pub at: Timestamp,
    pub event: u16,
    /// The update and its revision number.
    pub update: Option<(UpdateNumber, u32)>,
    pub hresult: i32,
}

/// The last events of one computer.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct EventLog {
    /// Sorted.
    entries: Vec<Logged>,
}

impl EventLog {
    /// The events, the oldest first.
    pub fn entries(&self) -> &[Logged] {
        &self.entries
    }

    /// Adds what was reported. Inventories are no entries, they are the status (fact 41); neither
    /// are events about updates that the catalogue never had.
    pub fn add(&mut self, events: &[Event], numbers: &UpdateNumbers) {
        for event in events.iter().filter(|event| event.id != INVENTORY_EVENT) {
            let update = match event.update {
                None => None,
                Some(update) => match numbers.number(update.id) {
                    Some(number) => Some((number, update.revision)),
                    None => continue,
                },
            };
            let at = whole_millis(event.at);
            self.entries.push(Logged { at, event: event.id, update, hresult: event.hresult });
        }
        self.entries.sort_unstable();
        self.entries.dedup();
        self.prune();
    }

    fn prune(&mut self) {
        let (mut latest, mut of_updates) = (HashSet::new(), 0);
        let mut kept: Vec<Logged> = Vec::with_capacity(self.entries.len());
        for entry in self.entries.iter().rev() {
            let keep = match entry.update {
                Some(_) => {
                    of_updates += 1;
                    of_updates <= UPDATE_EVENTS_MAX
                }
                None => latest.len() < LATEST_MAX && latest.insert(entry.event),
            };
            if keep {
                kept.push(*entry);
            }
        }
        kept.reverse();
        self.entries = kept;
    }

    /// The form in which the row is kept: about ten bytes for each event.
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut packer = Packer::new(VERSION);
        let mut previous = 0;
        for entry in &self.entries {
            let flags = if entry.update.is_some() { HAS_UPDATE } else { 0 }
                | if entry.hresult != 0 { HAS_HRESULT } else { 0 };
            packer.number(u64::from(entry.event) << FLAG_BITS | flags);
            packer.signed(millis(entry.at) - previous);
            if let Some((update, revision)) = entry.update {
                packer.number(u64::from(update.0));
                packer.number(u64::from(revision));
            }
            if entry.hresult != 0 {
                packer.signed(i64::from(entry.hresult));
            }
            previous = millis(entry.at);
        }
        packer.finish()
    }

    pub fn from_bytes(bytes: &[u8]) -> Result<Self, PackedError> {
        let mut unpacker = Unpacker::new(bytes, VERSION)?;
        let mut previous = 0;
        let mut entries = Vec::new();
        while !unpacker.is_empty() {
            let head = unpacker.number()?;
            let at = unpacker.time_after(&mut previous)?;
            let update = match head & HAS_UPDATE {
                0 => None,
                _ => Some((UpdateNumber(unpacker.small()?), unpacker.small()?)),
            };
            let hresult = if head & HAS_HRESULT == 0 { 0 } else { unpacker.hresult()? };
            let event = u16::try_from(head >> FLAG_BITS).map_err(|_| PackedError::Damaged)?;
            entries.push(Logged { at, event, update, hresult });
        }
        Ok(Self { entries })
    }
}
