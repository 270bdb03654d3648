//! SyncUpdates ([MS-WUSP] 3.1.5.7): a page of what an agent needs.

use std::sync::Arc;

use headwater_fragments::{Location, PackedText};
use headwater_model::{ClientId, ProtocolVersion, Sha256Digest, UpdateId};
use headwater_policy::offer::{Answer, Scan, decide};
use headwater_policy::products;
use headwater_policy::snapshot::Member;
use ring::digest::{Context, SHA256};

use super::{Session, Token};
use crate::cookie::{Cookie, Purpose};
use crate::error::{AppError, ClientFault};
use crate::live::Served;
use crate::start::App;

/// The most ids of installed revisions that others require (fact 20).
const INSTALLED_NON_LEAF_MAX: usize = 400;

/// What an agent sends.
#[derive(Debug, Default)]
pub struct SyncRequest<'a> {
    pub installed_non_leaf: &'a [i32],
    pub other_cached: &'a [i32],
    pub cached_drivers: &'a [i32],
    /// A pass for drivers, not for software.
    pub skip_software: bool,
    pub has_system_spec: bool,
    pub filter: &'a [UpdateId],
    pub two_groups: bool,
}

/// What an agent gets.
#[derive(Debug)]
pub struct Page {
    pub answer: Answer,
    /// The Core fragments of `answer.new`, in their order.
    pub cores: Vec<PackedText>,
    pub cookie: Token,
    pub protocol: ProtocolVersion,
    /// Whether a driver pass would bring nothing.
    pub driver_sync_not_needed: bool,
}

impl App {
    pub async fn sync_updates(
        &self,
        session: &Session,
        request: &SyncRequest<'_>,
    ) -> Result<Page, ClientFault> {
        if request.installed_non_leaf.len() > INSTALLED_NON_LEAF_MAX {
            return Err(ClientFault::InvalidParameters("parameters.InstalledNonLeafUpdateIDs"));
        }
        if request.has_system_spec && !request.skip_software {
            return Err(ClientFault::InvalidParameters("parameters.SystemSpec"));
        }
        let member = self.registered(session)?;
        if request.skip_software {
            return self.driver_pass(session, request);
        }
        let (answer, locations) = {
            let served = self.live.served();
            let view = served.offers.view(&member.groups);
            let scan = Scan {
                installed_non_leaf: request.installed_non_leaf,
                other_cached: request.other_cached,
                filter: request.filter,
                two_groups: request.two_groups,
                watermark: session.cookie.watermark,
                membership: session.cookie.membership,
                membership_stamp: member.stamp,
            };
            let answer = decide(&served.offers, &view, &scan, self.settings.page);
            if answer.finished {
                self.note_products(&session.cookie.client, &member, &served, request);
            }
            let locations: Option<Vec<Location>> =
                answer.new.iter().map(|offer| served.catalogue.location(offer.at).copied()).collect();
            (answer, locations.ok_or(AppError::Internal("a revision has no fragments"))?)
        };
        let cores = self.cores(locations).await?;
        self.writer.contact(&session.cookie.client, session.now, answer.finished);
        if answer.finished && session.cookie.watermark < answer.watermark {
            tracing::info!(
                computer = %session.cookie.client, cached = request.installed_non_leaf.len() + request.other_cached.len(),
                changed = answer.changed.len(), out_of_scope = answer.out_of_scope.len(), "scanned"
            );
        }
        Ok(Page {
            cookie: self.renew(session, &answer)?,
            protocol: session.cookie.protocol,
            driver_sync_not_needed: !request.filter.is_empty(),
            answer,
            cores,
        })
    }

    /// Hands on which products the computer has, where that is not what is known of it.
    fn note_products(&self, client: &ClientId, member: &Member, served: &Served, request: &SyncRequest<'_>) {
        let catalogue = &served.catalogue;
        let others = !request.other_cached.is_empty();
        let found =
            products::installed(&catalogue.index, &catalogue.products, request.installed_non_leaf, others);
        let Some(found) = found else { return };
        let digest = digest(&found);
        if member.products != Some(digest) {
            self.writer.products(client, digest, found);
        }
    }

    /// No driver is in scope yet: the answer is the one that a WSUS without drivers gives (fact 26).
    fn driver_pass(&self, session: &Session, request: &SyncRequest<'_>) -> Result<Page, ClientFault> {
        let Cookie { watermark, membership, .. } = session.cookie;
        let out_of_scope = request.cached_drivers.to_vec();
        let answer = Answer { out_of_scope, watermark, membership, ..Answer::default() };
        Ok(Page {
            cookie: self.renew(session, &answer)?,
            protocol: session.cookie.protocol,
            driver_sync_not_needed: true,
            answer,
            cores: Vec::new(),
        })
    }

    /// The cookie with what the agent knows now and the same end (fact 14).
    fn renew(&self, session: &Session, answer: &Answer) -> Result<Token, ClientFault> {
        let Answer { watermark, membership, .. } = *answer;
        self.seal(Purpose::Client, &Cookie { watermark, membership, ..session.cookie.clone() })
    }

    async fn cores(&self, locations: Vec<Location>) -> Result<Vec<PackedText>, AppError> {
        if locations.is_empty() {
            return Ok(Vec::new());
        }
        let fragments = Arc::clone(&self.fragments);
        let read = move || {
            let read = |location: &Location| {
                let mut packed = Vec::new();
                fragments.core(location, &mut packed)?;
                Ok::<_, AppError>(PackedText { plain_bytes: location.core_bytes, packed })
            };
            locations.iter().map(read).collect::<Result<Vec<_>, _>>()
        };
        let cores = tokio::task::spawn_blocking(read).await;
        cores.map_err(|_| AppError::Internal("reading fragments was stopped"))?
    }
}

fn digest(products: &[UpdateId]) -> Sha256Digest {
    let mut digest = Context::new(&SHA256);
    products.iter().for_each(|id| digest.update(id.as_bytes()));
    let mut bytes = [0; 32];
    bytes.copy_from_slice(digest.finish().as_ref());
    Sha256Digest(bytes)
}
