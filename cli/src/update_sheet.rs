//! `headwater update show`: all about one update, the decision first, the technical last.

use headwater_api::{
    ApprovalAction, Change, UpdateCounts, UpdateDetail, UpdateKind, UpdateLicence, UpdateRef,
};

use crate::session::Reader;
use crate::sheet::{Sheet, paragraph};
use crate::table::{Column, EMPTY, Table};
use crate::update::{articles, state};
use headwater_words::approval::arrival;
use headwater_words::moment::{age, minute};
use headwater_words::quantity::{grouped, size};

/// The most lines that one list of other updates takes.
const NAMED_MAX: usize = 10;

pub fn text(update: &UpdateDetail, reader: Reader) -> String {
    let mut parts = vec![paragraph(&update.summary.title, reader.width), facts(update).text(reader.width)];
    if !update.description.is_empty() {
        parts.push(paragraph(&update.description, reader.width));
    }
    parts.extend(approvals(update, reader));
    parts.extend(servers(update, reader));
    parts.extend(others("Needs", prerequisites(update), reader));
    parts.extend(others("Consists of", named(&update.bundles), reader));
    parts.extend(others("Part of", named(&update.bundled_by), reader));
    parts.extend(others("Replaces", named(&update.supersedes), reader));
    parts.extend(others("Replaced by", named(&update.superseded_by), reader));
    parts.extend(files(update, reader));
    parts.extend(history(&update.history, reader));
    parts.join("\n")
}

fn facts(update: &UpdateDetail) -> Sheet {
    let summary = &update.summary;
    let mut sheet = Sheet::default();
    sheet
        .fact("Id", format!("{}, revision {}", summary.id, summary.revision))
        .fact("Kind", kind(update))
        .fact("Products", summary.products.join(", "))
        .fact("Articles", articles(&summary.kb))
        .fact("Languages", update.languages.join(", "))
        .fact("Arrived", minute(summary.arrived_at))
        .fact("State", state_text(update))
        .fact("Licence", licence(update))
        .fact("Incomplete", update.incomplete.join("; "))
        .fact("Computers", counts(&update.status));
    sheet
}

fn licence(update: &UpdateDetail) -> &'static str {
    match update.licence {
        None => "",
        Some(UpdateLicence { accepted: true, .. }) => "accepted",
        Some(UpdateLicence { accepted: false, .. }) => {
            "to be read with `headwater update licence`, and accepted before it is installed, with \
             `headwater update accept-licence`"
        }
    }
}

fn kind(update: &UpdateDetail) -> String {
    let summary = &update.summary;
    let kind = match summary.kind {
        UpdateKind::Software => "software",
        UpdateKind::Driver => "driver",
        UpdateKind::Category => "category",
        UpdateKind::Detectoid => "detectoid",
    };
    let words = [Some(kind), summary.classification.as_deref(), summary.severity.as_deref()];
    words.into_iter().flatten().collect::<Vec<_>>().join(", ")
}

fn state_text(update: &UpdateDetail) -> String {
    let word = state(&update.summary);
    if update.summary.superseded && word != "superseded" {
        format!("{word}, superseded")
    } else {
        word.to_owned()
    }
}

/// `3 needed, 2 installed, 1 failed`: what is not zero, the worst first.
pub fn counts(counts: &UpdateCounts) -> String {
    let parts = [
        (counts.failed, "failed"),
        (counts.needed, "needed"),
        (counts.downloaded, "downloaded"),
        (counts.pending_restart, "pending restart"),
        (counts.installed, "installed"),
        (counts.not_applicable, "not applicable"),
        (counts.unknown, "unknown"),
    ];
    let said = parts.into_iter().filter(|(count, _)| *count > 0);
    // A number stays with its word at the end of a line.
    let said: Vec<_> =
        said.map(|(count, word)| format!("{} {word}", grouped(count)).replace(' ', "\u{a0}")).collect();
    if said.is_empty() { "nothing reported".into() } else { said.join(", ") }
}

fn approvals(update: &UpdateDetail, reader: Reader) -> Option<String> {
    if update.approvals.is_empty() {
        return None;
    }
    let columns = ["ACTION", "DEADLINE", "BY", "SINCE"].map(Column::Text);
    let mut table = Table::new(&[&[Column::Long("GROUP")], &columns[..]].concat());
    for approval in &update.approvals {
        let of_revision = approval.revision.map(|revision| format!(" (revision {revision})"));
        table.row([
            approval.group_name.clone(),
            format!("{}{}", action(approval.action), of_revision.unwrap_or_default()),
            approval.deadline.map(minute).unwrap_or_default(),
            format!("{}{}", approval.by, outside(approval.outside)),
            age(approval.at, reader.now),
        ]);
    }
    Some(table.text(reader.width))
}

fn outside(is_outside: bool) -> &'static str {
    if is_outside { ", outside Headwater" } else { "" }
}

/// How far it has come on each server of the tree.
fn servers(update: &UpdateDetail, reader: Reader) -> Option<String> {
    if update.servers.is_empty() {
        return None;
    }
    let columns = [
        Column::Long("SERVER"),
        Column::Text("STATE"),
        Column::Number("REVISION"),
        Column::Number("APPROVALS"),
        Column::Text("FILES"),
        Column::Number("DOWNLOADED"),
    ];
    let mut table = Table::new(&columns);
    for one in &update.servers {
        table.row([
            one.server.name.clone(),
            arrival(one.arrival).to_owned(),
            one.revision.map_or_else(String::new, |revision| revision.to_string()),
            one.approvals.map_or_else(String::new, grouped),
            match (one.files_held, one.files) {
                (Some(held), Some(all)) => format!("{} of {}", grouped(held), grouped(all)),
                _ => String::new(),
            },
            one.downloaded.map_or_else(String::new, grouped),
        ]);
    }
    Some(table.text(reader.width))
}

pub fn action(action: ApprovalAction) -> &'static str {
    match action {
        ApprovalAction::Install => "install",
        ApprovalAction::Uninstall => "uninstall",
        ApprovalAction::Detect => "detect",
        ApprovalAction::Block => "block",
    }
}

/// Each clause as a line; the alternatives of one are joined by `or`.
fn prerequisites(update: &UpdateDetail) -> Vec<String> {
    let clause = |clause: &Vec<UpdateRef>| clause.iter().map(name).collect::<Vec<_>>().join(" or ");
    update.prerequisites.iter().map(clause).collect()
}

fn named(updates: &[UpdateRef]) -> Vec<String> {
    updates.iter().map(name).collect()
}

fn name(update: &UpdateRef) -> String {
    update.title.clone().unwrap_or_else(|| format!("{} (not here)", update.id))
}

fn others(what: &str, mut lines: Vec<String>, reader: Reader) -> Option<String> {
    if lines.is_empty() {
        return None;
    }
    let hidden = lines.len().saturating_sub(NAMED_MAX);
    lines.truncate(NAMED_MAX);
    let mut text = format!("{what}\n");
    for line in lines {
        let narrower = reader.width.map(|width| width.saturating_sub(2));
        for part in paragraph(&line, narrower).lines() {
            text.push_str(&format!("  {part}\n"));
        }
    }
    if hidden > 0 {
        text.push_str(&format!("  and {} more (all with --output json)\n", grouped(hidden as u64)));
    }
    Some(text)
}

fn files(update: &UpdateDetail, reader: Reader) -> Option<String> {
    if update.files.is_empty() {
        return None;
    }
    let mut table = Table::new(&[Column::Long("FILE"), Column::Number("SIZE"), Column::Text("HELD")]);
    for file in &update.files {
        let held = if file.held { "yes" } else { "no" };
        table.row([file.name.clone(), size(file.size_bytes), held.into()]);
    }
    Some(table.text(reader.width))
}

fn history(changes: &[Change], reader: Reader) -> Option<String> {
    if changes.is_empty() {
        return None;
    }
    let columns = [
        Column::Text("WHEN"),
        Column::Long("BY"),
        Column::Text("WHAT"),
        Column::Long("GROUP"),
        Column::Long("FROM"),
        Column::Long("TO"),
    ];
    let mut table = Table::new(&columns).wrapping();
    for change in changes.iter().take(NAMED_MAX) {
        table.row([
            age(change.at, reader.now),
            format!("{}{}", change.by, outside(change.outside)),
            change.what.clone(),
            change.group.as_ref().map_or(EMPTY.into(), |group| group.name.clone()),
            change.from.clone().unwrap_or_default(),
            change.to.clone().unwrap_or_default(),
        ]);
    }
    Some(table.text(reader.width))
}
