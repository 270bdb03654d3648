//! The structure of a catalogue before a byte is written: which updates there are and how they
//! refer to each other.

mod categories;
mod detectoids;
mod software;

use std::collections::VecDeque;

use crate::census::Census;
use crate::draw::{Draws, Purpose};
use crate::spec::{Spec, SpecError};

/// The place of an update in [`Plan::updates`]. Prerequisites stand before what needs them and
/// members before their bundles.
pub(crate) type Index = u32;

#[derive(Debug, Clone)]
pub(crate) struct Update {
    pub kind: Kind,
    /// The kind of computer that it is for; none where it is for all.
    pub slot: Option<u32>,
    /// The longest way to an update without prerequisites.
    pub depth: u8,
    /// Whether other updates have it as a prerequisite.
    pub gate: bool,
    pub expired: bool,
    pub older_revision: bool,
    pub prerequisites: Vec<Clause>,
}

#[derive(Debug, Clone)]
pub(crate) enum Kind {
    /// An index to the well-known ones.
    Classification(u32),
    Company,
    Family,
    Product {
        family: Index,
    },
    /// The detectoids without prerequisites on which others hang.
    Architecture(Architecture),
    Detectoid {
        supersedes: Vec<Index>,
    },
    Software(Software),
}

/// One alternative of each clause has to be installed.
#[derive(Debug, Clone)]
pub(crate) enum Clause {
    Update(Index),
    AnyOf(Vec<Index>),
    Category(Index),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Architecture {
    X64,
    Arm64,
    X86,
}

#[derive(Debug, Clone)]
pub(crate) struct Software {
    /// An index to [`Plan::releases`].
    pub release: u32,
    pub role: Role,
    /// One alternative of each group belongs to the bundle.
    pub bundled: Vec<Vec<Index>>,
    pub payload: Option<Payload>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Role {
    /// What an administrator sees and approves, with members.
    Bundle,
    /// What an administrator sees and approves, without members.
    Standalone,
    /// A bundle within a bundle.
    Inner,
    Member,
}

/// What installs an update, and with which files.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Payload {
    pub handler: Handler,
    /// Files are numbered through the whole catalogue.
    pub first_file: u32,
    pub files: u32,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Handler {
    OsInstaller,
    /// With the ordinal of its manifest among all.
    Cbs {
        manifest: u32,
    },
    CommandLine,
    WindowsInstaller,
}

/// What the updates of one bundle have in common.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Release {
    pub product: Index,
    /// An index to the well-known classifications.
    pub classification: u32,
    pub architecture: Architecture,
    /// An index to [`Plan::chains`].
    pub chain: u32,
    /// Which release of the chain it is. It supersedes all before it.
    pub position: u32,
}

#[derive(Debug)]
pub(crate) struct Plan {
    pub updates: Vec<Update>,
    pub releases: Vec<Release>,
    /// Bundles that supersede each other, the oldest first.
    pub chains: Vec<Vec<Index>>,
    pub slots: u32,
    pub files: u32,
    pub manifests: u32,
    /// Bundle members that are left out, in order.
    pub omitted: Vec<Index>,
}

impl Plan {
    pub(crate) fn new(spec: &Spec) -> Result<Self, SpecError> {
        let census = Census::new(spec);
        let mut builder = Builder::new(spec, &census);
        builder.categories();
        builder.detectoids();
        builder.software();
        builder.revise(census.older_revisions);
        builder.omit(spec.incomplete)?;
        Ok(builder.plan)
    }

    /// How many updates the supersedence sections name.
    pub(crate) fn superseded_edges(&self) -> u64 {
        let in_chains: u64 =
            self.chains.iter().map(|c| (c.len() * c.len().saturating_sub(1) / 2) as u64).sum();
        in_chains + self.updates.len() as u64 / 10
    }

    /// The older updates that a release supersedes.
    pub(crate) fn superseded_by<'a>(&'a self, update: &'a Update) -> &'a [Index] {
        match &update.kind {
            Kind::Detectoid { supersedes } => supersedes,
            Kind::Software(Software { release, role: Role::Bundle, .. }) => {
                let Release { chain, position, .. } = self.releases[*release as usize];
                &self.chains[chain as usize][..position as usize]
            }
            _ => &[],
        }
    }
}

impl Architecture {
    const ALL: [Self; 3] = [Self::X64, Self::Arm64, Self::X86];

    /// Seven slots in ten are for x64 computers and two for ARM64.
    pub(crate) fn slots(self, slots: u32) -> std::ops::Range<u32> {
        let (arm64, x86) = ((slots * 7).div_ceil(10), (slots * 9).div_ceil(10));
        match self {
            Self::X64 => 0..arm64,
            Self::Arm64 => arm64..x86,
            Self::X86 => x86..slots,
        }
    }

    fn of_slot(slot: u32, slots: u32) -> Self {
        Self::ALL.into_iter().find(|a| a.slots(slots).contains(&slot)).unwrap_or(Self::X64)
    }
}

/// What stands while the plan grows.
struct Builder<'a> {
    census: &'a Census,
    draws: Draws,
    plan: Plan,
    gates: Gates,
}

/// The updates that others may take as a prerequisite.
struct Gates {
    /// By depth and slot.
    by_slot: Vec<Vec<Vec<Index>>>,
    architectures: Vec<Index>,
}

impl Gates {
    fn of_slot(&self, depth: usize, slot: u32) -> &[Index] {
        &self.by_slot[depth][slot as usize]
    }

    /// Those of the greatest depth below `depth` that the slot has, down to its families.
    fn nearest(&self, depth: usize, slot: u32) -> &[Index] {
        let levels = (1..depth).rev().map(|depth| self.of_slot(depth, slot));
        levels.into_iter().find(|gates| !gates.is_empty()).unwrap_or_default()
    }
}

impl<'a> Builder<'a> {
    fn new(spec: &Spec, census: &'a Census) -> Self {
        let plan = Plan {
            updates: Vec::with_capacity(census.updates() as usize),
            releases: Vec::new(),
            chains: Vec::new(),
            slots: census.slots,
            files: 0,
            manifests: 0,
            omitted: Vec::new(),
        };
        let by_slot = vec![vec![Vec::new(); census.slots as usize]; census.detectoids.len()];
        let gates = Gates { by_slot, architectures: Vec::new() };
        Self { census, draws: Draws::new(spec.seed, Purpose::Structure, 0), plan, gates }
    }

    fn add(&mut self, kind: Kind, slot: Option<u32>, prerequisites: Vec<Clause>) -> Index {
        let index = self.plan.updates.len() as Index;
        let mut depth = 0;
        for target in prerequisites.iter().flat_map(Clause::targets) {
            let target = &mut self.plan.updates[*target as usize];
            target.gate = true;
            depth = depth.max(target.depth + 1);
        }
        let update =
            Update { kind, slot, depth, gate: false, expired: false, older_revision: false, prerequisites };
        self.plan.updates.push(update);
        index
    }

    /// As [`Builder::add`], for an update of one slot that others are to have as a prerequisite.
    fn add_gate(&mut self, kind: Kind, slot: u32, prerequisites: Vec<Clause>) -> Index {
        let index = self.add(kind, Some(slot), prerequisites);
        let depth = usize::from(self.plan.updates[index as usize].depth);
        self.gates.by_slot[depth][slot as usize].push(index);
        index
    }

    /// The gates of a depth to which nothing refers yet.
    fn uncovered(&self, depth: usize) -> VecDeque<Index> {
        let gates = if depth == 0 {
            self.gates.architectures.clone()
        } else {
            // By turns from each slot, so that none gets all of what is few.
            let slots = &self.gates.by_slot[depth];
            let longest = slots.iter().map(Vec::len).max().unwrap_or_default();
            (0..longest).flat_map(|turn| slots.iter().filter_map(move |s| s.get(turn))).copied().collect()
        };
        gates.into_iter().filter(|gate| !self.plan.updates[*gate as usize].gate).collect()
    }

    /// Gives some updates an older revision. Bundles name the revision of their members, so those
    /// have but one.
    fn revise(&mut self, revisions: u32) {
        let revisable = |update: &Update| match &update.kind {
            Kind::Classification(_) => false,
            Kind::Software(software) => matches!(software.role, Role::Bundle | Role::Standalone),
            _ => true,
        };
        for index in self.some_of(revisions, revisable) {
            self.plan.updates[index as usize].older_revision = true;
        }
    }

    fn omit(&mut self, members: u32) -> Result<(), SpecError> {
        let leaf_member = |update: &Update| matches!(&update.kind, Kind::Software(software) if software.role == Role::Member);
        let mut omitted = self.some_of(members, leaf_member);
        if omitted.len() < members as usize {
            return Err(SpecError::Incomplete { asked: members, members: omitted.len() as u32 });
        }
        omitted.sort_unstable();
        self.plan.omitted = omitted;
        Ok(())
    }

    fn some_of(&mut self, count: u32, belongs: impl Fn(&Update) -> bool) -> Vec<Index> {
        let all = (0..).zip(&self.plan.updates);
        let mut chosen: Vec<Index> = all.filter(|(_, update)| belongs(update)).map(|(i, _)| i).collect();
        self.draws.shuffle(&mut chosen);
        chosen.truncate(count as usize);
        chosen
    }
}

impl Clause {
    pub(crate) fn targets(&self) -> &[Index] {
        match self {
            Self::Update(target) | Self::Category(target) => std::slice::from_ref(target),
            Self::AnyOf(targets) => targets,
        }
    }
}
