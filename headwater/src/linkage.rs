//! `headwater linkage`: what is done to a Linkage on its own machine.

use std::path::PathBuf;
use std::process::ExitCode;

use headwater_app::{admin, lock};

#[derive(Debug, clap::Args)]
#[command(after_help = "Example:\n  headwater linkage code --data /var/lib/headwater")]
pub struct LinkageArguments {
    #[command(subcommand)]
    command: LinkageCommand,
}

#[derive(Debug, clap::Subcommand)]
enum LinkageCommand {
    /// Show the code that pairs it with a managing server.
    Code {
        /// The folder of the server [default: headwater-data].
        #[arg(long, value_name = "DIR")]
        data: Option<PathBuf>,
    },
    /// Forget the managing server, when that is lost; the server must not run.
    Unpair {
        /// The folder of the server [default: headwater-data].
        #[arg(long, value_name = "DIR")]
        data: Option<PathBuf>,
    },
}

fn folder(data: Option<&PathBuf>) -> PathBuf {
    data.cloned().unwrap_or_else(|| PathBuf::from("headwater-data"))
}

#[allow(clippy::print_stdout, clippy::print_stderr)]
pub fn run(arguments: &LinkageArguments) -> ExitCode {
    let done = match &arguments.command {
        LinkageCommand::Code { data } => headwater_linkage::shown_code(&folder(data.as_ref()))
            .map_err(|error| admin::chain(&error))
            .map(|code| match code {
                Some(code) => code,
                None => "There is no code: the Linkage has a managing server, or never ran here.".to_owned(),
            }),
        LinkageCommand::Unpair { data } => {
            let folder = folder(data.as_ref());
            lock(&folder)
                .map_err(|error| admin::chain(&error))
                .and_then(|_lock| {
                    headwater_linkage::forget_manager(&folder).map_err(|error| admin::chain(&error))
                })
                .map(|()| "The Linkage has no managing server; it shows a code when it starts.".to_owned())
        }
    };
    match done {
        Ok(text) => {
            println!("{text}");
            ExitCode::SUCCESS
        }
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::from(1)
        }
    }
}
