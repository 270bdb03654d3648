//! What agents are answered from: two snapshots behind atomic pointers.

use std::collections::HashMap;
use std::sync::Arc;

use arc_swap::{ArcSwap, Guard};
use headwater_model::{ClientId, GroupId};
use headwater_policy::snapshot::{Member, Offers, Roster};
use headwater_store::Enrolled;

use crate::catalogue::Catalogue;

/// The catalogue and all decisions of one moment.
#[derive(Debug)]
pub struct Served {
    pub catalogue: Arc<Catalogue>,
    pub offers: Offers,
}

/// The snapshots. Readers never wait; a change replaces a snapshot whole.
#[derive(Debug)]
pub struct Live {
    served: ArcSwap<Served>,
    roster: ArcSwap<Roster>,
}

impl Live {
    pub fn new(served: Served, roster: Roster) -> Self {
        Self { served: ArcSwap::from_pointee(served), roster: ArcSwap::from_pointee(roster) }
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
        self.roster.rcu(|roster| {
            let mut next = Roster::clone(roster);
            next.remove_mut(client);
            next
        });
    }
}
