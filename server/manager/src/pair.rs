//! Pairing with a Linkage that waits somewhere in the tree.

use headwater_api::linkage::{Joining, WsusIdentity};
use headwater_link::Term;
use headwater_store::LinkageRow;

use crate::ask::Way;
use crate::link::{THIS_SERVER, begin, finished};
use crate::outside::must_be_inside;
use crate::{Manager, ManagerError};

impl Manager {
    /// Pairs with a Linkage by its id or its name.
    pub async fn pair(&self, linkage: &str, code: &str, by: &str) -> Result<(), ManagerError> {
        let _one_at_a_time = self.linking.lock().await;
        let way = self.way().await?;
        let waiting = self.waiting(&way).await?;
        let is_meant =
            |one: &Joining| one.linkage.to_string() == linkage || one.name.eq_ignore_ascii_case(linkage);
        let mut meant = waiting.iter().filter(|(_, one)| is_meant(one));
        let (at, joining) = match (meant.next(), meant.next()) {
            (Some(one), None) => one,
            (None, _) => {
                return Err(ManagerError::NotFound(format!(
                    "no Linkage `{linkage}` waits to be paired; `headwater wsus show` lists those that do, and a \
                     Linkage waits once it runs and reaches the one above it"
                )));
            }
            (Some(_), Some(_)) => {
                return Err(ManagerError::Invalid(format!(
                    "several Linkages named `{linkage}` wait to be paired: name one by its id"
                )));
            }
        };
        self.must_not_be_revoked(joining.linkage, &joining.name)?;
        if let Some(other) = joining.speaks.refusal(&format!("the Linkage of {}", joining.name), THIS_SERVER)
        {
            return Err(ManagerError::Refused(other));
        }
        let (side, begin) = begin(code)?;
        let answer = self.introduce(&way, at, joining.linkage, begin).await?;
        let (id, key, finish) = side.finish(answer, &self.authority.load(), &self.name, self.now())?;
        if id != joining.linkage {
            return Err(ManagerError::Refused("another Linkage answered".to_owned()));
        }
        finished(self.introduce(&way, at, id, finish).await?)?;
        let mut row = LinkageRow {
            linkage: id,
            public_key: key.as_bytes().to_vec(),
            server: headwater_model::ServerId::from_bytes([0; 16]),
            name: joining.name.clone(),
            paired_by: by.to_owned(),
            paired_at: self.now(),
            certificate_until: Some(Term::of_party(self.now()).until),
        };
        match self.admit(&way, &row).await {
            Ok(identity) => (row.server, row.name) = (identity.server, identity.name),
            Err(error) => {
                self.release(&way, &row).await;
                return Err(error);
            }
        }
        self.store.add_linkage(&row, None).await?;
        self.keep_trust_of(&way, &row).await;
        self.look_again();
        Ok(())
    }

    /// Who the WSUS of a Linkage is that was just paired, if it stands in the linked tree.
    async fn admit(&self, way: &Way, row: &LinkageRow) -> Result<WsusIdentity, ManagerError> {
        let identity = self.first_identity(way, row).await?;
        must_be_inside(&identity, &self.tree(way).await?.servers)?;
        Ok(identity)
    }

    /// A Linkage that was just paired needs a moment until it holds its connection.
    async fn first_identity(&self, way: &Way, row: &LinkageRow) -> Result<WsusIdentity, ManagerError> {
        const TRIES: u32 = 50;
        const PAUSE: std::time::Duration = std::time::Duration::from_millis(200);
        let mut tries = 0;
        loop {
            match self.identity_of(way, row).await {
                Err(ManagerError::NotReached { .. }) if tries < TRIES => tries += 1,
                done => return done,
            }
            tokio::time::sleep(PAUSE).await;
        }
    }

    /// Every Linkage that waits to be paired, with the one where it waits. What is wrong with a lower one is said
    /// of that one, and hides nobody who waits elsewhere.
    pub(crate) async fn waiting(&self, way: &Way) -> Result<Vec<(LinkageRow, Joining)>, ManagerError> {
        let mut waiting = Vec::new();
        for at in self.store.linkages().await? {
            match self.joining_at(way, &at).await {
                Ok(joining) => waiting.extend(joining.into_iter().map(|one| (at.clone(), one))),
                Err(_) if at.linkage != way.top.linkage => {}
                Err(error) => return Err(error),
            }
        }
        Ok(waiting)
    }
}
