//! Which approval counts for a computer, among those of all its groups.

use std::collections::HashMap;

use headwater_api::linkage::{WsusApproval, WsusMode};
use headwater_api::{ApprovalAction, ComputerDetail, EffectiveApproval, GroupRef};
use headwater_model::{GroupId, Timestamp, UpdateId};
use headwater_policy::approval::{Action, Approval, Resolved, resolve};
use headwater_policy::group::{ALL_COMPUTERS, GroupTree};

use crate::mirror::{Mirror, TreeView};

/// Approvals of one computer that are told.
const APPROVALS_MAX: usize = 1_000;

/// The approval of an update that counts for a computer in these groups.
pub(crate) fn effective<'a>(
    update: UpdateId,
    groups: &[GroupId],
    tree: &'a TreeView,
) -> Option<&'a WsusApproval> {
    let told: Vec<&WsusApproval> = tree.approvals.iter().filter(|one| one.update == update).collect();
    Some(decided(&told, groups, &tree.group_tree())?.0)
}

/// What is in effect for a computer, for every update that the mirror knows. What a server decides that is
/// neither the top nor a replica is not in the mirror: of its computers nothing is said.
pub(crate) fn in_effect(computer: &ComputerDetail, mirror: &Mirror) -> Vec<EffectiveApproval> {
    let tree = &mirror.tree;
    let home = computer.summary.server.as_ref().and_then(|home| tree.server(home.id));
    if !home.is_some_and(|home| matches!(home.server.mode, Some(WsusMode::Top | WsusMode::Replica))) {
        return Vec::new();
    }
    let groups: Vec<GroupId> = computer.summary.groups.iter().map(|group| group.id).collect();
    let mut by_update: HashMap<UpdateId, Vec<&WsusApproval>> = HashMap::new();
    for approval in &tree.approvals {
        by_update.entry(approval.update).or_default().push(approval);
    }
    let group_tree = tree.group_tree();
    let told = |(id, approvals): (UpdateId, Vec<&WsusApproval>)| {
        let (approval, resolved) = decided(&approvals, &groups, &group_tree)?;
        let group = tree.group(approval.group);
        Some(EffectiveApproval {
            id,
            title: mirror.updates.title(id),
            action: approval.action,
            deadline: resolved.deadline,
            group: GroupRef {
                id: approval.group,
                name: group.map_or_else(|| approval.group.to_string(), |group| group.name.clone()),
            },
        })
    };
    let mut found: Vec<EffectiveApproval> = by_update.into_iter().filter_map(told).collect();
    found.sort_by(|one, other| (&one.title, one.id).cmp(&(&other.title, other.id)));
    found.truncate(APPROVALS_MAX);
    found
}

/// Among the approvals of one update.
fn decided<'a>(
    told: &[&'a WsusApproval],
    groups: &[GroupId],
    tree: &GroupTree,
) -> Option<(&'a WsusApproval, Resolved)> {
    let approvals: HashMap<GroupId, Approval> =
        (0..).zip(told).map(|(number, one)| (one.group, approval(number, one))).collect();
    // Everybody is in that one.
    let groups = if groups.is_empty() { &[ALL_COMPUTERS] } else { groups };
    let resolved = resolve(tree, groups, |group| approvals.get(&group))?;
    let counts = told.get(usize::try_from(resolved.approval_id).ok()?)?;
    Some((counts, resolved))
}

/// As decisions are made about it, with its place as its number.
fn approval(number: i32, told: &WsusApproval) -> Approval {
    Approval {
        id: number,
        update: told.update,
        group: told.group,
        action: Some(match told.action {
            ApprovalAction::Install => Action::Install,
            ApprovalAction::Uninstall => Action::Uninstall,
            ApprovalAction::Detect => Action::Detect,
            ApprovalAction::Block => Action::Block,
        }),
        deadline: told.deadline,
        revision: Some(told.revision),
        changed_at: Timestamp::EPOCH,
        stamp: 0,
    }
}

#[cfg(test)]
#[path = "effective_tests.rs"]
mod tests;
