//! The computers of lower servers, as those tell of them ([MS-WSUSSS] 3.1.4.15 to 3.1.4.17).

use std::collections::{HashMap, HashSet};

use headwater_model::{ClientId, GroupId, ServerId, Timestamp};
use headwater_policy::compliance::{ComputerStatus, UpdateNumbers};
use headwater_policy::group::{ALL_COMPUTERS, UNASSIGNED_COMPUTERS};
use headwater_policy::rollup::{
    ComputerReport, KnownComputer, Reception, ReportedDetails, StatusReport, receive,
};
use headwater_policy::snapshot::Member;
use sqlx::{AnyConnection, Row};

use crate::computers::{client_id, groups_of, insert_membership, set_groups};
use crate::decisions::all_groups;
use crate::rows::select_in;
use crate::server::next_stamp;
use crate::status::{count_changes, unpack, write_packed};
use crate::{Enrolled, Result, StatusChange, Store, Written, rows};

/// What became of reports about computers.
#[derive(Debug, Clone, Default)]
pub struct Received {
    /// In the order of the reports.
    pub receptions: Vec<Reception>,
    /// Those that report to lower servers now, if anything is new.
    pub below: Vec<Enrolled>,
}

/// A computer within a transaction.
struct Known {
    computer: i64,
    place: KnownComputer,
}

impl Store {
    /// Writes what a lower server tells of computers, in one transaction. `None`, and nothing is
    /// written, if there would be more than `computers_max` computers then.
    pub async fn write_computers_below(
        &self,
        reports: &[ComputerReport],
        now: Timestamp,
        computers_max: u64,
    ) -> Result<Option<Received>> {
        let mut transaction = self.write.begin().await?;
        let clients: Vec<&ClientId> = reports.iter().map(|report| &report.client).collect();
        let mut known = load(&mut transaction, &clients).await?;
        let deleted = deletions(&mut transaction, &clients).await?;
        let groups = all_groups(&mut transaction).await?.into_iter().map(|group| group.id).collect();
        let (mut received, mut is_larger) = (Received::default(), false);
        for report in reports {
            let before = known.get(&report.client);
            let deleted_at = deleted.get(&report.client).copied();
            let reception = receive(before.map(|known| &known.place), deleted_at, report);
            received.receptions.push(reception);
            if !matches!(reception, Reception::Taken { .. }) {
                continue;
            }
            let computer = match before {
                Some(before) => take(&mut transaction, before, report, now).await?,
                None => {
                    is_larger = true;
                    insert(&mut transaction, report, now).await?
                }
            };
            if let Some(details) = &report.details {
                write_details(&mut transaction, computer, details, &groups).await?;
            }
            let place = KnownComputer {
                server: Some(report.server),
                last_contact: contact(report).unwrap_or(now),
                last_sync: report.last_sync,
            };
            known.insert(report.client.clone(), Known { computer, place });
            let member = member_below(&mut transaction, computer).await?;
            received.below.push(Enrolled { client: report.client.clone(), member });
        }
        if is_larger && count(&mut transaction).await? > computers_max {
            return Ok(None);
        }
        transaction.commit().await?;
        Ok(Some(received))
    }

    /// The computers of these servers of which another report than the one of the number was the
    /// last to arrive.
    pub async fn out_of_sync(
        &self,
        numbers: &[(ClientId, i32)],
        servers: &HashSet<ServerId>,
    ) -> Result<Vec<ClientId>> {
        let mut found = Vec::new();
        let sql = "SELECT client_id, server_id, received_number FROM computers WHERE client_id IN (..)";
        let told: HashMap<&ClientId, i32> =
            numbers.iter().map(|(client, number)| (client, *number)).collect();
        let mut connection = self.read.acquire().await?;
        for row in
            select_in(&mut connection, sql, told.keys().map(|client| client.as_str().to_owned())).await?
        {
            let client = client_id(&row, 0)?;
            let server = rows::optional_id16(&row, 1)?.map(ServerId::from_bytes);
            let is_theirs = server.is_some_and(|server| servers.contains(&server));
            let received: i64 = row.try_get(2)?;
            if is_theirs && told.get(&client).is_some_and(|number| i64::from(*number) != received) {
                found.push(client);
            }
        }
        Ok(found)
    }

    /// Writes what a lower server tells of the updates on its computers, in one transaction.
    /// Reports of computers that are not of these servers are ignored.
    pub async fn write_status_below(
        &self,
        reports: &[StatusReport],
        servers: &HashSet<ServerId>,
        numbers: &UpdateNumbers,
    ) -> Result<Written> {
        let mut transaction = self.write.begin().await?;
        let mut reporters = load_status(&mut transaction, reports, servers).await?;
        let mut written = Written::default();
        for report in reports {
            let Some((computer, _, new)) = reporters.get_mut(&report.client) else {
                written.foreign += 1;
                continue;
            };
            let (next, unknown) = new.with_report(report, numbers);
            *new = next;
            written.unknown_updates += unknown;
            sqlx::query("UPDATE computers SET received_number = $2 WHERE computer_id = $1")
                .bind(*computer)
                .bind(i64::from(report.number))
                .execute(&mut *transaction)
                .await?;
        }
        let mut packed = Vec::new();
        for (computer, old, new) in reporters.into_values() {
            if new != old {
                packed.push((computer, new.to_bytes()));
                written.changed.push(StatusChange { computer, old, new });
            }
        }
        write_packed(&mut transaction, "status", &packed).await?;
        let changed: Vec<i64> = packed.iter().map(|(computer, _)| *computer).collect();
        count_changes(&mut transaction, &changed).await?;
        transaction.commit().await?;
        Ok(written)
    }
}

/// When a computer was last heard of, where a lower server knows it.
fn contact(report: &ComputerReport) -> Option<Timestamp> {
    report.last_sync.max(report.last_status).max(report.last_inventory)
}

async fn load(connection: &mut AnyConnection, clients: &[&ClientId]) -> Result<HashMap<ClientId, Known>> {
    let mut known = HashMap::with_capacity(clients.len());
    let sql = "SELECT client_id, computer_id, server_id, last_contact, last_sync FROM computers \
               WHERE client_id IN (..)";
    for row in select_in(connection, sql, texts(clients)).await? {
        let place = KnownComputer {
            server: rows::optional_id16(&row, 2)?.map(ServerId::from_bytes),
            last_contact: rows::time(&row, 3)?,
            last_sync: rows::optional_time(&row, 4)?,
        };
        known.insert(client_id(&row, 0)?, Known { computer: row.try_get(1)?, place });
    }
    Ok(known)
}

async fn deletions(
    connection: &mut AnyConnection,
    clients: &[&ClientId],
) -> Result<HashMap<ClientId, Timestamp>> {
    let sql = "SELECT client_id, deleted_at FROM deleted_computers WHERE client_id IN (..)";
    let found = select_in(connection, sql, texts(clients)).await?;
    found.iter().map(|row| Ok((client_id(row, 0)?, rows::time(row, 1)?))).collect()
}

fn texts(clients: &[&ClientId]) -> impl Iterator<Item = String> {
    clients.iter().map(|client| client.as_str().to_owned())
}

async fn count(connection: &mut AnyConnection) -> Result<u64> {
    let row = sqlx::query("SELECT COUNT(*) FROM computers").fetch_one(connection).await?;
    Ok(row.try_get::<i64, _>(0)? as u64)
}

/// A computer of which nothing was known. Until its details come its id is its name.
async fn insert(connection: &mut AnyConnection, report: &ComputerReport, now: Timestamp) -> Result<i64> {
    let stamp = next_stamp(connection).await?;
    let row = sqlx::query(
        "INSERT INTO computers (client_id, dns_name, requested_group, registered, os_version, os_description, \
         architecture, manufacturer, model, client_version, registration, first_contact, last_contact, \
         stamp, server_id, changes) VALUES ($1, $1, '', 0, '', '', '', '', '', '', '', $2, $2, $3, $4, 1) \
         RETURNING computer_id",
    )
    .bind(report.client.as_str().to_owned())
    .bind(now.as_micros())
    .bind(stamp)
    .bind(report.server.as_bytes().to_vec())
    .fetch_one(&mut *connection)
    .await?;
    let computer = row.try_get(0)?;
    insert_membership(connection, computer, UNASSIGNED_COMPUTERS).await?;
    write_times(connection, computer, report).await?;
    Ok(computer)
}

/// Makes a computer that is known the reporting server's.
async fn take(
    connection: &mut AnyConnection,
    before: &Known,
    report: &ComputerReport,
    now: Timestamp,
) -> Result<i64> {
    let computer = before.computer;
    if before.place.server.is_none() {
        let groups = groups_of(connection, computer).await?;
        let packed: Vec<u8> = groups.iter().flat_map(|group| *group.as_bytes()).collect();
        sqlx::query(
            "UPDATE computers SET own_groups = $2, registered = 0, product_set = NULL WHERE computer_id = $1",
        )
        .bind(computer)
        .bind(packed)
        .execute(&mut *connection)
        .await?;
        tracing::info!(client = %report.client, server = %report.server, %now, "a computer reports elsewhere now");
    }
    if before.place.server != Some(report.server) {
        // Its number counts what another server told.
        sqlx::query("UPDATE computers SET server_id = $2, received_number = 0 WHERE computer_id = $1")
            .bind(computer)
            .bind(report.server.as_bytes().to_vec())
            .execute(&mut *connection)
            .await?;
    }
    write_times(connection, computer, report).await?;
    Ok(computer)
}

async fn write_times(connection: &mut AnyConnection, computer: i64, report: &ComputerReport) -> Result<()> {
    sqlx::query(
        "UPDATE computers SET last_sync = $2, sync_result = $3, last_reboot = $4, last_report = $5, \
         last_inventory = $6, last_contact = COALESCE($7, last_contact), changes = changes + 1 \
         WHERE computer_id = $1",
    )
    .bind(computer)
    .bind(report.last_sync.map(Timestamp::as_micros))
    .bind(report.sync_result as i64)
    .bind(report.last_reboot.map(Timestamp::as_micros))
    .bind(report.last_status.map(Timestamp::as_micros))
    .bind(report.last_inventory.map(Timestamp::as_micros))
    .bind(contact(report).map(Timestamp::as_micros))
    .execute(connection)
    .await?;
    Ok(())
}

async fn write_details(
    connection: &mut AnyConnection,
    computer: i64,
    details: &ReportedDetails,
    known: &HashSet<GroupId>,
) -> Result<()> {
    sqlx::query(
        "UPDATE computers SET address = $2, dns_name = $3, os_version = $4, os_description = $5, \
         architecture = $6, manufacturer = $7, model = $8, client_version = $9, registration = $10, \
         requested_group = $11 WHERE computer_id = $1",
    )
    .bind(computer)
    .bind(details.address.clone())
    .bind(details.dns_name.clone())
    .bind(details.os_version.clone())
    .bind(details.os_description.clone())
    .bind(details.architecture.clone())
    .bind(details.manufacturer.clone())
    .bind(details.model.clone())
    .bind(details.client_version.clone())
    .bind(details.registration.clone())
    .bind(details.requested_groups.join(";"))
    .execute(&mut *connection)
    .await?;
    // Every computer is in the root, so nobody has to say it.
    let named = details.groups.iter().filter(|group| **group != ALL_COMPUTERS && known.contains(group));
    let mut groups: Vec<GroupId> = named.copied().collect();
    groups.sort_unstable();
    groups.dedup();
    if groups.is_empty() {
        groups.push(UNASSIGNED_COMPUTERS);
    }
    if groups_of(connection, computer).await? != groups {
        set_groups(connection, computer, &groups).await?;
    }
    Ok(())
}

async fn member_below(connection: &mut AnyConnection, computer: i64) -> Result<Member> {
    let groups = groups_of(connection, computer).await?;
    let row = sqlx::query("SELECT stamp FROM computers WHERE computer_id = $1")
        .bind(computer)
        .fetch_one(connection)
        .await?;
    let stamp = row.try_get::<i64, _>(0)? as u64;
    Ok(Member { computer, groups: groups.into(), stamp, registered: false, products: None })
}

/// The numbers and twice the status of the computers that are of these servers: as it is and as it
/// will be.
async fn load_status(
    connection: &mut AnyConnection,
    reports: &[StatusReport],
    servers: &HashSet<ServerId>,
) -> Result<HashMap<ClientId, (i64, ComputerStatus, ComputerStatus)>> {
    let mut reporters = HashMap::with_capacity(reports.len());
    let sql = "SELECT c.client_id, c.computer_id, c.server_id, s.packed FROM computers c \
               LEFT JOIN status s ON s.computer_id = c.computer_id WHERE c.client_id IN (..)";
    let clients = reports.iter().map(|report| report.client.as_str().to_owned());
    for row in select_in(connection, sql, clients).await? {
        let server = rows::optional_id16(&row, 2)?.map(ServerId::from_bytes);
        if server.is_some_and(|server| servers.contains(&server)) {
            let computer = row.try_get(1)?;
            let status = unpack(&row, 3, computer, ComputerStatus::from_bytes)?;
            reporters.insert(client_id(&row, 0)?, (computer, status.clone(), status));
        }
    }
    Ok(reporters)
}

#[cfg(test)]
mod tests;
