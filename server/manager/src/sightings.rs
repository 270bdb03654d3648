//! Under which names, at which addresses and servers computers were seen: a client id that flips between them is one of
//! several machines.

use std::collections::{HashMap, HashSet};

use headwater_api::{ComputerSummary, SeenAs};
use headwater_model::{ClientId, ServerId};
use headwater_store::{KeptSince, SightingRow};
use headwater_tree::computer::Computer;
use headwater_tree::matching::Sighting;

use crate::{Manager, ManagerError, Mirror};

/// How long a name is remembered. A machine that kept a shared id is registered again so many days after the
/// others got their own.
const NAMES_DAYS: i64 = 14;
/// How long it is remembered to which server a computer reported before it went to another one.
const SERVERS_DAYS: i64 = 90;
/// How long an address is remembered: what comes back in less than a day counts.
const ADDRESSES_DAYS: i64 = 2;
/// How long it is remembered when a computer appeared. A record that was silent for longer has long been offered for
/// deletion.
const APPEARANCES_DAYS: i64 = 400;
/// Changes that one reading takes in; more are a network that was renumbered, and no clones.
const SEEN_MAX: usize = 20_000;

impl Manager {
    /// Remembers whoever has another name, address or server than at the reading before.
    pub(crate) async fn remember_sightings(
        &self,
        before: &[ComputerSummary],
        now: &[ComputerSummary],
    ) -> Result<(), ManagerError> {
        let mut changed = changed(before, now);
        changed.truncate(SEEN_MAX);
        if changed.is_empty() {
            return Ok(());
        }
        let since = |days: i64| self.now().plus_seconds(-days * 86_400);
        let kept = KeptSince {
            moved: since(SERVERS_DAYS),
            renamed: since(NAMES_DAYS),
            readdressed: since(ADDRESSES_DAYS),
        };
        Ok(self.store.see(&changed, kept).await?)
    }

    /// Remembers when a server that tells no first contacts was last read without a computer that is there now.
    /// Of those that were there when it was first read, nothing is known.
    pub(crate) async fn remember_appearances(
        &self,
        before: &Mirror,
        now: &[ComputerSummary],
        told: &[Computer],
    ) -> Result<(), ManagerError> {
        let Some(absent_at) = before.read_at else { return Ok(()) };
        let mut new = appeared(before, now, told);
        new.truncate(SEEN_MAX);
        if new.is_empty() {
            return Ok(());
        }
        let since = self.now().plus_seconds(-APPEARANCES_DAYS * 86_400);
        Ok(self.store.appear(&new, absent_at, since).await?)
    }

    /// Under which name, at which address and server a computer was seen, the latest first.
    pub(crate) async fn seen_as(&self, client: &ClientId) -> Result<Vec<SeenAs>, ManagerError> {
        let seen = self.store.sightings_of(client).await?.into_iter();
        let one = |row: SightingRow| SeenAs {
            at: row.seen_at,
            name: row.name,
            address: Some(row.address).filter(|address| !address.is_empty()),
            server: Some(row.server).filter(|server| !server.is_empty()),
        };
        Ok(seen.map(one).collect())
    }

    /// What was seen of late.
    pub(crate) async fn sightings(&self) -> Result<Vec<Sighting>, ManagerError> {
        let since = self.now().plus_seconds(-NAMES_DAYS * 86_400);
        let rows = self.store.sightings(since).await?.into_iter();
        let sighting = |row: SightingRow| Sighting {
            client: row.client,
            name: row.name,
            address: row.address,
            at: row.seen_at,
        };
        Ok(rows.map(sighting).collect())
    }
}

/// Who appeared at servers that tell no first contacts, since they were last read.
fn appeared(before: &Mirror, now: &[ComputerSummary], told: &[Computer]) -> Vec<(ServerId, ClientId)> {
    let untold = told.iter().filter(|computer| computer.first_contact_at.is_none());
    let untold: HashSet<(ServerId, &ClientId)> = untold.map(|one| (one.server, &one.client)).collect();
    let is_new = |computer: &ComputerSummary| {
        let home = computer.server.as_ref()?.id;
        let was_read = before.tree.server(home).is_some_and(|one| one.server.reached);
        let was_there = before.computers.get(&computer.id).and_then(|one| Some(one.server.as_ref()?.id));
        let is_new = was_read && was_there != Some(home) && untold.contains(&(home, &computer.id));
        is_new.then(|| (home, computer.id.clone()))
    };
    now.iter().filter_map(is_new).collect()
}

/// What a client was before and what it is now, of those that changed.
fn changed(before: &[ComputerSummary], now: &[ComputerSummary]) -> Vec<SightingRow> {
    let before: HashMap<&ClientId, &ComputerSummary> = before.iter().map(|one| (&one.id, one)).collect();
    let mut changed = Vec::new();
    for now in now {
        let Some(was) = before.get(&now.id).filter(|was| was.last_contact_at < now.last_contact_at) else {
            continue;
        };
        let renamed = !was.name.eq_ignore_ascii_case(&now.name);
        let home = |one: &ComputerSummary| one.server.as_ref().map(|server| server.id);
        let moved = home(was) != home(now);
        if renamed || moved || was.address != now.address {
            changed.extend([was, now].map(|one| seen(one, renamed, moved)));
        }
    }
    changed
}

fn seen(computer: &ComputerSummary, renamed: bool, moved: bool) -> SightingRow {
    SightingRow {
        client: computer.id.clone(),
        seen_at: computer.last_contact_at,
        name: computer.name.clone(),
        address: computer.address.clone().unwrap_or_default(),
        renamed,
        server: computer.server.as_ref().map_or_else(String::new, |server| server.name.clone()),
        moved,
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use headwater_model::Timestamp;

    use super::*;
    use crate::known::sample_computer_at;
    use crate::mirror::{TreeView, sample_computer, sample_server};

    #[test]
    fn who_was_not_there_when_a_server_was_read_has_appeared() {
        let id = ServerId::from_u128;
        let summary = |server: u128, client: &str| ComputerSummary {
            server: Some(headwater_api::ServerRef { id: id(server), name: format!("wsus{server}") }),
            ..sample_computer(client, client)
        };
        let untold = |server: u128, client: &str| Computer {
            first_contact_at: None,
            ..sample_computer_at(id(server), client)
        };
        let mut servers = vec![sample_server(id(1), "wsus1"), sample_server(id(2), "wsus2")];
        servers[1].server.reached = false;
        let before = Mirror {
            tree: TreeView { servers, ..TreeView::default() }.into(),
            computers: Arc::new([summary(1, "old"), summary(2, "moved")].into_iter().collect()),
            ..Mirror::default()
        };
        let now = [(1, "old"), (1, "new"), (1, "moved"), (2, "unread"), (3, "unknown"), (1, "told")];
        let now = now.map(|(server, client)| summary(server, client));
        let mut told: Vec<Computer> =
            [(1, "old"), (1, "new"), (1, "moved"), (2, "moved"), (2, "unread"), (3, "unknown")]
                .map(|(server, client)| untold(server, client))
                .into();
        told.push(Computer { first_contact_at: Some(Timestamp::EPOCH), ..untold(1, "told") });
        let found = appeared(&before, &now, &told);
        assert_eq!(found, ["new", "moved"].map(|client| (id(1), client.parse().expect("an id"))));
    }

    #[test]
    fn only_who_changed_is_remembered() {
        let at = |second: i64, name: &str, address: &str| ComputerSummary {
            address: Some(address.to_owned()),
            last_contact_at: Timestamp::EPOCH.plus_seconds(second),
            ..sample_computer("a", name)
        };
        let seen =
            |before: &[ComputerSummary], now: &[ComputerSummary]| -> Vec<(i64, String, String, bool)> {
                let second = |at: Timestamp| at.as_micros() / 1_000_000;
                let rows = changed(before, now).into_iter();
                rows.map(|row| (second(row.seen_at), row.name, row.address, row.renamed)).collect()
            };
        let row = |second: i64, name: &str, address: &str, renamed: bool| {
            (second, name.to_owned(), address.to_owned(), renamed)
        };
        assert_eq!(seen(&[], &[at(1, "pc1", "x")]), [], "it is new");
        assert_eq!(seen(&[at(1, "pc1", "x")], &[at(2, "PC1", "x")]), []);
        assert_eq!(seen(&[at(2, "pc1", "x")], &[at(1, "pc2", "x")]), [], "that was told late");
        assert_eq!(
            seen(&[at(1, "pc1", "x")], &[at(2, "pc2", "x")]),
            [row(1, "pc1", "x", true), row(2, "pc2", "x", true)]
        );
        assert_eq!(
            seen(&[at(1, "pc1", "x")], &[at(2, "pc1", "y")]),
            [row(1, "pc1", "x", false), row(2, "pc1", "y", false)]
        );
        let on = |name: &str, computer| ComputerSummary {
            server: Some(headwater_api::ServerRef {
                id: ServerId::from_u128(name.len() as u128),
                name: name.to_owned(),
            }),
            ..computer
        };
        let moved = changed(&[on("hq", at(1, "pc1", "x"))], &[on("berlin", at(2, "pc1", "x"))]);
        let moved: Vec<_> = moved.iter().map(|row| (row.server.as_str(), row.moved, row.renamed)).collect();
        assert_eq!(moved, [("hq", true, false), ("berlin", true, false)]);
    }
}
