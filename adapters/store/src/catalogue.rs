//! The catalogue: update documents, compressed, with their facts.

use headwater_catalog::Index;
use headwater_model::{RevisionId, Timestamp, UpdateIdentity};
use headwater_policy::offer::moved;
use headwater_policy::sync_plan::revised;
use sqlx::any::AnyRow;
use sqlx::{AnyConnection, Row};

use crate::decisions::all_approvals;
use crate::deployments::renew_deployments;
use crate::server::next_stamp;
use crate::{Result, Store, rows};

/// A revision to be added.
#[derive(Debug)]
pub struct NewRevision {
    pub identity: UpdateIdentity,
    /// The document, compressed with zstd.
    pub document: Vec<u8>,
    pub document_bytes: u64,
    /// The first eight bytes of the document's SHA-256.
    pub document_hash: [u8; 8],
    /// The facts, packed.
    pub facts: Vec<u8>,
    pub facts_version: u32,
    /// The length of the Core fragment as it stands in a message.
    pub core_bytes: u32,
}

/// A revision as the database keeps it, without its document.
#[derive(Debug)]
pub struct RevisionRow {
    pub id: RevisionId,
    pub identity: UpdateIdentity,
    pub document_hash: [u8; 8],
    pub facts: Vec<u8>,
    pub facts_version: u32,
    pub core_bytes: u32,
    pub arrived_at: Timestamp,
    /// The counter's value when agents began to see it; 0 before that.
    pub stamp: u64,
}

/// What a document gives when it is derived again.
#[derive(Debug)]
pub struct DerivedFacts {
    pub id: RevisionId,
    /// Packed.
    pub facts: Vec<u8>,
    pub facts_version: u32,
    pub core_bytes: u32,
}

/// A document that was refused, and why.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Quarantined {
    pub document_hash: [u8; 8],
    pub name: String,
    pub reason: String,
}

const COLUMNS: &str =
    "revision_id, update_id, revision, document_hash, facts, facts_version, core_bytes, arrived_at, stamp";

impl Store {
    /// Adds revisions in one transaction and returns the new rows. A revision whose identity is
    /// here already is left as it is: an identity names one document for ever. The rows have no
    /// stamp before [`Store::publish_revisions`].
    pub async fn add_revisions(&self, new: Vec<NewRevision>, now: Timestamp) -> Result<Vec<RevisionRow>> {
        let mut transaction = self.write.begin().await?;
        let mut added = Vec::with_capacity(new.len());
        for revision in new {
            let row = sqlx::query(
                "INSERT INTO revisions (update_id, revision, document, document_bytes, document_hash, facts, \
                 facts_version, core_bytes, arrived_at, stamp) \
                 VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, 0) \
                 ON CONFLICT (update_id, revision) DO NOTHING RETURNING revision_id",
            )
            .bind(revision.identity.id.as_bytes().to_vec())
            .bind(i64::from(revision.identity.revision))
            .bind(revision.document)
            .bind(revision.document_bytes as i64)
            .bind(revision.document_hash.to_vec())
            .bind(revision.facts.clone())
            .bind(i64::from(revision.facts_version))
            .bind(i64::from(revision.core_bytes))
            .bind(now.as_micros())
            .fetch_optional(&mut *transaction)
            .await?;
            let Some(row) = row else { continue };
            added.push(RevisionRow {
                id: RevisionId(row.try_get::<i64, _>(0)? as i32),
                identity: revision.identity,
                document_hash: revision.document_hash,
                facts: revision.facts,
                facts_version: revision.facts_version,
                core_bytes: revision.core_bytes,
                arrived_at: now,
                stamp: 0,
            });
        }
        transaction.commit().await?;
        Ok(added)
    }

    /// Makes revisions that have no stamp yet, up to the last of `after`, part of the catalogue that is
    /// told to others, all with the same stamp, which is returned. `before` is the catalogue without
    /// them. One transaction holds all that follows from their arrival: updates whose leaf flag or
    /// implicit action changed, so that agents that know them are told (fact 54), and approvals that
    /// mean another revision now, so that downstream servers are.
    pub async fn publish_revisions(&self, before: &Index, after: &Index) -> Result<u64> {
        let mut transaction = self.write.begin().await?;
        let stamp = next_stamp(&mut transaction).await?;
        let last = after.revisions().last().map_or(0, |revision| revision.id.0);
        sqlx::query("UPDATE revisions SET stamp = $1 WHERE stamp = 0 AND revision_id <= $2")
            .bind(stamp)
            .bind(i64::from(last))
            .execute(&mut *transaction)
            .await?;
        record_changes(&mut transaction, before, after, stamp).await?;
        let approvals = all_approvals(&mut transaction).await?;
        renew_deployments(&mut transaction, &revised(before, after, approvals.iter())).await?;
        transaction.commit().await?;
        Ok(stamp as u64)
    }

    /// All revisions in the order of their wire ids.
    pub async fn revisions(&self) -> Result<Vec<RevisionRow>> {
        let sql = format!("SELECT {COLUMNS} FROM revisions ORDER BY revision_id");
        let found = sqlx::query(sqlx::AssertSqlSafe(sql)).fetch_all(&self.read).await?;
        found.iter().map(revision_row).collect()
    }

    /// The compressed document of a revision and its plain length.
    pub async fn document(&self, id: RevisionId) -> Result<Option<(Vec<u8>, u64)>> {
        let row = sqlx::query("SELECT document, document_bytes FROM revisions WHERE revision_id = $1")
            .bind(i64::from(id.0))
            .fetch_optional(&self.read)
            .await?;
        row.map(|row| Ok((row.try_get(0)?, row.try_get::<i64, _>(1)? as u64))).transpose()
    }

    /// Writes facts that were derived anew from stored documents, in one transaction.
    pub async fn replace_facts(&self, derived: &[DerivedFacts]) -> Result<()> {
        let mut transaction = self.write.begin().await?;
        for one in derived {
            sqlx::query(
                "UPDATE revisions SET facts = $2, facts_version = $3, core_bytes = $4 WHERE revision_id = $1",
            )
            .bind(i64::from(one.id.0))
            .bind(one.facts.clone())
            .bind(i64::from(one.facts_version))
            .bind(i64::from(one.core_bytes))
            .execute(&mut *transaction)
            .await?;
        }
        transaction.commit().await?;
        Ok(())
    }

    /// Remembers refused documents; the same document is one entry.
    pub async fn quarantine(&self, refused: &[Quarantined], now: Timestamp) -> Result<()> {
        let mut transaction = self.write.begin().await?;
        for document in refused {
            insert_quarantined(&mut transaction, document, now).await?;
        }
        transaction.commit().await?;
        Ok(())
    }

    pub async fn quarantined(&self) -> Result<Vec<Quarantined>> {
        let found = sqlx::query("SELECT document_hash, name, reason FROM quarantine ORDER BY seen_at, name")
            .fetch_all(&self.read)
            .await?;
        found
            .iter()
            .map(|row| {
                Ok(Quarantined {
                    document_hash: hash8(row, 0)?,
                    name: row.try_get(1)?,
                    reason: row.try_get(2)?,
                })
            })
            .collect()
    }
}

/// Records updates whose place in the catalogue changed.
pub(crate) async fn record_changes(
    connection: &mut AnyConnection,
    before: &Index,
    after: &Index,
    stamp: i64,
) -> Result<()> {
    for update in moved(before, after) {
        sqlx::query(
            "INSERT INTO catalogue_changes (update_id, stamp) VALUES ($1, $2) \
             ON CONFLICT (update_id) DO UPDATE SET stamp = excluded.stamp",
        )
        .bind(update.as_bytes().to_vec())
        .bind(stamp)
        .execute(&mut *connection)
        .await?;
    }
    Ok(())
}

async fn insert_quarantined(
    connection: &mut AnyConnection,
    document: &Quarantined,
    now: Timestamp,
) -> Result<()> {
    sqlx::query(
        "INSERT INTO quarantine (document_hash, name, reason, seen_at) VALUES ($1, $2, $3, $4) \
         ON CONFLICT (document_hash) DO UPDATE SET name = excluded.name, reason = excluded.reason",
    )
    .bind(document.document_hash.to_vec())
    .bind(rows::text(&document.name))
    .bind(rows::text(&document.reason))
    .bind(now.as_micros())
    .execute(connection)
    .await?;
    Ok(())
}

fn hash8(row: &AnyRow, at: usize) -> Result<[u8; 8]> {
    let bytes: Vec<u8> = row.try_get(at)?;
    Ok(bytes.try_into().unwrap_or_default())
}

fn revision_row(row: &AnyRow) -> Result<RevisionRow> {
    Ok(RevisionRow {
        id: RevisionId(row.try_get::<i64, _>(0)? as i32),
        identity: UpdateIdentity {
            id: rows::update_id(row, 1, "revisions")?,
            revision: row.try_get::<i64, _>(2)? as u32,
        },
        document_hash: hash8(row, 3)?,
        facts: row.try_get(4)?,
        facts_version: row.try_get::<i64, _>(5)? as u32,
        core_bytes: row.try_get::<i64, _>(6)? as u32,
        arrived_at: rows::time(row, 7)?,
        stamp: row.try_get::<i64, _>(8)? as u64,
    })
}
