//! Host groups: made, changed, deleted, and taken over from the linked WSUS.

use std::collections::{BTreeSet, HashMap, HashSet};

use headwater_api::{HostGroup, HostGroupChange, HostGroupMembers, ImportedGroups, NewHostGroup, TreeServer};
use headwater_model::{ClientId, GroupId, Guid, chain};
use headwater_store::{AuditRow, HostGroupRow, NewHostGroupRow};
use headwater_tree::computer::Computer;
use headwater_tree::group_plan::{Members, Request, Target};
use headwater_tree::host::DEPTH_MAX;
use headwater_tree::matching::matched;
use headwater_tree::naming::{Owner, check_form, valid};
use headwater_tree::rule::{Rule, Seen};

use crate::ask::Way;
use crate::known::{Known, host_group_id};
use crate::mirror::ProductsOf;
use crate::tree::Tree;
use crate::{Manager, ManagerError};

/// Hosts that one request names.
const HOSTS_PER_REQUEST_MAX: usize = 200_000;

/// Who is called how: by id, full name and short name, without regard to case.
#[derive(Default)]
struct Names(HashMap<String, BTreeSet<ClientId>>);

impl Names {
    /// A machine that was imaged anew is found under the id that it has now, and by that of before only if that is
    /// what was named.
    fn add(&mut self, client: &ClientId, name: &str, is_of_before: bool) {
        let name = name.to_lowercase();
        let short = name.split('.').next().unwrap_or_default().to_owned();
        let names = if is_of_before { vec![] } else { vec![name, short] };
        for name in [client.to_string().to_lowercase()].into_iter().chain(names) {
            self.0.entry(name).or_default().insert(client.clone());
        }
    }

    fn of(&self, host: &str) -> Option<&BTreeSet<ClientId>> {
        self.0.get(&host.to_lowercase())
    }
}

/// A host group as a form offers it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HostGroupName {
    pub name: String,
    /// Whether a rule says who is in it, and nobody by hand.
    pub has_rule: bool,
    /// The conditions of that.
    pub rule: Vec<String>,
    /// The WSUS group that was made from it.
    pub wsus_group: Option<GroupId>,
}

impl Manager {
    /// All host groups, by name.
    pub async fn host_groups(&self) -> Result<Vec<HostGroup>, ManagerError> {
        let rows = self.store.host_groups().await?;
        let names = names(&rows);
        Ok(rows.iter().map(|row| self.told(row, &names)).collect())
    }

    /// Their names, by name, without a look at their hosts.
    pub async fn host_group_names(&self) -> Result<Vec<HostGroupName>, ManagerError> {
        let rows = self.store.host_groups_without_members().await?;
        let name = |row: HostGroupRow| HostGroupName {
            has_rule: row.rule.is_some(),
            rule: kept_rule(&row).iter().flat_map(Rule::conditions).map(str::to_owned).collect(),
            wsus_group: row.wsus_group,
            name: row.name,
        };
        Ok(rows.into_iter().map(name).collect())
    }

    pub async fn create_host_group(&self, new: &NewHostGroup, by: &str) -> Result<HostGroup, ManagerError> {
        check_name(&new.name)?;
        let parent = match &new.parent {
            Some(parent) => {
                let known = self.host_group(parent).await;
                Some(known.map_err(|error| error.at("parent"))?.id)
            }
            None => None,
        };
        let rule = rule(&new.rule)?;
        if rule.is_some() && !new.hosts.is_empty() {
            let both = ManagerError::Invalid("a host group has hosts or a rule, not both".to_owned());
            return Err(both.at("rule"));
        }
        let new = NewHostGroupRow {
            name: new.name.clone(),
            parent,
            direct: new.direct,
            rule,
            wsus_group: None,
            members: self.clients(&new.hosts).await.map_err(|error| error.at("hosts"))?,
        };
        if !self.store.add_host_group(&new, by, self.now()).await? {
            return Err(taken(&new.name));
        }
        self.one(&new.name).await
    }

    /// Changes a host group. Its WSUS group keeps its name, and its members follow with the next run.
    pub async fn set_host_group(
        &self,
        name: &str,
        change: &HostGroupChange,
        by: &str,
    ) -> Result<HostGroup, ManagerError> {
        let mut row = self.host_group(name).await?;
        if let Some(name) = &change.name {
            check_name(name)?;
            row.name.clone_from(name);
        }
        if let Some(parent) = &change.parent {
            row.parent = match parent.as_str() {
                "" => None,
                parent => Some(self.parent_for(&row, parent).await.map_err(|error| error.at("parent"))?),
            };
        }
        row.direct = change.direct.unwrap_or(row.direct);
        if let Some(conditions) = &change.rule {
            row.rule = rule(conditions)?;
        }
        if !self.store.set_host_group(&row, by, self.now()).await? {
            return Err(taken(&row.name));
        }
        self.look_again();
        self.one(&row.name).await
    }

    /// The id of the host group that another is to be beneath.
    async fn parent_for(&self, row: &HostGroupRow, parent: &str) -> Result<i64, ManagerError> {
        let parent = self.host_group(parent).await?;
        let rows = self.store.host_groups().await?;
        let above =
            |one: &HostGroupRow| one.parent.and_then(|id| rows.iter().find(|row| row.id == id)).cloned();
        let mut chain = std::iter::successors(Some(parent.clone()), above).take(DEPTH_MAX + 1);
        if chain.any(|one| one.id == row.id) {
            return Err(ManagerError::Refused(format!(
                "`{}` cannot be put beneath `{}`, which is the same or beneath it: choose another parent",
                row.name, parent.name
            )));
        }
        Ok(parent.id)
    }

    /// Deletes a host group. The WSUS group that was made from it stays, as one that was not made here.
    pub async fn delete_host_group(&self, name: &str, by: &str) -> Result<(), ManagerError> {
        let row = self.host_group(name).await?;
        let rows = self.store.host_groups().await?;
        if let Some(beneath) = rows.iter().find(|one| one.parent == Some(row.id)) {
            return Err(ManagerError::Refused(format!(
                "`{}` is beneath `{}`: delete it, or put it elsewhere, first",
                beneath.name, row.name
            )));
        }
        self.store.delete_host_group(&row, by, self.now()).await?;
        self.look_again();
        Ok(())
    }

    pub async fn change_host_group(
        &self,
        name: &str,
        members: &HostGroupMembers,
        by: &str,
    ) -> Result<HostGroup, ManagerError> {
        let row = self.host_group(name).await?;
        if row.rule.is_some() {
            return Err(ManagerError::Refused(format!(
                "the rule of `{}` decides who is in it: change the rule",
                row.name
            )));
        }
        let (add, remove) = (self.clients(&members.add).await?, self.clients(&members.remove).await?);
        self.store.change_host_group_members(&row, &add, &remove, by, self.now()).await?;
        self.one(&row.name).await
    }

    /// The WSUS groups that host groups are made into.
    pub(crate) async fn managed_groups(&self) -> Result<HashSet<GroupId>, ManagerError> {
        let rows = self.store.host_groups().await?;
        Ok(rows.into_iter().filter_map(|row| row.wsus_group).collect())
    }

    /// The host groups that have a host, themselves or beneath them, by name; each with the WSUS group that
    /// is made from it.
    pub(crate) async fn host_groups_of(
        &self,
        client: &ClientId,
    ) -> Result<Vec<(String, Option<GroupId>)>, ManagerError> {
        let rows = self.store.host_groups().await?;
        let ids = self.with_earlier([client]);
        let mut found: BTreeSet<i64> =
            rows.iter().filter(|row| self.has_host(row, &ids)).map(|row| row.id).collect();
        // Each step adds the groups above those found, as deep as host groups may be.
        for _ in 0..DEPTH_MAX {
            let above = rows.iter().filter(|row| found.contains(&row.id)).filter_map(|row| row.parent);
            let above: Vec<i64> = above.filter(|id| reaches_beneath(&rows, *id)).collect();
            let before = found.len();
            found.extend(above);
            if found.len() == before {
                break;
            }
        }
        let found = rows.into_iter().filter(|row| found.contains(&row.id));
        Ok(found.map(|row| (row.name, row.wsus_group)).collect())
    }

    /// Whether one of these hosts, with [earlier ids](Self::with_earlier), is in the group itself, by its rule or
    /// as a member.
    pub(crate) fn has_host(&self, row: &HostGroupRow, clients: &BTreeSet<ClientId>) -> bool {
        let Some(rule) = &row.rule else {
            return clients.iter().any(|client| row.members.binary_search(client).is_ok());
        };
        let (mirror, Ok(rule)) = (self.mirror(), rule.parse::<Rule>()) else { return false };
        let mut counting = clients.iter().filter(|client| !mirror.reimaged.contains_key(*client));
        counting.any(|client| {
            mirror.computers.get(client).is_some_and(|known| matches(&rule, known, &mirror.products))
        })
    }

    pub(crate) async fn host_group(&self, name: &str) -> Result<HostGroupRow, ManagerError> {
        named(&self.store.host_groups().await?, name).cloned()
    }

    async fn one(&self, name: &str) -> Result<HostGroup, ManagerError> {
        let rows = self.store.host_groups().await?;
        Ok(self.told(named(&rows, name)?, &names(&rows)))
    }

    fn told(&self, row: &HostGroupRow, names: &HashMap<i64, &str>) -> HostGroup {
        let rule = kept_rule(row);
        let (hosts, products_unknown) = match &rule {
            None => (row.members.len(), 0),
            Some(rule) => {
                let mirror = self.mirror();
                let counting =
                    || mirror.computers.all().iter().filter(|known| !mirror.reimaged.contains_key(&known.id));
                let unknown = counting().filter(|known| !mirror.products.contains_key(&known.id));
                let unknown = if rule.looks_at_products() { unknown.count() } else { 0 };
                (counting().filter(|known| matches(rule, known, &mirror.products)).count(), unknown)
            }
        };
        HostGroup {
            name: row.name.clone(),
            parent: row.parent.and_then(|id| names.get(&id)).map(|name| (*name).to_owned()),
            hosts: hosts as u64,
            products_unknown: Some(products_unknown as u64).filter(|unknown| *unknown > 0),
            direct: row.direct,
            rule: rule.iter().flat_map(Rule::conditions).map(str::to_owned).collect(),
            wsus_group: row.wsus_group,
            held: row.held.clone(),
        }
    }

    /// Hosts by the ids of their update clients, or by the names by which exactly one computer is known, as the
    /// mirror has it: so those of a server that is not reached now are known too. Only for a name that it does not
    /// have the servers are asked, for its computer may just have come.
    pub(crate) async fn clients(&self, hosts: &[String]) -> Result<Vec<ClientId>, ManagerError> {
        if hosts.len() > HOSTS_PER_REQUEST_MAX {
            return Err(ManagerError::Invalid(format!(
                "name at most {HOSTS_PER_REQUEST_MAX} hosts at a time"
            )));
        }
        if hosts.is_empty() {
            return Ok(Vec::new());
        }
        let (way, mirror) = (self.way().await?, self.mirror());
        let mut names = Names::default();
        for computer in mirror.computers.all() {
            names.add(&computer.id, &computer.name, mirror.reimaged.contains_key(&computer.id));
        }
        // One that is named by its id may be written down before it first reports anywhere.
        if hosts.iter().any(|host| names.of(host).is_none() && host.parse::<Guid>().is_err()) {
            let tree = self.tree(&way).await?;
            let computers = self.computers(&way, &tree).await?;
            let reimaged = matched(&[], &computers, &self.sightings().await?).reimaged();
            for computer in &computers {
                names.add(&computer.client, &computer.name, reimaged.contains_key(&computer.client));
            }
        }
        let client = |host: &String| match names.of(host).map(|clients| (clients.len(), clients.first())) {
            Some((1, Some(client))) => Ok(client.clone()),
            Some(_) => Err(ManagerError::Invalid(format!(
                "several computers are named `{host}`: name one by the id of its update client"
            ))),
            None if host.parse::<Guid>().is_ok() => client_of(host),
            None => Err(ManagerError::NotFound(format!("no WSUS of the tree knows a computer `{host}`"))),
        };
        hosts.iter().map(client).collect()
    }

    /// The computers of every server with a Linkage; if one does not tell them, its members would be missing.
    async fn every_computer(&self, way: &Way, tree: &Tree) -> Result<Vec<Computer>, ManagerError> {
        let missing = |server: &TreeServer, why: String| {
            ManagerError::Refused(format!(
                "{}: {why}; who is in which group there is not known, and they would be taken out: import when it tells",
                server.name
            ))
        };
        let is_cut_off = |server: &&TreeServer| server.linkage.is_some() && tree.reached(server).is_none();
        if let Some(server) = tree.servers.iter().find(is_cut_off) {
            return Err(missing(server, "it is not reached".to_owned()));
        }
        let mut computers = Vec::new();
        for (id, told) in self.computers_of_each(way, tree).await {
            match (told, tree.servers.iter().find(|server| server.id == id)) {
                (Ok(told), _) => computers.extend(told),
                (Err(error), Some(server)) => return Err(missing(server, chain(&error))),
                (Err(error), None) => return Err(error),
            }
        }
        Ok(computers)
    }

    /// Makes a host group from each WSUS group that has none, with its members: an existing WSUS is taken
    /// over, and the first difference is empty.
    pub async fn import_host_groups(&self, by: &str) -> Result<ImportedGroups, ManagerError> {
        let way = self.way().await?;
        let tree = self.tree(&way).await?;
        let groups = self.groups_of(&way, &way.top).await?;
        let computers = self.every_computer(&way, &tree).await?;
        let known = self.known_with(&way, computers, tree.decided()).await?;
        let mut taken: HashSet<GroupId> =
            known.rows.iter().flat_map(|one| [one.wsus_group, one.replaced]).flatten().collect();
        let (alike, other) = unbound(&known);
        if let Some(one) = other.first() {
            return Err(exists(&one.name, Some(&one.wsus_name)));
        }
        taken.extend(alike.iter().map(|one| one.group));
        let mut imported = ImportedGroups::default();
        let mut members: HashMap<GroupId, Vec<ClientId>> = HashMap::new();
        for computer in &known.computers {
            for group in &computer.groups {
                members.entry(*group).or_default().push(computer.client.clone());
            }
        }
        let mut hosts: BTreeSet<ClientId> = BTreeSet::new();
        let mut new = Vec::new();
        for group in groups.iter().filter(|group| !group.built_in) {
            if taken.contains(&group.id) {
                imported.unchanged.push(group.name.clone());
                continue;
            }
            let members = members.remove(&group.id).unwrap_or_default();
            hosts.extend(members.iter().cloned());
            new.push(NewHostGroupRow {
                wsus_group: Some(group.id),
                members,
                ..NewHostGroupRow::named(&group.name)
            });
            imported.created.push(group.name.clone());
        }
        if let Some(name) = self.store.add_host_groups(&new, by, self.now()).await? {
            return Err(exists(name, None));
        }
        for one in alike {
            self.store.bind_host_group(one.row, one.group).await?;
            let what = AuditRow::of(self.now(), by, "take WSUS group over", &one.name);
            self.store.audit(&what).await?;
        }
        imported.hosts = hosts.len() as u64;
        Ok(imported)
    }
}

/// A host group that no WSUS group is made from, but for which there is one of that name.
struct Unbound {
    row: i64,
    name: String,
    group: GroupId,
    wsus_name: String,
}

/// All of these, as there are after an unlink, which lets go of every one: first those whose WSUS group has exactly
/// their hosts, so that nothing is overwritten by making it theirs, then the others.
fn unbound(known: &Known) -> (Vec<Unbound>, Vec<Unbound>) {
    let free = known.rows.iter().filter(|row| row.wsus_group.is_none());
    let rows: HashMap<_, _> = free.map(|row| (host_group_id(row), row)).collect();
    let foreign = known.groups.iter().filter(|group| group.owner == Owner::Foreign);
    let request = Request {
        chosen: rows.keys().copied().collect(),
        adopt: foreign.map(|group| group.id).collect(),
        ..Request::default()
    };
    let (mut alike, mut other) = (Vec::new(), Vec::new());
    for planned in known.plan(&request).groups {
        let (Target::Adopt(group), Some(row)) = (planned.target, rows.get(&planned.group)) else { continue };
        let changes = |members: &Members| !members.added.is_empty() || !members.removed.is_empty();
        let differs = planned.servers.values().any(changes);
        let one = Unbound { row: row.id, name: row.name.clone(), group, wsus_name: planned.name };
        if differs { other.push(one) } else { alike.push(one) }
    }
    (alike, other)
}

fn exists(name: &str, group: Option<&String>) -> ManagerError {
    let of = group.filter(|group| *group != name).map_or_else(String::new, |group| format!(" `{group}`"));
    ManagerError::Refused(format!(
        "a host group named `{name}` exists already and is not made from the WSUS group{of}, whose members are others: \
         take that over with `headwater wsus group preview \"{name}\" --adopt`, or rename one of them; nothing was \
         imported"
    ))
}

fn names(rows: &[HostGroupRow]) -> HashMap<i64, &str> {
    rows.iter().map(|row| (row.id, row.name.as_str())).collect()
}

/// The host group of this name, in capitals or not.
pub(crate) fn named<'a>(rows: &'a [HostGroupRow], name: &str) -> Result<&'a HostGroupRow, ManagerError> {
    let folded = name.to_lowercase();
    rows.iter().find(|one| one.name.to_lowercase() == folded).ok_or_else(|| {
        ManagerError::NotFound(format!(
            "there is no host group `{name}`; `headwater hostgroup list` shows all"
        ))
    })
}

fn client_of(host: &str) -> Result<ClientId, ManagerError> {
    host.parse().map_err(|error: headwater_model::ClientIdError| ManagerError::Invalid(error.to_string()))
}

/// A name that every server of the tree takes.
pub(crate) fn check_name(name: &str) -> Result<(), ManagerError> {
    check_form(name)
        .map_err(|error| ManagerError::Invalid(format!("{error}; `{}` can be one", valid(name))).at("name"))
}

fn taken(name: &str) -> ManagerError {
    ManagerError::Refused(format!("a host group named `{name}` exists already")).at("name")
}

/// The rule of a host group, if it has one.
fn kept_rule(row: &HostGroupRow) -> Option<Rule> {
    row.rule.as_ref().and_then(|rule| rule.parse().ok())
}

/// A rule as it is kept, or none where there are no conditions.
fn rule(conditions: &[String]) -> Result<Option<String>, ManagerError> {
    if conditions.is_empty() {
        return Ok(None);
    }
    let rule = Rule::new(conditions).map_err(|error| ManagerError::Invalid(error.to_string()).at("rule"))?;
    Ok(Some(rule.to_string()))
}

fn matches(rule: &Rule, known: &headwater_api::ComputerSummary, products: &ProductsOf) -> bool {
    fn text(value: &Option<String>) -> &str {
        value.as_deref().unwrap_or_default()
    }
    rule.matches(Seen {
        name: &known.name,
        address: text(&known.address),
        os: text(&known.os),
        os_version: text(&known.os_version),
        architecture: text(&known.architecture),
        agent_version: text(&known.agent_version),
        manufacturer: text(&known.manufacturer),
        model: text(&known.model),
        products: products.get(&known.id),
    })
}

fn reaches_beneath(rows: &[HostGroupRow], id: i64) -> bool {
    rows.iter().any(|row| row.id == id && !row.direct)
}
