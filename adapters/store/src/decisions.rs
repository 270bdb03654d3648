//! What administrators decide: groups, approvals and declines, each change with its record.

use std::collections::{HashMap, HashSet};

use headwater_model::{GroupId, Guid, Timestamp, UpdateId};
use headwater_policy::approval::{Action, Approval};
use headwater_policy::group::{Group, GroupTree, UNASSIGNED_COMPUTERS};
use headwater_policy::snapshot::Decisions;
use sqlx::any::AnyRow;
use sqlx::{AnyConnection, Row};

use crate::deployments::end;
use crate::history::{Change, record};
use crate::server::next_stamp;
use crate::{Result, Store, rows};

/// An approval to be written; `action: None` withdraws the one that is there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewApproval {
    pub update: UpdateId,
    pub group: GroupId,
    pub action: Option<Action>,
    pub deadline: Option<Timestamp>,
    pub revision: Option<u32>,
    /// How the upstream server names it; `None` for one of this server's own.
    pub deployment: Option<Guid>,
}

/// An approval with who made it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ApprovalRow {
    pub approval: Approval,
    pub changed_by: String,
}

/// A group to be made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewGroup {
    pub id: GroupId,
    pub name: String,
    pub parent: GroupId,
}

/// Why a group was not made or deleted.
#[derive(Debug, thiserror::Error)]
pub enum GroupError {
    #[error("a group named `{0}` exists already")]
    NameTaken(String),
    #[error("the group is not there")]
    Unknown,
    #[error("`{0}` is built in")]
    BuiltIn(String),
    #[error("the group has groups beneath it: delete or move them first")]
    HasChildren,
    #[error(transparent)]
    Store(#[from] crate::Error),
}

impl From<sqlx::Error> for GroupError {
    fn from(error: sqlx::Error) -> Self {
        Self::Store(error.into())
    }
}

/// What went with a deleted group.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct GroupDeletion {
    pub members: u64,
    pub approvals: u64,
}

/// Whether updates are declined or taken back.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Decline {
    Declined,
    Undeclined,
}

impl Store {
    /// All decisions of one moment.
    pub async fn decisions(&self) -> Result<Decisions> {
        let mut transaction = self.read.begin().await?;
        let row = sqlx::query("SELECT stamp, tree_stamp FROM server").fetch_one(&mut *transaction).await?;
        let (stamp, tree_stamp) = (row.try_get::<i64, _>(0)? as u64, row.try_get::<i64, _>(1)? as u64);
        let groups = all_groups(&mut transaction).await?;
        let approvals = all_approvals(&mut transaction).await?;
        let declined = all_declined(&mut transaction).await?;
        let changes = sqlx::query("SELECT update_id, stamp FROM catalogue_changes")
            .fetch_all(&mut *transaction)
            .await?;
        let catalogue_changes = changes
            .iter()
            .map(|row| Ok((rows::update_id(row, 0, "catalogue_changes")?, row.try_get::<i64, _>(1)? as u64)))
            .collect::<Result<HashMap<UpdateId, u64>>>()?;
        transaction.commit().await?;
        Ok(Decisions {
            stamp,
            groups: GroupTree::new(groups),
            tree_stamp,
            approvals,
            declined,
            catalogue_changes,
        })
    }

    /// The approvals of an update that stand.
    pub async fn approvals_of(&self, update: UpdateId) -> Result<Vec<ApprovalRow>> {
        let sql = format!(
            "SELECT {APPROVAL}, changed_by FROM approvals WHERE update_id = $1 AND action IS NOT NULL \
             ORDER BY changed_at"
        );
        let found = sqlx::query(sqlx::AssertSqlSafe(sql))
            .bind(update.as_bytes().to_vec())
            .fetch_all(&self.read)
            .await?;
        found
            .iter()
            .map(|row| Ok(ApprovalRow { approval: approval(row)?, changed_by: row.try_get(8)? }))
            .collect()
    }

    /// Writes approvals in one transaction and says which of them changed anything.
    pub async fn approve(&self, new: &[NewApproval], by: &str, now: Timestamp) -> Result<Vec<bool>> {
        let mut transaction = self.write.begin().await?;
        let mut changed = Vec::with_capacity(new.len());
        for approval in new {
            changed.push(write_approval(&mut transaction, approval, by, now).await?);
        }
        transaction.commit().await?;
        Ok(changed)
    }

    /// Declines updates, which withdraws their approvals, or takes that back, which does not
    /// restore them; in one transaction. Says which of them changed.
    pub async fn decline(
        &self,
        updates: &[UpdateId],
        decline: Decline,
        by: &str,
        now: Timestamp,
    ) -> Result<Vec<bool>> {
        let mut transaction = self.write.begin().await?;
        let mut changed = Vec::with_capacity(updates.len());
        for update in updates {
            let before = match decline {
                Decline::Declined => {
                    let withdrawn = withdraw_all(&mut transaction, *update, by, now).await?;
                    (withdrawn > 0).then(|| format!("{withdrawn} approvals"))
                }
                Decline::Undeclined => Some("declined".to_owned()),
            };
            changed.push(write_decline(&mut transaction, *update, decline, before, by, now).await?);
        }
        transaction.commit().await?;
        Ok(changed)
    }

    /// Makes a group.
    pub async fn add_group(
        &self,
        group: &NewGroup,
        by: &str,
        now: Timestamp,
    ) -> std::result::Result<(), GroupError> {
        let mut transaction = self.write.begin().await?;
        let parent = sqlx::query("SELECT 1 FROM groups WHERE group_id = $1")
            .bind(group.parent.as_bytes().to_vec())
            .fetch_optional(&mut *transaction)
            .await?;
        if parent.is_none() {
            return Err(GroupError::Unknown);
        }
        let done = sqlx::query(
            "INSERT INTO groups (group_id, name, name_key, parent, built_in) VALUES ($1, $2, $3, $4, 0) \
             ON CONFLICT (name_key) DO NOTHING",
        )
        .bind(group.id.as_bytes().to_vec())
        .bind(group.name.clone())
        .bind(group.name.to_lowercase())
        .bind(group.parent.as_bytes().to_vec())
        .execute(&mut *transaction)
        .await?;
        if done.rows_affected() == 0 {
            return Err(GroupError::NameTaken(group.name.clone()));
        }
        next_stamp(&mut transaction).await?;
        let change = Change {
            at: now,
            by: by.to_owned(),
            what: "create group".to_owned(),
            update: None,
            group: Some(group.id),
            detail: String::new(),
            before: None,
            after: Some(group.name.clone()),
        };
        record(&mut transaction, change).await?;
        transaction.commit().await?;
        Ok(())
    }

    /// Deletes a group. Its approvals are withdrawn, its members fall back to *Unassigned
    /// Computers* where they have no other group.
    pub async fn delete_group(
        &self,
        id: GroupId,
        by: &str,
        now: Timestamp,
    ) -> std::result::Result<GroupDeletion, GroupError> {
        let mut transaction = self.write.begin().await?;
        let group = sqlx::query("SELECT name, built_in FROM groups WHERE group_id = $1")
            .bind(id.as_bytes().to_vec())
            .fetch_optional(&mut *transaction)
            .await?
            .ok_or(GroupError::Unknown)?;
        let name: String = group.try_get(0)?;
        if group.try_get::<i64, _>(1)? != 0 {
            return Err(GroupError::BuiltIn(name));
        }
        let children = sqlx::query("SELECT 1 FROM groups WHERE parent = $1 LIMIT 1")
            .bind(id.as_bytes().to_vec())
            .fetch_optional(&mut *transaction)
            .await?;
        if children.is_some() {
            return Err(GroupError::HasChildren);
        }
        let deletion = remove_group(&mut transaction, id, &name, by, now).await?;
        transaction.commit().await?;
        Ok(deletion)
    }
}

pub(crate) async fn all_groups(connection: &mut AnyConnection) -> Result<Vec<Group>> {
    let found = sqlx::query("SELECT group_id, name, parent FROM groups").fetch_all(connection).await?;
    let group = |row: &AnyRow| {
        Ok(Group {
            id: rows::group_id(row, 0, "groups")?,
            name: row.try_get(1)?,
            parent: rows::optional_id16(row, 2)?.map(GroupId::from_bytes),
        })
    };
    found.iter().map(group).collect()
}

/// Those that were withdrawn included.
pub(crate) async fn all_approvals(connection: &mut AnyConnection) -> Result<Vec<Approval>> {
    let sql = format!("SELECT {APPROVAL} FROM approvals");
    let found = sqlx::query(sqlx::AssertSqlSafe(sql)).fetch_all(connection).await?;
    found.iter().map(approval).collect()
}

pub(crate) async fn all_declined(connection: &mut AnyConnection) -> Result<HashSet<UpdateId>> {
    let found = sqlx::query("SELECT update_id FROM declined").fetch_all(connection).await?;
    found.iter().map(|row| rows::update_id(row, 0, "declined")).collect()
}

/// Deletes a group that has none beneath it, with all that hangs on it.
pub(crate) async fn remove_group(
    connection: &mut AnyConnection,
    id: GroupId,
    name: &str,
    by: &str,
    now: Timestamp,
) -> Result<GroupDeletion> {
    let stamp = next_stamp(connection).await?;
    let deletion = empty_group(connection, id, stamp, now).await?;
    sqlx::query("DELETE FROM groups WHERE group_id = $1")
        .bind(id.as_bytes().to_vec())
        .execute(&mut *connection)
        .await?;
    let change = Change {
        at: now,
        by: by.to_owned(),
        what: "delete group".to_owned(),
        update: None,
        group: Some(id),
        detail: String::new(),
        before: Some(format!("{name}: {} members, {} approvals", deletion.members, deletion.approvals)),
        after: None,
    };
    record(connection, change).await?;
    Ok(deletion)
}

async fn empty_group(
    connection: &mut AnyConnection,
    id: GroupId,
    stamp: i64,
    now: Timestamp,
) -> Result<GroupDeletion> {
    let bytes = id.as_bytes().to_vec();
    let members = sqlx::query(
        "UPDATE computers SET stamp = $2, changes = changes + 1 WHERE computer_id IN \
         (SELECT computer_id FROM memberships WHERE group_id = $1)",
    )
    .bind(bytes.clone())
    .bind(stamp)
    .execute(&mut *connection)
    .await?
    .rows_affected();
    sqlx::query("DELETE FROM memberships WHERE group_id = $1")
        .bind(bytes.clone())
        .execute(&mut *connection)
        .await?;
    sqlx::query(
        "INSERT INTO memberships (computer_id, group_id) SELECT computer_id, $1 FROM computers c \
         WHERE NOT EXISTS (SELECT 1 FROM memberships m WHERE m.computer_id = c.computer_id)",
    )
    .bind(UNASSIGNED_COMPUTERS.as_bytes().to_vec())
    .execute(&mut *connection)
    .await?;
    end(connection, "group_id = $1", std::slice::from_ref(&bytes), stamp).await?;
    let approvals = sqlx::query(
        "UPDATE approvals SET action = NULL, deadline = NULL, deployment = NULL, stamp = $2, changed_at = $3 \
         WHERE group_id = $1 AND action IS NOT NULL",
    )
    .bind(bytes)
    .bind(stamp)
    .bind(now.as_micros())
    .execute(&mut *connection)
    .await?
    .rows_affected();
    Ok(GroupDeletion { members, approvals })
}

/// Withdraws all approvals of an update; says how many stood.
async fn withdraw_all(
    connection: &mut AnyConnection,
    update: UpdateId,
    by: &str,
    now: Timestamp,
) -> Result<u64> {
    let stamp = next_stamp(connection).await?;
    let bytes = update.as_bytes().to_vec();
    end(connection, "update_id = $1", std::slice::from_ref(&bytes), stamp).await?;
    let done = sqlx::query(
        "UPDATE approvals SET action = NULL, deadline = NULL, revision = NULL, deployment = NULL, \
         stamp = $2, changed_at = $3, changed_by = $4 WHERE update_id = $1 AND action IS NOT NULL",
    )
    .bind(bytes)
    .bind(stamp)
    .bind(now.as_micros())
    .bind(by.to_owned())
    .execute(connection)
    .await?;
    Ok(done.rows_affected())
}

pub(crate) const APPROVAL: &str =
    "approval_id, update_id, group_id, action, deadline, revision, changed_at, stamp";

pub(crate) fn approval(row: &AnyRow) -> Result<Approval> {
    Ok(Approval {
        id: row.try_get::<i64, _>(0)? as i32,
        update: rows::update_id(row, 1, "approvals")?,
        group: rows::group_id(row, 2, "approvals")?,
        action: row.try_get::<Option<i64>, _>(3)?.and_then(action_from),
        deadline: rows::optional_time(row, 4)?,
        revision: row.try_get::<Option<i64>, _>(5)?.map(|revision| revision as u32),
        changed_at: rows::time(row, 6)?,
        stamp: row.try_get::<i64, _>(7)? as u64,
    })
}

/// The numbers of [MS-WSUSSS] 3.1.1, *Deployment Table*.
fn action_from(number: i64) -> Option<Action> {
    match number {
        0 => Some(Action::Install),
        1 => Some(Action::Uninstall),
        2 => Some(Action::Detect),
        3 => Some(Action::Block),
        _ => None,
    }
}

fn action_number(action: Action) -> i64 {
    match action {
        Action::Install => 0,
        Action::Uninstall => 1,
        Action::Detect => 2,
        Action::Block => 3,
    }
}

pub(crate) async fn write_approval(
    connection: &mut AnyConnection,
    new: &NewApproval,
    by: &str,
    now: Timestamp,
) -> Result<bool> {
    let sql = format!("SELECT {APPROVAL}, deployment FROM approvals WHERE update_id = $1 AND group_id = $2");
    let row = sqlx::query(sqlx::AssertSqlSafe(sql))
        .bind(new.update.as_bytes().to_vec())
        .bind(new.group.as_bytes().to_vec())
        .fetch_optional(&mut *connection)
        .await?;
    let known = row.as_ref().map(approval).transpose()?;
    let named = row.as_ref().map(|row| rows::optional_id16(row, 8)).transpose()?.flatten();
    let same = match &known {
        Some(known) => {
            known.action == new.action
                && known.deadline == new.deadline
                && known.revision == new.revision
                && (new.action.is_none() || new.deployment == named.map(Guid::from_bytes))
        }
        None => new.action.is_none(),
    };
    if same {
        return Ok(false);
    }
    let stamp = next_stamp(connection).await?;
    if new.deployment.is_none() || new.deployment != named.map(Guid::from_bytes) {
        let key = [new.update.as_bytes().to_vec(), new.group.as_bytes().to_vec()];
        end(connection, "update_id = $1 AND group_id = $2", &key, stamp).await?;
    }
    sqlx::query(
        "INSERT INTO approvals (update_id, group_id, action, deadline, revision, changed_at, changed_by, stamp, \
         deployment) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9) \
         ON CONFLICT (update_id, group_id) DO UPDATE SET action = excluded.action, \
         deadline = excluded.deadline, revision = excluded.revision, changed_at = excluded.changed_at, \
         changed_by = excluded.changed_by, stamp = excluded.stamp, deployment = excluded.deployment",
    )
    .bind(new.update.as_bytes().to_vec())
    .bind(new.group.as_bytes().to_vec())
    .bind(new.action.map(action_number))
    .bind(new.deadline.map(Timestamp::as_micros))
    .bind(new.revision.map(i64::from))
    .bind(now.as_micros())
    .bind(by.to_owned())
    .bind(stamp)
    .bind(new.deployment.map(|id| id.as_bytes().to_vec()))
    .execute(&mut *connection)
    .await?;
    let change = Change {
        at: now,
        by: by.to_owned(),
        what: if new.action.is_some() { "approve" } else { "withdraw" }.to_owned(),
        update: Some(new.update),
        group: Some(new.group),
        detail: String::new(),
        before: known.and_then(|known| words(known.action, known.deadline)),
        after: words(new.action, new.deadline),
    };
    record(connection, change).await?;
    Ok(true)
}

/// Declines an update or takes that back, and says whether that changed anything. Its approvals are
/// the caller's.
pub(crate) async fn write_decline(
    connection: &mut AnyConnection,
    update: UpdateId,
    decline: Decline,
    before: Option<String>,
    by: &str,
    now: Timestamp,
) -> Result<bool> {
    let stamp = next_stamp(connection).await?;
    let query = match decline {
        Decline::Declined => sqlx::query(
            "INSERT INTO declined (update_id, changed_at, changed_by, stamp) VALUES ($1, $2, $3, $4) \
             ON CONFLICT (update_id) DO NOTHING",
        )
        .bind(update.as_bytes().to_vec())
        .bind(now.as_micros())
        .bind(by.to_owned())
        .bind(stamp),
        Decline::Undeclined => {
            sqlx::query("DELETE FROM declined WHERE update_id = $1").bind(update.as_bytes().to_vec())
        }
    };
    if query.execute(&mut *connection).await?.rows_affected() == 0 {
        return Ok(false);
    }
    let (what, after) = match decline {
        Decline::Declined => ("decline", Some("declined".to_owned())),
        Decline::Undeclined => ("undecline", None),
    };
    let (by, what) = (by.to_owned(), what.to_owned());
    let change =
        Change { at: now, by, what, update: Some(update), group: None, detail: String::new(), before, after };
    record(connection, change).await?;
    Ok(true)
}

/// An approval in words, for the record.
fn words(action: Option<Action>, deadline: Option<Timestamp>) -> Option<String> {
    let action = match action? {
        Action::Install => "install",
        Action::Uninstall => "uninstall",
        Action::Detect => "detect",
        Action::Block => "block",
    };
    Some(match deadline {
        Some(deadline) => format!("{action} by {deadline}"),
        None => action.to_owned(),
    })
}

#[cfg(test)]
#[path = "decisions_tests.rs"]
mod tests;
