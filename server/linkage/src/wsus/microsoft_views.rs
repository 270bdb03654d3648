//! What a Microsoft WSUS knows of updates and computers, in the words of our API.
//!
//! Its service tells lists and no single things, so each page is of a whole list that was read. What it does not tell
//! is absent or empty: files, prerequisites and supersedence by name, and what was done before, but for approvals
//! that stand.

use std::cmp::Ordering;
use std::collections::{HashMap, HashSet};

use headwater_api::linkage::{StateOnComputer, UpdateCount, WsusGroup};
use headwater_api::{
    Approval as ApprovalView, Change, ComputerDetail, ComputerSummary, ComputerUpdate, ComputerUpdateState,
    GroupRef, LicenceTerms, Page, Revision, StatesQuery, UpdateCounts, UpdateDetail, UpdateKind,
    UpdateLicence, UpdateState, UpdateStates, UpdateSummary,
};
use headwater_encoding::text::decode;
use headwater_model::{ClientId, GroupId, Timestamp, UpdateId};
use headwater_policy::group::ALL_COMPUTERS;
use headwater_views::computers::silent_since;
use headwater_views::licence::written;
use headwater_wsus_admin::{
    Approval, Computer, Counts, Error, Home, Installation, InstallationState, OsVersion, Scope, Update,
};

use super::Answer;
use super::microsoft::{Microsoft, NO_UPDATE, action, failure, newest, not_found};
use super::microsoft_catalogue::CULTURE;

/// `wsusutil reset` has it look for every file, licence terms among them (fact 83).
const NO_TERMS: &str = "the WSUS does not have the file with its licence terms yet; where it stays so, `wsusutil reset` on that \
                        server fetches what is missing";

impl Microsoft {
    pub(super) async fn updates(&self, after: Option<String>, now: Timestamp) -> Answer<Page<UpdateSummary>> {
        self.update_pages.page(after, |one| one.id.to_string(), self.all_with_silent(now)).await
    }

    async fn all_with_silent(&self, now: Timestamp) -> Answer<Vec<UpdateSummary>> {
        let mut all = self.all_updates().await?;
        let silent = self.said_by_silent(now).await?;
        for update in &mut all {
            if let Some(states) = &mut update.states {
                states.silent = silent.as_ref().map(|said| said.get(&update.id).copied().unwrap_or_default());
            }
        }
        Ok(all)
    }

    /// Nothing of who is silent.
    pub(super) async fn all_updates(&self) -> Answer<Vec<UpdateSummary>> {
        let updates = self.catalogue.updates(&self.wsus).await?;
        let approvals = self.wsus.approvals().await.map_err(failure)?;
        let counts = self.counts_by_update().await?;
        let approved = approved_groups(&approvals);
        let newest = newest(&updates);
        let summary = |(id, update): (&UpdateId, &&Update)| {
            summary(update, &approved, counts.get(id).copied().unwrap_or_default())
        };
        Ok(newest.iter().map(summary).collect())
    }

    /// Of its own computers: no scope is known that has the others.
    pub(super) async fn update_counts(&self, now: Timestamp) -> Answer<Vec<UpdateCount>> {
        let counts = self.counts_by_update().await?.into_iter();
        let silent = self.said_by_silent(now).await?;
        let told = counts.map(|(update, counts)| {
            let silent = silent.as_ref().map(|said| said.get(&update).copied().unwrap_or_default());
            UpdateCount {
                update,
                needed: needed(&counts),
                installed: installed(&counts),
                failed: counts.of(InstallationState::Failed),
                states: Some(UpdateStates::new(status(&counts), silent)),
            }
        });
        Ok(told.collect())
    }

    pub(super) async fn update(&self, id: UpdateId, now: Timestamp) -> Answer<UpdateDetail> {
        let updates = self.catalogue.updates(&self.wsus).await?;
        let newest = newest(&updates);
        let update = newest.get(&id).ok_or_else(|| not_found(NO_UPDATE.to_owned()))?;
        let approvals = self.wsus.approvals().await.map_err(failure)?;
        let groups = names(&self.groups().await?);
        let counts = self.counts_by_update().await?.remove(&id).unwrap_or_default();
        let here = status(&counts);
        let states = UpdateStates::new(here, Some(self.counts_of_silent(id, now).await?));
        let (in_contact, silent) = states.told_apart();
        let summary =
            UpdateSummary { states: Some(states), ..summary(update, &approved_groups(&approvals), counts) };
        let mut own: Vec<_> = approvals.iter().filter(|approval| approval.update.id == id).collect();
        // Of several revisions that are approved for one group, the newest counts: it comes last.
        own.sort_by_key(|approval| approval.update.revision);
        let standing: Vec<ApprovalView> =
            own.into_iter().filter_map(|approval| approval_view(approval, update, &groups)).collect();
        let mut history: Vec<Change> = standing.iter().map(approved).collect();
        history.sort_by_key(|change| std::cmp::Reverse(change.at));
        Ok(UpdateDetail {
            description: update.description.clone().unwrap_or_default(),
            approvals: standing,
            revisions: vec![Revision {
                revision: update.identity.revision,
                arrived_at: update.arrived.unwrap_or(Timestamp::EPOCH),
            }],
            history,
            licence: update
                .licence
                .map(|id| UpdateLicence { id, accepted: !update.licence_must_be_accepted }),
            status: in_contact,
            silent: silent.unwrap_or_default(),
            here,
            ..UpdateDetail::bare(summary)
        })
    }

    /// It does not tell which languages there are, in which one it answers, nor who accepted it.
    pub(super) async fn licence(&self, id: UpdateId, language: Option<&str>) -> Answer<LicenceTerms> {
        let updates = self.catalogue.updates(&self.wsus).await?;
        let newest = newest(&updates);
        let update = newest.get(&id).ok_or_else(|| not_found(NO_UPDATE.to_owned()))?;
        let licence = update.licence.ok_or_else(|| not_found("it has no licence".to_owned()))?;
        let language = language.unwrap_or(CULTURE);
        let (text, missing) = match self.wsus.licence_file(licence, update.identity, language).await {
            Ok(Some(bytes)) => written(decode(&bytes, language)),
            Ok(None) => (None, Some(NO_TERMS.to_owned())),
            // Its words are that a file does not exist; which other reasons there are is not known.
            Err(error @ Error::Refused { .. }) => {
                (None, Some(format!("{NO_TERMS} ({})", failure(error).detail)))
            }
            Err(error) => return Err(failure(error)),
        };
        Ok(LicenceTerms {
            id: licence,
            accepted: !update.licence_must_be_accepted,
            accepted_by: None,
            accepted_at: None,
            language: None,
            languages: Vec::new(),
            text,
            missing,
        })
    }

    /// What the computers said of an update that have made no contact for long.
    async fn counts_of_silent(&self, id: UpdateId, now: Timestamp) -> Answer<UpdateCounts> {
        let silent: HashSet<ClientId> = self.silent_now(now).await?.into_iter().collect();
        let mut counts = UpdateCounts::default();
        if !silent.is_empty() {
            let states = self.wsus.installations_of(id, Scope::Own).await.map_err(failure)?;
            for one in states.iter().filter(|one| silent.contains(&one.computer)) {
                *count(&mut counts, one.state) += 1;
            }
        }
        Ok(counts)
    }

    /// Only those that report to it: no scope is known that has the others.
    pub(super) async fn tree_computers(
        &self,
        after: Option<String>,
        now: Timestamp,
    ) -> Answer<Page<ComputerSummary>> {
        let read = self.all_tree_computers(now);
        self.tree_computer_pages.page(after, |one| one.id.to_string(), read).await
    }

    async fn all_tree_computers(&self, now: Timestamp) -> Answer<Vec<ComputerSummary>> {
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
        let found: Vec<ComputerSummary> = own.map(item).collect();
        self.silent.are(found.iter().filter(|one| one.silent).map(|one| one.id.clone()).collect()).await;
        Ok(found)
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
            requested_group: Some(computer.requested_groups.join(";")).filter(|names| !names.is_empty()),
            updates,
            ..ComputerDetail::bare(summary)
        })
    }

    async fn titles(&self) -> Answer<HashMap<UpdateId, String>> {
        let updates = self.catalogue.updates(&self.wsus).await?;
        Ok(updates.iter().filter_map(|update| Some((update.identity.id, update.title.clone()?))).collect())
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
        needed: needed(&counts),
        installed: installed(&counts),
        failed: counts.of(InstallationState::Failed),
        states: Some(UpdateStates::new(status(&counts), None)),
    }
}

fn needed(counts: &Counts) -> u64 {
    counts.needed() + counts.of(InstallationState::Failed)
}

fn installed(counts: &Counts) -> u64 {
    counts.of(InstallationState::Installed) + counts.of(InstallationState::PendingRestart)
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
        outside: false,
    })
}

/// What the service tells of the past: who made the approvals that stand.
fn approved(approval: &ApprovalView) -> Change {
    let deadline = approval.deadline.map(|deadline| format!(" until {deadline}")).unwrap_or_default();
    Change {
        at: approval.at,
        by: approval.by.clone(),
        what: "approved".to_owned(),
        update: None,
        group: Some(GroupRef { id: approval.group, name: approval.group_name.clone() }),
        from: None,
        to: Some(format!("{}{deadline}", headwater_words::approval::action(approval.action))),
        outside: false,
    }
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
        os_version: computer.os_version.map(os_version),
        architecture: None,
        agent_version: computer.client_version.clone(),
        manufacturer: computer.make.clone(),
        model: computer.model.clone(),
        last_contact_at,
        last_report_at: computer.last_report,
        note: None,
        silent: last_contact_at < silent_since(now),
        status: status(counts),
    }
}

pub(super) fn os_version(version: OsVersion) -> String {
    format!("{}.{}.{}", version.major, version.minor, version.build)
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

pub(super) fn state(state: InstallationState) -> ComputerUpdateState {
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

fn count(counts: &mut UpdateCounts, one: InstallationState) -> &mut u64 {
    counts.of_mut(state(one))
}
