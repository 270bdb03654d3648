//! The members of groups, written on the server that they report to, some at a time.

use std::collections::{BTreeMap, BTreeSet, HashSet};
use std::sync::Arc;

use headwater_api::linkage::{MembershipChange, Memberships};
use headwater_api::{SyncPhase, SyncServer};
use headwater_model::{ClientId, GroupId, chain};
use headwater_store::LinkageRow;
use headwater_tree::plan_guard;
use headwater_tree::server::Server;

use super::wants::Wants;
use super::{Begun, Run};
use crate::ManagerError;
use crate::ask::length_of_order;
use crate::kept::wanted_later;
use crate::running::Said;

/// What became of the memberships of one server.
#[derive(Default)]
pub(super) struct Registered {
    pub removed: usize,
    /// Computers whose memberships the server did not take, each with the reason.
    pub refused: BTreeMap<ClientId, String>,
    /// What was wanted, where nothing was written: then it still holds.
    pub wants: Option<Arc<Wants>>,
}

impl Run<'_> {
    /// Writes the members that the host groups want, on the server that they report to. A plan that is applied or
    /// undone between two orders is looked at before the next one.
    pub(super) async fn register(
        &self,
        server: &Server,
        linkage: &LinkageRow,
        begun: &Begun,
        missing: &BTreeSet<GroupId>,
        done: &mut SyncServer,
    ) -> Result<Registered, ManagerError> {
        let mut registered = Registered::default();
        let mut wants = self.wants(server, linkage, begun, 0).await?;
        let mut open = changes(&wants, server, missing);
        let mut written = 0;
        while !open.is_empty() {
            self.goes_on()?;
            if self.manager.store.host_groups().await? != wants.known.rows {
                wants = self.wants(server, linkage, begun, std::mem::take(&mut registered.removed)).await?;
                open = changes(&wants, server, missing);
                open.retain(|one| !registered.refused.contains_key(&one.change.client));
                continue;
            }
            let total = written + open.len() as u64;
            let line = format!("{total} memberships to write");
            self.tell(server, Said::new(SyncPhase::Clients, line).counted(written, Some(total)));
            let order: Vec<Change> = open.drain(..length_of_order(&open, |one| &one.change.client)).collect();
            written += order.len() as u64;
            self.write(linkage, order, &mut registered, done).await?;
        }
        registered.wants = (written == 0).then_some(wants);
        Ok(registered)
    }

    /// One order; what was written is noted, and what was refused.
    async fn write(
        &self,
        linkage: &LinkageRow,
        order: Vec<Change>,
        registered: &mut Registered,
        done: &mut SyncServer,
    ) -> Result<(), ManagerError> {
        let some = |adds: bool| {
            let these = order.iter().filter(|one| one.adds == adds);
            these.map(|one| one.change.clone()).collect()
        };
        let memberships = Memberships { by: self.by.to_owned(), add: some(true), remove: some(false) };
        let decided = self.manager.change_memberships_on(self.way, linkage, memberships).await?;
        let applied: HashSet<String> = decided.applied.into_iter().collect();
        for Change { change, adds, name, group } in order {
            if !applied.contains(change.client.as_str()) {
                continue;
            }
            let verb = if adds { "added to" } else { "removed from" };
            done.changed.push(format!("{name} {verb} {group}"));
            registered.removed += usize::from(!adds);
        }
        let refused = decided.refused.into_iter();
        registered.refused.extend(refused.filter_map(|(client, why)| Some((client.parse().ok()?, why))));
        Ok(())
    }

    /// Leaves with the Linkage who is to be in which group once it first reports there.
    pub(super) async fn keep(
        &self,
        server: &Server,
        linkage: &LinkageRow,
        wants: &Wants,
    ) -> Result<(), ManagerError> {
        let wanted = wanted_later(server, &wants.plan, &wants.known, &wants.held);
        let said = match self.manager.keep_at(self.way, linkage, &wanted, self.by).await {
            Ok(0) => return Ok(()),
            Ok(count) => format!("memberships of {count} computers kept for later"),
            Err(error @ ManagerError::NotReached { .. }) => return Err(error),
            // It concerns computers that are not there yet: what is there can be in step.
            Err(error) => format!("memberships are not kept for later: {}", chain(&error)),
        };
        self.say(server, SyncPhase::Clients, said);
        Ok(())
    }
}

/// One membership that is not as the host groups want it.
struct Change {
    change: MembershipChange,
    adds: bool,
    /// Of the computer and of the group, for people.
    name: String,
    group: String,
}

/// What the host groups want to be otherwise on this server, but for groups that are held or are not there, in the
/// order of the computers.
fn changes(wants: &Wants, server: &Server, missing: &BTreeSet<GroupId>) -> Vec<Change> {
    let computers = wants.known.names();
    let names: BTreeMap<GroupId, &str> =
        wants.known.groups.iter().map(|group| (group.id, group.name.as_str())).collect();
    let mut changes = Vec::new();
    for planned in plan_guard::changes(&wants.plan).into_iter().filter(|one| one.server == server.id) {
        let Some(group) = planned.target else { continue };
        if wants.held.contains_key(&group) || missing.contains(&group) {
            continue;
        }
        let change = |client: ClientId, adds| Change {
            name: computers.get(&client).map_or_else(|| client.to_string(), |name| (*name).to_owned()),
            change: MembershipChange { client, group },
            adds,
            group: names.get(&group).map_or_else(|| group.to_string(), |name| (*name).to_owned()),
        };
        changes.extend(planned.add.into_iter().map(|client| change(client, true)));
        changes.extend(planned.remove.into_iter().map(|client| change(client, false)));
    }
    changes.sort_by(|one, other| one.change.client.cmp(&other.change.client));
    changes
}
