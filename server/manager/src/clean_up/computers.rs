//! Computers that nobody has heard of for long, or that a re-imaged machine left behind: which they are, and
//! deleting them on the server that they report to.

use std::collections::BTreeMap;
use std::time::Instant;

use headwater_api::linkage::{DeleteComputers, SilentComputer, WsusKind};
use headwater_api::{CleanUpComputer, CleanedServer, GoneBecause, TreeServer};
use headwater_model::{ClientId, ServerId, Timestamp};
use headwater_store::LinkageRow;
use headwater_tree::silent::{Asked, Because, Doubt, Terms, doubt_of_clock, plan};

use super::apply::{CleanUp, TIME_MAX};
use crate::ask::Way;
use crate::tree::Tree;
use crate::{Manager, ManagerError};

/// Computers that one order deletes. A Microsoft WSUS is asked for each, after all that it has was read.
const BATCH_MICROSOFT: usize = 50;
const BATCH: usize = 200;

/// The computers that nobody misses, and why those of other servers stay.
pub(super) struct Silent {
    pub computers: Vec<CleanUpComputer>,
    pub doubts: BTreeMap<ServerId, Doubt>,
}

impl Manager {
    /// Who is silent for so many days before a time, as the servers tell it now.
    pub(super) async fn silent(
        &self,
        way: &Way,
        tree: &Tree,
        days: u32,
        at: Timestamp,
    ) -> Result<Silent, ManagerError> {
        let mut computers = Vec::new();
        let mut told = Vec::new();
        for (server, found) in self.computers_of_each(way, tree).await {
            if let Ok(found) = found {
                told.push(server);
                computers.extend(found);
            }
        }
        let asked = tree.servers.iter().map(|server| Asked {
            server: server.id,
            ahead_seconds: tree.ahead_seconds(server).filter(|_| told.contains(&server.id)),
        });
        let asked: Vec<Asked> = asked.collect();
        let terms = Terms { days, at, now: self.now() };
        let plan = plan(&asked, &computers, &self.sightings().await?, terms);
        let gone = computers.into_iter().filter_map(|computer| {
            let because = plan.delete.get(&computer.place())?;
            Some(CleanUpComputer {
                server: computer.server,
                client: computer.client,
                name: computer.name,
                last_contact_at: computer.last_contact_at,
                because: match because {
                    Because::Silent => GoneBecause::Silent,
                    Because::Reimaged => GoneBecause::Reimaged,
                },
            })
        });
        let mut computers: Vec<CleanUpComputer> = gone.collect();
        computers.sort_by(|one, other| {
            (one.server, one.last_contact_at, &one.client).cmp(&(
                other.server,
                other.last_contact_at,
                &other.client,
            ))
        });
        Ok(Silent { computers, doubts: plan.doubts })
    }
}

impl CleanUp<'_> {
    /// Deletes the computers of the plan that have been silent since, and says whether it is to go on. The time
    /// runs from the first order. `gone` becomes those that are not there any more.
    pub(super) async fn delete_computers_on(
        &self,
        server: &TreeServer,
        gone: &mut Vec<SilentComputer>,
        done: &mut CleanedServer,
        time: &mut Option<Instant>,
    ) -> Result<bool, ManagerError> {
        let of_it = self.plan.computers.iter().filter(|one| one.server == server.id);
        let wanted: Vec<SilentComputer> = of_it
            .map(|one| SilentComputer { client: one.client.clone(), last_contact_at: one.last_contact_at })
            .collect();
        done.computers_left = wanted.len() as u64;
        if wanted.is_empty() {
            return Ok(false);
        }
        if let Some(doubt) = doubt_of_clock(self.tree.ahead_seconds(server)) {
            return Err(ManagerError::Refused(format!("its computers stay: {doubt}")));
        }
        let Some(linkage) = self.tree.reached(server) else { return Ok(false) };
        let open = self.look_again(linkage, &wanted, gone, done).await?;
        let (mut refused, mut goes_on) = (None, false);
        for computers in open.chunks(batch(server)) {
            if time.get_or_insert_with(Instant::now).elapsed() > TIME_MAX {
                goes_on = true;
                break;
            }
            let order = DeleteComputers { by: self.by.to_owned(), computers: computers.to_vec() };
            let decided = self.manager.delete_computers_on(self.way, linkage, order).await?;
            done.computers += decided.applied.len() as u64;
            refused = refused.or(decided.refused.into_iter().next());
        }
        if open.is_empty() {
            return Ok(false);
        }
        // Some may have made contact just now.
        let left = self.look_again(linkage, &wanted, gone, done).await?;
        if let Some((client, reason)) = refused.filter(|_| !left.is_empty()) {
            done.problem.get_or_insert(format!("{client}: {reason}"));
        }
        Ok(goes_on)
    }

    /// Which of them are there and have been silent since. Counts those that have not.
    async fn look_again(
        &self,
        linkage: &LinkageRow,
        wanted: &[SilentComputer],
        gone: &mut Vec<SilentComputer>,
        done: &mut CleanedServer,
    ) -> Result<Vec<SilentComputer>, ManagerError> {
        let found = self.manager.computers_of(self.way, linkage).await?.into_iter();
        let contacts: BTreeMap<ClientId, Timestamp> =
            found.map(|(computer, _)| (computer.client, computer.last_contact_at)).collect();
        let (there, absent): (Vec<_>, Vec<_>) =
            wanted.iter().cloned().partition(|one| contacts.contains_key(&one.client));
        let is_silent =
            |one: &SilentComputer| contacts.get(&one.client).is_some_and(|at| *at <= one.last_contact_at);
        let (open, back): (Vec<_>, Vec<_>) = there.into_iter().partition(is_silent);
        *gone = absent;
        (done.computers_left, done.computers_back) = (open.len() as u64, back.len() as u64);
        Ok(open)
    }

    /// A server that was told of the computers of those below it keeps them, for nothing tells it of their end.
    pub(super) async fn forget_at(
        &self,
        server: &TreeServer,
        gone: &[SilentComputer],
    ) -> Result<(), ManagerError> {
        let linkage = self.tree.reached(server).filter(|_| server.kind == Some(WsusKind::Headwater));
        let Some(linkage) = linkage else { return Ok(()) };
        for computers in gone.chunks(BATCH) {
            let order = DeleteComputers { by: self.by.to_owned(), computers: computers.to_vec() };
            self.manager.delete_computers_on(self.way, linkage, order).await?;
        }
        Ok(())
    }
}

fn batch(server: &TreeServer) -> usize {
    if server.kind == Some(WsusKind::Microsoft) { BATCH_MICROSOFT } else { BATCH }
}
