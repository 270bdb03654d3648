//! How it is said what goes with the record of a WSUS server.

use headwater_api::ServerDeletion;

use crate::quantity::counted;

/// `berlin and 31 computers`; with those below it `berlin, 2 servers below it and 31 computers`.
pub fn what(deletion: &ServerDeletion) -> String {
    let below = match deletion.below.len() as u64 {
        0 => String::new(),
        below => format!(", {} below it", counted(below, "server")),
    };
    format!("{}{below} and {}", deletion.name, counted(deletion.computers, "computer"))
}

/// What follows from it, and what stays.
pub fn note(deletion: &ServerDeletion) -> String {
    let at: Vec<&str> = deletion.held_by.iter().map(|one| one.name.as_str()).collect();
    let mut note = format!(
        "The record is deleted at {}.",
        if at.is_empty() { "no server".to_owned() } else { at.join(", then ") }
    );
    if deletion.linkage.is_some() {
        note += " Its Linkage is revoked: it is refused everywhere from then on.";
    }
    if let Some(new) = &deletion.replaced_by {
        note += &format!(" The server that has its name now ({}) gets its settings.", new.id);
    }
    if !deletion.below.is_empty() {
        note += " The Linkages of the servers below it stay paired; let those take from another server of the tree.";
    }
    note + " Host groups keep their hosts. A server that is alive makes itself known when it synchronises next."
}

#[cfg(test)]
mod tests {
    use headwater_api::{ServerBelow, ServerRef};
    use headwater_model::{LinkageId, ServerId};

    use super::*;

    #[test]
    fn what_goes_is_counted_and_what_stays_is_said() {
        let id = ServerId::from_u128;
        let at = |number, name: &str| ServerRef { id: id(number), name: name.to_owned() };
        let mut deletion = ServerDeletion {
            id: id(2),
            name: "berlin".to_owned(),
            last_contact_at: None,
            computers: 1,
            below: Vec::new(),
            held_by: vec![at(1, "top")],
            linkage: None,
            replaced_by: None,
            not_told: Vec::new(),
        };
        assert_eq!(what(&deletion), "berlin and 1 computer");
        assert!(!note(&deletion).contains("revoked") && !note(&deletion).contains("stay paired"));
        deletion.below = vec![ServerBelow { id: id(3), name: "shop".to_owned(), computers: 30 }];
        (deletion.computers, deletion.linkage) = (31, Some(LinkageId::from_u128(7)));
        deletion.held_by.insert(0, at(4, "europe"));
        assert_eq!(what(&deletion), "berlin, 1 server below it and 31 computers");
        let said = note(&deletion);
        for part in ["at europe, then top.", "Its Linkage is revoked", "stay paired"] {
            assert!(said.contains(part), "{said}");
        }
    }
}
