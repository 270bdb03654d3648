//! A group that takes the place of another: the approvals that it gets, and when the old one may be deleted, which
//! is not before everyone who was in it has moved.

use std::collections::BTreeSet;

use headwater_model::{GroupId, HostGroupId, ServerId, UpdateId};

use crate::computer::Place;
use crate::difference::Approval;
use crate::group_plan::{self, GroupPlan, Request, State};
use crate::in_step::Contents;
use crate::naming::{Owner, WsusGroup};

/// Why a group stays for now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Stays {
    /// Nobody knows who is in it there.
    NotReached(ServerId),
    /// These are to be in the other one, and are not yet.
    NotMoved(BTreeSet<Place>),
    /// Members whom nobody writes, so that they would be in neither.
    Left(BTreeSet<Place>),
}

/// Why the approvals of a group cannot be copied.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NotCopied {
    #[error("the WSUS group `{0}` is beneath it")]
    Beneath(String),
    #[error(
        "the update {update} is approved in its revision {revision}, and only the newest one, {newest}, can be \
         approved anew"
    )]
    Waits { update: UpdateId, revision: u32, newest: u32 },
}

/// The approvals of the `old` group that the one in its place does not have yet. Nobody is offered an update that is
/// declined, so what is approved of one is let go.
pub fn copies(contents: &Contents, old: GroupId, new: Option<GroupId>) -> Result<Vec<&Approval>, NotCopied> {
    if let Some(beneath) = contents.groups.values().find(|group| group.parent == Some(old)) {
        return Err(NotCopied::Beneath(beneath.name.clone()));
    }
    let of = |group| contents.approvals.iter().filter(move |approval| Some(approval.group) == group);
    let is_there = |approval: &Approval| {
        let terms = |one: &Approval| (one.update, one.revision, one.action, one.deadline);
        of(new).any(|one| terms(one) == terms(approval))
    };
    let mut copies = Vec::new();
    for approval in of(Some(old)).filter(|approval| !contents.declined.contains(&approval.update)) {
        let Approval { update, revision, .. } = *approval;
        if is_there(approval) {
            continue;
        }
        match contents.updates.get(&update) {
            Some(&newest) if newest > revision => {
                return Err(NotCopied::Waits { update, revision, newest });
            }
            _ => copies.push(approval),
        }
    }
    Ok(copies)
}

/// Why the `old` group of a host group stays; nothing where it may go, for `new` has taken its place. The state has
/// `new` as the one that is made from the host group. `unreached` are servers whose computers are not told.
pub fn stays(
    host_group: HostGroupId,
    old: GroupId,
    new: GroupId,
    state: &State,
    unreached: &[ServerId],
) -> Option<Stays> {
    if let Some(server) = unreached.first() {
        return Some(Stays::NotReached(*server));
    }
    let request = Request { chosen: [host_group].into(), ..Request::default() };
    let planned = |state: &State| group_plan::plan(&request, state).groups.into_iter().next();
    let now = planned(state)?;
    let places = |plan: &GroupPlan, of: fn(&group_plan::Members) -> &BTreeSet<_>| -> BTreeSet<Place> {
        let on = |(server, members)| {
            let place = move |client: &headwater_model::ClientId| Place { server, client: client.clone() };
            of(members).iter().map(place).collect::<Vec<_>>()
        };
        plan.servers.iter().map(|(server, members)| (*server, members)).flat_map(on).collect()
    };
    let to_move = places(&now, |members| &members.added);
    if !to_move.is_empty() {
        return Some(Stays::NotMoved(to_move));
    }
    // Were the old one still made from the host group, these would be left in it.
    let before: Vec<WsusGroup> = state
        .groups
        .iter()
        .map(|group| {
            let owner = match group.owner {
                _ if group.id == old => Owner::Ours(host_group),
                _ if group.id == new => Owner::Foreign,
                owner => owner,
            };
            WsusGroup { owner, ..group.clone() }
        })
        .collect();
    let mut left = places(&planned(&State { groups: &before, ..*state })?, |members| &members.left);
    let is_in_new = |place: &Place| {
        let computers = state.computers.iter().filter(|computer| computer.place() == *place);
        computers.into_iter().any(|computer| computer.groups.contains(&new))
    };
    left.retain(|place| !is_in_new(place));
    (!left.is_empty()).then_some(Stays::Left(left))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::computer::Computer;
    use crate::host::HostGroups;
    use crate::sample::{computer, host, host_group, in_groups, place, server};

    const OLD: u128 = 50;
    const NEW: u128 = 51;

    fn check(computers: &[Computer], unreached: &[u128], wanted: Option<Stays>) {
        let hosts = [host(1, "pc1", Some(1)), host(2, "pc2", None)];
        let group = |number: u128, name: &str, owner| WsusGroup {
            id: GroupId::from_u128(number),
            name: name.to_owned(),
            owner,
        };
        let of = HostGroupId::from_u128(7);
        let groups = [group(OLD, "Pilot", Owner::Foreign), group(NEW, "Piloten", Owner::Ours(of))];
        let state = State {
            host_groups: &HostGroups::new(vec![host_group(7, "Piloten", None, &[1, 2])]).expect("a tree"),
            hosts: &hosts,
            groups: &groups,
            servers: &[server(1, None), server(2, Some(1))],
            computers,
            sightings: &[],
        };
        let unreached: Vec<ServerId> = unreached.iter().map(|one| ServerId::from_u128(*one)).collect();
        let (old, new) = (GroupId::from_u128(OLD), GroupId::from_u128(NEW));
        assert_eq!(stays(of, old, new, &state, &unreached), wanted);
    }

    #[test]
    fn approvals_are_copied_or_it_is_said_why_not() {
        let update = UpdateId::from_u128;
        let approval = |number: u128, revision: u32, group: u128| Approval {
            update: update(number),
            revision,
            group: GroupId::from_u128(group),
            action: crate::difference::Action::Install,
            deadline: None,
        };
        let group = |name: &str, parent: u128| crate::in_step::Group {
            name: name.to_owned(),
            parent: Some(GroupId::from_u128(parent)),
        };
        let (old, new) = (GroupId::from_u128(OLD), GroupId::from_u128(NEW));
        let mut contents = Contents {
            updates: [(update(1), 3), (update(2), 1), (update(3), 1)].into(),
            groups: [(old, group("Pilot", 9)), (new, group("Piloten", 9))].into(),
            approvals: [approval(1, 3, OLD), approval(2, 1, OLD), approval(2, 1, NEW), approval(3, 1, OLD)]
                .into(),
            declined: [update(3)].into(),
            ..Contents::default()
        };
        assert_eq!(copies(&contents, old, Some(new)), Ok(vec![&approval(1, 3, OLD)]));
        assert_eq!(copies(&contents, old, None).map(|all| all.len()), Ok(2));
        contents.updates.insert(update(1), 4);
        let waits = NotCopied::Waits { update: update(1), revision: 3, newest: 4 };
        assert_eq!(copies(&contents, old, None), Err(waits));
        contents.groups.insert(GroupId::from_u128(60), group("Keller", OLD));
        assert_eq!(copies(&contents, old, None), Err(NotCopied::Beneath("Keller".to_owned())));
    }

    #[test]
    fn it_goes_when_everyone_has_moved() {
        let pc1 = |groups: &[u128]| in_groups(computer(2, 1, "pc1", (0, 9)), groups);
        check(&[pc1(&[OLD])], &[], Some(Stays::NotMoved([place(2, 1)].into())));
        check(&[pc1(&[OLD, NEW])], &[], None);
        check(&[pc1(&[OLD, NEW])], &[2], Some(Stays::NotReached(ServerId::from_u128(2))));
        // Who is in no host group any more need not move.
        check(&[pc1(&[NEW]), in_groups(computer(1, 5, "pc5", (0, 9)), &[OLD])], &[], None);
    }

    #[test]
    fn it_stays_for_members_whom_nobody_writes() {
        let pc1 = in_groups(computer(1, 1, "pc1", (0, 9)), &[NEW]);
        // Two computers of one name: nobody knows which of them the host is.
        let twin = |number| in_groups(computer(1, number, "pc2", (0, 9)), &[OLD]);
        check(&[pc1, twin(3), twin(4)], &[], Some(Stays::Left([place(1, 3), place(1, 4)].into())));
    }
}
