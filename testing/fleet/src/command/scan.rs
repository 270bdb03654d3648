//! `headwater-fleet scan`

use std::error::Error;
use std::time::Duration;

use clap::Args;
use headwater_fleet::scan::{Kind, Load, run};

use super::Output;

const EXAMPLE: &str = "Examples:
  As much as the server answers, 64 requests under way:
    headwater-fleet scan --url http://127.0.0.1:8530 --clients 2000 --duration 20
  500 requests a second over 2,000 connections:
    headwater-fleet scan --url http://127.0.0.1:8530 --clients 2000 --rate 500 --duration 20";

/// Let many computers scan again where nothing has changed.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLE)]
pub struct Scan {
    /// The updates address of a server, plain HTTP.
    #[arg(long)]
    url: String,
    /// Simulated computers, each with an id, a cookie and an order of its ids of its own.
    #[arg(long, value_name = "N", default_value_t = 1_000)]
    clients: usize,
    /// Requests under way at once, without --rate.
    #[arg(long, value_name = "N", default_value_t = 64)]
    in_flight: usize,
    /// Requests a second, over one connection for each computer.
    #[arg(long, value_name = "R")]
    rate: Option<u32>,
    /// Seconds.
    #[arg(long, value_name = "S", default_value_t = 10)]
    duration: u64,
    /// Computers whose first scan is walked in full, as templates of all others.
    #[arg(long, value_name = "N", default_value_t = 4)]
    templates: u64,
    /// Ask for the first page of a first scan instead of scanning again.
    #[arg(long)]
    first_page: bool,
    /// Ask for plain answers.
    #[arg(long)]
    plain: bool,
    #[arg(long, value_enum, default_value_t = Output::Text)]
    output: Output,
}

impl Scan {
    pub fn run(self) -> Result<(), Box<dyn Error>> {
        let load = Load {
            url: self.url,
            accept_xpress: !self.plain,
            clients: self.clients,
            in_flight: self.in_flight,
            rate: self.rate,
            duration: Duration::from_secs(self.duration),
            kind: if self.first_page { Kind::FirstPage } else { Kind::NothingChanged },
            templates: self.templates,
        };
        let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
        let report = runtime.block_on(run(&load))?;
        super::write(&report, self.output)
    }
}
