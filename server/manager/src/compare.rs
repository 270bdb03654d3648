//! Whether a server is in step with the top, in words.

use std::collections::{BTreeMap, BTreeSet};

use headwater_api::linkage::{Contents, WsusApproval};
use headwater_api::{ApprovalAction, DifferenceKind, SyncDifference};
use headwater_model::GroupId;
use headwater_tree::server::{Mode, Server};

use crate::host_groups::Known;
use crate::sync::Change;

/// Differences of one server that a report lists; it counts all.
pub(crate) const DIFFERENCES_MAX: usize = 200;

/// What differs on a server, its members included.
pub(crate) fn compared(
    server: &Server,
    top: &Contents,
    here: &Contents,
    members: &[Change],
    known: &Known,
) -> Vec<SyncDifference> {
    let mut found = Vec::new();
    let mut differs = |kind, text: String| found.push(SyncDifference { kind, text });
    if server.mode != Mode::Top {
        let (above, below) = (set(&top.updates), set(&here.updates));
        for update in above.difference(&below) {
            differs(
                DifferenceKind::Update,
                format!("update {update} is missing; the next synchronisation brings it"),
            );
        }
    }
    if server.mode == Mode::Replica {
        let names: BTreeMap<GroupId, &str> =
            top.groups.iter().chain(&here.groups).map(|group| (group.id, group.name.as_str())).collect();
        let groups = |contents: &Contents| -> BTreeSet<(GroupId, String)> {
            let own = contents.groups.iter().filter(|group| !group.built_in);
            own.map(|group| (group.id, group.name.clone())).collect()
        };
        for (word, (_, name)) in both_ways(&groups(top), &groups(here)) {
            differs(DifferenceKind::Group, format!("the group {name} {word}"));
        }
        for (word, approval) in both_ways(&approvals(top), &approvals(here)) {
            let group = names.get(&approval.group).copied().unwrap_or("a group that is gone");
            differs(DifferenceKind::Approval, format!("{} {word}", shown(approval, group)));
        }
        for (word, update) in both_ways(&set(&top.declined), &set(&here.declined)) {
            differs(DifferenceKind::Decline, format!("the decline of {update} {word}"));
        }
    }
    let contact: BTreeSet<_> = known.computers.iter().map(|one| &one.client).collect();
    for Change { change, adds, name, group } in members {
        if contact.contains(&change.client) {
            let text = match adds {
                true => {
                    format!("{name} is not in {group}, where its host group wants it; `wsus sync` adds it")
                }
                false => format!(
                    "{name} is in {group} and its host group does not have it; `wsus sync` removes it"
                ),
            };
            differs(DifferenceKind::Member, text);
        }
    }
    found
}

fn set<T: Ord + Clone>(list: &[T]) -> BTreeSet<T> {
    list.iter().cloned().collect()
}

fn approvals(contents: &Contents) -> BTreeSet<WsusApproval> {
    set(&contents.approvals)
}

/// What only one side has, with what is to be said of it.
fn both_ways<'a, T: Ord>(top: &'a BTreeSet<T>, here: &'a BTreeSet<T>) -> Vec<(&'static str, &'a T)> {
    let missing = top.difference(here).map(|one| ("is missing; the next synchronisation brings it", one));
    let extra =
        here.difference(top).map(|one| ("is not at the top; the next synchronisation takes it away", one));
    missing.chain(extra).collect()
}

fn shown(approval: &WsusApproval, group: &str) -> String {
    let action = match approval.action {
        ApprovalAction::Install => "install",
        ApprovalAction::Uninstall => "uninstall",
        ApprovalAction::Detect => "detect",
        ApprovalAction::Block => "block",
    };
    let deadline = approval.deadline.map_or_else(String::new, |at| format!(" until {at}"));
    format!("the approval {action}{deadline} of {}/{} for {group}", approval.update, approval.revision)
}
