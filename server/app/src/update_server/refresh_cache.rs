//! RefreshCache ([MS-WUSP] 3.1.5.8): an agent that comes from another server learns our numbers.

use headwater_model::UpdateIdentity;
use headwater_policy::offer::{Offer, OfferAction};

use super::Session;
use crate::error::ClientFault;
use crate::start::App;

/// The most identities of one call; agents send 200 (fact 29).
const IDENTITIES_MAX: usize = 2_000;

/// A revision that is deployed to the agent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Refreshed {
    pub identity: UpdateIdentity,
    pub offer: Offer,
}

impl App {
    /// Those of the revisions that are offered to the agent, but for parts of bundles (fact 29).
    pub fn refresh_cache(
        &self,
        session: &Session,
        identities: &[UpdateIdentity],
    ) -> Result<Vec<Refreshed>, ClientFault> {
        if identities.len() > IDENTITIES_MAX {
            return Err(ClientFault::InvalidParameters("globalIDs"));
        }
        let member = self.registered(session)?;
        let served = self.live.served();
        let view = served.offers.view(&member.groups);
        let index = &served.catalogue.index;
        let found = identities.iter().filter_map(|identity| {
            let at = index.by_identity(*identity).filter(|at| view.serving.is_offered(*at))?;
            let offer = view.offer(index, at);
            let whole = offer.deployment.action != OfferAction::Bundle;
            whole.then_some(Refreshed { identity: *identity, offer })
        });
        Ok(found.collect())
    }
}
