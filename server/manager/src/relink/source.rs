//! What was there before, for a WSUS in the place of the linked one: the mirror, or what an earlier plan left open.

use std::collections::{BTreeSet, HashSet};

use headwater_api::UpdateState;
use headwater_api::linkage::{Contents, MembershipChange};
use headwater_model::{GroupId, Timestamp, UpdateId};
use headwater_store::{HaltRow, RelinkRow};
use headwater_tree::relink::Source;
use serde::{Deserialize, Serialize};

use crate::compare::contents;
use crate::{Manager, ManagerError, Mirror};

/// What is to be there again, as it is kept.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct Kept {
    /// When it was read from the WSUS before.
    pub read_at: Timestamp,
    pub contents: Contents,
    pub members: Vec<MembershipChange>,
}

impl Kept {
    pub fn is_empty(&self) -> bool {
        self.contents.approvals.is_empty() && self.contents.declined.is_empty() && self.members.is_empty()
    }

    /// What an earlier plan could not write to the WSUS that is linked by now.
    pub fn open(row: &RelinkRow) -> Result<Option<Self>, ManagerError> {
        let Some(open) = &row.open else { return Ok(None) };
        let damaged =
            |_| ManagerError::Refused("what is still to be written to the WSUS cannot be read".to_owned());
        serde_json::from_str(open).map(Some).map_err(damaged)
    }

    /// The same, and what was still to be written there.
    pub fn and(mut self, open: Option<Self>) -> Self {
        let Some(open) = open else { return self };
        self.members.extend(open.members);
        self.contents.approvals.extend(open.contents.approvals);
        self.contents.declined.extend(open.contents.declined);
        self.contents.updates.extend(open.contents.updates);
        self
    }

    /// What the linked WSUS had when it was last read.
    pub fn mirrored(mirror: &Mirror) -> Result<Self, ManagerError> {
        let Some(read_at) = mirror.read_at else {
            return Err(ManagerError::Refused(
                "the linked WSUS was never read, so nothing is known that another one lacks: unlink it, and link \
                 the other one"
                    .to_owned(),
            ));
        };
        let updates = mirror.updates.all();
        let declined = updates.iter().filter(|update| update.state == UpdateState::Declined);
        let made: BTreeSet<GroupId> =
            mirror.tree.groups.iter().filter(|group| !group.built_in).map(|group| group.id).collect();
        let members = mirror.computers.all().iter().flat_map(|computer| {
            let groups = computer.groups.iter().filter(|group| made.contains(&group.id));
            groups.map(|group| MembershipChange { client: computer.id.clone(), group: group.id })
        });
        Ok(Self {
            read_at,
            members: members.collect(),
            contents: Contents {
                updates: updates.iter().map(|one| format!("{}/{}", one.id, one.revision)).collect(),
                groups: mirror.tree.groups.clone(),
                approvals: mirror.tree.approvals.clone(),
                declined: declined.map(|update| update.id).collect(),
                ..Contents::default()
            },
        })
    }
}

impl Manager {
    pub(super) async fn source(&self, kept: &Kept) -> Result<Source, ManagerError> {
        // What was approved on the WSUS itself after it was halted is wanted again.
        let approved: HashSet<UpdateId> = kept.contents.approvals.iter().map(|one| one.update).collect();
        let is_over = |halt: &HaltRow| {
            halt.done_at.is_some_and(|done| done < kept.read_at) && approved.contains(&halt.update)
        };
        let halts = self.store.halts().await?.into_iter().filter(|halt| !is_over(halt));
        Ok(Source {
            contents: contents(&kept.contents),
            members: kept.members.iter().map(|one| (one.client.clone(), one.group)).collect(),
            halted: halts.map(|halt| halt.update).collect(),
        })
    }
}
