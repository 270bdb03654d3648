//! Updates, as lists show them. Their documents come from elsewhere (MS-WSUSSS).

use std::collections::HashMap;

use headwater_model::{EulaId, Timestamp, UpdateId, UpdateIdentity};
use headwater_wsus::wsusar::{
    ALL_UPDATES, CategoryTitleRow, CompleteUpdates, DECLINED_UPDATES, ExecuteSPDeleteUpdate,
    ExecuteSPDeleteUpdateByUpdateID, ExecuteSPGetUpdateById, ExecuteSPGetUpdateCount, ExecuteSPSearchUpdates,
    ExecuteSPSimpleSearchUpdates, GenericReadableRow, PUBLISHED_OR_EXPIRED, UpdateRow, UpdateTextRow,
};

use crate::rows::{self, required, revision, text, wrong};
use crate::{Operation, Result, Wsus};

/// A revision of an update, as the server knows it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Update {
    pub identity: UpdateIdentity,
    /// By which the server knows the update. Old servers do not tell it.
    pub number: Option<i32>,
    /// Old servers do not tell it.
    pub title: Option<String>,
    pub description: Option<String>,
    /// Such as `Software` or `Driver`.
    pub update_type: Option<String>,
    /// Numbers without KB.
    pub kb_articles: Vec<String>,
    pub bulletins: Vec<String>,
    pub info_urls: Vec<String>,
    /// Critical, Important, Moderate, Low or Unspecified.
    pub severity: Option<String>,
    pub classifications: Vec<String>,
    pub products: Vec<String>,
    /// Of products, and companies; it is not known whether a server tells those above its products.
    pub families: Vec<String>,
    pub created: Option<Timestamp>,
    pub arrived: Option<Timestamp>,
    pub is_expired: bool,
    pub is_approved: bool,
    pub is_declined: bool,
    pub is_latest_revision: bool,
    pub is_superseded: Option<bool>,
    /// An earlier revision has approvals that this one does not.
    pub has_stale_approvals: Option<bool>,
    /// WSUS needs it for itself.
    pub is_infrastructure: Option<bool>,
    pub licence: Option<EulaId>,
    pub licence_must_be_accepted: bool,
    pub state: Option<UpdateState>,
}

/// How far an update is on the server.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum UpdateState {
    LicenceNotReady,
    InstallationImpossible,
    NotNeeded,
    /// Its files are still missing.
    NotReady,
    Ready,
    Cancelled,
    Failed,
    LicenceFailed,
    Other(i32),
}

impl From<i32> for UpdateState {
    fn from(number: i32) -> Self {
        match number {
            1 => Self::LicenceNotReady,
            2 => Self::InstallationImpossible,
            3 => Self::NotNeeded,
            4 => Self::NotReady,
            5 => Self::Ready,
            6 => Self::Cancelled,
            7 => Self::Failed,
            8 => Self::LicenceFailed,
            other => Self::Other(other),
        }
    }
}

/// The language where an answer has no texts: a server may refuse a call that names none.
const ANY_CULTURE: &str = "en";

pub(crate) fn any_culture() -> Option<String> {
    Some(ANY_CULTURE.to_owned())
}

pub(crate) fn all_updates() -> Option<String> {
    Some(ALL_UPDATES.to_owned())
}

impl Wsus {
    /// All updates, expired and declined ones among them, with titles in a language such as `en`. What is
    /// looked for among them is looked for here: no other scope is known to work.
    pub async fn updates(&self, culture: &str) -> Result<Vec<Update>> {
        type O = ExecuteSPSearchUpdates;
        let operation = O {
            update_scope_xml: all_updates(),
            preferred_culture: Some(culture.to_owned()),
            publication_state: PUBLISHED_OR_EXPIRED,
        };
        read::<O>(required::<O, _>("updates", self.call(&operation).await?.result)?)
    }

    /// One revision. It is not known whether a server that lacks it answers nothing or a refusal.
    pub async fn update(&self, identity: UpdateIdentity, culture: &str) -> Result<Option<Update>> {
        type O = ExecuteSPGetUpdateById;
        let operation = O { preferred_culture: Some(culture.to_owned()), id: Some(identity.into()) };
        let Some(found) = self.call(&operation).await?.result else { return Ok(None) };
        Ok(read::<O>(found)?.into_iter().find(|update| update.identity == identity))
    }

    /// The updates in whose texts `words` stand, as the server finds them; nobody has told how it looks.
    pub async fn search_updates(&self, words: &str, culture: &str) -> Result<Vec<Update>> {
        type O = ExecuteSPSimpleSearchUpdates;
        let operation =
            O { preferred_culture: Some(culture.to_owned()), search_text: Some(words.to_owned()) };
        read::<O>(required::<O, _>("updates", self.call(&operation).await?.result)?)
    }

    /// Deletes an update in all its revisions, by its number if the server told one. What a server says of an
    /// update that others need is not known.
    pub async fn delete_update(&self, update: UpdateId, number: Option<i32>) -> Result<()> {
        match number {
            Some(number) => self.call(&ExecuteSPDeleteUpdate { local_update_id: number }).await.map(drop),
            None => self.call(&ExecuteSPDeleteUpdateByUpdateID { update_id: update }).await.map(drop),
        }
    }

    /// How many updates there are, as in [`Wsus::updates`].
    pub async fn update_count(&self) -> Result<u64> {
        self.count(all_updates()).await
    }

    /// How many updates are declined. The scope is documented, and was seen on no server.
    pub async fn declined_count(&self) -> Result<u64> {
        self.count(Some(DECLINED_UPDATES.to_owned())).await
    }

    async fn count(&self, update_scope_xml: Option<String>) -> Result<u64> {
        type O = ExecuteSPGetUpdateCount;
        let operation =
            O { update_scope_xml, preferred_culture: any_culture(), publication_state: PUBLISHED_OR_EXPIRED };
        let count = self.call(&operation).await?.result;
        u64::try_from(count).map_err(|_| wrong::<O>("count", count))
    }
}

/// Texts by the number of the revision that they belong to.
type Texts = HashMap<i32, Vec<String>>;

fn read<O: Operation>(found: CompleteUpdates) -> Result<Vec<Update>> {
    let mut articles = texts::<O>(&found.kb_articles)?;
    let mut bulletins = texts::<O>(&found.bulletins)?;
    let mut urls = texts::<O>(&found.info_urls)?;
    let CategoryTitles { mut classifications, mut products, mut families } =
        categories::<O>(&found.localized_category_title_rows)?;
    let rows = rows::read::<O, UpdateRow>(&found.minimal_properties)?;
    let take = |texts: &mut Texts, row: &UpdateRow| texts.remove(&row.revision_id).unwrap_or_default();
    let updates = rows.into_iter().map(|row| {
        Ok(Update {
            identity: revision::<O>(row.update_id, row.revision_number)?,
            number: row.local_update_id,
            kb_articles: take(&mut articles, &row),
            bulletins: take(&mut bulletins, &row),
            info_urls: take(&mut urls, &row),
            classifications: take(&mut classifications, &row),
            products: take(&mut products, &row),
            families: take(&mut families, &row),
            title: text(row.title),
            description: text(row.description),
            update_type: text(row.update_type),
            severity: text(row.msrc_severity),
            created: row.creation_date.0,
            arrived: row.arrival_date.0,
            is_expired: required::<O, _>("publication state", row.publication_state)? == 1,
            is_approved: required::<O, _>("approval", row.is_approved)?,
            is_declined: required::<O, _>("decline", row.is_declined)?,
            is_latest_revision: required::<O, _>("latest revision", row.is_latest_revision)?,
            is_superseded: row.is_superseded,
            has_stale_approvals: row.has_stale_update_approvals,
            is_infrastructure: row.is_wsus_infrastructure_update,
            licence: row.eula_id.filter(|id| !id.is_nil()).map(|id| EulaId::from_bytes(*id.as_bytes())),
            licence_must_be_accepted: row.requires_license_agreement_acceptance.unwrap_or_default(),
            state: row.update_state.map(UpdateState::from),
        })
    });
    updates.collect()
}

fn texts<O: Operation>(rows: &[GenericReadableRow]) -> Result<Texts> {
    let mut texts = Texts::new();
    for row in rows::read::<O, UpdateTextRow>(rows)? {
        texts.entry(row.revision_id).or_default().extend(text(row.text));
    }
    Ok(texts)
}

#[derive(Default)]
struct CategoryTitles {
    classifications: Texts,
    products: Texts,
    families: Texts,
}

fn categories<O: Operation>(rows: &[GenericReadableRow]) -> Result<CategoryTitles> {
    let mut titles = CategoryTitles::default();
    for row in rows::read::<O, CategoryTitleRow>(rows)? {
        let texts = match row.category_type.as_str() {
            "UpdateClassification" => &mut titles.classifications,
            "Product" => &mut titles.products,
            "ProductFamily" | "Company" => &mut titles.families,
            _ => continue,
        };
        texts.entry(row.revision_id).or_default().extend(text(row.title));
    }
    Ok(titles)
}
