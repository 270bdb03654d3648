//! What is new between two anchors, as data.

use headwater_catalog::Entry;
use headwater_model::{GroupId, RevisionId, Timestamp};

use super::*;
use crate::approval::Action;

const FAMILY: u128 = 1;
const WINDOWS_10: u128 = 2;
const WINDOWS_11: u128 = 3;
const SECURITY: u128 = 4;
const DETECTOID: u128 = 5;
const FOR_10: u128 = 10;
const FOR_11: u128 = 11;
const UNCLASSIFIED: u128 = 12;
const BUNDLE: u128 = 13;
const MEMBER: u128 = 14;

struct Row(u128, u32, Kind, &'static [u128], &'static [u128]);

/// The position is the wire id, and ten times that the stamp.
const ROWS: [Row; 12] = [
    Row(FAMILY, 1, Kind::Category, &[], &[]),
    Row(WINDOWS_10, 1, Kind::Category, &[FAMILY], &[]),
    Row(WINDOWS_11, 1, Kind::Category, &[FAMILY], &[]),
    Row(SECURITY, 1, Kind::Category, &[], &[]),
    Row(DETECTOID, 1, Kind::Detectoid, &[], &[]),
    Row(DETECTOID, 2, Kind::Detectoid, &[], &[]),
    Row(FOR_10, 1, Kind::Software, &[DETECTOID, WINDOWS_10, SECURITY], &[]),
    Row(FOR_11, 1, Kind::Software, &[WINDOWS_11, SECURITY], &[]),
    Row(UNCLASSIFIED, 1, Kind::Software, &[WINDOWS_11], &[]),
    Row(MEMBER, 1, Kind::Software, &[DETECTOID], &[]),
    Row(BUNDLE, 1, Kind::Software, &[WINDOWS_11, SECURITY], &[MEMBER]),
    Row(FOR_10, 2, Kind::Software, &[WINDOWS_10, SECURITY], &[]),
];

fn identity(id: u128, revision: u32) -> UpdateIdentity {
    UpdateIdentity { id: UpdateId::from_u128(id), revision }
}

fn index(rows: &[Row]) -> Index {
    let entries = rows.iter().zip(1..).map(|(Row(id, revision, kind, required, bundled), at)| Entry {
        revision: RevisionId(at),
        identity: identity(*id, *revision),
        kind: *kind,
        explicitly_deployable: true,
        expired: false,
        prerequisites: required.iter().map(|id| vec![UpdateId::from_u128(*id)]).collect(),
        bundles: bundled.iter().map(|id| identity(*id, 1)).collect(),
        supersedes: Vec::new(),
        core_bytes: 0,
        arrived_at: Timestamp::EPOCH,
    });
    Index::build(entries.collect())
}

fn wanted(ids: &[u128], only_changes: bool) -> Vec<Wanted> {
    ids.iter().map(|id| Wanted { id: UpdateId::from_u128(*id), only_changes }).collect()
}

fn filter(
    categories: &[u128],
    classifications: &[u128],
    after: Option<u64>,
    only_changes: bool,
) -> RevisionFilter {
    RevisionFilter {
        configuration: false,
        after,
        categories: wanted(categories, only_changes),
        classifications: wanted(classifications, only_changes),
    }
}

#[track_caller]
fn check(filter: &RevisionFilter, expected: &[(u128, u32)]) {
    let index = index(&ROWS);
    let listed = revisions(&index, |at| (u64::from(at.0) + 1) * 10, filter);
    let expected: Vec<UpdateIdentity> =
        expected.iter().map(|(id, revision)| identity(*id, *revision)).collect();
    assert_eq!(listed, expected);
}

#[test]
fn the_configuration_is_categories_and_detectoids_with_all_their_revisions() {
    let all = RevisionFilter { configuration: true, ..RevisionFilter::default() };
    let everything =
        [(FAMILY, 1), (WINDOWS_10, 1), (WINDOWS_11, 1), (SECURITY, 1), (DETECTOID, 1), (DETECTOID, 2)];
    check(&all, &everything);
    check(&RevisionFilter { after: Some(50), ..all.clone() }, &[(DETECTOID, 2)]);
    check(&RevisionFilter { after: Some(60), ..all.clone() }, &[]);
    check(&RevisionFilter { categories: wanted(&[WINDOWS_10], false), ..all }, &everything);
}

#[test]
fn without_lists_all_updates_are_selected_and_with_one_list_none() {
    let all = [(FOR_10, 1), (FOR_11, 1), (UNCLASSIFIED, 1), (MEMBER, 1), (BUNDLE, 1), (FOR_10, 2)];
    check(&filter(&[], &[], None, false), &all);
    check(&filter(&[], &[], Some(90), false), &all[3..]);
    check(&filter(&[WINDOWS_10], &[], None, false), &[]);
    check(&filter(&[], &[SECURITY], None, false), &[]);
    check(&filter(&[99], &[SECURITY], None, false), &[]);
}

#[test]
fn a_product_and_a_classification_select_together() {
    check(&filter(&[WINDOWS_10], &[SECURITY], None, false), &[(FOR_10, 1), (FOR_10, 2)]);
    check(&filter(&[SECURITY], &[WINDOWS_10], None, false), &[(FOR_10, 1), (FOR_10, 2)]);
}

#[test]
fn members_come_with_their_bundle() {
    check(&filter(&[WINDOWS_11], &[SECURITY], None, false), &[(FOR_11, 1), (MEMBER, 1), (BUNDLE, 1)]);
    check(&filter(&[WINDOWS_11], &[SECURITY], Some(105), true), &[(MEMBER, 1), (BUNDLE, 1)]);
    check(&filter(&[WINDOWS_11], &[SECURITY], Some(110), true), &[]);
}

#[test]
fn a_family_selects_its_products() {
    check(
        &filter(&[FAMILY], &[SECURITY], None, false),
        &[(FOR_10, 1), (FOR_11, 1), (MEMBER, 1), (BUNDLE, 1), (FOR_10, 2)],
    );
}

#[test]
fn a_list_entry_asks_for_changes_or_for_everything() {
    check(&filter(&[WINDOWS_10], &[SECURITY], Some(70), true), &[(FOR_10, 2)]);
    check(&filter(&[WINDOWS_10], &[SECURITY], Some(70), false), &[(FOR_10, 1), (FOR_10, 2)]);
    let mut grown = filter(&[WINDOWS_10], &[SECURITY], Some(120), true);
    check(&grown, &[]);
    grown.categories.extend(wanted(&[WINDOWS_11], false));
    check(&grown, &[(FOR_11, 1), (MEMBER, 1), (BUNDLE, 1)]);
}

fn approval(id: u128, revision: Option<u32>, action: Option<Action>, stamp: u64) -> Approval {
    Approval {
        id: 1,
        update: UpdateId::from_u128(id),
        group: GroupId::from_u128(1),
        action,
        deadline: None,
        revision,
        changed_at: Timestamp::EPOCH,
        stamp,
    }
}

fn standing(stamp: u64) -> Standing {
    Standing {
        deployment: Guid::from_u128(u128::from(stamp)),
        approval: approval(1, None, Some(Action::Install), stamp),
        by: String::new(),
    }
}

#[track_caller]
fn check_deployments(after: Option<u64>, until: u64, added: &[u64], ended: &[u64]) {
    let all = [10, 20, 30].map(standing).to_vec();
    let dead = [15, 25].map(|stamp| Ended { deployment: Guid::from_u128(u128::from(stamp)), stamp });
    let changes = deployments(all, &dead, after, until);
    assert_eq!(changes.added, added.iter().map(|stamp| standing(*stamp)).collect::<Vec<_>>());
    let ended: Vec<Guid> = ended.iter().map(|stamp| Guid::from_u128(u128::from(*stamp))).collect();
    assert_eq!(changes.ended, ended);
}

#[test]
fn deployments_are_told_between_two_anchors() {
    check_deployments(None, 30, &[10, 20, 30], &[]);
    check_deployments(None, 20, &[10, 20], &[]);
    check_deployments(Some(0), 30, &[10, 20, 30], &[15, 25]);
    check_deployments(Some(10), 20, &[20], &[15]);
    check_deployments(Some(20), 20, &[], &[]);
    check_deployments(Some(30), 20, &[], &[]);
}

#[test]
fn a_new_revision_renews_the_approvals_that_follow_it() {
    let (before, after) = (index(&ROWS[..11]), index(&ROWS));
    let approvals =
        [approval(FOR_10, None, Some(Action::Install), 1), approval(FOR_11, None, Some(Action::Install), 2)];
    assert_eq!(revised(&before, &after, approvals.iter()), [UpdateId::from_u128(FOR_10)].into());
    let pinned = [approval(FOR_10, Some(1), Some(Action::Install), 1), approval(FOR_10, None, None, 2)];
    assert!(revised(&before, &after, pinned.iter()).is_empty());
    assert!(revised(&after, &after, approvals.iter()).is_empty());
}

#[test]
fn deployments_of_one_server_have_guids_of_their_own() {
    let one = deployment_guid(ServerId::from_u128(0x1111_1111_1111_1111_2222_2222_2222_2222), 7);
    assert_eq!(one.to_string(), "11111111-1111-1111-0000-000000000007");
}

#[test]
fn beneath_a_family_stand_its_products() {
    let index = index(&ROWS);
    let beneath = |roots: &[u128]| {
        let roots: Vec<UpdateId> = roots.iter().map(|id| UpdateId::from_u128(*id)).collect();
        and_beneath(&index, &roots)
    };
    let ids = |ids: &[u128]| ids.iter().map(|id| UpdateId::from_u128(*id)).collect::<Vec<_>>();
    assert_eq!(beneath(&[FAMILY]), ids(&[FAMILY, WINDOWS_10, WINDOWS_11]));
    assert_eq!(beneath(&[WINDOWS_10, SECURITY]), ids(&[WINDOWS_10, SECURITY]));
    assert_eq!(beneath(&[999]), []);
}

#[test]
fn a_point_is_one_number() {
    for (epoch, stamp) in [(1, 1), (1, (1 << 33) - 1), ((1 << 30) - 1, 7)] {
        let number = Point { epoch, stamp }.to_number();
        assert!(number < 1 << 63);
        assert_eq!(Point::from_number(number), Point { epoch, stamp });
    }
    let (old, new) = (Point { epoch: 1, stamp: 900 }, Point { epoch: 2, stamp: 5 });
    assert!(old.to_number() < new.to_number());
}

#[test]
fn a_member_that_arrives_after_its_bundle_is_listed_then() {
    let mut rows = ROWS;
    rows.swap(9, 10);
    let index = index(&rows);
    let stamp = |at: RevisionIx| (u64::from(at.0) + 1) * 10;
    let after_the_bundle = filter(&[WINDOWS_11], &[SECURITY], Some(100), true);
    assert_eq!(revisions(&index, stamp, &after_the_bundle), [identity(MEMBER, 1)]);
    let after_both = filter(&[WINDOWS_11], &[SECURITY], Some(110), true);
    assert_eq!(revisions(&index, stamp, &after_both), []);
}
