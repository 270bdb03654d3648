//! What a WSUS could do without, and letting go of it and of silent computers.

use std::collections::HashMap;

use headwater_api::ObsoleteBecause;
use headwater_api::linkage::{Decided, DeleteComputers, DeleteUpdates, Failure, FailureKind, ObsoleteUpdate};
use headwater_app::App;
use headwater_app::AppError;
use headwater_app::admin::deletion::Obsolete;
use headwater_model::{ClientId, Timestamp};

use super::Answer;
use super::headwater::{decided, operator, refusal};
use super::microsoft::{Microsoft, failure, newest, note};

pub(super) async fn obsolete(app: &App) -> Answer<Vec<ObsoleteUpdate>> {
    let served = app.live.served_full();
    let index = &served.catalogue.index;
    let obsolete = app.obsolete_updates(&served).await.map_err(refusal)?;
    let updates: Vec<_> = obsolete.iter().map(|one| one.update).collect();
    let counts = app.update_rows(&served, &updates);
    let told = |one: &Obsolete, needed| {
        let newest = served.newest(one.update);
        let revision = index.revision(newest);
        ObsoleteUpdate {
            update: revision.identity.id,
            title: served.catalogue.card(newest).title.to_string(),
            because: match one.is_declined {
                true => ObsoleteBecause::Declined,
                false if revision.expired => ObsoleteBecause::Expired,
                false => ObsoleteBecause::Superseded,
            },
            since: one.since,
            needed,
            kept: one.kept.map(|kept| kept.to_string()),
        }
    };
    Ok(obsolete.iter().zip(&counts).map(|(one, counts)| told(one, counts.needed())).collect())
}

pub(super) async fn delete(app: &App, delete: DeleteUpdates) -> Answer<Decided> {
    let done = app.delete_updates(&operator(&delete.by), &delete.updates).await;
    done.map(decided).map_err(refusal)
}

pub(super) async fn delete_computers(app: &App, delete: DeleteComputers) -> Answer<Decided> {
    let by = operator(&delete.by);
    let mut decided = Decided::default();
    for one in &delete.computers {
        match app.delete_silent_computer(&by, &one.client, one.last_contact_at).await {
            Ok(()) => decided.applied.push(one.client.to_string()),
            Err(AppError::NotFound(_)) => decided.unchanged.push(one.client.to_string()),
            Err(AppError::Refused(reason)) => decided.refused.push((one.client.to_string(), reason)),
            Err(error) => return Err(refusal(error)),
        }
    }
    Ok(decided)
}

impl Microsoft {
    /// Since when is not told. Parts of others are in no list of the service.
    pub(super) async fn obsolete(&self) -> Answer<Vec<ObsoleteUpdate>> {
        Ok(self.all_updates().await?.iter().filter_map(ObsoleteUpdate::listed).collect())
    }

    /// The server refuses what others of its updates need; what is not declined is refused here, for nobody
    /// has told whether it would be.
    pub(super) async fn delete_updates(&self, delete: DeleteUpdates) -> Answer<Decided> {
        self.writable().await?;
        if self.wsus.sync_progress().await.map_err(failure)?.is_running {
            let detail = "this server synchronises: nothing is deleted meanwhile".to_owned();
            return Err(Failure { kind: FailureKind::Busy, detail });
        }
        let updates = self.catalogue.updates(&self.wsus).await?;
        let newest = newest(&updates);
        let mut decided = Decided::default();
        for id in &delete.updates {
            let Some(update) = newest.get(id) else {
                decided.unchanged.push(id.to_string());
                continue;
            };
            if !update.is_declined {
                decided.refused.push((id.to_string(), "it is not declined".to_owned()));
                continue;
            }
            let done = self.wsus.delete_update(*id, update.number).await;
            note(&mut decided, id.to_string(), done.map(|()| true))?;
        }
        Ok(decided)
    }

    /// The service knows no condition, so its computers are read just before.
    pub(super) async fn delete_computers(&self, delete: DeleteComputers) -> Answer<Decided> {
        self.writable().await?;
        let found = self.all_computers().await?.into_iter();
        let there: HashMap<ClientId, Timestamp> =
            found.map(|computer| (computer.client, computer.last_contact_at)).collect();
        let mut decided = Decided::default();
        for one in delete.computers {
            let client = one.client.to_string();
            match there.get(&one.client) {
                None => decided.unchanged.push(client),
                Some(contact) if *contact > one.last_contact_at => {
                    decided.refused.push((client, format!("it made contact on {contact}")));
                }
                Some(_) => {
                    let done = self.wsus.delete_computer(&one.client).await;
                    note(&mut decided, client, done.map(|()| true))?;
                }
            }
        }
        Ok(decided)
    }
}
