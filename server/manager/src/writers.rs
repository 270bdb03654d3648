//! Who writes to the tree. Runs, plans of groups and clean-ups may do so side by side; while another WSUS takes the
//! place of the linked one nobody else does.

use std::ops::Deref;
use std::sync::Arc;

use tokio::sync::{OwnedRwLockReadGuard, OwnedRwLockWriteGuard, RwLock};

use crate::ask::Way;
use crate::tree::{Tree, must_be_confirmed, must_be_top, must_be_understood};
use crate::{Manager, ManagerError};

#[derive(Default)]
pub(crate) struct Writers(Arc<RwLock<()>>);

impl Writers {
    /// One writer of several, until this is dropped.
    pub fn one(&self) -> Result<OwnedRwLockReadGuard<()>, ManagerError> {
        self.0.clone().try_read_owned().map_err(|_| {
            ManagerError::Busy(
                "another WSUS is taking the place of the linked one: try again when `headwater wsus relink` has ended"
                    .to_owned(),
            )
        })
    }

    /// The only writer, until this is dropped.
    pub fn alone(&self) -> Result<OwnedRwLockWriteGuard<()>, ManagerError> {
        self.0.clone().try_write_owned().map_err(|_| {
            ManagerError::Refused(
                "a synchronisation, a plan or a clean-up of the tree goes on: wait for it, or end a synchronisation with \
                 `headwater wsus sync stop`, and apply again"
                    .to_owned(),
            )
        })
    }
}

/// A way on which may be written.
pub(crate) struct Writable {
    way: Way,
    _writes: OwnedRwLockReadGuard<()>,
}

impl Deref for Writable {
    type Target = Way;

    fn deref(&self) -> &Way {
        &self.way
    }
}

impl Manager {
    /// The way to the linked WSUS, if that is still the one that was linked. No other one takes its place until
    /// it is dropped.
    pub(crate) async fn writable(&self) -> Result<Writable, ManagerError> {
        let asks = |way: Way| async move { self.identity_of(&way, &way.top).await };
        let (way, top) = self.once_read(asks).await?;
        must_be_understood(&top, &way.top)?;
        self.must_be_linked(&top, &way).await?;
        must_be_confirmed(way.review.as_deref())?;
        must_be_top(&top)?;
        Ok(way)
    }

    /// The same after a reading of the tree, which is to tell whether it may be written.
    pub(crate) async fn writable_with<T, F>(
        &self,
        read: impl Fn(Way) -> F,
    ) -> Result<(Writable, T), ManagerError>
    where
        F: Future<Output = Result<T, ManagerError>>,
    {
        let (way, told) = self.once_read(read).await?;
        // It may have begun while the tree was read.
        must_be_confirmed(way.review.as_deref())?;
        Ok((way, told))
    }

    /// The same with the tree.
    pub(crate) async fn writable_tree(&self) -> Result<(Writable, Tree), ManagerError> {
        let read = |way: Way| async move {
            let tree = self.tree(&way).await?;
            tree.must_be_writable().map(|()| tree)
        };
        self.writable_with(read).await
    }

    /// Servers are asked before it is a writer, for they may be silent for minutes and nobody is kept out as long.
    async fn once_read<T, F>(&self, read: impl Fn(Way) -> F) -> Result<(Writable, T), ManagerError>
    where
        F: Future<Output = Result<T, ManagerError>>,
    {
        loop {
            drop(self.writers.one()?);
            let asked = self.way().await?;
            let told = read(asked.clone()).await?;
            let writes = self.writers.one()?;
            let way = self.way().await?;
            if (way.top.linkage, way.top.server) == (asked.top.linkage, asked.top.server) {
                return Ok((Writable { way, _writes: writes }, told));
            }
            // Another one has taken its place meanwhile.
        }
    }
}

#[cfg(test)]
mod tests {
    use headwater_api::{
        ApplyCleanUp, ApplyGroupPlan, CleanUpPlan, DeleteServer, GroupPlan, ServerDeletion, SyncRequest,
    };
    use headwater_model::{GroupId, ServerId, Timestamp};
    use headwater_store::NewHostGroupRow;

    use super::*;
    use crate::group_plan::Written;
    use crate::runs::Looking;
    use crate::sample;

    #[test]
    fn a_relink_writes_alone_and_others_side_by_side() {
        let writers = Writers::default();
        let several = [writers.one().expect("one"), writers.one().expect("another")];
        let refused = writers.alone().expect_err("others write").to_string();
        assert!(refused.contains("`headwater wsus sync stop`"), "{refused}");
        drop(several);
        let alone = writers.alone().expect("nobody else writes");
        let refused = writers.one().expect_err("a relink goes on").to_string();
        assert!(refused.contains("taking the place of the linked one"), "{refused}");
        drop(alone);
        assert!(writers.one().is_ok());
    }

    #[tokio::test]
    async fn who_asks_a_silent_server_keeps_no_relink_out() {
        let (_folder, manager, silent) = sample::linked_with_a_silent_server(|| Timestamp::EPOCH).await;
        let id = GroupId::from_u128(1);
        let group = NewHostGroupRow { wsus_group: Some(id), ..NewHostGroupRow::named("Pilot") };
        manager.store.add_host_group(&group, "ada", Timestamp::EPOCH).await.expect("writes");
        let row = manager.store.host_groups().await.expect("reads").remove(0);
        let written = Written { group: id.to_string(), add: Vec::new(), remove: Vec::new() };
        let written = serde_json::to_string(&written).expect("JSON");
        manager.store.begin_plan(&[(row.id, Some(written))], "ada", Timestamp::EPOCH).await.expect("writes");
        let writes = |what: &'static str| {
            let manager = manager.clone();
            async move {
                let (by, request) = ("ada", SyncRequest::default());
                match what {
                    "a decision" => manager.writable().await.map(drop),
                    "a run" => manager.synchronise(&request, by, Looking::Writer).await.map(drop),
                    "a plan" => manager.apply_group_plan(&group_plan(), by).await.map(drop),
                    "an undo" => manager.undo_group_plan("Pilot", by).await.map(drop),
                    "a deletion" => manager.delete_server("berlin", &deletion(), by).await.map(drop),
                    _ => manager.clean_up(&clean_up(), by).await.map(drop),
                }
            }
        };
        for what in ["a decision", "a run", "a plan", "an undo", "a deletion", "a clean-up"] {
            let asking = tokio::spawn(writes(what));
            let asked = silent.accept().await.expect("it is asked");
            let alone = manager.writers.alone().unwrap_or_else(|_| panic!("{what} keeps a relink out"));
            assert!(!asking.is_finished(), "{what}");
            asking.abort();
            let _ = asking.await;
            drop(asked);
            let refused = writes(what).await.expect_err("a relink goes on");
            assert!(matches!(refused, ManagerError::Busy(_)), "{what}: {refused}");
            drop(alone);
        }
    }

    fn group_plan() -> ApplyGroupPlan {
        let host_group = "Pilot".to_owned();
        let (groups, held, state) = (Vec::new(), Vec::new(), String::new());
        let plan = GroupPlan { host_group, adopt: false, recreate: false, groups, held, state };
        ApplyGroupPlan { plan, max_removals: None }
    }

    fn deletion() -> DeleteServer {
        let plan = ServerDeletion {
            id: ServerId::from_u128(2),
            name: "berlin".to_owned(),
            last_contact_at: None,
            computers: 0,
            below: Vec::new(),
            held_by: Vec::new(),
            linkage: None,
            replaced_by: None,
            not_told: Vec::new(),
        };
        DeleteServer { plan }
    }

    fn clean_up() -> ApplyCleanUp {
        let plan = CleanUpPlan {
            superseded_days: 0,
            declined_days: 0,
            silent_days: 0,
            at: Timestamp::EPOCH,
            decline: Vec::new(),
            delete: Vec::new(),
            kept: Vec::new(),
            computers: Vec::new(),
            servers: Vec::new(),
            state: "a plan".to_owned(),
        };
        ApplyCleanUp { plan }
    }
}
