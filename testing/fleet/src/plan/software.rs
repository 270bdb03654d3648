//! Bundles with their members, in chains in which the newer supersedes all older ones.

use super::{Architecture, Builder, Clause, Handler, Index, Kind, Payload, Release, Role, Software};
use crate::census::{INNER_BUNDLES, INNER_MEMBERS};

/// The classifications by their place in the table of the well-known ones, as far as the plan
/// cares.
const DEFINITION: u32 = 2;
const UPGRADES: u32 = 8;
/// How often software is of each classification: mostly critical, security, plain and rollup.
const CLASSIFICATIONS: [u64; 10] = [10, 40, 0, 24, 12, 5, 3, 6, 0, 0];

/// In each slot there is a long chain and, of every fifth bundle, a short one: so 525 bundles
/// have about 16,000 edges, as the real ones.
const CHAINS_PER_SLOT: u32 = 2;
const SHORT_CHAIN_TURN: u32 = 5;

/// The oldest releases of a chain that may be expired, and how often they are.
const EXPIRED_POSITIONS: u32 = 8;
const EXPIRED_PERMILLE: u64 = 30;

/// Files of one OSInstaller update: 3,839 of 297 updates in the real catalogue.
const OS_INSTALLER_FILES: (u64, u64) = (8, 18);

/// One thing that is released.
#[derive(Debug, Clone, Copy)]
enum Unit {
    OsInstaller,
    Cbs { members: u32 },
    CommandLine,
    Nested,
    Standalone,
}

impl Builder<'_> {
    pub(super) fn software(&mut self) {
        let slots = self.census.slots;
        self.plan.chains = vec![Vec::new(); (slots * CHAINS_PER_SLOT) as usize];
        let mut units = self.units();
        self.draws.shuffle(&mut units);
        let mut uncovered = vec![Vec::new(); slots as usize];
        for gate in (3..6).flat_map(|depth| self.uncovered(depth)) {
            if let Some(slot) = self.plan.updates[gate as usize].slot {
                uncovered[slot as usize].push(gate);
            }
        }
        for (ordinal, unit) in (0..).zip(units) {
            let slot = ordinal % slots;
            let gate = uncovered[slot as usize].pop().or_else(|| self.detectoid_gate(slot));
            self.release(unit, slot, ordinal / slots, gate);
        }
    }

    fn units(&self) -> Vec<Unit> {
        let census = self.census;
        let mut units = Vec::new();
        for (unit, count) in [
            (Unit::OsInstaller, census.os_installer_bundles),
            (Unit::CommandLine, census.command_line_bundles),
            (Unit::Nested, census.nested_bundles),
            (Unit::Standalone, census.standalone),
        ] {
            units.extend(std::iter::repeat_n(unit, count as usize));
        }
        let (bundles, members) = (u64::from(census.cbs_bundles), u64::from(census.cbs_members));
        // Evenly spread, which leaves most bundles with one member.
        units.extend((0..bundles).map(|bundle| {
            let upto = |bundle: u64| bundle * members / bundles;
            Unit::Cbs { members: (upto(bundle + 1) - upto(bundle)) as u32 }
        }));
        units
    }

    fn detectoid_gate(&mut self, slot: u32) -> Option<Index> {
        let depth = self.draws.between(3, 5) as usize;
        let gates = self.gates.of_slot(depth, slot);
        (!gates.is_empty()).then(|| *self.draws.pick_skewed(gates))
    }

    /// Adds the bundle of a unit after its members.
    fn release(&mut self, unit: Unit, slot: u32, turn: u32, gate: Option<Index>) {
        let short = matches!(unit, Unit::Nested | Unit::Standalone) || turn % SHORT_CHAIN_TURN == 4;
        let chain = slot * CHAINS_PER_SLOT + u32::from(short);
        let products = self.gates.of_slot(2, slot);
        let release = Release {
            product: products[usize::from(short) % products.len()],
            classification: match unit {
                Unit::Nested => DEFINITION,
                Unit::OsInstaller if self.draws.permille(60) => UPGRADES,
                _ => self.draws.weighted(&CLASSIFICATIONS) as u32,
            },
            architecture: Architecture::of_slot(slot, self.census.slots),
            chain,
            position: self.plan.chains[chain as usize].len() as u32,
        };
        self.plan.releases.push(release);
        let bundled = self.members(unit, slot, gate);
        let (role, payload) = match unit {
            Unit::Standalone => (Role::Standalone, Some(self.payload(Handler::WindowsInstaller))),
            _ => (Role::Bundle, None),
        };
        let index = self.add_software(role, bundled, payload, slot, gate);
        if role == Role::Bundle {
            self.plan.chains[chain as usize].push(index);
            let old = release.position < EXPIRED_POSITIONS;
            self.plan.updates[index as usize].expired = old && self.draws.permille(EXPIRED_PERMILLE);
        }
    }

    fn members(&mut self, unit: Unit, slot: u32, gate: Option<Index>) -> Vec<Vec<Index>> {
        let member = |builder: &mut Self, handler| {
            let payload = builder.payload(handler);
            builder.add_software(Role::Member, Vec::new(), Some(payload), slot, gate)
        };
        match unit {
            Unit::OsInstaller => vec![vec![member(self, Handler::OsInstaller)]],
            Unit::CommandLine => vec![vec![member(self, Handler::CommandLine)]],
            Unit::Cbs { members } => (0..members)
                .map(|_| {
                    let manifest = self.plan.manifests;
                    self.plan.manifests += 1;
                    vec![member(self, Handler::Cbs { manifest })]
                })
                .collect(),
            Unit::Nested => {
                let inner = (0..INNER_BUNDLES).map(|_| {
                    let group = (0..INNER_MEMBERS).map(|_| member(self, Handler::CommandLine)).collect();
                    self.add_software(Role::Inner, vec![group], None, slot, None)
                });
                vec![inner.collect()]
            }
            Unit::Standalone => Vec::new(),
        }
    }

    fn payload(&mut self, handler: Handler) -> Payload {
        let files = match handler {
            Handler::OsInstaller => self.draws.between(OS_INSTALLER_FILES.0, OS_INSTALLER_FILES.1) as u32,
            _ => 1,
        };
        let first_file = self.plan.files;
        self.plan.files += files;
        Payload { handler, first_file, files }
    }

    /// Adds an update of the release begun last.
    fn add_software(
        &mut self,
        role: Role,
        bundled: Vec<Vec<Index>>,
        payload: Option<Payload>,
        slot: u32,
        gate: Option<Index>,
    ) -> Index {
        let release = self.plan.releases.len() - 1;
        let prerequisites = self.software_prerequisites(role, self.plan.releases[release], gate);
        let software = Software { release: release as u32, role, bundled, payload };
        self.add(Kind::Software(software), Some(slot), prerequisites)
    }

    /// Members name product and classification without saying that these are categories.
    fn software_prerequisites(&self, role: Role, release: Release, gate: Option<Index>) -> Vec<Clause> {
        // Classifications are the first updates of the plan.
        let (classification, product) = (release.classification, release.product);
        let architecture = self.gates.architectures.iter().copied().find(
            |index| matches!(self.plan.updates[*index as usize].kind, Kind::Architecture(a) if a == release.architecture),
        );
        let detectoids = architecture.into_iter().chain(gate).map(Clause::Update);
        match role {
            Role::Bundle | Role::Standalone => {
                detectoids.chain([Clause::Category(classification), Clause::Category(product)]).collect()
            }
            Role::Inner => vec![Clause::AnyOf(vec![classification]), Clause::AnyOf(vec![product])],
            Role::Member => detectoids.chain([Clause::AnyOf(vec![product])]).collect(),
        }
    }
}
