//! Approvals, and which of them counts for a computer.

use headwater_model::{GroupId, Timestamp, UpdateId};

use crate::group::GroupTree;

/// What an administrator decided for one update in one group ([MS-WUSP] 3.1.1, *Deployment*).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Action {
    Install,
    Uninstall,
    /// Only report whether it is needed.
    Detect,
    /// Not in this group, whatever the groups above say.
    Block,
}

/// The approval of one update for one group. A withdrawn one stays, without action: the
/// computers that knew it must be told (fact 54).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Approval {
    /// The server's number for it; twice this and one is the deployment id on the wire.
    pub id: i32,
    pub update: UpdateId,
    pub group: GroupId,
    /// `None` once withdrawn.
    pub action: Option<Action>,
    pub deadline: Option<Timestamp>,
    /// The revision it is pinned to; `None` follows the newest.
    pub revision: Option<u32>,
    pub changed_at: Timestamp,
    /// The server-wide counter's value of its last change.
    pub stamp: u64,
}

/// What counts for a computer and an update after all its groups were asked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Resolved {
    pub approval_id: i32,
    pub action: Option<Action>,
    pub deadline: Option<Timestamp>,
    pub revision: Option<u32>,
    pub changed_at: Timestamp,
    /// The newest change of any approval that had a say, withdrawn ones included.
    pub stamp: u64,
}

/// Decides among the approvals of one update for a computer in `groups`.
///
/// In each of its groups the nearest approval counts: the group's own beats an inherited one.
/// Across its groups Install beats Uninstall beats the rest, and among equals the earliest
/// deadline stands. `None` if no approval ever touched these groups.
pub fn resolve<'a>(
    tree: &GroupTree,
    groups: &[GroupId],
    approvals: impl Fn(GroupId) -> Option<&'a Approval>,
) -> Option<Resolved> {
    let mut best: Option<&Approval> = None;
    let mut deadline: Option<Timestamp> = None;
    let mut latest: Option<&Approval> = None;
    for group in groups {
        let mut nearest: Option<&Approval> = None;
        for approval in tree.chain(*group).filter_map(&approvals) {
            if latest.is_none_or(|known| known.stamp < approval.stamp) {
                latest = Some(approval);
            }
            if nearest.is_none() && approval.action.is_some() {
                nearest = Some(approval);
            }
        }
        let Some(candidate) = nearest else { continue };
        let rank = best.map_or(0, |known| rank(known.action));
        if rank < self::rank(candidate.action) {
            best = Some(candidate);
            deadline = candidate.deadline;
        } else if best.is_some_and(|known| known.action == candidate.action) {
            deadline = earliest(deadline, candidate.deadline);
            if best.is_some_and(|known| newer_pin(candidate, known)) {
                best = Some(candidate);
            }
        }
    }
    let latest = latest?;
    let decided = best.unwrap_or(latest);
    Some(Resolved {
        approval_id: decided.id,
        action: decided.action,
        deadline,
        revision: decided.revision,
        changed_at: latest.changed_at,
        stamp: latest.stamp,
    })
}

impl Action {
    /// Of several, the greatest counts.
    pub fn rank(self) -> u8 {
        match self {
            Self::Block => 1,
            Self::Detect => 2,
            Self::Uninstall => 3,
            Self::Install => 4,
        }
    }
}

fn rank(action: Option<Action>) -> u8 {
    action.map_or(0, Action::rank)
}

fn earliest(one: Option<Timestamp>, other: Option<Timestamp>) -> Option<Timestamp> {
    match (one, other) {
        (Some(one), Some(other)) => Some(one.min(other)),
        (one, other) => one.or(other),
    }
}

/// Whether `candidate` leads to a newer revision; following the newest beats every pin.
fn newer_pin(candidate: &Approval, known: &Approval) -> bool {
    candidate.revision.unwrap_or(u32::MAX) > known.revision.unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::group::{ALL_COMPUTERS, Group};

    const BERLIN: GroupId = GroupId::from_u128(1);
    const PILOT: GroupId = GroupId::from_u128(2);
    const PARIS: GroupId = GroupId::from_u128(3);

    fn tree() -> GroupTree {
        let group = |id, name: &str, parent| Group { id, name: name.into(), parent };
        GroupTree::new([
            group(ALL_COMPUTERS, "All Computers", None),
            group(BERLIN, "Berlin", Some(ALL_COMPUTERS)),
            group(PILOT, "Pilot", Some(BERLIN)),
            group(PARIS, "Paris", Some(ALL_COMPUTERS)),
        ])
    }

    /// Approvals as (group, action, deadline in seconds); the position is the stamp.
    type Case<'a> = &'a [(GroupId, Option<Action>, Option<i64>)];

    #[track_caller]
    fn check(case: Case, groups: &[GroupId], action: Option<Action>, deadline: Option<i64>, stamp: u64) {
        let approvals: Vec<Approval> = case
            .iter()
            .enumerate()
            .map(|(at, (group, action, deadline))| Approval {
                id: at as i32 + 1,
                update: UpdateId::from_u128(7),
                group: *group,
                action: *action,
                deadline: deadline.map(|seconds| Timestamp::EPOCH.plus_seconds(seconds)),
                revision: None,
                changed_at: Timestamp::EPOCH,
                stamp: at as u64 + 1,
            })
            .collect();
        let resolved =
            resolve(&tree(), groups, |group| approvals.iter().find(|approval| approval.group == group))
                .expect("an approval has a say");
        assert_eq!(resolved.action, action);
        assert_eq!(resolved.deadline, deadline.map(|seconds| Timestamp::EPOCH.plus_seconds(seconds)));
        assert_eq!(resolved.stamp, stamp);
    }

    use Action::{Block, Detect, Install, Uninstall};

    #[test]
    fn a_group_inherits_and_its_own_beats_what_it_inherits() {
        check(&[(ALL_COMPUTERS, Some(Install), None)], &[PILOT], Some(Install), None, 1);
        check(
            &[(ALL_COMPUTERS, Some(Install), None), (PILOT, Some(Block), None)],
            &[PILOT],
            Some(Block),
            None,
            2,
        );
        check(
            &[(BERLIN, Some(Detect), None), (ALL_COMPUTERS, Some(Install), None)],
            &[PILOT],
            Some(Detect),
            None,
            2,
        );
    }

    #[test]
    fn across_groups_install_beats_uninstall_beats_the_rest() {
        let case: Case = &[(PILOT, Some(Uninstall), None), (PARIS, Some(Install), None)];
        check(case, &[PILOT, PARIS], Some(Install), None, 2);
        check(case, &[PARIS, PILOT], Some(Install), None, 2);
        check(
            &[(PILOT, Some(Uninstall), None), (PARIS, Some(Block), None)],
            &[PARIS, PILOT],
            Some(Uninstall),
            None,
            2,
        );
    }

    #[test]
    fn among_equals_the_earliest_deadline_stands() {
        let case: Case = &[(PILOT, Some(Install), Some(90)), (PARIS, Some(Install), Some(30))];
        check(case, &[PILOT, PARIS], Some(Install), Some(30), 2);
        let case: Case = &[(PILOT, Some(Install), None), (PARIS, Some(Install), Some(30))];
        check(case, &[PILOT, PARIS], Some(Install), Some(30), 2);
        let case: Case = &[(PILOT, Some(Uninstall), Some(10)), (PARIS, Some(Install), Some(30))];
        check(case, &[PILOT, PARIS], Some(Install), Some(30), 2);
    }

    #[test]
    fn a_withdrawn_approval_counts_as_a_change_and_lets_inheritance_through() {
        check(&[(ALL_COMPUTERS, Some(Install), None), (PILOT, None, None)], &[PILOT], Some(Install), None, 2);
        check(&[(PILOT, None, None)], &[PILOT], None, None, 1);
    }

    #[test]
    fn approvals_of_other_groups_have_no_say() {
        let other = Approval {
            id: 1,
            update: UpdateId::from_u128(7),
            group: PARIS,
            action: Some(Install),
            deadline: None,
            revision: None,
            changed_at: Timestamp::EPOCH,
            stamp: 1,
        };
        assert_eq!(resolve(&tree(), &[PILOT], |group| (group == PARIS).then_some(&other)), None);
    }
}
