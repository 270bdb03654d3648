//! Load: many computers that scan again after nothing has changed, or that ask for a first page.
//!
//! A few computers are walked through a first scan in full over real SOAP; their caches are the
//! templates for all others. Each computer has an id and a cookie of its own and lists its cached
//! ids in an order of its own, so that no request equals another. Requests are written before the
//! load begins, but for the cookie, which is the one of the computer's last answer. Latency counts
//! from the moment at which a request was planned to be sent.

mod connection;
mod load;
mod walk;

use std::sync::Arc;
use std::time::Duration;

use serde::Serialize;

pub use connection::{Connection, Target};
pub use walk::{Computer, WalkError, introduce, walk};

/// How much is asked of a server.
#[derive(Debug, Clone)]
pub struct Load {
    pub target: Target,
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
    pub requests: u64,
    pub requests_per_s: f64,
    pub p50_ms: f64,
    pub p99_ms: f64,
    pub max_ms: f64,
    /// Answers that were no answer to the scan, or that told of updates.
    pub errors: u64,
    /// Of answers' bodies as they came.
    pub bytes_per_s: f64,
    /// Of one request's body.
    pub request_bytes: usize,
    /// Cached revisions of the first template.
    pub cached: usize,
    /// Calls of the first template's first scan.
    pub first_scan_calls: usize,
    /// Whole first scans a second while the templates were walked, one after the other.
    pub first_scan_ms: f64,
}

/// Walks the templates, introduces all computers and applies the load.
pub async fn run(load: &Load) -> Result<Report, WalkError> {
    let mut templates = Vec::new();
    let started = std::time::Instant::now();
    for number in 0..load.templates.max(1) {
        let mut connection = Connection::open(&load.target).await?;
        templates.push(walk(&mut connection, number).await?);
    }
    let first_scan_ms = started.elapsed().as_secs_f64() * 1000.0 / templates.len() as f64;
    let templates = Arc::new(templates);
    let computers = load::introduce_all(load, &templates).await?;
    let (first_scan_calls, cached) = (templates[0].calls, templates[0].cached());
    let request_bytes = computers.first().map_or(0, |computer| computer.request_bytes());
    let measured = load::apply(load, computers).await?;
    Ok(Report { request_bytes, cached, first_scan_calls, first_scan_ms, ..measured })
}
