//! Deleting computers, and what is remembered of it.

use headwater_model::{ClientId, Timestamp};
use sqlx::AnyConnection;

use crate::history::{Change, record};
use crate::{Result, Store};

/// How long a deletion is remembered: lower servers tell of their computers daily.
const DELETIONS_KEPT_SECONDS: i64 = 90 * 86_400;

impl Store {
    /// Forgets a computer of this server; says whether it was known. It comes back with its next
    /// contact, but not with what a lower server saw of it before.
    pub async fn delete_computer(&self, client: &ClientId, by: &str, now: Timestamp) -> Result<bool> {
        let sql = "DELETE FROM computers WHERE client_id = $1 AND last_contact <= $2 AND server_id IS NULL";
        self.delete(sql, client, Timestamp::MAX, by, now).await
    }

    /// The same for a computer of any server whose last contact is not after `silent_since`.
    pub async fn delete_silent_computer(
        &self,
        client: &ClientId,
        silent_since: Timestamp,
        by: &str,
        now: Timestamp,
    ) -> Result<bool> {
        let sql = "DELETE FROM computers WHERE client_id = $1 AND last_contact <= $2";
        self.delete(sql, client, silent_since, by, now).await
    }

    async fn delete(
        &self,
        sql: &'static str,
        client: &ClientId,
        silent_since: Timestamp,
        by: &str,
        now: Timestamp,
    ) -> Result<bool> {
        let mut transaction = self.write.begin().await?;
        let own = sqlx::query("SELECT 1 FROM computers WHERE client_id = $1 AND server_id IS NULL")
            .bind(client.as_str().to_owned())
            .fetch_optional(&mut *transaction)
            .await?;
        let done = sqlx::query(sql)
            .bind(client.as_str().to_owned())
            .bind(silent_since.as_micros())
            .execute(&mut *transaction)
            .await?;
        if done.rows_affected() == 1 {
            // Of a computer of a lower server that one knows whether it is deleted: when it comes back there, it is
            // told of here anew.
            if own.is_some() {
                remember_deletion(&mut transaction, client, now).await?;
            }
            record_deletion(&mut transaction, client, by, now).await?;
        }
        transaction.commit().await?;
        Ok(done.rows_affected() == 1)
    }
}

/// Remembers for the servers below that a computer was deleted.
pub(crate) async fn remember_deletion(
    connection: &mut AnyConnection,
    client: &ClientId,
    now: Timestamp,
) -> Result<()> {
    sqlx::query("DELETE FROM deleted_computers WHERE deleted_at < $1")
        .bind(now.plus_seconds(-DELETIONS_KEPT_SECONDS).as_micros())
        .execute(&mut *connection)
        .await?;
    sqlx::query(
        "INSERT INTO deleted_computers (client_id, deleted_at) VALUES ($1, $2) \
         ON CONFLICT (client_id) DO UPDATE SET deleted_at = excluded.deleted_at",
    )
    .bind(client.as_str().to_owned())
    .bind(now.as_micros())
    .execute(&mut *connection)
    .await?;
    Ok(())
}

pub(crate) async fn record_deletion(
    connection: &mut AnyConnection,
    client: &ClientId,
    by: &str,
    now: Timestamp,
) -> Result<()> {
    let change = Change {
        at: now,
        by: by.to_owned(),
        what: format!("delete computer {client}"),
        update: None,
        group: None,
        detail: String::new(),
        before: Some(client.to_string()),
        after: None,
    };
    record(connection, change).await
}
