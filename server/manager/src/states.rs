//! The state of updates on computers over the tree. Each server that knows its computers is asked: a Headwater
//! those of its whole tree, a Microsoft WSUS only its own.

use std::collections::{HashMap, HashSet};

use headwater_api::linkage::{StateOnComputer, WsusKind};
use headwater_api::{
    ComputerSummary, ComputerUpdate, ComputerUpdateState, Page, StatesQuery, UpdateComputer,
};
use headwater_model::{ClientId, ServerId, UpdateId};

use crate::ask::Way;
use crate::mirror::Mirror;
use crate::{Manager, ManagerError};

/// What servers told of one update.
pub(crate) struct Told {
    computers: HashMap<ClientId, StateOnComputer>,
    /// The servers whose computers were told, with those below them.
    servers: HashSet<ServerId>,
}

impl Told {
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
}

impl Manager {
    /// A page of the computers of the tree on which an update is in a state, by name.
    pub async fn computers_of_update(
        &self,
        update: UpdateId,
        query: &StatesQuery,
    ) -> Result<Page<UpdateComputer>, ManagerError> {
        let way = self.way().await?;
        let mirror = self.read().await?;
        let states = query.states();
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
        Ok(Page::cut(known.collect(), query.limit(), query.after.as_deref(), |one| one.client.to_string()))
    }

    /// A page of the updates that are in a state on a computer, as its server knows it now; where that is not
    /// reached, as the linked WSUS does.
    pub async fn updates_of_computer(
        &self,
        client: &ClientId,
        query: &StatesQuery,
    ) -> Result<Page<ComputerUpdate>, ManagerError> {
        let way = self.way().await?;
        let home = self.mirror().computers.get(client).and_then(|known| known.server.clone());
        let linkages = self.store.linkages().await?;
        let at_home = linkages.iter().find(|one| home.as_ref().is_some_and(|home| home.id == one.server));
        if let Some(of) = at_home
            && let Ok(page) = self.states_on_computer(&way, of, client.clone(), query.clone()).await
        {
            return Ok(page);
        }
        self.states_on_computer(&way, &way.top, client.clone(), query.clone()).await
    }

    /// What each server tells of an update. One that does not answer, or lacks the update, tells nothing.
    pub(crate) async fn states_of(
        &self,
        way: &Way,
        mirror: &Mirror,
        update: UpdateId,
        states: &[ComputerUpdateState],
    ) -> Result<Told, ManagerError> {
        let linkages = self.store.linkages().await?;
        let mut told = Told { computers: HashMap::new(), servers: HashSet::new() };
        let mut covered: HashSet<ServerId> = HashSet::new();
        for one in mirror.tree.servers.iter().map(|one| &one.server) {
            if one.parent.is_some_and(|parent| covered.contains(&parent)) {
                covered.insert(one.id);
                told.servers.insert(one.id);
                continue;
            }
            let of = linkages.iter().find(|linkage| linkage.server == one.id).filter(|_| one.reached);
            let Some(of) = of else { continue };
            match self.all_states_of(way, of, update, states).await {
                Ok(found) => {
                    let home =
                        |client: &ClientId| mirror.computers.get(client)?.server.as_ref().map(|home| home.id);
                    for state in found {
                        // Of a computer that two servers tell of, the one that it last spoke with counts.
                        if !told.computers.contains_key(&state.client) || home(&state.client) == Some(one.id)
                        {
                            told.computers.insert(state.client.clone(), state);
                        }
                    }
                }
                Err(error) if of.linkage == way.top.linkage => return Err(error),
                Err(_) => continue,
            }
            told.servers.insert(one.id);
            if one.kind == Some(WsusKind::Headwater) {
                covered.insert(one.id);
            }
        }
        Ok(told)
    }
}
