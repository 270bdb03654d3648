//! What operators did.

use std::collections::BTreeSet;

use askama::Template;
use axum::extract::State;
use axum::response::{Html, Response};
use headwater_manager::{AuditFilter, AuditRow};
use headwater_words::csv::line;
use headwater_words::moment::minute;
use headwater_words::quantity::{counted, grouped};

use crate::Shared;
use crate::csv::csv;
use crate::failure::Failure;
use crate::fields::{Fields, Query};
use crate::frame::Frame;
use crate::look::When;
use crate::session::Visitor;
use crate::updates::approve::moment;

/// Rows that are shown.
const ROWS: usize = 250;
/// Entries that an export reads at a time.
const EXPORTED_AT_ONCE: u32 = 1_000;

#[derive(Template)]
#[template(path = "history.html")]
struct Page {
    frame: Frame,
    operators: Vec<String>,
    by: String,
    verdict: String,
    since: String,
    until: String,
    rows: Vec<Row>,
    next: Option<String>,
    csv: String,
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
    let by = fields.text("by");
    let below = fields.text("after").and_then(|after| after.parse().ok());
    let filter = AuditFilter { below, limit: ROWS as u32 + 1, ..filter(&fields, by.as_deref()) };
    let mut found = manager.audited(&filter).await?;
    let goes_on = found.len() > ROWS;
    found.truncate(ROWS);
    let next = found.last().filter(|_| goes_on).map(|(number, _)| number.to_string());
    let operators = manager.audited_operators().await?;
    let verdict = verdict(&found, below.is_some(), goes_on);
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
        verdict,
        since: fields.get("since").to_owned(),
        until: fields.get("before").to_owned(),
        csv: format!("/history.csv?{}", fields.with("after", "")),
        rows: rows.collect(),
        next: next.map(|next| format!("/history?{}", fields.with("after", &next))),
        frame: Frame::new(&manager, &visitor, "/history", "Audit", &Fields::default()),
    };
    Ok(Html(page.render()?))
}

/// What an address asks for; what is no moment filters nothing, and its field is shown empty.
fn filter<'a>(fields: &Fields, by: Option<&'a str>) -> AuditFilter<'a> {
    let moment = |name| moment(fields.get(name)).ok();
    AuditFilter { by, since: moment("since"), before: moment("before"), below: None, limit: 0 }
}

/// `3 entries of 2 operators, from 2026-11-01 10:00 UTC to 2026-11-02 09:30 UTC.`
fn verdict(found: &[(i64, AuditRow)], is_later_page: bool, goes_on: bool) -> String {
    let (Some((_, last)), Some((_, first))) = (found.first(), found.last()) else {
        return "Nothing that was done matches.".to_owned();
    };
    let operators: BTreeSet<&str> = found.iter().map(|(_, row)| row.operator.as_str()).collect();
    let entries = match found.len() as u64 {
        1 => "1 entry".to_owned(),
        more => format!("{} entries", grouped(more)),
    };
    let shown = match (is_later_page, goes_on) {
        (false, false) => entries,
        (false, true) => format!("The last {entries}"),
        (true, _) => format!("Of those before, {entries}"),
    };
    let of = counted(operators.len() as u64, "operator");
    let span = match (minute(first.at), minute(last.at)) {
        (from, to) if from == to => format!("at {from}"),
        (from, to) => format!("from {from} to {to}"),
    };
    format!("{shown} of {of}, {span}.")
}

/// All that the page shows with this filter, the pages after it too.
pub(crate) async fn export(State(manager): Shared, Query(fields): Query) -> Result<Response, Failure> {
    let by = fields.text("by");
    let mut filter = AuditFilter { limit: EXPORTED_AT_ONCE, ..filter(&fields, by.as_deref()) };
    let mut text = line(["when", "by", "what", "to what", "before", "after"]);
    loop {
        let found = manager.audited(&filter).await?;
        for (_, row) in &found {
            let (before, after) = (row.before.as_deref(), row.after.as_deref());
            text += &line([
                &row.at.to_string(),
                &row.operator,
                &row.what,
                &row.detail,
                before.unwrap_or_default(),
                after.unwrap_or_default(),
            ]);
        }
        match found.last() {
            Some((number, _)) if found.len() == EXPORTED_AT_ONCE as usize => filter.below = Some(*number),
            _ => return Ok(csv("audit.csv", text)),
        }
    }
}

#[cfg(test)]
mod tests {
    use headwater_model::Timestamp;

    use super::*;

    #[test]
    fn the_verdict_counts_what_is_shown() {
        let entry = |minute: i64, by: &str| {
            let at = Timestamp::EPOCH.plus_seconds(minute * 60);
            (minute, AuditRow::of(at, by, "halt", "an update"))
        };
        let found = [entry(9, "ada"), entry(7, "bob"), entry(5, "ada")];
        let span = "of 2 operators, from 1970-01-01 00:05 UTC to 1970-01-01 00:09 UTC.";
        assert_eq!(verdict(&found, false, false), format!("3 entries {span}"));
        assert_eq!(verdict(&found, false, true), format!("The last 3 entries {span}"));
        assert_eq!(verdict(&found, true, true), format!("Of those before, 3 entries {span}"));
        assert_eq!(verdict(&found[..1], false, false), "1 entry of 1 operator, at 1970-01-01 00:09 UTC.");
        assert_eq!(verdict(&[], false, false), "Nothing that was done matches.");
    }
}
