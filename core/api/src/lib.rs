//! Headwater's own JSON: what the console, the commands and other programs exchange with a server.
//!
//! Serde types and nothing else, one file for each noun. Names are in snake_case, ids, digests and
//! times are texts (GUIDs in lower case, hexadecimal, UTC with `Z`), a unit is the last word of a
//! name. A field without a value is absent. Requests refuse fields that they do not know, so that
//! a mistyped name is an error; answers may gain fields. Every path stands in [`path`], every error
//! is a [`Problem`].

mod approval;
mod audit;
mod caveat;
mod changes;
mod clean_up;
mod computer;
mod group;
mod history;
mod host_group;
mod import;
mod licence;
pub mod linkage;
mod operator;
mod page;
pub mod path;
mod policy;
mod problem;
mod relink;
mod report;
mod schedule;
mod server;
mod server_deletion;
mod session;
mod status;
mod synchronisation;
mod text;
mod update;
mod update_detail;
mod upstream;
mod wsus;

pub use approval::{
    Approval, ApprovalAction, ApprovalPreview, ApprovalRequest, ApprovalWithdrawal, DeclineRequest, Halt,
    HaltOrder, HaltRequest, HaltsQuery, NewRevisions, PreviewComputer, PreviewComputersRequest, Refusal,
    SeenApproval, SeenUpdate, ServerPreview, UpdatesOutcome,
};
pub use audit::{AuditEntry, AuditQuery};
pub use caveat::{Caveat, Told};
pub use changes::{Changes, ChangesQuery};
pub use clean_up::{
    ApplyCleanUp, CLEAN_UP_DAYS, CleanUpComputer, CleanUpPlan, CleanUpQuery, CleanUpReport, CleanUpServer,
    CleanUpUpdate, CleanedServer, GoneBecause, KeptUpdate, ObsoleteBecause,
};
pub use computer::{
    ComputerDetail, ComputerMembership, ComputerOrder, ComputerQuery, ComputerSummary, ComputerUpdate,
    ComputerUpdateState, EffectiveApproval, MoveRequest, Namesake, SeenAs, StatesQuery, UpdateComputer,
    UpdateComputerOrder, UpdateComputersQuery, WhyNot,
};
pub use group::{Group, GroupRef, MembersQuery, NewGroup};
pub use history::{Change, HistoryQuery};
pub use host_group::{
    ApplyGroupPlan, GroupChange, GroupPlan, GroupPlanQuery, HostGroup, HostGroupChange, HostGroupMember,
    HostGroupMembers, HostGroupMembersQuery, HostOrder, ImportedGroups, NewHostGroup, PlannedGroup,
    Recreated, UndonePlan,
};
pub use import::{ImportEvent, ImportProgress, ImportQuery, ImportSummary, Quarantined, RefusedFile};
pub use licence::{LicenceQuery, LicenceTerms};
pub use operator::{
    MadeToken, NewOperator, NewPassword, NewToken, OperatorAccount, OperatorChange, Role, Token,
};
pub use page::{Page, page_limit};
pub use policy::{PolicyFormat, PolicyQuery};
pub use problem::Problem;
pub use relink::{ApplyRelink, RelinkCounts, RelinkPlan, RelinkRequest, RelinkStep, Relinked};
pub use report::{
    Compliance, ComplianceBy, ComplianceQuery, FailureOrder, FailuresQuery, Standing, StandingQuery,
    UpdateFailure,
};
pub use schedule::{NewSchedule, Schedule, Weekday};
pub use server::{
    CatalogueStatus, ComputersStatus, ContentState, ContentStatus, DeletedDownstream, DownstreamServer,
    ServerRef, ServerStatus, ServerUrls,
};
pub use server_deletion::{DeleteServer, ServerBelow, ServerDeletion};
pub use session::{Credentials, Session};
pub use status::{ComputersVerdict, StatusQuery, StatusSummary, UpdateCounts, UpdateStates, UpdatesVerdict};
pub use synchronisation::{
    DifferenceKind, RunKind, RunOrder, RunResult, SERVER_LIMIT_SECONDS, SyncDifference, SyncEvent, SyncPart,
    SyncPhase, SyncQuery, SyncReport, SyncRequest, SyncRun, SyncRunsQuery, SyncServer, SyncServerState,
};
pub use update::{
    ApprovalFilter, UpdateKind, UpdateOrder, UpdateQuery, UpdateRef, UpdateState, UpdateSummary,
};
pub use update_detail::{Arrival, Revision, UpdateDetail, UpdateFile, UpdateLicence, UpdateOnServer};
pub use upstream::{
    Run, RunState, RunStep, StartedRun, Upstream, UpstreamFilter, UpstreamMode, UpstreamRequest,
};

pub use wsus::{
    Finding, FindingLevel, LinkRequest, OutsideServer, PairRequest, RevokeRequest, Revoked, ServerChange,
    ServerFollow, TreeServer, WsusLink,
};

/// The most items that one page holds, whatever its `limit` asks for.
pub const PAGE_LIMIT_MAX: u32 = 1_000;
/// The items of a page whose request names no `limit`.
pub const PAGE_LIMIT_DEFAULT: u32 = 100;
/// The most updates that one request approves, declines or withdraws.
pub const UPDATES_PER_REQUEST_MAX: usize = 1_000;
/// The longest name of a group, in characters (the column of a Microsoft WSUS).
pub const GROUP_NAME_CHARS_MAX: usize = 255;
/// The longest text that a search takes, in characters.
pub const SEARCH_CHARS_MAX: usize = 256;

#[cfg(test)]
mod tests;
