//! Classifications, companies, product families and products.

use super::{Builder, Clause, Kind};
use crate::census::CLASSIFICATIONS;

impl Builder<'_> {
    /// Categories as the real tree has them: a company, its families, their products. Each slot
    /// has its own families and products.
    pub(super) fn categories(&mut self) {
        let slots = self.census.slots;
        for classification in 0..CLASSIFICATIONS {
            self.add(Kind::Classification(classification), None, Vec::new());
        }
        let companies: Vec<_> =
            (0..self.census.companies).map(|_| self.add(Kind::Company, None, Vec::new())).collect();
        for family in 0..self.census.families {
            // The first company has nearly everything; the other is a local publisher.
            let company = companies[usize::from(family == 1) % companies.len()];
            self.add_gate(Kind::Family, family % slots, vec![Clause::Category(company)]);
        }
        let products = self.census.products;
        for product in 0..products.gates + products.leaves {
            let slot = product % slots;
            let families = self.gates.of_slot(1, slot);
            let family = families[(product / slots) as usize % families.len()];
            let (kind, prerequisites) = (Kind::Product { family }, vec![Clause::Category(family)]);
            if product < products.gates {
                self.add_gate(kind, slot, prerequisites);
            } else {
                self.add(kind, Some(slot), prerequisites);
            }
        }
    }
}
