//! `headwater-fleet events`

use std::error::Error;

use clap::Args;
use headwater_fleet::events::{Load, run};

use super::Output;

const EXAMPLE: &str = "Example:
  headwater-fleet events --url http://127.0.0.1:8530 --clients 2000 --in-flight 128";

/// Let many computers report ten events each.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLE)]
pub struct Events {
    /// The updates address of a server, plain HTTP.
    #[arg(long)]
    url: String,
    /// Simulated computers, each of which reports once.
    #[arg(long, value_name = "N", default_value_t = 2_000)]
    clients: usize,
    /// Reports under way at once.
    #[arg(long, value_name = "N", default_value_t = 128)]
    in_flight: usize,
    #[arg(long, value_enum, default_value_t = Output::Text)]
    output: Output,
}

impl Events {
    pub fn run(self) -> Result<(), Box<dyn Error>> {
        let load = Load { url: self.url, clients: self.clients, in_flight: self.in_flight };
        let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
        super::write(&runtime.block_on(run(&load))?, self.output)
    }
}
