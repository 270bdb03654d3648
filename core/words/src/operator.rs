//! Operators, their roles and scopes.

use headwater_api::Role;

pub fn role(role: Role) -> &'static str {
    match role {
        Role::Auditor => "auditor",
        Role::Operator => "operator",
        Role::Administrator => "administrator",
    }
}

/// The role that is called so.
pub fn role_named(text: &str) -> Option<Role> {
    [Role::Auditor, Role::Operator, Role::Administrator].into_iter().find(|one| role(*one) == text)
}

/// For which groups somebody decides.
pub fn scope(role: Role, groups: &[String]) -> String {
    match (role, groups) {
        (Role::Auditor, _) => "reads everything".to_owned(),
        (Role::Administrator, _) => "everything".to_owned(),
        (Role::Operator, []) => "all groups".to_owned(),
        (Role::Operator, groups) => groups.join(", "),
    }
}

pub fn state(disabled: bool) -> &'static str {
    if disabled { "disabled" } else { "may sign in" }
}
