//! What is known here of updates before they are approved: the files that would come, and who would act.

use std::collections::{HashMap, HashSet};

use headwater_catalog::{RevisionIx, UpdateIx};
use headwater_model::{ClientId, Sha1Digest};
use headwater_policy::compliance::Computers;
use headwater_policy::content::{brought, is_for};

use super::status::State;
use crate::content::Express;
use crate::live::{Served, number};
use crate::start::App;

/// What the approval of an update would bring here.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Brought {
    /// The one that would be approved.
    pub revision: u32,
    /// Absent where its document and those of what it bundles name none.
    pub files: Option<Vec<BroughtFile>>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct BroughtFile {
    pub sha1: Sha1Digest,
    pub size_bytes: u64,
    pub is_held: bool,
}

/// Which of some updates are in which of some states on a computer: of each state their places.
pub type StatesOn = (ClientId, Vec<Vec<u16>>);

impl App {
    /// What the approval of an update for installation would bring here, for the languages of this server; nothing
    /// where it has no revision that can be installed.
    pub fn brought(&self, served: &Served, update: UpdateIx) -> Option<Brought> {
        let (newest, revisions) = brought(&served.offers, update)?;
        let settings = &self.settings.content;
        let cards = revisions.iter().map(|at| served.catalogue.card(RevisionIx(at)));
        let (mut names_any, mut seen, mut files) = (false, HashSet::new(), Vec::new());
        for card in cards {
            names_any |= !card.files.is_empty();
            if !is_for(&card.languages, &settings.languages) {
                continue;
            }
            for file in card.files.iter().filter(|file| !file.is_express || settings.express == Express::Hold)
            {
                if seen.insert(file.sha1) {
                    let (sha1, size_bytes) = (file.sha1, file.size_bytes);
                    files.push(BroughtFile { sha1, size_bytes, is_held: self.content.holds(file) });
                }
            }
        }
        let revision = served.catalogue.index.revision(newest).identity.revision;
        Some(Brought { revision, files: names_any.then_some(files) })
    }

    /// Which of some updates are in which of some states, on computers of the whole tree after one in the order of
    /// their ids, so many at most or only those that are named. Of what agents take no inventory of, only what they
    /// said counts. With the last computer that was looked at, if there are more.
    pub fn states_on(
        &self,
        served: &Served,
        updates: &[Option<UpdateIx>],
        states: &[State],
        named: Option<&HashSet<&ClientId>>,
        after: Option<&ClientId>,
        limit: usize,
    ) -> (Vec<StatesOn>, Option<ClientId>) {
        let mut clients = self.live.clients();
        clients.retain(|(client, _)| {
            after.is_none_or(|after| client > after) && named.is_none_or(|named| named.contains(client))
        });
        let goes_on = clients.len() > limit;
        if goes_on {
            clients.select_nth_unstable(limit);
            clients.truncate(limit);
        }
        clients.sort_unstable();
        let last = clients.last().filter(|_| goes_on).map(|(client, _)| client.clone());
        let members: Computers = clients.iter().filter_map(|(_, computer)| number(*computer)).collect();
        let mut on: HashMap<u32, Vec<Vec<u16>>> = HashMap::new();
        let status = self.live.status();
        for (place, at) in (0..).zip(updates) {
            let Some((at, update)) = at.and_then(|at| Some((at, served.number(at)?))) else { continue };
            let (arrived_at, is_inventoried) = (served.arrived_at(at), served.is_inventoried(at));
            for (slot, state) in states.iter().enumerate() {
                if !is_inventoried && !State::EXPLICIT.contains(state) {
                    continue;
                }
                for computer in status.in_state(update, arrived_at, *state, &members) {
                    on.entry(computer).or_insert_with(|| vec![Vec::new(); states.len()])[slot].push(place);
                }
            }
        }
        drop(status);
        let told = clients.into_iter().filter_map(|(client, computer)| {
            let in_state = on.remove(&number(computer)?)?;
            Some((client, in_state))
        });
        (told.collect(), last)
    }
}
