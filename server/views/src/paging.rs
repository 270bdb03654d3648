//! Cutting lists into pages.

use std::str::FromStr;

use headwater_api::Page;
use headwater_app::AppError;

/// How many items a page holds.
pub(crate) fn limit(asked: Option<u32>) -> usize {
    headwater_api::page_limit(asked)
}

/// Where a page begins, as the page before told it.
pub(crate) fn begin<T: FromStr>(after: Option<&str>) -> Result<Option<T>, AppError> {
    let invalid = |_| AppError::Invalid("`after` is not the `next` of a page".to_owned());
    after.map(|after| after.parse().map_err(invalid)).transpose()
}

/// Cuts a page out of a list that was read with one item more than the page holds.
pub(crate) fn page<T>(
    mut items: Vec<T>,
    limit: usize,
    key: impl Fn(&T) -> String,
    total: Option<u64>,
) -> Page<T> {
    let more = items.len() > limit;
    items.truncate(limit);
    let next = items.last().filter(|_| more).map(key);
    Page { items, next, total }
}
