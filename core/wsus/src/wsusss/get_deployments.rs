//! GetDeployments: what a replica takes over from its upstream server.

use headwater_model::{GroupId, Guid, Timestamp, UpdateId};

use super::{Cookie, Deadline, SERVER_SYNC};
use crate::soap::operations;
use crate::soap::record::record;

/// Groups of one server.
const GROUPS_MAX: usize = 100_000;
/// Deployments, hidden updates or accepted licences: every update, for many groups.
const DEPLOYMENTS_MAX: usize = 2_000_000;

record! {
    /// [MS-WSUSSS] 3.1.4.10.2.1 GetDeployments
    ///
    /// Asks for what changed between the two anchors (fact 60).
    pub struct GetDeployments {
        "cookie" => cookie: Cookie,
        /// What the last response said; absent in the first call.
        "deploymentAnchor" => deployment_anchor: Option<String> [max super::ANCHOR_BYTES_MAX],
        /// What GetRevisionIdList said.
        "syncAnchor" => sync_anchor: Option<String> [max super::ANCHOR_BYTES_MAX],
    }

    /// [MS-WSUSSS] 3.1.4.10.2.2 GetDeploymentsResponse
    pub struct GetDeploymentsResponse {
        "GetDeploymentsResult" => result: ServerSyncDeploymentResult,
    }

    /// [MS-WSUSSS] 3.1.4.10.3.1 ServerSyncDeploymentResult
    #[derive(Default)]
    pub struct ServerSyncDeploymentResult {
        "Anchor" => anchor: String [max super::ANCHOR_BYTES_MAX] = String::new(),
        /// All groups.
        "Groups" => groups: Vec<ServerSyncTargetGroup> [max GROUPS_MAX],
        /// Those that were added.
        "Deployments" => deployments: Vec<ServerSyncDeployment> [max DEPLOYMENTS_MAX],
        /// Those that were removed.
        "DeadDeployments" => dead_deployments: Vec<Guid> [max DEPLOYMENTS_MAX],
        /// All declined updates: one that is not listed is declined no longer (fact 60).
        "HiddenUpdates" => hidden_updates: Vec<UpdateId> [max DEPLOYMENTS_MAX],
        /// All accepted licences, likewise.
        "AcceptedEulas" => accepted_eulas: Vec<Guid> [max DEPLOYMENTS_MAX],
    }

    /// [MS-WSUSSS] 3.1.4.10.3.3 ServerSyncTargetGroup
    pub struct ServerSyncTargetGroup: "ServerSyncTargetGroup" {
        "TargetGroupID" => target_group_id: GroupId,
        /// Zeros at the top of the tree.
        "ParentGroupId" => parent_group_id: GroupId = GroupId::from_u128(0),
        "Name" => name: String = String::new(),
        /// Whether no administrator made it (fact 59).
        "IsBuiltin" => is_builtin: bool,
    }

    /// [MS-WSUSSS] 3.1.4.10.3.5 ServerSyncDeployment
    pub struct ServerSyncDeployment: "ServerSyncDeployment" {
        "UpdateId" => update_id: UpdateId,
        "RevisionNumber" => revision_number: u32,
        /// 0 installs, 1 uninstalls, 2 scans, 3 blocks.
        "Action" => action: i32,
        "AdminName" => admin_name: Option<String>,
        "Deadline" => deadline: Deadline,
        "IsAssigned" => is_assigned: bool,
        "GoLiveTime" => go_live_time: Timestamp,
        "DeploymentGuid" => deployment_guid: Guid,
        "TargetGroupId" => target_group_id: GroupId,
        /// From 1, the lowest, to 3.
        "DownloadPriority" => download_priority: u8 = 1,
    }
}

operations!(SERVER_SYNC; GetDeployments => GetDeploymentsResponse);
