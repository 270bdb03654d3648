//! What operators did.

use askama::Template;
use axum::extract::State;
use axum::response::Html;

use crate::Shared;
use crate::failure::Failure;
use crate::fields::Fields;
use crate::frame::Frame;
use crate::look::When;
use crate::session::Visitor;

/// Rows that are shown.
const ROWS: u32 = 500;

#[derive(Template)]
#[template(path = "history.html")]
struct Page {
    frame: Frame,
    rows: Vec<Row>,
}

struct Row {
    at: When,
    by: String,
    what: String,
    detail: String,
    before: String,
    after: String,
}

pub(crate) async fn show(State(manager): Shared, visitor: Visitor) -> Result<Html<String>, Failure> {
    let now = manager.now();
    let rows = manager.audited(None, None, ROWS).await?.into_iter().map(|row| Row {
        at: When::new(row.at, now),
        by: row.operator,
        what: row.what,
        detail: row.detail,
        before: row.before.unwrap_or_else(|| "–".to_owned()),
        after: row.after.unwrap_or_else(|| "–".to_owned()),
    });
    let page = Page {
        rows: rows.collect(),
        frame: Frame::new(&manager, &visitor, "/history", "Audit", &Fields::default()),
    };
    Ok(Html(page.render()?))
}
