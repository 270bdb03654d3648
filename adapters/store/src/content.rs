//! The files of updates: which SHA-256 stands behind a SHA-1, where a file can be fetched, and what
//! came of it.

use headwater_model::{Sha1Digest, Sha256Digest, Timestamp};
use headwater_policy::content::{Attempt, Failure};
use sqlx::any::AnyRow;
use sqlx::{AnyConnection, Row};

use crate::{Error, Result, Store, rows};

const TABLE: &str = "content_files";

/// A file in the content folder.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct HeldFile {
    pub sha1: Sha1Digest,
    /// As it was computed when the file arrived: an old document announces none.
    pub sha256: Sha256Digest,
    pub size_bytes: u64,
}

/// What is known of a file that is not in the content folder.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AbsentFile {
    pub sha1: Sha1Digest,
    /// The URL to fetch it from.
    pub source: Option<String>,
    pub last: Option<Attempt>,
    /// Why the last attempt failed, or where the file went, in a sentence.
    pub because: Option<String>,
}

impl Store {
    /// Every file in the content folder.
    pub async fn held_files(&self) -> Result<Vec<HeldFile>> {
        let sql = "SELECT sha1, sha256, size_bytes FROM content_files WHERE held_since IS NOT NULL";
        let found = sqlx::query(sql).fetch_all(&self.read).await?;
        found.iter().map(held_file).collect()
    }

    /// Notes that files are in the content folder, verified.
    pub async fn hold_files(&self, files: &[HeldFile], now: Timestamp) -> Result<()> {
        let mut transaction = self.write.begin().await?;
        for file in files {
            sqlx::query(
                "INSERT INTO content_files (sha1, sha256, size_bytes, held_since, requested, failures) \
                 VALUES ($1, $2, $3, $4, 0, 0) \
                 ON CONFLICT (sha1) DO UPDATE SET sha256 = excluded.sha256, \
                 size_bytes = excluded.size_bytes, held_since = excluded.held_since, \
                 failure = NULL, failures = 0, failed_at = NULL, failed_because = NULL",
            )
            .bind(file.sha1.as_bytes().to_vec())
            .bind(file.sha256.as_bytes().to_vec())
            .bind(file.size_bytes as i64)
            .bind(now.as_micros())
            .execute(&mut *transaction)
            .await?;
        }
        transaction.commit().await?;
        Ok(())
    }

    /// Notes that a file is no longer in the content folder, and why.
    pub async fn lose_file(&self, sha1: Sha1Digest, because: &str) -> Result<()> {
        sqlx::query(
            "UPDATE content_files SET sha256 = NULL, size_bytes = NULL, held_since = NULL, \
             failed_because = $2 WHERE sha1 = $1",
        )
        .bind(sha1.as_bytes().to_vec())
        .bind(rows::text(because))
        .execute(&self.write)
        .await?;
        Ok(())
    }

    /// Those of the files of which anything is known and which are not in the content folder.
    pub async fn absent_files(&self, of: &[Sha1Digest]) -> Result<Vec<AbsentFile>> {
        let sql = "SELECT sha1, source, failure, failures, failed_at, failed_because FROM content_files \
                   WHERE held_since IS NULL AND sha1 IN (..)";
        self.of_digests(sql, of).await?.iter().map(absent_file).collect()
    }

    /// Those of the files whose source is known, with it.
    pub async fn sources(&self, of: &[Sha1Digest]) -> Result<Vec<(Sha1Digest, String)>> {
        let sql = "SELECT sha1, source FROM content_files WHERE source IS NOT NULL AND sha1 IN (..)";
        let found = self.of_digests(sql, of).await?;
        found.iter().map(|row| Ok((sha1(row, 0)?, row.try_get(1)?))).collect()
    }

    async fn of_digests(&self, sql: &str, digests: &[Sha1Digest]) -> Result<Vec<AnyRow>> {
        let mut connection = self.read.acquire().await?;
        let keys = digests.iter().map(|sha1| sha1.as_bytes().to_vec());
        rows::select_in(&mut connection, sql, keys).await
    }

    /// Remembers where files can be fetched, in place of where that was before. A new place is asked at
    /// once, whatever failed at the old one.
    pub async fn add_sources(&self, sources: &[(Sha1Digest, String)]) -> Result<()> {
        let mut transaction = self.write.begin().await?;
        for (sha1, url) in sources {
            sqlx::query(
                "INSERT INTO content_files (sha1, source, requested, failures) VALUES ($1, $2, 0, 0) \
                 ON CONFLICT (sha1) DO UPDATE SET source = excluded.source, \
                 failure = NULL, failures = 0, failed_at = NULL, failed_because = NULL \
                 WHERE content_files.source IS NULL OR content_files.source <> excluded.source",
            )
            .bind(sha1.as_bytes().to_vec())
            .bind(rows::text(url))
            .execute(&mut *transaction)
            .await?;
        }
        transaction.commit().await?;
        Ok(())
    }

    /// Notes that a file did not arrive. `last` replaces what is known of earlier attempts.
    pub async fn fetch_failed(&self, sha1: Sha1Digest, last: Attempt, because: &str) -> Result<()> {
        sqlx::query(
            "INSERT INTO content_files (sha1, requested, failure, failures, failed_at, failed_because) \
             VALUES ($1, 0, $2, $3, $4, $5) \
             ON CONFLICT (sha1) DO UPDATE SET failure = excluded.failure, failures = excluded.failures, \
             failed_at = excluded.failed_at, failed_because = excluded.failed_because",
        )
        .bind(sha1.as_bytes().to_vec())
        .bind(failure_number(last.failure))
        .bind(i64::from(last.failures))
        .bind(last.at.as_micros())
        .bind(rows::text(because))
        .execute(&self.write)
        .await?;
        Ok(())
    }

    /// Remembers that a lower server asked for files ([MS-WSUSSS] 3.1.4.11).
    pub async fn request_files(&self, files: &[Sha1Digest]) -> Result<()> {
        let mut transaction = self.write.begin().await?;
        for sha1 in files {
            request(&mut transaction, *sha1).await?;
        }
        transaction.commit().await?;
        Ok(())
    }

    /// The files that lower servers asked for, whether or not they are here.
    pub async fn requested_files(&self) -> Result<Vec<Sha1Digest>> {
        let sql = "SELECT sha1 FROM content_files WHERE requested = 1";
        let found = sqlx::query(sql).fetch_all(&self.read).await?;
        found.iter().map(|row| sha1(row, 0)).collect()
    }
}

/// Lets every file be asked for again at once.
pub(crate) async fn forget_failures(connection: &mut AnyConnection) -> Result<()> {
    let sql = "UPDATE content_files SET failure = NULL, failures = 0, failed_at = NULL, \
               failed_because = NULL WHERE failure IS NOT NULL";
    sqlx::query(sql).execute(connection).await?;
    Ok(())
}

async fn request(connection: &mut AnyConnection, sha1: Sha1Digest) -> Result<()> {
    sqlx::query(
        "INSERT INTO content_files (sha1, requested, failures) VALUES ($1, 1, 0) \
         ON CONFLICT (sha1) DO UPDATE SET requested = 1",
    )
    .bind(sha1.as_bytes().to_vec())
    .execute(connection)
    .await?;
    Ok(())
}

fn failure_number(failure: Failure) -> i64 {
    match failure {
        Failure::Interrupted => 1,
        Failure::NotThere => 2,
        Failure::WrongBytes => 3,
        Failure::DiskFull => 4,
        Failure::NotYet => 5,
    }
}

fn failure(number: i64) -> Result<Failure> {
    match number {
        1 => Ok(Failure::Interrupted),
        2 => Ok(Failure::NotThere),
        3 => Ok(Failure::WrongBytes),
        4 => Ok(Failure::DiskFull),
        5 => Ok(Failure::NotYet),
        other => Err(Error::Row { table: TABLE, reason: format!("no failure has the number {other}") }),
    }
}

fn sha1(row: &AnyRow, at: usize) -> Result<Sha1Digest> {
    let bytes: Vec<u8> = row.try_get(at)?;
    bytes.as_slice().try_into().map_err(wrong_digest)
}

fn wrong_digest(error: headwater_model::DigestError) -> Error {
    Error::Row { table: TABLE, reason: error.to_string() }
}

fn held_file(row: &AnyRow) -> Result<HeldFile> {
    let sha256: Vec<u8> = row.try_get(1)?;
    Ok(HeldFile {
        sha1: sha1(row, 0)?,
        sha256: sha256.as_slice().try_into().map_err(wrong_digest)?,
        size_bytes: row.try_get::<i64, _>(2)? as u64,
    })
}

fn absent_file(row: &AnyRow) -> Result<AbsentFile> {
    let failed: Option<i64> = row.try_get(2)?;
    let last = match (failed, rows::optional_time(row, 4)?) {
        (Some(number), Some(at)) => {
            let failures: i64 = row.try_get(3)?;
            Some(Attempt {
                failure: failure(number)?,
                failures: u32::try_from(failures).unwrap_or(u32::MAX),
                at,
            })
        }
        _ => None,
    };
    Ok(AbsentFile { sha1: sha1(row, 0)?, source: row.try_get(1)?, last, because: row.try_get(5)? })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::test_database::{TestDatabase, on_both_engines};

    on_both_engines!(
        a_file_is_held_until_it_is_lost,
        a_source_keeps_its_failures_and_a_new_one_begins_anew,
        a_request_outlives_the_arrival_of_its_file,
        many_files_are_asked_for_at_once,
    );

    fn name(n: u8) -> Sha1Digest {
        Sha1Digest([n; 20])
    }

    fn held(n: u8) -> HeldFile {
        HeldFile { sha1: name(n), sha256: Sha256Digest([n; 32]), size_bytes: u64::from(n) << 33 }
    }

    const FAILED: Attempt = Attempt { failure: Failure::WrongBytes, failures: 2, at: Timestamp::EPOCH };

    async fn a_file_is_held_until_it_is_lost(on: TestDatabase) {
        let store = on.open().await;
        store.hold_files(&[held(1), held(2)], Timestamp::EPOCH).await.expect("held");
        store.hold_files(&[HeldFile { size_bytes: 5, ..held(1) }], Timestamp::EPOCH).await.expect("held");
        let mut files = store.held_files().await.expect("files");
        files.sort_by_key(|file| file.sha1);
        assert_eq!(files, [HeldFile { size_bytes: 5, ..held(1) }, held(2)]);
        assert_eq!(store.absent_files(&[name(1)]).await.expect("files"), []);

        store.lose_file(name(1), "it is gone").await.expect("lost");
        assert_eq!(store.held_files().await.expect("files"), [held(2)]);
        let absent = store.absent_files(&[name(1), name(2), name(3)]).await.expect("files");
        let because = Some("it is gone".to_owned());
        assert_eq!(absent, [AbsentFile { sha1: name(1), source: None, last: None, because }]);
    }

    async fn a_source_keeps_its_failures_and_a_new_one_begins_anew(on: TestDatabase) {
        let store = on.open().await;
        let of = async || store.absent_files(&[name(1)]).await.expect("files").pop().expect("a file");
        let source = |url: &str| [(name(1), url.to_owned())];
        store.add_sources(&source("http://a/1")).await.expect("added");
        store.fetch_failed(name(1), FAILED, "wrong").await.expect("noted");
        store.add_sources(&source("http://a/1")).await.expect("added");
        assert_eq!((of().await.last, of().await.because.as_deref()), (Some(FAILED), Some("wrong")));
        store.add_sources(&source("http://b/1")).await.expect("added");
        let absent = of().await;
        assert_eq!((absent.source.as_deref(), absent.last, absent.because), (Some("http://b/1"), None, None));

        store.fetch_failed(name(1), FAILED, "wrong").await.expect("noted");
        store.hold_files(&[held(1)], Timestamp::EPOCH).await.expect("held");
        store.lose_file(name(1), "it is gone").await.expect("lost");
        assert_eq!(of().await.last, None, "what arrived has not failed");
    }

    async fn a_request_outlives_the_arrival_of_its_file(on: TestDatabase) {
        let store = on.open().await;
        store.hold_files(&[held(1)], Timestamp::EPOCH).await.expect("held");
        store.request_files(&[name(1), name(2), name(2)]).await.expect("requested");
        store.hold_files(&[held(2)], Timestamp::EPOCH).await.expect("held");
        let mut requested = store.requested_files().await.expect("files");
        requested.sort();
        assert_eq!(requested, [name(1), name(2)]);
    }

    async fn many_files_are_asked_for_at_once(on: TestDatabase) {
        let store = on.open().await;
        let digest = |n: u32| {
            let mut bytes = [0; 20];
            bytes[..4].copy_from_slice(&n.to_be_bytes());
            Sha1Digest(bytes)
        };
        let all: Vec<Sha1Digest> = (0..1_201).map(digest).collect();
        let sources: Vec<_> = all.iter().map(|sha1| (*sha1, format!("http://a/{sha1}"))).collect();
        store.add_sources(&sources).await.expect("added");
        assert_eq!(store.absent_files(&all).await.expect("files").len(), 1_201);
    }

    #[test]
    fn every_failure_has_a_number() {
        for known in
            [Failure::NotYet, Failure::Interrupted, Failure::NotThere, Failure::WrongBytes, Failure::DiskFull]
        {
            assert_eq!(failure(failure_number(known)).expect("known"), known);
        }
        assert!(failure(0).is_err());
    }
}
