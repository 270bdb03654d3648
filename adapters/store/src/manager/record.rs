//! How far the record has come, and with which data folder.

use sqlx::Row;

use super::ManagerStore;
use crate::{Result, rows};

impl ManagerStore {
    /// The number of the last row of the record. It never goes back, unless the database does.
    pub async fn record_end(&self) -> Result<i64> {
        let sql = "SELECT COALESCE(MAX(audit_id), 0) FROM audit";
        Ok(sqlx::query(sql).fetch_one(&self.read).await?.try_get(0)?)
    }

    /// The data folder that the database was last used with; absent where it was with none.
    pub async fn data_folder(&self) -> Result<Option<String>> {
        let row = sqlx::query("SELECT id FROM data_folder").fetch_optional(&self.read).await?;
        Ok(row.map(|row| row.try_get(0)).transpose()?)
    }

    pub async fn use_with_data_folder(&self, id: &str) -> Result<()> {
        sqlx::query(
            "INSERT INTO data_folder (one, id) VALUES (1, $1) ON CONFLICT (one) DO UPDATE SET id = excluded.id",
        )
        .bind(rows::text(id))
        .execute(&self.write)
        .await?;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use headwater_model::Timestamp;

    use super::super::AuditRow;
    use super::*;
    use crate::test_database::{TestDatabase, on_both_engines};

    on_both_engines!(the_record_has_an_end_and_a_data_folder);

    async fn the_record_has_an_end_and_a_data_folder(on: TestDatabase) {
        let store = ManagerStore::open(on.place()).await.expect("opens");
        assert_eq!(
            (store.record_end().await.expect("reads"), store.data_folder().await.expect("reads")),
            (0, None)
        );
        for id in ["one", "two"] {
            store.audit(&AuditRow::of(Timestamp::EPOCH, "ada", "link", "top")).await.expect("writes");
            store.use_with_data_folder(id).await.expect("writes");
        }
        assert_eq!(store.record_end().await.expect("reads"), 2);
        assert_eq!(store.data_folder().await.expect("reads").as_deref(), Some("two"));
    }
}
