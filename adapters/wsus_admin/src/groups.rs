//! Computer groups.

use headwater_model::{ClientId, GroupId};
use headwater_policy::group::{ALL_COMPUTERS, UNASSIGNED_COMPUTERS};
use headwater_wsus::wsusar::{
    ExecuteSPAddComputerToTargetGroupAllowMultipleGroups, ExecuteSPCreateTargetGroup1,
    ExecuteSPCreateTargetGroup2, ExecuteSPDeleteTargetGroup, ExecuteSPGetAllTargetGroups,
    ExecuteSPGetTargetGroupById, ExecuteSPRemoveComputerFromTargetGroup, TargetGroupRow,
};

use crate::rows::{self, required};
use crate::{Result, Wsus};

/// The group of downstream servers, which is no group of computers.
const DOWNSTREAM_SERVERS: GroupId = GroupId::from_u128(0xd374f42a_9be2_4163_a0fa_3c86a401b7a7);

/// A group of a server. Groups are known by their ids: names of built-in ones are in the server's language.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Group {
    pub id: GroupId,
    pub name: String,
    pub parent: Option<GroupId>,
    pub kind: GroupKind,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum GroupKind {
    AllComputers,
    UnassignedComputers,
    DownstreamServers,
    /// One that somebody made.
    Made,
}

impl From<TargetGroupRow> for Group {
    fn from(row: TargetGroupRow) -> Self {
        let kind = match row.id {
            ALL_COMPUTERS => GroupKind::AllComputers,
            UNASSIGNED_COMPUTERS => GroupKind::UnassignedComputers,
            DOWNSTREAM_SERVERS => GroupKind::DownstreamServers,
            _ => GroupKind::Made,
        };
        let parent = row.parent_group_id.filter(|id| !id.is_nil());
        Self { id: row.id, name: row.name, parent, kind }
    }
}

impl Wsus {
    /// All groups, the built-in ones among them.
    pub async fn groups(&self) -> Result<Vec<Group>> {
        type O = ExecuteSPGetAllTargetGroups;
        let rows = self.call(&O {}).await?.result;
        Ok(rows::read::<O, TargetGroupRow>(&rows)?.into_iter().map(Group::from).collect())
    }

    /// One group. It is not known whether a server that lacks it answers nothing or a refusal.
    pub async fn group(&self, id: GroupId) -> Result<Option<Group>> {
        type O = ExecuteSPGetTargetGroupById;
        let row = self.call(&O { id }).await?.result;
        row.map(|row| rows::one::<O, TargetGroupRow>(&row).map(Group::from)).transpose()
    }

    /// Makes a group, at the top of the tree where `parent` is `None`. A replica refuses, and a server that
    /// has a group of this name.
    pub async fn create_group(&self, name: &str, parent: Option<GroupId>) -> Result<Group> {
        type O = ExecuteSPCreateTargetGroup1;
        let parent_group_id = parent.unwrap_or(ALL_COMPUTERS);
        let row = self.call(&O { name: Some(name.to_owned()), parent_group_id }).await?.result;
        let row = required::<O, _>("group", row)?;
        Ok(rows::one::<O, TargetGroupRow>(&row)?.into())
    }

    /// Makes a group with the id that it has on another server.
    pub async fn copy_group(&self, id: GroupId, name: &str, parent: Option<GroupId>) -> Result<Group> {
        type O = ExecuteSPCreateTargetGroup2;
        let parent_group_id = parent.unwrap_or(ALL_COMPUTERS);
        let operation = O { name: Some(name.to_owned()), parent_group_id, id, fail_if_replica: true };
        let row = required::<O, _>("group", self.call(&operation).await?.result)?;
        Ok(rows::one::<O, TargetGroupRow>(&row)?.into())
    }

    /// Deletes a group. `who` stands in the server's history. A replica refuses.
    pub async fn delete_group(&self, id: GroupId, who: &str) -> Result<()> {
        let operation =
            ExecuteSPDeleteTargetGroup { id, admin_name: Some(who.to_owned()), fail_if_replica: true };
        self.call(&operation).await.map(drop)
    }

    /// Puts a computer into one more group. Without effect where the targeting is the client's.
    pub async fn add_to_group(&self, group: GroupId, computer: &ClientId) -> Result<()> {
        let operation = ExecuteSPAddComputerToTargetGroupAllowMultipleGroups {
            target_group_id: group,
            computer_id: Some(computer.to_string()),
        };
        self.call(&operation).await.map(drop)
    }

    /// Takes a computer out of a group that somebody made.
    pub async fn remove_from_group(&self, group: GroupId, computer: &ClientId) -> Result<()> {
        let operation = ExecuteSPRemoveComputerFromTargetGroup {
            target_group_id: group,
            computer_id: Some(computer.to_string()),
        };
        self.call(&operation).await.map(drop)
    }
}
