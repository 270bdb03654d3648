//! Importing a package: read, derive, keep ([`crate::intake`]), and only then offer.
//!
//! One task reads the package, several derive facts and fragments, one writes. A batch is one
//! transaction; a crash leaves whole documents, and the next import of the same package adds the
//! rest. Agents see the new catalogue when all of it is in. Files are read after that, in a second
//! pass ([`super::import_files`]): whose they are is known then, in whatever order they lie.

use std::path::PathBuf;
use std::time::Instant;

use headwater_catalog::Kind;
use headwater_model::RevisionId;
use headwater_packages::{Document as PackedDocument, Entry, FileLocation, Package};
use tokio::sync::mpsc;

use super::operators::Operator;
use crate::error::AppError;
pub use crate::intake::Refused;
use crate::intake::{Arrivals, derive_all};
use crate::start::{App, random};

/// How far an import is.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct ImportProgress {
    pub documents: u64,
    pub documents_total: Option<u64>,
    pub files: u64,
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

struct Batch {
    arrivals: Arrivals,
    documents_total: Option<u64>,
    files: u64,
}

/// Documents of one transaction.
const BATCH_DOCUMENTS: usize = 512;
/// Documents of one transaction are also limited by their text, in bytes.
const BATCH_BYTES: usize = 32 << 20;

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
            files = batch.files;
            let kept = self.keep(batch.arrivals).await?;
            summary.documents += kept.documents;
            summary.added += kept.added.len() as u64;
            summary.unchanged += kept.unchanged;
            summary.quarantined.extend(kept.refused);
            added.extend(kept.added);
            let documents_total = batch.documents_total;
            progress(ImportProgress { documents: summary.documents, documents_total, files: 0 });
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
        let arrivals = derive_all(std::mem::take(&mut self.documents), Ok);
        let batch = Batch { arrivals, documents_total: self.documents_total, files: self.files };
        batches.blocking_send(batch).map_err(|_| AppError::Internal("the import was stopped"))
    }
}
