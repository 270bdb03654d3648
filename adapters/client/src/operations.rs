//! Every operation of an update server's API that a token opens, but the import, in the order of
//! [`headwater_api::path`].

use headwater_api::{
    ApprovalRequest, ApprovalWithdrawal, Change, ComputerDetail, ComputerQuery, ComputerSummary,
    ComputerUpdate, DeclineRequest, DeletedDownstream, DownstreamServer, Group, HistoryQuery, LicenceQuery,
    LicenceTerms, MembersQuery, MoveRequest, NewGroup, Page, PolicyFormat, PolicyQuery, Run, ServerStatus,
    StartedRun, StatesQuery, StatusQuery, StatusSummary, UpdateComputer, UpdateComputersQuery, UpdateDetail,
    UpdateQuery, UpdateSummary, UpdatesOutcome, Upstream, UpstreamFilter, UpstreamRequest, path,
};
use headwater_model::{ClientId, GroupId, ServerId, UpdateId};

use crate::address::path_with;
use crate::{Answer, Client, Error};

impl Client {
    pub fn server(&self) -> Result<Answer<ServerStatus>, Error> {
        self.get(path::SERVER, &())
    }

    pub fn updates(&self, query: &UpdateQuery) -> Result<Answer<Page<UpdateSummary>>, Error> {
        self.get(path::UPDATES, query)
    }

    pub fn update(&self, id: UpdateId) -> Result<Answer<UpdateDetail>, Error> {
        self.get(&path_with(path::UPDATE, &id.to_string()), &())
    }

    pub fn update_computers(
        &self,
        id: UpdateId,
        query: &UpdateComputersQuery,
    ) -> Result<Answer<Page<UpdateComputer>>, Error> {
        self.get(&path_with(path::UPDATE_COMPUTERS, &id.to_string()), query)
    }

    pub fn licence(&self, id: UpdateId, query: &LicenceQuery) -> Result<Answer<LicenceTerms>, Error> {
        self.get(&path_with(path::UPDATE_LICENCE, &id.to_string()), query)
    }

    /// Accepts the licence of an update, for all updates with it.
    pub fn accept_licence(&self, id: UpdateId) -> Result<Answer<UpdateDetail>, Error> {
        self.post(&path_with(path::UPDATE_LICENCE, &id.to_string()), &serde_json::Map::new())
    }

    pub fn decline(&self, request: &DeclineRequest) -> Result<Answer<UpdatesOutcome>, Error> {
        self.post(path::DECLINE, request)
    }

    pub fn undecline(&self, request: &DeclineRequest) -> Result<Answer<UpdatesOutcome>, Error> {
        self.post(path::UNDECLINE, request)
    }

    pub fn approve(&self, request: &ApprovalRequest) -> Result<Answer<UpdatesOutcome>, Error> {
        self.post(path::APPROVALS, request)
    }

    pub fn withdraw(&self, request: &ApprovalWithdrawal) -> Result<Answer<UpdatesOutcome>, Error> {
        self.delete_with(path::APPROVALS, request)
    }

    pub fn groups(&self) -> Result<Answer<Page<Group>>, Error> {
        self.get(path::GROUPS, &())
    }

    pub fn create_group(&self, group: &NewGroup) -> Result<Answer<Group>, Error> {
        self.post(path::GROUPS, group)
    }

    pub fn delete_group(&self, id: GroupId) -> Result<(), Error> {
        self.delete(&path_with(path::GROUP, &id.to_string()))
    }

    /// The servers below an update server.
    pub fn downstream(&self) -> Result<Answer<Page<DownstreamServer>>, Error> {
        self.get(path::DOWNSTREAM, &())
    }

    pub fn delete_downstream(&self, id: ServerId) -> Result<Answer<DeletedDownstream>, Error> {
        self.delete_with(&path_with(path::DOWNSTREAM_SERVER, &id.to_string()), &serde_json::Map::new())
    }

    pub fn members(&self, id: GroupId, query: &MembersQuery) -> Result<Answer<Page<ComputerSummary>>, Error> {
        self.get(&path_with(path::GROUP_MEMBERS, &id.to_string()), query)
    }

    pub fn computers(&self, query: &ComputerQuery) -> Result<Answer<Page<ComputerSummary>>, Error> {
        self.get(path::COMPUTERS, query)
    }

    pub fn computer(&self, id: &ClientId) -> Result<Answer<ComputerDetail>, Error> {
        self.get(&path_with(path::COMPUTER, id.as_str()), &())
    }

    pub fn computer_updates(
        &self,
        id: &ClientId,
        query: &StatesQuery,
    ) -> Result<Answer<Page<ComputerUpdate>>, Error> {
        self.get(&path_with(path::COMPUTER_UPDATES, id.as_str()), query)
    }

    pub fn move_computer(
        &self,
        id: &ClientId,
        request: &MoveRequest,
    ) -> Result<Answer<ComputerSummary>, Error> {
        self.post(&path_with(path::COMPUTER_GROUPS, id.as_str()), request)
    }

    pub fn delete_computer(&self, id: &ClientId) -> Result<(), Error> {
        self.delete(&path_with(path::COMPUTER, id.as_str()))
    }

    pub fn upstream(&self) -> Result<Answer<Upstream>, Error> {
        self.get(path::UPSTREAM, &())
    }

    pub fn set_upstream(&self, request: &UpstreamRequest) -> Result<Answer<Upstream>, Error> {
        self.put(path::UPSTREAM, request)
    }

    pub fn clear_upstream(&self) -> Result<(), Error> {
        self.delete(path::UPSTREAM)
    }

    pub fn set_upstream_filter(&self, filter: &UpstreamFilter) -> Result<Answer<Upstream>, Error> {
        self.put(path::UPSTREAM_FILTER, filter)
    }

    pub fn sync(&self) -> Result<Answer<StartedRun>, Error> {
        self.post(path::UPSTREAM_SYNC, &serde_json::Map::new())
    }

    /// Ends the run that is going.
    pub fn stop_run(&self) -> Result<(), Error> {
        self.delete(path::UPSTREAM_SYNC)
    }

    pub fn runs(&self) -> Result<Answer<Page<Run>>, Error> {
        self.get(path::UPSTREAM_RUNS, &())
    }

    pub fn run(&self, number: u64) -> Result<Answer<Run>, Error> {
        self.get(&path_with(path::UPSTREAM_RUN, &number.to_string()), &())
    }

    /// A text for a file or a shell, not JSON.
    pub fn policy(&self, format: PolicyFormat) -> Result<String, Error> {
        self.get_text(path::POLICY, &PolicyQuery { format })
    }

    pub fn history(&self, query: &HistoryQuery) -> Result<Answer<Page<Change>>, Error> {
        self.get(path::HISTORY, query)
    }

    pub fn status(&self, query: &StatusQuery) -> Result<Answer<StatusSummary>, Error> {
        self.get(path::STATUS, query)
    }
}
