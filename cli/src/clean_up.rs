//! `headwater wsus cleanup`: what nobody needs any more leaves the tree.

use std::path::{Path, PathBuf};

use clap::Subcommand;
use headwater_api::{ApplyCleanUp, CLEAN_UP_DAYS, CleanUpPlan, CleanUpQuery, CleanUpReport, CleanUpUpdate};
use headwater_client::Answer;
use headwater_words::clean_up::{because, outcome, verdict};
use headwater_words::quantity::{counted, grouped};

use crate::arguments::examples;
use crate::failure::{Exit, Failure};
use crate::session::{Reader, Session};
use crate::sheet::paragraph;
use crate::table::{Column, Table};
use crate::wsus_group::{keep_plan, quoted_path, read_plan};

/// Updates that a table names; JSON has all of them.
const NAMED_MAX: usize = 200;

#[derive(Debug, Subcommand)]
pub enum CleanUpCommand {
    /// Show what would be declined and what would be deleted where; this changes nothing
    ///
    /// Declined would be what its publisher has withdrawn, and what is superseded for so many days and no
    /// computer needs, unless it is approved. Deleted would be what is declined for so many days at the top
    /// and declined or gone on every server below.
    #[command(after_help = examples!("headwater wsus cleanup preview --save cleanup.json"))]
    Preview {
        /// Days that an update is superseded before it is declined
        #[arg(long, value_name = "DAYS", default_value_t = CLEAN_UP_DAYS)]
        superseded_days: u32,
        /// Days that an update is declined before it is deleted
        #[arg(long, value_name = "DAYS", default_value_t = CLEAN_UP_DAYS)]
        declined_days: u32,
        /// Keep the plan in this file, for `headwater wsus cleanup apply`
        #[arg(long, value_name = "FILE")]
        save: Option<PathBuf>,
    },
    /// Do exactly what a plan says, or nothing if it was made from what is no longer so
    ///
    /// What is deleted cannot be brought back but by a synchronisation or an import. A plan that was interrupted
    /// goes on when it is applied again. Ends with 1 when something of it was not done.
    #[command(after_help = examples!("headwater wsus cleanup apply cleanup.json"))]
    Apply {
        /// A plan that `headwater wsus cleanup preview --save` kept
        #[arg(value_name = "PLAN")]
        plan: PathBuf,
    },
}

pub(crate) fn run(command: &CleanUpCommand, session: &mut Session<'_, '_>) -> Result<Exit, Failure> {
    match command {
        CleanUpCommand::Preview { superseded_days, declined_days, save } => {
            let (superseded_days, declined_days) = (*superseded_days, *declined_days);
            preview(CleanUpQuery { superseded_days, declined_days }, save.as_deref(), session)
        }
        CleanUpCommand::Apply { plan } => apply(&ApplyCleanUp { plan: read_plan(plan)? }, session),
    }
}

fn preview(query: CleanUpQuery, save: Option<&Path>, session: &mut Session<'_, '_>) -> Result<Exit, Failure> {
    let answer = session.client.plan_clean_up(&query)?;
    if let Some(file) = save {
        keep_plan(file, &answer.json)?;
    }
    session.show(&answer, |plan, reader| plan_text(plan, save, reader))
}

/// One request does a part; the same plan is applied until it says that nothing is left to try.
fn apply(apply: &ApplyCleanUp, session: &mut Session<'_, '_>) -> Result<Exit, Failure> {
    let mut report = session.client.clean_up(apply)?.value;
    while report.goes_on {
        if !session.is_json() {
            session.terminal.note(&format!("{} done so far", counted(report.deleted(), "deletion")))?;
        }
        report = and_then(&report, session.client.clean_up(apply)?.value);
    }
    let left: u64 = report.servers.iter().map(|server| server.left).sum();
    let is_done = left == 0 && report.problems.is_empty();
    let json = serde_json::to_string(&report).unwrap_or_default();
    session.show(&Answer { value: report, json }, report_text)?;
    Ok(if is_done { Exit::Done } else { Exit::Refused })
}

/// The later report with what the earlier one had done.
fn and_then(before: &CleanUpReport, mut after: CleanUpReport) -> CleanUpReport {
    for server in &mut after.servers {
        let earlier = before.servers.iter().find(|one| one.id == server.id);
        server.deleted += earlier.map_or(0, |one| one.deleted);
    }
    after
}

fn plan_text(plan: &CleanUpPlan, save: Option<&Path>, reader: Reader) -> String {
    let mut text = paragraph(&verdict(plan), reader.width);
    let updates = || {
        plan.decline.iter().map(|one| ("decline", one)).chain(plan.delete.iter().map(|one| ("delete", one)))
    };
    if !plan.is_empty() {
        let mut table =
            Table::new(&[Column::Text("CHANGE"), Column::Long("UPDATE"), Column::Text("BECAUSE")]);
        let row = |(what, one): (&str, &CleanUpUpdate)| {
            [what.to_owned(), one.title.clone(), because(one.because).to_owned()]
        };
        updates().take(NAMED_MAX).for_each(|one| table.row(row(one)));
        text.push('\n');
        text += &table.text(reader.width);
        text += &more(updates().count(), reader);
    }
    if !plan.delete.is_empty() {
        let mut table = Table::new(&[Column::Long("SERVER, THE LOWEST FIRST"), Column::Number("TO DELETE")]);
        for server in &plan.servers {
            table.row([server.name.clone(), grouped(server.delete)]);
        }
        text.push('\n');
        text += &table.text(reader.width);
    }
    if !plan.kept.is_empty() {
        let mut table = Table::new(&[Column::Long("KEPT"), Column::Long("WHY")]).wrapping();
        for one in plan.kept.iter().take(NAMED_MAX) {
            table.row([one.title.clone(), one.why.join("; ")]);
        }
        text.push('\n');
        text += &table.text(reader.width);
        text += &more(plan.kept.len(), reader);
    }
    if !plan.is_empty() {
        let advice = match save {
            Some(file) => format!("Apply it with `headwater wsus cleanup apply {}`.", quoted_path(file)),
            None => "Keep the plan with `--save FILE` to apply it.".to_owned(),
        };
        text.push('\n');
        text += &paragraph(&advice, reader.width);
    }
    text
}

fn more(count: usize, reader: Reader) -> String {
    match count.saturating_sub(NAMED_MAX) as u64 {
        0 => String::new(),
        more => {
            paragraph(&format!("and {} more; `--output json` has all of them.", grouped(more)), reader.width)
        }
    }
}

fn report_text(report: &CleanUpReport, reader: Reader) -> String {
    let mut text = paragraph(&outcome(report), reader.width);
    if !report.servers.is_empty() {
        let mut table = Table::new(&[
            Column::Long("SERVER, THE LOWEST FIRST"),
            Column::Number("DELETED"),
            Column::Number("LEFT"),
            Column::Long("WHY"),
        ])
        .wrapping();
        for server in &report.servers {
            let why = server.problem.clone().unwrap_or_default();
            table.row([server.name.clone(), grouped(server.deleted), grouped(server.left), why]);
        }
        text.push('\n');
        text += &table.text(reader.width);
    }
    if !report.problems.is_empty() {
        text.push('\n');
        for problem in &report.problems {
            text += &paragraph(&format!("Not done: {problem}."), reader.width);
        }
    }
    text
}
