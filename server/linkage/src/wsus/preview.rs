//! What the preview of an approval asks of Headwater's own update server: decisions and files are in memory.

use std::collections::{HashMap, HashSet};

use headwater_api::ComputerUpdateState;
use headwater_api::linkage::{
    FileOfUpdates, FilesOfUpdate, FilesOfUpdates, StatesOfUpdates, StatesPart, UpdatesOnComputer,
};
use headwater_app::App;
use headwater_model::{ClientId, Sha1Digest, UpdateId};
use headwater_views::status::asked;

/// States that one part may tell of: a few megabytes.
const STATES_PER_PART: usize = 1_000_000;
/// Computers of one part, however few updates are asked about.
const COMPUTERS_PER_PART: usize = 5_000;

pub(super) fn states(app: &App, question: &StatesOfUpdates) -> StatesPart {
    let StatesOfUpdates { updates, states, clients, after } = question;
    let served = app.live.served_full();
    let places: Vec<_> = updates.iter().map(|id| served.catalogue.index.update_by_id(*id)).collect();
    let named: Option<HashSet<&ClientId>> = clients.as_ref().map(|clients| clients.0.iter().collect());
    let after: Option<ClientId> = after.as_ref().and_then(|after| after.parse().ok());
    let limit = (STATES_PER_PART / updates.len().max(1)).min(COMPUTERS_PER_PART);
    let states = asked(states);
    let (told, last) = app.states_on(&served, &places, &states, named.as_ref(), after.as_ref(), limit);
    let lacking = (0..).zip(&places).filter(|(_, at)| at.is_none()).map(|(place, _)| place);
    StatesPart {
        computers: told
            .into_iter()
            .map(|(client, in_state)| UpdatesOnComputer { client, in_state })
            .collect(),
        lacking: lacking.collect(),
        next: last.map(|client| client.to_string()),
    }
}

pub(super) fn files(app: &App, updates: &[UpdateId]) -> FilesOfUpdates {
    let served = app.live.served_full();
    let mut told = FilesOfUpdates::default();
    let mut places: HashMap<Sha1Digest, u32> = HashMap::new();
    for id in updates {
        let at = served.catalogue.index.update_by_id(*id);
        let brought = at.and_then(|at| app.brought(&served, at));
        let files = &mut told.files;
        let mut place = |file: headwater_app::admin::preview::BroughtFile| {
            *places.entry(file.sha1).or_insert_with(|| {
                let (sha1, size_bytes, held) = (file.sha1, file.size_bytes, file.is_held);
                files.push(FileOfUpdates { sha1, size_bytes, held });
                files.len() as u32 - 1
            })
        };
        told.updates.push(brought.map(|brought| FilesOfUpdate {
            revision: brought.revision,
            files: brought.files.map(|files| files.into_iter().map(&mut place).collect()),
        }));
    }
    told
}

/// Whether a state is asked for, and at which place.
pub(super) fn slot(states: &[ComputerUpdateState], state: ComputerUpdateState) -> Option<usize> {
    states.iter().position(|one| *one == state)
}
