//! The reconciler: keeps this server in step with the one above.

use std::future::pending;
use std::sync::Arc;
use std::time::Duration;

use headwater_store::RunState;
use headwater_upstream::Hint;
use tokio::sync::watch;
use tokio::time::Instant;

use super::Link;
use super::RollupError;
use super::problem::SyncError;
use super::synchronise::{Run, Taken};
use crate::admin::chain;
use crate::error::AppError;
use crate::start::App;

/// Between two attempts to be told of changes by a server that does not answer.
const HINT_PAUSE: Duration = Duration::from_secs(15);
/// Between two looks at whether the server above knows all computers.
const ROLLUP_PAUSE: Duration = Duration::from_secs(10);
/// When it could not be told ([MS-WSUSSS] 3.2.4.5).
const ROLLUP_LATER: Duration = Duration::from_secs(75);
/// The pause after a first failure; it doubles with each further one.
const RETRY_FIRST: Duration = Duration::from_secs(5);
const RETRY_MAX: Duration = Duration::from_secs(900);

/// Keeps this server in step with its upstream server, whichever that is, until `stopped`.
pub async fn follow_upstream(app: Arc<App>, mut stopped: watch::Receiver<bool>) {
    let interrupted = "the server was stopped while the run was going; the next run completes it";
    if let Err(error) = app.store.end_interrupted_runs(interrupted, app.clock.now()).await {
        tracing::error!(error = chain(&error), "interrupted runs cannot be marked");
    }
    tokio::select! {
        () = follow(&app) => {}
        _ = stopped.wait_for(|stop| *stop) => {}
    }
}

async fn follow(app: &App) {
    let mut links = app.downstream.link.subscribe();
    loop {
        let link = links.borrow_and_update().clone();
        tokio::select! {
            () = keep_in_step(app, link.as_deref()) => {}
            () = keep_told(app, link.as_deref()) => {}
            // The sender lives as long as the server.
            _ = links.changed() => {}
        }
        let generation = app.downstream.link().map_or(0, |link| link.setting.generation);
        log_unwritten(app.end_stale_run(generation).await);
    }
}

async fn keep_in_step(app: &App, link: Option<&Link>) {
    let Some(link) = link else { return pending().await };
    // What the server hinted at when the last run began that took everything.
    let mut known = None;
    let mut failures = 0;
    let mut after = After::Nothing;
    loop {
        wait_for_reason(app, link, known, failures, after).await;
        let number = match app.begin_run(None).await {
            Ok(begun) => begun.number,
            Err(error) => {
                tracing::error!(error = chain(&error), "a synchronisation cannot begin");
                failures += 1;
                continue;
            }
        };
        let started = std::time::Instant::now();
        let mut hint = None;
        let mut stops = app.downstream.stopped.subscribe();
        let is_of_this = |stop: &Option<(i64, String)>| stop.as_ref().is_some_and(|stop| stop.0 == number);
        let taken = tokio::select! {
            // Whatever it is doing is cut off, as by a crash: what is taken is in, and the anchors have not moved.
            _ = stops.wait_for(is_of_this) => None,
            taken = go(app, link, number, known, &mut hint) => Some(taken),
        };
        let Some(taken) = taken else {
            tracing::info!(url = link.setting.url, run = number, "a synchronisation was stopped");
            metrics::counter!("headwater_synchronisations_total", "state" => "cancelled").increment(1);
            (known, failures, after) = (None, 0, After::Stop(hint));
            continue;
        };
        after = After::Run;
        let is_whole = matches!(&taken, Ok(taken) if taken.refused == 0);
        known = hint.filter(|_| is_whole);
        failures = if is_whole { 0 } else { failures + 1 };
        log(&link.setting.url, number, started.elapsed(), &taken);
        let (state, problem) = match &taken {
            Ok(taken) => of_taken(taken),
            Err(error) => (RunState::Failed, Some(error.in_words(&link.setting.url))),
        };
        log_unwritten(app.end_run(number, state, problem).await);
    }
}

/// Tells the server above of computers between two runs.
async fn keep_told(app: &App, link: Option<&Link>) {
    let Some(link) = link else { return pending().await };
    let mut pause = ROLLUP_PAUSE;
    loop {
        tokio::time::sleep(pause).await;
        pause = match roll_up_untold(app, link).await {
            Ok(true) => ROLLUP_PAUSE,
            Ok(false) => ROLLUP_LATER,
            Err(error) => {
                tracing::warn!(
                    url = link.setting.url,
                    error = chain(&error),
                    "the server above was not told"
                );
                ROLLUP_LATER
            }
        };
    }
}

/// Tells what is untold, if anything is. Says `false` if the server above has no time now.
async fn roll_up_untold(app: &App, link: &Link) -> Result<bool, RollupError> {
    if !link.has_content() || !app.store.is_untold().await? {
        return Ok(true);
    }
    Ok(!app.roll_up(&link.upstream).await?.later)
}

/// What the last run was.
#[derive(Debug, Clone, Copy)]
enum After {
    /// There was none yet.
    Nothing,
    /// It came to its end.
    Run,
    /// Somebody stopped it; with what the server above had hinted at by then.
    Stop(Option<u64>),
}

/// Returns when a run has a reason: somebody asked, the server above hints at a change, or it is time.
async fn wait_for_reason(app: &App, link: &Link, known: Option<u64>, failures: u32, after: After) {
    let every = app.settings.downstream.every;
    let (pause, known, hinted) = match (failures, after) {
        // What was stopped does not begin again for what was there then.
        (_, After::Stop(then)) => (every, then, then.is_some()),
        (0, After::Nothing | After::Run) => (every, known, true),
        (failures, After::Nothing | After::Run) => (retry_pause(failures).min(every), known, false),
    };
    let due = Instant::now() + pause;
    let hint = async { if hinted { wait_for_hint(link, known, after).await } else { pending().await } };
    tokio::select! {
        () = app.downstream.asked.notified() => {}
        () = hint => {}
        () = tokio::time::sleep_until(due) => {}
    }
}

fn retry_pause(failures: u32) -> Duration {
    RETRY_FIRST.saturating_mul(1 << failures.saturating_sub(1).min(16)).min(RETRY_MAX)
}

/// Returns when the server above says that it is at another point than `known`. Of one that cannot
/// say it, never.
async fn wait_for_hint(link: &Link, known: Option<u64>, after: After) {
    loop {
        match link.upstream.changes(known.unwrap_or(0)).await {
            Ok(Hint::Stamp(stamp)) if Some(stamp) == known => {}
            Ok(Hint::Stamp(_)) => return,
            // The first run is due, and then it is the clock's turn.
            Ok(Hint::Unknown) if matches!(after, After::Nothing) => return,
            Ok(Hint::Unknown) => pending().await,
            Err(error) => {
                tracing::debug!(error = chain(&error), "the upstream server gives no hints");
                tokio::time::sleep(HINT_PAUSE).await;
            }
        }
    }
}

/// One run; `hint` is what the server hinted at when it began. A server that is where it was when
/// everything was taken has nothing new.
async fn go(
    app: &App,
    link: &Link,
    number: i64,
    known: Option<u64>,
    hint: &mut Option<u64>,
) -> Result<Taken, SyncError> {
    *hint = match link.upstream.changes(0).await? {
        Hint::Stamp(stamp) => Some(stamp),
        Hint::Unknown => None,
    };
    if hint.is_some() && *hint == known {
        return Ok(Taken::default());
    }
    let run = Run { app, link, number, is_headwater: hint.is_some() };
    run.synchronise().await
}

/// How a run that went to its end stands, and what is missing.
fn of_taken(taken: &Taken) -> (RunState, Option<String>) {
    let mut problems = Vec::new();
    if taken.quarantined > 0 {
        problems
            .push(format!("{} kept apart because they cannot be understood", documents(taken.quarantined)));
    }
    if taken.refused > 0 {
        let refused = documents(taken.refused as u64);
        problems
            .push(format!("the server announces {refused} and does not give them; they are asked for again"));
    }
    if let Some(error) = &taken.untold {
        problems.push(format!("it was not told of the computers here: {error}"));
    }
    match problems.is_empty() {
        true => (RunState::Done, None),
        false => (RunState::Partial, Some(problems.join("; "))),
    }
}

fn documents(number: u64) -> String {
    if number == 1 { "1 document".to_owned() } else { format!("{number} documents") }
}

fn log(url: &str, run: i64, took: Duration, taken: &Result<Taken, SyncError>) {
    let ms = took.as_millis() as u64;
    let state = match taken {
        Ok(taken) => {
            let Taken { added, changed_decisions, quarantined, refused, .. } = taken;
            tracing::info!(url, run, added, changed_decisions, quarantined, refused, ms, "synchronised");
            "done"
        }
        Err(error) => {
            tracing::warn!(url, run, ms, problem = error.in_words(url), "synchronisation failed");
            "failed"
        }
    };
    metrics::counter!("headwater_synchronisations_total", "state" => state).increment(1);
}

fn log_unwritten(written: Result<(), AppError>) {
    if let Err(error) = written {
        tracing::error!(error = chain(&error), "the end of a synchronisation cannot be written");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_grow_to_a_quarter_of_an_hour() {
        let seconds: Vec<u64> = [1, 2, 3, 8, 9, 1_000].map(|n| retry_pause(n).as_secs()).into();
        assert_eq!(seconds, [5, 10, 20, 640, 900, 900]);
    }
}
