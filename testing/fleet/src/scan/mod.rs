//! Load: many computers that scan again after nothing has changed, or that ask for a first page.
//!
//! A few computers are walked through a first scan in full by the simulated agent; their caches are
//! the templates for all others. Each computer has an id and a cookie of its own and lists its cached
//! ids in an order of its own, so that no request equals another. Requests are written before the
//! load begins, but for the cookie, which is the one of the computer's last answer. Latency counts
//! from the moment at which a request was planned to be sent.

mod load;
mod ready;

use std::fmt::{self, Display, Formatter};
use std::sync::Arc;
use std::time::{Duration, Instant};

use headwater_simulated_agent::{AgentError, ConnectionError};
use serde::Serialize;

use crate::measure::Figures;

/// How much is asked of a server.
#[derive(Debug, Clone)]
pub struct Load {
    /// Such as `http://127.0.0.1:8530`. Only plain HTTP is spoken.
    pub url: String,
    /// Whether answers are asked for in xpress.
    pub accept_xpress: bool,
    pub clients: usize,
    /// Requests under way at once, and connections, of a closed loop.
    pub in_flight: usize,
    /// Requests a second of an open loop over one connection for each client; `None` for as many
    /// as the server answers.
    pub rate: Option<u32>,
    pub duration: Duration,
    pub kind: Kind,
    /// Computers that are walked in full.
    pub templates: u64,
}

/// What each request asks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// A later scan in which nothing is new.
    NothingChanged,
    /// The first page of a first scan: nothing is cached.
    FirstPage,
}

/// What came of it.
#[derive(Debug, Clone, Serialize)]
pub struct Report {
    #[serde(flatten)]
    pub figures: Figures,
    /// Of one request's body.
    pub request_bytes: usize,
    /// Cached revisions of the first template.
    pub cached: usize,
    /// Calls of SyncUpdates in the first template's first scan.
    pub first_scan_calls: u32,
    /// The time of a whole first scan while the templates were walked, one after the other.
    pub first_scan_ms: f64,
}

impl Display for Report {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let Self { figures, request_bytes, cached, first_scan_calls, first_scan_ms } = self;
        writeln!(f, "{figures}")?;
        write!(f, "requests of {request_bytes} bytes with {cached} cached ids; ")?;
        write!(f, "first scan {first_scan_calls} calls, {first_scan_ms:.0} ms")
    }
}

/// Why there was no load.
#[derive(Debug, thiserror::Error)]
pub enum ScanError {
    #[error("{0} does not scan")]
    Agent(String, #[source] Box<AgentError>),
    #[error(transparent)]
    Connection(#[from] ConnectionError),
    #[error("{0} has nothing to ask")]
    Silent(String),
    #[error("a part of the load was stopped")]
    Stopped,
}

/// Walks the templates, introduces all computers and applies the load.
pub async fn run(load: &Load) -> Result<Report, ScanError> {
    let mut templates = Vec::new();
    let started = Instant::now();
    for number in 0..load.templates.max(1) {
        templates.push(ready::walk(load, number).await?);
    }
    let first_scan_ms = started.elapsed().as_secs_f64() * 1000.0 / templates.len() as f64;
    let (first_scan_calls, cached) = (templates[0].scan().sync_calls, templates[0].cache().len());
    let computers = ready::introduce_all(load, Arc::new(templates)).await?;
    let request_bytes = computers.first().map_or(0, |computer| computer.request().body.len());
    let figures = load::apply(load, computers).await?;
    Ok(Report { figures, request_bytes, cached, first_scan_calls, first_scan_ms })
}
