//! What servers take of the updates above them, where a Microsoft WSUS is on either side.

use std::collections::HashSet;

use headwater_api::linkage::{SubscribedCategory, Subscription};
use headwater_model::UpdateId;
use headwater_wsus_admin::{Category, Error, Identity, Mode, Source, Update};

use super::Answer;
use super::microsoft::{Microsoft, failure, newest};
use super::microsoft_catalogue::CULTURE;

impl Microsoft {
    /// What it takes of the updates above it, where it takes by itself and tells it. The form of the answer was
    /// seen on few servers, and the link does not depend on it: where it is another one, nothing is told.
    pub(super) async fn subscription(&self, identity: &Identity) -> Answer<Option<Subscription>> {
        if identity.mode != Mode::Autonomous || identity.source == Source::MicrosoftUpdate {
            return Ok(None);
        }
        match self.wsus.subscription(CULTURE).await {
            Ok(found) if found.products.is_empty() && found.classifications.is_empty() => Ok(None),
            Ok(found) => Ok(Some(Subscription {
                categories: found.products.into_iter().map(subscribed).collect(),
                classifications: found.classifications.into_iter().map(subscribed).collect(),
            })),
            Err(error) if is_about_this_only(&error) => {
                tracing::warn!(%error, "what the WSUS takes of the updates above it is not known");
                Ok(None)
            }
            Err(error) => Err(failure(error)),
        }
    }

    /// Of its updates it tells the titles of what they belong to, and no ids.
    pub(super) async fn left_out(&self, of: &Subscription) -> Answer<Vec<UpdateId>> {
        let updates = self.catalogue.updates(&self.wsus).await?;
        Ok(left_out(newest(&updates).values().copied(), of))
    }
}

fn is_about_this_only(error: &Error) -> bool {
    use Error::*;
    matches!(error, Refused { .. } | NotPermitted { .. } | Message { .. } | Row { .. } | Value { .. })
}

fn subscribed(category: Category) -> SubscribedCategory {
    SubscribedCategory { id: category.id, title: category.title, is_product: category.is_product }
}

/// The updates that a server with this subscription does not take. What cannot be told by titles is not left out:
/// it is better to name a difference that is none than to hide one.
fn left_out<'a>(updates: impl Iterator<Item = &'a Update> + Clone, of: &Subscription) -> Vec<UpdateId> {
    let families: HashSet<&str> =
        updates.clone().flat_map(|update| &update.families).map(String::as_str).collect();
    // All beneath a family is taken, and which that is the updates must tell.
    let is_told = |one: &SubscribedCategory| {
        one.title.as_deref().is_some_and(|title| one.is_product || families.contains(title))
    };
    let products = titles(&of.categories, is_told);
    let classifications = titles(&of.classifications, |one| one.title.is_some());
    let belongs = |of: &[&[String]], to: &Option<HashSet<&str>>| {
        let mut of = of.iter().copied().flatten().peekable();
        of.peek().is_none() || to.as_ref().is_none_or(|to| of.any(|title| to.contains(title.as_str())))
    };
    let taken = |update: &&Update| {
        belongs(&[&update.products, &update.families], &products)
            && belongs(&[&update.classifications], &classifications)
    };
    updates.filter(|update| !taken(update)).map(|update| update.identity.id).collect()
}

/// The titles of categories; nothing if one of them does not say which updates belong to it.
fn titles(of: &[SubscribedCategory], is_told: impl Fn(&SubscribedCategory) -> bool) -> Option<HashSet<&str>> {
    of.iter().all(is_told).then(|| of.iter().filter_map(|one| one.title.as_deref()).collect())
}

#[cfg(test)]
mod tests {
    use headwater_model::UpdateIdentity;

    use super::*;

    /// An update of these products, families and classifications; those it does not tell of are empty.
    fn update(products: &[&str], families: &[&str], classifications: &[&str]) -> Update {
        let texts = |of: &[&str]| of.iter().map(|text| (*text).to_owned()).collect();
        Update {
            identity: UpdateIdentity { id: UpdateId::from_u128(10), revision: 200 },
            number: None,
            title: None,
            description: None,
            update_type: None,
            kb_articles: Vec::new(),
            bulletins: Vec::new(),
            info_urls: Vec::new(),
            severity: None,
            classifications: texts(classifications),
            products: texts(products),
            families: texts(families),
            created: None,
            arrived: None,
            is_expired: false,
            is_approved: false,
            is_declined: false,
            is_latest_revision: true,
            is_superseded: None,
            has_stale_approvals: None,
            is_infrastructure: None,
            licence: None,
            licence_must_be_accepted: false,
            state: None,
        }
    }

    fn category(title: Option<&str>, is_product: bool) -> SubscribedCategory {
        SubscribedCategory { id: UpdateId::from_u128(1), title: title.map(str::to_owned), is_product }
    }

    #[test]
    fn an_update_is_left_out_where_its_titles_say_so() {
        let both = update(&["Windows 11"], &["Windows"], &["Security Updates"]);
        let untold = update(&["Windows 11"], &[], &["Security Updates"]);
        let bare = update(&[], &[], &[]);
        let security = || vec![category(Some("Security Updates"), false)];
        let (eleven, office) = (category(Some("Windows 11"), true), category(Some("Office"), true));
        let (family, nameless) = (category(Some("Windows"), false), category(None, true));
        let check = |update: &Update, categories: &[&SubscribedCategory], classifications, expected| {
            let categories = categories.iter().map(|one| (*one).clone()).collect();
            let found = left_out(std::iter::once(update), &Subscription { categories, classifications });
            assert_eq!(!found.is_empty(), expected, "{update:?}");
        };
        check(&both, &[&eleven], security(), false);
        check(&both, &[&office], security(), true);
        check(&both, &[&office, &eleven], security(), false);
        check(&both, &[&eleven], vec![category(Some("Drivers"), false)], true);
        // One list alone selects nothing (fact 46).
        check(&both, &[&eleven], vec![], true);
        check(&both, &[], security(), true);
        // A family takes what is beneath it, where the updates say what that is.
        check(&both, &[&family], security(), false);
        check(&update(&["Office"], &["Office suites"], &["Security Updates"]), &[&office], security(), false);
        check(&untold, &[&family], security(), false);
        // What is not known hides nothing.
        check(&untold, &[&office, &nameless], security(), false);
        check(&bare, &[&office], security(), false);
        check(&both, &[&office], vec![category(None, false)], true);
    }
}
