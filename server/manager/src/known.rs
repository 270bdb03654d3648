//! All that decisions about groups are made from, as it is now: the servers of the tree with their
//! computers, the groups of the top, and the host groups.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;

use futures_util::FutureExt as _;
use headwater_api::TreeServer;
use headwater_api::linkage::{WsusComputer, WsusGroup};
use headwater_model::{ClientId, GroupId, HostGroupId, HostId, ServerId};
use headwater_store::{HostGroupRow, LinkageRow};
use headwater_tree::computer::{Computer, Products};
use headwater_tree::group_plan::{self as decide, Plan, Request};
use headwater_tree::host::{Host, HostGroup, HostGroups, Reach};
use headwater_tree::matching::{Sighting, matched};
use headwater_tree::naming::{Owner, WsusGroup as Named};
use headwater_tree::rule::Rule;
use headwater_tree::server::Server;
use ring::digest::{SHA256, digest};

use crate::ask::Way;
use crate::tree::Tree;
use crate::{Manager, ManagerError};

/// All that a plan is made from.
#[derive(Debug, Clone)]
pub(crate) struct Known {
    pub servers: Vec<Server>,
    pub computers: Vec<Computer>,
    pub groups: Vec<Named>,
    pub host_groups: HostGroups,
    pub hosts: Vec<Host>,
    pub rows: Vec<HostGroupRow>,
    pub sightings: Vec<Sighting>,
    /// Lower servers that did not tell their computers.
    pub unread: Unread,
}

/// Why servers did not tell their computers.
pub(crate) type Unread = BTreeMap<ServerId, Arc<ManagerError>>;

impl Known {
    /// The same with host groups as they are now, and these groups of the WSUS.
    pub fn with_host_groups(
        &self,
        rows: Vec<HostGroupRow>,
        groups: &[WsusGroup],
    ) -> Result<Self, ManagerError> {
        let groups = owned(groups, &rows);
        Self::of(rows, groups, self.computers.clone(), self.servers.clone(), self.sightings.clone())
    }

    /// What would have to change so that the WSUS groups of these host groups have their hosts.
    pub fn plan(&self, request: &Request) -> Plan {
        decide::plan(request, &self.state())
    }

    pub fn state(&self) -> decide::State<'_> {
        decide::State {
            host_groups: &self.host_groups,
            hosts: &self.hosts,
            groups: &self.groups,
            servers: &self.servers,
            computers: &self.computers,
            sightings: &self.sightings,
        }
    }

    /// The plan of the host groups that a WSUS group was made from, be it there still or not.
    pub fn managed(&self) -> Plan {
        let bound = self.rows.iter().filter(|row| row.wsus_group.is_some());
        self.plan(&Request { chosen: bound.map(host_group_id).collect(), ..Request::default() })
    }

    /// The WSUS groups whose members nobody writes for now, each with the reason.
    pub fn held(&self) -> BTreeMap<GroupId, String> {
        let held = |row: &HostGroupRow| Some((row.wsus_group?, row.held.clone()?));
        self.rows.iter().filter_map(held).collect()
    }

    pub fn row(&self, group: HostGroupId) -> Option<&HostGroupRow> {
        self.rows.iter().find(|row| host_group_id(row) == group)
    }

    /// The names of the computers; of a client that several servers know, the first.
    pub fn names(&self) -> HashMap<&ClientId, &str> {
        self.computers.iter().rev().map(|one| (&one.client, one.name.as_str())).collect()
    }

    pub fn server_name(&self, id: ServerId) -> String {
        let found = self.servers.iter().find(|one| one.id == id);
        found.map_or_else(|| id.to_string(), |one| one.name.clone())
    }
}

impl Manager {
    /// Every computer of every server whose Linkage is reached.
    pub(crate) async fn computers(&self, way: &Way, tree: &Tree) -> Result<Vec<Computer>, ManagerError> {
        Ok(self.computers_and_unread(way, tree).await?.0)
    }

    async fn computers_and_unread(
        &self,
        way: &Way,
        tree: &Tree,
    ) -> Result<(Vec<Computer>, Unread), ManagerError> {
        // Of one that is not reached now nothing is known either, though it be back in a moment.
        let not_reached = |server: &TreeServer| {
            let hop = format!("the Linkage of {}", server.name);
            (server.id, Arc::new(ManagerError::NotReached { hop, source: None }))
        };
        let mut unread: Unread = tree.servers.iter().map(not_reached).collect();
        let mut computers = Vec::new();
        for (server, found) in self.computers_of_each(way, tree).await {
            unread.remove(&server);
            match found {
                Ok(found) => computers.extend(found),
                // Nothing is written to a lower server that cannot be read, and the others go on.
                Err(error) if server != way.top.server => {
                    unread.insert(server, Arc::new(error));
                }
                Err(error) => return Err(error),
            }
        }
        Ok((computers, unread))
    }

    /// The computers of each server whose Linkage is reached, or why it does not tell them.
    pub(crate) async fn computers_of_each(
        &self,
        way: &Way,
        tree: &Tree,
    ) -> Vec<(ServerId, Result<Vec<Computer>, ManagerError>)> {
        let told = tree.of_each(|linkage| self.computers_at(way, tree, linkage).boxed()).await;
        told.into_iter().map(|(server, told)| (server.id, told)).collect()
    }

    /// The computers that report to one server, as decisions are made about them: with times by the clock here,
    /// and with what was seen from here of their first contact where the server does not tell it.
    pub(crate) async fn computers_at(
        &self,
        way: &Way,
        tree: &Tree,
        linkage: &LinkageRow,
    ) -> Result<Vec<Computer>, ManagerError> {
        let server = linkage.server;
        let told = self.computers_of(way, linkage).await?;
        let appearances = match told.iter().any(|(one, _)| one.first_contact_at.is_none()) {
            true => self.store.appearances(server).await?,
            false => HashMap::new(),
        };
        let by_our_clock = |told| tree.by_our_clock(server, told);
        let of = |(one, products): (WsusComputer, Option<Products>)| {
            let first = one.first_contact_at.map(by_our_clock);
            let first = first.or_else(|| appearances.get(&one.client).copied());
            let last = by_our_clock(one.last_contact_at);
            Computer { first_contact_at: first, last_contact_at: last, products, ..computer(server, one) }
        };
        Ok(told.into_iter().map(of).collect())
    }

    /// All that plans are made from, as it is now.
    pub(crate) async fn known(&self, way: &Way, tree: &Tree) -> Result<Known, ManagerError> {
        let (computers, unread) = self.computers_and_unread(way, tree).await?;
        Ok(Known { unread, ..self.known_with(way, computers, tree.decided()).await? })
    }

    /// The same with these computers: the host groups and the groups of the top as they are now.
    pub(crate) async fn known_with(
        &self,
        way: &Way,
        computers: Vec<Computer>,
        servers: Vec<Server>,
    ) -> Result<Known, ManagerError> {
        let groups = self.groups_of(way, &way.top).await?;
        let rows = self.store.host_groups().await?;
        let groups = owned(&groups, &rows);
        Known::of(rows, groups, computers, servers, self.sightings().await?)
    }
}

impl Known {
    pub fn of(
        rows: Vec<HostGroupRow>,
        groups: Vec<Named>,
        computers: Vec<Computer>,
        servers: Vec<Server>,
        sightings: Vec<Sighting>,
    ) -> Result<Self, ManagerError> {
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
        let hosts = hosts.collect();
        // A rule looks at what computers are now, so at no record that another one took the place of.
        let superseded = matched(&[], &computers, &sightings).superseded;
        let current: Vec<&Computer> =
            computers.iter().filter(|one| !superseded.contains_key(&one.place())).collect();
        let host_groups = rows.iter().map(|row| host_group(row, &current)).collect::<Result<Vec<_>, _>>()?;
        let host_groups = HostGroups::new(host_groups);
        let host_groups = host_groups.map_err(|error| ManagerError::Refused(error.to_string()))?;
        let unread = Unread::new();
        Ok(Self { servers, computers, groups, host_groups, hosts, rows, sightings, unread })
    }
}

/// A host group with the hosts that its rule names, or with its members.
fn host_group(row: &HostGroupRow, current: &[&Computer]) -> Result<HostGroup, ManagerError> {
    let hosts = match &row.rule {
        None => row.members.iter().map(host_id).collect(),
        Some(rule) => {
            let rule: Rule = rule.parse().map_err(|error| {
                ManagerError::Refused(format!("the rule of the host group `{}`: {error}", row.name))
            })?;
            // Who is in the group stays there while it is not known whether the rule holds: after a move, or where a
            // server was built anew, until the computer's next scan.
            let is_in =
                |computer: &Computer| row.wsus_group.is_some_and(|group| computer.groups.contains(&group));
            let found =
                current.iter().filter(|computer| rule.holds(**computer).unwrap_or_else(|| is_in(computer)));
            found.map(|computer| host_id(&computer.client)).collect()
        }
    };
    Ok(HostGroup {
        id: host_group_id(row),
        name: row.name.clone(),
        parent: row.parent.map(number_id),
        reach: if row.direct { Reach::Direct } else { Reach::WithBeneath },
        hosts,
    })
}

/// The groups of the WSUS with whose they are.
fn owned(groups: &[WsusGroup], rows: &[HostGroupRow]) -> Vec<Named> {
    let ours = rows.iter().filter_map(|row| Some((row.wsus_group?, host_group_id(row)))).collect();
    groups.iter().map(|group| named(group, &ours)).collect()
}

fn named(group: &WsusGroup, ours: &HashMap<GroupId, HostGroupId>) -> Named {
    let owner = match ours.get(&group.id) {
        _ if group.built_in => Owner::BuiltIn,
        Some(row) => Owner::Ours(*row),
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
        os_version: told.os_version,
        architecture: told.architecture,
        agent_version: told.agent_version,
        first_contact_at: told.first_contact_at,
        last_contact_at: told.last_contact_at,
        manufacturer: told.manufacturer,
        model: told.model,
        requested_group: told.requested_group,
        groups: told.groups,
        products: None,
    }
}

pub(crate) fn host_group_id(row: &HostGroupRow) -> HostGroupId {
    number_id(row.id)
}

fn number_id(id: i64) -> HostGroupId {
    HostGroupId::from_u128(id as u128)
}

/// Hosts are known by their update clients so far, and so are their ids.
fn host_id(client: &ClientId) -> HostId {
    let mut id = [0; 16];
    id.copy_from_slice(&digest(&SHA256, client.as_str().as_bytes()).as_ref()[..16]);
    HostId::from_bytes(id)
}

/// A computer of which nothing else is known.
#[cfg(test)]
pub(crate) fn sample_computer_at(server: ServerId, client: &str) -> Computer {
    Computer {
        server,
        client: client.parse().expect("an id"),
        name: client.to_owned(),
        address: String::new(),
        os: String::new(),
        os_version: String::new(),
        architecture: String::new(),
        agent_version: String::new(),
        first_contact_at: None,
        last_contact_at: headwater_model::Timestamp::EPOCH,
        manufacturer: String::new(),
        model: String::new(),
        requested_group: String::new(),
        groups: Vec::new(),
        products: None,
    }
}

/// Servers with these names, numbered from one, and their computers.
#[cfg(test)]
pub(crate) fn sample_known(servers: &[&str], computers: Vec<Computer>) -> Known {
    use headwater_tree::server::{Linkage, Mode, Targeting};
    let server = |(number, name): (u128, &&str)| Server {
        id: ServerId::from_u128(number),
        name: (*name).to_owned(),
        parent: (number > 1).then(|| ServerId::from_u128(1)),
        mode: if number > 1 { Mode::Replica } else { Mode::Top },
        targeting: Targeting::Server,
        linkage: Linkage::Installed,
    };
    Known {
        servers: (1..).zip(servers).map(server).collect(),
        computers,
        groups: Vec::new(),
        host_groups: HostGroups::default(),
        hosts: Vec::new(),
        rows: Vec::new(),
        sightings: Vec::new(),
        unread: Unread::new(),
    }
}
