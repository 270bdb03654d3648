//! Which products a computer has, by its own scan (fact 66).

use headwater_catalog::{Bits, Index};
use headwater_model::UpdateId;

/// The products among what an agent lists as installed, in order; nothing where that does not say which it has.
///
/// `products` are the categories of that kind, by their position in the index; `others` is whether the agent
/// lists anything else. A list is whole in the last call of an unfiltered scan only.
pub fn installed(
    index: &Index,
    products: &Bits,
    installed_non_leaf: &[i32],
    others: bool,
) -> Option<Vec<UpdateId>> {
    let lists_its_cache = others || !installed_non_leaf.is_empty();
    if !lists_its_cache || products.count() == 0 {
        return None;
    }
    let updates =
        installed_non_leaf.iter().filter_map(|id| Some(index.revision(index.by_wire_id(*id)?).update));
    let mut found: Vec<UpdateId> =
        updates.filter(|at| products.get(at.0)).map(|at| index.update(at).id).collect();
    found.sort_unstable();
    found.dedup();
    Some(found)
}

#[cfg(test)]
mod tests {
    use headwater_catalog::{Entry, Kind};
    use headwater_model::{RevisionId, Timestamp, UpdateIdentity};

    use super::*;

    const FAMILY: UpdateId = UpdateId::from_u128(1);
    const WINDOWS: UpdateId = UpdateId::from_u128(2);
    const OFFICE: UpdateId = UpdateId::from_u128(3);
    const DETECTOID: UpdateId = UpdateId::from_u128(4);

    /// A family, two products of which one is here in two revisions, and a detectoid.
    fn index() -> Index {
        let entry = |wire: i32, id: UpdateId, revision, kind| Entry {
            revision: RevisionId(wire),
            identity: UpdateIdentity { id, revision },
            kind,
            explicitly_deployable: false,
            expired: false,
            prerequisites: vec![],
            bundles: vec![],
            supersedes: vec![],
            core_bytes: 1,
            arrived_at: Timestamp::EPOCH,
        };
        Index::build(vec![
            entry(11, FAMILY, 1, Kind::Category),
            entry(12, OFFICE, 1, Kind::Category),
            entry(13, WINDOWS, 1, Kind::Category),
            entry(14, OFFICE, 100, Kind::Category),
            entry(15, DETECTOID, 1, Kind::Detectoid),
        ])
    }

    #[test]
    fn the_products_of_a_scan_are_what_it_lists_of_that_kind() {
        let index = index();
        let products =
            Bits::from_fn(index.updates().len(), |at| [WINDOWS, OFFICE].contains(&index.updates()[at].id));
        let check = |installed_non_leaf: &[i32], others: bool, expected: Option<&[UpdateId]>| {
            let found = installed(&index, &products, installed_non_leaf, others);
            assert_eq!(found.as_deref(), expected, "{installed_non_leaf:?} {others}");
        };
        check(&[15, 11, 14, 13], false, Some(&[WINDOWS, OFFICE]));
        // Either revision is the product, and repeating it adds nothing.
        check(&[14, 12, 12], true, Some(&[OFFICE]));
        // A family, a detectoid, and ids that are not of here.
        check(&[11, 15, 0, -1, 99, i32::MAX], false, Some(&[]));
        // It lists what it looked at, and none of that is installed.
        check(&[], true, Some(&[]));
        check(&[], false, None);
        let no_products = Bits::new(index.updates().len());
        assert_eq!(installed(&index, &no_products, &[11], true), None);
    }
}
