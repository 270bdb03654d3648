//! `headwater up` and `headwater serve`: what a person starts.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::ExitCode;

use headwater_app::admin;

use crate::config::{Config, ConfigError, Role};
use crate::logging;
use crate::serve::{self, Linking, ServeError};
#[cfg(windows)]
use crate::{linkage, service};

#[derive(Debug, clap::Args)]
#[command(
    after_help = "Example:\n  headwater up --data /var/lib/headwater --updates 0.0.0.0:8531 --console 127.0.0.1:8580"
)]
pub struct UpArguments {
    /// A configuration file; what is given here beside it wins.
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
    /// The folder of everything that the server keeps [default: headwater-data].
    #[arg(long, value_name = "DIR")]
    data: Option<PathBuf>,
    /// Where update agents ask [default: 127.0.0.1:8530].
    #[arg(long, value_name = "ADDRESS")]
    updates: Option<SocketAddr>,
    /// Where administrators ask [default: 127.0.0.1:8580].
    #[arg(long, value_name = "ADDRESS")]
    console: Option<SocketAddr>,
    /// Where the managing server and the Linkages of servers below ask [default: 127.0.0.1:8532].
    #[arg(long, value_name = "ADDRESS")]
    linkage: Option<SocketAddr>,
    /// Serve plain HTTP beyond loopback: for laboratories only.
    #[arg(long)]
    insecure_http: bool,
    /// Show a whole tree: five WSUS servers, an invented catalogue, sixty simulated computers.
    #[arg(long)]
    demo: bool,
}

#[derive(Debug, clap::Args)]
#[command(after_help = "Example:\n  headwater serve --config /etc/headwater.toml")]
pub struct ServeArguments {
    /// A configuration file; `headwater check-config --example` prints one.
    #[arg(long, value_name = "FILE")]
    config: PathBuf,
    /// The folder of everything that the server keeps; wins over the configuration's.
    #[arg(long, value_name = "DIR")]
    data: Option<PathBuf>,
    /// Started by the service manager, as `service install` tells it to.
    #[cfg(windows)]
    #[arg(long, hide = true)]
    service: bool,
}

pub fn up(arguments: UpArguments) -> ExitCode {
    let demo = arguments.demo;
    logging::start(if demo { logging::DEMO } else { logging::ALL });
    let config = configure(arguments);
    match demo {
        true => run(config, serve::run_demo),
        false => run(config, |config| serve::run(config, Linking::Own)),
    }
}

pub fn serve(arguments: ServeArguments) -> ExitCode {
    #[cfg(windows)]
    if arguments.service {
        let folder = arguments.data.clone().unwrap_or_else(|| Config::default().data);
        return linkage::finish(service::run(&service::SERVER, &folder, move || named(&arguments)));
    }
    logging::start(logging::ALL);
    run(named(&arguments), |config| serve::run(config, Linking::ByHand))
}

fn named(arguments: &ServeArguments) -> Result<Config, ConfigError> {
    let mut config = Config::read(&arguments.config)?;
    config.data = arguments.data.clone().unwrap_or(config.data);
    Ok(config)
}

#[allow(clippy::print_stderr)]
pub fn run<F: Future<Output = Result<(), ServeError>>>(
    config: Result<Config, ConfigError>,
    serve: impl FnOnce(Config) -> F,
) -> ExitCode {
    match run_to_the_end(config, serve) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {}", admin::chain(&error));
            ExitCode::from(1)
        }
    }
}

/// With threads of its own.
pub fn run_to_the_end<F: Future<Output = Result<(), ServeError>>>(
    config: Result<Config, ConfigError>,
    serve: impl FnOnce(Config) -> F,
) -> Result<(), ServeError> {
    let runtime =
        tokio::runtime::Builder::new_multi_thread().enable_all().build().map_err(ServeError::Threads)?;
    runtime.block_on(serve(config?))
}

fn configure(arguments: UpArguments) -> Result<Config, ConfigError> {
    let mut config = match &arguments.config {
        Some(path) => Config::read(path)?,
        None => Config::default(),
    };
    config.data = arguments.data.unwrap_or(config.data);
    config.updates = arguments.updates.unwrap_or(config.updates);
    config.console = arguments.console.unwrap_or(config.console);
    config.insecure_http |= arguments.insecure_http;
    config.linkage.listen = arguments.linkage.unwrap_or(config.linkage.listen);
    config.roles = vec![Role::UpdateServer, Role::Linkage, Role::Manager];
    config.check()?;
    Ok(config)
}
