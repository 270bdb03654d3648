//! The updates that were halted.

use askama::Template;
use axum::extract::State;
use axum::response::Html;
use headwater_api::{HaltOrder, HaltsQuery, Page};
use headwater_manager::Direction;
use headwater_words::quantity::{counted, grouped};

use crate::Shared;
use crate::failure::Failure;
use crate::fields::{Fields, Query};
use crate::frame::Frame;
use crate::heads::{Head, direction, heads};
use crate::look::{Look, State as Shown, When};
use crate::session::Visitor;

const ROWS: u32 = 100;

#[derive(Template)]
#[template(path = "halts.html")]
struct Halts {
    frame: Frame,
    verdict: String,
    heads: Vec<Head>,
    rows: Vec<Row>,
    next: Option<String>,
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
    ("Asked", "asked-*", false),
    ("Withdrawn", "done-", false),
];

pub(crate) async fn show(
    State(manager): Shared,
    visitor: Visitor,
    Query(fields): Query,
) -> Result<Html<String>, Failure> {
    let (mirror, now) = (manager.mirror(), manager.now());
    let query = HaltsQuery {
        sort: match fields.get("sort") {
            "title" => Some(HaltOrder::Title),
            "state" => Some(HaltOrder::State),
            "by" => Some(HaltOrder::By),
            "done" => Some(HaltOrder::Done),
            _ => None,
        },
        reverse: direction(&fields) == Direction::Reversed,
        limit: Some(ROWS),
        after: fields.text("after"),
    };
    let Page { items: halts, next, total } = manager.find_halts(&query).await?;
    let pending = manager.halts().await?.iter().filter(|halt| halt.done_at.is_none()).count() as u64;
    let verdict = match (total.unwrap_or_default(), pending) {
        (0, _) => "No update is halted.".to_owned(),
        (all, 0) => format!("{} halted.", counted(all, "update")),
        (all, pending) => format!("{} halted, {} of them pending.", counted(all, "update"), grouped(pending)),
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
    let next = next.map(|next| format!("/halts?{}", fields.with("after", &next)));
    Ok(Html(Halts { frame, verdict, heads, rows, next }.render()?))
}
