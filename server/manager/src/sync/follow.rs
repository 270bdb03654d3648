//! Autonomous servers that follow: the managed groups are made there with the ids that they have at the top,
//! and the top's approvals for exactly those are written.

use std::collections::BTreeSet;

use headwater_api::linkage::{Approve, WsusGroup};
use headwater_api::{NewRevisions, SyncPart, SyncPhase, UPDATES_PER_REQUEST_MAX};
use headwater_model::{GroupId, UpdateId};
use headwater_store::LinkageRow;
use headwater_tree::follow::{Following, NewGroup, following};
use headwater_tree::server::{Follow, Mode, Server};

use super::{Begun, Run};
use crate::ManagerError;
use crate::compare::{action, comparable};
use crate::running::Said;

impl Run<'_> {
    /// Writes what the server lacks; says which groups it still lacks. What it refuses is left, and found by the
    /// comparison.
    pub(super) async fn follow(
        &self,
        server: &Server,
        linkage: &LinkageRow,
        begun: &Begun,
    ) -> Result<BTreeSet<GroupId>, ManagerError> {
        if server.mode != Mode::Autonomous(Follow::ManagedGroups) {
            return Ok(BTreeSet::new());
        }
        let does = |part| self.request.only.is_none_or(|only| only == part);
        let managed = self.wants(server, linkage, begun, 0).await?.on(server.id).managed;
        let here = self.manager.contents_of(self.way, linkage).await?;
        let top = self.top().await?;
        let (top, here) = comparable(&top, &here);
        let Following { groups, approvals } = following(&top, &here, &managed);
        let mut missing: BTreeSet<GroupId> =
            managed.into_iter().filter(|id| !here.groups.contains_key(id)).collect();
        let total = Some(groups.len() as u64);
        for (at, NewGroup { id, name, parent }) in (0..).zip(groups) {
            if !does(SyncPart::Groups) {
                break;
            }
            self.goes_on()?;
            self.tell(server, Said::new(SyncPhase::Groups, format!("group {name}")).counted(at, total));
            let group = WsusGroup { id, name, parent, built_in: false };
            let made = self.manager.copy_group_on(self.way, linkage, group, self.by).await?;
            if made.id != id {
                return Err(ManagerError::Refused(format!(
                    "it made the group {} under another id than the top has ({}): delete it there",
                    made.name, made.id
                )));
            }
            missing.remove(&id);
        }
        if !does(SyncPart::Approvals) {
            return Ok(missing);
        }
        for (decision, updates) in approvals.iter().filter(|(decision, _)| !missing.contains(&decision.group))
        {
            let group = top.groups.get(&decision.group).map_or("", |group| group.name.as_str());
            for updates in updates.chunks(UPDATES_PER_REQUEST_MAX) {
                self.goes_on()?;
                self.say(
                    server,
                    SyncPhase::Approvals,
                    format!("{} approvals for {group} to write", updates.len()),
                );
                let halted = self.halted().await?;
                let is_meant = |update: &&UpdateId| decision.action.is_none() || !halted.contains(update);
                let approve = Approve {
                    by: self.by.to_owned(),
                    updates: updates.iter().filter(is_meant).copied().collect(),
                    group: decision.group,
                    action: decision.action.map(action),
                    deadline: decision.deadline,
                    new_revisions: NewRevisions::default(),
                    seen: Vec::new(),
                };
                let decided = self.manager.approve_as_there(self.way, linkage, approve.clone()).await?;
                self.take_back_halted(linkage, approve).await?;
                for (update, reason) in &decided.refused {
                    self.say(
                        server,
                        SyncPhase::Approvals,
                        format!("{update} for {group} is refused: {reason}"),
                    );
                }
            }
        }
        Ok(missing)
    }

    async fn halted(&self) -> Result<BTreeSet<UpdateId>, ManagerError> {
        Ok(self.manager.store.halts().await?.into_iter().map(|halt| halt.update).collect())
    }

    /// Who halts an update while it is being approved may look at the server before that is done, and not again.
    async fn take_back_halted(&self, linkage: &LinkageRow, approved: Approve) -> Result<(), ManagerError> {
        let halted = self.halted().await?;
        let updates: Vec<UpdateId> =
            approved.updates.iter().filter(|update| halted.contains(update)).copied().collect();
        if approved.action.is_some() && !updates.is_empty() {
            let withdraw = Approve { updates, action: None, deadline: None, ..approved };
            self.manager.approve_on(self.way, linkage, withdraw).await?;
        }
        Ok(())
    }
}
