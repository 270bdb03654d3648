//! What an approval would mean, before it is made: asked of the servers, decided in the core.

use std::collections::HashSet;

use headwater_api::{
    ApprovalAction, ApprovalPreview, ComputerSummary, ComputerUpdateState, GroupRef, ServerPreview,
    ServerRef, TreeServer, UPDATES_PER_REQUEST_MAX, UpdateDetail, UpdateRef,
};
use headwater_model::{GroupId, ServerId, UpdateId};
use headwater_tree::impact::{Effect, Member, Target, impact};

use crate::mirror::is_in;
use crate::states::States;
use crate::takes::{Takes, takes};
use crate::{Manager, ManagerError, Mirror};

/// Updates that servers are asked about for one preview. Of more only the computers are told, for each is a
/// question to every server.
const ASKED_MAX: usize = 20;

/// What was asked about one update.
struct Asked {
    told: States,
    /// On each server that knows it, with the bytes of its files and of those that it lacks.
    sizes: Vec<(ServerId, Option<Size>)>,
    /// At the top.
    size: Option<Size>,
}

#[derive(Clone, Copy)]
struct Size {
    whole: u64,
    missing: u64,
}

impl Manager {
    /// What approving updates for a group would mean now. Nothing is changed.
    pub async fn preview_approval(
        &self,
        updates: &[UpdateId],
        group: GroupId,
        action: ApprovalAction,
    ) -> Result<ApprovalPreview, ManagerError> {
        if updates.is_empty() || updates.len() > UPDATES_PER_REQUEST_MAX {
            let what = format!("name at least one update and at most {UPDATES_PER_REQUEST_MAX}");
            return Err(ManagerError::Invalid(what));
        }
        let mirror = self.read().await?;
        let known = mirror.tree.group(group).ok_or_else(|| {
            ManagerError::NotFound(format!("there is no group {group}; `headwater group list` shows all"))
        })?;
        let name = known.name.clone();
        let mut asked = Vec::new();
        if updates.len() <= ASKED_MAX {
            for update in updates {
                asked.push(self.ask_about(&mirror, *update, action).await?);
            }
        }
        let groups = HashSet::from_iter(mirror.tree.group_tree().subtree(group));
        let computers = mirror.computers.all().iter().filter(|one| is_in(one, &groups));
        let members = computers.filter_map(|computer| member(computer, &asked, action)).collect();
        let servers = || mirror.tree.servers.iter().map(|one| &one.server);
        let takes = takes(servers());
        let targets =
            servers().filter(|one| takes.get(&one.id).is_some_and(|takes| *takes != Takes::Nothing));
        let targets: Vec<Target> = targets.map(|one| target(one, &asked, action)).collect();
        let found = impact(&targets, members);
        let title = |id: &UpdateId| mirror.updates.get(*id).map(|update| update.title.clone());
        Ok(ApprovalPreview {
            group: GroupRef { id: group, name },
            action,
            updates: updates.iter().map(|id| UpdateRef { id: *id, title: title(id) }).collect(),
            computers: found.iter().map(|(_, on)| on.computers).sum(),
            acting: found.iter().map(|(_, on)| on.acting).sum(),
            unknown: found.iter().map(|(_, on)| on.unknown).sum(),
            servers: found
                .into_iter()
                .filter_map(|(id, on)| {
                    let server = &mirror.tree.server(id)?.server;
                    Some(ServerPreview {
                        server: named(server),
                        parent: server.parent.and_then(|id| Some(named(&mirror.tree.server(id)?.server))),
                        computers: on.computers,
                        acting: on.acting,
                        unknown: on.unknown,
                        silent: on.silent,
                        bytes_fetched: on.fetched,
                        bytes_sent: on.sent,
                        names: on.names,
                    })
                })
                .collect(),
        })
    }

    async fn ask_about(
        &self,
        mirror: &Mirror,
        update: UpdateId,
        action: ApprovalAction,
    ) -> Result<Asked, ManagerError> {
        use ComputerUpdateState::{Downloaded, Failed, Installed, Needed, PendingRestart, Unknown};
        let way = self.way().await?;
        let (top, on_servers) = self.update_on_servers(update).await?;
        let states: &[ComputerUpdateState] = match action {
            ApprovalAction::Uninstall => &[Installed, PendingRestart, Unknown],
            _ => &[Needed, Downloaded, Failed, Unknown],
        };
        let told = self.states_of(&way, mirror, update, states).await?;
        let sizes = on_servers.iter().map(|(id, detail)| (*id, size(detail))).collect();
        Ok(Asked { told, sizes, size: size(&top) })
    }
}

fn named(server: &TreeServer) -> ServerRef {
    ServerRef { id: server.id, name: server.name.clone() }
}

/// A server that tells of no files may have some all the same.
fn size(update: &UpdateDetail) -> Option<Size> {
    let missing = update.files.iter().filter(|file| !file.held).map(|file| file.size_bytes).sum();
    let whole = update.files.iter().map(|file| file.size_bytes).sum();
    (!update.files.is_empty()).then_some(Size { whole, missing })
}

fn target(server: &TreeServer, asked: &[Asked], action: ApprovalAction) -> Target {
    let of = |one: &Asked| match one.sizes.iter().find(|(id, _)| *id == server.id) {
        Some((_, size)) => size.map(|size| size.missing),
        // It takes it with its next synchronisation, and all of its files.
        None if server.reached => one.size.map(|size| size.whole),
        None => None,
    };
    let missing = match action {
        ApprovalAction::Install if asked.is_empty() => None,
        ApprovalAction::Install => asked.iter().map(of).sum(),
        // Nothing is fetched for it.
        ApprovalAction::Uninstall | ApprovalAction::Detect | ApprovalAction::Block => Some(0),
    };
    Target { server: server.id, missing }
}

fn member(computer: &ComputerSummary, asked: &[Asked], action: ApprovalAction) -> Option<Member> {
    let of = |one: &Asked| effect(one, one.told.of(computer), action);
    let effect = match action {
        ApprovalAction::Detect | ApprovalAction::Block => Effect::Nothing,
        ApprovalAction::Install | ApprovalAction::Uninstall if asked.is_empty() => Effect::Unknown,
        ApprovalAction::Install | ApprovalAction::Uninstall => {
            asked.iter().map(of).fold(Effect::default(), Effect::and)
        }
    };
    let server = computer.server.as_ref()?.id;
    Some(Member { server, name: computer.name.clone(), is_silent: computer.silent, effect })
}

fn effect(asked: &Asked, state: Option<ComputerUpdateState>, action: ApprovalAction) -> Effect {
    match state {
        Some(ComputerUpdateState::Unknown) => Effect::Unknown,
        Some(_) if action == ApprovalAction::Uninstall => Effect::Acts(Some(0)),
        Some(ComputerUpdateState::Downloaded) => Effect::Acts(Some(0)),
        Some(_) => Effect::Acts(asked.size.map(|size| size.whole)),
        None => Effect::Nothing,
    }
}
