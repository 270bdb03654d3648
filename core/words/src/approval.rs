//! How approvals are said.

use headwater_api::{
    ApprovalAction, ApprovalPreview, Arrival, ComputerUpdateState, PreviewComputer, ServerPreview,
};

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

/// A number of bytes and from where, what is known of it, or that nothing is: `at least 2.0 GB from top, of 3 updates
/// the size is unknown`.
fn bytes(whole: Option<u64>, at_least: u64, updates_unknown: u64, from: &str) -> String {
    match (whole, at_least, updates_unknown) {
        (Some(whole), ..) => size(whole) + from,
        (None, 0, _) => format!("size unknown{from}"),
        (None, at_least, 0) => format!("at least {}{from}", size(at_least)),
        (None, at_least, updates) => {
            let unknown = counted(updates, "update");
            format!("at least {}{from}, of {unknown} the size is unknown", size(at_least))
        }
    }
}

/// What a server has yet to fetch for an approval, and from where; nothing where that is nothing.
pub fn fetched(server: &ServerPreview) -> Option<String> {
    let (at_least, unknown) = (server.bytes_fetched_at_least, server.updates_of_unknown_size);
    match server.bytes_fetched {
        Some(0) => None,
        whole => Some(bytes(whole, at_least, unknown, &format!(" from {}", source(server)))),
    }
}

/// What the computers of a server fetch from it; nothing where none does.
pub fn sent(server: &ServerPreview) -> Option<String> {
    let updates_unknown = server.updates_sent_of_unknown_size;
    match (server.bytes_sent, server.acting + server.unknown) {
        (Some(0), _) | (_, 0) => None,
        (whole, _) => Some(bytes(whole, server.bytes_sent_at_least, updates_unknown, "")),
    }
}

/// What a computer fetches.
pub fn fetched_by(computer: &PreviewComputer) -> String {
    bytes(computer.bytes, computer.bytes_at_least, computer.updates_of_unknown_size, "")
}

/// Where a server fetches the files of an approval from.
fn source(server: &ServerPreview) -> &str {
    server.parent.as_ref().map_or("the source", |parent| &parent.name)
}

#[cfg(test)]
mod tests {
    use headwater_api::{GroupRef, UpdateRef};
    use headwater_model::{GroupId, UpdateId};

    use super::*;

    #[test]
    fn a_part_that_is_not_known_is_said() {
        assert_eq!(bytes(Some(2_000_000), 2_000_000, 0, " from top"), "2.0 MB from top");
        assert_eq!(bytes(Some(0), 0, 0, ""), "0 bytes");
        assert_eq!(bytes(None, 0, 2, " from top"), "size unknown from top");
        assert_eq!(bytes(None, 2_000_000, 0, ""), "at least 2.0 MB");
        let said = bytes(None, 2_000_000, 1, " from top");
        assert_eq!(said, "at least 2.0 MB from top, of 1 update the size is unknown");
    }

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
