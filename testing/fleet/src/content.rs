//! Load: agents that fetch files, as Delivery Optimization does (fact 38).
//!
//! Every connection asks for closed ranges of 1 MiB, one after the other, in an order of its own, and
//! keeps open. An answer must have the status 206, its Content-Range and its length; what is in it is
//! read and not kept. Any server of files can be measured so.

use std::ops::Range;
use std::sync::Arc;
use std::time::{Duration, Instant};

use headwater_simulated_agent::{
    Connection, ConnectionError, DownloadError, file_bytes, open_range, ranges, read_and_drop,
};
use rand::seq::SliceRandom as _;
use tokio::task::JoinSet;

use crate::measure::{Figures, Seen, sum_up};

/// How much is asked of a server.
#[derive(Debug, Clone)]
pub struct Load {
    /// The URLs of files. Only plain HTTP is spoken.
    pub files: Vec<String>,
    pub connections: usize,
    pub duration: Duration,
}

/// Why there was no load.
#[derive(Debug, thiserror::Error)]
pub enum ContentError {
    #[error("`{url}` cannot be fetched")]
    File { url: String, source: Box<DownloadError> },
    #[error(transparent)]
    Connection(#[from] ConnectionError),
    #[error("there is nothing to fetch: all files are empty")]
    Empty,
    #[error("a part of the load was stopped")]
    Stopped,
}

/// A range of a file.
#[derive(Debug, Clone)]
struct Part {
    url: Arc<str>,
    file_bytes: u64,
    range: Range<u64>,
}

/// Learns the lengths of the files and applies the load.
pub async fn run(load: &Load) -> Result<Figures, ContentError> {
    let mut parts = Vec::new();
    for url in &load.files {
        parts.extend(cut(url).await.map_err(|source| ContentError::File { url: url.clone(), source })?);
    }
    let first = parts.first().ok_or(ContentError::Empty)?.url.clone();
    let mut connections = Vec::with_capacity(load.connections);
    for _ in 0..load.connections {
        let mut connection = Connection::new(&first)?;
        connection.open().await?;
        connections.push(connection);
    }
    let begin = Instant::now();
    let mut tasks = JoinSet::new();
    for connection in connections {
        tasks.spawn(fetch(connection, parts.clone(), begin + load.duration));
    }
    sum_up(tasks, begin).await.ok_or(ContentError::Stopped)
}

async fn cut(url: &str) -> Result<Vec<Part>, Box<DownloadError>> {
    let mut connection = Connection::new(url).map_err(DownloadError::from)?;
    let file_bytes = file_bytes(&mut connection, url).await?;
    let part = |range| Part { url: url.into(), file_bytes, range };
    Ok(ranges(file_bytes).into_iter().map(part).collect())
}

/// Fetches all parts again and again.
async fn fetch(mut connection: Connection, mut parts: Vec<Part>, end: Instant) -> Seen {
    let mut seen = Seen::default();
    parts.shuffle(&mut rand::rng());
    for part in parts.iter().cycle() {
        let planned = Instant::now();
        if planned >= end {
            break;
        }
        let bytes = fetch_part(&mut connection, part).await.ok();
        seen.count(planned, bytes.filter(|bytes| *bytes == part.range.end - part.range.start));
    }
    seen
}

async fn fetch_part(connection: &mut Connection, part: &Part) -> Result<u64, DownloadError> {
    let answer = open_range(connection, &part.url, part.file_bytes, part.range.clone()).await?;
    Ok(read_and_drop(answer.into_body()).await?)
}
