//! What one agent is told in one call of SyncUpdates ([MS-WUSP] 3.1.5.7).

use std::collections::{HashMap, HashSet};

use headwater_catalog::{Bits, Index, Kind, RevisionIx, UpdateIx};
use headwater_model::{RevisionId, Timestamp, UpdateId};

use crate::approval::{Action, Resolved};
use crate::snapshot::{Offers, View};

/// What an agent does with an update ([MS-WUSP] 2.2.2.2.4, *DeploymentAction*; fact 24).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum OfferAction {
    Install,
    Uninstall,
    /// Evaluate and report, do not install: software that nobody approved.
    PreDeploymentCheck,
    /// Evaluate and do not report: categories, detectoids, and what is only required by others.
    Evaluate,
    /// A part of a bundle.
    Bundle,
}

/// How a revision is deployed to an agent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Deployment {
    pub id: i32,
    pub action: OfferAction,
    pub deadline: Option<Timestamp>,
    pub last_change: Timestamp,
}

/// One revision that an agent is told of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Offer {
    pub at: RevisionIx,
    pub id: RevisionId,
    pub is_leaf: bool,
    pub deployment: Deployment,
}

/// What an agent says in one call.
#[derive(Debug, Clone, Copy)]
pub struct Scan<'a> {
    /// Wire ids of cached revisions that others require and that are installed.
    pub installed_non_leaf: &'a [i32],
    /// Wire ids of all other cached revisions.
    pub other_cached: &'a [i32],
    /// The categories of a category scan; empty for all.
    pub filter: &'a [UpdateId],
    /// Whether the agent tells what is no longer deployed from what is only out of scope.
    pub two_groups: bool,
    /// The agent knows all changes up to this value of the server-wide counter.
    pub watermark: u64,
    /// The agent knows what its groups of this value of the counter mean for it.
    pub membership: u64,
    /// The counter's value when the computer's groups last changed.
    pub membership_stamp: u64,
}

/// The most that one answer carries. One update is always delivered, whatever its size.
#[derive(Debug, Clone, Copy)]
pub struct PageLimits {
    pub updates_max: usize,
    pub bytes_max: usize,
}

/// The answer of one call.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Answer {
    pub new: Vec<Offer>,
    pub changed: Vec<Offer>,
    pub out_of_scope: Vec<i32>,
    pub deployed_out_of_scope: Vec<i32>,
    /// More is to come.
    pub truncated: bool,
    /// What the agent knows from now on. It advances only with the last call of an unfiltered
    /// scan: before that the agent may hold revisions that it has not listed.
    pub watermark: u64,
    /// The groups that the agent knows from now on. They are apart from the watermark, for a computer
    /// moves without a new snapshot: a decision between the two must not pass for known.
    pub membership: u64,
    /// Whether the agent need not call again in this scan.
    pub finished: bool,
}

/// The bytes of an offer around its Core fragment, at most about.
const OFFER_BYTES: usize = 420;

/// Decides one call for a computer that sees `view`.
pub fn decide(offers: &Offers, view: &View, scan: &Scan<'_>, limits: PageLimits) -> Answer {
    let index = &*offers.index;
    let mut installed = Bits::new(index.updates().len());
    let mut cached = Bits::new(index.revisions().len());
    for id in scan.installed_non_leaf {
        if let Some(at) = index.by_wire_id(*id) {
            installed.set(index.revision(at).update.0);
            cached.set(at.0);
        }
    }
    for at in scan.other_cached.iter().filter_map(|id| index.by_wire_id(*id)) {
        cached.set(at.0);
    }
    let satisfied = index.satisfied(&installed);
    let scope = (!scan.filter.is_empty()).then(|| category_scope(index, scan.filter));
    let in_scope = |at: RevisionIx| scope.as_ref().is_none_or(|scope| scope.get(index.revision(at).update.0));

    let (watermark, membership) = (scan.watermark, scan.membership);
    let mut answer = Answer { watermark, membership, ..Answer::default() };
    let page = Page { index, view, limits, bytes: 0 };
    page.fill(&mut answer, satisfied.iter(), |at| !cached.get(at.0) && in_scope(at));

    let changed = Changed::since(offers, view, scan);
    for id in scan.installed_non_leaf.iter().chain(scan.other_cached) {
        let known = index.by_wire_id(*id).filter(|at| view.serving.is_offered(*at));
        let needed = known.filter(|at| satisfied.get(index.revision(*at).requirement.0) && in_scope(*at));
        match (needed, known) {
            (Some(at), _) if changed.contains(at) => answer.changed.push(view.offer(index, at)),
            (Some(_), _) => {}
            (None, Some(_)) if scan.two_groups && scope.is_some() => answer.deployed_out_of_scope.push(*id),
            (None, _) => answer.out_of_scope.push(*id),
        }
    }
    answer.finished = scope.is_none() && is_last_call(&answer, scan);
    if answer.finished {
        answer.watermark = scan.watermark.max(offers.stamp);
        answer.membership = scan.membership_stamp;
    }
    answer
}

/// Whether the agent need not call again: nothing is new, or only leaves are and all of them are
/// here ([MS-WUSP] 2.2.2.2.4, *Truncated*). An agent that lists nothing may hold revisions all the
/// same (fact 18), and does call again.
fn is_last_call(answer: &Answer, scan: &Scan<'_>) -> bool {
    let lists_its_cache = !scan.installed_non_leaf.is_empty() || !scan.other_cached.is_empty();
    answer.new.is_empty()
        || (lists_its_cache && !answer.truncated && answer.new.iter().all(|offer| offer.is_leaf))
}

struct Page<'a> {
    index: &'a Index,
    view: &'a View,
    limits: PageLimits,
    bytes: usize,
}

impl Page<'_> {
    /// Takes wanted revisions of the satisfied requirements until the page is full; those that
    /// others require come first, for they open what comes next.
    fn fill(
        mut self,
        answer: &mut Answer,
        satisfied: impl Iterator<Item = u32>,
        wanted: impl Fn(RevisionIx) -> bool,
    ) {
        let mut leaves = Vec::new();
        for requirement in satisfied {
            let members = self.view.serving.with_requirement(headwater_catalog::RequirementIx(requirement));
            for at in members.iter().copied().filter(|at| wanted(*at)) {
                let is_leaf = self.index.update(self.index.revision(at).update).is_leaf;
                if is_leaf {
                    if leaves.len() <= self.limits.updates_max {
                        leaves.push(at);
                    }
                } else if !self.take(answer, at) {
                    return;
                }
            }
        }
        for at in leaves {
            if !self.take(answer, at) {
                return;
            }
        }
    }

    /// Puts one revision on the page, or says that the page is full.
    fn take(&mut self, answer: &mut Answer, at: RevisionIx) -> bool {
        let bytes = self.index.revision(at).core_bytes as usize + OFFER_BYTES;
        let full = answer.new.len() >= self.limits.updates_max || self.bytes + bytes > self.limits.bytes_max;
        if full && !answer.new.is_empty() {
            answer.truncated = true;
            return false;
        }
        self.bytes += bytes;
        answer.new.push(self.view.offer(self.index, at));
        true
    }
}

/// Which revisions changed for a computer since its watermark (fact 54).
struct Changed<'a> {
    nothing: bool,
    membership: bool,
    watermark: u64,
    offers: &'a Offers,
    view: &'a View,
}

impl<'a> Changed<'a> {
    fn since(offers: &'a Offers, view: &'a View, scan: &Scan<'_>) -> Self {
        let membership = scan.membership_stamp > scan.membership || offers.tree_stamp > scan.watermark;
        Self {
            nothing: offers.newest_change <= scan.watermark && !membership,
            membership,
            watermark: scan.watermark,
            offers,
            view,
        }
    }

    fn contains(&self, at: RevisionIx) -> bool {
        if self.nothing {
            return false;
        }
        let update = self.offers.index.revision(at).update;
        self.view.stamp(at) > self.watermark
            || self.offers.catalogue_stamp(update) > self.watermark
            || (self.membership && self.offers.was_ever_approved(update))
    }
}

/// The updates of a category scan: the categories, what has them as prerequisite, and what
/// those require or bundle.
fn category_scope(index: &Index, filter: &[UpdateId]) -> Bits {
    let wanted: HashSet<UpdateIx> = filter.iter().filter_map(|id| index.update_by_id(*id)).collect();
    let mut scope = Bits::new(index.updates().len());
    let mut open: Vec<UpdateIx> = wanted.iter().copied().collect();
    for revision in index.revisions() {
        if index.requirement(revision.requirement).flatten().any(|update| wanted.contains(update)) {
            open.push(revision.update);
        }
    }
    while let Some(update) = open.pop() {
        if scope.get(update.0) {
            continue;
        }
        scope.set(update.0);
        for at in &index.update(update).revisions {
            open.extend(index.dependencies(*at));
        }
    }
    scope
}

/// What agents do with a revision that nobody approved (fact 24).
fn implicit_action(index: &Index, at: RevisionIx) -> OfferAction {
    let revision = index.revision(at);
    match revision.kind {
        Kind::Category | Kind::Detectoid => OfferAction::Evaluate,
        Kind::Software | Kind::Driver if revision.explicitly_deployable => OfferAction::PreDeploymentCheck,
        Kind::Software | Kind::Driver if !index.update(revision.update).bundled_by.is_empty() => {
            OfferAction::Bundle
        }
        Kind::Software | Kind::Driver => OfferAction::Evaluate,
    }
}

/// The updates whose leaf flag or implicit action differs between two indexes: agents that know them
/// have to be told (fact 54).
pub fn moved(before: &Index, after: &Index) -> Vec<UpdateId> {
    let place = |index: &Index, at: UpdateIx| {
        let action = index.newest_complete(at).map(|at| implicit_action(index, at));
        (index.update(at).is_leaf, action)
    };
    let known = before.updates().iter().zip(0..).map(|(update, at)| (update.id, UpdateIx(at)));
    let moved = known.filter(|(id, at)| {
        after.update_by_id(*id).is_some_and(|now| place(before, *at) != place(after, now))
    });
    moved.map(|(id, _)| id).collect()
}

/// The deployment of a revision that no approval touches, or that one decides.
pub(crate) fn deployment(index: &Index, at: RevisionIx, resolved: Option<&Resolved>) -> Deployment {
    let revision = index.revision(at);
    let implicit = implicit_action(index, at);
    // A server above may name what nobody can approve: categories, and members of bundles.
    let is_deployable =
        revision.explicitly_deployable && matches!(revision.kind, Kind::Software | Kind::Driver);
    let Some(resolved) = resolved.filter(|_| is_deployable) else {
        // Even numbers are implicit deployments, odd ones approvals: one space, no table.
        return Deployment {
            id: revision.id.0.wrapping_mul(2),
            action: implicit,
            deadline: None,
            last_change: revision.arrived_at,
        };
    };
    let action = match resolved.action {
        // An approval may have followed the newest revision to one that its publisher withdrew.
        Some(Action::Install) if revision.expired => implicit,
        Some(Action::Install) => OfferAction::Install,
        Some(Action::Uninstall) => OfferAction::Uninstall,
        Some(Action::Detect | Action::Block) | None => implicit,
    };
    Deployment {
        id: resolved.approval_id.wrapping_mul(2).wrapping_add(1),
        action,
        deadline: resolved.deadline.filter(|_| action != implicit),
        last_change: resolved.changed_at,
    }
}

/// Approvals by update, for views.
pub(crate) type Deployments = HashMap<RevisionIx, (Deployment, u64)>;

#[cfg(test)]
#[path = "offer_tests.rs"]
mod tests;
