//! What a server offers at all: one revision of each update that is complete, not declined, and
//! deployable or needed by something that is.

use std::collections::{HashMap, HashSet};

use headwater_catalog::{Bits, Index, Kind, RequirementIx, RevisionIx, UpdateIx};
use headwater_model::UpdateId;

/// The revisions on offer, arranged for scans: by requirement, updates that others require first.
#[derive(Debug, Default)]
pub struct Serving {
    offered: Bits,
    by_requirement: Vec<Box<[RevisionIx]>>,
}

impl Serving {
    /// Chooses what to offer. `pinned` gives another revision than the newest for some updates.
    pub fn new(index: &Index, declined: &HashSet<UpdateId>, pinned: &HashMap<UpdateIx, RevisionIx>) -> Self {
        let served = |update: UpdateIx| {
            let at = pinned.get(&update).copied().or_else(|| index.newest_complete(update))?;
            (!declined.contains(&index.update(update).id)).then_some(at)
        };
        let mut offered = Bits::new(index.revisions().len());
        let mut open: Vec<RevisionIx> = Vec::new();
        for at in (0..index.updates().len() as u32).filter_map(|at| served(UpdateIx(at))) {
            let revision = index.revision(at);
            let stands_alone = match revision.kind {
                Kind::Category | Kind::Detectoid => true,
                Kind::Software | Kind::Driver => revision.explicitly_deployable,
            };
            if stands_alone {
                offered.set(at.0);
                open.push(at);
            }
        }
        // What is offered brings its bundle with it, in the revisions that it names, and what it
        // requires ([MS-WUSP] 3.1.5.7, "combined with any dependencies").
        while let Some(at) = open.pop() {
            let revision = index.revision(at);
            let members = revision.bundles.iter().copied();
            let members = members.filter(|member| !declined.contains(&index.revision(*member).identity.id));
            let required = index.requirement(revision.requirement).flatten().filter_map(|at| served(*at));
            for dependency in members.chain(required) {
                if !offered.get(dependency.0) {
                    offered.set(dependency.0);
                    open.push(dependency);
                }
            }
        }
        one_revision_each(index, &mut offered);
        Self { by_requirement: arrange(index, &offered), offered }
    }

    pub fn is_offered(&self, at: RevisionIx) -> bool {
        self.offered.get(at.0)
    }

    /// The offered revisions that have this requirement.
    pub fn with_requirement(&self, at: RequirementIx) -> &[RevisionIx] {
        self.by_requirement.get(at.0 as usize).map_or(&[], |members| members)
    }

    pub fn offered(&self) -> impl Iterator<Item = RevisionIx> + '_ {
        self.offered.iter().map(RevisionIx)
    }

    pub fn count(&self) -> usize {
        self.offered.count()
    }
}

/// Keeps the newest of several offered revisions of an update: an agent gets one (fact 55).
fn one_revision_each(index: &Index, offered: &mut Bits) {
    for update in index.updates().iter().filter(|update| update.revisions.len() > 1) {
        let mut newest_seen = false;
        for at in &update.revisions {
            if newest_seen {
                offered.clear(at.0);
            }
            newest_seen |= offered.get(at.0);
        }
    }
}

fn arrange(index: &Index, offered: &Bits) -> Vec<Box<[RevisionIx]>> {
    let mut by_requirement: Vec<Vec<RevisionIx>> = vec![Vec::new(); index.requirement_count()];
    for at in offered.iter().map(RevisionIx) {
        let revision = index.revision(at);
        if revision.kind != Kind::Driver {
            by_requirement[revision.requirement.0 as usize].push(at);
        }
    }
    by_requirement
        .into_iter()
        .map(|mut members| {
            members.sort_by_key(|at| index.update(index.revision(*at).update).is_leaf);
            members.into()
        })
        .collect()
}
