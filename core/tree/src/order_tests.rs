//! Which server is next, and how a run ended.

use proptest::prelude::*;

use super::*;
use crate::sample::server;

use Progress::{Done, Failed, Running, StillRunning};

/// 1 is the top, 2 and 3 are below it, 4 and 5 below 2, 6 below 5.
fn tree() -> Tree {
    let pairs = [(6, Some(5)), (4, Some(2)), (5, Some(2)), (3, Some(1)), (2, Some(1)), (1, None)];
    Tree::new(pairs.map(|(id, parent)| server(id, parent))).expect("a tree")
}

fn ids(numbers: &[u128]) -> Vec<ServerId> {
    numbers.iter().copied().map(ServerId::from_u128).collect()
}

fn progress(states: &[(u128, Progress)]) -> BTreeMap<ServerId, Progress> {
    states.iter().map(|(id, state)| (ServerId::from_u128(*id), *state)).collect()
}

#[track_caller]
fn check(tree: &Tree, states: &[(u128, Progress)], ready: &[u128], not_reached: &[u128]) {
    let progress = progress(states);
    assert_eq!(tree.ready(&tree.all(), &progress), ids(ready), "{states:?}");
    assert_eq!(tree.not_reached(&tree.all(), &progress), ids(not_reached), "{states:?}");
}

#[test]
fn parents_come_before_their_children() {
    let tree = tree();
    let order: Vec<ServerId> = tree.servers().iter().map(|server| server.id).collect();
    assert_eq!(order, ids(&[1, 2, 3, 4, 5, 6]));
    check(&tree, &[], &[1], &[]);
    check(&tree, &[(1, Running)], &[], &[]);
    check(&tree, &[(1, Done)], &[2, 3], &[]);
    check(&tree, &[(1, Done), (2, Done), (3, Running)], &[4, 5], &[]);
    let all = [1, 2, 3, 4, 5, 6].map(|id| (id, Done));
    check(&tree, &all, &[], &[]);
}

#[test]
fn what_is_below_a_failure_is_not_reached() {
    let tree = tree();
    check(&tree, &[(1, Failed)], &[], &[2, 3, 4, 5, 6]);
    check(&tree, &[(1, Done), (2, Failed)], &[3], &[4, 5, 6]);
    check(&tree, &[(1, Done), (2, StillRunning)], &[3], &[4, 5, 6]);
    check(&tree, &[(1, Done), (2, Done), (3, Failed), (5, Failed)], &[4], &[6]);
}

#[test]
fn four_at_a_time() {
    let lower = (2..=9).map(|id| server(id, Some(1)));
    let tree = Tree::new(lower.chain([server(1, None)])).expect("a tree");
    check(&tree, &[(1, Done)], &[2, 3, 4, 5], &[]);
    check(&tree, &[(1, Done), (2, Running), (3, Running), (4, Failed)], &[5, 6], &[]);
    check(&tree, &[(1, Done), (2, StillRunning), (3, Running)], &[4, 5, 6], &[]);
}

#[test]
fn siblings_are_spread_over_the_servers_above_them() {
    let lower = (3..=6).map(|id| server(id, Some(1))).chain((7..=9).map(|id| server(id, Some(2))));
    let tree = Tree::new(lower.chain([server(1, None), server(2, Some(1))])).expect("a tree");
    check(&tree, &[(1, Done), (2, Done)], &[3, 7, 4, 8], &[]);
    check(&tree, &[(1, Done), (2, Done), (3, Running), (4, Running)], &[7, 8], &[]);
}

#[test]
fn a_branch_begins_with_the_server_named() {
    let tree = tree();
    assert_eq!(tree.below("S2"), Ok(ids(&[2, 4, 5, 6]).into_iter().collect()));
    assert_eq!(tree.below("s6"), Ok(ids(&[6]).into_iter().collect()));
    assert_eq!(tree.below(&ids(&[6])[0].to_string()), Ok(ids(&[6]).into_iter().collect()));
    assert_eq!(tree.below("s7"), Err(NoSuchServer::Unknown("s7".into())));
    assert_eq!(tree.named("S2").map(|server| server.id), Ok(ids(&[2])[0]));
    let branch = tree.below("s2").expect("a branch");
    assert_eq!(tree.ready(&branch, &BTreeMap::new()), ids(&[2]));
}

#[test]
fn a_server_without_linkage_is_named_and_cuts_its_branch() {
    let servers = tree().servers().to_vec().into_iter().map(|server| match server.name.as_str() {
        "s2" => Server { linkage: Linkage::Missing, ..server },
        _ => server,
    });
    let tree = Tree::new(servers).expect("a tree");
    let missing: Vec<&str> =
        tree.without_linkage(&tree.all()).iter().map(|server| server.name.as_str()).collect();
    assert_eq!(missing, ["s2"]);
    check(&tree, &[(1, Done)], &[3], &[4, 5, 6]);
    let below = tree.below("s3").expect("a branch");
    assert!(tree.without_linkage(&below).is_empty());
}

#[test]
fn what_is_no_tree_is_refused() {
    let check = |servers: &[(u128, Option<u128>)], expected: &str| {
        let servers = servers.iter().map(|(id, parent)| server(*id, *parent));
        assert_eq!(Tree::new(servers).map(drop).expect_err("no tree").to_string(), expected);
    };
    check(&[], "the tree has no top server");
    check(&[(1, Some(1))], "the tree has no top server");
    check(&[(1, None), (2, None)], "the servers `s1` and `s2` have none above them, and a tree has one top");
    check(&[(1, None), (1, None)], "two servers have the id 00000000-0000-0000-0000-000000000001");
    check(&[(1, None), (2, Some(9))], "`s2` takes from a server that is not in the tree");
    check(&[(1, None), (2, Some(3)), (3, Some(2))], "`s2` takes from itself by way of others");
}

#[test]
fn of_several_with_a_name_the_one_with_a_linkage_is_meant() {
    let named = |id, linkage| Server { name: "Shop".into(), linkage, ..server(id, Some(1)) };
    let meant = |linkages: [Linkage; 2]| {
        let [one, other] = linkages;
        let tree = Tree::new([server(1, None), named(2, one), named(3, other)]).expect("a tree");
        tree.named("shop").map(|server| server.id)
    };
    let several = Err(NoSuchServer::Several("shop".into()));
    assert_eq!(meant([Linkage::Missing, Linkage::Installed]), Ok(ServerId::from_u128(3)));
    assert_eq!(meant([Linkage::Missing; 2]), several);
    assert_eq!(meant([Linkage::Installed; 2]), several);
    let tree = Tree::new([server(1, None), named(2, Linkage::Missing)]).expect("a tree");
    assert_eq!(tree.named("shop").map(|server| server.id), Ok(ServerId::from_u128(2)));
}

#[test]
fn exit_codes() {
    let none = Ended::default();
    for (ended, code) in [
        (none, 0),
        (Ended { different: 1, ..none }, 1),
        (Ended { failed: 1, ..none }, 1),
        (Ended { still_running: 1, ..none }, 1),
        (Ended { not_reached: 1, ..none }, 1),
        (Ended { without_linkage: 1, ..none }, 5),
        (Ended { failed: 1, without_linkage: 1, ..none }, 5),
    ] {
        assert_eq!(ended.exit_code(), code, "{ended:?}");
    }
}

proptest! {
    /// Runs a random tree to its end: each step starts what is ready, then ends one of the running.
    #[test]
    fn no_child_starts_before_its_parent(
        parents in prop::collection::vec(any::<prop::sample::Index>(), 0..25),
        ends in prop::collection::vec((any::<prop::sample::Index>(), 0..8_u8), 26),
    ) {
        let lower = parents.iter().enumerate().map(|(at, parent)| {
            server(at as u128 + 2, Some(parent.index(at + 1) as u128 + 1))
        });
        let tree = Tree::new(lower.chain([server(1, None)])).expect("a tree");
        let mut progress = BTreeMap::new();
        for (which, end) in ends {
            for id in tree.ready(&tree.all(), &progress) {
                let parent = tree.get(id).and_then(|server| server.parent);
                prop_assert!(parent.is_none_or(|parent| progress.get(&parent) == Some(&Done)));
                progress.insert(id, Running);
            }
            let running: Vec<ServerId> =
                progress.iter().filter(|(_, state)| **state == Running).map(|(id, _)| *id).collect();
            prop_assert!(running.len() <= AT_A_TIME_MAX);
            if running.is_empty() {
                break;
            }
            let state = match end { 0 => Failed, 1 => StillRunning, _ => Done };
            progress.insert(running[which.index(running.len())], state);
        }
        let mut all: BTreeSet<ServerId> = progress.keys().copied().collect();
        all.extend(tree.not_reached(&tree.all(), &progress));
        prop_assert_eq!(all, tree.all());
    }
}
