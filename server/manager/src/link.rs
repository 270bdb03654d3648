//! Linking with the top WSUS of a tree, and unlinking. Neither changes anything in the WSUS.

use std::time::Duration;

use headwater_api::linkage::{About, PAIR, Pairing, PairingAnswer, ROOT, WsusIdentity, WsusMode};
use headwater_link::{Code, Dial, DialError, LinkageUrl, ManagerSide, PairingError, PublicKey, Term};
use headwater_model::{LinkageId, ServerId};
use headwater_store::{AuditRow, LinkageRow};

use crate::ask::{Way, invalid};
use crate::{Manager, ManagerError};

const PATIENCE: Duration = Duration::from_secs(20);
/// How the managing server calls itself where versions are compared.
pub(crate) const THIS_SERVER: &str = "this managing server";

/// Which WSUS is linked, and the way to it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Linked {
    pub linkage: LinkageId,
    pub server: Option<ServerId>,
    /// Of its Linkage.
    pub url: String,
}

/// What a Linkage is that a managing server pairs with at its address.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum As {
    Linked,
    /// Its WSUS is to take the place of the linked one, or is that one.
    Successor,
}

impl Manager {
    /// The WSUS that is linked, as it was when it was.
    pub async fn linked_server(&self) -> Result<Option<ServerId>, ManagerError> {
        match self.way().await {
            Ok(way) => Ok(Some(way.top.server)),
            Err(ManagerError::NotLinked) => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// Pairs with the Linkage at this address and links with its WSUS, if that is the top of its tree.
    pub async fn link(&self, url: &str, code: &str, by: &str) -> Result<(), ManagerError> {
        let _one_at_a_time = self.linking.lock().await;
        if let Some(link) = self.store.link().await? {
            return Err(ManagerError::Refused(format!(
                "a WSUS is linked already, by {}: a managing server has one; unlink it first with `headwater wsus \
                 unlink`",
                link.url
            )));
        }
        let url: LinkageUrl = url.parse().map_err(|error| invalid(error).at("url"))?;
        let told = about(&url).await.map_err(|error| error.at("url"))?;
        check(&told, &url).map_err(|error| error.at("url"))?;
        self.pair_with(&url, code, by, check_top, As::Linked).await?;
        self.look_again();
        Ok(())
    }

    /// Pairs with the Linkage at this address and keeps it, as the one of the linked WSUS or beside it; or lets go of
    /// it, where its WSUS does not fit or is known already.
    pub(crate) async fn pair_with(
        &self,
        url: &LinkageUrl,
        code: &str,
        by: &str,
        fits: fn(&WsusIdentity) -> Result<(), ManagerError>,
        as_what: As,
    ) -> Result<Way, ManagerError> {
        let mut way = self.pair_at(url, code, by).await?;
        let address = url.to_string();
        let kept = async {
            let identity = self.identity_of(&way, &way.top).await?;
            fits(&identity)?;
            let known = self.store.linkages().await?;
            let before = known.into_iter().find(|row| row.server == identity.server);
            let row = LinkageRow { server: identity.server, name: identity.name, ..way.top.clone() };
            if let Some(before) = &before
                && self.store.link().await?.is_some_and(|link| link.linkage == before.linkage)
                && as_what == As::Successor
            {
                self.replace_linkage(before, &row, &address, by).await?;
                self.keep_trust_of(&way, &row).await;
                return Ok(row);
            }
            if let Some(row) = before {
                return Err(ManagerError::Refused(format!(
                    "{} is paired already, through a Linkage that was there before: revoke that one, or `headwater wsus \
                     unlink` where it is the linked WSUS",
                    row.name
                )));
            }
            let is_linked = as_what == As::Linked;
            self.store.add_linkage(&row, is_linked.then_some(address.as_str())).await?;
            self.keep_trust_of(&way, &row).await;
            Ok(row)
        };
        let kept: Result<LinkageRow, ManagerError> = kept.await;
        match kept {
            Ok(row) => {
                way.top = row;
                Ok(way)
            }
            Err(error) => {
                self.release(&way, &way.top).await;
                Err(error)
            }
        }
    }

    /// The Linkage of the linked WSUS was installed anew, and its code has shown that it is that one: what changes is
    /// the trust, and nothing in the WSUS.
    async fn replace_linkage(
        &self,
        before: &LinkageRow,
        now: &LinkageRow,
        url: &str,
        by: &str,
    ) -> Result<(), ManagerError> {
        let key =
            |row: &LinkageRow| PublicKey::from_bytes(row.public_key.clone()).map(|key| key.fingerprint());
        let audited = AuditRow {
            before: Some(format!("through the Linkage {}", key(before)?)),
            after: Some(format!("through the Linkage {} at {url}", key(now)?)),
            ..AuditRow::of(self.now(), by, "relink", &now.name)
        };
        Ok(self.store.replace_linkage(now, url, &audited).await?)
    }

    /// Pairs with a Linkage that it dials itself. Nothing is kept of it yet.
    async fn pair_at(&self, url: &LinkageUrl, code: &str, by: &str) -> Result<Way, ManagerError> {
        let anybody = Dial::anybody(url.clone()).map_err(invalid)?;
        let (side, begin) = begin(code)?;
        let answer: PairingAnswer =
            anybody.post(PAIR, &begin, PATIENCE).await.map_err(|error| hop(url, error))?;
        let (linkage, key, finish) = side.finish(answer, &self.authority.load(), &self.name, self.now())?;
        self.must_not_be_revoked(linkage, &url.to_string())?;
        let answer: PairingAnswer =
            anybody.post(PAIR, &finish, PATIENCE).await.map_err(|error| hop(url, error))?;
        finished(answer)?;
        let top = LinkageRow {
            linkage,
            public_key: key.as_bytes().to_vec(),
            server: ServerId::from_bytes([0; 16]),
            // Until it says how it is called.
            name: format!("the WSUS behind {url}"),
            paired_by: by.to_owned(),
            paired_at: self.now(),
            certificate_until: Some(Term::of_party(self.now()).until),
        };
        Ok(Way { dial: self.dial(&url.to_string(), linkage)?, top, review: None })
    }

    /// Lets go of a Linkage that was just paired. It shows a new code; if it is not reached now, `linkage
    /// unpair` does it there.
    pub(crate) async fn release(&self, way: &Way, row: &LinkageRow) {
        if let Err(error) = self.unpair(way, row).await {
            tracing::warn!(%error, "a Linkage that was not accepted could not be released");
        }
    }

    /// The linked WSUS, if there is one.
    pub async fn linked(&self) -> Result<Option<Linked>, ManagerError> {
        let Some(link) = self.store.link().await? else { return Ok(None) };
        let linkages = self.store.linkages().await?;
        let server = linkages.iter().find(|one| one.linkage == link.linkage).map(|one| one.server);
        Ok(Some(Linked { linkage: link.linkage, server, url: link.url }))
    }

    /// The linked Linkage is at another address from now on. Whoever else is there has no key of it.
    pub async fn relocate(&self, url: &str) -> Result<(), ManagerError> {
        let _one_at_a_time = self.linking.lock().await;
        let url: LinkageUrl = url.parse().map_err(invalid)?;
        Ok(self.store.move_link(&url.to_string()).await?)
    }

    /// An administrator has seen what differs after a restore: writing goes on.
    pub async fn confirm(&self, by: &str) -> Result<(), ManagerError> {
        let way = self.way().await?;
        if way.review.is_none() {
            return Err(ManagerError::Refused(
                "the link is not under review: nothing waits for this".to_owned(),
            ));
        }
        // One that is not reached is looked at when it is.
        if let Ok(top) = self.identity_of(&way, &way.top).await {
            self.must_be_linked(&top, &way).await?;
        }
        self.store.end_review(by, self.now()).await?;
        self.look_again();
        Ok(())
    }

    /// Why nothing is written to the linked WSUS, if so.
    pub async fn review(&self) -> Result<Option<String>, ManagerError> {
        Ok(self.store.link().await?.and_then(|link| link.review))
    }

    /// Releases every Linkage that is reached, and forgets them all.
    pub async fn unlink(&self, by: &str) -> Result<(), ManagerError> {
        let _one_at_a_time = self.linking.lock().await;
        let way = self.way().await?;
        let mut linkages = self.store.linkages().await?;
        // The top one last: the others are reached through it.
        linkages.sort_by_key(|one| one.linkage == way.top.linkage);
        for linkage in &linkages {
            if let Err(error) = self.unpair(&way, linkage).await {
                tracing::warn!(server = linkage.name, %error, "a Linkage could not be released");
            }
        }
        self.store.unlink(by, self.now()).await?;
        self.look_again();
        Ok(())
    }
}

/// What the Linkage at an address tells anybody.
pub(crate) async fn about(url: &LinkageUrl) -> Result<About, ManagerError> {
    let anybody = Dial::anybody(url.clone()).map_err(invalid)?;
    anybody.get(ROOT, PATIENCE).await.map_err(|error| match error {
        DialError::Foreign { .. } => ManagerError::Refused(error.to_string()),
        other => hop(url, other),
    })
}

fn hop(url: &LinkageUrl, source: DialError) -> ManagerError {
    ManagerError::NotReached { hop: format!("the Linkage at {url}"), source: Some(source) }
}

/// Refuses what is no Linkage of this version, or another managing server's.
pub(crate) fn check(about: &About, url: &LinkageUrl) -> Result<(), ManagerError> {
    let refused = |reason: String| Err(ManagerError::Refused(reason));
    if about.product != About::PRODUCT {
        return refused(format!("{url} is not a WSUS Linkage"));
    }
    if let Some(other) = about.speaks().refusal(&format!("the Linkage at {url}"), THIS_SERVER) {
        return refused(other);
    }
    if about.paired {
        return refused(format!(
            "the Linkage at {url} has a managing server already; unlink it there, or run `headwater linkage unpair` \
             on its machine"
        ));
    }
    Ok(())
}

fn check_top(identity: &WsusIdentity) -> Result<(), ManagerError> {
    match (&identity.mode, &identity.upstream) {
        (WsusMode::Top, _) => Ok(()),
        (_, upstream) => Err(ManagerError::Refused(format!(
            "{} takes its updates from {}: link the top WSUS of the tree, and pair this one with `headwater wsus \
             pair`",
            identity.name,
            upstream.as_deref().unwrap_or("another server"),
        ))),
    }
}

pub(crate) fn finished(answer: PairingAnswer) -> Result<(), ManagerError> {
    match answer {
        PairingAnswer::Finished => Ok(()),
        PairingAnswer::Refused { reason } => Err(PairingError::Refused(reason).into()),
        PairingAnswer::Begun { .. } => Err(PairingError::Message.into()),
    }
}

/// The pairing that goes through other Linkages sends the same two messages.
pub(crate) fn begin(code: &str) -> Result<(ManagerSide, Pairing), ManagerError> {
    let code = Code::parse(code).map_err(|error| ManagerError::Invalid(error.to_string()).at("code"))?;
    Ok(ManagerSide::begin(&code))
}
