//! Carrying out an order on this Linkage's WSUS.

use headwater_api::UPDATES_PER_REQUEST_MAX;
use headwater_api::linkage::{Ask, Failure, FailureKind, Report, Signed};
use headwater_app::admin::chain;
use headwater_link::{SignatureError, sign_report};
use headwater_model::UpdateId;
use serde::Serialize;
use serde_json::Value;

use crate::relay::number;
use crate::taken::NotTaken;
use crate::{Linkage, LinkageError};

impl Linkage {
    /// Checks an order and carries it out. Who may not order is told nothing but that.
    pub(crate) async fn carry_out(&self, signed: &Signed) -> Result<Signed, LinkageError> {
        let refused = |error: String| LinkageError::Refused(format!("the order is not believed: {error}"));
        let manager =
            self.manager_key().ok_or_else(|| refused("this Linkage has no managing server".to_owned()))?;
        let (id, result) = match self.taken.take(signed, self.id(), &manager, self.clock.now()) {
            Ok(order) => {
                *self.unconfirmed() = None;
                (order.id, self.answer(order.ask).await)
            }
            // The managing server is told by a report, for whoever is in between hands on nothing else.
            Err(error @ (NotTaken::Signature(SignatureError::Clock(_)) | NotTaken::State(_))) => {
                let kind = match error {
                    NotTaken::Signature(_) => FailureKind::Untrusted,
                    NotTaken::State(_) => FailureKind::Wsus,
                };
                let id = number(signed).ok_or_else(|| refused(error.to_string()))?;
                (id, Err(failure(kind, &chain(&error))))
            }
            Err(error) => return Err(refused(error.to_string())),
        };
        if let Err(failure) = &result {
            tracing::info!(failure = failure.detail, "an order was refused");
        }
        let report = Report { order: id, from: self.id(), result };
        sign_report(&report, &self.state.key()).map_err(|error| LinkageError::Refused(error.to_string()))
    }

    async fn answer(&self, ask: Ask) -> Result<Value, Failure> {
        let (wsus, now) = (&self.wsus, self.clock.now());
        match ask {
            Ask::Identity => json(wsus.identity(now).await?),
            Ask::Reached => json(self.relay.reached()),
            Ask::Joining => json(self.joiners.joining(now)),
            Ask::Introduce { linkage, pairing } => match self.joiners.introduce(linkage, pairing).await {
                Some(answer) => json(answer),
                None => Err(failure(FailureKind::NotReached, "the Linkage does not wait here any more")),
            },
            Ask::Unpair => {
                self.unpair().map_err(|error| failure(FailureKind::Wsus, &error.to_string()))?;
                json(())
            }
            Ask::Trust => json(self.trust().map_err(not_taken)?),
            Ask::Renew(renewal) => json(self.renew(&renewal).map_err(not_taken)?),
            Ask::Revoke(list) => json(self.revoke(list).map_err(not_taken)?),
            Ask::Contents => json(wsus.contents().await?),
            Ask::LeftOut(subscription) => json(ids(wsus.left_out(&subscription).await?)),
            Ask::Groups => json(wsus.groups().await?),
            Ask::CreateGroup { name, by, parent, id } => {
                json(wsus.create_group(&name, parent, id, &by).await?)
            }
            Ask::DeleteGroup { id, by } => json(wsus.delete_group(id, &by).await?),
            Ask::Computers { after } => json(wsus.computers(after).await?),
            Ask::Updates { after } => json(wsus.updates(after, now).await?),
            Ask::UpdateCounts => json(wsus.update_counts(now).await?),
            Ask::Update { id } => json(wsus.update(id, now).await?),
            Ask::TreeComputers { after } => json(wsus.tree_computers(after, now).await?),
            Ask::Computer { client } => json(wsus.computer(&client, now).await?),
            Ask::StatesOfUpdate { update, states, after } => {
                json(wsus.states_of_update(update, &states, after).await?)
            }
            Ask::StatesOfUpdates(question) => {
                question.check().map_err(|reason| failure(FailureKind::Refused, reason))?;
                json(wsus.states_of_updates(&question).await?)
            }
            Ask::FilesOfUpdates { updates } => {
                if updates.len() > UPDATES_PER_REQUEST_MAX {
                    let reason = "it names more updates than one order may have";
                    return Err(failure(FailureKind::Refused, reason));
                }
                json(wsus.files_of_updates(&updates).await?)
            }
            Ask::StatesOnComputer { client, query } => json(wsus.states_on_computer(&client, &query).await?),
            Ask::ChangeMemberships(memberships) => json(wsus.change_memberships(memberships).await?),
            Ask::Keep(list) => {
                list.check().map_err(|reason| failure(FailureKind::Refused, reason))?;
                json(self.kept.take(list).map_err(|error| failure(FailureKind::Wsus, &chain(&error)))?)
            }
            Ask::Kept => json(self.kept.keeping()),
            Ask::Approve(approve) => json(wsus.approve(approve).await?),
            Ask::Decline(decline) => json(wsus.decline(decline).await?),
            Ask::Licence { update, language } => json(wsus.licence(update, language.as_deref()).await?),
            Ask::AcceptLicence { update, by } => json(wsus.accept_licence(update, &by).await?),
            Ask::Obsolete => json(wsus.obsolete().await?),
            Ask::DeleteUpdates(delete) => json(wsus.delete_updates(delete).await?),
            Ask::DeleteLower { server, below, by } => json(wsus.delete_lower(server, &below, &by).await?),
            Ask::DeleteComputers(delete) => json(wsus.delete_computers(delete).await?),
            Ask::Lower => json(wsus.lower().await?),
            Ask::Synchronise { by } => json(wsus.synchronise(&by).await?),
            Ask::Runs { seen } => json(self.new_run_requests(&seen).await),
            Ask::TellRun(news) => match self.tell_run(news) {
                true => json(()),
                false => Err(failure(FailureKind::NotFound, "nobody follows that run")),
            },
            Ask::SyncProgress { run } => json(wsus.sync_progress(run).await?),
        }
    }
}

fn json(value: impl Serialize) -> Result<Value, Failure> {
    serde_json::to_value(value).map_err(|error| failure(FailureKind::Wsus, &error.to_string()))
}

/// As texts, as everywhere in these messages.
fn ids(ids: Vec<UpdateId>) -> Vec<String> {
    ids.iter().map(ToString::to_string).collect()
}

fn not_taken(error: LinkageError) -> Failure {
    failure(FailureKind::Refused, &chain(&error))
}

pub(crate) fn failure(kind: FailureKind, detail: &str) -> Failure {
    Failure { kind, detail: detail.to_owned() }
}
