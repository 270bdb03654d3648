//! What is wanted and not here.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use headwater_catalog::RevisionIx;
use headwater_model::Sha1Digest;
use headwater_policy::content::{Absent, is_for, wanted};
use headwater_policy::licence;
use headwater_store::AbsentFile;

use super::{ContentSettings, Express};
use crate::catalogue::CardFile;
use crate::downstream_server::Link;
use crate::error::AppError;
use crate::live::Served;
use crate::start::App;

/// A file that should be here and is not.
#[derive(Debug, Clone)]
pub(super) struct WantedFile {
    pub file: CardFile,
    pub known: AbsentFile,
    /// The upstream server, if it has content.
    pub above: Option<Arc<Link>>,
}

impl WantedFile {
    pub fn absent(&self) -> Absent {
        Absent { has_source: self.above.is_some() || self.known.source.is_some(), last: self.known.last }
    }
}

impl App {
    /// The files that should be here and are not, with what is known of them.
    pub(super) async fn wanted_content(&self) -> Result<Vec<WantedFile>, AppError> {
        let requested = self.store.requested_files().await?;
        let absent: Vec<CardFile> = {
            let served = self.live.served();
            let files = wanted_files(&served, &self.settings.content, &requested);
            files.into_iter().filter(|file| !self.content.holds(file)).cloned().collect()
        };
        let digests: Vec<Sha1Digest> = absent.iter().map(|file| file.sha1).collect();
        let known = self.store.absent_files(&digests).await?;
        let mut known: HashMap<Sha1Digest, AbsentFile> =
            known.into_iter().map(|file| (file.sha1, file)).collect();
        let above = self.downstream.link().filter(|link| link.has_content());
        let unheard = |sha1| AbsentFile { sha1, source: None, last: None, because: None };
        let files = absent.into_iter().map(|file| {
            let known = known.remove(&file.sha1).unwrap_or_else(|| unheard(file.sha1));
            WantedFile { file, known, above: above.clone() }
        });
        Ok(files.collect())
    }
}

/// The files that should be here, each once: licence terms, those of the wanted revisions in the wanted languages, and
/// those that lower servers asked for.
fn wanted_files<'s>(
    served: &'s Served,
    settings: &ContentSettings,
    requested: &[Sha1Digest],
) -> Vec<&'s CardFile> {
    let catalogue = &served.catalogue;
    let revisions = wanted(&served.offers, settings.mode);
    let cards = revisions.iter().map(|at| catalogue.card(RevisionIx(at)));
    let files =
        cards.filter(|card| is_for(&card.languages, &settings.languages)).flat_map(|card| &card.files);
    let files = files.filter(|file| !file.is_express || settings.express == Express::Hold);
    let mut seen = HashSet::new();
    licence::shown(&served.offers)
        .filter_map(|at| catalogue.card(at).licence.as_ref())
        .flat_map(|licence| licence.kept(&settings.languages))
        .chain(files)
        .map(|file| file.sha1)
        .chain(requested.iter().copied())
        .filter(|sha1| seen.insert(*sha1))
        .filter_map(|sha1| catalogue.file(sha1))
        .collect()
}
