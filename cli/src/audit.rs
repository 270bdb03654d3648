//! `headwater audit`: the record of what operators did.

use clap::{Args, Subcommand};
use headwater_api::{AuditEntry, AuditQuery, PAGE_LIMIT_DEFAULT, PAGE_LIMIT_MAX};
use headwater_words::moment::minute;

use crate::Options;
use crate::arguments::examples;
use crate::failure::{Exit, Failure};
use crate::moment::Deadline;
use crate::session::{Reader, Session};
use crate::table::{Column, Table};

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
        "headwater audit list --since 2026-11-27T00:00 --output json"
    ))]
    List {
        /// Only what this operator did
        #[arg(long, value_name = "NAME")]
        by: Option<String>,
        /// Only what was done then or later, as 2026-12-24T03:00 in local time or with a Z
        #[arg(long, value_name = "TIME")]
        since: Option<Deadline>,
        /// At most so many
        #[arg(long, value_name = "N", default_value_t = PAGE_LIMIT_DEFAULT,
              value_parser = clap::value_parser!(u32).range(1..=i64::from(PAGE_LIMIT_MAX)))]
        limit: u32,
    },
}

pub(crate) fn run(command: &AuditCommand, session: &mut Session<'_, '_>) -> Result<Exit, Failure> {
    let AuditCommand::List { by, since, limit } = command;
    let since = since.map(|since| since.in_zone(&session.terminal.zone)).transpose();
    let query = AuditQuery { by: by.clone(), since: since.map_err(Failure::Argument)?, limit: Some(*limit) };
    let answer = session.client.audit(&query)?;
    session.show(&answer, |page, reader| list(&page.items, reader))
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
