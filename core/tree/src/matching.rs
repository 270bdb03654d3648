//! Which computers hosts are, over all WSUS servers.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use headwater_model::{ClientId, HostId, Timestamp};

use crate::computer::{Computer, Place, folded, short_folded};
use crate::host::Host;

/// That a server once saw a client under a name, at an address.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sighting {
    pub client: ClientId,
    pub name: String,
    pub address: String,
    pub at: Timestamp,
}

/// An address that comes back so often within a day is a second machine's. A laptop between two networks comes
/// back too, but it is not seen in both by turns all day long.
const ADDRESS_RETURNS: usize = 4;
const ADDRESS_SECONDS: i64 = 86_400;

/// What a host is among the computers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Match {
    Computer(Place),
    /// Several computers in contact, or several hosts, have its name.
    DuplicateName(BTreeSet<Place>),
    /// Several machines have its client id: it was copied with an image.
    SharedId(ClientId),
    NeverSeen,
}

/// Why a record is not the one that counts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Superseded {
    /// The client now reports to the other server.
    Moved { home: Place },
    /// The machine got a new system and client id. This record is offered for deletion.
    Reimaged { by: Place },
}

/// All hosts and computers.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Matching {
    pub hosts: BTreeMap<HostId, Match>,
    /// Hosts that are one machine with another under the ids that it had before, each with the one that stands
    /// for them all.
    pub same: BTreeMap<HostId, HostId>,
    /// The one record of each client that counts.
    pub homes: BTreeMap<ClientId, Place>,
    pub superseded: BTreeMap<Place, Superseded>,
    pub shared: BTreeSet<ClientId>,
    /// Several computers in contact have these names, in lower case.
    pub duplicates: BTreeMap<String, BTreeSet<Place>>,
}

impl Matching {
    /// The records whose memberships nobody changes: not those that count, or not known whose.
    pub fn untouched(&self) -> BTreeSet<Place> {
        let claimed: BTreeSet<&Place> = self.claimed().collect();
        let contested = self.hosts.values().filter_map(|found| match found {
            Match::DuplicateName(places) => Some(places),
            _ => None,
        });
        let unclear = self.duplicates.values().chain(contested).flatten();
        let unclear = unclear.filter(|place| !claimed.contains(place));
        let shared = self.shared.iter().filter_map(|client| self.homes.get(client));
        self.superseded.keys().chain(unclear).chain(shared).cloned().collect()
    }

    /// The ids that re-imaged machines had before, each with the one that its machine has now. Where several
    /// computers in contact have the name, it is not known which of them that is.
    pub fn reimaged(&self) -> BTreeMap<ClientId, ClientId> {
        let twins: BTreeSet<&Place> = self.duplicates.values().flatten().collect();
        let now = |(before, superseded): (&Place, &Superseded)| match superseded {
            Superseded::Reimaged { by } if !twins.contains(by) => {
                Some((before.client.clone(), by.client.clone()))
            }
            _ => None,
        };
        self.superseded.iter().filter_map(now).collect()
    }

    fn claimed(&self) -> impl Iterator<Item = &Place> {
        self.hosts.values().filter_map(|found| match found {
            Match::Computer(place) => Some(place),
            _ => None,
        })
    }
}

/// Matches hosts to computers: by client id where it is known and seen, else by full DNS name, else by
/// the short name when it is unique and one of the two has no domain.
pub fn matched(hosts: &[Host], computers: &[Computer], sightings: &[Sighting]) -> Matching {
    let mut matching = Matching::default();
    let homes = find_homes(computers, sightings, &mut matching);
    let current = find_current(&homes, &mut matching);
    let names = Names::new(&current);
    let mut found = BTreeMap::new();
    let mut claims: BTreeMap<Place, Vec<Claim>> = BTreeMap::new();
    let each_twin =
        matching.duplicates.values().flat_map(|twins| twins.iter().map(move |twin| (twin, twins)));
    let twins: HashMap<&Place, &BTreeSet<Place>> = each_twin.collect();
    for host in hosts {
        let claim = by_client(host, &matching).map_or_else(|| names.find(host), Ok);
        let is = match claim {
            Ok((_, place)) if matching.shared.contains(&place.client) => Match::SharedId(place.client),
            // An id says that there are two, and not which of them is meant.
            Ok((_, place)) if twins.contains_key(&place) => Match::DuplicateName(twins[&place].clone()),
            Ok((means, place)) => {
                let client = host.client.as_ref().filter(|_| means.is_by_client());
                claims.entry(place.clone()).or_default().push(Claim { means, client, host: host.id });
                Match::Computer(place)
            }
            Err(places) if places.is_empty() => Match::NeverSeen,
            Err(places) => Match::DuplicateName(places),
        };
        found.insert(host.id, is);
    }
    let same = settle(claims, &mut found);
    Matching { hosts: found, same, ..matching }
}

/// That a host is a computer.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Claim<'a> {
    means: Means,
    /// The id that led there; `None` where the name did.
    client: Option<&'a ClientId>,
    host: HostId,
}

/// How a host was found, the surest first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Means {
    Client,
    /// By the id that the machine had before it was re-imaged.
    EarlierClient,
    FullName,
    ShortName,
}

impl Means {
    fn is_by_client(self) -> bool {
        matches!(self, Self::Client | Self::EarlierClient)
    }
}

/// The newest record of each client; the others are superseded. Finds the shared ids.
fn find_homes<'a>(
    computers: &'a [Computer],
    sightings: &'a [Sighting],
    matching: &mut Matching,
) -> Vec<&'a Computer> {
    let mut records: BTreeMap<&ClientId, Vec<&'a Computer>> = BTreeMap::new();
    for computer in computers {
        records.entry(&computer.client).or_default().push(computer);
    }
    let mut seen: HashMap<&ClientId, Vec<Seen>> = HashMap::new();
    for sighting in sightings {
        let one = (sighting.at, folded(&sighting.name), sighting.address.as_str());
        seen.entry(&sighting.client).or_default().push(one);
    }
    let mut homes = Vec::new();
    for (client, mut records) in records {
        records.sort_by_key(|computer| (std::cmp::Reverse(computer.last_contact_at), computer.server));
        let mut seen = seen.remove(client).unwrap_or_default();
        let now = |computer: &&'a Computer| {
            (computer.last_contact_at, folded(&computer.name), computer.address.as_str())
        };
        seen.extend(records.iter().map(now));
        seen.sort();
        if returns(seen.iter().map(|(_, name, _)| name.as_str())) > 0
            || addresses_flip(&seen)
            || overlap(&records)
        {
            matching.shared.insert(client.clone());
        }
        let Some((home, others)) = records.split_first() else { continue };
        matching.homes.insert(client.clone(), home.place());
        for other in others {
            matching.superseded.insert(other.place(), Superseded::Moved { home: home.place() });
        }
        homes.push(*home);
    }
    homes
}

/// When a client was seen, under which name and address.
type Seen<'a> = (Timestamp, String, &'a str);

/// How often something comes back after something else: a renamed machine has each name for one time.
fn returns<'a>(texts: impl Iterator<Item = &'a str>) -> usize {
    let mut spans: Vec<&str> = texts.filter(|text| !text.is_empty()).collect();
    spans.dedup();
    spans.len() - spans.iter().collect::<BTreeSet<_>>().len()
}

/// Whether addresses come back by turns within a day. In the order of time.
fn addresses_flip(seen: &[Seen]) -> bool {
    (0..seen.len()).any(|from| {
        let until = seen[from].0.plus_seconds(ADDRESS_SECONDS);
        let day = seen[from..].iter().take_while(|(at, ..)| *at <= until);
        returns(day.map(|(_, _, address)| *address)) >= ADDRESS_RETURNS
    })
}

/// Whether two servers saw one client under different names at the same time. The newest is first.
fn overlap(records: &[&Computer]) -> bool {
    records.windows(2).any(|pair| {
        let (newer, older) = (pair[0], pair[1]);
        let is_older_still_seen = newer.first_contact_at.is_some_and(|first| older.last_contact_at >= first);
        folded(&newer.name) != folded(&older.name) && is_older_still_seen
    })
}

/// Those that are not superseded by a newer one of the same name. Finds the duplicate names.
fn find_current<'a>(homes: &[&'a Computer], matching: &mut Matching) -> Vec<&'a Computer> {
    let mut named: BTreeMap<String, Vec<&Computer>> = BTreeMap::new();
    for home in homes {
        named.entry(folded(&home.name)).or_default().push(home);
    }
    let mut current = Vec::new();
    for (name, mut homes) in named {
        homes.sort_by_key(|home| (std::cmp::Reverse(home.last_contact_at), home.place()));
        let Some(newest) = homes.first().copied() else { continue };
        let is_nameless = name.is_empty();
        let is_gone = |home: &&Computer| {
            let was_before = newest.first_contact_at.is_some_and(|first| home.last_contact_at < first);
            !is_nameless && was_before && home.client != newest.client
        };
        let (gone, there): (Vec<&Computer>, Vec<&Computer>) = homes.into_iter().partition(is_gone);
        for home in gone {
            matching.superseded.insert(home.place(), Superseded::Reimaged { by: newest.place() });
        }
        if there.len() > 1 && !is_nameless {
            matching.duplicates.insert(name, there.iter().map(|home| home.place()).collect());
        }
        current.extend(there);
    }
    current
}

/// The computer with the host's client id, or the one that replaced it.
fn by_client(host: &Host, matching: &Matching) -> Option<(Means, Place)> {
    let home = matching.homes.get(host.client.as_ref()?)?;
    match matching.superseded.get(home) {
        Some(Superseded::Reimaged { by }) => Some((Means::EarlierClient, by.clone())),
        _ => Some((Means::Client, home.clone())),
    }
}

/// The computers that count, by their names.
struct Names<'a> {
    full: HashMap<String, Vec<&'a Computer>>,
    short: HashMap<String, Vec<&'a Computer>>,
}

impl<'a> Names<'a> {
    fn new(current: &[&'a Computer]) -> Self {
        let mut names = Self { full: HashMap::new(), short: HashMap::new() };
        for computer in current.iter().filter(|computer| !folded(&computer.name).is_empty()) {
            names.full.entry(folded(&computer.name)).or_default().push(computer);
            names.short.entry(short_folded(&computer.name)).or_default().push(computer);
        }
        names
    }

    /// Finds the one computer, or else the several that it could be.
    fn find(&self, host: &Host) -> Result<(Means, Place), BTreeSet<Place>> {
        let name = folded(&host.name);
        let (means, found) = match self.full.get(&name) {
            Some(found) => (Means::FullName, found.clone()),
            None => (Means::ShortName, self.by_short(&name)),
        };
        match found.as_slice() {
            [one] => Ok((means, one.place())),
            several => Err(several.iter().map(|computer| computer.place()).collect()),
        }
    }

    fn by_short(&self, name: &str) -> Vec<&'a Computer> {
        let all = self.short.get(&short_folded(name)).map(Vec::as_slice).unwrap_or_default();
        let fits = |computer: &&&Computer| !name.contains('.') || !computer.name.contains('.');
        all.iter().filter(fits).copied().collect()
    }
}

/// A computer that several hosts claim goes to the one that was found most surely, or to none. Those that came by
/// different ids are one machine, which had them one after the other; says whom each of them is one with.
fn settle(
    claims: BTreeMap<Place, Vec<Claim>>,
    found: &mut BTreeMap<HostId, Match>,
) -> BTreeMap<HostId, HostId> {
    let mut same = BTreeMap::new();
    for (place, mut claims) in claims {
        claims.sort_unstable();
        let surest = claims.first().map(|claim| claim.means);
        let mut sure = Vec::new();
        for rivals in claims.chunk_by(|one, other| (one.means, one.client) == (other.means, other.client)) {
            match rivals {
                [one] if one.client.is_some() || Some(one.means) == surest => sure.push(one.host),
                _ => found.extend(
                    rivals.iter().map(|one| (one.host, Match::DuplicateName([place.clone()].into()))),
                ),
            }
        }
        if let Some((one, others)) = sure.split_first() {
            same.extend(others.iter().map(|other| (*other, *one)));
        }
    }
    same
}

#[cfg(test)]
#[path = "matching_tests.rs"]
mod tests;
