//! A small tree for the tests of this crate: ids are numbers, contacts are days since 1970.

use std::collections::BTreeSet;

use headwater_model::{ClientId, GroupId, HostGroupId, HostId, ServerId, Timestamp};

use crate::computer::{Computer, Place};
use crate::host::{Host, HostGroup, Reach};
use crate::server::{Linkage, Mode, Server, Targeting};

pub fn client(number: u128) -> ClientId {
    format!("c{number}").parse().expect("a client id")
}

pub fn clients(numbers: &[u128]) -> BTreeSet<ClientId> {
    numbers.iter().copied().map(client).collect()
}

pub fn place(server: u128, number: u128) -> Place {
    Place { server: ServerId::from_u128(server), client: client(number) }
}

pub fn day(day: i64) -> Timestamp {
    Timestamp::EPOCH.plus_seconds(day * 86_400)
}

/// In contact from the first to the last of these days.
pub fn computer(server: u128, number: u128, name: &str, days: (i64, i64)) -> Computer {
    Computer {
        server: ServerId::from_u128(server),
        client: client(number),
        name: name.into(),
        address: "192.0.2.1".into(),
        os: "Windows 11".into(),
        os_version: String::new(),
        architecture: String::new(),
        agent_version: String::new(),
        first_contact_at: Some(day(days.0)),
        last_contact_at: day(days.1),
        manufacturer: String::new(),
        model: String::new(),
        requested_group: String::new(),
        groups: vec![],
        products: None,
    }
}

pub fn in_groups(computer: Computer, groups: &[u128]) -> Computer {
    Computer { groups: groups.iter().copied().map(GroupId::from_u128).collect(), ..computer }
}

pub fn host(number: u128, name: &str, client_number: Option<u128>) -> Host {
    Host { id: HostId::from_u128(number), name: name.into(), client: client_number.map(client) }
}

pub fn host_group(number: u128, name: &str, parent: Option<u128>, hosts: &[u128]) -> HostGroup {
    HostGroup {
        id: HostGroupId::from_u128(number),
        name: name.into(),
        parent: parent.map(HostGroupId::from_u128),
        reach: Reach::default(),
        hosts: hosts.iter().copied().map(HostId::from_u128).collect(),
    }
}

/// A replica named `s` and its number, or the top.
pub fn server(number: u128, parent: Option<u128>) -> Server {
    Server {
        id: ServerId::from_u128(number),
        name: format!("s{number}"),
        parent: parent.map(ServerId::from_u128),
        mode: if parent.is_some() { Mode::Replica } else { Mode::Top },
        targeting: Targeting::Server,
        linkage: Linkage::Installed,
    }
}
