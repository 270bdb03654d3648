//! Actions, and what was seen of approvals, in both languages.

use headwater_api::{ApprovalAction, SeenUpdate};
use headwater_policy::approval::Action;
use headwater_policy::seen::Seen;

pub fn told(action: Action) -> ApprovalAction {
    match action {
        Action::Install => ApprovalAction::Install,
        Action::Uninstall => ApprovalAction::Uninstall,
        Action::Detect => ApprovalAction::Detect,
        Action::Block => ApprovalAction::Block,
    }
}

pub fn asked(action: ApprovalAction) -> Action {
    match action {
        ApprovalAction::Install => Action::Install,
        ApprovalAction::Uninstall => Action::Uninstall,
        ApprovalAction::Detect => Action::Detect,
        ApprovalAction::Block => Action::Block,
    }
}

pub fn seen(updates: &[SeenUpdate]) -> Seen {
    let approvals = |one: &SeenUpdate| {
        one.approvals.iter().map(|one| (one.group, (asked(one.action), one.deadline))).collect()
    };
    updates.iter().map(|one| (one.update, approvals(one))).collect()
}
