//! Computer groups: a tree under *All Computers*.

use std::collections::HashMap;

use headwater_model::{GroupId, is_unprintable};

/// The root of the tree: every computer is in it (fact 59).
pub const ALL_COMPUTERS: GroupId = GroupId::from_u128(0xa0a08746_4dbe_4a37_9adf_9e7652c0b421);
/// Where a computer is that no other group has.
pub const UNASSIGNED_COMPUTERS: GroupId = GroupId::from_u128(0xb73ca6ed_5727_47f3_84de_015e03f6a88a);
/// The update servers below this one.
pub const DOWNSTREAM_SERVERS: GroupId = GroupId::from_u128(0xd374f42a_9be2_4163_a0fa_3c86a401b7a7);

/// The groups that every WSUS has under the same ids, and their parents. They are neither
/// renamed nor moved nor deleted.
pub const BUILT_IN: [(GroupId, &str, Option<GroupId>); 3] = [
    (ALL_COMPUTERS, "All Computers", None),
    (UNASSIGNED_COMPUTERS, "Unassigned Computers", Some(ALL_COMPUTERS)),
    (DOWNSTREAM_SERVERS, "Downstream Servers", None),
];

pub fn is_built_in(group: GroupId) -> bool {
    BUILT_IN.iter().any(|(id, ..)| *id == group)
}

/// The deepest nesting; a chain of parents that is longer is cut there.
pub const DEPTH_MAX: usize = 32;
/// The longest name in UTF-16 units, as Microsoft's servers count.
pub const NAME_UNITS_MAX: usize = 255;

/// One computer group.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Group {
    pub id: GroupId,
    pub name: String,
    /// `None` for the two roots only.
    pub parent: Option<GroupId>,
}

/// The groups that one computer may ask for: Microsoft's policy is a line of them, and each counts in
/// every scan.
pub const REQUESTED_MAX: usize = 16;

/// All groups of a server.
#[derive(Debug, Clone, Default)]
pub struct GroupTree {
    groups: HashMap<GroupId, Group>,
    /// By their names in lower case.
    names: HashMap<String, GroupId>,
}

/// Why a name cannot be a group's.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NameError {
    #[error("a group name is not empty and has no space at its ends")]
    Empty,
    #[error("a group name has {0} characters, more than {NAME_UNITS_MAX}")]
    TooLong(usize),
    #[error("a group name cannot contain {0:?}")]
    Forbidden(char),
}

/// Checks a name by the rules of Microsoft's servers, so that it can go to each of the tree.
pub fn check_name(name: &str) -> Result<(), NameError> {
    let units = name.encode_utf16().count();
    if name.trim().is_empty() || name.trim() != name {
        return Err(NameError::Empty);
    }
    if units > NAME_UNITS_MAX {
        return Err(NameError::TooLong(units));
    }
    match name.chars().find(|c| is_unprintable(*c) || r#"/\.*?"<>|:;,+=[]^~!@#$%&(){}'`"#.contains(*c)) {
        Some(forbidden) => Err(NameError::Forbidden(forbidden)),
        None => Ok(()),
    }
}

impl GroupTree {
    pub fn new(groups: impl IntoIterator<Item = Group>) -> Self {
        let groups: HashMap<GroupId, Group> = groups.into_iter().map(|group| (group.id, group)).collect();
        let names = groups.values().map(|group| (group.name.to_lowercase(), group.id)).collect();
        Self { groups, names }
    }

    pub fn get(&self, id: GroupId) -> Option<&Group> {
        self.groups.get(&id)
    }

    /// Finds a group by its name without regard to case.
    pub fn by_name(&self, name: &str) -> Option<&Group> {
        self.get(*self.names.get(&name.to_lowercase())?)
    }

    /// The groups that a computer asks for by their names, separated by semicolons, sorted. Names that
    /// no group has, and the group of the update servers, count for nothing.
    pub fn requested(&self, names: &str) -> Vec<GroupId> {
        let named = names.split(';').map(str::trim).filter(|name| !name.is_empty()).take(REQUESTED_MAX);
        let known = named.filter_map(|name| self.by_name(name)).map(|group| group.id);
        let mut groups: Vec<GroupId> = known.filter(|id| *id != DOWNSTREAM_SERVERS).collect();
        groups.sort();
        groups.dedup();
        if groups.is_empty() { vec![UNASSIGNED_COMPUTERS] } else { groups }
    }

    pub fn iter(&self) -> impl Iterator<Item = &Group> {
        self.groups.values()
    }

    /// The group, its parent, and so on to the root. A group that is not known is a child of
    /// *All Computers*: its computers must not fall out of the tree.
    pub fn chain(&self, id: GroupId) -> impl Iterator<Item = GroupId> + '_ {
        let mut next = Some(id);
        std::iter::from_fn(move || {
            let at = next?;
            next = match self.groups.get(&at) {
                Some(group) => group.parent,
                None => (at != ALL_COMPUTERS).then_some(ALL_COMPUTERS),
            };
            Some(at)
        })
        .take(DEPTH_MAX)
    }

    /// The group and all beneath it.
    pub fn subtree(&self, id: GroupId) -> Vec<GroupId> {
        self.groups.keys().copied().filter(|at| self.chain(*at).any(|above| above == id)).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn group(id: u128, name: &str, parent: Option<GroupId>) -> Group {
        Group { id: GroupId::from_u128(id), name: name.into(), parent }
    }

    #[test]
    fn chains_lead_to_all_computers() {
        let tree = GroupTree::new([
            group(1, "Berlin", Some(ALL_COMPUTERS)),
            group(2, "Pilot", Some(GroupId::from_u128(1))),
            Group { id: ALL_COMPUTERS, name: "All Computers".into(), parent: None },
        ]);
        let chain: Vec<GroupId> = tree.chain(GroupId::from_u128(2)).collect();
        assert_eq!(chain, [GroupId::from_u128(2), GroupId::from_u128(1), ALL_COMPUTERS]);
        let unknown: Vec<GroupId> = tree.chain(GroupId::from_u128(9)).collect();
        assert_eq!(unknown, [GroupId::from_u128(9), ALL_COMPUTERS]);
        assert_eq!(tree.by_name("pILOT").map(|group| group.id), Some(GroupId::from_u128(2)));
        let mut below = tree.subtree(GroupId::from_u128(1));
        below.sort();
        assert_eq!(below, [GroupId::from_u128(1), GroupId::from_u128(2)]);
    }

    #[test]
    fn a_computer_asks_for_some_groups_of_computers() {
        let servers = Group { id: DOWNSTREAM_SERVERS, name: "Downstream Servers".into(), parent: None };
        let many = (1..=20).map(|id| group(id, &format!("G{id}"), Some(ALL_COMPUTERS)));
        let tree = GroupTree::new(many.chain([servers]));
        let check = |names: &str, ids: &[u128]| {
            let ids: Vec<GroupId> = ids.iter().copied().map(GroupId::from_u128).collect();
            assert_eq!(tree.requested(names), ids, "{names}");
        };
        check(" g2 ;G1; g2;nobody's", &[1, 2]);
        assert_eq!(tree.requested("nobody's; "), [UNASSIGNED_COMPUTERS]);
        assert_eq!(tree.requested("downstream servers"), [UNASSIGNED_COMPUTERS]);
        let names: Vec<String> = (1..=20).map(|id| format!("G{id}")).collect();
        check(&names.join(";"), &(1..=16).collect::<Vec<u128>>());
    }

    #[test]
    fn a_cycle_of_parents_ends() {
        let tree = GroupTree::new([
            group(1, "a", Some(GroupId::from_u128(2))),
            group(2, "b", Some(GroupId::from_u128(1))),
        ]);
        assert_eq!(tree.chain(GroupId::from_u128(1)).count(), DEPTH_MAX);
    }

    #[test]
    fn names_that_microsoft_refuses_are_refused() {
        assert_eq!(check_name("Berlin - Pilot"), Ok(()));
        assert_eq!(check_name("Büro 東京"), Ok(()));
        assert_eq!(check_name(" "), Err(NameError::Empty));
        assert_eq!(check_name("a/b"), Err(NameError::Forbidden('/')));
        assert_eq!(check_name("a.b"), Err(NameError::Forbidden('.')));
        assert_eq!(check_name("a\u{202e}b"), Err(NameError::Forbidden('\u{202e}')));
        assert_eq!(check_name("משרד"), Ok(()));
        assert_eq!(check_name(&"x".repeat(256)), Err(NameError::TooLong(256)));
        // Of two units each.
        assert_eq!(check_name(&"🐧".repeat(127)), Ok(()));
        assert_eq!(check_name(&"🐧".repeat(128)), Err(NameError::TooLong(256)));
    }
}
