//! How approvals are said.

use headwater_api::ApprovalAction;

pub fn action(action: ApprovalAction) -> &'static str {
    match action {
        ApprovalAction::Install => "install",
        ApprovalAction::Uninstall => "uninstall",
        ApprovalAction::Detect => "detect only",
        ApprovalAction::Block => "block",
    }
}
