//! Servers that have the name of another one, with what happened and what to do in a line.

use std::collections::{BTreeMap, HashMap};

use headwater_api::TreeServer;
use headwater_api::linkage::WsusIdentity;
use headwater_model::{ServerId, Timestamp};
use headwater_tree::replaced::{Namesake, Sight, namesakes};

/// When servers above one heard of it, by the clock here.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Heard {
    pub first_at: Option<Timestamp>,
    pub at: Option<Timestamp>,
}

/// What is said of each server that has the name of another one.
#[cfg_attr(test, derive(Default))]
pub(crate) struct Named(BTreeMap<ServerId, (Namesake, String)>);

impl Named {
    pub fn of(
        servers: &[TreeServer],
        identities: &HashMap<ServerId, WsusIdentity>,
        heard: &HashMap<ServerId, Heard>,
    ) -> Self {
        let sight = |one: &TreeServer| Sight {
            id: one.id,
            name: one.name.clone(),
            // One that has another WSUS behind its Linkage, or that speaks otherwise, says so itself.
            answers: identities.contains_key(&one.id) || one.problem.is_some(),
            first_heard_at: heard.get(&one.id).and_then(|heard| heard.first_at),
            heard_at: heard.get(&one.id).map_or(one.last_contact_at, |heard| heard.at),
        };
        let sights: Vec<Sight> = servers.iter().map(sight).collect();
        let line = |(id, namesake): (ServerId, Namesake)| {
            let find = |id| servers.iter().find(|one| one.id == id);
            let this = find(id)?;
            let line = match namesake {
                Namesake::InPlace(new) => in_place(this, find(new)?),
                Namesake::Beside(other) => beside(this, find(other)?),
            };
            Some((id, (namesake, line)))
        };
        Self(namesakes(&sights).into_iter().filter_map(line).collect())
    }

    /// The server in another one's place.
    pub fn in_place(&self, server: ServerId) -> Option<ServerId> {
        match self.0.get(&server) {
            Some((Namesake::InPlace(new), _)) => Some(*new),
            _ => None,
        }
    }

    pub fn replaced(&self, server: ServerId) -> Option<&str> {
        self.0.get(&server).filter(|(namesake, _)| matches!(namesake, Namesake::InPlace(_))).map(text)
    }

    pub fn beside(&self, server: ServerId) -> Option<&str> {
        self.0.get(&server).filter(|(namesake, _)| matches!(namesake, Namesake::Beside(_))).map(text)
    }
}

fn text(said: &(Namesake, String)) -> &str {
    &said.1
}

fn in_place(was: &TreeServer, is: &TreeServer) -> String {
    let pair = match is.linkage {
        Some(_) => "",
        None => ", and pair the Linkage of the new one with `headwater wsus pair`",
    };
    let (name, old, new) = (&was.name, was.id, is.id);
    format!(
        "{name} was replaced: the server with the id {old} does not answer, and one of the same name with the id {new} \
         takes its updates now. Delete the record of the old one with `headwater wsus server delete {old}`{pair}"
    )
}

fn beside(this: &TreeServer, other: &TreeServer) -> String {
    format!(
        "{} is the name of two servers that both live, as far as is known: their ids are {} and {}. Give one of them \
         another name, and let it synchronise",
        this.name, this.id, other.id
    )
}
