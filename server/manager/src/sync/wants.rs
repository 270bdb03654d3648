//! What the host groups want of the members of groups, as it is when a run comes to a server.

use std::collections::BTreeMap;
use std::sync::{Arc, PoisonError};

use headwater_api::SyncRequest;
use headwater_model::{GroupId, ServerId};
use headwater_store::LinkageRow;
use headwater_tree::computer::Computer;
use headwater_tree::group_plan::Plan;
use headwater_tree::in_step::Wanted;
use headwater_tree::plan_guard;
use headwater_tree::server::Server;

use super::{Begun, Run};
use crate::ManagerError;
use crate::known::Known;

/// What is known, and what follows for the members of groups.
pub(super) struct Wants {
    pub known: Known,
    pub plan: Plan,
    /// Groups whose members nobody writes for now, each with the reason.
    pub held: BTreeMap<GroupId, String>,
}

impl Wants {
    pub fn on(&self, server: ServerId) -> Wanted {
        Wanted { held: self.held.clone(), ..Wanted::on(server, &self.plan) }
    }
}

/// The computers of each server as they were last read, and how many memberships were removed before that.
pub(super) struct Seen {
    computers: BTreeMap<ServerId, Vec<Computer>>,
    removed: usize,
}

impl Seen {
    pub fn new(known: &Known) -> Self {
        let mut computers: BTreeMap<ServerId, Vec<Computer>> = BTreeMap::new();
        for one in &known.computers {
            computers.entry(one.server).or_default().push(one.clone());
        }
        Self { computers, removed: 0 }
    }
}

impl Run<'_> {
    /// What is wanted now, with the server's computers as they are now, of which so many memberships were removed
    /// since the last reading: plans are applied and undone while a run goes on, and servers come back.
    pub(super) async fn wants(
        &self,
        server: &Server,
        linkage: &LinkageRow,
        begun: &Begun,
        removed: usize,
    ) -> Result<Arc<Wants>, ManagerError> {
        let here = self.manager.computers_at(self.way, self.tree, linkage).await?;
        let (computers, removed) = {
            let mut seen = begun.seen.lock().unwrap_or_else(PoisonError::into_inner);
            seen.computers.insert(server.id, here);
            seen.removed += removed;
            (seen.computers.values().flatten().cloned().collect(), seen.removed)
        };
        let servers = begun.wants.known.servers.clone();
        let known = self.manager.known_with(self.way, computers, servers).await?;
        Ok(Arc::new(self.wanted(known, removed)))
    }

    /// What follows from what is known, after so many memberships were removed.
    pub(super) fn wanted(&self, known: Known, removed: usize) -> Wants {
        let plan = known.managed();
        let held = self.held(&known, &plan, removed);
        Wants { known, plan, held }
    }

    /// The groups whose members are not written: those that an operator holds, those that would lose too many
    /// where the run looks at that, and all where it would remove more than it may.
    fn held(&self, known: &Known, plan: &Plan, removed: usize) -> BTreeMap<GroupId, String> {
        let mut held = known.held();
        let SyncRequest { max_removals, hold_removals, .. } = self.request;
        if let Some(max) = max_removals.map(|max| usize::try_from(max).unwrap_or(usize::MAX))
            && let Some(reason) = plan_guard::held(plan, Some(max.saturating_sub(removed))).pop()
        {
            let groups = plan.groups.iter().filter_map(|group| group.target.id());
            held.extend(groups.map(|group| (group, reason.to_string())));
        } else if *hold_removals {
            let target = |of| plan.groups.iter().find(|group| group.group == of)?.target.id();
            let reasons = plan_guard::held(plan, None).into_iter();
            held.extend(reasons.filter_map(|one| Some((target(one.group()?)?, one.to_string()))));
        }
        held
    }
}
