//! Updates with their texts, as several sets of rows.

use super::{GenericReadableRow, ROWS_MAX};
use crate::soap::record::record;

record! {
    /// ApiRemoting30 CompleteUpdates
    #[derive(Default)]
    pub struct CompleteUpdates {
        /// [`super::UpdateRow`]s.
        "minimalProperties" => minimal_properties: Vec<GenericReadableRow> [max ROWS_MAX],
        /// [`super::CategoryTitleRow`]s.
        "localizedCategoryTitleRows" => localized_category_title_rows: Vec<GenericReadableRow> [max ROWS_MAX],
        /// [`super::UpdateTextRow`]s, as those that follow.
        "kbArticles" => kb_articles: Vec<GenericReadableRow> [max ROWS_MAX],
        "bulletins" => bulletins: Vec<GenericReadableRow> [max ROWS_MAX],
        "infoUrls" => info_urls: Vec<GenericReadableRow> [max ROWS_MAX],
    }
}
