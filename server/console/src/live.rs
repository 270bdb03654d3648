//! Server-sent events: a page that is open learns what has changed, and asks for what it shows of that.

use std::convert::Infallible;
use std::time::Duration;

use askama::Template;
use axum::extract::State;
use axum::http::HeaderMap;
use axum::response::Html;
use axum::response::sse::{Event, KeepAlive, Sse};
use futures_util::stream::{self, Stream, StreamExt as _};

use headwater_manager::Changed;

use crate::Shared;
use crate::failure::Failure;
use crate::fields::{Fields, Query};
use crate::frame::Frame;
use crate::session::Visitor;

/// So often at most, whatever changes.
const PACE: Duration = Duration::from_millis(500);

/// `reading` for each change of the mirror, and `run` for each of a run; from what the page shows on, or from the last
/// event that the browser got.
pub(crate) async fn events(
    State(manager): Shared,
    Query(query): Query,
    headers: HeaderMap,
) -> Sse<impl Stream<Item = Result<Event, Infallible>>> {
    let (changes, stops) = (manager.changes(), manager.stops());
    let last = headers.get("last-event-id").and_then(|id| id.to_str().ok());
    let since = since(last.unwrap_or(query.get("since")));
    let seen = since.unwrap_or_else(|| *changes.borrow());
    let events = stream::unfold((changes, stops, seen), async |(mut changes, mut stops, seen)| {
        tokio::select! {
            changed = changes.wait_for(|now| *now != seen) => { changed.ok()?; }
            // Whoever has a page open does not hold up a stop.
            _ = stops.wait_for(|stops| *stops) => return None,
        }
        tokio::time::sleep(PACE).await;
        let now = *changes.borrow_and_update();
        let kinds = [("reading", seen.readings, now.readings), ("run", seen.runs, now.runs)];
        let new = kinds.into_iter().filter(|(_, before, after)| before != after);
        let events: Vec<_> = new
            .map(|(kind, _, number)| Ok(Event::default().id(id(now)).event(kind).data(number.to_string())))
            .collect();
        Some((stream::iter(events), (changes, stops, now)))
    });
    // Whoever is between here and the browser may hold back an answer that has no body yet.
    let first = stream::once(async { Ok(Event::default().comment("listening")) });
    Sse::new(first.chain(events.flatten())).keep_alive(KeepAlive::default())
}

/// By which a browser says what it has seen: `readings-runs`. A server that started anew counts from nought, so what
/// it has is another number, seldom the same.
pub(crate) fn id(seen: Changed) -> String {
    format!("{}-{}", seen.readings, seen.runs)
}

fn since(id: &str) -> Option<Changed> {
    let (readings, runs) = id.split_once('-')?;
    Some(Changed { readings: readings.parse().ok()?, runs: runs.parse().ok()? })
}

#[derive(Template)]
#[template(path = "age.html")]
struct Age {
    frame: Frame,
}

/// How old what pages show is, and what keeps it from being read: all of a page that other servers or a form stand
/// on which changes by itself.
pub(crate) async fn age(State(manager): Shared, visitor: Visitor) -> Result<Html<String>, Failure> {
    let frame = Frame::new(&manager, &visitor, "", "Age", &Fields::default());
    Ok(Html(Age { frame }.render()?))
}
