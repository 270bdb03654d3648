//! The one task through which agents write: it gathers what has arrived, commits it in one
//! transaction for computers and one for reports, and only then answers.
//!
//! Contacts, and products that changed, are not answered: they are gathered by computer and written with
//! the next batch, at the latest after [`CONTACTS_EVERY`].

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use headwater_model::{ClientId, Sha256Digest, Timestamp, UpdateId};
use headwater_store::{ComputerRow, ComputerWrite, Report, Store, Written};
use tokio::sync::{Notify, OwnedSemaphorePermit, Semaphore, mpsc, oneshot};

use crate::live::Live;

/// The most writes of one transaction.
const BATCH_MAX: usize = 1024;
/// Writes that wait; above that agents are told that the server is busy.
const QUEUE_MAX: usize = 8192;
/// Events and ids of inventories that wait, about fifty bytes each: a report may have thousands.
const REPORTED_MAX: usize = 2_000_000;
/// How long a contact may wait for a transaction.
const CONTACTS_EVERY: Duration = Duration::from_secs(1);

/// Something to be written.
enum Write {
    Computer(ComputerWrite),
    /// With the room that it takes while it waits.
    Report(Report, OwnedSemaphorePermit),
}

type Answer = oneshot::Sender<bool>;
type Job = (Write, Answer);
type Contacts = Arc<Mutex<Heard>>;

/// Contacts that no row tells yet: when, and whether one of them finished a scan.
#[derive(Debug, Default)]
pub struct Heard {
    waiting: HashMap<ClientId, (Timestamp, bool)>,
    /// Those of the transaction that goes on.
    in_writing: HashMap<ClientId, (Timestamp, bool)>,
    /// Products that changed. Those of a transaction that failed are told again by the next scan.
    products: HashMap<ClientId, (Sha256Digest, Vec<UpdateId>)>,
}

impl Heard {
    fn of(&self, client: &str) -> Option<(Timestamp, bool)> {
        let both = [self.in_writing.get(client), self.waiting.get(client)];
        both.into_iter().flatten().copied().reduce(latest)
    }

    /// What the transaction is to write from now on.
    fn begin(&mut self) -> Vec<ComputerWrite> {
        self.in_writing = std::mem::take(&mut self.waiting);
        let contact = |(client, (at, synced)): (&ClientId, &(Timestamp, bool))| ComputerWrite::Contact {
            client: client.clone(),
            at: *at,
            synced: *synced,
        };
        let products = std::mem::take(&mut self.products).into_iter();
        let products =
            products.map(|(client, (digest, products))| ComputerWrite::Products { client, digest, products });
        self.in_writing.iter().map(contact).chain(products).collect()
    }

    /// Ends the transaction; what it did not write waits for the next one.
    fn written(&mut self, done: bool) {
        for (client, contact) in std::mem::take(&mut self.in_writing).into_iter().filter(|_| !done) {
            let waiting = self.waiting.entry(client).or_insert(contact);
            *waiting = latest(*waiting, contact);
        }
    }

    /// Tells it in rows that were read after it was asked.
    pub fn tell_in(&self, rows: &mut [ComputerRow]) {
        for row in rows {
            if let Some(contact) = self.of(&row.client) {
                tell(contact, row);
            }
        }
    }
}

/// Tells a contact in the row of its computer.
pub fn tell((at, synced): (Timestamp, bool), row: &mut ComputerRow) {
    row.last_contact = row.last_contact.max(at);
    if synced {
        row.last_sync = row.last_sync.max(Some(at));
    }
}

fn latest(one: (Timestamp, bool), other: (Timestamp, bool)) -> (Timestamp, bool) {
    (one.0.max(other.0), one.1 || other.1)
}

fn lock(contacts: &Contacts) -> MutexGuard<'_, Heard> {
    contacts.lock().unwrap_or_else(PoisonError::into_inner)
}

/// A handle on the task.
#[derive(Debug, Clone)]
pub struct Writer {
    jobs: mpsc::Sender<Job>,
    reported: Arc<Semaphore>,
    contacts: Contacts,
    stop: Arc<Notify>,
}

/// Why a write was not acknowledged.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum WriteError {
    /// The queue is full; nothing was written.
    Busy,
    /// The database refused; it has been logged.
    Failed,
}

impl Writer {
    /// Starts the task; it ends after [`Writer::close`], when its queue is written.
    pub fn start(store: Store, live: Arc<Live>) -> (Self, tokio::task::JoinHandle<()>) {
        let (jobs, queue) = mpsc::channel(QUEUE_MAX);
        let (contacts, stop) = (Contacts::default(), Arc::new(Notify::new()));
        let task = tokio::spawn(run(store, live, queue, contacts.clone(), stop.clone()));
        (Self { jobs, reported: Arc::new(Semaphore::new(REPORTED_MAX)), contacts, stop }, task)
    }

    /// Writes and waits until it is durable and in the snapshot.
    pub async fn write(&self, write: ComputerWrite) -> Result<(), WriteError> {
        self.send(Write::Computer(write)).await
    }

    /// Writes a report and waits until it is durable and in the status.
    pub async fn report(&self, report: Report) -> Result<(), WriteError> {
        let ids = report.events.iter().filter_map(|event| event.inventory.as_ref());
        let room = report.events.len() + ids.map(|inventory| inventory.states.len()).sum::<usize>();
        let room = u32::try_from(room).map_err(|_| WriteError::Busy)?;
        let taken = Arc::clone(&self.reported).try_acquire_many_owned(room).map_err(|_| WriteError::Busy)?;
        self.send(Write::Report(report, taken)).await
    }

    async fn send(&self, write: Write) -> Result<(), WriteError> {
        let (answer, done) = oneshot::channel();
        self.jobs.try_send((write, answer)).map_err(|_| WriteError::Busy)?;
        match done.await {
            Ok(true) => Ok(()),
            _ => Err(WriteError::Failed),
        }
    }

    /// Takes no more writes.
    pub fn close(&self) {
        self.stop.notify_one();
    }

    /// Notes that a computer was heard of; `synced` when it finished a scan.
    pub fn contact(&self, client: &ClientId, at: Timestamp, synced: bool) {
        let mut contacts = lock(&self.contacts);
        match contacts.waiting.get_mut(client) {
            Some(known) => *known = latest(*known, (at, synced)),
            None => drop(contacts.waiting.insert(client.clone(), (at, synced))),
        }
    }

    /// Notes which products a computer has from now on.
    pub fn products(&self, client: &ClientId, digest: Sha256Digest, products: Vec<UpdateId>) {
        lock(&self.contacts).products.insert(client.clone(), (digest, products));
    }

    /// The contacts that are not written yet; what is known of products is not copied.
    pub fn heard(&self) -> Heard {
        let contacts = lock(&self.contacts);
        let (waiting, in_writing) = (contacts.waiting.clone(), contacts.in_writing.clone());
        Heard { waiting, in_writing, products: HashMap::new() }
    }

    /// When a computer was last heard of and whether it finished a scan, if that is not written yet.
    pub fn heard_of(&self, client: &ClientId) -> Option<(Timestamp, bool)> {
        lock(&self.contacts).of(client.as_str())
    }
}

async fn run(
    store: Store,
    live: Arc<Live>,
    mut queue: mpsc::Receiver<Job>,
    contacts: Contacts,
    stop: Arc<Notify>,
) {
    let mut ticks = tokio::time::interval(CONTACTS_EVERY);
    let mut batch = Vec::new();
    loop {
        let open = tokio::select! {
            taken = queue.recv_many(&mut batch, BATCH_MAX) => taken > 0,
            _ = ticks.tick() => true,
            () = stop.notified() => {
                queue.close();
                true
            }
        };
        commit(&store, &live, &mut batch, &contacts).await;
        if !open {
            return;
        }
    }
}

async fn commit(store: &Store, live: &Live, batch: &mut Vec<Job>, contacts: &Contacts) {
    let heard = lock(contacts).begin();
    let (mut writes, mut writers) = (Vec::new(), Vec::new());
    let (mut reports, mut reporters, mut rooms) = (Vec::new(), Vec::new(), Vec::new());
    for (write, answer) in batch.drain(..) {
        match write {
            Write::Computer(write) => {
                writes.push(write);
                writers.push(answer);
            }
            Write::Report(report, room) => {
                reports.push(report);
                reporters.push(answer);
                rooms.push(room);
            }
        }
    }
    writes.extend(heard);
    if !writes.is_empty() {
        let done = write_computers(store, live, &writes).await;
        lock(contacts).written(done);
        answer(writers, done);
    }
    if !reports.is_empty() {
        answer(reporters, write_reports(store, live, &reports).await);
    }
}

fn answer(waiting: Vec<Answer>, done: bool) {
    for answer in waiting {
        // An agent that hung up no longer waits for its answer.
        let _ = answer.send(done);
    }
}

async fn write_computers(store: &Store, live: &Live, writes: &[ComputerWrite]) -> bool {
    let _order = live.in_order().await;
    match store.write_computers(writes).await {
        Ok(enrolled) if enrolled.is_empty() => true,
        Ok(enrolled) => {
            live.enroll(&enrolled);
            true
        }
        Err(error) => lost(writes.len(), &error),
    }
}

async fn write_reports(store: &Store, live: &Live, reports: &[Report]) -> bool {
    let served = live.served_full();
    let _order = live.in_order().await;
    match store.write_reports(reports, &served.catalogue.numbers).await {
        Ok(written) => {
            live.change_status(&written.changed);
            count(reports, &written);
            true
        }
        Err(error) => lost(reports.len(), &error),
    }
}

fn lost(writes: usize, error: &headwater_store::Error) -> bool {
    tracing::error!(writes, error = %crate::admin::chain(error), "agents' writes were lost");
    false
}

fn count(reports: &[Report], written: &Written) {
    let events: usize = reports.iter().map(|report| report.events.len()).sum();
    metrics::counter!("headwater_events_total").increment(events as u64);
    let ignored = [
        ("unknown update", written.unknown_updates),
        ("no id", written.rejected),
        ("overtaken", written.stale),
    ];
    for (reason, number) in ignored {
        metrics::counter!("headwater_events_ignored_total", "reason" => reason).increment(number as u64);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_contact_is_told_while_it_waits_and_while_it_is_written() {
        let (early, late) = (Timestamp::EPOCH.plus_seconds(1), Timestamp::EPOCH.plus_seconds(2));
        let client: ClientId = "pc1".parse().unwrap();
        let mut heard = Heard::default();
        assert_eq!(heard.of("pc1"), None);
        heard.in_writing.insert(client.clone(), (early, true));
        assert_eq!(heard.of("pc1"), Some((early, true)));
        heard.waiting.insert(client, (late, false));
        assert_eq!(heard.of("pc1"), Some((late, true)));
        heard.written(false);
        assert_eq!((heard.of("pc1"), heard.in_writing.len()), (Some((late, true)), 0));
    }
}
