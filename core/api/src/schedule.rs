//! When the tree of a managing server is synchronised by itself.

use headwater_model::Timestamp;
use serde::{Deserialize, Serialize};

use crate::text;

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Weekday {
    Mon,
    Tue,
    Wed,
    Thu,
    Fri,
    Sat,
    Sun,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NewSchedule {
    /// Such as `03:00`, by the managing server's clocks.
    pub at: String,
    /// Every day where none is named.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub days: Vec<Weekday>,
    /// How many members a run may remove. Without it the groups are held of which a run would remove over a
    /// tenth, or all.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max_removals: Option<u64>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Schedule {
    #[serde(flatten)]
    pub when: NewSchedule,
    /// When the next run begins.
    #[serde(with = "text")]
    pub next_at: Timestamp,
}
