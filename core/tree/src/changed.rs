//! What became different on a server between two looks, from what to what, in sentences for the record of a run.

use std::collections::{BTreeMap, BTreeSet};

use headwater_model::{GroupId, UpdateId};

use crate::difference::{Approval, Titles, named};
use crate::in_step::Contents;

/// Sentences of one kind of change; how many more there were is said by number.
pub const SENTENCES_PER_KIND_MAX: usize = 50;

/// Groups, approvals and declines that came, went or are otherwise. Updates that came are told by the server.
pub fn changed(before: &Contents, after: &Contents, titles: Titles<'_>) -> Vec<String> {
    let mut told = Vec::new();
    tell(&mut told, "groups", groups(before, after));
    tell(&mut told, "approvals", approvals(before, after, titles));
    tell(&mut told, "declines", declines(before, after, titles));
    told
}

fn tell(told: &mut Vec<String>, kind: &str, changes: Vec<String>) {
    let rest = changes.len().saturating_sub(SENTENCES_PER_KIND_MAX);
    told.extend(changes.into_iter().take(SENTENCES_PER_KIND_MAX));
    if rest > 0 {
        told.push(format!("{rest} more {kind} changed"));
    }
}

fn groups(before: &Contents, after: &Contents) -> Vec<String> {
    let mut changes = Vec::new();
    for (id, group) in &after.groups {
        match before.groups.get(id) {
            None => changes.push(format!("group {} was made", group.name)),
            Some(earlier) if earlier.name != group.name => {
                changes.push(format!("group {} is named {}", earlier.name, group.name));
            }
            Some(earlier) if earlier.parent != group.parent => {
                changes.push(format!("group {} stands beneath another one", group.name));
            }
            Some(_) => {}
        }
    }
    let gone = before.groups.iter().filter(|(id, _)| !after.groups.contains_key(id));
    changes.extend(gone.map(|(_, group)| format!("group {} was deleted", group.name)));
    changes
}

fn approvals(before: &Contents, after: &Contents, titles: Titles<'_>) -> Vec<String> {
    let by_target = |contents: &Contents| -> BTreeMap<(UpdateId, GroupId), Approval> {
        contents.approvals.iter().map(|one| ((one.update, one.group), one.clone())).collect()
    };
    let (old, new) = (by_target(before), by_target(after));
    let name = |id: &GroupId| {
        let named = |contents: &Contents| {
            let own = contents.groups.get(id).map(|group| group.name.clone());
            own.or_else(|| contents.built_in.get(id).cloned())
        };
        named(after).or_else(|| named(before)).unwrap_or_else(|| id.to_string())
    };
    let said = |approval: Option<&Approval>| {
        approval.map_or_else(
            || "not approved".to_owned(),
            |one| format!("{} (revision {})", one.terms(), one.revision),
        )
    };
    let targets: BTreeSet<&(UpdateId, GroupId)> = old.keys().chain(new.keys()).collect();
    let differ = targets.into_iter().filter(|target| old.get(target) != new.get(target));
    differ
        .map(|target| {
            let (update, group) = target;
            let (from, to) = (said(old.get(target)), said(new.get(target)));
            format!("{} for {}: {from} → {to}", named(titles, *update, update), name(group))
        })
        .collect()
}

fn declines(before: &Contents, after: &Contents, titles: Titles<'_>) -> Vec<String> {
    let declined = after.declined.difference(&before.declined);
    let taken_back = before.declined.difference(&after.declined);
    let said = |update: &UpdateId, change: &str| format!("{}: {change}", named(titles, *update, update));
    let declined = declined.map(|update| said(update, "not declined → declined"));
    declined.chain(taken_back.map(|update| said(update, "declined → not declined"))).collect()
}

#[cfg(test)]
mod tests {
    use headwater_model::Timestamp;

    use super::*;
    use crate::difference::Action;
    use crate::in_step::Group;

    const BERLIN: GroupId = GroupId::from_u128(50);
    const KB1: UpdateId = UpdateId::from_u128(1);
    const KB2: UpdateId = UpdateId::from_u128(2);

    fn approval(update: UpdateId, revision: u32, action: Action, deadline: Option<Timestamp>) -> Approval {
        Approval { update, revision, group: BERLIN, action, deadline }
    }

    fn group(name: &str) -> (GroupId, Group) {
        (BERLIN, Group { name: name.to_owned(), parent: None })
    }

    #[test]
    fn what_changed_is_said_from_what_to_what() {
        let before = Contents {
            groups: [group("Berlin"), (GroupId::from_u128(51), group("Lab").1)].into(),
            approvals: [
                approval(KB1, 3, Action::Install, None),
                approval(KB2, 1, Action::Install, Some(Timestamp::EPOCH)),
            ]
            .into(),
            declined: [UpdateId::from_u128(3)].into(),
            ..Contents::default()
        };
        let after = Contents {
            groups: [group("Berlin"), (GroupId::from_u128(52), group("Pilot").1)].into(),
            approvals: [approval(KB2, 2, Action::Block, None)].into(),
            declined: [KB1].into(),
            ..Contents::default()
        };
        let titles = |update| (update == KB1).then(|| "Servicing (KB1)".to_owned());
        assert_eq!(changed(&before, &before, &titles), Vec::<String>::new());
        assert_eq!(
            changed(&before, &after, &titles),
            [
                "group Pilot was made".to_owned(),
                "group Lab was deleted".to_owned(),
                format!("“Servicing (KB1)” ({KB1}) for Berlin: install (revision 3) → not approved"),
                format!(
                    "{KB2} for Berlin: install by 1970-01-01 00:00 UTC (revision 1) → block (revision 2)"
                ),
                format!("“Servicing (KB1)” ({KB1}): not declined → declined"),
                format!("{}: declined → not declined", UpdateId::from_u128(3)),
            ]
        );
        let renamed = Contents { groups: [group("Berlin - Mitte")].into(), ..Contents::default() };
        let before = Contents { groups: [group("Berlin")].into(), ..Contents::default() };
        assert_eq!(changed(&before, &renamed, &titles), ["group Berlin is named Berlin - Mitte"]);
    }

    #[test]
    fn a_long_list_ends_with_a_number() {
        let approvals = (0..53).map(|id| approval(UpdateId::from_u128(id), 1, Action::Install, None));
        let after = Contents {
            approvals: approvals.collect(),
            groups: [group("Berlin")].into(),
            ..Contents::default()
        };
        let before = Contents { groups: [group("Berlin")].into(), ..Contents::default() };
        let told = changed(&before, &after, &|_| None);
        assert_eq!((told.len(), told.last().map(String::as_str)), (51, Some("3 more approvals changed")));
    }
}
