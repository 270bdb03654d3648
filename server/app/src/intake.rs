//! Taking documents into the database, wherever they come from: facts and fragments are derived on
//! all processors, fragments are written first, and a batch is one transaction.
//!
//! Agents see nothing of it before the catalogue is published.

use std::sync::{Mutex, PoisonError};

use headwater_catalog::{Document, FACTS_VERSION};
use headwater_fragments::Record;
use headwater_model::{RevisionId, UpdateId, UpdateIdentity};
use headwater_packages::Document as PackedDocument;
use headwater_store::{NewRevision, Quarantined};
use ring::digest::{SHA256, digest};

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
pub(crate) struct Arrivals {
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

    /// Writes one batch: fragments first, so that every revision in the database has its own.
    pub(crate) async fn keep(&self, arrivals: Arrivals) -> Result<Kept, AppError> {
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

/// Reads and derives documents on all processors. The order stays.
pub(crate) fn derive_all<T: Send>(
    unread: Vec<T>,
    read: impl Fn(T) -> Result<PackedDocument, Refusal> + Sync,
) -> Arrivals {
    let workers = std::thread::available_parallelism().map_or(1, usize::from).min(unread.len());
    let mut results: Vec<Option<Result<Derived, Refusal>>> = unread.iter().map(|_| None).collect();
    // Documents differ a thousandfold in size: whoever is free takes the next.
    let work = Mutex::new(unread.into_iter().zip(results.iter_mut()));
    let next = || work.lock().unwrap_or_else(PoisonError::into_inner).next();
    std::thread::scope(|scope| {
        for _ in 0..workers {
            scope.spawn(|| {
                while let Some((unread, result)) = next() {
                    *result = Some(read(unread).and_then(|packed| derive(&packed)));
                }
            });
        }
    });
    drop(work);
    let mut arrivals = Arrivals::default();
    for result in results.into_iter().flatten() {
        match result {
            Ok(derived) => arrivals.derived.push(derived),
            Err(refused) => arrivals.refused.push(refused),
        }
    }
    arrivals
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
