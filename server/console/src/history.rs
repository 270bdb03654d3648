//! What operators did.

use askama::Template;
use axum::extract::State;
use axum::response::Html;

use crate::Shared;
use crate::failure::Failure;
use crate::fields::{Fields, Query};
use crate::frame::Frame;
use crate::look::When;
use crate::session::Visitor;
use crate::updates::approve::moment;

/// Rows that are shown.
const ROWS: u32 = 250;

#[derive(Template)]
#[template(path = "history.html")]
struct Page {
    frame: Frame,
    operators: Vec<String>,
    by: String,
    since: String,
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

pub(crate) async fn show(
    State(manager): Shared,
    visitor: Visitor,
    Query(fields): Query,
) -> Result<Html<String>, Failure> {
    let now = manager.now();
    // What is no moment filters nothing: the field is shown empty.
    let since = moment(fields.get("since")).ok();
    let by = fields.text("by");
    let rows = manager.audited(by.as_deref(), since, ROWS).await?;
    let mut operators: Vec<String> =
        manager.audited(None, None, 1_000).await?.into_iter().map(|row| row.operator).collect();
    operators.sort_unstable();
    operators.dedup();
    let rows = rows.into_iter().map(|row| Row {
        at: When::new(row.at, now),
        by: row.operator,
        what: row.what,
        detail: row.detail,
        before: row.before.unwrap_or_else(|| "–".to_owned()),
        after: row.after.unwrap_or_else(|| "–".to_owned()),
    });
    let page = Page {
        operators,
        by: by.unwrap_or_default(),
        since: fields.get("since").to_owned(),
        rows: rows.collect(),
        frame: Frame::new(&manager, &visitor, "/history", "Audit", &Fields::default()),
    };
    Ok(Html(page.render()?))
}
