//! Of which products and classifications a server takes updates.

use headwater_model::UpdateId;
use headwater_wsus::wsusar::{CategoryRow, GetSubscriptionCategories};

use crate::rows::{self, text};
use crate::{Result, Wsus};

/// What a server takes: updates of one of these products that are of one of these classifications.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Subscription {
    /// Products, families of products and companies.
    pub products: Vec<Category>,
    pub classifications: Vec<Category>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Category {
    pub id: UpdateId,
    pub title: Option<String>,
    /// Whether it is a product, and no family or company with products beneath it, nor a classification.
    pub is_product: bool,
}

impl From<CategoryRow> for Category {
    fn from(row: CategoryRow) -> Self {
        let is_product = row.category_type.as_deref() == Some("Product");
        Self { id: row.id, title: text(row.title), is_product }
    }
}

impl Wsus {
    /// What the server takes from the one above it, with titles in a language such as `en`.
    pub async fn subscription(&self, culture: &str) -> Result<Subscription> {
        Ok(Subscription {
            products: self.subscribed(culture, false).await?,
            classifications: self.subscribed(culture, true).await?,
        })
    }

    async fn subscribed(&self, culture: &str, classifications: bool) -> Result<Vec<Category>> {
        type O = GetSubscriptionCategories;
        let operation = O {
            preferred_culture: Some(culture.to_owned()),
            retrieve_update_classifications: classifications,
        };
        let rows = self.call(&operation).await?.result;
        Ok(rows::read::<O, CategoryRow>(&rows)?.into_iter().map(Category::from).collect())
    }
}
