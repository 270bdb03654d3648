//! What we take from others: permissive licences, and one TLS provider.

use crate::Violation;

const PERMISSIVE: &[&str] = &[
    "0BSD",
    "Apache-2.0",
    "Apache-2.0 WITH LLVM-exception",
    "BSD-2-Clause",
    "BSD-3-Clause",
    "BSL-1.0",
    "CC0-1.0",
    "CDLA-Permissive-2.0", // Of data: the list of root certificates in `webpki-roots`.
    "ISC",
    "MIT",
    "MIT-0",
    "Unicode-3.0",
    "Unlicense",
    "Zlib",
];

const BANNED: &[(&str, &str)] = &[
    ("aws-lc-sys", "the one TLS provider is ring: choose the `ring` feature of what brings it"),
    ("openssl-sys", "TLS is rustls: choose the `rustls` feature of what brings it"),
    ("native-tls", "TLS is rustls: choose the `rustls` feature of what brings it"),
];

/// Judges one crate of the whole tree of dependencies.
pub fn check(name: &str, version: &str, licence: Option<&str>) -> Vec<Violation> {
    let violation = |advice: String| Violation::new(format!("{name} {version}"), advice);
    let banned = BANNED.iter().filter(|(banned, _)| *banned == name);
    let mut violations: Vec<_> = banned.map(|(_, advice)| violation((*advice).to_owned())).collect();
    if !licence.is_some_and(is_permissive) {
        let licence = licence.unwrap_or("not stated");
        violations.push(violation(format!("its licence is {licence}: take another crate")));
    }
    violations
}

/// Reads an SPDX expression, or the old form with `/` for OR. What does not parse is not permissive.
fn is_permissive(expression: &str) -> bool {
    let spaced = expression.replace('/', " OR ").replace('(', " ( ").replace(')', " ) ");
    let mut words = spaced.split_whitespace().peekable();
    either(&mut words) == Some(true) && words.next().is_none()
}

type Words<'a> = std::iter::Peekable<std::str::SplitWhitespace<'a>>;

fn either(words: &mut Words<'_>) -> Option<bool> {
    let mut permissive = both(words)?;
    while words.next_if_eq(&"OR").is_some() {
        permissive |= both(words)?;
    }
    Some(permissive)
}

fn both(words: &mut Words<'_>) -> Option<bool> {
    let mut permissive = one(words)?;
    while words.next_if_eq(&"AND").is_some() {
        permissive &= one(words)?;
    }
    Some(permissive)
}

fn one(words: &mut Words<'_>) -> Option<bool> {
    let word = words.next()?;
    if word == "(" {
        let permissive = either(words)?;
        return words.next_if_eq(&")").map(|_| permissive);
    }
    let licence = match words.next_if_eq(&"WITH") {
        Some(with) => format!("{word} {with} {}", words.next()?),
        None => word.to_owned(),
    };
    Some(PERMISSIVE.contains(&licence.as_str()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_permissive_choice_is_enough_and_every_part_must_be_permissive() {
        let cases = [
            ("MIT", true),
            ("MIT OR Apache-2.0", true),
            ("MIT/Apache-2.0", true),
            ("Apache-2.0 WITH LLVM-exception OR Apache-2.0 OR MIT", true),
            ("(MIT OR Apache-2.0) AND Unicode-3.0", true),
            ("MIT OR Apache-2.0 OR LGPL-2.1-or-later", true),
            ("MPL-2.0", false),
            ("MPL-2.0 AND MIT", false),
            ("MIT OR (MPL-2.0 AND ISC)", true),
            ("MPL-2.0 OR MIT AND GPL-3.0-only", false),
            ("(MPL-2.0 OR MIT) AND ISC", true),
            ("GPL-2.0 WITH Classpath-exception-2.0", false),
            ("(MIT", false),
            ("MIT Apache-2.0", false),
            ("MIT OR", false),
            ("", false),
        ];
        for (expression, permissive) in cases {
            assert_eq!(is_permissive(expression), permissive, "{expression}");
        }
    }

    #[test]
    fn a_banned_or_an_unlicensed_crate_is_named_with_its_version() {
        let lines = |name, licence| -> Vec<String> {
            check(name, "1.2.3", licence).iter().map(ToString::to_string).collect()
        };
        assert!(lines("ring", Some("Apache-2.0 AND ISC")).is_empty());
        assert_eq!(lines("odd", None), ["odd 1.2.3: its licence is not stated: take another crate"]);
        assert!(lines("native-tls", Some("MIT"))[0].starts_with("native-tls 1.2.3: TLS is rustls"));
    }
}
