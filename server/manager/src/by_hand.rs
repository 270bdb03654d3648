//! What an administrator does to one computer or group by hand, as on the WSUS itself.

use std::collections::BTreeSet;

use headwater_api::ComputerSummary;
use headwater_api::linkage::{DeleteComputers, MembershipChange, Memberships, SilentComputer, WsusKind};
use headwater_model::{ClientId, GroupId, ServerId};
use headwater_operators::{Asking, Refused};
use headwater_policy::group::{ALL_COMPUTERS, UNASSIGNED_COMPUTERS};
use headwater_store::{AuditRow, LinkageRow};

use crate::ask::Way;
use crate::{Manager, ManagerError};

impl Manager {
    /// Puts a computer into exactly these groups of the WSUS, on the server that it reports to; none means
    /// Unassigned Computers. Groups that are made from host groups are no business of this: they have
    /// the hosts of those, and a change that concerns one is refused.
    pub async fn move_computer(
        &self,
        client: &ClientId,
        groups: &[GroupId],
        asking: &Asking,
    ) -> Result<Result<ComputerSummary, Refused>, ManagerError> {
        let way = self.writable().await?;
        let (linkage, before) = self.at_home(&way, client).await?;
        let by = match self.for_move(asking, &before, groups).await? {
            Ok(operator) => &operator.name,
            Err(refused) => return Ok(Err(refused)),
        };
        let is_listed = |group: &GroupId| *group != ALL_COMPUTERS && *group != UNASSIGNED_COMPUTERS;
        let actual: BTreeSet<GroupId> = before.groups.iter().map(|one| one.id).filter(is_listed).collect();
        let wanted: BTreeSet<GroupId> = groups.iter().copied().filter(is_listed).collect();
        let rows = self.store.host_groups().await?;
        let made = rows.iter().find(|row| {
            row.wsus_group.is_some_and(|group| actual.contains(&group) != wanted.contains(&group))
        });
        if let Some(row) = made {
            return Err(ManagerError::Refused(format!(
                "the WSUS group of {0} is made from that host group: change its hosts with `headwater hostgroup` and \
                 apply that",
                row.name
            )));
        }
        let change = |group: &GroupId| MembershipChange { client: client.clone(), group: *group };
        let memberships = Memberships {
            by: by.clone(),
            add: wanted.difference(&actual).map(change).collect(),
            remove: actual.difference(&wanted).map(change).collect(),
        };
        let done = self.change_memberships_on(&way, &linkage, memberships).await;
        // A Microsoft WSUS takes one group after the other, so some may be changed though it failed.
        let after = self.computer_at(&way, &linkage, client.clone()).await;
        if let Ok(after) = &after
            && names(&after.summary) != names(&before)
        {
            let row = AuditRow {
                before: Some(names(&before)),
                after: Some(names(&after.summary)),
                ..AuditRow::of(self.now(), by, "move computer", &before.name)
            };
            self.store.audit(&row).await?;
        }
        self.look_again();
        match done?.refused.first() {
            Some((_, reason)) => Err(ManagerError::Refused(format!("{}: {reason}", before.name))),
            None => Ok(Ok(after?.summary)),
        }
    }

    /// Deletes the record of a computer on the server that it reports to. One that is in use comes back at
    /// its next contact; one that makes contact now stays.
    pub async fn delete_computer(
        &self,
        client: &ClientId,
        asking: &Asking,
    ) -> Result<Result<(), Refused>, ManagerError> {
        let way = self.writable().await?;
        let (linkage, known) = self.at_home(&way, client).await?;
        let by = match self.for_move(asking, &known, &[]).await? {
            Ok(operator) => &operator.name,
            Err(refused) => return Ok(Err(refused)),
        };
        let tree = self.tree(&way).await?;
        self.follow_reimaged(&way, &tree, &BTreeSet::from([client]), by).await?;
        let computers =
            vec![SilentComputer { client: client.clone(), last_contact_at: known.last_contact_at }];
        let order = DeleteComputers { by: by.clone(), computers };
        let done = self.delete_computers_on(&way, &linkage, order.clone()).await?;
        if let Some((_, reason)) = done.refused.first() {
            return Err(ManagerError::Refused(format!("{}: {reason}", known.name)));
        }
        // The servers above were told of it, and nothing tells them of its end.
        let parent_of = |id: &ServerId| tree.servers.iter().find(|one| one.id == *id)?.parent;
        for above in std::iter::successors(parent_of(&linkage.server), parent_of) {
            let server = tree.servers.iter().find(|one| one.id == above);
            let of_ours = server.filter(|one| one.kind == Some(WsusKind::Headwater));
            if let Some(linkage) = of_ours.and_then(|server| tree.reached(server)) {
                self.delete_computers_on(&way, linkage, order.clone()).await?;
            }
        }
        let row = AuditRow {
            before: Some(format!("{client}, in {}", names(&known))),
            ..AuditRow::of(self.now(), by, "delete computer", &known.name)
        };
        self.store.audit(&row).await?;
        self.look_again();
        Ok(Ok(()))
    }

    /// Deletes a group of the linked WSUS; its approvals are taken back. One that is made from a host group
    /// would come back with the next run.
    pub async fn delete_group(&self, id: GroupId, by: &str) -> Result<(), ManagerError> {
        let way = self.writable().await?;
        let rows = self.store.host_groups().await?;
        if let Some(row) = rows.iter().find(|row| row.wsus_group == Some(id)) {
            return Err(ManagerError::Refused(format!(
                "it is made from the host group {0}: delete that first with `headwater hostgroup delete {0}`",
                row.name
            )));
        }
        let contents = self.contents_of(&way, &way.top).await?;
        let group = contents.groups.iter().find(|group| group.id == id);
        let group = group.ok_or_else(|| {
            ManagerError::NotFound(format!("there is no group {id}; `headwater group list` shows all"))
        })?;
        let approvals = contents.approvals.iter().filter(|one| one.group == id).count();
        self.delete_group_on(&way, &way.top, id, by).await?;
        let row = AuditRow {
            before: Some(format!("{approvals} approvals")),
            ..AuditRow::of(self.now(), by, "delete group", &group.name)
        };
        self.store.audit(&row).await?;
        self.look_again();
        Ok(())
    }

    /// The Linkage of the server that a computer reports to, and what that server knows of it.
    async fn at_home(
        &self,
        way: &Way,
        client: &ClientId,
    ) -> Result<(LinkageRow, ComputerSummary), ManagerError> {
        let mirror = self.mirror();
        let known = mirror.computers.get(client);
        let known = known.ok_or_else(|| ManagerError::NotFound(format!("there is no computer {client}")))?;
        let home = known.server.as_ref().map_or(way.top.server, |home| home.id);
        let is_outside = mirror.tree.has_outside(home);
        let linkages = self.store.linkages().await?.into_iter();
        let linkage = linkages.filter(|_| !is_outside).find(|one| one.server == home);
        let linkage = linkage.ok_or_else(|| {
            let reason = "it reports to a server without a Linkage of this tree: do it there";
            ManagerError::Refused(format!("{}: {reason}", known.name))
        })?;
        let summary = self.computer_at(way, &linkage, client.clone()).await?.summary;
        Ok((linkage, summary))
    }
}

fn names(computer: &ComputerSummary) -> String {
    let mut names: Vec<&str> = computer.groups.iter().map(|group| group.name.as_str()).collect();
    names.sort_unstable();
    names.join(", ")
}
