//! What the computer groups made from host groups are called.

use std::collections::{BTreeMap, HashMap, HashSet};

use headwater_model::{GroupId, HostGroupId, is_unprintable};

use crate::computer::folded;
use crate::host::HostGroups;

/// The longest name, in UTF-16 units as Microsoft's servers count.
pub const NAME_UNITS_MAX: usize = 255;
/// Between a parent's name and its child's.
pub const SEPARATOR: &str = " - ";
/// What Microsoft's servers forbid, and after the full stop what our own forbid beyond it: a name goes to
/// every server of the tree.
const FORBIDDEN: &str = r#"~!@#$^&*()=+[]\{}|;:'"<>/.?,%`"#;
/// What a proposal begins with when nothing of the name can stay.
const NAMELESS: &str = "Group";

/// A computer group that exists on the top WSUS.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WsusGroup {
    pub id: GroupId,
    pub name: String,
    pub owner: Owner,
}

/// Whose a computer group is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Owner {
    /// Made from, or adopted for, this host group.
    Ours(HostGroupId),
    /// Somebody made it in the WSUS.
    Foreign,
    /// It is on every WSUS under the same id; its name is localised.
    BuiltIn,
}

/// What the group made from a host group would be called.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Wanted {
    pub group: HostGroupId,
    pub name: String,
}

/// A name that no group gets.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{name}`: {problem}; `{proposal}` can be its name")]
pub struct Refusal {
    pub group: HostGroupId,
    pub name: String,
    #[source]
    pub problem: Problem,
    /// Valid, and neither a group's that exists, nor another wanted or proposed.
    pub proposal: String,
}

/// Why a name cannot be a group's.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Problem {
    #[error("a group name is not empty and has no space at its ends")]
    Empty,
    #[error("a group name has {0} characters, more than {NAME_UNITS_MAX}")]
    TooLong(usize),
    #[error("a group name cannot contain {0:?}")]
    Forbidden(char),
    #[error("another chosen host group gets this name")]
    SameAs(HostGroupId),
    #[error("a group of this name exists, {}", described(*owner))]
    Exists { id: GroupId, owner: Owner },
}

fn described(owner: Owner) -> &'static str {
    match owner {
        Owner::Ours(_) => "made from another host group",
        Owner::Foreign => "which is not made from a host group; it can be adopted",
        Owner::BuiltIn => "built into every WSUS",
    }
}

/// The name of a host group's computer group: the names from the root down.
pub fn flattened(groups: &HostGroups, id: HostGroupId) -> String {
    let mut names: Vec<&str> = groups.chain(id).map(|group| group.name.trim()).collect();
    names.reverse();
    names.join(SEPARATOR)
}

/// Checks the form of a name, so that every server of the tree takes it.
pub fn check_form(name: &str) -> Result<(), Problem> {
    if name.is_empty() || name.trim() != name {
        return Err(Problem::Empty);
    }
    let units = name.encode_utf16().count();
    if units > NAME_UNITS_MAX {
        return Err(Problem::TooLong(units));
    }
    name.chars().find(|c| is_forbidden(*c)).map_or(Ok(()), |c| Err(Problem::Forbidden(c)))
}

fn is_forbidden(c: char) -> bool {
    is_unprintable(c) || FORBIDDEN.contains(c)
}

/// Finds the names that cannot be, each with a proposal. Of several host groups that want one name the
/// first keeps it. A group that was made from the host group, or is adopted for it, is no obstacle.
pub fn refusals(wanted: &[Wanted], existing: &[WsusGroup], adopt: &HashSet<GroupId>) -> Vec<Refusal> {
    let there: HashMap<String, &WsusGroup> =
        existing.iter().map(|group| (folded(&group.name), group)).collect();
    let mut first: HashMap<String, HostGroupId> = HashMap::new();
    let mut refused = Vec::new();
    for Wanted { group, name } in wanted {
        let before = *first.entry(folded(name)).or_insert(*group);
        let problem = match (check_form(name), there.get(&folded(name))) {
            (Err(problem), _) => Some(problem),
            _ if before != *group => Some(Problem::SameAs(before)),
            (_, Some(there)) if !is_usable(there, *group, adopt) => {
                Some(Problem::Exists { id: there.id, owner: there.owner })
            }
            _ => None,
        };
        refused.extend(problem.map(|problem| (*group, name, problem)));
    }
    let mut taken: HashSet<String> = there.into_keys().chain(first.into_keys()).collect();
    let mut next: BTreeMap<String, usize> = BTreeMap::new();
    let refusal = |(group, name, problem): (HostGroupId, &String, Problem)| {
        let proposal = propose(name, &mut taken, &mut next);
        Refusal { group, name: name.clone(), problem, proposal }
    };
    refused.into_iter().map(refusal).collect()
}

fn is_usable(there: &WsusGroup, group: HostGroupId, adopt: &HashSet<GroupId>) -> bool {
    match there.owner {
        Owner::Ours(owner) => owner == group,
        Owner::Foreign => adopt.contains(&there.id),
        Owner::BuiltIn => false,
    }
}

/// A valid name close to this one that is not taken, and takes it. `next` keeps for each name the number
/// that is tried next, so that thousands of equal names do not each begin at 2.
fn propose(name: &str, taken: &mut HashSet<String>, next: &mut BTreeMap<String, usize>) -> String {
    let valid = valid(name);
    let number = next.entry(folded(&valid)).or_insert(1);
    loop {
        let proposal = match *number {
            1 => valid.clone(),
            number => {
                let end = format!(" {number}");
                format!("{}{end}", cut(&valid, NAME_UNITS_MAX - end.len()))
            }
        };
        *number += 1;
        if taken.insert(folded(&proposal)) {
            return proposal;
        }
    }
}

/// A name of valid form close to this one, with a hyphen for what is forbidden, without superfluous spaces,
/// and cut.
pub fn valid(name: &str) -> String {
    let words = name.split_whitespace().map(|word| word.replace(is_forbidden, "-"));
    let joined = words.collect::<Vec<String>>().join(" ");
    match cut(&joined, NAME_UNITS_MAX) {
        "" => NAMELESS.to_owned(),
        valid => valid.to_owned(),
    }
}

/// The longest beginning of at most so many UTF-16 units, without spaces at its end.
fn cut(name: &str, units_max: usize) -> &str {
    let mut units = 0;
    let end = name.char_indices().find(|(_, c)| {
        units += c.len_utf16();
        units > units_max
    });
    name[..end.map_or(name.len(), |(at, _)| at)].trim_end()
}

#[cfg(test)]
#[path = "naming_tests.rs"]
mod tests;
