//! Computers whose server does not tell when they first contacted it: when it was last read without them.

use std::collections::HashMap;

use headwater_model::{ClientId, ServerId, Timestamp};
use sqlx::Row;

use super::ManagerStore;
use crate::{Error, Result, rows};

impl ManagerStore {
    /// Adds computers that were absent at a time and are there now, unless they are known already; forgets what is
    /// older than `since`.
    pub async fn appear(
        &self,
        new: &[(ServerId, ClientId)],
        absent_at: Timestamp,
        since: Timestamp,
    ) -> Result<()> {
        let mut transaction = self.write.begin().await?;
        for (server, client) in new {
            sqlx::query(
                "INSERT INTO appearances (server_id, client_id, absent_at) VALUES ($1, $2, $3) \
                 ON CONFLICT (server_id, client_id) DO NOTHING",
            )
            .bind(server.as_bytes().to_vec())
            .bind(rows::text(client.as_str()))
            .bind(absent_at.as_micros())
            .execute(&mut *transaction)
            .await?;
        }
        sqlx::query("DELETE FROM appearances WHERE absent_at < $1")
            .bind(since.as_micros())
            .execute(&mut *transaction)
            .await?;
        transaction.commit().await?;
        Ok(())
    }

    /// When a server was last read without each of the computers that appeared since.
    pub async fn appearances(&self, server: ServerId) -> Result<HashMap<ClientId, Timestamp>> {
        let found = sqlx::query("SELECT client_id, absent_at FROM appearances WHERE server_id = $1")
            .bind(server.as_bytes().to_vec())
            .fetch_all(&self.read)
            .await?;
        let damaged = |_| Error::Row { table: "appearances", reason: "a client id".to_owned() };
        let row = |row| {
            let client: String = sqlx::any::AnyRow::try_get(row, 0)?;
            Ok((client.parse().map_err(damaged)?, rows::time(row, 1)?))
        };
        found.iter().map(row).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::test_database::{TestDatabase, on_both_engines};

    on_both_engines!(who_appears_keeps_its_first_time);

    async fn who_appears_keeps_its_first_time(on: TestDatabase) {
        let store = ManagerStore::open(on.place()).await.expect("opens");
        let at = |second: i64| Timestamp::EPOCH.plus_seconds(second);
        let id = |number: u128| ServerId::from_u128(number);
        let client = |name: &str| name.parse::<ClientId>().expect("an id");
        let appear = async |new: &[(u128, &str)], second: i64, since: i64| {
            let new: Vec<_> = new.iter().map(|(server, name)| (id(*server), client(name))).collect();
            store.appear(&new, at(second), at(since)).await.expect("writes");
            store.appearances(id(1)).await.expect("reads")
        };
        let expected =
            |of: &[(&str, i64)]| of.iter().map(|(name, second)| (client(name), at(*second))).collect();
        let found: HashMap<_, _> = expected(&[("a", 10)]);
        assert_eq!(appear(&[(1, "a"), (2, "b")], 10, 0).await, found);
        let found = expected(&[("a", 10), ("c", 20)]);
        assert_eq!(appear(&[(1, "a"), (1, "c")], 20, 0).await, found);
        assert_eq!(appear(&[], 30, 15).await, expected(&[("c", 20)]));
        store.unlink("ada", at(40)).await.expect("writes");
        assert_eq!(store.appearances(id(1)).await.expect("reads"), HashMap::new());
    }
}
