//! StartCategoryScan: which categories a client may synchronize alone.

use headwater_model::UpdateId;

use super::CLIENT;
use crate::soap::operations;
use crate::soap::record::record;

record! {
    /// [MS-WUSP] 2.2.2.2.8 StartCategoryScan, request
    ///
    /// It has no cookie (fact 17).
    pub struct StartCategoryScan {
        /// From 200 on the request is refused (fact 56), by whoever answers it.
        "requestedCategories" => requested_categories: Vec<CategoryRelationship>,
    }

    /// [MS-WUSP] 2.2.2.2.8 StartCategoryScan, response
    pub struct StartCategoryScanResponse {
        "preferredCategoryIds" => preferred_category_ids: Vec<UpdateId>,
        /// The categories that the server does not know.
        "requestedCategoryIdsInError" => requested_category_ids_in_error: Vec<UpdateId>
            [max crate::soap::ENTRIES_MAX, omit blank],
    }

    /// [MS-WUSP] 2.2.2.2.8 CategoryRelationship
    pub struct CategoryRelationship: "CategoryRelationship" {
        /// Categories of one group are joined by *and*, groups by *or*.
        "IndexOfAndGroup" => index_of_and_group: i32,
        "CategoryId" => category_id: UpdateId,
    }
}

operations!(CLIENT; StartCategoryScan => StartCategoryScanResponse);
