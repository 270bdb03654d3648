//! `headwater-fleet`: catalogues as real ones are, and computers to be served from them.

mod command;

use std::process::ExitCode;

use clap::{Parser, Subcommand};

/// Catalogues as real ones are, and computers to be served from them.
#[derive(Debug, Parser)]
#[command(name = "headwater-fleet", version)]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    Catalogue(command::catalogue::Catalogue),
    Content(command::content::Content),
    Events(command::events::Events),
    Scan(command::scan::Scan),
}

fn main() -> ExitCode {
    let result = match Arguments::parse().command {
        Command::Catalogue(catalogue) => catalogue.run(),
        Command::Content(content) => content.run(),
        Command::Events(events) => events.run(),
        Command::Scan(scan) => scan.run(),
    };
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => command::fail(error.as_ref()),
    }
}
