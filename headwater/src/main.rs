//! The executable: it reads its arguments and wires the parts together.

mod config;
mod demo;
mod linkage;
mod logging;
mod maintain;
mod node;
mod own_link;
mod serve;
mod service;
mod stop_signal;
mod tls;
mod up;

use std::process::ExitCode;

use clap::Parser;

/// A WSUS in Rust: serves Windows updates to computers and to other update servers.
#[derive(Debug, Parser)]
#[command(name = "headwater", version, about, arg_required_else_help = true)]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, clap::Subcommand)]
enum Command {
    /// Run everything on this machine, in one process.
    Up(up::UpArguments),
    /// Run the roles that a configuration file names.
    Serve(up::ServeArguments),
    #[command(flatten)]
    Administer(headwater_cli::Command),
    /// See to the WSUS Linkage of this machine.
    Linkage(linkage::LinkageArguments),
    /// Have a managing server or an update server start with this machine.
    Service(service::ServiceArguments),
    /// Copy everything that a server keeps into a new folder, while it runs.
    Backup(maintain::BackupArguments),
    /// Make a data folder out of a backup. To agents it is a new server.
    Restore(maintain::RestoreArguments),
    /// Bring the database of a stopped server up to date.
    Migrate(maintain::MigrateArguments),
    /// Read a configuration file and say what it means, or what is wrong with it.
    CheckConfig(config::CheckArguments),
}

fn main() -> ExitCode {
    match Arguments::parse().command {
        Command::Up(arguments) => up::up(arguments),
        Command::Serve(arguments) => up::serve(arguments),
        Command::Administer(command) => headwater_cli::run(&command, linkage::ask_for_run),
        Command::Linkage(arguments) => linkage::run(&arguments),
        Command::Service(arguments) => service::run_command(&arguments),
        Command::Backup(arguments) => maintain::backup(&arguments),
        Command::Restore(arguments) => maintain::restore(&arguments),
        Command::Migrate(arguments) => maintain::migrate(&arguments),
        Command::CheckConfig(arguments) => config::check(&arguments),
    }
}
