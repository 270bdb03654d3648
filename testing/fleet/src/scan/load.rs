//! The load itself: closed loop or open loop.

use std::time::{Duration, Instant};

use headwater_simulated_agent::{Connection, ConnectionError};
use tokio::task::JoinSet;

use super::ready::Ready;
use super::{Load, ScanError};
use crate::measure::{Figures, Seen, sum_up};

/// The computers that take turns on one connection.
struct Share {
    connection: Connection,
    computers: Vec<Ready>,
    seen: Seen,
}

/// Applies the load and sums up what all connections saw.
pub(super) async fn apply(load: &Load, computers: Vec<Ready>) -> Result<Figures, ScanError> {
    let connections = match load.rate {
        Some(_) => computers.len(),
        None => load.in_flight.min(computers.len()),
    };
    let mut shares = Vec::with_capacity(connections);
    for _ in 0..connections {
        let connection = connect(load).await?;
        shares.push(Share { connection, computers: Vec::new(), seen: Seen::default() });
    }
    for (at, computer) in computers.into_iter().enumerate() {
        shares[at % connections].computers.push(computer);
    }
    let begin = Instant::now();
    let end = begin + load.duration;
    let mut tasks = JoinSet::new();
    for (at, share) in shares.into_iter().enumerate() {
        match load.rate {
            None => tasks.spawn(share.closed_loop(end)),
            Some(rate) => {
                // The planned moments of all connections are spread evenly.
                let interval = Duration::from_secs_f64(connections as f64 / f64::from(rate.max(1)));
                let first = begin + interval.mul_f64(at as f64 / connections as f64);
                tasks.spawn(share.open_loop(first, interval, end))
            }
        };
    }
    sum_up(tasks, begin).await.ok_or(ScanError::Stopped)
}

async fn connect(load: &Load) -> Result<Connection, ConnectionError> {
    let mut connection = Connection::new(&load.url)?;
    connection.accept_xpress = load.accept_xpress;
    connection.open().await?;
    Ok(connection)
}

impl Share {
    async fn closed_loop(mut self, end: Instant) -> Seen {
        for at in (0..self.computers.len()).cycle() {
            if Instant::now() >= end {
                break;
            }
            self.one(at, Instant::now()).await;
        }
        self.seen
    }

    async fn open_loop(mut self, first: Instant, interval: Duration, end: Instant) -> Seen {
        let mut planned = first;
        while planned < end {
            tokio::time::sleep_until(planned.into()).await;
            for at in 0..self.computers.len() {
                self.one(at, planned).await;
            }
            planned += interval;
        }
        self.seen
    }

    async fn one(&mut self, at: usize, planned: Instant) {
        let computer = &mut self.computers[at];
        let answer = self.connection.post(computer.request()).await.ok();
        let good = answer.filter(|answer| computer.take(answer));
        self.seen.count(planned, good.map(|answer| answer.wire_bytes as u64));
    }
}
