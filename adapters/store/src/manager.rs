//! The database of a managing server.

mod appearances;
mod audited;
mod clean_up;
mod compliance;
mod halts;
mod host_groups;
mod record;
mod relink;
mod schedule;
mod server_settings;
mod sightings;
mod trust;

pub use clean_up::SeenStanding;
pub use halts::HaltRow;
pub use host_groups::{AppliedPlanRow, HostGroupRow, NewHostGroupRow};
pub use relink::{RelinkRow, SucceedingRow};
pub use server_settings::ServerSettingsRow;
pub use sightings::{KeptSince, SightingRow};
pub use trust::RevocationRow;

use std::path::Path;

use headwater_model::{LinkageId, ServerId, Timestamp};
use sqlx::any::AnyRow;
use sqlx::{AnyConnection, AnyPool, Row};

use crate::operators::Record;
use crate::{Operators, Place, Result, open, rows, schema};

/// A handle on the database; clones share it.
#[derive(Debug, Clone)]
pub struct ManagerStore {
    read: AnyPool,
    write: AnyPool,
}

/// A Linkage that was paired.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LinkageRow {
    pub linkage: LinkageId,
    /// An uncompressed point of P-256.
    pub public_key: Vec<u8>,
    /// The WSUS that it speaks for.
    pub server: ServerId,
    pub name: String,
    pub paired_by: String,
    pub paired_at: Timestamp,
    /// When its certificate runs out; absent where that is not known.
    pub certificate_until: Option<Timestamp>,
}

/// The way to the linked WSUS.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LinkRow {
    /// Of the top server's Linkage.
    pub url: String,
    pub linkage: LinkageId,
    /// Why nothing is written until an administrator confirms what differs.
    pub review: Option<String>,
}

/// A run of the synchronisation command.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SyncRunRow {
    pub run: i64,
    pub started_by: String,
    pub started_at: Timestamp,
    pub finished_at: Option<Timestamp>,
    /// JSON, which the store does not look into.
    pub report: String,
    /// It was to change nothing.
    pub is_dry: bool,
}

/// What an operator did.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AuditRow {
    pub at: Timestamp,
    pub operator: String,
    pub what: String,
    /// To what.
    pub detail: String,
    /// What was there before, for people.
    pub before: Option<String>,
    /// What is there now.
    pub after: Option<String>,
}

/// What a run of the synchronisation command does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RunKind {
    Writes,
    /// It only compares.
    Dry,
}

impl RunKind {
    /// Runs of this kind that are remembered: those that only compare push out no other.
    fn kept(self) -> i64 {
        match self {
            Self::Writes => 1_000,
            Self::Dry => 50,
        }
    }
}

impl ManagerStore {
    /// Opens or creates the database and brings its schema up to date.
    pub async fn open(place: &Place) -> Result<Self> {
        let (read, write) = open(place, &schema::MANAGER).await?;
        Ok(Self { read, write })
    }

    /// The same as [`Store::back_up`](crate::Store::back_up).
    pub async fn back_up(place: &Place, target: &Path) -> Result<()> {
        crate::copy(place, target, &schema::MANAGER).await
    }

    /// Waits for what is being written and closes the database.
    pub async fn close(&self) {
        self.read.close().await;
        self.write.close().await;
    }

    /// Who may administer this server.
    pub fn operators(&self) -> Operators {
        Operators::new(&self.read, &self.write, Record::Audit)
    }

    /// The authority's key and certificate: those given, unless there are some.
    pub async fn authority(
        &self,
        secret: &[u8],
        certificate: &[u8],
        now: Timestamp,
    ) -> Result<(Vec<u8>, Vec<u8>)> {
        let mut transaction = self.write.begin().await?;
        sqlx::query(
            "INSERT INTO authority (one, secret, certificate, created_at) VALUES (1, $1, $2, $3) \
             ON CONFLICT (one) DO NOTHING",
        )
        .bind(secret.to_vec())
        .bind(certificate.to_vec())
        .bind(now.as_micros())
        .execute(&mut *transaction)
        .await?;
        let row =
            sqlx::query("SELECT secret, certificate FROM authority").fetch_one(&mut *transaction).await?;
        transaction.commit().await?;
        Ok((row.try_get(0)?, row.try_get(1)?))
    }

    /// The Linkages that were paired, by name.
    pub async fn linkages(&self) -> Result<Vec<LinkageRow>> {
        let sql = "SELECT linkage_id, public_key, server_id, name, paired_by, paired_at, certificate_until \
                   FROM linkages ORDER BY name, linkage_id";
        sqlx::query(sql).fetch_all(&self.read).await?.iter().map(linkage).collect()
    }

    /// Adds a Linkage, in place of an earlier one of the same WSUS. With a URL it becomes the way to the
    /// linked WSUS, unless there is one.
    pub async fn add_linkage(&self, new: &LinkageRow, url: Option<&str>) -> Result<()> {
        let mut transaction = self.write.begin().await?;
        sqlx::query(
            "DELETE FROM linkages WHERE (server_id = $1 OR linkage_id = $2) AND linkage_id NOT IN \
                     (SELECT linkage_id FROM link)",
        )
        .bind(new.server.as_bytes().to_vec())
        .bind(new.linkage.as_bytes().to_vec())
        .execute(&mut *transaction)
        .await?;
        insert_linkage(&mut transaction, new).await?;
        if let Some(url) = url {
            sqlx::query("INSERT INTO link (one, url, linkage_id) VALUES (1, $1, $2)")
                .bind(url.to_owned())
                .bind(new.linkage.as_bytes().to_vec())
                .execute(&mut *transaction)
                .await?;
        }
        let what = if url.is_some() { "link" } else { "pair" };
        let row = AuditRow {
            after: Some(url.map_or_else(|| "paired".to_owned(), |url| format!("linked through {url}"))),
            ..AuditRow::of(new.paired_at, &new.paired_by, what, &new.name)
        };
        audit(&mut transaction, &row).await?;
        transaction.commit().await?;
        Ok(())
    }

    pub async fn link(&self) -> Result<Option<LinkRow>> {
        let row = sqlx::query("SELECT url, linkage_id, review FROM link").fetch_optional(&self.read).await?;
        let link = |row: AnyRow| {
            Ok(LinkRow { url: row.try_get(0)?, linkage: linkage_id(&row, 1)?, review: row.try_get(2)? })
        };
        row.map(link).transpose()
    }

    /// Lets nothing be written to the linked WSUS until an administrator confirms.
    pub async fn begin_review(&self, reason: &str) -> Result<()> {
        let sql = "UPDATE link SET review = $1";
        sqlx::query(sql).bind(rows::text(reason)).execute(&self.write).await?;
        Ok(())
    }

    /// An administrator has seen what differs.
    pub async fn end_review(&self, by: &str, now: Timestamp) -> Result<()> {
        let mut transaction = self.write.begin().await?;
        sqlx::query("UPDATE link SET review = NULL").execute(&mut *transaction).await?;
        let row = AuditRow {
            before: Some("nothing is written after a restore".to_owned()),
            after: Some("confirmed".to_owned()),
            ..AuditRow::of(now, by, "end review", "")
        };
        audit(&mut transaction, &row).await?;
        transaction.commit().await?;
        Ok(())
    }

    /// The linked Linkage has another address.
    pub async fn move_link(&self, url: &str) -> Result<()> {
        sqlx::query("UPDATE link SET url = $1").bind(url.to_owned()).execute(&self.write).await?;
        Ok(())
    }

    /// Forgets the link and all Linkages. Host groups forget which WSUS groups are theirs.
    pub async fn unlink(&self, by: &str, now: Timestamp) -> Result<()> {
        let mut transaction = self.write.begin().await?;
        let linked = sqlx::query("SELECT url FROM link").fetch_optional(&mut *transaction).await?;
        let url: Option<String> = linked.map(|row| row.try_get(0)).transpose()?;
        for sql in [
            "DELETE FROM link",
            "DELETE FROM linkages",
            "DELETE FROM mirror",
            "DELETE FROM halts",
            "DELETE FROM update_standings",
            "DELETE FROM clean_up",
            "DELETE FROM sightings",
            "DELETE FROM appearances",
            "DELETE FROM compliance",
            "DELETE FROM server_settings",
            "DELETE FROM left_servers",
            "UPDATE host_groups SET wsus_group = NULL, recreating = NULL, replaced = NULL",
        ] {
            sqlx::query(sql).execute(&mut *transaction).await?;
        }
        let before = url.map(|url| format!("linked through {url}"));
        audit(&mut transaction, &AuditRow { before, ..AuditRow::of(now, by, "unlink", "") }).await?;
        transaction.commit().await?;
        Ok(())
    }

    /// Begins a run of the synchronisation command, and forgets very old ones of its kind.
    pub async fn begin_sync_run(&self, kind: RunKind, by: &str, now: Timestamp) -> Result<i64> {
        let is_dry = i64::from(kind == RunKind::Dry);
        let mut transaction = self.write.begin().await?;
        let row = sqlx::query(
            "INSERT INTO sync_runs (started_by, started_at, report, dry_run) VALUES ($1, $2, '', $3) \
             RETURNING run_id",
        )
        .bind(rows::text(by))
        .bind(now.as_micros())
        .bind(is_dry)
        .fetch_one(&mut *transaction)
        .await?;
        let run: i64 = row.try_get(0)?;
        let sql = "DELETE FROM sync_runs WHERE dry_run = $1 AND run_id NOT IN \
                   (SELECT run_id FROM sync_runs WHERE dry_run = $1 ORDER BY run_id DESC LIMIT $2)";
        sqlx::query(sql).bind(is_dry).bind(kind.kept()).execute(&mut *transaction).await?;
        transaction.commit().await?;
        Ok(run)
    }

    pub async fn end_sync_run(&self, run: i64, report: &str, now: Timestamp) -> Result<()> {
        sqlx::query("UPDATE sync_runs SET finished_at = $1, report = $2 WHERE run_id = $3")
            .bind(now.as_micros())
            .bind(rows::text(report))
            .bind(run)
            .execute(&self.write)
            .await?;
        Ok(())
    }

    /// The last runs before a number, the newest first.
    pub async fn sync_runs_before(&self, before: i64, limit: u32) -> Result<Vec<SyncRunRow>> {
        let sql = "SELECT run_id, started_by, started_at, finished_at, report, dry_run FROM sync_runs \
                   WHERE run_id < $1 ORDER BY run_id DESC LIMIT $2";
        let found = sqlx::query(sql).bind(before).bind(i64::from(limit)).fetch_all(&self.read).await?;
        found.iter().map(sync_run).collect()
    }

    /// The last runs before a number that did more than compare, the newest first.
    pub async fn writing_runs_before(&self, before: i64, limit: u32) -> Result<Vec<SyncRunRow>> {
        let sql = "SELECT run_id, started_by, started_at, finished_at, report, dry_run FROM sync_runs \
                   WHERE run_id < $1 AND dry_run = 0 ORDER BY run_id DESC LIMIT $2";
        let found = sqlx::query(sql).bind(before).bind(i64::from(limit)).fetch_all(&self.read).await?;
        found.iter().map(sync_run).collect()
    }

    /// All runs that are kept, the newest first, without their reports.
    pub async fn sync_run_heads(&self) -> Result<Vec<SyncRunRow>> {
        let sql = "SELECT run_id, started_by, started_at, finished_at, CAST('' AS TEXT), dry_run FROM sync_runs ORDER BY run_id DESC";
        sqlx::query(sql).fetch_all(&self.read).await?.iter().map(sync_run).collect()
    }

    /// One run, if it is kept.
    pub async fn sync_run(&self, run: i64) -> Result<Option<SyncRunRow>> {
        let sql = "SELECT run_id, started_by, started_at, finished_at, report, dry_run FROM sync_runs WHERE run_id = $1";
        let found = sqlx::query(sql).bind(run).fetch_optional(&self.read).await?;
        found.as_ref().map(sync_run).transpose()
    }

    /// Keeps a part of the mirror in place of the one before.
    pub async fn keep_mirror(&self, part: &str, body: &[u8], read_at: Timestamp) -> Result<()> {
        sqlx::query(
            "INSERT INTO mirror (part, read_at, body) VALUES ($1, $2, $3) \
             ON CONFLICT (part) DO UPDATE SET read_at = excluded.read_at, body = excluded.body",
        )
        .bind(part.to_owned())
        .bind(read_at.as_micros())
        .bind(body.to_vec())
        .execute(&self.write)
        .await?;
        Ok(())
    }

    /// A part of the mirror, as it was last kept.
    pub async fn mirror(&self, part: &str) -> Result<Option<Vec<u8>>> {
        let sql = "SELECT body FROM mirror WHERE part = $1";
        let row = sqlx::query(sql).bind(part.to_owned()).fetch_optional(&self.read).await?;
        Ok(row.map(|row| row.try_get(0)).transpose()?)
    }

    /// Whether an operator did anything from one moment to another.
    pub async fn has_acted(&self, operator: &str, from: Timestamp, until: Timestamp) -> Result<bool> {
        let sql = "SELECT audit_id FROM audit WHERE operator = $1 AND at BETWEEN $2 AND $3 LIMIT 1";
        let found = sqlx::query(sql)
            .bind(rows::text(operator))
            .bind(from.as_micros())
            .bind(until.as_micros())
            .fetch_optional(&self.read)
            .await?;
        Ok(found.is_some())
    }

    /// Records what an operator did.
    pub async fn audit(&self, row: &AuditRow) -> Result<()> {
        self.audit_all(std::slice::from_ref(row)).await
    }

    /// The same of what was done together.
    pub async fn audit_all(&self, rows: &[AuditRow]) -> Result<()> {
        let mut transaction = self.write.begin().await?;
        for row in rows {
            audit(&mut transaction, row).await?;
        }
        transaction.commit().await?;
        Ok(())
    }
}

impl AuditRow {
    /// Without what was there before and after.
    pub fn of(at: Timestamp, by: &str, what: &str, detail: &str) -> Self {
        let (operator, what, detail) = (by.to_owned(), what.to_owned(), detail.to_owned());
        Self { at, operator, what, detail, before: None, after: None }
    }
}

/// Adds to the record, in the transaction that makes the change.
pub(crate) async fn audit(connection: &mut AnyConnection, row: &AuditRow) -> Result<()> {
    sqlx::query(
        "INSERT INTO audit (at, operator, what, detail, before, after) VALUES ($1, $2, $3, $4, $5, $6)",
    )
    .bind(row.at.as_micros())
    .bind(rows::text(&row.operator))
    .bind(row.what.clone())
    .bind(rows::text(&row.detail))
    .bind(row.before.as_deref().map(rows::text))
    .bind(row.after.as_deref().map(rows::text))
    .execute(connection)
    .await?;
    Ok(())
}

fn linkage_id(row: &AnyRow, at: usize) -> Result<LinkageId> {
    rows::id16(row, at, "linkages").map(LinkageId::from_bytes)
}

fn linkage(row: &AnyRow) -> Result<LinkageRow> {
    Ok(LinkageRow {
        linkage: linkage_id(row, 0)?,
        public_key: row.try_get(1)?,
        server: rows::server_id(row, 2, "linkages")?,
        name: row.try_get(3)?,
        paired_by: row.try_get(4)?,
        paired_at: rows::time(row, 5)?,
        certificate_until: rows::optional_time(row, 6)?,
    })
}

async fn insert_linkage(connection: &mut AnyConnection, new: &LinkageRow) -> Result<()> {
    sqlx::query(
        "INSERT INTO linkages \
         (linkage_id, public_key, server_id, name, paired_by, paired_at, certificate_until) \
         VALUES ($1, $2, $3, $4, $5, $6, $7)",
    )
    .bind(new.linkage.as_bytes().to_vec())
    .bind(new.public_key.clone())
    .bind(new.server.as_bytes().to_vec())
    .bind(rows::text(&new.name))
    .bind(rows::text(&new.paired_by))
    .bind(new.paired_at.as_micros())
    .bind(new.certificate_until.map(Timestamp::as_micros))
    .execute(&mut *connection)
    .await?;
    Ok(())
}

fn sync_run(row: &AnyRow) -> Result<SyncRunRow> {
    Ok(SyncRunRow {
        run: row.try_get(0)?,
        started_by: row.try_get(1)?,
        started_at: rows::time(row, 2)?,
        finished_at: rows::optional_time(row, 3)?,
        report: row.try_get(4)?,
        is_dry: row.try_get::<i64, _>(5)? != 0,
    })
}

#[cfg(test)]
mod tests {
    use headwater_model::GroupId;

    use super::*;
    use crate::place::Purpose;
    use crate::test_database::{TestDatabase, on_both_engines};
    use crate::{Error, Store};
    use sqlx::Executor as _;

    on_both_engines!(
        runs_that_only_compare_push_out_no_other,
        a_link_is_kept_and_forgotten_with_all_its_linkages,
        each_role_refuses_the_database_of_another,
        an_authority_is_made_once,
        a_mirror_is_kept_until_the_link_is_gone,
    );

    const NOW: Timestamp = Timestamp::EPOCH;

    pub(super) fn linkage(number: u128, server: u128) -> LinkageRow {
        LinkageRow {
            linkage: LinkageId::from_u128(number),
            public_key: vec![4; 65],
            server: ServerId::from_u128(server),
            name: format!("wsus{server}"),
            paired_by: "ada".to_owned(),
            paired_at: NOW,
            certificate_until: Some(NOW.plus_seconds(1)),
        }
    }

    async fn runs_that_only_compare_push_out_no_other(on: TestDatabase) {
        let store = ManagerStore::open(on.place()).await.expect("opens");
        let begin = async |kind| store.begin_sync_run(kind, "ada", Timestamp::EPOCH).await.expect("begins");
        let first = begin(RunKind::Writes).await;
        for _ in 0..60 {
            begin(RunKind::Dry).await;
        }
        let last = begin(RunKind::Writes).await;
        let kept = store.sync_runs_before(i64::MAX, 1_000).await.expect("reads");
        let kept: Vec<i64> = kept.iter().map(|run| run.run).collect();
        let heads = store.sync_run_heads().await.expect("reads");
        assert_eq!(heads.iter().map(|run| run.run).collect::<Vec<_>>(), kept);
        assert_eq!((kept.len(), kept[0], kept[51]), (52, last, first));
        assert_eq!((kept[1], kept[50]), (last - 1, last - 50), "the last fifty of them");
        let writing = async |before| {
            let found = store.writing_runs_before(before, 10).await.expect("reads");
            found.iter().map(|run| run.run).collect::<Vec<i64>>()
        };
        assert_eq!((writing(i64::MAX).await, writing(last).await), (vec![last, first], vec![first]));
    }

    async fn a_link_is_kept_and_forgotten_with_all_its_linkages(on: TestDatabase) {
        let store = ManagerStore::open(on.place()).await.expect("opens");
        let url = "https://wsus1:8532/linkage";
        store.add_linkage(&linkage(1, 1), Some(url)).await.expect("writes");
        store.add_linkage(&linkage(2, 2), None).await.expect("writes");
        // The same WSUS with another Linkage: the earlier one is gone.
        store.add_linkage(&linkage(3, 2), None).await.expect("writes");
        assert_eq!(store.linkages().await.expect("reads"), [linkage(1, 1), linkage(3, 2)]);
        let mut link = LinkRow { url: url.to_owned(), linkage: LinkageId::from_u128(1), review: None };
        assert_eq!(store.link().await.expect("reads").as_ref(), Some(&link));
        store.begin_review("it was restored").await.expect("writes");
        link.review = Some("it was restored".to_owned());
        assert_eq!(store.link().await.expect("reads"), Some(link));
        store.end_review("ada", NOW).await.expect("writes");
        assert_eq!(store.link().await.expect("reads").and_then(|link| link.review), None);
        store.add_linkage(&linkage(4, 4), Some(url)).await.expect_err("a second link is refused");
        assert_eq!(store.linkages().await.expect("reads").len(), 2);
        store.move_link("https://wsus1:9532/linkage").await.expect("writes");
        let moved = store.link().await.expect("reads").map(|link| (link.url, link.linkage));
        assert_eq!(moved, Some(("https://wsus1:9532/linkage".to_owned(), LinkageId::from_u128(1))));

        let bound =
            NewHostGroupRow { wsus_group: Some(GroupId::from_u128(7)), ..NewHostGroupRow::named("Berlin") };
        assert!(store.add_host_group(&bound, "ada", NOW).await.expect("writes"));
        store.unlink("ada", NOW).await.expect("writes");
        assert_eq!(store.link().await.expect("reads"), None);
        assert_eq!(store.linkages().await.expect("reads"), []);
        assert_eq!(store.host_groups().await.expect("reads")[0].wsus_group, None);
    }

    async fn a_mirror_is_kept_until_the_link_is_gone(on: TestDatabase) {
        let store = ManagerStore::open(on.place()).await.expect("opens");
        store.keep_mirror("updates", b"first", NOW).await.expect("writes");
        store.keep_mirror("updates", b"second", NOW).await.expect("writes");
        assert_eq!(store.mirror("updates").await.expect("reads").as_deref(), Some(&b"second"[..]));
        assert_eq!(store.mirror("computers").await.expect("reads"), None);
        store.unlink("ada", NOW).await.expect("writes");
        assert_eq!(store.mirror("updates").await.expect("reads"), None);
        let audited = store.last_audited(None, 10).await.expect("reads");
        assert_eq!(
            audited.iter().map(|row| (&*row.operator, &*row.what)).collect::<Vec<_>>(),
            [("ada", "unlink")]
        );
    }

    async fn each_role_refuses_the_database_of_another(on: TestDatabase) {
        // It is at work meanwhile.
        let manager = ManagerStore::open(on.place()).await.expect("opens");
        let refused = Store::open(on.place()).await;
        assert!(matches!(refused, Err(Error::OfAnother { role: "a managing server" })), "{refused:?}");
        manager.close().await;
        ManagerStore::open(on.place()).await.expect("is as it was").close().await;
    }

    #[tokio::test]
    #[cfg_attr(windows, ignore = "the server of PostgreSQL is started by a shell")]
    async fn each_role_may_have_a_schema_of_one_database_of_postgres() {
        let Some(on) = TestDatabase::postgres() else { return };
        let [manager, updates] = ["manager", "updates"].map(|schema| on.place_in(schema));
        let refused = ManagerStore::open(&manager).await;
        assert!(matches!(&refused, Err(Error::NoSchema { path }) if path == "manager"), "{refused:?}");
        let mut connection = on.place().connect(Purpose::Write).await.expect("connects");
        connection.execute("CREATE SCHEMA manager; CREATE SCHEMA updates").await.expect("writes");
        // Whoever works on the whole database keeps nobody out of a schema.
        let store = ManagerStore::open(&manager).await.expect("opens");
        let other = Store::open(&updates).await.expect("opens beside it");
        let second = ManagerStore::open(&manager).await;
        assert!(matches!(second, Err(Error::InUse)), "{second:?}");
        store.close().await;
        other.close().await;
        ManagerStore::open(&manager).await.expect("is free again").close().await;
    }

    async fn an_authority_is_made_once(on: TestDatabase) {
        let store = ManagerStore::open(on.place()).await.expect("opens");
        let first = store.authority(&[1], &[2], NOW).await.expect("writes");
        let second = store.authority(&[3], &[4], NOW).await.expect("reads");
        assert_eq!((&first, &second), (&(vec![1], vec![2]), &first));
    }
}
