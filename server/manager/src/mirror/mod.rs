//! A copy of what the linked WSUS and the servers below it know, for reading: lists answer from it while
//! scans go on, and while the WSUS is not reached. It states its age. Nothing is decided from it.

mod keep;
mod products;
mod read;
mod search;

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use headwater_api::linkage::{UpdateCount, WsusApproval, WsusGroup};
use headwater_api::{ComputerSummary, OutsideServer, SyncServer, TreeServer, UpdateSummary};
use headwater_model::{ClientId, GroupId, ServerId, Timestamp, UpdateId};
use headwater_policy::group::{Group, GroupTree};
use serde::{Deserialize, Serialize};

use crate::Manager;
use crate::known::Known;

pub(crate) use products::ProductsOf;
pub use read::follow_wsus;
pub(crate) use read::{add_count, tellers, told_apart};
pub use search::Direction;
pub(crate) use search::{is_in, page};

/// The tree, its updates and its computers, as they were read.
#[derive(Debug, Clone, Default)]
pub struct Mirror {
    /// When it was last read whole; absent where nothing was read yet.
    pub read_at: Option<Timestamp>,
    /// Why it could not be read since then, and since when.
    pub problem: Option<Problem>,
    pub tree: Arc<TreeView>,
    pub updates: Arc<Updates>,
    pub computers: Arc<Computers>,
    pub(crate) products: Arc<ProductsOf>,
    /// What plans are made from, as it was then; absent until the servers were read by this process.
    pub(crate) known: Option<Arc<Known>>,
    /// What was added to the updates' counts.
    pub(crate) counts: Counts,
    /// The servers whose computers are in no count of updates, by name.
    pub(crate) uncounted: Arc<[String]>,
    /// The ids that re-imaged machines had before, each with the one that its machine has now.
    pub(crate) reimaged: Arc<BTreeMap<ClientId, ClientId>>,
}

impl Mirror {
    /// How many computers report to each server.
    pub(crate) fn computers_at(&self) -> HashMap<ServerId, u64> {
        let mut counts = HashMap::new();
        for home in self.computers.all().iter().filter_map(|computer| computer.server.as_ref()) {
            *counts.entry(home.id).or_default() += 1;
        }
        counts
    }
}

impl Manager {
    /// Shows a group that was made from here before the mirror is read again, for whoever may write for those above
    /// it may write for it at once.
    pub(crate) fn show_group(&self, made: &WsusGroup) {
        self.mirror.rcu(|mirror| {
            let mut tree = (*mirror.tree).clone();
            if tree.group(made.id).is_none() {
                tree.groups.push(made.clone());
            }
            Mirror { tree: Arc::new(tree), ..(**mirror).clone() }
        });
        self.look_again();
    }
}

/// What computers say of updates at servers whose computers no server above counts.
pub(crate) type Counts = HashMap<ServerId, Arc<[UpdateCount]>>;

/// What keeps the mirror from being read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// The hop that fails, and what it says.
    pub what: String,
    pub since: Timestamp,
}

/// The servers, and what the top one decides.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct TreeView {
    /// Of the top Linkage; empty where nothing is linked.
    pub url: String,
    /// The top one first, each after the one above it.
    pub servers: Vec<ServerView>,
    /// Servers that were paired, or are below one that was, and are in the linked tree no more.
    #[serde(default)]
    pub outside: Vec<OutsideServer>,
    /// Why nothing is written because the linked WSUS is not the top one any more.
    #[serde(default)]
    pub suspended: Option<String>,
    /// Linkages that wait to be paired.
    pub joining: Vec<headwater_api::linkage::Joining>,
    pub groups: Vec<WsusGroup>,
    pub approvals: Vec<WsusApproval>,
}

/// One server, and how far it is in step.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ServerView {
    pub server: TreeServer,
    pub standing: SyncServer,
    /// Computers of it that have had no contact for long.
    pub silent: u64,
    /// How many servers are above it.
    pub depth: usize,
    /// Since when it stands so, as far as this managing server has seen; absent in what an earlier one kept.
    #[serde(default)]
    pub since: Option<Timestamp>,
    /// By how many seconds its clock was ahead when it was last read, if it was reached then.
    #[serde(default)]
    pub ahead_seconds: Option<i64>,
}

impl ServerView {
    /// Since when it stands as it does now: as long as it did before, or since `now`.
    fn standing_since(standing: &SyncServer, before: Option<&Self>, now: Timestamp) -> Timestamp {
        let same = before.filter(|before| before.standing.state == standing.state);
        same.and_then(|before| before.since).unwrap_or(now)
    }
}

impl TreeView {
    pub fn server(&self, id: ServerId) -> Option<&ServerView> {
        self.servers.iter().find(|one| one.server.id == id)
    }

    /// Whether a server is listed as outside the linked tree.
    pub fn has_outside(&self, server: ServerId) -> bool {
        self.outside.iter().any(|one| one.id == server)
    }

    /// Whether a computer reports to a server without a Linkage of the tree.
    pub fn is_outside(&self, computer: &ComputerSummary) -> bool {
        let home = computer.server.as_ref();
        home.is_some_and(|home| self.server(home.id).is_none_or(|one| one.server.linkage.is_none()))
    }

    pub fn group(&self, id: GroupId) -> Option<&WsusGroup> {
        self.groups.iter().find(|group| group.id == id)
    }

    /// The groups, for walking up and down.
    pub fn group_tree(&self) -> GroupTree {
        let groups = self.groups.iter();
        GroupTree::new(groups.map(|group| Group {
            id: group.id,
            name: group.name.clone(),
            parent: group.parent,
        }))
    }
}

/// All updates, the newest arrivals first.
#[derive(Debug, Default)]
pub struct Updates {
    all: Vec<UpdateSummary>,
    places: HashMap<UpdateId, usize>,
    /// Titles in lower case, in the same order.
    folded: Vec<String>,
}

impl Updates {
    pub(crate) fn new(mut all: Vec<UpdateSummary>) -> Self {
        all.sort_by_key(|update| (std::cmp::Reverse(update.arrived_at), update.id));
        Self {
            places: all.iter().enumerate().map(|(at, update)| (update.id, at)).collect(),
            folded: all.iter().map(|update| update.title.to_lowercase()).collect(),
            all,
        }
    }

    pub fn all(&self) -> &[UpdateSummary] {
        &self.all
    }

    /// What an update is called; the id of one that is not known.
    pub fn title(&self, id: UpdateId) -> String {
        self.get(id).map_or_else(|| id.to_string(), |known| known.title.clone())
    }

    pub fn get(&self, id: UpdateId) -> Option<&UpdateSummary> {
        self.all.get(*self.places.get(&id)?)
    }
}

/// All computers, by name.
#[derive(Debug, Default)]
pub struct Computers {
    all: Vec<ComputerSummary>,
    places: HashMap<ClientId, usize>,
    /// What a search looks into: name, id and address in lower case, in the same order.
    folded: Vec<String>,
}

impl FromIterator<ComputerSummary> for Computers {
    fn from_iter<I: IntoIterator<Item = ComputerSummary>>(computers: I) -> Self {
        Self::new(computers.into_iter().collect())
    }
}

impl Computers {
    fn new(mut all: Vec<ComputerSummary>) -> Self {
        all.sort_by_cached_key(|computer| (computer.name.to_lowercase(), computer.id.clone()));
        let folded = |computer: &ComputerSummary| {
            let address = computer.address.as_deref().unwrap_or_default();
            format!("{}\n{}\n{address}", computer.name, computer.id).to_lowercase()
        };
        Self {
            places: all.iter().enumerate().map(|(at, computer)| (computer.id.clone(), at)).collect(),
            folded: all.iter().map(folded).collect(),
            all,
        }
    }

    pub fn all(&self) -> &[ComputerSummary] {
        &self.all
    }

    pub fn get(&self, client: &ClientId) -> Option<&ComputerSummary> {
        self.all.get(*self.places.get(client)?)
    }
}

/// An update that may be approved, and of which nothing else is known.
#[cfg(test)]
pub(crate) fn sample_update(id: UpdateId) -> UpdateSummary {
    UpdateSummary {
        id,
        revision: 1,
        title: "An update".to_owned(),
        kind: headwater_api::UpdateKind::Software,
        classification: None,
        products: Vec::new(),
        kb: Vec::new(),
        cves: Vec::new(),
        severity: None,
        state: headwater_api::UpdateState::Approvable,
        approved_groups: 0,
        superseded: false,
        arrived_at: Timestamp::EPOCH,
        needed: 0,
        installed: 0,
        failed: 0,
        states: None,
    }
}

/// A computer of which nothing else is known.
#[cfg(test)]
pub(crate) fn sample_computer(id: &str, name: &str) -> ComputerSummary {
    ComputerSummary {
        id: id.parse().expect("an id"),
        name: name.to_owned(),
        server: None,
        address: None,
        groups: Vec::new(),
        os: None,
        os_version: None,
        architecture: None,
        agent_version: None,
        manufacturer: None,
        model: None,
        last_contact_at: Timestamp::EPOCH,
        last_report_at: None,
        silent: false,
        status: headwater_api::UpdateCounts::default(),
        note: None,
    }
}

/// A server in step that stands alone.
#[cfg(test)]
pub(crate) fn sample_server(id: ServerId, name: &str) -> ServerView {
    let server = TreeServer {
        id,
        name: name.to_owned(),
        parent: None,
        kind: None,
        mode: None,
        linkage: None,
        reached: true,
        problem: None,
        read_only: false,
        last_contact_at: None,
        last_sync_at: None,
        computers: 0,
        follow: headwater_api::ServerFollow::Nothing,
        window: None,
        client_targeting: false,
    };
    let standing = crate::sync::untouched(id, name, None, headwater_api::SyncServerState::InStep);
    ServerView { server, standing, silent: 0, depth: 0, since: None, ahead_seconds: None }
}
