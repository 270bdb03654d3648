//! How a plan is said that takes another WSUS in the place of the linked one.

use headwater_api::{RelinkCounts, RelinkStep};

use crate::approval;
use crate::moment::minute;
use crate::quantity::counted;

/// What is done, and to what.
pub fn step(step: &RelinkStep) -> [String; 2] {
    let (verb, what) = match step {
        RelinkStep::CreateGroup { name, .. } => ("make group", name.clone()),
        RelinkStep::Withdraw { title, group_name, .. } => {
            ("withdraw", format!("{title} for {group_name}, for it was halted"))
        }
        RelinkStep::Decline { title, .. } => ("decline", title.clone()),
        RelinkStep::Approve { title, revision, group_name, action, deadline, replaces, .. } => {
            let action = approval::action(*action);
            let deadline = deadline.map_or_else(String::new, |at| format!(" until {}", minute(at)));
            let replaces = replaces.as_ref().map_or_else(String::new, |was| format!("; there it is {was}"));
            (
                "approve",
                format!("{title} for {group_name}: revision {revision}, {action}{deadline}{replaces}"),
            )
        }
        RelinkStep::AddMember { name, group_name, .. } => ("add member", format!("{name} to {group_name}")),
    };
    [verb.to_owned(), what]
}

/// How many of each kind, such as `2 groups, 1 approval`; nothing where there is none.
pub fn counts(counts: &RelinkCounts) -> String {
    let RelinkCounts { groups, withdrawn, declines, approvals, members } = *counts;
    let parts = [
        (groups, "group"),
        (withdrawn, "withdrawal"),
        (declines, "decline"),
        (approvals, "approval"),
        (members, "member"),
    ];
    let parts = parts.into_iter().filter(|(count, _)| *count > 0);
    parts.map(|(count, noun)| counted(count, noun)).collect::<Vec<_>>().join(", ")
}
