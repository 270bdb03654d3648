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
        self.kept.forget()?;
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

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use headwater_api::linkage::{Hold, Revocations};
    use headwater_app::Clock;
    use headwater_link::{Authority, Code, Key, ManagerSide, Party, sign_revocations};
    use headwater_model::Timestamp;
    use rustls::pki_types::CertificateDer;

    use super::*;
    use crate::wsus;

    /// A Linkage that the authority was paired with.
    fn paired(authority: &Authority, folder: &std::path::Path) -> std::sync::Arc<Linkage> {
        let linkage =
            Linkage::open(folder, wsus::nobodys(), Clock::from_fn(|| Timestamp::EPOCH)).expect("opens");
        let code = Code::parse(&linkage.code().expect("a code")).expect("a code");
        let (side, begin) = ManagerSide::begin(&code);
        let finished = side.finish(linkage.pair(&begin), authority, "hq", Timestamp::EPOCH);
        linkage.pair(&finished.expect("pairs").2);
        linkage
    }

    fn list(linkages: &[LinkageId], authority: &Authority) -> SignedRevocations {
        sign_revocations(&Revocations { linkages: linkages.to_vec() }, &authority.key).expect("signs")
    }

    #[tokio::test]
    async fn a_child_that_is_revoked_is_hung_up_on_and_told_why() {
        let folder = tempfile::tempdir().expect("a folder");
        let authority = Authority::generate(Timestamp::EPOCH).expect("an authority");
        let linkage = paired(&authority, folder.path());
        let child = LinkageId::from_u128(7);
        let key = Key::generate().expect("a key").public();
        let term = Term::of_party(Timestamp::EPOCH);
        let shown = authority.certify(Party::Linkage(child), &key, term).expect("a certificate");
        let shown = CertificateDer::from(shown);
        let hold =
            || Hold { linkage: child, below: Vec::new(), reports: Vec::new(), runs: Vec::new(), wait: true };
        let holding = tokio::spawn({
            let (linkage, shown, hold) = (linkage.clone(), shown.clone(), hold());
            async move { linkage.hold(hold, Some(&shown)).await }
        });
        let mut changes = linkage.relay.changes();
        if linkage.relay.reached().is_empty() {
            changes.changed().await.expect("somebody is reached");
        }

        let revoked = list(&[child], &authority);
        linkage.revoke(revoked.clone()).expect("is kept");
        assert_eq!(linkage.relay.reached(), []);
        let told = Handed { orders: Vec::new(), revoked: Some(revoked) };
        let handed = tokio::time::timeout(Duration::from_secs(5), holding).await.expect("ends at once");
        assert_eq!(handed.expect("ends").expect("answers"), told);
        assert_eq!(linkage.hold(hold(), Some(&shown)).await.expect("answers"), told);
        assert_eq!(linkage.relay.reached(), []);
        let trust = linkage.trust().expect("is paired");
        assert_eq!(trust.refused, [Refused { linkage: child, at: Timestamp::EPOCH }]);
        assert!(linkage.revoke(list(&[], &authority)).is_err(), "what was revoked stays so");
    }

    #[test]
    fn only_its_managing_server_revokes_a_linkage() {
        let folder = tempfile::tempdir().expect("a folder");
        let authority = Authority::generate(Timestamp::EPOCH).expect("an authority");
        let linkage = paired(&authority, folder.path());
        let (me, other) = (linkage.id(), LinkageId::from_u128(7));
        let stranger = Authority::generate(Timestamp::EPOCH).expect("an authority");
        assert!(linkage.hear_of_revocation(&list(&[me], &stranger)).is_err());
        assert!(!linkage.hear_of_revocation(&list(&[other], &authority)).expect("reads"));
        assert_eq!((linkage.id(), linkage.revoked_by()), (me, None));

        assert!(linkage.hear_of_revocation(&list(&[other, me], &authority)).expect("reads"));
        assert_ne!(linkage.id(), me);
        assert_eq!(linkage.revoked_by().as_deref(), Some("hq"));
        assert!(linkage.code().is_some());
    }
}
