//! The reconciler: makes the folder hold what is wanted, as far as sources go. It takes no argument, and a
//! crash at any point is repaired by its next run.

use std::collections::{HashSet, VecDeque};
use std::sync::Arc;
use std::time::Duration;

use futures_util::StreamExt as _;
use futures_util::stream::FuturesUnordered;
use headwater_model::Timestamp;
use headwater_policy::content::{Step, next_step};
use tokio::sync::watch;

use super::wanted::WantedFile;
use crate::admin::chain;
use crate::error::AppError;
use crate::start::App;

/// Files that are fetched at the same time: enough to fill a line, few enough to be polite.
const FETCHES_MAX: usize = 4;
/// The longest pause between two runs, in seconds.
const PAUSE_SECONDS_MAX: i64 = 3_600;
/// The pause after the database or the disk failed.
const PAUSE_AFTER_ERROR: Duration = Duration::from_secs(60);

/// Keeps the folder as it should be until `stopped`. What is on its way then is continued at the next start.
pub async fn keep_content(app: Arc<App>, mut stopped: watch::Receiver<bool>) {
    tokio::select! {
        () = keep(&app) => {}
        _ = stopped.wait_for(|stop| *stop) => {}
    }
}

async fn keep(app: &App) {
    if let Err(error) = app.take_stock().await {
        tracing::error!(error = chain(&error), "the content folder cannot be compared with the database");
    }
    loop {
        let pause = match app.reconcile_content().await {
            Ok(due) => until(app.clock.now(), due),
            Err(error) => {
                tracing::error!(error = chain(&error), "files cannot be fetched");
                PAUSE_AFTER_ERROR
            }
        };
        tokio::select! {
            () = tokio::time::sleep(pause) => {}
            () = app.content.changed.notified() => {}
        }
    }
}

fn until(now: Timestamp, due: Option<Timestamp>) -> Duration {
    let latest = now.plus_seconds(PAUSE_SECONDS_MAX);
    let due = due.map_or(latest, |due| due.min(latest));
    Duration::from_micros(u64::try_from(due.as_micros() - now.as_micros()).unwrap_or(0))
}

impl App {
    /// Fetches all that is wanted and due. Returns when nothing is left to do now, with the time of the next
    /// attempt if one is to come.
    pub async fn reconcile_content(&self) -> Result<Option<Timestamp>, AppError> {
        let mut running = FuturesUnordered::new();
        let mut under_way = HashSet::new();
        let (mut due, mut next) = self.due_content().await?;
        loop {
            while running.len() < FETCHES_MAX
                && let Some(wanted) = due.pop_front()
            {
                let sha1 = wanted.file.sha1;
                if under_way.insert(sha1) {
                    running.push(async move { (sha1, self.fetch_content(&wanted).await) });
                }
            }
            tokio::select! {
                Some((sha1, fetched)) = running.next() => {
                    fetched?;
                    under_way.remove(&sha1);
                    if due.is_empty() && running.is_empty() {
                        // What failed meanwhile has a time of its own now.
                        (due, next) = self.due_content().await?;
                    }
                }
                () = self.content.changed.notified(), if !running.is_empty() => {
                    (due, next) = self.due_content().await?;
                }
                else => return Ok(next),
            }
        }
    }

    /// What is to be fetched now, the small files first, and when the first of the others is due.
    async fn due_content(&self) -> Result<(VecDeque<WantedFile>, Option<Timestamp>), AppError> {
        let now = self.clock.now();
        let mut next: Option<Timestamp> = None;
        let mut due = Vec::new();
        for wanted in self.wanted_content().await? {
            match next_step(wanted.absent(), now) {
                Step::Fetch => due.push(wanted),
                Step::Wait(at) => next = Some(next.map_or(at, |known| known.min(at))),
                Step::Missing => {}
            }
        }
        due.sort_by_key(|wanted| wanted.file.size_bytes);
        Ok((due.into(), next))
    }
}
