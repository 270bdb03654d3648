//! Host groups, and what was written to the WSUS groups that are made from them.

use std::collections::{BTreeMap, HashMap};

use headwater_model::{ClientId, GroupId, Timestamp};
use sqlx::any::AnyRow;
use sqlx::{AnyConnection, Row};

use super::{AuditRow, ManagerStore, audit};
use crate::{Error, Result, rows};

/// A host group with its members.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HostGroupRow {
    pub id: i64,
    pub name: String,
    pub parent: Option<i64>,
    /// Whether its WSUS group has its own hosts only.
    pub direct: bool,
    /// One condition on each line, instead of members.
    pub rule: Option<String>,
    /// The WSUS group that is made from it.
    pub wsus_group: Option<GroupId>,
    /// Why nobody writes the members of that group until a plan is applied.
    pub held: Option<String>,
    /// The name under which that group is being made again.
    pub recreating: Option<String>,
    /// The WSUS group whose place that one took, until it is deleted.
    pub replaced: Option<GroupId>,
    /// In order.
    pub members: Vec<ClientId>,
}

/// A host group that is to be made.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct NewHostGroupRow {
    pub name: String,
    pub parent: Option<i64>,
    pub direct: bool,
    pub rule: Option<String>,
    pub wsus_group: Option<GroupId>,
    pub members: Vec<ClientId>,
}

impl NewHostGroupRow {
    pub fn named(name: &str) -> Self {
        Self { name: name.to_owned(), ..Self::default() }
    }
}

/// What a plan wrote for one host group.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AppliedPlanRow {
    pub plan: i64,
    pub applied_by: String,
    pub applied_at: Timestamp,
    /// JSON, which the store does not look into.
    pub changes: String,
}

/// Plans that are remembered of each host group.
const PLANS_KEPT: i64 = 20;

const GROUPS: &str = "SELECT host_group_id, name, parent_id, direct, rule, wsus_group, held, recreating, replaced \
                      FROM host_groups ORDER BY name_key";

impl ManagerStore {
    /// All host groups with their members, by name.
    pub async fn host_groups(&self) -> Result<Vec<HostGroupRow>> {
        let mut moment = self.read.begin().await?;
        let groups = sqlx::query(GROUPS).fetch_all(&mut *moment).await?;
        let sql = "SELECT host_group_id, client_id FROM host_group_members ORDER BY host_group_id, client_id";
        let members = sqlx::query(sql).fetch_all(&mut *moment).await?;
        moment.commit().await?;
        let mut found = groups.iter().map(host_group).collect::<Result<Vec<HostGroupRow>>>()?;
        let places: HashMap<i64, usize> = found.iter().enumerate().map(|(at, one)| (one.id, at)).collect();
        for row in &members {
            let (group, client): (i64, String) = (row.try_get(0)?, row.try_get(1)?);
            let damaged = |_| Error::Row { table: "host_group_members", reason: "a client id".to_owned() };
            if let Some(at) = places.get(&group) {
                found[*at].members.push(client.parse().map_err(damaged)?);
            }
        }
        Ok(found)
    }

    /// The same without their members, for lists of names.
    pub async fn host_groups_without_members(&self) -> Result<Vec<HostGroupRow>> {
        sqlx::query(GROUPS).fetch_all(&self.read).await?.iter().map(host_group).collect()
    }

    /// Makes a host group with its members; says whether its name was free.
    pub async fn add_host_group(&self, new: &NewHostGroupRow, by: &str, now: Timestamp) -> Result<bool> {
        Ok(self.add_host_groups(std::slice::from_ref(new), by, now).await?.is_none())
    }

    /// Makes all of these host groups, or none where a name is taken, which it tells.
    pub async fn add_host_groups<'a>(
        &self,
        new: &'a [NewHostGroupRow],
        by: &str,
        now: Timestamp,
    ) -> Result<Option<&'a str>> {
        let mut transaction = self.write.begin().await?;
        for group in new {
            if !add(&mut transaction, group, by, now).await? {
                return Ok(Some(&group.name));
            }
        }
        transaction.commit().await?;
        Ok(None)
    }

    /// Gives a host group its name, parent, reach and rule; says whether the name is its own or was free.
    pub async fn set_host_group(&self, group: &HostGroupRow, by: &str, now: Timestamp) -> Result<bool> {
        let mut transaction = self.write.begin().await?;
        let before = described(&mut transaction, group.id).await?;
        let done = sqlx::query(
            "UPDATE host_groups SET name = $1, name_key = $2, parent_id = $3, direct = $4, rule = $5 \
             WHERE host_group_id = $6 \
             AND NOT EXISTS (SELECT 1 FROM host_groups WHERE name_key = $2 AND host_group_id <> $6)",
        )
        .bind(rows::text(&group.name))
        .bind(rows::text(&group.name.to_lowercase()))
        .bind(group.parent)
        .bind(i64::from(group.direct))
        .bind(group.rule.clone())
        .bind(group.id)
        .execute(&mut *transaction)
        .await?;
        if done.rows_affected() == 0 {
            return Ok(false);
        }
        let after = described(&mut transaction, group.id).await?;
        let row = AuditRow { before, after, ..AuditRow::of(now, by, "change host group", &group.name) };
        audit(&mut transaction, &row).await?;
        transaction.commit().await?;
        Ok(true)
    }

    /// Deletes a host group that has none beneath. The WSUS group that was made from it stays.
    pub async fn delete_host_group(&self, group: &HostGroupRow, by: &str, now: Timestamp) -> Result<()> {
        let mut transaction = self.write.begin().await?;
        let before = Some(hosts(counted(&mut transaction, group.id).await?));
        sqlx::query("DELETE FROM host_groups WHERE host_group_id = $1")
            .bind(group.id)
            .execute(&mut *transaction)
            .await?;
        let row = AuditRow { before, ..AuditRow::of(now, by, "delete host group", &group.name) };
        audit(&mut transaction, &row).await?;
        transaction.commit().await?;
        Ok(())
    }

    /// Adds and removes members of a host group.
    pub async fn change_host_group_members(
        &self,
        group: &HostGroupRow,
        add: &[ClientId],
        remove: &[ClientId],
        by: &str,
        now: Timestamp,
    ) -> Result<()> {
        let mut transaction = self.write.begin().await?;
        let before = counted(&mut transaction, group.id).await?;
        add_members(&mut transaction, group.id, add).await?;
        for client in remove {
            sqlx::query("DELETE FROM host_group_members WHERE host_group_id = $1 AND client_id = $2")
                .bind(group.id)
                .bind(client.as_str().to_owned())
                .execute(&mut *transaction)
                .await?;
        }
        let mut told = hosts(counted(&mut transaction, group.id).await?);
        for (word, clients) in [("added", add), ("removed", remove)].iter().filter(|(_, all)| !all.is_empty())
        {
            told += &format!(", {word} {}", named(clients));
        }
        let row = AuditRow {
            before: Some(hosts(before)),
            after: Some(told),
            ..AuditRow::of(now, by, "change host group", &group.name)
        };
        audit(&mut transaction, &row).await?;
        transaction.commit().await?;
        Ok(())
    }

    /// Gives the place of each of these members, in whichever host groups it is, to another one; each with a line
    /// in the record.
    pub async fn replace_members(
        &self,
        members: &BTreeMap<ClientId, ClientId>,
        by: &str,
        now: Timestamp,
    ) -> Result<()> {
        let mut transaction = self.write.begin().await?;
        for (before, after) in members {
            let groups = sqlx::query(
                "DELETE FROM host_group_members WHERE client_id = $1 \
                 RETURNING host_group_id, (SELECT name FROM host_groups one \
                 WHERE one.host_group_id = host_group_members.host_group_id)",
            )
            .bind(before.as_str().to_owned())
            .fetch_all(&mut *transaction)
            .await?;
            for group in &groups {
                let (group, name): (i64, String) = (group.try_get(0)?, group.try_get(1)?);
                add_members(&mut transaction, group, std::slice::from_ref(after)).await?;
                let row = AuditRow {
                    before: Some(before.to_string()),
                    after: Some(format!("{after}, the same machine re-imaged")),
                    ..AuditRow::of(now, by, "change host group", &name)
                };
                audit(&mut transaction, &row).await?;
            }
        }
        transaction.commit().await?;
        Ok(())
    }

    /// Remembers which WSUS group is made from a host group.
    pub async fn bind_host_group(&self, group: i64, wsus_group: GroupId) -> Result<()> {
        sqlx::query("UPDATE host_groups SET wsus_group = $1 WHERE host_group_id = $2")
            .bind(wsus_group.as_bytes().to_vec())
            .bind(group)
            .execute(&self.write)
            .await?;
        Ok(())
    }

    /// Remembers that the WSUS group of a host group is about to be made again under this name.
    pub async fn begin_recreate(&self, group: i64, name: &str) -> Result<()> {
        sqlx::query("UPDATE host_groups SET recreating = $1 WHERE host_group_id = $2")
            .bind(rows::text(name))
            .bind(group)
            .execute(&self.write)
            .await?;
        Ok(())
    }

    /// Another WSUS group is made from a host group from now on. The one before is remembered until it is gone.
    pub async fn replace_wsus_group(&self, group: i64, new: GroupId) -> Result<()> {
        sqlx::query(
            "UPDATE host_groups SET replaced = wsus_group, wsus_group = $1, recreating = NULL \
             WHERE host_group_id = $2",
        )
        .bind(new.as_bytes().to_vec())
        .bind(group)
        .execute(&self.write)
        .await?;
        Ok(())
    }

    /// The WSUS group before is gone.
    pub async fn forget_replaced(&self, group: i64) -> Result<()> {
        let sql = "UPDATE host_groups SET replaced = NULL WHERE host_group_id = $1";
        sqlx::query(sql).bind(group).execute(&self.write).await?;
        Ok(())
    }

    /// Remembers what a plan is about to write to the WSUS group of each host group, if that is anything, and
    /// that its members are held no more.
    pub async fn begin_plan(&self, groups: &[(i64, Option<String>)], by: &str, now: Timestamp) -> Result<()> {
        let mut transaction = self.write.begin().await?;
        for (group, changes) in groups {
            begin_plan(&mut transaction, *group, changes.as_deref(), by, now).await?;
        }
        transaction.commit().await?;
        Ok(())
    }

    /// What was last written for a host group and not undone.
    pub async fn last_plan(&self, group: i64) -> Result<Option<AppliedPlanRow>> {
        let sql = "SELECT plan_id, applied_by, applied_at, changes FROM applied_plans \
                   WHERE host_group_id = $1 ORDER BY plan_id DESC LIMIT 1";
        let row = sqlx::query(sql).bind(group).fetch_optional(&self.read).await?;
        let plan = |row: AnyRow| {
            Ok(AppliedPlanRow {
                plan: row.try_get(0)?,
                applied_by: row.try_get(1)?,
                applied_at: rows::time(&row, 2)?,
                changes: row.try_get(3)?,
            })
        };
        row.map(plan).transpose()
    }

    /// Holds the members of a host group's WSUS group, before what a plan wrote is undone.
    pub async fn hold_host_group(&self, group: i64, reason: &str) -> Result<()> {
        sqlx::query("UPDATE host_groups SET held = $1 WHERE host_group_id = $2")
            .bind(rows::text(reason))
            .bind(group)
            .execute(&self.write)
            .await?;
        Ok(())
    }

    /// Forgets a plan that was undone.
    pub async fn forget_plan(&self, plan: i64) -> Result<()> {
        let sql = "DELETE FROM applied_plans WHERE plan_id = $1";
        sqlx::query(sql).bind(plan).execute(&self.write).await?;
        Ok(())
    }
}

fn host_group(row: &AnyRow) -> Result<HostGroupRow> {
    Ok(HostGroupRow {
        id: row.try_get(0)?,
        name: row.try_get(1)?,
        parent: row.try_get(2)?,
        direct: row.try_get::<i64, _>(3)? != 0,
        rule: row.try_get(4)?,
        wsus_group: rows::optional_id16(row, 5)?.map(GroupId::from_bytes),
        held: row.try_get(6)?,
        recreating: row.try_get(7)?,
        replaced: rows::optional_id16(row, 8)?.map(GroupId::from_bytes),
        members: Vec::new(),
    })
}

/// How many hosts a host group has.
async fn counted(connection: &mut AnyConnection, group: i64) -> Result<i64> {
    let sql = "SELECT COUNT(*) FROM host_group_members WHERE host_group_id = $1";
    Ok(sqlx::query(sql).bind(group).fetch_one(connection).await?.try_get(0)?)
}

/// A host group but for its hosts, in the words of the record.
async fn described(connection: &mut AnyConnection, group: i64) -> Result<Option<String>> {
    let row = sqlx::query(
        "SELECT one.name, one.direct, one.rule, above.name FROM host_groups one \
         LEFT JOIN host_groups above ON above.host_group_id = one.parent_id WHERE one.host_group_id = $1",
    )
    .bind(group)
    .fetch_optional(connection)
    .await?;
    let Some(row) = row else { return Ok(None) };
    let (mut told, direct): (String, i64) = (row.try_get(0)?, row.try_get(1)?);
    let (rule, above): (Option<String>, Option<String>) = (row.try_get(2)?, row.try_get(3)?);
    if let Some(above) = above {
        told += &format!(", beneath {above}");
    }
    if direct != 0 {
        told += ", its own hosts only";
    }
    if let Some(rule) = rule {
        told += &format!(", by the rule {rule}");
    }
    Ok(Some(told))
}

fn hosts(count: i64) -> String {
    if count == 1 { "1 host".to_owned() } else { format!("{count} hosts") }
}

/// The first of many hosts, for people.
fn named(clients: &[ClientId]) -> String {
    const NAMED_MAX: usize = 20;
    let mut text = clients.iter().take(NAMED_MAX).map(ClientId::to_string).collect::<Vec<_>>().join(" ");
    if let Some(more) = clients.len().checked_sub(NAMED_MAX).filter(|more| *more > 0) {
        text += &format!(" and {more} more");
    }
    text
}

/// Makes one host group; says whether its name was free.
async fn add(
    connection: &mut AnyConnection,
    new: &NewHostGroupRow,
    by: &str,
    now: Timestamp,
) -> Result<bool> {
    let made = sqlx::query(
        "INSERT INTO host_groups (name, name_key, parent_id, direct, rule, wsus_group) \
             VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT (name_key) DO NOTHING RETURNING host_group_id",
    )
    .bind(rows::text(&new.name))
    .bind(rows::text(&new.name.to_lowercase()))
    .bind(new.parent)
    .bind(i64::from(new.direct))
    .bind(new.rule.clone())
    .bind(new.wsus_group.map(|id| id.as_bytes().to_vec()))
    .fetch_optional(&mut *connection)
    .await?;
    let Some(made) = made else { return Ok(false) };
    let group: i64 = made.try_get(0)?;
    add_members(connection, group, &new.members).await?;
    let after = match &new.rule {
        Some(rule) => format!("by the rule {rule}"),
        None => hosts(new.members.len() as i64),
    };
    let row = AuditRow { after: Some(after), ..AuditRow::of(now, by, "create host group", &new.name) };
    audit(connection, &row).await?;
    Ok(true)
}

async fn begin_plan(
    connection: &mut AnyConnection,
    group: i64,
    changes: Option<&str>,
    by: &str,
    now: Timestamp,
) -> Result<()> {
    sqlx::query("UPDATE host_groups SET held = NULL WHERE host_group_id = $1")
        .bind(group)
        .execute(&mut *connection)
        .await?;
    let Some(changes) = changes else { return Ok(()) };
    sqlx::query(
        "INSERT INTO applied_plans (host_group_id, applied_by, applied_at, changes) \
         VALUES ($1, $2, $3, $4)",
    )
    .bind(group)
    .bind(rows::text(by))
    .bind(now.as_micros())
    .bind(rows::text(changes))
    .execute(&mut *connection)
    .await?;
    sqlx::query(
        "DELETE FROM applied_plans WHERE host_group_id = $1 AND plan_id NOT IN \
         (SELECT plan_id FROM applied_plans WHERE host_group_id = $1 ORDER BY plan_id DESC LIMIT $2)",
    )
    .bind(group)
    .bind(PLANS_KEPT)
    .execute(&mut *connection)
    .await?;
    Ok(())
}

async fn add_members(connection: &mut AnyConnection, group: i64, members: &[ClientId]) -> Result<()> {
    for client in members {
        sqlx::query(
            "INSERT INTO host_group_members (host_group_id, client_id) VALUES ($1, $2) \
             ON CONFLICT (host_group_id, client_id) DO NOTHING",
        )
        .bind(group)
        .bind(client.as_str().to_owned())
        .execute(&mut *connection)
        .await?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::test_database::{TestDatabase, on_both_engines};

    on_both_engines!(
        host_groups_keep_their_members,
        many_host_groups_are_made_or_none,
        host_groups_stand_beneath_each_other,
        the_last_plan_can_be_undone_until_another_is_applied,
        a_wsus_group_takes_the_place_of_another,
    );

    const NOW: Timestamp = Timestamp::EPOCH;

    async fn made(store: &ManagerStore, new: NewHostGroupRow) -> HostGroupRow {
        assert!(store.add_host_group(&new, "ada", NOW).await.expect("writes"));
        of(store, &new.name).await
    }

    async fn of(store: &ManagerStore, name: &str) -> HostGroupRow {
        let rows = store.host_groups().await.expect("reads");
        rows.into_iter().find(|row| row.name == name).expect("is there")
    }

    async fn many_host_groups_are_made_or_none(database: TestDatabase) {
        let store = ManagerStore::open(database.place()).await.expect("opens");
        let rows = |names: &[&str]| names.iter().map(|name| NewHostGroupRow::named(name)).collect::<Vec<_>>();
        let taken = rows(&["Berlin", "Munich", "BERLIN"]);
        assert_eq!(store.add_host_groups(&taken, "ada", NOW).await.expect("asks"), Some("BERLIN"));
        assert!(store.host_groups().await.expect("reads").is_empty());
        let free = rows(&["Berlin", "Munich"]);
        assert_eq!(store.add_host_groups(&free, "ada", NOW).await.expect("writes"), None);
        assert_eq!(store.host_groups().await.expect("reads").len(), 2);
    }

    async fn host_groups_keep_their_members(on: TestDatabase) {
        let store = ManagerStore::open(on.place()).await.expect("opens");
        let client = |name: &str| name.parse::<ClientId>().expect("an id");
        let members = vec![client("b"), client("a")];
        let row = made(&store, NewHostGroupRow { members, ..NewHostGroupRow::named("Berlin") }).await;
        let again = store.add_host_group(&NewHostGroupRow::named("BERLIN"), "ada", NOW).await;
        assert!(!again.expect("answers"));
        assert_eq!(row.members, [client("a"), client("b")]);
        let named = store.host_groups_without_members().await.expect("reads");
        assert_eq!(named, [HostGroupRow { members: Vec::new(), ..row.clone() }]);
        let (add, remove) = ([client("c"), client("b")], [client("a")]);
        store.change_host_group_members(&row, &add, &remove, "ada", NOW).await.expect("writes");
        let audited = store.last_audited(Some("ada"), 1).await.expect("reads").remove(0);
        assert_eq!((&*audited.what, &*audited.detail), ("change host group", "Berlin"));
        let told = (audited.before.as_deref(), audited.after.as_deref());
        assert_eq!(told, (Some("2 hosts"), Some("2 hosts, added c b, removed a")));
        assert_eq!(store.last_audited(Some("bob"), 1).await.expect("reads"), []);
        assert_eq!(of(&store, "Berlin").await.members, [client("b"), client("c")]);

        // Another id in the place of one, also where both are there already.
        let members = vec![client("b"), client("d")];
        made(&store, NewHostGroupRow { members, ..NewHostGroupRow::named("Pilot") }).await;
        let replaced = [(client("b"), client("d")), (client("x"), client("y"))].into();
        store.replace_members(&replaced, "ada", NOW).await.expect("writes");
        assert_eq!(of(&store, "Berlin").await.members, [client("c"), client("d")]);
        assert_eq!(of(&store, "Pilot").await.members, [client("d")]);
        let mut audited = store.last_audited(Some("ada"), 2).await.expect("reads");
        audited.sort_by(|one, other| one.detail.cmp(&other.detail));
        for (row, group) in audited.iter().zip(["Berlin", "Pilot"]) {
            let told = (&*row.detail, row.before.as_deref(), row.after.as_deref());
            assert_eq!(told, (group, Some("b"), Some("d, the same machine re-imaged")));
        }
    }

    async fn host_groups_stand_beneath_each_other(on: TestDatabase) {
        let store = ManagerStore::open(on.place()).await.expect("opens");
        let berlin = made(&store, NewHostGroupRow::named("Berlin")).await;
        let rule = Some("name=pc-*\nos!=Windows 10*".to_owned());
        let new = NewHostGroupRow {
            parent: Some(berlin.id),
            rule: rule.clone(),
            direct: true,
            ..NewHostGroupRow::named("Pilot")
        };
        let mut pilot = made(&store, new).await;
        assert_eq!((pilot.parent, &pilot.rule, pilot.direct), (Some(berlin.id), &rule, true));
        store.delete_host_group(&berlin, "ada", NOW).await.expect_err("one is beneath it");
        pilot.name = "berlin".to_owned();
        assert!(!store.set_host_group(&pilot, "ada", NOW).await.expect("answers"), "the name is taken");
        (pilot.name, pilot.parent, pilot.rule) = ("PILOT".to_owned(), None, None);
        assert!(store.set_host_group(&pilot, "ada", NOW).await.expect("writes"));
        assert_eq!(of(&store, "PILOT").await, pilot);
        store.delete_host_group(&berlin, "ada", NOW).await.expect("writes");
        assert_eq!(store.host_groups().await.expect("reads"), [pilot]);
    }

    async fn a_wsus_group_takes_the_place_of_another(on: TestDatabase) {
        let store = ManagerStore::open(on.place()).await.expect("opens");
        let (old, new) = (GroupId::from_u128(1), GroupId::from_u128(2));
        let group =
            made(&store, NewHostGroupRow { wsus_group: Some(old), ..NewHostGroupRow::named("Berlin") }).await;
        store.begin_recreate(group.id, "Berlin").await.expect("writes");
        assert_eq!(of(&store, "Berlin").await.recreating.as_deref(), Some("Berlin"));
        store.replace_wsus_group(group.id, new).await.expect("writes");
        let row = of(&store, "Berlin").await;
        assert_eq!((row.wsus_group, row.replaced, row.recreating), (Some(new), Some(old), None));
        store.forget_replaced(group.id).await.expect("writes");
        assert_eq!(of(&store, "Berlin").await.replaced, None);
    }

    async fn the_last_plan_can_be_undone_until_another_is_applied(on: TestDatabase) {
        let store = ManagerStore::open(on.place()).await.expect("opens");
        let group = made(&store, NewHostGroupRow::named("Berlin")).await;
        let last = async || store.last_plan(group.id).await.expect("reads");
        assert_eq!(last().await, None);
        for number in 0..=PLANS_KEPT {
            store.begin_plan(&[(group.id, Some(number.to_string()))], "ada", NOW).await.expect("writes");
        }
        store.hold_host_group(group.id, "ada undid a plan").await.expect("writes");
        assert_eq!(of(&store, "Berlin").await.held.as_deref(), Some("ada undid a plan"));
        for number in (1..=PLANS_KEPT).rev() {
            let plan = last().await.expect("a plan");
            assert_eq!((plan.changes, plan.applied_by.as_str()), (number.to_string(), "ada"));
            store.forget_plan(plan.plan).await.expect("writes");
        }
        assert_eq!(last().await, None, "the oldest was forgotten");
        store.begin_plan(&[(group.id, None)], "ada", NOW).await.expect("writes");
        assert_eq!((of(&store, "Berlin").await.held, last().await), (None, None), "it wrote nothing");
        store.hold_host_group(group.id, "ada undid a plan").await.expect("writes");
        store.begin_plan(&[(group.id, Some("again".to_owned()))], "ada", NOW).await.expect("writes");
        assert_eq!(of(&store, "Berlin").await.held, None);
        store.delete_host_group(&group, "ada", NOW).await.expect("its plans go with it");
    }
}
