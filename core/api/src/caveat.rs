//! How far an answer over the tree of a managing server may be taken.

use headwater_model::Timestamp;
use serde::{Deserialize, Serialize};

use crate::text;

/// What keeps an answer from being whole and of this moment; nothing in one that is both.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Caveat {
    /// When it was read, where it is told from memory because the servers cannot be asked now.
    #[serde(default, skip_serializing_if = "Option::is_none", with = "text::option")]
    pub as_of: Option<Timestamp>,
    /// Why it is told from memory: the hop that fails, and what it says.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub problem: Option<String>,
    /// The servers that could not be asked, by name: what only they know is missing.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub without: Vec<String>,
    /// Why something is not found by what was asked, in sentences.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub notes: Vec<String>,
}

impl Caveat {
    /// What keeps two parts of a list from it: the age of the older one, and all servers that are missing.
    pub fn and(self, other: Self) -> Self {
        let all = |mut one: Vec<String>, other| {
            one.extend(other);
            one.sort_unstable();
            one.dedup();
            one
        };
        Self {
            as_of: self.as_of.into_iter().chain(other.as_of).min(),
            problem: self.problem.or(other.problem),
            without: all(self.without, other.without),
            notes: all(self.notes, other.notes),
        }
    }
}

/// An answer and what keeps it from being whole and of this moment, in one object.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Told<T> {
    #[serde(flatten)]
    pub value: T,
    #[serde(flatten)]
    pub caveat: Caveat,
}

impl<T> From<T> for Told<T> {
    fn from(value: T) -> Self {
        Self { value, caveat: Caveat::default() }
    }
}
