//! Carrying out a clean-up. A request does as much as its time allows, and the next one with the same plan
//! goes on: what is left follows from what the servers have.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::{Duration, Instant};

use headwater_api::linkage::{Decided, Decline, DeleteUpdates, SilentComputer, WsusKind, WsusMode};
use headwater_api::{
    ApplyCleanUp, CleanUpPlan, CleanUpQuery, CleanUpReport, CleanedServer, ObsoleteBecause, SeenUpdate,
    SyncPart, SyncRequest, SyncServerState, TreeServer, UPDATES_PER_REQUEST_MAX,
};
use headwater_model::{ServerId, UpdateId, chain};
use headwater_store::{AuditRow, LinkageRow};
use headwater_words::quantity::counted;

use super::{changed, updates};
use crate::ask::Way;
use crate::runs::Looking;
use crate::tree::Tree;
use crate::{Manager, ManagerError};

/// A request begins no more batches after so long, so that it is answered before whoever asked gives up. One of
/// declines and one of deletions are begun in any case, or it would never come to an end.
pub(super) const TIME_MAX: Duration = Duration::from_secs(20);
/// How long a server is waited for that is busy.
const BUSY_MAX: Duration = Duration::from_secs(5);
/// Between two tries where a server is busy.
const PAUSE: Duration = Duration::from_millis(200);
/// How long the lower servers are waited for to take declines.
const SYNCHRONISING_MAX: Duration = Duration::from_secs(60);
/// Updates that one order declines or deletes. A Microsoft WSUS takes seconds for each, and an order 100 at most.
const BATCH_MICROSOFT: usize = 10;
const BATCH: usize = 200;

/// What holds for all of one request.
pub(super) struct CleanUp<'a> {
    pub manager: &'a Manager,
    pub way: &'a Way,
    pub tree: &'a Tree,
    pub plan: &'a CleanUpPlan,
    pub by: &'a str,
}

/// What is to be done.
enum Planned {
    /// By a request before.
    Begun(CleanUpPlan),
    /// As it was read now.
    Now(CleanUpPlan),
}

impl Manager {
    /// Does what a plan says, if what it was made from is still so; or goes on with it, if it was begun.
    pub async fn clean_up(
        self: &Arc<Self>,
        apply: &ApplyCleanUp,
        by: &str,
    ) -> Result<CleanUpReport, ManagerError> {
        let refused = |_| ManagerError::Refused("a clean-up goes on already".to_owned());
        let _one_at_a_time = self.cleaning.try_lock().map_err(refused)?;
        let begun = Instant::now();
        let read = |way: Way| async move {
            let tree = self.tree(&way).await?;
            tree.must_be_writable()?;
            let plan = self.begun_or_planned(&apply.plan, &way, &tree).await?;
            Ok((tree, plan))
        };
        let (way, (tree, plan)) = self.writable_with(read).await?;
        let plan = match plan {
            Planned::Begun(plan) => plan,
            Planned::Now(plan) => self.begin_clean_up(plan, by).await?,
        };
        let run = CleanUp { manager: self, way: &way, tree: &tree, plan: &plan, by };
        let mut report = CleanUpReport::default();
        run.decline(&mut report).await?;
        if run.is_to_be_told().await {
            self.tell_declines(begun, by, &mut report).await?;
        }
        if !plan.computers.is_empty() {
            let gone = plan.computers.iter().map(|computer| &computer.client).collect();
            self.follow_reimaged(&way, &tree, &gone, by).await?;
        }
        run.delete(&mut report).await;
        if !plan.computers.is_empty()
            && let Err(error) = self.keep_everywhere(&way, &tree, by).await
        {
            report.problems.push(format!(
                "a deleted computer that comes back is in its groups only after `headwater wsus sync`: {}",
                chain(&error)
            ));
        }
        if !report.goes_on {
            self.store.end_clean_up(&self.ended(&plan, &report, by)).await?;
        }
        self.look_again();
        Ok(report)
    }

    /// The plan that was begun, or the one that is made now if it is the same.
    async fn begun_or_planned(
        &self,
        plan: &CleanUpPlan,
        way: &Way,
        tree: &Tree,
    ) -> Result<Planned, ManagerError> {
        if let Some(begun) = self.store.begun_clean_up(&plan.state).await? {
            let unreadable = |_| ManagerError::Refused("the plan that was begun cannot be read".to_owned());
            return serde_json::from_str(&begun).map(Planned::Begun).map_err(unreadable);
        }
        let CleanUpPlan { superseded_days, declined_days, silent_days, .. } = *plan;
        let query = CleanUpQuery { superseded_days, declined_days, silent_days };
        let now = self.planned_clean_up(way, tree, query, plan.at.min(self.now())).await?;
        if now.state != plan.state {
            return Err(ManagerError::Refused(format!(
                "what the plan was made from has changed ({}): make a new preview",
                changed(plan, &now)
            )));
        }
        Ok(Planned::Now(now))
    }

    async fn begin_clean_up(&self, now: CleanUpPlan, by: &str) -> Result<CleanUpPlan, ManagerError> {
        let (decline, delete) = (now.decline.len() as u64, now.delete.len() as u64);
        let begins = AuditRow {
            after: Some(format!(
                "{} to decline, {} to delete, {} to delete",
                counted(decline, "update"),
                counted(delete, "update"),
                counted(now.computers.len() as u64, "computer")
            )),
            ..AuditRow::of(self.now(), by, "begin clean-up", &called(&now))
        };
        let json = serde_json::to_string(&now).unwrap_or_default();
        self.store.begin_clean_up(&now.state, &json, &begins).await?;
        Ok(now)
    }

    fn ended(&self, plan: &CleanUpPlan, report: &CleanUpReport, by: &str) -> AuditRow {
        let open = plan.servers.iter().map(|server| server.delete + server.computers).sum();
        AuditRow {
            before: Some(format!(
                "{} not declined, {} open on {}",
                counted(plan.decline.len() as u64, "update"),
                counted(open, "deletion"),
                counted(plan.servers.len() as u64, "server")
            )),
            after: Some(format!(
                "{} of them declined, {} open",
                report.declined,
                counted(report.left(), "deletion")
            )),
            ..AuditRow::of(self.now(), by, "clean up", &called(plan))
        }
    }

    /// Lets the lower servers take what was declined at the top, and waits for that, but not for ever.
    async fn tell_declines(
        self: &Arc<Self>,
        begun: Instant,
        by: &str,
        report: &mut CleanUpReport,
    ) -> Result<(), ManagerError> {
        let request = SyncRequest { only: Some(SyncPart::Approvals), ..SyncRequest::default() };
        let running = self.synchronise(&request, by, Looking::Writer).await?;
        let ends = async {
            let mut seen = 0;
            while let Some(new) = running.lines(seen).await {
                seen += new.len();
            }
        };
        if tokio::time::timeout(SYNCHRONISING_MAX.saturating_sub(begun.elapsed()), ends).await.is_err() {
            report.problems.push("the servers still take what was declined".to_owned());
        }
        match running.result() {
            None => {}
            Some(Err(error)) => {
                report.problems.push(format!("the servers did not take what was declined: {}", chain(error)));
            }
            Some(Ok(synchronised)) => {
                let failed = |state| !matches!(state, SyncServerState::InStep | SyncServerState::Differs);
                let failed = synchronised.servers.iter().filter(|server| failed(server.state));
                report.problems.extend(failed.map(|server| {
                    let why = server.problem.as_deref().unwrap_or("it did not synchronise");
                    format!("{} did not take what was declined: {why}", server.name)
                }));
            }
        }
        Ok(())
    }
}

/// A plan in the record.
fn called(plan: &CleanUpPlan) -> String {
    format!("plan {}", plan.state.get(..8).unwrap_or_default())
}

impl CleanUp<'_> {
    /// Declines at the top what is still obsolete there: a plan that is gone on with may be of yesterday.
    async fn decline(&self, report: &mut CleanUpReport) -> Result<(), ManagerError> {
        if self.plan.decline.is_empty() {
            return Ok(());
        }
        let obsolete = self.manager.obsolete_of(self.way, &self.way.top).await?;
        let obsolete: BTreeMap<UpdateId, _> = obsolete.into_iter().map(|one| (one.update, one)).collect();
        let mut open = Vec::new();
        for update in &self.plan.decline {
            match obsolete.get(&update.id).map(|one| (one.because, one.needed)) {
                Some((ObsoleteBecause::Declined, _)) => report.declined += 1,
                Some((ObsoleteBecause::Expired, _) | (ObsoleteBecause::Superseded, 0)) => {
                    open.push(update.id)
                }
                Some((ObsoleteBecause::Superseded, _)) => {
                    report
                        .problems
                        .push(format!("`{}` is not declined: computers need it now", update.title));
                }
                None => {
                    report
                        .problems
                        .push(format!("`{}` is not declined: it is not obsolete now", update.title));
                }
            }
        }
        let is_microsoft = self.tree.servers.first().is_some_and(|top| top.kind == Some(WsusKind::Microsoft));
        let batch = if is_microsoft { BATCH_MICROSOFT } else { UPDATES_PER_REQUEST_MAX };
        let begun = Instant::now();
        for updates in open.chunks(batch) {
            if begun.elapsed() > TIME_MAX {
                report.goes_on = true;
                break;
            }
            // Whatever was approved meanwhile is wanted by somebody.
            let unapproved = |update: &UpdateId| SeenUpdate { update: *update, approvals: Vec::new() };
            let seen = updates.iter().map(unapproved).collect();
            let (by, updates) = (self.by.to_owned(), updates.to_vec());
            let decline = Decline { by, updates, decline: true, seen };
            let done = self.manager.decline_on(self.way, &self.way.top, decline).await?;
            report.declined += (done.applied.len() + done.unchanged.len()) as u64;
            let refused = done.refused.into_iter();
            report.problems.extend(refused.map(|(update, why)| format!("{update} is not declined: {why}")));
        }
        Ok(())
    }

    /// Whether a replica offers what the plan declines.
    async fn is_to_be_told(&self) -> bool {
        let declined: BTreeSet<UpdateId> = self.plan.decline.iter().map(|update| update.id).collect();
        let replicas = self.tree.servers.iter().filter(|server| server.mode == Some(WsusMode::Replica));
        for server in replicas.filter(|_| !declined.is_empty()) {
            let Some(linkage) = self.tree.reached(server) else { continue };
            let obsolete = self.manager.obsolete_of(self.way, linkage).await.unwrap_or_default();
            let mut open = obsolete.iter().filter(|one| one.because != ObsoleteBecause::Declined);
            if open.any(|one| declined.contains(&one.update)) {
                return true;
            }
        }
        false
    }

    /// Every server after those below it, and nothing on it that one of them still has.
    async fn delete(&self, report: &mut CleanUpReport) {
        let wanted: BTreeSet<UpdateId> = self.plan.delete.iter().map(|update| update.id).collect();
        if wanted.is_empty() && self.plan.computers.is_empty() {
            return;
        }
        let mut time = None;
        let mut left: BTreeMap<ServerId, BTreeSet<UpdateId>> = BTreeMap::new();
        let mut gone: BTreeMap<ServerId, Vec<SilentComputer>> = BTreeMap::new();
        let below_of =
            |id: ServerId| self.tree.servers.iter().filter(move |server| server.parent == Some(id));
        for server in self.tree.servers.iter().rev() {
            let below: BTreeSet<UpdateId> =
                below_of(server.id).filter_map(|one| left.get(&one.id)).flatten().copied().collect();
            let mut done = CleanedServer {
                id: server.id,
                name: server.name.clone(),
                deleted: 0,
                left: 0,
                computers: 0,
                computers_left: 0,
                computers_back: 0,
                problem: None,
            };
            let mut here = wanted.clone();
            let deleted = match wanted.is_empty() {
                true => Ok(false),
                false => self.delete_on(server, &below, &mut here, &mut done, &mut time).await,
            };
            let mut gone_here = Vec::new();
            let computers = self.delete_computers_on(server, &mut gone_here, &mut done, &mut time).await;
            let gone_below = below_of(server.id).filter_map(|one| gone.get(&one.id)).flatten();
            let gone_below: Vec<SilentComputer> = gone_below.cloned().collect();
            let forgotten = self.forget_at(server, &gone_below).await.map(|()| false);
            gone_here.extend(gone_below);
            gone.insert(server.id, gone_here);
            for deleted in [deleted, computers, forgotten] {
                match deleted {
                    Ok(goes_on) => report.goes_on |= goes_on,
                    Err(error) => drop(done.problem.get_or_insert_with(|| chain(&error))),
                }
            }
            done.left = here.len() as u64;
            // What a server has keeps it on those above, and so does what those below it have.
            here.extend(below);
            left.insert(server.id, here);
            report.servers.push(done);
        }
    }

    /// What was decided above brings a server below to synchronise, so it is waited for a little.
    async fn when_free(&self, linkage: &LinkageRow, order: DeleteUpdates) -> Result<Decided, ManagerError> {
        let begun = Instant::now();
        loop {
            match self.manager.delete_updates_on(self.way, linkage, order.clone()).await {
                Err(ManagerError::Busy(_)) if begun.elapsed() < BUSY_MAX => {
                    tokio::time::sleep(PAUSE).await;
                }
                done => return done,
            }
        }
    }

    /// Says whether it is to go on; `here` becomes what the server still has. The time runs from the first order.
    async fn delete_on(
        &self,
        server: &TreeServer,
        below: &BTreeSet<UpdateId>,
        here: &mut BTreeSet<UpdateId>,
        done: &mut CleanedServer,
        time: &mut Option<Instant>,
    ) -> Result<bool, ManagerError> {
        let Some(linkage) = self.tree.reached(server) else {
            return Err(ManagerError::NotReached {
                hop: format!("the Linkage of {}", server.name),
                source: None,
            });
        };
        let has = updates(&self.manager.contents_of(self.way, linkage).await?);
        here.retain(|update| has.contains(update));
        let free: Vec<UpdateId> = here.difference(below).copied().collect();
        if free.len() < here.len() {
            done.problem = Some("a server below it still has them".to_owned());
        }
        let batch = if server.kind == Some(WsusKind::Microsoft) { BATCH_MICROSOFT } else { BATCH };
        for updates in free.chunks(batch) {
            if time.get_or_insert_with(Instant::now).elapsed() > TIME_MAX {
                return Ok(true);
            }
            let order = DeleteUpdates { by: self.by.to_owned(), updates: updates.to_vec() };
            let decided = self.when_free(linkage, order).await?;
            done.deleted += decided.applied.len() as u64;
            let gone = decided.applied.iter().chain(&decided.unchanged).filter_map(|id| id.parse().ok());
            let gone: BTreeSet<UpdateId> = gone.collect();
            here.retain(|update| !gone.contains(update));
            if let Some((update, why)) = decided.refused.first() {
                done.problem = Some(format!("{update}: {why}"));
            }
        }
        Ok(false)
    }
}
