//! `headwater audit`: the record of what operators did.

use clap::{Args, Subcommand};
use headwater_api::{AuditEntry, AuditQuery};
use headwater_words::moment::minute;

use crate::Options;
use crate::arguments::{Part, examples};
use crate::failure::{Exit, Failure};
use crate::moment::Deadline;
use crate::session::{Reader, Session};
use crate::table::{Column, Table};
use crate::update::rest;

#[derive(Debug, Args)]
pub struct AuditArguments {
    #[command(flatten)]
    pub options: Options,
    #[command(subcommand)]
    pub command: AuditCommand,
}

#[derive(Debug, Subcommand)]
pub enum AuditCommand {
    /// List what was done, by whom and when, the newest first
    #[command(after_help = examples!(
        "headwater audit list --by anna",
        "headwater audit list --since 2026-11-27T00:00 --before 2026-11-28T00:00 --output json"
    ))]
    List {
        /// Only what this operator did
        #[arg(long, value_name = "NAME")]
        by: Option<String>,
        /// Only what was done then or later, as 2026-12-24T03:00 in local time or with a Z
        #[arg(long, value_name = "TIME")]
        since: Option<Deadline>,
        /// Only what was done earlier than then
        #[arg(long, value_name = "TIME")]
        before: Option<Deadline>,
        /// The oldest first
        #[arg(long)]
        reverse: bool,
        #[command(flatten)]
        part: Part,
    },
}

pub(crate) fn run(command: &AuditCommand, session: &mut Session<'_, '_>) -> Result<Exit, Failure> {
    let AuditCommand::List { by, since, before, reverse, part } = command;
    let moment = |typed: &Option<Deadline>| {
        let typed = typed.as_ref();
        typed.map(|typed| typed.in_zone(&session.terminal.zone)).transpose().map_err(Failure::Argument)
    };
    let query = AuditQuery {
        by: by.clone(),
        since: moment(since)?,
        before: moment(before)?,
        reverse: *reverse,
        after: part.after.clone(),
        limit: Some(part.limit),
    };
    let answer = session.client.audit(&query)?;
    session.show(&answer, |page, reader| list(&page.items, reader) + &rest(page, "entry"))
}

fn list(entries: &[AuditEntry], reader: Reader) -> String {
    if entries.is_empty() {
        return "Nothing of that is on the record.".into();
    }
    let columns = [
        Column::Text("WHEN"),
        Column::Text("BY"),
        Column::Long("WHAT"),
        Column::Long("TO WHAT"),
        Column::Long("BEFORE"),
        Column::Long("AFTER"),
    ];
    let mut table = Table::new(&columns);
    for entry in entries {
        table.row([
            minute(entry.at),
            entry.by.clone(),
            entry.what.clone(),
            entry.detail.clone(),
            entry.before.clone().unwrap_or_default(),
            entry.after.clone().unwrap_or_default(),
        ]);
    }
    table.text(reader.width)
}
