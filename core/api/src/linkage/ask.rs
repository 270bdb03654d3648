//! Everything that a Linkage can be asked.

use headwater_model::{ClientId, GroupId, Guid, LinkageId, ServerId, UpdateId};
use serde::{Deserialize, Serialize};

use super::{
    Approve, Decline, DeleteComputers, DeleteUpdates, KeptMemberships, Memberships, Pairing, Renewal,
    RunNews, SignedRevocations, StatesOfUpdates, Subscription,
};
use crate::{ComputerUpdateState, StatesQuery, text};

/// A request to one Linkage, with the type of what is answered.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "ask", rename_all = "snake_case", deny_unknown_fields)]
pub enum Ask {
    /// Who the WSUS is: [`WsusIdentity`](super::WsusIdentity).
    Identity,
    /// Which Linkages can be reached through this one: a list of [`Reached`](super::Reached).
    Reached,
    /// Which Linkages wait here for a managing server: a list of [`Joining`](super::Joining).
    Joining,
    /// One step of pairing with one that waits here: [`PairingAnswer`](super::PairingAnswer).
    Introduce {
        #[serde(with = "text")]
        linkage: LinkageId,
        pairing: Pairing,
    },
    /// Forget the managing server and all that it gave: nothing.
    Unpair,
    /// How it stands with certificates and revocations: [`Trust`](super::Trust).
    Trust,
    /// Use another certificate from now on: nothing, once it is kept.
    Renew(Renewal),
    /// Refuse these Linkages from now on: nothing, once it is kept.
    Revoke(SignedRevocations),
    /// What the WSUS holds, but for its computers: [`Contents`](super::Contents).
    Contents,
    /// What the WSUS has and a server with this subscription does not take from it: a list of [`UpdateId`].
    LeftOut(Subscription),
    /// A list of [`WsusGroup`](super::WsusGroup).
    Groups,
    /// Makes a group, below All Computers where no parent is named: [`WsusGroup`](super::WsusGroup). It gets this
    /// id where the WSUS lets that be chosen.
    CreateGroup {
        name: String,
        by: String,
        #[serde(default, skip_serializing_if = "Option::is_none", with = "text::option")]
        parent: Option<GroupId>,
        #[serde(default, skip_serializing_if = "Option::is_none", with = "text::option")]
        id: Option<GroupId>,
    },
    /// Nothing.
    DeleteGroup {
        #[serde(with = "text")]
        id: GroupId,
        by: String,
    },
    /// Those that report to this very server: [`WsusComputers`](super::WsusComputers), a page of them.
    Computers {
        #[serde(default, skip_serializing_if = "Option::is_none")]
        after: Option<String>,
    },
    /// The software and drivers that it knows: a [`Page`](crate::Page) of
    /// [`UpdateSummary`](crate::UpdateSummary), which counts the computers of its whole tree.
    Updates {
        #[serde(default, skip_serializing_if = "Option::is_none")]
        after: Option<String>,
    },
    /// What computers have said of them: a list of [`UpdateCount`](super::UpdateCount).
    UpdateCounts,
    /// Everything about one update: [`UpdateDetail`](crate::UpdateDetail).
    Update {
        #[serde(with = "text")]
        id: UpdateId,
    },
    /// The computers of its whole tree, as far as servers below tell theirs: a [`Page`](crate::Page) of
    /// [`ComputerSummary`](crate::ComputerSummary).
    TreeComputers {
        #[serde(default, skip_serializing_if = "Option::is_none")]
        after: Option<String>,
    },
    /// Everything about one computer: [`ComputerDetail`](crate::ComputerDetail).
    Computer {
        #[serde(with = "text")]
        client: ClientId,
    },
    /// The computers of its whole tree on which an update is in one of these states, by id: a
    /// [`Page`](crate::Page) of [`StateOnComputer`](super::StateOnComputer).
    StatesOfUpdate {
        #[serde(with = "text")]
        update: UpdateId,
        states: Vec<ComputerUpdateState>,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        after: Option<String>,
    },
    /// The same of many updates together: a [`StatesPart`](super::StatesPart).
    StatesOfUpdates(StatesOfUpdates),
    /// What approving these updates would bring to this very server: [`FilesOfUpdates`](super::FilesOfUpdates).
    FilesOfUpdates {
        #[serde(with = "text::list")]
        updates: Vec<UpdateId>,
    },
    /// The updates that are in these states on a computer: a [`Page`](crate::Page) of
    /// [`ComputerUpdate`](crate::ComputerUpdate).
    StatesOnComputer {
        #[serde(with = "text")]
        client: ClientId,
        query: StatesQuery,
    },
    /// [`Decided`](super::Decided), a refusal for each change that was not made.
    ChangeMemberships(Memberships),
    /// Put computers into groups when they first appear: nothing, once it is kept.
    Keep(KeptMemberships),
    /// What is kept for computers that have not appeared: [`Keeping`](super::Keeping).
    Kept,
    /// [`Decided`](super::Decided).
    Approve(Approve),
    /// [`Decided`](super::Decided).
    Decline(Decline),
    /// The licence terms of an update, in a language where there are some in it:
    /// [`LicenceTerms`](crate::LicenceTerms).
    Licence {
        #[serde(with = "text")]
        update: UpdateId,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        language: Option<String>,
    },
    /// Accepts the licence of an update, for all updates with it: nothing.
    AcceptLicence {
        #[serde(with = "text")]
        update: UpdateId,
        by: String,
    },
    /// What the WSUS could do without: a list of [`ObsoleteUpdate`](super::ObsoleteUpdate).
    Obsolete,
    /// [`Decided`](super::Decided); one that is not there is unchanged.
    DeleteUpdates(DeleteUpdates),
    /// [`Decided`](super::Decided); one that is not there is unchanged, and one that has made contact since is
    /// refused.
    DeleteComputers(DeleteComputers),
    /// The servers below, as this one knows them: a list of [`WsusLower`](super::WsusLower).
    Lower,
    /// Forgets a server below with those below it and the computers of all of them: nothing. Refused where the WSUS
    /// knows others below it than these.
    DeleteLower {
        #[serde(with = "text")]
        server: ServerId,
        #[serde(with = "text::list")]
        below: Vec<ServerId>,
        by: String,
    },
    /// Begin to take from the server above, or join what is running: [`StartedSync`](super::StartedSync).
    Synchronise { by: String },
    /// [`SyncProgress`](super::SyncProgress).
    SyncProgress { run: u64 },
    /// Which runs are asked for here and below: a list of [`Signed`](super::Signed), each of a
    /// [`RunRequest`](super::RunRequest). It comes once there is one that is not among the seen, and after
    /// [`HOLD_SECONDS`](super::HOLD_SECONDS) at the latest.
    Runs {
        #[serde(with = "text::list")]
        seen: Vec<Guid>,
    },
    /// How the run goes that it asked for: nothing, or that nobody follows that one.
    TellRun(RunNews),
}

impl Ask {
    /// Whether it may change anything, so that carrying it out twice is not the same as once.
    pub fn changes(&self) -> bool {
        match self {
            Self::Identity
            | Self::Reached
            | Self::Joining
            | Self::Trust
            | Self::Contents
            | Self::LeftOut(_)
            | Self::Groups
            | Self::Computers { .. }
            | Self::Updates { .. }
            | Self::UpdateCounts
            | Self::Licence { .. }
            | Self::Update { .. }
            | Self::TreeComputers { .. }
            | Self::Computer { .. }
            | Self::StatesOfUpdate { .. }
            | Self::StatesOfUpdates(_)
            | Self::FilesOfUpdates { .. }
            | Self::StatesOnComputer { .. }
            | Self::Kept
            | Self::Obsolete
            | Self::Lower
            | Self::SyncProgress { .. }
            | Self::Runs { .. } => false,
            Self::Introduce { .. }
            | Self::Unpair
            | Self::Renew(_)
            | Self::Revoke(_)
            | Self::CreateGroup { .. }
            | Self::DeleteGroup { .. }
            | Self::ChangeMemberships(_)
            | Self::Keep(_)
            | Self::Approve(_)
            | Self::Decline(_)
            | Self::AcceptLicence { .. }
            | Self::DeleteUpdates(_)
            | Self::DeleteComputers(_)
            | Self::DeleteLower { .. }
            | Self::Synchronise { .. }
            | Self::TellRun(_) => true,
        }
    }
}
