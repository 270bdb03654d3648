//! What a Microsoft WSUS knows of updates and computers, in the words of our API.
//!
//! Its service tells lists and no single things, so a page is always the whole list. What it does not tell
//! is absent or empty: files, prerequisites and supersedence by name, and what was done before.

use std::cmp::Ordering;
use std::collections::HashMap;

use headwater_api::linkage::{StateOnComputer, WsusGroup};
use headwater_api::{
    Approval as ApprovalView, ComputerDetail, ComputerSummary, ComputerUpdate, ComputerUpdateState, GroupRef,
    Page, Revision, StatesQuery, UpdateCounts, UpdateDetail, UpdateKind, UpdateLicence, UpdateState,
    UpdateSummary,
};
use headwater_model::{ClientId, GroupId, Timestamp, UpdateId};
use headwater_policy::group::ALL_COMPUTERS;
use headwater_views::computers::silent_since;
use headwater_wsus_admin::{
    Approval, Computer, Counts, Home, Installation, InstallationState, Scope, Update,
};

use super::Answer;
use super::microsoft::{CULTURE, Microsoft, NO_UPDATE, action, failure, newest, not_found};

impl Microsoft {
    pub(super) async fn updates(&self) -> Answer<Page<UpdateSummary>> {
        let updates = self.wsus.updates(CULTURE).await.map_err(failure)?;
        let approvals = self.wsus.approvals().await.map_err(failure)?;
        let counts = self.counts_by_update().await?;
        let approved = approved_groups(&approvals);
        let newest = newest(&updates);
        let summary = |(id, update): (&UpdateId, &&Update)| {
            summary(update, &approved, counts.get(id).copied().unwrap_or_default())
        };
        Ok(Page { items: newest.iter().map(summary).collect(), next: None, total: None })
    }

    pub(super) async fn update(&self, id: UpdateId) -> Answer<UpdateDetail> {
        let updates = self.wsus.updates(CULTURE).await.map_err(failure)?;
        let newest = newest(&updates);
        let update = newest.get(&id).ok_or_else(|| not_found(NO_UPDATE.to_owned()))?;
        let approvals = self.wsus.approvals().await.map_err(failure)?;
        let groups = names(&self.groups().await?);
        let counts = self.counts_by_update().await?.remove(&id).unwrap_or_default();
        let mut own: Vec<_> = approvals.iter().filter(|approval| approval.update.id == id).collect();
        // Of several revisions that are approved for one group, the newest counts: it comes last.
        own.sort_by_key(|approval| approval.update.revision);
        Ok(UpdateDetail {
            summary: summary(update, &approved_groups(&approvals), counts),
            description: update.description.clone().unwrap_or_default(),
            languages: Vec::new(),
            files: Vec::new(),
            prerequisites: Vec::new(),
            bundles: Vec::new(),
            bundled_by: Vec::new(),
            supersedes: Vec::new(),
            superseded_by: Vec::new(),
            approvals: own
                .into_iter()
                .filter_map(|approval| approval_view(approval, update, &groups))
                .collect(),
            revisions: vec![Revision {
                revision: update.identity.revision,
                arrived_at: update.arrived.unwrap_or(Timestamp::EPOCH),
            }],
            history: Vec::new(),
            licence: update
                .licence
                .map(|id| UpdateLicence { id, accepted: !update.licence_must_be_accepted }),
            incomplete: Vec::new(),
            status: status(&counts),
            servers: Vec::new(),
        })
    }

    /// Only those that report to it: no scope is known that has the others.
    pub(super) async fn tree_computers(&self, now: Timestamp) -> Answer<Page<ComputerSummary>> {
        let computers = self.wsus.computers(Scope::Own).await.map_err(failure)?;
        let mut counts: HashMap<ClientId, Counts> = HashMap::new();
        for one in self.wsus.computer_summaries(Scope::Own).await.map_err(failure)? {
            counts.insert(one.computer, one.counts);
        }
        let groups = names(&self.groups().await?);
        let own = computers.iter().filter(|computer| computer.home == Home::This);
        let item = |computer: &Computer| {
            let counts = counts.get(&computer.id).copied().unwrap_or_default();
            computer_summary(computer, &counts, &groups, now)
        };
        Ok(Page { items: own.map(item).collect(), next: None, total: None })
    }

    pub(super) async fn computer(&self, client: &ClientId, now: Timestamp) -> Answer<ComputerDetail> {
        let computers = self.wsus.computers(Scope::Own).await.map_err(failure)?;
        let computer = computers.iter().find(|computer| computer.id == *client);
        let computer =
            computer.ok_or_else(|| not_found(format!("no computer {client} reports to this server")))?;
        let groups = names(&self.groups().await?);
        let titles = self.titles().await?;
        let mut counts = UpdateCounts::default();
        let mut updates = Vec::new();
        for one in self.wsus.installations_on(client).await.map_err(failure)? {
            *count(&mut counts, one.state) += 1;
            if ComputerUpdateState::OPEN.contains(&state(one.state)) {
                updates.push(on_computer(&one, &titles, computer));
            }
        }
        updates.sort_by(worst_first);
        let mut summary = computer_summary(computer, &Counts::default(), &groups, now);
        summary.status = counts;
        Ok(ComputerDetail {
            summary,
            registered_at: Timestamp::EPOCH,
            agent_version: computer.client_version.clone(),
            architecture: None,
            requested_group: Some(computer.requested_groups.join(";")).filter(|names| !names.is_empty()),
            updates,
            approvals: Vec::new(),
            memberships: Vec::new(),
            namesakes: Vec::new(),
        })
    }

    async fn titles(&self) -> Answer<HashMap<UpdateId, String>> {
        let updates = self.wsus.updates(CULTURE).await.map_err(failure)?;
        Ok(updates.into_iter().filter_map(|update| Some((update.identity.id, update.title?))).collect())
    }

    pub(super) async fn states_of_update(
        &self,
        update: UpdateId,
        states: &[ComputerUpdateState],
    ) -> Answer<Page<StateOnComputer>> {
        let found = self.wsus.installations_of(update, Scope::Own).await.map_err(failure)?;
        let told = found.into_iter().filter_map(|one| {
            let state = state(one.state);
            let told = StateOnComputer { client: one.computer, state, since: None, error: None };
            states.contains(&state).then_some(told)
        });
        Ok(Page { items: told.collect(), next: None, total: None })
    }

    pub(super) async fn states_on_computer(
        &self,
        client: &ClientId,
        query: &StatesQuery,
    ) -> Answer<Page<ComputerUpdate>> {
        let computers = self.wsus.computers(Scope::Own).await.map_err(failure)?;
        let computer = computers.iter().find(|computer| computer.id == *client);
        let computer =
            computer.ok_or_else(|| not_found(format!("no computer {client} reports to this server")))?;
        let (titles, states) = (self.titles().await?, query.states());
        let found = self.wsus.installations_on(client).await.map_err(failure)?;
        let wanted = found.iter().filter(|one| states.contains(&state(one.state)));
        let mut updates: Vec<ComputerUpdate> =
            wanted.map(|one| on_computer(one, &titles, computer)).collect();
        updates.sort_by(worst_first);
        Ok(Page::cut(updates, query.limit(), query.after.as_deref(), |one| one.id.to_string()))
    }

    async fn counts_by_update(&self) -> Answer<HashMap<UpdateId, Counts>> {
        let counted = self.wsus.update_summaries(Scope::Own).await.map_err(failure)?;
        Ok(counted.into_iter().map(|one| (one.update, one.counts)).collect())
    }
}

fn names(groups: &[WsusGroup]) -> HashMap<GroupId, String> {
    groups.iter().map(|group| (group.id, group.name.clone())).collect()
}

/// For how many groups each update is approved.
fn approved_groups(approvals: &[Approval]) -> HashMap<UpdateId, u64> {
    let mut groups = HashMap::new();
    for approval in approvals.iter().filter(|approval| action(approval).is_some()) {
        *groups.entry(approval.update.id).or_default() += 1;
    }
    groups
}

fn summary(update: &Update, approved: &HashMap<UpdateId, u64>, counts: Counts) -> UpdateSummary {
    UpdateSummary {
        id: update.identity.id,
        revision: update.identity.revision,
        title: update.title.clone().unwrap_or_else(|| update.identity.id.to_string()),
        kind: match update.update_type.as_deref() {
            Some("Driver") => UpdateKind::Driver,
            _ => UpdateKind::Software,
        },
        classification: update.classifications.first().cloned(),
        products: update.products.clone(),
        kb: update.kb_articles.clone(),
        cves: Vec::new(),
        severity: update.severity.clone().filter(|severity| severity != "Unspecified"),
        state: match (update.is_declined, update.is_expired) {
            (true, _) => UpdateState::Declined,
            (_, true) => UpdateState::Expired,
            _ => UpdateState::Approvable,
        },
        approved_groups: approved.get(&update.identity.id).copied().unwrap_or_default(),
        superseded: update.is_superseded.unwrap_or_default(),
        arrived_at: update.arrived.unwrap_or(Timestamp::EPOCH),
        needed: counts.needed() + counts.of(InstallationState::Failed),
        installed: counts.of(InstallationState::Installed) + counts.of(InstallationState::PendingRestart),
        failed: counts.of(InstallationState::Failed),
    }
}

fn approval_view(
    approval: &Approval,
    update: &Update,
    groups: &HashMap<GroupId, String>,
) -> Option<ApprovalView> {
    let name = groups.get(&approval.group).cloned();
    Some(ApprovalView {
        group: approval.group,
        group_name: name.unwrap_or_else(|| approval.group.to_string()),
        action: action(approval)?,
        deadline: approval.deadline,
        by: approval.who.clone().unwrap_or_default(),
        at: approval.made.unwrap_or(Timestamp::EPOCH),
        revision: Some(approval.update.revision).filter(|revision| *revision != update.identity.revision),
    })
}

fn computer_summary(
    computer: &Computer,
    counts: &Counts,
    groups: &HashMap<GroupId, String>,
    now: Timestamp,
) -> ComputerSummary {
    let named = |id: &GroupId| {
        let name = groups.get(id).cloned();
        GroupRef { id: *id, name: name.unwrap_or_else(|| id.to_string()) }
    };
    let last_contact_at = computer.last_contact.or(computer.last_report).unwrap_or(Timestamp::EPOCH);
    ComputerSummary {
        id: computer.id.clone(),
        name: computer.name.clone().unwrap_or_else(|| computer.id.to_string()),
        server: None,
        address: computer.ip_address.clone(),
        groups: computer.groups.iter().filter(|group| **group != ALL_COMPUTERS).map(named).collect(),
        os: computer.os.clone(),
        os_version: computer
            .os_version
            .map(|version| format!("{}.{}.{}", version.major, version.minor, version.build)),
        manufacturer: computer.make.clone(),
        model: computer.model.clone(),
        last_contact_at,
        last_report_at: computer.last_report,
        note: None,
        silent: last_contact_at < silent_since(now),
        status: status(counts),
    }
}

fn status(counts: &Counts) -> UpdateCounts {
    let mut status = UpdateCounts::default();
    for state in InstallationState::ALL {
        *count(&mut status, state) = counts.of(state);
    }
    status
}

fn on_computer(
    one: &Installation,
    titles: &HashMap<UpdateId, String>,
    computer: &Computer,
) -> ComputerUpdate {
    ComputerUpdate {
        id: one.update,
        title: titles.get(&one.update).cloned().unwrap_or_else(|| one.update.to_string()),
        state: state(one.state),
        // Since when it is so, and why it failed, the service does not tell.
        since: computer.last_report.unwrap_or(Timestamp::EPOCH),
        error: None,
    }
}

fn worst_first(one: &ComputerUpdate, other: &ComputerUpdate) -> Ordering {
    (one.state, &one.title).cmp(&(other.state, &other.title))
}

fn state(state: InstallationState) -> ComputerUpdateState {
    match state {
        InstallationState::Failed => ComputerUpdateState::Failed,
        InstallationState::NotInstalled => ComputerUpdateState::Needed,
        InstallationState::Downloaded => ComputerUpdateState::Downloaded,
        InstallationState::PendingRestart => ComputerUpdateState::PendingRestart,
        InstallationState::Unknown => ComputerUpdateState::Unknown,
        InstallationState::Installed => ComputerUpdateState::Installed,
        InstallationState::NotApplicable => ComputerUpdateState::NotApplicable,
    }
}

fn count(counts: &mut UpdateCounts, state: InstallationState) -> &mut u64 {
    match state {
        InstallationState::Unknown => &mut counts.unknown,
        InstallationState::NotApplicable => &mut counts.not_applicable,
        InstallationState::NotInstalled => &mut counts.needed,
        InstallationState::Downloaded => &mut counts.downloaded,
        InstallationState::Installed => &mut counts.installed,
        InstallationState::Failed => &mut counts.failed,
        InstallationState::PendingRestart => &mut counts.pending_restart,
    }
}
