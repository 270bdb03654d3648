//! What operators want of single WSUS servers.

use std::collections::HashMap;

use headwater_model::ServerId;
use sqlx::Row;
use sqlx::any::AnyRow;

use super::{AuditRow, ManagerStore, audit};
use crate::{Result, rows};

/// What an operator wants of one server.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ServerSettingsRow {
    /// Whether it has the managed groups too, and the approvals for these, though it is autonomous.
    pub follows: bool,
    /// Such as `22:00-05:00`; absent: at any time.
    pub window: Option<String>,
    /// Whether policies are meant to put its computers into groups.
    pub client_targeting: bool,
}

impl ManagerStore {
    pub async fn server_settings(&self) -> Result<HashMap<ServerId, ServerSettingsRow>> {
        let sql = "SELECT server_id, follows, open, client_targeting FROM server_settings";
        let found = sqlx::query(sql).fetch_all(&self.read).await?;
        let row = |row: &AnyRow| {
            let id = ServerId::from_bytes(rows::id16(row, 0, "server_settings")?);
            let settings = ServerSettingsRow {
                follows: row.try_get::<i64, _>(1)? != 0,
                window: row.try_get(2)?,
                client_targeting: row.try_get::<i64, _>(3)? != 0,
            };
            Ok((id, settings))
        };
        found.iter().map(row).collect()
    }

    /// Keeps them in place of those before, as the operator did it.
    pub async fn set_server(
        &self,
        server: ServerId,
        settings: &ServerSettingsRow,
        done: &AuditRow,
    ) -> Result<()> {
        let mut transaction = self.write.begin().await?;
        sqlx::query(
            "INSERT INTO server_settings (server_id, follows, open, client_targeting) VALUES ($1, $2, $3, $4) \
             ON CONFLICT (server_id) DO UPDATE SET follows = excluded.follows, open = excluded.open, \
             client_targeting = excluded.client_targeting",
        )
        .bind(server.as_bytes().to_vec())
        .bind(i64::from(settings.follows))
        .bind(settings.window.clone())
        .bind(i64::from(settings.client_targeting))
        .execute(&mut *transaction)
        .await?;
        audit(&mut transaction, done).await?;
        transaction.commit().await?;
        Ok(())
    }

    /// Forgets what was wanted of a server that is gone.
    pub async fn forget_server(&self, server: ServerId, done: &AuditRow) -> Result<()> {
        let mut transaction = self.write.begin().await?;
        for sql in [
            "DELETE FROM server_settings WHERE server_id = $1",
            "DELETE FROM left_servers WHERE server_id = $1",
        ] {
            sqlx::query(sql).bind(server.as_bytes().to_vec()).execute(&mut *transaction).await?;
        }
        audit(&mut transaction, done).await?;
        transaction.commit().await?;
        Ok(())
    }

    /// The servers that a scheduled run left for later, in order.
    pub async fn left_servers(&self) -> Result<Vec<ServerId>> {
        let sql = "SELECT server_id FROM left_servers ORDER BY server_id";
        let found = sqlx::query(sql).fetch_all(&self.read).await?;
        found.iter().map(|row| Ok(ServerId::from_bytes(rows::id16(row, 0, "left_servers")?))).collect()
    }

    pub async fn leave_server(&self, server: ServerId) -> Result<()> {
        sqlx::query("INSERT INTO left_servers (server_id) VALUES ($1) ON CONFLICT (server_id) DO NOTHING")
            .bind(server.as_bytes().to_vec())
            .execute(&self.write)
            .await?;
        Ok(())
    }

    /// A run has begun that works on these servers.
    pub async fn take_up_servers(&self, servers: &[ServerId]) -> Result<()> {
        let mut transaction = self.write.begin().await?;
        for server in servers {
            sqlx::query("DELETE FROM left_servers WHERE server_id = $1")
                .bind(server.as_bytes().to_vec())
                .execute(&mut *transaction)
                .await?;
        }
        transaction.commit().await?;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use headwater_model::Timestamp;

    use super::*;
    use crate::test_database::{TestDatabase, on_both_engines};

    on_both_engines!(
        settings_of_a_server_take_the_place_of_those_before,
        who_was_left_for_later_is_kept_until_a_run_or_the_end_of_the_schedule,
    );

    async fn settings_of_a_server_take_the_place_of_those_before(on: TestDatabase) {
        let store = ManagerStore::open(on.place()).await.expect("opens");
        let server = ServerId::from_u128(7);
        let done = AuditRow::of(Timestamp::EPOCH, "ada", "set server", "berlin");
        let window = Some("22:00-05:00".to_owned());
        let first = ServerSettingsRow { follows: true, window, client_targeting: true };
        for settings in [first, ServerSettingsRow::default()] {
            store.set_server(server, &settings, &done).await.expect("writes");
            let kept = store.server_settings().await.expect("reads");
            assert_eq!(kept, HashMap::from([(server, settings)]));
        }
        let gone = AuditRow::of(Timestamp::EPOCH, "ada", "delete server", "berlin");
        store.leave_server(server).await.expect("writes");
        store.forget_server(server, &gone).await.expect("writes");
        assert_eq!(store.server_settings().await.expect("reads"), HashMap::new());
        assert_eq!(store.left_servers().await.expect("reads"), []);
        assert_eq!(store.last_audited(None, 9).await.expect("reads"), [gone, done.clone(), done]);
    }

    async fn who_was_left_for_later_is_kept_until_a_run_or_the_end_of_the_schedule(on: TestDatabase) {
        let store = ManagerStore::open(on.place()).await.expect("opens");
        let [first, second] = [1, 2].map(ServerId::from_u128);
        for server in [second, first, second] {
            store.leave_server(server).await.expect("writes");
        }
        store.close().await;
        let store = ManagerStore::open(on.place()).await.expect("opens again");
        let left = async || store.left_servers().await.expect("reads");
        assert_eq!(left().await, [first, second]);
        store.take_up_servers(&[first]).await.expect("writes");
        assert_eq!(left().await, [second]);
        store.set_schedule(Some("at night"), "ada", Timestamp::EPOCH).await.expect("writes");
        assert_eq!(left().await, [second]);
        store.set_schedule(None, "ada", Timestamp::EPOCH).await.expect("writes");
        assert_eq!(left().await, []);
        store.leave_server(first).await.expect("writes");
        store.unlink("ada", Timestamp::EPOCH).await.expect("writes");
        assert_eq!(left().await, []);
    }
}
