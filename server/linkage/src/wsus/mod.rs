//! The WSUS that a Linkage speaks for, whichever kind it is.

mod clean_up;
mod headwater;
mod microsoft;
mod microsoft_catalogue;
mod microsoft_preview;
mod microsoft_silent;
mod microsoft_subscription;
mod microsoft_sync;
mod microsoft_views;
mod pages;
mod preview;

use std::collections::HashSet;
use std::sync::Arc;

use headwater_api::linkage::{
    Approve, Contents, Decided, Decline, DeleteComputers, DeleteUpdates, Failure, FilesOfUpdates,
    Memberships, ObsoleteUpdate, StartedSync, StateOnComputer, StatesOfUpdates, StatesPart, Subscription,
    SyncProgress, UpdateCount, WsusComputers, WsusGroup, WsusIdentity, WsusLower,
};
use headwater_api::{
    ComputerDetail, ComputerSummary, ComputerUpdate, ComputerUpdateState, LicenceTerms, Page, StatesQuery,
    UpdateDetail, UpdateSummary,
};
use headwater_app::App;
use headwater_model::{ClientId, GroupId, ServerId, Timestamp, UpdateId};

use crate::kept::Pace;

pub use microsoft::Microsoft;

/// One WSUS.
pub enum Wsus {
    /// Headwater's own update server, in this process.
    Headwater(Arc<App>),
    /// A Microsoft WSUS, here or on another machine.
    Microsoft(Arc<Microsoft>),
}

type Answer<T> = Result<T, Failure>;

impl Wsus {
    /// By which people know it.
    pub(crate) fn name(&self) -> String {
        match self {
            Self::Headwater(app) => app.settings.downstream.name.clone(),
            Self::Microsoft(wsus) => wsus.name(),
        }
    }

    pub(crate) async fn identity(&self, now: Timestamp) -> Answer<WsusIdentity> {
        match self {
            Self::Headwater(app) => headwater::identity(app, now).await,
            Self::Microsoft(wsus) => wsus.identity(now).await,
        }
    }

    pub(crate) async fn contents(&self) -> Answer<Contents> {
        match self {
            Self::Headwater(app) => headwater::contents(app).await,
            Self::Microsoft(wsus) => wsus.contents().await,
        }
    }

    /// What it has and a server with this subscription does not take from it.
    pub(crate) async fn left_out(&self, of: &Subscription) -> Answer<Vec<UpdateId>> {
        match self {
            Self::Headwater(app) => Ok(headwater::left_out(app, of)),
            Self::Microsoft(wsus) => wsus.left_out(of).await,
        }
    }

    pub(crate) async fn groups(&self) -> Answer<Vec<WsusGroup>> {
        match self {
            Self::Headwater(app) => Ok(headwater::groups(app)),
            Self::Microsoft(wsus) => wsus.groups().await,
        }
    }

    pub(crate) async fn create_group(
        &self,
        name: &str,
        parent: Option<GroupId>,
        id: Option<GroupId>,
        by: &str,
    ) -> Answer<WsusGroup> {
        match self {
            Self::Headwater(app) => headwater::create_group(app, name, parent, id, by).await,
            Self::Microsoft(wsus) => wsus.create_group(name, parent, id).await,
        }
    }

    pub(crate) async fn delete_group(&self, id: GroupId, by: &str) -> Answer<()> {
        match self {
            Self::Headwater(app) => headwater::delete_group(app, id, by).await,
            Self::Microsoft(wsus) => wsus.delete_group(id, by).await,
        }
    }

    pub(crate) async fn computers(&self, after: Option<String>) -> Answer<WsusComputers> {
        match self {
            Self::Headwater(app) => headwater::computers(app, after).await,
            Self::Microsoft(wsus) => wsus.computers(after).await,
        }
    }

    /// How many computers report to this very server.
    pub(crate) async fn own_computers(&self) -> Answer<u64> {
        match self {
            Self::Headwater(app) => Ok(app.live.own_computers() as u64),
            Self::Microsoft(wsus) => wsus.own_computers().await,
        }
    }

    /// Which of these computers report to this very server.
    pub(crate) async fn here_of(&self, clients: &HashSet<&ClientId>) -> Answer<Vec<ClientId>> {
        match self {
            Self::Headwater(app) => Ok(headwater::here_of(app, clients)),
            Self::Microsoft(wsus) => wsus.here_of(clients).await,
        }
    }

    /// How often it is asked which computers it has.
    pub(crate) fn pace(&self) -> Pace {
        match self {
            Self::Headwater(_) => headwater::PACE,
            Self::Microsoft(_) => microsoft::PACE,
        }
    }

    pub(crate) async fn updates(&self, after: Option<String>, now: Timestamp) -> Answer<Page<UpdateSummary>> {
        match self {
            Self::Headwater(app) => headwater::updates(app, after).await,
            Self::Microsoft(wsus) => wsus.updates(after, now).await,
        }
    }

    pub(crate) async fn update_counts(&self, now: Timestamp) -> Answer<Vec<UpdateCount>> {
        match self {
            Self::Headwater(app) => headwater::update_counts(app).await,
            Self::Microsoft(wsus) => wsus.update_counts(now).await,
        }
    }

    pub(crate) async fn update(&self, id: UpdateId, now: Timestamp) -> Answer<UpdateDetail> {
        match self {
            Self::Headwater(app) => headwater::update(app, id).await,
            Self::Microsoft(wsus) => wsus.update(id, now).await,
        }
    }

    pub(crate) async fn tree_computers(
        &self,
        after: Option<String>,
        now: Timestamp,
    ) -> Answer<Page<ComputerSummary>> {
        match self {
            Self::Headwater(app) => headwater::tree_computers(app, after).await,
            Self::Microsoft(wsus) => wsus.tree_computers(after, now).await,
        }
    }

    pub(crate) async fn computer(&self, client: &ClientId, now: Timestamp) -> Answer<ComputerDetail> {
        match self {
            Self::Headwater(app) => headwater::computer(app, client).await,
            Self::Microsoft(wsus) => wsus.computer(client, now).await,
        }
    }

    pub(crate) async fn states_of_update(
        &self,
        update: UpdateId,
        states: &[ComputerUpdateState],
        after: Option<String>,
    ) -> Answer<Page<StateOnComputer>> {
        match self {
            Self::Headwater(app) => headwater::states_of_update(app, update, states, after).await,
            Self::Microsoft(wsus) => wsus.states_of_update(update, states).await,
        }
    }

    pub(crate) async fn states_of_updates(&self, question: &StatesOfUpdates) -> Answer<StatesPart> {
        match self {
            Self::Headwater(app) => Ok(preview::states(app, question)),
            Self::Microsoft(wsus) => wsus.states_of_updates(question).await,
        }
    }

    pub(crate) async fn files_of_updates(&self, updates: &[UpdateId]) -> Answer<FilesOfUpdates> {
        match self {
            Self::Headwater(app) => Ok(preview::files(app, updates)),
            Self::Microsoft(wsus) => wsus.files_of_updates(updates).await,
        }
    }

    pub(crate) async fn states_on_computer(
        &self,
        client: &ClientId,
        query: &StatesQuery,
    ) -> Answer<Page<ComputerUpdate>> {
        match self {
            Self::Headwater(app) => headwater::states_on_computer(app, client, query).await,
            Self::Microsoft(wsus) => wsus.states_on_computer(client, query).await,
        }
    }

    pub(crate) async fn change_memberships(&self, memberships: Memberships) -> Answer<Decided> {
        match self {
            Self::Headwater(app) => headwater::change_memberships(app, memberships).await,
            Self::Microsoft(wsus) => wsus.change_memberships(memberships).await,
        }
    }

    pub(crate) async fn approve(&self, approve: Approve) -> Answer<Decided> {
        match self {
            Self::Headwater(app) => headwater::approve(app, approve).await,
            Self::Microsoft(wsus) => wsus.approve(approve).await,
        }
    }

    pub(crate) async fn decline(&self, decline: Decline) -> Answer<Decided> {
        match self {
            Self::Headwater(app) => headwater::decline(app, decline).await,
            Self::Microsoft(wsus) => wsus.decline(decline).await,
        }
    }

    pub(crate) async fn licence(&self, update: UpdateId, language: Option<&str>) -> Answer<LicenceTerms> {
        match self {
            Self::Headwater(app) => headwater::licence(app, update, language).await,
            Self::Microsoft(wsus) => wsus.licence(update, language).await,
        }
    }

    pub(crate) async fn accept_licence(&self, update: UpdateId, by: &str) -> Answer<()> {
        match self {
            Self::Headwater(app) => headwater::accept_licence(app, update, by).await,
            Self::Microsoft(wsus) => wsus.accept_licence(update, by).await,
        }
    }

    pub(crate) async fn obsolete(&self) -> Answer<Vec<ObsoleteUpdate>> {
        match self {
            Self::Headwater(app) => clean_up::obsolete(app).await,
            Self::Microsoft(wsus) => wsus.obsolete().await,
        }
    }

    pub(crate) async fn delete_updates(&self, delete: DeleteUpdates) -> Answer<Decided> {
        match self {
            Self::Headwater(app) => clean_up::delete(app, delete).await,
            Self::Microsoft(wsus) => wsus.delete_updates(delete).await,
        }
    }

    pub(crate) async fn delete_computers(&self, delete: DeleteComputers) -> Answer<Decided> {
        match self {
            Self::Headwater(app) => clean_up::delete_computers(app, delete).await,
            Self::Microsoft(wsus) => wsus.delete_computers(delete).await,
        }
    }

    pub(crate) async fn lower(&self) -> Answer<Vec<WsusLower>> {
        match self {
            Self::Headwater(app) => headwater::lower(app).await,
            Self::Microsoft(wsus) => wsus.lower().await,
        }
    }

    pub(crate) async fn delete_lower(&self, server: ServerId, below: &[ServerId], by: &str) -> Answer<()> {
        match self {
            Self::Headwater(app) => headwater::delete_lower(app, server, below, by).await,
            Self::Microsoft(wsus) => wsus.delete_lower(server, below).await,
        }
    }

    pub(crate) async fn synchronise(&self, by: &str) -> Answer<StartedSync> {
        match self {
            Self::Headwater(app) => headwater::synchronise(app, by).await,
            Self::Microsoft(wsus) => wsus.synchronise().await,
        }
    }

    pub(crate) async fn sync_progress(&self, run: u64) -> Answer<SyncProgress> {
        match self {
            Self::Headwater(app) => headwater::sync_progress(app, run).await,
            Self::Microsoft(wsus) => wsus.sync_progress(run).await,
        }
    }
}

/// A Microsoft WSUS where nothing listens, for tests that ask none.
#[cfg(test)]
pub(crate) fn nobodys() -> Wsus {
    use headwater_wsus_admin::{Access, Account, Credentials, Password, Patience, PlainHttp, Wsus as Driver};
    let access = Access {
        address: "http://127.0.0.1:9".parse().expect("an address"),
        credentials: Credentials::Ntlm(
            Account::new(r"EXAMPLE\nobody", Password::new("")).expect("an account"),
        ),
        ca_pem: None,
        plain_http: PlainHttp::OnLoopback,
        patience: Patience::default(),
    };
    let driver = Driver::new(access).expect("a driver");
    Wsus::Microsoft(Arc::new(Microsoft::new(driver, "nobody.example".to_owned(), Timestamp::EPOCH)))
}
