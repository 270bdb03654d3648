//! Rules about one file: its length, its name and words that must not stay.

use crate::Violation;

const LINES_MAX: usize = 600;
const LINES_MAX_TESTS_AND_TABLES: usize = 1_000;

/// Names that say nothing about what is inside.
const EMPTY_NAMES: &[&str] = &["common", "util", "utils", "helper", "helpers", "shared", "misc"];

/// Marks of unfinished work, put together here so that this file does not hold them.
const UNFINISHED: &[&str] = &[concat!("to", "do!"), concat!("unimpl", "emented!"), concat!("FIX", "ME")];

/// Where the folders of one developer's machine begin.
const MACHINE_FOLDERS: &[&str] = &[concat!("/wo", "rk/"), concat!("/ro", "ot/"), concat!("/ho", "me/")];

/// Judges one file by its path from the root of the workspace, with `/` between folders, and its text.
pub fn check(path: &str, text: &str) -> Vec<Violation> {
    let mut violations = Vec::new();
    if path.ends_with(".rs") {
        violations.extend(length(path, text));
        violations.extend(module_names(path, text));
        violations.extend(unfinished(path, text));
    } else if path.ends_with(".md") {
        violations.extend(one_title(path, text));
    } else if path.ends_with("/Cargo.toml") && !path.starts_with("fuzz/") {
        violations.extend(lints(path, text));
    }
    violations.extend(machine_paths(path, text));
    violations
}

fn length(path: &str, text: &str) -> Option<Violation> {
    let longer = ["/tests.rs", "_tests.rs", "/table.rs", "/tables.rs", "_table.rs", "_tables.rs"];
    let is_longer = longer.iter().any(|end| path.ends_with(end)) || path.contains("/tests/");
    let lines_max = if is_longer { LINES_MAX_TESTS_AND_TABLES } else { LINES_MAX };
    let lines = text.lines().count();
    let advice = || format!("{lines} lines, at most {lines_max}: a file is one thought, cut it in two");
    (lines > lines_max).then(|| Violation::new(path, advice()))
}

fn module_names(path: &str, text: &str) -> Vec<Violation> {
    let folders_and_file = path.trim_end_matches(".rs").split('/');
    let of_path =
        folders_and_file.filter(|name| EMPTY_NAMES.contains(name)).map(|name| (path.to_owned(), name));
    let of_text = text.lines().enumerate().filter_map(|(index, line)| {
        let name = inline_module(line)?;
        EMPTY_NAMES.contains(&name).then(|| (place(path, index), name))
    });
    of_path
        .chain(of_text)
        .map(|(place, name)| Violation::new(place, format!("`{name}` says nothing: name what is inside")))
        .collect()
}

/// The name in a line like `pub(crate) mod name {`.
fn inline_module(line: &str) -> Option<&str> {
    let mut words = line.split_whitespace().skip_while(|word| word.starts_with("pub"));
    (words.next()? == "mod").then(|| words.next())?
}

fn unfinished(path: &str, text: &str) -> Vec<Violation> {
    let advice =
        |mark: &str| format!("`{mark}` is unfinished: finish it, or open an issue and return an error");
    find(path, text, UNFINISHED, |_, _| true)
        .map(|(place, mark)| Violation::new(place, advice(mark)))
        .collect()
}

fn machine_paths(path: &str, text: &str) -> Vec<Violation> {
    let begins_here = |line: &str, at: usize| {
        let before = line[..at].chars().next_back();
        !before.is_some_and(|c| c.is_alphanumeric() || "/._-}".contains(c))
    };
    let advice =
        |folder: &str| format!("`{folder}` is a folder of one machine: say it relative to the workspace");
    find(path, text, MACHINE_FOLDERS, begins_here)
        .map(|(place, folder)| Violation::new(place, advice(folder)))
        .collect()
}

fn one_title(path: &str, text: &str) -> Option<Violation> {
    let mut in_code = false;
    let titles = text.lines().filter(|line| {
        in_code ^= line.trim_start().starts_with("```");
        !in_code && line.starts_with("# ")
    });
    let count = titles.count();
    (count != 1)
        .then(|| Violation::new(path, format!("{count} titles: a document begins with its one `# Title`")))
}

/// A crate without this line escapes the ban on unsafe code.
fn lints(path: &str, text: &str) -> Option<Violation> {
    let inherits = text.contains("[lints]\nworkspace = true\n");
    (!inherits).then(|| Violation::new(path, "add `[lints]` with `workspace = true`"))
}

/// The first place in each line where one of the words stands and `counts`.
fn find<'a>(
    path: &'a str,
    text: &'a str,
    words: &'a [&'a str],
    counts: impl Fn(&str, usize) -> bool + 'a,
) -> impl Iterator<Item = (String, &'a str)> {
    text.lines().enumerate().filter_map(move |(index, line)| {
        let found = |word: &&str| line.match_indices(*word).any(|(at, _)| counts(line, at));
        words.iter().find(|word| found(word)).map(|word| (place(path, index), *word))
    })
}

fn place(path: &str, index: usize) -> String {
    format!("{path}:{}", index + 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// `expected` is where the one violation is and a word of its advice, or empty for none.
    #[track_caller]
    fn expect(path: &str, text: &str, expected: &str) {
        let lines: Vec<String> = check(path, text).iter().map(ToString::to_string).collect();
        match expected {
            "" => assert_eq!(lines, [""; 0]),
            _ => {
                assert!(lines.len() == 1 && lines[0].starts_with(expected), "{lines:?}, expected {expected}")
            }
        }
    }

    #[test]
    fn a_file_is_one_thought() {
        expect("core/a/src/b.rs", &"\n".repeat(600), "");
        expect("core/a/src/b.rs", &"\n".repeat(601), "core/a/src/b.rs: 601 lines, at most 600");
        expect("core/a/src/b/tests.rs", &"\n".repeat(1_000), "");
        expect("core/a/tests/walk.rs", &"\n".repeat(1_000), "");
        expect("core/a/src/event_table.rs", &"\n".repeat(1_001), "core/a/src/event_table.rs: 1001 lines");
        expect("Cargo.lock", &"\n".repeat(9_000), "");
    }

    #[test]
    fn a_module_is_named_for_what_is_inside() {
        expect("core/a/src/utils.rs", "", "core/a/src/utils.rs: `utils` says nothing");
        expect("core/a/src/common/mod.rs", "", "core/a/src/common/mod.rs: `common`");
        expect("core/a/src/a.rs", "\n    pub(crate) mod misc {", "core/a/src/a.rs:2: `misc`");
        expect("core/a/src/a.rs", "mod commons;\n// mod util is not a module\nuse tower::util;", "");
    }

    #[test]
    fn nothing_is_left_unfinished() {
        for mark in UNFINISHED {
            expect("core/a/src/a.rs", &format!("fn a() {{\n    {mark}()\n}}"), "core/a/src/a.rs:2: ");
        }
        expect("core/a/src/a.rs", "// The method to do! is spelled otherwise.", "");
    }

    #[test]
    fn a_document_has_one_title() {
        expect("docs/a.md", "# A\n## B\n```\n# a comment\n```\n", "");
        expect("docs/a.md", "# A\n# B\n", "docs/a.md: 2 titles");
        expect("README.md", "A", "README.md: 0 titles");
    }

    #[test]
    fn no_file_names_a_folder_of_one_machine() {
        for folder in MACHINE_FOLDERS {
            expect("docs/a.txt", &format!("open \"{folder}x\""), "docs/a.txt:1: ");
            expect("docs/a.txt", &format!("https://host{folder}x and ..{folder}x"), "");
        }
    }

    #[test]
    fn every_crate_takes_the_lints_of_the_workspace() {
        expect("core/a/Cargo.toml", "[lints]\nworkspace = true\n", "");
        expect("core/a/Cargo.toml", "[package]\n", "core/a/Cargo.toml: add `[lints]`");
        expect("Cargo.toml", "[workspace]\n", "");
    }
}
