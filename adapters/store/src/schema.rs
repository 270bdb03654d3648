//! Migrations: frozen files, applied in order, each in its own transaction.

use sqlx::{AnyPool, Executor, Row};

use crate::{Error, Result};

/// The migrations in order. The next version goes at the end, in a file of its own.
const MIGRATIONS: [&str; 6] = [
    include_str!("../migrations/0001_first.sql"),
    include_str!("../migrations/0002_status.sql"),
    include_str!("../migrations/0003_content.sql"),
    include_str!("../migrations/0004_upstream.sql"),
    include_str!("../migrations/0005_upstream_trust.sql"),
    include_str!("../migrations/0006_rollup.sql"),
];

/// The version that a database has. One newer than this program is refused.
pub(crate) async fn version(pool: &AnyPool) -> Result<i64> {
    let row = sqlx::query("SELECT COALESCE(MAX(version), 0) FROM schema_versions").fetch_one(pool).await?;
    let found: i64 = row.try_get(0)?;
    let known = MIGRATIONS.len() as i64;
    if found > known { Err(Error::NewerSchema { found, known }) } else { Ok(found) }
}

/// Applies what is missing.
pub(crate) async fn migrate(pool: &AnyPool) -> Result<()> {
    pool.execute("CREATE TABLE IF NOT EXISTS schema_versions (version BIGINT PRIMARY KEY)").await?;
    let found = version(pool).await?;
    for (version, statements) in (1..).zip(MIGRATIONS).skip(found as usize) {
        let mut transaction = pool.begin().await?;
        (&mut *transaction).execute(statements).await?;
        sqlx::query("INSERT INTO schema_versions (version) VALUES ($1)")
            .bind(version)
            .execute(&mut *transaction)
            .await?;
        transaction.commit().await?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Store, open_pool};

    #[tokio::test]
    async fn a_backup_leaves_the_schema_as_it_is() {
        let folder = tempfile::tempdir().expect("a folder");
        let (file, copy) = (folder.path().join("a.sqlite"), folder.path().join("b.sqlite"));
        Store::open(&file).await.expect("opens").close().await;
        // As an older program left it, which still runs.
        let running = open_pool(&file).await.expect("opens");
        running.execute("DELETE FROM schema_versions WHERE version > 2").await.expect("writes");

        Store::back_up(&file, &copy).await.expect("copies");
        for file in [&file, &copy] {
            let pool = open_pool(file).await.expect("opens");
            assert_eq!(version(&pool).await.expect("reads"), 2, "{}", file.display());
        }
        running.execute("INSERT INTO schema_versions (version) VALUES (1000)").await.expect("writes");
        let refused = Store::back_up(&file, &folder.path().join("c.sqlite")).await;
        assert!(matches!(refused, Err(Error::NewerSchema { found: 1000, .. })));
    }
}
