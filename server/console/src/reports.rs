//! Reports: how the computers stand, by group, by server and by update.

use askama::Template;
use axum::extract::{Path, State};
use axum::response::{Html, Response};
use headwater_api::{Caveat, Compliance, ComplianceBy, ComputerUpdateState, FailuresQuery, Standing, Told};
use headwater_manager::{Manager, Mirror, Part, Silent};
use headwater_model::Timestamp;
use headwater_words::approval::state as update_state;
use headwater_words::caveat::sentences;
use headwater_words::quantity::{counted, grouped};
use headwater_words::report::{NOT_TOLD, compliance, computers, failures, standing};

use crate::Shared;
use crate::chart;
use crate::computers::{STATES, part, server_choices, value};
use crate::csv::csv;
use crate::failure::{Failure, sentence};
use crate::failures::asked;
use crate::fields::Query;
use crate::frame::Frame;
use crate::session::Visitor;
use crate::updates::{Choices, GroupChoice, choices};

/// Rows of a table; a page has its weight.
const ROWS: usize = 80;
/// Of updates, whose titles are long: those with the most left to do.
const UPDATES: usize = 15;

#[derive(Template)]
#[template(path = "reports.html")]
struct Page {
    frame: Frame,
    verdict: String,
    chart: String,
    tables: Vec<Table>,
    groups: Choices,
    servers: Vec<GroupChoice>,
    lists: Vec<List>,
    /// The part of the tree that the lists are of, as a query.
    of: String,
}

struct Table {
    id: &'static str,
    title: &'static str,
    csv: &'static str,
    /// Which servers are missing in it.
    problem: String,
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
    others: Vec<Count>,
}

/// How many computers stand so, and where they are listed.
struct Count {
    head: String,
    count: String,
    href: String,
}

/// The computers that stand so, as a page and as a file.
struct List {
    name: String,
    count: String,
    href: String,
    csv: String,
}

pub(crate) async fn show(
    State(manager): Shared,
    visitor: Visitor,
    Query(fields): Query,
) -> Result<Html<String>, Failure> {
    let mirror = manager.mirror();
    let all = mirror.computers.all();
    let complete = mirror.that_stand(Standing::Complete, &Part::default()).count() as u64;
    let by_group = manager.compliance(ComplianceBy::Group).await?;
    let by_server = manager.compliance(ComplianceBy::Server).await?;
    let mut by_update = manager.compliance(ComplianceBy::Update).await?;
    by_update.value.sort_by_key(|row| std::cmp::Reverse((row.failing + row.needing, row.silent)));
    let of = part(&fields, &mirror)?;
    let page = Page {
        frame: Frame::new(&manager, &visitor, "/reports", "Reports", &fields.only(&["group", "server"])),
        verdict: format!(
            "{} of {} have all they need.",
            grouped(complete),
            counted(all.len() as u64, "computer")
        ),
        chart: chart::over_time(&manager.compliance(ComplianceBy::Day).await?.value),
        tables: vec![
            Table {
                title: "By group",
                csv: "/reports/by-group.csv",
                ..Table::of("groups", by_group, ROWS, |row| shown(row, "group"))
            },
            Table {
                title: "By server",
                csv: "/reports/by-server.csv",
                ..Table::of("servers", by_server, ROWS, |row| shown(row, "server"))
            },
            Table {
                title: "By approved update",
                csv: "/reports/by-update.csv",
                ..Table::of("updates", by_update, UPDATES, of_update)
            },
        ],
        groups: choices(&mirror, of.group),
        servers: server_choices(&mirror, of.server),
        lists: lists(&mirror, &of),
        of: query(&of),
    };
    Ok(Html(page.render()?))
}

/// `group=…&server=…`, as pages and files take it.
pub(crate) fn query(of: &Part) -> String {
    let group = of.group.map(|id| format!("group={id}"));
    let server = of.server.map(|id| format!("server={id}"));
    [group, server].into_iter().flatten().collect::<Vec<_>>().join("&")
}

fn lists(mirror: &Mirror, of: &Part) -> Vec<List> {
    let list = |state| List {
        name: sentence(standing(state)),
        count: grouped(mirror.that_stand(state, of).count() as u64),
        href: format!("/computers?state={}&{}", value(state), query(of)),
        csv: format!("/reports/{}.csv?{}", file_of(state), query(of)),
    };
    STATES.into_iter().map(list).collect()
}

impl Table {
    fn of(
        id: &'static str,
        told: Told<Vec<Compliance>>,
        most: usize,
        row: impl Fn(Compliance) -> Row,
    ) -> Self {
        // How old all of it is, is said above.
        let missing = Caveat { without: told.caveat.without, ..Caveat::default() };
        Self {
            id,
            title: "",
            csv: "",
            problem: sentences(&missing, Timestamp::EPOCH).join(" "),
            more: told.value.len().saturating_sub(most),
            rows: told.value.into_iter().take(most).map(row).collect(),
        }
    }
}

/// A group or a server, which is what the list of computers is filtered by.
fn shown(row: Compliance, filter: &str) -> Row {
    let href = format!("/computers?{filter}={}", row.id);
    let listed = |(state, told): (Standing, Option<u64>)| {
        let count = count(standing(state), told);
        let is_listed = told.is_some_and(|told| told > 0);
        if is_listed { Count { href: format!("{href}&state={}", value(state)), ..count } } else { count }
    };
    let others = others(&row).map(listed).into();
    Row { others, ..line(row, href) }
}

fn of_update(row: Compliance) -> Row {
    let mut counts: Vec<Count> =
        others(&row).into_iter().map(|(state, told)| count(standing(state), told)).collect();
    counts.push(count(update_state(ComputerUpdateState::NotApplicable), row.not_applicable));
    let href = format!("/updates/{}", row.id);
    Row { others: counts, ..line(row, href) }
}

/// Without a list.
fn count(head: &str, told: Option<u64>) -> Count {
    let count = told.map_or_else(|| NOT_TOLD.to_owned(), grouped);
    Count { head: sentence(head), count, href: String::new() }
}

fn others(row: &Compliance) -> [(Standing, Option<u64>); 5] {
    [
        (Standing::Needing, Some(row.needing)),
        (Standing::Failing, Some(row.failing)),
        (Standing::PendingRestart, row.pending_restart),
        (Standing::Unreported, row.unreported),
        (Standing::Silent, row.silent),
    ]
}

fn line(row: Compliance, href: String) -> Row {
    Row {
        href,
        share: (row.complete * 100)
            .checked_div(row.computers)
            .map_or_else(|| "–".to_owned(), |part| format!("{part} %")),
        complete: row.complete,
        total: row.computers,
        computers: grouped(row.computers),
        others: Vec::new(),
        name: row.name,
    }
}

/// One of the reports as CSV, whole; a list of those computers that the query asks for.
pub(crate) async fn export(
    State(manager): Shared,
    Path(name): Path<String>,
    Query(fields): Query,
) -> Result<Response, Failure> {
    let mirror = manager.mirror();
    let of = part(&fields, &mirror)?;
    let of_list = |name: &str| STATES.into_iter().find(|state| file_of(*state) == name);
    let text = match name.strip_suffix(".csv") {
        Some("by-day") => by(&manager, ComplianceBy::Day).await?,
        Some("by-group") => by(&manager, ComplianceBy::Group).await?,
        Some("by-server") => by(&manager, ComplianceBy::Server).await?,
        Some("by-update") => by(&manager, ComplianceBy::Update).await?,
        Some("failures") => all_failures(&manager, asked(&of, &fields)).await?,
        Some(list) => match of_list(list) {
            Some(state) => computers(mirror.that_stand(state, &of)).csv(),
            None => return Err(no_report()),
        },
        None => return Err(no_report()),
    };
    Ok(csv(&name, text))
}

/// `pending-restart`, the name of the file with those that stand so.
fn file_of(state: Standing) -> String {
    standing(state).replace(' ', "-")
}

fn no_report() -> Failure {
    Failure::not_found("there is no such report")
}

async fn by(manager: &Manager, by: ComplianceBy) -> Result<String, Failure> {
    Ok(compliance(by, &manager.compliance(by).await?.value).csv())
}

async fn all_failures(manager: &Manager, mut query: FailuresQuery) -> Result<String, Failure> {
    let (mut rows, mut caveat) = (Vec::new(), Caveat::default());
    let silent = Silent::default();
    loop {
        let told = manager.failures(&query, &silent).await?;
        rows.extend(told.value.items);
        caveat = caveat.and(told.caveat);
        query.after = told.value.next;
        if query.after.is_none() {
            return Ok(failures(&rows, &caveat.without).csv());
        }
    }
}
