//! What is odd about computers over the whole tree, each in a sentence with what to do.

use std::collections::{BTreeSet, HashMap};

use headwater_api::{ComputerSummary, TreeServer};
use headwater_model::ClientId;
use headwater_tree::computer::Place;
use headwater_tree::matching::{Matching, Superseded};

use crate::known::Known;

/// How several machines come to have ids of their own again.
pub(crate) const FRESH_ID: &str = "on each of them stop the service wuauserv, delete the values SusClientId and SusClientIdValidation of \
     HKLM\\SOFTWARE\\Microsoft\\Windows\\CurrentVersion\\WindowsUpdate, and start the service";

/// How the notes of those begin that have an id with others, and a name.
const SHARED_ID: &str = "shared id: ";
const DUPLICATE_NAME: &str = "duplicate name: ";

/// Whether several machines were seen with the id of a computer: they are clones.
pub fn has_shared_id(computer: &ComputerSummary) -> bool {
    computer.note.as_ref().is_some_and(|note| note.starts_with(SHARED_ID))
}

/// Whether another computer that is in contact has its name.
pub fn has_duplicate_name(computer: &ComputerSummary) -> bool {
    computer.note.as_ref().is_some_and(|note| note.starts_with(DUPLICATE_NAME))
}

/// Others that are named in one sentence.
const NAMED_MAX: usize = 3;

/// Notes every computer that is not what it seems, or that nobody can register.
pub(crate) fn note(
    computers: &mut [ComputerSummary],
    matching: &Matching,
    known: &Known,
    servers: &[TreeServer],
) {
    let notes = notes(matching, known);
    for computer in computers {
        computer.note = outside(computer, servers).or_else(|| notes.get(&computer.id).cloned());
    }
}

fn notes(matching: &Matching, known: &Known) -> HashMap<ClientId, String> {
    let on = |place: &Place| known.server_name(place.server);
    let mut notes = HashMap::new();
    for (place, superseded) in &matching.superseded {
        let (client, note) = match superseded {
            Superseded::Moved { home } => {
                (&home.client, format!("moved: it reports to {} now, and did to {}", on(home), on(place)))
            }
            Superseded::Reimaged { by } => (
                &place.client,
                format!(
                    "re-imaged: {} on {} has its name and came after it; delete this one with `headwater computer \
                     delete`",
                    by.client,
                    on(by)
                ),
            ),
        };
        notes.insert(client.clone(), note);
    }
    for places in matching.duplicates.values() {
        for place in places {
            notes.insert(place.client.clone(), duplicate(place, places, known));
        }
    }
    for client in &matching.shared {
        notes.insert(client.clone(), format!("{SHARED_ID}several machines have it; {FRESH_ID}"));
    }
    notes
}

fn duplicate(place: &Place, places: &BTreeSet<Place>, known: &Known) -> String {
    let others = places.iter().filter(|other| *other != place);
    let named = |other: &Place| format!("{} on {}", other.client, known.server_name(other.server));
    let mut named: Vec<String> = others.take(NAMED_MAX).map(named).collect();
    let more = places.len().saturating_sub(1 + NAMED_MAX);
    if more > 0 {
        named.push(format!("{more} more"));
    }
    format!("{DUPLICATE_NAME}{} is in contact under it too; rename one of them", named.join(" and "))
}

/// Why no Linkage of the tree can write it.
fn outside(computer: &ComputerSummary, servers: &[TreeServer]) -> Option<String> {
    let home = computer.server.as_ref()?;
    match servers.iter().find(|server| server.id == home.id) {
        None => Some(format!("outside the link: {} is not in the linked tree", home.name)),
        Some(server) if server.linkage.is_none() => {
            Some(format!("outside the link: {} has no WSUS Linkage; pair one there", home.name))
        }
        Some(_) => None,
    }
}

#[cfg(test)]
mod tests {
    use headwater_api::ServerRef;
    use headwater_model::{LinkageId, ServerId, Timestamp};
    use headwater_tree::computer::Computer;
    use headwater_tree::matching::{Sighting, matched};

    use super::*;
    use crate::known::{sample_computer_at, sample_known};
    use crate::mirror::{sample_computer, sample_server};

    fn at(server: u128, client: &str, name: &str, hours: (i64, i64)) -> Computer {
        let hour = |hour: i64| Timestamp::EPOCH.plus_seconds(hour * 3_600);
        Computer {
            name: name.to_owned(),
            first_contact_at: Some(hour(hours.0)),
            last_contact_at: hour(hours.1),
            ..sample_computer_at(ServerId::from_u128(server), client)
        }
    }

    #[test]
    fn each_kind_is_told_apart() {
        let computers = vec![
            at(1, "plain", "pc1", (0, 9)),
            at(1, "moved", "pc2", (0, 3)),
            at(2, "moved", "pc2", (4, 9)),
            at(1, "old", "pc3", (0, 3)),
            at(2, "new", "pc3", (4, 9)),
            at(1, "one", "pc4", (0, 9)),
            at(2, "other", "pc4", (0, 9)),
            at(2, "clone", "pc5", (0, 9)),
        ];
        let sightings = [(1, "pc5"), (2, "pc6")].map(|(hour, name)| Sighting {
            client: "clone".parse().expect("an id"),
            name: name.to_owned(),
            address: String::new(),
            at: Timestamp::EPOCH.plus_seconds(hour * 3_600),
        });
        let mut known = sample_known(&["top", "berlin"], computers);
        known.sightings = sightings.to_vec();
        let notes = notes(&matched(&known.hosts, &known.computers, &known.sightings), &known);
        let check = |client: &str, words: &[&str]| {
            let note = notes.get(&client.parse::<ClientId>().expect("an id"));
            assert_eq!(note.is_some(), !words.is_empty(), "{client}: {note:?}");
            for word in words {
                assert!(note.is_some_and(|note| note.contains(word)), "{client}: {note:?} lacks {word}");
            }
        };
        check("plain", &[]);
        check("moved", &["moved: it reports to berlin now, and did to top"]);
        check("old", &["re-imaged: new on berlin has its name"]);
        check("new", &[]);
        check("one", &["duplicate name: other on berlin is in contact"]);
        check("other", &["duplicate name: one on top is in contact"]);
        check("clone", &["shared id: several machines have it", "SusClientId"]);
    }

    #[test]
    fn who_cannot_be_written_is_outside() {
        let id = ServerId::from_u128;
        let mut paired = sample_server(id(1), "top").server;
        paired.linkage = Some(LinkageId::from_u128(1));
        let servers = [paired, sample_server(id(2), "berlin").server];
        let on = |server: u128| {
            let home = ServerRef { id: id(server), name: format!("wsus{server}") };
            outside(&ComputerSummary { server: Some(home), ..sample_computer("a", "pc1") }, &servers)
        };
        assert_eq!(on(1), None);
        assert!(on(2).is_some_and(|note| note.contains("wsus2 has no WSUS Linkage")));
        assert!(on(3).is_some_and(|note| note.contains("wsus3 is not in the linked tree")));
    }
}
