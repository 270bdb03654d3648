//! A Microsoft WSUS, through its administration service. Not verified on a live WSUS.
//!
//! The calls follow each other on one connection, so a request reads each list once. What a replica or an account that only reads would refuse is refused before it is asked.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::time::Duration;

use headwater_api::linkage::{
    Approve, Contents, Decided, Decline, Failure, FailureKind, LinkVersion, Memberships, WsusApproval,
    WsusComputer, WsusComputers, WsusGroup, WsusIdentity, WsusKind, WsusLower, WsusMode, WsusTargeting,
};
use headwater_api::{ApprovalAction, ComputerSummary, NewRevisions, Page, UpdateSummary};
use headwater_app::admin;
use headwater_app::admin::downstream::others_below;
use headwater_model::{ClientId, GroupId, ServerId, Timestamp, UpdateId, UpdateIdentity};
use headwater_policy::group::ALL_COMPUTERS;
use headwater_policy::seen::Told;
use headwater_views::approvals;
use headwater_wsus_admin::{
    Action, Approval, ApprovalAction as Approvable, Approving, Computer, DownstreamServer, Error, Group,
    GroupKind, Home, Identity, Mode, Role, Scope, Source, Targeting, Update, Wsus,
};
use tokio::sync::Mutex;

use super::Answer;
use super::microsoft_catalogue::Catalogue;
use super::microsoft_silent::Silent;
use super::microsoft_sync::Runs;
use super::microsoft_views::os_version;
use super::pages::Pages;
use crate::kept::Pace;

/// A number is quickly told; all computers take seconds.
pub(super) const PACE: Pace = Pace { count: Duration::from_secs(15), list: Duration::from_secs(900) };

/// A Microsoft WSUS and the synchronisations that were asked for.
pub struct Microsoft {
    pub(super) wsus: Wsus,
    name: String,
    pub(super) runs: Mutex<Runs>,
    pub(super) catalogue: Catalogue,
    computer_pages: Pages<WsusComputer>,
    pub(super) tree_computer_pages: Pages<ComputerSummary>,
    pub(super) update_pages: Pages<UpdateSummary>,
    pub(super) silent: Silent,
}

impl Microsoft {
    /// `name` is the one by which other servers know it, which the service does not tell. `now` begins the
    /// numbers of synchronisations, so that one of an earlier Linkage is not taken for one of this.
    pub fn new(wsus: Wsus, name: String, now: Timestamp) -> Self {
        Self {
            wsus,
            name,
            runs: Mutex::new(Runs::new(now)),
            catalogue: Catalogue::default(),
            computer_pages: Pages::default(),
            tree_computer_pages: Pages::default(),
            update_pages: Pages::default(),
            silent: Silent::default(),
        }
    }

    pub(super) fn name(&self) -> String {
        self.name.clone()
    }

    pub(super) async fn identity(&self, now: Timestamp) -> Answer<WsusIdentity> {
        let found = self.wsus.connect().await.map_err(failure)?;
        let subscription = self.subscription(&found).await?;
        let computers = self.wsus.computer_count(Scope::Own).await.map_err(failure)?;
        // Times of contact are by its clock, and not by that of this machine.
        let at = self.wsus.clock().await.unwrap_or(now);
        Ok(WsusIdentity {
            server: found.id,
            name: self.name(),
            kind: WsusKind::Microsoft,
            mode: mode(&found),
            upstream: match found.source {
                Source::Upstream { name, .. } => Some(name).filter(|name| !name.is_empty()),
                Source::MicrosoftUpdate => None,
            },
            upstream_id: None,
            targeting: match found.targeting {
                Targeting::Server => WsusTargeting::Server,
                Targeting::Client => WsusTargeting::Client,
            },
            subscription,
            read_only: found.role == Role::Reader,
            computers,
            version: found.version,
            at,
            speaks: LinkVersion::own(),
        })
    }

    /// The numbers of files are not told: the service has them only in an answer that nobody can read.
    pub(super) async fn contents(&self) -> Answer<Contents> {
        let updates = self.catalogue.updates(&self.wsus).await?;
        let approvals = self.wsus.approvals().await.map_err(failure)?;
        let mut contents =
            Contents { groups: self.groups().await?, detects_always: true, ..Contents::default() };
        for (id, update) in newest(&updates) {
            contents.updates.push(update.identity.to_string());
            if update.is_declined {
                contents.declined.push(id);
            }
        }
        contents.approvals.extend(approvals.iter().filter_map(approval));
        contents.updates.sort_unstable();
        contents.approvals.sort_unstable();
        contents.last_sync = self.last_sync().await?;
        Ok(contents)
    }

    pub(super) async fn groups(&self) -> Answer<Vec<WsusGroup>> {
        let groups = self.wsus.groups().await.map_err(failure)?;
        let mut groups: Vec<WsusGroup> = groups.into_iter().map(group).collect();
        groups.sort_by_key(|group| group.id);
        Ok(groups)
    }

    /// The service has no place for who made a group.
    pub(super) async fn create_group(
        &self,
        name: &str,
        parent: Option<GroupId>,
        id: Option<GroupId>,
    ) -> Answer<WsusGroup> {
        let made = match id {
            None => {
                self.decides("ExecuteSPCreateTargetGroup1").await?;
                self.wsus.create_group(name, parent).await
            }
            Some(id) => {
                self.decides("ExecuteSPCreateTargetGroup2").await?;
                self.wsus.copy_group(id, name, parent).await
            }
        };
        made.map(group).map_err(failure)
    }

    pub(super) async fn delete_group(&self, id: GroupId, by: &str) -> Answer<()> {
        self.decides("ExecuteSPDeleteTargetGroup").await?;
        match self.wsus.delete_group(id, by).await {
            Ok(()) => Ok(()),
            Err(error) => Err(self.missing_group(id, error).await),
        }
    }

    /// The service tells no products.
    pub(super) async fn computers(&self, after: Option<String>) -> Answer<WsusComputers> {
        let key = |one: &WsusComputer| one.client.to_string();
        let Page { items, next, .. } = self.computer_pages.page(after, key, self.all_computers()).await?;
        Ok(WsusComputers { items, next, ..WsusComputers::default() })
    }

    /// Those that report to this very server, as the service tells them: all at once.
    pub(super) async fn all_computers(&self) -> Answer<Vec<WsusComputer>> {
        let computers = self.wsus.computers(Scope::Own).await.map_err(failure)?;
        let own = computers.into_iter().filter(|computer| computer.home == Home::This);
        Ok(own.map(computer).collect())
    }

    pub(super) async fn own_computers(&self) -> Answer<u64> {
        self.wsus.computer_count(Scope::Own).await.map_err(failure)
    }

    pub(super) async fn here_of(&self, clients: &HashSet<&ClientId>) -> Answer<Vec<ClientId>> {
        let found = self.all_computers().await?.into_iter().map(|computer| computer.client);
        Ok(found.filter(|client| clients.contains(client)).collect())
    }

    pub(super) async fn change_memberships(&self, memberships: Memberships) -> Answer<Decided> {
        let identity = self.writable().await?;
        if identity.targeting == Targeting::Client {
            return Err(refusal("the computers of this server get their groups by policy"));
        }
        let mut changes: BTreeMap<ClientId, (Vec<GroupId>, Vec<GroupId>)> = BTreeMap::new();
        for change in memberships.add {
            changes.entry(change.client).or_default().0.push(change.group);
        }
        for change in memberships.remove {
            changes.entry(change.client).or_default().1.push(change.group);
        }
        let computers = self.wsus.computers(Scope::Own).await.map_err(failure)?;
        let own = computers.into_iter().filter(|computer| computer.home == Home::This);
        let mut members: HashMap<ClientId, Vec<GroupId>> =
            own.map(|computer| (computer.id, computer.groups)).collect();
        let mut decided = Decided::default();
        for (client, (mut add, mut remove)) in changes {
            let Some(groups) = members.remove(&client) else {
                decided.refused.push((client.to_string(), "it does not report to this server".to_owned()));
                continue;
            };
            // What is asked for both ways is taken out.
            add.retain(|group| !groups.contains(group) && !remove.contains(group));
            remove.retain(|group| groups.contains(group));
            let has_changes = !add.is_empty() || !remove.is_empty();
            let done = self.change_groups(&client, &add, &remove).await;
            note(&mut decided, client.to_string(), done.map(|()| has_changes))?;
        }
        Ok(decided)
    }

    /// Added before it is taken out, so that it never falls back to the unassigned ones.
    async fn change_groups(
        &self,
        client: &ClientId,
        add: &[GroupId],
        remove: &[GroupId],
    ) -> Result<(), Error> {
        for group in add {
            self.wsus.add_to_group(*group, client).await?;
        }
        for group in remove {
            self.wsus.remove_from_group(*group, client).await?;
        }
        Ok(())
    }

    pub(super) async fn approve(&self, approve: Approve) -> Answer<Decided> {
        self.decides("ExecuteSPDeployUpdate1").await?;
        let action = match approve.action {
            None => return self.withdraw(&approve).await,
            Some(ApprovalAction::Install) => Approvable::Install,
            Some(ApprovalAction::Uninstall) => Approvable::Uninstall,
            Some(ApprovalAction::Block) => Approvable::Block,
            Some(ApprovalAction::Detect) => {
                return Err(refusal("a Microsoft WSUS detects whatever is not approved: withdraw instead"));
            }
        };
        if approve.new_revisions == NewRevisions::Wait {
            return Err(refusal(
                "whether approvals of a Microsoft WSUS follow new revisions is one setting of that server, for all of \
                 them: set it there",
            ));
        }
        let updates = self.catalogue.updates(&self.wsus).await?;
        let newest = newest(&updates);
        let approvals = self.wsus.approvals().await.map_err(failure)?;
        let standing = standing(&approvals);
        let (stands, seen) = (by_update(&standing), approvals::seen(&approve.seen));
        let mut decided = Decided::default();
        for id in &approve.updates {
            let Some(update) = newest.get(id) else {
                decided.refused.push((id.to_string(), NO_UPDATE.to_owned()));
                continue;
            };
            let (group, deadline) = (approve.group, approve.deadline);
            let wanted = WsusApproval {
                update: *id,
                revision: update.identity.revision,
                group,
                action: told(action),
                deadline,
            };
            if standing.contains(&wanted) {
                decided.unchanged.push(id.to_string());
                continue;
            }
            let stands = stands.get(id).and_then(|told| told.get(&group)).copied();
            if let Some(reason) =
                seen.refuses(*id, group, stands, Some((approvals::asked(told(action)), deadline)))
            {
                decided.refused.push((id.to_string(), reason));
                continue;
            }
            let approving = Approving { update: update.identity, group, action, deadline, who: &approve.by };
            let done = self.wsus.approve(approving).await;
            if let Err(error @ Error::Refused { .. }) = done {
                let found = self.missing_group(group, error).await;
                if found.kind == FailureKind::NotFound {
                    return Err(found);
                }
                decided.refused.push((id.to_string(), found.detail));
            } else {
                note(&mut decided, id.to_string(), done.map(|_| true))?;
            }
        }
        Ok(decided)
    }

    /// Takes back whatever revision is approved.
    async fn withdraw(&self, approve: &Approve) -> Answer<Decided> {
        let approvals = self.wsus.approvals().await.map_err(failure)?;
        let stands = by_update(&standing(&approvals));
        let seen = approvals::seen(&approve.seen);
        let standing: HashSet<UpdateIdentity> = approvals
            .iter()
            .filter(|approval| approval.group == approve.group && action(approval).is_some())
            .map(|approval| approval.update)
            .collect();
        let mut decided = Decided::default();
        for id in &approve.updates {
            let stands = stands.get(id).and_then(|told| told.get(&approve.group)).copied();
            if let Some(reason) = seen.refuses(*id, approve.group, stands, None) {
                decided.refused.push((id.to_string(), reason));
                continue;
            }
            let revisions: Vec<UpdateIdentity> =
                standing.iter().filter(|revision| revision.id == *id).copied().collect();
            let mut done = Ok(!revisions.is_empty());
            for revision in revisions {
                let withdrawn = self.wsus.withdraw(revision, approve.group, &approve.by).await;
                done = done.and(withdrawn.map(|()| true));
            }
            note(&mut decided, id.to_string(), done)?;
        }
        Ok(decided)
    }

    pub(super) async fn decline(&self, decline: Decline) -> Answer<Decided> {
        self.decides("ExecuteSPDeclineUpdate").await?;
        let updates = self.catalogue.updates(&self.wsus).await?;
        let newest = newest(&updates);
        let seen = approvals::seen(&decline.seen);
        let stands = match seen.is_empty() || !decline.decline {
            true => HashMap::new(),
            false => by_update(&standing(&self.wsus.approvals().await.map_err(failure)?)),
        };
        let mut decided = Decided::default();
        for id in &decline.updates {
            let Some(update) = newest.get(id) else {
                decided.refused.push((id.to_string(), NO_UPDATE.to_owned()));
                continue;
            };
            let told = stands.get(id).into_iter().flatten().map(|(group, told)| (*group, *told));
            if let Some(reason) = seen.refuses_decline(*id, told) {
                decided.refused.push((id.to_string(), reason));
                continue;
            }
            let done = match (update.is_declined, decline.decline) {
                (false, true) => self.wsus.decline(*id, &decline.by).await.map(|()| true),
                (true, false) => self.wsus.undo_decline(update.identity, &decline.by).await.map(|()| true),
                _ => Ok(false),
            };
            note(&mut decided, id.to_string(), done)?;
        }
        Ok(decided)
    }

    pub(super) async fn accept_licence(&self, update: UpdateId, by: &str) -> Answer<()> {
        self.decides("ExecuteSPAcceptEula").await?;
        let updates = self.catalogue.updates(&self.wsus).await?;
        let newest = newest(&updates);
        let update = newest.get(&update).ok_or_else(|| not_found(NO_UPDATE.to_owned()))?;
        let licence = update.licence.ok_or_else(|| refusal("it needs no licence to be accepted"))?;
        self.wsus.accept_licence(licence, update.identity, by).await.map_err(failure)?;
        self.catalogue.forget().await;
        Ok(())
    }

    pub(super) async fn lower(&self) -> Answer<Vec<WsusLower>> {
        let own = self.wsus.identity().await.map_err(failure)?.id;
        let servers = self.wsus.downstream_servers().await.map_err(failure)?;
        let lower = |server: DownstreamServer| WsusLower {
            server: server.id,
            name: server.name.unwrap_or_else(|| server.id.to_string()),
            parent: server.parent.filter(|parent| *parent != own),
            mode: Some(match server.mode {
                Mode::Replica => WsusMode::Replica,
                Mode::Autonomous => WsusMode::Autonomous,
            }),
            first_contact_at: None,
            last_contact_at: server.last_sync.max(server.last_rollup).unwrap_or(Timestamp::EPOCH),
            last_sync_at: server.last_sync,
            // Only its own Linkage tells them: no scope is known that has them here.
            computers: 0,
        };
        Ok(servers.into_iter().map(lower).collect())
    }

    /// The service has no place for who deleted it. Whether the server forgets what is below the named one is not
    /// known, so that is deleted before it.
    pub(super) async fn delete_lower(&self, id: ServerId, below: &[ServerId]) -> Answer<()> {
        self.writable().await?;
        let servers = self.wsus.downstream_servers().await.map_err(failure)?;
        if servers.iter().all(|server| server.id != id) {
            return Err(not_found(format!("there is no downstream server {id}")));
        }
        let branch = branch(&servers, id);
        if let Some(others) = others(&servers, &branch, id, below) {
            return Err(refusal(&others));
        }
        for one in branch {
            self.wsus.delete_downstream_server(one).await.map_err(failure)?;
        }
        Ok(())
    }

    /// What the server was when it was last asked, if the account may write there.
    pub(super) async fn writable(&self) -> Answer<Identity> {
        let identity = self.wsus.identity().await.map_err(failure)?;
        match identity.role {
            Role::Administrator => Ok(identity),
            Role::Reader => Err(refusal(
                "the account of its Linkage may only read: add it to the group WSUS Administrators there",
            )),
        }
    }

    /// Refuses what the server above decides for a replica.
    async fn decides(&self, operation: &'static str) -> Answer<()> {
        match self.writable().await?.mode {
            Mode::Autonomous => Ok(()),
            Mode::Replica => Err(failure(Error::Replica { operation })),
        }
    }

    /// A refusal has no number that says why, so it is looked whether the group is missing.
    async fn missing_group(&self, id: GroupId, error: Error) -> Failure {
        match self.wsus.groups().await {
            Ok(groups) if groups.iter().all(|group| group.id != id) => {
                Failure { kind: FailureKind::NotFound, detail: format!("there is no group {id}") }
            }
            _ => failure(error),
        }
    }
}

/// Why a server is not deleted with a branch in which others are than those that somebody has seen below it.
fn others(
    servers: &[DownstreamServer],
    branch: &[ServerId],
    id: ServerId,
    seen: &[ServerId],
) -> Option<String> {
    let called = |id: &ServerId| {
        let name = servers.iter().find(|one| one.id == *id).and_then(|one| one.name.clone());
        name.unwrap_or_else(|| id.to_string())
    };
    let others = branch.iter().filter(|one| **one != id && !seen.contains(one));
    let others: Vec<String> = others.map(called).collect();
    (!others.is_empty()).then(|| others_below(&called(&id), &others))
}

/// A server and those below it, each after those below it.
fn branch(servers: &[DownstreamServer], id: ServerId) -> Vec<ServerId> {
    let mut branch = vec![id];
    let mut next = 0;
    while let Some(above) = branch.get(next).copied() {
        next += 1;
        for one in servers.iter().filter(|one| one.parent == Some(above)) {
            if !branch.contains(&one.id) {
                branch.push(one.id);
            }
        }
    }
    branch.reverse();
    branch
}

pub(super) const NO_UPDATE: &str = "there is no such update on this server";

pub(super) fn not_found(detail: String) -> Failure {
    Failure { kind: FailureKind::NotFound, detail }
}

fn refusal(detail: &str) -> Failure {
    Failure { kind: FailureKind::Refused, detail: detail.to_owned() }
}

pub(super) fn failure(error: Error) -> Failure {
    let mut detail = admin::chain(&error);
    if let Some(advice) = error.advice() {
        detail += "; ";
        detail += advice;
    }
    let kind = match error {
        Error::Refused { .. }
        | Error::Replica { .. }
        | Error::ReadOnly { .. }
        | Error::NotPermitted { .. }
        | Error::NoRole { .. }
        | Error::AccountRefused { .. } => FailureKind::Refused,
        _ => FailureKind::Wsus,
    };
    Failure { kind, detail }
}

/// Notes what became of one part; where the server cannot be asked any more, the rest is given up, and what
/// was done before is found when it is read again.
pub(super) fn note(decided: &mut Decided, part: String, done: Result<bool, Error>) -> Answer<()> {
    match done.map_err(failure) {
        Ok(true) => decided.applied.push(part),
        Ok(false) => decided.unchanged.push(part),
        Err(failure) if failure.kind == FailureKind::Refused => decided.refused.push((part, failure.detail)),
        Err(failure) => {
            let detail =
                format!("{} (at {part}, {} were changed before)", failure.detail, decided.applied.len());
            return Err(Failure { detail, ..failure });
        }
    }
    Ok(())
}

fn mode(identity: &Identity) -> WsusMode {
    match (identity.mode, &identity.source) {
        (Mode::Replica, _) => WsusMode::Replica,
        (Mode::Autonomous, Source::Upstream { .. }) => WsusMode::Autonomous,
        (Mode::Autonomous, Source::MicrosoftUpdate) => WsusMode::Top,
    }
}

/// Earlier revisions may stand in the list as long as they are approved.
pub(super) fn newest(updates: &[Update]) -> BTreeMap<UpdateId, &Update> {
    let mut newest: BTreeMap<UpdateId, &Update> = BTreeMap::new();
    for update in updates {
        let known = newest.entry(update.identity.id).or_insert(update);
        if known.identity.revision < update.identity.revision {
            *known = update;
        }
    }
    newest
}

/// What was decided; a bundle's parts and what is not approved are no decisions.
pub(super) fn action(approval: &Approval) -> Option<ApprovalAction> {
    match approval.action {
        Action::Install => Some(ApprovalAction::Install),
        Action::Uninstall => Some(ApprovalAction::Uninstall),
        Action::Block => Some(ApprovalAction::Block),
        Action::NotApproved | Action::Bundle | Action::Other(_) => None,
    }
}

fn told(action: Approvable) -> ApprovalAction {
    match action {
        Approvable::Install => ApprovalAction::Install,
        Approvable::Uninstall => ApprovalAction::Uninstall,
        Approvable::Block => ApprovalAction::Block,
    }
}

fn approval(approval: &Approval) -> Option<WsusApproval> {
    Some(WsusApproval {
        update: approval.update.id,
        revision: approval.update.revision,
        group: approval.group,
        action: action(approval)?,
        deadline: approval.deadline,
    })
}

fn standing(approvals: &[Approval]) -> BTreeSet<WsusApproval> {
    approvals.iter().filter_map(approval).collect()
}

/// What is approved of each update by group; of several revisions, for the newest.
fn by_update(approvals: &BTreeSet<WsusApproval>) -> HashMap<UpdateId, BTreeMap<GroupId, Told>> {
    let mut told: HashMap<UpdateId, BTreeMap<GroupId, Told>> = HashMap::new();
    for one in approvals {
        let standing = (approvals::asked(one.action), one.deadline);
        told.entry(one.update).or_default().insert(one.group, standing);
    }
    told
}

fn group(group: Group) -> WsusGroup {
    let built_in = group.kind != GroupKind::Made;
    WsusGroup { id: group.id, name: group.name, parent: group.parent, built_in }
}

fn computer(computer: Computer) -> WsusComputer {
    let mut groups = computer.groups;
    // Everyone is in that one, and no Linkage tells it.
    groups.retain(|group| *group != ALL_COMPUTERS);
    WsusComputer {
        client: computer.id,
        name: computer.name.unwrap_or_default(),
        address: computer.ip_address.unwrap_or_default(),
        os: computer.os.unwrap_or_default(),
        os_version: computer.os_version.map(os_version).unwrap_or_default(),
        architecture: String::new(),
        agent_version: computer.client_version.unwrap_or_default(),
        manufacturer: computer.make.unwrap_or_default(),
        model: computer.model.unwrap_or_default(),
        first_contact_at: None,
        last_contact_at: computer.last_contact.or(computer.last_report).unwrap_or(Timestamp::EPOCH),
        requested_group: computer.requested_groups.join(";"),
        groups,
        product_set: None,
    }
}

// Wine, which runs the tests for Windows, starts no program of Linux with pipes to it.
#[cfg(test)]
#[cfg(not(windows))]
#[path = "microsoft_tests.rs"]
mod tests;
