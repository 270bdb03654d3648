//! How a simulated computer evaluates an update.

use headwater_model::UpdateId;
use headwater_simulated_agent::{Core, Evaluation, Evaluator};

use crate::draw::scatter;

/// The registry key of which generated rules ask; no real computer has it.
pub(crate) const FLEET_KEY: &str = r"SOFTWARE\Headwater\Fleet";
/// The draw of which the rules of leaves ask: 0 to 99.
pub(crate) const DRAW_VALUE: &str = "u100";

/// Of a hundred applicable programs, so many are installed…
pub(crate) const INSTALLED_PERCENT: u32 = 80;
/// …and from there to here needed. The rest is not applicable.
pub(crate) const INSTALLABLE_PERCENT: u32 = 86;

/// A simulated computer: all its answers follow from its number.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Profile {
    number: u64,
}

impl Profile {
    /// The computer of this number.
    pub const fn new(number: u64) -> Self {
        Self { number }
    }

    /// Which of so many kinds of computer it is.
    fn slot(self, kinds: u64) -> u64 {
        (scatter(scatter(self.number) ^ kinds) >> 8) % kinds.max(1)
    }

    /// A number below `end` that depends on the update too.
    fn draw(self, update: UpdateId, end: u64) -> u64 {
        let (high, low) = update.as_bytes().split_at(8);
        let fold = |half: &[u8]| half.iter().fold(0, |value, byte| value << 8 | u64::from(*byte));
        (scatter(scatter(fold(high) ^ scatter(self.number)) ^ fold(low)) >> 8) % end.max(1)
    }
}

impl Evaluator for Profile {
    fn evaluate(&self, core: &Core<'_>) -> Evaluation {
        evaluate(core.xml, self)
    }
}

/// Evaluates an update by its Core fragment; a whole document does as well. Quick: nothing beyond
/// the two rules is read, however long a manifest follows them.
///
/// Every `RegDword` on `SOFTWARE\Headwater\Fleet` within `IsInstalled` must hold, likewise within
/// `IsInstallable`; all other operators are padding. The value `p<n>` is the computer's kind among
/// `n`, `u<n>` a draw below `n` from update and computer. A rule without such a test holds when it
/// is `True`. An update without rules, which is a bundle, is decided by its draw as software is: 80
/// of 100 installed, 6 needed. What is no fragment is neither installed nor installable.
pub fn evaluate(core: &str, profile: &Profile) -> Evaluation {
    let id = between(core, "UpdateID=\"", "\"").and_then(|id| id.parse::<UpdateId>().ok());
    let Some(id) = id else {
        return Evaluation::NOT_APPLICABLE;
    };
    if let Some((installed, rest)) = rule(core, "IsInstalled>") {
        let installed = holds(installed, *profile, id);
        let installable = rule(rest, "IsInstallable>").is_some_and(|(rule, _)| holds(rule, *profile, id));
        return Evaluation { installed, installable: installable && !installed };
    }
    let draw = profile.draw(id, 100) as u32;
    let installed = draw < INSTALLED_PERCENT;
    Evaluation { installed, installable: !installed && draw < INSTALLABLE_PERCENT }
}

/// The text within the element whose tags end so, and what follows.
fn rule<'a>(text: &'a str, tag_end: &str) -> Option<(&'a str, &'a str)> {
    let (_, rest) = text.split_once(tag_end)?;
    rest.split_once(tag_end)
}

fn holds(rule: &str, profile: Profile, id: UpdateId) -> bool {
    let mut tests = rule.split(FLEET_KEY).skip(1).peekable();
    if tests.peek().is_none() {
        return rule.contains("True");
    }
    tests.all(|test| test_holds(test, profile, id).unwrap_or(false))
}

/// `test` begins after the key: `" Value="p22" Comparison="EqualTo" Data="7" />`.
fn test_holds(test: &str, profile: Profile, id: UpdateId) -> Option<bool> {
    let value = between(test, "Value=\"", "\"")?;
    let data: u64 = between(test, "Data=\"", "\"")?.parse().ok()?;
    let answer = match value.split_at_checked(1)? {
        ("p", kinds) => profile.slot(kinds.parse().ok()?),
        ("u", end) => profile.draw(id, end.parse().ok()?),
        _ => return None,
    };
    match between(test, "Comparison=\"", "\"")? {
        "EqualTo" => Some(answer == data),
        "LessThan" => Some(answer < data),
        "GreaterThanOrEqualTo" => Some(answer >= data),
        _ => None,
    }
}

fn between<'a>(text: &'a str, before: &str, after: &str) -> Option<&'a str> {
    text.split_once(before)?.1.split_once(after).map(|(inside, _)| inside)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const ID: &str =
        r#"<UpdateIdentity UpdateID="266f6222-c89d-43f2-9f8a-69340271e677" RevisionNumber="1" />"#;

    /// How many of a thousand computers find it installed, and installable.
    #[track_caller]
    fn check(core: &str, installed: std::ops::Range<usize>, installable: std::ops::Range<usize>) {
        let all: Vec<_> = (0..1000).map(|number| evaluate(core, &Profile::new(number))).collect();
        let count = |is: fn(&Evaluation) -> bool| all.iter().filter(|e| is(e)).count();
        let found = (count(|e| e.installed), count(|e| e.installable));
        assert!(installed.contains(&found.0) && installable.contains(&found.1), "{found:?}");
    }

    fn test(value: &str, comparison: &str, data: u32) -> String {
        format!(
            "<b.RegDword Key=\"HKEY_LOCAL_MACHINE\" Subkey=\"{FLEET_KEY}\" Value=\"{value}\" \
             Comparison=\"{comparison}\" Data=\"{data}\" />"
        )
    }

    #[test]
    fn a_computer_is_of_one_kind() {
        let installed = |data| {
            let rule = test("p4", "EqualTo", data);
            format!("{ID}<ApplicabilityRules><IsInstalled>{rule}</IsInstalled></ApplicabilityRules>")
        };
        check(&installed(2), 200..300, 0..1);
        for number in 0..100 {
            let kinds = (0..4).filter(|kind| evaluate(&installed(*kind), &Profile::new(number)).installed);
            assert_eq!(kinds.count(), 1);
        }
    }

    #[test]
    fn every_test_of_a_rule_must_hold() {
        let both = test("p10", "GreaterThanOrEqualTo", 7) + &test("p10", "LessThan", 9);
        check(&format!("{ID}<u:IsInstalled><And>{both}</And></u:IsInstalled>"), 150..250, 0..1);
    }

    #[test]
    fn what_is_installed_is_not_installable() {
        let (installed, installable) = (test("u100", "LessThan", 80), test("u100", "LessThan", 86));
        let core =
            format!("{ID}<IsInstalled>{installed}</IsInstalled><IsInstallable>{installable}</IsInstallable>");
        check(&core, 760..840, 35..85);
        check(ID, 760..840, 35..85);
    }

    #[test]
    fn rules_that_do_not_ask_the_fleet() {
        check(&format!("{ID}<IsInstalled><True /></IsInstalled>"), 1000..1001, 0..1);
        check(&format!("{ID}<IsInstalled><b.RegKeyExists /></IsInstalled>"), 0..1, 0..1);
        check("<IsInstalled><True /></IsInstalled>", 0..1, 0..1);
    }

    proptest! {
        #[test]
        fn no_text_makes_it_panic(
            pieces in prop::collection::vec(
                prop::sample::select(vec![
                    ID, "IsInstalled>", "IsInstallable>", FLEET_KEY, "Value=\"", "p0\"", "u\"", "p\u{e9}\"",
                    "Comparison=\"LessThan\"", "Data=\"", "1\"",
                ]),
                0..20,
            )
        ) {
            evaluate(&pieces.concat(), &Profile::new(1));
        }
    }
}
