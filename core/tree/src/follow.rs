//! What has to be written on an autonomous server that follows the managed groups: those groups, and the top's
//! approvals for exactly those. Whatever else it has is its own.

use std::collections::{BTreeMap, BTreeSet};

use headwater_model::{GroupId, Timestamp, UpdateId};

use crate::computer::folded;
use crate::difference::{Action, Approval};
use crate::host::DEPTH_MAX;
use crate::in_step::Contents;

/// What is to be written, groups first.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Following {
    /// A group before those beneath it.
    pub groups: Vec<NewGroup>,
    /// Updates by what is decided about them.
    pub approvals: BTreeMap<Decision, Vec<UpdateId>>,
}

/// A group that is to be made with the id that it has at the top.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewGroup {
    pub id: GroupId,
    pub name: String,
    pub parent: Option<GroupId>,
}

/// What is decided for a group; without an action, what was approved is taken back.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Decision {
    pub group: GroupId,
    pub action: Option<Action>,
    pub deadline: Option<Timestamp>,
}

/// Compares the managed groups and what is approved for them.
pub fn following(top: &Contents, here: &Contents, managed: &BTreeSet<GroupId>) -> Following {
    let wanted: BTreeSet<GroupId> =
        managed.iter().copied().filter(|id| top.groups.contains_key(id)).collect();
    let missing = wanted
        .iter()
        .filter(|id| !here.groups.contains_key(id) && own_of_the_name(top, here, **id).is_none());
    let mut missing: Vec<NewGroup> = missing
        .map(|id| NewGroup { id: *id, name: top.groups[id].name.clone(), parent: parent(top, *id, managed) })
        .collect();
    missing.sort_by_key(|group| (depth(top, group.id), group.id));
    let there: BTreeSet<GroupId> =
        here.groups.keys().copied().chain(missing.iter().map(|group| group.id)).collect();
    let is_of = |approval: &&Approval| wanted.contains(&approval.group) && there.contains(&approval.group);
    let targets = |contents: &Contents| -> BTreeMap<(UpdateId, GroupId), Approval> {
        let approvals = contents.approvals.iter().filter(is_of);
        approvals.map(|approval| ((approval.update, approval.group), approval.clone())).collect()
    };
    let (above, below) = (targets(top), targets(here));
    let mut approvals: BTreeMap<Decision, Vec<UpdateId>> = BTreeMap::new();
    for (target, approval) in &above {
        // One of an older revision, of an update that is not here, or that was declined here, is no order.
        let is_here = here.updates.get(&approval.update) == Some(&approval.revision);
        if is_here && !here.declined.contains(&approval.update) && below.get(target) != Some(approval) {
            let Approval { group, action, deadline, .. } = *approval;
            let decision = Decision { group, action: Some(action), deadline };
            approvals.entry(decision).or_default().push(approval.update);
        }
    }
    for (update, group) in below.keys().filter(|target| !above.contains_key(target)) {
        let decision = Decision { group: *group, action: None, deadline: None };
        approvals.entry(decision).or_default().push(*update);
    }
    Following { groups: missing, approvals }
}

/// The group of the server's own that has the name of a group of the top, which so cannot be made.
pub fn own_of_the_name(top: &Contents, here: &Contents, id: GroupId) -> Option<GroupId> {
    let name = folded(&top.groups.get(&id)?.name);
    let of_name =
        |(own, group): &(&GroupId, &crate::in_step::Group)| **own != id && folded(&group.name) == name;
    here.groups.iter().find(of_name).map(|(own, _)| *own)
}

/// Beneath which group it stands on a server that has only the managed ones.
pub fn parent(top: &Contents, id: GroupId, managed: &BTreeSet<GroupId>) -> Option<GroupId> {
    let above = |id: &GroupId| top.groups.get(id).and_then(|group| group.parent);
    std::iter::successors(above(&id), above)
        .take(DEPTH_MAX)
        .find(|parent| managed.contains(parent) || !top.groups.contains_key(parent))
}

fn depth(top: &Contents, id: GroupId) -> usize {
    let above = |id: &GroupId| top.groups.get(id).and_then(|group| group.parent);
    std::iter::successors(Some(id), above).take(DEPTH_MAX).count()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::in_step::Group;

    const ALL: GroupId = GroupId::from_u128(1);
    const BERLIN: GroupId = GroupId::from_u128(50);
    const CELLAR: GroupId = GroupId::from_u128(40);
    const OWN: GroupId = GroupId::from_u128(60);
    const KB1: UpdateId = UpdateId::from_u128(101);
    const KB2: UpdateId = UpdateId::from_u128(102);

    fn contents(groups: &[(GroupId, &str, GroupId)], approvals: &[(UpdateId, GroupId, Action)]) -> Contents {
        let group = |(id, name, parent): &(GroupId, &str, GroupId)| {
            (*id, Group { name: (*name).into(), parent: Some(*parent) })
        };
        let approval = |(update, group, action): &(UpdateId, GroupId, Action)| Approval {
            update: *update,
            revision: 1,
            group: *group,
            action: *action,
            deadline: None,
        };
        Contents {
            updates: [(KB1, 1), (KB2, 1)].into(),
            groups: groups.iter().map(group).collect(),
            built_in: [(ALL, "All Computers".into())].into(),
            approvals: approvals.iter().map(approval).collect(),
            declined: BTreeSet::new(),
        }
    }

    fn decision(group: GroupId, action: Option<Action>) -> Decision {
        Decision { group, action, deadline: None }
    }

    #[test]
    fn only_managed_groups_and_their_approvals_are_written() {
        let top = contents(
            &[(BERLIN, "Berlin", ALL), (CELLAR, "Cellar", BERLIN), (GroupId::from_u128(70), "Free", ALL)],
            &[(KB1, BERLIN, Action::Install), (KB2, CELLAR, Action::Block), (KB1, ALL, Action::Install)],
        );
        let mut here =
            contents(&[(OWN, "Own", ALL)], &[(KB2, OWN, Action::Install), (KB2, ALL, Action::Install)]);
        let managed = BTreeSet::from([BERLIN, CELLAR]);
        let found = following(&top, &here, &managed);
        let groups: Vec<_> = found.groups.iter().map(|one| (one.id, one.parent)).collect();
        assert_eq!(groups, [(BERLIN, Some(ALL)), (CELLAR, Some(BERLIN))]);
        let install = decision(BERLIN, Some(Action::Install));
        let block = decision(CELLAR, Some(Action::Block));
        assert_eq!(found.approvals, [(install, vec![KB1]), (block, vec![KB2])].into());
        // Only one of them is managed: it stands below the next that is there.
        let alone = following(&top, &here, &BTreeSet::from([CELLAR]));
        assert_eq!(alone.groups[0].parent, Some(ALL));
        // Once written there is nothing left.
        here.groups.extend(
            top.groups.iter().filter(|(id, _)| managed.contains(id)).map(|(id, one)| (*id, one.clone())),
        );
        here.approvals.extend(top.approvals.iter().filter(|one| managed.contains(&one.group)).cloned());
        assert_eq!(following(&top, &here, &managed), Following::default());
    }

    #[test]
    fn what_differs_is_as_at_the_top_and_what_is_its_own_stays() {
        let top = contents(&[(BERLIN, "Berlin", ALL)], &[(KB1, BERLIN, Action::Install)]);
        let managed = BTreeSet::from([BERLIN]);
        let mut here = contents(
            &[(BERLIN, "Berlin", ALL)],
            &[(KB1, BERLIN, Action::Block), (KB2, BERLIN, Action::Install)],
        );
        let both =
            [(decision(BERLIN, None), vec![KB2]), (decision(BERLIN, Some(Action::Install)), vec![KB1])];
        assert_eq!(following(&top, &here, &managed).approvals, both.into());
        // It declined the one by itself, and has another revision of the other.
        here.declined.insert(KB1);
        here.approvals.clear();
        assert_eq!(following(&top, &here, &managed), Following::default());
        here.declined.clear();
        here.updates.insert(KB1, 2);
        assert_eq!(following(&top, &here, &managed), Following::default());
        // A group of its own has the name: nothing is made, and nothing approved.
        let own = contents(&[(OWN, "BERLIN", ALL)], &[]);
        assert_eq!(following(&top, &own, &managed), Following::default());
        assert_eq!(own_of_the_name(&top, &own, BERLIN), Some(OWN));
    }
}
