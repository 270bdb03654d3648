//! `headwater hostgroup`: groups of hosts of a managing server.

use clap::{Args, Subcommand};
use headwater_api::{HostGroup, HostGroupMembers, ImportedGroups, NewHostGroup};

use crate::Options;
use crate::arguments::examples;
use crate::failure::{Exit, Failure};
use crate::group::{group_name, quoted};
use crate::session::{Reader, Session};
use crate::table::{Column, Table};
use crate::terminal::harmless;
use headwater_words::quantity::{counted, grouped};

#[derive(Debug, Args)]
pub struct HostGroupArguments {
    #[command(flatten)]
    pub options: Options,
    #[command(subcommand)]
    pub command: HostGroupCommand,
}

#[derive(Debug, Subcommand)]
pub enum HostGroupCommand {
    /// List all host groups
    #[command(after_help = examples!("headwater hostgroup list"))]
    List,
    /// Make a host group
    #[command(after_help = examples!("headwater hostgroup create Pilot --host pc-17 --host pc-18.example"))]
    Create {
        /// Its name, which no other host group has, in capitals or not
        #[arg(value_name = "NAME", value_parser = group_name)]
        name: String,
        /// A host, by name or by the id of its update client; can be given several times
        #[arg(long = "host", value_name = "HOST")]
        hosts: Vec<String>,
    },
    /// Put hosts into a host group
    #[command(after_help = examples!("headwater hostgroup add Pilot pc-17 pc-18"))]
    Add {
        /// The host group
        #[arg(value_name = "NAME", value_parser = group_name)]
        name: String,
        /// Hosts, by name or by the id of their update client
        #[arg(value_name = "HOST", required = true)]
        hosts: Vec<String>,
    },
    /// Take hosts out of a host group
    #[command(after_help = examples!("headwater hostgroup remove Pilot pc-17"))]
    Remove {
        /// The host group
        #[arg(value_name = "NAME", value_parser = group_name)]
        name: String,
        /// Hosts, by name or by the id of their update client
        #[arg(value_name = "HOST", required = true)]
        hosts: Vec<String>,
    },
    /// Make host groups from the groups of the linked WSUS, with their members
    #[command(after_help = examples!("headwater hostgroup import --from-wsus"))]
    Import {
        /// Where they come from
        #[arg(long, required = true)]
        from_wsus: bool,
    },
}

pub(crate) fn run(command: &HostGroupCommand, session: &mut Session<'_, '_>) -> Result<Exit, Failure> {
    match command {
        HostGroupCommand::List => {
            let answer = session.client.host_groups()?;
            session.show(&answer, |page, reader| list(&page.items, reader))
        }
        HostGroupCommand::Create { name, hosts } => {
            let request = NewHostGroup { name: name.clone(), hosts: hosts.clone() };
            let answer = session.client.create_host_group(&request)?;
            session.show(&answer, |group, _| {
                let text = format!(
                    "Made the host group {} with {}\nSee what a WSUS group would have with `headwater wsus group \
                     preview {}`.",
                    group.name,
                    counted(group.hosts, "host"),
                    quoted(&group.name)
                );
                harmless(&text)
            })
        }
        HostGroupCommand::Add { name, hosts } => {
            change(name, HostGroupMembers { add: hosts.clone(), remove: vec![] }, session)
        }
        HostGroupCommand::Remove { name, hosts } => {
            change(name, HostGroupMembers { add: vec![], remove: hosts.clone() }, session)
        }
        HostGroupCommand::Import { .. } => {
            let answer = session.client.import_host_groups()?;
            session.show(&answer, |imported, _| imported_text(imported))
        }
    }
}

fn change(name: &str, members: HostGroupMembers, session: &mut Session<'_, '_>) -> Result<Exit, Failure> {
    let answer = session.client.change_host_group(name, &members)?;
    session.show(&answer, |group, _| {
        let mut text = format!("{} has {} now", group.name, counted(group.hosts, "host"));
        if group.wsus_group.is_some() {
            let name = quoted(&group.name);
            text += &format!("\nIts WSUS group follows with `headwater wsus group apply --group {name}`.");
        }
        harmless(&text)
    })
}

fn list(groups: &[HostGroup], reader: Reader) -> String {
    if groups.is_empty() {
        return "There is no host group yet. Make one with `headwater hostgroup create NAME`.".into();
    }
    let mut table = Table::new(&[Column::Long("NAME"), Column::Number("HOSTS"), Column::Text("WSUS GROUP")]);
    for group in groups {
        let id = group.wsus_group.map(|id| id.to_string().chars().take(8).collect());
        table.row([group.name.clone(), grouped(group.hosts), id.unwrap_or_default()]);
    }
    table.text(reader.width)
}

fn imported_text(imported: &ImportedGroups) -> String {
    let created = imported.created.len() as u64;
    let mut text = format!(
        "Made {} with {}; {} there already\n",
        counted(created, "host group"),
        counted(imported.hosts, "host"),
        match imported.unchanged.len() as u64 {
            1 => "1 was".into(),
            unchanged => format!("{} were", grouped(unchanged)),
        }
    );
    for name in &imported.created {
        text += &format!("  {name}\n");
    }
    harmless(&text)
}
