//! `headwater wsus cleanup`: what nobody needs any more leaves the tree.

use std::path::{Path, PathBuf};

use clap::Subcommand;
use headwater_api::{
    ApplyCleanUp, CLEAN_UP_DAYS, Caveat, CleanUpPlan, CleanUpQuery, CleanUpReport, CleanUpUpdate,
};
use headwater_client::Answer;
use headwater_words::clean_up::{because, doubt, gone, outcome, verdict};
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
    /// and declined or gone on every server below; and, on the server that it reports to, a computer that has made
    /// no contact for so many days, or whose machine was installed anew. It is known again with its next contact.
    #[command(after_help = examples!("headwater wsus cleanup preview --save cleanup.json"))]
    Preview {
        /// Days that an update is superseded before it is declined
        #[arg(long, value_name = "DAYS", default_value_t = CLEAN_UP_DAYS)]
        superseded_days: u32,
        /// Days that an update is declined before it is deleted
        #[arg(long, value_name = "DAYS", default_value_t = CLEAN_UP_DAYS)]
        declined_days: u32,
        /// Days that a computer makes no contact before it is deleted
        #[arg(long, value_name = "DAYS", default_value_t = CLEAN_UP_DAYS)]
        silent_days: u32,
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
        CleanUpCommand::Preview { superseded_days, declined_days, silent_days, save } => {
            let (superseded_days, declined_days) = (*superseded_days, *declined_days);
            let query = CleanUpQuery { superseded_days, declined_days, silent_days: *silent_days };
            preview(query, save.as_deref(), session)
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
            let deletions = report.deleted() + report.computers();
            session.terminal.note(&format!("{} done so far", counted(deletions, "deletion")))?;
        }
        report = and_then(&report, session.client.clean_up(apply)?.value);
    }
    let is_done = report.left() == 0 && report.problems.is_empty();
    let json = serde_json::to_string(&report).unwrap_or_default();
    session.show(&Answer { value: report, json, caveat: Caveat::default() }, report_text)?;
    Ok(if is_done { Exit::Done } else { Exit::Refused })
}

/// The later report with what the earlier one had done.
fn and_then(before: &CleanUpReport, mut after: CleanUpReport) -> CleanUpReport {
    for server in &mut after.servers {
        let earlier = before.servers.iter().find(|one| one.id == server.id);
        server.deleted += earlier.map_or(0, |one| one.deleted);
        server.computers += earlier.map_or(0, |one| one.computers);
    }
    after
}

fn plan_text(plan: &CleanUpPlan, save: Option<&Path>, reader: Reader) -> String {
    let mut text = paragraph(&verdict(plan), reader.width);
    let updates = || {
        plan.decline.iter().map(|one| ("decline", one)).chain(plan.delete.iter().map(|one| ("delete", one)))
    };
    if updates().next().is_some() {
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
    if !plan.computers.is_empty() {
        let mut table = Table::new(&[
            Column::Long("COMPUTER"),
            Column::Text("SERVER"),
            Column::Text("LAST CONTACT"),
            Column::Text("BECAUSE"),
        ]);
        for one in plan.computers.iter().take(NAMED_MAX) {
            let server = plan.servers.iter().find(|server| server.id == one.server);
            let server = server.map_or_else(String::new, |server| server.name.clone());
            let contact = one.last_contact_at.date().to_string();
            table.row([one.name.clone(), server, contact, gone(one.because).to_owned()]);
        }
        text.push('\n');
        text += &table.text(reader.width);
        text += &more(plan.computers.len(), reader);
    }
    if !plan.delete.is_empty() || !plan.computers.is_empty() {
        let mut table = Table::new(&[
            Column::Long("SERVER, THE LOWEST FIRST"),
            Column::Number("TO DELETE"),
            Column::Number("COMPUTERS"),
        ]);
        for server in &plan.servers {
            table.row([server.name.clone(), grouped(server.delete), grouped(server.computers)]);
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
    let doubts: Vec<String> = plan.servers.iter().filter_map(doubt).collect();
    if !doubts.is_empty() {
        text.push('\n');
        doubts.iter().for_each(|doubt| text += &paragraph(doubt, reader.width));
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
            Column::Number("COMPUTERS"),
            Column::Number("LEFT"),
            Column::Long("WHY"),
        ])
        .wrapping();
        for server in &report.servers {
            let why = server.problem.clone().unwrap_or_default();
            let left = grouped(server.left + server.computers_left);
            table.row([server.name.clone(), grouped(server.deleted), grouped(server.computers), left, why]);
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
