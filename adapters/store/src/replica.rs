//! Doing what a replica's plan says, all in one transaction with the anchor that covers it.

use headwater_model::{EulaId, Timestamp};
use headwater_policy::group::Group;
use headwater_policy::replica_plan::{Deployment, Plan};
use sqlx::{AnyConnection, Row};

use crate::decisions::{remove_group, write_approval, write_decline};
use crate::history::{Change, record};
use crate::server::next_stamp;
use crate::upstream::is_current;
use crate::{Decline, NewApproval, Result, Store};

impl Store {
    /// Carries out the plan and moves the deployment anchor. Says `false`, and does nothing, if the
    /// setting has changed since `generation`.
    pub async fn apply_replica_plan(
        &self,
        plan: &Plan,
        anchor: &str,
        generation: i64,
        by: &str,
        now: Timestamp,
    ) -> Result<bool> {
        let mut transaction = self.write.begin().await?;
        if !is_current(&mut transaction, generation).await? {
            return Ok(false);
        }
        apply_groups(&mut transaction, plan, by, now).await?;
        for (update, group) in &plan.withdraw {
            let withdrawn = NewApproval {
                update: *update,
                group: *group,
                action: None,
                deadline: None,
                revision: None,
                deployment: None,
            };
            write_approval(&mut transaction, &withdrawn, by, now).await?;
        }
        for deployment in &plan.approve {
            write_approval(&mut transaction, &approval(deployment), by, now).await?;
        }
        for update in &plan.decline {
            write_decline(&mut transaction, *update, Decline::Declined, None, by, now).await?;
        }
        for update in &plan.undecline {
            let before = Some("declined".to_owned());
            write_decline(&mut transaction, *update, Decline::Undeclined, before, by, now).await?;
        }
        apply_eulas(&mut transaction, &plan.accept, &plan.revoke).await?;
        sqlx::query("UPDATE upstream SET deployment_anchor = $1")
            .bind(anchor.to_owned())
            .execute(&mut *transaction)
            .await?;
        transaction.commit().await?;
        Ok(true)
    }
}

fn approval(deployment: &Deployment) -> NewApproval {
    NewApproval {
        update: deployment.update,
        group: deployment.group,
        action: Some(deployment.action),
        deadline: deployment.deadline,
        revision: Some(deployment.revision),
        deployment: Some(deployment.id),
    }
}

async fn apply_groups(connection: &mut AnyConnection, plan: &Plan, by: &str, now: Timestamp) -> Result<()> {
    for id in &plan.delete_groups {
        let found = sqlx::query("SELECT name FROM groups WHERE group_id = $1 AND built_in = 0")
            .bind(id.as_bytes().to_vec())
            .fetch_optional(&mut *connection)
            .await?;
        if let Some(row) = found {
            remove_group(connection, *id, &row.try_get::<String, _>(0)?, by, now).await?;
        }
    }
    // Groups may have swapped names: each lets go of its own first, for one that no group can have.
    for group in &plan.save_groups {
        sqlx::query("UPDATE groups SET name_key = $2 WHERE group_id = $1")
            .bind(group.id.as_bytes().to_vec())
            .bind(format!("\u{1}{}", group.id))
            .execute(&mut *connection)
            .await?;
    }
    for group in &plan.save_groups {
        save_group(connection, group, by, now).await?;
    }
    if !plan.save_groups.is_empty() {
        let stamp = next_stamp(connection).await?;
        sqlx::query("UPDATE server SET tree_stamp = $1").bind(stamp).execute(&mut *connection).await?;
    }
    Ok(())
}

async fn save_group(connection: &mut AnyConnection, group: &Group, by: &str, now: Timestamp) -> Result<()> {
    let known = sqlx::query("SELECT name FROM groups WHERE group_id = $1")
        .bind(group.id.as_bytes().to_vec())
        .fetch_optional(&mut *connection)
        .await?;
    sqlx::query(
        "INSERT INTO groups (group_id, name, name_key, parent, built_in) VALUES ($1, $2, $3, $4, 0) \
         ON CONFLICT (group_id) DO UPDATE SET name = excluded.name, name_key = excluded.name_key, \
         parent = excluded.parent",
    )
    .bind(group.id.as_bytes().to_vec())
    .bind(group.name.clone())
    .bind(group.name.to_lowercase())
    .bind(group.parent.map(|id| id.as_bytes().to_vec()))
    .execute(&mut *connection)
    .await?;
    let change = Change {
        at: now,
        by: by.to_owned(),
        what: if known.is_some() { "change group" } else { "create group" }.to_owned(),
        update: None,
        group: Some(group.id),
        detail: String::new(),
        before: known.map(|row| row.try_get(0)).transpose()?,
        after: Some(group.name.clone()),
    };
    record(connection, change).await
}

/// Accepts some licences and no longer others, under a new stamp if there are any.
pub(crate) async fn apply_eulas(
    connection: &mut AnyConnection,
    accept: &[EulaId],
    revoke: &[EulaId],
) -> Result<()> {
    let changes = [
        (accept, "INSERT INTO accepted_eulas (eula_id) VALUES ($1) ON CONFLICT (eula_id) DO NOTHING"),
        (revoke, "DELETE FROM accepted_eulas WHERE eula_id = $1"),
    ];
    for (ids, statement) in changes {
        for id in ids {
            sqlx::query(statement).bind(id.as_bytes().to_vec()).execute(&mut *connection).await?;
        }
    }
    if !(accept.is_empty() && revoke.is_empty()) {
        next_stamp(connection).await?;
    }
    Ok(())
}

#[cfg(test)]
mod tests;
