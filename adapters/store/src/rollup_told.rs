//! What the upper server was told of computers and acknowledged ([MS-WSUSSS] 3.2.4.5).

use std::collections::HashMap;

use headwater_model::{ClientId, GroupId, Guid, ServerId, Timestamp};
use headwater_policy::compliance::ComputerStatus;
use headwater_policy::rollup::{ComputerReport, ReportedDetails, SyncResult};
use headwater_policy::rollup_plan::Told;
use sqlx::Row;
use sqlx::any::AnyRow;

use crate::computer_deletions::{record_deletion, remember_deletion};
use crate::computers::{client_id, groups_of_all};
use crate::status::unpack;
use crate::{Result, Store, rows};

/// A computer of which something is to be told.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ToldRow {
    pub computer: i64,
    /// Its count of changes; what changes later counts on.
    pub changes: i64,
    /// With its details.
    pub report: ComputerReport,
    pub status: Option<ComputerStatus>,
    pub told: Told,
}

/// A report of status that was acknowledged.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Acknowledged {
    pub computer: i64,
    pub number: i32,
    pub status: ComputerStatus,
}

const UNTOLD: &str = "FROM computers c LEFT JOIN rollup_told t ON t.computer_id = c.computer_id \
     LEFT JOIN status s ON s.computer_id = c.computer_id \
     WHERE c.computer_id > $1 AND (t.changes IS NULL OR t.changes <> c.changes) \
     ORDER BY c.computer_id LIMIT $2";

impl Store {
    /// Begins to tell a server. What another one was told is forgotten; with another `reset` all is
    /// told again ([MS-WSUSSS] 3.1.4.13.3.1). Returns the hash of what was told of servers.
    pub async fn begin_rollup(&self, server: ServerId, reset: Guid) -> Result<Option<[u8; 8]>> {
        let mut transaction = self.write.begin().await?;
        let row = sqlx::query("SELECT server_id, reset, servers FROM rollup")
            .fetch_optional(&mut *transaction)
            .await?;
        let known = row.as_ref().map(|row| {
            let reset = rows::optional_id16(row, 1)?;
            Ok::<_, crate::Error>((rows::server_id(row, 0, "rollup")?, reset.map(Guid::from_bytes)))
        });
        let known = known.transpose()?;
        if known == Some((server, Some(reset))) {
            return row.map_or(Ok(None), |row| hash(&row, 2));
        }
        let forget = match known {
            Some((known, _)) if known == server => {
                "UPDATE rollup_told SET changes = -1, details = NULL, packed = NULL"
            }
            _ => "DELETE FROM rollup_told",
        };
        sqlx::query(forget).execute(&mut *transaction).await?;
        sqlx::query(
            "INSERT INTO rollup (one, server_id, reset) VALUES (1, $1, $2) ON CONFLICT (one) \
             DO UPDATE SET server_id = excluded.server_id, reset = excluded.reset, servers = NULL",
        )
        .bind(server.as_bytes().to_vec())
        .bind(reset.as_bytes().to_vec())
        .execute(&mut *transaction)
        .await?;
        transaction.commit().await?;
        Ok(None)
    }

    /// The server that was last told, if any was.
    pub async fn rolled_up_to(&self) -> Result<Option<ServerId>> {
        let row = sqlx::query("SELECT server_id FROM rollup").fetch_optional(&self.read).await?;
        row.map(|row| rows::server_id(&row, 0, "rollup")).transpose()
    }

    /// Remembers what was told of servers, by its hash.
    pub async fn servers_told(&self, hash: [u8; 8]) -> Result<()> {
        sqlx::query("UPDATE rollup SET servers = $1").bind(hash.to_vec()).execute(&self.write).await?;
        Ok(())
    }

    /// Whether there is a computer of which something is to be told.
    pub async fn is_untold(&self) -> Result<bool> {
        let sql = format!("SELECT c.computer_id {UNTOLD}");
        let row = sqlx::query(sqlx::AssertSqlSafe(sql)).bind(0_i64).bind(1_i64);
        Ok(row.fetch_optional(&self.read).await?.is_some())
    }

    /// Computers of which something is to be told, in the order of their numbers. `own` is this
    /// server, to which computers report that report to no other.
    pub async fn untold(&self, own: ServerId, after: i64, limit: usize) -> Result<Vec<ToldRow>> {
        let mut transaction = self.read.begin().await?;
        let sql = format!(
            "SELECT c.computer_id, c.changes, c.client_id, c.server_id, c.last_sync, c.sync_result, \
             c.last_reboot, c.last_report, c.last_inventory, c.address, c.dns_name, c.os_version, \
             c.os_description, c.architecture, c.manufacturer, c.model, c.client_version, c.registration, \
             c.requested_group, s.packed, t.details, t.number, t.packed {UNTOLD}"
        );
        let found = sqlx::query(sqlx::AssertSqlSafe(sql))
            .bind(after)
            .bind(limit as i64)
            .fetch_all(&mut *transaction)
            .await?;
        let computers: Vec<i64> = found.iter().map(|row| Ok(row.try_get(0)?)).collect::<Result<_>>()?;
        let mut groups = groups_of_all(&mut transaction, &computers).await?;
        transaction.commit().await?;
        found.iter().map(|row| told_row(row, own, &mut groups)).collect()
    }

    /// Remembers which details were told of computers, by their hashes; `None` for details that are
    /// to be told.
    pub async fn details_told(&self, told: &[(i64, Option<[u8; 8]>)]) -> Result<()> {
        let mut transaction = self.write.begin().await?;
        for (computer, details) in told {
            sqlx::query(
                "INSERT INTO rollup_told (computer_id, changes, details, number) \
                 SELECT computer_id, -1, $2, 0 FROM computers WHERE computer_id = $1 \
                 ON CONFLICT (computer_id) DO UPDATE SET details = excluded.details",
            )
            .bind(*computer)
            .bind(details.map(|hash| hash.to_vec()))
            .execute(&mut *transaction)
            .await?;
        }
        transaction.commit().await?;
        Ok(())
    }

    /// Remembers what was told of the updates on computers.
    pub async fn status_told(&self, told: &[Acknowledged]) -> Result<()> {
        let mut transaction = self.write.begin().await?;
        for one in told {
            sqlx::query(
                "INSERT INTO rollup_told (computer_id, changes, number, packed) \
                 SELECT computer_id, -1, $2, $3 FROM computers WHERE computer_id = $1 \
                 ON CONFLICT (computer_id) DO UPDATE SET number = excluded.number, packed = excluded.packed",
            )
            .bind(one.computer)
            .bind(i64::from(one.number))
            .bind(one.status.to_bytes())
            .execute(&mut *transaction)
            .await?;
        }
        transaction.commit().await?;
        Ok(())
    }

    /// Remembers up to which change everything was told of computers.
    pub async fn changes_told(&self, told: &[(i64, i64)]) -> Result<()> {
        let mut transaction = self.write.begin().await?;
        for (computer, changes) in told {
            sqlx::query("UPDATE rollup_told SET changes = $2 WHERE computer_id = $1")
                .bind(*computer)
                .bind(*changes)
                .execute(&mut *transaction)
                .await?;
        }
        transaction.commit().await?;
        Ok(())
    }

    /// Forgets computers, whoever they report to, because the upper server has deleted them.
    pub async fn forget_computers(&self, clients: &[ClientId], by: &str, now: Timestamp) -> Result<()> {
        let mut transaction = self.write.begin().await?;
        for client in clients {
            let done = sqlx::query("DELETE FROM computers WHERE client_id = $1")
                .bind(client.as_str().to_owned())
                .execute(&mut *transaction)
                .await?;
            if done.rows_affected() == 0 {
                continue;
            }
            remember_deletion(&mut transaction, client, now).await?;
            record_deletion(&mut transaction, client, by, now).await?;
        }
        transaction.commit().await?;
        Ok(())
    }
}

fn hash(row: &AnyRow, at: usize) -> Result<Option<[u8; 8]>> {
    let bytes: Option<Vec<u8>> = row.try_get(at)?;
    Ok(bytes.and_then(|bytes| bytes.try_into().ok()))
}

fn told_row(row: &AnyRow, own: ServerId, groups: &mut HashMap<i64, Vec<GroupId>>) -> Result<ToldRow> {
    let computer = row.try_get(0)?;
    let below = rows::optional_id16(row, 3)?.map(ServerId::from_bytes);
    let last_sync = rows::optional_time(row, 4)?;
    let sync_result = match row.try_get::<Option<i64>, _>(5)? {
        Some(number) => SyncResult::of(number).unwrap_or_default(),
        // Of a computer of our own only scans that ended well are noted.
        None if last_sync.is_some() => SyncResult::Succeeded,
        None => SyncResult::Unknown,
    };
    let asked: String = row.try_get(18)?;
    let details = ReportedDetails {
        address: row.try_get(9)?,
        dns_name: row.try_get(10)?,
        os_version: row.try_get(11)?,
        os_description: row.try_get(12)?,
        architecture: row.try_get(13)?,
        manufacturer: row.try_get(14)?,
        model: row.try_get(15)?,
        client_version: row.try_get(16)?,
        registration: row.try_get(17)?,
        groups: groups.remove(&computer).unwrap_or_default(),
        requested_groups: asked
            .split(';')
            .map(str::trim)
            .filter(|name| !name.is_empty())
            .map(str::to_owned)
            .collect(),
    };
    let has_status = row.try_get::<Option<Vec<u8>>, _>(19)?.is_some();
    let was_told = row.try_get::<Option<Vec<u8>>, _>(22)?.is_some();
    let told_status = unpack(row, 22, computer, ComputerStatus::from_bytes)?;
    let status = unpack(row, 19, computer, ComputerStatus::from_bytes)?;
    Ok(ToldRow {
        computer,
        changes: row.try_get(1)?,
        report: ComputerReport {
            client: client_id(row, 2)?,
            server: below.unwrap_or(own),
            last_sync,
            sync_result,
            last_reboot: rows::optional_time(row, 6)?,
            last_status: rows::optional_time(row, 7)?,
            last_inventory: rows::optional_time(row, 8)?,
            details: Some(Box::new(details)),
        },
        status: has_status.then_some(status),
        told: Told {
            details: hash(row, 20)?,
            number: row.try_get::<Option<i64>, _>(21)?.unwrap_or(0) as i32,
            status: was_told.then_some(told_status),
        },
    })
}
