//! What the preview of an approval asks of one WSUS, of many updates at once.

use headwater_model::{ClientId, Sha1Digest, UpdateId};
use serde::{Deserialize, Serialize};

use crate::{ComputerUpdateState, UPDATES_PER_REQUEST_MAX, text};

/// Which computers have which of some updates in which of some states. Updates and states are named in the answer
/// by their places here.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct StatesOfUpdates {
    /// At most [`UPDATES_PER_REQUEST_MAX`].
    #[serde(with = "text::list")]
    pub updates: Vec<UpdateId>,
    pub states: Vec<ComputerUpdateState>,
    /// Only on these, at most [`CLIENTS_MAX`](Self::CLIENTS_MAX).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub clients: Option<Clients>,
    /// The `next` of the part before.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub after: Option<String>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Clients(#[serde(with = "text::list")] pub Vec<ClientId>);

impl StatesOfUpdates {
    /// Computers that a question names: of more, all are asked for. Some 200 KB of an order.
    pub const CLIENTS_MAX: usize = 5_000;

    /// Why it is too much for one order.
    pub fn check(&self) -> Result<(), &'static str> {
        let clients = self.clients.as_ref().map_or(0, |clients| clients.0.len());
        match () {
            () if self.updates.len() > UPDATES_PER_REQUEST_MAX => {
                Err("it names more updates than one order may have")
            }
            () if clients > Self::CLIENTS_MAX => Err("it names more computers than one order may have"),
            () if self.states.len() > ComputerUpdateState::ALL.len() => Err("it names a state twice"),
            () => Ok(()),
        }
    }
}

/// A part of the computers of the whole tree of a server on which an update is in one of the states. A computer may
/// be in several parts, each with other updates.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct StatesPart {
    pub computers: Vec<UpdatesOnComputer>,
    /// The updates that the server does not have, by their places.
    #[serde(default)]
    pub lacking: Vec<u16>,
    /// What `after` must be to get the next part; absent on the last one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub next: Option<String>,
}

/// What of the updates is in which state on a computer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct UpdatesOnComputer {
    #[serde(with = "text")]
    pub client: ClientId,
    /// Of each state, the places of updates.
    pub in_state: Vec<Vec<u16>>,
}

/// The files that the approval of updates would bring to a WSUS, each once.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct FilesOfUpdates {
    pub files: Vec<FileOfUpdates>,
    /// Of each update, in the order of the question; absent where the server does not have it.
    pub updates: Vec<Option<FilesOfUpdate>>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FileOfUpdates {
    #[serde(with = "text")]
    pub sha1: Sha1Digest,
    pub size_bytes: u64,
    /// Whether it is there already.
    pub held: bool,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FilesOfUpdate {
    /// The one that would be approved.
    pub revision: u32,
    /// Places of files; absent where the server does not tell them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub files: Option<Vec<u32>>,
}
