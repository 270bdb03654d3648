//! `headwater service` and `headwater linkage install`: a process that starts with the machine, by systemd or by the
//! service manager of Windows.

mod install;
#[cfg(not(windows))]
mod systemd;
#[cfg(not(windows))]
mod systemd_unit;
#[cfg(windows)]
mod windows;

use std::path::PathBuf;
use std::process::ExitCode;

use headwater_app::admin;

use crate::config::{Config, ConfigError, Role};
use crate::linkage::finish;

pub use install::install;

// How a service is installed here.
#[cfg(not(windows))]
use systemd as platform;
#[cfg(windows)]
use windows as platform;

#[cfg(windows)]
pub use windows::run;

/// A process that a service manager starts.
#[derive(Debug)]
pub struct Service {
    /// systemd's name for it.
    #[cfg_attr(windows, expect(dead_code))]
    pub unit: &'static str,
    /// The name that Windows has for it, and for an account of its own.
    #[cfg_attr(not(windows), expect(dead_code))]
    pub windows: &'static str,
    pub title: &'static str,
    #[cfg_attr(not(windows), expect(dead_code))]
    pub description: &'static str,
    /// The command that runs it in the foreground.
    pub command: &'static [&'static str],
    /// Of everything that it keeps, unless another one is named.
    pub data: &'static str,
    #[cfg_attr(not(windows), expect(dead_code))]
    pub log: &'static str,
}

/// A Linkage, with what else its configuration names.
pub static LINKAGE: Service = Service {
    unit: "headwater-linkage.service",
    windows: "HeadwaterLinkage",
    title: "Headwater WSUS Linkage",
    description: "Carries out the orders of a Headwater managing server on one WSUS.",
    command: &["linkage", "run"],
    data: platform::LINKAGE_DATA,
    log: "linkage.log",
};

/// A managing server or an update server, or both.
pub static SERVER: Service = Service {
    unit: "headwater.service",
    windows: "Headwater",
    title: "Headwater",
    description: "Serves Windows updates, or manages the servers that do.",
    command: &["serve"],
    data: platform::SERVER_DATA,
    log: "headwater.log",
};

#[derive(Debug, clap::Args)]
#[command(
    after_help = "Example:\n  headwater service install --config /etc/headwater.toml --dry-run\n  sudo headwater service install --config /etc/headwater.toml"
)]
pub struct ServiceArguments {
    #[command(subcommand)]
    command: ServiceCommand,
}

#[derive(Debug, clap::Subcommand)]
enum ServiceCommand {
    /// Make a managing server or an update server a service that starts with this machine.
    Install(InstallArguments),
}

#[derive(Debug, clap::Args)]
pub struct InstallArguments {
    /// The configuration, which the service reads at every start.
    #[arg(long, value_name = "FILE", default_value = platform::CONFIG)]
    config: PathBuf,
    /// The folder of everything that it keeps; wins over the configuration's. Without it, one where this system keeps
    /// what belongs to services.
    #[arg(long, value_name = "DIR")]
    data: Option<PathBuf>,
    /// The account that runs it; without it, one that is of this service alone.
    #[arg(long, value_name = "NAME")]
    user: Option<String>,
    /// Only show what would be written and run.
    #[arg(long)]
    dry_run: bool,
}

impl InstallArguments {
    pub fn config(&self) -> Result<Config, ConfigError> {
        Config::read(&self.config)
    }
}

pub fn run_command(arguments: &ServiceArguments) -> ExitCode {
    let ServiceCommand::Install(arguments) = &arguments.command;
    let installed = arguments.config().and_then(without_linkage).map_err(|error| admin::chain(&error));
    finish(
        installed
            .and_then(|config| install(&SERVER, config, arguments).map_err(|error| admin::chain(&error))),
    )
}

/// One process is one service.
fn without_linkage(config: Config) -> Result<Config, ConfigError> {
    match config.has(Role::Linkage) || config.linkage.microsoft_wsus.is_some() {
        false => Ok(config),
        true => Err(ConfigError::Meaning(
            "this configuration has a Linkage: `headwater linkage install` makes it a service, with its other roles"
                .to_owned(),
        )),
    }
}
