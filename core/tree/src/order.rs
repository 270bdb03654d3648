//! Which server of the tree is next in a run, and how the run ended.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use headwater_model::ServerId;

use crate::computer::folded;
use crate::server::{Linkage, Server};

/// How many servers are worked on at a time.
pub const AT_A_TIME_MAX: usize = 4;

/// The servers of the linked tree, each after the one above it.
#[derive(Debug, Clone)]
pub struct Tree {
    servers: Vec<Server>,
    at: HashMap<ServerId, usize>,
}

/// Why servers are no tree.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum TreeError {
    #[error("the tree has no top server")]
    NoTop,
    #[error("the servers `{0}` and `{1}` have none above them, and a tree has one top")]
    TwoTops(String, String),
    #[error("two servers have the id {0}")]
    DuplicateId(ServerId),
    #[error("`{0}` takes from a server that is not in the tree")]
    NoParent(String),
    #[error("`{0}` takes from itself by way of others")]
    Cycle(String),
}

/// No server is meant by this name.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NoSuchServer {
    #[error("no WSUS server is named `{0}`")]
    Unknown(String),
    #[error("several WSUS servers are named `{0}`: write the id of one")]
    Several(String),
}

/// How far a server is in a run. One without a state has not begun.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Progress {
    Running,
    Done,
    Failed,
    /// Past its limit: it goes on by itself, holds no place, and the next run joins it.
    StillRunning,
}

/// How the servers of a run ended.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Ended {
    /// Servers that are not in step.
    pub different: usize,
    pub failed: usize,
    pub still_running: usize,
    pub not_reached: usize,
    pub without_linkage: usize,
}

impl Ended {
    /// The exit code of the command: 5 when a server has no WSUS Linkage, 1 when differences or failures
    /// remain, 0 when all is in step.
    pub fn exit_code(&self) -> u8 {
        let remain = self.different + self.failed + self.still_running + self.not_reached;
        match (self.without_linkage, remain) {
            (0, 0) => 0,
            (0, _) => 1,
            _ => 5,
        }
    }
}

impl Tree {
    pub fn new(servers: impl IntoIterator<Item = Server>) -> Result<Self, TreeError> {
        let servers: Vec<Server> = servers.into_iter().collect();
        refuse_duplicates(&servers)?;
        let mut tops = servers.iter().filter(|server| server.parent.is_none());
        let top = tops.next().ok_or(TreeError::NoTop)?;
        if let Some(second) = tops.next() {
            return Err(TreeError::TwoTops(top.name.clone(), second.name.clone()));
        }
        let ids: BTreeSet<ServerId> = servers.iter().map(|server| server.id).collect();
        let mut children: BTreeMap<Option<ServerId>, Vec<&Server>> = BTreeMap::new();
        for server in &servers {
            if server.parent.is_some_and(|parent| !ids.contains(&parent)) {
                return Err(TreeError::NoParent(server.name.clone()));
            }
            children.entry(server.parent).or_default().push(server);
        }
        let mut sorted: Vec<Server> = vec![top.clone()];
        let mut next = 0;
        while let Some(server) = sorted.get(next) {
            let mut below = children.remove(&Some(server.id)).unwrap_or_default();
            below.sort_by_key(|server| (folded(&server.name), server.id));
            sorted.extend(below.into_iter().cloned());
            next += 1;
        }
        let at: HashMap<ServerId, usize> =
            sorted.iter().enumerate().map(|(at, server)| (server.id, at)).collect();
        match servers.iter().find(|server| !at.contains_key(&server.id)) {
            Some(lost) => Err(TreeError::Cycle(lost.name.clone())),
            None => Ok(Self { servers: sorted, at }),
        }
    }

    /// All servers, each after the one above it, siblings by name.
    pub fn servers(&self) -> &[Server] {
        &self.servers
    }

    pub fn get(&self, id: ServerId) -> Option<&Server> {
        self.servers.get(*self.at.get(&id)?)
    }

    /// The whole tree.
    pub fn all(&self) -> BTreeSet<ServerId> {
        self.servers.iter().map(|server| server.id).collect()
    }

    /// A server by its name or id. One that was rebuilt is told twice by the server above: of several with the name
    /// the one with a Linkage is meant.
    pub fn named(&self, name: &str) -> Result<&Server, NoSuchServer> {
        if let Some(server) = name.parse().ok().and_then(|id| self.get(id)) {
            return Ok(server);
        }
        let mut all: Vec<&Server> =
            self.servers.iter().filter(|server| folded(&server.name) == folded(name)).collect();
        if all.len() > 1 {
            all.retain(|server| server.linkage == Linkage::Installed);
        }
        match all.as_slice() {
            [one] => Ok(one),
            [] if self.servers.iter().all(|server| folded(&server.name) != folded(name)) => {
                Err(NoSuchServer::Unknown(name.to_owned()))
            }
            _ => Err(NoSuchServer::Several(name.to_owned())),
        }
    }

    /// The branch that begins with a server, by its name or id, it included: what is beneath cannot be in
    /// step before it is.
    pub fn below(&self, name: &str) -> Result<BTreeSet<ServerId>, NoSuchServer> {
        let named = self.named(name)?;
        let mut branch = BTreeSet::from([named.id]);
        for server in &self.servers {
            if server.parent.is_some_and(|parent| branch.contains(&parent)) {
                branch.insert(server.id);
            }
        }
        Ok(branch)
    }

    /// The selected servers on which no WSUS Linkage stands.
    pub fn without_linkage(&self, selected: &BTreeSet<ServerId>) -> Vec<&Server> {
        self.selected(selected).filter(|server| server.linkage == Linkage::Missing).collect()
    }

    /// The servers to begin with now. Siblings load the server above them, so those come first that have the
    /// fewest at work.
    pub fn ready(
        &self,
        selected: &BTreeSet<ServerId>,
        progress: &BTreeMap<ServerId, Progress>,
    ) -> Vec<ServerId> {
        let running = progress.values().filter(|state| **state == Progress::Running).count();
        let is_ready = |server: &&Server| {
            let is_done = |parent| progress.get(&parent) == Some(&Progress::Done);
            let above = server.parent.filter(|parent| selected.contains(parent));
            server.linkage == Linkage::Installed
                && !progress.contains_key(&server.id)
                && above.is_none_or(is_done)
        };
        let mut ready: Vec<&Server> = self.selected(selected).filter(is_ready).collect();
        let mut at_work: BTreeMap<Option<ServerId>, usize> = BTreeMap::new();
        let works = |id: &ServerId| progress.get(id) == Some(&Progress::Running);
        for server in self.servers.iter().filter(|server| works(&server.id)) {
            *at_work.entry(server.parent).or_default() += 1;
        }
        let mut next = Vec::new();
        while next.len() + running < AT_A_TIME_MAX {
            let fewest = |(_, server): &(usize, &&Server)| at_work.get(&server.parent).copied().unwrap_or(0);
            let Some((at, _)) = ready.iter().enumerate().min_by_key(fewest) else { break };
            let server = ready.remove(at);
            *at_work.entry(server.parent).or_default() += 1;
            next.push(server.id);
        }
        next
    }

    /// The servers that this run cannot come to: what is below one that failed, is still running or has no
    /// WSUS Linkage.
    pub fn not_reached(
        &self,
        selected: &BTreeSet<ServerId>,
        progress: &BTreeMap<ServerId, Progress>,
    ) -> Vec<ServerId> {
        let mut ended: BTreeSet<ServerId> = BTreeSet::new();
        let mut not_reached = Vec::new();
        for server in self.selected(selected) {
            let state = progress.get(&server.id);
            let is_below = server.parent.is_some_and(|parent| ended.contains(&parent));
            if is_below && state.is_none() && server.linkage == Linkage::Installed {
                not_reached.push(server.id);
            }
            let is_end = matches!(state, Some(Progress::Failed | Progress::StillRunning));
            if is_below || is_end || server.linkage == Linkage::Missing {
                ended.insert(server.id);
            }
        }
        not_reached
    }

    fn selected<'a>(&'a self, selected: &BTreeSet<ServerId>) -> impl Iterator<Item = &'a Server> {
        self.servers.iter().filter(|server| selected.contains(&server.id))
    }
}

fn refuse_duplicates(servers: &[Server]) -> Result<(), TreeError> {
    let mut ids = BTreeSet::new();
    match servers.iter().find(|server| !ids.insert(server.id)) {
        Some(second) => Err(TreeError::DuplicateId(second.id)),
        None => Ok(()),
    }
}

#[cfg(test)]
#[path = "order_tests.rs"]
mod tests;
