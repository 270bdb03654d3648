//! Approvals, declines and licences.

use headwater_model::{EulaId, GroupId, Guid, Timestamp, UpdateId, UpdateIdentity};
use headwater_policy::group::ALL_COMPUTERS;
use headwater_wsus::wsusar::{
    Deadline, DeploymentRow, ExecuteSPAcceptEula, ExecuteSPDeclineUpdate, ExecuteSPDeployUpdate1,
    ExecuteSPGetDeployments, ExecuteSPGetEulaFile, GenericReadableRow, PUBLISHED_OR_EXPIRED,
};

use crate::rows::{self, required, revision, text};
use crate::updates::{all_updates, any_culture};
use crate::{Error, Mode, Operation, Result, Wsus};

/// What an administrator has decided about a revision for a group.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Approval {
    pub id: Guid,
    pub update: UpdateIdentity,
    pub group: GroupId,
    pub action: Action,
    pub deadline: Option<Timestamp>,
    pub made: Option<Timestamp>,
    /// Free text, by whoever made it.
    pub who: Option<String>,
    /// It waits for something, such as files.
    pub is_pending: bool,
    /// Users may choose whether to install it.
    pub is_optional: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Action {
    Install,
    Uninstall,
    NotApproved,
    Block,
    Bundle,
    Other(i32),
}

impl From<i32> for Action {
    fn from(number: i32) -> Self {
        match number {
            INSTALL => Self::Install,
            UNINSTALL => Self::Uninstall,
            NOT_APPROVED => Self::NotApproved,
            BLOCK => Self::Block,
            BUNDLE => Self::Bundle,
            other => Self::Other(other),
        }
    }
}

/// What one can approve for. Without an approval updates are detected only.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ApprovalAction {
    Install,
    Uninstall,
    Block,
}

const INSTALL: i32 = 0;
const UNINSTALL: i32 = 1;
const NOT_APPROVED: i32 = 2;
const BLOCK: i32 = 3;
const BUNDLE: i32 = 5;

/// An approval to be made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Approving<'a> {
    pub update: UpdateIdentity,
    pub group: GroupId,
    pub action: ApprovalAction,
    pub deadline: Option<Timestamp>,
    /// Stands in the server's history, which does not check it.
    pub who: &'a str,
}

impl Wsus {
    /// All approvals, those of declined and expired updates among them.
    pub async fn approvals(&self) -> Result<Vec<Approval>> {
        type O = ExecuteSPGetDeployments;
        let operation = O {
            update_scope_xml: all_updates(),
            preferred_culture: any_culture(),
            publication_state: PUBLISHED_OR_EXPIRED,
        };
        let rows = self.call(&operation).await?.result;
        rows::read::<O, DeploymentRow>(&rows)?.into_iter().map(approval::<O>).collect()
    }

    /// Approves. A licence has to be accepted before. It is refused here on a replica: the operation, unlike
    /// others, has no parameter by which the server would.
    pub async fn approve(&self, approving: Approving<'_>) -> Result<Approval> {
        type O = ExecuteSPDeployUpdate1;
        let Approving { update, group, action, deadline, who } = approving;
        let row = self
            .deploy(O {
                update_id: Some(update.into()),
                deployment_action: match action {
                    ApprovalAction::Install => INSTALL,
                    ApprovalAction::Uninstall => UNINSTALL,
                    ApprovalAction::Block => BLOCK,
                },
                target_group_id: group,
                deadline: Deadline(deadline),
                admin_name: Some(who.to_owned()),
                // Whoever approves means that it is installed, not that users are asked.
                is_assigned: true,
            })
            .await?;
        approval::<O>(rows::one::<O, _>(&required::<O, _>("approval", row)?)?)
    }

    /// Takes back what was approved for a group.
    pub async fn withdraw(&self, update: UpdateIdentity, group: GroupId, who: &str) -> Result<()> {
        self.deploy(ExecuteSPDeployUpdate1 {
            update_id: Some(update.into()),
            deployment_action: NOT_APPROVED,
            target_group_id: group,
            deadline: Deadline(None),
            admin_name: Some(who.to_owned()),
            is_assigned: true,
        })
        .await
        .map(drop)
    }

    /// Declines an update in all its revisions. A replica refuses.
    pub async fn decline(&self, update: UpdateId, who: &str) -> Result<()> {
        let operation = ExecuteSPDeclineUpdate {
            update_id: update,
            admin_name: Some(who.to_owned()),
            fail_if_replica: true,
        };
        self.call(&operation).await.map(drop)
    }

    /// Takes a decline back. Nobody has told which group has to be named for that; all computers are.
    pub async fn undo_decline(&self, update: UpdateIdentity, who: &str) -> Result<()> {
        self.withdraw(update, ALL_COMPUTERS, who).await
    }

    /// Accepts the licence that an update needs, for all updates with it.
    pub async fn accept_licence(&self, licence: EulaId, update: UpdateIdentity, who: &str) -> Result<()> {
        let operation = ExecuteSPAcceptEula {
            eula_id: Guid::from_bytes(*licence.as_bytes()),
            admin_name: Some(who.to_owned()),
            update_id: Some(update.into()),
        };
        self.call(&operation).await.map(drop)
    }

    /// The file with the terms of a licence that an update has, in a language if the server has them in it; none
    /// where it answers without one. A server that lacks the file refuses (fact 83).
    pub async fn licence_file(
        &self,
        licence: EulaId,
        update: UpdateIdentity,
        language: &str,
    ) -> Result<Option<Vec<u8>>> {
        let operation = ExecuteSPGetEulaFile {
            preferred_culture: Some(language.to_owned()),
            id: Guid::from_bytes(*licence.as_bytes()),
            update_id: update.id,
            revision_number: i32::try_from(update.revision).unwrap_or(i32::MAX),
        };
        Ok(self.call(&operation).await?.result.filter(|bytes| !bytes.is_empty()))
    }

    /// Whether a row comes back where nothing is approved any more is not known.
    async fn deploy(&self, operation: ExecuteSPDeployUpdate1) -> Result<Option<GenericReadableRow>> {
        if self.identity().await?.mode == Mode::Replica {
            return Err(Error::Replica { operation: "ExecuteSPDeployUpdate1" });
        }
        Ok(self.call(&operation).await?.result)
    }
}

fn approval<O: Operation>(row: DeploymentRow) -> Result<Approval> {
    Ok(Approval {
        id: row.deployment_id,
        update: revision::<O>(row.update_id, row.revision_number)?,
        group: row.target_group_id,
        action: row.action.into(),
        deadline: row.deadline.0,
        made: row.deployment_time.0,
        who: text(row.admin_name),
        is_pending: row.status == Some(0),
        is_optional: row.is_assigned == Some(false),
    })
}
