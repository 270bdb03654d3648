//! How the computers of the tree stood, day by day.

use sqlx::Row;

use super::ManagerStore;
use crate::{Result, rows};

/// Days that are remembered: a year, and the same month of the year before.
const DAYS_KEPT: i64 = 400;

impl ManagerStore {
    /// Days since 1970-01-01 and what was counted at their end, as JSON that the store does not look into; the oldest
    /// first.
    pub async fn compliance_days(&self) -> Result<Vec<(i64, String)>> {
        let found =
            sqlx::query("SELECT day, body FROM compliance ORDER BY day").fetch_all(&self.read).await?;
        found.iter().map(|row| Ok((row.try_get(0)?, row.try_get(1)?))).collect()
    }

    /// Keeps what was counted, in place of what was counted on that day before. Old days are forgotten.
    pub async fn keep_compliance_day(&self, day: i64, body: &str) -> Result<()> {
        let mut transaction = self.write.begin().await?;
        sqlx::query(
            "INSERT INTO compliance (day, body) VALUES ($1, $2) ON CONFLICT (day) DO UPDATE SET body = excluded.body",
        )
        .bind(day)
        .bind(rows::text(body))
        .execute(&mut *transaction)
        .await?;
        // By their number and not by the date: a clock that was wrong once must not cost them all.
        sqlx::query(
            "DELETE FROM compliance WHERE day NOT IN (SELECT day FROM compliance ORDER BY day DESC LIMIT $1)",
        )
        .bind(DAYS_KEPT)
        .execute(&mut *transaction)
        .await?;
        Ok(transaction.commit().await?)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::test_database::{TestDatabase, on_both_engines};

    on_both_engines!(the_last_count_of_a_day_is_kept_for_400_days);

    async fn the_last_count_of_a_day_is_kept_for_400_days(on: TestDatabase) {
        let store = ManagerStore::open(on.place()).await.expect("opens");
        for (day, body) in [(20_001, "b"), (20_000, "a"), (20_001, "c")] {
            store.keep_compliance_day(day, body).await.expect("writes");
        }
        let days = store.compliance_days().await.expect("reads");
        assert_eq!(days, [(20_000, "a".to_owned()), (20_001, "c".to_owned())]);
        for day in 20_002..=20_400 {
            store.keep_compliance_day(day, "d").await.expect("writes");
        }
        let days = store.compliance_days().await.expect("reads");
        assert_eq!((days.len(), days[0].0, days[399].0), (400, 20_001, 20_400));
    }
}
