//! What operators did.

use askama::Template;
use axum::extract::State;
use axum::response::Html;
use headwater_manager::AuditFilter;

use crate::Shared;
use crate::failure::Failure;
use crate::fields::{Fields, Query};
use crate::frame::Frame;
use crate::look::When;
use crate::session::Visitor;
use crate::updates::approve::moment;

/// Rows that are shown.
const ROWS: usize = 250;

#[derive(Template)]
#[template(path = "history.html")]
struct Page {
    frame: Frame,
    operators: Vec<String>,
    by: String,
    since: String,
    rows: Vec<Row>,
    next: Option<String>,
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
    let below = fields.text("after").and_then(|after| after.parse().ok());
    let filter = AuditFilter { by: by.as_deref(), since, below, limit: ROWS as u32 + 1, before: None };
    let mut found = manager.audited(&filter).await?;
    let goes_on = found.len() > ROWS;
    found.truncate(ROWS);
    let next = found.last().filter(|_| goes_on).map(|(number, _)| number.to_string());
    let operators = manager.audited_operators().await?;
    let rows = found.into_iter().map(|(_, row)| Row {
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
        next: next.map(|next| format!("/history?{}", fields.with("after", &next))),
        frame: Frame::new(&manager, &visitor, "/history", "Audit", &Fields::default()),
    };
    Ok(Html(page.render()?))
}
