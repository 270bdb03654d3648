//! Which declined updates can leave the catalogue, and what leaves with them.

use std::collections::{HashMap, HashSet};

use headwater_catalog::{Index, Kind, UpdateIx};
use headwater_model::UpdateId;

/// What is to be deleted, and what cannot be.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Deletion {
    /// In the order of the request.
    pub delete: Vec<UpdateId>,
    /// Parts of them, which nothing else needs and nobody can approve.
    pub parts: Vec<UpdateId>,
    pub kept: Vec<(UpdateId, Kept)>,
    /// The catalogue does not have them.
    pub gone: Vec<UpdateId>,
}

/// Why an update stays.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Kept {
    #[error("categories and detectoids are not deleted: other updates hang on them")]
    NoSoftware,
    #[error("it is not declined")]
    NotDeclined,
    #[error("it is approved")]
    Approved,
    #[error("the update {0}, which stays, requires or bundles it")]
    NeededBy(UpdateId),
}

/// Decides what leaves. Nothing leaves that an update which stays requires, even as one of several, or
/// bundles, in whichever revision.
pub fn decide(
    index: &Index,
    declined: &HashSet<UpdateId>,
    is_approved: impl Fn(UpdateIx) -> bool,
    requested: &[UpdateId],
) -> Deletion {
    let mut deletion = Deletion::default();
    let mut wanted = Vec::new();
    let mut seen = HashSet::new();
    for id in requested.iter().copied().filter(|id| seen.insert(*id)) {
        let Some(at) = index.update_by_id(id) else {
            deletion.gone.push(id);
            continue;
        };
        let kept = match () {
            () if !is_software(index, at) => Some(Kept::NoSoftware),
            () if !declined.contains(&id) => Some(Kept::NotDeclined),
            () if is_approved(at) => Some(Kept::Approved),
            () => None,
        };
        match kept {
            Some(kept) => deletion.kept.push((id, kept)),
            None => wanted.push(at),
        }
    }
    let parts = parts_of(index, &wanted);
    let mut leaving: HashSet<UpdateIx> = wanted.iter().chain(&parts).copied().collect();
    let kept = keep_needed(index, &mut leaving);
    let id = |at: &UpdateIx| index.update(*at).id;
    let needed = |at: &UpdateIx| kept.get(at).map(|by| (id(at), Kept::NeededBy(id(by))));
    deletion.kept.extend(wanted.iter().filter_map(needed));
    deletion.delete = wanted.iter().filter(|at| leaving.contains(at)).map(id).collect();
    deletion.parts = parts.iter().filter(|at| leaving.contains(at)).map(id).collect();
    deletion
}

fn is_software(index: &Index, at: UpdateIx) -> bool {
    matches!(index.revision(index.update(at).revisions[0]).kind, Kind::Software | Kind::Driver)
}

/// What the updates bundle, all the way down, and nobody can approve by itself.
fn parts_of(index: &Index, wanted: &[UpdateIx]) -> Vec<UpdateIx> {
    let mut seen: HashSet<UpdateIx> = wanted.iter().copied().collect();
    let mut open = wanted.to_vec();
    let mut parts = Vec::new();
    while let Some(at) = open.pop() {
        for revision in &index.update(at).revisions {
            for member in &index.revision(*revision).bundles {
                let member = index.revision(*member).update;
                let mut revisions = index.update(member).revisions.iter();
                let stands_alone = revisions.any(|at| index.revision(*at).explicitly_deployable);
                if is_software(index, member) && !stands_alone && seen.insert(member) {
                    parts.push(member);
                    open.push(member);
                }
            }
        }
    }
    parts.sort_unstable();
    parts
}

/// Takes out what those that stay need, until nothing more has to stay; says for whom each stays.
fn keep_needed(index: &Index, leaving: &mut HashSet<UpdateIx>) -> HashMap<UpdateIx, UpdateIx> {
    let mut needs: HashMap<UpdateIx, Vec<UpdateIx>> = HashMap::new();
    for (at, revision) in (0..).map(headwater_catalog::RevisionIx).zip(index.revisions()) {
        for needed in index.dependencies(at).filter(|needed| leaving.contains(needed)) {
            needs.entry(revision.update).or_default().push(needed);
        }
    }
    let mut open: Vec<UpdateIx> = needs.keys().copied().filter(|at| !leaving.contains(at)).collect();
    open.sort_unstable();
    let mut kept = HashMap::new();
    while let Some(stays) = open.pop() {
        for needed in needs.get(&stays).into_iter().flatten() {
            if leaving.remove(needed) {
                kept.insert(*needed, stays);
                open.push(*needed);
            }
        }
    }
    kept
}

#[cfg(test)]
mod tests {
    use headwater_catalog::Entry;
    use headwater_model::{RevisionId, Timestamp, UpdateIdentity};

    use super::*;

    const fn id(number: u128) -> UpdateId {
        UpdateId::from_u128(number)
    }

    fn entry(number: u128, kind: Kind) -> Entry {
        Entry {
            revision: RevisionId(number as i32),
            identity: UpdateIdentity { id: id(number), revision: 1 },
            kind,
            explicitly_deployable: kind == Kind::Software,
            expired: false,
            prerequisites: Vec::new(),
            bundles: Vec::new(),
            supersedes: Vec::new(),
            core_bytes: 10,
            arrived_at: Timestamp::EPOCH,
        }
    }

    fn requiring(number: u128, any_of: &[u128]) -> Entry {
        let prerequisites = vec![any_of.iter().copied().map(id).collect()];
        Entry { prerequisites, ..entry(number, Kind::Software) }
    }

    fn bundling(number: u128, members: &[u128]) -> Entry {
        let bundles = members.iter().map(|member| UpdateIdentity { id: id(*member), revision: 1 }).collect();
        Entry { bundles, ..entry(number, Kind::Software) }
    }

    fn part(number: u128) -> Entry {
        Entry { explicitly_deployable: false, ..entry(number, Kind::Software) }
    }

    /// A detectoid, two plain updates, one that requires the first or the second, bundles that share a part,
    /// and one that bundles a bundle.
    fn index() -> Index {
        Index::build(vec![
            entry(1, Kind::Detectoid),
            entry(2, Kind::Software),
            entry(3, Kind::Software),
            requiring(4, &[2, 3]),
            part(5),
            part(6),
            bundling(7, &[5, 6]),
            bundling(8, &[6]),
            Entry { explicitly_deployable: false, ..bundling(9, &[5]) },
            bundling(10, &[9, 2]),
        ])
    }

    #[track_caller]
    fn check(declined: &[u128], requested: &[u128], delete: &[u128], parts: &[u128], kept: &[(u128, Kept)]) {
        let ids = |numbers: &[u128]| numbers.iter().copied().map(id).collect::<Vec<_>>();
        let index = index();
        let is_approved = |at| index.update(at).id == id(3);
        let found = decide(&index, &ids(declined).into_iter().collect(), is_approved, &ids(requested));
        let kept: Vec<(UpdateId, Kept)> = kept.iter().map(|(number, why)| (id(*number), *why)).collect();
        assert_eq!((found.delete, found.parts, found.kept), (ids(delete), ids(parts), kept));
    }

    #[test]
    fn only_what_is_declined_and_nobody_needs_leaves() {
        check(&[1, 2], &[1], &[], &[], &[(1, Kept::NoSoftware)]);
        check(&[], &[4], &[], &[], &[(4, Kept::NotDeclined)]);
        check(&[3], &[3], &[], &[], &[(3, Kept::Approved)]);
        check(&[4], &[4, 4], &[4], &[], &[]);
        // One of several is needed too; with all that need it, it leaves.
        check(&[2], &[2], &[], &[], &[(2, Kept::NeededBy(id(10)))]);
        check(&[2, 10], &[2, 10], &[10], &[9], &[(2, Kept::NeededBy(id(4)))]);
        check(&[2, 4, 10], &[2, 4, 10], &[2, 4, 10], &[9], &[]);
        // A decline alone does not lift what an update needs.
        check(&[2, 4, 10], &[2, 10], &[10], &[9], &[(2, Kept::NeededBy(id(4)))]);
    }

    #[test]
    fn parts_leave_with_the_last_bundle_that_has_them() {
        check(&[7], &[7], &[7], &[], &[]);
        check(&[7, 8], &[7, 8], &[7, 8], &[6], &[]);
        check(&[2, 4, 7, 8, 10], &[7, 10, 8], &[7, 10, 8], &[5, 6, 9], &[]);
        // A part that somebody declined for itself stays as long as its bundle.
        check(&[5], &[5], &[], &[], &[(5, Kept::NeededBy(id(9)))]);
    }

    #[test]
    fn what_is_not_there_is_said() {
        let found = decide(&index(), &HashSet::new(), |_| false, &[id(99)]);
        assert_eq!((found.gone, found.delete), (vec![id(99)], vec![]));
    }
}
