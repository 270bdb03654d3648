//! Passwords, which are typed, piped or in a file, and never an argument that others can see.

use std::io::{self, IsTerminal as _, Read as _};
use std::path::PathBuf;

use clap::Args;
use console::Term;

use crate::failure::Failure;

/// The longest password that is read, in bytes.
const PASSWORD_BYTES_MAX: u64 = 4_096;

/// Where a password comes from.
#[derive(Debug, Clone, Args)]
pub struct PasswordSource {
    /// The file that holds the password [default: it is asked for, or read from the standard input]
    #[arg(long, value_name = "FILE")]
    pub password_file: Option<PathBuf>,
}

impl PasswordSource {
    /// A new password; one that is typed is typed twice.
    pub(crate) fn read(&self, whose: &str) -> Result<String, Failure> {
        if let Some(path) = &self.password_file {
            let unreadable = |error| Failure::Argument(format!("{} cannot be read: {error}", path.display()));
            return line(std::fs::File::open(path).map_err(unreadable)?);
        }
        if !io::stdin().is_terminal() {
            return line(io::stdin().lock());
        }
        let terminal = Term::stderr();
        let ask = |question: &str| -> Result<String, Failure> {
            terminal.write_str(&format!("{question}: "))?;
            Ok(terminal.read_secure_line()?)
        };
        let password = ask(&format!("Password of {whose}"))?;
        match ask("Once more")? == password {
            true => Ok(password),
            false => Err(Failure::Argument("the two are not the same: nothing was changed".to_owned())),
        }
    }
}

/// The first line, without its end.
fn line(source: impl io::Read) -> Result<String, Failure> {
    let mut text = String::new();
    source.take(PASSWORD_BYTES_MAX).read_to_string(&mut text)?;
    match text.lines().next() {
        Some(first) if !first.is_empty() => Ok(first.to_owned()),
        _ => Err(Failure::Argument("there is no password: it is the first line".to_owned())),
    }
}
