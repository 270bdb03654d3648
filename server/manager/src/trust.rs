//! How trust goes on after the pairing: certificates are renewed by themselves, and whoever was revoked stays so.

use std::collections::{HashMap, HashSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use arc_swap::ArcSwap;
use headwater_api::linkage::{About, ROOT, Revocations, SignedRevocations};
use headwater_link::{
    Authority, Identity, Key, Party, PublicKey, Stage, Term, open_revocations, sign_revocations,
};
use headwater_model::{LinkageId, Timestamp, chain};
use headwater_store::LinkageRow;

use crate::ask::{PATIENCE, Way, not_reached};
use crate::tree::{must_be_understood, must_speak_alike};
use crate::{Manager, ManagerError};

/// How often a Linkage that stays connected is looked at: a day of a term of months is early enough, and an hour
/// is soon enough for one that could not be renewed.
const LOOK_EVERY_SECONDS: i64 = 3_600;

/// What is known of the Linkages' trust while the managing server runs.
#[derive(Default)]
pub(crate) struct Trust {
    revoked: ArcSwap<HashSet<LinkageId>>,
    looks: Mutex<HashMap<LinkageId, Look>>,
}

/// What came of looking at a Linkage that has been connected since.
struct Look {
    at: Timestamp,
    /// Why it could not be renewed, or told of those that were revoked.
    failed: Option<String>,
}

/// A key and a certificate that the managing server shows.
pub(crate) fn own_identity(authority: &Authority, now: Timestamp) -> Result<Identity, ManagerError> {
    let key = Key::generate()?;
    Ok(Identity {
        certificate: authority.certify(Party::Manager, &key.public(), Term::of_party(now))?,
        key: key.secret(),
        authority: authority.certificate.clone(),
    })
}

impl Manager {
    /// What it shows to Linkages: another one as soon as the one before is due.
    pub(crate) fn identity(&self) -> Result<Arc<Identity>, ManagerError> {
        let (identity, now) = (self.identity.load_full(), self.now());
        if Term::read(&identity.certificate)?.stage(now) == Stage::Sound {
            return Ok(identity);
        }
        let renewed = Arc::new(own_identity(&self.authority.load(), now)?);
        self.identity.store(renewed.clone());
        Ok(renewed)
    }

    pub(crate) async fn read_revocations(&self) -> Result<(), ManagerError> {
        let revoked = self.store.revocations().await?.into_iter().map(|one| one.linkage).collect();
        self.trust.revoked.store(Arc::new(revoked));
        Ok(())
    }

    /// Refuses to have to do with a Linkage that was revoked.
    pub(crate) fn must_not_be_revoked(&self, linkage: LinkageId, name: &str) -> Result<(), ManagerError> {
        if !self.trust.revoked.load().contains(&linkage) {
            return Ok(());
        }
        Err(ManagerError::Refused(format!(
            "the Linkage of {name} was revoked: run `headwater linkage unpair` on its machine, which gives it \
             another key, and pair it then"
        )))
    }

    /// Looks at every Linkage that is reached and was not looked at of late. It goes by the link alone, and
    /// asks no WSUS.
    pub(crate) async fn keep_trust(&self) -> Result<(), ManagerError> {
        self.renew_authority().await?;
        let way = self.way().await?;
        // Its Linkage says of which version it is whatever becomes of its WSUS.
        let top: About =
            way.dial.get(ROOT, PATIENCE).await.map_err(|error| not_reached(error, &way, &way.top))?;
        must_speak_alike(&top.speaks(), &way.top)?;
        let reached: HashSet<_> =
            self.reached_by(&way, &way.top).await?.into_iter().map(|one| one.linkage).collect();
        let is_reached = |id: LinkageId| id == way.top.linkage || reached.contains(&id);
        // One that comes back is looked at at once.
        self.looks().retain(|linkage, _| is_reached(*linkage));
        let due = self.now().plus_seconds(-LOOK_EVERY_SECONDS);
        for row in self.store.linkages().await?.iter().filter(|row| is_reached(row.linkage)) {
            if self.looks().get(&row.linkage).is_none_or(|look| look.at <= due) {
                self.keep_trust_of(&way, row).await;
            }
        }
        Ok(())
    }

    /// Renews a Linkage's certificate if that is due, and tells it of those that were revoked. What fails is
    /// tried again, and `wsus doctor` says so.
    pub(crate) async fn keep_trust_of(&self, way: &Way, row: &LinkageRow) {
        let failed = match self.try_trust_of(way, row).await {
            Ok(()) => None,
            Err(ManagerError::NotReached { .. }) => return,
            Err(error) => Some(chain(&error)),
        };
        if let Some(error) = &failed {
            tracing::warn!(server = row.name, error, "the certificate of a Linkage could not be seen to");
        }
        self.looks().insert(row.linkage, Look { at: self.now(), failed });
    }

    async fn try_trust_of(&self, way: &Way, row: &LinkageRow) -> Result<(), ManagerError> {
        // One that cannot say who its WSUS is gets its certificate all the same.
        if row.linkage != way.top.linkage
            && let Ok(identity) = self.identity_of(way, row).await
        {
            must_be_understood(&identity, row)?;
        }
        let trust = self.trust_of(way, row).await?;
        if let Some(theirs) = &trust.revocations {
            let list = open_revocations(theirs, &self.authority.load().key.public());
            let untrusted = |source| ManagerError::Untrusted { server: row.name.clone(), source };
            self.learn_revocations(&list.map_err(untrusted)?).await?;
        }
        let known = trust.revocations.map(|list| list.body);
        if let Some(list) = self.signed_revocations().await?
            && known.as_ref() != Some(&list.body)
        {
            self.tell_revoked(way, row, list).await?;
        }
        let (term, now) = (Term { from: trust.from, until: trust.until }, self.now());
        if term.stage(now) == Stage::Sound {
            return Ok(self.store.certified(row.linkage, term.until).await?);
        }
        let key = PublicKey::from_bytes(row.public_key.clone())?;
        let renewal = self.authority.load().renew(row.linkage, &key, now)?;
        self.renew_at(way, row, renewal).await?;
        self.store.certified(row.linkage, Term::of_party(now).until).await?;
        tracing::info!(server = row.name, "the certificate of a Linkage was renewed");
        Ok(())
    }

    /// What a list of its own names and its database does not: the database was put back to an earlier state.
    async fn learn_revocations(&self, list: &Revocations) -> Result<(), ManagerError> {
        let known = self.trust.revoked.load();
        let lacking: Vec<LinkageId> =
            list.linkages.iter().filter(|one| !known.contains(one)).copied().collect();
        if !lacking.is_empty() {
            tracing::warn!(
                number = lacking.len(),
                "Linkages were revoked that this database did not know of"
            );
            self.store.learn_revocations(&lacking, self.now()).await?;
            self.read_revocations().await?;
        }
        Ok(())
    }

    /// The list for Linkages; nothing while none was revoked.
    pub(crate) async fn signed_revocations(&self) -> Result<Option<SignedRevocations>, ManagerError> {
        let revoked = self.store.revocations().await?;
        let list = Revocations { linkages: revoked.iter().map(|one| one.linkage).collect() };
        if list.linkages.is_empty() {
            return Ok(None);
        }
        Ok(Some(sign_revocations(&list, &self.authority.load().key)?))
    }

    /// Looks at a Linkage at the next opportunity.
    pub(crate) fn look_soon(&self, linkage: LinkageId) {
        self.looks().remove(&linkage);
    }

    /// Why the certificate of a Linkage could not be seen to when it was last tried.
    pub(crate) fn failed_trust_of(&self, linkage: LinkageId) -> Option<String> {
        self.looks().get(&linkage).and_then(|look| look.failed.clone())
    }

    /// Its certificate of the same key; Linkages get it with their next one.
    async fn renew_authority(&self) -> Result<(), ManagerError> {
        let (authority, now) = (self.authority.load_full(), self.now());
        if Term::read(&authority.certificate)?.authority_stage(now) == Stage::Sound {
            return Ok(());
        }
        let renewed = Authority::of(Key::from_secret(&authority.key.secret())?, now)?;
        self.store.renew_authority(&renewed.certificate).await?;
        self.authority.store(Arc::new(renewed));
        tracing::info!("the certificate of the managing server's authority was renewed");
        Ok(())
    }

    fn looks(&self) -> MutexGuard<'_, HashMap<LinkageId, Look>> {
        self.trust.looks.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use headwater_api::linkage::LinkVersion;

    use super::*;
    use crate::sample;

    #[tokio::test]
    async fn a_linkage_of_another_version_is_asked_nothing_about_certificates() {
        let (_folder, manager, _silent) = sample::linked_with_a_silent_server(|| Timestamp::EPOCH).await;
        let top = manager.way().await.expect("is linked").top;
        assert!(must_speak_alike(&LinkVersion::own(), &top).is_ok());
        let other = LinkVersion { protocol: LinkVersion::own().protocol + 1, ..LinkVersion::own() };
        let refused = must_speak_alike(&other, &top).expect_err("is refused");
        assert!(matches!(refused, ManagerError::OtherVersion(_)), "{refused}");
        assert!(refused.to_string().contains("bring both to the same one"), "{refused}");
    }
}
