//! What agents are answered from: two snapshots behind atomic pointers; and what administrators
//! are told of the computers' status.

use std::collections::{HashMap, HashSet};
use std::sync::{Arc, PoisonError, RwLock, RwLockReadGuard};

use arc_swap::{ArcSwap, Guard};
use headwater_model::{ClientId, GroupId};
use headwater_policy::compliance::{Computers, StatusIndex};
use headwater_policy::snapshot::{Member, Offers, Roster};
use headwater_store::{Enrolled, Rosters, StatusChange};
use tokio::sync::{Mutex, MutexGuard};

use crate::catalogue::Catalogue;

/// The catalogue and all decisions of one moment.
#[derive(Debug)]
pub struct Served {
    pub catalogue: Arc<Catalogue>,
    pub offers: Offers,
}

/// Computers that are remembered, those of lower servers included, ten times what a WSUS has. Anybody
/// can say to be one, so there is an end.
pub(crate) const COMPUTERS_MAX: usize = 1_000_000;

/// The snapshots. Agents never wait; a change replaces a snapshot whole. Only administrators and
/// the writer share the status.
#[derive(Debug)]
pub struct Live {
    served: ArcSwap<Served>,
    roster: ArcSwap<Roster>,
    /// Computers of lower servers: they are counted, and never answered.
    below: ArcSwap<Roster>,
    status: RwLock<StatusIndex>,
    order: Mutex<()>,
}

impl Live {
    pub fn new(served: Served, rosters: Rosters, status: StatusIndex) -> Self {
        Self {
            served: ArcSwap::from_pointee(served),
            roster: ArcSwap::from_pointee(rosters.own),
            below: ArcSwap::from_pointee(rosters.below),
            status: RwLock::new(status),
            order: Mutex::default(),
        }
    }

    /// To be held from a transaction about computers until the snapshots have it, so that they take
    /// in changes in the order of the database.
    pub(crate) async fn in_order(&self) -> MutexGuard<'_, ()> {
        self.order.lock().await
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

    /// All computers, those of lower servers included, or those in any of these groups.
    pub fn members(&self, groups: Option<&HashSet<GroupId>>) -> Computers {
        let is_in = |member: &&Member| {
            groups.is_none_or(|groups| member.groups.iter().any(|group| groups.contains(group)))
        };
        let (own, below) = (self.roster.load(), self.below.load());
        let all = own.values().chain(below.values());
        all.filter(is_in).filter_map(|member| number(member.computer)).collect()
    }

    /// The clients of all computers, those of lower servers included, with the numbers of the database.
    pub(crate) fn clients(&self) -> Vec<(ClientId, i64)> {
        let (own, below) = (self.roster.load(), self.below.load());
        let all = own.iter().chain(below.iter());
        all.map(|(client, member)| (client.clone(), member.computer)).collect()
    }

    /// The computers that report to this server.
    pub fn own_members(&self) -> Computers {
        self.roster.load().values().filter_map(|member| number(member.computer)).collect()
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

    /// How many computers there are, those of lower servers included.
    pub fn computers(&self) -> usize {
        self.roster.load().size() + self.below.load().size()
    }

    /// How many computers report to this very server.
    pub fn own_computers(&self) -> usize {
        self.roster.load().size()
    }

    /// How many computers are in each group itself.
    pub fn members_by_group(&self) -> HashMap<GroupId, u64> {
        let mut members = HashMap::new();
        let (own, below) = (self.roster.load(), self.below.load());
        for member in own.values().chain(below.values()) {
            for group in member.groups.iter() {
                *members.entry(*group).or_default() += 1;
            }
        }
        members
    }

    pub fn replace_roster(&self, rosters: Rosters) {
        self.roster.store(Arc::new(rosters.own));
        self.below.store(Arc::new(rosters.below));
    }

    /// Takes in computers of this server after the database has them.
    pub fn enroll(&self, enrolled: &[Enrolled]) {
        move_computers(enrolled, &self.below, &self.roster);
    }

    /// Takes in computers of lower servers after the database has them.
    pub(crate) fn enroll_below(&self, enrolled: &[Enrolled]) {
        move_computers(enrolled, &self.roster, &self.below);
    }

    /// Forgets computers: all counts are at once those of the others.
    pub fn forget(&self, clients: &[ClientId]) {
        for roster in [&self.roster, &self.below] {
            let known = roster.load_full();
            let members = clients.iter().filter_map(|client| known.get(client));
            let computers: Computers = members.filter_map(|member| number(member.computer)).collect();
            if computers.is_empty() {
                continue;
            }
            self.status.write().unwrap_or_else(PoisonError::into_inner).remove(&computers);
            roster.rcu(|roster| {
                let mut next = Roster::clone(roster);
                for client in clients {
                    next.remove_mut(client);
                }
                next
            });
        }
    }
}

/// Puts computers into one roster and takes them out of the other.
fn move_computers(computers: &[Enrolled], from: &ArcSwap<Roster>, to: &ArcSwap<Roster>) {
    to.rcu(|roster| {
        let mut next = Roster::clone(roster);
        for computer in computers {
            next.insert_mut(computer.client.clone(), computer.member.clone());
        }
        next
    });
    if computers.iter().any(|computer| from.load().contains_key(&computer.client)) {
        from.rcu(|roster| {
            let mut next = Roster::clone(roster);
            for computer in computers {
                next.remove_mut(&computer.client);
            }
            next
        });
    }
}

/// A computer's number as the status has it. More than four thousand million were never known.
pub(crate) fn number(computer: i64) -> Option<u32> {
    u32::try_from(computer).ok()
}
