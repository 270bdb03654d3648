//! The products that computers told to have: each distinct set is kept once.

use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;

use headwater_model::{ClientId, Sha256Digest, UpdateId};
use sqlx::any::AnyRow;
use sqlx::{AnyConnection, Row};

use crate::{Error, Result, rows};

/// Writes which products a computer of this server has.
pub(crate) async fn tell(
    connection: &mut AnyConnection,
    client: &ClientId,
    digest: Sha256Digest,
    products: &[UpdateId],
) -> Result<()> {
    let packed: Vec<u8> = products.iter().flat_map(|id| *id.as_bytes()).collect();
    sqlx::query(
        "INSERT INTO product_sets (digest, products) VALUES ($1, $2) ON CONFLICT (digest) DO NOTHING",
    )
    .bind(digest.as_bytes().to_vec())
    .bind(packed)
    .execute(&mut *connection)
    .await?;
    sqlx::query(
        "UPDATE computers SET product_set = (SELECT set_id FROM product_sets WHERE digest = $2) \
         WHERE client_id = $1 AND server_id IS NULL",
    )
    .bind(client.as_str().to_owned())
    .bind(digest.as_bytes().to_vec())
    .execute(connection)
    .await?;
    Ok(())
}

/// Whoever changes its products each time leaves nothing behind.
pub(crate) async fn forget_unused(connection: &mut AnyConnection) -> Result<()> {
    let sql = "DELETE FROM product_sets WHERE NOT EXISTS \
               (SELECT 1 FROM computers WHERE product_set = set_id)";
    sqlx::query(sql).execute(connection).await?;
    Ok(())
}

/// The digest of every set, by its number.
pub(crate) async fn digests(connection: &mut AnyConnection) -> Result<HashMap<i64, Sha256Digest>> {
    let found = sqlx::query("SELECT set_id, digest FROM product_sets").fetch_all(connection).await?;
    let mut digests = HashMap::with_capacity(found.len());
    for row in &found {
        if let Some(digest) = digest(row, 1)? {
            digests.insert(row.try_get(0)?, digest);
        }
    }
    Ok(digests)
}

pub(crate) fn digest(row: &AnyRow, at: usize) -> Result<Option<Sha256Digest>> {
    let bytes: Option<Vec<u8>> = row.try_get(at)?;
    Ok(bytes.and_then(|bytes| bytes.as_slice().try_into().ok()))
}

/// The products of these sets, by number.
pub(crate) async fn of_sets(
    connection: &mut AnyConnection,
    sets: impl Iterator<Item = i64>,
) -> Result<HashMap<i64, Arc<[UpdateId]>>> {
    let sets: BTreeSet<i64> = sets.collect();
    let sql = "SELECT set_id, products FROM product_sets WHERE set_id IN (..)";
    let mut found = HashMap::with_capacity(sets.len());
    for row in rows::select_in(connection, sql, sets).await? {
        let packed: Vec<u8> = row.try_get(1)?;
        let (ids, rest) = packed.as_chunks::<16>();
        if !rest.is_empty() {
            let reason = format!("products of {} bytes", packed.len());
            return Err(Error::Row { table: "product_sets", reason });
        }
        found.insert(row.try_get(0)?, ids.iter().map(|id| UpdateId::from_bytes(*id)).collect());
    }
    Ok(found)
}

#[cfg(test)]
mod tests {
    use headwater_model::{ServerId, Timestamp};
    use headwater_policy::rollup::{ComputerReport, SyncResult};

    use super::*;
    use crate::test_database::{TestDatabase, on_both_engines};
    use crate::{ComputerFilter, ComputerWrite, Store};

    on_both_engines!(
        computers_that_have_the_same_share_it,
        a_computer_that_reports_elsewhere_has_none_of_here
    );

    const LOWER: ServerId = ServerId::from_u128(2);

    fn client(name: &str) -> ClientId {
        name.parse().expect("an id")
    }

    async fn database(on: &TestDatabase) -> Store {
        let store = on.open().await;
        store.server(ServerId::from_u128(1), Timestamp::EPOCH).await.expect("a server");
        let enroll = |name: &&str| ComputerWrite::Enroll {
            client: client(name),
            dns_name: (*name).to_owned(),
            requested_group: String::new(),
            groups: None,
            at: Timestamp::EPOCH,
        };
        let writes: Vec<_> = ["a", "b", "c"].iter().map(enroll).collect();
        store.write_computers(&writes).await.expect("computers");
        store
    }

    fn ids(products: &[u128]) -> Vec<UpdateId> {
        products.iter().copied().map(UpdateId::from_u128).collect()
    }

    /// A computer tells its products; their digest is taken as this byte.
    async fn told(store: &Store, name: &str, digest: u8, products: &[u128]) -> Option<Sha256Digest> {
        let (client, digest) = (client(name), Sha256Digest([digest; 32]));
        let write = ComputerWrite::Products { client, digest, products: ids(products) };
        let enrolled = store.write_computers(&[write]).await.expect("written");
        enrolled.first()?.member.products
    }

    async fn products(store: &Store) -> Vec<Option<Vec<UpdateId>>> {
        let all = ComputerFilter { limit: 10, ..ComputerFilter::default() };
        let found = store.computers(&all).await.expect("computers");
        found.into_iter().map(|row| row.products.map(|products| products.to_vec())).collect()
    }

    async fn sets(store: &Store) -> usize {
        digests(&mut store.read.acquire().await.expect("a connection")).await.expect("digests").len()
    }

    async fn computers_that_have_the_same_share_it(on: TestDatabase) {
        let store = database(&on).await;
        assert_eq!(products(&store).await, [None, None, None]);
        let one = Some(Sha256Digest([1; 32]));
        assert_eq!(told(&store, "a", 1, &[7, 8]).await, one);
        assert_eq!(told(&store, "b", 1, &[7, 8]).await, one);
        assert_eq!(told(&store, "c", 2, &[]).await, Some(Sha256Digest([2; 32])));
        assert_eq!(products(&store).await, [Some(ids(&[7, 8])), Some(ids(&[7, 8])), Some(vec![])]);
        assert_eq!(sets(&store).await, 2);

        // What a scan compares with comes back after a new start.
        let own = store.roster().await.expect("a roster").own;
        let digest = |name: &str| own.get(&client(name)).and_then(|member| member.products);
        assert_eq!((digest("a"), digest("b"), digest("c")), (one, one, Some(Sha256Digest([2; 32]))));

        // What nobody has any more is not kept.
        told(&store, "a", 3, &[9]).await;
        assert_eq!(sets(&store).await, 3);
        told(&store, "b", 3, &[9]).await;
        assert_eq!(sets(&store).await, 2);
        assert_eq!(products(&store).await, [Some(ids(&[9])), Some(ids(&[9])), Some(vec![])]);
        assert_eq!(told(&store, "nobody", 4, &[1]).await, None);
        assert_eq!(sets(&store).await, 2);
    }

    async fn a_computer_that_reports_elsewhere_has_none_of_here(on: TestDatabase) {
        let store = database(&on).await;
        told(&store, "a", 1, &[7]).await;
        assert!(store.enroll_server(LOWER, "lower", Timestamp::EPOCH, 10).await.expect("enrolled"));
        let elsewhere = ComputerReport {
            client: client("a"),
            server: LOWER,
            last_sync: Some(Timestamp::EPOCH.plus_seconds(10)),
            sync_result: SyncResult::Succeeded,
            last_reboot: None,
            last_status: None,
            last_inventory: None,
            details: None,
        };
        let now = Timestamp::EPOCH.plus_seconds(20);
        store.write_computers_below(&[elsewhere], now, 10).await.expect("written");
        assert_eq!(products(&store).await, [None, None, None]);
        // What waits of it is of a computer that is not of here.
        assert_eq!(told(&store, "a", 2, &[8]).await, None);
        assert_eq!(products(&store).await, [None, None, None]);
    }
}
