use std::sync::Arc;

use headwater_catalog::Entry;
use headwater_model::{GroupId, UpdateIdentity};

use super::*;
use crate::approval::Approval;
use crate::group::{ALL_COMPUTERS, Group, GroupTree, UNASSIGNED_COMPUTERS};
use crate::snapshot::Decisions;

const PILOT: GroupId = GroupId::from_u128(0xB1);
const LIMITS: PageLimits = PageLimits { updates_max: 200, bytes_max: 5 << 20 };

/// A catalogue of a few updates; the wire id of update n, revision r is 10 n + r.
#[derive(Default)]
struct World {
    entries: Vec<Entry>,
    decisions: Decisions,
}

fn id(n: u128) -> UpdateId {
    UpdateId::from_u128(n)
}

impl World {
    fn add(&mut self, n: u128, revision: u32, kind: Kind, prerequisites: &[&[u128]], bundles: &[u128]) {
        self.entries.push(Entry {
            revision: RevisionId(n as i32 * 10 + revision as i32),
            identity: UpdateIdentity { id: id(n), revision },
            kind,
            explicitly_deployable: kind == Kind::Software && (n < 50),
            expired: false,
            prerequisites: prerequisites
                .iter()
                .map(|clause| clause.iter().map(|n| id(*n)).collect())
                .collect(),
            bundles: bundles.iter().map(|n| UpdateIdentity { id: id(*n), revision: 1 }).collect(),
            supersedes: Vec::new(),
            core_bytes: 1000,
            arrived_at: Timestamp::EPOCH,
        });
    }

    fn approve(&mut self, n: u128, group: GroupId, action: Option<Action>, stamp: u64) -> &mut Approval {
        self.decisions.stamp = self.decisions.stamp.max(stamp);
        self.decisions.approvals.push(Approval {
            id: stamp as i32,
            update: id(n),
            group,
            action,
            deadline: None,
            revision: None,
            changed_at: Timestamp::EPOCH.plus_seconds(stamp as i64),
            stamp,
        });
        self.decisions.approvals.last_mut().expect("just pushed")
    }

    fn offers(&self) -> Offers {
        let mut decisions = self.decisions.clone();
        decisions.groups = GroupTree::new([
            Group { id: ALL_COMPUTERS, name: "All Computers".into(), parent: None },
            Group { id: UNASSIGNED_COMPUTERS, name: "Unassigned".into(), parent: Some(ALL_COMPUTERS) },
            Group { id: PILOT, name: "Pilot".into(), parent: Some(ALL_COMPUTERS) },
        ]);
        Offers::new(Arc::new(Index::build(self.entries.clone())), decisions)
    }

    /// Company 1, product 2 that requires it, detectoid 3, software 4 of the product on detectoid 3,
    /// bundle 5 of hidden 60 and 61.
    fn small() -> Self {
        let mut world = Self::default();
        world.add(1, 1, Kind::Category, &[], &[]);
        world.add(2, 1, Kind::Category, &[&[1]], &[]);
        world.add(3, 1, Kind::Detectoid, &[], &[]);
        world.add(4, 1, Kind::Software, &[&[2], &[3]], &[]);
        world.add(60, 1, Kind::Software, &[&[3]], &[]);
        world.add(61, 1, Kind::Software, &[&[3]], &[]);
        world.add(5, 1, Kind::Software, &[&[2]], &[60, 61]);
        world.decisions.stamp = 1;
        world
    }
}

fn scan<'a>(installed: &'a [i32], cached: &'a [i32]) -> Scan<'a> {
    Scan {
        installed_non_leaf: installed,
        other_cached: cached,
        filter: &[],
        two_groups: false,
        watermark: 0,
        membership: 0,
        membership_stamp: 0,
    }
}

fn answer(offers: &Offers, group: GroupId, scan: Scan<'_>) -> Answer {
    decide(offers, &offers.view(&Arc::from([group])), &scan, LIMITS)
}

fn ids(offers: &[Offer]) -> Vec<i32> {
    let mut ids: Vec<i32> = offers.iter().map(|offer| offer.id.0).collect();
    ids.sort();
    ids
}

#[test]
fn delivery_follows_the_prerequisites_level_by_level() {
    let offers = World::small().offers();
    let first = answer(&offers, PILOT, scan(&[], &[]));
    assert_eq!(ids(&first.new), [11, 31]);
    assert!(!first.truncated);
    let second = answer(&offers, PILOT, scan(&[11], &[31]));
    assert_eq!(ids(&second.new), [21]);
    let third = answer(&offers, PILOT, scan(&[11, 21], &[31]));
    assert_eq!(ids(&third.new), [51]);
    let with_detectoid = answer(&offers, PILOT, scan(&[11, 21, 31], &[51]));
    assert_eq!(ids(&with_detectoid.new), [41, 601, 611]);
}

#[test]
fn each_update_carries_its_action() {
    let mut world = World::small();
    world.approve(4, PILOT, Some(Action::Install), 2).deadline = Some(Timestamp::EPOCH.plus_seconds(99));
    let offers = world.offers();
    let all = answer(&offers, PILOT, scan(&[11, 21, 31], &[]));
    let of = |wire: i32| all.new.iter().find(|offer| offer.id.0 == wire).expect("offered").deployment;
    assert_eq!(of(41).action, OfferAction::Install);
    assert_eq!(of(41).deadline, Some(Timestamp::EPOCH.plus_seconds(99)));
    assert_eq!(of(41).id, 5);
    assert_eq!(of(51).action, OfferAction::PreDeploymentCheck);
    assert_eq!(of(601).action, OfferAction::Bundle);
    let first = answer(&offers, PILOT, scan(&[], &[]));
    assert!(first.new.iter().all(|offer| offer.deployment.action == OfferAction::Evaluate));
    assert!(first.new.iter().all(|offer| !offer.is_leaf));

    let elsewhere = answer(&offers, UNASSIGNED_COMPUTERS, scan(&[11, 21, 31], &[]));
    let action = elsewhere.new.iter().find(|offer| offer.id.0 == 41).expect("offered").deployment.action;
    assert_eq!(action, OfferAction::PreDeploymentCheck);
}

#[test]
fn what_is_only_required_is_delivered_too() {
    let mut world = World::small();
    world.add(70, 1, Kind::Software, &[&[2]], &[]);
    world.add(8, 1, Kind::Software, &[&[70]], &[]);
    world.add(71, 1, Kind::Software, &[&[2]], &[]);
    let offers = world.offers();
    let all = answer(&offers, PILOT, scan(&[11, 21, 31], &[41, 51, 601, 611]));
    assert_eq!(ids(&all.new), [701], "71 is required by nothing");
    assert_eq!(all.new[0].deployment.action, OfferAction::Evaluate);
    assert_eq!(ids(&answer(&offers, PILOT, scan(&[11, 21, 31, 701], &[41, 51, 601, 611])).new), [81]);
}

#[test]
fn declined_and_incomplete_updates_are_never_offered() {
    let mut world = World::small();
    world.decisions.declined.insert(id(5));
    world.add(6, 1, Kind::Software, &[&[2]], &[99]);
    let offers = world.offers();
    let all = answer(&offers, PILOT, scan(&[11, 21, 31], &[51]));
    assert_eq!(ids(&all.new), [41], "the members of a declined bundle go with it");
    assert_eq!(all.out_of_scope, [51]);
}

#[test]
fn what_is_cached_and_no_longer_needed_goes_out_of_scope() {
    let offers = World::small().offers();
    let lost = answer(&offers, PILOT, scan(&[11, 21], &[41, 51, 31, 777, -5]));
    assert_eq!(lost.out_of_scope, [41, 777, -5]);
    assert!(lost.deployed_out_of_scope.is_empty());
}

#[test]
fn a_page_ends_at_its_limits_and_holds_one_at_least() {
    let mut world = World::default();
    (1..=9).for_each(|n| world.add(n, 1, Kind::Detectoid, &[], &[]));
    world.entries[0].core_bytes = 9 << 20;
    let offers = world.offers();
    let view = offers.view(&Arc::from([PILOT]));
    let page = |updates_max, bytes_max, cached: &[i32]| {
        let answer = decide(&offers, &view, &scan(&[], cached), PageLimits { updates_max, bytes_max });
        (ids(&answer.new), answer.truncated)
    };
    assert_eq!(page(4, 99 << 20, &[]), (vec![11, 21, 31, 41], true));
    assert!(!page(200, 99 << 20, &[]).1);
    assert_eq!(page(200, 5 << 20, &[]), (vec![11], true));
    assert_eq!(page(200, 3000, &[11]), (vec![21, 31], true));
    assert_eq!(page(9, 99 << 20, &[]), ((1..=9).map(|n| n * 10 + 1).collect(), false));
}

#[test]
fn updates_that_others_require_come_first() {
    let mut world = World::default();
    (1..=5).for_each(|n| world.add(n, 1, Kind::Detectoid, &[], &[]));
    world.add(6, 1, Kind::Software, &[&[5]], &[]);
    let offers = world.offers();
    let view = offers.view(&Arc::from([PILOT]));
    let limits = PageLimits { updates_max: 1, bytes_max: 5 << 20 };
    assert_eq!(ids(&decide(&offers, &view, &scan(&[], &[]), limits).new), [51]);
}

#[test]
fn a_changed_approval_is_told_once_its_watermark_is_passed() {
    let mut world = World::small();
    world.approve(4, PILOT, Some(Action::Install), 5);
    let offers = world.offers();
    let known = |watermark| Scan { watermark, ..scan(&[11, 21, 31], &[41, 51, 601, 611]) };
    let told = answer(&offers, PILOT, known(4));
    assert_eq!((ids(&told.changed), told.watermark), (vec![41], 5));
    assert_eq!(answer(&offers, PILOT, known(5)).changed, []);
    assert_eq!(answer(&offers, UNASSIGNED_COMPUTERS, known(4)).changed, []);
}

#[test]
fn the_watermark_waits_until_the_scan_is_complete() {
    let mut world = World::small();
    world.approve(4, PILOT, Some(Action::Install), 5);
    let offers = world.offers();
    let watermark = |installed, cached| {
        let answer = answer(&offers, PILOT, Scan { watermark: 2, ..scan(installed, cached) });
        (ids(&answer.new), answer.watermark)
    };
    assert_eq!(watermark(&[], &[]), (vec![11, 31], 2));
    assert_eq!(watermark(&[11], &[31]), (vec![21], 2), "what comes may open more");
    assert_eq!(watermark(&[11, 21, 31], &[51, 601, 611]), (vec![41], 5), "leaves open nothing");
    assert_eq!(watermark(&[11, 21, 31], &[41, 51, 601, 611]), (vec![], 5));
    let filtered = Scan { filter: &[id(2)], watermark: 2, ..scan(&[11, 21, 31], &[41, 51, 601, 611]) };
    let filtered = answer(&offers, PILOT, filtered);
    assert_eq!((filtered.new.len(), filtered.watermark), (0, 2));
}

#[test]
fn a_moved_computer_and_a_moved_group_learn_their_approvals() {
    let mut world = World::small();
    world.approve(4, PILOT, Some(Action::Install), 5);
    world.decisions.stamp = 9;
    let known = Scan { watermark: 6, ..scan(&[11, 21, 31], &[41, 51, 601, 611]) };
    let left = answer(&world.offers(), UNASSIGNED_COMPUTERS, Scan { membership_stamp: 8, ..known });
    assert_eq!(ids(&left.changed), [41], "a computer that left the group is told too");
    assert_eq!(left.changed[0].deployment.action, OfferAction::PreDeploymentCheck);
    assert_eq!(answer(&world.offers(), PILOT, known).changed, []);
    world.decisions.tree_stamp = 9;
    assert_eq!(ids(&answer(&world.offers(), PILOT, known).changed), [41]);
}

/// A computer moves at once, a decision becomes known with its snapshot.
#[test]
fn a_move_ahead_of_the_snapshot_is_told_once_and_hides_no_decision() {
    let mut world = World::small();
    world.approve(4, PILOT, Some(Action::Install), 5);
    world.decisions.stamp = 5;
    let listed = scan(&[11, 21, 31], &[41, 51, 601, 611]);
    let moved = answer(&world.offers(), PILOT, Scan { watermark: 5, membership_stamp: 7, ..listed });
    assert_eq!((ids(&moved.changed), moved.watermark, moved.membership), (vec![41], 5, 7));
    let again = Scan { watermark: 5, membership: 7, membership_stamp: 7, ..listed };
    assert_eq!(answer(&world.offers(), PILOT, again).changed, []);
    world.approve(5, PILOT, Some(Action::Install), 6);
    world.decisions.stamp = 7;
    assert_eq!(ids(&answer(&world.offers(), PILOT, again).changed), [51]);
}

#[test]
fn a_withdrawn_approval_and_a_flipped_leaf_are_changes() {
    let mut world = World::small();
    world.approve(4, PILOT, None, 7);
    world.decisions.catalogue_changes.insert(id(5), 8);
    world.decisions.stamp = 8;
    let told =
        answer(&world.offers(), PILOT, Scan { watermark: 6, ..scan(&[11, 21, 31], &[41, 51, 601, 611]) });
    assert_eq!(ids(&told.changed), [41, 51]);
    assert_eq!(told.changed[0].deployment.action, OfferAction::PreDeploymentCheck);
}

#[test]
fn a_category_scan_stays_within_its_categories() {
    let mut world = World::small();
    world.add(7, 1, Kind::Category, &[], &[]);
    world.add(8, 1, Kind::Software, &[&[7]], &[]);
    world.decisions.declined.insert(id(4));
    let offers = world.offers();
    let filtered = |installed, cached, two_groups| {
        answer(&offers, PILOT, Scan { filter: &[id(2)], two_groups, ..scan(installed, cached) })
    };
    assert_eq!(ids(&filtered(&[], &[], true).new), [11, 31], "ancestors and parts of parts are in");
    assert_eq!(ids(&filtered(&[11, 21], &[], true).new), [31, 51]);
    let out = filtered(&[11, 21, 71], &[41, 81, 31, 51], true);
    assert_eq!((&*out.out_of_scope, &*out.deployed_out_of_scope), (&[41][..], &[71, 81][..]));
    let out = filtered(&[11, 21, 71], &[41, 81, 31, 51], false);
    assert_eq!((&*out.out_of_scope, &*out.deployed_out_of_scope), (&[71, 41, 81][..], &[][..]));
}

#[test]
fn one_revision_of_an_update_and_the_newest_unless_an_approval_waits() {
    let mut world = World::small();
    world.add(4, 2, Kind::Software, &[&[2], &[3]], &[]);
    let needed = scan(&[11, 21, 31], &[51, 601, 611]);
    assert_eq!(ids(&answer(&world.offers(), PILOT, needed).new), [42]);
    let replaced = answer(&world.offers(), PILOT, scan(&[11, 21, 31], &[51, 601, 611, 41]));
    assert_eq!((ids(&replaced.new), &*replaced.out_of_scope), (vec![42], &[41][..]));

    world.approve(4, PILOT, Some(Action::Install), 5).revision = Some(1);
    let waiting = answer(&world.offers(), PILOT, needed);
    assert_eq!(ids(&waiting.new), [41]);
    assert_eq!(waiting.new[0].deployment.action, OfferAction::Install);
    assert_eq!(ids(&answer(&world.offers(), UNASSIGNED_COMPUTERS, needed).new), [42]);
}

#[test]
fn an_update_that_gets_another_place_in_the_graph_is_a_change() {
    let mut world = World::small();
    world.add(62, 1, Kind::Software, &[&[3]], &[]);
    world.add(63, 1, Kind::Software, &[&[62]], &[]);
    world.add(6, 1, Kind::Software, &[&[62]], &[]);
    let before = Index::build(world.entries.clone());
    assert_eq!(moved(&before, &before), []);
    world.add(7, 1, Kind::Software, &[&[4]], &[62]);
    let after = Index::build(world.entries.clone());
    assert_eq!(moved(&before, &after), [id(4), id(62)], "required now, and bundled now");
}

#[test]
fn what_its_publisher_withdrew_is_not_installed_any_more() {
    let mut world = World::small();
    world.approve(4, PILOT, Some(Action::Install), 2).deadline = Some(Timestamp::EPOCH);
    world.approve(5, PILOT, Some(Action::Uninstall), 3);
    for n in [4, 5] {
        world.add(n, 2, Kind::Software, &[&[2]], &[]);
        world.entries.last_mut().expect("just pushed").expired = true;
    }
    let offers = world.offers();
    let told = answer(&offers, PILOT, scan(&[11, 21, 31], &[])).new;
    let deployments: Vec<_> =
        told.iter().map(|told| (told.id.0, told.deployment.action, told.deployment.deadline)).collect();
    assert!(deployments.contains(&(42, OfferAction::PreDeploymentCheck, None)), "{deployments:?}");
    assert!(deployments.contains(&(52, OfferAction::Uninstall, None)), "{deployments:?}");

    // Who waits at an older revision keeps it.
    world.decisions.approvals[0].revision = Some(1);
    let offers = world.offers();
    let told = answer(&offers, PILOT, scan(&[11, 21, 31], &[])).new;
    let install = told.iter().find(|told| told.id.0 == 41).expect("is offered");
    assert_eq!(install.deployment.action, OfferAction::Install);
}

#[test]
fn what_nobody_can_approve_keeps_its_implicit_action() {
    let mut world = World::small();
    let all = scan(&[11, 21, 31], &[]);
    let actions = |world: &World| -> Vec<(i32, OfferAction)> {
        let new = answer(&world.offers(), PILOT, all).new;
        new.iter().map(|offer| (offer.id.0, offer.deployment.action)).collect()
    };
    let before = actions(&world);
    // A category, a detectoid and a member of a bundle, as a server above may name them.
    for (n, stamp) in [(1, 2), (3, 3), (60, 4)] {
        world.approve(n, PILOT, Some(Action::Install), stamp);
    }
    assert_eq!(actions(&world), before);
}
