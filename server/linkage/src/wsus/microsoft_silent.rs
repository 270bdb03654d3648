//! What silent computers of a Microsoft WSUS said of updates, kept between readings.
//!
//! The service counts over all its computers, and no scope is known that has the silent ones alone. So each of
//! these is asked for by itself, which takes as long as it has updates. It says nothing new: that is done once, and
//! again after an hour, for what has arrived meanwhile counts too.

use std::collections::{HashMap, HashSet};
use std::time::{Duration, Instant};

use headwater_api::{ComputerUpdateState, UpdateCounts};
use headwater_model::{ClientId, Timestamp, UpdateId, chain};
use headwater_views::computers::silent_since;
use tokio::sync::Mutex;

use super::Answer;
use super::microsoft::Microsoft;
use super::microsoft_views::state;

/// Of more than these it is not told who is silent: each takes a call an hour, and memory for all that it needs.
const SILENT_MAX: usize = 200;
/// A reading is waited for.
const ASKED_PER_READING: usize = 10;
const ASK_AGAIN_AFTER: Duration = Duration::from_secs(3_600);
/// Whoever reads computers asks for counts next.
const WHO_FOR: Duration = Duration::from_secs(120);

/// Who is silent, and what these said of updates that they are not done with.
#[derive(Default)]
pub(super) struct Silent {
    who: Mutex<Option<(Vec<ClientId>, Instant)>>,
    said: Mutex<HashMap<ClientId, Said>>,
}

struct Said {
    asked_at: Instant,
    /// Nothing where the service did not tell them.
    states: Option<Vec<(UpdateId, ComputerUpdateState)>>,
}

impl Silent {
    /// Remembers for a moment who is silent.
    pub(super) async fn are(&self, who: Vec<ClientId>) {
        *self.who.lock().await = Some((who, Instant::now()));
    }
}

impl Microsoft {
    /// What silent computers said of each update; nothing while not all of them were asked, and where there are too
    /// many.
    pub(super) async fn said_by_silent(
        &self,
        now: Timestamp,
    ) -> Answer<Option<HashMap<UpdateId, UpdateCounts>>> {
        let silent = self.who_is_silent(now).await?;
        if silent.len() > SILENT_MAX {
            return Ok(None);
        }
        let mut said = self.silent.said.lock().await;
        let known: HashSet<&ClientId> = silent.iter().collect();
        said.retain(|client, _| known.contains(client));
        for client in due(&said, &silent, Instant::now()) {
            // First of all, so that one who is waited for in vain is not the next one again.
            said.insert(client.clone(), Said { asked_at: Instant::now(), states: None });
            let found = match self.wsus.installations_on(&client).await {
                Ok(found) => found,
                // A reading does without it: who is silent is the least of what it tells.
                Err(error) => {
                    tracing::debug!(%client, error = chain(&error), "what a silent computer said is not told");
                    break;
                }
            };
            let open = found.iter().map(|one| (one.update, state(one.state))).filter(is_open);
            said.insert(client, Said { asked_at: Instant::now(), states: Some(open.collect()) });
        }
        let is_told = said.len() == silent.len() && said.values().all(|said| said.states.is_some());
        Ok(is_told.then(|| counted(&said)))
    }

    async fn who_is_silent(&self, now: Timestamp) -> Answer<Vec<ClientId>> {
        if let Some((who, read_at)) = &*self.silent.who.lock().await
            && read_at.elapsed() < WHO_FOR
        {
            return Ok(who.clone());
        }
        self.silent_now(now).await
    }

    pub(super) async fn silent_now(&self, now: Timestamp) -> Answer<Vec<ClientId>> {
        let computers = self.all_computers().await?.into_iter();
        let silent = computers.filter(|computer| computer.last_contact_at < silent_since(now));
        Ok(silent.map(|computer| computer.client).collect())
    }
}

fn is_open((_, state): &(UpdateId, ComputerUpdateState)) -> bool {
    !matches!(state, ComputerUpdateState::Installed | ComputerUpdateState::NotApplicable)
}

/// Who is asked for now: those who never were first, then those for whom it is time again, the longest ago first.
fn due(said: &HashMap<ClientId, Said>, silent: &[ClientId], now: Instant) -> Vec<ClientId> {
    let asked_at = |client: &ClientId| said.get(client).map(|said| said.asked_at);
    let is_due = |client: &&ClientId| {
        asked_at(client).is_none_or(|at| now.saturating_duration_since(at) >= ASK_AGAIN_AFTER)
    };
    let mut due: Vec<ClientId> = silent.iter().filter(is_due).cloned().collect();
    due.sort_by_key(|client| (asked_at(client), client.clone()));
    due.truncate(ASKED_PER_READING);
    due
}

fn counted(said: &HashMap<ClientId, Said>) -> HashMap<UpdateId, UpdateCounts> {
    let mut counts: HashMap<UpdateId, UpdateCounts> = HashMap::new();
    for (update, state) in said.values().filter_map(|said| said.states.as_ref()).flatten() {
        *counts.entry(*update).or_default().of_mut(*state) += 1;
    }
    counts
}

#[cfg(test)]
mod tests {
    use super::*;

    fn client(number: usize) -> ClientId {
        format!("pc{number:03}").parse().expect("an id")
    }

    fn said(asked_at: Instant) -> Said {
        Said { asked_at, states: Some(Vec::new()) }
    }

    #[test]
    fn a_reading_asks_for_some_and_for_nobody_twice_within_the_hour() {
        let (silent, begun): (Vec<ClientId>, _) = ((0..25).map(client).collect(), Instant::now());
        let mut known = HashMap::new();
        let mut ask = |now: Instant| {
            let due = due(&known, &silent, now);
            known.extend(due.iter().map(|client| (client.clone(), said(now))));
            due
        };
        assert_eq!(ask(begun), silent[..10]);
        assert_eq!(ask(begun + Duration::from_secs(1)), silent[10..20]);
        assert_eq!(ask(begun + Duration::from_secs(2)), silent[20..]);
        assert_eq!(ask(begun + Duration::from_secs(3_599)), []);
        assert_eq!(ask(begun + Duration::from_secs(3_700)), silent[..10]);
    }

    #[test]
    fn what_they_are_not_done_with_is_counted() {
        use ComputerUpdateState::{Failed, Installed, Needed, NotApplicable, Unknown};
        let id = UpdateId::from_u128;
        let states = [(id(1), Needed), (id(2), Unknown), (id(3), Installed), (id(4), NotApplicable)];
        let open = states.into_iter().filter(is_open).collect();
        let of = |states| Said { asked_at: Instant::now(), states: Some(states) };
        let all = HashMap::from([(client(1), of(open)), (client(2), of(vec![(id(1), Failed)]))]);
        let counts = counted(&all);
        let one = UpdateCounts { needed: 1, failed: 1, ..UpdateCounts::default() };
        let two = UpdateCounts { unknown: 1, ..UpdateCounts::default() };
        assert_eq!(counts, HashMap::from([(id(1), one), (id(2), two)]));
    }
}
