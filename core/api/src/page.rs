//! A part of a list.

use serde::{Deserialize, Serialize};

/// A part of a list, in the list's own order. Paging is by key: what is added or removed meanwhile
/// neither repeats nor hides other items.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Page<T> {
    pub items: Vec<T>,
    /// What `after` must be to get the next page; absent on the last one. Opaque to clients.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub next: Option<String>,
    /// How many items all pages have together, where that is known without reading them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub total: Option<u64>,
}
