//! Computers that were seen under another name, at another address or at another server than before.

use headwater_model::{ClientId, Timestamp};
use sqlx::Row;
use sqlx::any::AnyRow;

use super::ManagerStore;
use crate::{Error, Result, rows};

/// That a client was seen under a name, at an address and a server.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SightingRow {
    pub client: ClientId,
    pub seen_at: Timestamp,
    pub name: String,
    pub address: String,
    /// Whether the name changed, and not the address alone.
    pub renamed: bool,
    /// The server that it reported to, by name; empty where that was not kept.
    pub server: String,
    /// Whether the server changed.
    pub moved: bool,
}

/// Until when sightings are kept: the oldest time of those with another server, name, or address.
#[derive(Debug, Clone, Copy)]
pub struct KeptSince {
    pub moved: Timestamp,
    pub renamed: Timestamp,
    pub readdressed: Timestamp,
}

/// Of one client: of those with another name or server, and of those with another address alone, which are many
/// where a laptop goes to and fro and push out no other.
const KEPT_PER_CLIENT: i64 = 32;

impl ManagerStore {
    /// Adds what was seen; forgets what is older than that, and what one client has too many of.
    pub async fn see(&self, seen: &[SightingRow], since: KeptSince) -> Result<()> {
        let mut transaction = self.write.begin().await?;
        for row in seen {
            sqlx::query(
                "INSERT INTO sightings (client_id, seen_at, name, address, renamed, server, moved) \
                 VALUES ($1, $2, $3, $4, $5, $6, $7) \
                 ON CONFLICT (client_id, seen_at) DO UPDATE SET \
                 renamed = CASE WHEN sightings.renamed = 1 THEN 1 ELSE excluded.renamed END, \
                 moved = CASE WHEN sightings.moved = 1 THEN 1 ELSE excluded.moved END",
            )
            .bind(rows::text(row.client.as_str()))
            .bind(row.seen_at.as_micros())
            .bind(rows::text(&row.name))
            .bind(rows::text(&row.address))
            .bind(i64::from(row.renamed))
            .bind(rows::text(&row.server))
            .bind(i64::from(row.moved))
            .execute(&mut *transaction)
            .await?;
        }
        let of_one_kind = [
            "DELETE FROM sightings WHERE client_id = $1 AND moved + renamed > 0 AND seen_at <= (SELECT seen_at \
             FROM sightings WHERE client_id = $1 AND moved + renamed > 0 \
             ORDER BY seen_at DESC LIMIT 1 OFFSET $2)",
            "DELETE FROM sightings WHERE client_id = $1 AND moved + renamed = 0 AND seen_at <= (SELECT seen_at \
             FROM sightings WHERE client_id = $1 AND moved + renamed = 0 \
             ORDER BY seen_at DESC LIMIT 1 OFFSET $2)",
        ];
        for client in seen.iter().map(|row| &row.client) {
            for sql in of_one_kind {
                sqlx::query(sql)
                    .bind(rows::text(client.as_str()))
                    .bind(KEPT_PER_CLIENT)
                    .execute(&mut *transaction)
                    .await?;
            }
        }
        sqlx::query(
            "DELETE FROM sightings WHERE seen_at < $1 OR (moved = 0 AND seen_at < $2) \
             OR (moved = 0 AND renamed = 0 AND seen_at < $3)",
        )
        .bind(since.moved.as_micros())
        .bind(since.renamed.as_micros())
        .bind(since.readdressed.as_micros())
        .execute(&mut *transaction)
        .await?;
        transaction.commit().await?;
        Ok(())
    }

    /// The sightings since then, by client and time.
    pub async fn sightings(&self, since: Timestamp) -> Result<Vec<SightingRow>> {
        let sql = "SELECT client_id, seen_at, name, address, renamed, server, moved FROM sightings \
                   WHERE seen_at >= $1 ORDER BY client_id, seen_at";
        let found = sqlx::query(sql).bind(since.as_micros()).fetch_all(&self.read).await?;
        found.iter().map(sighting).collect()
    }

    /// All sightings of one client that are kept, the latest first.
    pub async fn sightings_of(&self, client: &ClientId) -> Result<Vec<SightingRow>> {
        let sql = "SELECT client_id, seen_at, name, address, renamed, server, moved FROM sightings \
                   WHERE client_id = $1 ORDER BY seen_at DESC";
        let found = sqlx::query(sql).bind(rows::text(client.as_str())).fetch_all(&self.read).await?;
        found.iter().map(sighting).collect()
    }
}

fn sighting(row: &AnyRow) -> Result<SightingRow> {
    let damaged = |_| Error::Row { table: "sightings", reason: "a client id".to_owned() };
    Ok(SightingRow {
        client: row.try_get::<String, _>(0)?.parse().map_err(damaged)?,
        seen_at: rows::time(row, 1)?,
        name: row.try_get(2)?,
        address: row.try_get(3)?,
        renamed: row.try_get::<i64, _>(4)? != 0,
        server: row.try_get(5)?,
        moved: row.try_get::<i64, _>(6)? != 0,
    })
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
            server: "hq".to_owned(),
            moved: false,
        };
        let see = async |rows: &[SightingRow], renamed: i64, readdressed: i64| {
            let since = |second| NOW.plus_seconds(second);
            let kept = KeptSince { moved: NOW, renamed: since(renamed), readdressed: since(readdressed) };
            store.see(rows, kept).await.expect("writes");
            let kept = store.sightings(NOW).await.expect("reads").into_iter();
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

        // A name that it had before does not go for an address.
        let many: Vec<SightingRow> = (0..40).map(|number| seen("a", 100 + number, false)).collect();
        let kept = see(&many, 0, 0).await;
        assert_eq!(
            (kept.len(), &kept[0], &kept[1]),
            (2 + 32 + 32, &("a".to_owned(), 20), &("a".to_owned(), 108))
        );
        let names: Vec<SightingRow> = (0..40).map(|number| seen("a", 140 + number, true)).collect();
        assert_eq!(see(&names, 0, 0).await[32], ("a".to_owned(), 148), "nor are these without end");

        // Where a computer reported before is known longest.
        let moved = [
            SightingRow { server: "berlin".to_owned(), moved: true, ..seen("d", 200, false) },
            SightingRow { moved: true, ..seen("d", 201, false) },
        ];
        assert_eq!(see(&moved, 500, 500).await, expected(&[("d", 200), ("d", 201)]));
        let client = "d".parse().expect("an id");
        let servers = async || {
            let kept = store.sightings_of(&client).await.expect("reads").into_iter();
            kept.map(|row| (row.server, row.moved)).collect::<Vec<_>>()
        };
        assert_eq!(servers().await, [("hq".to_owned(), true), ("berlin".to_owned(), true)]);
        assert_eq!(store.sightings(NOW.plus_seconds(201)).await.expect("reads").len(), 1);
        let kept = KeptSince { moved: NOW.plus_seconds(201), renamed: NOW, readdressed: NOW };
        store.see(&[], kept).await.expect("writes");
        assert_eq!(servers().await, [("hq".to_owned(), true)]);
    }
}
