use headwater_model::Timestamp;

use super::*;
use crate::sample::{computer, in_groups, place};

const TOP: u128 = 1;
const ALL_COMPUTERS: u128 = 100;

fn group(number: u128) -> GroupId {
    GroupId::from_u128(number)
}

fn update(number: u128) -> UpdateId {
    UpdateId::from_u128(number)
}

fn approval(number: u128, revision: u32, group_number: u128) -> Approval {
    Approval {
        update: update(number),
        revision,
        group: group(group_number),
        action: Action::Install,
        deadline: None,
    }
}

/// Groups are numbered, and named by number and what is given; each update has its revision.
fn contents(updates: &[(u128, u32)], groups: &[(u128, Option<u128>)], approvals: &[Approval]) -> Contents {
    let made = |(id, parent): &(u128, Option<u128>)| {
        let parent = Some(group(parent.unwrap_or(ALL_COMPUTERS)));
        (group(*id), Group { name: format!("Group {id}"), parent })
    };
    Contents {
        updates: updates.iter().map(|(id, revision)| (update(*id), *revision)).collect(),
        groups: groups.iter().map(made).collect(),
        built_in: [(group(ALL_COMPUTERS), "All Computers".to_owned())].into(),
        approvals: approvals.iter().cloned().collect(),
        declined: BTreeSet::new(),
    }
}

fn source(contents: Contents, members: &[(u128, u128)]) -> Source {
    let member = |(client, of): &(u128, u128)| (crate::sample::client(*client), group(*of));
    Source { contents, members: members.iter().map(member).collect(), halted: BTreeSet::new() }
}

fn planned(source: &Source, there: &Contents, computers: &[Computer]) -> Plan {
    let server = ServerId::from_u128(TOP);
    plan(source, Successor { server, contents: there, computers, detecting: Detecting::Approvable })
}

fn open(plan: &Plan) -> Vec<NotApproved> {
    let why = |open: &Open| match open {
        Open::Approval { why, .. } => Some(why.clone()),
        _ => None,
    };
    plan.open.iter().filter_map(why).collect()
}

#[test]
fn a_rebuilt_server_gets_all_of_it_in_order() {
    let deadline = Some(Timestamp::EPOCH.plus_seconds(86_400));
    let with_deadline = Approval { deadline, action: Action::Uninstall, ..approval(7, 3, ALL_COMPUTERS) };
    // The group beneath has the lower id: the one above is made first all the same.
    let mut before =
        contents(&[(7, 3), (8, 1)], &[(3, None), (2, Some(3))], &[approval(8, 1, 2), with_deadline.clone()]);
    before.declined.insert(update(9));
    before.updates.insert(update(9), 1);
    let there = contents(&[(7, 4), (8, 1), (9, 1)], &[], &[]);
    let computers = [computer(TOP, 1, "pc1", (0, 1))];
    let found = planned(&source(before, &[(1, 2), (5, 2)]), &there, &computers);
    let create = |id: u128, parent: Option<u128>| Step::CreateGroup {
        group: group(id),
        name: format!("Group {id}"),
        parent: parent.map(group),
    };
    let approve = |approval| Step::Approve { approval, replaces: None };
    assert_eq!(
        found.steps,
        [
            create(3, None),
            create(2, Some(3)),
            Step::Decline(update(9)),
            approve(Approval { revision: 4, ..with_deadline }),
            approve(approval(8, 1, 2)),
            Step::AddMember { place: place(TOP, 1), group: group(2) },
        ]
    );
    let why = NotMember::NotSeen;
    let missing = Open::Member { client: crate::sample::client(5), group: group(2), why };
    assert_eq!(found.open, [missing].into());
}

#[test]
fn a_promoted_replica_lacks_nothing() {
    let before = contents(&[(7, 3)], &[(2, None)], &[approval(7, 3, 2)]);
    let computers = [in_groups(computer(TOP, 1, "pc1", (0, 1)), &[2])];
    let found = planned(&source(before.clone(), &[(1, 2)]), &before, &computers);
    assert_eq!((found.steps, found.open), (vec![], BTreeSet::new()));
}

#[test]
fn what_was_written_before_is_not_written_again() {
    let before =
        contents(&[(7, 3), (8, 1)], &[(2, None), (3, None)], &[approval(7, 3, 2), approval(8, 1, 3)]);
    let all = planned(&source(before.clone(), &[(1, 2)]), &contents(&[(7, 3), (8, 1)], &[], &[]), &[]);
    let half = contents(&[(7, 3), (8, 1)], &[(2, None)], &[approval(7, 3, 2)]);
    let rest = planned(&source(before, &[(1, 2)]), &half, &[]);
    assert_eq!(rest.steps.len(), 2);
    assert!(rest.steps.iter().all(|step| all.steps.contains(step)), "{:?}", rest.steps);
}

#[test]
fn a_group_of_the_same_name_is_that_group() {
    let before = contents(&[(7, 3)], &[(2, None)], &[approval(7, 3, 2)]);
    let mut there = contents(&[(7, 3)], &[], &[approval(7, 3, 50)]);
    let parent = Some(group(ALL_COMPUTERS));
    there.groups.insert(group(50), Group { name: "GROUP 2".into(), parent });
    let on = |server| [computer(server, 1, "pc1", (0, 1))];
    let found = planned(&source(before.clone(), &[(1, 2)]), &there, &on(TOP));
    assert_eq!(found.groups[&group(2)], group(50));
    assert_eq!(found.steps, [Step::AddMember { place: place(TOP, 1), group: group(2) }]);
    assert_eq!(found.only_there, BTreeSet::new());
    // A server below does not have it before it synchronises.
    let found = planned(&source(before, &[(1, 2)]), &there, &on(9));
    let why = NotMember::GroupBelow;
    let waits = Open::Member { client: crate::sample::client(1), group: group(2), why };
    assert_eq!((found.steps, found.open), (vec![], [waits].into()));
}

#[test]
fn what_cannot_be_approved_is_named() {
    let check = |before: &[(u128, u32)], approved: Approval, there: &[(u128, u32)], why: NotApproved| {
        let before = contents(before, &[(2, None)], &[approved]);
        let found = planned(&source(before, &[]), &contents(there, &[(2, None)], &[]), &[]);
        assert_eq!((open(&found), found.steps), (vec![why.clone()], vec![]), "{why}");
    };
    check(&[(7, 3)], approval(7, 3, 2), &[], NotApproved::UpdateNotThere);
    check(&[(7, 3)], approval(7, 3, 2), &[(7, 2)], NotApproved::OlderThere { there: 2 });
    check(&[(7, 4)], approval(7, 3, 2), &[(7, 4)], NotApproved::Waits { there: 4 });
    check(&[(7, 3)], approval(7, 3, 9), &[(7, 3)], NotApproved::GroupGone);
    let detect = Approval { action: Action::Detect, ..approval(7, 3, 2) };
    let before = contents(&[(7, 3)], &[(2, None)], &[detect]);
    let successor = Successor {
        server: ServerId::from_u128(TOP),
        contents: &contents(&[(7, 3)], &[(2, None)], &[]),
        computers: &[],
        detecting: Detecting::Always,
    };
    assert_eq!(open(&plan(&source(before, &[]), successor)), [NotApproved::DetectsAnyway]);
}

#[test]
fn what_waits_with_its_revision_is_written_where_that_is_the_newest() {
    let before = contents(&[(7, 4)], &[(2, None)], &[approval(7, 3, 2)]);
    let found = planned(&source(before, &[]), &contents(&[(7, 3)], &[(2, None)], &[]), &[]);
    assert_eq!(found.steps, [Step::Approve { approval: approval(7, 3, 2), replaces: None }]);
}

#[test]
fn what_was_decided_there_stays_but_for_halted_updates() {
    let before = contents(&[(7, 3), (8, 1)], &[(2, None)], &[approval(7, 3, 2)]);
    let other = Approval { action: Action::Block, ..approval(7, 3, 2) };
    let there = contents(
        &[(7, 3), (8, 1), (9, 1)],
        &[(2, None)],
        &[other.clone(), approval(8, 1, 2), approval(9, 1, 2)],
    );
    let halted = Source { halted: [update(9)].into(), ..source(before, &[]) };
    let found = planned(&halted, &there, &[]);
    assert_eq!(
        found.steps,
        [
            Step::Withdraw(approval(9, 1, 2)),
            Step::Approve { approval: approval(7, 3, 2), replaces: Some(other) }
        ]
    );
    assert_eq!(found.only_there, [approval(8, 1, 2)].into());
}

#[test]
fn a_declined_update_is_declined_and_not_approved() {
    let mut before = contents(&[(7, 3)], &[(2, None)], &[approval(7, 3, 2)]);
    before.declined.insert(update(7));
    before.declined.insert(update(8));
    let found = planned(&source(before, &[]), &contents(&[(7, 3)], &[(2, None)], &[]), &[]);
    assert_eq!(found.steps, [Step::Decline(update(7))]);
    assert_eq!(open(&found), [NotApproved::Declined]);
    assert!(found.open.contains(&Open::Decline(update(8))));
}
