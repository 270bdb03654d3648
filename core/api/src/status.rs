//! How far the computers are.

use headwater_model::GroupId;
use serde::{Deserialize, Serialize};

use crate::{ComputerUpdateState, GroupRef, text};

#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct StatusQuery {
    /// Only this group and what is beneath it.
    #[serde(default, skip_serializing_if = "Option::is_none", with = "text::option")]
    pub group: Option<GroupId>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct StatusSummary {
    /// The group that this is about; absent: all computers.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub group: Option<GroupRef>,
    pub computers: ComputersVerdict,
    pub updates: UpdatesVerdict,
}

/// Each computer counts once in the first four, where it is worst.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ComputersVerdict {
    /// At least one update failed.
    pub failed: u64,
    /// None failed, at least one is needed.
    pub needing: u64,
    /// It has not reported yet.
    pub unknown: u64,
    /// It has all that it needs.
    pub up_to_date: u64,
    /// Those of all of them that have had no contact for longer than the server's limit.
    pub silent: u64,
}

/// Updates that are not declined.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct UpdatesVerdict {
    /// Approved for at least one group.
    pub approved: u64,
    /// At least one computer needs it.
    pub needed: u64,
    /// Needed, and approved for no group.
    pub needed_unapproved: u64,
    /// It failed on at least one computer.
    pub failed: u64,
}

/// States of updates on computers, counted: of one update over computers, or of one computer over
/// updates (fact 41).
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct UpdateCounts {
    pub installed: u64,
    /// Installed, and effective after a restart.
    pub pending_restart: u64,
    /// Needed and not yet downloaded.
    pub needed: u64,
    /// Needed, and ready on the computer.
    pub downloaded: u64,
    pub failed: u64,
    pub not_applicable: u64,
    /// Not reported since the update arrived.
    pub unknown: u64,
}

impl UpdateCounts {
    pub fn of(mut self, state: ComputerUpdateState) -> u64 {
        *self.of_mut(state)
    }

    pub fn of_mut(&mut self, state: ComputerUpdateState) -> &mut u64 {
        match state {
            ComputerUpdateState::Failed => &mut self.failed,
            ComputerUpdateState::Needed => &mut self.needed,
            ComputerUpdateState::Downloaded => &mut self.downloaded,
            ComputerUpdateState::PendingRestart => &mut self.pending_restart,
            ComputerUpdateState::Unknown => &mut self.unknown,
            ComputerUpdateState::Installed => &mut self.installed,
            ComputerUpdateState::NotApplicable => &mut self.not_applicable,
        }
    }

    /// Of which computers one does not know that they are done with the update.
    pub fn open(&self) -> u64 {
        self.needed + self.downloaded + self.failed + self.pending_restart + self.unknown
    }

    /// Takes those without contact apart: what they once said to need is nothing that waits to be done.
    pub fn without_silent(self, silent: &Self) -> Self {
        Self {
            installed: self.installed,
            pending_restart: self.pending_restart.saturating_sub(silent.pending_restart),
            needed: self.needed.saturating_sub(silent.needed),
            downloaded: self.downloaded.saturating_sub(silent.downloaded),
            failed: self.failed.saturating_sub(silent.failed),
            not_applicable: self.not_applicable,
            unknown: self.unknown.saturating_sub(silent.unknown),
        }
    }
}

impl std::ops::AddAssign for UpdateCounts {
    fn add_assign(&mut self, other: Self) {
        self.installed += other.installed;
        self.pending_restart += other.pending_restart;
        self.needed += other.needed;
        self.downloaded += other.downloaded;
        self.failed += other.failed;
        self.not_applicable += other.not_applicable;
        self.unknown += other.unknown;
    }
}

/// On how many computers an update is in which state, those without contact for long told apart.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct UpdateStates {
    /// What all computers said last.
    pub said: UpdateCounts,
    /// What the silent ones of them did of which it is not known that they are done with the update: none is counted as
    /// installed or not applicable here. Absent where who is silent is not told.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub silent: Option<UpdateCounts>,
}

impl UpdateStates {
    /// Of what all computers said, and what the silent ones of them did.
    pub fn new(said: UpdateCounts, silent: Option<UpdateCounts>) -> Self {
        let open = |silent| UpdateCounts { installed: 0, not_applicable: 0, ..silent };
        Self { said, silent: silent.map(open) }
    }

    /// The computers by state, without silent ones of which it is not known that they are done with the update, and
    /// how many these are. Where who is silent is not told, they are among the others.
    pub fn told_apart(&self) -> (UpdateCounts, Option<u64>) {
        let without = self.silent.map(|silent| (self.said.without_silent(&silent), Some(silent.open())));
        without.unwrap_or((self.said, None))
    }
}

impl std::ops::AddAssign for UpdateStates {
    fn add_assign(&mut self, other: Self) {
        self.said += other.said;
        self.silent = self.silent.zip(other.silent).map(|(mut silent, more)| {
            silent += more;
            silent
        });
    }
}
