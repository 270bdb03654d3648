//! Detectoids by prerequisite depth, each below a product or another detectoid of its slot.

use super::{Architecture, Builder, Clause, Index, Kind};

/// The forms of prerequisites in the real export: how many clauses of alternatives, how many clauses
/// of one update, and how many detectoids have them so.
const FORMS: [(usize, usize, u64); 8] =
    [(0, 1, 3_088), (1, 0, 346), (0, 2, 61), (2, 0, 36), (1, 1, 15), (0, 3, 13), (1, 2, 6), (0, 4, 1)];

/// How many clauses of the export have 2, 3, … 17 alternatives.
const ALTERNATIVES: [u64; 16] = [178, 155, 36, 30, 8, 18, 4, 2, 1, 1, 2, 1, 1, 0, 0, 2];

/// Six of 4,125 documents of the export are expired.
const EXPIRED_PERMILLE: u64 = 2;
/// 109 detectoids of the export supersede 525 others.
const SUPERSEDING_PERMILLE: u64 = 38;
const SUPERSEDED_MAX: u64 = 9;

impl Builder<'_> {
    pub(super) fn detectoids(&mut self) {
        let levels = self.census.detectoids;
        for gate in 0..levels[0].gates {
            let architecture = Architecture::ALL[gate as usize % Architecture::ALL.len()];
            let index = self.add(Kind::Architecture(architecture), None, Vec::new());
            self.gates.architectures.push(index);
        }
        for _ in 0..levels[0].leaves {
            self.add(Kind::Detectoid { supersedes: Vec::new() }, None, Vec::new());
        }
        for depth in 1..levels.len() {
            self.detectoids_of_depth(depth);
        }
    }

    fn detectoids_of_depth(&mut self, depth: usize) {
        let level = self.census.detectoids[depth];
        let mut uncovered = self.uncovered(depth - 1);
        let mut leaves = Vec::new();
        for ordinal in 0..level.gates + level.leaves {
            let parent = uncovered.pop_front().unwrap_or_else(|| self.parent(depth, ordinal));
            let slot = self.plan.updates[parent as usize].slot;
            let prerequisites = self.prerequisites(depth, slot, parent);
            match slot {
                Some(slot) if ordinal < level.gates => {
                    self.add_gate(Kind::Detectoid { supersedes: Vec::new() }, slot, prerequisites);
                }
                _ => {
                    let supersedes = self.superseded(&leaves);
                    let index = self.add(Kind::Detectoid { supersedes }, slot, prerequisites);
                    self.plan.updates[index as usize].expired = self.draws.permille(EXPIRED_PERMILLE);
                    leaves.push(index);
                }
            }
        }
    }

    /// The detectoids of depth 1 hang on architectures, all others on something of their slot.
    fn parent(&mut self, depth: usize, ordinal: u32) -> Index {
        let gates = match depth {
            1 => &self.gates.architectures,
            _ => self.gates.nearest(depth, ordinal % self.census.slots),
        };
        *self.draws.pick_skewed(gates)
    }

    /// Clauses of which one names `parent`, all within what a computer of the slot has installed.
    fn prerequisites(&mut self, depth: usize, slot: Option<u32>, parent: Index) -> Vec<Clause> {
        let form = self.draws.weighted(&FORMS.map(|(_, _, weight)| weight));
        let (alternatives, single, _) = FORMS[form];
        let pool: Vec<Index> = match slot {
            Some(slot) => {
                (1..depth).rev().flat_map(|depth| self.gates.of_slot(depth, slot)).copied().collect()
            }
            None => self.gates.architectures.clone(),
        };
        let mut clauses = Vec::new();
        for clause in 0..alternatives + single {
            let first = if clause == 0 { parent } else { *self.draws.pick_skewed(&pool) };
            let members = if clause < alternatives { self.alternatives(first, &pool) } else { vec![first] };
            match members[..] {
                [one] if clauses.iter().any(|c: &Clause| c.targets() == [one]) => {}
                [one] => clauses.push(Clause::Update(one)),
                _ => clauses.push(Clause::AnyOf(members)),
            }
        }
        clauses
    }

    /// `first` with others of the pool, as many as a clause has or as the pool holds.
    fn alternatives(&mut self, first: Index, pool: &[Index]) -> Vec<Index> {
        let count = 2 + self.draws.weighted(&ALTERNATIVES);
        let start = self.draws.below(pool.len() as u64) as usize;
        let others = pool[start..].iter().chain(&pool[..start]).filter(|other| **other != first);
        std::iter::once(first).chain(others.take(count - 1).copied()).collect()
    }

    /// Older leaves of the same depth, mostly none.
    fn superseded(&mut self, leaves: &[Index]) -> Vec<Index> {
        if !self.draws.permille(SUPERSEDING_PERMILLE) {
            return Vec::new();
        }
        let count = self.draws.between(1, SUPERSEDED_MAX) as usize;
        leaves.iter().rev().take(count).copied().collect()
    }
}
