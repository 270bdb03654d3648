//! What an approval would mean, before it is made: asked of the servers, decided in the core.

mod asked;

use std::collections::{HashMap, HashSet};

use headwater_api::linkage::FilesOfUpdates;
use headwater_api::{
    ApprovalAction, ApprovalPreview, GroupRef, Page, PreviewComputer, PreviewComputersRequest, ServerPreview,
    ServerRef, TreeServer, UPDATES_PER_REQUEST_MAX, UpdateRef, page_limit,
};
use headwater_model::{GroupId, ServerId, UpdateId};
use headwater_tree::impact::{File, Files, Impact, Member, OnComputer, OnServer, Target, impact};

use crate::mirror::is_in;
use crate::takes::{Takes, takes};
use crate::{Manager, ManagerError, Mirror};

impl Manager {
    /// What approving updates for a group would mean now. Nothing is changed.
    pub async fn preview_approval(
        &self,
        updates: &[UpdateId],
        group: GroupId,
        action: ApprovalAction,
    ) -> Result<ApprovalPreview, ManagerError> {
        let mirror = self.read().await?;
        let found = self.impact_of(&mirror, updates, group, action).await?;
        let name = mirror.tree.group(group).map(|group| group.name.clone()).unwrap_or_default();
        let sum = |count: fn(&OnServer) -> u64| found.servers.iter().map(|(_, on)| count(on)).sum();
        let title = |id: &UpdateId| mirror.updates.get(*id).map(|update| update.title.clone());
        Ok(ApprovalPreview {
            group: GroupRef { id: group, name },
            action,
            updates: updates.iter().map(|id| UpdateRef { id: *id, title: title(id) }).collect(),
            computers: sum(|on| on.computers),
            acting: sum(|on| on.acting),
            unknown: sum(|on| on.unknown),
            servers: found.servers.into_iter().filter_map(|(id, on)| on_server(&mirror, id, on)).collect(),
        })
    }

    /// A page of the computers that would act on an approval, or may, by name. Every page asks the servers anew.
    pub async fn preview_computers(
        &self,
        request: &PreviewComputersRequest,
    ) -> Result<Page<PreviewComputer>, ManagerError> {
        let PreviewComputersRequest { updates, group, action, server, .. } = request;
        let all = self.all_preview_computers(updates, *group, *action, *server).await?;
        Ok(Page::cut(all, page_limit(request.limit), request.after.as_deref(), |one| one.id.to_string()))
    }

    /// All of them, for a file.
    pub async fn all_preview_computers(
        &self,
        updates: &[UpdateId],
        group: GroupId,
        action: ApprovalAction,
        server: Option<ServerId>,
    ) -> Result<Vec<PreviewComputer>, ManagerError> {
        let mirror = self.read().await?;
        let found = self.impact_of(&mirror, updates, group, action).await?;
        let wanted =
            found.computers.into_iter().filter(|one| server.is_none_or(|server| one.server == server));
        Ok(wanted.filter_map(|one| on_computer(&mirror, one)).collect())
    }

    async fn impact_of(
        &self,
        mirror: &Mirror,
        updates: &[UpdateId],
        group: GroupId,
        action: ApprovalAction,
    ) -> Result<Impact, ManagerError> {
        if updates.is_empty() || updates.len() > UPDATES_PER_REQUEST_MAX {
            let what = format!("name at least one update and at most {UPDATES_PER_REQUEST_MAX}");
            return Err(ManagerError::Invalid(what));
        }
        if mirror.tree.group(group).is_none() {
            let what = format!("there is no group {group}; `headwater group list` shows all");
            return Err(ManagerError::NotFound(what));
        }
        let servers = || mirror.tree.servers.iter().map(|one| &one.server);
        // Nothing is fetched for the other actions.
        let told = match action {
            ApprovalAction::Install => Some(self.files_told(mirror, updates).await?),
            ApprovalAction::Uninstall | ApprovalAction::Detect | ApprovalAction::Block => {
                if let Some(unknown) = updates.iter().find(|update| mirror.updates.get(**update).is_none()) {
                    let what = format!("there is no update {unknown}; `headwater update list` shows all");
                    return Err(ManagerError::NotFound(what));
                }
                None
            }
        };
        let top = servers().next().and_then(|top| told.as_ref()?.get(&top.id)?.as_ref());
        let takes = takes(servers());
        let targets =
            servers().filter(|one| takes.get(&one.id).is_some_and(|takes| *takes != Takes::Nothing));
        let target = |one: &TreeServer| Target {
            server: one.id,
            files: told.as_ref().map_or_else(Vec::new, |told| files(updates.len(), told.get(&one.id), top)),
        };
        let targets: Vec<Target> = targets.map(target).collect();

        let groups = HashSet::from_iter(mirror.tree.group_tree().subtree(group));
        let computers = mirror.computers.all().iter().filter(|one| is_in(one, &groups));
        let computers: Vec<_> = computers.filter_map(|one| Some((one, one.server.as_ref()?.id))).collect();
        let ids: Vec<_> = computers.iter().map(|(one, home)| (&one.id, *home)).collect();
        let mut steps = self.steps_of(mirror, updates, action, &ids).await?;
        let members = computers.into_iter().map(|(one, server)| Member {
            client: one.id.clone(),
            server,
            name: one.name.clone(),
            is_silent: one.silent,
            steps: steps.remove(&one.id).unwrap_or_default(),
        });
        Ok(impact(&targets, members.collect()))
    }
}

/// The files of each update on a server: `told` is absent where its Linkage was not asked, and nothing where it did
/// not tell. What it has in another revision than the top one is not what is approved.
fn files(updates: usize, told: Option<&Option<FilesOfUpdates>>, top: Option<&FilesOfUpdates>) -> Vec<Files> {
    let of = |place: usize| {
        let Some(Some(told)) = told else { return Files::NotKnown };
        let revision =
            |told: &FilesOfUpdates| told.updates.get(place)?.as_ref().map(|update| update.revision);
        let Some(update) = told.updates.get(place).and_then(Option::as_ref) else { return Files::AsAbove };
        if top.is_some_and(|top| revision(top) != Some(update.revision)) {
            return Files::AsAbove;
        }
        let Some(places) = &update.files else { return Files::NotKnown };
        let file = |place: &u32| {
            let file = told.files.get(*place as usize)?;
            Some(File { sha1: file.sha1, size_bytes: file.size_bytes, is_held: file.held })
        };
        places.iter().map(file).collect::<Option<_>>().map_or(Files::NotKnown, Files::Told)
    };
    (0..updates).map(of).collect()
}

fn on_server(mirror: &Mirror, id: ServerId, on: OnServer) -> Option<ServerPreview> {
    let server = &mirror.tree.server(id)?.server;
    Some(ServerPreview {
        server: named(server),
        parent: server.parent.and_then(|id| Some(named(&mirror.tree.server(id)?.server))),
        computers: on.computers,
        acting: on.acting,
        unknown: on.unknown,
        silent: on.silent,
        bytes_fetched: on.fetched.whole(),
        bytes_fetched_at_least: on.fetched.known,
        updates_of_unknown_size: on.fetched.updates_unknown,
        bytes_sent: on.sent.whole(),
        bytes_sent_at_least: on.sent.known,
        updates_sent_of_unknown_size: on.sent.updates_unknown,
        names: on.names,
    })
}

fn on_computer(mirror: &Mirror, one: OnComputer) -> Option<PreviewComputer> {
    Some(PreviewComputer {
        id: one.client,
        name: one.name,
        server: named(&mirror.tree.server(one.server)?.server),
        silent: one.is_silent,
        acts: one.acts,
        bytes: one.fetched.whole(),
        bytes_at_least: one.fetched.known,
        updates_of_unknown_size: one.fetched.updates_unknown,
    })
}

fn named(server: &TreeServer) -> ServerRef {
    ServerRef { id: server.id, name: server.name.clone() }
}

/// What the servers of the tree told of files, by server: nothing where one did not tell.
type FilesTold = HashMap<ServerId, Option<FilesOfUpdates>>;

#[cfg(test)]
mod tests {
    use headwater_api::linkage::{FileOfUpdates, FilesOfUpdate};
    use headwater_model::Sha1Digest;

    use super::*;

    type Told<'a> = (u32, Option<&'a [u32]>);

    /// Of each update its revision and the places of its files, of which the second is held.
    fn told(updates: &[Option<Told<'_>>]) -> FilesOfUpdates {
        let file = |number: u8| FileOfUpdates {
            sha1: Sha1Digest([number; 20]),
            size_bytes: u64::from(number),
            held: number == 2,
        };
        let update = |(revision, files): &Told<'_>| FilesOfUpdate {
            revision: *revision,
            files: files.map(<[u32]>::to_vec),
        };
        let updates = updates.iter().map(|one| one.as_ref().map(update)).collect();
        FilesOfUpdates { files: vec![file(1), file(2)], updates }
    }

    #[test]
    fn what_a_server_has_in_another_revision_is_not_what_is_approved() {
        let whole: &[u32] = &[0, 1];
        let top = told(&[Some((2, Some(whole))), Some((1, Some(&[]))), Some((1, None)), None]);
        let here = told(&[Some((1, Some(whole))), None, Some((1, Some(&[1]))), Some((3, Some(&[7])))]);
        let second = File { sha1: Sha1Digest([2; 20]), size_bytes: 2, is_held: true };
        let found = files(4, Some(&Some(here.clone())), Some(&top));
        assert_eq!(found, [Files::AsAbove, Files::AsAbove, Files::Told(vec![second]), Files::AsAbove]);
        // A place that names no file is not believed.
        assert_eq!(files(4, Some(&Some(here)), None)[3], Files::NotKnown);
        let at_top = files(4, Some(&Some(top.clone())), Some(&top));
        assert!(matches!(&at_top[0], Files::Told(files) if files.len() == 2), "{at_top:?}");
        assert_eq!(at_top[1..], [Files::Told(Vec::new()), Files::NotKnown, Files::AsAbove]);
        for silent in [None, Some(&None)] {
            assert_eq!(files(1, silent, Some(&top)), [Files::NotKnown]);
        }
    }
}
