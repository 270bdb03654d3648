//! Approvals and declines at the linked WSUS, which is the truth for them.

use std::collections::{BTreeSet, HashMap, HashSet};

use headwater_api::linkage::{Approve, Decided, Decline, WsusApproval, WsusGroup};
use headwater_api::{
    ApprovalAction, Group, NewGroup, NewRevisions, Refusal, SeenUpdate, Told, UPDATES_PER_REQUEST_MAX,
    UpdateDetail, UpdateRef, UpdatesOutcome,
};
use headwater_model::{GroupId, Timestamp, UpdateId};
use headwater_store::AuditRow;
use headwater_words::moment::minute;

use crate::host_groups::check_name;
use crate::{Manager, ManagerError, Mirror};

/// What is approved for a group; without it, approvals are taken back.
#[derive(Debug, Clone, Copy)]
pub struct Terms {
    pub action: ApprovalAction,
    pub deadline: Option<Timestamp>,
    pub new_revisions: NewRevisions,
}

impl Manager {
    /// The groups of the linked WSUS, by name, with the computers of the whole tree.
    pub async fn groups(&self) -> Result<Told<Vec<Group>>, ManagerError> {
        let told = self.groups_now().await;
        let remembered = |mirror: &Mirror| {
            let (groups, approvals) = (&mirror.tree.groups, &mirror.tree.approvals);
            let computers = mirror.computers.all().iter();
            let memberships = computers.flat_map(|one| one.groups.iter().map(|group| group.id));
            Some(counted_groups(groups, approvals, memberships))
        };
        self.or_remembered(told, remembered)
    }

    async fn groups_now(&self) -> Result<Vec<Group>, ManagerError> {
        let way = self.way().await?;
        let tree = self.tree(&way).await?;
        let contents = self.contents_of(&way, &way.top).await?;
        let computers = self.computers(&way, &tree).await?;
        let memberships = computers.into_iter().flat_map(|one| one.groups);
        Ok(counted_groups(&contents.groups, &contents.approvals, memberships))
    }

    /// Makes a group in the linked WSUS, below All Computers where no parent is named.
    pub async fn create_group(&self, new: &NewGroup, by: &str) -> Result<Group, ManagerError> {
        check_name(&new.name)?;
        let way = self.writable().await?;
        let made = self.create_group_on(&way, &way.top, &new.name, new.parent, by).await?;
        self.store.audit(&AuditRow::of(self.now(), by, "create group", &made.name)).await?;
        self.show_group(&made);
        let (id, name, parent) = (made.id, made.name, made.parent);
        Ok(Group { id, name, parent, built_in: false, computers: 0, approvals: 0 })
    }

    /// Approves updates for a group at the linked WSUS, or takes approvals back. The lower servers get it
    /// with their next synchronisation. An update is refused if it is no longer as it was `seen`, or, where
    /// that says nothing of it, as it is shown here.
    pub async fn approve(
        &self,
        updates: &[UpdateId],
        group: GroupId,
        terms: Option<Terms>,
        seen: &[SeenUpdate],
        by: &str,
    ) -> Result<UpdatesOutcome, ManagerError> {
        check_count(updates)?;
        let way = self.writable().await?;
        // A halt of the same update may take its time, and leaves no approval.
        let _alone = if terms.is_some() { Some(self.deciding.alone(updates).await) } else { None };
        // Those that are asked for from here on are later than this approval, and stay.
        let halts = if terms.is_some() { self.store.halts().await? } else { Vec::new() };
        let seen = self.seen(updates, seen);
        let before = approved(&self.known_decisions(updates), group);
        let approve = Approve {
            by: by.to_owned(),
            updates: updates.to_vec(),
            group,
            action: terms.map(|terms| terms.action),
            deadline: terms.and_then(|terms| terms.deadline),
            new_revisions: terms.map(|terms| terms.new_revisions).unwrap_or_default(),
            seen,
        };
        let decided = self.approve_on(&way, &way.top, approve).await?;
        let what = if terms.is_some() { "approve" } else { "withdraw" };
        let after =
            terms.map_or_else(|| "not approved".to_owned(), |terms| said(terms.action, terms.deadline));
        let name =
            self.mirror().tree.group(group).map_or_else(|| group.to_string(), |known| known.name.clone());
        self.record(by, what, &format!("for {name}"), &decided, &before, after).await?;
        let stands = decided.applied.iter().chain(&decided.unchanged).filter_map(|id| id.parse().ok());
        let stands: HashSet<UpdateId> = stands.collect();
        for halt in halts.iter().filter(|halt| stands.contains(&halt.update)) {
            self.store.forget_halt(halt).await?;
        }
        self.look_again();
        outcome(decided)
    }

    /// Declines updates at the linked WSUS, or takes that back. Declining is refused where it would take back
    /// approvals that were not `seen`, as [`approve`](Self::approve) has it.
    pub async fn decline(
        &self,
        updates: &[UpdateId],
        decline: bool,
        seen: &[SeenUpdate],
        by: &str,
    ) -> Result<UpdatesOutcome, ManagerError> {
        check_count(updates)?;
        let way = self.writable().await?;
        let seen = self.seen(updates, seen);
        let asked = Decline { by: by.to_owned(), updates: updates.to_vec(), decline, seen };
        let decided = self.decline_on(&way, &way.top, asked).await?;
        let (what, before, after) = match decline {
            true => ("decline", "not declined", "declined"),
            false => ("undecline", "declined", "not declined"),
        };
        self.record(by, what, "", &decided, before, after.to_owned()).await?;
        self.look_again();
        outcome(decided)
    }

    /// Accepts the licence of an update at the linked WSUS, for all updates with it. Replicas take it over.
    pub async fn accept_licence(&self, update: UpdateId, by: &str) -> Result<UpdateDetail, ManagerError> {
        let way = self.writable().await?;
        let before = self.update_at(&way, &way.top, update).await?;
        let Some(licence) = before.licence else {
            return Err(ManagerError::Refused(format!("{}: it has no licence", before.summary.title)));
        };
        if licence.accepted {
            return Ok(before);
        }
        self.accept_licence_on(&way, &way.top, update, by).await?;
        let row = AuditRow {
            before: Some("not accepted".to_owned()),
            after: Some(format!("accepted: {}", licence.id)),
            ..AuditRow::of(self.now(), by, "accept licence", &update.to_string())
        };
        self.store.audit(&row).await?;
        self.look_again();
        self.update_at(&way, &way.top, update).await
    }

    async fn record(
        &self,
        by: &str,
        what: &str,
        how: &str,
        decided: &Decided,
        before: &str,
        after: String,
    ) -> Result<(), ManagerError> {
        if !decided.applied.is_empty() {
            let detail = format!("{} {how}", decided.applied.join(", "));
            let row = AuditRow::of(self.now(), by, what, detail.trim_end());
            self.store
                .audit(&AuditRow { before: Some(before.to_owned()), after: Some(after), ..row })
                .await?;
        }
        Ok(())
    }
}

/// Groups by name, with how many computers and approvals each has.
fn counted_groups(
    groups: &[WsusGroup],
    approvals: &[WsusApproval],
    memberships: impl Iterator<Item = GroupId>,
) -> Vec<Group> {
    let (mut computers, mut approved) = (HashMap::<GroupId, u64>::new(), HashMap::<GroupId, u64>::new());
    memberships.for_each(|group| *computers.entry(group).or_default() += 1);
    approvals.iter().for_each(|one| *approved.entry(one.group).or_default() += 1);
    let group = |group: &WsusGroup| Group {
        id: group.id,
        name: group.name.clone(),
        parent: group.parent,
        built_in: group.built_in,
        computers: computers.get(&group.id).copied().unwrap_or(0),
        approvals: approved.get(&group.id).copied().unwrap_or(0),
    };
    let mut groups: Vec<Group> = groups.iter().map(group).collect();
    groups.sort_by_key(|group| group.name.to_lowercase());
    groups
}

/// What was approved for a group: of several updates, each once.
fn approved(seen: &[SeenUpdate], group: GroupId) -> String {
    let of = |one: &SeenUpdate| {
        let known = one.approvals.iter().find(|one| one.group == group);
        known.map_or_else(|| "not approved".to_owned(), |one| said(one.action, one.deadline))
    };
    let told: BTreeSet<String> = seen.iter().map(of).collect();
    told.into_iter().collect::<Vec<_>>().join(", ")
}

/// An approval in the words of the record.
pub(crate) fn said(action: ApprovalAction, deadline: Option<Timestamp>) -> String {
    let action = headwater_words::approval::action(action);
    deadline.map_or_else(|| action.to_owned(), |deadline| format!("{action} until {}", minute(deadline)))
}

fn check_count(updates: &[UpdateId]) -> Result<(), ManagerError> {
    if updates.len() > UPDATES_PER_REQUEST_MAX {
        return Err(ManagerError::Invalid(format!(
            "name at most {UPDATES_PER_REQUEST_MAX} updates at a time"
        )));
    }
    Ok(())
}

fn outcome(decided: Decided) -> Result<UpdatesOutcome, ManagerError> {
    let update = |id: &String| -> Result<UpdateRef, ManagerError> {
        let unreadable =
            |_| ManagerError::Refused(format!("the WSUS answers with `{id}`, which is no update"));
        Ok(UpdateRef { id: id.parse().map_err(unreadable)?, title: None })
    };
    let refusal =
        |(id, reason): &(String, String)| Ok(Refusal { update: update(id)?, reason: reason.clone() });
    Ok(UpdatesOutcome {
        applied: decided.applied.iter().map(update).collect::<Result<_, _>>()?,
        unchanged: decided.unchanged.iter().map(update).collect::<Result<_, _>>()?,
        refused: decided.refused.iter().map(refusal).collect::<Result<_, ManagerError>>()?,
    })
}
