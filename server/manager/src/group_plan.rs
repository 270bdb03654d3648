//! Plans: what would change in the WSUS groups of host groups, carried out exactly so.

use std::collections::{BTreeSet, HashMap, HashSet};

use headwater_api::linkage::{MembershipChange, Memberships};
use headwater_api::{ApplyGroupPlan, GroupChange, GroupPlan, GroupPlanQuery, PlannedGroup};
use headwater_model::{ClientId, GroupId, HostId, ServerId};
use headwater_store::{AuditRow, HostGroupRow};
use headwater_tree::group_plan::{self as decide, Reason, Renamed, Request, Target};
use headwater_tree::naming::Owner;
use headwater_tree::plan_guard;
use serde::{Deserialize, Serialize};

use crate::ask::Way;
use crate::host_groups::named;
use crate::known::{Known, host_group_id};
use crate::notes::FRESH_ID;
use crate::plan_record::{Became, became, intent, outcome};
use crate::recreate::{self, Copied, Old};
use crate::running::GoesOn;
use crate::{Manager, ManagerError, Mirror};

/// What is named of all that changed since a plan was made.
const CHANGES_NAMED_MAX: usize = 5;

/// What a plan wrote to one WSUS group, as it is kept to be undone.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Written {
    pub group: String,
    pub add: Vec<GroupChange>,
    pub remove: Vec<GroupChange>,
}

impl Manager {
    /// What would have to change so that the WSUS groups of a host group, and of those beneath it, have
    /// their hosts; changes nothing.
    pub async fn plan_group(&self, query: &GroupPlanQuery) -> Result<GroupPlan, ManagerError> {
        let way = self.way().await?;
        let tree = self.tree(&way).await?;
        let known = self.known(&way, &tree).await?;
        self.planned(query, &way, &known).await
    }

    async fn planned(
        &self,
        query: &GroupPlanQuery,
        way: &Way,
        known: &Known,
    ) -> Result<GroupPlan, ManagerError> {
        let row = named(&known.rows, &query.group)?;
        let mut request = Request::with_beneath(&known.host_groups, host_group_id(row));
        if query.adopt {
            let foreign = known.groups.iter().filter(|group| group.owner == Owner::Foreign);
            request.adopt = foreign.map(|group| group.id).collect();
        }
        if query.recreate {
            request.renamed = Renamed::Recreate;
            request.adopt.extend(recreate::begun(known));
        }
        let plan = known.plan(&request);
        let copied = self.copied(way, known, &plan).await?;
        let told = told(&row.name, &plan, known, &copied, &self.mirror())?;
        Ok(GroupPlan { adopt: query.adopt, recreate: query.recreate, ..told })
    }

    /// Carries out a plan, if what it was made from is still so and it removes no more than it may.
    pub async fn apply_group_plan(
        &self,
        apply: &ApplyGroupPlan,
        by: &str,
    ) -> Result<GroupPlan, ManagerError> {
        let ApplyGroupPlan { plan, max_removals } = apply;
        let GroupPlan { host_group: group, adopt, recreate, .. } = plan.clone();
        let query = &GroupPlanQuery { group, adopt, recreate };
        let read = |way: Way| async move {
            let tree = self.tree(&way).await?;
            tree.must_be_writable()?;
            let known = self.known(&way, &tree).await?;
            let now = self.planned(query, &way, &known).await?;
            Ok((tree, known, now))
        };
        let (way, (tree, known, now)) = self.writable_with(read).await?;
        if now.state != plan.state {
            return Err(ManagerError::Refused(format!(
                "what the plan for `{}` was made from has changed ({}): make a new preview",
                plan.host_group,
                changed(plan, &now)
            )));
        }
        // What was read now is carried out, whatever else stands in what was sent.
        let mut plan = now;
        may_remove(&plan, *max_removals)?;
        // Before anything is written: whatever becomes of this one, it is known who began and what.
        self.store.audit(&intent(&plan, by, self.now())).await?;
        let mut made = HashSet::new();
        let mut groups = Vec::with_capacity(plan.groups.len());
        let mut begun = Vec::with_capacity(plan.groups.len());
        let rows: HashMap<&str, &HostGroupRow> =
            known.rows.iter().map(|row| (row.name.as_str(), row)).collect();
        // One failure stops nothing else: each is named at the end.
        let mut failed: Vec<String> = Vec::new();
        let mut not_begun: Vec<&PlannedGroup> = Vec::new();
        for planned in &plan.groups {
            // It is named as the row is, of which the plan was just made.
            let Some(row) = rows.get(planned.host_group.as_str()).copied() else { continue };
            let group = match (&planned.recreates, planned.group) {
                (Some(old), _) => self.make_again(&way, row, planned, old.group, by).await,
                (None, Some(group)) => Ok(group),
                (None, None) => {
                    self.create_group_on(&way, &way.top, &planned.name, None, by).await.map(|made| made.id)
                }
            };
            let group = match group {
                Ok(group) => group,
                Err(error) => {
                    failed.push(format!("the group `{}`: {}", planned.name, error.in_words()));
                    not_begun.push(planned);
                    continue;
                }
            };
            if planned.recreates.is_none() && row.wsus_group != Some(group) {
                self.store.bind_host_group(row.id, group).await?;
            }
            if planned.group.is_none() || planned.recreates.is_some() {
                made.insert(group);
            }
            let written = Written {
                group: group.to_string(),
                add: planned.add.clone(),
                remove: planned.remove.clone(),
            };
            // The group before is to go: there is no way back to its members.
            let is_empty =
                planned.recreates.is_some() || (written.add.is_empty() && written.remove.is_empty());
            let written = serde_json::to_string(&written).unwrap_or_default();
            begun.push((row.id, (!is_empty).then_some(written)));
            groups.push((planned, group));
        }
        self.store.begin_plan(&begun, by, self.now()).await?;
        let servers: BTreeSet<ServerId> = groups
            .iter()
            .flat_map(|(planned, _)| planned.add.iter().chain(&planned.remove))
            .map(|change| change.server)
            .collect();
        let names = known.names();
        let mut told: HashMap<(ServerId, String), Became> = HashMap::new();
        let mut absent: HashSet<(ServerId, GroupId)> = HashSet::new();
        for server in servers {
            let Some(linkage) = tree.linkages.get(&server) else {
                failed.push(format!("{}: it is in the tree no more", known.server_name(server)));
                continue;
            };
            let is_top = linkage.linkage == way.top.linkage;
            // A group that was just made reaches a lower server by its own synchronisation, and the
            // members with it: `wsus sync` does both in order. So it is with one that an earlier plan made which was
            // cut off.
            if !is_top {
                let there: HashSet<GroupId> = match self.groups_of(&way, linkage).await {
                    Ok(there) => there.into_iter().map(|group| group.id).collect(),
                    Err(error) => {
                        failed.push(error.in_words());
                        continue;
                    }
                };
                let comes = groups.iter().map(|(_, group)| *group);
                let comes = comes.filter(|group| made.contains(group) || !there.contains(group));
                absent.extend(comes.map(|group| (server, group)));
            }
            let written = groups.iter().filter(|(_, group)| !absent.contains(&(server, *group)));
            let written = written.map(|(planned, group)| (*group, &planned.add, &planned.remove));
            let memberships = memberships(server, written, by);
            let written = self.write_members(&way, linkage, memberships).await;
            told.extend(became(&written).into_iter().map(|(client, what)| ((server, client), what)));
            failed.extend(written.done.refused.iter().map(|(client, reason)| {
                let name = client.parse().ok().and_then(|client: ClientId| names.get(&client).copied());
                format!("{}: {}: {reason}", linkage.name, name.unwrap_or(client))
            }));
            failed.extend(written.failed.map(|error| error.in_words()));
        }
        let applied = groups.iter().map(|(planned, group)| {
            let became = |change: &GroupChange| {
                let is_sent = !absent.contains(&(change.server, *group));
                let told = told.get(&(change.server, change.client.to_string())).filter(|_| is_sent);
                told.copied().unwrap_or(Became::NotBegun)
            };
            outcome(planned, became, by, self.now())
        });
        let not_begun = not_begun.into_iter();
        let not_begun = not_begun.map(|planned| outcome(planned, |_| Became::NotBegun, by, self.now()));
        self.store.audit_all(&applied.chain(not_begun).collect::<Vec<_>>()).await?;
        self.look_again();
        self.written_whole(&plan.host_group, failed, by).await?;
        if plan.recreate {
            let replaced = self.delete_replaced(&way, &tree, Old::Delete, by, &|| Ok(())).await;
            for planned in &mut plan.groups {
                let Some(old) = &mut planned.recreates else { continue };
                old.stays = replaced.stays(old.group);
            }
        }
        Ok(plan)
    }

    /// Names in the record and to the operator what was not written of a plan, if anything was not.
    async fn written_whole(
        &self,
        host_group: &str,
        mut failed: Vec<String>,
        by: &str,
    ) -> Result<(), ManagerError> {
        if failed.is_empty() {
            return Ok(());
        }
        let more = failed.len().saturating_sub(CHANGES_NAMED_MAX);
        failed.truncate(CHANGES_NAMED_MAX);
        if more > 0 {
            failed.push(format!("and {more} more"));
        }
        let failed = failed.join("; ");
        let after = Some(format!("not all was written: {failed}"));
        self.store
            .audit(&AuditRow { after, ..AuditRow::of(self.now(), by, "apply group plan", host_group) })
            .await?;
        Err(ManagerError::Refused(format!(
            "the plan for `{host_group}` was carried out but for this: {failed}. Once that is mended, make a new \
             preview and apply it, or let `headwater wsus sync` write the rest"
        )))
    }

    /// Makes the WSUS groups again that host groups are made into and that somebody deleted; says which. It is
    /// looked before each whether the run goes on: a silent top takes two minutes for one.
    pub(crate) async fn make_lost_groups(
        &self,
        way: &Way,
        known: &Known,
        by: &str,
        goes_on: GoesOn<'_>,
    ) -> Result<Vec<String>, ManagerError> {
        let there: HashSet<GroupId> = known.groups.iter().map(|group| group.id).collect();
        if known.rows.iter().all(|row| row.wsus_group.is_none_or(|group| there.contains(&group))) {
            return Ok(Vec::new());
        }
        let mut made = Vec::new();
        for lost in known.managed().groups.iter().filter(|group| group.target == Target::Create) {
            let Some(row) = known.row(lost.group) else { continue };
            goes_on()?;
            let group = self.create_group_on(way, &way.top, &lost.name, None, by).await?.id;
            self.store.bind_host_group(row.id, group).await?;
            self.store.audit(&AuditRow::of(self.now(), by, "make group again", &lost.name)).await?;
            made.push(lost.name.clone());
        }
        Ok(made)
    }
}

/// What is written on one server, of groups with who is added and removed.
pub(crate) fn memberships<'a>(
    server: ServerId,
    groups: impl IntoIterator<Item = (GroupId, &'a Vec<GroupChange>, &'a Vec<GroupChange>)>,
    by: &str,
) -> Memberships {
    let mut memberships = Memberships { by: by.to_owned(), add: Vec::new(), remove: Vec::new() };
    for (group, add, remove) in groups {
        let on = |changes: &'a [GroupChange]| {
            let here = changes.iter().filter(move |change| change.server == server);
            here.map(move |change| MembershipChange { client: change.client.clone(), group })
        };
        memberships.add.extend(on(add));
        memberships.remove.extend(on(remove));
    }
    memberships
}

fn may_remove(plan: &GroupPlan, max_removals: Option<u64>) -> Result<(), ManagerError> {
    let removed = plan.removed();
    let reason = match max_removals {
        Some(max) if removed <= max => return Ok(()),
        Some(max) => format!("it removes {removed} members, more than the {max} allowed"),
        None if plan.held.is_empty() => return Ok(()),
        None => plan.held.join("; "),
    };
    Err(ManagerError::Refused(format!(
        "the plan for `{}` is held: {reason}. Nothing was written. If that is right, apply it with \
         `--max-removals {removed}`",
        plan.host_group
    )))
}

/// Names some of what differs between a plan and the one that the same request makes now.
fn changed(before: &GroupPlan, now: &GroupPlan) -> String {
    let by_name = |plan: &GroupPlan| -> HashMap<String, usize> {
        plan.groups.iter().enumerate().map(|(at, group)| (group.host_group.clone(), at)).collect()
    };
    let (earlier, planned) = (by_name(before), by_name(now));
    let mut words = Vec::new();
    for group in &now.groups {
        let Some(was) = earlier.get(&group.host_group).and_then(|at| before.groups.get(*at)) else {
            words.push(format!("`{}` is planned too", group.name));
            continue;
        };
        let mut only = |these: &[GroupChange], those: &[GroupChange], what: &str| {
            let those: HashSet<_> = those.iter().map(|one| (one.server, &one.client, &one.name)).collect();
            let new = these.iter().filter(|one| !those.contains(&(one.server, &one.client, &one.name)));
            words.extend(new.map(|one| format!("{} {what} `{}`", one.name, group.name)));
        };
        only(&group.add, &was.add, "is to be added to");
        only(&was.add, &group.add, "is not to be added any more to");
        only(&group.remove, &was.remove, "is to be removed from");
        only(&was.remove, &group.remove, "is not to be removed any more from");
        if group.group != was.group {
            words.push(format!("`{}` is another WSUS group", group.name));
        }
        if group.not_registered != was.not_registered {
            words.push(format!("other hosts of `{}` cannot be registered", group.name));
        }
        if group.unchanged != was.unchanged {
            words.push(format!(
                "`{}` has {} members that stay, and had {}",
                group.name, group.unchanged, was.unchanged
            ));
        }
    }
    let gone = before.groups.iter().filter(|group| !planned.contains_key(&group.host_group));
    words.extend(gone.map(|group| format!("`{}` is not planned any more", group.name)));
    if words.is_empty() {
        return "a member was exchanged for another".to_owned();
    }
    let more = words.len().saturating_sub(CHANGES_NAMED_MAX);
    words.truncate(CHANGES_NAMED_MAX);
    if more > 0 {
        words.push(format!("and {more} more"));
    }
    words.join(", ")
}

/// A plan as it is told, or why there is none.
fn told(
    host_group: &str,
    plan: &decide::Plan,
    known: &Known,
    copied: &Copied,
    mirror: &Mirror,
) -> Result<GroupPlan, ManagerError> {
    let mut groups = plan.groups.iter().collect::<Vec<_>>();
    groups.sort_by_key(|group| known.host_groups.chain(group.group).count());
    let names = Names::of(known, mirror);
    Ok(GroupPlan {
        host_group: host_group.to_owned(),
        adopt: false,
        recreate: false,
        groups: groups
            .into_iter()
            .map(|group| Ok(PlannedGroup { recreates: copied.of(group), ..planned(group, known, &names)? }))
            .collect::<Result<_, ManagerError>>()?,
        held: plan_guard::held(plan, None).iter().map(ToString::to_string).collect(),
        state: copied.state(plan_guard::digest(plan)),
    })
}

/// What computers and hosts are called, now or when they were last seen.
pub(crate) struct Names<'a> {
    computers: HashMap<&'a ClientId, &'a str>,
    hosts: HashMap<HostId, &'a str>,
    mirror: &'a Mirror,
}

impl<'a> Names<'a> {
    pub fn of(known: &'a Known, mirror: &'a Mirror) -> Self {
        let hosts = known.hosts.iter().map(|host| (host.id, host.name.as_str())).collect();
        Self { computers: known.names(), hosts, mirror }
    }

    pub fn of_host(&self, host: HostId) -> String {
        self.hosts.get(&host).map_or_else(|| host.to_string(), |name| (*name).to_owned())
    }
}

fn planned(group: &decide::GroupPlan, known: &Known, names: &Names) -> Result<PlannedGroup, ManagerError> {
    let refused = |reason: String| Err(ManagerError::Refused(reason));
    match &group.target {
        Target::Create | Target::Ours(_) | Target::Adopt(_) | Target::Recreate { .. } => {}
        Target::Foreign { proposal, .. } => {
            return refused(format!(
                "the WSUS has a group `{}` that was not made here: take it over with `--adopt`, which makes its \
                 members those of the host group, or name the host group `{proposal}`",
                group.name
            ));
        }
        Target::BuiltIn { proposal, .. } => {
            return refused(format!(
                "`{}` is built into every WSUS: name the host group `{proposal}`",
                group.name
            ));
        }
        Target::Refused(refusal) => return refused(refusal.to_string()),
    }
    let change = |server: &ServerId, client: &ClientId| GroupChange {
        server: *server,
        client: client.clone(),
        name: names.computers.get(client).map_or_else(|| client.to_string(), |name| (*name).to_owned()),
    };
    let (mut add, mut remove, mut unchanged) = (Vec::new(), Vec::new(), 0);
    for (server, members) in &group.servers {
        add.extend(members.added.iter().map(|client| change(server, client)));
        remove.extend(members.removed.iter().map(|client| change(server, client)));
        unchanged += (members.unchanged.len() + members.left.len()) as u64;
    }
    let not_registered = group.unregistered.iter();
    let not_registered = not_registered.map(|(host, reason)| why_not_registered(*host, reason, known, names));
    Ok(PlannedGroup {
        host_group: known.host_groups.get(group.group).map_or_else(String::new, |one| one.name.clone()),
        name: group.name.clone(),
        group: group.target.id(),
        adopted: matches!(group.target, Target::Adopt(_)),
        recreates: None,
        add,
        remove,
        unchanged,
        not_registered: not_registered.collect(),
    })
}

/// What a host is called, and why it is no member.
pub(crate) fn why_not_registered(
    host: HostId,
    reason: &Reason,
    known: &Known,
    names: &Names<'_>,
) -> (String, String) {
    let name = names.of_host(host);
    // A host that was seen before reports to a server that is not reached now.
    let before = name.parse().ok().and_then(|client| names.mirror.computers.get(&client));
    match (reason, before.and_then(|before| Some((&before.name, before.server.as_ref()?)))) {
        (Reason::NeverSeen, Some((name, server)))
            if names.mirror.tree.server(server.id).is_none_or(|one| one.server.linkage.is_none()) =>
        {
            (name.clone(), format!("it reports to {}, which is outside the link", server.name))
        }
        (Reason::NeverSeen, Some((name, server))) => {
            (name.clone(), format!("it reports to {}, which is not reached", server.name))
        }
        _ => (name, in_words(reason, known)),
    }
}

/// Why a host is no member, in a sentence.
fn in_words(reason: &Reason, known: &Known) -> String {
    let server = |id: &ServerId| known.server_name(*id);
    match reason {
        Reason::OutsideLink(id) => format!("it reports to {}, which is outside the link", server(id)),
        Reason::UpdatesOnly(id) => {
            format!("it reports to {}, which is autonomous and takes updates only", server(id))
        }
        Reason::DuplicateName(places) => format!("{} computers have its name", places.len()),
        Reason::SharedId(client) => {
            format!("several machines have its client id {client}: {FRESH_ID}")
        }
        Reason::Policy { place, value } => {
            format!("the policy decides on {}: set its target group to `{value}`", server(&place.server))
        }
        Reason::NeverSeen => "no WSUS of the tree has seen it yet".to_owned(),
    }
}

#[cfg(test)]
pub(crate) mod sample {
    use super::*;

    pub(crate) fn group(add: &[&str], remove: &[&str]) -> PlannedGroup {
        let change = |client: &&str| GroupChange {
            server: ServerId::from_u128(1),
            client: client.parse().expect("an id"),
            name: (*client).to_owned(),
        };
        PlannedGroup {
            host_group: "Sites".to_owned(),
            name: "Sites".to_owned(),
            group: None,
            adopted: false,
            recreates: None,
            add: add.iter().map(change).collect(),
            remove: remove.iter().map(change).collect(),
            unchanged: 5,
            not_registered: Vec::new(),
        }
    }

    pub(crate) fn plan(groups: Vec<PlannedGroup>) -> GroupPlan {
        GroupPlan {
            host_group: "Sites".to_owned(),
            adopt: false,
            recreate: false,
            groups,
            held: Vec::new(),
            state: String::new(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::sample::{group, plan};
    use super::*;

    #[test]
    fn what_changed_since_a_plan_was_made_is_named() {
        let check = |before: &[PlannedGroup], now: &[PlannedGroup], expected: &str| {
            assert_eq!(changed(&plan(before.to_vec()), &plan(now.to_vec())), expected);
        };
        let (one, other) = (group(&["a"], &["d"]), group(&["b"], &["d"]));
        check(
            std::slice::from_ref(&one),
            std::slice::from_ref(&other),
            "b is to be added to `Sites`, a is not to be added any more to `Sites`",
        );
        check(&[], std::slice::from_ref(&one), "`Sites` is planned too");
        check(std::slice::from_ref(&one), &[], "`Sites` is not planned any more");
        check(std::slice::from_ref(&one), std::slice::from_ref(&one), "a member was exchanged for another");
    }
}
