//! `headwater wsus server`: what is wanted of one server of the tree.

use clap::{Subcommand, ValueEnum};
use headwater_api::{ServerChange, ServerFollow, TreeServer};
use headwater_words::synchronisation::standing;

use crate::arguments::examples;
use crate::failure::{Exit, Failure};
use crate::session::{Reader, Session};
use crate::sheet::Sheet;

#[derive(Debug, Subcommand)]
pub enum WsusServerCommand {
    /// Set what an autonomous server follows, or when scheduled runs may work on a server
    ///
    /// A run by hand does not wait for windows, and says so.
    #[command(after_help = examples!(
        "headwater wsus server set wsus-berlin --follow groups,approvals",
        "headwater wsus server set wsus-berlin --window 22:00-05:00"
    ))]
    Set {
        /// The server, by name or id
        #[arg(value_name = "NAME")]
        name: String,
        /// What an autonomous server takes beside updates: the managed groups, and the top's approvals for these
        #[arg(long, value_name = "WHAT", required_unless_present = "window")]
        follow: Option<FollowChoice>,
        /// Part of the day, by the managing server's clock; `always` takes it away
        #[arg(long, value_name = "FROM-UNTIL")]
        window: Option<String>,
    },
}

#[derive(Debug, Clone, Copy, ValueEnum)]
pub enum FollowChoice {
    #[value(name = "groups,approvals")]
    GroupsAndApprovals,
    Nothing,
}

pub(crate) fn run(command: &WsusServerCommand, session: &mut Session<'_, '_>) -> Result<Exit, Failure> {
    let WsusServerCommand::Set { name, follow, window } = command;
    let change = ServerChange {
        follow: follow.map(|follow| match follow {
            FollowChoice::GroupsAndApprovals => ServerFollow::GroupsAndApprovals,
            FollowChoice::Nothing => ServerFollow::Nothing,
        }),
        window: window.as_ref().map(|window| if window == "always" { String::new() } else { window.clone() }),
    };
    let answer = session.client.set_server(name, &change)?;
    session.show(&answer, sheet)
}

fn sheet(server: &TreeServer, reader: Reader) -> String {
    let mut sheet = Sheet::default();
    sheet.fact("Server", server.name.as_str()).fact("Mode", standing(server));
    sheet.text(reader.width)
}
