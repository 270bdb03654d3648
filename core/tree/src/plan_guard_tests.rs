//! What changed since a plan, what holds one, and its undoing.

use super::*;
use crate::group_plan::Members;
use crate::sample::{clients, place};

const GROUP: HostGroupId = HostGroupId::from_u128(1);
const SERVER: ServerId = ServerId::from_u128(1);
const TARGET: GroupId = GroupId::from_u128(50);

fn members(added: &[u128], removed: &[u128], unchanged: &[u128], left: &[u128]) -> Members {
    Members {
        added: clients(added),
        removed: clients(removed),
        unchanged: clients(unchanged),
        left: clients(left),
    }
}

fn group(members: Members) -> GroupPlan {
    GroupPlan {
        group: GROUP,
        name: "Berlin".into(),
        target: Target::Ours(TARGET),
        servers: [(SERVER, members)].into(),
        unregistered: [(HostId::from_u128(7), Reason::NeverSeen)].into(),
    }
}

fn one(group: GroupPlan) -> Plan {
    Plan { groups: vec![group] }
}

#[test]
fn what_changed_is_named() {
    let base = || group(members(&[1], &[2], &[3], &[4]));
    let check = |now: Plan, expected: &[Changed]| {
        let before = one(base());
        assert_eq!(changed(&before, &now), expected);
        assert_eq!(digest(&before) == digest(&now), expected.is_empty());
    };
    let server = |members| GroupPlan { servers: [(SERVER, members)].into(), ..base() };
    let at = |number| place(1, number);
    let group = GROUP;
    check(one(base()), &[]);
    check(Plan::default(), &[Changed::GroupWent(GROUP)]);
    let second = GroupPlan { group: HostGroupId::from_u128(2), ..base() };
    let came = Changed::GroupCame(HostGroupId::from_u128(2));
    check(Plan { groups: vec![base(), second] }, &[came]);
    for target in [Target::Adopt(TARGET), Target::Create, Target::Ours(GroupId::from_u128(51))] {
        check(one(GroupPlan { target, ..base() }), &[Changed::Target(GROUP)]);
    }
    let name = Changed::Name { group, before: "Berlin".into(), now: "Köln".into() };
    check(one(GroupPlan { name: "Köln".into(), ..base() }), &[name]);
    // Somebody else put 1 in, took 2 out.
    let joined = Changed::Joined { group, place: at(1) };
    check(one(server(members(&[], &[2], &[1, 3], &[4]))), &[joined]);
    check(one(server(members(&[1], &[], &[3], &[4]))), &[Changed::Left { group, place: at(2) }]);
    let wanted = Changed::Wanted { group, place: at(2) };
    check(one(server(members(&[1], &[], &[2, 3], &[4]))), &[wanted]);
    check(one(server(members(&[], &[2], &[3], &[4]))), &[Changed::Unwanted { group, place: at(1) }]);
    check(one(server(members(&[1], &[2, 4], &[3], &[]))), &[Changed::Touch { group, place: at(4) }]);
    let joined = Changed::Joined { group, place: at(5) };
    check(one(server(members(&[1], &[2], &[3], &[4, 5]))), &[joined]);
    let reason = Reason::OutsideLink(SERVER);
    let unregistered = [(HostId::from_u128(7), reason)].into();
    let host = Changed::Unregistered { group, host: HostId::from_u128(7) };
    check(one(GroupPlan { unregistered, ..base() }), &[host]);
}

#[test]
fn reasons_and_targets_have_digests_of_their_own() {
    let base = || group(members(&[], &[], &[], &[]));
    let client = clients(&[1]).pop_first().expect("a client");
    let reasons = [
        Reason::NeverSeen,
        Reason::OutsideLink(SERVER),
        Reason::UpdatesOnly(SERVER),
        Reason::DuplicateName([place(1, 1)].into()),
        Reason::DuplicateName([place(1, 1), place(1, 2)].into()),
        Reason::SharedId(client),
        Reason::Policy { place: place(1, 1), value: "Berlin".into() },
        Reason::Policy { place: place(1, 1), value: "Köln".into() },
    ];
    let targets = [
        Target::Create,
        Target::Adopt(TARGET),
        Target::Foreign { id: TARGET, proposal: "a".into() },
        Target::Foreign { id: TARGET, proposal: "b".into() },
        Target::BuiltIn { id: TARGET, proposal: "a".into() },
    ];
    let of_reason = |reason: &Reason| {
        let unregistered = [(HostId::from_u128(8), reason.clone())].into();
        digest(&one(GroupPlan { unregistered, ..base() }))
    };
    let of_target = |target: &Target| digest(&one(GroupPlan { target: target.clone(), ..base() }));
    let digests: Vec<[u8; 32]> =
        reasons.iter().map(of_reason).chain(targets.iter().map(of_target)).map(|digest| digest.0).collect();
    let distinct: BTreeSet<&[u8; 32]> = digests.iter().collect();
    assert_eq!(distinct.len(), reasons.len() + targets.len());
}

#[test]
fn a_plan_that_removes_much_is_held() {
    let many = |from: u128, count: u128| (from..from + count).collect::<Vec<u128>>();
    let check = |members: Members, max: Option<usize>, expected: &str| {
        let held: Vec<String> = held(&one(group(members)), max).iter().map(Held::to_string).collect();
        assert_eq!(held.join("\n"), expected);
    };
    check(members(&[], &many(0, 1), &many(10, 9), &[]), None, "");
    check(members(&[], &many(0, 1), &many(10, 8), &many(30, 1)), None, "");
    let share = "`Berlin` would lose 1 of its 9 members, more than 10 %";
    check(members(&[], &many(0, 1), &many(10, 8), &[]), None, share);
    check(members(&many(50, 99), &many(0, 1), &many(10, 8), &[]), None, share);
    check(members(&[], &many(0, 3), &[], &[]), None, "`Berlin` would lose all its 3 members");
    check(members(&many(0, 3), &[], &[], &[]), None, "");
    check(members(&[], &[], &[], &[]), None, "");
    check(members(&[], &many(0, 3), &[], &[]), Some(3), "");
    let allowed = "the plan removes 3 members, more than the 2 allowed";
    check(members(&[], &many(0, 3), &many(10, 99), &[]), Some(2), allowed);
    // Nothing is written, so nothing is held.
    let target = Target::Foreign { id: TARGET, proposal: String::new() };
    let foreign = GroupPlan { target, ..group(members(&[], &[1], &[], &[])) };
    assert_eq!(held(&one(foreign), None), []);
}

#[test]
fn an_undoing_is_the_inverse_in_the_other_order() {
    let mut plan = one(group(members(&[1], &[2], &[3], &[4])));
    let lower = ServerId::from_u128(2);
    plan.groups[0].servers.insert(lower, members(&[5], &[], &[], &[]));
    plan.groups[0].servers.insert(ServerId::from_u128(3), members(&[], &[], &[6], &[7]));
    let change = |server, add: &[u128], remove: &[u128]| Change {
        group: GROUP,
        target: Some(TARGET),
        server,
        add: clients(add),
        remove: clients(remove),
    };
    assert_eq!(changes(&plan), [change(SERVER, &[1], &[2]), change(lower, &[5], &[])]);
    assert_eq!(undo(&changes(&plan)), [change(lower, &[], &[5]), change(SERVER, &[2], &[1])]);
}
