//! Handing orders down to the Linkages that hold a connection here, and their reports up.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use headwater_api::linkage::{HOLD_SECONDS, Handed, Hold, Reached, Signed};
use headwater_model::{Guid, LinkageId, Timestamp};
use serde::Deserialize;
use tokio::sync::{Notify, oneshot, watch};
use tokio::time::timeout;

use crate::LinkageError;

/// How long a report is waited for.
const REPORT_TIMEOUT: Duration = Duration::from_secs(100);
/// A Linkage that asked for no orders for so long is not connected.
const GONE_SECONDS: i64 = 3 * HOLD_SECONDS as i64;
/// Orders that wait for one Linkage.
const WAITING_MAX: usize = 1_000;

/// A Linkage that dials this one.
struct Child {
    waiting: Vec<Signed>,
    below: Vec<LinkageId>,
    last_contact: Timestamp,
    news: Arc<Notify>,
}

/// The Linkages below, and the orders that were handed down and not yet reported.
#[derive(Default)]
pub(crate) struct Relay {
    children: Mutex<HashMap<LinkageId, Child>>,
    open: Mutex<HashMap<Guid, oneshot::Sender<Signed>>>,
    /// Counts the changes of who is reached.
    changed: watch::Sender<u64>,
}

/// The number of an order, in an order or its report: all that is read of what is only handed on.
#[derive(Deserialize)]
struct Numbered {
    #[serde(alias = "order")]
    id: String,
}

impl Numbered {
    fn of(signed: &Signed) -> Option<Guid> {
        let numbered: Self = serde_json::from_str(&signed.body).ok()?;
        numbered.id.parse().ok()
    }
}

impl Relay {
    fn children(&self) -> MutexGuard<'_, HashMap<LinkageId, Child>> {
        self.children.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn open(&self) -> MutexGuard<'_, HashMap<Guid, oneshot::Sender<Signed>>> {
        self.open.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Gives an order to the child through which its Linkage is reached, and waits for the report.
    pub async fn hand_on(&self, order: Signed) -> Result<Signed, LinkageError> {
        let to = order.linkage;
        let id = Numbered::of(&order)
            .ok_or_else(|| LinkageError::Refused("the order has no number".to_owned()))?;
        let (report, reported) = oneshot::channel();
        {
            let mut children = self.children();
            let child = children.iter_mut().find(|(child, state)| **child == to || state.below.contains(&to));
            let (_, child) = child.ok_or(LinkageError::NotReached(to))?;
            if child.waiting.len() >= WAITING_MAX {
                return Err(LinkageError::NotReached(to));
            }
            self.open().insert(id, report);
            child.waiting.push(order);
            child.news.notify_one();
        }
        let reported = timeout(REPORT_TIMEOUT, reported).await;
        self.open().remove(&id);
        reported.ok().and_then(Result::ok).ok_or(LinkageError::NotReached(to))
    }

    /// Tells when somebody else is reached.
    pub fn changes(&self) -> watch::Receiver<u64> {
        self.changed.subscribe()
    }

    pub async fn hold(&self, hold: Hold, now: Timestamp) -> Handed {
        for report in hold.reports {
            let open = Numbered::of(&report).and_then(|id| self.open().remove(&id));
            if let Some(open) = open {
                // Whoever asked has given up.
                let _ = open.send(report);
            }
        }
        let news = {
            let mut children = self.children();
            let child = children.entry(hold.linkage).or_insert_with(|| {
                self.changed.send_modify(|changes| *changes += 1);
                Child { waiting: Vec::new(), below: Vec::new(), last_contact: now, news: Arc::default() }
            });
            if child.below != hold.below {
                child.below = hold.below;
                self.changed.send_modify(|changes| *changes += 1);
            }
            child.last_contact = now;
            child.news.clone()
        };
        if !hold.wait {
            return Handed::default();
        }
        let deadline = tokio::time::Instant::now() + Duration::from_secs(HOLD_SECONDS);
        loop {
            let orders =
                self.children().get_mut(&hold.linkage).map(|child| std::mem::take(&mut child.waiting));
            let orders = orders.unwrap_or_default();
            if !orders.is_empty() || tokio::time::timeout_at(deadline, news.notified()).await.is_err() {
                return Handed { orders };
            }
        }
    }

    /// Which Linkages are reached, those gone silent left out.
    pub fn reached(&self, now: Timestamp) -> Vec<Reached> {
        let mut children = self.children();
        children.retain(|_, child| child.last_contact > now.plus_seconds(-GONE_SECONDS));
        let mut reached = Vec::new();
        for (id, child) in children.iter() {
            reached.push(Reached { linkage: *id, through: *id, last_contact_at: child.last_contact });
            let below = child.below.iter().filter(|below| *below != id);
            reached.extend(below.map(|below| Reached {
                linkage: *below,
                through: *id,
                last_contact_at: child.last_contact,
            }));
        }
        reached.sort_by_key(|one| one.linkage);
        reached.dedup_by_key(|one| one.linkage);
        reached
    }
}
