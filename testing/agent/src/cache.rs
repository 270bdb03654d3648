//! What an agent keeps of a server's updates between its scans.

use std::collections::{BTreeMap, HashMap, HashSet};

use headwater_model::{UpdateId, UpdateIdentity};
use headwater_wsus::wusp::Deployment;

use crate::{Evaluation, Extended, UpdateType};

/// A revision in the cache.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cached {
    pub identity: UpdateIdentity,
    pub update_type: UpdateType,
    pub is_leaf: bool,
    pub deployment: Deployment,
    pub evaluation: Evaluation,
    /// Once GetExtendedUpdateInfo has told it.
    pub extended: Option<Box<Extended>>,
}

impl Cached {
    /// Whether it goes into InstalledNonLeafUpdateIDs.
    pub fn is_installed_non_leaf(&self) -> bool {
        self.evaluation.installed && !self.is_leaf && self.update_type != UpdateType::Driver
    }
}

/// The cached revisions by their numbers on the server.
#[derive(Debug, Clone, Default)]
pub struct Cache {
    revisions: BTreeMap<i32, Cached>,
    by_update: HashMap<UpdateId, i32>,
}

/// The lists of a call of SyncUpdates.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Lists {
    pub installed_non_leaf: Vec<i32>,
    pub other: Vec<i32>,
    pub drivers: Vec<i32>,
}

impl Cache {
    pub fn len(&self) -> usize {
        self.revisions.len()
    }

    pub fn is_empty(&self) -> bool {
        self.revisions.is_empty()
    }

    pub fn get(&self, id: i32) -> Option<&Cached> {
        self.revisions.get(&id)
    }

    /// The revision of an update; there is at most one (fact 55).
    pub fn of_update(&self, update: UpdateId) -> Option<(i32, &Cached)> {
        let id = *self.by_update.get(&update)?;
        Some((id, self.revisions.get(&id)?))
    }

    pub fn iter(&self) -> impl Iterator<Item = (i32, &Cached)> {
        self.revisions.iter().map(|(id, cached)| (*id, cached))
    }

    pub(crate) fn get_mut(&mut self, id: i32) -> Option<&mut Cached> {
        self.revisions.get_mut(&id)
    }

    pub(crate) fn insert(&mut self, id: i32, cached: Cached) {
        self.by_update.insert(cached.identity.id, id);
        self.revisions.insert(id, cached);
    }

    pub(crate) fn remove(&mut self, id: i32) -> Option<Cached> {
        let cached = self.revisions.remove(&id)?;
        self.by_update.remove(&cached.identity.id);
        Some(cached)
    }

    /// The updates among `ids` that a call tells the server are installed.
    pub(crate) fn updates(&self, ids: &[i32]) -> HashSet<UpdateId> {
        ids.iter().filter_map(|id| self.get(*id)).map(|cached| cached.identity.id).collect()
    }

    /// What a call lists, but for the revisions in `unlisted`.
    pub(crate) fn lists(&self, unlisted: &HashSet<i32>) -> Lists {
        let mut lists = Lists::default();
        for (id, cached) in self.iter().filter(|(id, _)| !unlisted.contains(id)) {
            if cached.update_type == UpdateType::Driver {
                lists.drivers.push(id);
            } else if cached.is_installed_non_leaf() {
                lists.installed_non_leaf.push(id);
            } else {
                lists.other.push(id);
            }
        }
        lists
    }
}
