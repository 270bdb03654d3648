//! One run ([MS-WSUSSS] 3.2.4): categories and detectoids, then updates, then decisions.

use std::sync::atomic::Ordering;

use headwater_catalog::{CategoryKind, UpdateIx};
use headwater_model::UpdateId;
use headwater_policy::sync_plan::and_beneath;
use headwater_store::{RunRow, RunStep, UpstreamMode};
use headwater_upstream::{Config, RevisionList, RevisionQuery};

use super::Link;
use super::problem::SyncError;
use crate::admin::chain;
use crate::live::Served;
use crate::start::App;

/// A run that is going.
pub(super) struct Run<'a> {
    pub app: &'a App,
    pub link: &'a Link,
    pub number: i64,
    /// Whether the server above is a Headwater. Of those each update has one deployment for a group, so
    /// changes are enough; of others all deployments are asked for each time, because one that ends
    /// may uncover another that is told no more.
    pub is_headwater: bool,
}

/// What a run took.
#[derive(Debug, Default)]
pub(super) struct Taken {
    /// New revisions.
    pub added: u64,
    pub changed_decisions: u64,
    /// Documents that were kept apart.
    pub quarantined: u64,
    /// Documents that the server announces and does not give. They are asked for again.
    pub refused: usize,
    /// Why the server above was not told of the servers and computers here.
    pub untold: Option<String>,
}

impl Run<'_> {
    /// Takes everything that is new above. A server that forgot what it told before, after a
    /// restore for example, is asked from the beginning.
    pub async fn synchronise(&self) -> Result<Taken, SyncError> {
        match self.take_all().await {
            Err(SyncError::Upstream(error)) if self.is_about_anchors(&error).await? => {
                tracing::warn!(url = self.link.setting.url, "the upstream server is another one than before");
                self.app.store.reset_anchors(self.link.setting.generation).await?;
                self.take_all().await
            }
            done => done,
        }
    }

    async fn is_about_anchors(&self, error: &headwater_upstream::Error) -> Result<bool, SyncError> {
        let has_anchors = self.app.store.upstream_anchors().await?.configuration.is_some();
        let is_other = matches!(error, headwater_upstream::Error::ServerChanged);
        Ok(is_other || has_anchors && error.refuses_parameter())
    }

    async fn take_all(&self) -> Result<Taken, SyncError> {
        let (app, link) = (self.app, self.link);
        let mut taken = Taken::default();
        self.tell(|run| run.step = RunStep::Connecting);
        let config = link.upstream.config().await?;
        link.catalog_only.store(config.catalog_only, Ordering::Relaxed);

        self.tell(|run| run.step = RunStep::Categories);
        let anchors = app.store.upstream_anchors().await?;
        let query =
            RevisionQuery { configuration: true, anchor: anchors.configuration, ..Default::default() };
        let categories = self.take_revisions(&config, &query, &mut taken).await?;
        // Titles in the filter are those of categories that may have come just now.
        if has_names(link) && app.has_unpublished() {
            app.publish_catalogue().await?;
        }

        self.tell(|run| run.step = RunStep::Updates);
        let query = RevisionQuery { anchor: anchors.revisions, ..self.query()? };
        let updates = self.take_revisions(&config, &query, &mut taken).await?;
        if app.has_unpublished() {
            app.publish_catalogue().await?;
        }
        if taken.refused == 0 {
            let generation = link.setting.generation;
            let advanced =
                self.app.store.advance_anchors(&categories.anchor, &updates.anchor, generation).await?;
            if !advanced {
                return Err(SyncError::SettingChanged);
            }
        }

        if link.setting.mode == UpstreamMode::Replica {
            self.tell(|run| run.step = RunStep::Approvals);
            let after = anchors.deployments.as_deref().filter(|_| self.is_headwater);
            taken.changed_decisions = self.take_decisions(after, &updates.anchor).await?;
        }
        *app.downstream.synced() = Some(app.clock.now());
        // Microsoft Update is told of no computers.
        if !config.catalog_only {
            self.tell(|run| run.step = RunStep::Reports);
            taken.untold = app.roll_up(&link.upstream).await.err().map(|error| chain(&error));
        }
        Ok(taken)
    }

    /// Takes the revisions that a query lists and that are not here.
    async fn take_revisions(
        &self,
        config: &Config,
        query: &RevisionQuery,
        taken: &mut Taken,
    ) -> Result<RevisionList, SyncError> {
        let list = self.link.upstream.revisions(query).await?;
        let wanted = self.app.missing(&list.revisions);
        if !wanted.is_empty() {
            self.tell(|run| run.documents_total = Some(run.documents + wanted.len() as u64));
            self.take_documents(wanted, config.updates_per_request_max, taken).await?;
        }
        Ok(list)
    }

    /// Changes what is told of the run.
    pub fn tell(&self, change: impl FnOnce(&mut RunRow)) {
        self.app.downstream.tell(self.number, change);
    }

    fn query(&self) -> Result<RevisionQuery, SyncError> {
        query(self.app, self.link)
    }
}

/// Of which products, with families and companies, and of which classifications a server takes updates.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Subscription {
    pub categories: Vec<UpdateId>,
    pub classifications: Vec<UpdateId>,
}

impl App {
    /// What an autonomous server takes; nothing where it takes all, or its filter names what is not there.
    pub fn subscription(&self) -> Option<Subscription> {
        let link = self.downstream.link().filter(|link| has_names(link))?;
        let RevisionQuery { categories, classifications, .. } = query(self, &link).ok()?;
        Some(Subscription { categories, classifications })
    }

    /// All that there is to take.
    pub fn whole_subscription(&self) -> Subscription {
        let (served, none) = (self.live.served(), &mut Vec::new());
        Subscription {
            categories: categories(&served, &PRODUCTS, &[], none),
            classifications: categories(&served, &CLASSIFICATIONS, &[], none),
        }
    }
}

const PRODUCTS: [CategoryKind; 3] =
    [CategoryKind::Product, CategoryKind::ProductFamily, CategoryKind::Company];
const CLASSIFICATIONS: [CategoryKind; 1] = [CategoryKind::Classification];

/// What the filter of the setting asks for.
fn query(app: &App, link: &Link) -> Result<RevisionQuery, SyncError> {
    let filter = &link.setting.filter;
    let mut query = RevisionQuery { languages: filter.languages.clone(), ..Default::default() };
    if !has_names(link) {
        return Ok(query);
    }
    let served = app.live.served();
    let mut unknown = Vec::new();
    let products = categories(&served, &PRODUCTS, &filter.products, &mut unknown);
    query.classifications = categories(&served, &CLASSIFICATIONS, &filter.classifications, &mut unknown);
    if !unknown.is_empty() {
        return Err(SyncError::Filter(unknown));
    }
    query.categories = and_beneath(&served.catalogue.index, &products);
    Ok(query)
}

/// Whether a filter of products or classifications is set. A replica has what its upstream server
/// has.
fn has_names(link: &Link) -> bool {
    let filter = &link.setting.filter;
    let is_limited = !filter.products.is_empty() || !filter.classifications.is_empty();
    is_limited && link.setting.mode == UpstreamMode::Autonomous
}

/// The categories of these kinds that are named by title or id, without regard to case; all if none
/// is named, because one list alone selects nothing (fact 46).
fn categories(
    served: &Served,
    kinds: &[CategoryKind],
    names: &[String],
    unknown: &mut Vec<String>,
) -> Vec<UpdateId> {
    let catalogue = &served.catalogue;
    let all = (0..catalogue.index.updates().len() as u32).map(UpdateIx).filter_map(|at| {
        let card = catalogue.card(served.newest(at));
        let is_wanted = card.category.is_some_and(|kind| kinds.contains(&kind));
        is_wanted.then(|| (catalogue.index.update(at).id, card.title.to_lowercase()))
    });
    let all: Vec<(UpdateId, String)> = all.collect();
    if names.is_empty() {
        return all.into_iter().map(|(id, _)| id).collect();
    }
    let mut found = Vec::new();
    for name in names {
        let (id, title) = (name.trim().parse::<UpdateId>().ok(), name.trim().to_lowercase());
        let named = all.iter().filter(|one| Some(one.0) == id || one.1 == title).map(|one| one.0);
        let before = found.len();
        found.extend(named);
        if found.len() == before {
            unknown.push(name.clone());
        }
    }
    found
}
