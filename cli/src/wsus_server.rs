//! `headwater wsus server`: what is wanted of one server of the tree, and deleting its record.

use std::path::{Path, PathBuf};

use clap::{ArgGroup, Subcommand, ValueEnum};
use headwater_api::{DeleteServer, ServerChange, ServerDeletion, ServerFollow, TreeServer};
use headwater_words::moment::age;
use headwater_words::quantity::counted;
use headwater_words::server_deletion::{note, what};
use headwater_words::synchronisation::standing;

use crate::arguments::examples;
use crate::failure::{Exit, Failure};
use crate::session::{Reader, Session};
use crate::sheet::{Sheet, paragraph};
use crate::wsus_group::{keep_plan, quoted_path, read_plan};

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
    /// Delete the record of a server that is gone for good, or was replaced, wherever a server above has it
    ///
    /// Shows what goes with it: the servers below it and their computers. With `--apply` that is deleted, and its
    /// Linkage is revoked; nothing is where there is more by then. Refused while its Linkage answers. What was cut off
    /// the same command completes.
    #[command(after_help = examples!(
        "headwater wsus server delete wsus-berlin.example --save berlin.json",
        "headwater wsus server delete --apply berlin.json"
    ))]
    #[command(group = ArgGroup::new("what").required(true))]
    Delete {
        /// The server, by name or id
        #[arg(value_name = "NAME", group = "what")]
        name: Option<String>,
        /// Keep the plan in this file, for `--apply`
        #[arg(long, value_name = "FILE", requires = "name")]
        save: Option<PathBuf>,
        /// Delete what this plan names, and nothing that it does not name
        #[arg(long, value_name = "PLAN", group = "what")]
        apply: Option<PathBuf>,
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
    let (name, follow, window, client_targeting) = match command {
        WsusServerCommand::Set { name, follow, window, client_targeting } => {
            (name, follow, window, client_targeting)
        }
        WsusServerCommand::Delete { apply: Some(plan), .. } => {
            let delete = DeleteServer { plan: read_plan(plan)? };
            let answer = session.client.delete_server(delete.plan.id, &delete)?;
            return session.show(&answer, deleted);
        }
        WsusServerCommand::Delete { name, save, .. } => {
            return preview(name.as_deref().unwrap_or_default(), save.as_deref(), session);
        }
    };
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

fn preview(name: &str, save: Option<&Path>, session: &mut Session<'_, '_>) -> Result<Exit, Failure> {
    let answer = session.client.plan_server_deletion(name)?;
    if let Some(file) = save {
        keep_plan(file, &answer.json)?;
    }
    session.show(&answer, |deletion, reader| shown(deletion, save, reader))
}

fn shown(deletion: &ServerDeletion, save: Option<&Path>, reader: Reader) -> String {
    let advice = match save {
        Some(file) => format!("Delete it with `headwater wsus server delete --apply {}`.", quoted_path(file)),
        None => "Keep the plan with `--save FILE` to apply it.".to_owned(),
    };
    let mut sheet = Sheet::default();
    let seen = deletion.last_contact_at.map_or_else(String::new, |at| age(at, reader.now));
    sheet
        .fact("Server", deletion.name.as_str())
        .fact("Id", deletion.id.to_string())
        .fact("Last contact", seen);
    for one in &deletion.below {
        sheet.fact("Below it", format!("{}, {}", one.name, counted(one.computers, "computer")));
    }
    format!(
        "{}\n{}\n{}",
        paragraph(&format!("Would delete the records of {}.", what(deletion)), reader.width),
        sheet.text(reader.width),
        paragraph(&format!("{} {advice}", note(deletion)), reader.width)
    )
}

fn deleted(deletion: &ServerDeletion, reader: Reader) -> String {
    let mut said = format!("Deleted the records of {}.", what(deletion));
    if !deletion.not_told.is_empty() {
        let names = deletion.not_told.join(", ");
        said += &format!(
            " That its Linkage is revoked could not be told yet, and is when they are reached: {names}."
        );
    }
    paragraph(&said, reader.width)
}

fn sheet(server: &TreeServer, reader: Reader) -> String {
    let mut sheet = Sheet::default();
    sheet.fact("Server", server.name.as_str()).fact("Mode", standing(server));
    sheet.text(reader.width)
}
