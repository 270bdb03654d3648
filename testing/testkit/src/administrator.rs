//! An administrator, who uses the JSON API as the commands do.

use std::path::Path;
use std::sync::Arc;

use headwater_api::{
    ApprovalAction, ApprovalRequest, ApprovalWithdrawal, ComputerQuery, ComputerSummary, DeclineRequest,
    Group, ImportSummary, LicenceQuery, LicenceTerms, MoveRequest, NewGroup, NewRevisions, Run, RunState,
    ServerStatus, UpdateDetail, UpdateQuery, UpdateSummary, UpdatesOutcome, Upstream, UpstreamMode,
    UpstreamRequest,
};
use headwater_client::{Access, Answer, Client, Error, ImportSource};
use headwater_model::{ClientId, GroupId, Timestamp, UpdateId};

use crate::builders::Document;

/// Why a request was refused, in the server's words.
pub type Refused = Error;

/// Someone with a token. Clones are the same person.
#[derive(Clone)]
pub struct Administrator(Arc<Client>);

impl Administrator {
    /// With the token that a server left for its commands.
    pub fn new(console_url: &str, token: &str) -> Self {
        let access = Access { url: console_url.to_owned(), token: token.to_owned(), ca_pem: None };
        Self(Arc::new(Client::new(&access).unwrap()))
    }

    /// Asks on a thread of its own, for the client blocks.
    pub async fn ask<T: Send + 'static>(
        &self,
        question: impl FnOnce(&Client) -> Result<T, Error> + Send + 'static,
    ) -> Result<T, Refused> {
        let client = self.0.clone();
        tokio::task::spawn_blocking(move || question(&client)).await.unwrap()
    }

    async fn value<T: Send + 'static>(
        &self,
        question: impl FnOnce(&Client) -> Result<Answer<T>, Error> + Send + 'static,
    ) -> Result<T, Refused> {
        Ok(self.ask(question).await?.value)
    }

    /// Imports documents through a folder, whose name stands in the history.
    pub async fn import(&self, documents: &[Document]) -> Result<ImportSummary, Refused> {
        let folder = tempfile::tempdir().unwrap();
        for document in documents {
            std::fs::write(folder.path().join(document.file_name()), &document.xml).unwrap();
        }
        self.import_path(folder.path()).await
    }

    /// Imports a folder of documents, or an export.
    pub async fn import_path(&self, path: &Path) -> Result<ImportSummary, Refused> {
        let path = path.to_owned();
        self.ask(move |client| client.import(ImportSource::open(&path)?, &mut |_| {})).await
    }

    /// Creates a group below another, or below All Computers.
    pub async fn create_group(&self, name: &str, parent: Option<GroupId>) -> Result<GroupId, Refused> {
        let group = NewGroup { name: name.to_owned(), parent };
        Ok(self.value(move |client| client.create_group(&group)).await?.id)
    }

    pub async fn delete_group(&self, group: GroupId) -> Result<(), Refused> {
        self.ask(move |client| client.delete_group(group)).await
    }

    pub async fn approve(
        &self,
        update: UpdateId,
        group: GroupId,
        action: ApprovalAction,
    ) -> Result<UpdatesOutcome, Refused> {
        self.approve_until(update, group, action, None).await
    }

    pub async fn approve_until(
        &self,
        update: UpdateId,
        group: GroupId,
        action: ApprovalAction,
        deadline: Option<Timestamp>,
    ) -> Result<UpdatesOutcome, Refused> {
        let request = ApprovalRequest {
            updates: vec![update],
            group,
            action,
            deadline,
            new_revisions: NewRevisions::Follow,
            seen: Vec::new(),
        };
        self.value(move |client| client.approve(&request)).await
    }

    pub async fn withdraw(&self, update: UpdateId, group: GroupId) -> Result<UpdatesOutcome, Refused> {
        let request = ApprovalWithdrawal { updates: vec![update], group, seen: Vec::new() };
        self.value(move |client| client.withdraw(&request)).await
    }

    pub async fn decline(&self, update: UpdateId) -> Result<UpdatesOutcome, Refused> {
        let request = DeclineRequest { updates: vec![update], seen: Vec::new() };
        self.value(move |client| client.decline(&request)).await
    }

    pub async fn undecline(&self, update: UpdateId) -> Result<UpdatesOutcome, Refused> {
        let request = DeclineRequest { updates: vec![update], seen: Vec::new() };
        self.value(move |client| client.undecline(&request)).await
    }

    /// Puts a computer into exactly these groups.
    pub async fn move_computer(
        &self,
        client_id: &str,
        groups: &[GroupId],
    ) -> Result<ComputerSummary, Refused> {
        let (id, request) = (computer(client_id), MoveRequest { groups: groups.to_vec() });
        self.value(move |client| client.move_computer(&id, &request)).await
    }

    pub async fn delete_computer(&self, client_id: &str) -> Result<(), Refused> {
        let id = computer(client_id);
        self.ask(move |client| client.delete_computer(&id)).await
    }

    /// All computers, up to a page.
    pub async fn computers(&self) -> Result<Vec<ComputerSummary>, Refused> {
        Ok(self.value(|client| client.computers(&ComputerQuery::default())).await?.items)
    }

    pub async fn update(&self, update: UpdateId) -> Result<UpdateDetail, Refused> {
        self.value(move |client| client.update(update)).await
    }

    pub async fn licence(&self, update: UpdateId, language: Option<&str>) -> Result<LicenceTerms, Refused> {
        let query = LicenceQuery { language: language.map(str::to_owned) };
        self.value(move |client| client.licence(update, &query)).await
    }

    pub async fn updates(&self, query: UpdateQuery) -> Result<Vec<UpdateSummary>, Refused> {
        Ok(self.value(move |client| client.updates(&query)).await?.items)
    }

    /// Takes updates from another server from now on.
    pub async fn follow(&self, url: &str, mode: UpstreamMode) -> Result<Upstream, Refused> {
        let request = UpstreamRequest { url: url.to_owned(), mode, ca_pem: None };
        self.value(move |client| client.set_upstream(&request)).await
    }

    pub async fn upstream(&self) -> Result<Upstream, Refused> {
        self.value(Client::upstream).await
    }

    /// Synchronises with the upstream server and waits until the run ends.
    pub async fn synchronise(&self) -> Result<Run, Refused> {
        let number = self.value(Client::sync).await?.run;
        loop {
            let run = self.value(move |client| client.run(number)).await?;
            if run.state != RunState::Running {
                return Ok(run);
            }
            tokio::time::sleep(std::time::Duration::from_millis(20)).await;
        }
    }

    /// The last runs, the newest first.
    pub async fn runs(&self) -> Result<Vec<Run>, Refused> {
        Ok(self.value(Client::runs).await?.items)
    }

    pub async fn groups(&self) -> Result<Vec<Group>, Refused> {
        Ok(self.value(Client::groups).await?.items)
    }

    pub async fn server(&self) -> Result<ServerStatus, Refused> {
        self.value(Client::server).await
    }
}

fn computer(client_id: &str) -> ClientId {
    client_id.parse().unwrap()
}
