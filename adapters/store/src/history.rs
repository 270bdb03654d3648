//! The record of every change: who, when, what, from what to what.

use headwater_model::{GroupId, Timestamp, UpdateId};
use sqlx::any::{Any, AnyArguments, AnyRow};
use sqlx::{AnyConnection, Row};

use crate::{Result, Store, rows};

/// One change that an operator made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Change {
    pub at: Timestamp,
    pub by: String,
    /// The verb, such as `approve` or `create group`.
    pub what: String,
    pub update: Option<UpdateId>,
    pub group: Option<GroupId>,
    /// What was changed, where that is neither of them.
    pub detail: String,
    pub before: Option<String>,
    pub after: Option<String>,
}

/// Which part of the record of operators is read. All that is said must hold.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct AuditFilter<'a> {
    pub by: Option<&'a str>,
    /// Then or later.
    pub since: Option<Timestamp>,
    /// Earlier than then.
    pub before: Option<Timestamp>,
    /// Recorded before the entry of this number.
    pub below: Option<i64>,
    /// Recorded after the entry of this number.
    pub above: Option<i64>,
    pub order: AuditOrder,
    pub limit: u32,
}

/// In which order the record is read.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum AuditOrder {
    #[default]
    NewestFirst,
    OldestFirst,
}

impl<'a> AuditFilter<'a> {
    /// The same after the entry of a number, in this order.
    pub fn going_on(self, after: Option<i64>) -> Self {
        match self.order {
            AuditOrder::NewestFirst => Self { below: after, ..self },
            AuditOrder::OldestFirst => Self { above: after, ..self },
        }
    }

    /// Binds who, since, before, below, above and the limit to `$1` to `$6` of a statement.
    pub(crate) fn bound<'q>(
        &self,
        query: sqlx::query::Query<'q, Any, AnyArguments>,
    ) -> sqlx::query::Query<'q, Any, AnyArguments> {
        query
            .bind(self.by.map(rows::text))
            .bind(self.since.map_or(i64::MIN, Timestamp::as_micros))
            .bind(self.before.map_or(i64::MAX, Timestamp::as_micros))
            .bind(self.below.unwrap_or(i64::MAX))
            .bind(self.above.unwrap_or(i64::MIN))
            .bind(i64::from(self.limit))
    }
}

impl Store {
    /// The newest changes, of one update or group if given.
    pub async fn changes(
        &self,
        update: Option<UpdateId>,
        group: Option<GroupId>,
        limit: u32,
    ) -> Result<Vec<Change>> {
        let found = sqlx::query(
            "SELECT changed_at, changed_by, what, update_id, group_id, before, after, detail FROM changes \
             WHERE ($1 IS NULL OR update_id = $1) AND ($2 IS NULL OR group_id = $2) \
             ORDER BY change_id DESC LIMIT $3",
        )
        .bind(update.map(|id| id.as_bytes().to_vec()))
        .bind(group.map(|id| id.as_bytes().to_vec()))
        .bind(i64::from(limit))
        .fetch_all(&self.read)
        .await?;
        found.iter().map(change).collect()
    }

    /// What operators did, each with its number.
    pub async fn audited(&self, filter: &AuditFilter<'_>) -> Result<Vec<(i64, Change)>> {
        let sql = match filter.order {
            AuditOrder::NewestFirst => {
                "SELECT changed_at, changed_by, what, update_id, group_id, before, after, detail, change_id \
                 FROM changes WHERE ($1 IS NULL OR changed_by = $1) AND changed_at >= $2 AND changed_at < $3 \
                 AND change_id < $4 AND change_id > $5 ORDER BY change_id DESC LIMIT $6"
            }
            AuditOrder::OldestFirst => {
                "SELECT changed_at, changed_by, what, update_id, group_id, before, after, detail, change_id \
                 FROM changes WHERE ($1 IS NULL OR changed_by = $1) AND changed_at >= $2 AND changed_at < $3 \
                 AND change_id < $4 AND change_id > $5 ORDER BY change_id LIMIT $6"
            }
        };
        let found = filter.bound(sqlx::query(sql)).fetch_all(&self.read).await?;
        found.iter().map(|row| Ok((row.try_get(8)?, change(row)?))).collect()
    }
}

fn change(row: &AnyRow) -> Result<Change> {
    Ok(Change {
        at: rows::time(row, 0)?,
        by: row.try_get(1)?,
        what: row.try_get(2)?,
        update: rows::optional_id16(row, 3)?.map(UpdateId::from_bytes),
        group: rows::optional_id16(row, 4)?.map(GroupId::from_bytes),
        before: row.try_get(5)?,
        after: row.try_get(6)?,
        detail: row.try_get(7)?,
    })
}

/// Records a change in the transaction that makes it.
pub(crate) async fn record(connection: &mut AnyConnection, change: Change) -> Result<()> {
    sqlx::query(
        "INSERT INTO changes (changed_at, changed_by, what, update_id, group_id, before, after, detail) \
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8)",
    )
    .bind(change.at.as_micros())
    .bind(change.by)
    .bind(change.what)
    .bind(change.update.map(|id| id.as_bytes().to_vec()))
    .bind(change.group.map(|id| id.as_bytes().to_vec()))
    .bind(change.before)
    .bind(change.after)
    .bind(rows::text(&change.detail))
    .execute(connection)
    .await?;
    Ok(())
}
