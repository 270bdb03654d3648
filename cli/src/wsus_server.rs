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
    /// Set what an autonomous server follows, when scheduled runs may work on a server, or who groups its computers
    ///
    /// A run by hand does not wait for windows, and says so.
    #[command(after_help = examples!(
        "headwater wsus server set wsus-berlin --follow groups,approvals",
        "headwater wsus server set wsus-berlin --window 22:00-05:00",
        "headwater wsus server set wsus-lab --client-targeting yes"
    ))]
    Set {
        /// The server, by name or id
        #[arg(value_name = "NAME")]
        name: String,
        /// What an autonomous server takes beside updates: the managed groups, and the top's approvals for these
        #[arg(long, value_name = "WHAT", required_unless_present_any = ["window", "client_targeting"])]
        follow: Option<FollowChoice>,
        /// Part of the day, by the managing server's clock; `always` takes it away
        #[arg(long, value_name = "FROM-UNTIL")]
        window: Option<String>,
        /// Whether policies are meant to put its computers into groups: then what they ask for is no difference
        #[arg(long, value_name = "MEANT")]
        client_targeting: Option<Meant>,
    },
}

#[derive(Debug, Clone, Copy, ValueEnum)]
pub enum FollowChoice {
    #[value(name = "groups,approvals")]
    GroupsAndApprovals,
    Nothing,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Meant {
    Yes,
    No,
}

pub(crate) fn run(command: &WsusServerCommand, session: &mut Session<'_, '_>) -> Result<Exit, Failure> {
    let WsusServerCommand::Set { name, follow, window, client_targeting } = command;
    let change = ServerChange {
        follow: follow.map(|follow| match follow {
            FollowChoice::GroupsAndApprovals => ServerFollow::GroupsAndApprovals,
            FollowChoice::Nothing => ServerFollow::Nothing,
        }),
        window: window.as_ref().map(|window| if window == "always" { String::new() } else { window.clone() }),
        client_targeting: client_targeting.map(|meant| meant == Meant::Yes),
    };
    let answer = session.client.set_server(name, &change)?;
    session.show(&answer, sheet)
}

fn sheet(server: &TreeServer, reader: Reader) -> String {
    let mut sheet = Sheet::default();
    sheet.fact("Server", server.name.as_str()).fact("Mode", standing(server));
    sheet.text(reader.width)
}
