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

/// `Pilot installs 2 updates: 12 computers, of which 1 needs it and 4 may.`
pub fn preview(preview: &ApprovalPreview) -> String {
    let what = match preview.updates.as_slice() {
        [one] => one.title.clone().unwrap_or_else(|| one.id.to_string()),
        several => counted(several.len() as u64, "update"),
    };
    let (verb, need) = match preview.action {
        ApprovalAction::Install if preview.acting == 1 => ("installs", "needs it"),
        ApprovalAction::Install => ("installs", "need it"),
        ApprovalAction::Uninstall if preview.acting == 1 => ("removes", "has it"),
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

#[cfg(test)]
mod tests {
    use headwater_api::{GroupRef, UpdateRef};
    use headwater_model::{GroupId, UpdateId};

    use super::*;

    #[test]
    fn a_preview_counts_one_as_one() {
        let said = |action, acting| {
            preview(&ApprovalPreview {
                group: GroupRef { id: GroupId::from_u128(1), name: "Pilot".to_owned() },
                action,
                updates: vec![UpdateRef { id: UpdateId::from_u128(2), title: Some("A fix".to_owned()) }],
                computers: 5,
                acting,
                unknown: 4,
                servers: Vec::new(),
            })
        };
        let install = said(ApprovalAction::Install, 1);
        assert_eq!(install, "Pilot installs A fix: 5 computers, of which 1 needs it and 4 may.");
        let uninstall = said(ApprovalAction::Uninstall, 1);
        assert_eq!(uninstall, "Pilot removes A fix: 5 computers, of which 1 has it and 4 may.");
        assert!(said(ApprovalAction::Install, 0).contains("of which 0 need it"));
    }
}
