//! Who this server is, its counter and the keys of its cookies.

use headwater_model::{ServerId, Timestamp};
use headwater_policy::group::BUILT_IN;
use sqlx::{AnyConnection, Row};

use crate::{Result, Store, rows};

/// The identity of a server and of its configuration.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Server {
    pub id: ServerId,
    /// A restored database begins a new epoch: to agents it is a new server (fact 53).
    pub epoch: i64,
    /// When what GetConfig tells last changed, never at a restart (fact 53).
    pub config_change: Timestamp,
    pub created_at: Timestamp,
}

/// A key under which cookies are sealed.
#[derive(Clone)]
pub struct CookieKey {
    pub id: i64,
    pub secret: Vec<u8>,
    pub created_at: Timestamp,
}

impl std::fmt::Debug for CookieKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "CookieKey({}, secret)", self.id)
    }
}

impl Store {
    /// The server of this database, which is made on the first call with the built-in groups.
    pub async fn server(&self, new_id: ServerId, now: Timestamp) -> Result<Server> {
        let mut transaction = self.write.begin().await?;
        let made = sqlx::query(
            "INSERT INTO server (one, server_id, epoch, stamp, config_change, tree_stamp, created_at) \
             VALUES (1, $1, 1, 1, $2, 0, $2) ON CONFLICT (one) DO NOTHING",
        )
        .bind(new_id.as_bytes().to_vec())
        .bind(now.as_micros())
        .execute(&mut *transaction)
        .await?;
        if made.rows_affected() == 1 {
            for (id, name, parent) in BUILT_IN {
                sqlx::query(
                    "INSERT INTO groups (group_id, name, name_key, parent, built_in) VALUES ($1, $2, $3, $4, 1)",
                )
                .bind(id.as_bytes().to_vec())
                .bind(name)
                .bind(name.to_lowercase())
                .bind(parent.map(|id| id.as_bytes().to_vec()))
                .execute(&mut *transaction)
                .await?;
            }
        }
        let row = sqlx::query("SELECT server_id, epoch, config_change, created_at FROM server")
            .fetch_one(&mut *transaction)
            .await?;
        transaction.commit().await?;
        Ok(Server {
            id: rows::server_id(&row, 0, "server")?,
            epoch: row.try_get(1)?,
            config_change: rows::time(&row, 2)?,
            created_at: rows::time(&row, 3)?,
        })
    }

    /// Begins a new life after a restore: agents and downstream servers that knew the old one are
    /// told that this is another server (fact 53). Returns the new epoch, which follows the clock: the
    /// same backup may be restored twice, and each is a life of its own.
    pub async fn begin_epoch(&self, now: Timestamp) -> Result<i64> {
        let sql = "UPDATE server SET epoch = CASE WHEN epoch < $1 THEN $1 ELSE epoch + 1 END, \
                   stamp = stamp + 1 RETURNING epoch";
        let row = sqlx::query(sql).bind(epoch_of(now)).fetch_one(&self.write).await?;
        Ok(row.try_get(0)?)
    }

    /// All keys, the newest first.
    pub async fn cookie_keys(&self) -> Result<Vec<CookieKey>> {
        let found = sqlx::query("SELECT key_id, secret, created_at FROM cookie_keys ORDER BY key_id DESC")
            .fetch_all(&self.read)
            .await?;
        found
            .iter()
            .map(|row| {
                Ok(CookieKey {
                    id: row.try_get(0)?,
                    secret: row.try_get(1)?,
                    created_at: rows::time(row, 2)?,
                })
            })
            .collect()
    }

    /// Adds a key and forgets those older than `forget_before`.
    pub async fn add_cookie_key(
        &self,
        secret: &[u8],
        now: Timestamp,
        forget_before: Timestamp,
    ) -> Result<()> {
        let mut transaction = self.write.begin().await?;
        sqlx::query("DELETE FROM cookie_keys WHERE created_at < $1")
            .bind(forget_before.as_micros())
            .execute(&mut *transaction)
            .await?;
        sqlx::query("INSERT INTO cookie_keys (secret, created_at) VALUES ($1, $2)")
            .bind(secret.to_vec())
            .bind(now.as_micros())
            .execute(&mut *transaction)
            .await?;
        transaction.commit().await?;
        Ok(())
    }

    /// The current value of the server-wide counter.
    pub async fn stamp(&self) -> Result<u64> {
        let row = sqlx::query("SELECT stamp FROM server").fetch_one(&self.read).await?;
        Ok(row.try_get::<i64, _>(0)? as u64)
    }
}

/// Seconds since 2026 began: thirty bits hold the epochs of 34 years.
fn epoch_of(now: Timestamp) -> i64 {
    const FIRST: i64 = 1_767_225_600;
    (now.as_micros() / 1_000_000 - FIRST).clamp(1, (1 << 30) - 1)
}

/// Draws the next value of the server-wide counter within a transaction.
pub(crate) async fn next_stamp(connection: &mut AnyConnection) -> Result<i64> {
    let row =
        sqlx::query("UPDATE server SET stamp = stamp + 1 RETURNING stamp").fetch_one(connection).await?;
    Ok(row.try_get(0)?)
}
