//! GetDeployments ([MS-WSUSSS] 3.1.4.10): what a replica takes over.

use std::collections::HashSet;

use headwater_model::{EulaId, Guid, UpdateId};
use headwater_policy::approval::Action;
use headwater_policy::group::Group;
pub use headwater_policy::sync_plan::Standing;
use headwater_policy::sync_plan::deployments;
use headwater_store::SharedDecisions;

use super::{Mark, ServerSession};
use crate::error::{AppError, ClientFault};
use crate::live::Served;
use crate::start::App;

/// What was decided between two anchors; groups, declines and licences are all there are.
#[derive(Debug)]
pub struct Deployments {
    pub groups: Vec<Group>,
    /// With the revision that each means now.
    pub added: Vec<(Standing, u32)>,
    pub ended: Vec<Guid>,
    pub declined: Vec<UpdateId>,
    pub accepted_eulas: Vec<EulaId>,
    pub mark: Mark,
}

impl App {
    /// `after` is the deployment anchor, `until` the anchor of the caller's last list of revisions:
    /// what came later may name revisions that the caller does not have.
    pub async fn get_deployments(
        &self,
        _: &ServerSession,
        after: Option<u64>,
        until: u64,
    ) -> Result<Deployments, ClientFault> {
        let after = after.map(|anchor| self.stamp_of(anchor)).transpose()?;
        let until = self.stamp_of(until)?;
        let shared = self.store.shared_decisions().await.map_err(AppError::from)?;
        let served = self.live.served_full();
        let accepted_eulas = served.accepted_eulas(&shared);
        let changes = deployments(shared.standing, &shared.ended, after, until);
        let mut groups = shared.groups;
        groups.sort_by_key(|group| group.id);
        let mut declined: Vec<UpdateId> = shared.declined.into_iter().collect();
        declined.sort_unstable();
        let mut accepted_eulas: Vec<EulaId> = accepted_eulas.into_iter().collect();
        accepted_eulas.sort_unstable();
        Ok(Deployments {
            groups,
            added: changes.added.into_iter().filter_map(|standing| served.with_revision(standing)).collect(),
            ended: changes.ended,
            declined,
            accepted_eulas,
            mark: self.mark_of(until.max(after.unwrap_or(0))),
        })
    }
}

impl Served {
    /// The revision that an approval of an update means which follows the newest.
    pub(crate) fn newest_revision(&self, update: UpdateId) -> Option<u32> {
        let index = &self.catalogue.index;
        let at = index.newest_complete(index.update_by_id(update)?)?;
        Some(index.revision(at).identity.revision)
    }

    /// An approval with the revision that it means now.
    pub(crate) fn with_revision(&self, standing: Standing) -> Option<(Standing, u32)> {
        let approval = &standing.approval;
        let revision = approval.revision.or_else(|| self.newest_revision(approval.update))?;
        Some((standing, revision))
    }

    /// The licences that were accepted: whoever has approved an update has accepted its own.
    pub(crate) fn accepted_eulas(&self, shared: &SharedDecisions) -> HashSet<EulaId> {
        let installed = shared.standing.iter().filter(|s| s.approval.action == Some(Action::Install));
        let implied = installed.filter_map(|standing| self.eula(standing.approval.update));
        implied.chain(shared.accepted_eulas.iter().copied()).collect()
    }

    /// The licence that an update needs.
    pub fn eula(&self, update: UpdateId) -> Option<EulaId> {
        self.licence(update).map(|licence| licence.id)
    }
}
