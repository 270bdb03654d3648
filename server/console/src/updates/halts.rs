//! The updates that were halted.

use std::cmp::Reverse;

use askama::Template;
use axum::extract::State;
use axum::response::Html;
use headwater_words::quantity::counted;

use crate::Shared;
use crate::failure::Failure;
use crate::fields::{Fields, Query};
use crate::frame::Frame;
use crate::heads::{Head, heads, sort_by};
use crate::look::{Look, State as Shown, When};
use crate::session::Visitor;

#[derive(Template)]
#[template(path = "halts.html")]
struct Page {
    frame: Frame,
    verdict: String,
    heads: Vec<Head>,
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

/// The heads; the newest come first unasked.
const COLUMNS: [(&str, &str, bool); 5] = [
    ("Update", "title", false),
    ("State", "state", false),
    ("By", "by", false),
    ("Asked", "asked*", false),
    ("Withdrawn", "done", false),
];

pub(crate) async fn show(
    State(manager): Shared,
    visitor: Visitor,
    Query(fields): Query,
) -> Result<Html<String>, Failure> {
    let (mirror, now) = (manager.mirror(), manager.now());
    let mut halts = manager.halts().await?;
    match fields.get("sort") {
        "title" => sort_by(&mut halts, &fields, |halt| mirror.updates.title(halt.update).to_lowercase()),
        "by" => sort_by(&mut halts, &fields, |halt| halt.asked_by.to_lowercase()),
        // What waits comes first.
        "state" => sort_by(&mut halts, &fields, |halt| halt.done_at.is_some()),
        "done" => sort_by(&mut halts, &fields, |halt| Reverse(halt.done_at)),
        _ => sort_by(&mut halts, &fields, |halt| Reverse(halt.asked_at)),
    }
    let pending = halts.iter().filter(|halt| halt.done_at.is_none()).count() as u64;
    let verdict = match (halts.len() as u64, pending) {
        (0, _) => "No update is halted.".to_owned(),
        (all, 0) => format!("{} halted.", counted(all, "update")),
        (all, pending) => format!("{} halted, {pending} of them pending.", counted(all, "update")),
    };
    let rows = halts.into_iter().map(|halt| Row {
        id: halt.update.to_string(),
        title: mirror.updates.title(halt.update),
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
    let heads = heads("/halts", &fields, &COLUMNS);
    let frame = Frame::new(&manager, &visitor, "/updates", "Halts", &Fields::default());
    Ok(Html(Page { frame, verdict, heads, rows }.render()?))
}
