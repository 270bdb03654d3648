//! How many updates of each kind a catalogue holds: the proportions of real ones.

use crate::spec::Spec;

/// Updates of one prerequisite depth.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Level {
    pub leaves: u32,
    /// Updates that others have as a prerequisite.
    pub gates: u32,
}

/// How many updates of each kind there are.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Census {
    /// Kinds of computers, see [`crate::evaluate`].
    pub slots: u32,
    /// Updates that have an older revision too.
    pub older_revisions: u32,
    pub companies: u32,
    pub families: u32,
    pub products: Level,
    /// By prerequisite depth.
    pub detectoids: [Level; 8],
    pub os_installer_bundles: u32,
    pub cbs_bundles: u32,
    pub cbs_members: u32,
    pub command_line_bundles: u32,
    /// Bundles of bundles, as the definition updates are.
    pub nested_bundles: u32,
    pub standalone: u32,
}

/// Bundles within a nested bundle.
pub(crate) const INNER_BUNDLES: u32 = 3;
/// Members of each inner bundle.
pub(crate) const INNER_MEMBERS: u32 = 4;
/// The outer bundle, its inner bundles and their members.
const NESTED_UPDATES: u32 = 1 + INNER_BUNDLES + INNER_BUNDLES * INNER_MEMBERS;

/// What a computer is to receive of the updates that are for its kind alone.
const UPDATES_PER_SLOT: u32 = 930;

/// The ten that are known to the public.
pub(crate) const CLASSIFICATIONS: u32 = 10;

/// The Windows 11 catalogue of catalog-stats.json; depths are those of the 2024 export.
const REAL_UPDATES: u32 = 5_252;
const REAL_DETECTOIDS: [Level; 8] = [
    Level { leaves: 86, gates: 9 },
    Level { leaves: 143, gates: 1 },
    Level { leaves: 39, gates: 6 },
    Level { leaves: 2_714, gates: 163 },
    Level { leaves: 301, gates: 70 },
    Level { leaves: 135, gates: 26 },
    Level { leaves: 13, gates: 2 },
    Level { leaves: 2, gates: 0 },
];
const REAL_FAMILIES: u32 = 58;
const REAL_PRODUCTS: Level = Level { leaves: 198, gates: 180 };

impl Census {
    /// A catalogue larger than the real one has more products with their detectoids and software,
    /// but no more processor architectures and the like; a smaller one has less of everything.
    pub(crate) fn new(spec: &Spec) -> Self {
        let base = Share { of: spec.updates.min(REAL_UPDATES), in_all: REAL_UPDATES };
        let mut detectoids = [Level::default(); 8];
        for (level, real) in detectoids.iter_mut().zip(REAL_DETECTOIDS).take(3) {
            *level = base.level(real);
        }
        detectoids[0].gates = detectoids[0].gates.max(1);
        let (companies, families) = (base.count(2).max(1), base.count(REAL_FAMILIES).max(1));
        let fixed = CLASSIFICATIONS + companies + families + sum(&detectoids);
        let real_fixed = CLASSIFICATIONS + 2 + REAL_FAMILIES + sum(&REAL_DETECTOIDS[..3]);

        let share = Share { of: spec.updates - fixed.min(spec.updates), in_all: REAL_UPDATES - real_fixed };
        for (level, real) in detectoids.iter_mut().zip(REAL_DETECTOIDS).skip(3) {
            *level = share.level(real);
        }
        let slots = ((share.of + UPDATES_PER_SLOT / 2) / UPDATES_PER_SLOT).max(1);
        let mut census = Self {
            slots,
            older_revisions: Share { of: spec.updates, in_all: 4_125 }.count(36),
            companies,
            families: families.max(slots),
            products: share.level(REAL_PRODUCTS),
            detectoids,
            os_installer_bundles: share.count(297),
            cbs_bundles: share.count(144),
            cbs_members: share.count(180),
            command_line_bundles: share.count(68),
            nested_bundles: share.count(2).max(u32::from(spec.updates >= 500)),
            standalone: share.count(8).max(1),
        };
        census.products.gates = census.products.gates.max(slots);
        census.fill(spec.updates);
        census
    }

    /// The commonest kind, leaf detectoids of depth 3, takes what rounding left or took.
    fn fill(&mut self, updates: u32) {
        self.detectoids[3].leaves = 0;
        self.detectoids[3].leaves = updates.saturating_sub(self.updates() + self.older_revisions);
    }

    /// Updates in all, older revisions not counted.
    pub(crate) fn updates(&self) -> u32 {
        let categories =
            CLASSIFICATIONS + self.companies + self.families + self.products.leaves + self.products.gates;
        categories + sum(&self.detectoids) + self.software()
    }

    fn software(&self) -> u32 {
        2 * (self.os_installer_bundles + self.command_line_bundles)
            + self.cbs_bundles
            + self.cbs_members
            + NESTED_UPDATES * self.nested_bundles
            + self.standalone
    }
}

fn sum(levels: &[Level]) -> u32 {
    levels.iter().map(|level| level.leaves + level.gates).sum()
}

/// A part of the real catalogue, or a multiple of it.
struct Share {
    of: u32,
    in_all: u32,
}

impl Share {
    fn count(&self, real: u32) -> u32 {
        let in_all = u64::from(self.in_all);
        ((u64::from(real) * u64::from(self.of) + in_all / 2) / in_all) as u32
    }

    fn level(&self, real: Level) -> Level {
        Level { leaves: self.count(real.leaves), gates: self.count(real.gates) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_census_counts_what_was_asked() {
        for updates in [100, 101, 137, 200, 499, 500, 1_000, 3_000, 5_252, 20_000, 137_000, 1_000_000] {
            let census = Census::new(&Spec::new(updates));
            assert_eq!(census.updates() + census.older_revisions, updates, "{census:?}");
        }
    }

    #[test]
    fn a_larger_catalogue_has_more_products_and_no_more_architectures() {
        let (real, large) = (Census::new(&Spec::new(5_252)), Census::new(&Spec::new(20_000)));
        assert_eq!(real.detectoids[..3], large.detectoids[..3]);
        assert_eq!((real.slots, large.slots), (5, 21));
        assert_eq!(real.products, REAL_PRODUCTS);
        assert!(large.products.gates > 4 * real.products.gates);
    }
}
