//! One state, one look, everywhere: sign, word and colour.

use headwater_api::{SyncServer, SyncServerState};
use headwater_model::Timestamp;
use headwater_words::moment::{age, minute};
use headwater_words::synchronisation;

/// How a state looks; the name of the class and of the sign.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Look {
    InStep,
    Differs,
    Failed,
    Working,
    Silent,
    Halted,
}

impl Look {
    pub fn class(self) -> &'static str {
        match self {
            Self::InStep => "in-step",
            Self::Differs => "differs",
            Self::Failed => "failed",
            Self::Working => "working",
            Self::Silent => "silent",
            Self::Halted => "halted",
        }
    }
}

/// A state with its word.
#[derive(Debug, Clone)]
pub(crate) struct State {
    pub look: Look,
    pub word: String,
}

impl State {
    pub fn new(look: Look, word: impl Into<String>) -> Self {
        Self { look, word: word.into() }
    }

    pub fn of(server: &SyncServer) -> Self {
        let look = match server.state {
            SyncServerState::InStep => Look::InStep,
            SyncServerState::Differs => Look::Differs,
            SyncServerState::Failed | SyncServerState::NotReached => Look::Failed,
            SyncServerState::NoLinkage => Look::Silent,
        };
        Self::new(look, synchronisation::state(server))
    }
}

/// A point in time: how long ago, and exactly.
#[derive(Debug, Clone)]
pub(crate) struct When {
    pub at: String,
    pub exact: String,
    pub age: String,
}

impl When {
    pub fn new(at: Timestamp, now: Timestamp) -> Self {
        Self { at: at.to_string(), exact: minute(at), age: age(at, now) }
    }

    /// Nothing where it never was: a Microsoft WSUS does not tell every time.
    pub fn known(at: Timestamp, now: Timestamp) -> Option<Self> {
        (at > Timestamp::EPOCH).then(|| Self::new(at, now))
    }
}
