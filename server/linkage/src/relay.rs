//! Handing orders down to the Linkages that hold a connection here, and their reports up.

use std::collections::{HashMap, HashSet};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use headwater_api::linkage::{
    BODY_BYTES_MAX, HOLD_MAX, HOLD_SECONDS, Handed, Hold, RUN_REQUEST_BYTES_MAX, Reached, Signed,
};
use headwater_model::{Guid, LinkageId, Timestamp};
use serde::Deserialize;
use tokio::sync::{Notify, oneshot, watch};
use tokio::time::timeout;

use crate::LinkageError;

/// How long a report is waited for.
const REPORT_TIMEOUT: Duration = Duration::from_secs(100);
/// A Linkage that holds no connection for so long is not connected: between two of them is a moment.
const GONE_AFTER: Duration = Duration::from_secs(3);
/// How often it is looked whether a Linkage that has an order is still connected.
const LOOK_EVERY: Duration = Duration::from_millis(500);
/// Orders that wait for one Linkage.
const WAITING_MAX: usize = 1_000;
/// Bytes of orders that are handed at a time: a list of memberships is long, and an answer has its limit.
const HANDED_BYTES_MAX: usize = BODY_BYTES_MAX / 4;
/// Bytes of runs that are brought on: within a report, what has to be escaped may grow to the eightfold, and other
/// reports have to fit beside them.
const RUNS_BYTES_MAX: usize = BODY_BYTES_MAX / 32;

/// A Linkage that dials this one.
struct Child {
    waiting: Vec<Signed>,
    below: Vec<LinkageId>,
    /// The runs that it and those below it ask for.
    runs: Vec<Signed>,
    last_contact: Timestamp,
    news: Arc<Notify>,
    /// Connections that it holds now, and when the last one was held.
    held: u32,
    held_at: Instant,
}

impl Child {
    fn is_connected(&self) -> bool {
        self.held > 0 || self.held_at.elapsed() < GONE_AFTER
    }
}

/// A connection that is held. It ends with an answer, or when the other side hangs up.
struct Held<'a> {
    relay: &'a Relay,
    child: LinkageId,
}

impl Drop for Held<'_> {
    fn drop(&mut self) {
        if let Some(child) = self.relay.children().get_mut(&self.child) {
            child.held -= 1;
            child.held_at = Instant::now();
        }
    }
}

/// The Linkages below, and the orders that were handed down and not yet reported.
#[derive(Default)]
pub(crate) struct Relay {
    children: Mutex<HashMap<LinkageId, Child>>,
    open: Mutex<HashMap<Guid, oneshot::Sender<Signed>>>,
    /// Counts the changes of who is reached.
    changed: watch::Sender<u64>,
    /// Whether nobody is held any more.
    stops: AtomicBool,
}

/// An order that was given to a child. Whoever gives up takes it back, for what an operator was told of as not
/// reached is not carried out later.
struct Given<'a> {
    relay: &'a Relay,
    through: LinkageId,
    number: Guid,
}

impl Drop for Given<'_> {
    fn drop(&mut self) {
        self.relay.open().remove(&self.number);
        if let Some(child) = self.relay.children().get_mut(&self.through) {
            child.waiting.retain(|order| number(order) != Some(self.number));
        }
    }
}

/// The number of an order, in an order or its report: all that is read of what is only handed on.
#[derive(Deserialize)]
struct Numbered {
    #[serde(alias = "order")]
    id: String,
}

/// The number of what is signed: an order, its report, or a run that is asked for.
pub(crate) fn number(signed: &Signed) -> Option<Guid> {
    let numbered: Numbered = serde_json::from_str(&signed.body).ok()?;
    numbered.id.parse().ok()
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
        let order_number =
            number(&order).ok_or_else(|| LinkageError::Refused("the order has no number".to_owned()))?;
        let (report, mut reported) = oneshot::channel();
        let given = {
            let mut children = self.children();
            // What another one claims to be above of is not looked at where it is here itself.
            let is_here = children.get(&to).is_some_and(Child::is_connected);
            let leads = |child: &LinkageId, state: &Child| match is_here {
                true => *child == to,
                false => state.is_connected() && state.below.contains(&to),
            };
            let child = children.iter_mut().find(|(child, state)| leads(child, state));
            let (id, child) = child.ok_or(LinkageError::NotReached(to))?;
            let through = *id;
            if child.waiting.len() >= WAITING_MAX {
                return Err(LinkageError::NotReached(to));
            }
            self.open().insert(order_number, report);
            child.waiting.push(order);
            child.news.notify_one();
            Given { relay: self, through, number: order_number }
        };
        let deadline = Instant::now() + REPORT_TIMEOUT;
        let reported = loop {
            match timeout(LOOK_EVERY, &mut reported).await {
                Ok(reported) => break reported.ok(),
                Err(_) if self.is_connected(given.through) && Instant::now() < deadline => {}
                Err(_) => break None,
            }
        };
        reported.ok_or(LinkageError::NotReached(to))
    }

    fn is_connected(&self, child: LinkageId) -> bool {
        self.children().get(&child).is_some_and(Child::is_connected)
    }

    /// Tells when somebody else is reached, or other runs are asked for.
    pub fn changes(&self) -> watch::Receiver<u64> {
        self.changed.subscribe()
    }

    pub fn has_changed(&self) {
        self.changed.send_modify(|changes| *changes += 1);
    }

    /// Lets go of all that are held, so that nothing holds up a stop.
    pub fn hang_up(&self) {
        self.stops.store(true, Ordering::SeqCst);
        self.children().values().for_each(|child| child.news.notify_one());
        self.has_changed();
    }

    pub fn stops(&self) -> bool {
        self.stops.load(Ordering::SeqCst)
    }

    /// The runs that those below ask for, who are reached. Who brings the fewest comes first, so that one who makes
    /// up many is cut short before the others are.
    pub fn run_requests(&self) -> Vec<Signed> {
        let children = self.children();
        let mut bytes = 0;
        connected(&children, |child| child.runs.len())
            .flat_map(|(_, child)| &child.runs)
            .take_while(|run| {
                bytes += length(run);
                bytes <= RUNS_BYTES_MAX
            })
            .take(HOLD_MAX)
            .cloned()
            .collect()
    }

    pub async fn hold(&self, hold: Hold, now: Timestamp) -> Result<Handed, LinkageError> {
        hold.check().map_err(|reason| LinkageError::Refused(reason.to_owned()))?;
        for report in hold.reports {
            let open = number(&report).and_then(|id| self.open().remove(&id));
            if let Some(open) = open {
                // Whoever asked has given up.
                let _ = open.send(report);
            }
        }
        // Before the lock, for all others wait for it.
        let runs = own_runs(hold.runs, hold.linkage, &hold.below);
        let news = {
            let mut children = self.children();
            let child = children.entry(hold.linkage).or_insert_with(|| {
                self.has_changed();
                Child {
                    waiting: Vec::new(),
                    below: Vec::new(),
                    runs: Vec::new(),
                    last_contact: now,
                    news: Arc::default(),
                    held: 0,
                    held_at: Instant::now(),
                }
            });
            if child.below != hold.below || child.runs != runs {
                (child.below, child.runs) = (hold.below, runs);
                self.has_changed();
            }
            child.last_contact = now;
            if !hold.wait {
                return Ok(Handed::default());
            }
            child.held += 1;
            child.news.clone()
        };
        let _held = Held { relay: self, child: hold.linkage };
        let deadline = tokio::time::Instant::now() + Duration::from_secs(HOLD_SECONDS);
        loop {
            let Some(orders) =
                self.children().get_mut(&hold.linkage).map(|child| next_of(&mut child.waiting))
            else {
                return Ok(Handed::default());
            };
            let is_over = !orders.is_empty() || self.stops();
            if is_over || tokio::time::timeout_at(deadline, news.notified()).await.is_err() {
                return Ok(Handed { orders, revoked: None });
            }
        }
    }

    /// Hangs up on those that were revoked. What waits for them is not reached, nor what is below them.
    pub fn forget(&self, revoked: &[LinkageId]) {
        for linkage in revoked {
            if let Some(child) = self.children().remove(linkage) {
                child.news.notify_one();
                self.has_changed();
            }
        }
    }

    /// Which Linkages are reached, as many as may be named to the one above: first those that hold a connection
    /// here, then those below the one that names the fewest, so that one who makes up many crowds out nobody.
    pub fn reached(&self) -> Vec<Reached> {
        let children = self.children();
        let reached = |linkage: &LinkageId, through: &LinkageId, child: &Child| Reached {
            linkage: *linkage,
            through: *through,
            last_contact_at: child.last_contact,
        };
        let here = connected(&children, |_| 0).map(|(id, child)| reached(id, id, child));
        let below = connected(&children, |child| child.below.len())
            .flat_map(|(id, child)| child.below.iter().map(move |below| reached(below, id, child)));
        let mut seen = HashSet::new();
        here.chain(below).filter(|one| seen.insert(one.linkage)).take(HOLD_MAX).collect()
    }
}

/// Those that are connected, the one that brings the least first.
fn connected(
    children: &HashMap<LinkageId, Child>,
    brings: impl Fn(&Child) -> usize,
) -> impl Iterator<Item = (&LinkageId, &Child)> {
    let mut connected: Vec<_> = children.iter().filter(|(_, child)| child.is_connected()).collect();
    connected.sort_by_key(|(id, child)| (brings(child), **id));
    connected.into_iter()
}

/// One run of each that a Linkage reaches, itself included, so that none crowds out what others ask for.
fn own_runs(mut runs: Vec<Signed>, linkage: LinkageId, below: &[LinkageId]) -> Vec<Signed> {
    let mut missing: HashSet<LinkageId> = below.iter().copied().chain([linkage]).collect();
    runs.retain(|run| length(run) <= RUN_REQUEST_BYTES_MAX && missing.remove(&run.linkage));
    runs
}

fn length(run: &Signed) -> usize {
    run.body.len() + run.signature.len()
}

/// As many orders as fit into an answer, and one in any case. The others are handed with the next.
fn next_of(waiting: &mut Vec<Signed>) -> Vec<Signed> {
    let mut bytes = 0;
    let fits = |order: &&Signed| {
        bytes += order.body.len();
        bytes <= HANDED_BYTES_MAX
    };
    let count = waiting.iter().take_while(fits).count().max(1).min(waiting.len());
    waiting.drain(..count).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn long_orders_are_handed_one_after_the_other() {
        let order = |bytes: usize| Signed {
            linkage: LinkageId::from_u128(1),
            body: "x".repeat(bytes),
            signature: String::new(),
        };
        let mut waiting =
            vec![order(1), order(HANDED_BYTES_MAX), order(HANDED_BYTES_MAX + 1), order(2), order(3)];
        let mut handed = Vec::new();
        while !waiting.is_empty() {
            handed.push(next_of(&mut waiting).len());
        }
        assert_eq!(handed, [1, 1, 1, 2]);
        assert!(next_of(&mut waiting).is_empty());
    }

    #[tokio::test]
    async fn who_is_held_is_let_go_at_a_stop() {
        let relay = Arc::new(Relay::default());
        let (linkage, below) = (LinkageId::from_u128(1), Vec::new());
        let hold = Hold { linkage, below, reports: Vec::new(), runs: Vec::new(), wait: true };
        let mut changes = relay.changes();
        let held = tokio::spawn({
            let relay = relay.clone();
            async move { relay.hold(hold, Timestamp::EPOCH).await }
        });
        changes.changed().await.expect("it is held");
        relay.hang_up();
        let handed = timeout(Duration::from_secs(5), held).await.expect("ends at once");
        assert_eq!(handed.expect("ends").expect("answers"), Handed::default());
    }

    /// A branch that is gone, and the order for it.
    fn gone(relay: &Relay) -> Signed {
        let linkage = LinkageId::from_u128(1);
        let child = Child {
            waiting: Vec::new(),
            below: Vec::new(),
            runs: Vec::new(),
            last_contact: Timestamp::EPOCH,
            news: Arc::default(),
            held: 0,
            held_at: Instant::now(),
        };
        relay.children().insert(linkage, child);
        let body = format!("{{\"id\":\"{}\"}}", Guid::from_u128(7));
        Signed { linkage, body, signature: String::new() }
    }

    /// What the branch gets when it is back.
    async fn handed(relay: &Relay) -> Vec<Signed> {
        let (linkage, below) = (LinkageId::from_u128(1), Vec::new());
        relay.hang_up();
        let hold = Hold { linkage, below, reports: Vec::new(), runs: Vec::new(), wait: true };
        relay.hold(hold, Timestamp::EPOCH).await.expect("answers").orders
    }

    #[tokio::test]
    async fn an_order_that_was_given_up_is_not_carried_out_later() {
        let relay = Relay::default();
        let order = gone(&relay);
        let refused = relay.hand_on(order.clone()).await;
        assert!(matches!(refused, Err(LinkageError::NotReached(_))), "{refused:?}");
        assert_eq!(handed(&relay).await, []);
        // Nor where whoever asks hangs up before.
        let relay = Relay::default();
        let order = gone(&relay);
        assert!(timeout(Duration::from_millis(10), relay.hand_on(order.clone())).await.is_err());
        assert_eq!((handed(&relay).await, relay.open().len()), (vec![], 0));
        // It waits while it may still be carried out.
        let relay = Relay::default();
        let order = gone(&relay);
        let (_, handed) =
            tokio::join!(timeout(Duration::from_millis(200), relay.hand_on(order.clone())), handed(&relay));
        assert_eq!(handed, [order]);
    }

    #[tokio::test]
    async fn who_makes_up_many_crowds_out_nobody() {
        let relay = Relay::default();
        let ids = |from: u128, count: usize| -> Vec<LinkageId> {
            (from..).take(count).map(LinkageId::from_u128).collect()
        };
        let hold = |linkage: u128, below: Vec<LinkageId>, bytes: usize| {
            let linkage = LinkageId::from_u128(linkage);
            let run =
                |of: &LinkageId| Signed { linkage: *of, body: "x".repeat(bytes), signature: String::new() };
            let runs = below.iter().chain([&linkage]).take(HOLD_MAX).map(run).collect();
            Hold { linkage, below, reports: Vec::new(), runs, wait: false }
        };
        let full = hold(1, ids(1_000_000, HOLD_MAX), RUN_REQUEST_BYTES_MAX);
        for hold in [full, hold(2, ids(100, 2), 300), hold(3, ids(200, 3), 300)] {
            relay.hold(hold, Timestamp::EPOCH).await.expect("is taken");
        }

        let reached: Vec<LinkageId> = relay.reached().iter().map(|one| one.linkage).collect();
        let others = [ids(1, 3), ids(100, 2), ids(200, 3)].concat();
        assert_eq!((&reached[..8], reached.len()), (&others[..], HOLD_MAX));
        let runs = relay.run_requests();
        let asking: Vec<LinkageId> = runs.iter().take(7).map(|run| run.linkage).collect();
        assert_eq!(asking, [ids(100, 2), ids(2, 1), ids(200, 3), ids(3, 1)].concat());
        let bytes: usize = runs.iter().map(length).sum();
        assert!(bytes <= RUNS_BYTES_MAX && bytes > RUNS_BYTES_MAX - RUN_REQUEST_BYTES_MAX, "{bytes}");

        let too_many = Hold { below: ids(1, HOLD_MAX + 1), ..hold(4, Vec::new(), 1) };
        let refused = relay.hold(too_many, Timestamp::EPOCH).await;
        assert!(matches!(refused, Err(LinkageError::Refused(_))), "{refused:?}");
    }

    #[test]
    fn who_brings_runs_brings_one_of_each_that_it_reaches() {
        let run = |linkage: u128, bytes: usize| Signed {
            linkage: LinkageId::from_u128(linkage),
            body: "x".repeat(bytes),
            signature: String::new(),
        };
        let brought = vec![run(2, 1), run(1, RUN_REQUEST_BYTES_MAX), run(2, 2), run(3, 1), run(4, 2_000)];
        let below = [2, 4].map(LinkageId::from_u128);
        let kept = own_runs(brought, LinkageId::from_u128(1), &below);
        assert_eq!(kept, [run(2, 1), run(1, RUN_REQUEST_BYTES_MAX)]);
    }
}
