//! Computers and the groups that they are in.

use std::collections::HashMap;

use headwater_model::{ClientId, GroupId, ServerId, Timestamp};
use headwater_wsus::wsusar::{
    ALL_COMPUTERS, Cell, ComputerRow, ExecuteSPDeleteComputer, ExecuteSPGetComputerCount,
    ExecuteSPSearchComputers, MembershipRow, OWN_COMPUTERS, RequestedGroupRow, RowSet,
};

use crate::rows::{self, client_id, text, wrong};
use crate::{Error, Result, Wsus};

/// Sets of rows in which computers come: themselves, the groups they ask for, and those they are in.
const SETS: usize = 3;

/// Whose computers are meant.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Scope {
    /// Those that report to the server itself.
    Own,
    /// Those of the servers below it too. Nobody has told whether a real server takes this.
    WithDownstream,
}

impl Scope {
    pub(crate) fn xml(self) -> Option<String> {
        let xml = match self {
            Self::Own => OWN_COMPUTERS,
            Self::WithDownstream => ALL_COMPUTERS,
        };
        Some(xml.to_owned())
    }
}

/// A computer, as the server knows it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Computer {
    pub id: ClientId,
    /// The full DNS name.
    pub name: Option<String>,
    pub ip_address: Option<String>,
    pub make: Option<String>,
    pub model: Option<String>,
    pub os: Option<String>,
    pub os_version: Option<OsVersion>,
    /// Of the update agent.
    pub client_version: Option<String>,
    pub last_contact: Option<Timestamp>,
    pub last_report: Option<Timestamp>,
    /// The groups that its policy names.
    pub requested_groups: Vec<String>,
    /// The groups that it is in, built-in ones among them.
    pub groups: Vec<GroupId>,
    pub home: Home,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct OsVersion {
    pub major: i32,
    pub minor: i32,
    pub build: i32,
}

/// The server that a computer reports to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Home {
    This,
    /// A downstream server, where the row names it in a form that is known.
    Downstream(Option<ServerId>),
}

impl Wsus {
    pub async fn computers(&self, scope: Scope) -> Result<Vec<Computer>> {
        type O = ExecuteSPSearchComputers;
        let sets = self.call(&O { computer_target_scope_xml: scope.xml() }).await?.result;
        read(&sets)
    }

    pub async fn computer_count(&self, scope: Scope) -> Result<u64> {
        type O = ExecuteSPGetComputerCount;
        let count = self.call(&O { computer_target_scope_xml: scope.xml() }).await?.result;
        u64::try_from(count).map_err(|_| wrong::<O>("count", count))
    }

    /// Forgets a computer of the server itself. It is known again with its next contact.
    pub async fn delete_computer(&self, computer: &ClientId) -> Result<()> {
        self.call(&ExecuteSPDeleteComputer { id: Some(computer.to_string()) }).await.map(drop)
    }
}

fn read(sets: &[RowSet]) -> Result<Vec<Computer>> {
    type O = ExecuteSPSearchComputers;
    let [computers, requested, memberships] = sets else {
        let (operation, found) = ("ExecuteSPSearchComputers", sets.len());
        return Err(Error::Count { operation, what: "sets of rows", found, expected: SETS });
    };
    let mut requested_by: HashMap<ClientId, Vec<String>> = HashMap::new();
    for row in rows::read::<O, RequestedGroupRow>(&requested.0)? {
        requested_by.entry(client_id::<O>(&row.computer_id)?).or_default().push(row.group_name);
    }
    let mut groups_of: HashMap<ClientId, Vec<GroupId>> = HashMap::new();
    for row in rows::read::<O, MembershipRow>(&memberships.0)? {
        groups_of.entry(client_id::<O>(&row.computer_id)?).or_default().push(row.group_id);
    }
    let computers = rows::read::<O, ComputerRow>(&computers.0)?;
    let computers = computers.into_iter().map(|row| {
        let id = client_id::<O>(&row.computer_id)?;
        let requested = requested_by.remove(&id);
        let groups = groups_of.remove(&id).unwrap_or_default();
        Ok(computer(row, id, requested, groups))
    });
    computers.collect()
}

fn computer(
    row: ComputerRow,
    id: ClientId,
    requested: Option<Vec<String>>,
    groups: Vec<GroupId>,
) -> Computer {
    // Policy names several groups in one text, with semicolons between them; the second set has each.
    let named = || row.requested_target_group.as_deref().unwrap_or_default().split(';');
    let requested_groups = requested.unwrap_or_else(|| named().map(|name| name.trim().to_owned()).collect());
    let version = (row.os_major_version, row.os_minor_version, row.os_build_number);
    Computer {
        id,
        name: text(row.full_domain_name),
        ip_address: text(row.ip_address),
        make: text(row.computer_make),
        model: text(row.computer_model),
        os: text(row.os_description).or_else(|| text(row.os_family)),
        os_version: match version {
            (Some(major), Some(minor), Some(build)) => Some(OsVersion { major, minor, build }),
            _ => None,
        },
        client_version: text(row.client_version),
        last_contact: row.last_sync_time.0,
        last_report: row.last_reported_status_time.0,
        requested_groups: requested_groups.into_iter().filter(|name| !name.is_empty()).collect(),
        groups,
        home: match row.parent_server {
            Cell::Nil => Home::This,
            Cell::Value(_, text) => Home::Downstream(text.parse().ok()),
        },
    }
}
