//! `headwater report`: how the computers of a managing server's tree stand.

use clap::{Args, Subcommand, ValueEnum};
use headwater_api::{
    Caveat, ComplianceBy, ComplianceQuery, FailureOrder, FailuresQuery, Page, Standing, StandingQuery, Told,
};
use headwater_client::{Answer, Client, Error};
use headwater_model::{GroupId, ServerId};
use headwater_words::report::{NOT_TOLD, Sheet, compliance, computers, failures};
use serde::Serialize;

use crate::Options;
use crate::arguments::examples;
use crate::computer::StandingChoice;
use crate::failure::{Exit, Failure};
use crate::session::Session;
use crate::table::{Column, Table};

#[derive(Debug, Args)]
pub struct ReportArguments {
    #[command(flatten)]
    pub options: Options,
    #[command(subcommand)]
    pub command: ReportCommand,
}

#[derive(Debug, Subcommand)]
pub enum ReportCommand {
    /// Count how computers stand: complete, needing, failing, pending restart, unreported or silent
    #[command(after_help = examples!(
        "headwater report compliance --by group --csv > compliance.csv",
        "headwater report compliance --by day"
    ))]
    Compliance {
        /// What the rows are: groups, servers, the approved updates, or the days of the last year and more
        #[arg(long, value_name = "WHAT", default_value = "group")]
        by: By,
        /// Comma-separated values instead of a table
        #[arg(long)]
        csv: bool,
    },
    /// List which update failed on which computer, with the meaning of the error
    #[command(after_help = examples!("headwater report failures --group Pilot"))]
    Failures {
        #[command(flatten)]
        of: Of,
        /// The computers in this order [default: name]
        #[arg(long, value_name = "ORDER")]
        sort: Option<FailureOrderChoice>,
        /// The other way round
        #[arg(long)]
        reverse: bool,
        /// Comma-separated values instead of a table
        #[arg(long)]
        csv: bool,
    },
    /// List the computers that stand so
    #[command(after_help = examples!("headwater report computers --standing silent"))]
    Computers {
        /// How they stand
        #[arg(long, value_name = "STANDING")]
        standing: StandingChoice,
        #[command(flatten)]
        of: Of,
        /// Comma-separated values instead of a table
        #[arg(long)]
        csv: bool,
    },
}

/// Which computers a list is of.
#[derive(Debug, Args)]
pub struct Of {
    /// Only those in this group or beneath it
    #[arg(long, value_name = "GROUP")]
    group: Option<String>,
    /// Only those that report to this server of the tree, by name or id
    #[arg(long, value_name = "SERVER")]
    at: Option<String>,
}

impl Of {
    fn ids(&self, session: &mut Session<'_, '_>) -> Result<(Option<GroupId>, Option<ServerId>), Failure> {
        let group = self.group.as_deref().map(|group| session.group(group)).transpose()?;
        let server = self.at.as_deref().map(|server| session.wsus_server(server)).transpose()?;
        Ok((group.map(|group| group.id), server))
    }
}

#[derive(Debug, Clone, Copy, ValueEnum)]
pub enum FailureOrderChoice {
    Name,
    Server,
    /// Those on which the most failed first
    Failed,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
pub enum By {
    Group,
    Server,
    Update,
    Day,
}

pub(crate) fn run(command: &ReportCommand, session: &mut Session<'_, '_>) -> Result<Exit, Failure> {
    match command {
        ReportCommand::Compliance { by, csv } => {
            let by = match by {
                By::Group => ComplianceBy::Group,
                By::Server => ComplianceBy::Server,
                By::Update => ComplianceBy::Update,
                By::Day => ComplianceBy::Day,
            };
            let answer = session.client.compliance(&ComplianceQuery { by })?;
            let rows = Rows { all: answer.value.items, caveat: answer.caveat };
            show(rows, |rows, _| compliance(by, rows), *csv, session)
        }
        ReportCommand::Failures { of, sort, reverse, csv } => {
            let (group, server) = of.ids(session)?;
            let sort = sort.map(|order| match order {
                FailureOrderChoice::Name => FailureOrder::Name,
                FailureOrderChoice::Server => FailureOrder::Server,
                FailureOrderChoice::Failed => FailureOrder::Failed,
            });
            let reverse = *reverse;
            let ask = |client: &Client, after| {
                client.failures(&FailuresQuery { group, server, sort, reverse, after })
            };
            let rows = all(&session.client, ask)?;
            show(rows, |rows, caveat| failures(rows, &caveat.without), *csv, session)
        }
        ReportCommand::Computers { standing, of, csv } => {
            let standing = Standing::from(*standing);
            let (group, server) = of.ids(session)?;
            let ask =
                |client: &Client, after| client.standing(&StandingQuery { standing, group, server, after });
            let rows = all(&session.client, ask)?;
            show(rows, |rows, _| computers(rows), *csv, session)
        }
    }
}

/// The rows of all pages, and what keeps them from being whole and of this moment.
struct Rows<T> {
    all: Vec<T>,
    caveat: Caveat,
}

/// Reads all pages.
fn all<T>(
    client: &Client,
    ask: impl Fn(&Client, Option<String>) -> Result<Answer<Page<T>>, Error>,
) -> Result<Rows<T>, Failure> {
    let mut rows = Rows { all: Vec::new(), caveat: Caveat::default() };
    let mut after = None;
    loop {
        let answer = ask(client, after.take())?;
        rows.all.extend(answer.value.items);
        rows.caveat = rows.caveat.and(answer.caveat);
        match answer.value.next {
            Some(next) => after = Some(next),
            None => return Ok(rows),
        }
    }
}

/// A report as one page of JSON, as CSV, or as a table.
fn show<T: Serialize>(
    rows: Rows<T>,
    sheet: impl Fn(&[T], &Caveat) -> Sheet,
    csv: bool,
    session: &mut Session<'_, '_>,
) -> Result<Exit, Failure> {
    let Rows { all, caveat } = rows;
    let text = match (session.is_json(), csv) {
        (true, _) => {
            let (total, next) = (Some(all.len() as u64), None);
            let whole = Told { value: Page { items: all, next, total }, caveat: caveat.clone() };
            serde_json::to_string(&whole).unwrap_or_default()
        }
        (false, true) => sheet(&all, &caveat).csv().trim_end().to_owned(),
        (false, false) => table(sheet(&all, &caveat), session),
    };
    session.print(&text, &caveat)
}

/// A window has no room for all that a file has.
fn table(sheet: Sheet, session: &Session<'_, '_>) -> String {
    if sheet.rows.is_empty() {
        return "Nothing to report.".to_owned();
    }
    let is_number =
        |at: usize| sheet.rows.iter().all(|row| row[at] == NOT_TOLD || row[at].parse::<u64>().is_ok());
    let shown: Vec<usize> = (0..sheet.head.len()).filter(|at| sheet.head[*at] != "NOT APPLICABLE").collect();
    let columns = shown.iter().map(|at| match (*at, sheet.head[*at]) {
        (0, head) => Column::Long(head),
        (_, "PENDING RESTART") => Column::Number("RESTART"),
        (at, head) if is_number(at) => Column::Number(head),
        (_, head) => Column::Long(head),
    });
    let mut table = Table::new(&columns.collect::<Vec<Column>>()).wrapping();
    for row in &sheet.rows {
        table.row(shown.iter().map(|at| row[*at].clone()));
    }
    table.text(session.reader().width)
}
