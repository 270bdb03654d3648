//! Certificates that are renewed and Linkages that were revoked.

use headwater_model::{LinkageId, ServerId, Timestamp};
use sqlx::any::AnyRow;
use sqlx::{AnyConnection, Row};

use super::{AuditRow, LinkageRow, ManagerStore, audit, linkage_id};
use crate::{Result, rows};

/// A Linkage that was revoked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RevocationRow {
    pub linkage: LinkageId,
    /// The WSUS that it spoke for; absent where only its id is known.
    pub server: Option<ServerId>,
    /// Empty where only its id is known.
    pub name: String,
    pub revoked_by: String,
    pub revoked_at: Timestamp,
}

impl ManagerStore {
    /// All that were ever revoked, by id.
    pub async fn revocations(&self) -> Result<Vec<RevocationRow>> {
        let sql = "SELECT linkage_id, server_id, name, revoked_by, revoked_at FROM revocations \
                   ORDER BY linkage_id";
        let found = sqlx::query(sql).fetch_all(&self.read).await?;
        let row = |row: &AnyRow| {
            Ok(RevocationRow {
                linkage: linkage_id(row, 0)?,
                server: rows::optional_id16(row, 1)?.map(ServerId::from_bytes),
                name: row.try_get(2)?,
                revoked_by: row.try_get(3)?,
                revoked_at: rows::time(row, 4)?,
            })
        };
        found.iter().map(row).collect()
    }

    /// Forgets a Linkage, and remembers for ever that it is trusted no more.
    pub async fn revoke(&self, linkage: &LinkageRow, by: &str, now: Timestamp) -> Result<()> {
        let mut transaction = self.write.begin().await?;
        let row = RevocationRow {
            linkage: linkage.linkage,
            server: Some(linkage.server),
            name: linkage.name.clone(),
            revoked_by: by.to_owned(),
            revoked_at: now,
        };
        add(&mut transaction, &row).await?;
        let detail = format!("{} ({})", linkage.name, linkage.linkage);
        audit(&mut transaction, &AuditRow::of(now, by, "revoke", &detail)).await?;
        transaction.commit().await?;
        Ok(())
    }

    /// Remembers those that this managing server revoked before its database was put back to an earlier state.
    pub async fn learn_revocations(&self, linkages: &[LinkageId], now: Timestamp) -> Result<()> {
        let mut transaction = self.write.begin().await?;
        for linkage in linkages {
            let (name, revoked_by) = (String::new(), String::new());
            let row = RevocationRow { linkage: *linkage, server: None, name, revoked_by, revoked_at: now };
            add(&mut transaction, &row).await?;
        }
        transaction.commit().await?;
        Ok(())
    }

    /// The certificate of a Linkage runs out then.
    pub async fn certified(&self, linkage: LinkageId, until: Timestamp) -> Result<()> {
        sqlx::query("UPDATE linkages SET certificate_until = $1 WHERE linkage_id = $2")
            .bind(until.as_micros())
            .bind(linkage.as_bytes().to_vec())
            .execute(&self.write)
            .await?;
        Ok(())
    }

    /// The authority's certificate in place of the one before, for the same key.
    pub async fn renew_authority(&self, certificate: &[u8]) -> Result<()> {
        let sql = "UPDATE authority SET certificate = $1";
        sqlx::query(sql).bind(certificate.to_vec()).execute(&self.write).await?;
        Ok(())
    }
}

/// Adds one and forgets its Linkage, but for the linked one, which goes with the link.
async fn add(connection: &mut AnyConnection, row: &RevocationRow) -> Result<()> {
    sqlx::query(
        "INSERT INTO revocations (linkage_id, server_id, name, revoked_by, revoked_at) \
         VALUES ($1, $2, $3, $4, $5) ON CONFLICT (linkage_id) DO NOTHING",
    )
    .bind(row.linkage.as_bytes().to_vec())
    .bind(row.server.map(|server| server.as_bytes().to_vec()))
    .bind(rows::text(&row.name))
    .bind(rows::text(&row.revoked_by))
    .bind(row.revoked_at.as_micros())
    .execute(&mut *connection)
    .await?;
    sqlx::query(
        "DELETE FROM linkages WHERE linkage_id = $1 AND linkage_id NOT IN (SELECT linkage_id FROM link)",
    )
    .bind(row.linkage.as_bytes().to_vec())
    .execute(&mut *connection)
    .await?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::super::tests::linkage;
    use super::*;
    use crate::test_database::{TestDatabase, on_both_engines};

    on_both_engines!(who_was_revoked_stays_so, a_certificate_is_known_by_its_end,);

    const NOW: Timestamp = Timestamp::EPOCH;

    async fn who_was_revoked_stays_so(on: TestDatabase) {
        let store = ManagerStore::open(on.place()).await.expect("opens");
        let (top, branch) = (linkage(1, 1), linkage(2, 2));
        store.add_linkage(&top, Some("https://wsus1:8532/linkage")).await.expect("writes");
        store.add_linkage(&branch, None).await.expect("writes");
        store.revoke(&branch, "ada", NOW).await.expect("writes");
        assert_eq!(store.linkages().await.expect("reads"), [top]);
        let revoked = RevocationRow {
            linkage: branch.linkage,
            server: Some(branch.server),
            name: branch.name.clone(),
            revoked_by: "ada".to_owned(),
            revoked_at: NOW,
        };
        assert_eq!(store.revocations().await.expect("reads"), std::slice::from_ref(&revoked));
        let audited = store.last_audited(None, 1).await.expect("reads").remove(0);
        assert_eq!((&*audited.operator, &*audited.what), ("ada", "revoke"));
        assert!(audited.detail.starts_with("wsus2 ("), "{}", audited.detail);

        // Another database of the same authority revoked one more, which is paired in this one.
        store.add_linkage(&linkage(3, 3), None).await.expect("writes");
        let learned = [LinkageId::from_u128(2), LinkageId::from_u128(3)];
        store.learn_revocations(&learned, NOW.plus_seconds(1)).await.expect("writes");
        let all = store.revocations().await.expect("reads");
        assert_eq!((all.len(), &all[0], all[1].linkage), (2, &revoked, LinkageId::from_u128(3)));
        assert_eq!(store.linkages().await.expect("reads").len(), 1);

        store.unlink("ada", NOW).await.expect("writes");
        assert_eq!(
            store.revocations().await.expect("reads"),
            all,
            "their certificates are of the same authority"
        );
    }

    async fn a_certificate_is_known_by_its_end(on: TestDatabase) {
        let store = ManagerStore::open(on.place()).await.expect("opens");
        store.authority(&[1], &[2], NOW).await.expect("writes");
        store.renew_authority(&[3]).await.expect("writes");
        let kept = store.authority(&[4], &[5], NOW).await.expect("reads");
        assert_eq!(kept, (vec![1], vec![3]), "the key stays");
        store.add_linkage(&linkage(1, 1), None).await.expect("writes");
        let until = NOW.plus_seconds(90);
        store.certified(LinkageId::from_u128(1), until).await.expect("writes");
        let kept = store.linkages().await.expect("reads").remove(0);
        assert_eq!(kept.certificate_until, Some(until));
    }
}
