//! Reports: how the computers stand, by group and by server.

use askama::Template;
use axum::extract::{Path, State};
use axum::response::{Html, Response};
use headwater_api::{Caveat, Compliance, ComplianceBy, Standing};
use headwater_manager::{Manager, Silent};
use headwater_words::quantity::{counted, grouped};
use headwater_words::report::{compliance, computers, failures, standing};

use crate::Shared;
use crate::chart;
use crate::csv::csv;
use crate::failure::{Failure, sentence};
use crate::fields::Fields;
use crate::frame::Frame;
use crate::session::Visitor;

/// Rows of a table; a page has its weight.
const ROWS: usize = 100;

#[derive(Template)]
#[template(path = "reports.html")]
struct Page {
    frame: Frame,
    verdict: String,
    chart: String,
    tables: Vec<Table>,
}

struct Table {
    id: &'static str,
    title: &'static str,
    csv: &'static str,
    /// How many rows only the file has.
    more: usize,
    rows: Vec<Row>,
}

struct Row {
    name: String,
    href: String,
    computers: String,
    complete: u64,
    total: u64,
    share: String,
    others: Vec<(String, String)>,
}

pub(crate) async fn show(State(manager): Shared, visitor: Visitor) -> Result<Html<String>, Failure> {
    let mirror = manager.mirror();
    let all = mirror.computers.all();
    let complete = mirror.that_stand(Standing::Complete).count() as u64;
    let table = |id, title, csv, rows: Vec<Compliance>, filter: &str| Table {
        id,
        title,
        csv,
        more: rows.len().saturating_sub(ROWS),
        rows: rows.into_iter().take(ROWS).map(|row| shown(row, filter)).collect(),
    };
    let by_group = manager.compliance(ComplianceBy::Group).await?;
    let by_server = manager.compliance(ComplianceBy::Server).await?;
    let page = Page {
        frame: Frame::new(&manager, &visitor, "/reports", "Reports", &Fields::default()),
        verdict: format!(
            "{} of {} have all they need.",
            grouped(complete),
            counted(all.len() as u64, "computer")
        ),
        chart: chart::over_time(&manager.compliance(ComplianceBy::Day).await?),
        tables: vec![
            table("groups", "By group", "/reports/by-group.csv", by_group, "group"),
            table("servers", "By server", "/reports/by-server.csv", by_server, "server"),
        ],
    };
    Ok(Html(page.render()?))
}

fn shown(row: Compliance, filter: &str) -> Row {
    Row {
        href: format!("/computers?{filter}={}", row.id),
        share: (row.complete * 100)
            .checked_div(row.computers)
            .map_or_else(|| "–".to_owned(), |part| format!("{part} %")),
        complete: row.complete,
        total: row.computers,
        computers: grouped(row.computers),
        others: [
            (Standing::Needing, row.needing),
            (Standing::Failing, row.failing),
            (Standing::PendingRestart, row.pending_restart),
            (Standing::Unreported, row.unreported),
            (Standing::Silent, row.silent),
        ]
        .map(|(state, count)| (sentence(standing(state)), grouped(count)))
        .into(),
        name: row.name,
    }
}

/// One of the reports as CSV, whole.
pub(crate) async fn export(State(manager): Shared, Path(name): Path<String>) -> Result<Response, Failure> {
    let text = match name.as_str() {
        "by-day.csv" => compliance(&manager.compliance(ComplianceBy::Day).await?).csv(),
        "by-group.csv" => compliance(&manager.compliance(ComplianceBy::Group).await?).csv(),
        "by-server.csv" => compliance(&manager.compliance(ComplianceBy::Server).await?).csv(),
        "by-update.csv" => compliance(&manager.compliance(ComplianceBy::Update).await?).csv(),
        "failures.csv" => all_failures(&manager).await?,
        "silent.csv" => that_stand(&manager, Standing::Silent),
        "unreported.csv" => that_stand(&manager, Standing::Unreported),
        "failing.csv" => that_stand(&manager, Standing::Failing),
        "needing.csv" => that_stand(&manager, Standing::Needing),
        "pending-restart.csv" => that_stand(&manager, Standing::PendingRestart),
        "complete.csv" => that_stand(&manager, Standing::Complete),
        _ => return Err(Failure::not_found("there is no such report")),
    };
    Ok(csv(&name, text))
}

fn that_stand(manager: &Manager, wanted: Standing) -> String {
    computers(manager.mirror().that_stand(wanted)).csv()
}

async fn all_failures(manager: &Manager) -> Result<String, Failure> {
    let (mut rows, mut caveat) = (Vec::new(), Caveat::default());
    let (mut after, silent) = (None, Silent::default());
    loop {
        let told = manager.failures(after.as_deref(), &silent).await?;
        rows.extend(told.value.items);
        caveat = caveat.and(told.caveat);
        match told.value.next {
            Some(next) => after = Some(next),
            None => return Ok(failures(&rows, &caveat.without).csv()),
        }
    }
}
