//! `headwater hostgroup`: groups of hosts of a managing server.

use clap::{ArgGroup, Args, Subcommand, ValueEnum};
use headwater_api::{
    HostGroup, HostGroupChange, HostGroupMember, HostGroupMembers, HostGroupMembersQuery, HostOrder,
    ImportedGroups, NewHostGroup, Page,
};

use crate::Options;
use crate::arguments::{Part, examples};
use crate::failure::{Exit, Failure};
use crate::group::{group_name, quoted};
use crate::session::{Reader, Session};
use crate::sheet::paragraph;
use crate::table::{Column, Table};
use crate::terminal::harmless;
use crate::update::rest;
use headwater_words::products::unknown;
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
        /// A condition instead of hosts: name=pc-*, os=Windows 11*, address=10.1.0.0/16, manufacturer=Dell*,
        /// model=Latitude*, os_version=10.0.26200*, architecture=AMD64, agent_version=*, product=Office 2016, or !=
        /// for not; of several all hold
        #[arg(long = "rule", value_name = "CONDITION", conflicts_with = "hosts")]
        rule: Vec<String>,
        /// The host group that it is beneath
        #[arg(long, value_name = "HOSTGROUP", value_parser = group_name)]
        parent: Option<String>,
        /// Its WSUS group has its own hosts only, without those of the groups beneath
        #[arg(long)]
        direct: bool,
    },
    /// Change a host group's name, place, reach or rule
    #[command(after_help = examples!("headwater hostgroup set Pilot --parent Berlin"))]
    #[command(group = ArgGroup::new("changes").required(true).multiple(true))]
    Set {
        /// The host group
        #[arg(value_name = "HOSTGROUP", value_parser = group_name)]
        host_group: String,
        /// Its new name; its WSUS group keeps the old one
        #[arg(long, value_name = "NAME", value_parser = group_name, group = "changes")]
        name: Option<String>,
        /// The host group that it is to be beneath
        #[arg(long, value_name = "HOSTGROUP", value_parser = group_name, group = "changes")]
        parent: Option<String>,
        /// Put it beneath none
        #[arg(long, conflicts_with = "parent", group = "changes")]
        no_parent: bool,
        /// Its WSUS group has its own hosts only
        #[arg(long, group = "changes")]
        direct: bool,
        /// Its WSUS group has the hosts of the groups beneath as well
        #[arg(long, conflicts_with = "direct", group = "changes")]
        with_beneath: bool,
        /// A condition for its hosts; of several all hold
        #[arg(long = "rule", value_name = "CONDITION", group = "changes")]
        rule: Vec<String>,
        /// Take its rule away; its members are its hosts again
        #[arg(long, conflicts_with = "rule", group = "changes")]
        no_rule: bool,
    },
    /// Delete a host group; the WSUS group that was made from it stays
    #[command(after_help = examples!("headwater hostgroup delete Pilot"))]
    Delete {
        /// The host group
        #[arg(value_name = "NAME", value_parser = group_name)]
        name: String,
    },
    /// List the hosts of a host group and of those beneath it, and who is not registered
    #[command(after_help = examples!("headwater hostgroup members Pilot", "headwater hostgroup members Pilot --sort state"))]
    Members {
        /// The host group
        #[arg(value_name = "NAME", value_parser = group_name)]
        name: String,
        /// In this order [default: name]
        #[arg(long, value_name = "ORDER")]
        sort: Option<HostOrderChoice>,
        /// The other way round
        #[arg(long)]
        reverse: bool,
        #[command(flatten)]
        part: Part,
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

#[derive(Debug, Clone, Copy, ValueEnum)]
pub enum HostOrderChoice {
    Name,
    Server,
    /// By the host group that has it itself
    HostGroup,
    /// Those that are not registered first
    State,
}

pub(crate) fn run(command: &HostGroupCommand, session: &mut Session<'_, '_>) -> Result<Exit, Failure> {
    match command {
        HostGroupCommand::List => {
            let answer = session.client.host_groups()?;
            session.show(&answer, |page, reader| list(&page.items, reader))
        }
        HostGroupCommand::Create { name, hosts, rule, parent, direct } => {
            let request = NewHostGroup {
                name: name.clone(),
                hosts: hosts.clone(),
                rule: rule.clone(),
                parent: parent.clone(),
                direct: *direct,
            };
            let answer = session.client.create_host_group(&request)?;
            session.show(&answer, |group, _| {
                let text = format!(
                    "Made the host group {} with {}\n{}See what a WSUS group would have with `headwater wsus group \
                     preview {}`.",
                    group.name,
                    counted(group.hosts, "host"),
                    unknown(group.products_unknown).map(|said| said + "\n").unwrap_or_default(),
                    quoted(&group.name)
                );
                harmless(&text)
            })
        }
        HostGroupCommand::Set {
            host_group,
            name,
            parent,
            no_parent,
            direct,
            with_beneath,
            rule,
            no_rule,
        } => {
            let change = HostGroupChange {
                name: name.clone(),
                parent: if *no_parent { Some(String::new()) } else { parent.clone() },
                direct: (*direct || *with_beneath).then_some(*direct),
                rule: (*no_rule || !rule.is_empty()).then(|| rule.clone()),
            };
            let answer = session.client.set_host_group(host_group, &change)?;
            session.show(&answer, |group, _| changed(group))
        }
        HostGroupCommand::Delete { name } => {
            session.client.delete_host_group(name)?;
            session.say(&format!("Deleted the host group {name}"))
        }
        HostGroupCommand::Members { name, sort, reverse, part } => {
            let query = HostGroupMembersQuery {
                sort: sort.map(|order| match order {
                    HostOrderChoice::Name => HostOrder::Name,
                    HostOrderChoice::Server => HostOrder::Server,
                    HostOrderChoice::HostGroup => HostOrder::HostGroup,
                    HostOrderChoice::State => HostOrder::State,
                }),
                reverse: *reverse,
                limit: Some(part.limit),
                after: part.after.clone(),
            };
            let answer = session.client.host_group_members(name, &query)?;
            session.show(&answer, |page, reader| members(page, name, reader))
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
    session.show(&answer, |group, _| changed(group))
}

fn members(page: &Page<HostGroupMember>, name: &str, reader: Reader) -> String {
    if page.items.is_empty() {
        let advice = format!(
            "{name} has no hosts. Put one into it with `headwater hostgroup add {} HOST`.",
            quoted(name)
        );
        return paragraph(&advice, reader.width);
    }
    let columns = [
        Column::Long("NAME"),
        Column::Text("ID"),
        Column::Long("SERVER"),
        Column::Long("HOST GROUP"),
        Column::Long("REGISTERED"),
    ];
    let mut table = Table::new(&columns).wrapping();
    for host in &page.items {
        table.row([
            host.name.clone(),
            host.client.to_string(),
            host.server.as_ref().map_or_else(String::new, |server| server.name.clone()),
            host.host_group.clone(),
            match (&host.reason, host.registered) {
                (Some(reason), _) => format!("no: {reason}"),
                (None, registered) => if registered { "yes" } else { "no" }.to_owned(),
            },
        ]);
    }
    table.text(reader.width) + &rest(page, "host")
}

fn changed(group: &HostGroup) -> String {
    let mut text = format!("{} has {} now", group.name, counted(group.hosts, "host"));
    if let Some(unknown) = unknown(group.products_unknown) {
        text += &format!("\n{unknown}");
    }
    if group.wsus_group.is_some() {
        let name = quoted(&group.name);
        text += &format!("\nIts WSUS group follows with `headwater wsus group apply --group {name}`.");
    }
    harmless(&text)
}

fn list(groups: &[HostGroup], reader: Reader) -> String {
    if groups.is_empty() {
        return "There is no host group yet. Make one with `headwater hostgroup create NAME`.".into();
    }
    let mut table = Table::new(&[
        Column::Long("NAME"),
        Column::Long("BENEATH"),
        Column::Number("HOSTS"),
        Column::Text("WSUS GROUP"),
        Column::Long("RULE"),
    ]);
    for group in groups {
        let id = group.wsus_group.map(|id| id.to_string().chars().take(8).collect());
        let beneath = group.parent.clone().unwrap_or_default();
        let hosts = grouped(group.hosts);
        table.row([group.name.clone(), beneath, hosts, id.unwrap_or_default(), group.rule.join(", ")]);
    }
    let mut text = table.text(reader.width);
    for group in groups {
        if let Some(unknown) = unknown(group.products_unknown) {
            text += &harmless(&format!("\n{}: {unknown}\n", group.name));
        }
        if let Some(held) = &group.held {
            text += &harmless(&format!("\nThe members of {} are held: {held}\n", group.name));
        }
    }
    text
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
