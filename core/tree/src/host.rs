//! Hosts and host groups of the managing server.

use std::collections::{BTreeMap, BTreeSet};

use headwater_model::{ClientId, HostGroupId, HostId};

/// The deepest nesting of host groups.
pub const DEPTH_MAX: usize = 32;

/// One host.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Host {
    pub id: HostId,
    /// The full DNS name, or the short one where no more is known.
    pub name: String,
    /// The id of its update client, where its agent knows it.
    pub client: Option<ClientId>,
}

/// One host group.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HostGroup {
    pub id: HostGroupId,
    pub name: String,
    pub parent: Option<HostGroupId>,
    pub reach: Reach,
    /// Those that are in it itself.
    pub hosts: BTreeSet<HostId>,
}

/// Who belongs to the computer group of a host group with others beneath it.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash)]
pub enum Reach {
    /// Its own hosts and those of all beneath.
    #[default]
    WithBeneath,
    /// Its own hosts.
    Direct,
}

/// Why host groups are no tree.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum HostGroupsError {
    #[error("two host groups have the id {0}")]
    Duplicate(HostGroupId),
    #[error("the host group `{0}` is beneath one that does not exist")]
    NoParent(String),
    #[error("the host group `{0}` is beneath itself, or deeper than {DEPTH_MAX} groups")]
    TooDeep(String),
}

/// All host groups: some trees.
#[derive(Debug, Clone, Default)]
pub struct HostGroups {
    groups: BTreeMap<HostGroupId, HostGroup>,
    children: BTreeMap<HostGroupId, Vec<HostGroupId>>,
}

impl HostGroups {
    pub fn new(groups: impl IntoIterator<Item = HostGroup>) -> Result<Self, HostGroupsError> {
        let mut tree = Self::default();
        for group in groups {
            if let Some(parent) = group.parent {
                tree.children.entry(parent).or_default().push(group.id);
            }
            let id = group.id;
            if tree.groups.insert(id, group).is_some() {
                return Err(HostGroupsError::Duplicate(id));
            }
        }
        for group in tree.groups.values() {
            if group.parent.is_some_and(|parent| !tree.groups.contains_key(&parent)) {
                return Err(HostGroupsError::NoParent(group.name.clone()));
            }
            if tree.chain(group.id).take(DEPTH_MAX + 1).count() > DEPTH_MAX {
                return Err(HostGroupsError::TooDeep(group.name.clone()));
            }
        }
        Ok(tree)
    }

    pub fn get(&self, id: HostGroupId) -> Option<&HostGroup> {
        self.groups.get(&id)
    }

    /// The group, its parent, and so on to the root.
    pub fn chain(&self, id: HostGroupId) -> impl Iterator<Item = &HostGroup> {
        let parent = |group: &&HostGroup| group.parent.and_then(|parent| self.groups.get(&parent));
        std::iter::successors(self.groups.get(&id), parent)
    }

    /// The group and all beneath it, a parent before its children.
    pub fn subtree(&self, id: HostGroupId) -> Vec<&HostGroup> {
        let mut found: Vec<&HostGroup> = self.groups.get(&id).into_iter().collect();
        let mut at = 0;
        while let Some(group) = found.get(at) {
            let beneath = self.children.get(&group.id).into_iter().flatten();
            found.extend(beneath.filter_map(|child| self.groups.get(child)));
            at += 1;
        }
        found
    }

    pub fn iter(&self) -> impl Iterator<Item = &HostGroup> {
        self.groups.values()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn group(id: u128, parent: Option<u128>) -> HostGroup {
        HostGroup {
            id: HostGroupId::from_u128(id),
            name: format!("G{id}"),
            parent: parent.map(HostGroupId::from_u128),
            reach: Reach::default(),
            hosts: BTreeSet::new(),
        }
    }

    #[test]
    fn a_parent_comes_before_its_children() {
        let tree = HostGroups::new([group(1, Some(3)), group(2, Some(1)), group(3, None), group(4, None)]);
        let tree = tree.expect("a tree");
        let names = |id| -> Vec<String> {
            tree.subtree(HostGroupId::from_u128(id)).iter().map(|group| group.name.clone()).collect()
        };
        assert_eq!(names(3), ["G3", "G1", "G2"]);
        assert_eq!(names(4), ["G4"]);
        assert_eq!(names(9), [""; 0]);
    }

    #[test]
    fn what_is_no_tree_is_refused() {
        let check = |groups: &[HostGroup], error: &str| {
            let found = HostGroups::new(groups.to_vec()).expect_err("no tree").to_string();
            assert!(found.contains(error), "{found}");
        };
        check(&[group(1, None), group(1, None)], "two host groups");
        check(&[group(1, Some(2))], "`G1` is beneath one that does not exist");
        check(&[group(1, Some(2)), group(2, Some(1))], "`G1` is beneath itself");
        let deep: Vec<HostGroup> = (1..=33).map(|id| group(id, (id > 1).then_some(id - 1))).collect();
        assert!(HostGroups::new(deep[..32].to_vec()).is_ok());
        check(&deep, "`G33` is beneath itself, or deeper");
    }
}
