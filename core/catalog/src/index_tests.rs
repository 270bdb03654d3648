use super::*;

fn update(n: u128) -> UpdateId {
    UpdateId::from_u128(n)
}

fn entry(id: u128, revision: u32, kind: Kind) -> Entry {
    Entry {
        revision: RevisionId((id * 10) as i32 + revision as i32 % 10),
        identity: UpdateIdentity { id: update(id), revision },
        kind,
        explicitly_deployable: kind == Kind::Software,
        expired: false,
        prerequisites: Vec::new(),
        bundles: Vec::new(),
        supersedes: Vec::new(),
        core_bytes: 100,
        arrived_at: Timestamp::EPOCH,
    }
}

fn complete(index: &Index) -> Vec<u128> {
    index
        .revisions()
        .iter()
        .filter(|revision| revision.complete)
        .map(|revision| u128::from_be_bytes(*revision.identity.id.as_bytes()))
        .collect()
}

#[test]
fn leaves_are_those_that_nothing_requires() {
    let mut software = entry(3, 1, Kind::Software);
    software.prerequisites = vec![vec![update(1)], vec![update(2), update(9)]];
    let index = Index::build(vec![entry(1, 1, Kind::Category), entry(2, 1, Kind::Detectoid), software]);
    let leaves: Vec<bool> = index.updates().iter().map(|update| update.is_leaf).collect();
    assert_eq!(leaves, [false, false, true]);
    assert_eq!(complete(&index), [1, 2, 3]);
}

#[test]
fn what_lacks_a_part_is_incomplete_and_so_is_what_needs_it() {
    let mut bundle = entry(1, 1, Kind::Software);
    bundle.bundles =
        vec![UpdateIdentity { id: update(2), revision: 1 }, UpdateIdentity { id: update(3), revision: 7 }];
    let mut above = entry(4, 1, Kind::Software);
    above.prerequisites = vec![vec![update(1)]];
    let mut either = entry(5, 1, Kind::Software);
    either.prerequisites = vec![vec![update(1), update(2)]];
    let mut orphan = entry(6, 1, Kind::Software);
    orphan.prerequisites = vec![vec![update(77)]];
    let index = Index::build(vec![bundle, entry(2, 1, Kind::Software), above, either, orphan]);
    assert_eq!(complete(&index), [2, 5]);
    assert_eq!(*index.revisions()[0].missing, [update(3)]);
    assert_eq!(*index.revisions()[4].missing, [update(77)]);
}

#[test]
fn a_cycle_is_never_complete() {
    let mut one = entry(1, 1, Kind::Software);
    one.prerequisites = vec![vec![update(2)]];
    let mut two = entry(2, 1, Kind::Software);
    two.prerequisites = vec![vec![update(1)]];
    assert_eq!(complete(&Index::build(vec![one, two])), [0; 0]);
}

#[test]
fn the_newest_complete_revision_is_found() {
    let mut newest = entry(1, 3, Kind::Software);
    newest.bundles = vec![UpdateIdentity { id: update(8), revision: 1 }];
    let index = Index::build(vec![entry(1, 1, Kind::Software), entry(1, 2, Kind::Software), newest]);
    let at = index.update_by_id(update(1)).unwrap();
    let numbers: Vec<u32> =
        index.update(at).revisions.iter().map(|at| index.revision(*at).identity.revision).collect();
    assert_eq!(numbers, [3, 2, 1]);
    assert_eq!(index.revision(index.newest_complete(at).unwrap()).identity.revision, 2);
}

#[test]
fn a_requirement_is_satisfied_clause_by_clause() {
    let mut software = entry(4, 1, Kind::Software);
    software.prerequisites = vec![vec![update(1), update(2)], vec![update(3)]];
    let index = Index::build(vec![
        entry(1, 1, Kind::Detectoid),
        entry(2, 1, Kind::Detectoid),
        entry(3, 1, Kind::Detectoid),
        software,
    ]);
    let wanted = index.revision(index.by_wire_id(41).unwrap()).requirement;
    let satisfied = |installed: &[u32]| {
        let mut bits = Bits::new(index.updates().len());
        installed.iter().for_each(|at| bits.set(*at));
        index.satisfied(&bits).get(wanted.0)
    };
    assert!(!satisfied(&[]));
    assert!(!satisfied(&[0, 1]));
    assert!(!satisfied(&[2]));
    assert!(satisfied(&[1, 2]));
}

#[test]
fn unknown_wire_ids_have_no_revision() {
    let index = Index::build(vec![entry(1, 1, Kind::Category)]);
    for id in [-1, 0, 10, 12, i32::MAX, i32::MIN] {
        assert_eq!(index.by_wire_id(id), None);
    }
    assert_eq!(index.by_wire_id(11), Some(RevisionIx(0)));
}
