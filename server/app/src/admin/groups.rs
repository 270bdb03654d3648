//! Computer groups.

use std::collections::HashMap;

use headwater_model::GroupId;
use headwater_policy::group::{ALL_COMPUTERS, DEPTH_MAX, DOWNSTREAM_SERVERS, Group, check_name, is_built_in};
use headwater_store::{GroupDeletion, GroupError, NewGroup};

use crate::error::AppError;
use crate::start::{App, random};
use headwater_operators::{GroupPath, Operator};

/// A group with what is in it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GroupSummary {
    pub group: Group,
    pub built_in: bool,
    pub computers: u64,
    pub approvals: u64,
}

impl App {
    /// All groups, by name.
    pub fn groups(&self) -> Vec<GroupSummary> {
        let served = self.live.served();
        let mut approvals: HashMap<GroupId, u64> = HashMap::new();
        for at in 0..served.catalogue.index.updates().len() as u32 {
            for approval in served.offers.approvals(headwater_catalog::UpdateIx(at)) {
                *approvals.entry(approval.group).or_default() += u64::from(approval.action.is_some());
            }
        }
        let computers = self.live.members_by_group();
        let mut groups: Vec<GroupSummary> = served
            .offers
            .groups
            .iter()
            .map(|group| GroupSummary {
                built_in: is_built_in(group.id),
                computers: computers.get(&group.id).copied().unwrap_or(0),
                approvals: approvals.get(&group.id).copied().unwrap_or(0),
                group: group.clone(),
            })
            .collect();
        groups.sort_by_key(|summary| summary.group.name.to_lowercase());
        groups
    }

    /// A group with all by which a scope may name it. Of one that is not there only the id is known.
    pub fn group_path(&self, id: GroupId) -> GroupPath {
        let served = self.live.served();
        let groups = &served.offers.groups;
        let mut path =
            GroupPath::named(groups.get(id).map_or_else(|| id.to_string(), |own| own.name.clone()));
        for at in std::iter::once(id).chain(groups.chain(id)) {
            path = path.also(at);
            if let Some(group) = groups.get(at) {
                path = path.also(&group.name);
            }
        }
        path
    }

    pub async fn create_group(
        &self,
        operator: &Operator,
        name: &str,
        parent: Option<GroupId>,
    ) -> Result<GroupSummary, AppError> {
        self.copy_group(operator, GroupId::from_bytes(random_guid()?), name, parent).await
    }

    /// Makes a group with the id that it has on another server.
    pub async fn copy_group(
        &self,
        operator: &Operator,
        id: GroupId,
        name: &str,
        parent: Option<GroupId>,
    ) -> Result<GroupSummary, AppError> {
        self.must_decide_here()?;
        check_name(name).map_err(|error| AppError::Invalid(format!("{error}; choose another name")))?;
        let parent = parent.unwrap_or(ALL_COMPUTERS);
        {
            let served = self.live.served();
            if parent == DOWNSTREAM_SERVERS {
                return Err(AppError::Refused(
                    "update servers are not computers: choose another parent".into(),
                ));
            }
            if let Some(there) = served.offers.groups.get(id) {
                return Err(AppError::Refused(format!("`{}` has the id {id} already", there.name)));
            }
            if served.offers.groups.chain(parent).count() >= DEPTH_MAX - 1 {
                return Err(AppError::Refused(format!("groups are nested {DEPTH_MAX} deep at most")));
            }
        }
        let group = NewGroup { id, name: name.to_owned(), parent };
        self.store.add_group(&group, &operator.name, self.clock.now()).await.map_err(refused)?;
        self.publish_decisions().await?;
        let group = Group { id: group.id, name: group.name, parent: Some(parent) };
        Ok(GroupSummary { group, built_in: false, computers: 0, approvals: 0 })
    }

    pub async fn delete_group(&self, operator: &Operator, id: GroupId) -> Result<GroupDeletion, AppError> {
        self.must_decide_here()?;
        // Agents that are enrolled meanwhile wait: the roster is read whole.
        let _order = self.live.in_order().await;
        let deletion =
            self.store.delete_group(id, &operator.name, self.clock.now()).await.map_err(refused)?;
        self.live.replace_roster(self.store.roster().await?);
        self.publish_decisions().await?;
        Ok(deletion)
    }
}

fn refused(error: GroupError) -> AppError {
    match error {
        GroupError::Store(error) => AppError::Store(error),
        GroupError::Unknown => {
            AppError::NotFound("there is no such group; `group list` shows all".to_owned())
        }
        other => AppError::Refused(other.to_string()),
    }
}

/// A random GUID of version 4.
pub(crate) fn random_guid() -> Result<[u8; 16], AppError> {
    let mut bytes: [u8; 16] = random()?;
    bytes[6] = bytes[6] & 0x0f | 0x40;
    bytes[8] = bytes[8] & 0x3f | 0x80;
    Ok(bytes)
}
