//! Halting an update: no computer of the tree is offered it any more, as soon as that can be.

mod below;
mod deciding;
mod list;

use std::collections::HashMap;
use std::pin::pin;
use std::sync::{MutexGuard, PoisonError};
use std::time::Duration;

use futures_util::future::join_all;
use futures_util::stream::{FuturesUnordered, StreamExt as _};
use headwater_api::linkage::Approve;
use headwater_api::{Halt, NewRevisions};
use headwater_model::{GroupId, UpdateId, chain};
use headwater_store::{HaltRow, LinkageRow};
use tokio::sync::watch;

pub use below::spread_halts;
pub(crate) use deciding::Deciding;

use crate::ask::Way;
use crate::{ErrorKind, Manager, ManagerError};

/// Between two tries of a halt that waits.
const PENDING_PAUSE: Duration = Duration::from_secs(5);
/// Halts that wait and are tried at a time, all at the top.
const TRIES_MAX: usize = 16;

/// How far this process is with a halt that is not done.
#[derive(Debug, Default)]
pub(crate) struct Pending {
    is_tried: bool,
    tries: u32,
    /// Why the last try came to nothing.
    waits: Option<String>,
}

/// A try of a halt, until this is dropped.
struct Try<'a> {
    manager: &'a Manager,
    update: UpdateId,
    /// Why it came to nothing; at first, why the one before did.
    waits: Option<String>,
}

impl Drop for Try<'_> {
    fn drop(&mut self) {
        let mut pending = self.manager.pending();
        match self.waits.take() {
            None => drop(pending.remove(&self.update)),
            waits => {
                let pending = pending.entry(self.update).or_default();
                (pending.is_tried, pending.waits) = (false, waits);
            }
        }
    }
}

/// Carries out the halts that wait, until `stopped` turns true.
pub(crate) async fn carry_out_halts(manager: &Manager, mut stopped: watch::Receiver<bool>) {
    // Side by side: what one update waits for is nothing to another.
    let mut trying = FuturesUnordered::new();
    loop {
        let mut looking = pin!(manager.waiting_halts());
        let waiting = loop {
            tokio::select! {
                waiting = &mut looking => break waiting,
                Some(done) = trying.next() => note(done),
                _ = stopped.wait_for(|stop| *stop) => return,
            }
        };
        match waiting {
            Ok(waiting) => {
                let room = TRIES_MAX.saturating_sub(trying.len());
                trying.extend(waiting.into_iter().take(room).map(|halt| {
                    let begun = manager.begin(halt.update);
                    async move { manager.try_halt(begun, &halt.asked_by).await }
                }));
            }
            Err(error) => tracing::warn!(error = chain(&error), "the halts that wait cannot be read"),
        }
        let mut pause = pin!(tokio::time::sleep(PENDING_PAUSE));
        loop {
            tokio::select! {
                Some(done) = trying.next() => note(done),
                () = &mut pause => break,
                // A top that is silent keeps no process from ending: what was asked for is tried after the start.
                _ = stopped.wait_for(|stop| *stop) => return,
            }
        }
    }
}

fn note(tried: Result<(), ManagerError>) {
    if let Err(error) = tried {
        tracing::warn!(error = chain(&error), "a halt that waits could not be tried");
    }
}

impl Manager {
    /// Takes back every approval of an update at the top; the servers below follow. Once it was asked for, nothing
    /// makes it forgotten: what keeps it from being done now is told with it, and it is tried again.
    pub async fn halt(&self, update: UpdateId, by: &str) -> Result<Halt, ManagerError> {
        self.way().await?;
        let begun = self.begin(update);
        self.store.ask_halt(update, by, self.now()).await?;
        self.try_halt(begun, by).await?;
        self.look_again();
        let found = self.halts().await?.into_iter().find(|halt| halt.update == update);
        found.ok_or_else(|| ManagerError::Refused("the update was approved again meanwhile".to_owned()))
    }

    /// The halts that wait and that nobody tries now, those first that were tried least: some may be refused for ever.
    async fn waiting_halts(&self) -> Result<Vec<HaltRow>, ManagerError> {
        let mut waiting = self.store.halts().await?;
        let pending = self.pending();
        let is_tried = |update: &UpdateId| pending.get(update).is_some_and(|pending| pending.is_tried);
        waiting.retain(|halt| halt.done_at.is_none() && !is_tried(&halt.update));
        waiting.sort_by_key(|halt| pending.get(&halt.update).map_or(0, |pending| pending.tries));
        Ok(waiting)
    }

    /// The halts, the newest first.
    pub async fn halts(&self) -> Result<Vec<Halt>, ManagerError> {
        let rows = self.store.halts().await?;
        let pending = self.pending();
        let told = |row: HaltRow| Halt {
            waits: row.done_at.is_none().then(|| {
                let reason = pending.get(&row.update).and_then(|pending| pending.waits.clone());
                reason.unwrap_or_else(|| "it is being tried".to_owned())
            }),
            update: row.update,
            asked_by: row.asked_by,
            asked_at: row.asked_at,
            done_at: row.done_at,
        };
        Ok(rows.into_iter().map(told).collect())
    }

    fn begin(&self, update: UpdateId) -> Try<'_> {
        let mut pending = self.pending();
        let pending = pending.entry(update).or_default();
        (pending.is_tried, pending.tries) = (true, pending.tries.saturating_add(1));
        Try { manager: self, update, waits: pending.waits.clone() }
    }

    /// An error is one of this server itself.
    async fn try_halt(&self, mut begun: Try<'_>, by: &str) -> Result<(), ManagerError> {
        match self.carry_out_halt(begun.update, by).await {
            Ok(()) => {
                begun.waits = None;
                Ok(())
            }
            Err(error) if error.kind() == ErrorKind::Internal => Err(error),
            Err(error) => {
                let reason = error.with_advice();
                if begun.waits.as_ref() != Some(&reason) {
                    tracing::warn!(update = %begun.update, reason, "a halt waits");
                }
                begun.waits = Some(reason);
                Ok(())
            }
        }
    }

    fn pending(&self) -> MutexGuard<'_, HashMap<UpdateId, Pending>> {
        self.pending_halts.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// It is done once the top offers it no more. The servers below follow beside it: one that is silent keeps
    /// neither the operator waiting nor the others. What was approved again meanwhile stays so.
    async fn carry_out_halt(&self, update: UpdateId, by: &str) -> Result<(), ManagerError> {
        let way = self.writable().await?;
        let _alone = self.deciding.alone(&[update]).await;
        let is_open = |halt: &HaltRow| halt.update == update && halt.done_at.is_none();
        let Some(halt) = self.store.halts().await?.into_iter().find(is_open) else {
            // Somebody approved the update again meanwhile.
            return Ok(());
        };
        let approvals = match self.update_at(&way, &way.top, update).await {
            // Nobody is offered what is not there.
            Err(ManagerError::NotFound(_)) => Vec::new(),
            found => found?.approvals,
        };
        self.withdraw_on(&way, &way.top, update, approvals.iter().map(|one| one.group), by).await?;
        if self.store.halt_is_done(&halt, self.now()).await? {
            tracing::info!(%update, by, "an update was halted");
        }
        self.halted.notify_one();
        Ok(())
    }

    /// Takes back the approvals of an update for these groups.
    async fn withdraw_on(
        &self,
        way: &Way,
        of: &LinkageRow,
        update: UpdateId,
        groups: impl Iterator<Item = GroupId>,
        by: &str,
    ) -> Result<(), ManagerError> {
        let mut refused = None;
        for group in groups {
            let withdraw = Approve {
                by: by.to_owned(),
                updates: vec![update],
                group,
                action: None,
                deadline: None,
                new_revisions: NewRevisions::default(),
                seen: Vec::new(),
            };
            let done = self.approve_on(way, of, withdraw).await?;
            // The others are not offered any longer because of one.
            refused = refused.or_else(|| done.refused.into_iter().next());
        }
        match refused {
            None => Ok(()),
            Some((_, reason)) => Err(ManagerError::Refused(format!("{}: {reason}", of.name))),
        }
    }

    /// Every server that is reached takes what the one above it decides now; none is waited for.
    pub(crate) async fn synchronise_below(&self, way: &Way, by: &str) -> Result<(), ManagerError> {
        let linkages = self.store.linkages().await?;
        let mirror = self.mirror();
        let is_below =
            |row: &&LinkageRow| row.linkage != way.top.linkage && !mirror.tree.has_outside(row.server);
        let below = linkages.iter().filter(is_below);
        // At once, and without a look at the tree: a server that is silent holds up no other.
        let starting = below.map(async |row| match self.synchronise_on(way, row, by).await {
            Ok(_) | Err(ManagerError::NotReached { .. }) => {}
            Err(error) => {
                tracing::warn!(server = row.name, error = chain(&error), "it does not synchronise");
            }
        });
        join_all(starting).await;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use headwater_model::Timestamp;

    use super::*;
    use crate::sample;

    #[tokio::test]
    async fn halts_that_wait_are_tried_beside_a_slow_one() {
        let (_folder, manager, silent) = sample::linked_with_a_silent_server(|| Timestamp::EPOCH).await;
        for update in [1, 2] {
            let asked = manager.store.ask_halt(UpdateId::from_u128(update), "ada", Timestamp::EPOCH);
            asked.await.expect("writes");
        }
        let stop = watch::Sender::new(false);
        let trying = carry_out_halts(&manager, stop.subscribe());
        let both_are_asked = async {
            let _asked = [silent.accept().await.expect("one"), silent.accept().await.expect("the other")];
            stop.send_replace(true);
        };
        tokio::join!(trying, both_are_asked);
    }
}
