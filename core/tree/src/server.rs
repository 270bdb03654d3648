//! One WSUS server of the tree.

use headwater_model::ServerId;

/// A WSUS server, as the managing server knows it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Server {
    pub id: ServerId,
    pub name: String,
    /// The server that it takes from; `None` for the top only.
    pub parent: Option<ServerId>,
    pub mode: Mode,
    pub targeting: Targeting,
    pub linkage: Linkage,
}

/// What a server takes from the one above.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Mode {
    Top,
    /// Groups, approvals and declines too.
    Replica,
    /// Updates only.
    Autonomous(Follow),
}

/// What the operator wants an autonomous server to have beside the updates.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Follow {
    Nothing,
    /// The managed groups, and the top's approvals for exactly those.
    ManagedGroups,
}

/// Who puts computers into groups.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Targeting {
    Server,
    /// Their policies do; what they ask for is compared with what is wanted.
    Client,
    /// Their policies do, and the operator says that it is meant to be so: no difference.
    ClientAccepted,
}

/// Whether a WSUS Linkage stands on a server.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Linkage {
    Installed,
    Missing,
}

impl Server {
    /// Whether the managed groups are to be on it.
    pub fn has_managed_groups(&self) -> bool {
        self.mode != Mode::Autonomous(Follow::Nothing)
    }
}
