//! The preview: who is to be in the computer groups made from host groups, and who is.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

use headwater_model::{ClientId, GroupId, HostGroupId, HostId, ServerId};

use crate::computer::{Computer, Place, folded};
use crate::host::{Host, HostGroup, HostGroups, Reach};
use crate::matching::{Match, Matching, Sighting, matched};
use crate::naming::{Owner, Problem, Refusal, Wanted, WsusGroup, flattened, refusals};
use crate::server::{Server, Targeting};

/// What the operator asks for.
#[derive(Debug, Clone, Default)]
pub struct Request {
    /// Each of these host groups becomes a group of its own.
    pub chosen: BTreeSet<HostGroupId>,
    /// Foreign groups that the operator lets be overwritten.
    pub adopt: HashSet<GroupId>,
    /// Names given instead of the flattened ones.
    pub names: BTreeMap<HostGroupId, String>,
    pub renamed: Renamed,
}

/// What becomes of a group whose host group is called otherwise now.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Renamed {
    #[default]
    Keep,
    /// Another one with the new name takes its place.
    Recreate,
}

impl Request {
    /// This host group and all beneath it.
    pub fn with_beneath(groups: &HostGroups, id: HostGroupId) -> Self {
        Self { chosen: groups.subtree(id).iter().map(|group| group.id).collect(), ..Self::default() }
    }
}

/// What is known when planning.
#[derive(Debug, Clone, Copy)]
pub struct State<'a> {
    pub host_groups: &'a HostGroups,
    pub hosts: &'a [Host],
    /// Those of the top WSUS.
    pub groups: &'a [WsusGroup],
    /// Those of the linked tree. Computers of others are outside the link.
    pub servers: &'a [Server],
    pub computers: &'a [Computer],
    pub sightings: &'a [Sighting],
}

/// What would become of each group, in the order of the host groups' ids.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Plan {
    pub groups: Vec<GroupPlan>,
}

/// What would become of one group.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GroupPlan {
    pub group: HostGroupId,
    /// Of the computer group. A group that exists keeps its own, whatever its host group is called now.
    pub name: String,
    pub target: Target,
    /// The members of every server that has or gets any.
    pub servers: BTreeMap<ServerId, Members>,
    /// The hosts of the host group that are no members.
    pub unregistered: BTreeMap<HostId, Reason>,
}

/// The computer group that a host group goes to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Target {
    Create,
    Ours(GroupId),
    /// Foreign so far, and to be ours from now on.
    Adopt(GroupId),
    /// A group of the new name takes the place of the old one, which keeps its members until then.
    Recreate {
        old: GroupId,
        /// Where it was made before the plan was cut off.
        new: Option<GroupId>,
    },
    /// Nothing is written: it needs adopting, once, or the host group another name.
    Foreign {
        id: GroupId,
        proposal: String,
    },
    /// Nothing is ever written. The host group needs another name.
    BuiltIn {
        id: GroupId,
        proposal: String,
    },
    /// Nothing is written: there cannot be a group of this name.
    Refused(Box<Refusal>),
}

impl Target {
    /// The computer group, where it exists.
    pub fn id(&self) -> Option<GroupId> {
        match self {
            Self::Ours(id) | Self::Adopt(id) => Some(*id),
            Self::Recreate { new, .. } => *new,
            Self::Foreign { id, .. } | Self::BuiltIn { id, .. } => Some(*id),
            Self::Create | Self::Refused(_) => None,
        }
    }

    /// Whether anything is written.
    pub fn is_written(&self) -> bool {
        matches!(self, Self::Create | Self::Ours(_) | Self::Adopt(_) | Self::Recreate { .. })
    }
}

/// The members of one group on one server.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Members {
    pub added: BTreeSet<ClientId>,
    pub removed: BTreeSet<ClientId>,
    pub unchanged: BTreeSet<ClientId>,
    /// Members that stay because nobody writes them: older records, duplicates, shared ids, and those whose
    /// policy decides.
    pub left: BTreeSet<ClientId>,
}

/// Why a host is not registered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Reason {
    /// It reports to a server that is not in the linked tree.
    OutsideLink(ServerId),
    /// It reports to an autonomous server that takes updates only.
    UpdatesOnly(ServerId),
    DuplicateName(BTreeSet<Place>),
    SharedId(ClientId),
    /// Its policy decides, and has to be set to this value.
    Policy {
        place: Place,
        value: String,
    },
    NeverSeen,
}

/// Plans all chosen groups. What it cannot do is in the plan, with the reason.
pub fn plan(request: &Request, state: &State) -> Plan {
    let matching = matched(state.hosts, state.computers, state.sightings);
    let chosen: Vec<&HostGroup> = request.chosen.iter().filter_map(|id| state.host_groups.get(*id)).collect();
    let targets = targets(&chosen, request, state);
    let hosts: Vec<BTreeSet<HostId>> =
        chosen.iter().map(|group| hosts_of(group, state.host_groups, &matching)).collect();
    let untouched = matching.untouched();
    let view = View {
        hosts: &matching.hosts,
        servers: state.servers.iter().map(|server| (server.id, server)).collect(),
        computers: state.computers.iter().map(|computer| (computer.place(), computer)).collect(),
        actual: actual(state.computers),
        untouched: &untouched,
        policies: policies(&hosts, &targets),
        planned: targets.iter().map(|(name, _)| folded(name)).collect(),
    };
    let group_plan = |((group, hosts), (name, target)): ((&&HostGroup, _), (String, Target))| {
        plan_group(group.id, name, target, hosts, &view)
    };
    Plan { groups: chosen.iter().zip(&hosts).zip(targets).map(group_plan).collect() }
}

/// The hosts of a group, each machine once.
fn hosts_of(group: &HostGroup, groups: &HostGroups, matching: &Matching) -> BTreeSet<HostId> {
    let groups = match group.reach {
        Reach::Direct => vec![group],
        Reach::WithBeneath => groups.subtree(group.id),
    };
    let hosts = groups.into_iter().flat_map(|group| &group.hosts);
    hosts.map(|host| *matching.same.get(host).unwrap_or(host)).collect()
}

/// The name and the target of each chosen group.
fn targets(chosen: &[&HostGroup], request: &Request, state: &State) -> Vec<(String, Target)> {
    let mut ours: HashMap<HostGroupId, &WsusGroup> = HashMap::new();
    let mut named: HashMap<String, &WsusGroup> = HashMap::new();
    for group in state.groups {
        if let Owner::Ours(host_group) = group.owner {
            ours.insert(host_group, group);
        }
        named.insert(folded(&group.name), group);
    }
    let renamed = |group: &HostGroup, ours: &WsusGroup| {
        let name = flattened(state.host_groups, group.id);
        (request.renamed == Renamed::Recreate && folded(&name) != folded(&ours.name)).then_some(name)
    };
    let name = |group: &HostGroup| match (ours.get(&group.id), request.names.get(&group.id)) {
        (Some(ours), _) => renamed(group, ours).unwrap_or_else(|| ours.name.clone()),
        (None, Some(given)) => given.clone(),
        (None, None) => flattened(state.host_groups, group.id),
    };
    let wanted: Vec<Wanted> =
        chosen.iter().map(|group| Wanted { group: group.id, name: name(group) }).collect();
    let refused = refusals(&wanted, state.groups, &request.adopt).into_iter();
    let mut refused: HashMap<HostGroupId, Refusal> =
        refused.map(|refusal| (refusal.group, refusal)).collect();
    let mut target = |group: &HostGroup, name: &str| {
        let refusal = refused.remove(&group.id);
        match (ours.get(&group.id), refusal) {
            (Some(ours), refusal) if renamed(group, ours).is_some() => match refusal {
                Some(refusal) => blocked(refusal),
                None => {
                    Target::Recreate { old: ours.id, new: named.get(&folded(name)).map(|there| there.id) }
                }
            },
            // A group that is followed by its id keeps its name, whatever it is.
            (Some(ours), _) => Target::Ours(ours.id),
            (None, Some(refusal)) => blocked(refusal),
            (None, None) => named.get(&folded(name)).map_or(Target::Create, |there| Target::Adopt(there.id)),
        }
    };
    let all = chosen.iter().zip(wanted);
    all.map(|(group, Wanted { name, .. })| (name.clone(), target(group, &name))).collect()
}

fn blocked(refusal: Refusal) -> Target {
    match refusal.problem {
        Problem::Exists { id, owner: Owner::Foreign } => Target::Foreign { id, proposal: refusal.proposal },
        Problem::Exists { id, owner: Owner::BuiltIn } => Target::BuiltIn { id, proposal: refusal.proposal },
        _ => Target::Refused(Box::new(refusal)),
    }
}

/// The members of each group.
fn actual(computers: &[Computer]) -> HashMap<GroupId, Vec<&Computer>> {
    let mut members: HashMap<GroupId, Vec<&Computer>> = HashMap::new();
    for computer in computers {
        for group in computer.groups.iter().collect::<BTreeSet<_>>() {
            members.entry(*group).or_default().push(computer);
        }
    }
    members
}

/// For each host the names of all planned groups that it is to be in.
fn policies(hosts: &[BTreeSet<HostId>], targets: &[(String, Target)]) -> HashMap<HostId, BTreeSet<String>> {
    let mut policies: HashMap<HostId, BTreeSet<String>> = HashMap::new();
    for (hosts, (name, _)) in hosts.iter().zip(targets).filter(|(_, (_, target))| target.is_written()) {
        for host in hosts {
            policies.entry(*host).or_default().insert(name.clone());
        }
    }
    policies
}

/// All that is looked up for each group.
struct View<'a> {
    hosts: &'a BTreeMap<HostId, Match>,
    servers: HashMap<ServerId, &'a Server>,
    computers: HashMap<Place, &'a Computer>,
    actual: HashMap<GroupId, Vec<&'a Computer>>,
    untouched: &'a BTreeSet<Place>,
    policies: HashMap<HostId, BTreeSet<String>>,
    /// The names of all planned groups, in lower case.
    planned: HashSet<String>,
}

fn plan_group(
    group: HostGroupId,
    name: String,
    target: Target,
    hosts: &BTreeSet<HostId>,
    view: &View,
) -> GroupPlan {
    let mut wanted = BTreeSet::new();
    let mut unregistered = BTreeMap::new();
    for host in hosts {
        match registered(*host, &name, view) {
            Ok(place) => drop(wanted.insert(place)),
            Err(reason) => drop(unregistered.insert(*host, reason)),
        }
    }
    let mut servers: BTreeMap<ServerId, Members> = BTreeMap::new();
    let members = target.id().and_then(|id| view.actual.get(&id)).into_iter().flatten();
    for computer in members.filter(|computer| view.servers.contains_key(&computer.server)) {
        let place = computer.place();
        let members = servers.entry(place.server).or_default();
        let decided = match wanted.remove(&place) {
            true => &mut members.unchanged,
            false if is_left(&place, view) => &mut members.left,
            false => &mut members.removed,
        };
        decided.insert(place.client);
    }
    for place in wanted.into_iter().filter(|place| !decides_itself(place, view)) {
        servers.entry(place.server).or_default().added.insert(place.client);
    }
    GroupPlan { group, name, target, servers, unregistered }
}

/// Where a host is to be a member of the group, or why it is not.
fn registered(host: HostId, group_name: &str, view: &View) -> Result<Place, Reason> {
    let place = match view.hosts.get(&host) {
        Some(Match::Computer(place)) => place,
        Some(Match::DuplicateName(places)) => return Err(Reason::DuplicateName(places.clone())),
        Some(Match::SharedId(client)) => return Err(Reason::SharedId(client.clone())),
        Some(Match::NeverSeen) | None => return Err(Reason::NeverSeen),
    };
    let Some(server) = view.servers.get(&place.server) else {
        return Err(Reason::OutsideLink(place.server));
    };
    if !server.has_managed_groups() {
        return Err(Reason::UpdatesOnly(place.server));
    }
    let computer = view.computers.get(place);
    if decides_itself(place, view) && !computer.is_some_and(|computer| computer.requests(group_name)) {
        let value = policy_value(host, computer.copied(), view);
        return Err(Reason::Policy { place: place.clone(), value });
    }
    Ok(place.clone())
}

/// The planned groups of a host, then what its policy asks for beside them.
fn policy_value(host: HostId, computer: Option<&Computer>, view: &View) -> String {
    let wanted = view.policies.get(&host).into_iter().flatten().map(String::as_str);
    let others = computer.into_iter().flat_map(Computer::requested);
    let others = others.filter(|name| !view.planned.contains(&folded(name)));
    wanted.chain(others).collect::<Vec<&str>>().join(";")
}

/// Whether the policy of a computer decides over its groups.
fn decides_itself(place: &Place, view: &View) -> bool {
    view.servers.get(&place.server).is_some_and(|server| server.targeting != Targeting::Server)
}

fn is_left(place: &Place, view: &View) -> bool {
    let updates_only = view.servers.get(&place.server).is_some_and(|server| !server.has_managed_groups());
    view.untouched.contains(place) || updates_only || decides_itself(place, view)
}

#[cfg(test)]
#[path = "group_plan_tests.rs"]
mod tests;
