//! Who is in a host group, and who of them is in the WSUS group that is made from it.

use std::collections::HashMap;
use std::sync::{Arc, PoisonError, Weak};

use headwater_api::{
    ComputerSummary, HostGroupMember, HostGroupMembersQuery, HostOrder, Page, ServerRef, Told,
};
use headwater_model::{ClientId, HostGroupId, HostId};
use headwater_store::HostGroupRow;
use headwater_tree::computer::Computer;
use headwater_tree::group_plan::{GroupPlan, Request};
use headwater_tree::host::Reach;

use crate::group_plan::{Names, why_not_registered};
use crate::host_groups::named;
use crate::known::{Known, host_group_id};
use crate::mirror::{Mirror, page};
use crate::{Direction, Manager, ManagerError};

/// The hosts of a host group as they were last made for a page, and what from. Nothing of that changes from one page
/// to the next, so that a page of many costs what it shows.
pub(crate) struct Made {
    /// What was read; it is not kept for this.
    known: Weak<Known>,
    /// The host groups without their members.
    rows: Vec<HostGroupRow>,
    /// Whatever changes members is on the record.
    record_end: i64,
    group: i64,
    hosts: Arc<Vec<HostGroupMember>>,
}

impl Manager {
    /// A page of the hosts of a host group and of those beneath it, each with whether it was registered in the WSUS
    /// group when the servers were last read.
    pub async fn host_group_members(
        &self,
        name: &str,
        query: &HostGroupMembersQuery,
    ) -> Result<Told<Page<HostGroupMember>>, ManagerError> {
        // Read before what it vouches for.
        let record_end = self.store.record_end().await?;
        let rows = self.store.host_groups_without_members().await?;
        let group = named(&rows, name)?.id;
        let mirror = self.read().await?;
        let made = mirror.known.as_ref().and_then(|known| {
            let made = self.made_members.lock().unwrap_or_else(PoisonError::into_inner);
            let made = made.as_ref().filter(|made| {
                std::ptr::eq(made.known.as_ptr(), Arc::as_ptr(known))
                    && (made.record_end, made.group) == (record_end, group)
                    && made.rows == rows
            });
            made.map(|made| made.hosts.clone())
        });
        let hosts = match (made, &mirror.known) {
            (Some(hosts), _) => hosts,
            (None, known) => {
                let hosts = Arc::new(self.hosts_of(group, &mirror).await?);
                if let Some(known) = known {
                    let known = Arc::downgrade(known);
                    let made = Made { known, rows, record_end, group, hosts: hosts.clone() };
                    *self.made_members.lock().unwrap_or_else(PoisonError::into_inner) = Some(made);
                }
                hosts
            }
        };
        let order = sorted(&hosts, query.sort.unwrap_or_default());
        let (direction, after) = (Direction::of(query.reverse), query.after.as_deref());
        let key = |at: usize| hosts[at].client.to_string();
        Ok(mirror.told(page(order, direction, query.limit, after, key, |at| hosts[at].clone())))
    }

    /// All of them, by name.
    async fn hosts_of(&self, group: i64, mirror: &Mirror) -> Result<Vec<HostGroupMember>, ManagerError> {
        let rows = self.store.host_groups().await?;
        let Some(row) = rows.iter().find(|row| row.id == group) else { return Ok(Vec::new()) };
        let (group, wsus_group) = (host_group_id(row), row.wsus_group);
        let mut hosts = match &mirror.known {
            Some(known) if known.rows == rows => members(known, group, mirror),
            Some(known) => members(&known.with_host_groups(rows, &mirror.tree.groups)?, group, mirror),
            // It was kept from before this start, and the servers were not read since then.
            None => {
                let why =
                    mirror.problem.as_ref().map_or("the servers are being read", |problem| &problem.what);
                let mut members = members(&remembered(rows, mirror)?, group, mirror);
                for member in &mut members {
                    let read = mirror.computers.get(&member.client);
                    let is_in = |id| read.is_some_and(|read| read.groups.iter().any(|one| one.id == id));
                    member.registered = wsus_group.is_some_and(is_in);
                    member.reason = (!member.registered).then(|| format!("not known now: {why}"));
                }
                members
            }
        };
        hosts.sort_by_cached_key(|member| (member.name.to_lowercase(), member.client.clone()));
        Ok(hosts)
    }
}

/// The places of hosts that are in the order of their names, in another order.
fn sorted(hosts: &[HostGroupMember], order: HostOrder) -> Vec<usize> {
    let mut places: Vec<usize> = (0..hosts.len()).collect();
    let server = |at: &usize| hosts[*at].server.as_ref().map_or("", |server| server.name.as_str());
    match order {
        HostOrder::Name => {}
        HostOrder::Server => places.sort_by_key(server),
        HostOrder::HostGroup => places.sort_by_key(|at| hosts[*at].host_group.as_str()),
        HostOrder::State => places.sort_by_key(|at| hosts[*at].registered),
    }
    places
}

fn members(known: &Known, id: HostGroupId, mirror: &Mirror) -> Vec<HostGroupMember> {
    let Some(group) = known.host_groups.get(id) else { return Vec::new() };
    // A host that several have is told of the uppermost.
    let mut holders: HashMap<HostId, &str> = HashMap::new();
    let beneath = known.host_groups.subtree(id);
    for holder in beneath.iter().filter(|one| one.id == id || group.reach == Reach::WithBeneath) {
        for host in &holder.hosts {
            holders.entry(*host).or_insert(&holder.name);
        }
    }
    let plan = known.plan(&Request::with_beneath(&known.host_groups, id));
    let plan = plan.groups.into_iter().find(|plan| plan.group == id);
    let (names, homes) = (Names::of(known, mirror), homes(known));
    let home = |client: &ClientId| match homes.get(client) {
        Some(home) => match mirror.tree.server(home.server) {
            Some(read) => Some(ServerRef { id: home.server, name: read.server.name.clone() }),
            None => Some(ServerRef { id: home.server, name: known.server_name(home.server) }),
        },
        None => mirror.computers.get(client)?.server.clone(),
    };
    let hosts = known.hosts.iter().filter_map(|host| Some((host, host.client.as_ref()?)));
    hosts
        .filter_map(|(host, client)| {
            let host_group = (*holders.get(&host.id)?).to_owned();
            let why = plan.as_ref().and_then(|plan| why_not(host.id, client, plan, known, &names));
            let (name, reason) = why.unzip();
            Some(HostGroupMember {
                client: client.clone(),
                name: name.unwrap_or_else(|| host.name.clone()),
                server: home(client),
                host_group,
                registered: reason.is_none(),
                reason,
            })
        })
        .collect()
}

/// What a host is called and why it is no member of the WSUS group; nothing where it is one.
fn why_not(
    host: HostId,
    client: &ClientId,
    plan: &GroupPlan,
    known: &Known,
    names: &Names<'_>,
) -> Option<(String, String)> {
    if let Some(reason) = plan.unregistered.get(&host) {
        return Some(why_not_registered(host, reason, known, names));
    }
    let is_member = plan.servers.values().any(|on| on.unchanged.contains(client) || on.left.contains(client));
    if is_member {
        return None;
    }
    let reason = match plan.target.id() {
        _ if !plan.target.is_written() => "the WSUS group cannot be made: see the difference",
        None => "no WSUS group is made from the host group yet",
        Some(_) if plan.servers.values().any(|on| on.added.contains(client)) => {
            "not yet: the next plan or synchronisation registers it"
        }
        Some(_) => "not yet: its policy asks for the group, and its next contact registers it",
    };
    Some((names.of_host(host), reason.to_owned()))
}

/// The server that each last spoke with.
fn homes(known: &Known) -> HashMap<&ClientId, &Computer> {
    let mut homes: HashMap<&ClientId, &Computer> = HashMap::new();
    for computer in &known.computers {
        let home = homes.entry(&computer.client).or_insert(computer);
        if home.last_contact_at < computer.last_contact_at {
            *home = computer;
        }
    }
    homes
}

/// What was last read, enough to know who is in host groups.
fn remembered(rows: Vec<HostGroupRow>, mirror: &Mirror) -> Result<Known, ManagerError> {
    let text = |value: &Option<String>| value.clone().unwrap_or_default();
    let computer = |read: &ComputerSummary| {
        Some(Computer {
            server: read.server.as_ref()?.id,
            client: read.id.clone(),
            name: read.name.clone(),
            address: text(&read.address),
            os: text(&read.os),
            os_version: text(&read.os_version),
            architecture: text(&read.architecture),
            agent_version: text(&read.agent_version),
            first_contact_at: None,
            last_contact_at: read.last_contact_at,
            manufacturer: text(&read.manufacturer),
            model: text(&read.model),
            requested_group: String::new(),
            groups: read.groups.iter().map(|group| group.id).collect(),
            products: mirror.products.get(&read.id).cloned(),
        })
    };
    let computers = mirror.computers.all().iter().filter_map(computer).collect();
    Known::of(rows, Vec::new(), computers, Vec::new(), Vec::new())
}

#[cfg(test)]
mod tests {
    use std::time::Instant;

    use headwater_model::{GroupId, ServerId};

    use super::*;
    use crate::known::{sample_computer_at, sample_known};

    const HOSTS: u32 = 150_000;

    #[test]
    fn hosts_are_listed_by_every_head() {
        let host = |name: &str, server: &str, host_group: &str, registered| HostGroupMember {
            client: name.parse().expect("an id"),
            name: name.to_owned(),
            server: Some(ServerRef { id: ServerId::from_u128(1), name: server.to_owned() }),
            host_group: host_group.to_owned(),
            registered,
            reason: None,
        };
        let hosts = [
            host("a", "munich", "Sites", true),
            host("b", "berlin", "Labs", true),
            host("c", "berlin", "Sites", false),
        ];
        assert_eq!(sorted(&hosts, HostOrder::Name), [0, 1, 2]);
        assert_eq!(sorted(&hosts, HostOrder::Server), [1, 2, 0]);
        assert_eq!(sorted(&hosts, HostOrder::HostGroup), [1, 0, 2]);
        assert_eq!(sorted(&hosts, HostOrder::State), [2, 0, 1]);
    }

    /// What one page of members costs at full size: by hand, for the figure of docs/performance.md.
    #[test]
    #[ignore = "a measurement"]
    #[allow(clippy::print_stderr)]
    fn a_page_of_150_000_members() {
        let hq = ServerId::from_u128(1);
        let client = |number: u32| format!("{number:08x}-0000-4000-8000-000000000000");
        let wsus = GroupId::from_u128(7);
        let computers: Vec<Computer> = (0..HOSTS)
            .map(|number| Computer {
                name: format!("pc{number:06}.corp.example"),
                groups: vec![wsus],
                ..sample_computer_at(hq, &client(number))
            })
            .collect();
        let row = HostGroupRow {
            id: 1,
            name: "Everybody".to_owned(),
            parent: None,
            direct: false,
            rule: None,
            wsus_group: None,
            held: None,
            recreating: None,
            replaced: None,
            members: computers.iter().map(|one| one.client.clone()).collect(),
        };
        let known = sample_known(&["hq"], computers);
        let begun = Instant::now();
        let known = known.with_host_groups(vec![row.clone()], &[]).expect("host groups");
        let prepared = begun.elapsed();
        let begun = Instant::now();
        let found = members(&known, host_group_id(&row), &Mirror::default());
        assert_eq!(found.len(), HOSTS as usize);
        eprintln!("host groups changed: {prepared:?}; a page: {:?}", begun.elapsed());
    }
}
