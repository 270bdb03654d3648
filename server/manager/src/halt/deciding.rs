//! Which updates are decided about now: each by one at a time, and different ones side by side.

use std::collections::HashSet;

use headwater_model::UpdateId;
use tokio::sync::watch;

#[derive(Default)]
pub(crate) struct Deciding(watch::Sender<HashSet<UpdateId>>);

/// Nobody else decides about these until it is dropped.
pub(crate) struct Alone<'a> {
    deciding: &'a Deciding,
    updates: HashSet<UpdateId>,
}

impl Deciding {
    /// Waits until nobody else decides about any of them. All are taken at once, so no two wait for each other.
    pub async fn alone(&self, updates: &[UpdateId]) -> Alone<'_> {
        let updates: HashSet<UpdateId> = updates.iter().copied().collect();
        let mut changes = self.0.subscribe();
        loop {
            let mut is_free = false;
            self.0.send_if_modified(|taken| {
                is_free = taken.is_disjoint(&updates);
                if is_free {
                    taken.extend(&updates);
                }
                // Nobody waits for what was taken.
                false
            });
            if is_free {
                return Alone { deciding: self, updates };
            }
            // The sender is here, so it does not fail.
            let _ = changes.changed().await;
        }
    }
}

impl Drop for Alone<'_> {
    fn drop(&mut self) {
        self.deciding.0.send_modify(|taken| taken.retain(|update| !self.updates.contains(update)));
    }
}

#[cfg(test)]
mod tests {
    use futures_util::FutureExt as _;

    use super::*;

    #[tokio::test]
    async fn those_of_one_update_wait_for_each_other_and_no_others() {
        let ids = |all: &[u128]| all.iter().map(|id| UpdateId::from_u128(*id)).collect::<Vec<_>>();
        let deciding = Deciding::default();
        let slow = deciding.alone(&ids(&[1])).await;
        let other = deciding.alone(&ids(&[2, 3])).now_or_never().expect("of other updates");
        assert!(deciding.alone(&ids(&[1])).now_or_never().is_none());
        let both = ids(&[1, 2, 4]);
        let mut waits = std::pin::pin!(deciding.alone(&both));
        assert!(waits.as_mut().now_or_never().is_none());
        // What waits keeps nobody else out.
        drop(deciding.alone(&ids(&[4])).now_or_never().expect("it is not taken"));
        drop(slow);
        assert!(waits.as_mut().now_or_never().is_none(), "another one of its updates is taken");
        drop(other);
        let taken = waits.await;
        assert!(deciding.alone(&ids(&[4])).now_or_never().is_none());
        drop(taken);
        assert!(deciding.0.borrow().is_empty());
    }
}
