//! The servers below this one ([MS-WSUSSS] 3.1.1, *DSS Table*).

use std::collections::HashMap;

use headwater_model::{ClientId, ServerId, Timestamp};
use headwater_policy::rollup::{ASKED_SERVER, KnownServer, ServerReport, ServerSummary, ServerTree};
use sqlx::any::AnyRow;
use sqlx::{AnyConnection, Row};

use crate::computers::client_id;
use crate::history::{Change, record};
use crate::{Error, Result, Store, rows};

/// A server that takes updates from this one, or from one below.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DownstreamServer {
    pub id: ServerId,
    /// Its fully qualified name, as it says.
    pub name: String,
    /// The server that it takes from; zeros for this one.
    pub parent: ServerId,
    pub version: String,
    pub is_replica: Option<bool>,
    pub first_contact: Timestamp,
    pub last_contact: Timestamp,
    pub last_sync: Option<Timestamp>,
    pub last_rollup: Option<Timestamp>,
    /// What it last told of itself; `None` before the first time.
    pub summary: Option<ServerSummary>,
}

#[cfg(test)]
mod tests;

const SERVER: &str = "server_id, name, parent, version, is_replica, first_contact, last_contact, last_sync, \
     last_rollup, summary";

impl Store {
    /// Makes a server known that takes from this one, or notes that it was heard of. If there are
    /// `servers_max` already, a new one takes the place of the one that was longest not heard of among
    /// those that never synchronised, for anybody can be one of them. Says `false`, and does nothing,
    /// if all did.
    pub async fn enroll_server(
        &self,
        id: ServerId,
        name: &str,
        now: Timestamp,
        servers_max: u64,
    ) -> Result<bool> {
        let mut transaction = self.write.begin().await?;
        let known =
            sqlx::query("UPDATE downstream_servers SET name = $2, last_contact = $3 WHERE server_id = $1")
                .bind(id.as_bytes().to_vec())
                .bind(name.to_owned())
                .bind(now.as_micros())
                .execute(&mut *transaction)
                .await?
                .rows_affected();
        if known == 0 {
            let row =
                sqlx::query("SELECT COUNT(*) FROM downstream_servers").fetch_one(&mut *transaction).await?;
            if row.try_get::<i64, _>(0)? as u64 >= servers_max && !make_room(&mut transaction).await? {
                return Ok(false);
            }
            sqlx::query(
                "INSERT INTO downstream_servers (server_id, name, parent, version, first_contact, \
                 last_contact) VALUES ($1, $2, $3, '', $4, $4)",
            )
            .bind(id.as_bytes().to_vec())
            .bind(name.to_owned())
            .bind(vec![0_u8; 16])
            .bind(now.as_micros())
            .execute(&mut *transaction)
            .await?;
        }
        transaction.commit().await?;
        Ok(true)
    }

    /// All servers below, by name.
    pub async fn downstream_servers(&self) -> Result<Vec<DownstreamServer>> {
        let sql = format!("SELECT {SERVER} FROM downstream_servers ORDER BY name, server_id");
        let found = sqlx::query(sqlx::AssertSqlSafe(sql)).fetch_all(&self.read).await?;
        found.iter().map(server).collect()
    }

    /// Who is below whom.
    pub async fn server_tree(&self) -> Result<ServerTree> {
        let servers = self.downstream_servers().await?.into_iter();
        Ok(servers
            .map(|one| (one.id, KnownServer { parent: one.parent, last_rollup: one.last_rollup }))
            .collect())
    }

    /// Writes what servers told of themselves and of those below them, all of it in one transaction.
    pub async fn write_servers(&self, reports: &[ServerReport], now: Timestamp) -> Result<()> {
        let mut transaction = self.write.begin().await?;
        for report in reports {
            write_server(&mut transaction, report, now).await?;
        }
        transaction.commit().await?;
        Ok(())
    }

    /// Forgets servers and the computers that report to them, in one transaction, and asks all servers below to
    /// tell everything once more: one of the forgotten that is alive has to tell what it told before. Returns whose
    /// records went. `named` is the first of them, by its name.
    pub async fn delete_servers(
        &self,
        named: &str,
        servers: &[DownstreamServer],
        by: &str,
        now: Timestamp,
    ) -> Result<Vec<ClientId>> {
        let mut transaction = self.write.begin().await?;
        let mut forgotten = Vec::new();
        for server in servers {
            let id = server.id.as_bytes().to_vec();
            let sql = "DELETE FROM computers WHERE server_id = $1 RETURNING client_id";
            for row in sqlx::query(sql).bind(id.clone()).fetch_all(&mut *transaction).await? {
                forgotten.push(client_id(&row, 0)?);
            }
            let sql = "DELETE FROM downstream_servers WHERE server_id = $1";
            sqlx::query(sql).bind(id).execute(&mut *transaction).await?;
        }
        sqlx::query("UPDATE server SET rollup_resets = rollup_resets + 1").execute(&mut *transaction).await?;
        let change = Change {
            at: now,
            by: by.to_owned(),
            what: "delete downstream server".to_owned(),
            update: None,
            group: None,
            detail: rows::text(named),
            before: Some(rows::text(&before(servers, forgotten.len()))),
            after: None,
        };
        record(&mut transaction, change).await?;
        transaction.commit().await?;
        Ok(forgotten)
    }

    /// How often the servers below were asked to tell everything once more.
    pub async fn rollup_resets(&self) -> Result<u64> {
        let row = sqlx::query("SELECT rollup_resets FROM server").fetch_one(&self.read).await?;
        Ok(row.try_get::<i64, _>(0)? as u64)
    }

    /// How many computers report to each lower server.
    pub async fn computers_by_server(&self) -> Result<HashMap<ServerId, u64>> {
        let found = sqlx::query(
            "SELECT server_id, COUNT(*) FROM computers WHERE server_id IS NOT NULL GROUP BY server_id",
        )
        .fetch_all(&self.read)
        .await?;
        found
            .iter()
            .map(|row| Ok((rows::server_id(row, 0, "computers")?, row.try_get::<i64, _>(1)? as u64)))
            .collect()
    }
}

/// What is recorded of records that were there: `2 servers with 31 computers: berlin.example (id), ...`.
fn before(servers: &[DownstreamServer], computers: usize) -> String {
    let names: Vec<String> = servers.iter().map(|one| format!("{} ({})", one.name, one.id)).collect();
    let (some, more) = (servers.len(), computers);
    let plural = |count| if count == 1 { "" } else { "s" };
    format!("{some} server{} with {more} computer{}: {}", plural(some), plural(more), names.join(", "))
}

async fn write_server(connection: &mut AnyConnection, report: &ServerReport, now: Timestamp) -> Result<()> {
    // Of those that ask another server we hear what that one heard.
    let heard = match report.parent == ASKED_SERVER {
        true => Some(now),
        false => report.last_rollup.max(report.last_sync),
    };
    let summary: Vec<String> = report.summary.counts().iter().map(ToString::to_string).collect();
    sqlx::query(
        "INSERT INTO downstream_servers (server_id, name, parent, version, is_replica, first_contact, \
         last_contact, last_sync, last_rollup, summary) VALUES ($1, $2, $3, $4, $5, $6, $6, $7, $8, $9) \
         ON CONFLICT (server_id) DO UPDATE SET \
         name = CASE WHEN excluded.name = '' THEN downstream_servers.name ELSE excluded.name END, \
         parent = excluded.parent, version = excluded.version, is_replica = excluded.is_replica, \
         last_contact = CASE WHEN $10 > downstream_servers.last_contact THEN $10 \
         ELSE downstream_servers.last_contact END, \
         last_sync = excluded.last_sync, last_rollup = excluded.last_rollup, summary = excluded.summary",
    )
    .bind(report.server.as_bytes().to_vec())
    .bind(report.name.to_lowercase())
    .bind(report.parent.as_bytes().to_vec())
    .bind(report.version.clone())
    .bind(i64::from(report.is_replica))
    .bind(now.as_micros())
    .bind(report.last_sync.map(Timestamp::as_micros))
    .bind(report.last_rollup.map(Timestamp::as_micros))
    .bind(summary.join(" "))
    .bind(heard.map_or(0, Timestamp::as_micros))
    .execute(connection)
    .await?;
    Ok(())
}

fn summary(row: &AnyRow, at: usize) -> Result<Option<ServerSummary>> {
    let Some(text) = row.try_get::<Option<String>, _>(at)? else { return Ok(None) };
    let counts: Vec<u32> = text.split(' ').filter_map(|count| count.parse().ok()).collect();
    let counts: [u32; ServerSummary::LEN] = counts.try_into().map_err(|_| Error::Row {
        table: "downstream_servers",
        reason: "a summary has other counts than the protocol".to_owned(),
    })?;
    Ok(Some(ServerSummary::of(counts)))
}

/// Forgets one server of which nothing but its name was ever heard, if there is one.
async fn make_room(connection: &mut AnyConnection) -> Result<bool> {
    let forgotten = sqlx::query(
        "DELETE FROM downstream_servers WHERE server_id = (SELECT server_id FROM downstream_servers \
         WHERE last_sync IS NULL AND last_rollup IS NULL ORDER BY last_contact, server_id LIMIT 1)",
    );
    Ok(forgotten.execute(connection).await?.rows_affected() == 1)
}

fn server(row: &AnyRow) -> Result<DownstreamServer> {
    Ok(DownstreamServer {
        id: rows::server_id(row, 0, "downstream_servers")?,
        name: row.try_get(1)?,
        parent: rows::server_id(row, 2, "downstream_servers")?,
        version: row.try_get(3)?,
        is_replica: row.try_get::<Option<i64>, _>(4)?.map(|is| is != 0),
        first_contact: rows::time(row, 5)?,
        last_contact: rows::time(row, 6)?,
        last_sync: rows::optional_time(row, 7)?,
        last_rollup: rows::optional_time(row, 8)?,
        summary: summary(row, 9)?,
    })
}
