//! Which groups a request reaches, for deciding whether its operator may.

use std::collections::BTreeSet;

use headwater_api::{ComputerSummary, GroupPlan, HostGroupChange, NewHostGroup};
use headwater_model::GroupId;
use headwater_operators::{Action, Asking, GroupPath, Operator, Refused};
use headwater_policy::group::{GroupTree, UNASSIGNED_COMPUTERS};
use headwater_store::HostGroupRow;
use headwater_tree::host::DEPTH_MAX;

use crate::{Manager, ManagerError};

/// The groups of the linked WSUS and the host groups, each with all by which a scope may name it. A group is
/// in a scope that has one above it, and a WSUS group in one that has the host group that it is made from.
pub struct GroupPaths {
    tree: GroupTree,
    rows: Vec<HostGroupRow>,
}

impl GroupPaths {
    /// Of a WSUS group; where it is not known there is only the id.
    pub fn of(&self, id: GroupId) -> GroupPath {
        let name = self.tree.get(id).map_or_else(|| id.to_string(), |group| group.name.clone());
        let path = self.above(GroupPath::named(name), id);
        match self.rows.iter().find(|row| row.wsus_group == Some(id)) {
            Some(row) => path.below(&self.of_row(row)),
            None => path,
        }
    }

    /// Of a host group; where there is none it is its name.
    pub fn of_host_group(&self, name: &str) -> GroupPath {
        let folded = name.to_lowercase();
        let known = self.rows.iter().find(|row| row.name.to_lowercase() == folded);
        known.map_or_else(|| GroupPath::named(name), |row| self.of_row(row))
    }

    fn of_row(&self, row: &HostGroupRow) -> GroupPath {
        let above = |row: &&HostGroupRow| self.rows.iter().find(|one| Some(one.id) == row.parent);
        let chain = std::iter::successors(Some(row), above).take(DEPTH_MAX + 1);
        chain.fold(GroupPath::named(&row.name), |path, row| match row.wsus_group {
            Some(group) => self.above(path.also(&row.name), group),
            None => path.also(&row.name),
        })
    }

    fn above(&self, path: GroupPath, id: GroupId) -> GroupPath {
        std::iter::once(id).chain(self.tree.chain(id)).fold(path, |path, at| {
            let path = path.also(at);
            match self.tree.get(at) {
                Some(group) => path.also(&group.name),
                None => path,
            }
        })
    }
}

impl Manager {
    /// All groups, as they were last read.
    pub async fn group_paths(&self) -> Result<GroupPaths, ManagerError> {
        Ok(GroupPaths { tree: self.mirror().tree.group_tree(), rows: self.store.host_groups().await? })
    }

    /// Who may make a host group. One that others are above of changes what they have, and a rule is about
    /// every host there is.
    pub async fn for_new_host_group<'a>(
        &self,
        asking: &'a Asking,
        new: &NewHostGroup,
    ) -> Result<Result<&'a Operator, Refused>, ManagerError> {
        if !new.rule.is_empty() {
            return Ok(asking.permitted(Action::Administer));
        }
        let Some(parent) = &new.parent else {
            return self.for_hosts(asking, GroupPath::named(&new.name), &new.hosts).await;
        };
        let parent = self.group_paths().await?.of_host_group(parent);
        if let Err(refused) = asking.permitted(Action::ForGroups(std::slice::from_ref(&parent))) {
            return Ok(Err(refused));
        }
        self.for_hosts(asking, GroupPath::named(&new.name).below(&parent), &new.hosts).await
    }

    /// Who may change what a host group is. Its name, its place and its rule reach beyond it.
    pub async fn for_host_group_change<'a>(
        &self,
        asking: &'a Asking,
        name: &str,
        change: &HostGroupChange,
    ) -> Result<Result<&'a Operator, Refused>, ManagerError> {
        if change.name.is_some() || change.parent.is_some() || change.rule.is_some() {
            return Ok(asking.permitted(Action::Administer));
        }
        self.for_host_group(asking, name).await
    }

    /// Who may change the members of a host group, or write them.
    pub async fn for_host_group<'a>(
        &self,
        asking: &'a Asking,
        name: &str,
    ) -> Result<Result<&'a Operator, Refused>, ManagerError> {
        Ok(asking.permitted(Action::ForGroups(&[self.group_paths().await?.of_host_group(name)])))
    }

    /// Who may write a plan. Taking over a group that was not made here is not a matter of one scope, and neither
    /// is what a group is called.
    pub async fn for_plan<'a>(
        &self,
        asking: &'a Asking,
        plan: &GroupPlan,
    ) -> Result<Result<&'a Operator, Refused>, ManagerError> {
        if plan.adopt || plan.recreate || plan.groups.iter().any(|group| group.adopted) {
            return Ok(asking.permitted(Action::Administer));
        }
        self.for_host_group(asking, &plan.host_group).await
    }

    /// Who may approve for a WSUS group.
    pub async fn for_group<'a>(
        &self,
        asking: &'a Asking,
        group: GroupId,
    ) -> Result<Result<&'a Operator, Refused>, ManagerError> {
        Ok(asking.permitted(Action::ForGroups(&[self.group_paths().await?.of(group)])))
    }

    /// Who may put a computer into exactly these WSUS groups, or take it out of all: it leaves those where it
    /// is now, as its own server tells. The one above knows only its own groups, and the mirror is older.
    pub(crate) async fn for_move<'a>(
        &self,
        asking: &'a Asking,
        known: &ComputerSummary,
        groups: &[GroupId],
    ) -> Result<Result<&'a Operator, Refused>, ManagerError> {
        let paths = self.group_paths().await?;
        let now = known.groups.iter().map(|group| group.id);
        let reached: BTreeSet<GroupId> = groups.iter().copied().chain(now).collect();
        // One of no group can be put into any.
        let reached = reached.into_iter().filter(|group| *group != UNASSIGNED_COMPUTERS);
        let reached: Vec<GroupPath> = reached.map(|group| paths.of(group)).collect();
        Ok(asking.permitted(Action::ForGroups(&reached)))
    }

    /// Who may put these hosts into a host group.
    pub async fn for_members<'a>(
        &self,
        asking: &'a Asking,
        group: &str,
        added: &[String],
    ) -> Result<Result<&'a Operator, Refused>, ManagerError> {
        let path = self.group_paths().await?.of_host_group(group);
        self.for_hosts(asking, path, added).await
    }

    /// Whoever puts hosts into a group decides for them, so that the groups in which they are now are reached
    /// too.
    async fn for_hosts<'a>(
        &self,
        asking: &'a Asking,
        group: GroupPath,
        added: &[String],
    ) -> Result<Result<&'a Operator, Refused>, ManagerError> {
        let mut reached = vec![group];
        let is_enough = added.is_empty() || asking.may(Action::ForEveryGroup);
        if !is_enough && asking.may(Action::ForGroups(&reached)) {
            reached.extend(self.paths_of_hosts(added).await?);
        }
        Ok(asking.permitted(Action::ForGroups(&reached)))
    }

    async fn paths_of_hosts(&self, hosts: &[String]) -> Result<Vec<GroupPath>, ManagerError> {
        let clients = self.with_earlier(&self.clients(hosts).await?);
        let (mirror, paths) = (self.mirror(), self.group_paths().await?);
        let has = |row: &&HostGroupRow| self.has_host(row, &clients);
        let mut reached: Vec<GroupPath> =
            paths.rows.iter().filter(has).map(|row| paths.of_row(row)).collect();
        let groups: BTreeSet<GroupId> = clients
            .iter()
            .filter_map(|client| mirror.computers.get(client))
            .flat_map(|computer| computer.groups.iter().map(|group| group.id))
            .filter(|id| mirror.tree.group(*id).is_none_or(|group| !group.built_in))
            // Made from a host group, it has whom that one has.
            .filter(|id| paths.rows.iter().all(|row| row.wsus_group != Some(*id)))
            .collect();
        reached.extend(groups.into_iter().map(|id| paths.of(id)));
        Ok(reached)
    }
}
