//! Deleting updates. Their declines stay, so that one which comes back is declined still, and so does the
//! record of what was done with them.

use std::collections::HashMap;

use headwater_catalog::Index;
use headwater_model::{Sha1Digest, Timestamp, UpdateId};
use sqlx::{AnyConnection, Row};

use crate::catalogue::record_changes;
use crate::history::{Change, record};
use crate::server::next_stamp;
use crate::{Result, Store, rows};

/// An update that leaves the catalogue.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LeavingUpdate {
    pub id: UpdateId,
    pub title: String,
    /// Part of another one that leaves, and declined or not with it.
    pub is_part: bool,
}

impl Store {
    /// Deletes updates with all their revisions, in one transaction with what follows for the others:
    /// `before` and `after` are the catalogue with and without them. Deletes nothing and says `false` if one
    /// of them is not declined any more, or is approved.
    pub async fn delete_updates(
        &self,
        leaving: &[LeavingUpdate],
        (before, after): (&Index, &Index),
        by: &str,
        now: Timestamp,
    ) -> Result<bool> {
        let mut transaction = self.write.begin().await?;
        let stamp = next_stamp(&mut transaction).await?;
        for update in leaving {
            if !may_leave(&mut transaction, update).await? {
                return Ok(false);
            }
            let deleted = delete(&mut transaction, update.id).await?;
            let change = Change {
                at: now,
                by: by.to_owned(),
                what: "delete update".to_owned(),
                update: Some(update.id),
                group: None,
                detail: rows::text(&update.title),
                before: Some(format!("{deleted} revisions")),
                after: None,
            };
            record(&mut transaction, change).await?;
        }
        record_changes(&mut transaction, before, after, stamp).await?;
        transaction.commit().await?;
        Ok(true)
    }

    /// Since when each declined update is declined.
    pub async fn declined_since(&self) -> Result<HashMap<UpdateId, Timestamp>> {
        let sql = "SELECT update_id, changed_at FROM declined";
        let found = sqlx::query(sql).fetch_all(&self.read).await?;
        found.iter().map(|row| Ok((rows::update_id(row, 0, "declined")?, rows::time(row, 1)?))).collect()
    }

    /// Forgets files that no update announces any more.
    pub async fn forget_files(&self, files: &[Sha1Digest]) -> Result<()> {
        let mut transaction = self.write.begin().await?;
        for sha1 in files {
            sqlx::query("DELETE FROM content_files WHERE sha1 = $1")
                .bind(sha1.as_bytes().to_vec())
                .execute(&mut *transaction)
                .await?;
        }
        Ok(transaction.commit().await?)
    }
}

async fn may_leave(connection: &mut AnyConnection, update: &LeavingUpdate) -> Result<bool> {
    let sql = "SELECT (SELECT COUNT(*) FROM declined WHERE update_id = $1), \
               (SELECT COUNT(*) FROM approvals WHERE update_id = $1 AND action IS NOT NULL)";
    let row = sqlx::query(sql).bind(update.id.as_bytes().to_vec()).fetch_one(connection).await?;
    let (declined, approved): (i64, i64) = (row.try_get(0)?, row.try_get(1)?);
    Ok((update.is_part || declined > 0) && approved == 0)
}

/// Says how many revisions there were. The number by which reports name the update stays.
async fn delete(connection: &mut AnyConnection, update: UpdateId) -> Result<u64> {
    let mut revisions = 0;
    for sql in [
        "DELETE FROM approvals WHERE update_id = $1",
        "DELETE FROM catalogue_changes WHERE update_id = $1",
        "DELETE FROM revisions WHERE update_id = $1",
    ] {
        let done = sqlx::query(sql).bind(update.as_bytes().to_vec()).execute(&mut *connection).await?;
        revisions = done.rows_affected();
    }
    Ok(revisions)
}

#[cfg(test)]
mod tests {
    use headwater_catalog::{Entry, Kind};
    use headwater_model::UpdateIdentity;

    use super::*;
    use crate::decisions::Decline;
    use crate::test_database::{TestDatabase, on_both_engines};
    use crate::{NewRevision, RevisionRow};

    on_both_engines!(declined_updates_leave_and_their_declines_stay, files_are_forgotten);

    const NOW: Timestamp = Timestamp::EPOCH;
    const OLD: UpdateId = UpdateId::from_u128(1);
    const DETECTOID: UpdateId = UpdateId::from_u128(2);

    fn revision(id: UpdateId, revision: u32) -> NewRevision {
        NewRevision {
            identity: UpdateIdentity { id, revision },
            document: vec![1],
            document_bytes: 1,
            document_hash: [0; 8],
            facts: vec![2],
            facts_version: 1,
            core_bytes: 10,
        }
    }

    /// The first update requires the second.
    fn index(rows: &[RevisionRow]) -> Index {
        let entry = |row: &RevisionRow| Entry {
            revision: row.id,
            identity: row.identity,
            kind: if row.identity.id == OLD { Kind::Software } else { Kind::Detectoid },
            explicitly_deployable: row.identity.id == OLD,
            expired: false,
            prerequisites: if row.identity.id == OLD { vec![vec![DETECTOID]] } else { vec![] },
            bundles: vec![],
            supersedes: vec![],
            core_bytes: row.core_bytes,
            arrived_at: row.arrived_at,
        };
        Index::build(rows.iter().map(entry).collect())
    }

    async fn declined_updates_leave_and_their_declines_stay(on: TestDatabase) {
        let store = on.open().await;
        store.server(headwater_model::ServerId::from_u128(7), NOW).await.expect("a server");
        let new = vec![revision(OLD, 1), revision(OLD, 2), revision(DETECTOID, 1)];
        store.add_revisions(new, NOW).await.expect("writes");
        let rows = store.revisions().await.expect("reads");
        let before = index(&rows);
        let rest: Vec<RevisionRow> = rows.into_iter().filter(|row| row.identity.id != OLD).collect();
        let after = index(&rest);
        let title = "Of yesterday".to_owned();
        let leaving = [LeavingUpdate { id: OLD, title, is_part: false }];
        let delete =
            async || store.delete_updates(&leaving, (&before, &after), "ada", NOW).await.expect("answers");

        assert!(!delete().await, "it is not declined");
        store.decline(&[OLD], Decline::Declined, "ada", NOW.plus_seconds(5)).await.expect("writes");
        assert!(delete().await);
        let left = store.revisions().await.expect("reads");
        assert_eq!(left.iter().map(|row| row.identity.id).collect::<Vec<_>>(), [DETECTOID]);
        let declined = store.declined_since().await.expect("reads");
        assert_eq!(declined, HashMap::from([(OLD, NOW.plus_seconds(5))]));
        // Nothing requires the detectoid now: agents that know it are told.
        let changes = store.decisions().await.expect("reads").catalogue_changes;
        assert_eq!(changes.keys().collect::<Vec<_>>(), [&DETECTOID]);
        let recorded = store.changes(Some(OLD), None, 1).await.expect("reads").remove(0);
        let told = (&*recorded.what, &*recorded.detail, recorded.before.as_deref());
        assert_eq!(told, ("delete update", "Of yesterday", Some("2 revisions")));

        // What comes back has numbers of its own.
        let again = store.add_revisions(vec![revision(OLD, 2)], NOW).await.expect("writes").remove(0);
        assert!(again.id > left[0].id);
    }

    async fn files_are_forgotten(on: TestDatabase) {
        let store = on.open().await;
        let files = [Sha1Digest([1; 20]), Sha1Digest([2; 20])];
        store.request_files(&files).await.expect("writes");
        store.forget_files(&files[..1]).await.expect("writes");
        assert_eq!(store.requested_files().await.expect("reads"), files[1..]);
    }
}
