//! `headwater wsus group`: WSUS groups that are made from host groups.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use clap::{ArgGroup, Subcommand};
use headwater_api::{GroupChange, GroupPlan};
use headwater_model::ServerId;

use crate::arguments::examples;
use crate::failure::{Exit, Failure};
use crate::group::quoted;
use crate::session::{Reader, Session};
use crate::sheet::paragraph;
use crate::table::{Column, Table};
use crate::terminal::harmless;
use headwater_words::quantity::grouped;

/// The longest plan that is read, in bytes: what a managing server takes.
const PLAN_BYTES_MAX: u64 = 64 << 20;

#[derive(Debug, Subcommand)]
pub enum WsusGroupCommand {
    /// Show what would change in the WSUS group of a host group; this changes nothing
    #[command(after_help = examples!("headwater wsus group preview Pilot --save pilot.json"))]
    Preview {
        /// The host group, by name
        #[arg(value_name = "HOSTGROUP")]
        host_group: String,
        /// Keep the plan in this file, for `headwater wsus group apply`
        #[arg(long, value_name = "FILE")]
        save: Option<PathBuf>,
    },
    /// Do exactly what a plan says, or nothing if it was made from what is no longer so
    #[command(after_help = examples!("headwater wsus group apply pilot.json"))]
    #[command(group = ArgGroup::new("what").required(true))]
    Apply {
        /// A plan that `headwater wsus group preview --save` kept
        #[arg(value_name = "PLAN", group = "what")]
        plan: Option<PathBuf>,
        /// Plan for this host group and apply at once
        #[arg(long = "group", value_name = "HOSTGROUP", group = "what")]
        host_group: Option<String>,
    },
}

pub(crate) fn run(command: &WsusGroupCommand, session: &mut Session<'_, '_>) -> Result<Exit, Failure> {
    match command {
        WsusGroupCommand::Preview { host_group, save } => preview(host_group, save.as_deref(), session),
        WsusGroupCommand::Apply { plan: Some(file), .. } => apply(&read(file)?, session),
        WsusGroupCommand::Apply { host_group, .. } => {
            let plan = session.client.plan_group(host_group.as_deref().unwrap_or_default())?;
            apply(&plan.value, session)
        }
    }
}

fn preview(host_group: &str, save: Option<&Path>, session: &mut Session<'_, '_>) -> Result<Exit, Failure> {
    let answer = session.client.plan_group(host_group)?;
    if let Some(file) = save {
        fs::write(file, format!("{}\n", answer.json.trim_end()))
            .map_err(|error| unusable(file, "written", &error.to_string()))?;
    }
    let servers = servers(&answer.value, session);
    session.show(&answer, |plan, reader| {
        let apply = match save {
            Some(file) => format!("Apply it with `headwater wsus group apply {}`.", quoted_path(file)),
            None => {
                format!("Apply it with `headwater wsus group apply --group {}`.", quoted(&plan.host_group))
            }
        };
        let words = ["to add", "to remove"];
        let mut text = plan_text(plan, words, &servers, reader);
        if plan.group.is_none() || !plan.add.is_empty() || !plan.remove.is_empty() {
            text.push('\n');
            text += &paragraph(&apply, reader.width);
        }
        text
    })
}

fn apply(plan: &GroupPlan, session: &mut Session<'_, '_>) -> Result<Exit, Failure> {
    let answer = session.client.apply_group_plan(plan)?;
    let servers = servers(&answer.value, session);
    session.show(&answer, |plan, reader| {
        let mut text = plan_text(plan, ["added", "removed"], &servers, reader);
        if plan.group.is_none() {
            let advice = "Members on lower servers follow with `headwater wsus sync`.";
            text.push('\n');
            text += &paragraph(advice, reader.width);
        }
        text
    })
}

fn read(file: &Path) -> Result<GroupPlan, Failure> {
    let text = text(file).map_err(|error| unusable(file, "read", &error.to_string()))?;
    serde_json::from_str(&text).map_err(|error| unusable(file, "read", &format!("it is no plan: {error}")))
}

fn text(file: &Path) -> io::Result<String> {
    let mut text = String::new();
    File::open(file)?.take(PLAN_BYTES_MAX).read_to_string(&mut text)?;
    Ok(text)
}

fn unusable(file: &Path, what: &str, reason: &str) -> Failure {
    Failure::Argument(format!("`{}` cannot be {what}: {reason}", file.display()))
}

fn quoted_path(file: &Path) -> String {
    let text = file.display().to_string();
    if text.contains(' ') { format!("\"{text}\"") } else { text }
}

/// The names of the servers of a plan, for people. A plan is shown without them as well.
fn servers(plan: &GroupPlan, session: &Session<'_, '_>) -> BTreeMap<ServerId, String> {
    if session.is_json() || plan.add.is_empty() && plan.remove.is_empty() {
        return BTreeMap::new();
    }
    let link = session.client.wsus().ok();
    let servers = link.into_iter().flat_map(|link| link.value.servers);
    servers.map(|server| (server.id, server.name)).collect()
}

fn plan_text(
    plan: &GroupPlan,
    [added, removed]: [&str; 2],
    servers: &BTreeMap<ServerId, String>,
    reader: Reader,
) -> String {
    let parts = [
        (plan.add.len() as u64, added),
        (plan.remove.len() as u64, removed),
        (plan.unchanged, "unchanged"),
        (plan.not_registered.len() as u64, "not registered"),
    ];
    let parts: Vec<String> =
        parts.iter().map(|(count, word)| format!("{} {word}", grouped(*count))).collect();
    let new = if plan.group.is_none() { " (a new WSUS group)" } else { "" };
    let mut text = harmless(&format!("{}{new}: {}\n", plan.host_group, parts.join(", ")));
    if !plan.add.is_empty() || !plan.remove.is_empty() {
        let mut table =
            Table::new(&[Column::Text("CHANGE"), Column::Long("COMPUTER"), Column::Long("SERVER")]);
        let mut rows = |changes: &[GroupChange], word: &str| {
            for change in changes {
                let id = || change.server.to_string();
                let server = servers.get(&change.server).cloned().unwrap_or_else(id);
                table.row([word.to_owned(), change.name.clone(), server]);
            }
        };
        rows(&plan.add, added);
        rows(&plan.remove, removed);
        text.push('\n');
        text += &table.text(reader.width);
    }
    if !plan.not_registered.is_empty() {
        let mut table = Table::new(&[Column::Long("NOT REGISTERED"), Column::Long("WHY")]).wrapping();
        for (host, reason) in &plan.not_registered {
            table.row([host.clone(), reason.clone()]);
        }
        text.push('\n');
        text += &table.text(reader.width);
    }
    text
}
