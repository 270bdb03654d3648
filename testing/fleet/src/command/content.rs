//! `headwater-fleet content`

use std::error::Error;
use std::time::Duration;

use clap::Args;
use headwater_fleet::content::{Load, run};

use super::Output;

const EXAMPLE: &str = "Example:
  One file of a server and the same one of another, in one run:
    headwater-fleet content --url http://127.0.0.1:8530 --file /Content/A2/0123…A2.cab
    headwater-fleet content --url http://127.0.0.1:8080 --file /0123…A2.cab";

/// Fetch files as update agents do: ranges of 1 MiB in shuffled order.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLE)]
pub struct Content {
    /// The address of a server, plain HTTP.
    #[arg(long)]
    url: String,
    /// The path of a file there. May be given several times.
    #[arg(long = "file", value_name = "PATH", required = true)]
    files: Vec<String>,
    /// Connections, each with one request under way.
    #[arg(long, value_name = "N", default_value_t = 5)]
    connections: usize,
    /// Seconds.
    #[arg(long, value_name = "S", default_value_t = 10)]
    duration: u64,
    #[arg(long, value_enum, default_value_t = Output::Text)]
    output: Output,
}

impl Content {
    pub fn run(self) -> Result<(), Box<dyn Error>> {
        let base = self.url.trim_end_matches('/');
        let load = Load {
            files: self.files.iter().map(|path| format!("{base}/{}", path.trim_start_matches('/'))).collect(),
            connections: self.connections,
            duration: Duration::from_secs(self.duration),
        };
        let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
        super::write(&runtime.block_on(run(&load))?, self.output)
    }
}
