//! What a Linkage tells of its WSUS, whichever kind it is.

use headwater_model::{ClientId, GroupId, ServerId, Timestamp, UpdateId};
use serde::{Deserialize, Deserializer, Serialize};

use super::LinkVersion;
use crate::{
    ApprovalAction, ComputerUpdateState, NewRevisions, SeenUpdate, UpdateCounts, UpdateStates, UpdateSummary,
    text,
};

/// Whose software a WSUS is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum WsusKind {
    Headwater,
    Microsoft,
}

/// What a WSUS takes from the server above it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum WsusMode {
    /// There is none above it but Microsoft Update.
    Top,
    Replica,
    Autonomous,
}

/// The state of an update on one computer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct StateOnComputer {
    #[serde(with = "text")]
    pub client: ClientId,
    pub state: ComputerUpdateState,
    /// Since when, where that is told.
    #[serde(default, skip_serializing_if = "Option::is_none", with = "text::option")]
    pub since: Option<Timestamp>,
    /// Why it failed, such as `0x80240022`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error: Option<String>,
}

/// Who puts computers into groups.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum WsusTargeting {
    Server,
    Client,
}

/// Who a WSUS is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct WsusIdentity {
    #[serde(with = "text")]
    pub server: ServerId,
    /// By which other servers know it.
    pub name: String,
    pub kind: WsusKind,
    pub version: String,
    pub mode: WsusMode,
    /// The address of the server above.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub upstream: Option<String>,
    /// Who that is, where this WSUS has been told: a Headwater, once it has told it of itself.
    #[serde(default, skip_serializing_if = "Option::is_none", with = "text::option")]
    pub upstream_id: Option<ServerId>,
    pub targeting: WsusTargeting,
    /// What an autonomous server takes of the updates above it; absent where it takes all, or does not tell.
    #[serde(default, skip_serializing_if = "Option::is_none", deserialize_with = "of_this_form")]
    pub subscription: Option<Subscription>,
    /// Whether the Linkage's account may only read.
    pub read_only: bool,
    /// Those that report to this very server.
    pub computers: u64,
    /// The Linkage's clock.
    #[serde(with = "text")]
    pub at: Timestamp,
    /// Of the Linkage.
    #[serde(default)]
    pub speaks: LinkVersion,
}

/// Absent where it has the form of another version: who a WSUS is must be understood from any, for it says which
/// version its Linkage speaks.
fn of_this_form<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Subscription>, D::Error> {
    let told = serde_json::Value::deserialize(deserializer)?;
    Ok(serde_json::from_value(told).ok())
}

/// The updates that a server takes: those of one of these products that are of one of these classifications.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Subscription {
    /// Products, families of products, and companies; of the latter two all that is beneath them.
    pub categories: Vec<SubscribedCategory>,
    pub classifications: Vec<SubscribedCategory>,
}

/// A product, what stands above products, or a classification.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SubscribedCategory {
    #[serde(with = "text")]
    pub id: UpdateId,
    /// In English: a Microsoft WSUS tells of its updates only the titles of what they belong to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub title: Option<String>,
    pub is_product: bool,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct WsusGroup {
    #[serde(with = "text")]
    pub id: GroupId,
    pub name: String,
    #[serde(default, skip_serializing_if = "Option::is_none", with = "text::option")]
    pub parent: Option<GroupId>,
    pub built_in: bool,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct WsusComputer {
    #[serde(with = "text")]
    pub client: ClientId,
    pub name: String,
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub address: String,
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub os: String,
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub os_version: String,
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub architecture: String,
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub agent_version: String,
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub manufacturer: String,
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub model: String,
    /// Absent where the WSUS does not tell it.
    #[serde(default, skip_serializing_if = "Option::is_none", with = "text::option")]
    pub first_contact_at: Option<Timestamp>,
    #[serde(with = "text")]
    pub last_contact_at: Timestamp,
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub requested_group: String,
    /// Those that it is in itself.
    #[serde(with = "text::list")]
    pub groups: Vec<GroupId>,
    /// The products that it has, as a place in the [`product_sets`](WsusComputers::product_sets) of its page; absent
    /// where that is not known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub product_set: Option<u32>,
}

/// A page of the computers that report to one server. Thousands have the same products: these are told once, and a
/// Linkage that is older, or of a Microsoft WSUS, tells none.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct WsusComputers {
    pub items: Vec<WsusComputer>,
    /// What `after` must be to get the next page; absent on the last one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub next: Option<String>,
    /// The titles of all products that computers of this page have.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub products: Vec<String>,
    /// What computers have together, as places in `products`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub product_sets: Vec<Vec<u32>>,
}

impl WsusComputers {
    /// The titles of a set; nothing where it names what is not there.
    pub fn titles(&self, set: u32) -> Option<Vec<&str>> {
        let places = self.product_sets.get(set as usize)?;
        places.iter().map(|at| Some(self.products.get(*at as usize)?.as_str())).collect()
    }
}

#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct WsusApproval {
    #[serde(with = "text")]
    pub update: UpdateId,
    pub revision: u32,
    #[serde(with = "text")]
    pub group: GroupId,
    pub action: ApprovalAction,
    #[serde(default, skip_serializing_if = "Option::is_none", with = "text::option")]
    pub deadline: Option<Timestamp>,
}

/// What a WSUS holds, but for its computers.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Contents {
    /// The newest revision of every update, `id/revision`, in order.
    pub updates: Vec<String>,
    pub groups: Vec<WsusGroup>,
    /// In order.
    pub approvals: Vec<WsusApproval>,
    #[serde(with = "text::list")]
    pub declined: Vec<UpdateId>,
    /// It lets computers look for whatever is not approved, and knows no approval for that alone.
    #[serde(default)]
    pub detects_always: bool,
    pub files_held: u64,
    pub files_wanted: u64,
    /// Absent where it never synchronised.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_sync: Option<LastSync>,
}

/// The last synchronisation of a WSUS with the server above it, whoever began it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct LastSync {
    pub state: SyncState,
    /// When it ended, or began where it goes on, by that server's clock.
    #[serde(with = "text")]
    pub at: Timestamp,
}

/// How many computers have said what of an update, at a server and below as far as that is told.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct UpdateCount {
    #[serde(with = "text")]
    pub update: UpdateId,
    /// Failed ones among them.
    pub needed: u64,
    pub installed: u64,
    pub failed: u64,
    /// The same by state; an earlier Linkage does not tell it.
    #[serde(default, skip_serializing_if = "Option::is_none", with = "in_short")]
    pub states: Option<UpdateStates>,
}

impl UpdateCount {
    /// Of what a list says.
    pub fn of(update: &UpdateSummary) -> Self {
        let UpdateSummary { id, needed, installed, failed, states, .. } = *update;
        Self { update: id, needed, installed, failed, states }
    }

    /// The same; absent where no computer counts.
    pub fn listed(update: &UpdateSummary) -> Option<Self> {
        let count = Self::of(update);
        let counts = count.needed + count.installed + count.failed > 0
            || count.states.is_some_and(|states| states.said != UpdateCounts::default());
        counts.then_some(count)
    }
}

/// Numbers in the order of [`ComputerUpdateState::ALL`]: they are told of tens of thousands of updates at a time.
mod in_short {
    use serde::{Deserialize, Deserializer, Serialize, Serializer};

    use crate::{ComputerUpdateState, UpdateCounts, UpdateStates};

    #[derive(Serialize, Deserialize)]
    struct Short {
        said: [u64; ComputerUpdateState::ALL.len()],
        #[serde(default, skip_serializing_if = "Option::is_none")]
        silent: Option<[u64; ComputerUpdateState::ALL.len()]>,
    }

    pub(super) fn serialize<S: Serializer>(
        states: &Option<UpdateStates>,
        serializer: S,
    ) -> Result<S::Ok, S::Error> {
        let numbers = |counts: UpdateCounts| ComputerUpdateState::ALL.map(|state| counts.of(state));
        let short =
            |states: &UpdateStates| Short { said: numbers(states.said), silent: states.silent.map(numbers) };
        states.as_ref().map(short).serialize(serializer)
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(
        deserializer: D,
    ) -> Result<Option<UpdateStates>, D::Error> {
        let counts = |numbers: [u64; ComputerUpdateState::ALL.len()]| {
            let mut counts = UpdateCounts::default();
            for (state, number) in ComputerUpdateState::ALL.into_iter().zip(numbers) {
                *counts.of_mut(state) = number;
            }
            counts
        };
        let short = Option::<Short>::deserialize(deserializer)?;
        Ok(short.map(|short| UpdateStates { said: counts(short.said), silent: short.silent.map(counts) }))
    }
}

/// Put computers into groups, or take them out; each change stands alone.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Memberships {
    /// The operator, for the history of the WSUS.
    pub by: String,
    pub add: Vec<MembershipChange>,
    pub remove: Vec<MembershipChange>,
}

#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct MembershipChange {
    #[serde(with = "text")]
    pub client: ClientId,
    #[serde(with = "text")]
    pub group: GroupId,
}

/// Approve an update for a group; without an action, withdraw.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Approve {
    pub by: String,
    #[serde(with = "text::list")]
    pub updates: Vec<UpdateId>,
    #[serde(with = "text")]
    pub group: GroupId,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub action: Option<ApprovalAction>,
    #[serde(default, skip_serializing_if = "Option::is_none", with = "text::option")]
    pub deadline: Option<Timestamp>,
    #[serde(default, skip_serializing_if = "NewRevisions::is_follow")]
    pub new_revisions: NewRevisions,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub seen: Vec<SeenUpdate>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Decline {
    pub by: String,
    #[serde(with = "text::list")]
    pub updates: Vec<UpdateId>,
    /// Whether to decline, or to take that back.
    pub decline: bool,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub seen: Vec<SeenUpdate>,
}

/// What became of the parts of a request: each is in exactly one list, by the id of its update or computer.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Decided {
    pub applied: Vec<String>,
    pub unchanged: Vec<String>,
    /// With the reason.
    pub refused: Vec<(String, String)>,
}

/// A server below, as the one above knows it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct WsusLower {
    #[serde(with = "text")]
    pub server: ServerId,
    pub name: String,
    /// The server that it takes from; absent for the one that tells.
    #[serde(default, skip_serializing_if = "Option::is_none", with = "text::option")]
    pub parent: Option<ServerId>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub mode: Option<WsusMode>,
    /// Absent where the WSUS does not tell it.
    #[serde(default, skip_serializing_if = "Option::is_none", with = "text::option")]
    pub first_contact_at: Option<Timestamp>,
    #[serde(with = "text")]
    pub last_contact_at: Timestamp,
    #[serde(default, skip_serializing_if = "Option::is_none", with = "text::option")]
    pub last_sync_at: Option<Timestamp>,
    pub computers: u64,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct StartedSync {
    pub run: u64,
    /// Whether it was running already.
    pub joined: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SyncState {
    Running,
    Done,
    /// Some of it was refused or kept apart.
    Partial,
    Failed,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SyncProgress {
    pub state: SyncState,
    /// Whether it is at groups and approvals; documents are counted before.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub decisions: bool,
    pub documents: u64,
    pub documents_total: u64,
    pub added: u64,
    pub approvals_changed: u64,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub problem: Option<String>,
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::Page;

    #[test]
    fn products_are_told_once_and_those_who_do_not_know_of_them_read_the_rest() {
        let computer = |client: &str, product_set: Option<u32>| {
            let at = "2026-10-04T15:03:36Z";
            let mut told = json!({"client": client, "name": client, "last_contact_at": at, "groups": []});
            if let Some(set) = product_set {
                told["product_set"] = set.into();
            }
            told
        };
        let told = json!({
            "items": [computer("a", Some(0)), computer("b", Some(1)), computer("c", None)], "next": "c",
            "products": ["Windows 11", "Office 2016"], "product_sets": [[0, 1], [], [2]]
        });
        let page: WsusComputers = serde_json::from_value(told.clone()).expect("a page");
        assert_eq!(serde_json::to_value(&page).expect("JSON"), told);
        assert_eq!(page.titles(0), Some(vec!["Windows 11", "Office 2016"]));
        assert_eq!((page.titles(1), page.titles(2), page.titles(3)), (Some(vec![]), None, None));

        // An earlier managing server, and an earlier Linkage.
        let before: Page<WsusComputer> = serde_json::from_value(told).expect("a page");
        assert_eq!((before.items, before.next), (page.items, page.next));
        let before = json!({"items": [computer("a", None)]});
        let page: WsusComputers = serde_json::from_value(before).expect("a page");
        assert_eq!((page.items[0].product_set, page.product_sets.len()), (None, 0));
    }
}
