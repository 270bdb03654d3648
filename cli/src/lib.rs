//! The administrator's commands. They speak to the API only, so that what a command can do, a
//! program can; the server may be on this machine or another.
//!
//! The executable flattens [`Command`] into its own commands and ends with what [`run`] returns:
//!
//! | code | meaning |
//! |---|---|
//! | 0 | done |
//! | 1 | refused, or done in part; what was not done is named |
//! | 2 | wrong arguments |
//! | 3 | the server, or a WSUS Linkage that it needs, cannot be reached |
//! | 4 | no WSUS is linked |
//! | 5 | a WSUS without WSUS Linkage stands in the tree; it is named |
//! | 6 | not permitted |
//!
//! Results go to the standard output, all else to the standard error. One command has two ways: on the machine
//! of a lower server, `wsus sync` asks its WSUS Linkage ([`OwnLinkage`]).

mod approval;
mod arguments;
mod audit;
mod clean_up;
mod computer;
mod connection;
mod downstream;
mod failure;
mod group;
mod hostgroup;
mod import;
mod licence;
mod live;
mod moment;
mod names;
mod operator;
mod policy;
mod report;
mod schedule;
mod secret;
mod server;
mod session;
mod sheet;
mod states;
mod synchronise;
mod table;
mod terminal;
mod token;
mod tree;
mod update;
mod update_sheet;
mod upstream;
mod wsus;
mod wsus_group;
mod wsus_relink;
mod wsus_server;

use std::process::ExitCode;

use clap::Subcommand;

pub use arguments::Options;
pub use connection::{API_URL_FILE, CA_FILE, DATA_FOLDER, LINKAGE_URL_FILE, TOKEN_FILE};
pub use failure::Exit;
pub use wsus::OwnLinkage;

use arguments::examples;
use failure::Failure;
use session::Session;
use terminal::Terminal;

/// What an administrator does with a server.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Import, find, approve and decline updates
    #[command(after_help = examples!("headwater update list --search \"Windows 11\""))]
    Update(update::UpdateArguments),
    /// Make groups of computers and see who is in them
    #[command(after_help = examples!("headwater group create Pilot"))]
    Group(group::GroupArguments),
    /// Find computers, move them between groups, forget them
    #[command(after_help = examples!("headwater computer list --group Pilot"))]
    Computer(computer::ComputerArguments),
    /// See what a server holds and where it is reached
    #[command(after_help = examples!("headwater server status"))]
    Server(server::ServerArguments),
    /// Take updates from another update server
    #[command(after_help = examples!("headwater upstream set https://wsus.example:8531 --replica"))]
    Upstream(upstream::UpstreamArguments),
    /// See which servers take updates from this one, and forget those that are gone
    #[command(after_help = examples!("headwater downstream list"))]
    Downstream(downstream::DownstreamArguments),
    /// Link a managing server with the WSUS servers of a tree, and bring them in step
    #[command(after_help = examples!("headwater wsus show"))]
    Wsus(wsus::WsusArguments),
    /// Group the hosts of a managing server
    #[command(name = "hostgroup", after_help = examples!("headwater hostgroup list"))]
    HostGroup(hostgroup::HostGroupArguments),
    /// Say who may administer the server, and how far
    #[command(after_help = examples!("headwater operator list"))]
    Operator(operator::OperatorArguments),
    /// Give programs what they show to the server
    #[command(after_help = examples!("headwater token list"))]
    Token(token::TokenArguments),
    /// See what was done, by whom and when
    #[command(after_help = examples!("headwater audit list"))]
    Audit(audit::AuditArguments),
    /// Report how the computers of a tree stand
    #[command(after_help = examples!("headwater report compliance"))]
    Report(report::ReportArguments),
    /// Make computers use this server
    #[command(after_help = examples!("headwater client policy --format reg > headwater.reg"))]
    Client(policy::ClientArguments),
}

/// Does what a command says and reports to the terminal.
pub fn run(command: &Command, linkage: OwnLinkage) -> ExitCode {
    ExitCode::from(Terminal::with_standard(|terminal| execute(command, linkage, terminal)))
}

fn execute(command: &Command, linkage: OwnLinkage, terminal: &mut Terminal<'_>) -> Exit {
    let options = match command {
        Command::Update(arguments) => &arguments.options,
        Command::Group(arguments) => &arguments.options,
        Command::Computer(arguments) => &arguments.options,
        Command::Server(arguments) => &arguments.options,
        Command::Upstream(arguments) => &arguments.options,
        Command::Downstream(arguments) => &arguments.options,
        Command::Wsus(arguments) => &arguments.options,
        Command::HostGroup(arguments) => &arguments.options,
        Command::Operator(arguments) => &arguments.options,
        Command::Token(arguments) => &arguments.options,
        Command::Audit(arguments) => &arguments.options,
        Command::Report(arguments) => &arguments.options,
        Command::Client(arguments) => &arguments.options,
    };
    if let Command::Wsus(arguments) = command
        && let Some(result) = wsus::run_here(arguments, linkage, terminal)
    {
        return reported(result, terminal);
    }
    let result = options.connect().map_err(Failure::from).and_then(|client| {
        let session = &mut Session { client, output: options.output, terminal };
        match command {
            Command::Update(arguments) => update::run(&arguments.command, session),
            Command::Group(arguments) => group::run(&arguments.command, session),
            Command::Computer(arguments) => computer::run(&arguments.command, session),
            Command::Server(arguments) => server::run(&arguments.command, session),
            Command::Upstream(arguments) => upstream::run(&arguments.command, session),
            Command::Downstream(arguments) => downstream::run(&arguments.command, session),
            Command::Wsus(arguments) => wsus::run(&arguments.command, session),
            Command::HostGroup(arguments) => hostgroup::run(&arguments.command, session),
            Command::Operator(arguments) => operator::run(&arguments.command, session),
            Command::Token(arguments) => token::run(&arguments.command, session),
            Command::Audit(arguments) => audit::run(&arguments.command, session),
            Command::Report(arguments) => report::run(&arguments.command, session),
            Command::Client(arguments) => policy::run(&arguments.command, session),
        }
    });
    reported(result, terminal)
}

fn reported(result: Result<Exit, Failure>, terminal: &mut Terminal<'_>) -> Exit {
    result.unwrap_or_else(|failure| {
        terminal.complain(&failure);
        failure.exit()
    })
}

#[cfg(test)]
mod tests;
