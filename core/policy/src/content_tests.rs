use std::sync::Arc;

use headwater_catalog::{Entry, Index, Kind};
use headwater_model::{GroupId, RevisionId, UpdateIdentity};

use super::*;
use crate::approval::Approval;
use crate::group::ALL_COMPUTERS;
use crate::snapshot::Decisions;

const PILOT: GroupId = GroupId::from_u128(0xB1);

fn id(n: u128) -> UpdateId {
    UpdateId::from_u128(n)
}

fn identity((n, revision): (u128, u32)) -> UpdateIdentity {
    UpdateIdentity { id: id(n), revision }
}

/// The catalogue of all cases: software 1 in two revisions, 2 alone, 3 that bundles 60 and 61/1, of which 61
/// has a newer revision and bundles 70; 4 lacks what it bundles; 5 in two revisions, of which the newer is
/// withdrawn by its publisher.
fn catalogue() -> Index {
    let entry = |n: u128, revision: u32, bundles: &[(u128, u32)]| Entry {
        revision: RevisionId(n as i32 * 10 + revision as i32),
        identity: identity((n, revision)),
        kind: Kind::Software,
        explicitly_deployable: n < 50,
        expired: (n, revision) == (5, 2),
        prerequisites: Vec::new(),
        bundles: bundles.iter().copied().map(identity).collect(),
        supersedes: Vec::new(),
        core_bytes: 1,
        arrived_at: Timestamp::EPOCH,
    };
    Index::build(vec![
        entry(1, 1, &[]),
        entry(1, 2, &[]),
        entry(2, 1, &[]),
        entry(3, 1, &[(60, 1), (61, 1)]),
        entry(60, 1, &[]),
        entry(61, 1, &[(70, 1)]),
        entry(61, 2, &[]),
        entry(70, 1, &[]),
        entry(4, 1, &[(99, 1)]),
        entry(5, 1, &[]),
        entry(5, 2, &[]),
    ])
}

/// Approvals are (update, group, action, pinned revision).
type Approvals<'a> = &'a [(u128, GroupId, Option<Action>, Option<u32>)];

#[track_caller]
fn check(mode: ContentMode, approvals: Approvals, declined: &[u128], expected: &[(u128, u32)]) {
    let approvals = approvals.iter().enumerate().map(|(at, (update, group, action, revision))| Approval {
        id: at as i32 + 1,
        update: id(*update),
        group: *group,
        action: *action,
        deadline: None,
        revision: *revision,
        changed_at: Timestamp::EPOCH,
        stamp: at as u64 + 1,
    });
    let decisions = Decisions {
        approvals: approvals.collect(),
        declined: declined.iter().copied().map(id).collect(),
        ..Decisions::default()
    };
    let offers = Offers::new(Arc::new(catalogue()), decisions);
    let wanted = wanted(&offers, mode);
    let found: Vec<UpdateIdentity> =
        wanted.iter().map(|at| offers.index.revision(RevisionIx(at)).identity).collect();
    assert_eq!(found, expected.iter().copied().map(identity).collect::<Vec<_>>());
}

use Action::{Block, Detect, Install, Uninstall};
use ContentMode::{AtOnce, OnApproval};

#[test]
fn an_installation_wants_the_newest_revision_or_the_one_it_waits_at() {
    check(OnApproval, &[], &[], &[]);
    check(OnApproval, &[(1, PILOT, Some(Install), None)], &[], &[(1, 2)]);
    check(OnApproval, &[(1, PILOT, Some(Install), Some(1))], &[], &[(1, 1)]);
    check(OnApproval, &[(1, PILOT, Some(Install), Some(7))], &[], &[(1, 2)]);
    let both: Approvals = &[(1, PILOT, Some(Install), Some(1)), (1, ALL_COMPUTERS, Some(Install), None)];
    check(OnApproval, both, &[], &[(1, 1), (1, 2)]);
    check(OnApproval, &[(5, PILOT, Some(Install), None)], &[], &[]);
    check(OnApproval, &[(5, PILOT, Some(Install), Some(1))], &[], &[(5, 1)]);
}

#[test]
fn a_bundle_brings_its_members_in_the_revisions_that_it_names() {
    check(OnApproval, &[(3, PILOT, Some(Install), None)], &[], &[(3, 1), (60, 1), (61, 1), (70, 1)]);
    check(OnApproval, &[(3, PILOT, Some(Install), None)], &[61], &[(3, 1), (60, 1)]);
    check(OnApproval, &[(4, PILOT, Some(Install), None)], &[], &[]);
}

/// As an approval would make it wanted.
#[test]
fn what_an_approval_would_bring_is_known_before() {
    let check = |update: u128, declined: &[u128], expected: Option<&[(u128, u32)]>| {
        let decisions =
            Decisions { declined: declined.iter().copied().map(id).collect(), ..Decisions::default() };
        let offers = Offers::new(Arc::new(catalogue()), decisions);
        let at = offers.index.update_by_id(id(update)).expect("is there");
        let found = brought(&offers, at).map(|(newest, all)| {
            let revision = |at| offers.index.revision(RevisionIx(at)).identity;
            (revision(newest.0), all.iter().map(revision).collect::<Vec<_>>())
        });
        let expected = expected.map(|all| all.iter().copied().map(identity).collect::<Vec<_>>());
        assert_eq!(found.as_ref().map(|(_, all)| all), expected.as_ref());
        assert!(found.is_none_or(|(newest, _)| newest.id == id(update)));
    };
    check(1, &[], Some(&[(1, 2)]));
    check(3, &[], Some(&[(3, 1), (60, 1), (61, 1), (70, 1)]));
    check(3, &[61], Some(&[(3, 1), (60, 1)]));
    check(5, &[], Some(&[]));
    check(4, &[], None);
}

#[test]
fn nothing_but_an_installation_wants_files() {
    for action in [None, Some(Block), Some(Detect), Some(Uninstall)] {
        check(OnApproval, &[(2, PILOT, action, None)], &[], &[]);
    }
    check(OnApproval, &[(2, PILOT, Some(Install), None)], &[2], &[]);
}

#[test]
fn at_once_is_what_can_be_offered_and_what_an_approval_waits_at() {
    let offered: &[(u128, u32)] = &[(1, 2), (2, 1), (3, 1), (60, 1), (61, 1), (70, 1)];
    check(AtOnce, &[], &[], offered);
    check(AtOnce, &[], &[3], &[(1, 2), (2, 1)]);
    check(AtOnce, &[(1, PILOT, Some(Install), Some(1))], &[3], &[(1, 1), (1, 2), (2, 1)]);
}

#[test]
fn licence_terms_are_of_what_could_be_approved_and_is_neither_declined_nor_withdrawn() {
    let decisions = Decisions { declined: [id(2)].into(), ..Decisions::default() };
    let offers = Offers::new(Arc::new(catalogue()), decisions);
    let found: Vec<UpdateIdentity> =
        crate::licence::shown(&offers).map(|at| offers.index.revision(at).identity).collect();
    let mut numbers = vec![(1, 2), (3, 1), (60, 1), (61, 2), (70, 1)];
    numbers.retain(|one| !found.contains(&identity(*one)));
    assert_eq!((found.len(), numbers), (5, Vec::new()));
}

#[test]
fn languages_are_those_of_the_computers() {
    let cases: &[(&[&str], &[&str], bool)] = &[
        (&["en"], &[], true),
        (&[], &["de"], true),
        (&["all"], &["de"], true),
        (&["en", "de"], &["DE"], true),
        (&["en"], &["de", "fr"], false),
        (&["de"], &["de-at"], true),
        (&["pt-br"], &["pt-br"], true),
        (&["pt-br"], &["pt"], false),
    ];
    for (languages, wanted, expected) in cases {
        let wanted: Vec<String> = wanted.iter().map(ToString::to_string).collect();
        assert_eq!(is_for(languages, &wanted), *expected, "{languages:?} for {wanted:?}");
    }
}

fn failed(failure: Failure, failures: u32) -> Absent {
    Absent { has_source: true, last: Some(Attempt { failure, failures, at: Timestamp::EPOCH }) }
}

#[test]
fn what_may_be_over_soon_is_tried_again_soon() {
    use Failure::{DiskFull, Interrupted, NotThere, NotYet, WrongBytes};
    let never_tried = Absent { has_source: true, last: None };
    assert_eq!(next_step(never_tried, Timestamp::EPOCH), Step::Fetch);
    assert_eq!(next_step(Absent { has_source: false, last: None }, Timestamp::EPOCH), Step::Missing);
    let pauses = [
        (NotYet, 1, 2),
        (NotYet, 2, 4),
        (NotYet, 12, 300),
        (Interrupted, 1, 15),
        (Interrupted, 2, 30),
        (Interrupted, 7, 900),
        (Interrupted, u32::MAX, 900),
        (DiskFull, 1, 60),
        (DiskFull, 9, 300),
        (NotThere, 1, 3_600),
        (WrongBytes, 1, 3_600),
        (WrongBytes, 9, 86_400),
    ];
    for (failure, failures, pause) in pauses {
        let due = Timestamp::EPOCH.plus_seconds(pause);
        let file = failed(failure, failures);
        assert_eq!(next_step(file, due.plus_seconds(-1)), Step::Wait(due), "{failure:?} {failures}");
        assert_eq!(next_step(file, due), Step::Fetch, "{failure:?} {failures}");
    }
}

#[test]
fn the_worst_file_is_the_state_of_all() {
    use Failure::{DiskFull, Interrupted, NotThere, WrongBytes};
    let states = [
        (Absent { has_source: true, last: None }, ContentState::Working),
        (Absent { has_source: false, last: None }, ContentState::Missing),
        (failed(Failure::NotYet, 11), ContentState::Working),
        (failed(Failure::NotYet, 12), ContentState::Missing),
        (failed(Interrupted, 1), ContentState::Working),
        (failed(Interrupted, 12), ContentState::Missing),
        (failed(NotThere, 1), ContentState::Missing),
        (failed(WrongBytes, 1), ContentState::Missing),
        (failed(DiskFull, 1), ContentState::DiskFull),
    ];
    for (file, state) in states {
        assert_eq!(file.state(), state, "{file:?}");
    }
    assert_eq!(states.iter().map(|(_, state)| *state).max(), Some(ContentState::DiskFull));
    assert!(ContentState::Missing > ContentState::Working && ContentState::Working > ContentState::Complete);
}
