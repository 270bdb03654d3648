//! Whether a plan may still be carried out that somebody saw: nothing is written that was not in it.

use std::collections::BTreeSet;

use headwater_api::RelinkStep;
use headwater_model::{ClientId, GroupId, UpdateId};

/// What is named of all that changed since a plan was made.
const CHANGES_NAMED_MAX: usize = 5;

/// Which steps of the plan as it is made now, by their places, are left out for they were not seen: computers and
/// updates appeared meanwhile. Refuses, in words, where a step that was seen is another one now, or one would take
/// away or replace what nobody saw.
pub(super) fn late(now: &[RelinkStep], seen: &[RelinkStep]) -> Result<Vec<usize>, String> {
    let known: BTreeSet<&RelinkStep> = seen.iter().collect();
    let about_seen: BTreeSet<About> = seen.iter().filter_map(about).collect();
    let new = || now.iter().enumerate().filter(|(_, step)| !known.contains(step));
    let changed: Vec<&RelinkStep> = new()
        .map(|(_, step)| step)
        .filter(|step| !only_adds(step) || about(step).is_some_and(|about| about_seen.contains(&about)))
        .collect();
    if changed.is_empty() {
        return Ok(new().map(|(at, _)| at).collect());
    }
    let mut words: Vec<String> =
        changed.iter().take(CHANGES_NAMED_MAX).map(|step| super::words::step(step)).collect();
    if changed.len() > CHANGES_NAMED_MAX {
        words.push(format!("and {} more", changed.len() - CHANGES_NAMED_MAX));
    }
    Err(words.join("; "))
}

fn only_adds(step: &RelinkStep) -> bool {
    match step {
        RelinkStep::Approve { replaces, .. } => replaces.is_none(),
        RelinkStep::Decline { .. } | RelinkStep::AddMember { .. } => true,
        RelinkStep::CreateGroup { .. } | RelinkStep::Withdraw { .. } => false,
    }
}

/// What a step that only adds is about: of two that are about the same, one takes the place of the other.
#[derive(PartialEq, Eq, PartialOrd, Ord)]
enum About<'a> {
    Approval(UpdateId, GroupId),
    Member(&'a ClientId, GroupId),
    Decline(UpdateId),
}

fn about(step: &RelinkStep) -> Option<About<'_>> {
    match step {
        RelinkStep::Approve { update, group, .. } => Some(About::Approval(*update, *group)),
        RelinkStep::AddMember { client, group, .. } => Some(About::Member(client, *group)),
        RelinkStep::Decline { update, .. } => Some(About::Decline(*update)),
        RelinkStep::CreateGroup { .. } | RelinkStep::Withdraw { .. } => None,
    }
}

#[cfg(test)]
mod tests {
    use headwater_api::ApprovalAction;
    use headwater_model::{GroupId, ServerId, UpdateId};

    use super::*;

    fn approve(update: u128, revision: u32, replaces: Option<&str>) -> RelinkStep {
        RelinkStep::Approve {
            update: UpdateId::from_u128(update),
            title: format!("u{update}"),
            revision,
            group: GroupId::from_u128(1),
            group_name: "Pilot".to_owned(),
            action: ApprovalAction::Install,
            deadline: None,
            replaces: replaces.map(str::to_owned),
        }
    }

    fn member(client: &str, server: u128) -> RelinkStep {
        RelinkStep::AddMember {
            server: ServerId::from_u128(server),
            client: client.parse().expect("an id"),
            name: client.to_owned(),
            group: GroupId::from_u128(1),
            group_name: "Pilot".to_owned(),
        }
    }

    fn group() -> RelinkStep {
        RelinkStep::CreateGroup { group: GroupId::from_u128(1), name: "Pilot".to_owned(), parent: None }
    }

    #[test]
    fn who_comes_late_is_left_out_and_what_changed_is_refused() {
        let decline = || RelinkStep::Decline { update: UpdateId::from_u128(9), title: "u9".to_owned() };
        let seen = [group(), approve(1, 5, None), member("pc1", 1)];
        let check = |now: &[RelinkStep], expected: Result<&[usize], &str>| {
            let expected = expected.map(<[usize]>::to_vec).map_err(str::to_owned);
            assert_eq!(late(now, &seen), expected, "{now:?}");
        };
        check(&seen, Ok(&[]));
        check(&seen[2..], Ok(&[]));
        let more = [decline(), approve(1, 5, None), approve(2, 1, None), member("pc1", 1), member("pc2", 1)];
        check(&more, Ok(&[0, 2, 4]));
        check(&[approve(1, 6, None)], Err("u1 is to be approved for `Pilot` (install)"));
        check(&[approve(2, 1, Some("block"))], Err("u2 is to be approved for `Pilot` (install)"));
        check(&[member("pc1", 2)], Err("pc1 is to be in `Pilot`"));
        let other =
            RelinkStep::CreateGroup { group: GroupId::from_u128(2), name: "Lab".to_owned(), parent: None };
        check(&[other], Err("the group `Lab` is to be made"));
    }
}
