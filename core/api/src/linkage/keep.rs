//! Memberships that a Linkage keeps for computers that have not appeared at its WSUS yet.

use headwater_model::{ClientId, GroupId};
use serde::{Deserialize, Serialize};

use crate::text;

/// Which computers are to be in which groups as soon as they first report to this very server. It takes the
/// place of the list before.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct KeptMemberships {
    /// By which the managing server knows this list again.
    pub mark: String,
    /// The operator, for the history of the WSUS.
    pub by: String,
    #[serde(with = "text::list")]
    pub groups: Vec<GroupId>,
    pub computers: Vec<KeptComputer>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct KeptComputer {
    #[serde(with = "text")]
    pub client: ClientId,
    /// Places in the list of groups.
    pub groups: Vec<u16>,
}

/// What a Linkage keeps.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Keeping {
    /// Of the list that it took last; absent where it has none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub mark: Option<String>,
    /// Computers of it that have not appeared.
    pub waiting: u64,
}

/// Computers of one list: as many as a tree may have.
pub const KEPT_COMPUTERS_MAX: usize = 150_000;
/// Groups of one list: as many as a tree may have.
pub const KEPT_GROUPS_MAX: usize = 4_000;
/// The longest mark, in bytes.
const MARK_BYTES_MAX: usize = 64;

impl KeptMemberships {
    /// Refuses a list that is too long, or says what it does not have.
    pub fn check(&self) -> Result<(), &'static str> {
        let Self { mark, groups, computers, .. } = self;
        if groups.len() > KEPT_GROUPS_MAX || computers.len() > KEPT_COMPUTERS_MAX {
            return Err("a list of memberships has at most 4,000 groups and 150,000 computers");
        }
        if mark.len() > MARK_BYTES_MAX {
            return Err("the mark of a list of memberships has at most 64 bytes");
        }
        let is_there = |place: &u16| usize::from(*place) < groups.len();
        if !computers.iter().flat_map(|computer| &computer.groups).all(is_there) {
            return Err("a list of memberships names a group that it does not have");
        }
        Ok(())
    }

    /// The groups of a computer of this list.
    pub fn groups_of<'a>(&'a self, computer: &'a KeptComputer) -> impl Iterator<Item = GroupId> + 'a {
        computer.groups.iter().filter_map(|place| self.groups.get(usize::from(*place)).copied())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_list_has_limits() {
        let computer = |number: usize, groups: &[u16]| KeptComputer {
            client: format!("pc{number}").parse().expect("an id"),
            groups: groups.to_vec(),
        };
        let list = |groups: usize, computers: Vec<KeptComputer>| KeptMemberships {
            groups: (0..groups).map(|number| GroupId::from_u128(number as u128)).collect(),
            computers,
            ..KeptMemberships::default()
        };
        let full = list(4_000, (0..150_000).map(|number| computer(number, &[3_999])).collect());
        assert_eq!(full.check(), Ok(()));
        let one = computer(1, &[0, 1]);
        let found = list(2, vec![one.clone()]);
        assert_eq!(found.groups_of(&one).collect::<Vec<_>>(), [GroupId::from_u128(0), GroupId::from_u128(1)]);
        for (wrong, word) in [
            (list(4_001, vec![]), "at most"),
            (list(1, (0..150_001).map(|number| computer(number, &[])).collect()), "at most"),
            (list(1, vec![one]), "names a group"),
            (KeptMemberships { mark: "x".repeat(65), ..KeptMemberships::default() }, "64 bytes"),
        ] {
            assert!(wrong.check().expect_err(word).contains(word));
        }
    }
}
