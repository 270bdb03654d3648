//! What the preview of an approval asks of a Microsoft WSUS. Its service tells states by one update or one computer,
//! and of files nothing that anybody could read: their number, sizes and whether they are there are not known.

use std::collections::{HashMap, HashSet};
use std::time::{Duration, Instant};

use headwater_api::linkage::{FilesOfUpdate, FilesOfUpdates, StatesOfUpdates, StatesPart, UpdatesOnComputer};
use headwater_model::{ClientId, UpdateId};
use headwater_wsus_admin::{Installation, Scope};

use super::Answer;
use super::microsoft::{Microsoft, failure, newest};
use super::microsoft_views::state;
use super::preview::slot;

/// Calls of one part: an order is answered in time, though each call takes a second.
const CALLS_PER_PART: usize = 50;
/// After so long no further call is begun.
const PART_SECONDS: Duration = Duration::from_secs(20);

impl Microsoft {
    /// By computer where fewer of these are asked for than updates, else by update.
    pub(super) async fn states_of_updates(&self, question: &StatesOfUpdates) -> Answer<StatesPart> {
        let StatesOfUpdates { updates, states, clients, after } = question;
        let catalogue = self.catalogue.updates(&self.wsus).await?;
        let known = newest(&catalogue);
        let lacks = |id: &UpdateId| !known.contains_key(id);
        let lacking = (0..).zip(updates).filter(|(_, id)| lacks(id)).map(|(place, _)| place);
        let places: HashMap<UpdateId, u16> = updates.iter().copied().zip(0..).collect();
        let named: Option<HashSet<&ClientId>> = clients.as_ref().map(|clients| clients.0.iter().collect());
        let by_computer = clients.as_ref().filter(|clients| clients.0.len() < updates.len());
        let calls = by_computer.map_or(updates.len(), |clients| clients.0.len());
        let first: usize = after.as_ref().and_then(|after| after.parse().ok()).unwrap_or(0);
        let (begun, mut next) = (Instant::now(), first);
        let mut on: HashMap<ClientId, Vec<Vec<u16>>> = HashMap::new();
        let mut own: Option<HashSet<ClientId>> = None;
        while next < calls
            && next < first + CALLS_PER_PART
            && (next == first || begun.elapsed() < PART_SECONDS)
        {
            let found = match by_computer {
                Some(clients) => {
                    // Of one that does not report to it nothing is asked.
                    let own = match &mut own {
                        Some(own) => own,
                        none => none.insert(self.own_clients().await?),
                    };
                    match clients.0.get(next).filter(|client| own.contains(*client)) {
                        Some(client) => self.wsus.installations_on(client).await.map_err(failure)?,
                        None => Vec::new(),
                    }
                }
                None if lacks(&updates[next]) => Vec::new(),
                None => self.wsus.installations_of(updates[next], Scope::Own).await.map_err(failure)?,
            };
            next += 1;
            for Installation { update, computer, state: told, .. } in found {
                let place = places.get(&update).copied();
                let (Some(place), Some(slot)) = (place, slot(states, state(told))) else { continue };
                if named.as_ref().is_none_or(|named| named.contains(&computer)) {
                    let on = on.entry(computer).or_insert_with(|| vec![Vec::new(); states.len()]);
                    on[slot].push(place);
                }
            }
        }
        let computers = on.into_iter().map(|(client, in_state)| UpdatesOnComputer { client, in_state });
        Ok(StatesPart {
            computers: computers.collect(),
            lacking: lacking.collect(),
            next: (next < calls).then(|| next.to_string()),
        })
    }

    async fn own_clients(&self) -> Answer<HashSet<ClientId>> {
        let computers = self.wsus.computers(Scope::Own).await.map_err(failure)?;
        Ok(computers.into_iter().map(|computer| computer.id).collect())
    }

    pub(super) async fn files_of_updates(&self, updates: &[UpdateId]) -> Answer<FilesOfUpdates> {
        let catalogue = self.catalogue.updates(&self.wsus).await?;
        let known = newest(&catalogue);
        let revision = |id: &UpdateId| Some(known.get(id)?.identity.revision);
        let told = |id: &UpdateId| Some(FilesOfUpdate { revision: revision(id)?, files: None });
        Ok(FilesOfUpdates { files: Vec::new(), updates: updates.iter().map(told).collect() })
    }
}
