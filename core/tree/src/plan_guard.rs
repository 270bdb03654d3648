//! Whether a plan may be carried out: it fits what is there, and it removes no more than the operator
//! expects; and how it is undone.

use std::collections::{BTreeMap, BTreeSet};

use headwater_model::{ClientId, GroupId, HostGroupId, HostId, ServerId, Sha256Digest};
use sha2::{Digest as _, Sha256};

use crate::computer::Place;
use crate::group_plan::{GroupPlan, Plan, Reason, Target};

/// A plan that removes more of a group than this share, in percent, is held.
pub const REMOVED_PERCENT_MAX: usize = 10;

/// The membership changes of one group on one server.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Change {
    pub group: HostGroupId,
    /// `None` for a group that the plan makes.
    pub target: Option<GroupId>,
    pub server: ServerId,
    pub add: BTreeSet<ClientId>,
    pub remove: BTreeSet<ClientId>,
}

/// Why a plan waits for the operator.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Held {
    #[error("`{name}` would lose all its {removed} members")]
    Empties { group: HostGroupId, name: String, removed: usize },
    #[error("`{name}` would lose {removed} of its {of} members, more than {REMOVED_PERCENT_MAX} %")]
    Share { group: HostGroupId, name: String, removed: usize, of: usize },
    #[error("the plan removes {removed} members, more than the {max} allowed")]
    Allowed { removed: usize, max: usize },
}

impl Held {
    /// The host group whose WSUS group it is about; none where it is the plan as a whole.
    pub fn group(&self) -> Option<HostGroupId> {
        match self {
            Self::Empties { group, .. } | Self::Share { group, .. } => Some(*group),
            Self::Allowed { .. } => None,
        }
    }
}

/// What changed since a plan was made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Changed {
    /// The host group is chosen or beneath a chosen one now.
    GroupCame(HostGroupId),
    GroupWent(HostGroupId),
    /// Another computer group, or whose it is.
    Target(HostGroupId),
    Name {
        group: HostGroupId,
        before: String,
        now: String,
    },
    Joined {
        group: HostGroupId,
        place: Place,
    },
    Left {
        group: HostGroupId,
        place: Place,
    },
    Wanted {
        group: HostGroupId,
        place: Place,
    },
    Unwanted {
        group: HostGroupId,
        place: Place,
    },
    /// Nobody may write this member any more, or somebody may again.
    Touch {
        group: HostGroupId,
        place: Place,
    },
    Unregistered {
        group: HostGroupId,
        host: HostId,
    },
}

/// The digest of all that a plan read.
pub fn digest(plan: &Plan) -> Sha256Digest {
    let mut bytes = Bytes(Sha256::new());
    bytes.count(plan.groups.len());
    for group in &plan.groups {
        write_group(&mut bytes, group);
    }
    Sha256Digest(bytes.0.finalize().into())
}

/// Names what differs between a plan and the one that the same request makes now. Empty exactly when
/// their digests are equal.
pub fn changed(before: &Plan, now: &Plan) -> Vec<Changed> {
    let groups = |plan: &Plan| -> BTreeMap<HostGroupId, GroupPlan> {
        plan.groups.iter().map(|group| (group.group, group.clone())).collect()
    };
    let (before, now) = (groups(before), groups(now));
    let mut changes: Vec<Changed> =
        before.keys().filter(|id| !now.contains_key(id)).map(|id| Changed::GroupWent(*id)).collect();
    for (id, now) in &now {
        match before.get(id) {
            None => changes.push(Changed::GroupCame(*id)),
            Some(before) => changed_group(before, now, &mut changes),
        }
    }
    changes
}

fn changed_group(before: &GroupPlan, now: &GroupPlan, changes: &mut Vec<Changed>) {
    let group = now.group;
    if before.target != now.target {
        changes.push(Changed::Target(group));
    }
    if before.name != now.name {
        changes.push(Changed::Name { group, before: before.name.clone(), now: now.name.clone() });
    }
    let (was, is) = (Sets::new(before), Sets::new(now));
    let only = |these: &BTreeSet<Place>, those: &BTreeSet<Place>| -> Vec<Place> {
        these.difference(those).cloned().collect()
    };
    let joined = only(&is.actual, &was.actual);
    let left = only(&was.actual, &is.actual);
    let touched = is.left.symmetric_difference(&was.left);
    let touched = touched.filter(|place| !joined.contains(place) && !left.contains(place)).cloned();
    changes.extend(touched.map(|place| Changed::Touch { group, place }));
    changes.extend(joined.into_iter().map(|place| Changed::Joined { group, place }));
    changes.extend(left.into_iter().map(|place| Changed::Left { group, place }));
    let wanted = only(&is.wanted, &was.wanted).into_iter();
    changes.extend(wanted.map(|place| Changed::Wanted { group, place }));
    let unwanted = only(&was.wanted, &is.wanted).into_iter();
    changes.extend(unwanted.map(|place| Changed::Unwanted { group, place }));
    let hosts: BTreeSet<&HostId> = before.unregistered.keys().chain(now.unregistered.keys()).collect();
    let differs = |host: &&HostId| before.unregistered.get(*host) != now.unregistered.get(*host);
    let hosts = hosts.into_iter().filter(differs);
    changes.extend(hosts.map(|host| Changed::Unregistered { group, host: *host }));
}

/// What a plan read of one group.
struct Sets {
    actual: BTreeSet<Place>,
    wanted: BTreeSet<Place>,
    left: BTreeSet<Place>,
}

impl Sets {
    fn new(group: &GroupPlan) -> Self {
        let mut sets = Self { actual: BTreeSet::new(), wanted: BTreeSet::new(), left: BTreeSet::new() };
        for (server, members) in &group.servers {
            let place = |client: &ClientId| Place { server: *server, client: client.clone() };
            let actual = members.removed.iter().chain(&members.unchanged).chain(&members.left);
            sets.actual.extend(actual.map(place));
            sets.wanted.extend(members.added.iter().chain(&members.unchanged).map(place));
            sets.left.extend(members.left.iter().map(place));
        }
        sets
    }
}

/// Why the plan is held; empty when it may be carried out. `max_removals` counts over the whole plan.
pub fn held(plan: &Plan, max_removals: Option<usize>) -> Vec<Held> {
    let groups = plan.groups.iter().filter(|group| group.target.is_written());
    let removed = |group: &GroupPlan| group.servers.values().map(|members| members.removed.len()).sum();
    if let Some(max) = max_removals {
        let removed: usize = groups.map(removed).sum();
        return if removed > max { vec![Held::Allowed { removed, max }] } else { vec![] };
    }
    groups.filter_map(|group| held_group(group, removed(group))).collect()
}

fn held_group(plan: &GroupPlan, removed: usize) -> Option<Held> {
    let (group, name) = (plan.group, plan.name.clone());
    let servers = plan.servers.values();
    let stay: usize = servers.clone().map(|members| members.unchanged.len() + members.left.len()).sum();
    let added: usize = servers.map(|members| members.added.len()).sum();
    let of = stay + removed;
    if removed > 0 && stay + added == 0 {
        Some(Held::Empties { group, name, removed })
    } else if removed * 100 > of * REMOVED_PERCENT_MAX {
        Some(Held::Share { group, name, removed, of })
    } else {
        None
    }
}

/// What carrying out the plan writes.
pub fn changes(plan: &Plan) -> Vec<Change> {
    let mut changes = Vec::new();
    for group in plan.groups.iter().filter(|group| group.target.is_written()) {
        for (server, members) in &group.servers {
            if !members.added.is_empty() || !members.removed.is_empty() {
                changes.push(Change {
                    group: group.group,
                    target: group.target.id(),
                    server: *server,
                    add: members.added.clone(),
                    remove: members.removed.clone(),
                });
            }
        }
    }
    changes
}

/// The changes that restore the members before these, which were carried out in this order.
pub fn undo(changes: &[Change]) -> Vec<Change> {
    let inverse =
        |change: &Change| Change { add: change.remove.clone(), remove: change.add.clone(), ..change.clone() };
    changes.iter().rev().map(inverse).collect()
}

/// Canonical bytes: every number has eight bytes, every text and list its length before it.
struct Bytes(Sha256);

impl Bytes {
    fn count(&mut self, count: usize) {
        self.0.update((count as u64).to_be_bytes());
    }

    fn text(&mut self, text: &str) {
        self.count(text.len());
        self.0.update(text);
    }

    fn id(&mut self, id: &[u8; 16]) {
        self.0.update(id);
    }

    fn place(&mut self, place: &Place) {
        self.id(place.server.as_bytes());
        self.text(place.client.as_str());
    }

    fn clients(&mut self, clients: &BTreeSet<ClientId>) {
        self.count(clients.len());
        clients.iter().for_each(|client| self.text(client.as_str()));
    }
}

fn write_group(bytes: &mut Bytes, group: &GroupPlan) {
    bytes.id(group.group.as_bytes());
    bytes.text(&group.name);
    bytes.count(match &group.target {
        Target::Create => 0,
        Target::Ours(_) => 1,
        Target::Adopt(_) => 2,
        Target::Foreign { .. } => 3,
        Target::BuiltIn { .. } => 4,
        Target::Refused(_) => 5,
        Target::Recreate { .. } => 7,
    });
    if let Some(id) = group.target.id() {
        bytes.id(id.as_bytes());
    }
    match &group.target {
        Target::Foreign { proposal, .. } | Target::BuiltIn { proposal, .. } => bytes.text(proposal),
        Target::Refused(refusal) => bytes.text(&refusal.to_string()),
        Target::Recreate { old, .. } => bytes.id(old.as_bytes()),
        Target::Create | Target::Ours(_) | Target::Adopt(_) => {}
    }
    bytes.count(group.servers.len());
    for (server, members) in &group.servers {
        bytes.id(server.as_bytes());
        for clients in [&members.added, &members.removed, &members.unchanged, &members.left] {
            bytes.clients(clients);
        }
    }
    bytes.count(group.unregistered.len());
    for (host, reason) in &group.unregistered {
        bytes.id(host.as_bytes());
        write_reason(bytes, reason);
    }
}

fn write_reason(bytes: &mut Bytes, reason: &Reason) {
    match reason {
        Reason::OutsideLink(server) => {
            bytes.count(0);
            bytes.id(server.as_bytes());
        }
        Reason::UpdatesOnly(server) => {
            bytes.count(1);
            bytes.id(server.as_bytes());
        }
        Reason::DuplicateName(places) => {
            bytes.count(2);
            bytes.count(places.len());
            places.iter().for_each(|place| bytes.place(place));
        }
        Reason::SharedId(client) => {
            bytes.count(3);
            bytes.text(client.as_str());
        }
        Reason::Policy { place, value } => {
            bytes.count(4);
            bytes.place(place);
            bytes.text(value);
        }
        Reason::NeverSeen => bytes.count(5),
    }
}

#[cfg(test)]
#[path = "plan_guard_tests.rs"]
mod tests;
