//! The commands, one file each.

pub mod catalogue;
pub mod scan;

use std::error::Error;
use std::io::{self, Write as _};
use std::process::ExitCode;

/// Tells why a command failed, with all causes on one line.
pub fn fail(error: &dyn Error) -> ExitCode {
    let mut line = format!("error: {error}");
    let mut source = error.source();
    while let Some(cause) = source {
        line += &format!(": {cause}");
        source = cause.source();
    }
    // Where the line cannot be written there is nobody to tell; the exit code still says it.
    let _ = writeln!(io::stderr(), "{line}");
    ExitCode::FAILURE
}
