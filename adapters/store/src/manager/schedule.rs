//! When the tree is synchronised by itself.

use headwater_model::Timestamp;
use sqlx::Row;

use super::{AuditRow, ManagerStore, audit};
use crate::{Result, rows};

/// What the record calls it.
const SET: &str = "set schedule";

impl ManagerStore {
    /// The schedule as JSON, which the store does not look into.
    pub async fn schedule(&self) -> Result<Option<String>> {
        let row = sqlx::query("SELECT body FROM schedule").fetch_optional(&self.read).await?;
        Ok(row.map(|row| row.try_get(0)).transpose()?)
    }

    /// When it was last set or taken away.
    pub async fn schedule_set_at(&self) -> Result<Option<Timestamp>> {
        let sql = "SELECT at FROM audit WHERE what = $1 ORDER BY audit_id DESC LIMIT 1";
        let row = sqlx::query(sql).bind(SET.to_owned()).fetch_optional(&self.read).await?;
        row.as_ref().map(|row| rows::time(row, 0)).transpose()
    }

    /// Keeps a schedule in place of the one before, or none.
    pub async fn set_schedule(&self, body: Option<&str>, by: &str, now: Timestamp) -> Result<()> {
        let mut transaction = self.write.begin().await?;
        let row = sqlx::query("SELECT body FROM schedule").fetch_optional(&mut *transaction).await?;
        let before: Option<String> = row.map(|row| row.try_get(0)).transpose()?;
        sqlx::query("DELETE FROM schedule").execute(&mut *transaction).await?;
        match body {
            Some(body) => {
                let insert = sqlx::query("INSERT INTO schedule (one, body) VALUES (1, $1)");
                insert.bind(rows::text(body)).execute(&mut *transaction).await?
            }
            // Nobody comes back to those that were left for later.
            None => sqlx::query("DELETE FROM left_servers").execute(&mut *transaction).await?,
        };
        let after = body.map(str::to_owned);
        audit(&mut transaction, &AuditRow { before, after, ..AuditRow::of(now, by, SET, "") }).await?;
        transaction.commit().await?;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::test_database::{TestDatabase, on_both_engines};

    on_both_engines!(one_schedule_is_kept);

    async fn one_schedule_is_kept(on: TestDatabase) {
        let store = ManagerStore::open(on.place()).await.expect("opens");
        assert_eq!(store.schedule().await.expect("reads"), None);
        assert_eq!(store.schedule_set_at().await.expect("reads"), None);
        for body in [Some("first"), Some("second"), None] {
            store.set_schedule(body, "ada", Timestamp::EPOCH).await.expect("writes");
            assert_eq!(store.schedule().await.expect("reads").as_deref(), body);
        }
        assert_eq!(store.schedule_set_at().await.expect("reads"), Some(Timestamp::EPOCH));
        let audited = store.last_audited(None, 1).await.expect("reads").remove(0);
        assert_eq!((audited.before.as_deref(), audited.after), (Some("second"), None));
    }
}
