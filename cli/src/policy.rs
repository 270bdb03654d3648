//! `headwater client`: what the computers need.

use clap::{Args, Subcommand, ValueEnum};
use headwater_api::PolicyFormat;

use crate::Options;
use crate::arguments::examples;
use crate::failure::{Exit, Failure};
use crate::session::Session;

#[derive(Debug, Args)]
pub struct ClientArguments {
    #[command(flatten)]
    pub options: Options,
    #[command(subcommand)]
    pub command: ClientCommand,
}

#[derive(Debug, Subcommand)]
pub enum ClientCommand {
    /// Print the policy that makes a computer use this server
    ///
    /// The text is the same with every --output.
    #[command(after_help = examples!(
        "headwater client policy --format reg > headwater.reg",
        "headwater client policy --format powershell > headwater.ps1"
    ))]
    Policy {
        /// For what it is
        #[arg(long, value_name = "FORMAT", default_value = "reg")]
        format: Format,
    },
}

#[derive(Debug, Clone, Copy, ValueEnum)]
pub enum Format {
    /// A file for regedit
    Reg,
    /// A script
    Powershell,
}

pub(crate) fn run(command: &ClientCommand, session: &mut Session<'_, '_>) -> Result<Exit, Failure> {
    match command {
        ClientCommand::Policy { format } => {
            let format = match format {
                Format::Reg => PolicyFormat::Reg,
                Format::Powershell => PolicyFormat::Powershell,
            };
            let text = session.client.policy(format)?;
            session.terminal.out.write_all(text.as_bytes())?;
            session.terminal.out.flush()?;
            Ok(Exit::Done)
        }
    }
}
