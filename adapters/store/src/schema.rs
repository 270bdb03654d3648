//! Migrations: frozen files, applied in order, each in its own transaction.

use sqlx::{AnyPool, Executor, Row};

use crate::{Error, Result};

/// The migrations in order. The next version goes at the end, in a file of its own.
const MIGRATIONS: [&str; 5] = [
    include_str!("../migrations/0001_first.sql"),
    include_str!("../migrations/0002_status.sql"),
    include_str!("../migrations/0003_content.sql"),
    include_str!("../migrations/0004_upstream.sql"),
    include_str!("../migrations/0005_rollup.sql"),
];

/// Applies what is missing. A schema newer than this program is refused.
pub(crate) async fn migrate(pool: &AnyPool) -> Result<()> {
    pool.execute("CREATE TABLE IF NOT EXISTS schema_versions (version BIGINT PRIMARY KEY)").await?;
    let row = sqlx::query("SELECT COALESCE(MAX(version), 0) FROM schema_versions").fetch_one(pool).await?;
    let found: i64 = row.try_get(0)?;
    let known = MIGRATIONS.len() as i64;
    if found > known {
        return Err(Error::NewerSchema { found, known });
    }
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
