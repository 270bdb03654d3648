//! The state of updates on computers over the tree. Each server that knows its computers is asked: a Headwater
//! those of its whole tree, a Microsoft WSUS only its own.

use std::cmp::Reverse;
use std::collections::{BTreeSet, HashMap, HashSet};

use futures_util::stream::{self, StreamExt as _};
use headwater_api::linkage::StateOnComputer;
use headwater_api::{
    Caveat, ComputerSummary, ComputerUpdate, ComputerUpdateState, Page, StatesQuery, Told, UpdateComputer,
    UpdateComputerOrder, UpdateComputersQuery, page_limit,
};
use headwater_model::{ClientId, ServerId, UpdateId};

use crate::ask::Way;
use crate::details::ASKED_AT_ONCE;
use crate::mirror::{Mirror, tellers};
use crate::{Direction, Manager, ManagerError};

/// What servers told of one update.
pub(crate) struct States {
    computers: HashMap<ClientId, StateOnComputer>,
    /// The servers whose computers were told, with those below them.
    servers: HashSet<ServerId>,
    /// Those that have the update and did not tell, or cannot be asked.
    missing: HashSet<ServerId>,
}

impl States {
    /// The state on a computer, where it is among those that were asked for. Of a computer whose server did not
    /// tell it is unknown.
    pub fn of(&self, computer: &ComputerSummary) -> Option<ComputerUpdateState> {
        match self.computers.get(&computer.id) {
            Some(told) => Some(told.state),
            None => (!self.is_asked(computer)).then_some(ComputerUpdateState::Unknown),
        }
    }

    fn is_asked(&self, computer: &ComputerSummary) -> bool {
        computer.server.as_ref().is_none_or(|home| self.servers.contains(&home.id))
    }

    /// The servers with computers that did not tell.
    fn without(&self, mirror: &Mirror) -> Vec<String> {
        let homes = mirror.computers.all().iter().filter_map(|computer| computer.server.as_ref());
        let missing = homes.filter(|home| self.missing.contains(&home.id));
        let names: BTreeSet<&str> = missing.map(|home| home.name.as_str()).collect();
        names.into_iter().map(str::to_owned).collect()
    }
}

impl Manager {
    /// A page of the computers of the tree on which an update is in a state; without those of servers that cannot be
    /// asked, unless unknown ones are asked for.
    pub async fn computers_of_update(
        &self,
        update: UpdateId,
        query: &UpdateComputersQuery,
    ) -> Result<Told<Page<UpdateComputer>>, ManagerError> {
        let way = self.way().await?;
        let mirror = self.read().await?;
        let states = query.filter().states();
        let told = self.states_of(&way, &mirror, update, &states).await?;
        let known = mirror.computers.all().iter().filter_map(|computer| {
            let state = told.of(computer).filter(|state| states.contains(state))?;
            let said = told.computers.get(&computer.id);
            Some(UpdateComputer {
                client: computer.id.clone(),
                name: computer.name.clone(),
                server: computer.server.clone(),
                silent: computer.silent,
                state,
                since: said.and_then(|said| said.since),
                error: said.and_then(|said| said.error.clone()),
            })
        });
        // Every server's answer is there whole.
        let known = sorted(known.collect(), query.sort.unwrap_or_default(), Direction::of(query.reverse));
        let page =
            Page::cut(known, page_limit(query.limit), query.after.as_deref(), |one| one.client.to_string());
        Ok(Told { value: page, caveat: Caveat { without: told.without(&mirror), ..Caveat::default() } })
    }

    /// A page of the updates that are in a state on a computer, as its server knows it now; where that is not
    /// reached, as the linked WSUS does.
    pub async fn updates_of_computer(
        &self,
        client: &ClientId,
        query: &StatesQuery,
    ) -> Result<Told<Page<ComputerUpdate>>, ManagerError> {
        let way = self.way().await?;
        let home = self.mirror().computers.get(client).and_then(|known| known.server.clone());
        let linkages = self.store.linkages().await?;
        let at_home = linkages.iter().find(|one| home.as_ref().is_some_and(|home| home.id == one.server));
        let at_home = at_home.filter(|one| one.linkage != way.top.linkage);
        let mut lost = None;
        if let Some(of) = at_home {
            match self.states_on_computer(&way, of, client.clone(), query.clone()).await {
                Err(error) => lost = Some((of.name.clone(), error)),
                told => return Ok(told?.into()),
            }
        }
        told_above(lost, self.states_on_computer(&way, &way.top, client.clone(), query.clone()).await)
    }

    /// What each server that knows its computers tells of an update, all asked side by side. One that lacks the
    /// update, or cannot be asked, tells nothing; if that is so of all, the first error says why.
    pub(crate) async fn states_of(
        &self,
        way: &Way,
        mirror: &Mirror,
        update: UpdateId,
        states: &[ComputerUpdateState],
    ) -> Result<States, ManagerError> {
        let linkages = self.store.linkages().await?;
        let servers = || tellers(mirror.tree.servers.iter().map(|one| &one.server));
        let of = |server: ServerId| linkages.iter().find(|linkage| linkage.server == server);
        let asked = servers().filter(|(server, teller)| server.id == *teller && server.reached);
        let asked = asked.filter_map(|(server, _)| of(server.id));
        let asked: Vec<_> =
            asked.map(async |of| (of.server, self.all_states_of(way, of, update, states).await)).collect();
        let answers: Vec<_> = stream::iter(asked).buffered(ASKED_AT_ONCE).collect().await;
        let mut computers: HashMap<ClientId, StateOnComputer> = HashMap::new();
        let (mut tell, mut lack, mut first) = (HashSet::new(), HashSet::new(), None);
        for (server, answer) in answers {
            let found = match answer {
                Ok(found) => found,
                Err(error) => {
                    if matches!(error, ManagerError::NotFound(_)) {
                        lack.insert(server);
                    }
                    first.get_or_insert(error);
                    continue;
                }
            };
            tell.insert(server);
            let home = |client: &ClientId| mirror.computers.get(client)?.server.as_ref().map(|home| home.id);
            for state in found {
                // Of a computer that two servers tell of, the one that it last spoke with counts.
                if !computers.contains_key(&state.client) || home(&state.client) == Some(server) {
                    computers.insert(state.client.clone(), state);
                }
            }
        }
        if let Some(error) = first.filter(|_| tell.is_empty()) {
            return Err(error);
        }
        let (mut told, mut missing) = (HashSet::new(), HashSet::new());
        for (server, teller) in servers() {
            match teller {
                teller if tell.contains(&teller) => drop(told.insert(server.id)),
                teller if lack.contains(&teller) => {}
                _ => drop(missing.insert(server.id)),
            }
        }
        Ok(States { computers, servers: told, missing })
    }
}

/// Computers that are in the order of their names, in another order.
fn sorted(
    mut computers: Vec<UpdateComputer>,
    order: UpdateComputerOrder,
    direction: Direction,
) -> Vec<UpdateComputer> {
    match order {
        UpdateComputerOrder::Name => {}
        UpdateComputerOrder::Server => {
            let server = |one: &UpdateComputer| one.server.as_ref().map(|server| server.name.clone());
            computers.sort_by_cached_key(server);
        }
        UpdateComputerOrder::State => computers.sort_by_key(|one| one.state),
        UpdateComputerOrder::Error => {
            computers.sort_by_cached_key(|one| (one.error.is_none(), one.error.clone()))
        }
        UpdateComputerOrder::Since => computers.sort_by_key(|one| Reverse(one.since)),
    }
    direction.turn(&mut computers);
    computers
}

/// What the linked WSUS tells in place of a server that was asked first: that one is named where it cannot be asked,
/// and what neither tells is not found only if the first one said so.
fn told_above<T>(
    lost: Option<(String, ManagerError)>,
    told: Result<T, ManagerError>,
) -> Result<Told<T>, ManagerError> {
    match (told, lost) {
        (Ok(value), Some((server, error))) if error.is_of_a_server() => {
            let (without, problem) = (vec![server], Some(error.in_words()));
            Ok(Told { value, caveat: Caveat { without, problem, ..Caveat::default() } })
        }
        (Ok(value), _) => Ok(value.into()),
        (Err(ManagerError::NotFound(_)), Some((_, lost))) => Err(lost),
        (Err(error), _) => Err(error),
    }
}

#[cfg(test)]
mod tests {
    use headwater_api::ServerRef;
    use headwater_model::Timestamp;

    use super::*;

    #[test]
    fn computers_of_an_update_are_listed_by_every_head() {
        let server = |name: &str| Some(ServerRef { id: ServerId::from_u128(1), name: name.to_owned() });
        let computer = |name: &str, server, state, since: Option<i64>, error: Option<&str>| UpdateComputer {
            client: name.parse().expect("an id"),
            name: name.to_owned(),
            server,
            silent: false,
            state,
            since: since.map(|seconds| Timestamp::EPOCH.plus_seconds(seconds)),
            error: error.map(str::to_owned),
        };
        use ComputerUpdateState::{Failed, Installed, Needed};
        let all = [
            computer("a", server("munich"), Needed, Some(3), None),
            computer("b", None, Failed, Some(1), Some("0x80240022")),
            computer("c", server("berlin"), Installed, None, None),
            computer("d", server("munich"), Failed, Some(2), Some("0x80070070")),
        ];
        let check = |order, direction, expected: [&str; 4]| {
            let found = sorted(all.to_vec(), order, direction);
            let names: Vec<&str> = found.iter().map(|one| one.name.as_str()).collect();
            assert_eq!(names, expected, "{order:?}");
        };
        check(UpdateComputerOrder::Name, Direction::Usual, ["a", "b", "c", "d"]);
        check(UpdateComputerOrder::Name, Direction::Reversed, ["d", "c", "b", "a"]);
        check(UpdateComputerOrder::Server, Direction::Usual, ["b", "c", "a", "d"]);
        check(UpdateComputerOrder::State, Direction::Usual, ["b", "d", "a", "c"]);
        check(UpdateComputerOrder::Error, Direction::Usual, ["d", "b", "a", "c"]);
        check(UpdateComputerOrder::Since, Direction::Usual, ["a", "d", "b", "c"]);
    }

    #[test]
    fn a_server_that_cannot_be_asked_is_named() {
        let silent = || ManagerError::NotReached { hop: "the Linkage of berlin".to_owned(), source: None };
        let unknown = || ManagerError::NotFound("no such computer".to_owned());
        let at_home = |error| Some(("berlin".to_owned(), error));
        let told = told_above(at_home(silent()), Ok(7)).expect("the top knows it");
        assert_eq!((told.value, told.caveat.without), (7, vec!["berlin".to_owned()]));
        let told = told_above(at_home(unknown()), Ok(7)).expect("it moved");
        assert_eq!(told.caveat, Caveat::default());
        let lost = told_above(at_home(silent()), Err::<i32, _>(unknown())).expect_err("neither tells");
        assert!(matches!(lost, ManagerError::NotReached { .. }), "{lost}");
        let lost = told_above(at_home(unknown()), Err::<i32, _>(unknown())).expect_err("neither knows it");
        assert!(matches!(lost, ManagerError::NotFound(_)), "{lost}");
    }
}
