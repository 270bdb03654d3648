//! Server-sent events: a page that is open learns that something has changed, and reads itself again.

use std::convert::Infallible;
use std::time::Duration;

use axum::extract::State;
use axum::response::sse::{Event, KeepAlive, Sse};
use futures_util::stream::{self, Stream};

use crate::Shared;

/// So often at most, whatever changes.
const PACE: Duration = Duration::from_millis(500);

/// One event for each change of the mirror or of a run.
pub(crate) async fn events(State(manager): Shared) -> Sse<impl Stream<Item = Result<Event, Infallible>>> {
    let begin = (manager.changes(), manager.stops());
    let events = stream::unfold(begin, async |(mut changes, mut stops)| {
        tokio::select! {
            changed = changes.changed() => changed.ok()?,
            // Whoever has a page open does not hold up a stop.
            _ = stops.wait_for(|stops| *stops) => return None,
        }
        tokio::time::sleep(PACE).await;
        let number = *changes.borrow_and_update();
        Some((Ok(Event::default().event("changed").data(number.to_string())), (changes, stops)))
    });
    Sse::new(events).keep_alive(KeepAlive::default())
}
