//! How trust goes on after the pairing: this Linkage's certificate, and the Linkages that were revoked.

use std::sync::PoisonError;

use headwater_api::linkage::{Handed, Refused, Renewal, SignedRevocations, Trust};
use headwater_link::{Term, open_revocations};
use headwater_model::LinkageId;

use crate::{Linkage, LinkageError};

fn refused(reason: impl ToString) -> LinkageError {
    LinkageError::Refused(reason.to_string())
}

fn no_manager() -> LinkageError {
    refused("this Linkage has no managing server")
}

impl Linkage {
    pub(crate) fn trust(&self) -> Result<Trust, LinkageError> {
        let paired = self.state.paired().ok_or_else(no_manager)?;
        let Term { from, until } = Term::read(&paired.certificate).map_err(refused)?;
        let tries = self.refused.lock().unwrap_or_else(PoisonError::into_inner);
        let mut refused: Vec<Refused> =
            tries.iter().map(|(linkage, at)| Refused { linkage: *linkage, at: *at }).collect();
        refused.sort_by_key(|one| one.linkage);
        Ok(Trust { from, until, revocations: self.state.revocations(), refused })
    }

    /// Keeps another certificate, and shows it on every connection from now on.
    pub(crate) fn renew(&self, renewal: &Renewal) -> Result<(), LinkageError> {
        let paired = self.state.paired().ok_or_else(no_manager)?;
        let renewed = paired.renewed(renewal, self.id(), &self.state.key(), self.clock.now());
        self.state.renew(renewed.map_err(refused)?)?;
        self.serve_anew()?;
        tracing::info!("the managing server renewed the certificate of this Linkage");
        Ok(())
    }

    /// Keeps the list of the revoked, and hangs up on those that are on it.
    pub(crate) fn revoke(&self, signed: SignedRevocations) -> Result<(), LinkageError> {
        let paired = self.state.paired().ok_or_else(no_manager)?;
        let list = open_revocations(&signed, &paired.manager_key).map_err(refused)?;
        let revoked = list.linkages.clone();
        if !self.state.revoke(signed, list)? {
            return Err(refused("the list of revoked Linkages lacks one that was revoked before"));
        }
        self.relay.forget(&revoked);
        Ok(())
    }

    /// What is said to a Linkage that was revoked; nothing to others.
    pub(crate) fn refuse_revoked(&self, child: LinkageId) -> Option<Handed> {
        if !self.state.is_revoked(child) {
            return None;
        }
        let mut tries = self.refused.lock().unwrap_or_else(PoisonError::into_inner);
        if tries.insert(child, self.clock.now()).is_none() {
            tracing::warn!(linkage = %child, "a Linkage that was revoked tries to connect, and is refused");
        }
        Some(Handed { orders: Vec::new(), revoked: self.state.revocations() })
    }

    /// Begins anew if the managing server's own list says that this Linkage was revoked. Others may say what
    /// they like.
    pub(crate) fn hear_of_revocation(&self, signed: &SignedRevocations) -> Result<bool, LinkageError> {
        let paired = self.state.paired().ok_or_else(no_manager)?;
        let list = open_revocations(signed, &paired.manager_key).map_err(refused)?;
        if !list.linkages.contains(&self.id()) {
            return Ok(false);
        }
        self.state.begin_anew(Some(paired.manager.clone()))?;
        self.wait_for_a_manager()?;
        tracing::error!(
            manager = paired.manager,
            "this Linkage was revoked and does nothing for the managing server any more; if that is not meant to \
             last, pair it anew there with `headwater wsus pair` and the code that `headwater linkage code` shows"
        );
        Ok(true)
    }
}
