//! What an upstream server tells a downstream server is new between two anchors: revisions
//! ([MS-WSUSSS] 3.1.4.5) and deployments (3.1.4.10).
//!
//! An anchor is a value of the server-wide counter. A revision's stamp is drawn when agents begin to
//! see it, an approval's when it is made, so whoever holds everything up to a value misses nothing.

use std::collections::{HashMap, HashSet};

use headwater_catalog::{Index, Kind, RevisionIx, UpdateIx};
use headwater_model::{Guid, ServerId, UpdateId, UpdateIdentity};

use crate::approval::Approval;

/// A point in the history of a server: its life, and the counter of that life. A restore begins a new
/// life, in which the old counter's values mean something else (fact 53).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Point {
    pub epoch: u64,
    pub stamp: u64,
}

/// The counter's part of the one number: a thousand changes a second for a hundred days on end, or
/// one a second for centuries.
const STAMP_BITS: u32 = 33;

impl Point {
    /// As one number, below 2^63.
    pub fn to_number(self) -> u64 {
        self.epoch << STAMP_BITS | self.stamp
    }

    pub fn from_number(number: u64) -> Self {
        Self { epoch: number >> STAMP_BITS, stamp: number & ((1 << STAMP_BITS) - 1) }
    }
}

/// A category or classification that a downstream server wants.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Wanted {
    pub id: UpdateId,
    /// Whether only what is newer than the anchor, or everything once more (fact 46).
    pub only_changes: bool,
}

/// Which revisions a downstream server asks for.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct RevisionFilter {
    /// Categories and detectoids, and not software and drivers.
    pub configuration: bool,
    /// The caller has everything up to this value of the counter; `None` for nothing yet.
    pub after: Option<u64>,
    pub categories: Vec<Wanted>,
    pub classifications: Vec<Wanted>,
}

/// The revisions that the filter selects, in the order in which they arrived.
///
/// An update is selected by a category and a classification together; one list alone selects
/// nothing, none selects all (fact 46). Beneath a category stand all that have it as their parent.
/// The members that a selected revision bundles come with it: without them it is incomplete.
pub fn revisions(
    index: &Index,
    stamp: impl Fn(RevisionIx) -> u64,
    filter: &RevisionFilter,
) -> Vec<UpdateIdentity> {
    let is_new = |at: RevisionIx| filter.after.is_none_or(|after| stamp(at) > after);
    let all = (0..index.revisions().len() as u32).map(RevisionIx);
    let of_kind = all.filter(|at| is_configuration(index, *at) == filter.configuration);
    let unlimited = filter.categories.is_empty() && filter.classifications.is_empty();
    let mut listed: Vec<RevisionIx> = if filter.configuration || unlimited {
        of_kind.filter(|at| is_new(*at)).collect()
    } else {
        let mut selection = Selection::new(index, filter);
        let own: HashMap<RevisionIx, Listing> =
            of_kind.filter_map(|at| Some((at, selection.listing(at)?))).collect();
        let is_listed = |(at, listing): (&RevisionIx, &Listing)| *listing == Listing::All || is_new(*at);
        let listed: Vec<RevisionIx> = own.iter().filter(|own| is_listed(*own)).map(|(at, _)| *at).collect();
        let mut listed = with_members(index, listed, |member| own.contains_key(&member));
        // A member may arrive after its bundle was listed.
        let late = with_members(index, own.keys().copied().collect(), |_| false).into_iter();
        listed.extend(late.filter(|at| is_new(*at)));
        listed
    };
    listed.sort_unstable();
    listed.dedup();
    listed.into_iter().map(|at| index.revision(at).identity).collect()
}

fn is_configuration(index: &Index, at: RevisionIx) -> bool {
    matches!(index.revision(at).kind, Kind::Category | Kind::Detectoid)
}

/// Adds what the revisions bundle, all the way down, unless it is selected by itself and so was or
/// will be listed by its own stamp.
fn with_members(
    index: &Index,
    listed: Vec<RevisionIx>,
    by_itself: impl Fn(RevisionIx) -> bool,
) -> Vec<RevisionIx> {
    let mut seen: HashSet<RevisionIx> = listed.iter().copied().collect();
    let mut open = listed;
    while let Some(at) = open.pop() {
        for member in &index.revision(at).bundles {
            if !by_itself(*member) && seen.insert(*member) {
                open.push(*member);
            }
        }
    }
    seen.into_iter().collect()
}

/// How much of the revisions of an update is listed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Listing {
    Changes,
    All,
}

/// The filter's two lists against the tree of categories.
struct Selection<'a> {
    index: &'a Index,
    categories: HashMap<UpdateIx, Listing>,
    classifications: HashMap<UpdateIx, Listing>,
    /// Each category with all above it.
    above: HashMap<UpdateIx, Vec<UpdateIx>>,
}

impl<'a> Selection<'a> {
    fn new(index: &'a Index, filter: &RevisionFilter) -> Self {
        let known = |wanted: &[Wanted]| {
            let known = wanted.iter().filter_map(|wanted| {
                let listing = if wanted.only_changes { Listing::Changes } else { Listing::All };
                Some((index.update_by_id(wanted.id)?, listing))
            });
            known.collect()
        };
        Self {
            index,
            categories: known(&filter.categories),
            classifications: known(&filter.classifications),
            above: HashMap::new(),
        }
    }

    /// Whether a category and a classification of the revision are wanted, and how. Who wants a
    /// category anew gets everything that is in it.
    fn listing(&mut self, at: RevisionIx) -> Option<Listing> {
        let index = self.index;
        let mut category = None;
        let mut classification = None;
        for update in index.requirement(index.revision(at).requirement).flatten() {
            let above = self.above.entry(*update).or_insert_with(|| and_above(index, *update));
            for update in above.iter() {
                widen(&mut category, self.categories.get(update));
                widen(&mut classification, self.classifications.get(update));
            }
        }
        let mut listing = Some(category?);
        widen(&mut listing, Some(&classification?));
        listing
    }
}

fn widen(known: &mut Option<Listing>, found: Option<&Listing>) {
    match (&known, found) {
        (_, None) | (Some(Listing::All), _) => {}
        (_, Some(found)) => *known = Some(*found),
    }
}

/// The category and its parents up to the root; nothing if it is no category.
fn and_above(index: &Index, update: UpdateIx) -> Vec<UpdateIx> {
    let mut found = Vec::new();
    let mut open = vec![update];
    while let Some(at) = open.pop() {
        let newest = index.revision(index.update(at).revisions[0]);
        if newest.kind == Kind::Category && !found.contains(&at) {
            found.push(at);
            open.extend(index.requirement(newest.requirement).flatten());
        }
    }
    found
}

/// The categories with all beneath them. Those that are not known are left out.
pub fn and_beneath(index: &Index, roots: &[UpdateId]) -> Vec<UpdateId> {
    let roots: HashSet<UpdateIx> = roots.iter().filter_map(|id| index.update_by_id(*id)).collect();
    let all = (0..index.updates().len() as u32).map(UpdateIx);
    all.filter(|at| and_above(index, *at).iter().any(|above| roots.contains(above)))
        .map(|at| index.update(at).id)
        .collect()
}

/// An approval that stands, as it is told to downstream servers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Standing {
    pub deployment: Guid,
    pub approval: Approval,
    pub by: String,
}

/// A deployment that is no more, and since when.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Ended {
    pub deployment: Guid,
    pub stamp: u64,
}

/// What changed among the deployments between two anchors.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct DeploymentChanges {
    pub added: Vec<Standing>,
    pub ended: Vec<Guid>,
}

/// The deployments that were added and ended after `after`, up to and with `until`. A caller that
/// has none is not told of those that ended.
pub fn deployments(
    standing: Vec<Standing>,
    ended: &[Ended],
    after: Option<u64>,
    until: u64,
) -> DeploymentChanges {
    let is_inside = |stamp: u64| stamp > after.unwrap_or(0) && stamp <= until;
    let known = if after.is_some() { ended } else { &[] };
    DeploymentChanges {
        added: standing.into_iter().filter(|standing| is_inside(standing.approval.stamp)).collect(),
        ended: known.iter().filter(|ended| is_inside(ended.stamp)).map(|ended| ended.deployment).collect(),
    }
}

/// The GUID of a deployment that this server made: no two have the same stamp.
pub fn deployment_guid(server: ServerId, stamp: u64) -> Guid {
    let mut bytes = *server.as_bytes();
    bytes[8..].copy_from_slice(&stamp.to_be_bytes());
    Guid::from_bytes(bytes)
}

/// The updates whose approvals have come to mean another revision, because they follow the newest:
/// downstream servers have to be told once more, for a deployment names its revision.
pub fn revised<'a>(
    before: &Index,
    after: &Index,
    approvals: impl Iterator<Item = &'a Approval>,
) -> HashSet<UpdateId> {
    let meant = |index: &Index, update: UpdateId| {
        let at = index.newest_complete(index.update_by_id(update)?)?;
        Some(index.revision(at).identity)
    };
    approvals
        .filter(|approval| approval.action.is_some() && approval.revision.is_none())
        .map(|approval| approval.update)
        .filter(|update| meant(before, *update) != meant(after, *update))
        .collect()
}

#[cfg(test)]
#[path = "sync_plan_tests.rs"]
mod tests;
