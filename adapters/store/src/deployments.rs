//! Decisions as other servers know them: approvals by the GUIDs of their deployments.

use std::collections::HashSet;

use headwater_model::{EulaId, Guid, Timestamp, UpdateId};
use headwater_policy::group::Group;
use headwater_policy::sync_plan::{Ended, Standing, deployment_guid};
use sqlx::any::AnyRow;
use sqlx::{AnyConnection, Row};

use crate::decisions::{APPROVAL, all_declined, all_groups, approval};
use crate::history::{Change, record};
use crate::replica::apply_eulas;
use crate::server::next_stamp;
use crate::{Result, Store, rows};

/// How the record calls it.
const ACCEPT_LICENCE: &str = "accept licence";

/// All that servers tell each other of what was decided.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct SharedDecisions {
    pub groups: Vec<Group>,
    pub standing: Vec<Standing>,
    pub ended: Vec<Ended>,
    pub declined: HashSet<UpdateId>,
    /// Those that an upstream server told of, and those that somebody accepted apart from an approval.
    pub accepted_eulas: HashSet<EulaId>,
}

impl Store {
    /// What was decided, of one moment.
    pub async fn shared_decisions(&self) -> Result<SharedDecisions> {
        let mut transaction = self.read.begin().await?;
        let shared = shared(&mut transaction).await?;
        transaction.commit().await?;
        Ok(shared)
    }

    /// Accepts a licence, which an update needs.
    pub async fn accept_licence(
        &self,
        licence: EulaId,
        update: UpdateId,
        by: &str,
        now: Timestamp,
    ) -> Result<()> {
        let mut transaction = self.write.begin().await?;
        apply_eulas(&mut transaction, &[licence], &[]).await?;
        let change = Change {
            at: now,
            by: by.to_owned(),
            what: ACCEPT_LICENCE.to_owned(),
            update: Some(update),
            group: None,
            detail: String::new(),
            before: None,
            after: Some(licence.to_string()),
        };
        record(&mut transaction, change).await?;
        Ok(transaction.commit().await?)
    }

    /// Who accepted a licence last by itself, and when; none where an upstream server told of it.
    pub async fn licence_acceptance(&self, licence: EulaId) -> Result<Option<(String, Timestamp)>> {
        let found = sqlx::query(
            "SELECT changed_by, changed_at FROM changes WHERE what = $1 AND after = $2 \
             ORDER BY change_id DESC LIMIT 1",
        )
        .bind(ACCEPT_LICENCE)
        .bind(licence.to_string())
        .fetch_optional(&self.read)
        .await?;
        found.map(|row| Ok((row.try_get(0)?, rows::time(&row, 1)?))).transpose()
    }
}

/// Gives the approvals of these updates that follow the newest revision new deployments: to
/// downstream servers they name another revision now.
pub(crate) async fn renew_deployments(
    connection: &mut AnyConnection,
    updates: &HashSet<UpdateId>,
) -> Result<()> {
    for update in updates {
        let update = update.as_bytes().to_vec();
        let following = "SELECT approval_id FROM approvals \
                         WHERE update_id = $1 AND revision IS NULL AND action IS NOT NULL";
        let found = sqlx::query(following).bind(update.clone()).fetch_all(&mut *connection).await?;
        if found.is_empty() {
            continue;
        }
        let stamp = next_stamp(connection).await?;
        end(connection, "update_id = $1 AND revision IS NULL", &[update], stamp).await?;
        for row in &found {
            let stamp = next_stamp(connection).await?;
            sqlx::query("UPDATE approvals SET stamp = $2, deployment = NULL WHERE approval_id = $1")
                .bind(row.try_get::<i64, _>(0)?)
                .bind(stamp)
                .execute(&mut *connection)
                .await?;
        }
    }
    Ok(())
}

pub(crate) async fn shared(connection: &mut AnyConnection) -> Result<SharedDecisions> {
    let server = sqlx::query("SELECT server_id FROM server").fetch_one(&mut *connection).await?;
    let server = rows::server_id(&server, 0, "server")?;
    let sql = format!("SELECT {APPROVAL}, changed_by, deployment FROM approvals WHERE action IS NOT NULL");
    let standing = sqlx::query(sqlx::AssertSqlSafe(sql)).fetch_all(&mut *connection).await?;
    let standing = standing
        .iter()
        .map(|row| {
            let approval = approval(row)?;
            let named = rows::optional_id16(row, 9)?.map(Guid::from_bytes);
            let deployment = named.unwrap_or_else(|| deployment_guid(server, approval.stamp));
            Ok(Standing { deployment, approval, by: row.try_get(8)? })
        })
        .collect::<Result<_>>()?;
    let ended =
        sqlx::query("SELECT deployment, stamp FROM ended_deployments").fetch_all(&mut *connection).await?;
    let ended = ended.iter().map(ended_row).collect::<Result<_>>()?;
    let eulas = sqlx::query("SELECT eula_id FROM accepted_eulas").fetch_all(&mut *connection).await?;
    let eula = |row| Ok(EulaId::from_bytes(rows::id16(row, 0, "accepted_eulas")?));
    Ok(SharedDecisions {
        groups: all_groups(connection).await?,
        standing,
        ended,
        declined: all_declined(connection).await?,
        accepted_eulas: eulas.iter().map(eula).collect::<Result<_>>()?,
    })
}

fn ended_row(row: &AnyRow) -> Result<Ended> {
    let deployment = Guid::from_bytes(rows::id16(row, 0, "ended_deployments")?);
    Ok(Ended { deployment, stamp: row.try_get::<i64, _>(1)? as u64 })
}

/// Records that the deployments of the approvals that stand and fulfil `condition` end. The ids are
/// its parameters.
pub(crate) async fn end(
    connection: &mut AnyConnection,
    condition: &'static str,
    ids: &[Vec<u8>],
    stamp: i64,
) -> Result<()> {
    let sql = format!("SELECT stamp, deployment FROM approvals WHERE action IS NOT NULL AND {condition}");
    let mut query = sqlx::query(sqlx::AssertSqlSafe(sql));
    for id in ids {
        query = query.bind(id.clone());
    }
    let found = query.fetch_all(&mut *connection).await?;
    if found.is_empty() {
        return Ok(());
    }
    let server = sqlx::query("SELECT server_id FROM server").fetch_one(&mut *connection).await?;
    let server = rows::server_id(&server, 0, "server")?;
    for row in &found {
        let own = || deployment_guid(server, row.try_get::<i64, _>(0).unwrap_or_default() as u64);
        let deployment = rows::optional_id16(row, 1)?.map_or_else(own, Guid::from_bytes);
        sqlx::query(
            "INSERT INTO ended_deployments (deployment, stamp) VALUES ($1, $2) \
             ON CONFLICT (deployment) DO UPDATE SET stamp = excluded.stamp",
        )
        .bind(deployment.as_bytes().to_vec())
        .bind(stamp)
        .execute(&mut *connection)
        .await?;
    }
    Ok(())
}
