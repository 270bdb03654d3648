//! Load: computers that report, each ten events at once, its inventory among them (fact 40).
//!
//! One computer scans first; all report of what it found. Every computer reports once, so that each
//! report brings something new, and has an id, a cookie and a connection of its own.

use std::fmt::{self, Display, Formatter};
use std::time::Instant;

use headwater_simulated_agent::{Agent, AgentError, Cached, ConnectionError, Event, Stage};
use serde::Serialize;
use tokio::task::JoinSet;

use crate::computers;
use crate::measure::{Figures, Seen, sum_up};

/// How much is asked of a server.
#[derive(Debug, Clone)]
pub struct Load {
    /// Such as `http://127.0.0.1:8530`. Only plain HTTP is spoken.
    pub url: String,
    pub clients: usize,
    /// Reports under way at once.
    pub in_flight: usize,
}

/// What came of it.
#[derive(Debug, Clone, Serialize)]
pub struct Report {
    #[serde(flatten)]
    pub figures: Figures,
    pub events_per_s: f64,
    /// Updates in each inventory.
    pub inventory: usize,
}

impl Display for Report {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let Self { figures, events_per_s, inventory } = self;
        write!(f, "{figures}\n{events_per_s:.0} events/s, {inventory} updates in each inventory")
    }
}

/// Why there was no load.
#[derive(Debug, thiserror::Error)]
pub enum EventsError {
    #[error("a computer is not known to the server")]
    Agent(#[source] Box<AgentError>),
    #[error(transparent)]
    Connection(#[from] ConnectionError),
    #[error("a part of the load was stopped")]
    Stopped,
}

/// Makes all computers known and lets them report.
pub async fn run(load: &Load) -> Result<Report, EventsError> {
    let mut scanned = computers::agent(&load.url, 0)?;
    scanned.scan().await.map_err(failed)?;
    let (events, inventory) = ten_events(&scanned);
    let mut shares: Vec<Vec<Agent>> = (0..load.in_flight.max(1)).map(|_| Vec::new()).collect();
    for at in 0..load.clients {
        let mut agent = computers::agent(&load.url, computers::FIRST_OF_MANY + at as u64)?;
        agent.run([Stage::RegisterComputer]).await.map_err(failed)?;
        shares[at % load.in_flight.max(1)].push(agent);
    }
    let begin = Instant::now();
    let mut tasks = JoinSet::new();
    for share in shares {
        tasks.spawn(report(share, events.clone()));
    }
    let figures = sum_up(tasks, begin).await.ok_or(EventsError::Stopped)?;
    let events_per_s = figures.requests_per_s * events.len() as f64;
    Ok(Report { figures, events_per_s, inventory })
}

fn failed(error: AgentError) -> EventsError {
    EventsError::Agent(Box::new(error))
}

/// A scan, and two updates that were downloaded and installed; with the length of the inventory.
fn ten_events(agent: &Agent) -> (Vec<Event>, usize) {
    let status = Event::status(agent.walk.cache());
    let inventory = status.misc.iter().map(|list| list.split(';').count()).sum();
    let mut events = vec![Event::detected(agent.to_install().len()), status];
    let needed = |(_, cached): &(i32, &Cached)| cached.is_leaf && cached.evaluation.installable;
    for (_, cached) in agent.walk.cache().iter().filter(needed).take(2) {
        events.extend([
            Event::download_started(cached.identity),
            Event::download_succeeded(cached.identity),
            Event::installation_started(cached.identity, "Software"),
            Event::installation_succeeded(cached.identity, "Software"),
        ]);
    }
    (events, inventory)
}

async fn report(share: Vec<Agent>, events: Vec<Event>) -> Seen {
    let mut seen = Seen::default();
    for mut agent in share {
        let planned = Instant::now();
        let taken = matches!(agent.report(&events).await, Ok(true));
        seen.count(planned, taken.then_some(0));
    }
    seen
}
