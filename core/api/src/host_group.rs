//! Host groups of a managing server, and the WSUS groups that are made from them.

use headwater_model::{ClientId, GroupId, ServerId};
use serde::{Deserialize, Serialize};

use crate::{ServerRef, text};

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct HostGroup {
    pub name: String,
    /// The host group that it is beneath.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub parent: Option<String>,
    /// Its own hosts, without those of the groups beneath.
    pub hosts: u64,
    /// Computers of which its rule, which asks for products, says nothing, for theirs are not known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub products_unknown: Option<u64>,
    /// Whether its WSUS group has its own hosts only.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub direct: bool,
    /// The conditions that hold for its hosts; without any, its members are its hosts.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub rule: Vec<String>,
    /// The WSUS group that is made from it.
    #[serde(default, skip_serializing_if = "Option::is_none", with = "text::option")]
    pub wsus_group: Option<GroupId>,
    /// Why nobody writes the members of that group until a plan is applied.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub held: Option<String>,
}

#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NewHostGroup {
    pub name: String,
    /// Hosts by the id of their update client, or by name.
    #[serde(default)]
    pub hosts: Vec<String>,
    /// Conditions such as `name=pc-*`, instead of hosts.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub rule: Vec<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub parent: Option<String>,
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub direct: bool,
}

/// What is to be otherwise; what is absent stays.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct HostGroupChange {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// An empty text puts it beneath none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub parent: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub direct: Option<bool>,
    /// While there are conditions the members do not count. None take the rule away.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rule: Option<Vec<String>>,
}

/// Put hosts into a host group, or take them out.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct HostGroupMembers {
    #[serde(default)]
    pub add: Vec<String>,
    #[serde(default)]
    pub remove: Vec<String>,
}

/// Which part of a host group's hosts to list, in the order of their names.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct HostGroupMembersQuery {
    /// In this order instead of their names'.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sort: Option<HostOrder>,
    /// The other way round.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub reverse: bool,
    /// At most so many items, up to [`PAGE_LIMIT_MAX`](crate::PAGE_LIMIT_MAX).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub limit: Option<u32>,
    /// The `next` of the page before.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub after: Option<String>,
}

/// By what the hosts of a host group are listed; those that are alike in it by name.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum HostOrder {
    #[default]
    Name,
    Server,
    /// By the host group that has it itself.
    HostGroup,
    /// Those that are not registered first.
    State,
}

/// A host of a host group or of one beneath it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct HostGroupMember {
    /// Of its update client.
    #[serde(with = "text")]
    pub client: ClientId,
    /// The client's id where no WSUS has seen it.
    pub name: String,
    /// The server that it reports to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub server: Option<ServerRef>,
    /// The host group that has it itself.
    pub host_group: String,
    /// Whether it is in the WSUS group that is made from the host group.
    pub registered: bool,
    /// Why it is not.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
}

/// What was made of the groups of the WSUS.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ImportedGroups {
    pub created: Vec<String>,
    /// Those whose host groups were there.
    pub unchanged: Vec<String>,
    pub hosts: u64,
}

/// Which plan is made.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct GroupPlanQuery {
    /// The host group; those beneath it are planned too.
    pub group: String,
    /// Whether WSUS groups of the same names, which were not made here, are taken over.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub adopt: bool,
    /// Whether WSUS groups of host groups that are called otherwise by now are made again under the new names.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub recreate: bool,
}

/// What has to change so that the WSUS groups of a host group and of those beneath it have their hosts as
/// members.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct GroupPlan {
    /// The one that was asked for.
    pub host_group: String,
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub adopt: bool,
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub recreate: bool,
    /// A group before those beneath it.
    pub groups: Vec<PlannedGroup>,
    /// Why it is carried out only with a number of members that it may remove.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub held: Vec<String>,
    /// What was read to make the plan. It is carried out only while that is so.
    pub state: String,
}

/// What has to change in one WSUS group.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PlannedGroup {
    pub host_group: String,
    /// Of the WSUS group.
    pub name: String,
    /// The WSUS group; absent where it has to be made.
    #[serde(default, skip_serializing_if = "Option::is_none", with = "text::option")]
    pub group: Option<GroupId>,
    /// Whether the WSUS group is taken over by this.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub adopted: bool,
    /// The WSUS group whose place it takes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub recreates: Option<Recreated>,
    pub add: Vec<GroupChange>,
    pub remove: Vec<GroupChange>,
    pub unchanged: u64,
    /// Hosts that cannot be registered, each with the reason.
    pub not_registered: Vec<(String, String)>,
}

/// A WSUS group that goes once everyone who is in it is in the one that takes its place.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Recreated {
    #[serde(with = "text")]
    pub group: GroupId,
    pub name: String,
    /// Those that are copied.
    pub approvals: u64,
    /// Why it is still there after the plan was carried out; runs of the synchronisation command delete it then.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stays: Option<String>,
}

/// Carry out a plan.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ApplyGroupPlan {
    pub plan: GroupPlan,
    /// How many members it may remove. Without it a plan that empties a group, or removes over a tenth of
    /// one, is refused.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max_removals: Option<u64>,
}

/// What the last plan wrote and is taken back.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct UndonePlan {
    /// The one that was asked for.
    pub host_group: String,
    /// Those that the plan had written for, of that one and those beneath it.
    #[serde(default)]
    pub host_groups: Vec<String>,
    /// Who had applied the plan.
    pub applied_by: String,
    /// Members that are back.
    pub restored: u64,
    /// Members that the plan had added.
    pub removed: u64,
    /// Computers that were not written, each with the reason.
    pub refused: Vec<(String, String)>,
}

/// One computer of a plan, on the server that it reports to.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct GroupChange {
    #[serde(with = "text")]
    pub server: ServerId,
    #[serde(with = "text")]
    pub client: ClientId,
    pub name: String,
}

impl GroupPlan {
    /// Whether nothing is left to write.
    pub fn is_empty(&self) -> bool {
        self.groups.iter().all(|group| {
            let is_made = group.group.is_some() && group.recreates.is_none();
            is_made && !group.adopted && group.add.is_empty() && group.remove.is_empty()
        })
    }

    /// How many members it adds.
    pub fn added(&self) -> u64 {
        self.groups.iter().map(|group| group.add.len() as u64).sum()
    }

    /// How many members it removes.
    pub fn removed(&self) -> u64 {
        self.groups.iter().map(|group| group.remove.len() as u64).sum()
    }
}
