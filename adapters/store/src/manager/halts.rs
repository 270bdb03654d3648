//! Halts of updates, until the linked WSUS offers them no more.

use headwater_model::{Timestamp, UpdateId};
use sqlx::Row as _;
use sqlx::any::AnyRow;

use super::{AuditRow, ManagerStore, audit};
use crate::{Result, rows};

/// An update that was halted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HaltRow {
    pub update: UpdateId,
    pub asked_by: String,
    pub asked_at: Timestamp,
    /// Absent while it waits for the WSUS.
    pub done_at: Option<Timestamp>,
}

impl ManagerStore {
    /// Remembers that an update is to be halted, before anything is done about it.
    pub async fn ask_halt(&self, update: UpdateId, by: &str, now: Timestamp) -> Result<()> {
        let mut transaction = self.write.begin().await?;
        sqlx::query(
            "INSERT INTO halts (update_id, asked_by, asked_at, done_at) VALUES ($1, $2, $3, NULL) \
             ON CONFLICT (update_id) DO UPDATE SET asked_by = excluded.asked_by, \
             asked_at = excluded.asked_at, done_at = NULL",
        )
        .bind(update.as_bytes().to_vec())
        .bind(rows::text(by))
        .bind(now.as_micros())
        .execute(&mut *transaction)
        .await?;
        let after = Some("halted".to_owned());
        audit(&mut transaction, &AuditRow { after, ..AuditRow::of(now, by, "halt", &update.to_string()) })
            .await?;
        transaction.commit().await?;
        Ok(())
    }

    /// Remembers that the WSUS offers a halted update no more, and that on the record; says whether that very halt
    /// was open. One that was asked for since stays so.
    pub async fn halt_is_done(&self, halt: &HaltRow, now: Timestamp) -> Result<bool> {
        let mut transaction = self.write.begin().await?;
        let sql = "UPDATE halts SET done_at = $3 WHERE update_id = $1 AND asked_at = $2 AND done_at IS NULL";
        let done = sqlx::query(sql)
            .bind(halt.update.as_bytes().to_vec())
            .bind(halt.asked_at.as_micros())
            .bind(now.as_micros())
            .execute(&mut *transaction)
            .await?;
        let is_done = done.rows_affected() > 0;
        if is_done {
            let row = AuditRow::of(now, &halt.asked_by, "carry out halt", &halt.update.to_string());
            audit(&mut transaction, &row).await?;
        }
        transaction.commit().await?;
        Ok(is_done)
    }

    /// Forgets a halt, for the update is approved again. One that was asked for since stays.
    pub async fn forget_halt(&self, halt: &HaltRow) -> Result<()> {
        let sql = "DELETE FROM halts WHERE update_id = $1 AND asked_at = $2";
        let forget = sqlx::query(sql).bind(halt.update.as_bytes().to_vec()).bind(halt.asked_at.as_micros());
        forget.execute(&self.write).await?;
        Ok(())
    }

    /// All halts, the newest first.
    pub async fn halts(&self) -> Result<Vec<HaltRow>> {
        let sql =
            "SELECT update_id, asked_by, asked_at, done_at FROM halts ORDER BY asked_at DESC, update_id";
        let found = sqlx::query(sql).fetch_all(&self.read).await?;
        let halt = |row: &AnyRow| {
            Ok(HaltRow {
                update: UpdateId::from_bytes(rows::id16(row, 0, "halts")?),
                asked_by: row.try_get(1)?,
                asked_at: rows::time(row, 2)?,
                done_at: rows::optional_time(row, 3)?,
            })
        };
        found.iter().map(halt).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::test_database::{TestDatabase, on_both_engines};

    on_both_engines!(a_halt_waits_until_it_is_done);

    const NOW: Timestamp = Timestamp::EPOCH;

    async fn a_halt_waits_until_it_is_done(on: TestDatabase) {
        let store = ManagerStore::open(on.place()).await.expect("opens");
        let (update, later) = (UpdateId::from_u128(7), NOW.plus_seconds(1));
        let halts = async || store.halts().await.expect("reads");
        store.ask_halt(update, "ada", NOW).await.expect("writes");
        let mut halt = HaltRow { update, asked_by: "ada".to_owned(), asked_at: NOW, done_at: None };
        assert_eq!(halts().await, [halt.clone()]);
        let done = async |halt: &HaltRow| store.halt_is_done(halt, later).await.expect("writes");
        assert!(done(&halt).await && !done(&halt).await, "it is done once");
        let first = halt.clone();
        halt.done_at = Some(later);
        assert_eq!(halts().await, [halt.clone()]);
        // Halted once more: it waits again, whatever becomes of the first one.
        store.ask_halt(update, "ada", later).await.expect("writes");
        (halt.asked_at, halt.done_at) = (later, None);
        assert!(!done(&first).await);
        assert_eq!(halts().await, [halt.clone()]);
        let audited = store.last_audited(None, 10).await.expect("reads").into_iter().rev();
        assert_eq!(audited.map(|row| row.what).collect::<Vec<_>>(), ["halt", "carry out halt", "halt"]);
        store.forget_halt(&first).await.expect("writes");
        assert_eq!(halts().await, [halt.clone()], "it was asked for since");
        store.forget_halt(&halt).await.expect("writes");
        assert_eq!(halts().await, []);
    }
}
