//! Clean-ups of the tree: the one that was begun, and since when updates are obsolete.

use std::collections::{BTreeMap, BTreeSet};

use headwater_model::{Timestamp, UpdateId};
use sqlx::any::AnyRow;
use sqlx::{AnyConnection, Row};

use super::{AuditRow, ManagerStore, audit};
use crate::{Result, rows};

/// In what an update is seen.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum SeenStanding {
    Declined,
    Superseded,
}

impl SeenStanding {
    fn number(self) -> i64 {
        match self {
            Self::Declined => 0,
            Self::Superseded => 1,
        }
    }
}

impl ManagerStore {
    /// Remembers those that are seen for the first time, forgets those that are not any more, and says since
    /// when the others were.
    pub async fn see_standings(
        &self,
        seen: &BTreeSet<(UpdateId, SeenStanding)>,
        now: Timestamp,
    ) -> Result<BTreeMap<(UpdateId, SeenStanding), Timestamp>> {
        let mut transaction = self.write.begin().await?;
        let mut known = standings(&mut transaction).await?;
        for (update, standing) in seen.iter().filter(|one| !known.contains_key(one)) {
            sqlx::query("INSERT INTO update_standings (update_id, standing, since) VALUES ($1, $2, $3)")
                .bind(update.as_bytes().to_vec())
                .bind(standing.number())
                .bind(now.as_micros())
                .execute(&mut *transaction)
                .await?;
        }
        for (update, standing) in known.keys().filter(|one| !seen.contains(one)) {
            sqlx::query("DELETE FROM update_standings WHERE update_id = $1 AND standing = $2")
                .bind(update.as_bytes().to_vec())
                .bind(standing.number())
                .execute(&mut *transaction)
                .await?;
        }
        transaction.commit().await?;
        known.retain(|one, _| seen.contains(one));
        known.extend(
            seen.iter().filter(|one| !known.contains_key(one)).map(|one| (*one, now)).collect::<Vec<_>>(),
        );
        Ok(known)
    }

    /// Remembers a plan before anything of it is done, in place of an earlier one.
    pub async fn begin_clean_up(&self, state: &str, plan: &str, audited: &AuditRow) -> Result<()> {
        let mut transaction = self.write.begin().await?;
        sqlx::query("DELETE FROM clean_up").execute(&mut *transaction).await?;
        sqlx::query("INSERT INTO clean_up (one, state, plan, ended) VALUES (1, $1, $2, 0)")
            .bind(rows::text(state))
            .bind(rows::text(plan))
            .execute(&mut *transaction)
            .await?;
        audit(&mut transaction, audited).await?;
        Ok(transaction.commit().await?)
    }

    /// The plan that was begun, if it is this one and has not ended.
    pub async fn begun_clean_up(&self, state: &str) -> Result<Option<String>> {
        let sql = "SELECT plan FROM clean_up WHERE state = $1 AND ended = 0";
        let row = sqlx::query(sql).bind(state.to_owned()).fetch_optional(&self.read).await?;
        Ok(row.map(|row| row.try_get(0)).transpose()?)
    }

    pub async fn end_clean_up(&self, audited: &AuditRow) -> Result<()> {
        let mut transaction = self.write.begin().await?;
        sqlx::query("UPDATE clean_up SET ended = 1").execute(&mut *transaction).await?;
        audit(&mut transaction, audited).await?;
        Ok(transaction.commit().await?)
    }
}

async fn standings(connection: &mut AnyConnection) -> Result<BTreeMap<(UpdateId, SeenStanding), Timestamp>> {
    let sql = "SELECT update_id, standing, since FROM update_standings";
    let found = sqlx::query(sql).fetch_all(connection).await?;
    let standing = |row: &AnyRow| {
        let standing = match row.try_get::<i64, _>(1)? {
            0 => SeenStanding::Declined,
            _ => SeenStanding::Superseded,
        };
        Ok(((rows::update_id(row, 0, "update_standings")?, standing), rows::time(row, 2)?))
    };
    found.iter().map(standing).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::test_database::{TestDatabase, on_both_engines};

    on_both_engines!(
        a_standing_counts_from_when_it_was_first_seen,
        a_clean_up_that_was_begun_is_known_until_it_ends,
    );

    async fn a_standing_counts_from_when_it_was_first_seen(on: TestDatabase) {
        let store = ManagerStore::open(on.place()).await.expect("opens");
        let at = |seconds| Timestamp::EPOCH.plus_seconds(seconds);
        let declined = (UpdateId::from_u128(1), SeenStanding::Declined);
        let superseded = (UpdateId::from_u128(1), SeenStanding::Superseded);
        let see = async |seen: &[(UpdateId, SeenStanding)], seconds| {
            let seen = seen.iter().copied().collect();
            store.see_standings(&seen, at(seconds)).await.expect("answers").into_iter().collect::<Vec<_>>()
        };
        assert_eq!(see(&[declined], 1).await, [(declined, at(1))]);
        assert_eq!(see(&[declined, superseded], 2).await, [(declined, at(1)), (superseded, at(2))]);
        assert_eq!(see(&[superseded], 3).await, [(superseded, at(2))]);
        assert_eq!(see(&[declined, superseded], 4).await, [(declined, at(4)), (superseded, at(2))]);
    }

    async fn a_clean_up_that_was_begun_is_known_until_it_ends(on: TestDatabase) {
        let store = ManagerStore::open(on.place()).await.expect("opens");
        let row = AuditRow::of(Timestamp::EPOCH, "ada", "clean up", "");
        let begun = async |state: &str| store.begun_clean_up(state).await.expect("reads");
        for plan in ["first", "second"] {
            store.begin_clean_up(plan, plan, &row).await.expect("writes");
            assert_eq!(begun(plan).await.as_deref(), Some(plan));
        }
        assert_eq!(begun("first").await, None);
        store.end_clean_up(&row).await.expect("writes");
        assert_eq!(begun("second").await, None);
        assert_eq!(store.last_audited(Some("ada"), 9).await.expect("reads").len(), 3);
    }
}
