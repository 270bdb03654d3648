//! Under which names and at which addresses computers were seen: a client id that flips between them is one of
//! several machines.

use std::collections::HashMap;

use headwater_api::ComputerSummary;
use headwater_model::{ClientId, Timestamp};
use headwater_store::SightingRow;
use headwater_tree::matching::Sighting;

use crate::{Manager, ManagerError};

/// How long a name is remembered. A machine that kept a shared id is registered again so many days after the
/// others got their own.
const NAMES_DAYS: i64 = 14;
/// How long an address is remembered: what comes back in less than a day counts.
const ADDRESSES_DAYS: i64 = 2;
/// Changes that one reading takes in; more are a network that was renumbered, and no clones.
const SEEN_MAX: usize = 20_000;

impl Manager {
    /// Remembers whoever has another name or address than at the reading before.
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
        Ok(self.store.see(&changed, since(NAMES_DAYS), since(ADDRESSES_DAYS)).await?)
    }

    /// When, under which name and at which address a computer was seen of late, the latest first.
    pub async fn seen_as(&self, client: &ClientId) -> Result<Vec<(Timestamp, String, String)>, ManagerError> {
        let mut seen = self.sightings().await?;
        seen.retain(|one| one.client == *client);
        seen.sort_by_key(|one| std::cmp::Reverse(one.at));
        Ok(seen.into_iter().map(|one| (one.at, one.name, one.address)).collect())
    }

    /// What was seen of late.
    pub(crate) async fn sightings(&self) -> Result<Vec<Sighting>, ManagerError> {
        let since = self.now().plus_seconds(-NAMES_DAYS * 86_400);
        let rows = self.store.sightings().await?.into_iter().filter(|row| row.seen_at >= since);
        let sighting = |row: SightingRow| Sighting {
            client: row.client,
            name: row.name,
            address: row.address,
            at: row.seen_at,
        };
        Ok(rows.map(sighting).collect())
    }
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
        if renamed || was.address != now.address {
            changed.extend([seen(was, renamed), seen(now, renamed)]);
        }
    }
    changed
}

fn seen(computer: &ComputerSummary, renamed: bool) -> SightingRow {
    SightingRow {
        client: computer.id.clone(),
        seen_at: computer.last_contact_at,
        name: computer.name.clone(),
        address: computer.address.clone().unwrap_or_default(),
        renamed,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::mirror::sample_computer;

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
    }
}
