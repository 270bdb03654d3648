//! Computers that were seen under another name or at another address than before.

use headwater_model::{ClientId, Timestamp};
use sqlx::Row;
use sqlx::any::AnyRow;

use super::ManagerStore;
use crate::{Error, Result, rows};

/// That a client was seen under a name, at an address.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SightingRow {
    pub client: ClientId,
    pub seen_at: Timestamp,
    pub name: String,
    pub address: String,
    /// Whether the name changed, and not the address alone.
    pub renamed: bool,
}

/// Of one client.
const KEPT_PER_CLIENT: i64 = 32;

impl ManagerStore {
    /// Adds what was seen; forgets what is older than the two times, and what one client has too many of.
    pub async fn see(
        &self,
        seen: &[SightingRow],
        renamed_since: Timestamp,
        moved_since: Timestamp,
    ) -> Result<()> {
        let mut transaction = self.write.begin().await?;
        for row in seen {
            sqlx::query(
                "INSERT INTO sightings (client_id, seen_at, name, address, renamed) \
                 VALUES ($1, $2, $3, $4, $5) \
                 ON CONFLICT (client_id, seen_at) DO UPDATE SET renamed = \
                 CASE WHEN sightings.renamed = 1 THEN 1 ELSE excluded.renamed END",
            )
            .bind(rows::text(row.client.as_str()))
            .bind(row.seen_at.as_micros())
            .bind(rows::text(&row.name))
            .bind(rows::text(&row.address))
            .bind(i64::from(row.renamed))
            .execute(&mut *transaction)
            .await?;
        }
        for client in seen.iter().map(|row| &row.client) {
            sqlx::query(
                "DELETE FROM sightings WHERE client_id = $1 AND seen_at <= (SELECT seen_at FROM sightings \
                 WHERE client_id = $1 ORDER BY seen_at DESC LIMIT 1 OFFSET $2)",
            )
            .bind(rows::text(client.as_str()))
            .bind(KEPT_PER_CLIENT)
            .execute(&mut *transaction)
            .await?;
        }
        sqlx::query("DELETE FROM sightings WHERE seen_at < $1 OR (renamed = 0 AND seen_at < $2)")
            .bind(renamed_since.as_micros())
            .bind(moved_since.as_micros())
            .execute(&mut *transaction)
            .await?;
        transaction.commit().await?;
        Ok(())
    }

    /// All sightings that are kept, by client and time.
    pub async fn sightings(&self) -> Result<Vec<SightingRow>> {
        let sql = "SELECT client_id, seen_at, name, address, renamed FROM sightings \
                   ORDER BY client_id, seen_at";
        let found = sqlx::query(sql).fetch_all(&self.read).await?;
        let damaged = |_| Error::Row { table: "sightings", reason: "a client id".to_owned() };
        let row = |row: &AnyRow| {
            Ok(SightingRow {
                client: row.try_get::<String, _>(0)?.parse().map_err(damaged)?,
                seen_at: rows::time(row, 1)?,
                name: row.try_get(2)?,
                address: row.try_get(3)?,
                renamed: row.try_get::<i64, _>(4)? != 0,
            })
        };
        found.iter().map(row).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::test_database::{TestDatabase, on_both_engines};

    on_both_engines!(sightings_are_kept_for_a_time_and_not_too_many_of_one_client);

    const NOW: Timestamp = Timestamp::EPOCH;

    async fn sightings_are_kept_for_a_time_and_not_too_many_of_one_client(on: TestDatabase) {
        let store = ManagerStore::open(on.place()).await.expect("opens");
        let seen = |client: &str, second: i64, renamed: bool| SightingRow {
            client: client.parse().expect("an id"),
            seen_at: NOW.plus_seconds(second),
            name: "pc1".to_owned(),
            address: "192.0.2.1".to_owned(),
            renamed,
        };
        let see = async |rows: &[SightingRow], renamed_since: i64, moved_since: i64| {
            let since = |second| NOW.plus_seconds(second);
            store.see(rows, since(renamed_since), since(moved_since)).await.expect("writes");
            let kept = store.sightings().await.expect("reads").into_iter();
            kept.map(|row| (row.client.to_string(), row.seen_at.as_micros() / 1_000_000)).collect::<Vec<_>>()
        };
        let all = [seen("a", 10, true), seen("a", 20, false), seen("b", 30, true)];
        let expected = |of: &[(&str, i64)]| {
            of.iter().map(|(client, at)| ((*client).to_owned(), *at)).collect::<Vec<_>>()
        };
        assert_eq!(see(&all, 0, 0).await, expected(&[("a", 10), ("a", 20), ("b", 30)]));
        // Seen once more at the same moment, it has changed its name after all.
        let again = [seen("a", 20, true)];
        assert_eq!(see(&again, 0, 25).await, expected(&[("a", 10), ("a", 20), ("b", 30)]));
        assert_eq!(see(&[], 15, 40).await, expected(&[("a", 20), ("b", 30)]));
        let many: Vec<SightingRow> = (0..40).map(|number| seen("c", 100 + number, false)).collect();
        let kept = see(&many, 0, 0).await;
        assert_eq!((kept.len(), kept.last()), (2 + 32, Some(&("c".to_owned(), 139))));
        assert_eq!(kept[2], ("c".to_owned(), 108));
    }
}
