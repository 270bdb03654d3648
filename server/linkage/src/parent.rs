//! Dialling the Linkage above: to be paired through it, and then to hold a connection for orders.

use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use headwater_api::linkage::{
    About, HOLD, HOLD_SECONDS, Handed, Hold, Introduction, JOIN, Join, LinkVersion, PairingAnswer, ROOT,
    Signed,
};
use headwater_app::admin::chain;
use headwater_link::{Dial, DialError, LinkageUrl, Party};
use tokio::sync::watch;
use tokio::time::sleep;

use crate::{Linkage, LinkageError};

const PATIENCE: Duration = Duration::from_secs(10);
const HELD: Duration = Duration::from_secs(HOLD_SECONDS + 10);
/// Between two tries to reach the Linkage above.
const PAUSE: Duration = Duration::from_secs(2);

/// Why nothing is held with the Linkage above.
#[derive(Debug, thiserror::Error)]
enum ParentError {
    #[error(transparent)]
    Dial(#[from] DialError),
    #[error(
        "the Linkage at {0} was revoked by the managing server: it has to be paired anew, or `linkage.parent` has \
         to name another one"
    )]
    Revoked(LinkageUrl),
    #[error("{0}")]
    Version(String),
    #[error(transparent)]
    Linkage(#[from] LinkageError),
}

/// Holds a connection with the Linkage above until the stop.
pub async fn follow_parent(linkage: Arc<Linkage>, parent: LinkageUrl, mut stopped: watch::Receiver<bool>) {
    let following = async {
        let mut reached = true;
        loop {
            let step = match linkage.identity() {
                None => linkage.wait_to_be_paired(&parent).await,
                Some(_) => linkage.serve_parent(&parent).await,
            };
            match step {
                Ok(()) if !reached => {
                    reached = true;
                    tracing::info!(%parent, "the Linkage above is reached again");
                }
                Err(error) if reached => {
                    reached = false;
                    tracing::warn!(error = chain(&error), "the Linkage above is not reached");
                }
                _ => {}
            }
            if !reached {
                sleep(PAUSE).await;
            }
        }
    };
    tokio::select! {
        () = following => {}
        () = async { drop(stopped.wait_for(|stop| *stop).await) } => {}
    }
}

impl Linkage {
    /// Waits at the Linkage above until a managing server says something, and answers it.
    async fn wait_to_be_paired(&self, parent: &LinkageUrl) -> Result<(), ParentError> {
        let dial = Dial::anybody(parent.clone())?;
        let about: About = dial.get(ROOT, PATIENCE).await?;
        if let Some(other) = other_version(&about, parent) {
            return Err(ParentError::Version(other));
        }
        let mut answer: Option<PairingAnswer> = None;
        loop {
            let join = Join {
                linkage: self.id(),
                name: self.wsus.name(),
                speaks: LinkVersion::own(),
                answer: answer.take(),
            };
            let finished = join.answer == Some(PairingAnswer::Finished);
            let said: Introduction = dial.post(JOIN, &join, HELD).await?;
            if finished {
                return Ok(());
            }
            if let Some(pairing) = said.pairing {
                answer = Some(self.pair(&pairing));
            } else if self.identity().is_some() {
                return Ok(());
            }
        }
    }

    /// Holds the connection and carries out what comes, until it is unpaired or the connection breaks.
    async fn serve_parent(self: &Arc<Self>, parent: &LinkageUrl) -> Result<(), ParentError> {
        let about: About = Dial::anybody(parent.clone())?.get(ROOT, PATIENCE).await?;
        // It holds all the same: by that the managing server sees who is of which version, and says so.
        if let Some(other) = other_version(&about, parent) {
            tracing::warn!("{other}");
        }
        let (mut paired, mut changes) = (self.paired.subscribe(), self.relay.changes());
        while let Some(identity) = self.identity() {
            self.give_up_unconfirmed();
            if self.state.is_revoked(about.linkage) {
                return Err(ParentError::Revoked(parent.clone()));
            }
            let dial =
                Dial::linkage(parent.clone(), Party::Linkage(about.linkage), &identity, &self.watch())?;
            let hold = self.hold_of(Vec::new(), true);
            let mut holding = pin!(dial.post(HOLD, &hold, HELD));
            let handed: Handed = loop {
                tokio::select! {
                    handed = &mut holding => break handed?,
                    () = unpaired(&mut paired) => return Ok(()),
                    // What is held may bring orders at any moment, so this goes beside it.
                    Ok(()) = changes.changed() => {
                        drop(dial.post::<Handed>(HOLD, &self.hold_of(Vec::new(), false), HELD).await?);
                    }
                }
            };
            if let Some(list) = &handed.revoked
                && self.hear_of_revocation(list)?
            {
                return Ok(());
            }
            for order in handed.orders {
                let (linkage, dial) = (self.clone(), dial.clone());
                tokio::spawn(async move { linkage.answer_parent(order, &dial).await });
            }
        }
        Ok(())
    }

    /// What it brings: reports, who is reached through it, and the runs that are asked for.
    fn hold_of(&self, reports: Vec<Signed>, wait: bool) -> Hold {
        let below = self.relay.reached().iter().map(|one| one.linkage).collect();
        Hold { linkage: self.id(), below, reports, runs: self.run_requests(), wait }
    }

    async fn answer_parent(&self, order: Signed, dial: &Dial) {
        let report = match self.order(order).await {
            Ok(report) => report,
            Err(error) => return tracing::warn!(error = chain(&error), "an order was not carried out"),
        };
        let hold = self.hold_of(vec![report], false);
        if let Err(error) = dial.post::<Handed>(HOLD, &hold, HELD).await {
            tracing::warn!(error = chain(&error), "a report did not reach the Linkage above");
        }
    }
}

fn other_version(about: &About, parent: &LinkageUrl) -> Option<String> {
    about.speaks().refusal(&format!("the Linkage at {parent}"), "this one")
}

/// Ends when the managing server is gone.
async fn unpaired(paired: &mut watch::Receiver<bool>) {
    // The sender lives as long as the Linkage.
    let _ = paired.wait_for(|paired| !paired).await;
}
