//! What an approval would mean before it is made: which computers on which servers act on it, and how many
//! bytes go over which link.

use std::collections::{BTreeMap, HashMap, HashSet};

use headwater_model::{ClientId, ServerId, Sha1Digest};

/// Computers that are named of each server.
pub const NAMED_MAX: usize = 20;

/// A server that the approval reaches.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Target {
    pub server: ServerId,
    /// Of each update that is fetched, in their order; none where nothing is.
    pub files: Vec<Files>,
}

/// What is known of the files of an update on a server.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Files {
    Told(Vec<File>),
    /// It takes the revision that is approved with its next synchronisation, and all of its files.
    AsAbove,
    NotKnown,
}

/// A file; it is the same one wherever it is named.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct File {
    pub sha1: Sha1Digest,
    pub size_bytes: u64,
    pub is_held: bool,
}

/// A computer of the group.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Member {
    pub client: ClientId,
    pub server: ServerId,
    pub name: String,
    pub is_silent: bool,
    pub steps: Steps,
}

/// What some updates would have a computer do.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Steps {
    /// The updates that it fetches and acts on, by their places, in order.
    pub fetched: Vec<u16>,
    /// Whether it acts on one that it need not fetch.
    pub acts_at_once: bool,
    /// Whether of some it is not known if it acts.
    pub is_unknown: bool,
}

impl Steps {
    pub fn acts(&self) -> bool {
        self.acts_at_once || !self.fetched.is_empty()
    }
}

/// A number of bytes of which a part may not be known.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Bytes {
    pub known: u64,
    /// The updates whose size is not known and is not in it.
    pub updates_unknown: u64,
    /// Whether more may come to it, of computers of which nothing is known.
    pub may_be_more: bool,
}

impl Bytes {
    /// All of it; `None` where a part is not known.
    pub fn whole(self) -> Option<u64> {
        (self.updates_unknown == 0 && !self.may_be_more).then_some(self.known)
    }
}

/// What it means on one server.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct OnServer {
    pub computers: u64,
    pub acting: u64,
    pub unknown: u64,
    pub silent: u64,
    /// From the server above, or from the source.
    pub fetched: Bytes,
    /// To its computers.
    pub sent: Bytes,
    /// The first of those that act, by name.
    pub names: Vec<String>,
}

/// What it means on one computer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OnComputer {
    pub client: ClientId,
    pub server: ServerId,
    pub name: String,
    pub is_silent: bool,
    /// Whether it acts, or only may.
    pub acts: bool,
    pub fetched: Bytes,
}

/// What an approval would mean.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Impact {
    /// Each server that it reaches and that has a computer of the group or something to fetch, in their order.
    pub servers: Vec<(ServerId, OnServer)>,
    /// Each computer that acts or may, by name.
    pub computers: Vec<OnComputer>,
}

/// Decides it from the servers, the top one first, and the computers of the group.
pub fn impact(targets: &[Target], mut members: Vec<Member>) -> Impact {
    members.sort_by_cached_key(|member| (member.name.to_lowercase(), member.client.clone()));
    let mut by_server: BTreeMap<ServerId, Vec<Member>> = BTreeMap::new();
    for member in members {
        by_server.entry(member.server).or_default().push(member);
    }
    let told = told(targets);
    let mut found = Impact::default();
    for target in targets {
        let members = by_server.remove(&target.server).unwrap_or_default();
        let sizes = Sizes::of(target, &told);
        let fetched = sizes.missing();
        if members.is_empty() && fetched.whole() == Some(0) {
            continue;
        }
        let (on, computers) = on_server(fetched, &sizes, members);
        found.servers.push((target.server, on));
        found.computers.extend(computers);
    }
    found.computers.sort_by_cached_key(|one| (one.name.to_lowercase(), one.client.clone()));
    found
}

/// The files of each update, as the first server says that tells them.
fn told(targets: &[Target]) -> Vec<Option<&[File]>> {
    let updates = targets.iter().map(|target| target.files.len()).max().unwrap_or(0);
    let files = |place: usize| {
        targets.iter().find_map(|target| match target.files.get(place)? {
            Files::Told(files) => Some(files.as_slice()),
            Files::AsAbove | Files::NotKnown => None,
        })
    };
    (0..updates).map(files).collect()
}

/// The files of updates as one server and its computers take them.
struct Sizes<'a> {
    target: &'a Target,
    /// What its computers take of each update; `None` where nobody tells.
    of: Vec<Option<&'a [File]>>,
}

impl<'a> Sizes<'a> {
    fn of(target: &'a Target, told: &[Option<&'a [File]>]) -> Self {
        let of = target.files.iter().zip(told).map(|(own, told)| match own {
            Files::Told(files) => Some(files.as_slice()),
            Files::AsAbove | Files::NotKnown => *told,
        });
        Self { target, of: of.collect() }
    }

    /// What the server has yet to fetch, each file once. What another server says of a file is no word on whether
    /// this one holds it.
    fn missing(&self) -> Bytes {
        let own = self.target.files.iter().filter_map(|files| match files {
            Files::Told(files) => Some(files),
            Files::AsAbove | Files::NotKnown => None,
        });
        let held = own.flatten().filter(|file| file.is_held).map(|file| file.sha1);
        let mut seen: HashSet<Sha1Digest> = held.collect();
        let mut bytes = Bytes::default();
        for (own, files) in self.target.files.iter().zip(&self.of) {
            match (own, files) {
                (Files::NotKnown, _) | (_, None) => bytes.updates_unknown += 1,
                (_, Some(files)) => bytes.known = bytes.known.saturating_add(sum(files, &mut seen)),
            }
        }
        bytes
    }

    /// What one computer fetches of updates, each file once.
    fn together(&self, updates: &[u16]) -> Bytes {
        let (mut seen, mut bytes) = (HashSet::new(), Bytes::default());
        for place in updates {
            match self.of.get(usize::from(*place)).copied().flatten() {
                Some(files) => bytes.known = bytes.known.saturating_add(sum(files, &mut seen)),
                None => bytes.updates_unknown += 1,
            }
        }
        bytes
    }
}

/// Of those that were not seen before.
fn sum(files: &[File], seen: &mut HashSet<Sha1Digest>) -> u64 {
    let new = files.iter().filter(|file| seen.insert(file.sha1));
    new.fold(0, |sum, file| sum.saturating_add(file.size_bytes))
}

fn on_server(fetched: Bytes, sizes: &Sizes<'_>, members: Vec<Member>) -> (OnServer, Vec<OnComputer>) {
    let mut on = OnServer { computers: members.len() as u64, fetched, ..OnServer::default() };
    // Most computers lack the same updates as many others.
    let mut together: HashMap<Vec<u16>, Bytes> = HashMap::new();
    let mut sizes_unknown = HashSet::new();
    let mut computers = Vec::new();
    for Member { client, server, name, is_silent, steps } in members {
        on.silent += u64::from(is_silent);
        on.sent.may_be_more |= steps.is_unknown;
        let acts = steps.acts();
        if !acts && !steps.is_unknown {
            continue;
        }
        on.acting += u64::from(acts);
        on.unknown += u64::from(!acts);
        let own = match together.get(&steps.fetched) {
            Some(bytes) => *bytes,
            None => {
                let lacks_size = |place: &u16| sizes.of.get(usize::from(*place)).is_none_or(Option::is_none);
                sizes_unknown.extend(steps.fetched.iter().copied().filter(lacks_size));
                *together.entry(steps.fetched.clone()).or_insert(sizes.together(&steps.fetched))
            }
        };
        on.sent.known = on.sent.known.saturating_add(own.known);
        if acts && on.names.len() < NAMED_MAX {
            on.names.push(name.clone());
        }
        let fetched = Bytes { may_be_more: steps.is_unknown, ..own };
        computers.push(OnComputer { client, server, name, is_silent, acts, fetched });
    }
    on.sent.updates_unknown = sizes_unknown.len() as u64;
    (on, computers)
}

#[cfg(test)]
#[path = "impact_tests.rs"]
mod tests;
