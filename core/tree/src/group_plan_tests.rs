//! Previews as data: the host groups, what the servers say, and the plan.

use proptest::prelude::*;

use super::*;
use crate::plan_guard::{changed, changes, digest, held, undo};
use crate::sample::{client, clients, computer, host, host_group, in_groups, place, server};
use crate::server::{Follow, Mode};

const BERLIN: u128 = 1;
const PILOT: u128 = 2;

/// A world of tests: the top 1, a replica 2, an autonomous server 3, a client-targeted replica 4.
#[derive(Debug, Clone)]
struct World {
    host_groups: Vec<HostGroup>,
    hosts: Vec<Host>,
    groups: Vec<WsusGroup>,
    servers: Vec<Server>,
    computers: Vec<Computer>,
    sightings: Vec<Sighting>,
}

/// Hosts 1 to 9 are named `pc1` to `pc9`; 1 to 3 are in Berlin, 4 in Pilot beneath it.
fn world(computers: &[Computer], groups: &[WsusGroup]) -> World {
    let autonomous = Server { mode: Mode::Autonomous(Follow::Nothing), ..server(3, Some(1)) };
    let by_policy = Server { targeting: Targeting::Client, ..server(4, Some(1)) };
    World {
        host_groups: vec![
            host_group(BERLIN, "Berlin", None, &[1, 2, 3]),
            host_group(PILOT, "Pilot", Some(BERLIN), &[4]),
        ],
        hosts: (1..=9).map(|id| host(id, &format!("pc{id}"), None)).collect(),
        groups: groups.to_vec(),
        servers: vec![server(1, None), server(2, Some(1)), autonomous, by_policy],
        computers: computers.to_vec(),
        sightings: vec![],
    }
}

impl World {
    fn plan(&self, request: &Request) -> Plan {
        let host_groups = HostGroups::new(self.host_groups.clone()).expect("host groups");
        let state = State {
            host_groups: &host_groups,
            hosts: &self.hosts,
            groups: &self.groups,
            servers: &self.servers,
            computers: &self.computers,
            sightings: &self.sightings,
        };
        let beneath = request.chosen.iter().flat_map(|id| Request::with_beneath(&host_groups, *id).chosen);
        plan(&Request { chosen: beneath.collect(), ..request.clone() }, &state)
    }

    fn direct(mut self) -> Self {
        self.host_groups[0].reach = Reach::Direct;
        self
    }

    /// Does what a Linkage would.
    fn apply(&mut self, plan: &Plan) {
        for planned in &plan.groups {
            let made = 100 + u128::from(planned.group.as_bytes()[15]);
            let id = planned.target.id().unwrap_or(GroupId::from_u128(made));
            if planned.target.is_written() && !matches!(planned.target, Target::Ours(_)) {
                self.groups.retain(|group| group.id != id);
                self.groups.push(WsusGroup {
                    id,
                    name: planned.name.clone(),
                    owner: Owner::Ours(planned.group),
                });
            }
        }
        self.write(&changes(plan));
    }

    fn write(&mut self, changes: &[crate::plan_guard::Change]) {
        for change in changes {
            let owned = self.groups.iter().find(|group| group.owner == Owner::Ours(change.group));
            let id = owned.expect("a group that was made").id;
            for computer in self.computers.iter_mut().filter(|computer| computer.server == change.server) {
                if change.add.contains(&computer.client) {
                    computer.groups.push(id);
                }
                if change.remove.contains(&computer.client) {
                    computer.groups.retain(|group| *group != id);
                }
            }
        }
    }
}

fn ask(chosen: u128) -> Request {
    Request { chosen: [HostGroupId::from_u128(chosen)].into(), ..Request::default() }
}

fn wsus_group(id: u128, name: &str, owner: Owner) -> WsusGroup {
    WsusGroup { id: GroupId::from_u128(id), name: name.into(), owner }
}

fn ours(id: u128, name: &str, group: u128) -> WsusGroup {
    wsus_group(id, name, Owner::Ours(HostGroupId::from_u128(group)))
}

fn members(added: &[u128], removed: &[u128], unchanged: &[u128], left: &[u128]) -> Members {
    Members {
        added: clients(added),
        removed: clients(removed),
        unchanged: clients(unchanged),
        left: clients(left),
    }
}

/// The members of a planned group, by the numbers of servers.
#[track_caller]
fn check(group: &GroupPlan, expected: &[(u128, Members)]) {
    let servers = expected.iter().cloned().map(|(id, members)| (ServerId::from_u128(id), members));
    assert_eq!(group.servers, servers.collect(), "{group:?}");
}

fn pc(server: u128, number: u128) -> Computer {
    computer(server, number, &format!("pc{number}"), (0, 9))
}

#[test]
fn each_group_beneath_becomes_one_of_its_own() {
    let world = world(&[pc(1, 1), pc(2, 2), pc(2, 4), pc(2, 5)], &[]);
    let plan = world.plan(&ask(BERLIN));
    let [berlin, pilot] = plan.groups.as_slice() else { panic!("{plan:?}") };
    assert_eq!((berlin.name.as_str(), &berlin.target), ("Berlin", &Target::Create));
    assert_eq!((pilot.name.as_str(), &pilot.target), ("Berlin - Pilot", &Target::Create));
    check(berlin, &[(1, members(&[1], &[], &[], &[])), (2, members(&[2, 4], &[], &[], &[]))]);
    check(pilot, &[(2, members(&[4], &[], &[], &[]))]);
    assert_eq!(berlin.unregistered, [(HostId::from_u128(3), Reason::NeverSeen)].into());

    let direct = world.clone().direct().plan(&ask(BERLIN));
    check(&direct.groups[0], &[(1, members(&[1], &[], &[], &[])), (2, members(&[2], &[], &[], &[]))]);
    assert_eq!(world.plan(&ask(PILOT)).groups.len(), 1);
    assert_eq!(world.plan(&ask(99)).groups, []);
}

#[test]
fn members_become_exactly_the_hosts() {
    let group = ours(50, "Berlin", BERLIN);
    let computers = [in_groups(pc(1, 1), &[50]), in_groups(pc(2, 5), &[50, 51]), pc(2, 2)];
    let plan = world(&computers, &[group]).plan(&ask(BERLIN));
    check(&plan.groups[0], &[(1, members(&[], &[], &[1], &[])), (2, members(&[2], &[5], &[], &[]))]);
}

#[test]
fn a_group_belongs_to_somebody() {
    let target = |groups: &[WsusGroup], request: &Request| {
        let plan = world(&[pc(1, 4)], groups).plan(request);
        assert_eq!(changes(&plan).is_empty(), !plan.groups[0].target.is_written());
        (plan.groups[0].name.clone(), plan.groups[0].target.clone())
    };
    let id = GroupId::from_u128(50);
    let name = || "Berlin - Pilot".to_owned();
    let proposal = || "Berlin - Pilot 2".to_owned();
    let foreign = wsus_group(50, "BERLIN - pilot", Owner::Foreign);
    let untouched = (name(), Target::Foreign { id, proposal: proposal() });
    assert_eq!(target(std::slice::from_ref(&foreign), &ask(PILOT)), untouched);
    let adopting = Request { adopt: [id].into(), ..ask(PILOT) };
    assert_eq!(target(&[foreign], &adopting), (name(), Target::Adopt(id)));

    let built_in = wsus_group(50, "Berlin - Pilot", Owner::BuiltIn);
    let never = (name(), Target::BuiltIn { id, proposal: proposal() });
    assert_eq!(target(&[built_in], &adopting), never);

    // A host group that was renamed keeps its computer group.
    let renamed = ours(50, "Old name", PILOT);
    assert_eq!(target(&[renamed], &ask(PILOT)), ("Old name".into(), Target::Ours(id)));

    let others = ours(50, "Berlin - Pilot", 9);
    let (_, refused) = target(&[others], &ask(PILOT));
    assert!(matches!(refused, Target::Refused(_)), "{refused:?}");
    let named = Request { names: [(HostGroupId::from_u128(PILOT), "a.b".into())].into(), ..ask(PILOT) };
    let (_, refused) = target(&[], &named);
    assert!(matches!(&refused, Target::Refused(refusal) if refusal.proposal == "a-b"), "{refused:?}");
}

#[test]
fn hosts_that_are_not_registered_have_a_reason() {
    let check = |computers: &[Computer], reason: Option<Reason>| {
        let plan = world(computers, &[]).plan(&ask(PILOT));
        let found = plan.groups[0].unregistered.get(&HostId::from_u128(4)).cloned();
        assert_eq!(found, reason, "{computers:?}");
        assert_eq!(plan.groups[0].servers.is_empty(), reason.is_some());
    };
    check(&[pc(2, 4)], None);
    check(&[], Some(Reason::NeverSeen));
    check(&[pc(9, 4)], Some(Reason::OutsideLink(ServerId::from_u128(9))));
    check(&[pc(3, 4)], Some(Reason::UpdatesOnly(ServerId::from_u128(3))));
    let twin = computer(1, 8, "pc4", (0, 9));
    check(&[pc(2, 4), twin], Some(Reason::DuplicateName([place(2, 4), place(1, 8)].into())));
    let clone = computer(1, 4, "pc8", (0, 8));
    check(&[pc(2, 4), clone], Some(Reason::SharedId(client(4))));
    let policy = |value: &str| Some(Reason::Policy { place: place(4, 4), value: value.to_owned() });
    check(&[pc(4, 4)], policy("Berlin - Pilot"));
}

#[test]
fn a_policy_names_all_groups_of_its_computer() {
    let asks = |requested: &str| Computer { requested_group: requested.into(), ..pc(4, 4) };
    let reasons = |requested: &str| -> Vec<Option<Reason>> {
        let plan = world(&[asks(requested)], &[]).plan(&ask(BERLIN));
        let reason = |group: &GroupPlan| group.unregistered.get(&HostId::from_u128(4)).cloned();
        assert_eq!(changes(&plan), []);
        plan.groups.iter().map(reason).collect()
    };
    let policy = |value: &str| Some(Reason::Policy { place: place(4, 4), value: value.to_owned() });
    assert_eq!(reasons("")[0], policy("Berlin;Berlin - Pilot"));
    // What it asks for beside the planned groups stays.
    assert_eq!(reasons("Kiosk; berlin"), [None, policy("Berlin;Berlin - Pilot;Kiosk")]);
    assert_eq!(reasons("berlin;BERLIN - pilot"), [None, None]);
}

#[test]
fn what_nobody_writes_is_left() {
    let old = in_groups(computer(2, 11, "pc1", (0, 3)), &[50]);
    let moved = in_groups(computer(2, 2, "pc2", (0, 3)), &[50]);
    let twins = [in_groups(computer(2, 21, "pc3", (0, 9)), &[50]), computer(1, 22, "pc3", (0, 9))];
    let by_policy = in_groups(pc(4, 8), &[50]);
    let outside = in_groups(pc(9, 9), &[50]);
    let now = [computer(2, 1, "pc1", (4, 9)), computer(1, 2, "pc2", (4, 9))];
    let computers: Vec<Computer> =
        [old, moved, by_policy, outside].into_iter().chain(twins).chain(now).collect();
    let plan = world(&computers, &[ours(50, "Berlin", BERLIN)]).plan(&ask(BERLIN));
    let expected = [
        (1, members(&[2], &[], &[], &[])),
        (2, members(&[1], &[], &[], &[2, 11, 21])),
        (4, members(&[], &[], &[], &[8])),
    ];
    check(&plan.groups[0], &expected);
}

/// Each record is a host by its own id, as the managing server makes them.
fn each_record_a_host(mut world: World) -> World {
    let own = |at: &Computer| {
        let number: u128 = at.client.as_str()[1..].parse().expect("a number");
        host(number, &at.name, Some(number))
    };
    world.hosts = world.computers.iter().map(own).collect();
    world
}

#[test]
fn a_member_that_was_reimaged_stays_as_one_machine() {
    let old = in_groups(computer(1, 1, "pc1", (0, 3)), &[50]);
    let new = |server: u128| computer(server, 7, "pc1", (4, 9));
    let groups = [ours(50, "Berlin", BERLIN), ours(51, "Berlin - Pilot", PILOT)];
    let check_on = |server: u128, expected: &[(u128, Members)]| {
        let mut world = each_record_a_host(world(&[old.clone(), new(server)], &groups));
        let plan = world.plan(&ask(BERLIN));
        check(&plan.groups[0], expected);
        assert!(!plan.groups[0].unregistered.contains_key(&HostId::from_u128(1)));
        world.apply(&plan);
        assert_eq!(changes(&world.plan(&ask(BERLIN))), []);
    };
    check_on(1, &[(1, members(&[7], &[], &[], &[1]))]);
    check_on(2, &[(1, members(&[], &[], &[], &[1])), (2, members(&[7], &[], &[], &[]))]);
    // Where a policy decides, it names what either id is to be in, once.
    let mut world = each_record_a_host(world(&[old, new(4)], &groups));
    world.host_groups[1].hosts = [HostId::from_u128(7)].into();
    let plan = world.plan(&ask(BERLIN));
    let value = "Berlin;Berlin - Pilot".to_owned();
    let reason = Reason::Policy { place: place(4, 7), value };
    assert_eq!(plan.groups[1].unregistered, [(HostId::from_u128(7), reason.clone())].into());
    assert_eq!(plan.groups[0].unregistered.values().filter(|one| **one == reason).count(), 1);
}

#[test]
fn twins_are_neither_added_nor_removed() {
    let member = in_groups(computer(2, 1, "pc1", (0, 9)), &[50]);
    let other = computer(1, 2, "pc1", (0, 9));
    let stranger = in_groups(computer(1, 5, "pc1", (0, 9)), &[50]);
    let computers = [member, other, stranger];
    let plan = each_record_a_host(world(&computers, &[ours(50, "Berlin", BERLIN)])).plan(&ask(BERLIN));
    check(&plan.groups[0], &[(1, members(&[], &[], &[], &[5])), (2, members(&[], &[], &[], &[1]))]);
    let reason = Reason::DuplicateName([place(2, 1), place(1, 2), place(1, 5)].into());
    for id in [1, 2] {
        assert_eq!(plan.groups[0].unregistered.get(&HostId::from_u128(id)), Some(&reason));
    }
}

#[test]
fn what_two_hosts_claim_stays_where_it_is() {
    let mut world = world(&[in_groups(pc(2, 1), &[50])], &[ours(50, "Berlin", BERLIN)]);
    world.hosts.push(host(10, "PC1", None));
    let plan = world.plan(&ask(BERLIN));
    check(&plan.groups[0], &[(2, members(&[], &[], &[], &[1]))]);
    let reason = Reason::DuplicateName([place(2, 1)].into());
    assert_eq!(plan.groups[0].unregistered.get(&HostId::from_u128(1)), Some(&reason));
}

#[derive(Debug, Clone)]
struct Turn {
    host: u128,
    server: u128,
    groups: Vec<u128>,
    requested: &'static str,
    days: (i64, i64),
}

fn worlds() -> impl Strategy<Value = World> {
    let requested = prop::sample::select(vec!["", "Berlin", "Berlin - Pilot;Other"]);
    let groups = prop::collection::btree_set(50..53_u128, 0..3);
    let turn = (1..9_u128, 1..6_u128, groups, requested, 0..9_i64, 0..9_i64);
    let turn = turn.prop_map(|(host, server, groups, requested, first, days)| Turn {
        host,
        server,
        groups: groups.into_iter().collect(),
        requested,
        days: (first, first + days),
    });
    let membership = prop::collection::btree_set(1..9_u128, 0..6);
    (prop::collection::vec(turn, 0..20), membership.clone(), membership, any::<[bool; 2]>()).prop_map(
        |(turns, berlin, pilot, [exists, by_records])| {
            let computer = |(at, turn): (usize, &Turn)| {
                let name = format!("pc{}", turn.host);
                let made = computer(turn.server, at as u128 % 12, &name, turn.days);
                Computer { requested_group: turn.requested.into(), ..in_groups(made, &turn.groups) }
            };
            let computers = turns.iter().enumerate().map(computer);
            let computers: BTreeMap<Place, Computer> =
                computers.map(|computer| (computer.place(), computer)).collect();
            let computers: Vec<Computer> = computers.into_values().collect();
            let groups = [ours(50, "Berlin", BERLIN), wsus_group(51, "Berlin - Pilot", Owner::Foreign)];
            let mut world = world(&computers, if exists { &groups } else { &[] });
            world.host_groups[0].hosts = berlin.into_iter().map(HostId::from_u128).collect();
            world.host_groups[1].hosts = pilot.into_iter().map(HostId::from_u128).collect();
            if by_records { each_record_a_host(world) } else { world }
        },
    )
}

proptest! {
    #[test]
    fn applying_a_plan_leaves_nothing_to_do(mut world in worlds()) {
        let request = Request { adopt: [GroupId::from_u128(51)].into(), ..ask(BERLIN) };
        let plan = world.plan(&request);
        let before = world.clone();
        world.apply(&plan);
        let again = world.plan(&request);
        prop_assert_eq!(changes(&again), vec![]);
        prop_assert_eq!(held(&again, None), vec![]);
        prop_assert_eq!(changed(&plan, &again).is_empty(), digest(&plan) == digest(&again));
        prop_assert_eq!(changed(&plan, &before.plan(&request)), vec![]);

        world.write(&undo(&changes(&plan)));
        let sorted = |world: &World| -> Vec<Computer> {
            let mut computers = world.computers.clone();
            computers.iter_mut().for_each(|computer| computer.groups.sort());
            computers
        };
        prop_assert_eq!(sorted(&world), sorted(&before));
    }
}

#[test]
fn thousands_of_groups_are_quick() {
    let mut world = world(&[], &[]);
    let group = |id: u128| host_group(id, &format!("G{id}"), (id > 1).then_some(id / 8 + 1), &[id]);
    world.host_groups = (1..=4_000).filter(|id| *id == 1 || id / 8 + 1 != *id).map(group).collect();
    world.hosts = (1..=4_000).map(|id| host(id, &format!("pc{id}"), None)).collect();
    world.computers = (1..=4_000).map(|id| pc(2, id)).collect();
    let plan = world.plan(&ask(1));
    assert_eq!(plan.groups.len(), 4_000);
    assert_eq!(plan.groups[0].servers[&ServerId::from_u128(2)].added.len(), 4_000);
}

#[test]
fn a_renamed_group_is_made_again_where_that_is_asked() {
    let groups = HostGroups::new(vec![host_group(7, "Piloten", None, &[1])]).expect("a tree");
    let hosts = [host(1, "pc1", Some(1))];
    let computers = [in_groups(computer(1, 1, "pc1", (0, 9)), &[50])];
    let of = HostGroupId::from_u128(7);
    let named =
        |id: u128, name: &str, owner| WsusGroup { id: GroupId::from_u128(id), name: name.into(), owner };
    let check = |there: &[WsusGroup], renamed: Renamed, adopt: &[u128], wanted: (&str, Target, usize)| {
        let request = Request {
            chosen: [of].into(),
            renamed,
            adopt: adopt.iter().map(|id| GroupId::from_u128(*id)).collect(),
            ..Request::default()
        };
        let state = State {
            host_groups: &groups,
            hosts: &hosts,
            groups: there,
            servers: &[server(1, None)],
            computers: &computers,
            sightings: &[],
        };
        let plan = plan(&request, &state).groups.remove(0);
        let added = plan.servers.values().map(|members| members.added.len()).sum();
        assert_eq!((plan.name.as_str(), plan.target, added), wanted);
    };
    let (old, new) = (GroupId::from_u128(50), GroupId::from_u128(51));
    let pilot = named(50, "Pilot", Owner::Ours(of));
    check(std::slice::from_ref(&pilot), Renamed::Keep, &[], ("Pilot", Target::Ours(old), 0));
    let again = Target::Recreate { old, new: None };
    check(std::slice::from_ref(&pilot), Renamed::Recreate, &[], ("Piloten", again, 1));
    // Names differ without regard to case, or there is nothing to do.
    let same = named(50, "PILOTEN", Owner::Ours(of));
    check(&[same], Renamed::Recreate, &[], ("PILOTEN", Target::Ours(old), 0));
    // The name is taken, unless a plan that was cut off made that group.
    let both = [pilot, named(51, "piloten", Owner::Foreign)];
    let again = Target::Recreate { old, new: Some(new) };
    check(&both, Renamed::Recreate, &[51], ("Piloten", again, 1));
    let taken = Target::Foreign { id: new, proposal: "Piloten 2".into() };
    check(&both, Renamed::Recreate, &[], ("Piloten", taken, 1));
}
