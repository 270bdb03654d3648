//! The computers of this server and of those below it, and the groups they are in.

use std::collections::HashMap;
use std::sync::Arc;

use headwater_model::{ClientId, GroupId, ServerId, Sha256Digest, Timestamp, UpdateId};
use headwater_policy::group::UNASSIGNED_COMPUTERS;
use headwater_policy::snapshot::{Member, Roster};
use sqlx::any::AnyRow;
use sqlx::{AnyConnection, Row};

use crate::history::{Change, record};
use crate::server::next_stamp;
use crate::{Error, Result, Store, products, rows};

/// What RegisterComputer tells of a computer ([MS-WUSP] 2.2.2.2.3).
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ComputerDetails {
    pub dns_name: String,
    /// Such as `10.0.26200`.
    pub os_version: String,
    pub os_description: String,
    pub architecture: String,
    pub manufacturer: String,
    pub model: String,
    pub client_version: String,
    /// The whole `computerInfo`, as XML.
    pub registration: String,
}

/// Something that an agent did and that is to be written.
#[derive(Debug, Clone)]
pub enum ComputerWrite {
    /// It asked for an authorization cookie: it is known from now on. With client-side targeting
    /// it says its groups itself.
    Enroll {
        client: ClientId,
        dns_name: String,
        requested_group: String,
        groups: Option<Vec<GroupId>>,
        at: Timestamp,
    },
    /// It described itself.
    Register { client: ClientId, details: Box<ComputerDetails>, at: Timestamp },
    /// It was heard of.
    Contact { client: ClientId, at: Timestamp, synced: bool },
    /// It told which products it has; the digest is that of their ids.
    Products { client: ClientId, digest: Sha256Digest, products: Vec<UpdateId> },
}

/// A computer after a write.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Enrolled {
    pub client: ClientId,
    pub member: Member,
}

/// A computer as the database keeps it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ComputerRow {
    pub computer: i64,
    /// The lower server that it reports to; `None` for this one.
    pub server: Option<ServerId>,
    pub client: String,
    /// Where a lower server saw it; empty where nobody told.
    pub address: String,
    pub dns_name: String,
    pub requested_group: String,
    pub registered: bool,
    pub os_version: String,
    pub os_description: String,
    pub architecture: String,
    pub manufacturer: String,
    pub model: String,
    pub client_version: String,
    pub first_contact: Timestamp,
    pub last_contact: Timestamp,
    pub last_sync: Option<Timestamp>,
    pub last_report: Option<Timestamp>,
    pub groups: Vec<GroupId>,
    /// The products that it told this server to have, once it told them.
    pub products: Option<Arc<[UpdateId]>>,
}

/// Every computer, for the snapshots.
#[derive(Debug, Clone, Default)]
pub struct Rosters {
    /// Those that report to this server: only they are answered.
    pub own: Roster,
    /// Those that report to servers below.
    pub below: Roster,
}

/// When the last contact is to have been.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Contact {
    pub after: Option<Timestamp>,
    pub until: Option<Timestamp>,
}

/// Which computers are wanted.
#[derive(Debug, Clone, Default)]
pub struct ComputerFilter {
    /// A part of the name or of the id, without regard to case.
    pub search: Option<String>,
    /// Members of any of these groups; empty for all.
    pub groups: Vec<GroupId>,
    pub contact: Contact,
    /// Only computers with a greater number.
    pub after: i64,
    pub limit: u32,
}

const COMPUTER: &str = "computer_id, client_id, dns_name, requested_group, registered, os_version, \
     os_description, architecture, manufacturer, model, client_version, first_contact, last_contact, \
     last_sync, last_report, server_id, address, product_set";

impl Store {
    /// Every computer with its groups.
    pub async fn roster(&self) -> Result<Rosters> {
        let mut transaction = self.read.begin().await?;
        let memberships =
            sqlx::query("SELECT computer_id, group_id FROM memberships ORDER BY computer_id, group_id")
                .fetch_all(&mut *transaction)
                .await?;
        let mut groups: HashMap<i64, Vec<GroupId>> = HashMap::new();
        for row in &memberships {
            groups.entry(row.try_get(0)?).or_default().push(rows::group_id(row, 1, "memberships")?);
        }
        let computers = sqlx::query(
            "SELECT computer_id, client_id, stamp, registered, server_id, product_set FROM computers",
        )
        .fetch_all(&mut *transaction)
        .await?;
        let digests = products::digests(&mut transaction).await?;
        transaction.commit().await?;
        let mut shared: HashMap<Vec<GroupId>, Arc<[GroupId]>> = HashMap::new();
        let mut rosters = Rosters::default();
        for row in &computers {
            let computer: i64 = row.try_get(0)?;
            let of = groups.remove(&computer).unwrap_or_else(|| vec![UNASSIGNED_COMPUTERS]);
            let of = shared.entry(of).or_insert_with_key(|of| Arc::from(of.as_slice())).clone();
            let member = Member {
                computer,
                groups: of,
                stamp: row.try_get::<i64, _>(2)? as u64,
                registered: row.try_get::<i64, _>(3)? != 0,
                products: row.try_get::<Option<i64>, _>(5)?.and_then(|set| digests.get(&set).copied()),
            };
            let is_own = rows::optional_id16(row, 4)?.is_none();
            let roster = if is_own { &mut rosters.own } else { &mut rosters.below };
            roster.insert_mut(client_id(row, 1)?, member);
        }
        Ok(rosters)
    }

    /// Writes what agents did, all in one transaction, and returns the computers that a scan has
    /// to know anew. Contacts of computers that are not known are ignored.
    pub async fn write_computers(&self, writes: &[ComputerWrite]) -> Result<Vec<Enrolled>> {
        let mut transaction = self.write.begin().await?;
        let mut enrolled = Vec::new();
        for write in writes {
            match write {
                ComputerWrite::Enroll { client, dns_name, requested_group, groups, at } => {
                    enroll(&mut transaction, client, dns_name, requested_group, *at).await?;
                    if let Some(groups) = groups {
                        target(&mut transaction, client, groups).await?;
                    }
                    enrolled.push(client.clone());
                }
                ComputerWrite::Register { client, details, at } => {
                    register(&mut transaction, client, details, *at).await?;
                    enrolled.push(client.clone());
                }
                ComputerWrite::Contact { client, at, synced } => {
                    contact(&mut transaction, client, *at, *synced).await?;
                }
                ComputerWrite::Products { client, digest, products } => {
                    products::tell(&mut transaction, client, *digest, products).await?;
                    enrolled.push(client.clone());
                }
            }
        }
        if writes.iter().any(|write| matches!(write, ComputerWrite::Products { .. })) {
            products::forget_unused(&mut transaction).await?;
        }
        enrolled.sort();
        enrolled.dedup();
        let mut members = Vec::with_capacity(enrolled.len());
        for client in enrolled {
            if let Some(member) = member(&mut transaction, &client).await? {
                members.push(Enrolled { client, member });
            }
        }
        transaction.commit().await?;
        Ok(members)
    }

    /// Puts a computer of this server into exactly these groups.
    pub async fn move_computer(
        &self,
        client: &ClientId,
        groups: &[GroupId],
        by: &str,
        now: Timestamp,
    ) -> Result<Option<Enrolled>> {
        let mut transaction = self.write.begin().await?;
        let Some(before) = member(&mut transaction, client).await? else { return Ok(None) };
        let mut wanted = groups.to_vec();
        wanted.sort();
        wanted.dedup();
        if *before.groups == *wanted {
            return Ok(Some(Enrolled { client: client.clone(), member: before }));
        }
        set_groups(&mut transaction, before.computer, &wanted).await?;
        let list = |ids: &[GroupId]| ids.iter().map(ToString::to_string).collect::<Vec<_>>().join(" ");
        let change = Change {
            at: now,
            by: by.to_owned(),
            what: format!("move computer {client}"),
            update: None,
            group: wanted.first().copied(),
            detail: String::new(),
            before: Some(list(&before.groups)),
            after: Some(list(&wanted)),
        };
        record(&mut transaction, change).await?;
        let moved = member(&mut transaction, client).await?;
        transaction.commit().await?;
        Ok(moved.map(|member| Enrolled { client: client.clone(), member }))
    }

    /// Computers in the order of their numbers, a page at a time.
    pub async fn computers(&self, filter: &ComputerFilter) -> Result<Vec<ComputerRow>> {
        let mut sql = format!("SELECT {COMPUTER} FROM computers c WHERE computer_id > $1");
        if filter.search.is_some() {
            sql += " AND (LOWER(dns_name) LIKE $2 ESCAPE '\\' OR client_id LIKE $2 ESCAPE '\\')";
        } else {
            sql += " AND $2 IS NULL";
        }
        sql += " AND last_contact > $4 AND last_contact <= $5";
        if !filter.groups.is_empty() {
            sql += &format!(
                " AND EXISTS (SELECT 1 FROM memberships m WHERE m.computer_id = c.computer_id \
                 AND m.group_id IN ({}))",
                rows::list(filter.groups.len(), 6)
            );
        }
        sql += " ORDER BY computer_id LIMIT $3";
        let mut query = sqlx::query(sqlx::AssertSqlSafe(sql))
            .bind(filter.after)
            .bind(filter.search.as_deref().map(pattern))
            .bind(i64::from(filter.limit))
            .bind(filter.contact.after.map_or(i64::MIN, Timestamp::as_micros))
            .bind(filter.contact.until.map_or(i64::MAX, Timestamp::as_micros));
        for group in &filter.groups {
            query = query.bind(group.as_bytes().to_vec());
        }
        let found = query.fetch_all(&self.read).await?;
        self.whole(&found).await
    }

    /// How many computers have had no contact since then.
    pub async fn silent_computers(&self, since: Timestamp) -> Result<u64> {
        let row = sqlx::query("SELECT COUNT(*) FROM computers WHERE last_contact < $1")
            .bind(since.as_micros())
            .fetch_one(&self.read)
            .await?;
        Ok(row.try_get::<i64, _>(0)? as u64)
    }

    /// The name that a computer last said.
    pub async fn computer_name(&self, client: &ClientId) -> Result<Option<String>> {
        let row = sqlx::query("SELECT dns_name FROM computers WHERE client_id = $1")
            .bind(client.as_str().to_owned())
            .fetch_optional(&self.read)
            .await?;
        row.map(|row| Ok(row.try_get(0)?)).transpose()
    }

    pub async fn computer(&self, client: &ClientId) -> Result<Option<ComputerRow>> {
        let sql = format!("SELECT {COMPUTER} FROM computers WHERE client_id = $1");
        let row = sqlx::query(sqlx::AssertSqlSafe(sql))
            .bind(client.as_str().to_owned())
            .fetch_optional(&self.read)
            .await?;
        Ok(self.whole(row.as_slice()).await?.pop())
    }

    /// Computers with what stands in other tables.
    async fn whole(&self, found: &[AnyRow]) -> Result<Vec<ComputerRow>> {
        let mut computers = found.iter().map(computer_row).collect::<Result<Vec<_>>>()?;
        let numbers: Vec<i64> = computers.iter().map(|computer| computer.computer).collect();
        let sets = found.iter().map(|row| Ok(row.try_get(17)?));
        let sets = sets.collect::<Result<Vec<Option<i64>>>>()?;
        let mut connection = self.read.acquire().await?;
        let mut groups = groups_of_all(&mut connection, &numbers).await?;
        let products = products::of_sets(&mut connection, sets.iter().flatten().copied()).await?;
        for (computer, set) in computers.iter_mut().zip(sets) {
            computer.groups = groups.remove(&computer.computer).unwrap_or_default();
            computer.products = set.and_then(|set| products.get(&set).cloned());
        }
        Ok(computers)
    }
}

/// A LIKE pattern for any text that contains this one, without regard to case.
fn pattern(search: &str) -> String {
    let escaped: String = rows::text(search)
        .to_lowercase()
        .chars()
        .flat_map(|c| match c {
            '%' | '_' | '\\' => vec!['\\', c],
            _ => vec![c],
        })
        .collect();
    format!("%{escaped}%")
}

async fn enroll(
    connection: &mut AnyConnection,
    client: &ClientId,
    dns_name: &str,
    requested_group: &str,
    at: Timestamp,
) -> Result<()> {
    let known = sqlx::query("SELECT computer_id, server_id, own_groups FROM computers WHERE client_id = $1")
        .bind(client.as_str().to_owned())
        .fetch_optional(&mut *connection)
        .await?;
    if let Some(row) = known {
        if rows::optional_id16(&row, 1)?.is_some() {
            take_back(connection, row.try_get(0)?, row.try_get(2)?).await?;
        }
        sqlx::query(
            "UPDATE computers SET dns_name = $2, requested_group = $3, last_contact = $4, \
             changes = changes + 1 WHERE client_id = $1",
        )
        .bind(client.as_str().to_owned())
        .bind(dns_name.to_owned())
        .bind(requested_group.to_owned())
        .bind(at.as_micros())
        .execute(&mut *connection)
        .await?;
        return Ok(());
    }
    let stamp = next_stamp(connection).await?;
    let row = sqlx::query(
        "INSERT INTO computers (client_id, dns_name, requested_group, registered, os_version, os_description, \
         architecture, manufacturer, model, client_version, registration, first_contact, last_contact, stamp) \
         VALUES ($1, $2, $3, 0, '', '', '', '', '', '', '', $4, $4, $5) RETURNING computer_id",
    )
    .bind(client.as_str().to_owned())
    .bind(dns_name.to_owned())
    .bind(requested_group.to_owned())
    .bind(at.as_micros())
    .bind(stamp)
    .fetch_one(&mut *connection)
    .await?;
    insert_membership(connection, row.try_get(0)?, UNASSIGNED_COMPUTERS).await
}

/// Makes a computer that reported to a lower server one of ours again: it has to register, and is
/// in the groups in which it was here, for what others said of it was never decided here.
async fn take_back(connection: &mut AnyConnection, computer: i64, own_groups: Option<Vec<u8>>) -> Result<()> {
    let packed = own_groups.unwrap_or_default();
    let (ids, _) = packed.as_chunks::<16>();
    let mut groups = Vec::with_capacity(ids.len().max(1));
    for id in ids {
        let known = sqlx::query("SELECT 1 FROM groups WHERE group_id = $1")
            .bind(id.to_vec())
            .fetch_optional(&mut *connection)
            .await?;
        groups.extend(known.map(|_| GroupId::from_bytes(*id)));
    }
    if groups.is_empty() {
        groups.push(UNASSIGNED_COMPUTERS);
    }
    sqlx::query(
        "UPDATE computers SET server_id = NULL, own_groups = NULL, registered = 0, address = '', \
         sync_result = NULL, received_number = 0 WHERE computer_id = $1",
    )
    .bind(computer)
    .execute(&mut *connection)
    .await?;
    set_groups(connection, computer, &groups).await
}

/// Puts a computer into the groups that it asked for, if it is not there already.
async fn target(connection: &mut AnyConnection, client: &ClientId, groups: &[GroupId]) -> Result<()> {
    match member(connection, client).await? {
        Some(known) if *known.groups != *groups => set_groups(connection, known.computer, groups).await,
        _ => Ok(()),
    }
}

async fn register(
    connection: &mut AnyConnection,
    client: &ClientId,
    details: &ComputerDetails,
    at: Timestamp,
) -> Result<()> {
    sqlx::query(
        "UPDATE computers SET registered = 1, dns_name = $2, os_version = $3, os_description = $4, \
         architecture = $5, manufacturer = $6, model = $7, client_version = $8, registration = $9, \
         last_contact = $10, changes = changes + 1 WHERE client_id = $1 AND server_id IS NULL",
    )
    .bind(client.as_str().to_owned())
    .bind(details.dns_name.clone())
    .bind(details.os_version.clone())
    .bind(details.os_description.clone())
    .bind(details.architecture.clone())
    .bind(details.manufacturer.clone())
    .bind(details.model.clone())
    .bind(details.client_version.clone())
    .bind(details.registration.clone())
    .bind(at.as_micros())
    .execute(connection)
    .await?;
    Ok(())
}

async fn contact(
    connection: &mut AnyConnection,
    client: &ClientId,
    at: Timestamp,
    synced: bool,
) -> Result<()> {
    let statement = match synced {
        true => {
            "UPDATE computers SET last_contact = $2, last_sync = $2, changes = changes + 1 \
             WHERE client_id = $1 AND server_id IS NULL"
        }
        // Servers above are not told of it.
        false => "UPDATE computers SET last_contact = $2 WHERE client_id = $1 AND server_id IS NULL",
    };
    sqlx::query(statement).bind(client.as_str().to_owned()).bind(at.as_micros()).execute(connection).await?;
    Ok(())
}

/// Replaces the groups of a computer and stamps the change.
pub(crate) async fn set_groups(
    connection: &mut AnyConnection,
    computer: i64,
    groups: &[GroupId],
) -> Result<()> {
    let stamp = next_stamp(connection).await?;
    sqlx::query("UPDATE computers SET stamp = $2, changes = changes + 1 WHERE computer_id = $1")
        .bind(computer)
        .bind(stamp)
        .execute(&mut *connection)
        .await?;
    sqlx::query("DELETE FROM memberships WHERE computer_id = $1")
        .bind(computer)
        .execute(&mut *connection)
        .await?;
    for group in groups {
        insert_membership(connection, computer, *group).await?;
    }
    Ok(())
}

pub(crate) async fn insert_membership(
    connection: &mut AnyConnection,
    computer: i64,
    group: GroupId,
) -> Result<()> {
    // A group may have gone while the agent's write waited; the computer stays without it.
    let sql = "INSERT INTO memberships (computer_id, group_id) SELECT $1, group_id FROM groups \
               WHERE group_id = $2";
    sqlx::query(sql).bind(computer).bind(group.as_bytes().to_vec()).execute(connection).await?;
    Ok(())
}

/// A computer of this server.
async fn member(connection: &mut AnyConnection, client: &ClientId) -> Result<Option<Member>> {
    let row = sqlx::query(
        "SELECT computer_id, stamp, registered, digest FROM computers \
         LEFT JOIN product_sets ON set_id = product_set WHERE client_id = $1 AND server_id IS NULL",
    )
    .bind(client.as_str().to_owned())
    .fetch_optional(&mut *connection)
    .await?;
    let Some(row) = row else { return Ok(None) };
    let computer: i64 = row.try_get(0)?;
    let groups = groups_of(connection, computer).await?;
    Ok(Some(Member {
        computer,
        groups: if groups.is_empty() { Member::unassigned() } else { groups.into() },
        stamp: row.try_get::<i64, _>(1)? as u64,
        registered: row.try_get::<i64, _>(2)? != 0,
        products: products::digest(&row, 3)?,
    }))
}

/// The groups of a computer, sorted.
pub(crate) async fn groups_of(connection: &mut AnyConnection, computer: i64) -> Result<Vec<GroupId>> {
    let groups = sqlx::query("SELECT group_id FROM memberships WHERE computer_id = $1 ORDER BY group_id")
        .bind(computer)
        .fetch_all(&mut *connection)
        .await?;
    groups.iter().map(|row| rows::group_id(row, 0, "memberships")).collect()
}

/// The groups of each of these computers, sorted.
pub(crate) async fn groups_of_all(
    connection: &mut AnyConnection,
    computers: &[i64],
) -> Result<HashMap<i64, Vec<GroupId>>> {
    let mut groups: HashMap<i64, Vec<GroupId>> = HashMap::new();
    let sql = "SELECT computer_id, group_id FROM memberships WHERE computer_id IN (..) \
               ORDER BY computer_id, group_id";
    for row in rows::select_in(connection, sql, computers.iter().copied()).await? {
        groups.entry(row.try_get(0)?).or_default().push(rows::group_id(&row, 1, "memberships")?);
    }
    Ok(groups)
}

pub(crate) fn client_id(row: &AnyRow, at: usize) -> Result<ClientId> {
    let text: String = row.try_get(at)?;
    text.parse().map_err(|e| Error::Row { table: "computers", reason: format!("{e}") })
}

fn computer_row(row: &AnyRow) -> Result<ComputerRow> {
    Ok(ComputerRow {
        computer: row.try_get(0)?,
        client: row.try_get(1)?,
        dns_name: row.try_get(2)?,
        requested_group: row.try_get(3)?,
        registered: row.try_get::<i64, _>(4)? != 0,
        os_version: row.try_get(5)?,
        os_description: row.try_get(6)?,
        architecture: row.try_get(7)?,
        manufacturer: row.try_get(8)?,
        model: row.try_get(9)?,
        client_version: row.try_get(10)?,
        first_contact: rows::time(row, 11)?,
        last_contact: rows::time(row, 12)?,
        last_sync: rows::optional_time(row, 13)?,
        last_report: rows::optional_time(row, 14)?,
        server: rows::optional_id16(row, 15)?.map(ServerId::from_bytes),
        address: row.try_get(16)?,
        groups: Vec::new(),
        products: None,
    })
}
