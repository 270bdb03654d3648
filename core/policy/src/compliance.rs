//! Compliance: which updates a computer needs, has or failed on, from what its update agent
//! reports.
//!
//! [`Event`]s change the [`ComputerStatus`] of one computer, which is the truth and is kept as one
//! packed row; [`EventLog`] keeps what happened. [`StatusIndex`] answers for all computers at once
//! and is made anew from the rows whenever a server starts.

mod counted;
mod event;
mod event_log;
mod index;
mod inventory;
mod packed;
mod status;
#[cfg(test)]
mod tests;

use std::collections::HashMap;

use headwater_model::UpdateId;

pub use counted::{CountedUpdate, CountedUpdates};
pub use event::{Event, Reported, effect};
pub use event_log::{EventLog, LATEST_MAX, Logged, UPDATE_EVENTS_MAX};
pub use index::{Computers, Counts, StatusIndex, Verdict};
pub use inventory::{INVENTORY_IDS_MAX, Inventory};
pub use packed::PackedError;
pub use status::{Changes, ComputerStatus, Row, apply};

/// The state of an update on a computer, with the numbers of [MS-WSUSSS] 3.1.1 (*Update Status
/// Table*). The first two are never in a row: they follow from there being none.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(u8)]
pub enum State {
    Unknown = 0,
    NotApplicable = 1,
    /// Needed, and not yet on the computer.
    NotInstalled = 2,
    /// Needed, and its files are on the computer.
    Downloaded = 3,
    Installed = 4,
    /// Its download, installation or uninstallation failed.
    Failed = 5,
    /// Installed, and effective after a restart.
    InstalledPendingReboot = 6,
}

impl State {
    /// The states that a row can have.
    pub const EXPLICIT: [Self; 5] =
        [Self::NotInstalled, Self::Downloaded, Self::Installed, Self::Failed, Self::InstalledPendingReboot];

    /// The state of a row; `None` for any other number.
    pub fn explicit(number: u8) -> Option<Self> {
        Self::EXPLICIT.into_iter().find(|state| *state as u8 == number)
    }

    /// Whether the computer has the update, be it effective or not.
    pub fn is_installed(self) -> bool {
        matches!(self, Self::Installed | Self::InstalledPendingReboot)
    }
}

/// The small number by which the rows of one server name an update. It is given when an update
/// first arrives and stays the update's for ever, whatever becomes of its revisions.
///
/// A row of 300 updates takes about a kilobyte with numbers and would take six with GUIDs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct UpdateNumber(pub u32);

/// The numbers of all updates that the catalogue ever had.
#[derive(Debug, Clone, Default)]
pub struct UpdateNumbers {
    by_id: HashMap<UpdateId, UpdateNumber>,
    by_number: HashMap<UpdateNumber, UpdateId>,
}

impl UpdateNumbers {
    pub fn number(&self, id: UpdateId) -> Option<UpdateNumber> {
        self.by_id.get(&id).copied()
    }

    pub fn id(&self, number: UpdateNumber) -> Option<UpdateId> {
        self.by_number.get(&number).copied()
    }
}

impl FromIterator<(UpdateNumber, UpdateId)> for UpdateNumbers {
    fn from_iter<T: IntoIterator<Item = (UpdateNumber, UpdateId)>>(pairs: T) -> Self {
        let mut numbers = Self::default();
        for (number, id) in pairs {
            numbers.by_id.insert(id, number);
            numbers.by_number.insert(number, id);
        }
        numbers
    }
}
