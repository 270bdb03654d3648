//! `headwater computer`: computers and the groups that they are in.

use clap::{Args, Subcommand};
use headwater_api::{
    ComputerDetail, ComputerQuery, ComputerSummary, ComputerUpdateState, GroupRef, MoveRequest, Page,
};

use crate::Options;
use crate::arguments::{Part, examples};
use crate::failure::{Exit, Failure};
use crate::session::{Reader, Session};
use crate::sheet::{Sheet, paragraph};
use crate::table::{Column, Table};
use crate::terminal::harmless;
use crate::update::rest;
use crate::update_sheet::{action, counts};
use headwater_words::moment::{age, minute};
use headwater_words::quantity::grouped;

/// From how many columns on a list of computers has room for more than the necessary.
const WIDE_FROM: u16 = 120;

/// What to do before there is a computer.
pub(crate) const NO_COMPUTER: &str =
    "No computer has come here yet. Give computers the policy that `headwater client policy` prints.";

#[derive(Debug, Args)]
pub struct ComputerArguments {
    #[command(flatten)]
    pub options: Options,
    #[command(subcommand)]
    pub command: ComputerCommand,
}

#[derive(Debug, Subcommand)]
pub enum ComputerCommand {
    /// List computers
    #[command(after_help = examples!("headwater computer list --search pc- --group Pilot"))]
    List {
        /// A part of the name, an address or an id
        #[arg(long, value_name = "TEXT")]
        search: Option<String>,
        /// Only those in this group or beneath it, by name or id
        #[arg(long, value_name = "GROUP")]
        group: Option<String>,
        /// Only those that report to a server without a Linkage of the tree, of a managing server
        #[arg(long)]
        outside: bool,
        /// Only those without a contact for so many days
        #[arg(long, value_name = "DAYS")]
        silent_days: Option<u32>,
        /// Only those in contact within so many days
        #[arg(long, value_name = "DAYS")]
        contact_days: Option<u32>,
        #[command(flatten)]
        part: Part,
    },
    /// Show all about a computer
    #[command(after_help = examples!("headwater computer show pc-17"))]
    Show {
        /// Its name or id; the name up to the first dot will do
        #[arg(value_name = "COMPUTER")]
        computer: String,
    },
    /// Put a computer into groups, and out of all others
    #[command(after_help = examples!("headwater computer move pc-17 --group Pilot --group Tokyo"))]
    Move {
        /// Its name or id; the name up to the first dot will do
        #[arg(value_name = "COMPUTER")]
        computer: String,
        /// A group, by name or id; can be given several times
        #[arg(long = "group", value_name = "GROUP", required = true)]
        groups: Vec<String>,
    },
    /// Forget a computer and what it reported; one that is in use comes back at its next contact
    #[command(after_help = examples!("headwater computer delete pc-17"))]
    Delete {
        /// Its name or id; the name up to the first dot will do
        #[arg(value_name = "COMPUTER")]
        computer: String,
    },
}

pub(crate) fn run(command: &ComputerCommand, session: &mut Session<'_, '_>) -> Result<Exit, Failure> {
    match command {
        ComputerCommand::List { search, group, outside, silent_days, contact_days, part } => {
            let query = ComputerQuery {
                search: search.clone(),
                outside: *outside,
                silent_days: *silent_days,
                contact_days: *contact_days,
                limit: Some(part.limit),
                after: part.after.clone(),
                ..ComputerQuery::default()
            };
            list(query, group.as_deref(), session)
        }
        ComputerCommand::Show { computer } => {
            let answer = session.client.computer(&session.computer(computer)?)?;
            session.show(&answer, sheet)
        }
        ComputerCommand::Move { computer, groups } => {
            let groups = session.groups(groups)?;
            let id = session.computer(computer)?;
            let request = MoveRequest { groups: groups.iter().map(|group| group.id).collect() };
            let answer = session.client.move_computer(&id, &request)?;
            session.show(&answer, |computer, _| {
                harmless(&format!("{} is in {} now", computer.name, names(&computer.groups)))
            })
        }
        ComputerCommand::Delete { computer } => {
            let id = session.computer(computer)?;
            session.client.delete_computer(&id)?;
            session.say(&format!("Forgot the computer {computer}"))
        }
    }
}

fn list(query: ComputerQuery, group: Option<&str>, session: &mut Session<'_, '_>) -> Result<Exit, Failure> {
    let group = group.map(|group| session.group(group)).transpose()?;
    let query = ComputerQuery { group: group.map(|group| group.id), ..query };
    let answer = session.client.computers(&query)?;
    let is_filtered = ComputerQuery { limit: None, ..query.clone() } != ComputerQuery::default();
    session.show(&answer, |page, reader| match page.items.as_slice() {
        [] if query.outside => "No computer is outside the link.".into(),
        [] if is_filtered => "No computer matches. See all of them with `headwater computer list`.".into(),
        [] => paragraph(NO_COMPUTER, reader.width),
        _ => page_text(page, reader),
    })
}

pub(crate) fn page_text(page: &Page<ComputerSummary>, reader: Reader) -> String {
    let is_wide = reader.width.is_none_or(|width| width >= WIDE_FROM);
    // Whoever has no servers below need not read that every computer is this server's.
    let has_servers = page.items.iter().any(|computer| computer.server.is_some());
    let mut columns = vec![Column::Long("NAME"), Column::Long("GROUPS")];
    if has_servers {
        columns.push(Column::Long("SERVER"));
    }
    if is_wide {
        columns.extend([Column::Long("SYSTEM"), Column::Text("ADDRESS")]);
    }
    columns.extend([Column::Number("NEEDED"), Column::Number("FAILED"), Column::Text("LAST CONTACT")]);
    let mut table = Table::new(&columns);
    for computer in &page.items {
        let contact = age(computer.last_contact_at, reader.now);
        let status = &computer.status;
        let mut cells = vec![computer.name.clone(), names(&computer.groups)];
        if has_servers {
            cells.push(computer.server.as_ref().map_or_else(String::new, |server| server.name.clone()));
        }
        if is_wide {
            cells.extend([&computer.os, &computer.address].map(|text| text.clone().unwrap_or_default()));
        }
        cells.extend([
            grouped(status.needed + status.downloaded),
            grouped(status.failed),
            if computer.silent { format!("silent, {contact}") } else { contact },
        ]);
        table.row(cells);
    }
    let noted = page.items.iter().filter_map(|computer| Some((computer, computer.note.as_ref()?)));
    let notes: String =
        noted.map(|(one, note)| paragraph(&format!("{}: {note}.", one.name), reader.width)).collect();
    let notes = if notes.is_empty() { notes } else { format!("\n{notes}") };
    table.text(reader.width) + &notes + &rest(page, "computer")
}

fn sheet(computer: &ComputerDetail, reader: Reader) -> String {
    let summary = &computer.summary;
    let join = |parts: [&Option<String>; 2]| {
        parts.into_iter().flatten().map(String::as_str).collect::<Vec<_>>().join(" ")
    };
    let when = |at| format!("{}, {}", minute(at), age(at, reader.now));
    let mut sheet = Sheet::default();
    sheet
        .fact("Id", summary.id.as_str())
        .fact("Address", summary.address.clone().unwrap_or_default())
        .fact("Server", summary.server.as_ref().map_or("", |server| server.name.as_str()))
        .fact("Groups", names(&summary.groups))
        .fact("Asks for", computer.requested_group.clone().unwrap_or_default())
        .fact("System", join([&summary.os, &summary.os_version]))
        .fact("Machine", join([&summary.manufacturer, &summary.model]))
        .fact("Processor", summary.architecture.clone().unwrap_or_default())
        .fact("Agent", summary.agent_version.clone().unwrap_or_default())
        .fact("Registered", minute(computer.registered_at))
        .fact("Last contact", when(summary.last_contact_at) + if summary.silent { " (silent)" } else { "" })
        .fact("Last report", summary.last_report_at.map_or_else(|| "none yet".into(), when))
        .fact("Updates", counts(&summary.status))
        .fact("Note", summary.note.clone().unwrap_or_default());
    let mut text = harmless(&format!("{}\n\n", summary.name)) + &sheet.text(reader.width);
    if !computer.updates.is_empty() {
        text.push('\n');
        text += &updates(computer, reader);
    }
    if !computer.approvals.is_empty() {
        text.push('\n');
        text += &approvals(computer, reader);
    }
    text
}

fn approvals(computer: &ComputerDetail, reader: Reader) -> String {
    let mut table = Table::new(&[
        Column::Text("ID"),
        Column::Long("IN EFFECT"),
        Column::Text("ACTION"),
        Column::Text("DEADLINE"),
        Column::Text("DECIDED BY"),
    ]);
    for approval in &computer.approvals {
        table.row([
            approval.id.to_string().chars().take(8).collect(),
            approval.title.clone(),
            action(approval.action).to_owned(),
            approval.deadline.map_or_else(String::new, minute),
            approval.group.name.clone(),
        ]);
    }
    table.text(reader.width)
}

fn updates(computer: &ComputerDetail, reader: Reader) -> String {
    let mut table = Table::new(&[
        Column::Text("ID"),
        Column::Long("TITLE"),
        Column::Text("STATE"),
        Column::Text("SINCE"),
    ]);
    for update in &computer.updates {
        let word = match update.state {
            ComputerUpdateState::Failed => "failed",
            ComputerUpdateState::Needed => "needed",
            ComputerUpdateState::Downloaded => "downloaded",
            ComputerUpdateState::PendingRestart => "waits for restart",
        };
        let error = update.error.as_ref().map_or_else(String::new, |error| format!(" {error}"));
        table.row([
            update.id.to_string().chars().take(8).collect(),
            update.title.clone(),
            format!("{word}{error}"),
            age(update.since, reader.now),
        ]);
    }
    table.text(reader.width)
}

fn names(groups: &[GroupRef]) -> String {
    groups.iter().map(|group| group.name.as_str()).collect::<Vec<_>>().join(", ")
}
