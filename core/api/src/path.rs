//! Every path of the API, for the server that routes them and the client that asks for them.
//!
//! Braces stand for an id or a number, as in a router's pattern.

/// What every path here begins with.
pub const BASE: &str = "/api/v1";

/// GET: [`ServerStatus`](crate::ServerStatus).
pub const SERVER: &str = "/api/v1/server";
/// POST with [`ImportQuery`](crate::ImportQuery): lines of [`ImportEvent`](crate::ImportEvent).
pub const IMPORTS: &str = "/api/v1/imports";
/// GET with [`UpdateQuery`](crate::UpdateQuery): a page of [`UpdateSummary`](crate::UpdateSummary).
pub const UPDATES: &str = "/api/v1/updates";
/// GET: [`UpdateDetail`](crate::UpdateDetail).
pub const UPDATE: &str = "/api/v1/updates/{id}";
/// GET with [`UpdateComputersQuery`](crate::UpdateComputersQuery): a page of [`UpdateComputer`](crate::UpdateComputer).
pub const UPDATE_COMPUTERS: &str = "/api/v1/updates/{id}/computers";
/// GET with [`LicenceQuery`](crate::LicenceQuery): [`LicenceTerms`](crate::LicenceTerms), 404 where it has none; POST
/// of nothing, which accepts it: [`UpdateDetail`](crate::UpdateDetail).
pub const UPDATE_LICENCE: &str = "/api/v1/updates/{id}/licence";
/// POST of [`DeclineRequest`](crate::DeclineRequest): [`UpdatesOutcome`](crate::UpdatesOutcome).
pub const DECLINE: &str = "/api/v1/updates/decline";
/// POST of [`DeclineRequest`](crate::DeclineRequest): [`UpdatesOutcome`](crate::UpdatesOutcome).
pub const UNDECLINE: &str = "/api/v1/updates/undecline";
/// GET with [`HaltsQuery`](crate::HaltsQuery): a [`Page`](crate::Page) of [`Halt`](crate::Halt); POST of
/// [`HaltRequest`](crate::HaltRequest): [`Halt`](crate::Halt).
pub const HALTS: &str = "/api/v1/wsus/halts";
/// POST of [`ApprovalRequest`](crate::ApprovalRequest), DELETE with a body of
/// [`ApprovalWithdrawal`](crate::ApprovalWithdrawal): [`UpdatesOutcome`](crate::UpdatesOutcome).
pub const APPROVALS: &str = "/api/v1/approvals";
/// Of a managing server. POST of [`ApprovalRequest`](crate::ApprovalRequest):
/// [`ApprovalPreview`](crate::ApprovalPreview), which changes nothing.
pub const APPROVALS_PREVIEW: &str = "/api/v1/approvals/preview";
/// Of a managing server. POST of [`PreviewComputersRequest`](crate::PreviewComputersRequest): a
/// [`Page`](crate::Page) of [`PreviewComputer`](crate::PreviewComputer), by name.
pub const APPROVALS_PREVIEW_COMPUTERS: &str = "/api/v1/approvals/preview/computers";
/// GET: a [`Page`](crate::Page) of [`Group`](crate::Group), always whole; POST of
/// [`NewGroup`](crate::NewGroup): 201 and the [`Group`](crate::Group).
pub const GROUPS: &str = "/api/v1/groups";
/// DELETE: 204.
pub const GROUP: &str = "/api/v1/groups/{id}";
/// GET with [`MembersQuery`](crate::MembersQuery): a page of
/// [`ComputerSummary`](crate::ComputerSummary).
pub const GROUP_MEMBERS: &str = "/api/v1/groups/{id}/members";
/// GET with [`ComputerQuery`](crate::ComputerQuery): a page of
/// [`ComputerSummary`](crate::ComputerSummary).
pub const COMPUTERS: &str = "/api/v1/computers";
/// GET: [`ComputerDetail`](crate::ComputerDetail); DELETE: 204.
pub const COMPUTER: &str = "/api/v1/computers/{id}";
/// GET with [`StatesQuery`](crate::StatesQuery): a page of [`ComputerUpdate`](crate::ComputerUpdate), the worst
/// state first, then by title.
pub const COMPUTER_UPDATES: &str = "/api/v1/computers/{id}/updates";
/// Of a managing server. GET, of the ids of a computer and an update: [`WhyNot`](crate::WhyNot).
pub const COMPUTER_WHY: &str = "/api/v1/computers/{id}/why/{update}";
/// POST of [`MoveRequest`](crate::MoveRequest): [`ComputerSummary`](crate::ComputerSummary).
pub const COMPUTER_GROUPS: &str = "/api/v1/computers/{id}/groups";
/// GET: [`Upstream`](crate::Upstream), 404 when none is set; PUT of
/// [`UpstreamRequest`](crate::UpstreamRequest): [`Upstream`](crate::Upstream); DELETE: 204.
pub const UPSTREAM: &str = "/api/v1/upstream";
/// PUT of [`UpstreamFilter`](crate::UpstreamFilter): [`Upstream`](crate::Upstream).
pub const UPSTREAM_FILTER: &str = "/api/v1/upstream/filter";
/// POST: 202 and [`StartedRun`](crate::StartedRun).
pub const UPSTREAM_SYNC: &str = "/api/v1/upstream/sync";
/// GET: a [`Page`](crate::Page) of [`Run`](crate::Run), the newest first, at most the last hundred.
pub const UPSTREAM_RUNS: &str = "/api/v1/upstream/runs";
/// GET: [`Run`](crate::Run).
pub const UPSTREAM_RUN: &str = "/api/v1/upstream/runs/{number}";
/// Of an update server. GET: a [`Page`](crate::Page) of [`DownstreamServer`](crate::DownstreamServer), always whole.
pub const DOWNSTREAM: &str = "/api/v1/downstream";
/// DELETE: the [`DeletedDownstream`](crate::DeletedDownstream).
pub const DOWNSTREAM_SERVER: &str = "/api/v1/downstream/{id}";
/// GET with [`PolicyQuery`](crate::PolicyQuery): `text/plain`.
pub const POLICY: &str = "/api/v1/policy";
/// GET with [`HistoryQuery`](crate::HistoryQuery): a page of [`Change`](crate::Change).
pub const HISTORY: &str = "/api/v1/history";
/// GET with [`AuditQuery`](crate::AuditQuery): a [`Page`](crate::Page) of
/// [`AuditEntry`](crate::AuditEntry), of each server of the process.
pub const AUDIT: &str = "/api/v1/audit";
/// GET: a [`Page`](crate::Page) of [`OperatorAccount`](crate::OperatorAccount), always whole; POST of
/// [`NewOperator`](crate::NewOperator): 201 and the [`OperatorAccount`](crate::OperatorAccount).
pub const OPERATORS: &str = "/api/v1/operators";
/// PUT of [`OperatorChange`](crate::OperatorChange): [`OperatorAccount`](crate::OperatorAccount); DELETE: 204.
pub const OPERATOR: &str = "/api/v1/operators/{name}";
/// PUT of [`NewPassword`](crate::NewPassword): 204.
pub const OPERATOR_PASSWORD: &str = "/api/v1/operators/{name}/password";
/// POST: [`OperatorAccount`](crate::OperatorAccount), whose wrong passwords are forgotten.
pub const OPERATOR_UNLOCK: &str = "/api/v1/operators/{name}/unlock";
/// GET: a [`Page`](crate::Page) of [`Token`](crate::Token), always whole; POST of
/// [`NewToken`](crate::NewToken): 201 and a [`MadeToken`](crate::MadeToken).
pub const TOKENS: &str = "/api/v1/tokens";
/// DELETE: 204.
pub const TOKEN: &str = "/api/v1/tokens/{name}";
/// POST of [`Credentials`](crate::Credentials), without a token: [`Session`](crate::Session).
pub const SESSION: &str = "/api/v1/session";
/// GET with [`StatusQuery`](crate::StatusQuery): [`StatusSummary`](crate::StatusSummary).
pub const STATUS: &str = "/api/v1/status";

/// Of a managing server. GET: [`WsusLink`](crate::WsusLink), 404 when no WSUS is linked; POST of
/// [`LinkRequest`](crate::LinkRequest): [`WsusLink`](crate::WsusLink); DELETE: 204.
pub const WSUS: &str = "/api/v1/wsus";
/// POST of [`PairRequest`](crate::PairRequest): [`WsusLink`](crate::WsusLink).
pub const WSUS_PAIR: &str = "/api/v1/wsus/pair";
/// PATCH with [`ServerChange`](crate::ServerChange), of a server by name or id:
/// [`TreeServer`](crate::TreeServer).
pub const WSUS_SERVER: &str = "/api/v1/wsus/servers/{name}";
/// GET, of a server by name or id: [`ServerDeletion`](crate::ServerDeletion), which changes nothing; POST of
/// [`DeleteServer`](crate::DeleteServer): the same as it was carried out.
pub const WSUS_SERVER_DELETION: &str = "/api/v1/wsus/servers/{name}/deletion";
/// POST of [`RevokeRequest`](crate::RevokeRequest): [`Revoked`](crate::Revoked).
pub const WSUS_REVOKE: &str = "/api/v1/wsus/revoke";
/// GET: a list of [`Finding`](crate::Finding).
pub const WSUS_DOCTOR: &str = "/api/v1/wsus/doctor";
/// POST of [`SyncRequest`](crate::SyncRequest): lines of [`SyncEvent`](crate::SyncEvent), of the run that
/// goes on already if there is one; DELETE: 204, and that run ends after what it is doing.
pub const WSUS_SYNC: &str = "/api/v1/wsus/sync";
/// GET with [`SyncRunsQuery`](crate::SyncRunsQuery): a [`Page`](crate::Page) of [`SyncRun`](crate::SyncRun).
pub const WSUS_SYNC_RUNS: &str = "/api/v1/wsus/sync/runs";
/// GET: [`SyncRun`](crate::SyncRun), of any number that is kept.
pub const WSUS_SYNC_RUN: &str = "/api/v1/wsus/sync/runs/{number}";
/// POST of nothing, by an administrator who has seen what differs: 204.
pub const WSUS_CONFIRM: &str = "/api/v1/wsus/confirm";
/// POST of [`RelinkRequest`](crate::RelinkRequest): [`RelinkPlan`](crate::RelinkPlan). It may pair with the
/// Linkage, and writes nothing to the WSUS.
pub const WSUS_RELINK_PLAN: &str = "/api/v1/wsus/relink/plan";
/// POST of [`ApplyRelink`](crate::ApplyRelink): [`Relinked`](crate::Relinked).
pub const WSUS_RELINK: &str = "/api/v1/wsus/relink";
/// GET with [`GroupPlanQuery`](crate::GroupPlanQuery): [`GroupPlan`](crate::GroupPlan), which changes nothing;
/// POST of [`ApplyGroupPlan`](crate::ApplyGroupPlan): the plan as it was carried out.
pub const WSUS_GROUP_PLAN: &str = "/api/v1/wsus/groups/plan";
/// POST of nothing, for a host group by name with those beneath it: [`UndonePlan`](crate::UndonePlan).
pub const WSUS_GROUP_UNDO: &str = "/api/v1/wsus/groups/{name}/undo";
/// GET with [`CleanUpQuery`](crate::CleanUpQuery): [`CleanUpPlan`](crate::CleanUpPlan), which changes nothing;
/// POST of [`ApplyCleanUp`](crate::ApplyCleanUp): [`CleanUpReport`](crate::CleanUpReport).
pub const WSUS_CLEAN_UP: &str = "/api/v1/wsus/cleanup";
/// GET: the [`Schedule`](crate::Schedule) or `null`; PUT of [`NewSchedule`](crate::NewSchedule): the same;
/// DELETE: 204.
pub const WSUS_SCHEDULE: &str = "/api/v1/wsus/schedule";
/// GET with [`ComplianceQuery`](crate::ComplianceQuery): a [`Page`](crate::Page) of
/// [`Compliance`](crate::Compliance), always whole.
pub const REPORT_COMPLIANCE: &str = "/api/v1/reports/compliance";
/// GET with [`StandingQuery`](crate::StandingQuery): a [`Page`](crate::Page) of
/// [`ComputerSummary`](crate::ComputerSummary), a thousand at most.
pub const REPORT_COMPUTERS: &str = "/api/v1/reports/computers";
/// GET with [`FailuresQuery`](crate::FailuresQuery): a [`Page`](crate::Page) of
/// [`UpdateFailure`](crate::UpdateFailure), those of two hundred computers at most.
pub const REPORT_FAILURES: &str = "/api/v1/reports/failures";
/// GET: a [`Page`](crate::Page) of [`HostGroup`](crate::HostGroup), always whole; POST of
/// [`NewHostGroup`](crate::NewHostGroup): 201.
pub const HOST_GROUPS: &str = "/api/v1/hostgroups";
/// PATCH with [`HostGroupChange`](crate::HostGroupChange): [`HostGroup`](crate::HostGroup); DELETE: 204, and
/// the WSUS group stays.
pub const HOST_GROUP: &str = "/api/v1/hostgroups/{name}";
/// POST of nothing: [`ImportedGroups`](crate::ImportedGroups).
pub const HOST_GROUPS_IMPORT: &str = "/api/v1/hostgroups/import";
/// GET with [`HostGroupMembersQuery`](crate::HostGroupMembersQuery): a page of
/// [`HostGroupMember`](crate::HostGroupMember), those beneath among them unless it has its own hosts only; POST of [`HostGroupMembers`](crate::HostGroupMembers):
/// [`HostGroup`](crate::HostGroup).
pub const HOST_GROUP_MEMBERS: &str = "/api/v1/hostgroups/{name}/members";
