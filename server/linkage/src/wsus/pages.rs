//! Lists that a Microsoft WSUS tells whole, in pages: that of a large server does not fit into one answer.

use std::time::{Duration, Instant};

use headwater_api::Page;
use headwater_api::linkage::COMPUTERS_PER_PAGE;
use tokio::sync::Mutex;

use super::Answer;

/// A list is kept for so long after a page of it was told, for whoever reads it asks for the next one at once.
const KEPT_FOR: Duration = Duration::from_secs(120);

/// What is left to be told of a list.
pub(super) struct Pages<T>(Mutex<Option<Kept<T>>>);

struct Kept<T> {
    /// In the order of their keys.
    items: Vec<T>,
    until: Instant,
}

impl<T> Default for Pages<T> {
    fn default() -> Self {
        Self(Mutex::new(None))
    }
}

impl<T: Clone> Pages<T> {
    /// The page after a key. The first one is of what the WSUS has now; those that follow are of the same list, while
    /// that is kept.
    pub async fn page(
        &self,
        after: Option<String>,
        key: impl Fn(&T) -> String,
        read: impl Future<Output = Answer<Vec<T>>>,
    ) -> Answer<Page<T>> {
        let mut held = self.0.lock().await;
        let kept = held.take().filter(|kept| after.is_some() && kept.until > Instant::now());
        let items = match kept {
            Some(kept) => kept.items,
            None => {
                let mut items = read.await?;
                items.sort_by_cached_key(&key);
                items
            }
        };
        let begin = after.map_or(0, |after| items.partition_point(|one| key(one) <= after));
        let page: Vec<T> = items[begin..].iter().take(COMPUTERS_PER_PAGE).cloned().collect();
        let goes_on = begin + page.len() < items.len();
        let next = page.last().filter(|_| goes_on).map(&key);
        if goes_on {
            *held = Some(Kept { items, until: Instant::now() + KEPT_FOR });
        }
        Ok(Page { items: page, next, total: None })
    }
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;

    use super::*;

    #[tokio::test]
    async fn a_long_list_is_read_once_and_told_in_pages() {
        let (pages, reads) = (Pages::default(), Cell::new(0));
        let number = |one: &u32| format!("{one:08}");
        let page = async |after: Option<String>, count: u32| {
            let read = async {
                reads.set(reads.get() + 1);
                // As a WSUS tells them, in no order.
                Ok((0..count).rev().collect())
            };
            pages.page(after, number, read).await.expect("answers")
        };
        let (mut told, mut sizes, mut after) = (Vec::new(), Vec::new(), None);
        loop {
            let one = page(after.take(), 12_000).await;
            sizes.push(one.items.len());
            told.extend(one.items);
            match one.next {
                Some(next) => after = Some(next),
                None => break,
            }
        }
        assert_eq!((sizes, reads.get()), (vec![5_000, 5_000, 2_000], 1));
        assert!(told.into_iter().eq(0..12_000));

        // Who begins anew sees what there is now. Who goes on after the list was let go of misses nobody.
        let first = page(None, 5_001).await;
        assert_eq!((first.items.len(), first.next.clone(), reads.get()), (5_000, Some(number(&4_999)), 2));
        assert_eq!(page(first.next.clone(), 5_001).await.items, [5_000]);
        assert_eq!((page(first.next, 5_002).await.items, reads.get()), (vec![5_000, 5_001], 3));
        let all = page(None, 5_000).await;
        assert_eq!((all.items.len(), all.next), (5_000, None));
    }
}
