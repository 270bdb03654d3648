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

use crate::error::AppError;
use crate::intake::Kept;
pub use crate::intake::Refused;
use crate::start::{App, random};
use headwater_operators::Operator;

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

/// Documents that were read and wait to be derived: each may have many megabytes.
const UNREAD_MAX: usize = 4;

/// What a package has beside its documents.
#[derive(Default)]
struct Rest {
    /// Where Microsoft has the files.
    locations: Vec<FileLocation>,
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
        let (unread, arriving) = mpsc::channel(UNREAD_MAX);
        let opened = {
            let package = package.clone();
            tokio::task::spawn_blocking(move || Package::open(&package)).await
        };
        let opened = opened.map_err(|_| AppError::Internal("opening the package was stopped"))??;
        let documents_total = opened.documents_total();
        let reader = tokio::task::spawn_blocking(move || read(opened, &unread));

        let mut summary = ImportSummary::default();
        let mut added = Vec::new();
        let told = |kept: Kept| {
            summary.documents += kept.documents;
            summary.added += kept.added.len() as u64;
            summary.unchanged += kept.unchanged;
            summary.quarantined.extend(kept.refused);
            added.extend(kept.added);
            progress(ImportProgress { documents: summary.documents, documents_total, files: 0 });
        };
        self.take_in(arriving, Ok, told).await?;
        let Rest { locations, files } =
            reader.await.map_err(|_| AppError::Internal("reading the package was stopped"))??;
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

/// Reads the package to its end and hands on its documents.
fn read(package: Package, unread: &mpsc::Sender<PackedDocument>) -> Result<Rest, AppError> {
    let locations = package.listing().map(|listing| listing.locations.clone()).unwrap_or_default();
    let mut rest = Rest { locations, files: 0 };
    package.read(|entry| match entry {
        Entry::Document(document) => {
            unread.blocking_send(document).map_err(|_| AppError::Internal("the import was stopped"))
        }
        Entry::File(_) => {
            rest.files += 1;
            Ok(())
        }
    })?;
    Ok(rest)
}
