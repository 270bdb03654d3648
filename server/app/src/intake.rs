//! Taking documents into the database, wherever they come from: facts and fragments are derived on
//! all processors, fragments are written first, and a batch is one transaction.
//!
//! Agents see nothing of it before the catalogue is published.

use std::sync::{Arc, PoisonError};

use headwater_catalog::{Document, FACTS_VERSION};
use headwater_fragments::Record;
use headwater_model::{RevisionId, UpdateId, UpdateIdentity};
use headwater_packages::Document as PackedDocument;
use headwater_store::{NewRevision, Quarantined};
use ring::digest::{SHA256, digest};
use tokio::sync::mpsc;

use crate::admin::chain;
use crate::catalogue::pack_document;
use crate::error::AppError;
use crate::start::App;

/// A document that was refused.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refused {
    pub name: String,
    pub update: Option<UpdateId>,
    pub reason: String,
}

/// A document on its way into the database.
struct Derived {
    revision: NewRevision,
    record: Record,
}

/// Documents that were read, and those that could not be.
#[derive(Default)]
struct Arrivals {
    derived: Vec<Derived>,
    refused: Vec<Refusal>,
}

/// What was kept of a batch.
#[derive(Debug, Default)]
pub(crate) struct Kept {
    /// Those that were refused included.
    pub documents: u64,
    pub added: Vec<RevisionId>,
    pub unchanged: u64,
    pub refused: Vec<Refused>,
}

const ZSTD_LEVEL: i32 = 3;
/// Documents of one transaction.
const BATCH_DOCUMENTS: usize = 512;
/// Documents of one transaction are also limited by their text, in bytes.
const BATCH_BYTES: u64 = 32 << 20;

/// A document that cannot be kept, and what it is known by in quarantine.
pub(crate) type Refusal = (Refused, [u8; 8]);

/// Refuses something that cannot even be read.
pub(crate) fn unreadable(identity: UpdateIdentity, reason: String) -> Refusal {
    let name = identity.to_string();
    let hash = hash(name.as_bytes());
    (Refused { name, update: Some(identity.id), reason }, hash)
}

impl App {
    /// Those of the revisions that are not here, whether or not they are published yet.
    pub(crate) fn missing(&self, of: &[UpdateIdentity]) -> Vec<UpdateIdentity> {
        let known = self.locations.lock().unwrap_or_else(PoisonError::into_inner);
        of.iter().filter(|identity| !known.contains_key(identity)).copied().collect()
    }

    /// Whether documents were kept that agents do not see yet.
    pub(crate) fn has_unpublished(&self) -> bool {
        let known = self.locations.lock().unwrap_or_else(PoisonError::into_inner).len();
        known > self.live.served().catalogue.index.revisions().len()
    }

    /// Takes documents in until no more come: all processors derive, and what is derived is kept, a
    /// batch at a time, while more is read.
    pub(crate) async fn take_in<T: Send + 'static>(
        &self,
        unread: mpsc::Receiver<T>,
        read: fn(T) -> Result<PackedDocument, Refusal>,
        mut told: impl FnMut(Kept),
    ) -> Result<(), AppError> {
        let workers = std::thread::available_parallelism().map_or(1, usize::from);
        let unread: Arc<Unread<T>> = Arc::new(tokio::sync::Mutex::new((0, unread)));
        let (derived, mut arriving) = mpsc::channel(BATCH_DOCUMENTS);
        let work = |_| {
            let (unread, derived) = (unread.clone(), derived.clone());
            tokio::task::spawn_blocking(move || derive_each(&unread, read, &derived))
        };
        let working: Vec<_> = (0..workers).map(work).collect();
        drop((unread, derived));
        let mut batch = Batch::default();
        while let Some((number, result)) = arriving.recv().await {
            batch.push(number, result);
            if batch.is_full() {
                told(self.keep(batch.take()).await?);
            }
        }
        told(self.keep(batch.take()).await?);
        for worker in working {
            worker.await.map_err(|_| AppError::Internal("deriving documents was stopped"))?;
        }
        Ok(())
    }

    /// Writes one batch: fragments first, so that every revision in the database has its own.
    async fn keep(&self, arrivals: Arrivals) -> Result<Kept, AppError> {
        let now = self.clock.now();
        let read = arrivals.derived.len() as u64;
        let (revisions, records): (Vec<NewRevision>, Vec<Record>) = {
            let known = self.locations.lock().unwrap_or_else(|poisoned| poisoned.into_inner());
            let new = |derived: &Derived| match known.get(&derived.record.identity) {
                Some(location) => location.document_hash != derived.record.document_hash,
                None => true,
            };
            let derived = arrivals.derived.into_iter();
            derived.filter(new).map(|derived| (derived.revision, derived.record)).unzip()
        };
        let mut added = Vec::new();
        if !records.is_empty() {
            let fragments = self.fragments.clone();
            let (records, locations) = tokio::task::spawn_blocking(move || {
                let locations = fragments.append(&records);
                (records, locations)
            })
            .await
            .map_err(|_| AppError::Internal("writing fragments was stopped"))?;
            let locations = locations?;
            let rows = self.store.add_revisions(revisions, now).await?;
            let mut known = self.locations.lock().unwrap_or_else(|poisoned| poisoned.into_inner());
            for (record, location) in records.iter().zip(locations) {
                if rows.iter().any(|row| row.identity == record.identity) {
                    known.insert(record.identity, location);
                }
            }
            added.extend(rows.iter().map(|row| row.id));
        }
        let refused = arrivals.refused.iter();
        let quarantined = refused.map(|(refused, hash)| Quarantined {
            document_hash: *hash,
            name: refused.name.clone(),
            reason: refused.reason.clone(),
        });
        self.store.quarantine(&quarantined.collect::<Vec<_>>(), now).await?;
        Ok(Kept {
            documents: read + arrivals.refused.len() as u64,
            unchanged: read - added.len() as u64,
            added,
            refused: arrivals.refused.into_iter().map(|(refused, _)| refused).collect(),
        })
    }
}

/// What waits to be derived, and the number of the next.
type Unread<T> = tokio::sync::Mutex<(u64, mpsc::Receiver<T>)>;

/// Reads and derives one document after the other, each with its number. Documents differ a
/// thousandfold in size, so whoever is free takes the next.
fn derive_each<T>(
    unread: &Unread<T>,
    read: impl Fn(T) -> Result<PackedDocument, Refusal>,
    derived: &mpsc::Sender<(u64, Result<Derived, Refusal>)>,
) {
    loop {
        let (number, next) = {
            let mut unread = unread.blocking_lock();
            let Some(next) = unread.1.blocking_recv() else { return };
            unread.0 += 1;
            (unread.0, next)
        };
        let result = read(next).and_then(|packed| derive(&packed));
        if derived.blocking_send((number, result)).is_err() {
            return;
        }
    }
}

/// Documents that are kept together.
#[derive(Default)]
struct Batch {
    results: Vec<(u64, Result<Derived, Refusal>)>,
    bytes: u64,
}

impl Batch {
    fn push(&mut self, number: u64, result: Result<Derived, Refusal>) {
        self.bytes += result.as_ref().map_or(0, |derived| derived.revision.document_bytes);
        self.results.push((number, result));
    }

    fn is_full(&self) -> bool {
        self.results.len() >= BATCH_DOCUMENTS || self.bytes >= BATCH_BYTES
    }

    /// In the order in which they were read.
    fn take(&mut self) -> Arrivals {
        let mut results = std::mem::take(self).results;
        results.sort_unstable_by_key(|(number, _)| *number);
        let mut arrivals = Arrivals::default();
        for (_, result) in results {
            match result {
                Ok(derived) => arrivals.derived.push(derived),
                Err(refused) => arrivals.refused.push(refused),
            }
        }
        arrivals
    }
}

/// The first eight bytes of the SHA-256.
fn hash(bytes: &[u8]) -> [u8; 8] {
    let mut hash = [0; 8];
    hash.copy_from_slice(&digest(&SHA256, bytes).as_ref()[..8]);
    hash
}

fn derive(packed: &PackedDocument) -> Result<Derived, Refusal> {
    let xml = packed.xml.as_bytes();
    let hash = hash(xml);
    let refused = |update, reason: String| (Refused { name: packed.name.clone(), update, reason }, hash);
    let document: Document = headwater_catalog::read(&packed.xml)
        .map_err(|error| refused(error.identity.map(|identity| identity.id), error.to_string()))?;
    let identity = document.facts.identity;
    if let Some(listed) = packed.identity.filter(|listed| *listed != identity) {
        return Err(refused(
            Some(listed.id),
            format!("it was announced as {listed}, the document says {identity}"),
        ));
    }
    let failed = |error: &dyn std::error::Error| refused(Some(identity.id), chain(error));
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
