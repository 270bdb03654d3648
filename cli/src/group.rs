//! `headwater group`: groups of computers.

use clap::{Args, Subcommand};
use headwater_api::{
    ComputerOrder, ComputerSummary, GROUP_NAME_CHARS_MAX, Group, MembersQuery, NewGroup, Page,
};

use crate::arguments::{Part, examples};
use crate::computer::OrderChoice;
use crate::failure::{Exit, Failure};
use crate::session::{Reader, Session};
use crate::sheet::paragraph;
use crate::table::{Column, Table};
use crate::terminal::harmless;
use crate::{Options, computer};
use headwater_words::quantity::grouped;

#[derive(Debug, Args)]
pub struct GroupArguments {
    #[command(flatten)]
    pub options: Options,
    #[command(subcommand)]
    pub command: GroupCommand,
}

#[derive(Debug, Subcommand)]
pub enum GroupCommand {
    /// Make a group
    #[command(after_help = examples!("headwater group create Pilot --parent Workstations"))]
    Create {
        /// Its name, which no other group has, in capitals or not
        #[arg(value_name = "NAME", value_parser = group_name)]
        name: String,
        /// The group above it, by name or id [default: All Computers]
        #[arg(long, value_name = "GROUP")]
        parent: Option<String>,
    },
    /// List all groups, each below the one above it
    #[command(after_help = examples!("headwater group list"))]
    List,
    /// List the computers of a group
    #[command(after_help = examples!("headwater group members Pilot"))]
    Members {
        /// The group, by name or id
        #[arg(value_name = "GROUP")]
        group: String,
        /// In this order, of a managing server [default: name]
        #[arg(long, value_name = "ORDER")]
        sort: Option<OrderChoice>,
        /// The other way round
        #[arg(long)]
        reverse: bool,
        #[command(flatten)]
        part: Part,
    },
    /// Delete a group and its approvals; its computers stay
    #[command(after_help = examples!("headwater group delete Pilot"))]
    Delete {
        /// The group, by name or id
        #[arg(value_name = "GROUP")]
        group: String,
    },
}

pub(crate) fn group_name(text: &str) -> Result<String, String> {
    let name = text.trim();
    match name.chars().count() {
        0 => Err("a group needs a name".into()),
        1..=GROUP_NAME_CHARS_MAX => Ok(name.to_owned()),
        _ => Err(format!("a group's name has at most {GROUP_NAME_CHARS_MAX} characters")),
    }
}

pub(crate) fn run(command: &GroupCommand, session: &mut Session<'_, '_>) -> Result<Exit, Failure> {
    match command {
        GroupCommand::Create { name, parent } => create(name, parent.as_deref(), session),
        GroupCommand::List => {
            let answer = session.client.groups()?;
            session.show(&answer, |page, reader| tree(&page.items, reader))
        }
        GroupCommand::Members { group, sort, reverse, part } => {
            let group = session.group(group)?;
            let query = MembersQuery {
                sort: sort.map(ComputerOrder::from),
                reverse: *reverse,
                limit: Some(part.limit),
                after: part.after.clone(),
            };
            let answer = session.client.members(group.id, &query)?;
            session.show(&answer, |page, reader| members(page, &group, reader))
        }
        GroupCommand::Delete { group } => {
            let group = session.group(group)?;
            session.client.delete_group(group.id)?;
            session.say(&format!("Deleted the group {}", group.name))
        }
    }
}

fn create(name: &str, parent: Option<&str>, session: &mut Session<'_, '_>) -> Result<Exit, Failure> {
    let parent = parent.map(|parent| session.group(parent)).transpose()?;
    let request = NewGroup { name: name.to_owned(), parent: parent.as_ref().map(|parent| parent.id) };
    let answer = session.client.create_group(&request)?;
    session.show(&answer, |group, _| {
        let below = parent.map_or_else(String::new, |parent| format!(" below {}", parent.name));
        let text = format!(
            "Made the group {}{below}\nFill it with `headwater computer move COMPUTER --group {}`.",
            group.name,
            quoted(&group.name)
        );
        harmless(&text)
    })
}

/// A name as a shell takes it.
pub(crate) fn quoted(name: &str) -> String {
    let is_word = name.chars().all(|c| c.is_alphanumeric() || "-_.".contains(c));
    if is_word { name.to_owned() } else { format!("\"{name}\"") }
}

fn members(page: &Page<ComputerSummary>, group: &Group, reader: Reader) -> String {
    if page.items.is_empty() {
        let advice = format!(
            "{} has no computers. Move one with `headwater computer move COMPUTER --group {}`.",
            group.name,
            quoted(&group.name)
        );
        return paragraph(&advice, reader.width);
    }
    computer::page_text(page, reader)
}

fn tree(groups: &[Group], reader: Reader) -> String {
    let columns = [
        Column::Long("NAME"),
        Column::Number("COMPUTERS"),
        Column::Number("APPROVALS"),
        Column::Text("BUILT IN"),
    ];
    let mut table = Table::new(&columns);
    for (depth, group) in ordered(groups) {
        let built_in = if group.built_in { "yes" } else { "" };
        table.row([
            format!("{}{}", "  ".repeat(depth), group.name),
            grouped(group.computers),
            grouped(group.approvals),
            built_in.into(),
        ]);
    }
    let mut text = table.text(reader.width);
    if groups.iter().all(|group| group.built_in) {
        text += "\nMake a group of your own with `headwater group create NAME`.\n";
    }
    text
}

/// Each group after the one above it, with how far it is from the top; those beside each other by
/// name.
fn ordered(groups: &[Group]) -> Vec<(usize, &Group)> {
    let mut sorted: Vec<&Group> = groups.iter().collect();
    sorted.sort_by_cached_key(|group| group.name.to_lowercase());
    crate::tree::ordered(&sorted, |group| group.id, |group| group.parent)
}
