//! How approvals are said.

use headwater_api::{ApprovalAction, ApprovalPreview, Arrival, ComputerUpdateState, ServerPreview};

use crate::quantity::{counted, grouped, size};

pub fn action(action: ApprovalAction) -> &'static str {
    match action {
        ApprovalAction::Install => "install",
        ApprovalAction::Uninstall => "uninstall",
        ApprovalAction::Detect => "detect only",
        ApprovalAction::Block => "block",
    }
}

/// How far an update has come on a server.
pub fn arrival(arrival: Arrival) -> &'static str {
    match arrival {
        Arrival::NotReached => "not reached",
        Arrival::NotKnown => "not known",
        Arrival::DecidesByItself => "decides by itself",
        Arrival::NotOffered => "not offered",
        Arrival::AsAbove => "offered as above",
        Arrival::NotYet => "not offered yet",
        Arrival::Otherwise => "offered otherwise",
        Arrival::Offered => "offered",
        Arrival::Withdrawn => "withdrawn",
    }
}

/// The state of an update on a computer.
pub fn state(state: ComputerUpdateState) -> &'static str {
    match state {
        ComputerUpdateState::Failed => "failed",
        ComputerUpdateState::Needed => "needed",
        ComputerUpdateState::Downloaded => "downloaded",
        ComputerUpdateState::PendingRestart => "pending restart",
        ComputerUpdateState::Unknown => "unknown",
        ComputerUpdateState::Installed => "installed",
        ComputerUpdateState::NotApplicable => "not applicable",
    }
}

/// `Pilot installs 2 updates: 12 computers, 7 of them need it, 1 is unknown.`
pub fn preview(preview: &ApprovalPreview) -> String {
    let what = match preview.updates.as_slice() {
        [one] => one.title.clone().unwrap_or_else(|| one.id.to_string()),
        several => counted(several.len() as u64, "update"),
    };
    let (verb, need) = match preview.action {
        ApprovalAction::Install => ("installs", "need it"),
        ApprovalAction::Uninstall => ("removes", "have it"),
        ApprovalAction::Detect => ("looks for", ""),
        ApprovalAction::Block => ("is not offered", ""),
    };
    let mut text =
        format!("{} {verb} {what}: {}", preview.group.name, counted(preview.computers, "computer"));
    if !need.is_empty() && preview.computers > 0 {
        text += &format!(", of which {} {need}", grouped(preview.acting));
        if preview.unknown > 0 {
            text += &format!(" and {} may", grouped(preview.unknown));
        }
    }
    text + "."
}

/// A number of bytes, or that it is not known.
pub fn bytes(bytes: Option<u64>) -> String {
    bytes.map_or_else(|| "size unknown".to_owned(), size)
}

/// Where a server fetches the files of an approval from.
pub fn source(server: &ServerPreview) -> &str {
    server.parent.as_ref().map_or("the source", |parent| &parent.name)
}
