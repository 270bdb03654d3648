//! What a load measures, whatever it asks.

use std::fmt::{self, Display, Formatter};
use std::time::{Duration, Instant};

use serde::Serialize;
use tokio::task::JoinSet;

/// What came of a load.
#[derive(Debug, Clone, Serialize)]
pub struct Figures {
    pub requests: u64,
    pub requests_per_s: f64,
    pub p50_ms: f64,
    pub p99_ms: f64,
    pub max_ms: f64,
    /// Requests without an answer, or without the one that they should get.
    pub errors: u64,
    /// Of answers' bodies as they came.
    pub bytes_per_s: f64,
}

impl Display for Figures {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let Self { requests_per_s, p50_ms, p99_ms, max_ms, errors, bytes_per_s, .. } = self;
        let megabytes_per_s = bytes_per_s / 1e6;
        writeln!(f, "{requests_per_s:.0} requests/s, {megabytes_per_s:.1} MB/s, {errors} errors")?;
        write!(f, "p50 {p50_ms:.2} ms, p99 {p99_ms:.2} ms, longest {max_ms:.2} ms")
    }
}

/// What one connection saw.
#[derive(Debug, Default)]
pub(crate) struct Seen {
    latencies: Vec<Duration>,
    errors: u64,
    bytes: u64,
}

impl Seen {
    /// Counts an answer of so many bytes, or that there was no good one. Latency is the time since
    /// the request was planned to be sent.
    pub fn count(&mut self, planned: Instant, answer: Option<u64>) {
        self.latencies.push(planned.elapsed());
        match answer {
            Some(bytes) => self.bytes += bytes,
            None => self.errors += 1,
        }
    }
}

/// Waits for all connections and sums up what they saw; `None` where one was stopped.
pub(crate) async fn sum_up(mut connections: JoinSet<Seen>, begin: Instant) -> Option<Figures> {
    let mut all = Seen::default();
    while let Some(seen) = connections.join_next().await {
        let seen = seen.ok()?;
        all.latencies.extend(seen.latencies);
        all.errors += seen.errors;
        all.bytes += seen.bytes;
    }
    Some(all.figures(begin.elapsed()))
}

impl Seen {
    fn figures(mut self, elapsed: Duration) -> Figures {
        self.latencies.sort_unstable();
        let last = self.latencies.len().saturating_sub(1);
        let at = |share: f64| {
            let index = (self.latencies.len() as f64 * share) as usize;
            self.latencies.get(index.min(last)).map_or(0.0, |latency| latency.as_secs_f64() * 1000.0)
        };
        let requests = self.latencies.len() as u64;
        Figures {
            requests,
            requests_per_s: requests as f64 / elapsed.as_secs_f64(),
            p50_ms: at(0.50),
            p99_ms: at(0.99),
            max_ms: at(1.0),
            errors: self.errors,
            bytes_per_s: self.bytes as f64 / elapsed.as_secs_f64(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn figures_are_of_all_requests() {
        let latencies = (1..=200).rev().map(Duration::from_millis).collect();
        let figures = Seen { latencies, errors: 3, bytes: 4_000 }.figures(Duration::from_secs(2));
        assert_eq!((figures.requests, figures.errors), (200, 3));
        assert_eq!((figures.requests_per_s, figures.bytes_per_s), (100.0, 2_000.0));
        assert_eq!((figures.p50_ms, figures.p99_ms, figures.max_ms), (101.0, 199.0, 200.0));
        assert_eq!(Seen::default().figures(Duration::from_secs(1)).max_ms, 0.0);
    }
}
