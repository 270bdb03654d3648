//! What servers are asked for the preview of an approval: files each of its own, states those that know them.

use std::collections::{HashMap, HashSet};
use std::time::{Duration, Instant};

use futures_util::stream::{self, StreamExt as _};
use headwater_api::linkage::{Clients, StatesOfUpdates, StatesPart};
use headwater_api::{ApprovalAction, ComputerUpdateState};
use headwater_model::{ClientId, ServerId, UpdateId};
use headwater_store::LinkageRow;
use headwater_tree::impact::Steps;

use super::FilesTold;
use crate::ask::Way;
use crate::details::ASKED_AT_ONCE;
use crate::mirror::{Mirror, tellers};
use crate::tree::must_be_understood;
use crate::{Manager, ManagerError};

/// For so long a server is asked for one part after the other; what it has not told by then is not known. Somebody
/// waits for the answer, and a slow WSUS takes a second for each of a thousand updates.
const PATIENCE: Duration = Duration::from_secs(60);

/// What a state means for a computer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Step {
    /// It fetches files and acts.
    Fetches,
    /// It acts on what it has.
    Acts,
    Unknown,
}

/// The states that matter, each with what follows from it.
fn steps(action: ApprovalAction) -> &'static [(ComputerUpdateState, Step)] {
    use ComputerUpdateState::{Downloaded, Failed, Installed, Needed, PendingRestart, Unknown};
    match action {
        ApprovalAction::Install => &[
            (Needed, Step::Fetches),
            (Failed, Step::Fetches),
            (Downloaded, Step::Acts),
            (Unknown, Step::Unknown),
        ],
        ApprovalAction::Uninstall => {
            &[(Installed, Step::Acts), (PendingRestart, Step::Acts), (Unknown, Step::Unknown)]
        }
        ApprovalAction::Detect | ApprovalAction::Block => &[],
    }
}

/// What one server told of the computers that were asked about.
#[derive(Debug, Default)]
struct StatesTold {
    steps: HashMap<ClientId, Steps>,
    /// Whether it told of every update.
    is_whole: bool,
}

impl StatesTold {
    fn take(
        &mut self,
        part: StatesPart,
        meaning: &[(ComputerUpdateState, Step)],
        about: &HashSet<&ClientId>,
    ) {
        for one in part.computers.into_iter().filter(|one| about.contains(&one.client)) {
            let steps = self.steps.entry(one.client).or_default();
            for ((_, step), updates) in meaning.iter().zip(one.in_state) {
                match step {
                    Step::Fetches => steps.fetched.extend(updates),
                    Step::Acts => steps.acts_at_once |= !updates.is_empty(),
                    Step::Unknown => steps.is_unknown |= !updates.is_empty(),
                }
            }
        }
    }

    /// What each computer does; where the server did not tell all, more may come to it.
    fn of(mut self, about: &HashSet<&ClientId>) -> HashMap<ClientId, Steps> {
        if !self.is_whole {
            for client in about {
                self.steps.entry((*client).clone()).or_default().is_unknown = true;
            }
        }
        for steps in self.steps.values_mut() {
            steps.fetched.sort_unstable();
            steps.fetched.dedup();
        }
        self.steps
    }
}

impl Manager {
    /// What the servers of the tree tell of files, all asked side by side. That the top one has each update is
    /// certain.
    pub(super) async fn files_told(
        &self,
        mirror: &Mirror,
        updates: &[UpdateId],
    ) -> Result<FilesTold, ManagerError> {
        let way = &self.way().await?;
        must_be_understood(&self.identity_of(way, &way.top).await?, &way.top)?;
        let top = self.files_of_updates_at(way, &way.top, updates).await?;
        if let Some(lacking) =
            updates.iter().enumerate().find(|(place, _)| top.updates.get(*place).is_none_or(Option::is_none))
        {
            let (name, update) = (&way.top.name, lacking.1);
            let what = match mirror.updates.get(*update) {
                Some(known) => format!("{name} has no revision of {} that can be installed", known.title),
                None => format!("{name} has no update {update}; `headwater update list` shows all"),
            };
            return Err(ManagerError::NotFound(what));
        }
        let mut linkages = self.store.linkages().await?;
        linkages.retain(|one| one.linkage != way.top.linkage && mirror.tree.server(one.server).is_some());
        let asked: Vec<_> = linkages
            .into_iter()
            .map(async |of| (of.server, self.files_of_updates_at(way, &of, updates).await.ok()))
            .collect();
        let told: Vec<_> = stream::iter(asked).buffer_unordered(ASKED_AT_ONCE).collect().await;
        Ok(told.into_iter().chain([(way.top.server, Some(top))]).collect())
    }

    /// What updates would have computers do, each with its home, as the servers tell that know them, all asked side by
    /// side. Of a computer whose server cannot be asked, or lacks an update, it is not known.
    pub(super) async fn steps_of(
        &self,
        mirror: &Mirror,
        updates: &[UpdateId],
        action: ApprovalAction,
        computers: &[(&ClientId, ServerId)],
    ) -> Result<HashMap<ClientId, Steps>, ManagerError> {
        let meaning = steps(action);
        if meaning.is_empty() {
            return Ok(HashMap::new());
        }
        let (way, linkages) = (self.way().await?, self.store.linkages().await?);
        let servers = || mirror.tree.servers.iter().map(|one| &one.server);
        let teller_of: HashMap<ServerId, ServerId> =
            tellers(servers()).map(|(server, teller)| (server.id, teller)).collect();
        let mut about: HashMap<ServerId, HashSet<&ClientId>> = HashMap::new();
        for (client, home) in computers {
            about.entry(teller_of.get(home).copied().unwrap_or(*home)).or_default().insert(*client);
        }
        let is_reached: HashSet<ServerId> = servers().filter(|one| one.reached).map(|one| one.id).collect();
        let (way, linkages) = (&way, &linkages);
        let asked: Vec<_> = about
            .into_iter()
            .map(async |(teller, about)| {
                let of = linkages.iter().find(|one| one.server == teller && is_reached.contains(&teller));
                let told = match of {
                    Some(of) => self.states_told(way, of, updates, meaning, &about).await,
                    None => StatesTold::default(),
                };
                told.of(&about)
            })
            .collect();
        let told: Vec<_> = stream::iter(asked).buffer_unordered(ASKED_AT_ONCE).collect().await;
        Ok(told.into_iter().flatten().collect())
    }

    async fn states_told(
        &self,
        way: &Way,
        of: &LinkageRow,
        updates: &[UpdateId],
        meaning: &[(ComputerUpdateState, Step)],
        about: &HashSet<&ClientId>,
    ) -> StatesTold {
        let mut clients: Vec<ClientId> = about.iter().map(|client| (*client).clone()).collect();
        clients.sort_unstable();
        let mut question = StatesOfUpdates {
            updates: updates.to_vec(),
            states: meaning.iter().map(|(state, _)| *state).collect(),
            clients: (clients.len() <= StatesOfUpdates::CLIENTS_MAX).then_some(Clients(clients)),
            after: None,
        };
        let (begun, mut told) = (Instant::now(), StatesTold::default());
        loop {
            let Ok(mut part) = self.states_of_updates_at(way, of, question.clone()).await else {
                return told;
            };
            let (next, lacks_any) = (part.next.take(), !part.lacking.is_empty());
            told.take(part, meaning, about);
            match next {
                None => {
                    told.is_whole = !lacks_any;
                    return told;
                }
                Some(_) if begun.elapsed() > PATIENCE => return told,
                next => question.after = next,
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use headwater_api::linkage::UpdatesOnComputer;

    use super::*;

    fn client(name: &str) -> ClientId {
        name.parse().expect("an id")
    }

    fn part(computers: &[(&str, [&[u16]; 4])]) -> StatesPart {
        let computer = |(name, in_state): &(&str, [&[u16]; 4])| UpdatesOnComputer {
            client: client(name),
            in_state: in_state.iter().map(|updates| updates.to_vec()).collect(),
        };
        StatesPart { computers: computers.iter().map(computer).collect(), ..StatesPart::default() }
    }

    #[test]
    fn parts_add_up_and_what_was_not_told_is_not_known() {
        let all = ["a", "b", "c"].map(client);
        let about: HashSet<&ClientId> = all.iter().collect();
        let told = |is_whole| {
            let mut told = StatesTold { is_whole, ..StatesTold::default() };
            let install = steps(ApprovalAction::Install);
            told.take(part(&[("a", [&[3], &[1], &[], &[]]), ("b", [&[], &[], &[2], &[]])]), install, &about);
            told.take(
                part(&[("a", [&[0, 3], &[], &[], &[2]]), ("other", [&[0], &[], &[], &[]])]),
                install,
                &about,
            );
            told.of(&about)
        };
        let whole = told(true);
        assert_eq!(whole[&all[0]], Steps { fetched: vec![0, 1, 3], acts_at_once: false, is_unknown: true });
        assert_eq!(whole[&all[1]], Steps { acts_at_once: true, ..Steps::default() });
        assert_eq!(whole.len(), 2);
        let cut = told(false);
        assert_eq!(cut[&all[1]], Steps { acts_at_once: true, is_unknown: true, fetched: Vec::new() });
        assert_eq!(cut[&all[2]], Steps { is_unknown: true, ..Steps::default() });
    }

    #[test]
    fn what_is_removed_is_not_fetched() {
        let removing = steps(ApprovalAction::Uninstall);
        assert!(removing.iter().all(|(_, step)| *step != Step::Fetches));
        assert_eq!(steps(ApprovalAction::Block), steps(ApprovalAction::Detect));
    }
}
