//! StartCategoryScan ([MS-WUSP] 3.1.5.6). It is called without a cookie (fact 17).

use std::collections::BTreeMap;

use headwater_catalog::CategoryKind;
use headwater_model::UpdateId;

use crate::error::ClientFault;
use crate::start::App;

/// From so many categories on a request is refused (fact 56).
const CATEGORIES_REFUSED_FROM: usize = 200;

/// One category of a request; those of the same group belong together.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CategoryRelationship {
    pub group: i32,
    pub category: UpdateId,
}

/// The categories to scan by, and those that are not known here.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct CategoryScan {
    pub preferred: Vec<UpdateId>,
    pub unknown: Vec<UpdateId>,
}

impl App {
    /// Chooses the categories by which an agent limits its scan: of each group the product.
    pub fn start_category_scan(
        &self,
        requested: &[CategoryRelationship],
    ) -> Result<CategoryScan, ClientFault> {
        if requested.len() >= CATEGORIES_REFUSED_FROM {
            return Err(ClientFault::InvalidParameters("requestedCategories"));
        }
        let served = self.live.served();
        let kind = |id: UpdateId| {
            let update = served.catalogue.index.update_by_id(id)?;
            served.catalogue.card(served.catalogue.index.update(update).revisions[0]).category
        };
        Ok(choose(requested, kind))
    }
}

fn choose(
    requested: &[CategoryRelationship],
    kind: impl Fn(UpdateId) -> Option<CategoryKind>,
) -> CategoryScan {
    let mut scan = CategoryScan::default();
    let mut groups: BTreeMap<i32, Vec<UpdateId>> = BTreeMap::new();
    for asked in requested {
        groups.entry(asked.group).or_default().push(asked.category);
        if kind(asked.category).is_none() && !scan.unknown.contains(&asked.category) {
            scan.unknown.push(asked.category);
        }
    }
    groups.retain(|_, categories| categories.iter().all(|id| kind(*id).is_some()));
    for categories in groups.values() {
        let classification = |id: &UpdateId| kind(*id) == Some(CategoryKind::Classification);
        let (classifications, products): (Vec<UpdateId>, Vec<UpdateId>) =
            categories.iter().copied().partition(classification);
        match (&*products, &*classifications) {
            ([product], [] | [_]) => {
                if !scan.preferred.contains(product) {
                    scan.preferred.push(*product);
                }
            }
            _ => {
                scan.preferred.clear();
                return scan;
            }
        }
    }
    scan
}

#[cfg(test)]
mod tests {
    use super::*;

    const PRODUCT: UpdateId = UpdateId::from_u128(1);
    const OTHER: UpdateId = UpdateId::from_u128(2);
    const SECURITY: UpdateId = UpdateId::from_u128(3);
    const UNKNOWN: UpdateId = UpdateId::from_u128(9);

    #[track_caller]
    fn check(requested: &[(i32, UpdateId)], preferred: &[UpdateId], unknown: &[UpdateId]) {
        let requested: Vec<CategoryRelationship> = requested
            .iter()
            .map(|(group, category)| CategoryRelationship { group: *group, category: *category })
            .collect();
        let scan = choose(&requested, |id| match id {
            PRODUCT | OTHER => Some(CategoryKind::Product),
            SECURITY => Some(CategoryKind::Classification),
            _ => None,
        });
        assert_eq!((&*scan.preferred, &*scan.unknown), (preferred, unknown));
    }

    #[test]
    fn the_product_of_each_group_is_preferred() {
        check(&[(0, PRODUCT)], &[PRODUCT], &[]);
        check(&[(0, PRODUCT), (0, SECURITY), (1, OTHER)], &[PRODUCT, OTHER], &[]);
        check(&[(0, PRODUCT), (1, UNKNOWN), (1, OTHER)], &[PRODUCT], &[UNKNOWN]);
        check(&[(0, PRODUCT), (1, OTHER), (1, PRODUCT)], &[], &[]);
        check(&[(0, PRODUCT), (1, SECURITY)], &[], &[]);
    }
}
