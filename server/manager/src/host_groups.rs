//! Host groups, and the WSUS groups that are made from them.

use std::collections::{BTreeSet, HashMap, HashSet};

use headwater_api::linkage::{MembershipChange, Memberships, WsusComputer, WsusGroup};
use headwater_api::{GroupChange, GroupPlan, HostGroup, HostGroupMembers, ImportedGroups, NewHostGroup};
use headwater_link::KeyError;
use headwater_model::{ClientId, GroupId, HostGroupId, HostId, ServerId};
use headwater_store::{AuditRow, HostGroupRow};
use headwater_tree::computer::Computer;
use headwater_tree::group_plan::{self as decide, Reason, Target};
use headwater_tree::host::{Basis, Host, HostGroup as Group, HostGroups};
use headwater_tree::naming::{Owner, WsusGroup as Named};
use headwater_tree::plan_guard;
use headwater_tree::server::Server;
use ring::digest::{SHA256, digest};

use crate::ask::Way;
use crate::tree::Tree;
use crate::{Manager, ManagerError, Mirror};

/// Hosts that one request names.
const HOSTS_PER_REQUEST_MAX: usize = 200_000;

/// All that a plan is made from.
#[derive(Clone)]
pub(crate) struct Known {
    pub servers: Vec<Server>,
    pub computers: Vec<Computer>,
    pub groups: Vec<Named>,
    host_groups: HostGroups,
    hosts: Vec<Host>,
}

impl Known {
    /// The same with what a server says of its computers now.
    pub fn with_computers(&self, server: ServerId, computers: Vec<WsusComputer>) -> Self {
        let others = self.computers.iter().filter(|one| one.server != server).cloned();
        Self {
            computers: others.chain(computers.into_iter().map(|one| computer(server, one))).collect(),
            ..self.clone()
        }
    }

    /// What would have to change so that the WSUS groups of these host groups have their hosts.
    pub fn plan(&self, request: &decide::Request) -> decide::Plan {
        decide::plan(
            request,
            &decide::State {
                host_groups: &self.host_groups,
                hosts: &self.hosts,
                groups: &self.groups,
                servers: &self.servers,
                computers: &self.computers,
                sightings: &[],
            },
        )
    }

    /// The host groups that have a WSUS group.
    pub fn managed(&self) -> BTreeSet<HostGroupId> {
        let ours = self.groups.iter().filter_map(|group| match group.owner {
            Owner::Ours(of) => Some(of),
            Owner::Foreign | Owner::BuiltIn => None,
        });
        ours.collect()
    }

    /// The names of the computers; of a client that several servers know, the first.
    pub fn names(&self) -> HashMap<&ClientId, &str> {
        self.computers.iter().rev().map(|one| (&one.client, one.name.as_str())).collect()
    }
}

impl Manager {
    /// All host groups, by name.
    pub async fn host_groups(&self) -> Result<Vec<HostGroup>, ManagerError> {
        Ok(self.store.host_groups().await?.iter().map(told).collect())
    }

    pub async fn create_host_group(&self, new: &NewHostGroup, by: &str) -> Result<HostGroup, ManagerError> {
        headwater_tree::naming::check_form(&new.name)
            .map_err(|error| ManagerError::Invalid(format!("{error}; choose another name")))?;
        let members = self.clients(&new.hosts).await?;
        if !self.store.add_host_group(&new.name, None, &members, by, self.now()).await? {
            return Err(ManagerError::Refused(format!("a host group named `{}` exists already", new.name)));
        }
        self.host_group(&new.name).await.map(|row| told(&row))
    }

    pub async fn change_host_group(
        &self,
        name: &str,
        members: &HostGroupMembers,
        by: &str,
    ) -> Result<HostGroup, ManagerError> {
        let row = self.host_group(name).await?;
        let (add, remove) = (self.clients(&members.add).await?, self.clients(&members.remove).await?);
        self.store.change_host_group(row.id, &add, &remove, by, self.now()).await?;
        self.host_group(name).await.map(|row| told(&row))
    }

    /// The host groups that have a host, by name, each with the WSUS group that is made from it.
    pub async fn host_groups_of(
        &self,
        client: &ClientId,
    ) -> Result<Vec<(String, Option<GroupId>)>, ManagerError> {
        let rows = self.store.host_groups().await?;
        let has = |row: &HostGroupRow| row.members.binary_search(client).is_ok();
        Ok(rows.into_iter().filter(has).map(|row| (row.name, row.wsus_group)).collect())
    }

    async fn host_group(&self, name: &str) -> Result<HostGroupRow, ManagerError> {
        let folded = name.to_lowercase();
        let found = self.store.host_groups().await?.into_iter().find(|one| one.name.to_lowercase() == folded);
        found.ok_or_else(|| {
            ManagerError::NotFound(format!(
                "there is no host group `{name}`; `headwater hostgroup list` shows all"
            ))
        })
    }

    /// Hosts by the ids of their update clients, or by the names by which exactly one computer is known.
    pub(crate) async fn clients(&self, hosts: &[String]) -> Result<Vec<ClientId>, ManagerError> {
        if hosts.len() > HOSTS_PER_REQUEST_MAX {
            return Err(ManagerError::Invalid(format!(
                "name at most {HOSTS_PER_REQUEST_MAX} hosts at a time"
            )));
        }
        if hosts.is_empty() {
            return Ok(Vec::new());
        }
        let way = self.way().await?;
        let tree = self.tree(&way).await?;
        let mut by_name: HashMap<String, BTreeSet<ClientId>> = HashMap::new();
        for computer in self.computers(&way, &tree).await? {
            let name = computer.name.to_lowercase();
            let short = name.split('.').next().unwrap_or_default().to_owned();
            for name in [computer.client.to_string(), name, short] {
                by_name.entry(name).or_default().insert(computer.client.clone());
            }
        }
        let client = |host: &String| {
            let clients = by_name.get(&host.to_lowercase());
            match clients.map(|clients| (clients.len(), clients.first())) {
                Some((1, Some(client))) => Ok(client.clone()),
                Some(_) => Err(ManagerError::Invalid(format!(
                    "several computers are named `{host}`: name one by the id of its update client"
                ))),
                None => Err(ManagerError::NotFound(format!("no WSUS of the tree knows a computer `{host}`"))),
            }
        };
        hosts.iter().map(client).collect()
    }

    /// Makes a host group from each WSUS group that has none, with its members: an existing WSUS is taken
    /// over, and the first difference is empty.
    pub async fn import_host_groups(&self, by: &str) -> Result<ImportedGroups, ManagerError> {
        let way = self.way().await?;
        let tree = self.tree(&way).await?;
        let groups = self.groups_of(&way, &way.top).await?;
        let computers = self.computers(&way, &tree).await?;
        let taken: HashSet<GroupId> =
            self.store.host_groups().await?.iter().filter_map(|one| one.wsus_group).collect();
        let mut imported = ImportedGroups::default();
        let mut hosts: BTreeSet<ClientId> = BTreeSet::new();
        for group in groups.iter().filter(|group| !group.built_in) {
            if taken.contains(&group.id) {
                imported.unchanged.push(group.name.clone());
                continue;
            }
            let members: Vec<ClientId> = computers
                .iter()
                .filter(|computer| computer.groups.contains(&group.id))
                .map(|computer| computer.client.clone())
                .collect();
            let made =
                self.store.add_host_group(&group.name, Some(group.id), &members, by, self.now()).await?;
            if !made {
                return Err(ManagerError::Refused(format!(
                    "a host group named `{}` exists already and is not made from the WSUS group: rename one of \
                     them",
                    group.name
                )));
            }
            hosts.extend(members);
            imported.created.push(group.name.clone());
        }
        imported.hosts = hosts.len() as u64;
        Ok(imported)
    }

    /// What would have to change so that the WSUS group of a host group has its hosts; changes nothing.
    pub async fn plan_group(&self, name: &str) -> Result<GroupPlan, ManagerError> {
        let row = self.host_group(name).await?;
        let way = self.way().await?;
        let tree = self.tree(&way).await?;
        let known = self.known(&way, &tree).await?;
        planned(&row, &known, &self.mirror())
    }

    /// Carries out a plan, if what it was made from is still so.
    pub async fn apply_group_plan(&self, plan: &GroupPlan, by: &str) -> Result<GroupPlan, ManagerError> {
        let row = self.host_group(&plan.host_group).await?;
        let way = self.way().await?;
        let tree = self.tree(&way).await?;
        tree.must_be_writable()?;
        let now = planned(&row, &self.known(&way, &tree).await?, &self.mirror())?;
        if now.state != plan.state {
            return Err(ManagerError::Refused(format!(
                "what the plan for `{}` was made from has changed: make a new preview",
                plan.host_group
            )));
        }
        // What was read now is carried out, whatever else stands in what was sent.
        let plan = &now;
        let group = match plan.group {
            Some(group) => group,
            None => self.create_group_on(&way, &way.top, &row.name, by).await?.id,
        };
        if row.wsus_group.is_none() {
            self.store.bind_host_group(row.id, group).await?;
        }
        let servers: BTreeSet<ServerId> =
            plan.add.iter().chain(&plan.remove).map(|change| change.server).collect();
        for server in servers {
            let Some(linkage) = tree.linkages.get(&server) else { continue };
            // A group that was just made reaches a lower server by its own synchronisation, and the
            // members with it: `wsus sync` does both in order.
            if plan.group.is_none() && linkage.linkage != way.top.linkage {
                continue;
            }
            let change = |change: &GroupChange| {
                (change.server == server).then(|| MembershipChange { client: change.client.clone(), group })
            };
            let memberships = Memberships {
                by: by.to_owned(),
                add: plan.add.iter().filter_map(change).collect(),
                remove: plan.remove.iter().filter_map(change).collect(),
            };
            let done = self.change_memberships_on(&way, linkage, memberships).await?;
            if let Some((client, reason)) = done.refused.first() {
                return Err(ManagerError::Refused(format!("{}: {client}: {reason}", linkage.name)));
            }
        }
        let (added, removed) = (plan.add.len() as u64, plan.remove.len() as u64);
        let applied = AuditRow {
            before: Some(format!("{} members", plan.unchanged + removed)),
            after: Some(format!("{} members, {added} added, {removed} removed", plan.unchanged + added)),
            ..AuditRow::of(self.now(), by, "apply group plan", &row.name)
        };
        self.store.audit(&applied).await?;
        self.look_again();
        Ok(plan.clone())
    }

    /// Every computer of every server whose Linkage is reached.
    pub(crate) async fn computers(&self, way: &Way, tree: &Tree) -> Result<Vec<Computer>, ManagerError> {
        let mut computers = Vec::new();
        for server in tree.servers.iter().filter(|server| server.reached) {
            let Some(linkage) = tree.linkages.get(&server.id) else { continue };
            match self.computers_of(way, linkage).await {
                Ok(found) => computers.extend(found.into_iter().map(|one| computer(server.id, one))),
                // Cut off since the tree was looked at: nothing is written there either.
                Err(ManagerError::NotReached { .. }) if linkage.linkage != way.top.linkage => {}
                Err(error) => return Err(error),
            }
        }
        Ok(computers)
    }

    /// All that plans are made from, as it is now.
    pub(crate) async fn known(&self, way: &Way, tree: &Tree) -> Result<Known, ManagerError> {
        let rows = self.store.host_groups().await?;
        let groups = self.groups_of(way, &way.top).await?;
        let computers = self.computers(way, tree).await?;
        let clients: BTreeSet<ClientId> = computers
            .iter()
            .map(|one| one.client.clone())
            .chain(rows.iter().flat_map(|row| row.members.iter().cloned()))
            .collect();
        let names: HashMap<&ClientId, &str> =
            computers.iter().map(|one| (&one.client, one.name.as_str())).collect();
        let hosts = clients.iter().map(|client| Host {
            id: host_id(client),
            name: names.get(client).map_or_else(|| client.to_string(), |name| (*name).to_owned()),
            client: Some(client.clone()),
        });
        let host_group = |row: &HostGroupRow| Group {
            id: host_group_id(row),
            name: row.name.clone(),
            parent: None,
            basis: Basis::Hosts,
            hosts: row.members.iter().map(host_id).collect(),
        };
        let host_groups = HostGroups::new(rows.iter().map(host_group));
        Ok(Known {
            hosts: hosts.collect(),
            host_groups: host_groups.map_err(|error| ManagerError::Refused(error.to_string()))?,
            groups: groups.iter().map(|group| named(group, &rows)).collect(),
            servers: tree.servers.iter().map(|told| tree.server(told)).collect(),
            computers,
        })
    }
}

fn planned(row: &HostGroupRow, known: &Known, mirror: &Mirror) -> Result<GroupPlan, ManagerError> {
    let request =
        decide::Request { chosen: BTreeSet::from([host_group_id(row)]), ..decide::Request::default() };
    let plan = known.plan(&request);
    let state = plan_guard::digest(&plan).to_string();
    let group = plan.groups.first().ok_or(ManagerError::Key(KeyError::Damaged))?;
    let refused = |reason: String| Err(ManagerError::Refused(reason));
    match &group.target {
        Target::Create | Target::Ours(_) | Target::Adopt(_) => {}
        Target::Foreign { proposal, .. } => {
            return refused(format!(
                "the WSUS has a group `{}` that was not made here: take it over with `headwater hostgroup import \
                 --from-wsus`, or name the host group `{proposal}`",
                group.name
            ));
        }
        Target::BuiltIn { proposal, .. } => {
            return refused(format!(
                "`{}` is built into every WSUS: name the host group `{proposal}`",
                group.name
            ));
        }
        Target::Refused(refusal) => {
            return refused(format!("{refusal}; `{}` would do", refusal.proposal));
        }
        Target::FeedsOnItself => return refused("the host group is made from WSUS groups".to_owned()),
    }
    let computers = known.names();
    let change = |server: &ServerId, client: &ClientId| GroupChange {
        server: *server,
        client: client.clone(),
        name: computers.get(client).map_or_else(|| client.to_string(), |name| (*name).to_owned()),
    };
    let (mut add, mut remove, mut unchanged) = (Vec::new(), Vec::new(), 0);
    for (server, members) in &group.servers {
        add.extend(members.added.iter().map(|client| change(server, client)));
        remove.extend(members.removed.iter().map(|client| change(server, client)));
        unchanged += (members.unchanged.len() + members.left.len()) as u64;
    }
    let names: HashMap<HostId, &str> = known.hosts.iter().map(|host| (host.id, host.name.as_str())).collect();
    let not_registered = group.unregistered.iter().map(|(host, reason)| {
        let name = names.get(host).map_or_else(|| host.to_string(), |name| (*name).to_owned());
        // A host that was seen before reports to a server that is not reached now.
        let before = name.parse().ok().and_then(|client| mirror.computers.get(&client));
        match (reason, before.and_then(|before| Some((&before.name, before.server.as_ref()?)))) {
            (Reason::NeverSeen, Some((name, server))) => {
                (name.clone(), format!("it reports to {}, which is not reached", server.name))
            }
            _ => (name, in_words(reason, known)),
        }
    });
    Ok(GroupPlan {
        host_group: row.name.clone(),
        group: group.target.id(),
        add,
        remove,
        unchanged,
        not_registered: not_registered.collect(),
        state,
    })
}

/// Why a host is no member, in a sentence.
fn in_words(reason: &Reason, known: &Known) -> String {
    let server = |id: &ServerId| {
        let found = known.servers.iter().find(|one| one.id == *id);
        found.map_or_else(|| id.to_string(), |one| one.name.clone())
    };
    match reason {
        Reason::OutsideLink(id) => format!("it reports to {}, which is outside the link", server(id)),
        Reason::UpdatesOnly(id) => {
            format!("it reports to {}, which is autonomous and takes updates only", server(id))
        }
        Reason::DuplicateName(places) => format!("{} computers have its name", places.len()),
        Reason::SharedId(client) => {
            format!(
                "several machines have its client id {client}: give each its own with a fresh SusClientId"
            )
        }
        Reason::Policy { place, value } => {
            format!("the policy decides on {}: set its target group to `{value}`", server(&place.server))
        }
        Reason::NeverSeen => "no WSUS of the tree has seen it yet".to_owned(),
    }
}

fn told(row: &HostGroupRow) -> HostGroup {
    HostGroup { name: row.name.clone(), hosts: row.members.len() as u64, wsus_group: row.wsus_group }
}

fn named(group: &WsusGroup, rows: &[HostGroupRow]) -> Named {
    let ours = rows.iter().find(|row| row.wsus_group == Some(group.id));
    let owner = match ours {
        _ if group.built_in => Owner::BuiltIn,
        Some(row) => Owner::Ours(host_group_id(row)),
        None => Owner::Foreign,
    };
    Named { id: group.id, name: group.name.clone(), owner }
}

fn computer(server: ServerId, told: WsusComputer) -> Computer {
    Computer {
        server,
        client: told.client,
        name: told.name,
        address: told.address,
        os: told.os,
        first_contact_at: told.first_contact_at,
        last_contact_at: told.last_contact_at,
        requested_group: told.requested_group,
        groups: told.groups,
    }
}

fn host_group_id(row: &HostGroupRow) -> HostGroupId {
    HostGroupId::from_u128(row.id as u128)
}

/// Hosts are known by their update clients so far, and so are their ids.
fn host_id(client: &ClientId) -> HostId {
    let mut id = [0; 16];
    id.copy_from_slice(&digest(&SHA256, client.as_str().as_bytes()).as_ref()[..16]);
    HostId::from_bytes(id)
}
