//! Who may read the files of the service, as calls of `icacls`.

use std::fmt;
use std::io;
use std::path::{Path, PathBuf};

use headwater_app::{ADMINISTRATORS, SYSTEM, icacls};

/// Everyone, authenticated users, and users of the machine, by their identifiers.
const OTHERS: [&str; 3] = ["*S-1-1-0", "*S-1-5-11", "*S-1-5-32-545"];

/// One call, which changes who may do what with a file or folder.
#[derive(Debug, PartialEq, Eq)]
pub struct Change {
    pub path: PathBuf,
    arguments: Vec<String>,
}

impl Change {
    fn new(path: &Path, arguments: impl IntoIterator<Item = impl Into<String>>) -> Self {
        Self { path: path.to_owned(), arguments: arguments.into_iter().map(Into::into).collect() }
    }

    pub fn make(&self) -> io::Result<()> {
        let arguments: Vec<&str> = self.arguments.iter().map(String::as_str).collect();
        icacls(&self.path, &arguments)
    }
}

impl fmt::Display for Change {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "icacls \"{}\"", self.path.display())?;
        self.arguments.iter().try_for_each(|argument| match argument.contains([' ', '(']) {
            true => write!(f, " \"{argument}\""),
            false => write!(f, " {argument}"),
        })
    }
}

/// A folder that the account fills; what is in it inherits its rights.
pub fn folder(path: &Path, account: &str) -> [Change; 3] {
    changes(path, "(OI)(CI)F", &format!("{account}:(OI)(CI)M"))
}

/// A file that the account reads.
pub fn file(path: &Path, account: &str) -> [Change; 3] {
    changes(path, "F", &format!("{account}:R"))
}

/// A file that the account reads besides all who may.
pub fn readable(path: &Path, account: &str) -> Change {
    Change::new(path, ["/grant", &format!("{account}:R")])
}

/// An owner could give himself every right, so it must not be whoever made the file before.
fn changes(path: &Path, full: &str, grant: &str) -> [Change; 3] {
    let (system, administrators) = (format!("{SYSTEM}:{full}"), format!("{ADMINISTRATORS}:{full}"));
    [
        Change::new(path, ["/setowner", ADMINISTRATORS]),
        Change::new(path, ["/inheritance:r", "/grant:r", &system, &administrators, grant]),
        Change::new(path, ["/remove:g"].into_iter().chain(OTHERS)),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_system_administrators_and_the_account_are_left() {
        let lines = |changes: [Change; 3]| changes.map(|change| change.to_string());
        assert_eq!(
            lines(folder(Path::new(r"C:\a b"), r"NT SERVICE\X")),
            [
                r#"icacls "C:\a b" /setowner *S-1-5-32-544"#,
                r#"icacls "C:\a b" /inheritance:r /grant:r "*S-1-5-18:(OI)(CI)F" "*S-1-5-32-544:(OI)(CI)F" "NT SERVICE\X:(OI)(CI)M""#,
                r#"icacls "C:\a b" /remove:g *S-1-1-0 *S-1-5-11 *S-1-5-32-545"#,
            ]
        );
        let [_, granted, _] = lines(file(Path::new(r"C:\p"), r"EXAMPLE\wsus$"));
        assert_eq!(
            granted,
            r#"icacls "C:\p" /inheritance:r /grant:r *S-1-5-18:F *S-1-5-32-544:F EXAMPLE\wsus$:R"#
        );
    }
}
