//! Approving, withdrawing, declining.

use std::collections::{HashMap, HashSet};

use headwater_catalog::{Kind, UpdateIx};
use headwater_model::{EulaId, GroupId, Timestamp, UpdateId};
use headwater_policy::approval::{Action, Approval, Resolved, resolve};
use headwater_policy::group::DOWNSTREAM_SERVERS;
use headwater_policy::seen::{Seen, Told};
pub use headwater_policy::sync_plan::Standing;
pub use headwater_store::Decline;
use headwater_store::NewApproval;

use crate::error::AppError;
use crate::live::Served;
use crate::start::App;
use headwater_operators::Operator;

/// What became of each update of a request.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Outcome {
    pub applied: Vec<UpdateId>,
    pub unchanged: Vec<UpdateId>,
    /// With the reason and what to do.
    pub refused: Vec<(UpdateId, String)>,
}

/// What is approved.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Terms {
    pub action: Action,
    pub deadline: Option<Timestamp>,
    pub new_revisions: NewRevisions,
}

impl From<Action> for Terms {
    /// Without a deadline, for whichever revision is the newest.
    fn from(action: Action) -> Self {
        Self { action, deadline: None, new_revisions: NewRevisions::Follow }
    }
}

/// What becomes of an approval when a new revision arrives.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NewRevisions {
    Follow,
    /// It stays with the revision that is the newest now.
    Wait,
}

/// What stands, as servers tell each other of it.
#[derive(Debug)]
pub struct Standings {
    /// Each approval with the revision that it means now.
    pub approvals: Vec<(Standing, u32)>,
    pub accepted_licences: HashSet<EulaId>,
}

impl App {
    pub async fn standings(&self, served: &Served) -> Result<Standings, AppError> {
        let shared = self.store.shared_decisions().await?;
        let accepted_licences = served.accepted_eulas(&shared);
        let approvals = shared.standing.into_iter().filter_map(|one| served.with_revision(one)).collect();
        Ok(Standings { approvals, accepted_licences })
    }

    /// Accepts the licence that an update needs, for all updates with it. Servers below are told so.
    pub async fn accept_licence(
        &self,
        operator: &Operator,
        licence: EulaId,
        update: UpdateId,
    ) -> Result<(), AppError> {
        self.must_decide_here()?;
        known(&self.live.served(), update).map_err(AppError::NotFound)?;
        if self.live.served().eula(update) != Some(licence) {
            return Err(AppError::NotFound(format!("the update {update} has no licence {licence}")));
        }
        self.store.accept_licence(licence, update, &operator.name, self.clock.now()).await?;
        self.publish_decisions().await
    }

    /// Accepts the licence that an update needs, whichever it is.
    pub async fn accept_licence_of(&self, operator: &Operator, update: UpdateId) -> Result<(), AppError> {
        let served = self.live.served_full();
        known(&served, update).map_err(AppError::NotFound)?;
        let Some(licence) = served.eula(update) else {
            return Err(AppError::Refused("it needs no licence to be accepted".to_owned()));
        };
        self.accept_licence(operator, licence, update).await
    }

    /// Approves updates for a group; without terms it withdraws. Agents are told in their next call. What is
    /// no longer as it was `seen` is refused.
    pub async fn approve(
        &self,
        operator: &Operator,
        updates: &[UpdateId],
        group: GroupId,
        terms: Option<Terms>,
        seen: &Seen,
    ) -> Result<Outcome, AppError> {
        self.must_decide_here()?;
        let _deciding = self.deciding.lock().await;
        let served = self.live.served_full();
        if served.offers.groups.get(group).is_none() {
            return Err(AppError::NotFound(format!("there is no group {group}; `group list` shows all")));
        }
        if group == DOWNSTREAM_SERVERS {
            return Err(AppError::Refused(
                "update servers are not computers: approve for another group".into(),
            ));
        }
        let accepted = match terms {
            Some(Terms { action: Action::Install, .. }) => self.standings(&served).await?.accepted_licences,
            _ => HashSet::new(),
        };
        let stays = terms.is_some_and(|terms| terms.new_revisions == NewRevisions::Wait);
        let mut outcome = Outcome::default();
        let mut new = Vec::new();
        for update in unique(updates) {
            let refusal = match terms {
                Some(terms) => refusal(&served, update, terms.action, &accepted),
                None => known(&served, update).err(),
            };
            let refusal = refusal.or_else(|| {
                let wanted = terms.map(|terms| (terms.action, terms.deadline));
                seen.refuses(update, group, served.standing(update, group), wanted)
            });
            match refusal {
                Some(reason) => outcome.refused.push((update, reason)),
                None => {
                    new.push(NewApproval {
                        update,
                        group,
                        action: terms.map(|terms| terms.action),
                        deadline: terms.and_then(|terms| terms.deadline),
                        revision: stays.then(|| served.newest_revision(update)).flatten(),
                        deployment: None,
                    });
                }
            }
        }
        let changed = self.store.approve(&new, &operator.name, self.clock.now()).await?;
        for (approval, changed) in new.iter().zip(changed) {
            let list = if changed { &mut outcome.applied } else { &mut outcome.unchanged };
            list.push(approval.update);
        }
        self.publish_decisions().await?;
        Ok(outcome)
    }

    /// Declines updates, or takes that back: no computer is offered a declined update.
    pub async fn decline(
        &self,
        operator: &Operator,
        updates: &[UpdateId],
        decline: Decline,
        seen: &Seen,
    ) -> Result<Outcome, AppError> {
        self.must_decide_here()?;
        let _deciding = self.deciding.lock().await;
        let served = self.live.served_full();
        let mut outcome = Outcome::default();
        let mut wanted = Vec::new();
        for update in unique(updates) {
            let unseen = match decline {
                Decline::Declined => seen.refuses_decline(update, served.told(update)),
                Decline::Undeclined => None,
            };
            match declinable(&served, update).err().or(unseen) {
                None => wanted.push(update),
                Some(reason) => outcome.refused.push((update, reason)),
            }
        }
        let changed = self.store.decline(&wanted, decline, &operator.name, self.clock.now()).await?;
        for (update, changed) in wanted.into_iter().zip(changed) {
            let list = if changed { &mut outcome.applied } else { &mut outcome.unchanged };
            list.push(update);
        }
        self.publish_decisions().await?;
        Ok(outcome)
    }
}

impl Served {
    /// What is approved of an update, by group.
    fn told(&self, update: UpdateId) -> impl Iterator<Item = (GroupId, Told)> {
        let at = self.catalogue.index.update_by_id(update);
        let approvals = at.into_iter().flat_map(|at| self.offers.approvals(at));
        approvals.filter_map(|one| Some((one.group, (one.action?, one.deadline))))
    }

    fn standing(&self, update: UpdateId, group: GroupId) -> Option<Told> {
        self.told(update).find(|(of, _)| *of == group).map(|(_, told)| told)
    }

    /// The approval of an update that counts for a computer in these groups, and what all of them come to.
    pub fn effective_approval(&self, update: UpdateIx, groups: &[GroupId]) -> Option<(&Approval, Resolved)> {
        let by_group: HashMap<GroupId, &Approval> =
            self.offers.approvals(update).map(|approval| (approval.group, approval)).collect();
        let resolved = resolve(&self.offers.groups, groups, |group| by_group.get(&group).copied())?;
        let counts = |approval: &&&Approval| approval.id == resolved.approval_id && approval.action.is_some();
        let approval = by_group.values().find(counts).copied()?;
        Some((approval, resolved))
    }
}

fn unique(updates: &[UpdateId]) -> Vec<UpdateId> {
    let mut seen = HashSet::new();
    updates.iter().copied().filter(|update| seen.insert(*update)).collect()
}

fn known(served: &Served, update: UpdateId) -> Result<(), String> {
    match served.catalogue.index.update_by_id(update) {
        Some(_) => Ok(()),
        None => Err("it is not in the catalogue; import or synchronise it first".to_owned()),
    }
}

/// Why an update cannot be approved, if it cannot.
fn refusal(served: &Served, update: UpdateId, action: Action, accepted: &HashSet<EulaId>) -> Option<String> {
    let index = &served.catalogue.index;
    let Some(at) = index.update_by_id(update) else { return known(served, update).err() };
    if served.offers.declined.contains(&update) {
        return Some("it is declined; undecline it first".to_owned());
    }
    let Some(revision) = index.newest_complete(at).map(|at| index.revision(at)) else {
        return Some("it is incomplete: `update show` names the parts that are missing".to_owned());
    };
    if matches!(revision.kind, Kind::Category | Kind::Detectoid) {
        return Some(
            "categories and detectoids are evaluated by every computer and need no approval".to_owned(),
        );
    }
    if !revision.explicitly_deployable {
        return Some("it is a part of a bundle: approve the bundle".to_owned());
    }
    if revision.expired && action == Action::Install {
        return Some("its publisher has withdrawn it".to_owned());
    }
    let is_open =
        action == Action::Install && served.eula(update).is_some_and(|one| !accepted.contains(&one));
    if is_open {
        return Some(
            "its licence has to be accepted before: `headwater update accept-licence` does that".to_owned(),
        );
    }
    None
}

fn declinable(served: &Served, update: UpdateId) -> Result<(), String> {
    known(served, update)?;
    let index = &served.catalogue.index;
    let kind = index.update_by_id(update).map(|at| index.revision(index.update(at).revisions[0]).kind);
    match kind {
        Some(Kind::Category | Kind::Detectoid) => {
            Err("categories and detectoids cannot be declined: other updates hang on them".to_owned())
        }
        _ => Ok(()),
    }
}
