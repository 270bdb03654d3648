//! What computers said about updates: a packed status and a packed log of events for each.

use std::collections::{BTreeMap, HashMap};

use headwater_model::Timestamp;
use headwater_policy::compliance::{
    ComputerStatus, Event, EventLog, PackedError, UpdateNumber, UpdateNumbers, apply,
};
use sqlx::any::AnyRow;
use sqlx::{AnyConnection, Row};

use crate::{Error, Result, Store, rows};

/// What one computer reported in one call.
#[derive(Debug, Clone)]
pub struct Report {
    /// The database's number for the computer.
    pub computer: i64,
    /// When this arrived.
    pub at: Timestamp,
    pub events: Vec<Event>,
}

/// A computer whose status changed.
#[derive(Debug, Clone)]
pub struct StatusChange {
    pub computer: i64,
    pub old: ComputerStatus,
    pub new: ComputerStatus,
}

/// What writing reports came to.
#[derive(Debug, Clone, Default)]
pub struct Written {
    pub changed: Vec<StatusChange>,
    /// Updates that were named and that the catalogue never had.
    pub unknown_updates: usize,
    /// What stood in an inventory and is no id of an update.
    pub rejected: usize,
    /// Inventories and events that something newer had overtaken.
    pub stale: usize,
    /// Reports of computers that are not the reporting server's.
    pub foreign: usize,
}

/// Rows that one statement writes.
const ROWS_PER_STATEMENT: usize = 128;
/// Rows that are read at once at the start.
const ROWS_PER_READ: i64 = 2_000;

impl Store {
    /// The numbers of all updates that the catalogue ever had. Updates without one are given
    /// theirs first, in the order in which they arrived.
    pub async fn update_numbers(&self) -> Result<UpdateNumbers> {
        sqlx::query(
            "INSERT INTO update_numbers (update_id) SELECT update_id FROM revisions r \
             WHERE NOT EXISTS (SELECT 1 FROM update_numbers n WHERE n.update_id = r.update_id) \
             GROUP BY update_id ORDER BY MIN(revision_id)",
        )
        .execute(&self.write)
        .await?;
        let found =
            sqlx::query("SELECT update_number, update_id FROM update_numbers").fetch_all(&self.read).await?;
        found
            .iter()
            .map(|row| {
                let number: i64 = row.try_get(0)?;
                let number = u32::try_from(number).map_err(|_| Error::Row {
                    table: "update_numbers",
                    reason: format!("{number} is no number of an update"),
                })?;
                Ok((UpdateNumber(number), rows::update_id(row, 1, "update_numbers")?))
            })
            .collect()
    }

    /// Writes the reports of many computers in one transaction: reads their rows, applies the
    /// events and writes back what changed. Reports of computers that are not known are ignored.
    pub async fn write_reports(&self, reports: &[Report], numbers: &UpdateNumbers) -> Result<Written> {
        let mut transaction = self.write.begin().await?;
        let mut reporters = load(&mut transaction, reports).await?;
        let mut written = Written::default();
        for report in reports {
            if let Some(reporter) = reporters.get_mut(&report.computer) {
                reporter.take(&report.events, numbers, &mut written);
            }
        }
        let (mut status, mut logs) = (Vec::new(), Vec::new());
        let (mut detected, mut changed) = (Vec::new(), Vec::new());
        for (computer, reporter) in reporters {
            if reporter.new_log != reporter.old_log {
                logs.push((computer, reporter.new_log.to_bytes()));
            }
            if reporter.detected {
                detected.push(computer);
            }
            if reporter.new != reporter.old {
                status.push((computer, reporter.new.to_bytes()));
                changed.push(computer);
                written.changed.push(StatusChange { computer, old: reporter.old, new: reporter.new });
            }
        }
        write_packed(&mut transaction, "status", &status).await?;
        write_packed(&mut transaction, "event_logs", &logs).await?;
        if let Some(at) = reports.iter().map(|report| report.at).max() {
            write_last_report(&mut transaction, &detected, at).await?;
        }
        count_changes(&mut transaction, &changed).await?;
        transaction.commit().await?;
        Ok(written)
    }

    /// Hands over the status of every computer that reported, in the order of their numbers.
    pub async fn each_status(&self, mut take: impl FnMut(i64, ComputerStatus)) -> Result<()> {
        let mut after = 0;
        loop {
            let found = sqlx::query(
                "SELECT computer_id, packed FROM status WHERE computer_id > $1 ORDER BY computer_id LIMIT $2",
            )
            .bind(after)
            .bind(ROWS_PER_READ)
            .fetch_all(&self.read)
            .await?;
            for row in &found {
                after = row.try_get(0)?;
                take(after, unpack(row, 1, after, ComputerStatus::from_bytes)?);
            }
            if (found.len() as i64) < ROWS_PER_READ {
                return Ok(());
            }
        }
    }

    /// The status of each of these computers that reported.
    pub async fn status_of(&self, computers: &[i64]) -> Result<HashMap<i64, ComputerStatus>> {
        let mut status = HashMap::with_capacity(computers.len());
        let sql = "SELECT computer_id, packed FROM status WHERE computer_id IN (..)";
        let mut connection = self.read.acquire().await?;
        for row in rows::select_in(&mut connection, sql, computers.iter().copied()).await? {
            let computer = row.try_get(0)?;
            status.insert(computer, unpack(&row, 1, computer, ComputerStatus::from_bytes)?);
        }
        Ok(status)
    }

    /// The computers that have had no contact since then.
    pub async fn silent(&self, since: Timestamp) -> Result<Vec<i64>> {
        let found = sqlx::query("SELECT computer_id FROM computers WHERE last_contact < $1")
            .bind(since.as_micros())
            .fetch_all(&self.read)
            .await?;
        found.iter().map(|row| Ok(row.try_get(0)?)).collect()
    }

    /// The last events of a computer.
    pub async fn event_log(&self, computer: i64) -> Result<EventLog> {
        let row = sqlx::query("SELECT packed FROM event_logs WHERE computer_id = $1")
            .bind(computer)
            .fetch_optional(&self.read)
            .await?;
        row.map_or(Ok(EventLog::default()), |row| unpack(&row, 0, computer, EventLog::from_bytes))
    }
}

/// A computer within a transaction.
struct Reporter {
    old: ComputerStatus,
    new: ComputerStatus,
    old_log: EventLog,
    new_log: EventLog,
    /// Whether it told which updates it needs.
    detected: bool,
}

impl Reporter {
    fn take(&mut self, events: &[Event], numbers: &UpdateNumbers, written: &mut Written) {
        let (new, changes) = apply(&self.new, events, numbers);
        self.new = new;
        self.new_log.add(events, numbers);
        self.detected |= changes.inventory;
        written.unknown_updates += changes.unknown_updates;
        written.rejected += changes.rejected;
        written.stale += changes.stale;
    }
}

/// Reads the rows of all computers that reported.
async fn load(connection: &mut AnyConnection, reports: &[Report]) -> Result<BTreeMap<i64, Reporter>> {
    let mut computers: Vec<i64> = reports.iter().map(|report| report.computer).collect();
    computers.sort_unstable();
    computers.dedup();
    let mut reporters = BTreeMap::new();
    let sql = "SELECT c.computer_id, s.packed, l.packed FROM computers c \
               LEFT JOIN status s ON s.computer_id = c.computer_id \
               LEFT JOIN event_logs l ON l.computer_id = c.computer_id WHERE c.computer_id IN (..)";
    for row in rows::select_in(connection, sql, computers).await? {
        let computer = row.try_get(0)?;
        let status = unpack(&row, 1, computer, ComputerStatus::from_bytes)?;
        let log = unpack(&row, 2, computer, EventLog::from_bytes)?;
        let reporter = Reporter {
            old: status.clone(),
            new: status,
            old_log: log.clone(),
            new_log: log,
            detected: false,
        };
        reporters.insert(computer, reporter);
    }
    Ok(reporters)
}

/// A packed column. No row is an empty one, and so is a damaged one: the computer's next
/// inventory makes it whole, while an error here would refuse the reports of all others for ever.
pub(crate) fn unpack<T: Default>(
    row: &AnyRow,
    at: usize,
    computer: i64,
    from_bytes: impl Fn(&[u8]) -> std::result::Result<T, PackedError>,
) -> Result<T> {
    let Some(packed) = row.try_get::<Option<Vec<u8>>, _>(at)? else { return Ok(T::default()) };
    Ok(from_bytes(&packed).unwrap_or_else(|error| {
        tracing::error!(computer, %error, "what a computer reported is lost until it reports again");
        T::default()
    }))
}

pub(crate) async fn write_packed(
    connection: &mut AnyConnection,
    table: &'static str,
    packed: &[(i64, Vec<u8>)],
) -> Result<()> {
    for chunk in packed.chunks(ROWS_PER_STATEMENT) {
        let values: Vec<String> =
            (0..chunk.len()).map(|at| format!("(${}, ${})", at * 2 + 1, at * 2 + 2)).collect();
        let sql = format!(
            "INSERT INTO {table} (computer_id, packed) VALUES {} \
             ON CONFLICT (computer_id) DO UPDATE SET packed = excluded.packed",
            values.join(", ")
        );
        let mut query = sqlx::query(sqlx::AssertSqlSafe(sql));
        for (computer, packed) in chunk {
            query = query.bind(*computer).bind(packed.clone());
        }
        query.execute(&mut *connection).await?;
    }
    Ok(())
}

async fn write_last_report(connection: &mut AnyConnection, computers: &[i64], at: Timestamp) -> Result<()> {
    for chunk in computers.chunks(ROWS_PER_STATEMENT) {
        let sql = format!(
            "UPDATE computers SET last_report = $1 WHERE computer_id IN ({})",
            rows::list(chunk.len(), 2)
        );
        let mut query = sqlx::query(sqlx::AssertSqlSafe(sql)).bind(at.as_micros());
        for computer in chunk {
            query = query.bind(*computer);
        }
        query.execute(&mut *connection).await?;
    }
    Ok(())
}

/// Lets the upper server be told of these computers.
pub(crate) async fn count_changes(connection: &mut AnyConnection, computers: &[i64]) -> Result<()> {
    for chunk in computers.chunks(ROWS_PER_STATEMENT) {
        let places = rows::list(chunk.len(), 1);
        let sql = format!("UPDATE computers SET changes = changes + 1 WHERE computer_id IN ({places})");
        let mut query = sqlx::query(sqlx::AssertSqlSafe(sql));
        for computer in chunk {
            query = query.bind(*computer);
        }
        query.execute(&mut *connection).await?;
    }
    Ok(())
}

#[cfg(test)]
mod tests;
