//! Server-sent events: a page that is open learns what has changed, and asks for what it shows of that.

use std::convert::Infallible;
use std::time::Duration;

use askama::Template;
use axum::extract::State;
use axum::response::Html;
use axum::response::sse::{Event, KeepAlive, Sse};
use futures_util::stream::{self, Stream, StreamExt as _};

use crate::Shared;
use crate::failure::Failure;
use crate::fields::Fields;
use crate::frame::Frame;
use crate::session::Visitor;

/// So often at most, whatever changes.
const PACE: Duration = Duration::from_millis(500);

/// `reading` for each change of the mirror, and `run` for each of a run.
pub(crate) async fn events(State(manager): Shared) -> Sse<impl Stream<Item = Result<Event, Infallible>>> {
    let (changes, stops) = (manager.changes(), manager.stops());
    let seen = *changes.borrow();
    let events = stream::unfold((changes, stops, seen), async |(mut changes, mut stops, seen)| {
        tokio::select! {
            changed = changes.changed() => changed.ok()?,
            // Whoever has a page open does not hold up a stop.
            _ = stops.wait_for(|stops| *stops) => return None,
        }
        tokio::time::sleep(PACE).await;
        let now = *changes.borrow_and_update();
        let kinds = [("reading", seen.readings, now.readings), ("run", seen.runs, now.runs)];
        let new = kinds.into_iter().filter(|(_, before, after)| before != after);
        let events: Vec<_> =
            new.map(|(kind, _, number)| Ok(Event::default().event(kind).data(number.to_string()))).collect();
        Some((stream::iter(events), (changes, stops, now)))
    });
    Sse::new(events.flatten()).keep_alive(KeepAlive::default())
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
