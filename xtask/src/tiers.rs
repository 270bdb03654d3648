//! The folder is the tier: which crate of ours may use which.

use crate::Violation;

/// A dependency between two crates of ours, by their folders from the root of the workspace.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Arrow {
    pub from: String,
    pub to: String,
    /// For tests and benches only.
    pub dev: bool,
}

/// Every arrow there may be, from the top down: a folder stands for all that is below it.
/// What is not in this table is refused; `xtask` is not in it, so it uses and is used by nothing of ours.
const ALLOWED: &[(&str, &str, &str)] = &[
    ("headwater", "cli", "the executable carries the commands"),
    ("headwater", "server", "the executable wires the server"),
    ("headwater", "adapters", "the executable opens what the server is given"),
    ("headwater", "core", "configuration is written in the values of the core"),
    ("headwater", "testing/fleet", "odd: `up --demo` serves an invented catalogue"),
    ("headwater", "testing/agent", "odd: `up --demo` runs simulated computers"),
    ("cli", "adapters/client", "commands speak to the API, never to the store or the use cases"),
    ("cli", "core", "commands print the values of the core"),
    ("server/console", "server/manager", "pages show what the use cases answer"),
    ("server/console", "server/operators", "a request is an operator's"),
    ("server/console", "core", "pages print the values of the core, and our API's"),
    ("server/views", "server/app", "what the use cases answer, in the words of our API"),
    ("server/views", "core", "odd: core/api too, which is what it translates to"),
    ("server/http", "server/views", "the API and WSUS Linkage tell the same"),
    ("server/linkage", "server/views", "the API and WSUS Linkage tell the same"),
    ("server/http", "server/app", "services translate to use cases"),
    ("server/http", "core", "services translate from Microsoft's messages and our own JSON"),
    ("server/http", "adapters/content", "odd: a body streams a file, and its ranges are HTTP's own words"),
    ("server/http", "server/linkage", "services translate to use cases"),
    ("server/http", "server/manager", "services translate to use cases"),
    ("server/http", "server/operators", "a request is an operator's"),
    ("server/linkage", "server/app", "one of its two kinds of WSUS is the update server in the same process"),
    ("server/linkage", "adapters", "use cases act through adapters"),
    ("server/linkage", "core", "odd: core/api too, for orders are signed as they are written"),
    ("server/manager", "server/operators", "operators are the same whichever role a server has"),
    ("server/manager", "adapters", "use cases act through adapters"),
    ("server/manager", "core", "odd: core/api too, for orders are signed as they are written"),
    ("server/app", "server/operators", "operators are the same whichever role a server has"),
    ("server/operators", "adapters/store", "use cases act through adapters"),
    ("server/operators", "core", "use cases let the core decide"),
    ("server/app", "adapters", "use cases act through adapters"),
    ("server/app", "core", "use cases let the core decide"),
    ("adapters", "core", "an adapter speaks in the values of the core, never with another adapter"),
    ("core", "core", "pure crates build on each other; cargo refuses a circle"),
    ("testing", "headwater", "tests may start anything"),
    ("testing", "cli", "tests may start anything"),
    ("testing", "server", "tests may start anything"),
    ("testing", "adapters", "tests may start anything"),
    ("testing", "core", "tests may start anything"),
    ("testing", "testing", "tests may start anything"),
];

pub fn check(arrows: &[Arrow]) -> Vec<Violation> {
    arrows.iter().filter(|arrow| !is_allowed(arrow)).map(violation).collect()
}

fn is_allowed(arrow: &Arrow) -> bool {
    let for_tests = arrow.dev && is_within(&arrow.to, "testing") && !is_within(&arrow.from, "xtask");
    for_tests
        || ALLOWED.iter().any(|(from, to, _reason)| is_within(&arrow.from, from) && is_within(&arrow.to, to))
}

fn is_within(folder: &str, tier: &str) -> bool {
    folder.strip_prefix(tier).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}

fn violation(arrow: &Arrow) -> Violation {
    let Arrow { from, to, .. } = arrow;
    let advice = if is_within(to, "testing") {
        format!("must not use {to} but in [dev-dependencies]")
    } else {
        format!(
            "must not use {to}: move the code to a tier below both, or add the arrow and its reason to ALLOWED in xtask/src/tiers.rs"
        )
    };
    Violation::new(format!("{from}/Cargo.toml"), advice)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_arrow_goes_down() {
        let cases = [
            ("headwater", "cli", true),
            ("headwater", "server/http", true),
            ("headwater", "testing/testkit", false),
            ("cli", "core/api", true),
            ("cli", "adapters/client", true),
            ("cli", "adapters/client2", false),
            ("cli", "adapters/store", false),
            ("cli", "server/app", false),
            ("server/http", "server/app", true),
            ("server/http", "server/console", false),
            ("server/http", "adapters/content", true),
            ("server/http", "adapters/store", false),
            ("server/app", "adapters/store", true),
            ("server/app", "server/http", false),
            ("server/manager", "server/app", false),
            ("server/app", "server/manager", false),
            ("server/app", "cli", false),
            ("adapters/content", "core/model", true),
            ("adapters/content", "adapters/store", false),
            ("adapters/content", "server/app", false),
            ("core/wsus", "core/xml", true),
            ("core/wsus", "adapters/store", false),
            ("testing/fleet", "headwater", true),
            ("testing/fleet", "testing/testkit", true),
            ("testing/fleet", "xtask", false),
            ("xtask", "core/model", false),
            ("core/model", "xtask", false),
        ];
        for (from, to, allowed) in cases {
            let arrow = Arrow { from: from.to_owned(), to: to.to_owned(), dev: false };
            assert_eq!(check(&[arrow]).is_empty(), allowed, "{from} -> {to}");
        }
    }

    #[test]
    fn tests_of_a_crate_may_use_the_testkit_but_no_other_odd_crate() {
        let dev = |from: &str, to: &str| Arrow { from: from.to_owned(), to: to.to_owned(), dev: true };
        assert!(check(&[dev("adapters/store", "testing/testkit")]).is_empty());
        assert!(!check(&[dev("adapters/store", "adapters/content")]).is_empty());
        assert!(!check(&[dev("xtask", "testing/testkit")]).is_empty());
    }

    #[test]
    fn a_violation_names_the_manifest_and_the_way_out() {
        let arrow = Arrow { from: "core/wsus".to_owned(), to: "testing/testkit".to_owned(), dev: false };
        let line = check(&[arrow]).iter().map(ToString::to_string).collect::<String>();
        assert_eq!(line, "core/wsus/Cargo.toml: must not use testing/testkit but in [dev-dependencies]");
    }
}
