//! Which groups a request reaches, for deciding whether its operator may.

use std::collections::BTreeSet;

use headwater_model::{ClientId, GroupId};
use headwater_operators::{Action, Asking, GroupPath, Operator, Refused};
use headwater_policy::group::GroupTree;
use headwater_store::HostGroupRow;

use crate::mirror::TreeView;
use crate::{Manager, ManagerError};

/// The groups of the linked WSUS, each with all by which a scope may name it.
pub struct GroupPaths(GroupTree);

impl GroupPaths {
    /// Of a group that is not known there is only the id.
    pub fn of(&self, id: GroupId) -> GroupPath {
        let name = self.0.get(id).map_or_else(|| id.to_string(), |group| group.name.clone());
        self.above(GroupPath::named(name), id)
    }

    fn above(&self, path: GroupPath, id: GroupId) -> GroupPath {
        std::iter::once(id).chain(self.0.chain(id)).fold(path, |path, at| {
            let path = path.also(at);
            match self.0.get(at) {
                Some(group) => path.also(&group.name),
                None => path,
            }
        })
    }

    fn of_host_group(&self, row: &HostGroupRow) -> GroupPath {
        let path = GroupPath::named(&row.name);
        match row.wsus_group {
            Some(group) => self.above(path, group),
            None => path,
        }
    }
}

impl TreeView {
    pub fn paths(&self) -> GroupPaths {
        GroupPaths(self.group_tree())
    }
}

impl Manager {
    /// A group of the linked WSUS, as it was last read.
    pub fn group_path(&self, id: GroupId) -> GroupPath {
        self.mirror().tree.paths().of(id)
    }

    /// A host group likewise, with the WSUS group that is made from it.
    pub async fn host_group_path(&self, name: &str) -> Result<GroupPath, ManagerError> {
        let folded = name.to_lowercase();
        let rows = self.store.host_groups().await?;
        let known = rows.iter().find(|row| row.name.to_lowercase() == folded);
        let paths = self.mirror().tree.paths();
        Ok(known.map_or_else(|| GroupPath::named(name), |row| paths.of_host_group(row)))
    }

    /// Who may put these hosts into a host group. Whoever does decides for them, so that the groups in which
    /// they are now are reached too.
    pub async fn for_hosts<'a>(
        &self,
        asking: &'a Asking,
        group: &str,
        added: &[String],
    ) -> Result<Result<&'a Operator, Refused>, ManagerError> {
        let mut reached = vec![self.host_group_path(group).await?];
        let is_enough = added.is_empty() || asking.may(Action::ForEveryGroup);
        if !is_enough && asking.may(Action::ForGroups(&reached)) {
            reached.extend(self.paths_of_hosts(added).await?);
        }
        Ok(asking.permitted(Action::ForGroups(&reached)))
    }

    async fn paths_of_hosts(&self, hosts: &[String]) -> Result<Vec<GroupPath>, ManagerError> {
        let clients: BTreeSet<ClientId> = self.clients(hosts).await?.into_iter().collect();
        let mirror = self.mirror();
        let paths = mirror.tree.paths();
        let rows = self.store.host_groups().await?;
        let has = |row: &&HostGroupRow| row.members.iter().any(|member| clients.contains(member));
        let mut reached: Vec<GroupPath> =
            rows.iter().filter(has).map(|row| paths.of_host_group(row)).collect();
        let groups: BTreeSet<GroupId> = clients
            .iter()
            .filter_map(|client| mirror.computers.get(client))
            .flat_map(|computer| computer.groups.iter().map(|group| group.id))
            .filter(|id| mirror.tree.group(*id).is_none_or(|group| !group.built_in))
            .collect();
        reached.extend(groups.into_iter().map(|id| paths.of(id)));
        Ok(reached)
    }
}
