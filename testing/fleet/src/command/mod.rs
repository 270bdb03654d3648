//! The commands, one file each.

pub mod catalogue;
pub mod content;
pub mod events;
pub mod scan;

use std::error::Error;
use std::fmt::Display;
use std::io::{self, Write as _};
use std::process::ExitCode;

use clap::ValueEnum;
use serde::Serialize;

/// How a report is written.
#[derive(Debug, Clone, Copy, ValueEnum)]
pub enum Output {
    Text,
    Json,
}

/// Writes what came of a load.
pub fn write(report: &(impl Display + Serialize), output: Output) -> Result<(), Box<dyn Error>> {
    let mut out = io::stdout().lock();
    match output {
        Output::Json => serde_json::to_writer_pretty(&mut out, report)?,
        Output::Text => write!(out, "{report}")?,
    }
    Ok(writeln!(out)?)
}

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
