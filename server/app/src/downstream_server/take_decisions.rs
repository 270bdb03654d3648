//! Groups, approvals, declines and licences of the server above, which a replica makes its own.

use headwater_policy::replica_plan::{Here, plan};

use super::problem::SyncError;
use super::synchronise::Run;

impl Run<'_> {
    /// Takes what was decided after an anchor, up to `until`. Says how many decisions changed.
    pub(super) async fn take_decisions(&self, after: Option<&str>, until: &str) -> Result<u64, SyncError> {
        let (app, link) = (self.app, self.link);
        let mut decisions = link.upstream.decisions(after, until).await?;
        if !self.is_headwater {
            decisions.above = decisions.above.only_decided();
        }
        let shared = app.store.shared_decisions().await?;
        let here = Here {
            groups: shared.groups,
            standing: shared.standing,
            declined: shared.declined,
            accepted_eulas: shared.accepted_eulas,
        };
        let plan = plan(&here, &decisions.above)?;
        let changes = plan.changes();
        if changes == 0 && after == Some(&*decisions.anchor) {
            return Ok(0);
        }
        let (by, generation) = (&link.setting.url, link.setting.generation);
        let now = app.clock.now();
        let _order = app.live.in_order().await;
        if !app.store.apply_replica_plan(&plan, &decisions.anchor, generation, by, now).await? {
            return Err(SyncError::SettingChanged);
        }
        if changes > 0 {
            if !plan.delete_groups.is_empty() {
                app.live.replace_roster(app.store.roster().await?);
            }
            app.publish_decisions().await?;
        }
        self.tell(|run| run.approvals_changed += changes as u64);
        Ok(changes as u64)
    }
}
