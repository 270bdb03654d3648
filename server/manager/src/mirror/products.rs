//! Which products the computers have, beside the lists, which do not tell them.

use std::collections::HashMap;

use headwater_api::ComputerSummary;
use headwater_model::{ClientId, ServerId};
use headwater_tree::computer::{Computer, Products};
use serde::{Deserialize, Serialize};

/// Of those of whom it is known. Computers with the same products share them.
pub(crate) type ProductsOf = HashMap<ClientId, Products>;

/// What the server that a computer reports to tells; of one that was not read now it is what was known before.
pub(super) fn read(computers: &[ComputerSummary], told: &[Computer], before: &ProductsOf) -> ProductsOf {
    let told: HashMap<(ServerId, &ClientId), Option<&Products>> =
        told.iter().map(|one| ((one.server, &one.client), one.products.as_ref())).collect();
    let of = |computer: &ComputerSummary| {
        let home = computer.server.as_ref()?.id;
        let products = match told.get(&(home, &computer.id)) {
            Some(told) => *told,
            None => before.get(&computer.id),
        };
        Some((computer.id.clone(), products?.clone()))
    };
    computers.iter().filter_map(of).collect()
}

/// The same as it is kept: what many have together once, and where it stands for each.
#[derive(Default, Serialize, Deserialize)]
pub(super) struct Kept {
    sets: Vec<Vec<String>>,
    computers: Vec<(String, u32)>,
}

impl Kept {
    pub fn of(products: &ProductsOf) -> Self {
        let mut kept = Self::default();
        let mut places: HashMap<&Products, u32> = HashMap::new();
        for (client, products) in products {
            let place = *places.entry(products).or_insert_with(|| {
                kept.sets.push(products.titles().map(str::to_owned).collect());
                kept.sets.len() as u32 - 1
            });
            kept.computers.push((client.to_string(), place));
        }
        kept
    }

    pub fn products(self) -> ProductsOf {
        let sets: Vec<Products> = self.sets.into_iter().map(Products::new).collect();
        let of =
            |(client, place): (String, u32)| Some((client.parse().ok()?, sets.get(place as usize)?.clone()));
        self.computers.into_iter().filter_map(of).collect()
    }
}

#[cfg(test)]
mod tests {
    use headwater_api::ServerRef;

    use super::*;
    use crate::known::sample_computer_at;
    use crate::mirror::sample_computer;

    fn client(id: &str) -> ClientId {
        id.parse().expect("an id")
    }

    #[test]
    fn the_server_that_a_computer_reports_to_tells_its_products() {
        let (hq, branch) = (ServerId::from_u128(1), ServerId::from_u128(2));
        let listed = |id: &str, home: ServerId| ComputerSummary {
            server: Some(ServerRef { id: home, name: "a server".to_owned() }),
            ..sample_computer(id, id)
        };
        let told = |server: ServerId, id: &str, products: Option<&str>| Computer {
            products: products.map(|title| Products::new([title])),
            ..sample_computer_at(server, id)
        };
        let computers = [listed("a", hq), listed("b", hq), listed("c", branch), listed("d", branch)];
        // Of the first another server tells something older, of the second its own tells nothing any more, and
        // the branch was not read.
        let told =
            [told(branch, "a", Some("Office 2010")), told(hq, "a", Some("Office 2016")), told(hq, "b", None)];
        let before = ["b", "c"].map(|id| (client(id), Products::new(["Windows 11"])));
        let read = read(&computers, &told, &before.into());
        let expected = [("a", "Office 2016"), ("c", "Windows 11")];
        let expected = expected.map(|(id, title)| (client(id), Products::new([title])));
        assert_eq!(read, ProductsOf::from(expected));

        let kept = Kept::of(&read);
        assert_eq!(kept.products(), read);
    }

    #[test]
    fn what_many_have_is_kept_once() {
        let both = Products::new(["Windows 11", "Office 2016"]);
        let of = |id: &str, products: &Products| (client(id), products.clone());
        let products = ProductsOf::from([of("a", &both), of("b", &both), of("c", &Products::default())]);
        let mut kept = Kept::of(&products);
        assert_eq!((kept.sets.len(), kept.computers.len()), (2, 3));
        // What names a set that is not there is not known.
        kept.computers.push(("d".to_owned(), 2));
        assert_eq!(kept.products(), products);
    }
}
