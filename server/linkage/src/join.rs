//! Linkages without a managing server, which wait at this one to be paired.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use headwater_api::linkage::{
    HOLD_SECONDS, Introduction, Join, Joining, LinkVersion, Pairing, PairingAnswer,
};
use headwater_model::{LinkageId, Timestamp};
use tokio::sync::{Notify, oneshot};
use tokio::time::timeout;

use crate::LinkageError;

/// Anybody may wait here, so there is an end.
const JOINERS_MAX: usize = 64;
/// The longest name that is shown, in characters.
const NAME_CHARS_MAX: usize = 255;
/// Who did not ask for so long has gone.
const GONE_SECONDS: i64 = 3 * HOLD_SECONDS as i64;
const ANSWER_TIMEOUT: Duration = Duration::from_secs(30);

struct Joiner {
    name: String,
    speaks: LinkVersion,
    since: Timestamp,
    last_contact: Timestamp,
    message: Option<Pairing>,
    answer: Option<oneshot::Sender<PairingAnswer>>,
    news: Arc<Notify>,
}

#[derive(Default)]
pub(crate) struct Joiners(Mutex<HashMap<LinkageId, Joiner>>);

impl Joiners {
    fn lock(&self) -> MutexGuard<'_, HashMap<LinkageId, Joiner>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub async fn join(&self, join: Join, now: Timestamp) -> Result<Introduction, LinkageError> {
        let news = {
            let mut joiners = self.lock();
            joiners.retain(|_, joiner| joiner.last_contact > now.plus_seconds(-GONE_SECONDS));
            if joiners.len() >= JOINERS_MAX && !joiners.contains_key(&join.linkage) {
                return Err(LinkageError::Refused("too many Linkages wait here to be paired".to_owned()));
            }
            let joiner = joiners.entry(join.linkage).or_insert_with(|| Joiner {
                name: join.name.chars().filter(|c| !c.is_control()).take(NAME_CHARS_MAX).collect(),
                speaks: join.speaks.harmless(),
                since: now,
                last_contact: now,
                message: None,
                answer: None,
                news: Arc::default(),
            });
            joiner.last_contact = now;
            joiner.speaks = join.speaks.harmless();
            if let (Some(answer), Some(waiting)) = (join.answer, joiner.answer.take()) {
                let finished = answer == PairingAnswer::Finished;
                // Whoever asked has given up.
                let _ = waiting.send(answer);
                if finished {
                    joiners.remove(&join.linkage);
                    return Ok(Introduction::default());
                }
            }
            joiners.get(&join.linkage).map(|joiner| joiner.news.clone()).unwrap_or_default()
        };
        let deadline = tokio::time::Instant::now() + Duration::from_secs(HOLD_SECONDS);
        loop {
            let pairing = self.lock().get_mut(&join.linkage).and_then(|joiner| joiner.message.take());
            if pairing.is_some() || tokio::time::timeout_at(deadline, news.notified()).await.is_err() {
                return Ok(Introduction { pairing });
            }
        }
    }

    /// Says something to one that waits, and waits for its answer.
    pub async fn introduce(&self, linkage: LinkageId, pairing: Pairing) -> Option<PairingAnswer> {
        let answered = {
            let mut joiners = self.lock();
            let joiner = joiners.get_mut(&linkage)?;
            let (answer, answered) = oneshot::channel();
            joiner.message = Some(pairing);
            joiner.answer = Some(answer);
            joiner.news.notify_one();
            answered
        };
        timeout(ANSWER_TIMEOUT, answered).await.ok()?.ok()
    }

    pub fn joining(&self, now: Timestamp) -> Vec<Joining> {
        let joiners = self.lock();
        let waits = |joiner: &Joiner| joiner.last_contact > now.plus_seconds(-GONE_SECONDS);
        let mut joining: Vec<Joining> = joiners
            .iter()
            .filter(|(_, joiner)| waits(joiner))
            .map(|(id, joiner)| Joining {
                linkage: *id,
                name: joiner.name.clone(),
                speaks: joiner.speaks.clone(),
                since: joiner.since,
            })
            .collect();
        joining.sort_by_key(|one| one.linkage);
        joining
    }
}
