//! Putting one computer into groups by hand, as an administrator does on the WSUS itself.

use std::collections::BTreeSet;

use headwater_api::ComputerSummary;
use headwater_api::linkage::{MembershipChange, Memberships};
use headwater_model::{ClientId, GroupId};
use headwater_policy::group::{ALL_COMPUTERS, UNASSIGNED_COMPUTERS};
use headwater_store::AuditRow;

use crate::{Manager, ManagerError};

impl Manager {
    /// Puts a computer into exactly these groups of the WSUS, on the server that it reports to; none means
    /// Unassigned Computers. Groups that are made from host groups are no business of this: they have
    /// the hosts of those, and a change that concerns one is refused.
    pub async fn move_computer(
        &self,
        client: &ClientId,
        groups: &[GroupId],
        by: &str,
    ) -> Result<ComputerSummary, ManagerError> {
        let way = self.writable().await?;
        let mirror = self.mirror();
        let known = mirror.computers.get(client);
        let known = known.ok_or_else(|| ManagerError::NotFound(format!("there is no computer {client}")))?;
        let home = known.server.as_ref().map_or(way.top.server, |home| home.id);
        let linkages = self.store.linkages().await?;
        let linkage = linkages.iter().find(|one| one.server == home).ok_or_else(|| {
            let reason = "it reports to a server without a Linkage of this tree: move it there";
            ManagerError::Refused(format!("{}: {reason}", known.name))
        })?;
        let before = self.computer_at(&way, linkage, client.clone()).await?.summary;
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
            by: by.to_owned(),
            add: wanted.difference(&actual).map(change).collect(),
            remove: actual.difference(&wanted).map(change).collect(),
        };
        let done = self.change_memberships_on(&way, linkage, memberships).await?;
        if let Some((_, reason)) = done.refused.first() {
            return Err(ManagerError::Refused(format!("{}: {reason}", known.name)));
        }
        let after = self.computer_at(&way, linkage, client.clone()).await?.summary;
        let row = AuditRow {
            before: Some(names(&before)),
            after: Some(names(&after)),
            ..AuditRow::of(self.now(), by, "move computer", &after.name)
        };
        self.store.audit(&row).await?;
        self.look_again();
        Ok(after)
    }
}

fn names(computer: &ComputerSummary) -> String {
    let mut names: Vec<&str> = computer.groups.iter().map(|group| group.name.as_str()).collect();
    names.sort_unstable();
    names.join(", ")
}
