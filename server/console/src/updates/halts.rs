//! The updates that were halted.

use askama::Template;
use axum::extract::State;
use axum::response::Html;
use headwater_words::quantity::counted;

use crate::Shared;
use crate::failure::Failure;
use crate::fields::Fields;
use crate::frame::Frame;
use crate::look::{Look, State as Shown, When};
use crate::session::Visitor;

#[derive(Template)]
#[template(path = "halts.html")]
struct Page {
    frame: Frame,
    verdict: String,
    rows: Vec<Row>,
}

struct Row {
    id: String,
    title: String,
    state: Shown,
    /// Why it is pending.
    waits: String,
    by: String,
    asked: When,
    done: Option<When>,
}

pub(crate) async fn show(State(manager): Shared, visitor: Visitor) -> Result<Html<String>, Failure> {
    let (mirror, now) = (manager.mirror(), manager.now());
    let halts = manager.halts().await?;
    let pending = halts.iter().filter(|halt| halt.done_at.is_none()).count() as u64;
    let verdict = match (halts.len() as u64, pending) {
        (0, _) => "No update is halted.".to_owned(),
        (all, 0) => format!("{} halted.", counted(all, "update")),
        (all, pending) => format!("{} halted, {pending} of them pending.", counted(all, "update")),
    };
    let rows = halts.into_iter().map(|halt| Row {
        id: halt.update.to_string(),
        title: mirror
            .updates
            .get(halt.update)
            .map_or_else(|| halt.update.to_string(), |one| one.title.clone()),
        state: match halt.done_at {
            Some(_) => Shown::new(Look::Halted, "halted"),
            None => Shown::new(Look::Working, "pending"),
        },
        waits: halt.waits.unwrap_or_default(),
        by: halt.asked_by,
        asked: When::new(halt.asked_at, now),
        done: halt.done_at.map(|at| When::new(at, now)),
    });
    let rows = rows.collect();
    let frame = Frame::new(&manager, &visitor, "/updates", "Halts", &Fields::default());
    Ok(Html(Page { frame, verdict, rows }.render()?))
}
