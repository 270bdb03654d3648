//! `headwater computer`: computers and the groups that they are in.

use clap::{Args, Subcommand, ValueEnum};
use headwater_api::{
    ComputerDetail, ComputerOrder, ComputerQuery, ComputerSummary, GroupRef, MoveRequest, Page, Standing,
};

use headwater_model::Timestamp;

use crate::Options;
use crate::arguments::{Part, examples};
use crate::failure::{Exit, Failure};
use crate::names::UpdateName;
use crate::session::{Reader, Session};
use crate::sheet::{Sheet, paragraph};
use crate::states::{self, StateChoice};
use crate::table::{Column, Table};
use crate::terminal::harmless;
use crate::update::rest;
use crate::update_sheet::{action, counts};
use headwater_words::moment::{age, minute};
use headwater_words::products::products;
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
        /// Only those without a contact for so many days
        #[arg(long, value_name = "DAYS")]
        silent_days: Option<u32>,
        /// Only those in contact within so many days
        #[arg(long, value_name = "DAYS")]
        contact_days: Option<u32>,
        #[command(flatten)]
        of_tree: OfTree,
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
    /// List the updates that are in a state on a computer; without --state those with something left to do
    #[command(after_help = examples!("headwater computer updates pc-17 --state all"))]
    Updates {
        /// Its name or id; the name up to the first dot will do
        #[arg(value_name = "COMPUTER")]
        computer: String,
        /// Only those that are in this state
        #[arg(long, value_name = "STATE")]
        state: Option<StateChoice>,
        #[command(flatten)]
        part: Part,
    },
    /// Say why an update is not offered to a computer; of a managing server
    #[command(after_help = examples!("headwater computer why pc-17 KB5044284"))]
    Why {
        /// Its name or id; the name up to the first dot will do
        #[arg(value_name = "COMPUTER")]
        computer: String,
        /// Its id, the first eight digits of it, or KB and a number
        #[arg(value_name = "UPDATE")]
        update: UpdateName,
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

/// What a managing server lists computers by, over its tree.
#[derive(Debug, Args)]
pub struct OfTree {
    /// Only those that report to this WSUS server, by name or id; of a managing server
    #[arg(long, value_name = "NAME")]
    at: Option<String>,
    /// Only those that report to a server without a Linkage of the tree; of a managing server
    #[arg(long)]
    outside: bool,
    /// Only those that stand so; of a managing server
    #[arg(long, value_name = "STATE")]
    state: Option<StandingChoice>,
    /// In this order, of a managing server [default: name]
    #[arg(long, value_name = "ORDER")]
    sort: Option<OrderChoice>,
    /// The other way round
    #[arg(long)]
    reverse: bool,
}

/// How a computer stands; the first that holds.
#[derive(Debug, Clone, Copy, ValueEnum)]
pub enum StandingChoice {
    /// No contact for long
    Silent,
    /// It never told what it needs
    Unreported,
    /// An update failed on it
    Failing,
    /// It needs an update
    Needing,
    /// It has all it needs, after a restart
    PendingRestart,
    /// It has all it needs
    Complete,
}

impl From<StandingChoice> for Standing {
    fn from(choice: StandingChoice) -> Self {
        match choice {
            StandingChoice::Silent => Self::Silent,
            StandingChoice::Unreported => Self::Unreported,
            StandingChoice::Failing => Self::Failing,
            StandingChoice::Needing => Self::Needing,
            StandingChoice::PendingRestart => Self::PendingRestart,
            StandingChoice::Complete => Self::Complete,
        }
    }
}

#[derive(Debug, Clone, Copy, ValueEnum)]
pub enum OrderChoice {
    Name,
    Server,
    /// The worst first
    State,
    /// The latest first
    Contact,
    /// Those that need the most first
    Needed,
    /// Those on which the most failed first
    Failed,
}

impl From<OrderChoice> for ComputerOrder {
    fn from(choice: OrderChoice) -> Self {
        match choice {
            OrderChoice::Name => Self::Name,
            OrderChoice::Server => Self::Server,
            OrderChoice::State => Self::State,
            OrderChoice::Contact => Self::LastContact,
            OrderChoice::Needed => Self::Needed,
            OrderChoice::Failed => Self::Failed,
        }
    }
}

pub(crate) fn run(command: &ComputerCommand, session: &mut Session<'_, '_>) -> Result<Exit, Failure> {
    match command {
        ComputerCommand::List { search, group, silent_days, contact_days, of_tree, part } => {
            let query = ComputerQuery {
                search: search.clone(),
                silent_days: *silent_days,
                contact_days: *contact_days,
                limit: Some(part.limit),
                after: part.after.clone(),
                ..ComputerQuery::default()
            };
            list(query, group.as_deref(), of_tree, session)
        }
        ComputerCommand::Show { computer } => {
            let answer = session.client.computer(&session.computer(computer)?)?;
            session.show(&answer, sheet)
        }
        ComputerCommand::Updates { computer, state, part } => {
            states::updates(computer, *state, part, session)
        }
        ComputerCommand::Why { computer, update } => {
            let (computer, update) = (session.computer(computer)?, session.update(update)?);
            let answer = session.client.why_not(&computer, update)?;
            session.show(&answer, |told, reader| paragraph(&told.why, reader.width))
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

fn list(
    query: ComputerQuery,
    group: Option<&str>,
    of_tree: &OfTree,
    session: &mut Session<'_, '_>,
) -> Result<Exit, Failure> {
    let group = group.map(|group| session.group(group)).transpose()?;
    let server = of_tree.at.as_deref().map(|name| session.wsus_server(name)).transpose()?;
    let query = ComputerQuery {
        group: group.map(|group| group.id),
        server,
        outside: of_tree.outside,
        state: of_tree.state.map(Standing::from),
        sort: of_tree.sort.map(ComputerOrder::from),
        reverse: of_tree.reverse,
        ..query
    };
    let answer = session.client.computers(&query)?;
    let unfiltered = ComputerQuery { sort: query.sort, reverse: query.reverse, ..ComputerQuery::default() };
    let is_filtered = ComputerQuery { limit: None, ..query.clone() } != unfiltered;
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
        .fact("Products", products(computer.products.as_deref()))
        // A Microsoft WSUS does not tell it, nor does the mirror.
        .fact(
            "Registered",
            Some(computer.registered_at).filter(|at| *at > Timestamp::EPOCH).map(minute).unwrap_or_default(),
        )
        .fact("Last contact", when(summary.last_contact_at) + if summary.silent { " (silent)" } else { "" })
        .fact("Last report", summary.last_report_at.map_or_else(|| "none yet".into(), when))
        .fact("Updates", counts(&summary.status))
        .fact("Note", summary.note.clone().unwrap_or_default());
    let mut text = harmless(&format!("{}\n\n", summary.name)) + &sheet.text(reader.width);
    if !computer.memberships.is_empty() {
        text.push('\n');
        text += &memberships(computer, reader);
    }
    if !computer.namesakes.is_empty() {
        text.push('\n');
        text += &namesakes(computer, reader);
    }
    if !computer.seen.is_empty() {
        text.push('\n');
        text += &seen(computer, reader);
    }
    if !computer.updates.is_empty() {
        text.push('\n');
        text += &states::updates_table(&computer.updates, reader);
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

fn memberships(computer: &ComputerDetail, reader: Reader) -> String {
    let columns = [Column::Long("GROUP"), Column::Text("STATE"), Column::Long("BECAUSE")];
    let mut table = Table::new(&columns).wrapping();
    for one in &computer.memberships {
        let state = if one.member { "member" } else { "wanted" };
        table.row([one.group.clone(), state.to_owned(), one.because.clone()]);
    }
    table.text(reader.width)
}

fn namesakes(computer: &ComputerDetail, reader: Reader) -> String {
    let columns = [Column::Text("SAME NAME"), Column::Long("SERVER"), Column::Text("LAST CONTACT")];
    let mut table = Table::new(&columns);
    for one in &computer.namesakes {
        let server = one.server.as_ref().map_or_else(String::new, |server| server.name.clone());
        table.row([one.id.to_string(), server, age(one.last_contact_at, reader.now)]);
    }
    table.text(reader.width)
}

fn seen(computer: &ComputerDetail, reader: Reader) -> String {
    let columns =
        [Column::Text("SEEN"), Column::Long("NAME"), Column::Text("ADDRESS"), Column::Long("SERVER")];
    let mut table = Table::new(&columns);
    for one in &computer.seen {
        let text = |value: &Option<String>| value.clone().unwrap_or_default();
        table.row([age(one.at, reader.now), one.name.clone(), text(&one.address), text(&one.server)]);
    }
    table.text(reader.width)
}

fn names(groups: &[GroupRef]) -> String {
    groups.iter().map(|group| group.name.as_str()).collect::<Vec<_>>().join(", ")
}
