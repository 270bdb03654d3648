//! The one task through which agents write: it gathers what has arrived, commits it in one
//! transaction and only then answers.
//!
//! Contacts are not answered: they are gathered by computer and written with the next batch, at
//! the latest after [`CONTACTS_EVERY`].

use std::collections::HashMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use headwater_model::{ClientId, Timestamp};
use headwater_store::{ComputerWrite, Store};
use tokio::sync::{Notify, mpsc, oneshot};

use crate::live::Live;

/// The most writes of one transaction.
const BATCH_MAX: usize = 1024;
/// Writes that wait; above that agents are told that the server is busy.
const QUEUE_MAX: usize = 8192;
/// How long a contact may wait for a transaction.
const CONTACTS_EVERY: Duration = Duration::from_secs(1);

type Job = (ComputerWrite, oneshot::Sender<bool>);
type Contacts = Arc<Mutex<HashMap<ClientId, (Timestamp, bool)>>>;

/// A handle on the task.
#[derive(Debug, Clone)]
pub struct Writer {
    jobs: mpsc::Sender<Job>,
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
        (Self { jobs, contacts, stop }, task)
    }

    /// Writes and waits until it is durable and in the snapshot.
    pub async fn write(&self, write: ComputerWrite) -> Result<(), WriteError> {
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
        let mut contacts = self.contacts.lock().unwrap_or_else(|poisoned| poisoned.into_inner());
        match contacts.get_mut(client) {
            Some(known) => *known = (at.max(known.0), synced || known.1),
            None => drop(contacts.insert(client.clone(), (at, synced))),
        }
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
    let heard = std::mem::take(&mut *contacts.lock().unwrap_or_else(|poisoned| poisoned.into_inner()));
    let (mut writes, answers): (Vec<ComputerWrite>, Vec<_>) = batch.drain(..).unzip();
    writes.extend(heard.into_iter().map(|(client, (at, synced))| ComputerWrite::Contact {
        client,
        at,
        synced,
    }));
    if writes.is_empty() {
        return;
    }
    let done = store.write_computers(&writes).await;
    match &done {
        Ok(enrolled) if !enrolled.is_empty() => live.enroll(enrolled),
        Ok(_) => {}
        Err(error) => {
            tracing::error!(writes = writes.len(), error = %crate::admin::chain(error), "agents' writes were lost");
        }
    }
    for answer in answers {
        // An agent that hung up no longer waits for its answer.
        let _ = answer.send(done.is_ok());
    }
}
