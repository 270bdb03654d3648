//! What agents are answered from: two snapshots behind atomic pointers; and what administrators
//! are told of the computers' status.

use std::collections::{HashMap, HashSet};
use std::sync::{Arc, PoisonError, RwLock, RwLockReadGuard};

use arc_swap::{ArcSwap, Guard};
use headwater_model::{ClientId, GroupId};
use headwater_policy::compliance::{Computers, StatusIndex};
use headwater_policy::snapshot::{Member, Offers, Roster};
use headwater_store::{Enrolled, StatusChange};

use crate::catalogue::Catalogue;

/// The catalogue and all decisions of one moment.
#[derive(Debug)]
pub struct Served {
    pub catalogue: Arc<Catalogue>,
    pub offers: Offers,
}

/// The snapshots. Agents never wait; a change replaces a snapshot whole. Only administrators and
/// the writer share the status.
#[derive(Debug)]
pub struct Live {
    served: ArcSwap<Served>,
    roster: ArcSwap<Roster>,
    status: RwLock<StatusIndex>,
}

impl Live {
    pub fn new(served: Served, roster: Roster, status: StatusIndex) -> Self {
        Self {
            served: ArcSwap::from_pointee(served),
            roster: ArcSwap::from_pointee(roster),
            status: RwLock::new(status),
        }
    }

    /// The status of all computers. Not to be held over a wait: the writer waits for it.
    pub fn status(&self) -> RwLockReadGuard<'_, StatusIndex> {
        self.status.read().unwrap_or_else(PoisonError::into_inner)
    }

    /// Takes in changes after the database has them.
    pub fn change_status(&self, changes: &[StatusChange]) {
        let mut status = self.status.write().unwrap_or_else(PoisonError::into_inner);
        for change in changes {
            if let Some(computer) = number(change.computer) {
                status.replace(computer, &change.old, &change.new);
            }
        }
    }

    /// All computers, or those in any of these groups.
    pub fn members(&self, groups: Option<&HashSet<GroupId>>) -> Computers {
        let roster = self.roster.load();
        let is_in = |member: &&Member| {
            groups.is_none_or(|groups| member.groups.iter().any(|group| groups.contains(group)))
        };
        roster.values().filter(is_in).filter_map(|member| number(member.computer)).collect()
    }

    pub fn served(&self) -> Guard<Arc<Served>> {
        self.served.load()
    }

    /// The same as [`Live::served`], to be kept over a wait.
    pub fn served_full(&self) -> Arc<Served> {
        self.served.load_full()
    }

    pub fn publish(&self, served: Served) {
        self.served.store(Arc::new(served));
    }

    pub fn member(&self, client: &ClientId) -> Option<Member> {
        self.roster.load().get(client).cloned()
    }

    pub fn computers(&self) -> usize {
        self.roster.load().size()
    }

    /// How many computers are in each group itself.
    pub fn members_by_group(&self) -> HashMap<GroupId, u64> {
        let mut members = HashMap::new();
        for member in self.roster.load().values() {
            for group in member.groups.iter() {
                *members.entry(*group).or_default() += 1;
            }
        }
        members
    }

    pub fn replace_roster(&self, roster: Roster) {
        self.roster.store(Arc::new(roster));
    }

    /// Takes in computers after the database has them.
    pub fn enroll(&self, enrolled: &[Enrolled]) {
        self.roster.rcu(|roster| {
            let mut next = Roster::clone(roster);
            for computer in enrolled {
                next.insert_mut(computer.client.clone(), computer.member.clone());
            }
            next
        });
    }

    pub fn forget(&self, client: &ClientId) {
        if let Some(computer) = self.member(client).and_then(|member| number(member.computer)) {
            self.status.write().unwrap_or_else(PoisonError::into_inner).remove(computer);
        }
        self.roster.rcu(|roster| {
            let mut next = Roster::clone(roster);
            next.remove_mut(client);
            next
        });
    }
}

/// A computer's number as the status has it. More than four thousand million were never known.
pub(crate) fn number(computer: i64) -> Option<u32> {
    u32::try_from(computer).ok()
}
