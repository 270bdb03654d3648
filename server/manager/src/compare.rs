//! What Linkages tell of a WSUS, as it is compared; and the comparison, as it is told.

use std::collections::BTreeMap;

use headwater_api::linkage::{Contents as Told, SyncState, WsusApproval};
use headwater_api::{ApprovalAction, DifferenceKind, SyncDifference};
use headwater_model::UpdateIdentity;
use headwater_tree::computer::Computer;
use headwater_tree::difference::{Action, Approval, Comparison, Kind, LISTED_PER_KIND_MAX, Titles};
use headwater_tree::in_step::{Compared, Contents, Group, LastSync, Wanted, compare};
use headwater_tree::server::Server;

use crate::Manager;
use crate::known::Known;
use crate::tree::Tree;

impl Manager {
    /// Compares a server, with the members that are wanted there, with the top.
    pub(crate) fn compare(
        &self,
        server: &Server,
        tree: &Tree,
        top: &Told,
        here: &Told,
        known: &Known,
        wanted: &Wanted,
    ) -> Comparison {
        let last_sync = here.last_sync;
        let (top, here) = comparable(top, here);
        let computers: Vec<Computer> =
            known.computers.iter().filter(|one| one.server == server.id).cloned().collect();
        let compared = Compared {
            server,
            contents: &here,
            computers: &computers,
            last_sync: last_sync.map_or(LastSync::Never, |last| {
                let at = tree.by_our_clock(server.id, last.at);
                match last.state {
                    SyncState::Running => LastSync::Running,
                    SyncState::Failed => LastSync::Failed(at),
                    SyncState::Done | SyncState::Partial => LastSync::Done(at),
                }
            }),
        };
        compare(&top, compared, wanted, self.now(), LISTED_PER_KIND_MAX)
    }
}

/// The differences, in words.
pub(crate) fn in_words(comparison: &Comparison, titles: Titles<'_>) -> Vec<SyncDifference> {
    let kind = |kind| match kind {
        Kind::Updates => DifferenceKind::Update,
        Kind::Groups => DifferenceKind::Group,
        Kind::Approvals => DifferenceKind::Approval,
        Kind::Declines => DifferenceKind::Decline,
        Kind::Members => DifferenceKind::Member,
    };
    let differences = comparison.differences.iter();
    differences.map(|one| SyncDifference { kind: kind(one.what.kind()), text: one.said(titles) }).collect()
}

/// The top and a server, by what both can tell: one that detects whatever is not approved has no approval for that
/// alone, so that the other's are no difference.
pub(crate) fn comparable(top: &Told, here: &Told) -> (Contents, Contents) {
    let is_told = !top.detects_always && !here.detects_always;
    [top, here]
        .map(|told| {
            let mut contents = contents(told);
            contents.approvals.retain(|approval| is_told || approval.action != Action::Detect);
            contents
        })
        .into()
}

/// Identities that cannot be read are left out: then the other side has one more.
pub(crate) fn contents(told: &Told) -> Contents {
    let identity = |text: &String| -> Option<UpdateIdentity> {
        let (id, revision) = text.split_once('/')?;
        Some(UpdateIdentity { id: id.parse().ok()?, revision: revision.parse().ok()? })
    };
    let (built_in, own): (Vec<_>, Vec<_>) = told.groups.iter().partition(|group| group.built_in);
    Contents {
        updates: told.updates.iter().filter_map(identity).map(|one| (one.id, one.revision)).collect(),
        groups: own
            .into_iter()
            .map(|group| (group.id, Group { name: group.name.clone(), parent: group.parent }))
            .collect(),
        built_in: built_in
            .into_iter()
            .map(|group| (group.id, group.name.clone()))
            .collect::<BTreeMap<_, _>>(),
        approvals: told.approvals.iter().map(approval).collect(),
        declined: told.declined.iter().copied().collect(),
    }
}

fn approval(told: &WsusApproval) -> Approval {
    Approval {
        update: told.update,
        revision: told.revision,
        group: told.group,
        action: match told.action {
            ApprovalAction::Install => Action::Install,
            ApprovalAction::Uninstall => Action::Uninstall,
            ApprovalAction::Detect => Action::Detect,
            ApprovalAction::Block => Action::Block,
        },
        deadline: told.deadline,
    }
}

pub(crate) fn told_approval(approval: &Approval) -> WsusApproval {
    WsusApproval {
        update: approval.update,
        revision: approval.revision,
        group: approval.group,
        action: action(approval.action),
        deadline: approval.deadline,
    }
}

pub(crate) fn action(action: Action) -> ApprovalAction {
    match action {
        Action::Install => ApprovalAction::Install,
        Action::Uninstall => ApprovalAction::Uninstall,
        Action::Detect => ApprovalAction::Detect,
        Action::Block => ApprovalAction::Block,
    }
}

#[cfg(test)]
mod tests {
    use headwater_model::{GroupId, UpdateId};

    use super::*;

    fn told(detects_always: bool, action: ApprovalAction) -> Told {
        let group = GroupId::from_u128(1);
        let approval =
            WsusApproval { update: UpdateId::from_u128(2), revision: 1, group, action, deadline: None };
        Told { approvals: vec![approval], detects_always, ..Told::default() }
    }

    #[test]
    fn approvals_for_detection_count_where_both_can_tell_them() {
        use ApprovalAction::{Block, Detect, Install, Uninstall};
        for (top, here) in [(false, false), (false, true), (true, false), (true, true)] {
            for action in [Install, Uninstall, Detect, Block] {
                let (above, below) = comparable(&told(top, action), &told(here, action));
                let counts = usize::from(action != Detect || !top && !here);
                assert_eq!(
                    (above.approvals.len(), below.approvals.len()),
                    (counts, counts),
                    "{action:?} {top} {here}"
                );
            }
        }
    }
}
