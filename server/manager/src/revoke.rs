//! Trusting one Linkage no more, such as that of a server that was stolen.

use std::collections::HashSet;
use std::time::Duration;

use futures_util::future::join_all;
use headwater_api::linkage::{REVOKED_MAX, SignedRevocations};
use headwater_api::{Revoked, TreeServer};
use headwater_model::{LinkageId, ServerId, chain};
use headwater_store::LinkageRow;
use tokio::time::timeout;

use crate::ask::Way;
use crate::{Manager, ManagerError};

/// How long the other Linkages are told of it before the answer. Those below the revoked one are told through it,
/// and it may not want that. Whoever was not told is told when it is looked at next.
const TELLING: Duration = Duration::from_secs(5);

impl Manager {
    /// Revokes a Linkage by the name of its server or by its id. It is kept before anybody is told, so that
    /// nothing that comes from it is believed from then on.
    pub async fn revoke(&self, name: &str, by: &str) -> Result<Revoked, ManagerError> {
        let _one_at_a_time = self.linking.lock().await;
        let way = self.way().await?;
        let all = self.store.linkages().await?;
        let row = meant(&all, name)?;
        if row.linkage == way.top.linkage {
            return Err(ManagerError::Refused(format!(
                "{} is the linked WSUS, through which all others are reached: its Linkage is not revoked alone; \
                 `headwater wsus unlink` lets go of the whole tree",
                row.name
            )));
        }
        self.must_have_room_to_revoke(&row.name).await?;
        // This decides nothing but who is told first, and what the answer says.
        let below = match timeout(TELLING, self.tree(&way)).await {
            Ok(Ok(tree)) => below(row.server, tree.servers.iter()),
            _ => below(row.server, self.mirror().tree.servers.iter().map(|one| &one.server)),
        };
        self.revoke_row(&way, &all, row, &below, by).await
    }

    /// Revokes a Linkage if it is paired, and says who could not be told. `below` are the servers below its own.
    pub(crate) async fn revoke_linkage(
        &self,
        way: &Way,
        linkage: LinkageId,
        below: &HashSet<ServerId>,
        by: &str,
    ) -> Result<Vec<String>, ManagerError> {
        let _one_at_a_time = self.linking.lock().await;
        let all = self.store.linkages().await?;
        let Some(row) = all.iter().find(|row| row.linkage == linkage) else { return Ok(Vec::new()) };
        self.must_have_room_to_revoke(&row.name).await?;
        Ok(self.revoke_row(way, &all, row, below, by).await?.not_told)
    }

    pub(crate) async fn must_have_room_to_revoke(&self, name: &str) -> Result<(), ManagerError> {
        if self.store.revocations().await?.len() < REVOKED_MAX {
            return Ok(());
        }
        Err(ManagerError::Refused(format!(
            "{REVOKED_MAX} Linkages were revoked, and a list holds no more: run `headwater linkage unpair` on the machine \
             of {name}, or link the tree with a new managing server"
        )))
    }

    async fn revoke_row(
        &self,
        way: &Way,
        all: &[LinkageRow],
        row: &LinkageRow,
        below: &HashSet<ServerId>,
        by: &str,
    ) -> Result<Revoked, ManagerError> {
        self.store.revoke(row, by, self.now()).await?;
        self.read_revocations().await?;
        tracing::info!(server = row.name, by, "a Linkage was revoked");

        let (mut lower, mut others) = (Vec::new(), Vec::new());
        for one in all.iter().filter(|one| one.linkage != row.linkage) {
            if below.contains(&one.server) { lower.push(one) } else { others.push(one) }
        }
        let mut not_told = Vec::new();
        if let Some(list) = self.signed_revocations().await? {
            // The lower ones first: they are not reached once the Linkage above the revoked one knows.
            not_told = self.tell(way, &lower, &list).await;
            not_told.extend(self.tell(way, &others, &list).await);
        }
        self.look_again();
        Ok(Revoked {
            name: row.name.clone(),
            below: lower.iter().map(|one| one.name.clone()).collect(),
            not_told,
        })
    }

    /// Tells all of them at once, and names those that did not hear of it.
    async fn tell(&self, way: &Way, to: &[&LinkageRow], list: &SignedRevocations) -> Vec<String> {
        let tell = async |row: &LinkageRow| {
            let told = timeout(TELLING, self.tell_revoked(way, row, list.clone())).await;
            let failed = match told {
                Ok(Ok(())) => return None,
                Ok(Err(error)) => chain(&error),
                Err(_) => "it does not answer".to_owned(),
            };
            tracing::warn!(
                server = row.name,
                error = failed,
                "a Linkage could not be told of one that was revoked"
            );
            self.look_soon(row.linkage);
            Some(row.name.clone())
        };
        join_all(to.iter().map(|row| tell(row))).await.into_iter().flatten().collect()
    }
}

/// The servers below one, where each stands after the one above it.
pub(crate) fn below<'a>(server: ServerId, all: impl Iterator<Item = &'a TreeServer>) -> HashSet<ServerId> {
    let mut below = HashSet::new();
    for one in all {
        if one.parent.is_some_and(|parent| parent == server || below.contains(&parent)) {
            below.insert(one.id);
        }
    }
    below
}

fn meant<'a>(all: &'a [LinkageRow], name: &str) -> Result<&'a LinkageRow, ManagerError> {
    let is_meant = |one: &&LinkageRow| one.name.eq_ignore_ascii_case(name) || one.linkage.to_string() == name;
    let mut found = all.iter().filter(is_meant);
    match (found.next(), found.next()) {
        (Some(one), None) => Ok(one),
        (None, _) => Err(ManagerError::NotFound(format!(
            "no server `{name}` has a Linkage that is paired; `headwater wsus show` lists those that have"
        ))),
        (Some(_), Some(_)) => Err(ManagerError::Invalid(format!(
            "several servers are named `{name}`: name the Linkage by its id"
        ))),
    }
}
