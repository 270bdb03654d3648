//! What operators did.

use std::collections::BTreeSet;

use askama::Template;
use axum::body::Body;
use axum::extract::State;
use axum::response::{Html, Response};
use futures_util::stream;
use headwater_manager::{AuditFilter, AuditOrder, AuditRow, Direction, Manager, ManagerError};
use headwater_model::chain;
use headwater_words::csv::line;
use headwater_words::moment::minute;
use headwater_words::quantity::{counted, grouped};

use crate::Shared;
use crate::csv::sent_as_read;
use crate::failure::Failure;
use crate::fields::{Fields, Query};
use crate::frame::Frame;
use crate::heads::{Head, direction, heads};
use crate::look::When;
use crate::session::Visitor;
use crate::updates::approve::moment;

/// Rows that are shown.
const ROWS: usize = 100;
/// Entries that an export reads at a time.
const EXPORTED_AT_ONCE: u32 = 1_000;

/// The heads; the record is in the order of time.
const COLUMNS: [(&str, &str, bool); 6] = [
    ("What", "", false),
    ("To what", "", false),
    ("Before", "", false),
    ("After", "", false),
    ("By", "", false),
    ("When", "when-*", false),
];

#[derive(Template)]
#[template(path = "history.html")]
struct Page {
    frame: Frame,
    operators: Vec<String>,
    by: String,
    verdict: String,
    since: String,
    until: String,
    heads: Vec<Head>,
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
    let after: Option<i64> = fields.text("after").and_then(|after| after.parse().ok());
    let filter = AuditFilter { limit: ROWS as u32 + 1, ..filter(&fields, by.as_deref()).going_on(after) };
    let mut found = manager.audited(&filter).await?;
    let heads = heads("/history", &fields, &COLUMNS);
    let goes_on = found.len() > ROWS;
    found.truncate(ROWS);
    let next = found.last().filter(|_| goes_on).map(|(number, _)| number.to_string());
    let operators = manager.audited_operators().await?;
    let verdict = verdict(&found, filter.order, after.is_some(), goes_on);
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
        heads,
        rows: rows.collect(),
        next: next.map(|next| format!("/history?{}", fields.with("after", &next))),
        frame: Frame::new(&manager, &visitor, "/history", "Audit", &Fields::default()),
    };
    Ok(Html(page.render()?))
}

/// What an address asks for; what is no moment filters nothing, and its field is shown empty.
fn filter<'a>(fields: &Fields, by: Option<&'a str>) -> AuditFilter<'a> {
    let moment = |name| moment(fields.get(name)).ok();
    let order = match direction(fields) {
        Direction::Usual => AuditOrder::NewestFirst,
        Direction::Reversed => AuditOrder::OldestFirst,
    };
    AuditFilter { by, since: moment("since"), before: moment("before"), order, ..AuditFilter::default() }
}

/// `3 entries of 2 operators, from 2026-11-01 10:00 UTC to 2026-11-02 09:30 UTC.`
fn verdict(found: &[(i64, AuditRow)], order: AuditOrder, is_later_page: bool, goes_on: bool) -> String {
    let is_newest_first = order == AuditOrder::NewestFirst;
    let ends = if is_newest_first { (found.last(), found.first()) } else { (found.first(), found.last()) };
    let (Some((_, first)), Some((_, last))) = ends else {
        return "Nothing that was done matches.".to_owned();
    };
    let operators: BTreeSet<&str> = found.iter().map(|(_, row)| row.operator.as_str()).collect();
    let entries = match found.len() as u64 {
        1 => "1 entry".to_owned(),
        more => format!("{} entries", grouped(more)),
    };
    let shown = match (is_later_page, goes_on) {
        (false, false) => entries,
        (false, true) if is_newest_first => format!("The last {entries}"),
        (false, true) => format!("The first {entries}"),
        (true, _) if is_newest_first => format!("Of those before, {entries}"),
        (true, _) => format!("Of those after, {entries}"),
    };
    let of = counted(operators.len() as u64, "operator");
    let span = match (minute(first.at), minute(last.at)) {
        (from, to) if from == to => format!("at {from}"),
        (from, to) => format!("from {from} to {to}"),
    };
    format!("{shown} of {of}, {span}.")
}

/// All that the page shows with this filter, the pages after it too, in its order: sent as it is read, so that a
/// record of years takes no more memory than one of a day.
pub(crate) async fn export(State(manager): Shared, Query(fields): Query) -> Result<Response, Failure> {
    let by = fields.text("by");
    let filter = AuditFilter { limit: EXPORTED_AT_ONCE, ..filter(&fields, by.as_deref()) };
    // What cannot be read at all is answered as such.
    let first = part(&manager, &filter).await?;
    let (since, before, order, limit) = (filter.since, filter.before, filter.order, filter.limit);
    let head = line(["when", "by", "what", "to what", "before", "after"]);
    let parts = stream::try_unfold(Some(Next::Read(head, first)), move |next| {
        let (manager, by) = (manager.clone(), by.clone());
        async move {
            let (text, last) = match next {
                None => return Ok(None),
                Some(Next::Read(head, (text, last))) => (head + &text, last),
                Some(Next::After(number)) => {
                    let filter = AuditFilter {
                        by: by.as_deref(),
                        since,
                        before,
                        order,
                        limit,
                        ..AuditFilter::default()
                    };
                    part(&manager, &filter.going_on(Some(number))).await.inspect_err(|error| {
                        // What was sent cannot be taken back: the file ends within a part, and is not whole.
                        tracing::error!(error = chain(error), "an export of the audit was cut off");
                    })?
                }
            };
            Ok::<_, ManagerError>(Some((text, last.map(Next::After))))
        }
    });
    Ok(sent_as_read("audit.csv", Body::from_stream(parts)))
}

/// What an export goes on with.
enum Next {
    /// The head of the file, and its first part.
    Read(String, (String, Option<i64>)),
    /// The part after an entry.
    After(i64),
}

/// A part of the record as lines, and its last entry if there may be more.
async fn part(manager: &Manager, filter: &AuditFilter<'_>) -> Result<(String, Option<i64>), ManagerError> {
    let found = manager.audited(filter).await?;
    let mut text = String::new();
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
    let is_full = found.len() == filter.limit as usize;
    Ok((text, found.last().filter(|_| is_full).map(|(number, _)| *number)))
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
        let newest = AuditOrder::NewestFirst;
        assert_eq!(verdict(&found, newest, false, false), format!("3 entries {span}"));
        assert_eq!(verdict(&found, newest, false, true), format!("The last 3 entries {span}"));
        assert_eq!(verdict(&found, newest, true, true), format!("Of those before, 3 entries {span}"));
        let one = verdict(&found[..1], newest, false, false);
        assert_eq!(one, "1 entry of 1 operator, at 1970-01-01 00:09 UTC.");
        assert_eq!(verdict(&[], newest, false, false), "Nothing that was done matches.");
        let found = [entry(5, "ada"), entry(7, "bob"), entry(9, "ada")];
        let oldest = AuditOrder::OldestFirst;
        assert_eq!(verdict(&found, oldest, false, true), format!("The first 3 entries {span}"));
        assert_eq!(verdict(&found, oldest, true, false), format!("Of those after, 3 entries {span}"));
    }
}
