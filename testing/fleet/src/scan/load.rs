//! The load itself: closed loop or open loop.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use headwater_wsus::soap::{Request as _, encode_request};
use headwater_wsus::wusp::SyncUpdates;
use hyper::body::Bytes;
use rand::SeedableRng as _;
use rand::rngs::StdRng;
use rand::seq::SliceRandom as _;
use tokio::task::JoinSet;

use super::connection::Connection;
use super::walk::{Computer, introduce, sync_updates};
use super::{Kind, Load, Report, WalkError};

/// The first number of the computers that only scan again.
const FIRST_NUMBER: u64 = 1_000_000;

/// A computer that is ready to scan again.
pub(super) struct Ready {
    /// The message up to the cookie's data, and behind it.
    head: String,
    cookie: String,
    tail: String,
    kind: Kind,
}

impl Ready {
    fn new(cookie: headwater_wsus::wusp::Cookie, template: &Computer, number: u64, kind: Kind) -> Self {
        let mut random = StdRng::seed_from_u64(number);
        let mut installed = template.installed_non_leaf.clone();
        let mut other = template.other_cached.clone();
        if kind == Kind::FirstPage {
            installed.clear();
            other.clear();
        }
        installed.shuffle(&mut random);
        other.shuffle(&mut random);
        let text = encode_request(&sync_updates(cookie, &installed, &other));
        let (head, rest) = split_after(&text, "<EncryptedData>");
        let (cookie, tail) = rest.split_at(rest.find('<').unwrap_or(rest.len()));
        Self { head: head.to_owned(), cookie: cookie.to_owned(), tail: tail.to_owned(), kind }
    }

    pub fn request_bytes(&self) -> usize {
        self.head.len() + self.cookie.len() + self.tail.len()
    }

    fn body(&self) -> Bytes {
        let mut body = String::with_capacity(self.request_bytes());
        body.push_str(&self.head);
        body.push_str(&self.cookie);
        body.push_str(&self.tail);
        body.into()
    }

    /// Takes the answer in; says whether it was the one that its request should get.
    fn take(&mut self, answer: &str) -> bool {
        let (_, cookie) = split_after(answer, "<EncryptedData>");
        if let Some(end) = cookie.find('<') {
            self.cookie.clear();
            self.cookie.push_str(&cookie[..end]);
        }
        match self.kind {
            Kind::NothingChanged => {
                answer.contains("<Truncated>false</Truncated>") && !answer.contains("<UpdateInfo>")
            }
            Kind::FirstPage => answer.contains("<UpdateInfo>"),
        }
    }
}

fn split_after<'t>(text: &'t str, mark: &str) -> (&'t str, &'t str) {
    text.split_at(text.find(mark).map_or(text.len(), |at| at + mark.len()))
}

/// Introduces all computers, and lets each scan once so that its watermark is current.
pub(super) async fn introduce_all(
    load: &Load,
    templates: &Arc<Vec<Computer>>,
) -> Result<Vec<Ready>, WalkError> {
    let next = Arc::new(AtomicUsize::new(0));
    let mut tasks = JoinSet::new();
    for _ in 0..load.in_flight.clamp(1, 64) {
        let (load, templates, next) = (load.clone(), templates.clone(), next.clone());
        tasks.spawn(async move {
            let mut connection = Connection::open(&load.target).await?;
            let mut ready = Vec::new();
            loop {
                let at = next.fetch_add(1, Ordering::Relaxed);
                if at >= load.clients {
                    return Ok::<_, WalkError>(ready);
                }
                let number = FIRST_NUMBER + at as u64;
                let cookie = introduce(&mut connection, number).await?;
                let mut computer = Ready::new(cookie, &templates[at % templates.len()], number, load.kind);
                let answer = scan(&mut connection, &computer).await?;
                computer.take(&super::walk::decode(&answer)?);
                ready.push(computer);
            }
        });
    }
    let mut all = Vec::new();
    while let Some(done) = tasks.join_next().await {
        all.extend(done.map_err(|_| WalkError::Rule("a task was stopped".to_owned()))??);
    }
    Ok(all)
}

async fn scan(connection: &mut Connection, computer: &Ready) -> Result<super::connection::Answer, WalkError> {
    connection.post("/ClientWebService/client.asmx", &SyncUpdates::action(), computer.body()).await
}

/// What one connection saw.
#[derive(Default)]
struct Seen {
    latencies: Vec<Duration>,
    errors: u64,
    bytes: u64,
}

impl Seen {
    async fn one(&mut self, connection: &mut Connection, computer: &mut Ready, planned: Instant) {
        let answer = scan(connection, computer).await;
        self.latencies.push(planned.elapsed());
        let good = match answer {
            Ok(answer) => {
                self.bytes += answer.body.len() as u64;
                let text = super::walk::decode(&answer).unwrap_or_default();
                answer.status == 200 && computer.take(&text)
            }
            Err(_) => false,
        };
        self.errors += u64::from(!good);
    }
}

/// Applies the load and sums up what all connections saw.
pub(super) async fn apply(load: &Load, computers: Vec<Ready>) -> Result<Report, WalkError> {
    let connections = match load.rate {
        Some(_) => computers.len(),
        None => load.in_flight.min(computers.len()),
    }
    .max(1);
    let mut shares: Vec<Vec<Ready>> = (0..connections).map(|_| Vec::new()).collect();
    for (at, computer) in computers.into_iter().enumerate() {
        shares[at % connections].push(computer);
    }
    let mut opened = Vec::with_capacity(connections);
    for share in shares {
        opened.push((Connection::open(&load.target).await?, share));
    }
    let begin = Instant::now();
    let end = begin + load.duration;
    let mut tasks = JoinSet::new();
    for (at, (connection, share)) in opened.into_iter().enumerate() {
        let rate = load.rate;
        tasks.spawn(async move {
            match rate {
                None => closed_loop(connection, share, end).await,
                Some(rate) => open_loop(connection, share, begin, end, at, connections, rate).await,
            }
        });
    }
    let mut all = Seen::default();
    while let Some(seen) = tasks.join_next().await {
        let seen = seen.map_err(|_| WalkError::Rule("a task was stopped".to_owned()))?;
        all.latencies.extend(seen.latencies);
        all.errors += seen.errors;
        all.bytes += seen.bytes;
    }
    Ok(report(all, begin.elapsed()))
}

async fn closed_loop(mut connection: Connection, mut share: Vec<Ready>, end: Instant) -> Seen {
    let mut seen = Seen::default();
    while Instant::now() < end && !share.is_empty() {
        for computer in &mut share {
            seen.one(&mut connection, computer, Instant::now()).await;
            if Instant::now() >= end {
                break;
            }
        }
    }
    seen
}

/// Each connection sends at its own planned moments, spread evenly over all connections.
async fn open_loop(
    mut connection: Connection,
    mut share: Vec<Ready>,
    begin: Instant,
    end: Instant,
    at: usize,
    connections: usize,
    rate: u32,
) -> Seen {
    let mut seen = Seen::default();
    let interval = Duration::from_secs_f64(connections as f64 / f64::from(rate.max(1)));
    let mut planned = begin + interval.mul_f64(at as f64 / connections as f64);
    while planned < end {
        tokio::time::sleep_until(planned.into()).await;
        for computer in &mut share {
            seen.one(&mut connection, computer, planned).await;
        }
        planned += interval;
    }
    seen
}

fn report(mut all: Seen, elapsed: Duration) -> Report {
    all.latencies.sort_unstable();
    let at = |share: f64| {
        let index = (all.latencies.len() as f64 * share) as usize;
        all.latencies.get(index.min(all.latencies.len().saturating_sub(1))).map_or(0.0, ms)
    };
    let requests = all.latencies.len() as u64;
    Report {
        requests,
        requests_per_s: requests as f64 / elapsed.as_secs_f64(),
        p50_ms: at(0.50),
        p99_ms: at(0.99),
        max_ms: at(1.0),
        errors: all.errors,
        bytes_per_s: all.bytes as f64 / elapsed.as_secs_f64(),
        request_bytes: 0,
        cached: 0,
        first_scan_calls: 0,
        first_scan_ms: 0.0,
    }
}

fn ms(latency: &Duration) -> f64 {
    latency.as_secs_f64() * 1000.0
}
