//! What only a managing server does, but the synchronisation, in the order of
//! [`headwater_api::path`].

use headwater_api::{
    Finding, GroupPlan, HostGroup, HostGroupMembers, ImportedGroups, LinkRequest, NewHostGroup, Page,
    PairRequest, RevokeRequest, Revoked, SyncRun, WsusLink, path,
};
use serde::Serialize;

use crate::address::path_with;
use crate::{Answer, Client, Error};

#[derive(Serialize)]
struct PlanQuery<'a> {
    group: &'a str,
}

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

    /// Trusts the Linkage of a server no more.
    pub fn revoke_linkage(&self, request: &RevokeRequest) -> Result<Answer<Revoked>, Error> {
        self.post(path::WSUS_REVOKE, request)
    }

    pub fn wsus_doctor(&self) -> Result<Answer<Vec<Finding>>, Error> {
        self.get(path::WSUS_DOCTOR, &())
    }

    pub fn sync_runs(&self) -> Result<Answer<Vec<SyncRun>>, Error> {
        self.get(path::WSUS_SYNC_RUNS, &())
    }

    /// Ends the run that goes on.
    pub fn stop_sync(&self) -> Result<(), Error> {
        self.delete(path::WSUS_SYNC)
    }

    /// What would change in the WSUS group of a host group.
    pub fn plan_group(&self, host_group: &str) -> Result<Answer<GroupPlan>, Error> {
        self.get(path::WSUS_GROUP_PLAN, &PlanQuery { group: host_group })
    }

    pub fn apply_group_plan(&self, plan: &GroupPlan) -> Result<Answer<GroupPlan>, Error> {
        self.post(path::WSUS_GROUP_PLAN, plan)
    }

    pub fn host_groups(&self) -> Result<Answer<Page<HostGroup>>, Error> {
        self.get(path::HOST_GROUPS, &())
    }

    pub fn create_host_group(&self, group: &NewHostGroup) -> Result<Answer<HostGroup>, Error> {
        self.post(path::HOST_GROUPS, group)
    }

    pub fn import_host_groups(&self) -> Result<Answer<ImportedGroups>, Error> {
        self.post(path::HOST_GROUPS_IMPORT, &serde_json::Map::new())
    }

    pub fn change_host_group(
        &self,
        name: &str,
        members: &HostGroupMembers,
    ) -> Result<Answer<HostGroup>, Error> {
        self.post(&path_with(path::HOST_GROUP_MEMBERS, name), members)
    }
}
