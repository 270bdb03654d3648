//! A part of a list.

use serde::{Deserialize, Serialize};

use crate::{PAGE_LIMIT_DEFAULT, PAGE_LIMIT_MAX};

/// How many items a page holds for which so many were asked.
pub fn page_limit(asked: Option<u32>) -> usize {
    asked.unwrap_or(PAGE_LIMIT_DEFAULT).clamp(1, PAGE_LIMIT_MAX) as usize
}

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

impl<T> Page<T> {
    /// A part of a list that is there whole. One whose key is gone begins at the front: better twice than not
    /// at all.
    pub fn cut(mut all: Vec<T>, limit: usize, after: Option<&str>, key: impl Fn(&T) -> String) -> Self {
        let total = Some(all.len() as u64);
        let begin = after.and_then(|after| all.iter().position(|one| key(one) == after));
        let mut items = all.split_off(begin.map_or(0, |at| at + 1));
        let goes_on = items.len() > limit;
        items.truncate(limit);
        Self { next: items.last().filter(|_| goes_on).map(key), items, total }
    }

    /// The same part with something else for each item.
    pub fn map<U>(self, told: impl FnMut(T) -> U) -> Page<U> {
        let Self { items, next, total } = self;
        Page { items: items.into_iter().map(told).collect(), next, total }
    }
}
