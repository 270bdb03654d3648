//! Keys by their names, as actions of the protocol.

use serde_json::{Value, json};

/// What the protocol calls keys that write nothing ([WebDriver] 17.4.2).
const KEYS: &[(&str, char)] = &[
    ("Backspace", '\u{E003}'),
    ("Tab", '\u{E004}'),
    ("Enter", '\u{E007}'),
    ("Shift", '\u{E008}'),
    ("Control", '\u{E009}'),
    ("Alt", '\u{E00A}'),
    ("Escape", '\u{E00C}'),
    ("Space", ' '),
    ("PageUp", '\u{E00E}'),
    ("PageDown", '\u{E00F}'),
    ("End", '\u{E010}'),
    ("Home", '\u{E011}'),
    ("ArrowLeft", '\u{E012}'),
    ("ArrowUp", '\u{E013}'),
    ("ArrowRight", '\u{E014}'),
    ("ArrowDown", '\u{E015}'),
    ("Delete", '\u{E017}'),
];

/// Holds the keys down one after the other and lets go of them in the opposite order.
pub(crate) fn pressed(names: &str) -> Vec<Value> {
    // A plus alone is the key of that name.
    let names: Vec<&str> = if names == "+" { vec![names] } else { names.split('+').collect() };
    let down = names.iter().map(|name| action("keyDown", name));
    down.chain(names.iter().rev().map(|name| action("keyUp", name))).collect()
}

pub(crate) fn action(kind: &str, name: &str) -> Value {
    let named = KEYS.iter().find(|(known, _)| *known == name).map(|(_, key)| *key);
    let mut letters = name.chars();
    let single = letters.next().filter(|_| letters.next().is_none());
    let key = named.or(single).unwrap_or_else(|| panic!("there is no key {name}"));
    json!({ "type": kind, "value": key })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_are_let_go_in_the_opposite_order() {
        let check = |names: &str, expected: &[(&str, &str)]| {
            let expected: Vec<Value> =
                expected.iter().map(|(kind, value)| json!({ "type": kind, "value": value })).collect();
            assert_eq!(pressed(names), expected, "{names}");
        };
        check("/", &[("keyDown", "/"), ("keyUp", "/")]);
        check("+", &[("keyDown", "+"), ("keyUp", "+")]);
        check(
            "Shift+Tab",
            &[("keyDown", "\u{E008}"), ("keyDown", "\u{E004}"), ("keyUp", "\u{E004}"), ("keyUp", "\u{E008}")],
        );
    }

    #[test]
    #[should_panic(expected = "there is no key Entre")]
    fn a_key_that_is_misspelt_is_not_typed_as_letters() {
        pressed("Entre");
    }
}
