//! A whole catalogue, yielded document by document.

use headwater_model::{UpdateId, UpdateIdentity};

use crate::draw::{Draws, Purpose};
use crate::file::{GeneratedFile, content_sizes};
use crate::plan::{Index, Kind, Plan};
use crate::spec::{Spec, SpecError};
use crate::titles::CLASSIFICATIONS;
use crate::{manifest, render};

/// A planned catalogue. The plan is in memory, about 200 bytes an update; documents are written as
/// they are asked for.
#[derive(Debug)]
pub struct Catalogue {
    pub(crate) spec: Spec,
    pub(crate) plan: Plan,
    /// By the ordinal of the manifest.
    pub(crate) manifest_bytes: Vec<u64>,
    /// By the number of the file; empty where files are pretended.
    pub(crate) content_bytes: Vec<u64>,
}

/// An update document as GetUpdateData delivers it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GeneratedDocument {
    pub identity: UpdateIdentity,
    pub kind: DocumentKind,
    /// UTF-8 without a declaration.
    pub xml: String,
    /// The files that the document names.
    pub files: Vec<GeneratedFile>,
}

/// What a document describes (its `UpdateType`).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DocumentKind {
    Category,
    Detectoid,
    Software,
}

impl Catalogue {
    /// Plans a catalogue.
    pub fn new(spec: Spec) -> Result<Self, SpecError> {
        if !(Spec::UPDATES_MIN..=Spec::UPDATES_MAX).contains(&spec.updates) {
            return Err(SpecError::Updates(spec.updates));
        }
        let plan = Plan::new(&spec)?;
        let mut manifest_bytes = manifest::sizes(&spec, &plan);
        Draws::new(spec.seed, Purpose::Order, 0).shuffle(&mut manifest_bytes);
        let content_bytes = spec
            .content_bytes_max
            .map(|bytes_max| content_sizes(spec.seed, plan.files, bytes_max))
            .unwrap_or_default();
        Ok(Self { spec, plan, manifest_bytes, content_bytes })
    }

    /// All documents: prerequisites before what needs them, members before their bundles, older
    /// revisions before newer ones.
    pub fn documents(&self) -> impl Iterator<Item = GeneratedDocument> + '_ {
        (0..).zip(&self.plan.updates).flat_map(|(index, update)| {
            let omitted = self.plan.omitted.binary_search(&index).is_ok();
            let older = (update.older_revision && !omitted).then(|| render::older_document(self, index));
            older.into_iter().chain((!omitted).then(|| render::document(self, index)))
        })
    }

    /// Classifications have their public ids, all others invented ones.
    pub(crate) fn id(&self, index: Index) -> UpdateId {
        match self.plan.updates[index as usize].kind {
            Kind::Classification(which) => UpdateId::from_u128(CLASSIFICATIONS[which as usize].0),
            _ => self.draws(Purpose::Id, index).update_id(),
        }
    }

    /// The newest revision of an update: mostly 200 or 100, as real ones.
    pub(crate) fn revision(&self, index: Index) -> u32 {
        let mut draws = self.draws(Purpose::Properties, index);
        match draws.below(10) {
            0..6 => 200,
            6..8 => 100,
            8 => draws.between(101, 109) as u32,
            _ => draws.between(201, 204) as u32,
        }
    }

    pub(crate) fn draws(&self, purpose: Purpose, index: Index) -> Draws {
        Draws::new(self.spec.seed, purpose, u64::from(index))
    }
}
