//! Deleting the record of a server that is gone for good, at every server that has it.
//!
//! The lowest of those first: one that still has it would tell the one above of it again. What was cut off the same
//! command completes, for the server stands in the tree as long as anybody tells of it.

use std::collections::HashSet;

use headwater_api::{DeleteServer, ServerBelow, ServerDeletion, ServerRef, TreeServer};
use headwater_model::{LinkageId, ServerId, chain};
use headwater_store::{AuditRow, LinkageRow, ServerSettingsRow};
use headwater_words::server_deletion::what;

use crate::ask::Way;
use crate::revoke::below;
use crate::tree::Tree;
use crate::{Manager, ManagerError};

const WHAT: &str = "delete server";

/// A server whose record is to go.
struct Meant<'a> {
    id: ServerId,
    name: &'a str,
    linkage: Option<LinkageId>,
    /// Absent outside the tree.
    inside: Option<&'a TreeServer>,
}

/// What is to go, and the Linkages of the servers that have a record of it.
struct Found<'a> {
    deletion: ServerDeletion,
    at: Vec<&'a LinkageRow>,
}

impl Manager {
    /// What would go with the record of a server, by its name or id. Refused as deleting it is.
    pub async fn plan_server_deletion(&self, name: &str) -> Result<ServerDeletion, ManagerError> {
        let way = self.way().await?;
        Ok(self.found(&way, &self.tree(&way).await?, name)?.deletion)
    }

    /// Deletes the record of a server with those of what is below it, and revokes its Linkage.
    pub async fn delete_server(
        &self,
        name: &str,
        delete: &DeleteServer,
        by: &str,
    ) -> Result<ServerDeletion, ManagerError> {
        let _writes = self.writers.one()?;
        let way = self.way().await?;
        let tree = self.tree(&way).await?;
        tree.must_be_writable()?;
        let Found { mut deletion, at } = self.found(&way, &tree, name)?;
        let there: HashSet<ServerId> = deletion.below.iter().map(|one| one.id).collect();
        if there != delete.below.iter().copied().collect() {
            return Err(ManagerError::Refused(format!(
                "what stands below {} has changed since: look at it again",
                deletion.name
            )));
        }
        if let Some(linkage) = deletion.linkage {
            deletion.not_told = self.revoke(&linkage.to_string(), by).await?.not_told;
        }
        let mut left = None;
        for of in at {
            match self.delete_lower_on(&way, of, deletion.id, by).await {
                Ok(()) | Err(ManagerError::NotFound(_)) => {}
                Err(error) => {
                    left = Some((of.name.clone(), error));
                    break;
                }
            }
        }
        let before = format!("{}; heard of {}", what(&deletion), heard(&deletion));
        let after = left.as_ref().map(|(at, error)| format!("still known at {at}: {}", chain(error)));
        let detail = format!("{} ({})", deletion.name, deletion.id);
        let done = AuditRow { before: Some(before), after, ..AuditRow::of(self.now(), by, WHAT, &detail) };
        match left {
            Some((_, error)) => {
                self.store.audit(&done).await?;
                Err(error)
            }
            None => {
                self.hand_over(&deletion, &done).await?;
                tracing::info!(server = deletion.name, id = %deletion.id, by, "the record of a server was deleted");
                self.look_again();
                Ok(deletion)
            }
        }
    }

    /// What was wanted of the server is wanted of the one in its place, unless something is already.
    async fn hand_over(&self, deletion: &ServerDeletion, done: &AuditRow) -> Result<(), ManagerError> {
        let settings = self.store.server_settings().await?;
        let heir = deletion.replaced_by.as_ref().filter(|new| !settings.contains_key(&new.id));
        if let (Some(settings), Some(heir)) = (settings.get(&deletion.id), heir)
            && *settings != ServerSettingsRow::default()
        {
            let detail = format!("{} ({})", heir.name, heir.id);
            let what = Some("those of the server that it replaced".to_owned());
            let taken =
                AuditRow { after: what, ..AuditRow::of(done.at, &done.operator, "set server", &detail) };
            self.store.set_server(heir.id, settings, &taken).await?;
        }
        Ok(self.store.forget_server(deletion.id, done).await?)
    }

    fn found<'a>(&self, way: &Way, tree: &'a Tree, name: &str) -> Result<Found<'a>, ManagerError> {
        let meant = meant(tree, name)?;
        let named = meant.name;
        if meant.id == way.top.server {
            return Err(ManagerError::Refused(format!(
                "{named} is the linked WSUS: `headwater wsus unlink` lets go of it, and `headwater wsus relink` takes \
                 another one in its place"
            )));
        }
        if meant.inside.is_some() && tree.answers(meant.id) {
            return Err(ManagerError::Refused(format!(
                "the Linkage of {named} answers, and a server in use makes itself known again: let it take from no \
                 server of this tree first, with `headwater upstream clear` there, or stop it. `headwater wsus revoke \
                 {named}` lets go of its Linkage alone"
            )));
        }
        // Those that are not reached would tell of it again.
        let mut above = meant.inside.and_then(|server| server.parent);
        while let Some(server) = tree.servers.iter().find(|one| Some(one.id) == above) {
            if tree.reached(server).is_none() {
                return Err(ManagerError::Refused(format!(
                    "{named} stands below {0}, which is not reached and would tell of it again: delete it when {0} is \
                     reached, or delete {0} with all that is below it",
                    server.name
                )));
            }
            above = server.parent;
        }
        let branch = below(meant.id, tree.servers.iter());
        let computers = self.mirror().computers_at();
        let counted = |server: &TreeServer| {
            server.computers.max(computers.get(&server.id).copied().unwrap_or_default())
        };
        let below: Vec<ServerBelow> = tree
            .servers
            .iter()
            .filter(|one| branch.contains(&one.id))
            .map(|one| ServerBelow { id: one.id, name: one.name.clone(), computers: counted(one) })
            .collect();
        let own = meant.inside.map_or_else(|| computers.get(&meant.id).copied().unwrap_or_default(), counted);
        let at = tree.holders(meant.id);
        if at.is_empty() {
            return Err(ManagerError::Refused(format!(
                "no server of the tree that is reached has a record of {named}; `headwater wsus revoke {named}` lets go \
                 of its Linkage"
            )));
        }
        let new = tree.replaced_by(meant.id);
        let deletion = ServerDeletion {
            id: meant.id,
            name: named.to_owned(),
            last_contact_at: meant.inside.and_then(|server| server.last_contact_at),
            computers: own + below.iter().map(|one| one.computers).sum::<u64>(),
            below,
            held_by: at.iter().map(|of| ServerRef { id: of.server, name: of.name.clone() }).collect(),
            linkage: meant.linkage,
            replaced_by: new.map(|new| ServerRef { id: new.id, name: new.name.clone() }),
            not_told: Vec::new(),
        };
        Ok(Found { deletion, at })
    }
}

/// The one server with this id or name, in the tree or outside.
fn meant<'a>(tree: &'a Tree, name: &str) -> Result<Meant<'a>, ManagerError> {
    let inside = tree.servers.iter().map(|one| Meant {
        id: one.id,
        name: &one.name,
        linkage: one.linkage,
        inside: Some(one),
    });
    let outside = tree.outside.iter().map(|one| Meant {
        id: one.id,
        name: &one.name,
        linkage: one.linkage,
        inside: None,
    });
    let is_meant = |one: &Meant| one.id.to_string() == name || one.name.eq_ignore_ascii_case(name);
    let mut found: Vec<Meant> = inside.chain(outside).filter(is_meant).collect();
    match (found.pop(), found.as_slice()) {
        (Some(one), []) => Ok(one),
        (None, _) => Err(ManagerError::NotFound(format!(
            "no WSUS server is named `{name}`; `headwater wsus show` lists those there are"
        ))),
        (Some(last), others) => {
            let all = others.iter().chain([&last]).map(|one| {
                let state = if tree.answers(one.id) { "answers" } else { "does not answer" };
                format!("{} ({state})", one.id)
            });
            Err(ManagerError::Invalid(format!(
                "several WSUS servers are named `{name}`: write the id of the one that is gone: {}",
                all.collect::<Vec<_>>().join(", ")
            )))
        }
    }
}

fn heard(deletion: &ServerDeletion) -> String {
    deletion.last_contact_at.map_or_else(|| "at no time that is known".to_owned(), |at| format!("on {at}"))
}
