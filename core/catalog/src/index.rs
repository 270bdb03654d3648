//! The index: the whole catalogue as dense arrays, immutable once built.
//!
//! Every revision has a [`RevisionIx`], every update an [`UpdateIx`]; both are positions.
//! Prerequisites are kept in conjunctive normal form and shared: thousands of updates have the
//! same clauses, so a scan evaluates each distinct *requirement* once.

use std::collections::HashMap;

use headwater_model::{RevisionId, Timestamp, UpdateId, UpdateIdentity};

use crate::bits::Bits;
use crate::facts::{Facts, Publication};
use crate::lists::Lists;

/// The position of a revision in the index.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RevisionIx(pub u32);

/// The position of an update in the index.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct UpdateIx(pub u32);

/// The position of a distinct set of prerequisite clauses.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct RequirementIx(pub u32);

/// What an update is ([MS-WUSP] 3.1.1, *UpdateType*).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Kind {
    Category,
    Detectoid,
    Software,
    Driver,
}

/// What the index needs to know of one revision.
#[derive(Debug, Clone)]
pub struct Entry {
    pub revision: RevisionId,
    pub identity: UpdateIdentity,
    pub kind: Kind,
    pub explicitly_deployable: bool,
    pub expired: bool,
    /// The clauses: at least one update of each must be installed.
    pub prerequisites: Vec<Vec<UpdateId>>,
    pub bundles: Vec<UpdateIdentity>,
    pub supersedes: Vec<UpdateId>,
    /// The length of the Core fragment as it stands in a message, in bytes.
    pub core_bytes: u32,
    pub arrived_at: Timestamp,
}

impl Entry {
    /// What the index needs out of the facts of a revision.
    pub fn new(revision: RevisionId, facts: &Facts, core_bytes: u32, arrived_at: Timestamp) -> Self {
        Self {
            revision,
            identity: facts.identity,
            kind: facts.kind.kind(),
            explicitly_deployable: facts.explicitly_deployable,
            expired: facts.publication == Publication::Expired,
            prerequisites: facts.prerequisites.iter().map(|clause| clause.alternatives.clone()).collect(),
            bundles: facts.bundles.iter().flatten().copied().collect(),
            supersedes: facts.supersedes.clone(),
            core_bytes,
            arrived_at,
        }
    }
}

/// One revision in the index.
#[derive(Debug)]
pub struct Revision {
    pub id: RevisionId,
    pub identity: UpdateIdentity,
    pub update: UpdateIx,
    pub kind: Kind,
    pub explicitly_deployable: bool,
    pub expired: bool,
    pub core_bytes: u32,
    pub arrived_at: Timestamp,
    /// Whether all it bundles is here and all it requires can be satisfied.
    pub complete: bool,
    pub requirement: RequirementIx,
    pub bundles: Box<[RevisionIx]>,
    pub supersedes: Box<[UpdateIx]>,
    /// What it names and the catalogue lacks; bundled revisions and updates of clauses that
    /// have no known alternative.
    pub missing: Box<[UpdateId]>,
}

/// One update in the index.
#[derive(Debug)]
pub struct Update {
    pub id: UpdateId,
    /// All revisions, the newest first.
    pub revisions: Box<[RevisionIx]>,
    /// Whether no revision of the catalogue has it as a prerequisite (fact 25).
    pub is_leaf: bool,
    /// Updates any of whose revisions bundle it.
    pub bundled_by: Vec<UpdateIx>,
    /// Updates whose newest revision supersedes it.
    pub superseded_by: Vec<UpdateIx>,
}

/// A catalogue, ready to decide on.
#[derive(Debug, Default)]
pub struct Index {
    revisions: Vec<Revision>,
    updates: Vec<Update>,
    by_update: HashMap<UpdateId, UpdateIx>,
    /// By wire id; `u32::MAX` where no revision has it.
    by_wire_id: Vec<u32>,
    clauses: Lists<UpdateIx>,
    /// For each update, the clauses that it is in.
    clauses_of: Lists<u32>,
    requirements: Lists<u32>,
}

impl Index {
    /// Builds the index. Of entries with the same identity the first counts.
    pub fn build(mut entries: Vec<Entry>) -> Self {
        entries.sort_by_key(|entry| entry.revision);
        let mut seen = std::collections::HashSet::with_capacity(entries.len());
        entries.retain(|entry| seen.insert(entry.identity));

        let mut builder = Builder::default();
        for entry in &entries {
            builder.update(entry.identity.id);
        }
        let by_identity: HashMap<UpdateIdentity, RevisionIx> =
            entries.iter().enumerate().map(|(at, entry)| (entry.identity, RevisionIx(at as u32))).collect();
        let revisions: Vec<Revision> =
            entries.into_iter().map(|entry| builder.revision(entry, &by_identity)).collect();
        builder.finish(revisions)
    }

    pub fn revisions(&self) -> &[Revision] {
        &self.revisions
    }

    pub fn updates(&self) -> &[Update] {
        &self.updates
    }

    pub fn revision(&self, at: RevisionIx) -> &Revision {
        &self.revisions[at.0 as usize]
    }

    pub fn update(&self, at: UpdateIx) -> &Update {
        &self.updates[at.0 as usize]
    }

    pub fn update_by_id(&self, id: UpdateId) -> Option<UpdateIx> {
        self.by_update.get(&id).copied()
    }

    pub fn by_wire_id(&self, id: i32) -> Option<RevisionIx> {
        let at = *self.by_wire_id.get(usize::try_from(id).ok()?)?;
        (at != u32::MAX).then_some(RevisionIx(at))
    }

    pub fn by_identity(&self, identity: UpdateIdentity) -> Option<RevisionIx> {
        let update = self.update(self.update_by_id(identity.id)?);
        update.revisions.iter().copied().find(|at| self.revision(*at).identity.revision == identity.revision)
    }

    /// The newest complete revision of an update.
    pub fn newest_complete(&self, update: UpdateIx) -> Option<RevisionIx> {
        self.update(update).revisions.iter().copied().find(|at| self.revision(*at).complete)
    }

    pub fn requirement_count(&self) -> usize {
        self.requirements.len()
    }

    /// The clauses of a requirement, each a set of alternatives.
    pub fn requirement(&self, at: RequirementIx) -> impl Iterator<Item = &[UpdateIx]> {
        self.requirements.get(at.0 as usize).iter().map(|clause| self.clauses.get(*clause as usize))
    }

    /// For each requirement, whether the installed updates satisfy it. Few updates are installed, and
    /// many clauses name none of them: so the installed ones say which clauses hold.
    pub fn satisfied(&self, installed: &Bits) -> Bits {
        let mut clauses = Bits::new(self.clauses.len());
        for update in installed.iter().take_while(|update| (*update as usize) < self.clauses_of.len()) {
            for clause in self.clauses_of.get(update as usize) {
                clauses.set(*clause);
            }
        }
        Bits::from_fn(self.requirements.len(), |at| {
            self.requirements.get(at).iter().all(|clause| clauses.get(*clause))
        })
    }

    /// The dependencies of a revision: what it requires and bundles, by update.
    pub fn dependencies(&self, at: RevisionIx) -> impl Iterator<Item = UpdateIx> + '_ {
        let revision = self.revision(at);
        let required = self.requirement(revision.requirement).flatten().copied();
        let bundled = revision.bundles.iter().map(|member| self.revision(*member).update);
        required.chain(bundled)
    }
}

#[derive(Default)]
struct Builder {
    ids: Vec<UpdateId>,
    by_update: HashMap<UpdateId, UpdateIx>,
    clauses: Lists<UpdateIx>,
    clause_of: HashMap<Box<[UpdateIx]>, u32>,
    requirements: Lists<u32>,
    requirement_of: HashMap<Box<[u32]>, u32>,
}

impl Builder {
    fn update(&mut self, id: UpdateId) -> UpdateIx {
        *self.by_update.entry(id).or_insert_with(|| {
            self.ids.push(id);
            UpdateIx(self.ids.len() as u32 - 1)
        })
    }

    fn revision(&mut self, entry: Entry, by_identity: &HashMap<UpdateIdentity, RevisionIx>) -> Revision {
        let mut missing = Vec::new();
        let mut clauses: Vec<u32> = entry
            .prerequisites
            .iter()
            .map(|alternatives| {
                let mut known: Vec<UpdateIx> =
                    alternatives.iter().filter_map(|id| self.by_update.get(id).copied()).collect();
                if known.is_empty() {
                    missing.extend(alternatives);
                }
                known.sort_unstable();
                known.dedup();
                self.clause(known.into())
            })
            .collect();
        clauses.sort_unstable();
        clauses.dedup();
        let mut bundles = Vec::with_capacity(entry.bundles.len());
        for member in &entry.bundles {
            match by_identity.get(member) {
                Some(at) => bundles.push(*at),
                None => missing.push(member.id),
            }
        }
        Revision {
            id: entry.revision,
            identity: entry.identity,
            update: self.update(entry.identity.id),
            kind: entry.kind,
            explicitly_deployable: entry.explicitly_deployable,
            expired: entry.expired,
            core_bytes: entry.core_bytes,
            arrived_at: entry.arrived_at,
            complete: false,
            requirement: self.requirement(clauses.into()),
            bundles: bundles.into(),
            supersedes: entry.supersedes.iter().filter_map(|id| self.by_update.get(id).copied()).collect(),
            missing: missing.into(),
        }
    }

    fn clause(&mut self, alternatives: Box<[UpdateIx]>) -> u32 {
        let entry = self.clause_of.entry(alternatives);
        *entry.or_insert_with_key(|alternatives| self.clauses.push(alternatives))
    }

    fn requirement(&mut self, clauses: Box<[u32]>) -> RequirementIx {
        let entry = self.requirement_of.entry(clauses);
        RequirementIx(*entry.or_insert_with_key(|clauses| self.requirements.push(clauses)))
    }

    fn finish(self, revisions: Vec<Revision>) -> Index {
        let mut of_update: Vec<Vec<RevisionIx>> = vec![Vec::new(); self.ids.len()];
        for (at, revision) in revisions.iter().enumerate() {
            of_update[revision.update.0 as usize].push(RevisionIx(at as u32));
        }
        let mut updates: Vec<Update> = self
            .ids
            .iter()
            .zip(of_update)
            .map(|(id, mut of)| {
                of.sort_by_key(|at| std::cmp::Reverse(revisions[at.0 as usize].identity.revision));
                Update {
                    id: *id,
                    revisions: of.into(),
                    is_leaf: true,
                    bundled_by: Vec::new(),
                    superseded_by: Vec::new(),
                }
            })
            .collect();
        let mut clauses_of = vec![Vec::new(); updates.len()];
        for clause in 0..self.clauses.len() {
            for target in self.clauses.get(clause) {
                updates[target.0 as usize].is_leaf = false;
                clauses_of[target.0 as usize].push(clause as u32);
            }
        }
        link(&revisions, &mut updates);

        let highest = revisions.iter().map(|revision| revision.id.0).max().unwrap_or(0).max(0) as usize;
        let mut by_wire_id = vec![u32::MAX; highest + 1];
        for (at, revision) in revisions.iter().enumerate() {
            if let Some(slot) = usize::try_from(revision.id.0).ok().and_then(|id| by_wire_id.get_mut(id)) {
                *slot = at as u32;
            }
        }
        let mut index = Index {
            revisions,
            updates,
            by_update: self.by_update,
            by_wire_id,
            clauses: self.clauses,
            clauses_of: clauses_of.iter().map(Vec::as_slice).collect(),
            requirements: self.requirements,
        };
        index.mark_complete();
        index
    }
}

/// Writes the backward edges of bundles and supersedence.
fn link(revisions: &[Revision], updates: &mut [Update]) {
    for revision in revisions {
        for member in &revision.bundles {
            let bundled = revisions[member.0 as usize].update;
            let parents = &mut updates[bundled.0 as usize].bundled_by;
            if !parents.contains(&revision.update) {
                parents.push(revision.update);
            }
        }
    }
    for at in 0..updates.len() {
        let newest = updates[at].revisions[0];
        for superseded in &revisions[newest.0 as usize].supersedes {
            updates[superseded.0 as usize].superseded_by.push(UpdateIx(at as u32));
        }
    }
}

impl Index {
    /// The least fixed point: a revision is complete when nothing it bundles is missing or
    /// incomplete and each clause has an alternative with a complete revision. Cycles, which no
    /// honest catalogue has, stay incomplete.
    fn mark_complete(&mut self) {
        let mut update_complete = Bits::new(self.updates.len());
        let mut waiting: Vec<u32> = (0..self.revisions.len() as u32).collect();
        loop {
            let before = waiting.len();
            waiting.retain(|at| {
                let revision = &self.revisions[*at as usize];
                let bundles_here = revision.missing.is_empty()
                    && revision.bundles.iter().all(|member| self.revisions[member.0 as usize].complete);
                let satisfiable = || {
                    let mut clauses = self.requirement(revision.requirement);
                    clauses.all(|clause| clause.iter().any(|update| update_complete.get(update.0)))
                };
                if !(bundles_here && satisfiable()) {
                    return true;
                }
                update_complete.set(revision.update.0);
                self.revisions[*at as usize].complete = true;
                false
            });
            if waiting.len() == before {
                return;
            }
        }
    }
}

#[cfg(test)]
#[path = "index_tests.rs"]
mod tests;
