//! Reading the record of what operators did.

use sqlx::Row;
use sqlx::any::AnyRow;

use super::{AuditRow, ManagerStore};
use crate::{AuditFilter, AuditOrder, Result, rows};

impl ManagerStore {
    /// What operators did, each with its number.
    pub async fn audited(&self, filter: &AuditFilter<'_>) -> Result<Vec<(i64, AuditRow)>> {
        let sql = match filter.order {
            AuditOrder::NewestFirst => {
                "SELECT at, operator, what, detail, before, after, audit_id FROM audit \
                 WHERE ($1 IS NULL OR operator = $1) AND at >= $2 AND at < $3 AND audit_id < $4 AND audit_id > $5 \
                 ORDER BY audit_id DESC LIMIT $6"
            }
            AuditOrder::OldestFirst => {
                "SELECT at, operator, what, detail, before, after, audit_id FROM audit \
                 WHERE ($1 IS NULL OR operator = $1) AND at >= $2 AND at < $3 AND audit_id < $4 AND audit_id > $5 \
                 ORDER BY audit_id LIMIT $6"
            }
        };
        let found = filter.bound(sqlx::query(sql)).fetch_all(&self.read).await?;
        let row = |row: &AnyRow| {
            let told = AuditRow {
                at: rows::time(row, 0)?,
                operator: row.try_get(1)?,
                what: row.try_get(2)?,
                detail: row.try_get(3)?,
                before: row.try_get(4)?,
                after: row.try_get(5)?,
            };
            Ok((row.try_get(6)?, told))
        };
        found.iter().map(row).collect()
    }

    /// Who is on the record, by name.
    pub async fn audited_operators(&self) -> Result<Vec<String>> {
        let sql = "SELECT DISTINCT operator FROM audit ORDER BY operator";
        let found = sqlx::query(sql).fetch_all(&self.read).await?;
        found.iter().map(|row| Ok(row.try_get(0)?)).collect()
    }

    #[cfg(test)]
    pub(crate) async fn last_audited(&self, by: Option<&str>, limit: u32) -> Result<Vec<AuditRow>> {
        let found = self.audited(&AuditFilter { by, limit, ..AuditFilter::default() }).await?;
        Ok(found.into_iter().map(|(_, row)| row).collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::test_database::{TestDatabase, on_both_engines};
    use headwater_model::Timestamp;

    on_both_engines!(the_record_is_read_to_its_beginning);

    async fn the_record_is_read_to_its_beginning(on: TestDatabase) {
        let store = ManagerStore::open(on.place()).await.expect("opens");
        for (second, name) in [(1, "anna"), (2, "bert"), (3, "carl")] {
            let at = Timestamp::EPOCH.plus_seconds(second);
            store.audit(&AuditRow::of(at, "ada", "unlock operator", name)).await.expect("writes");
        }
        let (mut told, mut below) = (Vec::new(), None);
        for _ in 0..4 {
            let filter = AuditFilter { below, limit: 1, ..AuditFilter::default() };
            let found = store.audited(&filter).await.expect("reads");
            told.extend(found.iter().map(|(_, row)| row.detail.clone()));
            below = found.last().map(|(number, _)| *number).or(below);
        }
        assert_eq!(told, ["carl", "bert", "anna"]);
        // And from its beginning on.
        let (mut told, mut above) = (Vec::new(), None);
        for _ in 0..4 {
            let order = AuditOrder::OldestFirst;
            let filter = AuditFilter { above, order, limit: 1, ..AuditFilter::default() };
            let found = store.audited(&filter).await.expect("reads");
            told.extend(found.iter().map(|(_, row)| row.detail.clone()));
            above = found.last().map(|(number, _)| *number).or(above);
        }
        assert_eq!(told, ["anna", "bert", "carl"]);
        let between = AuditFilter {
            by: Some("ada"),
            since: Some(Timestamp::EPOCH.plus_seconds(2)),
            before: Some(Timestamp::EPOCH.plus_seconds(3)),
            limit: 9,
            ..AuditFilter::default()
        };
        let found = store.audited(&between).await.expect("reads");
        assert_eq!(found.iter().map(|(_, row)| row.detail.as_str()).collect::<Vec<_>>(), ["bert"]);
        assert_eq!(store.audited_operators().await.expect("reads"), ["ada"]);
    }
}
