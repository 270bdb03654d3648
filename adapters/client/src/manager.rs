//! What only a managing server does, but the synchronisation, in the order of
//! [`headwater_api::path`].

use headwater_api::{
    ApplyCleanUp, ApplyGroupPlan, ApplyRelink, ApprovalPreview, ApprovalRequest, CleanUpPlan, CleanUpQuery,
    CleanUpReport, Compliance, ComplianceQuery, ComputerSummary, DeleteServer, FailuresQuery, Finding,
    GroupPlan, GroupPlanQuery, Halt, HaltRequest, HaltsQuery, HostGroup, HostGroupChange, HostGroupMember,
    HostGroupMembers, HostGroupMembersQuery, ImportedGroups, LinkRequest, NewHostGroup, NewSchedule, Page,
    PairRequest, PreviewComputer, PreviewComputersRequest, RelinkPlan, RelinkRequest, Relinked,
    RevokeRequest, Revoked, Schedule, ServerChange, ServerDeletion, StandingQuery, SyncRun, SyncRunsQuery,
    TreeServer, UndonePlan, UpdateFailure, WhyNot, WsusLink, path,
};
use headwater_model::{ClientId, ServerId, UpdateId};

use crate::address::path_with;
use crate::{Answer, Client, Error};

impl Client {
    pub fn wsus(&self) -> Result<Answer<WsusLink>, Error> {
        self.get(path::WSUS, &())
    }

    pub fn link_wsus(&self, request: &LinkRequest) -> Result<Answer<WsusLink>, Error> {
        self.post(path::WSUS, request)
    }

    pub fn unlink_wsus(&self) -> Result<(), Error> {
        self.delete(path::WSUS)
    }

    pub fn pair_wsus(&self, request: &PairRequest) -> Result<Answer<WsusLink>, Error> {
        self.post(path::WSUS_PAIR, request)
    }

    /// Lets be written again after a restore.
    pub fn confirm_wsus(&self) -> Result<(), Error> {
        self.post_nothing(path::WSUS_CONFIRM)
    }

    /// What the WSUS behind a Linkage lacks to take the place of the linked one.
    pub fn plan_relink(&self, request: &RelinkRequest) -> Result<Answer<RelinkPlan>, Error> {
        self.post(path::WSUS_RELINK_PLAN, request)
    }

    pub fn apply_relink(&self, apply: &ApplyRelink) -> Result<Answer<Relinked>, Error> {
        self.post(path::WSUS_RELINK, apply)
    }

    /// Trusts the Linkage of a server no more.
    pub fn revoke_linkage(&self, request: &RevokeRequest) -> Result<Answer<Revoked>, Error> {
        self.post(path::WSUS_REVOKE, request)
    }

    pub fn wsus_doctor(&self) -> Result<Answer<Vec<Finding>>, Error> {
        self.get(path::WSUS_DOCTOR, &())
    }

    pub fn sync_runs(&self, query: &SyncRunsQuery) -> Result<Answer<Page<SyncRun>>, Error> {
        self.get(path::WSUS_SYNC_RUNS, query)
    }

    pub fn sync_run(&self, number: u64) -> Result<Answer<SyncRun>, Error> {
        self.get(&path_with(path::WSUS_SYNC_RUN, &number.to_string()), &())
    }

    /// What an approval would mean; nothing is changed.
    pub fn preview_approval(&self, request: &ApprovalRequest) -> Result<Answer<ApprovalPreview>, Error> {
        self.post(path::APPROVALS_PREVIEW, request)
    }

    /// A page of the computers that would act on an approval, or may.
    pub fn preview_computers(
        &self,
        request: &PreviewComputersRequest,
    ) -> Result<Answer<Page<PreviewComputer>>, Error> {
        self.post(path::APPROVALS_PREVIEW_COMPUTERS, request)
    }

    /// In one sentence, why an update is not offered to a computer.
    pub fn why_not(&self, computer: &ClientId, update: UpdateId) -> Result<Answer<WhyNot>, Error> {
        let path = path_with(path::COMPUTER_WHY, computer.as_str());
        self.get(&path_with(&path, &update.to_string()), &())
    }

    /// Ends the run that goes on.
    pub fn stop_sync(&self) -> Result<(), Error> {
        self.delete(path::WSUS_SYNC)
    }

    /// What would change in the WSUS groups of a host group and of those beneath it.
    pub fn plan_group(&self, query: &GroupPlanQuery) -> Result<Answer<GroupPlan>, Error> {
        self.get(path::WSUS_GROUP_PLAN, query)
    }

    pub fn apply_group_plan(&self, apply: &ApplyGroupPlan) -> Result<Answer<GroupPlan>, Error> {
        self.post(path::WSUS_GROUP_PLAN, apply)
    }

    /// Restores the members that a WSUS group had before the last plan of its host group.
    pub fn undo_group_plan(&self, host_group: &str) -> Result<Answer<UndonePlan>, Error> {
        self.post(&path_with(path::WSUS_GROUP_UNDO, host_group), &serde_json::Map::new())
    }

    /// What a clean-up of the tree would do.
    pub fn plan_clean_up(&self, query: &CleanUpQuery) -> Result<Answer<CleanUpPlan>, Error> {
        self.get(path::WSUS_CLEAN_UP, query)
    }

    /// Does a part of a plan, and says whether it goes on when it is asked once more.
    pub fn clean_up(&self, apply: &ApplyCleanUp) -> Result<Answer<CleanUpReport>, Error> {
        self.post(path::WSUS_CLEAN_UP, apply)
    }

    /// Sets what is wanted of one server of the tree.
    pub fn set_server(&self, name: &str, change: &ServerChange) -> Result<Answer<TreeServer>, Error> {
        self.patch(&path_with(path::WSUS_SERVER, name), change)
    }

    /// What would go with the record of a server of the tree.
    pub fn plan_server_deletion(&self, name: &str) -> Result<Answer<ServerDeletion>, Error> {
        self.get(&path_with(path::WSUS_SERVER_DELETION, name), &())
    }

    pub fn delete_server(
        &self,
        id: ServerId,
        delete: &DeleteServer,
    ) -> Result<Answer<ServerDeletion>, Error> {
        self.post(&path_with(path::WSUS_SERVER_DELETION, &id.to_string()), delete)
    }

    pub fn schedule(&self) -> Result<Answer<Option<Schedule>>, Error> {
        self.get(path::WSUS_SCHEDULE, &())
    }

    pub fn set_schedule(&self, schedule: &NewSchedule) -> Result<Answer<Option<Schedule>>, Error> {
        self.put(path::WSUS_SCHEDULE, schedule)
    }

    pub fn clear_schedule(&self) -> Result<(), Error> {
        self.delete(path::WSUS_SCHEDULE)
    }

    pub fn compliance(&self, query: &ComplianceQuery) -> Result<Answer<Page<Compliance>>, Error> {
        self.get(path::REPORT_COMPLIANCE, query)
    }

    pub fn standing(&self, query: &StandingQuery) -> Result<Answer<Page<ComputerSummary>>, Error> {
        self.get(path::REPORT_COMPUTERS, query)
    }

    pub fn failures(&self, query: &FailuresQuery) -> Result<Answer<Page<UpdateFailure>>, Error> {
        self.get(path::REPORT_FAILURES, query)
    }

    /// Stops an update: no computer of the tree is offered it any more.
    pub fn halt(&self, request: &HaltRequest) -> Result<Answer<Halt>, Error> {
        self.post(path::HALTS, request)
    }

    pub fn halts(&self, query: &HaltsQuery) -> Result<Answer<Page<Halt>>, Error> {
        self.get(path::HALTS, query)
    }

    pub fn host_groups(&self) -> Result<Answer<Page<HostGroup>>, Error> {
        self.get(path::HOST_GROUPS, &())
    }

    pub fn create_host_group(&self, group: &NewHostGroup) -> Result<Answer<HostGroup>, Error> {
        self.post(path::HOST_GROUPS, group)
    }

    pub fn set_host_group(&self, name: &str, change: &HostGroupChange) -> Result<Answer<HostGroup>, Error> {
        self.patch(&path_with(path::HOST_GROUP, name), change)
    }

    pub fn delete_host_group(&self, name: &str) -> Result<(), Error> {
        self.delete(&path_with(path::HOST_GROUP, name))
    }

    pub fn import_host_groups(&self) -> Result<Answer<ImportedGroups>, Error> {
        self.post(path::HOST_GROUPS_IMPORT, &serde_json::Map::new())
    }

    pub fn host_group_members(
        &self,
        name: &str,
        query: &HostGroupMembersQuery,
    ) -> Result<Answer<Page<HostGroupMember>>, Error> {
        self.get(&path_with(path::HOST_GROUP_MEMBERS, name), query)
    }

    pub fn change_host_group(
        &self,
        name: &str,
        members: &HostGroupMembers,
    ) -> Result<Answer<HostGroup>, Error> {
        self.post(&path_with(path::HOST_GROUP_MEMBERS, name), members)
    }
}
