//! `headwater linkage`: a Linkage on its own machine, run, installed and seen to.

mod ask;

use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::ExitCode;

use headwater_app::{admin, lock};

use crate::config::{Config, ConfigError};
use crate::serve::{self, Linking};
use crate::service::{self, InstallArguments};
use crate::{logging, up};

pub use ask::ask_for_run;

#[derive(Debug, clap::Args)]
#[command(
    after_help = "Example:\n  headwater linkage run --config /etc/headwater.toml\n  sudo headwater linkage install --config /etc/headwater.toml\n  headwater linkage code --data /var/lib/headwater-linkage"
)]
pub struct LinkageArguments {
    #[command(subcommand)]
    command: LinkageCommand,
}

#[derive(Debug, clap::Subcommand)]
enum LinkageCommand {
    /// Run a WSUS Linkage in the foreground; it prints its address, fingerprint and pairing code.
    Run(RunArguments),
    /// Make it a service that starts with this machine.
    Install(InstallArguments),
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

#[derive(Debug, Clone, clap::Args)]
#[command(after_help = "Example:\n  headwater linkage run --config /etc/headwater.toml")]
struct RunArguments {
    /// Which WSUS it speaks for: `linkage.microsoft_wsus`, or else the update server of this configuration,
    /// which then runs beside it.
    #[arg(long, value_name = "FILE")]
    config: PathBuf,
    /// The folder of its key and state; wins over the configuration's.
    #[arg(long, value_name = "DIR")]
    data: Option<PathBuf>,
    /// Where the managing server and Linkages below ask; wins over the configuration's.
    #[arg(long, value_name = "ADDRESS")]
    listen: Option<SocketAddr>,
    /// Started by the service manager, as `linkage install` tells it to.
    #[cfg(windows)]
    #[arg(long, hide = true)]
    service: bool,
}

pub fn run(arguments: &LinkageArguments) -> ExitCode {
    let done = match &arguments.command {
        #[cfg(windows)]
        LinkageCommand::Run(arguments) if arguments.service => {
            let (folder, arguments) = (folder(arguments.data.as_ref()), arguments.clone());
            service::run(&service::LINKAGE, &folder, move || configure(&arguments))
        }
        LinkageCommand::Run(arguments) => {
            logging::start(logging::ALL);
            return up::run(configure(arguments), |config| serve::run(config, Linking::ByHand));
        }
        LinkageCommand::Install(arguments) => {
            let config =
                arguments.config().and_then(Config::for_linkage).map_err(|error| admin::chain(&error));
            config.and_then(|config| {
                service::install(&service::LINKAGE, config, arguments).map_err(|error| admin::chain(&error))
            })
        }
        LinkageCommand::Code { data } => code(data.as_ref()),
        LinkageCommand::Unpair { data } => unpair(data.as_ref()),
    };
    finish(done)
}

fn configure(arguments: &RunArguments) -> Result<Config, ConfigError> {
    let mut config = Config::read(&arguments.config)?.for_linkage()?;
    config.data = arguments.data.clone().unwrap_or(config.data);
    config.linkage.listen = arguments.listen.unwrap_or(config.linkage.listen);
    Ok(config)
}

fn folder(data: Option<&PathBuf>) -> PathBuf {
    data.cloned().unwrap_or_else(|| PathBuf::from("headwater-data"))
}

fn code(data: Option<&PathBuf>) -> Result<String, String> {
    let code = headwater_linkage::shown_code(&folder(data)).map_err(|error| admin::chain(&error))?;
    let none = "There is no code: the Linkage has a managing server, or never ran here.";
    Ok(code.unwrap_or_else(|| none.to_owned()))
}

fn unpair(data: Option<&PathBuf>) -> Result<String, String> {
    let folder = folder(data);
    headwater_linkage::must_have_run(&folder).map_err(|error| admin::chain(&error))?;
    let _lock = lock(&folder).map_err(|error| admin::chain(&error))?;
    headwater_linkage::forget_manager(&folder).map_err(|error| admin::chain(&error))?;
    Ok("The Linkage has no managing server; it shows a code when it starts.".to_owned())
}

#[allow(clippy::print_stdout, clippy::print_stderr)]
pub fn finish(done: Result<String, String>) -> ExitCode {
    match done {
        Ok(text) => {
            println!("{}", text.trim_end());
            ExitCode::SUCCESS
        }
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::from(1)
        }
    }
}
