//! Comparisons as data: the top, a server, and what is said of it.

use proptest::prelude::*;

use super::*;
use crate::difference::{Action, Kind, LISTED_PER_KIND_MAX};
use crate::group_plan::{GroupPlan, Members, Target};
use crate::sample::{client, clients, computer, day, in_groups, place, server};

const ALL_COMPUTERS: GroupId = GroupId::from_u128(1);
const BERLIN: GroupId = GroupId::from_u128(50);
const PILOT: GroupId = GroupId::from_u128(51);
const KB1: UpdateId = UpdateId::from_u128(101);
const KB2: UpdateId = UpdateId::from_u128(102);

/// A server below the top that last synchronised on day 8; today is day 40.
#[derive(Debug, Clone)]
struct Below {
    server: Server,
    contents: Contents,
    computers: Vec<Computer>,
    last_sync: LastSync,
    wanted: Wanted,
}

fn below(mode: Mode, contents: Contents) -> Below {
    let server = Server { mode, ..server(2, Some(1)) };
    let wanted = Wanted { managed: [BERLIN].into(), ..Wanted::default() };
    Below { server, contents, computers: vec![], last_sync: LastSync::Done(day(8)), wanted }
}

fn compared(top: &Contents, below: &Below) -> Comparison {
    let Below { server, contents, computers, last_sync, wanted } = below;
    let here = Compared { server, contents, computers, last_sync: *last_sync };
    compare(top, here, wanted, day(40), LISTED_PER_KIND_MAX)
}

/// `expected` are the sentences of all differences without the ids' zeros.
#[track_caller]
fn check(top: &Contents, below: &Below, expected: &[&str]) -> Comparison {
    let comparison = compared(top, below);
    let plain = |difference: &Difference| difference.said(&|_| None).replace("00000000-0000-0000-0000-", "");
    assert_eq!(comparison.differences.iter().map(plain).collect::<Vec<String>>(), expected);
    assert_eq!(comparison.is_in_step(), expected.is_empty());
    comparison
}

fn group(name: &str) -> Group {
    Group { name: name.into(), parent: Some(ALL_COMPUTERS) }
}

fn approval(update: UpdateId, group: GroupId) -> Approval {
    Approval { update, revision: 1, group, action: Action::Install, deadline: None }
}

fn contents() -> Contents {
    Contents {
        updates: [(KB1, 1), (KB2, 1)].into(),
        groups: [(BERLIN, group("Berlin")), (PILOT, group("Pilot"))].into(),
        built_in: [(ALL_COMPUTERS, "All Computers".into())].into(),
        approvals: [approval(KB1, BERLIN), approval(KB1, PILOT), approval(KB2, ALL_COMPUTERS)].into(),
        declined: BTreeSet::new(),
    }
}

const FOLLOWING: Mode = Mode::Autonomous(Follow::ManagedGroups);
const ALONE: Mode = Mode::Autonomous(Follow::Nothing);

#[test]
fn a_replica_with_the_same_is_in_step() {
    for mode in [Mode::Replica, FOLLOWING, Mode::Top] {
        check(&contents(), &below(mode, contents()), &[]);
    }
    // Built-in groups are called otherwise elsewhere.
    let built_in = [(ALL_COMPUTERS, "Alle Computer".into())].into();
    check(&contents(), &below(Mode::Replica, Contents { built_in, ..contents() }), &[]);
}

#[test]
fn updates_and_their_revisions() {
    let here = Contents { updates: [(KB1, 2), (UpdateId::from_u128(103), 1)].into(), ..contents() };
    let since = "It last synchronised at 1970-01-09 00:00 UTC. Synchronise the server.";
    let expected = [
        &format!("Update 000000000065 has revision 2, the top 1. {since}"),
        &format!("Update 000000000066/1 is missing. {since}"),
        "Update 000000000067/1 is only here. The top does not have it, and a synchronisation deletes no \
         update. Clean up the server.",
    ];
    for mode in [Mode::Replica, ALONE, FOLLOWING] {
        check(&contents(), &below(mode, here.clone()), &expected);
    }
}

#[test]
fn what_a_subscription_leaves_out_is_no_difference() {
    let here = Contents {
        updates: [(KB2, 1)].into(),
        approvals: [approval(KB2, BERLIN)].into(),
        groups: [(BERLIN, group("Berlin"))].into(),
        ..contents()
    };
    let top = Contents { approvals: [approval(KB1, BERLIN), approval(KB2, BERLIN)].into(), ..contents() };
    let mut below = below(FOLLOWING, here);
    below.wanted.left_out = [KB1, KB2].into();
    let comparison = check(&top, &below, &[]);
    let own = comparison.own();
    assert_eq!(own.as_deref(), Some("1 update that its subscription, or one above it, leaves out"));
    // What came nevertheless, for another update requires it, has the top's revision.
    below.contents.updates = [(KB2, 2)].into();
    assert_eq!(compared(&top, &below).counts[&Kind::Updates], 1);
}

#[test]
fn the_cause_is_the_last_synchronisation() {
    let top = Contents { updates: [(KB1, 1)].into(), ..Contents::default() };
    for (last_sync, said) in [
        (LastSync::Never, "The server never synchronised. Synchronise the server."),
        (LastSync::Running, "The server is synchronising. Compare again when it is done."),
        (
            LastSync::Failed(day(0)),
            "Its synchronisation failed at 1970-01-01 00:00 UTC. See why its synchronisation failed.",
        ),
    ] {
        let below = Below { last_sync, ..below(Mode::Replica, Contents::default()) };
        check(&top, &below, &[&format!("Update 000000000065/1 is missing. {said}")]);
    }
}

#[test]
fn groups_of_a_replica() {
    let moved = Group { parent: Some(PILOT), ..group("BERLIN") };
    let groups = [(BERLIN, moved), (GroupId::from_u128(52), group("Own"))].into();
    let here = Contents { groups, approvals: BTreeSet::new(), ..contents() };
    let top = Contents { approvals: BTreeSet::new(), ..contents() };
    let since = "It last synchronised at 1970-01-09 00:00 UTC. Synchronise the server.";
    let expected = [
        &*format!("Group `Berlin` is named `BERLIN` here. {since}"),
        &format!("Group `Berlin` is beneath another group than at the top. {since}"),
        &format!("Group `Pilot` is missing. {since}"),
        &format!("Group `Own` is only here. {since}"),
    ];
    check(&top, &below(Mode::Replica, here), &expected);
}

#[test]
fn approvals_of_a_replica() {
    let since = "It last synchronised at 1970-01-09 00:00 UTC. Synchronise the server.";
    let differs = |change: &dyn Fn(&mut Approval), said: &str| {
        let mut other = approval(KB1, PILOT);
        change(&mut other);
        let mut here = contents();
        here.approvals.remove(&approval(KB1, PILOT));
        here.approvals.insert(other);
        let said = format!("{said} for `Pilot` is at the top: install, of revision 1. {since}");
        check(&contents(), &below(Mode::Replica, here), &[&said]);
    };
    differs(&|approval| approval.revision = 2, "Approval of 000000000065/2, install,");
    differs(&|approval| approval.action = Action::Uninstall, "Approval of 000000000065/1, uninstall,");
    let deadline = "Approval of 000000000065/1, install by 1970-01-01 00:00 UTC,";
    differs(&|approval| approval.deadline = Some(day(0)), deadline);

    let mut here = contents();
    here.approvals.remove(&approval(KB2, ALL_COMPUTERS));
    here.approvals.insert(approval(KB2, PILOT));
    let expected = [
        &*format!("Approval of 000000000066/1, install, for `All Computers` is missing. {since}"),
        &format!("Approval of 000000000066/1, install, for `Pilot` is only here. {since}"),
    ];
    check(&contents(), &below(Mode::Replica, here), &expected);
}

#[test]
fn an_approval_waits_for_its_update_or_its_group() {
    let top = Contents { approvals: [approval(KB1, BERLIN)].into(), ..contents() };
    let mut here = Contents { approvals: BTreeSet::new(), ..contents() };
    here.updates.remove(&KB1);
    let causes = |below: &Below| -> Vec<Cause> {
        let comparison = compared(&top, below);
        let approvals = comparison.differences.into_iter();
        let approvals = approvals.filter(|difference| difference.what.kind() == Kind::Approvals);
        approvals.map(|difference| difference.cause).collect()
    };
    assert_eq!(causes(&below(Mode::Replica, here.clone())), [Cause::UpdateNotHere]);
    // The server may have a newer revision than the one that is approved.
    here.updates.insert(KB1, 2);
    assert_eq!(causes(&below(Mode::Replica, here.clone())), [Cause::SinceSynchronisation(day(8))]);
    here.groups.remove(&BERLIN);
    assert_eq!(causes(&below(FOLLOWING, here.clone())), [Cause::GroupNotHere]);
    here.groups.insert(BERLIN, group("Berlin"));
    assert_eq!(causes(&below(FOLLOWING, here)), [Cause::NotWritten]);
}

#[test]
fn declines() {
    let top = Contents { declined: [KB1].into(), ..contents() };
    let here = Contents { declined: [KB2].into(), ..contents() };
    let since = "It last synchronised at 1970-01-09 00:00 UTC. Synchronise the server.";
    let expected = [
        &*format!("Update 000000000065 is not declined. {since}"),
        &format!("Update 000000000066 is declined only here. {since}"),
    ];
    check(&top, &below(Mode::Replica, here.clone()), &expected);
    for mode in [ALONE, FOLLOWING] {
        let comparison = check(&top, &below(mode, here.clone()), &[]);
        assert_eq!(comparison.local_counts.get(&Kind::Declines), Some(&1));
    }
}

#[test]
fn an_autonomous_server_has_its_own() {
    let own = GroupId::from_u128(52);
    let here = Contents {
        groups: [(own, group("Own"))].into(),
        approvals: [approval(KB1, own), approval(KB2, ALL_COMPUTERS)].into(),
        ..contents()
    };
    let comparison = check(&contents(), &below(ALONE, here.clone()), &[]);
    assert_eq!(comparison.local_counts, [(Kind::Groups, 1), (Kind::Approvals, 2)].into());
    assert_eq!(comparison.own().as_deref(), Some("1 group, 2 approvals"));

    // Of those it follows the managed group and the top's approvals for exactly that one.
    let written = "Run `headwater wsus sync` for the server.";
    let expected = [
        &*format!("Group `Berlin` is missing. It was not written yet, or changed since. {written}"),
        &format!(
            "Approval of 000000000065/1, install, for `Berlin` is missing. The group has not arrived yet. \
             {written}"
        ),
    ];
    let comparison = check(&contents(), &below(FOLLOWING, here.clone()), &expected);
    assert_eq!(comparison.local_counts, [(Kind::Groups, 1), (Kind::Approvals, 2)].into());

    let mut more = contents();
    more.approvals.insert(approval(KB2, BERLIN));
    let extra = "Approval of 000000000066/1, install, for `Berlin` is only here. It was not written yet, or \
                 changed since.";
    check(&contents(), &below(FOLLOWING, more), &[&format!("{extra} {written}")]);

    // What it declined by itself is no approval that is missing; a group of its own is in the way.
    let mut declined = contents();
    declined.declined.insert(KB1);
    declined.approvals.remove(&approval(KB1, BERLIN));
    let comparison = check(&contents(), &below(FOLLOWING, declined), &[]);
    assert_eq!(comparison.local_counts.get(&Kind::Declines), Some(&1));
    let mut taken = Contents { approvals: BTreeSet::new(), ..contents() };
    taken.groups = [(own, group("BERLIN"))].into();
    let top = Contents { approvals: BTreeSet::new(), ..contents() };
    let expected = "Group `Berlin` is missing. The server has a group of its own with that name. Delete that \
                    group there, or give the host group another one.";
    check(&top, &below(FOLLOWING, taken), &[expected]);
}

fn member(number: u128) -> (ClientId, GroupId) {
    (client(number), BERLIN)
}

#[test]
fn members_in_contact_are_compared() {
    let computers = vec![
        in_groups(computer(2, 1, "pc1", (0, 40)), &[50, 51]),
        computer(2, 2, "pc2", (0, 10)),
        in_groups(computer(2, 3, "pc3", (0, 40)), &[50]),
        in_groups(computer(2, 4, "pc4", (0, 40)), &[50]),
        // Silent for more than 30 days.
        computer(2, 5, "pc5", (0, 9)),
    ];
    let wanted = Wanted {
        managed: [BERLIN].into(),
        members: [1, 2, 5, 6].map(member).into(),
        left: [member(4)].into(),
        ..Wanted::default()
    };
    let expected = [
        "Computer `pc2` is not in `Berlin`. It was not written yet, or changed since. Run `headwater wsus \
         sync` for the server.",
        "Computer `pc3` is in `Berlin` and is not to be. It was not written yet, or changed since. Run \
         `headwater wsus sync` for the server.",
    ];
    for mode in [Mode::Top, Mode::Replica, FOLLOWING] {
        let below = Below { computers: computers.clone(), wanted: wanted.clone(), ..below(mode, contents()) };
        check(&contents(), &below, &expected);
    }
    check(&contents(), &Below { computers, wanted, ..below(ALONE, contents()) }, &[]);
}

#[test]
fn a_policy_is_a_difference_unless_it_is_accepted() {
    let mut below = below(Mode::Replica, contents());
    below.computers = vec![computer(2, 1, "pc1", (0, 40)), computer(2, 2, "pc2", (0, 1))];
    below.wanted.policies = [(member(1), "Berlin;Kiosk".into()), (member(2), "Berlin".into())].into();
    below.server.targeting = Targeting::Client;
    let said = "Computer `pc1` is not in `Berlin`. The policy of the computer decides its groups. Set the \
                policy to `Berlin;Kiosk`.";
    check(&contents(), &below, &[said]);
    below.server.targeting = Targeting::ClientAccepted;
    let comparison = check(&contents(), &below, &[]);
    assert_eq!(comparison.local_counts, [(Kind::Members, 1)].into());
}

#[test]
fn members_of_a_group_that_is_held_say_so() {
    let mut below = below(Mode::Replica, contents());
    below.computers = vec![computer(2, 1, "pc1", (0, 40))];
    below.wanted.members = [member(1)].into();
    below.wanted.held = [(BERLIN, "anna undid a plan".into())].into();
    let said = "Computer `pc1` is not in `Berlin`. Its members are held: anna undid a plan. Look at it with \
                `headwater wsus group preview \"Berlin\"`, and apply it or change the host group.";
    check(&contents(), &below, &[said]);
}

#[test]
fn what_a_server_refused_says_why() {
    let mut below = below(Mode::Replica, contents());
    below.computers = [1, 2, 3].map(|number| computer(2, number, &format!("pc{number}"), (0, 40))).into();
    below.computers[1] = in_groups(below.computers[1].clone(), &[50]);
    below.wanted.members = [member(1), member(3)].into();
    // Who does not report there any more is compared where it reports.
    below.wanted.refused = [1, 2, 9].map(|number| (client(number), "the disk is full".into())).into();
    let refused = "The server refused it: the disk is full. Put right what it names there, then run `headwater wsus \
                   sync` for the server.";
    let expected = [
        format!("Computer `pc1` is not in `Berlin`. {refused}"),
        format!("Computer `pc2` is in `Berlin` and is not to be. {refused}"),
        "Computer `pc3` is not in `Berlin`. It was not written yet, or changed since. Run `headwater wsus sync` for \
         the server."
            .to_owned(),
    ];
    check(&contents(), &below, &expected.each_ref().map(String::as_str));
}

#[test]
fn a_managed_group_that_was_deleted_is_a_difference_of_the_top() {
    let mut at = below(Mode::Top, contents());
    at.wanted.gone =
        [("Keller".to_owned(), Next::MakeAgain), ("Lab".to_owned(), Next::Adopt { name: "Lab".into() })]
            .into();
    let gone = "is gone. It was deleted in the WSUS, and its approvals with it.";
    let keller = format!(
        "Group `Keller`, which a host group is made into, {gone} `headwater wsus sync` makes it again, without \
         approvals."
    );
    let lab = format!(
        "Group `Lab`, which a host group is made into, {gone} Another group has the name: take it over with \
         `headwater wsus group apply --adopt --group \"Lab\"`, or delete it."
    );
    check(&contents(), &at, &[&keller, &lab]);
    check(&contents(), &Below { wanted: at.wanted, ..below(Mode::Replica, contents()) }, &[]);
}

#[test]
fn a_plan_says_who_is_wanted_on_a_server() {
    let members = Members {
        added: clients(&[1]),
        removed: clients(&[2]),
        unchanged: clients(&[3]),
        left: clients(&[4]),
    };
    let policy = |server| Reason::Policy { place: place(server, 5), value: "Berlin".into() };
    let host = headwater_model::HostId::from_u128;
    let group = |number, name: &str, target| GroupPlan {
        group: headwater_model::HostGroupId::from_u128(number),
        name: name.into(),
        target,
        servers: [(ServerId::from_u128(2), members.clone())].into(),
        unregistered: [(host(5), policy(2)), (host(6), policy(3)), (host(7), Reason::NeverSeen)].into(),
    };
    let foreign = Target::Foreign { id: PILOT, proposal: String::new() };
    let ours = group(1, "Berlin", Target::Ours(BERLIN));
    let plan = Plan { groups: vec![ours, group(2, "Berlin", Target::Create), group(3, "Pilot", foreign)] };
    let expected = Wanted {
        managed: [BERLIN].into(),
        members: [member(1), member(3)].into(),
        left: [member(4)].into(),
        policies: [(member(5), "Berlin".into())].into(),
        gone: [
            ("Berlin".to_owned(), Next::MakeAgain),
            ("Pilot".to_owned(), Next::Adopt { name: "Pilot".into() }),
        ]
        .into(),
        ..Wanted::default()
    };
    assert_eq!(Wanted::on(ServerId::from_u128(2), &plan), expected);
    let elsewhere = Wanted { managed: [BERLIN].into(), gone: expected.gone, ..Wanted::default() };
    assert_eq!(Wanted::on(ServerId::from_u128(1), &plan), elsewhere);
}

fn some_contents() -> impl Strategy<Value = Contents> {
    let number = || 0..3_u128;
    let actions = prop::sample::select(vec![Action::Install, Action::Block]);
    let approval = (number(), 1..3_u32, number(), actions, prop::option::of(0..2_i64));
    (
        prop::collection::btree_map(number().prop_map(UpdateId::from_u128), 1..3_u32, 0..3),
        prop::collection::btree_map(number().prop_map(GroupId::from_u128), "[ab]", 0..3),
        prop::collection::vec(approval, 0..6),
        prop::collection::btree_set(number().prop_map(UpdateId::from_u128), 0..3),
    )
        .prop_map(|(updates, groups, approvals, declined)| {
            let approval =
                |(update, revision, group, action, deadline): (u128, u32, u128, Action, Option<i64>)| {
                    let (update, group) = (UpdateId::from_u128(update), GroupId::from_u128(group));
                    Approval { update, revision, group, action, deadline: deadline.map(day) }
                };
            Contents {
                updates,
                groups: groups.into_iter().map(|(id, name)| (id, group(&name))).collect(),
                built_in: BTreeMap::new(),
                approvals: approvals.into_iter().map(approval).collect(),
                declined,
            }
        })
}

proptest! {
    /// A replica is in step exactly when it holds the same, but for what is being cleaned up; listing less changes no
    /// count.
    #[test]
    fn in_step_is_equal(top in some_contents(), here in some_contents()) {
        let below = below(Mode::Replica, here.clone());
        let whole = compared(&top, &below);
        let both_have = |update: &UpdateId| top.updates.contains_key(update) && here.updates.contains_key(update);
        let (mut above, mut beneath) = (top.clone(), here.clone());
        above.declined.retain(both_have);
        beneath.declined.retain(both_have);
        above.updates.retain(|update, _| both_have(update) || !top.declined.contains(update));
        prop_assert_eq!(whole.is_in_step(), above == beneath);
        let Below { server, contents, computers, last_sync, wanted } = &below;
        let here = Compared { server, contents, computers, last_sync: *last_sync };
        let capped = compare(&top, here, wanted, day(40), 1);
        prop_assert_eq!(&capped.counts, &whole.counts);
        prop_assert_eq!(capped.differences.len(), whole.counts.len());
    }
}
