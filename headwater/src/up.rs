//! `headwater up` and `headwater serve`: what a person starts.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::ExitCode;

use headwater_app::admin;

use crate::config::{Config, ConfigError, Role};
use crate::logging;
use crate::serve::{self, ServeError};

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
    /// Serve plain HTTP beyond loopback: for laboratories only.
    #[arg(long)]
    insecure_http: bool,
    /// Add an invented catalogue and a few simulated computers that use it.
    #[arg(long)]
    demo: bool,
}

#[derive(Debug, clap::Args)]
#[command(after_help = "Example:\n  headwater serve --config /etc/headwater.toml")]
pub struct ServeArguments {
    /// A configuration file; `headwater check-config --example` prints one.
    #[arg(long, value_name = "FILE")]
    config: PathBuf,
}

pub fn up(arguments: UpArguments) -> ExitCode {
    let demo = arguments.demo;
    run(configure(arguments), demo)
}

pub fn serve(arguments: &ServeArguments) -> ExitCode {
    run(Config::read(&arguments.config), false)
}

#[allow(clippy::print_stderr)]
fn run(config: Result<Config, ConfigError>, demo: bool) -> ExitCode {
    logging::start();
    let runtime = match tokio::runtime::Builder::new_multi_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => {
            eprintln!("error: the system gave no threads: {error}");
            return ExitCode::from(1);
        }
    };
    let served = match config {
        Ok(config) => runtime.block_on(serve::run(config, demo)),
        Err(error) => Err(ServeError::Config(error)),
    };
    match served {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {}", admin::chain(&error));
            ExitCode::from(1)
        }
    }
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
    config.roles = vec![Role::UpdateServer];
    config.check()?;
    Ok(config)
}
