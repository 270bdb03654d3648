//! GetSubscriptionCategories: of which products or classifications it takes updates.

use headwater_model::UpdateId;

use super::row::row;
use super::{ADMINISTRATION, Cell, GenericReadableRow, Time};
use crate::soap::operations;
use crate::soap::record::record;

/// A catalogue has some hundred products.
const CATEGORIES_MAX: usize = 10_000;

record! {
    /// ApiRemoting30 GetSubscriptionCategories
    pub struct GetSubscriptionCategories {
        /// Such as `en`; titles are in it.
        "preferredCulture" => preferred_culture: Option<String>,
        /// Classifications instead of products, families and companies.
        "retrieveUpdateClassifications" => retrieve_update_classifications: bool,
    }

    /// ApiRemoting30 GetSubscriptionCategories, response
    pub struct GetSubscriptionCategoriesResponse {
        /// [`CategoryRow`]s.
        "GetSubscriptionCategoriesResult" => result: Vec<GenericReadableRow> [max CATEGORIES_MAX],
    }
}

operations!(ADMINISTRATION; GetSubscriptionCategories => GetSubscriptionCategoriesResponse);

row! {
    /// ApiRemoting30 GetSubscriptionCategories, result
    ///
    /// Nobody has told the types of the columns that stay cells.
    pub struct CategoryRow: "a category" [12] {
        0 => local_update_id: Cell,
        1 => id: UpdateId,
        /// UpdateClassification, Product, ProductFamily or Company.
        2 => category_type: Option<String>,
        3 => prohibits_subcategories: Cell,
        4 => prohibits_updates: Cell,
        5 => category_index: Cell,
        6 => display_order: Cell,
        7 => title: Option<String>,
        8 => description: Option<String>,
        9 => release_notes: Cell,
        10 => arrival_date: Time,
        11 => update_source: Cell,
    }
}
