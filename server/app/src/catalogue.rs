//! The catalogue in memory: the index, where each revision's fragments are, and a card for each
//! revision with what administrators and file locations need.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use headwater_catalog::{
    Bits, CategoryKind, Entry, EulaFile, FACTS_VERSION, Facts, File, Index, Patching, RevisionIx, Severity,
    UpdateIx, UpdateKind,
};
use headwater_fragments::{FragmentFile, Location, Section, pack};
use headwater_model::{EulaId, RevisionId, Sha1Digest, Sha256Digest, UpdateId, UpdateIdentity};
use headwater_policy::compliance::UpdateNumbers;
use headwater_policy::licence::{LICENCE_BYTES_MAX, is_kept};
use headwater_store::{DerivedFacts, RevisionRow, Store};

use crate::error::AppError;

/// A file of an update.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CardFile {
    pub sha1: Sha1Digest,
    pub sha256: Option<Sha256Digest>,
    pub size_bytes: u64,
    /// What its name ends in, if that can stand in a URL.
    pub extension: Option<Box<str>>,
    /// Read in ranges, and not needed where the other files are here.
    pub is_express: bool,
}

impl CardFile {
    /// Its name in content URLs, such as `86542C97261C46D5B379A43EC895F97EAF409BA2.cab`.
    pub fn content_name(&self) -> String {
        match &self.extension {
            None => format!("{:X}", self.sha1),
            Some(extension) => format!("{:X}.{extension}", self.sha1),
        }
    }
}

/// What is known of a revision at a glance.
#[derive(Debug, Clone)]
pub struct Card {
    /// The title in English, or in the document's default language.
    pub title: Box<str>,
    pub kb: Box<[Box<str>]>,
    pub cves: Box<[Box<str>]>,
    pub severity: Option<Severity>,
    pub category: Option<CategoryKind>,
    /// The languages that its files are for; `all` or none for every language.
    pub languages: Box<[Box<str>]>,
    pub files: Box<[CardFile]>,
    /// The licence that must be accepted.
    pub licence: Option<Licence>,
    /// The counter's value when agents began to see the revision.
    pub stamp: u64,
}

impl Card {
    /// The files of the payload, then those with licence terms.
    pub fn announced(&self) -> impl Iterator<Item = &CardFile> {
        self.files
            .iter()
            .chain(self.licence.iter().flat_map(|licence| &licence.terms).map(|terms| &terms.file))
    }
}

/// A licence with what announces its terms.
#[derive(Debug, Clone)]
pub struct Licence {
    pub id: EulaId,
    /// Of the update, in lower case.
    pub default_language: Box<str>,
    pub terms: Box<[LicenceFile]>,
}

impl Licence {
    /// The files that a server holds whose computers speak these languages.
    pub fn kept(&self, languages: &[String]) -> impl Iterator<Item = &CardFile> {
        let kept = self.terms.iter().filter(move |terms| {
            terms.file.size_bytes <= LICENCE_BYTES_MAX
                && is_kept(&terms.language, &self.default_language, languages)
        });
        kept.map(|terms| &terms.file)
    }
}

/// The terms of a licence in one language.
#[derive(Debug, Clone)]
pub struct LicenceFile {
    /// In lower case.
    pub language: Box<str>,
    /// They hold in one region only.
    pub is_regional: bool,
    pub file: CardFile,
}

/// A file by its revision and its place among all that the revision announces.
type FileIx = (RevisionIx, u32);

/// The catalogue, replaced whole after each import.
#[derive(Debug, Default)]
pub struct Catalogue {
    pub index: Arc<Index>,
    locations: Vec<Option<Location>>,
    cards: Vec<Card>,
    /// The first revision that has a file of this name on the wire; one that announces its SHA-256 if any does.
    files: HashMap<Sha1Digest, FileIx>,
    pub quarantined: usize,
    /// The updates that are products, by position.
    pub products: Bits,
    /// How reports name updates.
    pub numbers: UpdateNumbers,
}

impl Catalogue {
    pub fn location(&self, at: RevisionIx) -> Option<&Location> {
        self.locations.get(at.0 as usize)?.as_ref()
    }

    pub fn card(&self, at: RevisionIx) -> &Card {
        &self.cards[at.0 as usize]
    }

    pub fn file(&self, digest: Sha1Digest) -> Option<&CardFile> {
        file_at(&self.cards, *self.files.get(&digest)?)
    }

    /// Every file that some update announces, once.
    pub fn files(&self) -> impl Iterator<Item = &CardFile> {
        self.files.values().filter_map(|at| file_at(&self.cards, *at))
    }

    /// The classification of a revision and its products, out of its category clauses.
    pub fn categories(&self, at: RevisionIx, kind: CategoryKind) -> Vec<UpdateIx> {
        let revision = self.index.revision(at);
        let mut found: Vec<UpdateIx> = self
            .index
            .requirement(revision.requirement)
            .flatten()
            .copied()
            .filter(|update| self.card(self.index.update(*update).revisions[0]).category == Some(kind))
            .collect();
        found.sort_unstable();
        found.dedup();
        found
    }

    /// The title of the newest revision of an update, if the catalogue has it.
    pub fn title(&self, id: UpdateId) -> Option<&str> {
        let update = self.index.update(self.index.update_by_id(id)?);
        Some(&self.card(update.revisions[0]).title)
    }

    /// The kind and the title of a category.
    pub fn category(&self, id: UpdateId) -> Option<(CategoryKind, &str)> {
        let update = self.index.update(self.index.update_by_id(id)?);
        let card = self.card(update.revisions[0]);
        Some((card.category?, &card.title))
    }

    /// Loads all revisions; those that nobody was told of yet become known to others. Revisions whose
    /// fragments are not in the file, or whose facts are of an older form, are derived again from
    /// their documents first.
    pub async fn publish(
        store: &Store,
        fragments: &FragmentFile,
        known: &mut HashMap<UpdateIdentity, Location>,
    ) -> Result<Self, AppError> {
        let mut rows = store.revisions().await?;
        // A crash may leave fragments whose revisions were never committed: they are not known.
        let committed: HashSet<UpdateIdentity> = rows.iter().map(|row| row.identity).collect();
        known.retain(|identity, _| committed.contains(identity));
        let stale: Vec<&RevisionRow> = rows.iter().filter(|row| is_stale(row, known)).collect();
        if !stale.is_empty() {
            tracing::info!(revisions = stale.len(), "deriving facts and fragments again from the documents");
            derive_again(store, fragments, &stale, known).await?;
            rows = store.revisions().await?;
        }
        let mut entries = Vec::with_capacity(rows.len());
        let mut told = HashSet::new();
        let mut by_id = HashMap::with_capacity(rows.len());
        for row in rows {
            let facts = stored_facts(&row)?;
            let location = known.get(&row.identity).copied();
            let core_bytes = location.map_or(row.core_bytes, |location| location.core_bytes);
            entries.push(Entry::new(row.id, &facts, core_bytes, row.arrived_at));
            by_id.insert(row.id, (card(&facts, row.stamp), location));
            if row.stamp != 0 {
                told.insert(row.id);
            }
        }
        let before = (told.len() < entries.len()).then(|| {
            Index::build(entries.iter().filter(|entry| told.contains(&entry.revision)).cloned().collect())
        });
        let mut catalogue = Self::arrange(Index::build(entries), by_id);
        if let Some(before) = before {
            let stamp = store.publish_revisions(&before, &catalogue.index).await?;
            catalogue.cards.iter_mut().filter(|card| card.stamp == 0).for_each(|card| card.stamp = stamp);
        }
        catalogue.quarantined = store.quarantined().await?.len();
        catalogue.numbers = store.update_numbers().await?;
        Ok(catalogue)
    }

    fn arrange(index: Index, mut by_id: HashMap<RevisionId, (Card, Option<Location>)>) -> Self {
        let mut cards = Vec::with_capacity(index.revisions().len());
        let mut locations = Vec::with_capacity(index.revisions().len());
        let mut files = HashMap::new();
        for (at, revision) in index.revisions().iter().enumerate() {
            let Some((card, location)) = by_id.remove(&revision.id) else { continue };
            for (number, file) in card.announced().enumerate() {
                let here = (RevisionIx(at as u32), number as u32);
                let known: &mut FileIx = files.entry(file.sha1).or_insert(here);
                let is_proven = file_at(&cards, *known).is_none_or(|known| known.sha256.is_some());
                if !is_proven && file.sha256.is_some() {
                    *known = here;
                }
            }
            cards.push(card);
            locations.push(location);
        }
        let category = |update: &headwater_catalog::Update| {
            update.revisions.first().and_then(|newest| cards.get(newest.0 as usize)?.category)
        };
        let products = Bits::from_fn(index.updates().len(), |at| {
            category(&index.updates()[at]) == Some(CategoryKind::Product)
        });
        Self { index: Arc::new(index), locations, cards, files, products, ..Self::default() }
    }
}

fn file_at(cards: &[Card], (at, number): FileIx) -> Option<&CardFile> {
    cards.get(at.0 as usize)?.announced().nth(number as usize)
}

fn is_stale(row: &RevisionRow, known: &HashMap<UpdateIdentity, Location>) -> bool {
    let current = known.get(&row.identity).is_some_and(|known| known.document_hash == row.document_hash);
    !current || row.facts_version != FACTS_VERSION || Facts::from_bytes(&row.facts).is_err()
}

/// Documents that are derived again between two writes to the disk.
const DERIVED_AT_ONCE: usize = 256;

/// Makes facts and fragments of stored documents anew, and writes both.
async fn derive_again(
    store: &Store,
    fragments: &FragmentFile,
    stale: &[&RevisionRow],
    known: &mut HashMap<UpdateIdentity, Location>,
) -> Result<(), AppError> {
    for rows in stale.chunks(DERIVED_AT_ONCE) {
        let mut records = Vec::with_capacity(rows.len());
        let mut derived = Vec::with_capacity(rows.len());
        for row in rows {
            let (packed, plain_bytes) =
                store.document(row.id).await?.ok_or(AppError::Internal("a revision has no document"))?;
            let document = headwater_catalog::read(&decompress(&packed, plain_bytes)?)
                .map_err(|_| AppError::Internal("a stored document cannot be read any more"))?;
            let record = pack_document(&document, row.document_hash)?;
            let (facts, core_bytes) = (document.facts.to_bytes(), record.core_bytes);
            derived.push(DerivedFacts { id: row.id, facts, facts_version: FACTS_VERSION, core_bytes });
            records.push(record);
        }
        let locations = fragments.append(&records)?;
        store.replace_facts(&derived).await?;
        known.extend(rows.iter().map(|row| row.identity).zip(locations));
    }
    Ok(())
}

/// Packs the fragments of a document for the file.
pub(crate) fn pack_document(
    document: &headwater_catalog::Document,
    document_hash: [u8; 8],
) -> Result<headwater_fragments::Record, AppError> {
    let fragments = &document.fragments;
    let localized = fragments.localized.iter().map(|one| (Section::Localized, &*one.language, &*one.xml));
    let eulas = fragments.eulas.iter().map(|one| (Section::Eula, &*one.language, &*one.xml));
    let sections = [(Section::Core, "", &*fragments.core), (Section::Extended, "", &*fragments.extended)];
    Ok(pack(document.facts.identity, document_hash, sections.into_iter().chain(localized).chain(eulas))?)
}

/// The facts of a revision as they were derived from its document.
pub(crate) fn stored_facts(row: &RevisionRow) -> Result<Facts, AppError> {
    Facts::from_bytes(&row.facts).map_err(|_| AppError::Internal("stored facts are damaged"))
}

pub(crate) fn decompress(packed: &[u8], plain_bytes: u64) -> Result<String, AppError> {
    let capacity = usize::try_from(plain_bytes).unwrap_or(usize::MAX);
    let bytes = zstd::bulk::decompress(packed, capacity)
        .map_err(|source| AppError::Io { path: "a stored document".to_owned(), source })?;
    String::from_utf8(bytes).map_err(|_| AppError::Internal("a stored document is not UTF-8"))
}

fn card(facts: &Facts, stamp: u64) -> Card {
    Card {
        title: facts.texts(["en"]).map_or("", |texts| &texts.title).into(),
        kb: facts.kb_articles.iter().map(|kb| kb.as_str().into()).collect(),
        cves: facts.cves.iter().map(|cve| cve.as_str().into()).collect(),
        severity: facts.severity,
        category: match &facts.kind {
            UpdateKind::Category(category) => Some(category.kind),
            _ => None,
        },
        languages: facts.languages.iter().map(|language| language.as_str().into()).collect(),
        files: facts.files.iter().map(card_file).collect(),
        licence: facts.eula.as_ref().map(|eula| Licence {
            id: eula.id,
            default_language: facts.default_language.as_str().into(),
            terms: eula.files.iter().map(licence_file).collect(),
        }),
        stamp,
    }
}

fn card_file(file: &File) -> CardFile {
    CardFile {
        sha1: file.sha1,
        sha256: file.sha256,
        size_bytes: file.size_bytes,
        extension: file.extension().map(Into::into),
        is_express: file.patching == Patching::Express,
    }
}

fn licence_file(terms: &EulaFile) -> LicenceFile {
    LicenceFile {
        language: terms.language.as_str().into(),
        is_regional: terms.geo_id.is_some(),
        file: card_file(&terms.file),
    }
}
