//! Halting an update: no computer of the tree is offered it any more, as soon as that can be.

mod below;

use futures_util::future::join_all;
use headwater_api::linkage::Approve;
use headwater_api::{Halt, NewRevisions};
use headwater_model::{GroupId, UpdateId, chain};
use headwater_store::{AuditRow, HaltRow, LinkageRow};

pub use below::spread_halts;

use crate::ask::Way;
use crate::{Manager, ManagerError};

impl Manager {
    /// Takes back every approval of an update at the top, and lets the servers below synchronise. What
    /// keeps it from being done now does not make it forgotten.
    pub async fn halt(&self, update: UpdateId, by: &str) -> Result<Halt, ManagerError> {
        self.way().await?;
        self.store.ask_halt(update, by, self.now()).await?;
        let done = self.carry_out_halt(update, by).await;
        self.look_again();
        match done {
            Ok(()) | Err(ManagerError::NotReached { .. } | ManagerError::Busy(_)) => {
                self.halt_of(update).await
            }
            Err(error) => Err(error),
        }
    }

    /// Carries out the halts that wait; none while the link is under review.
    pub(crate) async fn carry_out_halts(&self, way: &Way) -> Result<(), ManagerError> {
        if way.review.is_some() {
            return Ok(());
        }
        for halt in self.store.halts().await?.into_iter().filter(|halt| halt.done_at.is_none()) {
            match self.carry_out_halt(halt.update, &halt.asked_by).await {
                Err(error @ ManagerError::NotReached { .. }) => return Err(error),
                // One that is refused keeps nobody from reading, and is tried again.
                Err(error) => {
                    tracing::warn!(update = %halt.update, error = chain(&error), "an update is not halted yet");
                }
                Ok(()) => {
                    let row =
                        AuditRow::of(self.now(), &halt.asked_by, "carry out halt", &halt.update.to_string());
                    self.store.audit(&row).await?;
                }
            }
        }
        Ok(())
    }

    /// The halts, the newest first.
    pub async fn halts(&self) -> Result<Vec<Halt>, ManagerError> {
        Ok(self.store.halts().await?.into_iter().map(told).collect())
    }

    async fn halt_of(&self, update: UpdateId) -> Result<Halt, ManagerError> {
        let found = self.halts().await?.into_iter().find(|halt| halt.update == update);
        found.ok_or_else(|| ManagerError::Refused("the update was approved again meanwhile".to_owned()))
    }

    async fn carry_out_halt(&self, update: UpdateId, by: &str) -> Result<(), ManagerError> {
        let way = self.writable().await?;
        let approvals = match self.update_at(&way, &way.top, update).await {
            // Nobody is offered what is not there.
            Err(ManagerError::NotFound(_)) => Vec::new(),
            found => found?.approvals,
        };
        self.withdraw_on(&way, &way.top, update, approvals.iter().map(|one| one.group), by).await?;
        self.synchronise_below(&way, by).await?;
        self.store.halt_is_done(update, self.now()).await?;
        self.halted.notify_one();
        tracing::info!(%update, by, "an update was halted");
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
            if let Some((_, reason)) = done.refused.first() {
                return Err(ManagerError::Refused(format!("{}: {reason}", of.name)));
            }
        }
        Ok(())
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

fn told(row: HaltRow) -> Halt {
    Halt { update: row.update, asked_by: row.asked_by, asked_at: row.asked_at, done_at: row.done_at }
}
