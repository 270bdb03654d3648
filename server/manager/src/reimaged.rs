//! Machines that were re-imaged: they stay in the host groups that have them by an id from before.

use std::collections::BTreeSet;

use headwater_model::ClientId;
use headwater_tree::matching::matched;

use crate::ask::Way;
use crate::tree::Tree;
use crate::{Manager, ManagerError};

impl Manager {
    /// Gives the places of these ids in host groups to those that their machines have now. It is done before the
    /// records of the old ids are deleted, for afterwards nothing tells whose they were.
    pub(crate) async fn follow_reimaged(
        &self,
        way: &Way,
        tree: &Tree,
        old: &BTreeSet<&ClientId>,
        by: &str,
    ) -> Result<(), ManagerError> {
        let rows = self.store.host_groups().await?;
        let mut members = rows.iter().flat_map(|row| &row.members);
        if !members.any(|member| old.contains(member)) {
            return Ok(());
        }
        let computers = self.computers(way, tree).await?;
        let mut reimaged = matched(&[], &computers, &self.sightings().await?).reimaged();
        reimaged.retain(|before, _| old.contains(before));
        Ok(self.store.replace_members(&reimaged, by, self.now()).await?)
    }

    /// These ids and those that their machines had before, as the mirror was last read.
    pub(crate) fn with_earlier<'a>(
        &self,
        clients: impl IntoIterator<Item = &'a ClientId>,
    ) -> BTreeSet<ClientId> {
        let mut all: BTreeSet<ClientId> = clients.into_iter().cloned().collect();
        let mirror = self.mirror();
        let earlier = mirror.reimaged.iter().filter(|(_, now)| all.contains(*now));
        let earlier: Vec<ClientId> = earlier.map(|(before, _)| before.clone()).collect();
        all.extend(earlier);
        all
    }
}
