//! A WSUS that takes the place of the linked one.

use headwater_model::{GroupId, LinkageId, ServerId};
use sqlx::Row;
use sqlx::any::AnyRow;

use super::{AuditRow, LinkageRow, ManagerStore, audit, insert_linkage, linkage_id};
use crate::{Result, rows};

/// The WSUS that is to take the place, or has.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RelinkRow {
    /// Of its Linkage.
    pub url: String,
    pub linkage: LinkageId,
    /// JSON, which the store does not look into: what could not be written yet to the WSUS that is linked.
    pub open: Option<String>,
}

/// The WSUS that has taken the place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SucceedingRow<'a> {
    pub url: &'a str,
    pub linkage: LinkageId,
    pub server: ServerId,
    pub name: &'a str,
    /// The groups that have another id there, after the one before.
    pub groups: &'a [(GroupId, GroupId)],
    /// What could not be written yet, if anything.
    pub open: Option<&'a str>,
    /// Not the linked one already: its link is under no review, and what is known of the WSUS before is forgotten.
    pub is_another: bool,
    pub audit: Option<AuditRow>,
}

impl ManagerStore {
    /// Remembers which WSUS is to take the place of the linked one. What is open of that one stays.
    pub async fn begin_relink(&self, url: &str, linkage: LinkageId) -> Result<()> {
        sqlx::query(
            "INSERT INTO relink (one, url, linkage_id) VALUES (1, $1, $2) \
             ON CONFLICT (one) DO UPDATE SET url = excluded.url, linkage_id = excluded.linkage_id",
        )
        .bind(rows::text(url))
        .bind(linkage.as_bytes().to_vec())
        .execute(&self.write)
        .await?;
        Ok(())
    }

    /// Another Linkage speaks for the linked WSUS from now on.
    pub async fn replace_linkage(&self, new: &LinkageRow, url: &str, audited: &AuditRow) -> Result<()> {
        let mut transaction = self.write.begin().await?;
        // Of one WSUS there is one, and the link names one that there is: it comes under another id at first.
        let unused = ServerId::from_bytes(*new.linkage.as_bytes());
        insert_linkage(&mut transaction, &LinkageRow { server: unused, ..new.clone() }).await?;
        sqlx::query("UPDATE link SET url = $1, linkage_id = $2")
            .bind(rows::text(url))
            .bind(new.linkage.as_bytes().to_vec())
            .execute(&mut *transaction)
            .await?;
        sqlx::query("DELETE FROM linkages WHERE server_id = $1")
            .bind(new.server.as_bytes().to_vec())
            .execute(&mut *transaction)
            .await?;
        sqlx::query("UPDATE linkages SET server_id = $1 WHERE linkage_id = $2")
            .bind(new.server.as_bytes().to_vec())
            .bind(new.linkage.as_bytes().to_vec())
            .execute(&mut *transaction)
            .await?;
        audit(&mut transaction, audited).await?;
        transaction.commit().await?;
        Ok(())
    }

    pub async fn relink(&self) -> Result<Option<RelinkRow>> {
        let sql = "SELECT url, linkage_id, open FROM relink";
        let row = sqlx::query(sql).fetch_optional(&self.read).await?;
        let relink = |row: AnyRow| {
            Ok(RelinkRow { url: row.try_get(0)?, linkage: linkage_id(&row, 1)?, open: row.try_get(2)? })
        };
        row.map(relink).transpose()
    }

    /// Makes another WSUS the linked one. Host groups keep their WSUS groups, whichever ids these have there.
    pub async fn end_relink(&self, new: &SucceedingRow<'_>) -> Result<()> {
        let mut transaction = self.write.begin().await?;
        sqlx::query("UPDATE link SET url = $1, linkage_id = $2")
            .bind(rows::text(new.url))
            .bind(new.linkage.as_bytes().to_vec())
            .execute(&mut *transaction)
            .await?;
        if new.is_another {
            for sql in
                ["UPDATE link SET review = NULL", "DELETE FROM clean_up", "DELETE FROM update_standings"]
            {
                sqlx::query(sql).execute(&mut *transaction).await?;
            }
        }
        sqlx::query("DELETE FROM linkages WHERE server_id = $1 AND linkage_id <> $2")
            .bind(new.server.as_bytes().to_vec())
            .bind(new.linkage.as_bytes().to_vec())
            .execute(&mut *transaction)
            .await?;
        sqlx::query("UPDATE linkages SET server_id = $1, name = $2 WHERE linkage_id = $3")
            .bind(new.server.as_bytes().to_vec())
            .bind(rows::text(new.name))
            .bind(new.linkage.as_bytes().to_vec())
            .execute(&mut *transaction)
            .await?;
        for (before, now) in new.groups {
            for sql in [
                "UPDATE host_groups SET wsus_group = $1 WHERE wsus_group = $2",
                "UPDATE host_groups SET replaced = $1 WHERE replaced = $2",
            ] {
                sqlx::query(sql)
                    .bind(now.as_bytes().to_vec())
                    .bind(before.as_bytes().to_vec())
                    .execute(&mut *transaction)
                    .await?;
            }
        }
        match new.open {
            Some(open) => {
                let sql = "UPDATE relink SET open = $1";
                sqlx::query(sql).bind(rows::text(open)).execute(&mut *transaction).await?
            }
            None => sqlx::query("DELETE FROM relink").execute(&mut *transaction).await?,
        };
        if let Some(row) = &new.audit {
            audit(&mut transaction, row).await?;
        }
        transaction.commit().await?;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use headwater_model::Timestamp;

    use super::super::LinkageRow;
    use super::*;
    use crate::NewHostGroupRow;
    use crate::test_database::{TestDatabase, on_both_engines};

    on_both_engines!(
        another_wsus_takes_the_place_of_the_linked_one,
        another_linkage_speaks_for_the_linked_wsus,
    );

    const NOW: Timestamp = Timestamp::EPOCH;

    fn row(number: u128) -> LinkageRow {
        LinkageRow {
            linkage: LinkageId::from_u128(number),
            public_key: vec![1],
            server: ServerId::from_u128(number),
            name: format!("s{number}"),
            paired_by: "ada".to_owned(),
            paired_at: NOW,
            certificate_until: None,
        }
    }

    async fn another_linkage_speaks_for_the_linked_wsus(on: TestDatabase) {
        let store = ManagerStore::open(on.place()).await.expect("opens");
        store.add_linkage(&row(1), Some("https://one/linkage")).await.expect("writes");
        store.add_linkage(&row(2), None).await.expect("writes");
        let new = LinkageRow { server: ServerId::from_u128(1), public_key: vec![9], ..row(7) };
        let audited = AuditRow::of(NOW, "ada", "relink", "s1");
        store.replace_linkage(&new, "https://new/linkage", &audited).await.expect("writes");
        let link = store.link().await.expect("reads").expect("a link");
        assert_eq!((link.linkage, link.url.as_str()), (LinkageId::from_u128(7), "https://new/linkage"));
        let mut linkages = store.linkages().await.expect("reads");
        linkages.sort_by_key(|one| one.linkage);
        assert_eq!(linkages, [row(2), new]);
        assert_eq!(store.last_audited(None, 1).await.expect("reads")[0].what, "relink");
    }

    async fn another_wsus_takes_the_place_of_the_linked_one(on: TestDatabase) {
        let store = ManagerStore::open(on.place()).await.expect("opens");
        store.add_linkage(&row(1), Some("https://one/linkage")).await.expect("writes");
        store.add_linkage(&row(2), None).await.expect("writes");
        let (before, now) = (GroupId::from_u128(1), GroupId::from_u128(2));
        let group = NewHostGroupRow { wsus_group: Some(before), ..NewHostGroupRow::named("Pilot") };
        assert!(store.add_host_group(&group, "ada", NOW).await.expect("writes"));
        store.begin_review("it is another").await.expect("writes");
        store.begin_relink("https://one/linkage", LinkageId::from_u128(1)).await.expect("writes");
        store.begin_relink("https://two/linkage", LinkageId::from_u128(2)).await.expect("writes");
        let relink = store.relink().await.expect("reads").expect("one");
        assert_eq!((relink.linkage, relink.open), (LinkageId::from_u128(2), None));

        let succeeding = SucceedingRow {
            url: "https://two/linkage",
            linkage: LinkageId::from_u128(2),
            server: ServerId::from_u128(7),
            name: "two",
            groups: &[(before, now)],
            open: Some("{}"),
            is_another: true,
            audit: Some(AuditRow::of(NOW, "ada", "relink", "two")),
        };
        store.end_relink(&succeeding).await.expect("writes");
        let link = store.link().await.expect("reads").expect("a link");
        assert_eq!((link.linkage, link.review), (LinkageId::from_u128(2), None));
        assert_eq!(store.host_groups().await.expect("reads")[0].wsus_group, Some(now));
        let linkages = store.linkages().await.expect("reads");
        assert_eq!(linkages.iter().map(|one| one.server.as_bytes()[15]).collect::<Vec<_>>(), [1, 7]);
        assert_eq!(store.relink().await.expect("reads").and_then(|row| row.open).as_deref(), Some("{}"));
        store.end_relink(&SucceedingRow { open: None, audit: None, ..succeeding }).await.expect("writes");
        assert_eq!(store.relink().await.expect("reads"), None);
        assert_eq!(store.last_audited(None, 1).await.expect("reads")[0].what, "relink");
    }
}
