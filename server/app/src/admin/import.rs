//! Taking documents into the catalogue: read, derive, keep, and only then offer.
//!
//! One task reads the package, several derive facts and fragments, one writes. A batch is one
//! transaction; a crash leaves whole documents, and the next import of the same package adds the
//! rest. Agents see the new catalogue when all of it is in. Files are read after that, in a second
//! pass ([`super::import_files`]): whose they are is known then, in whatever order they lie.

use std::path::PathBuf;
use std::time::Instant;

use headwater_catalog::{Document, FACTS_VERSION, Kind};
use headwater_fragments::Record;
use headwater_model::{RevisionId, UpdateId};
use headwater_packages::{Document as PackedDocument, Entry, FileLocation, Package};
use headwater_store::{NewRevision, Quarantined};
use ring::digest::{SHA256, digest};
use tokio::sync::mpsc;

use super::operators::Operator;
use crate::catalogue::pack_document;
use crate::error::AppError;
use crate::start::{App, random};

/// How far an import is.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct ImportProgress {
    pub documents: u64,
    pub documents_total: Option<u64>,
    pub files: u64,
}

/// A document that was refused.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refused {
    pub name: String,
    pub update: Option<UpdateId>,
    pub reason: String,
}

/// A file that was not kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RefusedFile {
    pub name: String,
    pub reason: String,
}

/// What an import did.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ImportSummary {
    pub documents: u64,
    pub added: u64,
    pub unchanged: u64,
    pub categories: u64,
    pub detectoids: u64,
    pub software: u64,
    pub drivers: u64,
    pub incomplete: u64,
    pub quarantined: Vec<Refused>,
    pub files_added: u64,
    pub files_refused: Vec<RefusedFile>,
    pub duration_ms: u64,
}

/// Documents of one transaction.
const BATCH_DOCUMENTS: usize = 512;
/// Documents of one transaction are also limited by their text, in bytes.
const BATCH_BYTES: usize = 32 << 20;
const ZSTD_LEVEL: i32 = 3;

/// A document on its way into the database.
struct Derived {
    revision: NewRevision,
    record: Record,
}

struct Batch {
    derived: Vec<Derived>,
    refused: Vec<(Refused, [u8; 8])>,
    documents_total: Option<u64>,
    files: u64,
}

impl App {
    /// A new file in the data folder for a package that is being received.
    pub fn import_file(&self, extension: &str) -> Result<PathBuf, AppError> {
        let folder = self.settings.data.join("imports");
        std::fs::create_dir_all(&folder)
            .map_err(|source| AppError::Io { path: folder.display().to_string(), source })?;
        let number = u64::from_le_bytes(random()?);
        Ok(folder.join(format!("{number:016x}.{extension}")))
    }

    /// Imports a package that lies on this machine. One import runs at a time.
    pub async fn import(
        &self,
        operator: &Operator,
        name: &str,
        package: PathBuf,
        mut progress: impl FnMut(ImportProgress) + Send,
    ) -> Result<ImportSummary, AppError> {
        let _one_at_a_time = self.importing.lock().await;
        let started = Instant::now();
        let (batches, mut arriving) = mpsc::channel(2);
        let documents = package.clone();
        let reader = tokio::task::spawn_blocking(move || read(documents, &batches));

        let mut summary = ImportSummary::default();
        let mut added = Vec::new();
        let mut files = 0;
        while let Some(batch) = arriving.recv().await {
            let so_far = ImportProgress {
                documents: summary.documents + (batch.derived.len() + batch.refused.len()) as u64,
                documents_total: batch.documents_total,
                files: 0,
            };
            files = batch.files;
            self.keep(batch, &mut summary, &mut added).await?;
            progress(so_far);
        }
        let locations = reader.await.map_err(|_| AppError::Internal("reading the package was stopped"))??;
        self.publish_catalogue().await?;
        self.count_kinds(&mut summary, &added);
        self.learn_locations(&locations).await?;
        if files > 0 {
            let so_far = ImportProgress { documents: summary.documents, ..ImportProgress::default() };
            let mut progress = |files| progress(ImportProgress { files, ..so_far });
            self.import_files(package, &mut summary, &mut progress).await?;
        }
        summary.duration_ms = started.elapsed().as_millis() as u64;
        tracing::info!(
            by = operator.name,
            package = name,
            documents = summary.documents,
            added = summary.added,
            unchanged = summary.unchanged,
            quarantined = summary.quarantined.len(),
            files = summary.files_added,
            ms = summary.duration_ms,
            "imported"
        );
        Ok(summary)
    }

    /// Writes one batch: fragments first, so that every revision in the database has its own.
    async fn keep(
        &self,
        batch: Batch,
        summary: &mut ImportSummary,
        added: &mut Vec<RevisionId>,
    ) -> Result<(), AppError> {
        let now = self.clock.now();
        let read = batch.derived.len() as u64;
        let (revisions, records): (Vec<NewRevision>, Vec<Record>) = {
            let known = self.locations.lock().unwrap_or_else(|poisoned| poisoned.into_inner());
            let new = |derived: &Derived| match known.get(&derived.record.identity) {
                Some(location) => location.document_hash != derived.record.document_hash,
                None => true,
            };
            let derived = batch.derived.into_iter();
            derived.filter(new).map(|derived| (derived.revision, derived.record)).unzip()
        };
        if !records.is_empty() {
            let fragments = self.fragments.clone();
            let (records, locations) = tokio::task::spawn_blocking(move || {
                let locations = fragments.append(&records);
                (records, locations)
            })
            .await
            .map_err(|_| AppError::Internal("writing fragments was stopped"))?;
            let rows = self.store.add_revisions(revisions, now).await?;
            let mut known = self.locations.lock().unwrap_or_else(|poisoned| poisoned.into_inner());
            for (record, location) in records.iter().zip(locations?) {
                if rows.iter().any(|row| row.identity == record.identity) {
                    known.insert(record.identity, location);
                }
            }
            summary.added += rows.len() as u64;
            added.extend(rows.iter().map(|row| row.id));
        }
        let refused: Vec<Quarantined> = batch
            .refused
            .iter()
            .map(|(refused, hash)| Quarantined {
                document_hash: *hash,
                name: refused.name.clone(),
                reason: refused.reason.clone(),
            })
            .collect();
        self.store.quarantine(&refused, now).await?;
        summary.documents += read + refused.len() as u64;
        summary.unchanged =
            summary.documents - summary.added - summary.quarantined.len() as u64 - refused.len() as u64;
        summary.quarantined.extend(batch.refused.into_iter().map(|(refused, _)| refused));
        Ok(())
    }

    fn count_kinds(&self, summary: &mut ImportSummary, added: &[RevisionId]) {
        let served = self.live.served();
        let index = &served.catalogue.index;
        for revision in added.iter().filter_map(|id| index.by_wire_id(id.0)).map(|at| index.revision(at)) {
            match revision.kind {
                Kind::Category => summary.categories += 1,
                Kind::Detectoid => summary.detectoids += 1,
                Kind::Software => summary.software += 1,
                Kind::Driver => summary.drivers += 1,
            }
            summary.incomplete += u64::from(!revision.complete);
        }
    }
}

/// Reads the package to its end and hands on its documents, a batch at a time. Returns where Microsoft has
/// the files.
fn read(path: PathBuf, batches: &mpsc::Sender<Batch>) -> Result<Vec<FileLocation>, AppError> {
    let package = Package::open(&path)?;
    let locations = package.listing().map(|listing| listing.locations.clone()).unwrap_or_default();
    let mut gathered = Gathered { documents_total: package.documents_total(), ..Gathered::default() };
    package.read(|entry| {
        match entry {
            Entry::Document(document) => {
                gathered.bytes += document.xml.len();
                gathered.documents.push(document);
            }
            Entry::File(_) => gathered.files += 1,
        }
        let full = gathered.documents.len() >= BATCH_DOCUMENTS || gathered.bytes >= BATCH_BYTES;
        if full { gathered.hand_on(batches) } else { Ok(()) }
    })?;
    gathered.hand_on(batches)?;
    Ok(locations)
}

/// What was read and not yet handed on.
#[derive(Default)]
struct Gathered {
    documents: Vec<PackedDocument>,
    bytes: usize,
    documents_total: Option<u64>,
    files: u64,
}

impl Gathered {
    fn hand_on(&mut self, batches: &mpsc::Sender<Batch>) -> Result<(), AppError> {
        self.bytes = 0;
        let batch = derive_all(&std::mem::take(&mut self.documents), self.documents_total, self.files);
        batches.blocking_send(batch).map_err(|_| AppError::Internal("the import was stopped"))
    }
}

/// Derives documents on all processors.
fn derive_all(documents: &[PackedDocument], documents_total: Option<u64>, files: u64) -> Batch {
    let workers = std::thread::available_parallelism().map_or(1, usize::from);
    let share = documents.len().div_ceil(workers).max(1);
    let results: Vec<Result<Derived, (Refused, [u8; 8])>> = std::thread::scope(|scope| {
        let workers: Vec<_> = documents
            .chunks(share)
            .map(|documents| scope.spawn(|| documents.iter().map(derive).collect::<Vec<_>>()))
            .collect();
        workers.into_iter().flat_map(|worker| worker.join().unwrap_or_default()).collect()
    });
    let mut batch = Batch { derived: Vec::new(), refused: Vec::new(), documents_total, files };
    for result in results {
        match result {
            Ok(derived) => batch.derived.push(derived),
            Err(refused) => batch.refused.push(refused),
        }
    }
    batch
}

fn derive(packed: &PackedDocument) -> Result<Derived, (Refused, [u8; 8])> {
    let xml = packed.xml.as_bytes();
    let mut hash = [0; 8];
    hash.copy_from_slice(&digest(&SHA256, xml).as_ref()[..8]);
    let refused = |update, reason: String| (Refused { name: packed.name.clone(), update, reason }, hash);
    let document: Document = headwater_catalog::read(&packed.xml)
        .map_err(|error| refused(error.identity.map(|identity| identity.id), error.to_string()))?;
    let identity = document.facts.identity;
    if let Some(listed) = packed.identity.filter(|listed| *listed != identity) {
        return Err(refused(
            Some(listed.id),
            format!("the package calls it {listed}, the document {identity}"),
        ));
    }
    let failed = |error: &dyn std::error::Error| refused(Some(identity.id), super::chain(error));
    let compressed = zstd::bulk::compress(xml, ZSTD_LEVEL).map_err(|error| failed(&error))?;
    let record = pack_document(&document, hash).map_err(|error| failed(&error))?;
    let revision = NewRevision {
        identity,
        document: compressed,
        document_bytes: xml.len() as u64,
        document_hash: hash,
        facts: document.facts.to_bytes(),
        facts_version: FACTS_VERSION,
        core_bytes: record.core_bytes,
    };
    Ok(Derived { revision, record })
}
