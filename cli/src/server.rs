//! `headwater server`: the server itself.

use clap::{Args, Subcommand};
use headwater_api::{ContentState, ServerStatus};

use crate::Options;
use crate::arguments::examples;
use crate::computer::NO_COMPUTER;
use crate::failure::{Exit, Failure};
use crate::session::{Reader, Session};
use crate::sheet::{Sheet, paragraph};
use crate::{downstream, upstream};
use headwater_words::moment::{age, minute};
use headwater_words::quantity::{counted, grouped, size};

#[derive(Debug, Args)]
pub struct ServerArguments {
    #[command(flatten)]
    pub options: Options,
    #[command(subcommand)]
    pub command: ServerCommand,
}

#[derive(Debug, Subcommand)]
pub enum ServerCommand {
    /// Show what the server holds, where it is reached and what it waits for
    #[command(after_help = examples!("headwater server status", "headwater server status --output json"))]
    Status,
}

pub(crate) fn run(command: &ServerCommand, session: &mut Session<'_, '_>) -> Result<Exit, Failure> {
    match command {
        ServerCommand::Status => {
            let answer = session.client.server()?;
            session.show(&answer, sheet)
        }
    }
}

fn sheet(server: &ServerStatus, reader: Reader) -> String {
    let since = format!("{}, {}", minute(server.started_at), age(server.started_at, reader.now));
    let mut sheet = Sheet::default();
    sheet
        .fact("Version", server.version.as_str())
        .fact("Started", since)
        .fact("Updates at", server.urls.updates.as_str())
        .fact("Console at", server.urls.console.as_str())
        .fact("Data", server.data_folder.as_str())
        .fact("Server id", server.server_id.to_string())
        .fact("Catalogue", catalogue(server))
        .fact("Computers", computers(server))
        .fact("Content", content(server))
        .fact("Problem", server.content.problem.clone().unwrap_or_default())
        .fact(
            "Upstream",
            server.upstream.as_ref().map_or("none".into(), |found| upstream::line(found, reader)),
        );
    let advice = next_step(server).map(|advice| format!("\n{}", paragraph(advice, reader.width)));
    let below = match server.downstream.as_slice() {
        [] => String::new(),
        below => format!("\n{}", downstream::table(below, reader)),
    };
    sheet.text(reader.width) + &below + &advice.unwrap_or_default()
}

fn catalogue(server: &ServerStatus) -> String {
    let catalogue = &server.catalogue;
    let mut parts = vec![
        counted(catalogue.updates, "update"),
        counted(catalogue.revisions, "revision"),
        counted(catalogue.approvals, "approval"),
    ];
    let troubles = [
        (catalogue.declined, "declined"),
        (catalogue.incomplete, "incomplete"),
        (catalogue.quarantined, "kept apart"),
    ];
    let troubles = troubles.into_iter().filter(|(count, _)| *count > 0);
    parts.extend(troubles.map(|(count, word)| format!("{} {word}", grouped(count))));
    parts.join(", ")
}

fn computers(server: &ServerStatus) -> String {
    let computers = &server.computers;
    match computers.silent {
        0 => grouped(computers.total),
        silent => format!(
            "{}, {} silent for {}",
            grouped(computers.total),
            grouped(silent),
            counted(computers.silent_after_days.into(), "day")
        ),
    }
}

fn content(server: &ServerStatus) -> String {
    let content = &server.content;
    let held = format!("{}, {}", counted(content.files_held, "file"), size(content.bytes_held));
    match content.state {
        ContentState::Complete => held,
        ContentState::Working => format!("{held}; {} on the way", grouped(content.files_wanted)),
        ContentState::Missing => format!("{held}; {} missing", grouped(content.files_wanted)),
        ContentState::DiskFull => {
            format!("{held}; no room for {}, {}", grouped(content.files_wanted), size(content.bytes_wanted))
        }
    }
}

/// What an administrator does next, where that is plain.
fn next_step(server: &ServerStatus) -> Option<&'static str> {
    if server.catalogue.revisions == 0 && server.upstream.is_none() {
        Some(
            "The catalogue is empty. Import an export with `headwater update import`, or name a server to take \
             updates from with `headwater upstream set`.",
        )
    } else if server.content.state == ContentState::Missing {
        Some("Files are missing that approved updates need. Bring them with `headwater update import`.")
    } else if server.content.state == ContentState::DiskFull {
        Some("The server's disk is full. Make room, and fetching goes on by itself.")
    } else if server.computers.total == 0 {
        Some(NO_COMPUTER)
    } else {
        None
    }
}
