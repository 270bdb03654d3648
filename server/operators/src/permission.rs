//! What an operator may do, decided from who they are and what is asked; tested as data.

use std::collections::BTreeSet;
use std::fmt;

use headwater_api::Role;
use headwater_words::operator::role as word;

/// Someone who was let in, and how far.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Operator {
    pub name: String,
    pub role: Role,
    /// For which groups; what matters to an [`Operator`](Role::Operator) only.
    pub scope: Scope,
}

impl Operator {
    /// One who may do everything.
    pub fn administrator(name: &str) -> Self {
        Self { name: name.to_owned(), role: Role::Administrator, scope: Scope::default() }
    }
}

/// Groups to which somebody is limited, by name or id; without any limit, all of them.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Scope {
    /// An account's and a token's: a group has to be in each.
    limits: Vec<BTreeSet<String>>,
}

impl Scope {
    /// No group is all groups.
    pub fn of(groups: &[String]) -> Self {
        let limit: BTreeSet<String> = groups.iter().map(|group| folded(group)).collect();
        Self { limits: if limit.is_empty() { Vec::new() } else { vec![limit] } }
    }

    /// What is in both.
    pub fn and(mut self, other: Self) -> Self {
        self.limits.extend(other.limits);
        self
    }

    pub fn is_all(&self) -> bool {
        self.limits.is_empty()
    }

    fn holds(&self, group: &GroupPath) -> bool {
        let within = |limit: &BTreeSet<String>| group.keys.iter().any(|key| limit.contains(key));
        self.limits.iter().all(within)
    }
}

impl fmt::Display for Scope {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (at, group) in self.limits.iter().flatten().enumerate() {
            write!(f, "{}{group}", if at > 0 { ", " } else { "" })?;
        }
        Ok(())
    }
}

fn folded(text: &str) -> String {
    text.trim().to_lowercase()
}

/// A group with all by which a scope may name it: its own names and ids, and those of the groups above it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GroupPath {
    name: String,
    keys: BTreeSet<String>,
}

impl GroupPath {
    pub fn named(name: impl Into<String>) -> Self {
        let name = name.into();
        Self { keys: BTreeSet::from([folded(&name)]), name }
    }

    /// The same with another name or id, of the group itself or of one above it.
    pub fn also(mut self, key: impl fmt::Display) -> Self {
        self.keys.insert(folded(&key.to_string()));
        self
    }

    /// The same below another group.
    pub fn below(mut self, above: &Self) -> Self {
        self.keys.extend(above.keys.iter().cloned());
        self
    }
}

/// What is asked for.
#[derive(Debug, Clone, Copy)]
pub enum Action<'a> {
    Read,
    /// Changes something, whatever it is: what is asked for more closely later.
    Write,
    /// Changes what these groups have, and nothing beyond them.
    ForGroups(&'a [GroupPath]),
    /// Changes what any group may have: also a run that brings the tree in step.
    ForEveryGroup,
    /// Reaches wider than groups: declines, imports, the link, operators.
    Administer,
}

/// Why somebody may not, and who may.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Refused {
    #[error(
        "{name} has the role auditor, which changes nothing: this needs the role operator or administrator"
    )]
    ReadsOnly { name: String },
    #[error(
        "the group {group} is not in the scope of {name} ({scope}): this needs an operator whose scope has it, or \
         the role administrator"
    )]
    OutsideScope { name: String, group: String, scope: Scope },
    #[error(
        "this reaches every group, and {name} has a scope ({scope}): it needs the role operator without a scope, \
         or the role administrator"
    )]
    EveryGroup { name: String, scope: Scope },
    #[error("{name} has the role {}: this needs the role administrator", word(*.role))]
    NeedsAdministrator { name: String, role: Role },
}

/// Whether somebody may do what is asked.
pub fn decide(operator: &Operator, action: Action<'_>) -> Result<(), Refused> {
    let (name, scope) = (|| operator.name.clone(), || operator.scope.clone());
    match (operator.role, action) {
        (_, Action::Read) | (Role::Administrator, _) => Ok(()),
        (Role::Auditor, _) => Err(Refused::ReadsOnly { name: name() }),
        (role, Action::Administer) => Err(Refused::NeedsAdministrator { name: name(), role }),
        (Role::Operator, Action::Write) => Ok(()),
        (Role::Operator, _) if operator.scope.is_all() => Ok(()),
        // Of no group is not of a group in the scope.
        (Role::Operator, Action::ForEveryGroup | Action::ForGroups([])) => {
            Err(Refused::EveryGroup { name: name(), scope: scope() })
        }
        (Role::Operator, Action::ForGroups(groups)) => {
            match groups.iter().find(|group| !operator.scope.holds(group)) {
                None => Ok(()),
                Some(group) => {
                    Err(Refused::OutsideScope { name: name(), group: group.name.clone(), scope: scope() })
                }
            }
        }
    }
}

/// An operator who was let in to ask for something: whoever wants to write in their name has to say what,
/// and gets the name if it is permitted.
#[derive(Debug, Clone)]
pub struct Asking(Operator);

impl Asking {
    pub fn new(operator: Operator) -> Self {
        Self(operator)
    }

    /// To be shown; it permits nothing.
    pub fn shown_name(&self) -> &str {
        &self.0.name
    }

    pub fn role(&self) -> Role {
        self.0.role
    }

    pub fn may(&self, action: Action<'_>) -> bool {
        decide(&self.0, action).is_ok()
    }

    pub fn permitted(&self, action: Action<'_>) -> Result<&Operator, Refused> {
        decide(&self.0, action).map(|()| &self.0)
    }

    /// For changes that hold whatever the role, such as one's own password.
    pub fn is(&self, name: &str) -> bool {
        self.0.name == name
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn operator(role: Role, groups: &[&str]) -> Operator {
        let groups: Vec<String> = groups.iter().map(|group| (*group).to_owned()).collect();
        Operator { name: "anna".to_owned(), role, scope: Scope::of(&groups) }
    }

    /// A group below another below all computers.
    fn path(name: &str, id: &str, above: &str) -> GroupPath {
        GroupPath::named(name).also(id).also(above).also("All Computers")
    }

    #[test]
    fn who_may_do_what() {
        use Role::{Administrator, Auditor, Operator as Decides};
        let berlin = [path("Berlin", "b0", "Europe")];
        let both = [path("Berlin", "b0", "Europe"), path("Kyoto", "c0", "Asia")];
        let europe = [path("Europe", "e0", "")];
        let all = [GroupPath::named("All Computers").also("a0")];
        let check = |role, scope: &[&str], action, needed: Option<&str>| {
            let refused = decide(&operator(role, scope), action).err().map(|refused| refused.to_string());
            let holds = match (&refused, needed) {
                (Some(said), Some(needed)) => said.contains(needed),
                (None, None) => true,
                _ => false,
            };
            assert!(holds, "{role:?} {scope:?} {action:?}: {refused:?}");
        };
        let actions = [Action::ForGroups(&berlin), Action::ForEveryGroup, Action::Administer];
        for action in actions {
            check(Administrator, &[], action, None);
            check(Auditor, &[], action, Some("changes nothing"));
        }
        for role in [Administrator, Auditor, Decides] {
            check(role, &[], Action::Read, None);
        }
        check(Decides, &[], Action::ForGroups(&all), None);
        check(Decides, &[], Action::ForEveryGroup, None);
        check(Decides, &[], Action::Administer, Some("needs the role administrator"));

        let scope = ["BERLIN ", "pilot"];
        check(Decides, &scope, Action::Read, None);
        check(Decides, &scope, Action::Write, None);
        check(Auditor, &scope, Action::Write, Some("changes nothing"));
        check(Decides, &scope, Action::ForGroups(&berlin), None);
        check(Decides, &["B0"], Action::ForGroups(&berlin), None);
        // A group of the scope has what is below it, and not the other way round.
        check(Decides, &["europe"], Action::ForGroups(&berlin), None);
        check(Decides, &["berlin"], Action::ForGroups(&europe), Some("group Europe is not"));
        check(
            Decides,
            &scope,
            Action::ForGroups(&both),
            Some("group Kyoto is not in the scope of anna (berlin"),
        );
        check(Decides, &scope, Action::ForGroups(&all), Some("All Computers is not"));
        check(Decides, &scope, Action::ForGroups(&[]), Some("without a scope"));
        check(Decides, &scope, Action::ForEveryGroup, Some("without a scope"));
        check(Decides, &scope, Action::Administer, Some("needs the role administrator"));
    }

    #[test]
    fn a_token_narrows_its_operators_scope() {
        let of = |groups: &[&str]| operator(Role::Operator, groups).scope;
        let berlin = path("Berlin", "b0", "Europe");
        assert!(of(&["europe"]).and(of(&["berlin"])).holds(&berlin));
        assert!(of(&[]).and(of(&["berlin"])).holds(&berlin));
        assert!(!of(&["kyoto"]).and(of(&["berlin"])).holds(&berlin));
        assert!(!of(&["berlin"]).and(of(&["kyoto"])).is_all());
    }
}
