//! Taking back what a plan wrote: for a host group and all beneath it, as the plan was made.

use std::collections::{BTreeSet, HashMap};

use headwater_api::{GroupChange, UndonePlan};
use headwater_model::{GroupId, ServerId, Timestamp};
use headwater_store::{AppliedPlanRow, AuditRow, HostGroupRow};
use headwater_tree::host::DEPTH_MAX;

use crate::group_plan::{Written, memberships};
use crate::host_groups::named;
use crate::{Manager, ManagerError};

/// A plan that can be undone.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LastPlan {
    pub applied_by: String,
    pub applied_at: Timestamp,
    /// How many host groups it wrote for.
    pub groups: u64,
    pub added: u64,
    pub removed: u64,
}

/// What a plan wrote for one host group.
struct Part {
    row: HostGroupRow,
    kept: AppliedPlanRow,
    group: GroupId,
    written: Written,
}

impl Manager {
    /// The last plan that wrote something for a host group or for one beneath it and was not undone.
    pub async fn last_plan(&self, name: &str) -> Result<Option<LastPlan>, ManagerError> {
        let parts = self.last_parts(name).await?;
        Ok(parts.first().map(|first| LastPlan {
            applied_by: first.kept.applied_by.clone(),
            applied_at: first.kept.applied_at,
            groups: parts.len() as u64,
            added: parts.iter().map(|part| part.written.add.len() as u64).sum(),
            removed: parts.iter().map(|part| part.written.remove.len() as u64).sum(),
        }))
    }

    /// What the last plan wrote for a host group and those beneath it. Whatever it wrote for others, when it was
    /// made for one above, is not among it.
    async fn last_parts(&self, name: &str) -> Result<Vec<Part>, ManagerError> {
        let rows = self.store.host_groups().await?;
        let chosen = named(&rows, name)?.id;
        let parents: HashMap<i64, i64> = rows.iter().filter_map(|row| Some((row.id, row.parent?))).collect();
        let is_beneath = |row: &&HostGroupRow| {
            let above = |id: &i64| parents.get(id).copied();
            std::iter::successors(Some(row.id), above).take(DEPTH_MAX + 1).any(|id| id == chosen)
        };
        let mut parts = Vec::new();
        for row in rows.iter().filter(is_beneath) {
            let (Some(kept), Some(group)) = (self.store.last_plan(row.id).await?, row.wsus_group) else {
                continue;
            };
            let damaged =
                |_| ManagerError::Refused(format!("what the plan for `{}` wrote cannot be read", row.name));
            let written: Written = serde_json::from_str(&kept.changes).map_err(damaged)?;
            // What was written to a group that is gone cannot be taken back.
            if written.group == group.to_string() {
                parts.push(Part { row: row.clone(), kept, group, written });
            }
        }
        // All that one plan wrote was written down at one moment.
        let last = parts.iter().map(|part| part.kept.applied_at).max();
        parts.retain(|part| Some(part.kept.applied_at) == last);
        Ok(parts)
    }

    /// Restores the members that WSUS groups had before the last plan for a host group or those beneath it. They
    /// are held then: no run of the synchronisation command writes them until a plan is applied again.
    pub async fn undo_group_plan(&self, name: &str, by: &str) -> Result<UndonePlan, ManagerError> {
        let asked = self.host_group(name).await?;
        let nothing = || ManagerError::Refused(format!("no plan was applied to `{}`", asked.name));
        if self.last_parts(name).await?.is_empty() {
            return Err(nothing());
        }
        let (way, tree) = self.writable_tree().await?;
        // Another plan may have been applied or undone while the tree was read.
        let parts = self.last_parts(name).await?;
        let first = parts.first().ok_or_else(nothing)?;
        for part in &parts {
            self.store.hold_host_group(part.row.id, &format!("{by} undid the last plan")).await?;
        }
        let mut undone = UndonePlan {
            host_group: asked.name,
            host_groups: parts.iter().map(|part| part.row.name.clone()).collect(),
            applied_by: first.kept.applied_by.clone(),
            restored: parts.iter().map(|part| part.written.remove.len() as u64).sum(),
            removed: parts.iter().map(|part| part.written.add.len() as u64).sum(),
            refused: Vec::new(),
        };
        let all = || parts.iter().flat_map(|part| part.written.add.iter().chain(&part.written.remove));
        let names: HashMap<String, &str> =
            all().map(|change: &GroupChange| (change.client.to_string(), change.name.as_str())).collect();
        // One failure stops nothing else. The plan is forgotten only once all of it was taken back.
        let mut failed = Vec::new();
        for server in all().map(|change| change.server).collect::<BTreeSet<ServerId>>() {
            let Some(linkage) = tree.linkages.get(&server) else {
                failed.push(format!("the server {server} of the plan is not in the tree any more"));
                continue;
            };
            let back = parts.iter().map(|part| (part.group, &part.written.remove, &part.written.add));
            let written = self.write_members(&way, linkage, memberships(server, back, by)).await;
            let named = |(client, reason): (String, String)| {
                (names.get(&client).map_or(client.clone(), |name| (*name).to_owned()), reason)
            };
            undone.refused.extend(written.done.refused.into_iter().map(named));
            failed.extend(written.failed.map(|error| error.in_words()));
        }
        self.look_again();
        self.undone_whole(&undone.host_group, failed, by).await?;
        for part in &parts {
            self.store.forget_plan(part.kept.plan).await?;
            let (restored, removed) = (part.written.remove.len(), part.written.add.len());
            let taken_back = AuditRow {
                before: Some(format!("as {} applied the plan", undone.applied_by)),
                after: Some(format!("{restored} restored, {removed} removed")),
                ..AuditRow::of(self.now(), by, "undo group plan", &part.row.name)
            };
            self.store.audit(&taken_back).await?;
        }
        Ok(undone)
    }

    /// Names in the record and to the operator what was not taken back, if anything was not.
    async fn undone_whole(
        &self,
        host_group: &str,
        failed: Vec<String>,
        by: &str,
    ) -> Result<(), ManagerError> {
        if failed.is_empty() {
            return Ok(());
        }
        let failed = failed.join("; ");
        let after = Some(format!("not all was taken back: {failed}"));
        let row = AuditRow { after, ..AuditRow::of(self.now(), by, "undo group plan", host_group) };
        self.store.audit(&row).await?;
        Err(ManagerError::Refused(format!(
            "the plan for `{host_group}` was taken back but for this: {failed}. Undo it again once that is mended"
        )))
    }
}
