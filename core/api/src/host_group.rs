//! Host groups of a managing server, and the WSUS groups that are made from them.

use headwater_model::{ClientId, GroupId, ServerId};
use serde::{Deserialize, Serialize};

use crate::text;

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct HostGroup {
    pub name: String,
    pub hosts: u64,
    /// The WSUS group that is made from it.
    #[serde(default, skip_serializing_if = "Option::is_none", with = "text::option")]
    pub wsus_group: Option<GroupId>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NewHostGroup {
    pub name: String,
    /// Hosts by the id of their update client, or by name.
    #[serde(default)]
    pub hosts: Vec<String>,
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

/// What was made of the groups of the WSUS.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ImportedGroups {
    pub created: Vec<String>,
    /// Those whose host groups were there.
    pub unchanged: Vec<String>,
    pub hosts: u64,
}

/// What has to change so that the WSUS group of a host group has its hosts as members.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct GroupPlan {
    pub host_group: String,
    /// The WSUS group; absent where it has to be made.
    #[serde(default, skip_serializing_if = "Option::is_none", with = "text::option")]
    pub group: Option<GroupId>,
    pub add: Vec<GroupChange>,
    pub remove: Vec<GroupChange>,
    pub unchanged: u64,
    /// Hosts that cannot be registered, each with the reason.
    pub not_registered: Vec<(String, String)>,
    /// What was read to make the plan. It is carried out only while that is so.
    pub state: String,
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
