//! `headwater update approve`, `withdraw`, `decline`, `undecline` and `halt`.

use clap::{Args, ValueEnum};
use headwater_api::{
    ApprovalAction, ApprovalPreview, ApprovalRequest, ApprovalWithdrawal, DeclineRequest, Halt, HaltRequest,
    NewRevisions, Page, PreviewComputer, PreviewComputersRequest, Refusal, UpdateRef, UpdatesOutcome,
};
use headwater_client::Answer;
use headwater_model::Timestamp;

use crate::arguments::Part;
use crate::failure::{Exit, Failure};
use crate::moment::Deadline;
use crate::names::UpdateName;
use crate::session::{Reader, Session};
use crate::sheet::paragraph;
use crate::table::{Column, Table};
use crate::terminal::harmless;
use crate::update::rest;
use crate::update_sheet::action;
use headwater_words::approval as words;
use headwater_words::moment::minute;
use headwater_words::quantity::{counted, grouped};

#[derive(Debug, Args)]
pub struct ApproveArguments {
    /// Ids, the first eight digits of them, or KB and a number
    #[arg(value_name = "UPDATE", required = true)]
    updates: Vec<UpdateName>,
    /// The group, by name or id
    #[arg(long, value_name = "GROUP")]
    group: String,
    /// What its computers do
    #[arg(long, value_name = "ACTION", default_value = "install")]
    action: Action,
    /// When they act without waiting for their users; local time unless it ends in Z or an offset
    #[arg(long, value_name = "TIME")]
    deadline: Option<Deadline>,
    /// What becomes of the approval when a new revision of the update arrives
    #[arg(long, value_name = "WHAT", default_value = "follow")]
    new_revisions: Revisions,
    /// Only say which computers on which servers it would reach, and what is fetched over which link; of a
    /// managing server
    #[arg(long)]
    dry_run: bool,
    /// With --dry-run: list the computers that act, or may, with what each fetches
    #[arg(long, requires = "dry_run")]
    computers: bool,
    /// Of these only those that report to this server
    #[arg(long, value_name = "SERVER", requires = "computers")]
    at: Option<String>,
    #[command(flatten)]
    part: Part,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
pub enum Revisions {
    /// It holds for the newest revision
    Follow,
    /// It holds for today's revision until you approve again
    Wait,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
pub enum Action {
    /// Install it
    Install,
    /// Remove it, where the update allows that
    Uninstall,
    /// Report whether they need it, and do nothing more
    Detect,
    /// Nothing, though a group above has an approval
    Block,
}

#[derive(Debug, Args)]
pub struct WithdrawArguments {
    /// Ids, the first eight digits of them, or KB and a number
    #[arg(value_name = "UPDATE", required = true)]
    updates: Vec<UpdateName>,
    /// The group, by name or id
    #[arg(long, value_name = "GROUP")]
    group: String,
}

#[derive(Debug, Args)]
pub struct DeclineArguments {
    /// Ids, the first eight digits of them, or KB and a number
    #[arg(value_name = "UPDATE", required = true)]
    updates: Vec<UpdateName>,
}

pub(crate) fn approve(arguments: &ApproveArguments, session: &mut Session<'_, '_>) -> Result<Exit, Failure> {
    let zone = &session.terminal.zone;
    let deadline = arguments.deadline.map(|deadline| deadline.in_zone(zone)).transpose();
    let deadline = deadline.map_err(Failure::Argument)?;
    let group = session.group(&arguments.group)?;
    let request = ApprovalRequest {
        updates: session.updates(&arguments.updates)?,
        group: group.id,
        action: match arguments.action {
            Action::Install => ApprovalAction::Install,
            Action::Uninstall => ApprovalAction::Uninstall,
            Action::Detect => ApprovalAction::Detect,
            Action::Block => ApprovalAction::Block,
        },
        deadline,
        new_revisions: match arguments.new_revisions {
            Revisions::Follow => NewRevisions::Follow,
            Revisions::Wait => NewRevisions::Wait,
        },
        seen: Vec::new(),
    };
    if arguments.computers {
        let server = arguments.at.as_deref().map(|at| session.wsus_server(at)).transpose()?;
        let request = PreviewComputersRequest {
            updates: request.updates,
            group: request.group,
            action: request.action,
            server,
            limit: Some(arguments.part.limit),
            after: arguments.part.after.clone(),
        };
        let answer = session.client.preview_computers(&request)?;
        return session.show(&answer, computers);
    }
    if arguments.dry_run {
        let answer = session.client.preview_approval(&request)?;
        return session.show(&answer, preview);
    }
    let answer = session.client.approve(&request)?;
    let until = deadline.map_or_else(String::new, |at| until(at, session.terminal.now));
    let how = format!("for {}: {}{until}", group.name, action(request.action));
    report(&answer, ["Approved", &how, "had that approval already"], session)
}

fn preview(preview: &ApprovalPreview, reader: Reader) -> String {
    let mut text = paragraph(&words::preview(preview), reader.width);
    let columns = [
        Column::Long("SERVER"),
        Column::Number("COMPUTERS"),
        Column::Number("ACT"),
        Column::Number("UNKNOWN"),
        Column::Number("SILENT"),
        Column::Long("FETCHED BY IT"),
        Column::Text("BY COMPUTERS"),
        Column::Long("WHO ACTS"),
    ];
    let mut table = Table::new(&columns).wrapping();
    for one in &preview.servers {
        let more = one.acting.saturating_sub(one.names.len() as u64);
        let more = if more > 0 { format!(" and {} more", grouped(more)) } else { String::new() };
        table.row([
            one.server.name.clone(),
            grouped(one.computers),
            grouped(one.acting),
            grouped(one.unknown),
            grouped(one.silent),
            words::fetched(one).unwrap_or_default(),
            words::sent(one).unwrap_or_default(),
            one.names.join(", ") + &more,
        ]);
    }
    if !preview.servers.is_empty() {
        text += &format!("\n{}", table.text(reader.width));
    }
    if preview.servers.iter().any(|one| one.acting > one.names.len() as u64) {
        text += "\nAll computers that act, or may, are listed with --computers.\n";
    }
    text + "\nNothing was changed.\n"
}

/// All that act, or may.
fn computers(page: &Page<PreviewComputer>, reader: Reader) -> String {
    if page.items.is_empty() {
        return "No computer acts. Nothing was changed.".into();
    }
    let columns =
        [Column::Long("NAME"), Column::Long("SERVER"), Column::Text("ACTS"), Column::Long("FETCHES")];
    let mut table = Table::new(&columns);
    for one in &page.items {
        let acts = if one.acts { "yes" } else { "not known" };
        let acts = if one.silent { format!("{acts}, silent") } else { acts.to_owned() };
        table.row([one.name.clone(), one.server.name.clone(), acts, words::fetched_by(one)]);
    }
    table.text(reader.width) + &rest(page, "computer") + "\nNothing was changed.\n"
}

/// The deadline in UTC, as the server has it.
fn until(deadline: Timestamp, now: Timestamp) -> String {
    let passed = if deadline <= now { ", which has passed: at their next contact" } else { "" };
    format!(", deadline {deadline}{passed}")
}

pub(crate) fn withdraw(
    arguments: &WithdrawArguments,
    session: &mut Session<'_, '_>,
) -> Result<Exit, Failure> {
    let group = session.group(&arguments.group)?;
    let updates = session.updates(&arguments.updates)?;
    let request = ApprovalWithdrawal { updates, group: group.id, seen: Vec::new() };
    let answer = session.client.withdraw(&request)?;
    let group = format!("for {}", group.name);
    report(&answer, ["Took back the approval of", &group, "had none"], session)
}

pub(crate) fn decline(arguments: &DeclineArguments, session: &mut Session<'_, '_>) -> Result<Exit, Failure> {
    let request = DeclineRequest { updates: session.updates(&arguments.updates)?, seen: Vec::new() };
    let answer = session.client.decline(&request)?;
    report(&answer, ["Declined", "", "declined already"], session)
}

pub(crate) fn undecline(
    arguments: &DeclineArguments,
    session: &mut Session<'_, '_>,
) -> Result<Exit, Failure> {
    let request = DeclineRequest { updates: session.updates(&arguments.updates)?, seen: Vec::new() };
    let answer = session.client.undecline(&request)?;
    report(&answer, ["Undid the decline of", "", "not declined"], session)
}

/// Halts each at once, the first before the second is looked at: it is wanted most while things are slow.
pub(crate) fn halt(updates: &[UpdateName], session: &mut Session<'_, '_>) -> Result<Exit, Failure> {
    for update in updates {
        let request = HaltRequest { update: session.update(update)? };
        let answer = session.client.halt(&request)?;
        session.show(&answer, |halt, reader| {
            let update = halt.update;
            let text = match halt.done_at {
                Some(_) => format!(
                    "Halted {update}: the top offers it to nobody any more, and the servers below synchronise. \
                     `headwater wsus sync --dry-run` shows who does not follow."
                ),
                None => format!(
                    "The halt of {update} is pending and is carried out as soon as that can be: {}.",
                    halt.waits.as_deref().unwrap_or("the linked WSUS is not reached")
                ),
            };
            paragraph(&text, reader.width)
        })?;
    }
    Ok(Exit::Done)
}

pub(crate) fn halts(page: &Page<Halt>, reader: Reader) -> String {
    let halts = &page.items;
    if halts.is_empty() {
        return "No update is halted.".into();
    }
    let columns = ["UPDATE", "BY", "ASKED", "DONE"].map(Column::Text);
    let mut table = Table::new(&columns);
    for halt in halts {
        let done = halt.done_at.map_or_else(|| "pending".to_owned(), minute);
        table.row([halt.update.to_string(), halt.asked_by.clone(), minute(halt.asked_at), done]);
    }
    let mut text = table.text(reader.width);
    for halt in halts {
        if let Some(reason) = &halt.waits {
            text.push('\n');
            text += &paragraph(&format!("{} is pending: {reason}.", halt.update), reader.width);
        }
    }
    text + &rest(page, "halt")
}

/// Says what became of each update: `Approved` 1 update `for Pilot`; 1 update `had none`. Those that were refused go to the standard error, and make the
/// exit code 1.
fn report(
    answer: &Answer<UpdatesOutcome>,
    [done, how, already]: [&str; 3],
    session: &mut Session<'_, '_>,
) -> Result<Exit, Failure> {
    let UpdatesOutcome { applied, unchanged, refused } = &answer.value;
    if session.is_json() {
        session.terminal.print(&answer.json)?;
    } else {
        let mut text = String::new();
        if !applied.is_empty() {
            let what = format!("{done} {} {how}", counted(applied.len() as u64, "update"));
            text += &list(what.trim_end(), applied);
        }
        if !unchanged.is_empty() {
            text += &list(&format!("{} {already}", counted(unchanged.len() as u64, "update")), unchanged);
        }
        if !text.is_empty() {
            session.terminal.print(&text)?;
        }
        if !refused.is_empty() {
            session.terminal.note(refusals(refused).trim_end())?;
        }
    }
    Ok(if refused.is_empty() { Exit::Done } else { Exit::Refused })
}

fn list(head: &str, updates: &[UpdateRef]) -> String {
    let mut text = format!("{head}\n");
    for update in updates {
        text.push_str(&format!("  {}\n", name(update)));
    }
    harmless(&text)
}

fn refusals(refused: &[Refusal]) -> String {
    let mut text = format!("error: {} refused\n", counted(refused.len() as u64, "update"));
    for refusal in refused {
        text.push_str(&format!("  {}\n    {}\n", name(&refusal.update), refusal.reason));
    }
    text
}

fn name(update: &UpdateRef) -> String {
    let short: String = update.id.to_string().chars().take(8).collect();
    match &update.title {
        Some(title) => format!("{short}  {title}"),
        None => update.id.to_string(),
    }
}
