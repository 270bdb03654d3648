//! The snapshots from which agents are answered: immutable, replaced whole, behind one pointer.

use std::collections::{HashMap, HashSet};
use std::sync::{Arc, RwLock};

use headwater_catalog::{Index, RevisionIx, UpdateIx};
use headwater_model::{ClientId, GroupId, Sha256Digest, UpdateId};

use crate::approval::{Approval, Resolved, resolve};
use crate::group::{GroupTree, UNASSIGNED_COMPUTERS};
use crate::offer::{Deployments, Offer, deployment};
use crate::serving::Serving;

/// A computer as a scan needs to know it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Member {
    /// The database's number for the computer.
    pub computer: i64,
    /// The groups it is in, sorted; never empty.
    pub groups: Arc<[GroupId]>,
    /// The counter's value when these groups last changed.
    pub stamp: u64,
    /// Whether it has called RegisterComputer.
    pub registered: bool,
    /// Of the products that it told to have, once it told them.
    pub products: Option<Sha256Digest>,
}

impl Member {
    /// The groups of a computer that no administrator and no policy put anywhere.
    pub fn unassigned() -> Arc<[GroupId]> {
        Arc::from([UNASSIGNED_COMPUTERS])
    }
}

/// Every computer that this server knows.
pub type Roster = rpds::HashTrieMapSync<ClientId, Member>;

/// All that administrators decided, as the database has it.
#[derive(Debug, Clone, Default)]
pub struct Decisions {
    /// Everything up to this value of the server-wide counter is in here.
    pub stamp: u64,
    pub groups: GroupTree,
    /// The counter's value of the last change of the tree.
    pub tree_stamp: u64,
    pub approvals: Vec<Approval>,
    pub declined: HashSet<UpdateId>,
    /// When an update's leaf flag or implicit action last changed, by the counter.
    pub catalogue_changes: HashMap<UpdateId, u64>,
}

/// The catalogue and the decisions, arranged for scans.
#[derive(Debug)]
pub struct Offers {
    pub index: Arc<Index>,
    pub stamp: u64,
    pub tree_stamp: u64,
    /// The newest change that any scan could have to tell of.
    pub newest_change: u64,
    pub groups: GroupTree,
    pub declined: HashSet<UpdateId>,
    serving: Arc<Serving>,
    approvals: HashMap<UpdateIx, HashMap<GroupId, Approval>>,
    catalogue_changes: HashMap<UpdateIx, u64>,
    /// Computers in the same groups see the same.
    views: RwLock<HashMap<Arc<[GroupId]>, Arc<View>>>,
}

/// The views that are kept: a few hundred sets of groups exist, but computers may ask for others, and a
/// view has hundreds of kilobytes where many updates are approved.
const VIEWS_MAX: usize = 512;

/// What all computers in one set of groups are told.
#[derive(Debug)]
pub struct View {
    pub serving: Arc<Serving>,
    explicit: Deployments,
}

impl View {
    /// How this revision is offered here.
    pub fn offer(&self, index: &Index, at: RevisionIx) -> Offer {
        let revision = index.revision(at);
        let deployment = match self.explicit.get(&at) {
            Some((deployment, _)) => *deployment,
            None => deployment(index, at, None),
        };
        Offer { at, id: revision.id, is_leaf: index.update(revision.update).is_leaf, deployment }
    }

    /// The counter's value of the last approval that touched this revision here; 0 for none.
    pub fn stamp(&self, at: RevisionIx) -> u64 {
        self.explicit.get(&at).map_or(0, |(_, stamp)| *stamp)
    }
}

impl Offers {
    pub fn new(index: Arc<Index>, decisions: Decisions) -> Self {
        let mut approvals: HashMap<UpdateIx, HashMap<GroupId, Approval>> = HashMap::new();
        let mut newest_change = decisions.tree_stamp;
        for approval in decisions.approvals {
            newest_change = newest_change.max(approval.stamp);
            if let Some(update) = index.update_by_id(approval.update) {
                approvals.entry(update).or_default().insert(approval.group, approval);
            }
        }
        let catalogue_changes: HashMap<UpdateIx, u64> = decisions
            .catalogue_changes
            .iter()
            .filter_map(|(id, stamp)| Some((index.update_by_id(*id)?, *stamp)))
            .collect();
        newest_change = catalogue_changes.values().copied().fold(newest_change, u64::max);
        Self {
            serving: Arc::new(Serving::new(&index, &decisions.declined, &HashMap::new())),
            stamp: decisions.stamp,
            tree_stamp: decisions.tree_stamp,
            newest_change,
            groups: decisions.groups,
            declined: decisions.declined,
            approvals,
            catalogue_changes,
            views: RwLock::default(),
            index,
        }
    }

    /// What computers in these groups see; made once for each set of groups, as long as there is room.
    pub fn view(&self, groups: &Arc<[GroupId]>) -> Arc<View> {
        let known = self.views.read().unwrap_or_else(|poisoned| poisoned.into_inner()).get(groups).cloned();
        known.unwrap_or_else(|| {
            let view = Arc::new(self.make_view(groups));
            let mut views = self.views.write().unwrap_or_else(|poisoned| poisoned.into_inner());
            if views.len() >= VIEWS_MAX
                && let Some(any) = views.keys().next().cloned()
            {
                views.remove(&any);
            }
            views.entry(groups.clone()).or_insert(view).clone()
        })
    }

    /// The approvals of an update by group, withdrawn ones included.
    pub fn approvals(&self, update: UpdateIx) -> impl Iterator<Item = &Approval> {
        self.approvals.get(&update).into_iter().flat_map(HashMap::values)
    }

    pub fn was_ever_approved(&self, update: UpdateIx) -> bool {
        self.approvals.contains_key(&update)
    }

    pub fn catalogue_stamp(&self, update: UpdateIx) -> u64 {
        self.catalogue_changes.get(&update).copied().unwrap_or(0)
    }

    /// What is offered where no approval is pinned to a revision.
    pub fn serving(&self) -> &Serving {
        &self.serving
    }

    fn make_view(&self, groups: &[GroupId]) -> View {
        let resolved: Vec<(UpdateIx, Resolved)> = self
            .approvals
            .iter()
            .filter_map(|(update, by_group)| {
                Some((*update, resolve(&self.groups, groups, |group| by_group.get(&group))?))
            })
            .collect();
        let pinned = self.pinned(&resolved);
        let serving = match pinned.is_empty() {
            true => self.serving.clone(),
            false => Arc::new(Serving::new(&self.index, &self.declined, &pinned)),
        };
        let mut explicit = Deployments::new();
        for (update, resolved) in resolved {
            let served = self.index.update(update).revisions.iter().find(|at| serving.is_offered(**at));
            if let Some(at) = served {
                explicit.insert(*at, (deployment(&self.index, *at, Some(&resolved)), resolved.stamp));
            }
        }
        View { serving, explicit }
    }

    /// The updates for which an approval waits at an older revision than the newest.
    fn pinned(&self, resolved: &[(UpdateIx, Resolved)]) -> HashMap<UpdateIx, RevisionIx> {
        resolved
            .iter()
            .filter_map(|(update, resolved)| {
                let wanted = resolved.revision.filter(|_| resolved.action.is_some())?;
                let revisions = &self.index.update(*update).revisions;
                let at = revisions.iter().copied().find(|at| {
                    let revision = self.index.revision(*at);
                    revision.identity.revision == wanted && revision.complete
                })?;
                (Some(at) != self.index.newest_complete(*update)).then_some((*update, at))
            })
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_more_views_are_kept_than_there_is_room_for() {
        let offers = Offers::new(Arc::new(Index::build(Vec::new())), Decisions::default());
        for group in 0..2 * VIEWS_MAX as u128 {
            offers.view(&Arc::from([GroupId::from_u128(group)]));
        }
        assert_eq!(offers.views.read().expect("is whole").len(), VIEWS_MAX);
        let groups = Arc::from([UNASSIGNED_COMPUTERS]);
        assert!(Arc::ptr_eq(&offers.view(&groups), &offers.view(&groups)));
    }
}
