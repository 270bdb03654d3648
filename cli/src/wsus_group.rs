//! `headwater wsus group`: WSUS groups that are made from host groups.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use clap::{ArgGroup, Subcommand};
use headwater_api::{ApplyGroupPlan, GroupChange, GroupPlan, GroupPlanQuery, PlannedGroup, UndonePlan};
use headwater_model::ServerId;
use serde::de::DeserializeOwned;

use crate::arguments::examples;
use crate::failure::{Exit, Failure};
use crate::group::quoted;
use crate::session::{Reader, Session};
use crate::sheet::paragraph;
use crate::table::{Column, Table};
use crate::terminal::harmless;
use headwater_words::quantity::{counted, grouped};

/// The longest plan that is read, in bytes: what a managing server takes.
const PLAN_BYTES_MAX: u64 = 64 << 20;

#[derive(Debug, Subcommand)]
pub enum WsusGroupCommand {
    /// Show what would change in the WSUS groups of a host group and of those beneath it; this changes nothing
    #[command(after_help = examples!("headwater wsus group preview Pilot --save pilot.json"))]
    Preview {
        /// The host group, by name
        #[arg(value_name = "HOSTGROUP")]
        host_group: String,
        /// Keep the plan in this file, for `headwater wsus group apply`
        #[arg(long, value_name = "FILE")]
        save: Option<PathBuf>,
        /// Take over a WSUS group of the same name that was not made here
        #[arg(long)]
        adopt: bool,
        /// Make WSUS groups of renamed host groups again under their new names
        #[arg(long)]
        recreate: bool,
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
        /// Take over a WSUS group of the same name that was not made here
        #[arg(long, conflicts_with = "plan")]
        adopt: bool,
        /// Make WSUS groups of renamed host groups again under their new names
        #[arg(long, conflicts_with = "plan")]
        recreate: bool,
        /// How many members it may remove; needed where a group would lose over a tenth of its own
        #[arg(long, value_name = "N")]
        max_removals: Option<u64>,
    },
    /// Restore the members that WSUS groups had before the last plan for a host group and those beneath it, and
    /// hold them
    #[command(after_help = examples!("headwater wsus group undo Pilot"))]
    Undo {
        /// The host group, by name
        #[arg(value_name = "HOSTGROUP")]
        host_group: String,
    },
}

pub(crate) fn run(command: &WsusGroupCommand, session: &mut Session<'_, '_>) -> Result<Exit, Failure> {
    match command {
        WsusGroupCommand::Preview { host_group, save, adopt, recreate } => {
            let query = GroupPlanQuery { group: host_group.clone(), adopt: *adopt, recreate: *recreate };
            preview(&query, save.as_deref(), session)
        }
        WsusGroupCommand::Apply { plan: Some(file), max_removals, .. } => {
            apply(ApplyGroupPlan { plan: read_plan(file)?, max_removals: *max_removals }, session)
        }
        WsusGroupCommand::Apply { host_group, adopt, recreate, max_removals, .. } => {
            let group = host_group.clone().unwrap_or_default();
            let query = GroupPlanQuery { group, adopt: *adopt, recreate: *recreate };
            let plan = session.client.plan_group(&query)?.value;
            apply(ApplyGroupPlan { plan, max_removals: *max_removals }, session)
        }
        WsusGroupCommand::Undo { host_group } => {
            let answer = session.client.undo_group_plan(host_group)?;
            session.show(&answer, undone)
        }
    }
}

fn preview(
    query: &GroupPlanQuery,
    save: Option<&Path>,
    session: &mut Session<'_, '_>,
) -> Result<Exit, Failure> {
    let answer = session.client.plan_group(query)?;
    if let Some(file) = save {
        keep_plan(file, &answer.json)?;
    }
    let servers = servers(&answer.value, session);
    session.show(&answer, |plan, reader| {
        let adopt = if query.adopt { " --adopt" } else { "" };
        let recreate = if query.recreate { " --recreate" } else { "" };
        let removals = match plan.held.is_empty() {
            true => String::new(),
            false => format!(" --max-removals {}", plan.removed()),
        };
        let what = match save {
            Some(file) => quoted_path(file),
            None => format!("--group {}{adopt}{recreate}", quoted(&plan.host_group)),
        };
        let apply = format!("Apply it with `headwater wsus group apply {what}{removals}`.");
        let words = ["to add", "to remove"];
        let mut text = plan_text(plan, words, &servers, reader);
        if !plan.is_empty() {
            text.push('\n');
            for held in &plan.held {
                text += &paragraph(&format!("Held: {held}."), reader.width);
            }
            text += &paragraph(&apply, reader.width);
        }
        text
    })
}

fn apply(apply: ApplyGroupPlan, session: &mut Session<'_, '_>) -> Result<Exit, Failure> {
    let answer = session.client.apply_group_plan(&apply)?;
    let servers = servers(&answer.value, session);
    session.show(&answer, |plan, reader| {
        let mut text = plan_text(plan, ["added", "removed"], &servers, reader);
        if plan.groups.iter().any(|group| group.group.is_none()) {
            let advice = "Members on lower servers follow with `headwater wsus sync`.";
            text.push('\n');
            text += &paragraph(advice, reader.width);
        }
        for stays in plan.groups.iter().filter_map(|group| group.recreates.as_ref()?.stays.as_ref()) {
            text += &paragraph(stays, reader.width);
        }
        text
    })
}

fn undone(undone: &UndonePlan, reader: Reader) -> String {
    let mut text = paragraph(
        &format!(
            "{}{}: what {} applied is undone: {} restored, {} taken out. The members are held: runs of `headwater \
             wsus sync` leave them until a plan is applied again.",
            undone.host_group,
            beneath(undone),
            undone.applied_by,
            counted(undone.restored, "member"),
            grouped(undone.removed)
        ),
        reader.width,
    );
    for (name, reason) in &undone.refused {
        text += &paragraph(&format!("Not written: {name}: {reason}"), reader.width);
    }
    text
}

/// ` and Keller`, where the plan wrote for others beneath.
fn beneath(undone: &UndonePlan) -> String {
    let others: Vec<&str> =
        undone.host_groups.iter().filter(|name| **name != undone.host_group).map(String::as_str).collect();
    if others.is_empty() { String::new() } else { format!(" with {}", others.join(", ")) }
}

/// Reads a plan that a preview kept.
pub(crate) fn read_plan<T: DeserializeOwned>(file: &Path) -> Result<T, Failure> {
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

pub(crate) fn keep_plan(file: &Path, json: &str) -> Result<(), Failure> {
    fs::write(file, format!("{}\n", json.trim_end()))
        .map_err(|error| unusable(file, "written", &error.to_string()))
}

pub(crate) fn quoted_path(file: &Path) -> String {
    let text = file.display().to_string();
    if text.contains(' ') { format!("\"{text}\"") } else { text }
}

/// The names of the servers of a plan, for people. A plan is shown without them as well.
fn servers(plan: &GroupPlan, session: &Session<'_, '_>) -> BTreeMap<ServerId, String> {
    if session.is_json() || plan.added() + plan.removed() == 0 {
        return BTreeMap::new();
    }
    let link = session.client.wsus().ok();
    let servers = link.into_iter().flat_map(|link| link.value.servers);
    servers.map(|server| (server.id, server.name)).collect()
}

fn plan_text(
    plan: &GroupPlan,
    words: [&str; 2],
    servers: &BTreeMap<ServerId, String>,
    reader: Reader,
) -> String {
    let groups = plan.groups.iter().map(|group| group_text(group, words, servers, reader));
    groups.collect::<Vec<String>>().join("\n")
}

fn group_text(
    plan: &PlannedGroup,
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
    let new = match (&plan.recreates, plan.group) {
        (Some(old), _) => {
            format!(" (takes the place of {}, with {} to copy)", old.name, counted(old.approvals, "approval"))
        }
        (None, None) => " (a new WSUS group)".to_owned(),
        (None, Some(_)) if plan.adopted => " (a WSUS group that is taken over)".to_owned(),
        (None, Some(_)) => String::new(),
    };
    let mut text = harmless(&format!("{}{new}: {}\n", plan.name, parts.join(", ")));
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
