//! Why is an update not offered to a computer? One sentence, from what is known of both.

use headwater_api::{
    ApprovalAction, ComputerDetail, ComputerUpdateState, SyncServerState, UpdateState, UpdateSummary,
};
use headwater_model::{GroupId, ServerId};

use crate::effective::effective;
use crate::mirror::TreeView;

/// What is looked at.
#[derive(Debug, Clone, Copy)]
pub struct Question<'a> {
    pub update: &'a UpdateSummary,
    pub is_halted: bool,
    pub computer: &'a ComputerDetail,
    /// Whether no server told of the computer now, so that its updates are not known.
    pub is_remembered: bool,
    pub tree: &'a TreeView,
}

/// The first reason that holds, from the decisions down to the computer.
pub fn why(question: Question<'_>) -> String {
    let Question { update, is_halted, computer, is_remembered, tree } = question;
    let name = &computer.summary.name;
    if let Some(reason) = of_update(update, is_halted) {
        return reason;
    }
    let groups: Vec<GroupId> = computer.summary.groups.iter().map(|group| group.id).collect();
    let Some(approval) = effective(update.id, &groups, tree) else {
        let names: Vec<&str> = computer.summary.groups.iter().map(|group| group.name.as_str()).collect();
        return match names.is_empty() {
            true => format!("It is not approved for any group that {name} is in."),
            false => format!("It is not approved for {}, or for any group above.", names.join(", ")),
        };
    };
    let group =
        tree.group(approval.group).map_or_else(|| approval.group.to_string(), |group| group.name.clone());
    match approval.action {
        ApprovalAction::Block => return format!("It is blocked for {group}."),
        ApprovalAction::Detect => {
            return format!("For {group} it is only looked for, and not installed.");
        }
        ApprovalAction::Install | ApprovalAction::Uninstall => {}
    }
    if let Some(home) = &computer.summary.server
        && let Some(reason) = of_server(home.id, tree)
    {
        return reason;
    }
    if computer.summary.silent {
        return format!("It is approved for {group}, but {name} has had no contact for long.");
    }
    if is_remembered {
        return format!(
            "It is approved for {group}; how far {name} has come with it is not known while its server cannot be asked."
        );
    }
    of_computer(update, computer, &group)
}

fn of_update(update: &UpdateSummary, is_halted: bool) -> Option<String> {
    if is_halted {
        return Some("It is halted.".to_owned());
    }
    match update.state {
        UpdateState::Declined => Some("It is declined.".to_owned()),
        UpdateState::Expired => Some("Its publisher has withdrawn it.".to_owned()),
        UpdateState::Incomplete => Some("It names updates that the WSUS does not have.".to_owned()),
        UpdateState::Implicit => {
            Some("It is not approved by itself: it follows the updates it belongs to.".to_owned())
        }
        UpdateState::Approvable => None,
    }
}

fn of_server(home: ServerId, tree: &TreeView) -> Option<String> {
    let home = tree.server(home)?;
    let name = &home.server.name;
    match home.standing.state {
        SyncServerState::NotReached => Some(format!(
            "Its server {name} is not reached, so it is not known whether that has the approval."
        )),
        SyncServerState::StillRunning => Some(format!("Its server {name} still synchronises.")),
        SyncServerState::Failed => Some(format!("Its server {name} failed to synchronise.")),
        SyncServerState::Differs => Some(format!(
            "Its server {name} is not in step: {}; synchronise it.",
            home.standing.differences.first().map_or("it differs", |first| &first.text).trim_end_matches('.')
        )),
        SyncServerState::InStep | SyncServerState::NoLinkage => None,
    }
}

fn of_computer(update: &UpdateSummary, computer: &ComputerDetail, group: &str) -> String {
    let name = &computer.summary.name;
    let told = computer.updates.iter().find(|one| one.id == update.id);
    match told.map(|one| one.state) {
        Some(ComputerUpdateState::Failed) => {
            format!("It is offered by the approval for {group}, and failed on {name}.")
        }
        Some(ComputerUpdateState::Downloaded) => {
            format!("It is offered by the approval for {group} and downloaded; {name} has yet to install it.")
        }
        Some(ComputerUpdateState::PendingRestart) => format!("It is installed; {name} has to restart."),
        Some(ComputerUpdateState::Needed) => {
            format!("It is offered by the approval for {group}; {name} installs it after its next contact.")
        }
        Some(
            ComputerUpdateState::Unknown
            | ComputerUpdateState::Installed
            | ComputerUpdateState::NotApplicable,
        )
        | None => format!(
            "It is approved for {group}; {name} has it already, does not need it, or has not reported since it was \
             approved."
        ),
    }
}

#[cfg(test)]
#[path = "why_tests.rs"]
mod tests;
