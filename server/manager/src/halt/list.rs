//! Lists of halts. There is one of an update at most, so that all of them fit where all updates do.

use std::cmp::Reverse;

use headwater_api::{Halt, HaltOrder, HaltsQuery, Page, page_limit};
use headwater_model::UpdateId;

use crate::{Direction, Manager, ManagerError};

impl Manager {
    /// A page of the halts.
    pub async fn find_halts(&self, query: &HaltsQuery) -> Result<Page<Halt>, ManagerError> {
        let mirror = self.mirror();
        Ok(listed(self.halts().await?, query, |update| mirror.updates.title(update)))
    }
}

/// A page of halts that are given the newest first.
fn listed(mut halts: Vec<Halt>, query: &HaltsQuery, title: impl Fn(UpdateId) -> String) -> Page<Halt> {
    match query.sort.unwrap_or_default() {
        HaltOrder::Asked => {}
        HaltOrder::Title => halts.sort_by_cached_key(|halt| title(halt.update).to_lowercase()),
        HaltOrder::State => halts.sort_by_key(|halt| halt.done_at.is_some()),
        HaltOrder::By => halts.sort_by_cached_key(|halt| halt.asked_by.to_lowercase()),
        HaltOrder::Done => halts.sort_by_key(|halt| Reverse(halt.done_at)),
    }
    Direction::of(query.reverse).turn(&mut halts);
    Page::cut(halts, page_limit(query.limit), query.after.as_deref(), |halt| halt.update.to_string())
}

#[cfg(test)]
mod tests {
    use headwater_model::Timestamp;

    use super::*;

    #[test]
    fn halts_are_listed_by_every_head() {
        let halt = |update, by: &str, asked, done: Option<i64>| Halt {
            update: UpdateId::from_u128(update),
            asked_by: by.to_owned(),
            asked_at: Timestamp::EPOCH.plus_seconds(asked),
            done_at: done.map(|seconds| Timestamp::EPOCH.plus_seconds(seconds)),
            waits: None,
        };
        let all = [halt(3, "bob", 30, None), halt(1, "Cyd", 20, Some(90)), halt(2, "ada", 10, Some(40))];
        let title = |update: UpdateId| match update == UpdateId::from_u128(1) {
            true => "a".to_owned(),
            false => format!("B {update}"),
        };
        let ids = |page: &Page<Halt>| page.items.iter().map(|one| one.update).collect::<Vec<_>>();
        let check = |sort, reverse, expected: [u128; 3]| {
            let query = HaltsQuery { sort: Some(sort), reverse, ..HaltsQuery::default() };
            let found = listed(all.to_vec(), &query, title);
            assert_eq!(ids(&found), expected.map(UpdateId::from_u128), "{sort:?}");
        };
        check(HaltOrder::Asked, false, [3, 1, 2]);
        check(HaltOrder::Asked, true, [2, 1, 3]);
        check(HaltOrder::Title, false, [1, 2, 3]);
        check(HaltOrder::State, false, [3, 1, 2]);
        check(HaltOrder::By, false, [2, 3, 1]);
        check(HaltOrder::Done, false, [1, 2, 3]);

        // A page ends with the key of the next.
        let mut query = HaltsQuery { limit: Some(2), ..HaltsQuery::default() };
        let page = listed(all.to_vec(), &query, title);
        assert_eq!((page.items.len(), page.total, page.next.is_some()), (2, Some(3), true));
        query.after = page.next;
        let page = listed(all.to_vec(), &query, title);
        assert_eq!((ids(&page), page.next), (vec![UpdateId::from_u128(2)], None));
    }
}
