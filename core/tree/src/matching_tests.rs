//! Which computer a host is, as data: the records of all servers, and the hosts.

use proptest::prelude::*;

use super::*;
use crate::computer::by_our_clock;
use crate::sample::{client, computer, day, host, place};

fn at(server: u128, number: u128) -> Match {
    Match::Computer(place(server, number))
}

fn duplicate(places: &[(u128, u128)]) -> Match {
    Match::DuplicateName(places.iter().map(|(server, number)| place(*server, *number)).collect())
}

/// Each host, with what it is among the computers.
#[track_caller]
fn check(computers: &[Computer], hosts: &[(Host, Match)]) -> Matching {
    let asked: Vec<Host> = hosts.iter().map(|(host, _)| host.clone()).collect();
    let matching = matched(&asked, computers, &[]);
    for (host, expected) in hosts {
        assert_eq!(matching.hosts.get(&host.id), Some(expected), "{host:?}");
    }
    matching
}

#[test]
fn a_host_is_found_by_its_client_then_by_its_name() {
    let computers = [computer(1, 1, "pc1.example.org", (0, 9)), computer(2, 2, "PC2.example.org", (0, 9))];
    check(
        &computers,
        &[(host(1, "renamed", Some(1)), at(1, 1)), (host(2, "pc2.EXAMPLE.org", None), at(2, 2))],
    );
    check(
        &computers,
        &[(host(1, "pc1", None), at(1, 1)), (host(2, "pc3.example.org", None), Match::NeverSeen)],
    );
    // An id that no server has seen yet says nothing against the name.
    check(&computers, &[(host(1, "pc1.example.org", Some(7)), at(1, 1))]);
    check(&[], &[(host(1, "pc1", Some(1)), Match::NeverSeen)]);
}

#[test]
fn a_short_name_counts_when_it_is_unique() {
    let computers = [
        computer(1, 1, "pc1.a.example", (0, 9)),
        computer(1, 2, "pc1.b.example", (0, 9)),
        computer(1, 3, "pc2", (0, 9)),
        computer(1, 4, "", (0, 9)),
    ];
    check(
        &computers,
        &[
            (host(1, "PC1", None), duplicate(&[(1, 1), (1, 2)])),
            (host(2, "pc2.a.example", None), at(1, 3)),
            // Two full names that differ are two machines.
            (host(3, "pc1.c.example", None), Match::NeverSeen),
            (host(4, "", None), Match::NeverSeen),
        ],
    );
}

#[test]
fn a_machine_with_a_new_system_is_the_newer_record() {
    let computers = [computer(1, 1, "pc1", (0, 5)), computer(1, 2, "PC1", (6, 9))];
    let matching = check(&computers, &[(host(1, "pc1", None), at(1, 2))]);
    let superseded = [(place(1, 1), Superseded::Reimaged { by: place(1, 2) })];
    assert_eq!(matching.superseded, superseded.into());
    assert_eq!(matching.untouched(), [place(1, 1)].into());
    // Its agent may not know the new id yet.
    check(&computers, &[(host(1, "pc1", Some(1)), at(1, 2))]);
}

#[test]
fn the_records_of_a_reimaged_machine_are_one_host() {
    let number = HostId::from_u128;
    let own = |id: u128| host(id, "pc1", Some(id));
    let computers =
        [computer(1, 1, "pc1", (0, 3)), computer(2, 2, "pc1", (4, 6)), computer(1, 3, "pc1", (7, 9))];
    let matching = check(&computers, &[(own(1), at(1, 3)), (own(2), at(1, 3)), (own(3), at(1, 3))]);
    assert_eq!(matching.same, [(number(1), number(3)), (number(2), number(3))].into());
    assert_eq!(matching.untouched(), [place(1, 1), place(2, 2)].into());
    assert_eq!(matching.reimaged(), [(client(1), client(3)), (client(2), client(3))].into());
    // Nobody named the newest record yet.
    let matching = check(&computers, &[(own(1), at(1, 3)), (own(2), at(1, 3))]);
    assert_eq!(matching.same, [(number(2), number(1))].into());
    // Two agents that claim one id are two machines, whichever record it leads to.
    let both = duplicate(&[(1, 3)]);
    let second = host(9, "pc1", Some(1));
    let matching = check(&computers, &[(own(1), both.clone()), (second, both), (own(3), at(1, 3))]);
    assert_eq!(matching.same, BTreeMap::new());
}

#[test]
fn two_in_contact_are_duplicates() {
    let computers =
        [computer(1, 1, "pc1", (0, 8)), computer(2, 2, "pc1", (6, 9)), computer(1, 3, "pc1", (0, 2))];
    let matching = check(&computers, &[(host(1, "pc1", None), duplicate(&[(1, 1), (2, 2)]))]);
    assert_eq!(matching.duplicates, [("pc1".to_owned(), [place(1, 1), place(2, 2)].into())].into());
    assert_eq!(matching.untouched(), [place(1, 1), place(1, 3), place(2, 2)].into());
    // So they are by their ids, which say that they are two and not which of them is meant.
    let both = || duplicate(&[(1, 1), (2, 2)]);
    let own = |id: u128| (host(id, "pc1", Some(id)), both());
    let matching = check(&computers, &[own(1), own(2), own(3)]);
    assert_eq!(matching.reimaged(), BTreeMap::new(), "the third was one of them, or neither");
    assert_eq!(matching.untouched(), [place(1, 1), place(1, 3), place(2, 2)].into());
    // The same day is contact at the same time.
    let meeting = [computer(1, 1, "pc1", (0, 6)), computer(2, 2, "pc1", (6, 9))];
    check(&meeting, &[(host(1, "pc1", None), duplicate(&[(1, 1), (2, 2)]))]);
}

#[test]
fn a_client_on_two_servers_moved() {
    let computers = [computer(1, 1, "pc1", (0, 8)), computer(2, 1, "pc1", (3, 9))];
    let matching = check(&computers, &[(host(1, "pc1", None), at(2, 1))]);
    assert_eq!(matching.homes, [(client(1), place(2, 1))].into());
    let superseded = [(place(1, 1), Superseded::Moved { home: place(2, 1) })];
    assert_eq!(matching.superseded, superseded.into());
    // Renamed, then moved.
    let computers = [computer(1, 1, "old", (0, 2)), computer(2, 1, "new", (3, 9))];
    let matching = check(&computers, &[(host(1, "new", None), at(2, 1))]);
    assert_eq!(matching.shared, BTreeSet::new());
}

#[test]
fn a_first_contact_that_is_not_known_says_nothing() {
    let untold = |computer: Computer| Computer { first_contact_at: None, ..computer };
    // Renamed and moved, or a clone: until a name comes back, nothing speaks for that.
    let computers = [computer(1, 1, "old", (0, 2)), untold(computer(2, 1, "new", (3, 9)))];
    let matching = check(&computers, &[(host(1, "new", Some(1)), at(2, 1))]);
    assert_eq!(matching.shared, BTreeSet::new());
    // Two records of a name may be of two computers.
    let computers = [computer(1, 1, "pc1", (0, 2)), untold(computer(1, 2, "pc1", (3, 9)))];
    check(&computers, &[(host(1, "pc1", Some(1)), duplicate(&[(1, 1), (1, 2)]))]);
}

#[test]
fn the_home_is_where_it_spoke_last_by_our_clock() {
    let hours = |hours: i64| day(9).plus_seconds(hours * 3_600);
    // The first server's clock is three hours ahead; an hour after it, the computer spoke with the second one.
    for (ahead_seconds, home) in [(None, 1), (Some(10_800), 2)] {
        let spoke = |server: u128, told: Timestamp, ahead: Option<i64>| Computer {
            last_contact_at: by_our_clock(told, ahead),
            ..computer(server, 1, "pc1", (0, 0))
        };
        let computers = [spoke(1, hours(4), ahead_seconds), spoke(2, hours(2), Some(60))];
        check(&computers, &[(host(1, "pc1", Some(1)), at(home, 1))]);
    }
    assert_eq!(by_our_clock(hours(4), Some(-60)), hours(4));
    assert_eq!(by_our_clock(Timestamp::EPOCH, Some(10_800)), Timestamp::EPOCH, "it is not known");
}

#[test]
fn a_shared_id_is_nobodys() {
    // Two servers see it at the same time under two names.
    let computers = [computer(1, 1, "pc1", (0, 8)), computer(2, 1, "pc2", (3, 9))];
    let shared = || Match::SharedId(client(1));
    let matching = check(&computers, &[(host(1, "pc2", None), shared()), (host(2, "x", Some(1)), shared())]);
    assert_eq!(matching.shared, [client(1)].into());
    // The one whose name is not the newest record's is not seen under it.
    check(&computers, &[(host(1, "pc1", None), Match::NeverSeen)]);
}

#[test]
fn a_name_that_comes_back_is_a_second_machine() {
    let computers = [computer(1, 1, "pc1", (0, 9))];
    let seen = |names: &[&str]| -> Vec<Sighting> {
        let sighting = |(at, name): (usize, &&str)| Sighting {
            client: client(1),
            name: (*name).into(),
            address: "192.0.2.1".into(),
            at: day(at as i64),
        };
        names.iter().enumerate().map(sighting).collect()
    };
    let shared = |names: &[&str]| !matched(&[], &computers, &seen(names)).shared.is_empty();
    assert!(!shared(&[]));
    assert!(!shared(&["pc0", "pc0", "PC1"]));
    assert!(shared(&["pc1", "pc2"]));
    assert!(shared(&["pc2", "pc1", "pc2"]));
}

#[test]
fn an_address_that_comes_back_all_day_is_a_second_machine() {
    let computers = [computer(1, 1, "pc1", (0, 9))];
    // One after the other, so many hours apart; the record itself has the first address on day 9.
    let shared = |hours: i64, count: i64| {
        let sightings = (0..count).map(|number| Sighting {
            client: client(1),
            name: "pc1".into(),
            address: format!("192.0.2.{}", 1 + number % 2),
            at: day(1).plus_seconds(number * hours * 3_600),
        });
        let sightings: Vec<Sighting> = sightings.collect();
        !matched(&[], &computers, &sightings).shared.is_empty()
    };
    assert!(shared(2, 6), "four of six come back within ten hours");
    assert!(!shared(2, 5), "three");
    assert!(!shared(12, 40), "at home and at work each day");
}

#[test]
fn a_computer_is_one_host() {
    let computers = [computer(1, 1, "pc1.a.example", (0, 9))];
    let by_id = host(1, "other", Some(1));
    let full = host(2, "pc1.a.example", None);
    let short = host(3, "pc1", None);
    check(&computers, &[(by_id, at(1, 1)), (full.clone(), duplicate(&[(1, 1)]))]);
    check(&computers, &[(full.clone(), at(1, 1)), (short, duplicate(&[(1, 1)]))]);
    let twin = host(4, "PC1.a.example", None);
    let matching = check(&computers, &[(full, duplicate(&[(1, 1)])), (twin, duplicate(&[(1, 1)]))]);
    assert_eq!(matching.untouched(), [place(1, 1)].into());
}

#[test]
fn computers_without_a_name_are_no_duplicates() {
    let computers = [computer(1, 1, "", (0, 8)), computer(1, 2, " ", (0, 9)), computer(1, 3, "", (0, 1))];
    let matching = check(&computers, &[(host(1, "pc1", Some(2)), at(1, 2))]);
    assert_eq!((matching.duplicates, matching.superseded), (BTreeMap::new(), BTreeMap::new()));
}

fn computers() -> impl Strategy<Value = Vec<Computer>> {
    let one =
        (1..4_u128, 1..6_u128, prop::sample::select(vec!["a", "A.x", "a.x", "b", "b.y", ""]), 0..20_i64);
    prop::collection::vec((one, 0..20_i64), 0..12).prop_map(|all| {
        let computer = |((server, number, name, first), days): ((u128, u128, &str, i64), i64)| {
            computer(server, number, name, (first, first + days))
        };
        let all = all.into_iter().map(computer);
        all.map(|computer| (computer.place(), computer)).collect::<BTreeMap<_, _>>().into_values().collect()
    })
}

proptest! {
    #[test]
    fn no_computer_is_two_hosts_and_none_is_superseded(computers in computers()) {
        let hosts = [
            host(1, "a", None),
            host(2, "a.x", Some(1)),
            host(3, "b.y", None),
            host(4, "B", Some(2)),
            host(5, "a", Some(1)),
            host(6, "a", Some(3)),
            host(7, "a.x", Some(4)),
        ];
        let matching = matched(&hosts, &computers, &[]);
        prop_assert_eq!(matching.hosts.len(), hosts.len());
        for (host, same) in &matching.same {
            prop_assert_eq!(&matching.hosts[host], &matching.hosts[same]);
            prop_assert!(!matching.same.contains_key(same));
        }
        let one_each = matching.hosts.iter().filter(|(host, _)| !matching.same.contains_key(host));
        let claimed: Vec<&Place> = one_each
            .filter_map(|(_, found)| match found {
                Match::Computer(place) => Some(place),
                _ => None,
            })
            .collect();
        let distinct: BTreeSet<&&Place> = claimed.iter().collect();
        prop_assert_eq!(distinct.len(), claimed.len());
        for place in claimed {
            prop_assert!(!matching.superseded.contains_key(place));
            prop_assert!(!matching.untouched().contains(place));
        }
        let mut turned = computers.clone();
        turned.reverse();
        prop_assert_eq!(matched(&hosts, &turned, &[]), matching);
    }
}
