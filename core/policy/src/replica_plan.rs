//! What a replica has to change to decide as its upstream server does ([MS-WSUSSS] 3.2.4.3).

use std::collections::{HashMap, HashSet};

use headwater_model::{EulaId, GroupId, Guid, Timestamp, UpdateId};

use crate::approval::Action;
use crate::group::{ALL_COMPUTERS, BUILT_IN, DEPTH_MAX, Group, NAME_UNITS_MAX, is_built_in};
use crate::sync_plan::Standing;

/// An approval of the upstream server.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Deployment {
    pub id: Guid,
    pub update: UpdateId,
    pub revision: u32,
    pub group: GroupId,
    pub action: Action,
    pub deadline: Option<Timestamp>,
}

/// What the upstream server told. Groups, declines and licences are always whole, so what is absent
/// is no more (fact 60).
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Above {
    /// Whether the deployments are all there are, because no anchor was given. If not, an update has
    /// one deployment for each group at most.
    pub is_whole: bool,
    pub groups: Vec<Group>,
    pub deployments: Vec<Deployment>,
    pub ended: Vec<Guid>,
    pub declined: HashSet<UpdateId>,
    pub accepted_eulas: HashSet<EulaId>,
}

impl Above {
    /// Without what nobody decided: a WSUS tells of what nobody approved that all computers look for it
    /// ([MS-WSUSSS] 3.1.4.10.3.5, action 2), which they do in any case.
    pub fn only_decided(mut self) -> Self {
        self.deployments.retain(|one| (one.action, one.group) != (Action::Detect, ALL_COMPUTERS));
        self
    }
}

/// What is decided here.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Here {
    pub groups: Vec<Group>,
    pub standing: Vec<Standing>,
    pub declined: HashSet<UpdateId>,
    pub accepted_eulas: HashSet<EulaId>,
}

/// The changes that make *here* equal to *above*, each list sorted.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Plan {
    /// Children before their parents. Their approvals go with them.
    pub delete_groups: Vec<GroupId>,
    /// New ones, renamed and moved ones.
    pub save_groups: Vec<Group>,
    pub withdraw: Vec<(UpdateId, GroupId)>,
    pub approve: Vec<Deployment>,
    pub decline: Vec<UpdateId>,
    pub undecline: Vec<UpdateId>,
    pub accept: Vec<EulaId>,
    pub revoke: Vec<EulaId>,
}

impl Plan {
    /// How many decisions it changes.
    pub fn changes(&self) -> usize {
        self.delete_groups.len()
            + self.save_groups.len()
            + self.withdraw.len()
            + self.approve.len()
            + self.decline.len()
            + self.undecline.len()
            + self.accept.len()
            + self.revoke.len()
    }
}

/// Why nothing of what the upstream server told is done.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PlanError {
    #[error("it sent no group `All Computers`, so its list of groups cannot be whole")]
    NoRoot,
    #[error("it sent the group {0} with a name that is empty, too long or not printable")]
    GroupName(GroupId),
    #[error("it sent two groups named `{0}`")]
    SameName(String),
}

/// Decides what to change here. Told the same twice, the second plan is empty.
pub fn plan(here: &Here, above: &Above) -> Result<Plan, PlanError> {
    let groups = arrange(&above.groups)?;
    let mut plan = Plan::default();
    plan_groups(here, &groups, &mut plan);
    plan_approvals(here, above, &groups, &mut plan);
    plan.decline = missing(&above.declined, &here.declined);
    plan.undecline = missing(&here.declined, &above.declined);
    plan.accept = missing(&above.accepted_eulas, &here.accepted_eulas);
    plan.revoke = missing(&here.accepted_eulas, &above.accepted_eulas);
    Ok(plan)
}

/// What `these` have and `those` lack.
fn missing<T: Copy + Ord + std::hash::Hash>(these: &HashSet<T>, those: &HashSet<T>) -> Vec<T> {
    let mut missing: Vec<T> = these.difference(those).copied().collect();
    missing.sort_unstable();
    missing
}

/// The groups from above by id, each in one tree under *All Computers*. The built-in ones are ours.
fn arrange(above: &[Group]) -> Result<HashMap<GroupId, Group>, PlanError> {
    if above.iter().all(|group| group.id != ALL_COMPUTERS) {
        return Err(PlanError::NoRoot);
    }
    let mut names: HashSet<String> = BUILT_IN.iter().map(|(_, name, _)| name.to_lowercase()).collect();
    let mut groups = HashMap::new();
    for group in above.iter().filter(|group| !is_built_in(group.id)) {
        let proper = (1..=NAME_UNITS_MAX).contains(&group.name.trim().encode_utf16().count());
        if !proper || group.name.chars().any(char::is_control) {
            return Err(PlanError::GroupName(group.id));
        }
        if groups.insert(group.id, group.clone()).is_some() || !names.insert(group.name.to_lowercase()) {
            return Err(PlanError::SameName(group.name.clone()));
        }
    }
    let ids: Vec<GroupId> = groups.keys().copied().collect();
    for id in ids {
        let parent = groups.get(&id).and_then(|group| group.parent);
        let stands = parent.is_some_and(|parent| reaches_root(&groups, parent));
        if let Some(group) = groups.get_mut(&id).filter(|_| !stands) {
            group.parent = Some(ALL_COMPUTERS);
        }
    }
    Ok(groups)
}

fn reaches_root(groups: &HashMap<GroupId, Group>, from: GroupId) -> bool {
    let mut at = from;
    for _ in 0..DEPTH_MAX {
        match groups.get(&at).and_then(|group| group.parent) {
            Some(parent) => at = parent,
            None => return is_built_in(at),
        }
    }
    false
}

fn plan_groups(here: &Here, above: &HashMap<GroupId, Group>, plan: &mut Plan) {
    let known: HashMap<GroupId, &Group> = here.groups.iter().map(|group| (group.id, group)).collect();
    let gone = known.values().filter(|group| !is_built_in(group.id) && !above.contains_key(&group.id));
    let mut gone: Vec<GroupId> = gone.map(|group| group.id).collect();
    let depth = |id: GroupId| {
        let parent = |id: &GroupId| known.get(id).and_then(|group| group.parent);
        std::iter::successors(Some(id), parent).take(DEPTH_MAX).count()
    };
    gone.sort_by_key(|id| (std::cmp::Reverse(depth(*id)), *id));
    plan.delete_groups = gone;
    plan.save_groups = above.values().filter(|group| known.get(&group.id) != Some(group)).cloned().collect();
    plan.save_groups.sort_by_key(|group| group.id);
}

fn plan_approvals(here: &Here, above: &Above, groups: &HashMap<GroupId, Group>, plan: &mut Plan) {
    let ended: HashSet<Guid> = above.ended.iter().copied().collect();
    let exists = |group: GroupId| is_built_in(group) || groups.contains_key(&group);
    let mut wanted: HashMap<(UpdateId, GroupId), &Deployment> = HashMap::new();
    for deployment in above.deployments.iter().filter(|deployment| exists(deployment.group)) {
        let place = wanted.entry((deployment.update, deployment.group)).or_insert(deployment);
        if rank(place) <= rank(deployment) {
            *place = deployment;
        }
    }
    for standing in &here.standing {
        let approval = &standing.approval;
        let key = (approval.update, approval.group);
        let stays = !above.is_whole && !ended.contains(&standing.deployment) && exists(approval.group);
        match wanted.get(&key) {
            Some(deployment) if is_same(standing, deployment) => drop(wanted.remove(&key)),
            Some(_) => {}
            None if stays => {}
            // What was approved for a group that goes is withdrawn with it.
            None if exists(approval.group) => plan.withdraw.push(key),
            None => {}
        }
    }
    plan.withdraw.sort_unstable();
    plan.approve = wanted.into_values().cloned().collect();
    plan.approve.sort_by_key(|deployment| (deployment.update, deployment.group));
}

/// Several revisions of an update may be deployed above for one group: the stronger action counts,
/// then the newer revision.
fn rank(deployment: &Deployment) -> (u8, u32) {
    (deployment.action.rank(), deployment.revision)
}

fn is_same(standing: &Standing, deployment: &Deployment) -> bool {
    let approval = &standing.approval;
    standing.deployment == deployment.id
        && approval.action == Some(deployment.action)
        && approval.deadline == deployment.deadline
        && approval.revision == Some(deployment.revision)
}

#[cfg(test)]
#[path = "replica_plan_tests.rs"]
mod tests;
