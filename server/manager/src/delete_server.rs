//! Deleting the record of a server that is gone for good, at every server that has it.
//!
//! The lowest of those first: one that still has it would tell the one above of it again. What was cut off the same
//! command completes: the server stands in the tree as long as anybody tells of it, and outside as long as its Linkage
//! is paired, which is revoked last.

use headwater_api::{DeleteServer, ServerBelow, ServerDeletion, ServerRef, TreeServer};
use headwater_model::{LinkageId, ServerId, chain};
use headwater_store::{AuditRow, LinkageRow, ServerSettingsRow};
use headwater_words::moment::minute;
use headwater_words::quantity::counted;
use headwater_words::server_deletion::what;

use crate::ask::Way;
use crate::revoke::below;
use crate::tree::Tree;
use crate::{Manager, ManagerError};

const WHAT: &str = "delete server";
/// Servers that a refusal names.
const NAMED_MAX: usize = 5;

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

    /// Deletes the record of a server with those of what is below it, as the plan has it, and revokes its Linkage.
    pub async fn delete_server(
        &self,
        name: &str,
        delete: &DeleteServer,
        by: &str,
    ) -> Result<ServerDeletion, ManagerError> {
        let (way, tree) = self.writable_tree().await?;
        let Found { mut deletion, at } = self.found(&way, &tree, name)?;
        if delete.plan.id != deletion.id {
            return Err(ManagerError::Invalid(format!(
                "that plan is for another server than {}",
                deletion.name
            )));
        }
        if let Some(more) = more_than_seen(&delete.plan, &deletion) {
            return Err(ManagerError::Refused(format!("{more} since that plan was made: look at it again")));
        }
        if deletion.linkage.is_some() {
            self.must_have_room_to_revoke(&deletion.name).await?;
        }
        self.hand_over(&deletion, by).await?;
        let branch: Vec<ServerId> = delete.plan.below.iter().map(|one| one.id).collect();
        let mut left = None;
        for of in at {
            match self.delete_lower_on(&way, of, deletion.id, &branch, by).await {
                Ok(()) | Err(ManagerError::NotFound(_)) => {}
                Err(error) => {
                    left = Some((format!("still known at {}", of.name), error));
                    break;
                }
            }
        }
        if let (None, Some(linkage)) = (&left, deletion.linkage) {
            let below = branch.iter().copied().collect();
            match self.revoke_linkage(&way, linkage, &below, by).await {
                Ok(not_told) => deletion.not_told = not_told,
                Err(error) => left = Some(("its Linkage is not revoked".to_owned(), error)),
            }
        }
        let before = format!("{}; heard of {}", what(&deletion), heard(&deletion));
        let after = left.as_ref().map(|(what, error)| format!("{what}: {}", chain(error)));
        let detail = format!("{} ({})", deletion.name, deletion.id);
        let done = AuditRow { before: Some(before), after, ..AuditRow::of(self.now(), by, WHAT, &detail) };
        if let Some((_, error)) = left {
            self.store.audit(&done).await?;
            return Err(error);
        }
        self.store.forget_server(deletion.id, &done).await?;
        tracing::info!(server = deletion.name, id = %deletion.id, by, "the record of a server was deleted");
        self.look_again();
        Ok(deletion)
    }

    /// What was wanted of the server is wanted of the one in its place, unless something is already. Done before
    /// anything is deleted, for afterwards nobody knows whose place that is.
    async fn hand_over(&self, deletion: &ServerDeletion, by: &str) -> Result<(), ManagerError> {
        let settings = self.store.server_settings().await?;
        let heir = deletion.replaced_by.as_ref().filter(|new| !settings.contains_key(&new.id));
        if let (Some(settings), Some(heir)) = (settings.get(&deletion.id), heir)
            && *settings != ServerSettingsRow::default()
        {
            let detail = format!("{} ({})", heir.name, heir.id);
            let what = Some("those of the server that it replaced".to_owned());
            let taken = AuditRow { after: what, ..AuditRow::of(self.now(), by, "set server", &detail) };
            self.store.set_server(heir.id, settings, &taken).await?;
        }
        Ok(())
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
        if tree.answers(meant.id) {
            return Err(ManagerError::Refused(format!(
                "the Linkage of {named} answers, and a server in use makes itself known again: let it take from no \
                 server of this tree first, with `headwater upstream clear` there, and let go of its Linkage with \
                 `headwater wsus revoke {named}`, or stop it"
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
        // What was cut off before its Linkage was revoked: nobody tells of it any more.
        let is_reached = |one: &TreeServer| one.linkage.is_none() || tree.reached(one).is_some();
        let only_its_linkage =
            meant.inside.is_none() && meant.linkage.is_some() && tree.servers.iter().all(is_reached);
        if at.is_empty() && !only_its_linkage {
            return Err(ManagerError::Refused(format!(
                "no server of the tree that is reached has a record of {named}; `headwater wsus revoke {named}` lets go \
                 of its Linkage"
            )));
        }
        let deletion = ServerDeletion {
            id: meant.id,
            name: named.to_owned(),
            last_contact_at: meant.inside.and_then(|server| server.last_contact_at),
            computers: own + below.iter().map(|one| one.computers).sum::<u64>(),
            below,
            held_by: at.iter().map(|of| ServerRef { id: of.server, name: of.name.clone() }).collect(),
            linkage: meant.linkage,
            replaced_by: tree.in_place_of(meant.id, named),
            not_told: Vec::new(),
        };
        Ok(Found { deletion, at })
    }
}

/// What would be deleted now that the plan does not name, or that tells that the server lives. What is gone already
/// is less.
fn more_than_seen(seen: &ServerDeletion, now: &ServerDeletion) -> Option<String> {
    let name = &now.name;
    let below = now.below.iter().filter(|one| seen.below.iter().all(|seen| seen.id != one.id));
    let below: Vec<&str> = below.take(NAMED_MAX).map(|one| one.name.as_str()).collect();
    if !below.is_empty() {
        return Some(format!("{} has come below {name}", below.join(", ")));
    }
    let holder = now.held_by.iter().find(|one| seen.held_by.iter().all(|seen| seen.id != one.id));
    if let Some(holder) = holder {
        return Some(format!("{} has told of a record of {name}", holder.name));
    }
    // Where it is deleted in part already, another one tells of it, by what that one heard.
    let is_whole = now.held_by.len() == seen.held_by.len();
    if is_whole && now.computers > seen.computers {
        return Some(format!("{} more were told of", counted(now.computers - seen.computers, "computer")));
    }
    if now.linkage.is_some() && now.linkage != seen.linkage {
        return Some(format!("a Linkage of {name} was paired"));
    }
    let heir = |plan: &ServerDeletion| plan.replaced_by.as_ref().map(|one| one.id);
    if heir(now).is_some() && heir(now) != heir(seen) {
        return Some(format!("another server has come into the place of {name}"));
    }
    if is_whole && now.last_contact_at > seen.last_contact_at {
        return Some(format!("{name} was heard of, so it is in use,"));
    }
    None
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
    let unknown = || "at no time that is known".to_owned();
    deletion.last_contact_at.map_or_else(unknown, |at| format!("on {}", minute(at)))
}

#[cfg(test)]
mod tests {
    use headwater_model::Timestamp;

    use super::*;

    fn at(number: u128, name: &str) -> ServerRef {
        ServerRef { id: ServerId::from_u128(number), name: name.to_owned() }
    }

    fn shop(number: u128) -> ServerBelow {
        ServerBelow { id: ServerId::from_u128(number), name: format!("shop{number}"), computers: 3 }
    }

    fn heard_at(second: i64) -> Option<Timestamp> {
        Some(Timestamp::EPOCH.plus_seconds(second))
    }

    fn seen() -> ServerDeletion {
        ServerDeletion {
            id: ServerId::from_u128(2),
            name: "berlin".to_owned(),
            last_contact_at: heard_at(50),
            computers: 7,
            below: vec![shop(5), shop(6)],
            held_by: vec![at(4, "europe"), at(1, "top")],
            linkage: Some(LinkageId::from_u128(9)),
            replaced_by: Some(at(3, "berlin")),
            not_told: Vec::new(),
        }
    }

    #[test]
    fn what_is_more_than_was_shown_is_named() {
        let mut cases: Vec<(ServerDeletion, Option<&str>)> = Vec::new();
        let mut case = |change: &dyn Fn(&mut ServerDeletion), said| {
            let mut now = seen();
            change(&mut now);
            cases.push((now, said));
        };
        case(&|_| {}, None);
        case(&|now| now.below.push(shop(7)), Some("shop7 has come below berlin"));
        case(&|now| now.held_by.push(at(8, "asia")), Some("asia has told of a record of berlin"));
        case(&|now| now.computers = 8, Some("1 computer more were told of"));
        case(&|now| now.linkage = Some(LinkageId::from_u128(8)), Some("a Linkage of berlin was paired"));
        case(&|now| now.replaced_by = Some(at(8, "berlin")), Some("another server has come"));
        case(&|now| now.last_contact_at = heard_at(60), Some("berlin was heard of"));
        // What is gone already, where it was cut off.
        let rest = |now: &mut ServerDeletion| {
            now.below.clear();
            now.held_by.remove(0);
            (now.computers, now.linkage, now.replaced_by) = (0, None, None);
            now.last_contact_at = heard_at(60);
        };
        case(&rest, None);
        for (now, said) in cases {
            let more = more_than_seen(&seen(), &now);
            let is_said = match (&more, said) {
                (Some(more), Some(said)) => more.starts_with(said),
                (more, said) => more.is_none() && said.is_none(),
            };
            assert!(is_said, "{more:?} instead of {said:?}");
        }
    }
}
