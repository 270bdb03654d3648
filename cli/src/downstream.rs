//! `headwater downstream`: the servers below an update server.

use clap::{Args, Subcommand};
use headwater_api::{DeletedDownstream, DownstreamServer, UpstreamMode};
use headwater_words::moment::age;
use headwater_words::quantity::{counted, grouped};

use crate::Options;
use crate::arguments::examples;
use crate::failure::{Exit, Failure};
use crate::session::{Reader, Session};
use crate::sheet::paragraph;
use crate::table::{Column, Table};

#[derive(Debug, Args)]
pub struct DownstreamArguments {
    #[command(flatten)]
    pub options: Options,
    #[command(subcommand)]
    pub command: DownstreamCommand,
}

#[derive(Debug, Subcommand)]
pub enum DownstreamCommand {
    /// List the servers that take updates from this one, and those below them
    #[command(after_help = examples!("headwater downstream list"))]
    List,
    /// Forget a server that is gone for good, those below it, and the computers that report to any of them
    ///
    /// One that is alive makes itself known when it synchronises next, with its computers. A server above this one
    /// keeps its own record of it: delete it there too, after this. In a linked tree `headwater wsus server delete`
    /// does all of it.
    #[command(after_help = examples!("headwater downstream delete wsus-berlin.example"))]
    Delete {
        /// The server, by name or id
        #[arg(value_name = "NAME")]
        name: String,
    },
}

pub(crate) fn run(command: &DownstreamCommand, session: &mut Session<'_, '_>) -> Result<Exit, Failure> {
    match command {
        DownstreamCommand::List => {
            let answer = session.client.downstream()?;
            session.show(&answer, |page, reader| match page.items.as_slice() {
                [] => paragraph("No server takes updates from this one.", reader.width),
                servers => table(servers, reader),
            })
        }
        DownstreamCommand::Delete { name } => {
            let servers = session.client.downstream()?.value.items;
            let server = named(&servers, name)?;
            let answer = session.client.delete_downstream(server.id)?;
            session.show(&answer, |deleted, reader| paragraph(&said(deleted), reader.width))
        }
    }
}

/// A server by its id, the beginning of it as the table shows it, or its name where that is only one's.
fn named<'a>(servers: &'a [DownstreamServer], name: &str) -> Result<&'a DownstreamServer, Failure> {
    let id = name.to_ascii_lowercase();
    let is_meant = |one: &&DownstreamServer| {
        one.name.eq_ignore_ascii_case(name) || (id.len() >= 8 && one.id.to_string().starts_with(&id))
    };
    let mut found = servers.iter().filter(is_meant);
    match (found.next(), found.next()) {
        (Some(one), None) => Ok(one),
        (None, _) => Err(Failure::Name(format!(
            "no downstream server is named `{name}`; `headwater downstream list` lists those there are"
        ))),
        (Some(_), Some(_)) => Err(Failure::Name(format!(
            "several downstream servers are named `{name}`: name one by its id, as `headwater downstream list` shows it"
        ))),
    }
}

fn said(deleted: &DeletedDownstream) -> String {
    let DeletedDownstream { name, below, computers } = deleted;
    let below = match below.as_slice() {
        [] => String::new(),
        below => format!(", of what is below it ({})", below.join(", ")),
    };
    let computers = counted(*computers, "computer");
    format!(
        "Deleted the record of {name}{below}, and of {computers}. One that is alive makes itself known again."
    )
}

/// The servers below.
pub(crate) fn table(servers: &[DownstreamServer], reader: Reader) -> String {
    let mut table = Table::new(&[
        Column::Long("DOWNSTREAM SERVER"),
        Column::Text("ID"),
        Column::Text("KIND"),
        Column::Long("TAKES FROM"),
        Column::Text("LAST CONTACT"),
        Column::Text("LAST SYNC"),
        Column::Text("LAST ROLLUP"),
        Column::Number("COMPUTERS"),
    ]);
    let when = |at| age(at, reader.now);
    for server in servers {
        let kind = match server.kind {
            Some(UpstreamMode::Replica) => "replica",
            Some(UpstreamMode::Autonomous) => "autonomous",
            None => "",
        };
        table.row([
            server.name.clone(),
            server.id.to_string().chars().take(8).collect(),
            kind.to_owned(),
            server.parent.as_ref().map_or_else(|| "this server".to_owned(), |parent| parent.name.clone()),
            when(server.last_contact_at),
            server.last_sync_at.map_or_else(String::new, when),
            server.last_rollup_at.map_or_else(String::new, when),
            grouped(server.computers),
        ]);
    }
    table.text(reader.width)
}
